//! A connection: its settings, what it has learned about the server, and its current token.
//!
//! The operations are in `conn/tokens.rs` and `conn/secrets.rs`; this file has what they share.

mod secrets;
mod tokens;

use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

pub use tokens::{RefreshOptions, TokenOptions};

use crate::config::{Config, Login, Settings};
use crate::endpoint::{Generation, Version, path};
use crate::error::{Error, Reason, Result, Status};
use crate::http::{Answer, Http, Method, Request, Wire};
use crate::log::Level;
use crate::net::Clock;
use crate::platform::boot_clock;
use crate::redact::{Hidden, Redactor};
use crate::refusal::{self, Credential, Operation, Question};
use crate::reply::{Json, shape};
use crate::token::{LifetimeUnit, Token};

/// Longest answer to a question about one token.
const TOKEN_ANSWER: usize = 64 * 1024;
/// Longest list and longest GSQL text.
const LIST_ANSWER: usize = 1024 * 1024;

/// A handle to a connection to one server. May be used by any number of threads at once.
///
/// [`Connection::another`] gives a second handle to the same connection, with its own time limit
/// and its own cancellation.
pub struct Connection {
    core: Arc<Core>,
    /// Limit for a call on this handle, in milliseconds; 0: as configured.
    limit_ms: AtomicU32,
    /// The calls running on this handle, by what cancels them.
    running: Mutex<Vec<Arc<AtomicBool>>>,
}

/// What all handles to a connection share.
struct Core {
    settings: Settings,
    http: Box<dyn Http>,
    state: Mutex<State>,
    detected: Condvar,
}

/// What changes in the life of a connection.
struct State {
    known: Known,
    detecting: bool,
    token: Option<Arc<Token>>,
    unit: LifetimeUnit,
    /// Whether a 4.x server has the secrets endpoint, which 4.0 lacks.
    rest_secrets: bool,
    /// Whether REST++ was found on its old port after the gateway refused.
    on_fallback_port: bool,
}

/// What is known about the server's generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// Not asked yet.
    Nothing,
    /// Older than 4.1: A or B, which only the endpoint for tokens tells apart.
    Legacy,
    /// Exactly this one.
    Exactly(Generation),
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.core.settings.route.gateway)
    }
}

/// One request of a call, before the address of the server is put to it.
struct Ask<'a> {
    operation: Operation,
    method: Method,
    server: Server,
    path: &'a str,
    query: Option<Zeroizing<String>>,
    login: Authorization,
    body: Option<(Zeroizing<Vec<u8>>, &'static str)>,
}

/// Which part of TigerGraph a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Restpp,
    Gateway,
}

/// The Authorization header of a request, and the kind of credential the request is judged by.
struct Authorization {
    header: Option<Hidden>,
    credential: Credential,
}

impl Authorization {
    fn none() -> Authorization {
        Authorization { header: None, credential: Credential::Nothing }
    }

    /// No header: the secret is in the request itself.
    fn secret_in_body() -> Authorization {
        Authorization { header: None, credential: Credential::Secret }
    }

    fn basic(user: &str, password: &Hidden, credential: Credential) -> Authorization {
        let pair = Zeroizing::new([user, ":", password.reveal()].concat());
        let encoded = Zeroizing::new(BASE64.encode(pair.as_bytes()));
        Authorization { header: Some(Hidden::new(["Basic ", &encoded].concat())), credential }
    }

    fn bearer(token: &str) -> Authorization {
        Authorization { header: Some(Hidden::new(["Bearer ", token].concat())), credential: Credential::Bearer }
    }

    /// A secret as a login of its own, which servers take since 3.10, and their GSQL part since 4.1.
    fn gsql_secret(secret: &Hidden) -> Authorization {
        let header = Hidden::new(["GSQL-Secret ", secret.reveal()].concat());
        Authorization { header: Some(header), credential: Credential::Secret }
    }
}

