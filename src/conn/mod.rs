//! A connection: its settings, what it has learned about the server, and its current token.
//!
//! The operations are in `tokens` and `secrets`; `call` sends their requests, `authorization` hands out the
//! connection's own token and renews it.
//!
//! Imports everything below it: `config`, `token`, `protocol`, `wire`, `platform` and the vocabulary.

mod authorization;
mod call;
mod diagnosis;
mod generation;
mod login;
mod managing;
mod places;
mod request;
mod retry;
mod running;
mod secrets;
mod source;
mod sync;
mod token_requests;
mod tokens;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::config::Config;
use crate::config::settings::{Login, Settings};
use crate::conn::call::Call;
use crate::conn::generation::{Detection, Known};
use crate::conn::managing::TokenManager;
use crate::conn::retry::Budget;
use crate::conn::running::{Calls, Running};
use crate::error::{Error, Reason, Result};
use crate::log::Level;
use crate::platform::per_process::PerProcess;
use crate::protocol::redact::{Redactor, ToHide};
use crate::protocol::version::Version;
use crate::token::issued::LifetimeUnit;
use crate::token::token::Token;
use crate::wire::client::Wire;
use crate::wire::deadline::Deadline;
use crate::wire::http::Http;

pub use crate::conn::token_requests::{RefreshOptions, TokenOptions};

/// A handle to a connection to one server. May be used by any number of threads at once.
///
/// [`Connection::another`] gives a second handle to the same connection, with its own time limit
/// and its own cancellation.
pub struct Connection {
    core: Arc<Core>,
    /// Limit for a call on this handle, in milliseconds; 0: as configured.
    limit_ms: AtomicU32,
    calls: Calls,
    /// Whether a caller has it, and not the connection itself for the requests it makes on its own.
    is_callers: bool,
}

/// What all handles to a connection share.
struct Core {
    settings: Settings,
    http: Box<dyn Http>,
    facts: ArcSwap<Facts>,
    authorization: TokenManager,
    detection: PerProcess<Detection>,
    budget: Budget,
}

/// A call that has begun, before it has looked at anything.
struct Begun<'a> {
    running: Running<'a>,
    deadline: Deadline,
}

/// What a connection has learned about its server. Read and replaced without a lock, so that a forked
/// child has it too.
#[derive(Clone, Copy, Debug)]
struct Facts {
    known: Known,
    unit: LifetimeUnit,
    /// Whether a 4.x server has the secrets endpoint, which 4.0 lacks.
    rest_secrets: bool,
    /// Whether the server has issued a token, so that it cannot have been without authentication all the time.
    has_issued: bool,
    /// Whether REST++ was found on its old port after the gateway was not there.
    on_old_port: bool,
}

impl Facts {
    /// Nothing is known yet.
    const NONE: Facts = Facts {
        known: Known::Nothing,
        unit: LifetimeUnit::Unknown,
        rest_secrets: true,
        has_issued: false,
        on_old_port: false,
    };
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.core.settings.route.gateway)
    }
}

impl Connection {
    /// Validates the settings and prepares a connection. Sends nothing.
    pub fn new(config: &Config) -> Result<Connection> {
        let settings = config.validate()?;
        let wire =
            Wire::new(settings.proxy.as_ref(), settings.trust.clone(), settings.loopback_only, &settings.user_agent)?;
        Ok(Connection::with_http(settings, Box::new(wire)))
    }

    /// A connection whose requests are carried by `http`, for tests.
    #[doc(hidden)]
    pub fn with_http(settings: Settings, http: Box<dyn Http>) -> Connection {
        let known = settings.version.and_then(Version::generation).map_or(Known::Nothing, Known::Exactly);
        let facts = Facts { known, ..Facts::NONE };
        let core = Core {
            authorization: TokenManager::new(&settings),
            settings,
            http,
            facts: ArcSwap::from_pointee(facts),
            detection: PerProcess::default(),
            budget: Budget::default(),
        };
        let connection = Connection::handle(Arc::new(core), 0, true);
        if connection.core.settings.trust.as_ref().is_some_and(|trust| trust.insecure) {
            connection.log(Level::Warn, || "insecure TLS: any certificate is accepted for this connection".into());
        }
        connection
    }

    /// Another handle to the same connection: same login, token and sockets; its own time limit, which
    /// begins as that of this handle, and its own cancellation. Sends nothing.
    pub fn another(&self) -> Connection {
        Connection::handle(self.core.clone(), self.limit_ms.load(Ordering::Relaxed), true)
    }

