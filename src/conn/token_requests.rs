//! Requests for tokens, in the form of each generation.

use std::sync::Arc;

use crate::conn::Facts;
use crate::conn::call::Call;
use crate::conn::generation::{Form, Known};
use crate::conn::login::{Proof, ProofKind, jwt_unsupported};
use crate::conn::request::{Ask, Authorization, Server, json_object};
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::{Hidden, Wiped};
use crate::log::Level;
use crate::protocol::detection::{self, Told};
use crate::protocol::endpoint::{encode, path};
use crate::protocol::operation::{Credential, Operation};
use crate::token::issued::{Issued, LifetimeUnit};
use crate::wire::http::{JSON, Method};

/// How a token is requested.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenOptions {
    /// Leave the connection's own token as it is.
    pub keep_current: bool,
    /// For all graphs, whatever graph is configured.
    pub global: bool,
}

/// How a token is refreshed.
#[derive(Clone, Copy, Debug, Default)]
pub struct RefreshOptions {
    /// As for a request.
    pub token: TokenOptions,
    /// Ask for a new token where the server cannot refresh.
    pub or_new: bool,
}

/// What is asked of an endpoint for tokens.
#[derive(Clone, Copy)]
pub(super) enum TokenAction<'a> {
    New,
    Refresh(&'a Hidden),
    Delete(&'a Hidden),
}

impl TokenAction<'_> {
    fn operation(&self) -> Operation {
        match self {
            TokenAction::New => Operation::RequestToken,
            TokenAction::Refresh(_) => Operation::RefreshToken,
            TokenAction::Delete(_) => Operation::DeleteToken,
        }
    }

    /// The token that the request is about.
    fn token(&self) -> Option<&Hidden> {
        match self {
            TokenAction::New => None,
            TokenAction::Refresh(token) | TokenAction::Delete(token) => Some(token),
        }
    }

    /// The method, except for new tokens before 3.5.
    fn method(&self) -> Method<'static> {
        match self {
            TokenAction::New => Method::Post,
            TokenAction::Refresh(_) => Method::Put,
            TokenAction::Delete(_) => Method::Delete,
        }
    }
}

/// A request to an endpoint for tokens, before it has the form of a generation.
#[derive(Clone, Copy)]
pub(super) struct TokenRequest<'a> {
    pub action: TokenAction<'a>,
    /// Who asks.
    pub proof: &'a Proof,
    /// In seconds; 0: the server's default.
    pub lifetime_s: u64,
    pub options: TokenOptions,
}

impl TokenRequest<'_> {
    /// Whether it asks for a new token by a secret, which 3.2 to 3.4 read in the body of a POST.
    fn is_new_by_secret(&self) -> bool {
        matches!((self.action, self.proof.kind()), (TokenAction::New, ProofKind::Secret(_)))
    }
}

