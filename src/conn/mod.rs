//! A connection: its settings, what it has learned about the server, and its current token.
//!
//! The operations are in `tokens` and `secrets`; `call` sends their requests, `authorization` hands out the
//! connection's own token and renews it, and `wakeup` does so for programs that may not wait.
//!
//! Imports everything below it: `config`, `token`, `protocol`, `wire`, `platform` and the vocabulary.

mod authorization;
mod cache;
mod call;
mod counters;
mod diagnosis;
mod elsewhere;
mod generation;
mod login;
mod managing;
mod nodes;
mod oauth2;
mod outgoing;
mod passing;
mod places;
mod probing;
mod provider;
mod request;
mod retry;
mod running;
mod secrets;
mod send;
mod source;
mod sync;
mod token_requests;
mod tokens;
mod turn;
mod wakeup;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use once_cell::race::OnceBox;

use crate::checks::looks_like_secret;
use crate::config::Config;
use crate::config::settings::{Login, Settings, TokenEndpoint};
use crate::config::token_cache::{TokenCache, UnusableFolder};
use crate::conn::cache::Cache;
use crate::conn::call::Call;
use crate::conn::counters::{Counter, Counters};
use crate::conn::generation::{Form, Known, RestSecrets};
use crate::conn::managing::TokenManager;
use crate::conn::nodes::{Node, Nodes};
use crate::conn::provider::ProviderPlace;
use crate::conn::retry::Budget;
use crate::conn::running::{Calls, Running};
use crate::conn::wakeup::Wakeup;
use crate::error::{Error, Reason, Result, Status};
use crate::log::Level;
use crate::platform::per_process::PerProcess;
use crate::protocol::endpoint::ServerUrls;
use crate::protocol::redact::{Redactor, ToHide};
use crate::protocol::version::Version;
use crate::token::issued::LifetimeUnit;
use crate::token::token::Token;
use crate::wire::client::Wire;
use crate::wire::deadline::Deadline;
use crate::wire::http::Http;
use crate::wire::tls::Trust;

pub use crate::conn::outgoing::{Request, Response};
#[cfg(feature = "test-shuttle")]
pub use crate::conn::places::Place;
pub use crate::conn::token_requests::{RefreshOptions, TokenOptions};

/// A handle to a connection to one server, or to several of one cluster. May be used by any number of threads at once.
///
/// [`Connection::another`] gives a second handle to the same connection, with its own time limit
/// and its own cancellation.
pub struct Connection {
    core: Arc<Core>,
    /// Limit for a call on this handle, in milliseconds; 0: as configured.
    limit_ms: AtomicU32,
    calls: Calls,
    /// What this handle's program wants to hear, once it wants it or is owed it.
    wakeup: OnceBox<Arc<Wakeup>>,
    /// Whether a caller has it, and not the connection itself for the requests it makes on its own.
    is_callers: bool,
}

/// What all handles to a connection share.
struct Core {
    settings: Settings,
    http: Arc<dyn Http>,
    /// Carries requests to the token endpoint, if there is one.
    endpoint_http: Arc<dyn Http>,
    token_endpoint: oauth2::Learned,
    nodes: Nodes,
    authorization: TokenManager,
    /// Of a login that has one.
    provider: OnceBox<PerProcess<ProviderPlace>>,
    /// What it shares with other processes, if that is wanted.
    cache: Option<Cache>,
    budget: Budget,
    counters: Counters,
    /// The addresses that were told to somebody.
    urls: ToldUrls,
}

/// A list of addresses to which more are added, and from which none is taken away; needs no lock.
#[derive(Default)]
struct ToldUrls(OnceBox<(Arc<ServerUrls>, ToldUrls)>);

impl ToldUrls {
    /// Those of these two, which are added if they are not there.
    fn get(&self, restpp: &str, gateway: &str) -> Arc<ServerUrls> {
        let mut list = self;
        loop {
            let new = || Box::new((Arc::new(ServerUrls::new(restpp, gateway)), ToldUrls::default()));
            let (urls, rest) = list.0.get_or_init(new);
            if urls.are_of(restpp, gateway) {
                return urls.clone();
            }
            list = rest;
        }
    }
}

/// A call that has begun, before it has looked at anything.
struct Begun<'a> {
    running: Running<'a>,
    deadline: Deadline,
}

