//! Target: a whole operation, from the bytes that a server sends to its result.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::canary::{self, JWT, KNOWS_JWT, KNOWS_PASSWORD, KNOWS_SECRET, KNOWS_TOKEN, Known, SECRET, TOKEN};
use super::{heap, script};
use tigergraph_auth::Config;
use tigergraph_auth::log::{Level, Logger};
use tigergraph_auth::unversioned::client::Wire;
use tigergraph_auth::unversioned::clock;
use tigergraph_auth::unversioned::deadline::Deadline;
use tigergraph_auth::unversioned::http::{Answer, Http, Request};
use tigergraph_auth::unversioned::played::{self, Manner};
use tigergraph_auth::{Connection, RefreshOptions, TokenOptions};
use tigergraph_auth::{Reason, Result};

/// Most heap while one request is sent and its answer read: for an answer about one token, and for a list.
const HEAP: (usize, usize) = (256 * 1024, 1536 * 1024);
/// A call may repeat this many requests.
const RETRIES: usize = 2;
/// Where no port is given, REST++ is looked for in two places.
const PLACES: usize = 2;
/// The bit of the settings that leaves the port out.
const NO_PORT: u8 = 16;
const VERSIONS: [&str; 7] = ["", "2.6.0", "3.1", "3.4", "3.9.3", "4.0", "4.1.2"];

type Run = fn(&Connection) -> Result<()>;

/// An operation.
struct Operation {
    run: Run,
    /// How many different requests it takes at most where the generation is known, and where it is found out.
    most: (usize, usize),
    /// The credentials that it is given.
    given: Known,
}

const fn operation(run: Run, most: (usize, usize), given: Known) -> Operation {
    Operation { run, most, given }
}

const OPERATIONS: [Operation; 15] = [
    operation(|c| c.get_token(None, 3600, TokenOptions::default()).map(drop), (2, 4), 0),
    operation(|c| c.get_token(Some(SECRET), 0, KEEP_GLOBAL).map(drop), (2, 4), KNOWS_SECRET),
    operation(|c| c.refresh_token(Some(SECRET), Some(TOKEN), 60, PLAIN).map(drop), (1, 4), KNOWS_SECRET | KNOWS_TOKEN),
    operation(|c| c.refresh_token(None, None, 60, OR_NEW).map(drop), (2, 4), 0),
    operation(|c| c.delete_token(None, Some(TOKEN), true), (1, 4), KNOWS_TOKEN),
    operation(|c| c.check_jwt_token(JWT).map(drop), (1, 2), KNOWS_JWT),
    // Without REST for secrets, as on some of 4.0, the list is asked for once more, and then GSQL.
    operation(|c| c.get_secrets(None).map(drop), (3, 4), 0),
    // Whether an alias is taken is told by the list.
    operation(|c| c.create_secret(Some("s1"), None, None).map(drop), (2, 3), 0),
    operation(|c| c.create_secret(Some("s1"), Some(SECRET), Some("bob")).map(drop), (2, 3), KNOWS_SECRET),
    operation(|c| c.ensure_secret("s1").map(drop), (4, 5), 0),
    // The list before each of two attempts, and after them.
    operation(|c| c.drop_secrets(&["s1", "s2"], None, true).map(drop), (5, 6), 0),
    // What has calls of its own in it repeats for each of them.
    operation(|c| c.server_version().map(drop), (2 + RETRIES + 1, 4 + RETRIES + 1), 0),
    operation(renewed, (2 + RETRIES + 3, 4 + RETRIES + 5), 0),
    operation(diagnosed, (1 + 2 + RETRIES + 1, 1 + 4 + RETRIES + 1), 0),
    operation(|c| c.get_secret("s1", None).map(drop), (3, 4), 0),
];

const KEEP_GLOBAL: TokenOptions = TokenOptions { keep_current: true, global: true };
const PLAIN: RefreshOptions =
    RefreshOptions { token: TokenOptions { keep_current: false, global: false }, or_new: false };
const OR_NEW: RefreshOptions = RefreshOptions { or_new: true, ..PLAIN };

/// A managed token, and its successor a day later.
fn renewed(connection: &Connection) -> Result<()> {
    let first = connection.authorization()?;
    connection.reject_token(&first);
    clock::sleep(Duration::from_secs(86_400));
    connection.authorization().map(drop)
}

thread_local! {
    /// The texts of the last diagnosis.
    static REPORT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn diagnosed(connection: &Connection) -> Result<()> {
    let report = connection.diagnose(false)?;
    let json: serde_json::Value = serde_json::from_str(&report.json()).expect("JSON");
    REPORT.set(vec![report.text(), format!("{json:#}").replace("\\\"", "\"")]);
    Ok(())
}

/// Nothing that is said holds a credential. The host of a redirect is shown, unless the library knows it for one.
fn check_output(output: &str, known: Known) {
    canary::check_known(output, known);
    assert!(output.contains("redirects to") || !output.contains(canary::SERVERS), "a credential is in {output:?}");
}

/// The real connections, with requests and heap counted.
#[derive(Clone)]
struct Counted {
    wire: Arc<Wire>,
    requests: Arc<AtomicUsize>,
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counted")
    }
}

