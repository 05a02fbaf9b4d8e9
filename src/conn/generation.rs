//! Which generation the server is of: known, told, or found with one request that carries no credential.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use crate::conn::Facts;
use crate::conn::call::{Call, Restpp, is_absent};
use crate::conn::request::{Ask, Authorization, Server, json_object};
use crate::error::{Error, Reason, Result, Status};
use crate::log::Level;
use crate::protocol::detection::{self, Told};
use crate::protocol::endpoint::{WRONG_ADDRESS, is_restpp_code, path};
use crate::protocol::json::{Json, shape};
use crate::protocol::operation::Operation;
use crate::protocol::refusal::{self, NO_ENDPOINT};
use crate::protocol::version::{Generation, Version, version_in};
use crate::token::token::Token;
use crate::wire::http::{Answer, JSON, Method};

/// What is known about the server's generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Not asked yet.
    Nothing,
    /// Older than 4.1.
    Legacy,
    /// 4.1 and later.
    Rest,
}

impl Known {
    pub fn is_rest(self) -> bool {
        self == Known::Rest
    }
}

/// The form that `requesttoken` has before 4.1, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Not asked yet.
    Unknown,
    /// Of 2.x to 3.4; whether it takes POST is not known.
    Old,
    /// Of 2.x to 3.1: the secret is in the query.
    OldGet,
    /// Of 3.2 to 3.4.
    OldPost,
    /// Of 3.5 to 3.11, as far as asking without a credential tells; not `sure`: nothing spoke against it.
    Likely { sure: bool },
    /// Of 3.5 to 3.11.
    New,
}

/// Whether a server from 4.0 on has the endpoint for secrets, which 4.0 may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestSecrets {
    /// Not asked yet.
    Unknown,
    There,
    /// Not there; believed until then, on the boot clock.
    AbsentUntil(Duration),
}

impl RestSecrets {
    /// What remains of it where somebody said that an endpoint is missing.
    pub fn if_there(self) -> RestSecrets {
        if self == RestSecrets::There { self } else { RestSecrets::Unknown }
    }
}

impl Facts {
    /// What a version that the caller told says.
    pub fn told(version: Version) -> Facts {
        let facts = |known, form| Facts { known, form, ..Facts::NONE };
        match version.generation() {
            None => Facts::NONE,
            // Only 4.0 may lack it.
            Some(Generation::V41) => Facts { secrets: RestSecrets::There, ..facts(Known::Rest, Form::Unknown) },
            Some(Generation::V35) => facts(Known::Legacy, Form::New),
            Some(Generation::V2 { post: true }) => facts(Known::Legacy, Form::OldPost),
            Some(Generation::V2 { post: false }) => facts(Known::Legacy, Form::OldGet),
        }
    }

    pub fn label(&self) -> &'static str {
        match (self.known, self.form) {
            (Known::Nothing, _) => "?",
            (Known::Legacy, Form::Unknown | Form::Likely { .. }) => "A or B (before 4.1)",
            (Known::Legacy, Form::Old | Form::OldGet | Form::OldPost) => "A (2.x to 3.4)",
            (Known::Legacy, Form::New) => "B (3.5 to 3.11)",
            (Known::Rest, _) => "C (4.1 and later)",
        }
    }
}

/// Whether REST++ itself has answered for the gateway.
fn is_of_restpp(error: &Error) -> bool {
    error.reason() == Reason::MissingEndpoint && is_restpp_code(error.server_code())
}

/// What to look at where a failure may come from the version that the caller told.
const CHECK_VERSION: &str = "Check the setting \"server_version\" (TG_SERVER_VERSION) as well, or leave it out: then the \
                             library finds the version by itself.";
/// The same where it must, if the address is right.
const OTHER_VERSION: &str = "The server is of another version than the setting \"server_version\" (TG_SERVER_VERSION) \
                             says, or the address leads past the part of it that gives tokens. Without the setting the \
                             library finds the version by itself.";