/// What a connection has learned about one of its servers. Read and replaced without a lock, so that a forked
/// child has it too.
#[derive(Clone, Copy, Debug)]
struct Facts {
    known: Known,
    unit: LifetimeUnit,
    /// The form of the endpoint for tokens before 4.1.
    form: Form,
    /// Whether a server from 4.0 on has the endpoint for secrets.
    secrets: RestSecrets,
    /// Whether the server has issued a token, so that it cannot have been without authentication all the time.
    has_issued: bool,
    /// Whether the address was found to be that of REST++ alone.
    alone: bool,
    /// Whether REST++ was found on its old port after the gateway was not there.
    on_old_port: bool,
    /// Whether nothing was at the port that variables mean in the cloud, but at those that they name.
    as_written: bool,
    /// Whether nothing was at the port of REST++ that a variable gives, but below the gateway.
    restpp_by_gateway: bool,
    /// Whether the GSQL server has taken a token.
    gateway_takes_tokens: bool,
}

impl Facts {
    /// Nothing is known yet.
    const NONE: Facts = Facts {
        known: Known::Nothing,
        unit: LifetimeUnit::Unknown,
        form: Form::Unknown,
        secrets: RestSecrets::Unknown,
        has_issued: false,
        alone: false,
        on_old_port: false,
        as_written: false,
        restpp_by_gateway: false,
        gateway_takes_tokens: false,
    };
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.node_in_use().route().gateway)
    }
}

impl Connection {
    /// Validates the settings and prepares a connection. Sends nothing.
    pub fn new(config: &Config) -> Result<Connection> {
        let settings = config.validate()?;
        let wire =
            Wire::new(settings.proxy.as_ref(), settings.trust.clone(), settings.loopback_only, &settings.user_agent)?;
        let http: Arc<dyn Http> = Arc::new(wire);
        let endpoint_http: Arc<dyn Http> = match &settings.token_endpoint {
            // Not even connections to the same host are shared.
            Some(TokenEndpoint { trust, proxy }) => {
                Arc::new(Wire::new(proxy.as_ref(), trust.clone(), trust.is_none(), &settings.user_agent)?)
            }
            None => http.clone(),
        };
        Ok(Connection::with_both(settings, http, endpoint_http))
    }

    /// A connection whose requests are carried by `http`, for tests.
    #[doc(hidden)]
    pub fn with_http(settings: Settings, http: Box<dyn Http>) -> Connection {
        let http: Arc<dyn Http> = http.into();
        Connection::with_both(settings, http.clone(), http)
    }

    fn with_both(mut settings: Settings, http: Arc<dyn Http>, endpoint_http: Arc<dyn Http>) -> Connection {
        let routes = std::mem::take(&mut settings.routes);
        let facts = settings.version.map_or(Facts::NONE, Facts::told);
        let cache = match settings.token_cache.take() {
            Some(TokenCache::Opened(folder)) => Some(Cache::new(folder)),
            other => {
                settings.token_cache = other;
                None
            }
        };
        let core = Core {
            authorization: TokenManager::new(&settings),
            nodes: Nodes::new(routes, facts),
            cache,
            settings,
            http,
            endpoint_http,
            token_endpoint: oauth2::Learned::default(),
            provider: OnceBox::new(),
            budget: Budget::default(),
            counters: Counters::default(),
            urls: ToldUrls::default(),
        };
        let connection = Connection::handle(Arc::new(core), 0, true);
        if connection.core.settings.trust.as_ref().is_some_and(|trust| trust.insecure) {
            connection.log(Level::Warn, || "insecure TLS: any certificate is accepted for this connection".into());
        }
        if let Some(token) = connection.held() {
            token.set_urls(&connection.urls());
        }
        for caution in connection.cautions() {
            connection.log(Level::Warn, || caution);
        }
        connection
    }

    /// What needs attention about the files that credentials come from, and the folder that tokens are shared in.
    fn cautions(&self) -> Vec<String> {
        let settings = &self.core.settings;
        let of_login = settings.login.as_ref().and_then(Login::caution);
        let of_cache = settings.unusable_cache().map(UnusableFolder::caution);
        of_login.into_iter().chain(settings.cautions.iter().cloned()).chain(of_cache).collect()
    }

    /// The server that answered last, or the first.
    fn node_in_use(&self) -> &Node {
        self.core.nodes.get(self.core.nodes.in_use())
    }

    /// Where requests to both parts of TigerGraph go, by what is known; of several servers, the one in use. Sends
    /// nothing. Later it may be others, if a request has taught more; what was told lives as long as the connection.
    pub fn urls(&self) -> Arc<ServerUrls> {
        self.urls_of(self.node_in_use())
    }