/// The user name that stands for "the password is a secret" on GSQL servers before 4.1.
const SECRET_USER: &str = "__GSQL__secret";

/// The time and the names of one call, which every request of it shares.
struct Call<'a> {
    connection: &'a Connection,
    clock: Rc<Clock>,
    redactor: Redactor<'a>,
}

impl Connection {
    /// Judges the settings and prepares a connection. Sends nothing.
    pub fn new(config: &Config) -> Result<Connection> {
        let settings = config.judge()?;
        let wire = Wire::new(&settings)?;
        Ok(Connection::with_http(settings, Box::new(wire)))
    }

    /// A connection whose requests are carried by `http`.
    pub fn with_http(settings: Settings, http: Box<dyn Http>) -> Connection {
        let known = settings.version.and_then(Version::generation).map_or(Known::Nothing, Known::Exactly);
        let given = match (&settings.api_token, &settings.login) {
            (Some(token), _) => Some(Arc::new(Token::given(token))),
            (None, Some(Login::Jwt(jwt))) => Some(Arc::new(Token::given(jwt))),
            _ => None,
        };
        let state = State {
            known,
            detecting: false,
            token: given,
            unit: LifetimeUnit::Unknown,
            rest_secrets: true,
            on_fallback_port: false,
        };
        let core = Core { settings, http, state: Mutex::new(state), detected: Condvar::new() };
        let connection = Connection { core: Arc::new(core), limit_ms: AtomicU32::new(0), running: Mutex::default() };
        if connection.core.settings.trust.as_ref().is_some_and(|trust| trust.insecure) {
            connection.log(Level::Warn, || "insecure TLS: any certificate is accepted for this connection".into());
        }
        connection
    }

    /// Another handle to the same connection: same login, token and sockets; its own time limit, which
    /// begins as that of this handle, and its own cancellation. Sends nothing.
    pub fn another(&self) -> Connection {
        let limit_ms = AtomicU32::new(self.limit_ms.load(Ordering::Relaxed));
        Connection { core: self.core.clone(), limit_ms, running: Mutex::default() }
    }

    /// The limit for calls on this handle that begin from now on, in milliseconds; 0: as configured.
    pub fn set_timeout(&self, total_ms: u32) {
        self.limit_ms.store(total_ms, Ordering::Relaxed);
    }

    /// Makes the calls that are running on this handle end within 100 ms, with `cancelled`, or
    /// `outcome.unknown` if a creation has begun. Later calls, and those on other handles, are unaffected.
    pub fn cancel(&self) {
        for call in self.running().drain(..) {
            call.store(true, Ordering::SeqCst);
        }
    }

    fn running(&self) -> MutexGuard<'_, Vec<Arc<AtomicBool>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection's own token. Sends nothing.
    pub fn current_token(&self) -> Result<Arc<Token>> {
        let token = self.state().token.clone();
        token.ok_or_else(|| Error::new(Reason::CredentialsNone, "the connection has no token yet"))
    }