    /// A handle for the requests that the connection makes on its own.
    fn inner(core: Arc<Core>) -> Connection {
        Connection::handle(core, 0, false)
    }

    fn handle(core: Arc<Core>, limit_ms: u32, is_callers: bool) -> Connection {
        let connection = Connection { core, limit_ms: AtomicU32::new(limit_ms), calls: Calls::default(), is_callers };
        if is_callers {
            connection.core.authorization.count_handle();
        }
        connection
    }

    /// The limit for calls on this handle that begin from now on, in milliseconds; 0: as configured.
    pub fn set_timeout(&self, total_ms: u32) {
        self.limit_ms.store(total_ms, Ordering::Relaxed);
    }

    /// Makes the calls that are running on this handle end within 100 ms, with `cancelled`, or
    /// `outcome.unknown` if a creation has begun. Later calls, and those on other handles, are unaffected.
    pub fn cancel(&self) {
        self.calls.cancel();
    }

    /// The same for calls that begin from now on as well: this handle is given up.
    pub fn close(&self) {
        self.calls.close();
    }

    /// The connection's own token. Sends nothing.
    pub fn current_token(&self) -> Result<Arc<Token>> {
        self.held().ok_or_else(|| Error::new(Reason::CredentialsNone, "the connection has no token yet"))
    }

    /// The server's version. `GET /version` of REST++, with a token as [`Connection::authorization`] gives it.
    pub fn server_version(&self) -> Result<Version> {
        let begun = self.begin();
        let token = match self.authorization() {
            Ok(token) => Some(token).filter(|token| !token.value().is_empty()),
            // Without REST++ authentication the server tells it to anybody.
            Err(error) if error.reason() == Reason::CredentialsNone => None,
            Err(error) => return Err(error),
        };
        self.call(begun, &[], &[]).version(token.as_deref())
    }

    fn facts(&self) -> Facts {
        **self.core.facts.load()
    }

    fn learn(&self, change: impl Fn(Facts) -> Facts) {
        self.core.facts.rcu(|facts| change(**facts));
    }

    fn log(&self, level: Level, message: impl FnOnce() -> String) {
        if let Some(log) = &self.core.settings.log {
            log.write(level, message);
        }
    }

    /// A call begins, with its time. Nothing that takes time comes before this.
    fn begin(&self) -> Begun<'_> {
        self.begin_with(self.calls.begin())
    }

    fn begin_with<'a>(&'a self, running: Running<'a>) -> Begun<'a> {
        let limit = match self.limit_ms.load(Ordering::Relaxed) {
            0 => self.core.settings.call_limit,
            ms => Duration::from_millis(ms.into()),
        };
        self.begin_within(limit, running)
    }

    fn begin_within<'a>(&'a self, limit: Duration, running: Running<'a>) -> Begun<'a> {
        let deadline = Deadline::start(limit, self.core.settings.connect_limit, running.flag().clone());
        Begun { running, deadline }
    }

    /// A call that has begun gets its credentials: `credentials` are its own, `names` may be shown in its errors.
    fn call<'a>(&'a self, begun: Begun<'a>, credentials: &[&'a str], names: &'a [&'a str]) -> Call<'a> {
        let Begun { running, deadline } = begun;
        let login = self.core.settings.login.as_ref().map(Login::credential);
        let credential = login.map(|login| login.read());
        let mut known = Vec::with_capacity(credentials.len() + 4);
        known.extend(credentials.iter().map(|credential| ToHide::Given(credential)));
        known.extend(self.held().map(|token| ToHide::Own(token)));
        known.extend(self.core.settings.api_token.as_ref().map(|token| ToHide::Given(token.reveal())));
        // What a file held is kept out of everything that is said, also if it cannot be read any more.
        let held = login.filter(|_| matches!(credential, Some(Err(_)))).map(|login| login.held());
        known.extend(credential.iter().flatten().cloned().chain(held).map(|held| ToHide::Own(held)));
        if let (Some(Login::Password { username, .. }), Some(Ok(password))) = (&self.core.settings.login, &credential) {
            known.push(ToHide::Pair(username, password.clone()));
        }
        Call::new(self, running, deadline, Redactor::new(known, names), credential)
    }

    fn graph(&self) -> Option<&str> {
        self.core.settings.graph.as_ref().map(|graph| graph.as_str())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.is_callers {
            self.core.authorization.discount_handle();
        }
    }
}