    fn urls_of(&self, node: &Node) -> Arc<ServerUrls> {
        let [restpp, gateway] = node.bases();
        self.core.urls.get(restpp, gateway)
    }

    /// The certificates of the CA setting and of added files in PEM, and a NUL; "" and a NUL where there are none.
    pub(crate) fn ca_pem_with_nul(&self) -> &str {
        self.core.settings.trust.as_deref().map_or("\0", Trust::ca_pem_with_nul)
    }

    /// The certificates of the CA setting and of added files in PEM, as they were read; "" where the system's trust
    /// store, a pin alone or nothing decides.
    pub fn ca_pem(&self) -> &str {
        self.ca_pem_with_nul().trim_end_matches('\0')
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
        let (limit_ms, calls, wakeup) = (AtomicU32::new(limit_ms), Calls::default(), OnceBox::new());
        let connection = Connection { core, limit_ms, calls, wakeup, is_callers };
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
        self.core.authorization.wake_all();
        self.end_pending();
    }

    /// The same for calls that begin from now on as well: this handle is given up.
    pub fn close(&self) {
        self.calls.close();
        self.core.authorization.wake_all();
        self.end_pending();
    }

    /// The connection's own token. Sends nothing.
    pub fn current_token(&self) -> Result<Arc<Token>> {
        self.held().ok_or_else(|| Error::new(Reason::CredentialsNone, "the connection has no token yet"))
    }

    /// The server's version. `GET /version` of REST++, with a token as [`Connection::authorization`] gives it.
    /// Without any login: the configured version, or what the server tells to anybody.
    pub fn server_version(&self) -> Result<Version> {
        let begun = self.begin();
        let token = match (self.authorization(), self.core.settings.version) {
            (Ok(token), _) => Some(token),
            (Err(error), _) if error.reason() != Reason::CredentialsNone => return Err(error),
            (Err(_), Some(configured)) => return Ok(configured),
            (Err(_), None) => None,
        };
        let has_token = token.is_some();
        let version = self.call(begun, &[], &[]).version_with(token);
        version.map_err(|error| if !has_token && wants_login(&error) { without_login(&error) } else { error })
    }

    /// What was learned of the server in use.
    fn facts(&self) -> Facts {
        self.node_in_use().facts()
    }

    /// It happened once more.
    fn count(&self, counter: Counter) {
        self.core.counters.add(counter);
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
        self.call_for(begun, credentials, names, None)
    }

    /// The same for what belongs to this user.
    fn call_for<'a>(
        &'a self,
        begun: Begun<'a>,
        credentials: &[&'a str],
        names: &'a [&'a str],
        user: Option<&'a str>,
    ) -> Call<'a> {
        let Begun { running, deadline } = begun;
        let mut known = Vec::with_capacity(credentials.len() + 4);
        known.extend(credentials.iter().map(|credential| ToHide::Given(credential)));
        known.extend(self.held().map(|token| ToHide::Own(token)));
        known.extend(self.core.settings.api_token.as_ref().map(|token| ToHide::Given(token.reveal())));
        let login = self.core.settings.login.as_ref();
        let own_user = match login {
            Some(Login::Password { username, .. }) => Some(username.as_str()),
            _ => None,
        };
        // A file is read when it is needed; what it held is kept out of everything that is said meanwhile.
        if let Some(held) = login.and_then(Login::held) {
            known.push(ToHide::Own(held.clone()));
            known.extend(own_user.map(|user| ToHide::Pair(user, held)));
        }
        // Whoever takes a secret for the name of a graph is not to see it in an error.
        let graph = self.graph().filter(|graph| !looks_like_secret(graph));
        let redactor = Redactor::new(known, names).with_graph(graph).with_users([own_user, user]);
        Call::new(self, running, deadline, redactor)
    }

    fn graph(&self) -> Option<&str> {
        self.core.settings.graph.as_ref().map(|graph| graph.as_str())
    }
}

/// Whether the server refused because it wants a token. A page that says "403" may be a gateway's.
fn wants_login(error: &Error) -> bool {
    let refused = matches!(error.status(), Status::Unauthenticated | Status::Forbidden);
    refused && (error.reason() != Reason::AuthRefused || error.http_status() == 401)
}

fn without_login(error: &Error) -> Error {
    let message = "the server tells its version only with a token, and the connection has no login to get one";
    let error_code = error.server_code();
    Error::new(Reason::CredentialsNone, message).with_http_status(error.http_status()).with_server_code(error_code)
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.release_wakeup();
        if self.is_callers {
            self.core.authorization.discount_handle();
        }
    }
}