    /// The server's version. `GET /version` of REST++, with the connection's token, or with one
    /// requested for it if the connection can log in and REST++ authentication is on.
    pub fn server_version(&self) -> Result<Version> {
        let call = self.call(&[], &[]);
        // Not inside the match: its temporaries, a lock among them, would live to its end.
        let held = self.state().token.clone();
        let token = match (held, &self.core.settings.login) {
            (Some(token), _) => Some(token),
            (None, None) => None,
            (None, Some(_)) => match self.request_token(&call, None, 0, TokenOptions::default()) {
                Ok(token) => Some(token),
                Err(error) if error.status() == Status::AuthDisabled => None,
                Err(error) => return Err(error),
            },
        };
        let login = token.map_or_else(Authorization::none, |token| Authorization::bearer(token.value()));
        let reply = call.ask(Ask {
            operation: Operation::Version,
            method: Method::Get,
            server: Server::Restpp,
            path: path::VERSION,
            query: None,
            login,
            body: None,
        })?;
        let text = reply.get("message").and_then(Json::as_text).unwrap_or_default();
        version_in(text).ok_or_else(|| shape("the server's answer does not tell its version"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.core.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, level: Level, message: impl FnOnce() -> String) {
        if let Some(log) = &self.core.settings.log {
            log.write(level, message);
        }
    }

    /// A call begins. `credentials` are its own, `names` may be shown in its errors.
    fn call<'a>(&'a self, credentials: &[&str], names: &'a [&'a str]) -> Call<'a> {
        let limit = match self.limit_ms.load(Ordering::Relaxed) {
            0 => self.core.settings.call_limit,
            ms => Duration::from_millis(ms.into()),
        };
        let clock = Rc::new(Clock::start(limit, self.core.settings.connect_limit));
        self.running().push(clock.cancelled().clone());
        let held = self.state().token.clone();
        let mut known: Vec<&str> = credentials.to_vec();
        known.extend(held.as_deref().map(Token::value));
        known.extend(self.core.settings.api_token.as_ref().map(Hidden::reveal));
        known.extend(self.core.settings.login.as_ref().map(|login| match login {
            Login::Password { password, .. } => password.reveal(),
            Login::Secret(credential) | Login::Jwt(credential) => credential.reveal(),
        }));
        Call { connection: self, clock, redactor: Redactor::new(known, names) }
    }

    /// The login for the gateway's own endpoints: the secret of this call, or the connection's login,
    /// or, where there is neither, the connection's token. One of them, never a second.
    fn gateway_login(&self, secret: Option<&Hidden>, known: Known) -> Result<Authorization> {
        let rest = known == Known::Exactly(Generation::C);
        match (secret, &self.core.settings.login) {
            (Some(secret), _) | (None, Some(Login::Secret(secret))) if rest => Ok(Authorization::gsql_secret(secret)),
            (Some(secret), _) | (None, Some(Login::Secret(secret))) => {
                Ok(Authorization::basic(SECRET_USER, secret, Credential::Secret))
            }
            (None, Some(Login::Password { username, password })) => {
                Ok(Authorization::basic(username, password, Credential::Password))
            }
            (None, Some(Login::Jwt(jwt))) if rest => Ok(Authorization::bearer(jwt.reveal())),
            (None, Some(Login::Jwt(_))) => Err(jwt_unsupported()),
            (None, None) => {
                let held = self.state().token.clone().filter(|_| rest);
                held.map(|token| Authorization::bearer(token.value())).ok_or_else(no_credentials)
            }
        }
    }

    /// Fails at once where no login could be found for the gateway whatever the server is.
    fn require_login(&self) -> Result<()> {
        if self.core.settings.login.is_none() && self.state().token.is_none() {
            return Err(no_credentials());
        }
        Ok(())
    }

    fn graph(&self) -> Option<&str> {
        self.core.settings.graph.as_ref().map(|graph| graph.as_str())
    }
}

fn no_credentials() -> Error {
    Error::new(
        Reason::CredentialsNone,
        "the connection has no user and password, no secret and no token to log in with",
    )
}

fn jwt_unsupported() -> Error {
    let message = "servers before 4.1 take no JWT as a login for secrets and tokens";
    Error::new(Reason::UnsupportedServer, message)
}

/// The wall clock, in seconds since 1970.
fn wall_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// An object of texts, as JSON in a buffer that is wiped.
fn json_object(members: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    // Escaping makes a text six times as long at most; a buffer that never grows leaves no copies.
    let room = members.iter().map(|(name, value)| name.len() + 6 * value.len() + 8).sum::<usize>() + 2;
    let mut out = Zeroizing::new(Vec::with_capacity(room));
    out.push(b'{');
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_json(&mut out, name);
        out.push(b':');
        push_json(&mut out, value);
    }
    out.push(b'}');
    out
}