impl Call<'_> {
    /// 4.1 and later: a new JWT. If its claims tell that the server counts lifetimes in milliseconds,
    /// it is asked once more, in its unit.
    pub(super) fn mint(&self, request: &TokenRequest) -> Result<Issued> {
        let (unit, lifetime_s) = (self.node().facts().unit, request.lifetime_s);
        let mut issued = self.mint_in(unit, request)?;
        let told = issued.granted_s.and_then(|granted_s| LifetimeUnit::told_by(unit.number(lifetime_s), granted_s));
        if let Some(told) = told.filter(|told| lifetime_s > 0 && *told != unit) {
            self.node().learn(|facts| Facts { unit: told, ..facts });
            // Seconds are what was tried where nothing was known.
            if (unit, told) != (LifetimeUnit::Unknown, LifetimeUnit::Seconds) {
                let message = format!("the server counts lifetimes in {}; asking again in its unit", told.name());
                self.connection.log(Level::Warn, || message);
                issued = self.mint_in(told, request)?;
            }
        }
        self.refuse_dead(issued)
    }

    fn mint_in(&self, unit: LifetimeUnit, request: &TokenRequest) -> Result<Issued> {
        let TokenRequest { proof, lifetime_s, options, .. } = *request;
        let number = (lifetime_s > 0).then(|| unit.number(lifetime_s).to_string());
        let mut members = Vec::with_capacity(3);
        let login = match proof.kind() {
            ProofKind::Secret(secret) => {
                members.push(("secret", secret.reveal()));
                Authorization::secret_in_body()
            }
            ProofKind::Password { username, password } => {
                Authorization::basic(username, password, Credential::Password)
            }
            ProofKind::Jwt(jwt) => Authorization::bearer(jwt.reveal()),
        };
        members.extend(self.token_graph(options).map(|graph| ("graph", graph)));
        members.extend(number.as_deref().map(|number| ("lifetime", number)));
        let ask = Ask {
            operation: Operation::RequestToken,
            method: Method::Post,
            server: Server::Gateway,
            path: path::TOKENS,
            query: None,
            login,
            body: Some((json_object(&members), JSON)),
            callers: None,
        };
        self.ask_token(&ask, lifetime_s)
    }

    /// 4.1 and later: puts a token on the block list of the user who logs in.
    pub(super) fn block(&self, secret: Option<&Hidden>, token: &Hidden) -> Result<()> {
        let login = self.gateway_login(secret, Known::Rest)?;
        let ask = Ask {
            operation: Operation::DeleteToken,
            method: Method::Delete,
            server: Server::Gateway,
            path: path::TOKENS,
            query: None,
            login,
            body: Some((json_object(&[("tokens", token.reveal())]), JSON)),
            callers: None,
        };
        self.ask(&ask)
    }

    pub(super) fn check(&self, jwt: &Hidden) -> Result<bool> {
        // No privilege is needed, but a server may still want to know who asks.
        let known = Known::Rest;
        let login = match &self.connection.core.settings.login {
            Some(_) => self.gateway_login(None, known)?,
            None => Authorization::none(),
        };
        let ask = Ask {
            operation: Operation::CheckToken,
            method: Method::Post,
            server: Server::Gateway,
            path: path::TOKENS_CHECK,
            query: None,
            login,
            body: Some((json_object(&[("token", jwt.reveal())]), JSON)),
            callers: None,
        };
        let question = self.question(&ask);
        self.attempt(&ask, |answer, _| detection::read_check(&question, &answer))
    }

    fn token_graph(&self, options: TokenOptions) -> Option<&str> {
        self.connection.graph().filter(|_| !options.global)
    }

    /// Before 4.1: a token by request or refresh.
    pub(super) fn by_requesttoken(&self, request: &TokenRequest) -> Result<Issued> {
        let send = |ask: &Ask| self.refuse_dead(self.ask_token(ask, request.lifetime_s)?);
        self.ask_requesttoken(request, send)
    }

    /// The generations before 4.1 share an endpoint but not its form. Which one it has is found without a credential,
    /// so that the credential is sent once, in the form that the server reads.
    pub(super) fn ask_requesttoken<T>(
        &self,
        request: &TokenRequest,
        ask_server: impl Fn(&Ask) -> Result<T>,
    ) -> Result<T> {
        use Reason::{AuthBadSecret, AuthBadToken, AuthRefused, ServerError};
        if let Some(token) = request.action.token() {
            // A renewal may be about a token that the connection has no longer.
            self.redactor.add(Arc::new(token.clone()));
        }
        let send = |form| {
            let ask = self.requesttoken(form, request)?;
            let posted = ask.method == Method::Post;
            let outcome = ask_server(&ask).map_err(|error| match request.proof.kind() {
                ProofKind::Password { .. } if is_old(form) => with_need_of_secret(request, error),
                _ => error,
            });
            self.learn_form(form, posted, &outcome);
            outcome
        };
        let (form, fresh) = self.form()?;
        let outcome = match send(form) {
            // Before 3.2 there is no POST, so that nobody has seen the secret of this one. Without authentication
            // there is no GET either, and the secret must not go into a URL then.
            Err(error) if form == Form::Old && is_missing(&error) && request.is_new_by_secret() => {
                if fresh || self.find_form()? == Form::Old { send(Form::OldGet) } else { Err(error) }
            }
            outcome => outcome,
        };
        outcome.map_err(|error| match error.reason() {
            // In another form nothing of the request may be understood.
            AuthBadSecret | AuthBadToken | AuthRefused | ServerError if is_judgement(&error) => {
                self.or_other_version(error)
            }
            _ => self.confirm_off(error, request.action.operation()),
        })
    }

    /// What the answer to a request in this form tells about the form.
    fn learn_form<T>(&self, form: Form, posted: bool, outcome: &Result<T>) {
        let is_success = outcome.is_ok();
        let known = match (form, outcome.as_ref().err()) {
            (Form::Likely { .. }, Some(error)) if is_missing(error) => Form::Unknown,
            (_, Some(error)) if !is_judgement(error) => return,
            (Form::Likely { sure }, _) if sure || is_success => Form::New,
            (Form::Old, _) if posted => Form::OldPost,
            (Form::OldGet, _) => Form::OldGet,
            _ => return,
        };
        let is_same = |facts: Facts| facts.form == form || form == Form::OldGet && facts.form == Form::Old;
        self.node().learn(|facts| if is_same(facts) { Facts { form: known, ..facts } } else { facts });
    }

    /// The form of `requesttoken`: known, or found with one request that carries no credential.
    /// The second value tells whether it was found just now.
    fn form(&self) -> Result<(Form, bool)> {
        let known = |facts: Facts| (facts.form != Form::Unknown).then_some(facts.form);
        self.find_once(known, || {
            let form = self.find_form()?;
            self.node().learn(|facts| Facts { form, ..facts });
            Ok(form)
        })
    }

    /// Asks for `GET /requesttoken`, which 3.5 dropped. Before that, GSQL refuses it in its own words.
    fn find_form(&self) -> Result<Form> {
        let told = self.ask_without_credential(&Ask {
            operation: Operation::RequestToken,
            method: Method::Get,
            server: Server::Restpp,
            path: path::REQUEST_TOKEN,
            query: None,
            login: Authorization::none(),
            body: None,
            callers: None,
        })?;
        Ok(match told {
            Told::Absent => Form::Likely { sure: true },
            // REST++ itself, which gets what GSQL does not serve.
            Told::No(code) if code.starts_with("REST-100") => Form::Likely { sure: true },
            Told::No(_) => Form::Old,
            // Never the form that may have a secret in the URL.
            Told::Yes | Told::Else(_) => Form::Likely { sure: false },
        })
    }

    /// The request in the form of a generation: A has everything in the query, B in the body.
    fn requesttoken<'a>(&self, form: Form, request: &TokenRequest) -> Result<Ask<'a>> {
        let TokenRequest { action, proof, lifetime_s, options } = request;
        let (login, secret) = match proof.kind() {
            ProofKind::Secret(secret) => (Authorization::secret_in_body(), Some(secret.reveal())),
            ProofKind::Password { username, password } => {
                (Authorization::basic(username, password, Credential::Password), None)
            }
            ProofKind::Jwt(_) => return Err(jwt_unsupported()),
        };
        // Up to 3.4 a refresh may not leave it out.
        let needs_lifetime = is_old(form) && matches!(action, TokenAction::Refresh(_));
        let lifetime = match *lifetime_s {
            0 if needs_lifetime => Some(USUAL_LIFETIME.to_owned()),
            0 => None,
            seconds => Some(seconds.to_string()),
        };
        let mut members = Vec::new();
        members.extend(secret.map(|secret| ("secret", secret)));
        members.extend(action.token().map(|token| ("token", token.reveal())));
        if matches!(action, TokenAction::New) {
            members.extend(self.token_graph(*options).map(|graph| ("graph", graph)));
        }
        members.extend(lifetime.as_deref().map(|lifetime| ("lifetime", lifetime)));
        let (method, query, body) = match (form, action, secret) {
            (Form::Old | Form::OldPost, TokenAction::New, Some(secret)) => {
                members.retain(|(name, _)| *name == "lifetime");
                let body = Wiped::new(secret.as_bytes().to_vec());
                (Method::Post, Some(query_of(&members)), Some((body, FORM)))
            }
            (_, TokenAction::New, _) if is_old(form) => {
                if secret.is_some() {
                    // The older servers know a secret's graph, and take one or the other.
                    members.retain(|(name, _)| *name != "graph");
                }
                (Method::Get, Some(query_of(&members)), None)
            }
            _ if is_old(form) => (action.method(), Some(query_of(&members)), None),
            _ => (action.method(), None, Some((json_object(&members), JSON))),
        };
        Ok(Ask {
            operation: action.operation(),
            method,
            server: Server::Restpp,
            path: path::REQUEST_TOKEN,
            query,
            login,
            body,
            callers: None,
        })
    }
}

