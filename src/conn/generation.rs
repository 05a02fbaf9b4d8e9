//! Which generation the server is of: known, told, or found with one request that carries no credential.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::ThreadId;

use crate::conn::Facts;
use crate::conn::call::{Call, Restpp, is_absent};
use crate::conn::request::{Ask, Authorization, JSON, Server, json_object};
use crate::error::{Error, Reason, Result, Status};
use crate::log::Level;
use crate::protocol::endpoint::path;
use crate::protocol::json::{Json, shape};
use crate::protocol::operation::Operation;
use crate::protocol::version::{Generation, Version, version_in};
use crate::token::token::Token;
use crate::wire::http::Method;

/// The one request that finds out what the server is.
#[derive(Default)]
pub struct Detection {
    /// By which thread.
    running: Mutex<Option<ThreadId>>,
    ended: Condvar,
}

/// What is known about the server's generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Not asked yet.
    Nothing,
    /// Older than 4.1: V2 or V35, which only the endpoint for tokens tells apart.
    Legacy,
    /// Exactly this one.
    Exactly(Generation),
}

impl Known {
    pub fn is_rest(self) -> bool {
        self == Known::Exactly(Generation::V41)
    }

    pub fn label(self) -> &'static str {
        match self {
            Known::Nothing => "?",
            Known::Legacy => "A or B (before 4.1)",
            Known::Exactly(Generation::V2 { .. }) => "A (2.x to 3.4)",
            Known::Exactly(Generation::V35) => "B (3.5 to 3.11)",
            Known::Exactly(Generation::V41) => "C (4.1 and later)",
        }
    }
}

/// Ends a detection, however it went.
struct Ended<'a>(&'a Detection);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.ended.notify_all();
    }
}

impl Call<'_> {
    /// Runs an operation on tokens for the server's generation. Where the gateway's default port is not
    /// there, a server before 4.1 may still serve REST++ on its old port.
    pub fn for_tokens<T>(&self, run: impl Fn(Known) -> Result<T>) -> Result<T> {
        match self.by_generation(&run) {
            Err(error) if is_absent(&error) && self.may_be_on_old_port() => {
                self.look_for_restpp(Restpp::OldPort);
                run(Known::Legacy).map_err(|also| if is_absent(&also) { error } else { also })
            }
            other => other,
        }
    }

    fn may_be_on_old_port(&self) -> bool {
        let no_port_given = self.connection.core.settings.route.restpp_fallback.is_some();
        no_port_given && self.is_restpp_usual() && self.connection.facts().known == Known::Nothing
    }

    /// The server's generation: known, or found with one request that carries no credential, however many
    /// threads ask together. The second value tells whether it was found just now.
    pub fn generation(&self) -> Result<(Known, bool)> {
        let connection = self.connection;
        let detection = connection.core.detection.get();
        let mut running = detection.running.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let known = connection.facts().known;
            if known != Known::Nothing {
                return Ok((known, false));
            }
            // A log callback that calls the library must not wait for the call it interrupts.
            let own = std::thread::current().id();
            if running.is_none_or(|thread| thread == own) {
                break;
            }
            self.deadline.wait_for_answer();
            let waited = detection.ended.wait_timeout(running, self.deadline.next_wait()?);
            running = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *running = Some(std::thread::current().id());
        drop(running);
        let _ended = Ended(&detection);
        let found = self.detect()?;
        connection.learn(|facts| Facts { known: found, ..facts });
        connection.log(Level::Info, || format!("the server is of generation {}", found.label()));
        Ok((found, true))
    }

    /// Asks an endpoint that only 4.1 and later have. The check of an empty token needs no privilege
    /// and changes nothing.
    fn detect(&self) -> Result<Known> {
        let reply = self.ask(&Ask {
            operation: Operation::Detect,
            method: Method::Post,
            server: Server::Gateway,
            path: path::TOKENS_CHECK,
            query: None,
            login: Authorization::none(),
            body: Some((json_object(&[("token", "")]), JSON)),
        });
        match reply {
            Ok(_) => Ok(Known::Exactly(Generation::V41)),
            Err(error) if error.reason() == Reason::MissingEndpoint => Ok(Known::Legacy),
            // A broken answer, a page, a redirect or a limit says nothing about the server behind it.
            Err(error) if !error.is_answer() || error.http_status() >= 500 => Err(error),
            Err(error) if error.status() == Status::Unavailable => Err(error),
            Err(_) => Ok(Known::Exactly(Generation::V41)),
        }
    }

    /// Runs an operation for the server's generation. If the answer contradicts it, the server may have been replaced
    /// by one of another generation: asked again, once, and nothing else that was learned of the old one stays.
    pub fn by_generation<T>(&self, run: impl Fn(Known) -> Result<T>) -> Result<T> {
        let (known, fresh) = self.generation()?;
        match run(known) {
            Err(error) if !fresh && !self.is_told() && self.contradicts(&error) => {
                self.connection.learn(|facts| Facts { on_old_port: facts.on_old_port, ..Facts::NONE });
                match self.generation()?.0 {
                    found if found.is_rest() == known.is_rest() => Err(error),
                    found => run(found),
                }
            }
            other => other,
        }
    }

    /// Whether an error may mean that the server is not what it was: it lacks the endpoint, or says in the words of an
    /// older generation that it has no authentication, although it issued tokens before.
    fn contradicts(&self, error: &Error) -> bool {
        match error.reason() {
            Reason::MissingEndpoint => true,
            Reason::AuthDisabled => self.connection.facts().has_issued,
            _ => false,
        }
    }

    /// Whether the caller told the generation, by the server's version.
    fn is_told(&self) -> bool {
        self.connection.core.settings.version.and_then(Version::generation).is_some()
    }

    /// `GET /version` of REST++.
    pub fn version(&self, token: Option<&Token>) -> Result<Version> {
        let login = token.map_or_else(Authorization::none, |token| Authorization::bearer(token.value()));
        let ask = Ask {
            operation: Operation::Version,
            method: Method::Get,
            server: Server::Restpp,
            path: path::VERSION,
            query: None,
            login,
            body: None,
        };
        self.ask_for(&ask, |reply| {
            let text = reply.get("message").and_then(Json::as_text).unwrap_or_default();
            version_in(text).ok_or_else(|| shape("the server's answer does not tell its version"))
        })
    }
}
