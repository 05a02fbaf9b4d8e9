//! Requests for tokens, in the form of each generation.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::conn::Facts;
use crate::conn::call::Call;
use crate::conn::generation::Known;
use crate::conn::login::{Proof, ProofKind, jwt_unsupported};
use crate::conn::request::{Ask, Authorization, JSON, Server, json_object};
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::Hidden;
use crate::log::Level;
use crate::protocol::endpoint::{encode, path};
use crate::protocol::operation::{Credential, Operation};
use crate::protocol::version::Generation;
use crate::token::issued::{Issued, LifetimeUnit};
use crate::wire::http::Method;

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
    fn method(&self) -> Method {
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

impl Call<'_> {
    /// 4.1 and later: a new JWT. If its claims tell that the server counts lifetimes in milliseconds,
    /// it is asked once more, in its unit.
    pub(super) fn mint(&self, request: &TokenRequest) -> Result<Issued> {
        let (unit, lifetime_s) = (self.connection.facts().unit, request.lifetime_s);
        let mut issued = self.mint_in(unit, request)?;
        let told = issued.granted_s.and_then(|granted_s| LifetimeUnit::told_by(unit.number(lifetime_s), granted_s));
        if let Some(told) = told.filter(|told| lifetime_s > 0 && *told != unit) {
            self.connection.learn(|facts| Facts { unit: told, ..facts });
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
        };
        self.ask_token(&ask, lifetime_s)
    }

    /// 4.1 and later: puts a token on the block list of the user who logs in.
    pub(super) fn block(&self, secret: Option<&Hidden>, token: &Hidden) -> Result<()> {
        let login = self.gateway_login(secret, Known::Exactly(Generation::V41))?;
        let ask = Ask {
            operation: Operation::DeleteToken,
            method: Method::Delete,
            server: Server::Gateway,
            path: path::TOKENS,
            query: None,
            login,
            body: Some((json_object(&[("tokens", token.reveal())]), JSON)),
        };
        self.ask(&ask)
    }

    pub(super) fn check(&self, jwt: &Hidden) -> Result<bool> {
        // No privilege is needed, but a server may still want to know who asks.
        let known = Known::Exactly(Generation::V41);
        let login = match &self.connection.core.settings.login {
            Some(_) => self.gateway_login(None, known)?,
            None => Authorization::none(),
        };
        let reply = self.ask(&Ask {
            operation: Operation::CheckToken,
            method: Method::Post,
            server: Server::Gateway,
            path: path::TOKENS_CHECK,
            query: None,
            login,
            body: Some((json_object(&[("token", jwt.reveal())]), JSON)),
        });
        match reply {
            Ok(_) => Ok(true),
            Err(error) => match error.status() {
                // The server's "no" has many forms; not to be able to ask is something else.
                _ if !error.is_answer() || error.http_status() >= 500 => Err(error),
                _ if error.reason() == Reason::MissingEndpoint => Err(error),
                Status::Unavailable => Err(error),
                _ => Ok(false),
            },
        }
    }

    fn token_graph(&self, options: TokenOptions) -> Option<&str> {
        self.connection.graph().filter(|_| !options.global)
    }

    /// Before 4.1: a token by request or refresh.
    pub(super) fn by_requesttoken(&self, known: Known, request: &TokenRequest) -> Result<Issued> {
        let send = |ask: &Ask| self.refuse_dead(self.ask_token(ask, request.lifetime_s)?);
        self.ask_requesttoken(known, request, send)
    }

    /// The generations before 4.1 share an endpoint but not its form. Where it is not known which of them
    /// the server is, the form of 3.5 is sent first: 3.5 to 3.11 are what runs today, and nothing but
    /// a request for a token can tell them apart without asking twice. If the server refuses, it is
    /// asked, without any credential, whether it still has the `GET` that 3.5 dropped.
    pub(super) fn ask_requesttoken<T>(
        &self,
        known: Known,
        request: &TokenRequest,
        ask_server: impl Fn(&Ask) -> Result<T>,
    ) -> Result<T> {
        if let Some(token) = request.action.token() {
            // A renewal may be about a token that the connection has no longer.
            self.redactor.add(Arc::new(token.clone()));
        }
        let send = |generation| {
            let ask = self.requesttoken(generation, request)?;
            let wants_secret = matches!(generation, Generation::V2 { .. }) && request.action.token().is_some();
            ask_server(&ask).map_err(|error| match request.proof.kind() {
                ProofKind::Secret(_) => error,
                _ if wants_secret && error.http_status() != 0 => error.with_hint(WANTS_SECRET),
                _ => error,
            })
        };
        if let Known::Exactly(generation) = known {
            return send(generation);
        }
        let refused = match send(Generation::V35) {
            Ok(reply) => {
                self.learn(Generation::V35);
                return Ok(reply);
            }
            Err(error) if may_be_older(&error) => error,
            Err(error) => return Err(error),
        };
        if !self.has_get()? {
            if refused.reason() != Reason::AuthDisabled && refused.reason() != Reason::MissingEndpoint {
                self.learn(Generation::V35);
            }
            return Err(refused);
        }
        // Where the endpoint does not take POST at all, the secret has to go into the query.
        let post = !matches!(refused.reason(), Reason::AuthDisabled | Reason::MissingEndpoint);
        let generation = Generation::V2 { post };
        // The refusal of the older form is the one that the server meant.
        let reply = send(generation)?;
        self.learn(generation);
        Ok(reply)
    }

    fn learn(&self, generation: Generation) {
        // Not where REST++ was found on its old port alone: the gateway may still be of 4.1.
        let known = |facts: Facts| if facts.known == Known::Legacy { Known::Exactly(generation) } else { facts.known };
        self.connection.learn(|facts| Facts { known: known(facts), ..facts });
    }

    /// Whether `GET /requesttoken`, dropped in 3.5, is still there. Carries no credential.
    fn has_get(&self) -> Result<bool> {
        let bare = self.ask(&Ask {
            operation: Operation::RequestToken,
            method: Method::Get,
            server: Server::Restpp,
            path: path::REQUEST_TOKEN,
            query: None,
            login: Authorization::none(),
            body: None,
        });
        match bare {
            Ok(_) => Ok(true),
            Err(error) => match error.reason() {
                Reason::AuthDisabled | Reason::MissingEndpoint => Ok(false),
                _ if !error.is_answer() || error.http_status() >= 500 => Err(error),
                _ => Ok(!matches!(error.http_status(), 404 | 405)),
            },
        }
    }

    /// The request in the form of a generation: A has everything in the query, B in the body.
    fn requesttoken<'a>(&self, generation: Generation, request: &TokenRequest) -> Result<Ask<'a>> {
        let TokenRequest { action, proof, lifetime_s, options } = request;
        let (login, secret) = match proof.kind() {
            ProofKind::Secret(secret) => (Authorization::secret_in_body(), Some(secret.reveal())),
            ProofKind::Password { username, password } => {
                (Authorization::basic(username, password, Credential::Password), None)
            }
            ProofKind::Jwt(_) => return Err(jwt_unsupported()),
        };
        let lifetime = (*lifetime_s > 0).then(|| lifetime_s.to_string());
        let mut members = Vec::new();
        members.extend(secret.map(|secret| ("secret", secret)));
        members.extend(action.token().map(|token| ("token", token.reveal())));
        if matches!(action, TokenAction::New) {
            members.extend(self.token_graph(*options).map(|graph| ("graph", graph)));
        }
        members.extend(lifetime.as_deref().map(|lifetime| ("lifetime", lifetime)));
        let (method, query, body) = match (generation, action, secret) {
            (Generation::V2 { post: true }, TokenAction::New, Some(secret)) => {
                members.retain(|(name, _)| *name == "lifetime");
                let body = Zeroizing::new(secret.as_bytes().to_vec());
                (Method::Post, Some(query_of(&members)), Some((body, FORM)))
            }
            (Generation::V2 { .. }, TokenAction::New, _) => {
                if secret.is_some() {
                    // The older servers know a secret's graph, and take one or the other.
                    members.retain(|(name, _)| *name != "graph");
                }
                (Method::Get, Some(query_of(&members)), None)
            }
            (Generation::V2 { .. }, _, _) => (action.method(), Some(query_of(&members)), None),
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
        })
    }
}

/// What `curl -d` sends, which is how the documents of 3.2 to 3.4 pass the secret.
const FORM: &str = "application/x-www-form-urlencoded";

fn query_of(members: &[(&str, &str)]) -> Zeroizing<String> {
    let mut query = Zeroizing::new(String::new());
    for (name, value) in members {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.push_str(&Zeroizing::new(encode(value)));
    }
    query
}

const WANTS_SECRET: &str =
    "TigerGraph before 3.5 refreshes and deletes a token only for the secret that it was requested with: pass it.";

/// Whether a refusal of the form of 3.5 may come from a server that only knows the older form.
fn may_be_older(error: &Error) -> bool {
    error.is_answer() && error.http_status() < 500 && error.status() != Status::Unavailable
}