/// The seconds that a token lives before 4.1 where nothing is asked for: 30 days.
const USUAL_LIFETIME: &str = "2592000";
/// What `curl -d` sends, which is how the documents of 3.2 to 3.4 pass the secret.
const FORM: &str = "application/x-www-form-urlencoded";

fn query_of(members: &[(&str, &str)]) -> Wiped<String> {
    let mut query = Wiped::new(String::new());
    for (name, value) in members {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.push_str(&Wiped::new(encode(value)));
    }
    query
}

const ONLY_FOR_SECRET: &str = "TigerGraph before 3.1.4 gives tokens for a secret only, not for user and password.";
const WANTS_SECRET: &str =
    "TigerGraph before 3.5 refreshes and deletes a token only for the secret that it was requested with: pass it.";

/// The error of a request by password, where the older servers may want a secret.
fn with_need_of_secret(request: &TokenRequest, error: Error) -> Error {
    match error.reason() {
        _ if error.http_status() == 0 || is_missing(&error) => error,
        _ if request.action.token().is_some() => error.with_hint(WANTS_SECRET),
        Reason::AuthRefused => {
            let hint = format!("{} {ONLY_FOR_SECRET}", error.hint());
            error.with_hint(hint)
        }
        _ => error,
    }
}

fn is_old(form: Form) -> bool {
    matches!(form, Form::Old | Form::OldGet | Form::OldPost)
}

/// Whether nothing took the request, so that nobody has judged its credential.
fn is_missing(error: &Error) -> bool {
    matches!(error.reason(), Reason::AuthDisabled | Reason::MissingEndpoint)
}

/// Whether the endpoint took the request and refused what it holds.
fn is_judgement(error: &Error) -> bool {
    error.is_answer() && error.http_status() < 500 && error.status() != Status::Unavailable && !is_missing(error)
}