fn push_json(out: &mut Vec<u8>, text: &str) {
    // Writing a text into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

const JSON: &str = "application/json";

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.connection.running().retain(|call| !Arc::ptr_eq(call, self.clock.cancelled()));
    }
}

impl Call<'_> {
    /// Sends one request and judges its answer as JSON.
    fn ask(&self, ask: Ask) -> Result<Json> {
        let (operation, credential) = (ask.operation, ask.login.credential);
        let answer = self.send(ask)?;
        refusal::judge(&self.question(operation, credential), &answer)
    }

    fn question(&self, operation: Operation, credential: Credential) -> Question<'_> {
        Question { operation, credential, redactor: &self.redactor }
    }

    /// Sends one request; tries REST++ on its old port once, if no port was given and the gateway refuses.
    fn send(&self, ask: Ask) -> Result<Answer> {
        let route = &self.connection.core.settings.route;
        if ask.server == Server::Gateway {
            return self.exchange(&ask, &route.gateway);
        }
        let Some(fallback) = &route.restpp_fallback else {
            return self.exchange(&ask, &route.restpp);
        };
        if self.connection.state().on_fallback_port {
            return self.exchange(&ask, fallback);
        }
        match self.exchange(&ask, &route.restpp) {
            Err(error) if is_absent(&error) => {
                let answer = self.exchange(&ask, fallback).map_err(|_| error)?;
                self.connection.state().on_fallback_port = true;
                Ok(answer)
            }
            other => other,
        }
    }

    fn exchange(&self, ask: &Ask, base: &str) -> Result<Answer> {
        let query = ask.query.as_deref().map_or("", String::as_str);
        let mark = if query.is_empty() { "" } else { "?" };
        let request = Request {
            method: ask.method,
            url: Hidden::new([base, ask.path, mark, query].concat()),
            authorization: ask.login.header.clone(),
            body: ask.body.clone(),
            limit: if ask.operation.lists() { LIST_ANSWER } else { TOKEN_ANSWER },
        };
        let started = boot_clock();
        let outcome = self.connection.core.http.exchange(&request, &self.clock);
        self.connection.log(Level::Debug, || {
            let what = match &outcome {
                Ok(answer) => answer.status.to_string(),
                Err(error) => error.reason().id().to_owned(),
            };
            let took = (boot_clock() - started).as_millis();
            format!("{} {} {what} {took} ms", ask.method.name(), ask.path)
        });
        let named = |error: Error| self.name_server(error, base);
        outcome.map_err(named)
    }

    /// Errors of the network name the server they are about.
    fn name_server(&self, error: Error, base: &str) -> Error {
        match error.status() {
            Status::Connect | Status::Timeout | Status::Tls | Status::Protocol => error.about(base),
            _ => error,
        }
    }

    /// The server's generation: known, or found with one request that carries no credential.
    /// The second value tells whether it was found just now.
    fn generation(&self) -> Result<(Known, bool)> {
        let connection = self.connection;
        let mut state = connection.state();
        loop {
            if state.known != Known::Nothing {
                return Ok((state.known, false));
            }
            if !state.detecting {
                break;
            }
            let waited = connection.core.detected.wait_timeout(state, self.clock.left()?);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.detecting = true;
        drop(state);
        let _finished = Detecting(connection);
        let found = self.detect()?;
        connection.state().known = found;
        connection.log(Level::Info, || format!("the server is of generation {}", found.letter()));
        Ok((found, true))
    }

    /// Asks an endpoint that only 4.1 and later have. The check of an empty token needs no privilege
    /// and changes nothing.
    fn detect(&self) -> Result<Known> {
        let reply = self.ask(Ask {
            operation: Operation::Detect,
            method: Method::Post,
            server: Server::Gateway,
            path: path::TOKENS_CHECK,
            query: None,
            login: Authorization::none(),
            body: Some((json_object(&[("token", "")]), JSON)),
        });
        match reply {
            Ok(_) => Ok(Known::Exactly(Generation::C)),
            Err(error) if error.reason() == Reason::MissingEndpoint => Ok(Known::Legacy),
            Err(error) if error.http_status() == 0 || error.http_status() >= 500 => Err(error),
            Err(error) => match error.status() {
                // A page, a redirect or a limit says nothing about the server behind it.
                Status::Protocol | Status::Unavailable => Err(error),
                _ => Ok(Known::Exactly(Generation::C)),
            },
        }
    }

    /// Runs an operation for the server's generation. If the server no longer has the endpoint,
    /// it may have been replaced by one of another generation: asked again, once.
    fn by_generation<T>(&self, run: impl Fn(Known) -> Result<T>) -> Result<T> {
        let (known, fresh) = self.generation()?;
        match run(known) {
            Err(error) if error.reason() == Reason::MissingEndpoint && !fresh && !self.is_told() => {
                self.connection.state().known = Known::Nothing;
                match self.generation()?.0 {
                    found if found.is_rest() == known.is_rest() => Err(error),
                    found => run(found),
                }
            }
            other => other,
        }
    }

    /// Whether the caller told the generation, by the server's version.
    fn is_told(&self) -> bool {
        self.connection.core.settings.version.and_then(Version::generation).is_some()
    }
}