fn generation_by(told: Told) -> Result<Known> {
    match told {
        Told::Absent => Ok(Known::Legacy),
        // A gateway that passes all it does not know on to REST++.
        Told::No(code) if code == NO_ENDPOINT => Ok(Known::Legacy),
        Told::No(code) if is_restpp_code(&code) => {
            let message = "cannot find out what the server is: the address is that of REST++ alone";
            Err(Error::new(Reason::MissingEndpoint, message).with_hint(WRONG_ADDRESS).with_server_code(code))
        }
        Told::Yes | Told::No(_) => Ok(Known::Rest),
        Told::Else(error) => Err(error),
    }
}

impl Call<'_> {
    /// Runs an operation on tokens for the server's generation. Where the gateway's default port is not
    /// there, a server before 4.1 may still serve REST++ on its old port.
    pub fn for_tokens<T>(&self, run: impl Fn(Known) -> Result<T>) -> Result<T> {
        self.on_a_server(&|| match self.by_its_generation(&run) {
            Err(error) if is_absent(&error) && self.may_be_on_old_port() => {
                self.look_for_restpp(Restpp::OldPort);
                run(Known::Legacy).map_err(|also| if is_absent(&also) { error } else { also })
            }
            other => other,
        })
    }

    fn may_be_on_old_port(&self) -> bool {
        let no_port_given = self.node().route().restpp_fallback.is_some();
        no_port_given && self.is_restpp_usual() && self.node().facts().known == Known::Nothing
    }

    /// The server's generation: known, or found with one request that carries no credential, however many
    /// threads ask together. The second value tells whether it was found just now.
    pub fn generation(&self) -> Result<(Known, bool)> {
        let known = |facts: Facts| (facts.known != Known::Nothing).then_some(facts.known);
        self.find_once(known, || {
            let found = self.detect()?;
            self.node().learn(|facts| Facts { known: found, ..facts });
            let label = self.node().facts().label();
            self.connection.log(Level::Info, || format!("the server is of generation {label}"));
            Ok(found)
        })
    }

    /// A fact, or how it is found, by one thread, however many ask together. The second value tells whether it was
    /// found just now.
    pub fn find_once<T>(
        &self,
        fact: impl Fn(Facts) -> Option<T>,
        find: impl FnOnce() -> Result<T>,
    ) -> Result<(T, bool)> {
        let node = self.node();
        if let Some(known) = fact(node.facts()) {
            return Ok((known, false));
        }
        let detection = node.detection.get();
        let mut running = detection.lock();
        loop {
            if let Some(known) = fact(node.facts()) {
                return Ok((known, false));
            }
            // A log callback that calls the library must not wait for the call it interrupts.
            let own = std::thread::current().id();
            if running.is_none_or(|thread| thread == own) {
                break;
            }
            self.deadline.wait_for_answer();
            running = detection.wait(running, self.deadline.next_wait()?);
            // Who has asked for all could not connect, and the others need not find that out one after the other.
            self.check_left_alone()?;
        }
        let _found = detection.begin(running);
        // Known before those who wait go on.
        let found = find().inspect_err(|error| self.tell_if_without_connection(error));
        Ok((found?, true))
    }

    /// Asks an endpoint that only 4.1 and later have. The check of an empty token needs no privilege
    /// and changes nothing.
    fn detect(&self) -> Result<Known> {
        let told = self.ask_who()?;
        if !told.is_restpp() || !self.learn_alone() {
            return generation_by(told);
        }
        let alone = self.node().route().alone.as_ref();
        match alone.and_then(|alone| alone.gateway.as_ref()).map(|_| self.ask_who()) {
            None => Ok(Known::Legacy),
            Some(Ok(told)) if told.is_restpp() => Ok(Known::Legacy),
            // Its port may be closed to this machine.
            Some(Err(error)) if matches!(error.status(), Status::Connect | Status::Timeout) => Ok(Known::Legacy),
            Some(told) => generation_by(told?),
        }
    }

    fn ask_who(&self) -> Result<Told> {
        self.ask_without_credential(&Ask {
            operation: Operation::Detect,
            method: Method::Post,
            server: Server::Gateway,
            path: path::TOKENS_CHECK,
            query: None,
            login: Authorization::none(),
            body: Some((json_object(&[("token", "")]), JSON)),
            callers: None,
        })
    }

    /// REST++ itself has answered for the gateway. Whether that is news, and tells where REST++ is.
    pub fn learn_alone(&self) -> bool {
        let node = self.node();
        let is_news = node.route().alone.is_some() && !node.facts().alone;
        if is_news {
            node.learn(|facts| Facts { alone: true, ..facts });
            self.connection.log(Level::Warn, || "the address is that of REST++ alone, not of the gateway".into());
        }
        is_news
    }

    /// Sends a request that carries no credential, to learn what the server is.
    pub fn ask_without_credential(&self, ask: &Ask) -> Result<Told> {
        let question = self.question(ask);
        self.attempt(ask, |answer, _| detection::read(&question, &answer))
    }

    /// Runs an operation for the server's generation. If the answer contradicts it, the server may have been replaced
    /// by one of another generation: asked again, once, and nothing else that was learned of the old one stays.
    pub fn by_generation<T>(&self, run: impl Fn(Known) -> Result<T>) -> Result<T> {
        self.on_a_server(&|| self.by_its_generation(&run))
    }

    fn by_its_generation<T>(&self, run: &dyn Fn(Known) -> Result<T>) -> Result<T> {
        self.by_found_generation(run).map_err(|error| self.named_by_version(error))
    }

    fn by_found_generation<T>(&self, run: &dyn Fn(Known) -> Result<T>) -> Result<T> {
        let (known, fresh) = self.generation()?;
        let run: &dyn Fn(Known) -> Result<T> = &|known| self.with_login_token(|| run(known));
        match run(known) {
            // Only a version that the caller told comes here without having asked.
            Err(error) if is_of_restpp(&error) && self.is_told() => self.past_restpp(known, error, run),
            Err(error) if !fresh && self.contradicts(&error) => {
                let before = self.forget();
                let found = self.generation()?.0;
                if found.is_rest() != known.is_rest() {
                    return run(found);
                }
                // It is still what it was: a gateway or one of several servers lacks for a moment what was there.
                let secrets = before.secrets.if_there();
                self.node().learn(|facts| Facts { secrets, ..facts });
                Err(error)
            }
            other => other,
        }
    }

    /// Runs an operation once more where REST++ itself has answered, if it is known where else to ask.
    fn past_restpp<T>(&self, known: Known, error: Error, run: &dyn Fn(Known) -> Result<T>) -> Result<T> {
        let alone = self.node().route().alone.as_ref();
        let leads_on = alone.is_some_and(|alone| !known.is_rest() || alone.gateway.is_some());
        if !leads_on || !self.learn_alone() {
            return Err(error);
        }
        run(known).map_err(|again| {
            if again.reason() != Reason::MissingEndpoint {
                return again;
            }
            self.node().learn(|facts| Facts { alone: false, ..facts });
            error
        })
    }

    /// As [`Call::by_generation`], for what may be asked for once only: the next call asks again what the server is.
    pub fn by_generation_once<T>(&self, run: impl Fn(Known) -> Result<T>) -> Result<T> {
        self.on_a_server(&|| {
            let (known, fresh) = self.generation()?;
            let outcome = self.with_login_token(|| run(known)).inspect_err(|error| {
                if !fresh && self.contradicts(error) {
                    let secrets = self.forget().secrets.if_there();
                    self.node().learn(|facts| Facts { secrets, ..facts });
                }
            });
            outcome.map_err(|error| self.named_by_version(error))
        })
    }

    /// Forgets what was learned of the server; gives what that was.
    fn forget(&self) -> Facts {
        let before = self.node().facts();
        self.node().learn(|facts| Facts {
            on_old_port: facts.on_old_port,
            as_written: facts.as_written,
            ..Facts::NONE
        });
        before
    }

    /// Whether an error may mean that the server is not what it was: it lacks the endpoint, or says in the words of an
    /// older generation that it has no authentication, although it issued tokens before.
    fn contradicts(&self, error: &Error) -> bool {
        match error.reason() {
            _ if self.is_told() => false,
            Reason::MissingEndpoint => true,
            Reason::AuthDisabled => self.node().facts().has_issued,
            _ => false,
        }
    }

    /// Whether the caller told the generation, by the server's version.
    fn is_told(&self) -> bool {
        self.connection.core.settings.version.and_then(Version::generation).is_some()
    }

    /// What is not there, or is not asked for, may be so only because of the version that the caller told.
    fn named_by_version(&self, error: Error) -> Error {
        let is_by_version = error.reason() == Reason::MissingEndpoint || error.status() == Status::Unsupported;
        if is_by_version { self.or_other_version(error) } else { error }
    }

    /// The same error; where the caller told the version, its hint names the setting.
    pub(super) fn or_other_version(&self, error: Error) -> Error {
        // An error may come through here twice.
        if !self.is_told() || error.hint().ends_with(CHECK_VERSION) || error.hint() == OTHER_VERSION {
            return error;
        }
        let hint = format!("{} {CHECK_VERSION}", error.hint());
        error.with_hint(hint)
    }

    /// That authentication is off was said by an endpoint that is not there. Where it was asked for because of the
    /// version that the caller told, the server may be of another one, and REST++ itself tells whether it wants tokens.
    pub(super) fn confirm_off(&self, error: Error, operation: Operation) -> Error {
        if error.reason() != Reason::AuthDisabled || !self.is_told() {
            return error;
        }
        match self.wants_token() {
            Ok(false) => error,
            Ok(true) => {
                let wish = operation.wish();
                let message = format!(
                    "cannot {wish}: REST++ authentication is on, but the server lacks the endpoint of the version that \
                     was set"
                );
                let unlike = Error::new(Reason::MissingEndpoint, message).with_hint(OTHER_VERSION);
                unlike.with_http_status(error.http_status())
            }
            Err(unknown) => unknown,
        }
    }

    /// Whether REST++ of this server refuses a request without a token. An error: nobody knows.
    fn wants_token(&self) -> Result<bool> {
        use Status::{Cancelled, Connect, Server, Timeout, Tls, Unavailable};
        let refused = Cell::new(false);
        let ask = version_ask(None);
        match self.attempt(&ask, |answer, _| self.read_version(&ask, &answer, &refused)) {
            Err(_) if refused.get() => Ok(true),
            Err(error) if matches!(error.status(), Cancelled | Connect | Server | Timeout | Tls | Unavailable) => {
                Err(error)
            }
            _ => Ok(false),
        }
    }

    /// `GET /version` of REST++. A token that it refuses is dropped, and where the connection has a login for another
    /// one, that is asked for and used, once.
    pub fn version_with(&self, token: Option<Arc<Token>>) -> Result<Version> {
        let refused = Cell::new(false);
        let outcome = self.version(token.as_deref(), &refused);
        let Some(token) = token.filter(|_| refused.get() && self.connection.source().is_some()) else {
            return outcome;
        };
        self.connection.reject_token(&token);
        let other = self.connection.token_within(Some(self))?;
        if token.value().is_empty() && other.value().is_empty() {
            return outcome;
        }
        self.redactor.add(other.clone());
        self.version(Some(&other), &refused)
    }

    /// `GET /version` of REST++. The token of a server without authentication is empty, and not sent.
    fn version(&self, token: Option<&Token>, refused: &Cell<bool>) -> Result<Version> {
        let ask = version_ask(token);
        self.attempt_on_a_server(&ask, |answer, _| self.read_version(&ask, &answer, refused))
    }

    /// Reads its answer; `refused`: whether it refuses the token, or that there is none.
    fn read_version(&self, ask: &Ask, answer: &Answer, refused: &Cell<bool>) -> Result<Version> {
        let reply = refusal::read_reply(&self.question(ask), answer).inspect_err(|error| {
            // A page may be that of a gateway, which judges no tokens.
            let is_json = answer.body.trim_ascii_start().starts_with(b"{");
            let is_refusal = matches!(error.reason(), Reason::AuthBadToken | Reason::AuthTokenExpired);
            refused.set(is_json && is_refusal);
        })?;
        let text = reply.get("message").and_then(Json::as_text).unwrap_or_default();
        version_in(text).ok_or_else(|| shape("the server's answer does not tell its version"))
    }
}

fn version_ask(token: Option<&Token>) -> Ask<'static> {
    let value = token.map(Token::value).filter(|value| !value.is_empty());
    Ask {
        operation: Operation::Version,
        method: Method::Get,
        server: Server::Restpp,
        path: path::VERSION,
        query: None,
        login: value.map_or_else(Authorization::none, Authorization::bearer),
        body: None,
        callers: None,
    }
}