impl Http for Counted {
    fn exchange(&self, request: &Request, deadline: &Rc<Deadline>) -> Result<Answer> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let (answer, peak) = heap(|| self.wire.exchange(request, deadline));
        let most = if request.limit > 64 * 1024 { HEAP.1 } else { HEAP.0 };
        assert!(peak <= most, "{peak} bytes of heap for one exchange");
        assert!(answer.as_ref().map_or(0, |answer| answer.body.len()) <= request.limit);
        answer
    }
}

/// The settings of a connection, by the bits of a byte, and the credentials in them; its log goes to `log`.
fn config(version: u8, bits: u8, log: Logger) -> (Config, Known) {
    let is_set = |bit: u8| bits & bit != 0;
    let mut config = Config::new(if is_set(NO_PORT) { "http://127.0.0.1" } else { "http://127.0.0.1:1" });
    let login = match bits & 3 {
        0 => (config.set_secret(Some(SECRET.as_bytes())), KNOWS_SECRET).1,
        1 => (config.set_password(Some(canary::USER.as_bytes()), Some(canary::PASSWORD.as_bytes())), KNOWS_PASSWORD).1,
        2 => (config.set_jwt(Some(JWT.as_bytes())), KNOWS_JWT).1,
        _ => 0,
    };
    config.set_api_token(is_set(4).then_some(TOKEN.as_bytes()));
    config.set_graph(is_set(8).then_some(b"MyGraph"));
    let version = VERSIONS[usize::from(version) % VERSIONS.len()];
    config.set_server_version((!version.is_empty()).then_some(version.as_bytes()));
    config.set_log(Some(log));
    (config, login | if is_set(4) { KNOWS_TOKEN } else { 0 })
}

/// One operation on a new connection. Four bytes choose the operation, the server's version, the settings and
/// the manner of the server; the rest is what the server answers, see [`script::answers`].
pub fn any(data: &[u8]) {
    let [operation, version, bits, manner, script @ ..] = data else {
        return;
    };
    played::play(script::answers(script), Manner(*manner));
    let operation = &OPERATIONS[usize::from(operation.wrapping_sub(b'a')) % OPERATIONS.len()];
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = Logger::new(Level::Debug as i32, Arc::new(keep(lines.clone())));
    let (config, configured) = config(*version, *bits, log);
    let settings = config.validate().expect("good settings");
    let is_known = settings.version.is_some_and(|version| version.generation().is_some());
    let wire = Arc::new(
        Wire::new(settings.proxy.as_ref(), settings.trust.clone(), settings.loopback_only, &settings.user_agent)
            .expect("good settings"),
    );
    let counted = Counted { wire, requests: Arc::default() };
    let connection = Connection::with_http(settings, Box::new(counted.clone()));

    let error = (operation.run)(&connection).err();
    drop(connection);
    wait_for_renewals(&counted);

    let said = error.iter().map(canary::said);
    let logged = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    let known = configured | operation.given;
    said.chain(logged).chain(REPORT.take()).for_each(|output| check_output(&output, known));
    assert!(error.is_none_or(|error| error.reason() != Reason::InternalPanic));
    let (with, without) = operation.most;
    let most = if is_known { with } else { without } + RETRIES + if bits & NO_PORT != 0 { PLACES } else { 0 };
    let requests = counted.requests.load(Ordering::SeqCst);
    assert!(requests <= most, "{requests} requests, and {most} are enough");
    played::take_requests().iter().for_each(|request| check_request(request));
}

fn keep(lines: Arc<Mutex<Vec<String>>>) -> impl Fn(Level, &str) + Send + Sync {
    move |_, line: &str| lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned())
}

/// Renewals run on threads of their own, and the world belongs to them until they end.
fn wait_for_renewals(counted: &Counted) {
    while Arc::strong_count(&counted.wire) > 1 {
        std::thread::yield_now();
    }
}

/// What reached the server is one request, and nothing after it.
pub fn check_request(request: &[u8]) {
    let mut fields = [httparse::EMPTY_HEADER; 512];
    let mut parsed = httparse::Request::new(&mut fields);
    let head = match parsed.parse(request) {
        Ok(httparse::Status::Complete(head)) => head,
        other => panic!("{other:?} for {:?}", String::from_utf8_lossy(request)),
    };
    let lengths = parsed.headers.iter().filter(|field| field.name.eq_ignore_ascii_case("content-length"));
    let length: usize =
        lengths.map(|field| String::from_utf8_lossy(field.value).parse::<usize>().expect("a length")).sum();
    assert_eq!(request.len() - head, length, "{:?}", String::from_utf8_lossy(request));
}