/// Ends a detection, however it went.
struct Detecting<'a>(&'a Connection);

impl Drop for Detecting<'_> {
    fn drop(&mut self) {
        self.0.state().detecting = false;
        self.0.core.detected.notify_all();
    }
}

impl Known {
    fn is_rest(self) -> bool {
        self == Known::Exactly(Generation::C)
    }

    fn letter(self) -> &'static str {
        match self {
            Known::Nothing => "?",
            Known::Legacy => "A or B (before 4.1)",
            Known::Exactly(Generation::A { .. }) => "A (2.x to 3.4)",
            Known::Exactly(Generation::B) => "B (3.5 to 3.11)",
            Known::Exactly(Generation::C) => "C (4.1 and later)",
        }
    }
}

/// Whether nothing is there at all, so that another port may be tried.
fn is_absent(error: &Error) -> bool {
    matches!(error.reason(), Reason::ConnectRefused | Reason::ConnectUnreachable)
}

/// The version in the text of `/version`: its own line since 3.9.3, else the release of the product.
fn version_in(text: &str) -> Option<Version> {
    let number = |rest: &str| {
        let rest = rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        Version::parse(rest[..end].trim_end_matches('.'))
    };
    let own_line = text.lines().find_map(|line| line.trim().strip_prefix("TigerGraph version:"));
    own_line.and_then(number).or_else(|| text.split("release_").nth(1).and_then(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_the_text_of_the_version_endpoint() {
        let old = "TigerGraph RESTPP: \n --- Version --- \nproduct              release_2.6.0_05-09-2020 ab1e3d0d  2020-04-15 15:46:29 -0700\n";
        assert_eq!(version_in(old), Version::parse("2.6.0"));
        assert_eq!(version_in("x\nTigerGraph version: 3.9.3\n"), Version::parse("3.9.3"));
        assert_eq!(version_in("TigerGraph version: \nproduct release_4.1.2_x"), Version::parse("4.1.2"));
        assert_eq!(version_in("TigerGraph version: dev\n"), None);
    }

    #[test]
    fn json_is_written_by_a_serializer() {
        let body = json_object(&[("secret", "a\"b\\c\n"), ("graph", "G")]);
        assert_eq!(std::str::from_utf8(&body).unwrap(), r#"{"secret":"a\"b\\c\n","graph":"G"}"#);
        assert_eq!(json_object(&[]).as_slice(), b"{}");
    }

    #[test]
    fn logins_are_written_as_the_server_wants_them() {
        let login = Authorization::basic("Aladdin", &Hidden::new("open sesame"), Credential::Password);
        assert_eq!(login.header.unwrap().reveal(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
