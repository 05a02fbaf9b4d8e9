//! Managed tokens against the stand-in, with real threads and real time: requests are counted by the server.
//!
//! A test whose name begins with `row` shows a row of the fault matrix, as far as the row is about managed
//! tokens. Of the clocks only the server's can be moved here (rows 72, 73, 75): an ordinary program can set
//! neither this machine's wall clock nor its boot clock, and cannot suspend the machine (row 74). What counts
//! is how far the two wall clocks are apart, which moving the server's changes as well; jumps of the boot
//! clock are simulated in `src/token/renewal/tests.rs`.

use std::sync::{Arc, Barrier, Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tigergraph_auth::Token;
use tigergraph_auth::log::{Level, Logger};
use tigergraph_auth::{Config, Connection, Error, Reason, RefreshOptions, Result, TokenOptions};
use tigergraph_standin::{Action, Fault, Options, Standin, Tls, wall_clock};

const VERSIONS: [&str; 2] = ["3.10", "4.2"];
const TOKEN_PATHS: [&str; 2] = ["/restpp/requesttoken", "/gsql/v1/tokens"];

/// Held by every test, so that the one with a crowd of threads can keep the others, which measure time, out.
static CALM: RwLock<()> = RwLock::new(());

struct Server {
    standin: Standin,
    secret: String,
    version: &'static str,
    _calm: Option<RwLockReadGuard<'static, ()>>,
}

impl Server {
    fn start(version: &'static str) -> Server {
        let calm = CALM.read().unwrap_or_else(PoisonError::into_inner);
        Server { _calm: Some(calm), ..Server::start_amid_a_crowd(version) }
    }

    fn start_amid_a_crowd(version: &'static str) -> Server {
        let standin = Standin::start(Options::new(version)).expect("a stand-in");
        let secret = standin.add_secret("alice", "MyGraph", "mine");
        Server { standin, secret, version, _calm: None }
    }

    /// Tokens that live so many seconds.
    fn config(&self, lifetime_s: i64) -> Config {
        let mut config = Config::new(self.standin.gateway_url());
        config.set_secret(Some(self.secret.as_bytes())).set_graph(Some(b"MyGraph"));
        config.set_server_version(Some(self.version.as_bytes())).set_token_lifetime(lifetime_s, 0);
        config
    }

    fn connect(&self, lifetime_s: i64) -> Arc<Connection> {
        Arc::new(Connection::new(&self.config(lifetime_s)).expect("good settings"))
    }

    fn script(&self, action: Action) {
        TOKEN_PATHS.iter().for_each(|path| self.standin.script(Fault::always(path, action.clone())));
    }

    /// Whether the database takes the token.
    fn accepts(&self, token: &Token) -> bool {
        let url = format!("{}/restpp/graph/MyGraph/vertices/x", self.standin.gateway_url());
        let agent = ureq::Agent::new_with_defaults();
        agent.get(url).header("Authorization", token.header()).call().is_ok()
    }

    fn requests(&self) -> usize {
        self.standin.take_requests().iter().filter(|r| !r.path.contains("/graph/")).count()
    }

    /// The methods of the requests since the last look.
    fn methods(&self) -> Vec<String> {
        self.standin.take_requests().into_iter().map(|request| request.method).collect()
    }
}

/// Tokens that live so long are renewed from the middle of their life on.
fn connect_renewing_early(server: &Server, lifetime_s: i64) -> Arc<Connection> {
    let mut config = server.config(lifetime_s);
    config.set_token_lifetime(lifetime_s, lifetime_s / 2);
    Arc::new(Connection::new(&config).expect("good settings"))
}

/// The connection's first token, and a moment before its request. Servers before 4.1 tell times in whole
/// seconds, which make a short life shorter by half if one second ends while the server answers.
fn first_token(connection: &Connection) -> (Instant, Arc<Token>) {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    if since.subsec_millis() > 500 {
        sleep(Duration::from_millis(1000 - u64::from(since.subsec_millis())));
    }
    let began = Instant::now();
    (began, connection.authorization().expect("a first token"))
}

/// The same on both versions at once, for tests that mostly wait.
fn on_both(test: impl Fn(&'static str) + Sync) {
    std::thread::scope(|scope| VERSIONS.iter().for_each(|version| drop(scope.spawn(|| test(version)))));
}

/// Calls from so many threads that begin at one moment, with the time that each took.
fn together(connection: &Arc<Connection>, threads: usize) -> Vec<(Result<Arc<Token>>, Duration)> {
    let start = Arc::new(Barrier::new(threads));
    let callers: Vec<_> = (0..threads)
        .map(|_| {
            let (connection, start) = (connection.clone(), start.clone());
            let small = std::thread::Builder::new().stack_size(128 * 1024);
            small
                .spawn(move || {
                    start.wait();
                    let began = Instant::now();
                    (connection.authorization(), began.elapsed())
                })
                .expect("a thread")
        })
        .collect();
    callers.into_iter().map(|caller| caller.join().expect("a result")).collect()
}

fn reason(result: Result<Arc<Token>>) -> Reason {
    result.map(|_| ()).expect_err("no token").reason()
}

#[test]
fn a_fresh_token_costs_no_request() {
    for version in VERSIONS {
        let server = Server::start(version);
        let connection = server.connect(3600);
        let first = connection.authorization().expect(version);
        assert_eq!(server.requests(), 1, "{version}");
        for _ in 0..1000 {
            assert_eq!(connection.authorization().expect(version).value(), first.value());
        }
        assert_eq!(server.requests(), 0, "{version}");
        assert!(server.accepts(&first), "{version}");
        assert_eq!(connection.current_token().expect(version).value(), first.value());
    }
}

#[test]
fn many_threads_without_a_token_cause_one_request() {
    for (version, threads) in [("3.10", 64), ("4.2", 64), ("4.2", 1000)] {
        let server = Server::start(version);
        let connection = server.connect(3600);
        let results = together(&connection, threads);
        let first = results[0].0.as_ref().expect(version).value().to_owned();
        assert!(results.iter().all(|(token, _)| token.as_ref().is_ok_and(|token| token.value() == first)));
        assert_eq!(server.requests(), 1, "{version}");
    }
}

/// That a refusal is remembered for 30 s and no longer is simulated in `src/token/renewal/tests.rs`; here it is asked how
/// much of that is left.
#[test]
fn row_47_many_threads_share_a_refusal() {
    for (version, status, expected) in [
        ("3.10", 401, Reason::AuthBadSecret),
        ("3.10", 403, Reason::AuthRefused),
        ("4.2", 401, Reason::AuthBadSecret),
        ("4.2", 403, Reason::AuthRefused),
    ] {
        let server = Server::start(version);
        server.script(Action::reply(status, "{\"error\":true,\"message\":\"no\"}"));
        let connection = server.connect(3600);
        let results = together(&connection, 64);
        let told = |error: &Error| (error.reason(), error.message().to_owned());
        let first = told(results[0].0.as_ref().expect_err("refused"));
        assert_eq!(first.0, expected, "{version} {status}");
        assert!(results.iter().all(|(result, _)| told(result.as_ref().expect_err("refused")) == first));
        assert_eq!(server.requests(), 1);
        for (result, _) in together(&connection, 64) {
            let error = result.expect_err("stored");
            assert!(error.retry_after_ms().is_some_and(|ms| (20_000..=37_500).contains(&ms)), "{error:?}");
        }
        assert_eq!(server.requests(), 0);
        for _ in 0..2 {
            connection.get_token(None, 0, TokenOptions::default()).expect_err("asked for explicitly");
            assert_eq!(server.requests(), 1);
        }
        server.standin.clear_faults();
        connection.get_token(None, 0, TokenOptions::default()).expect("asked for explicitly");
        connection.authorization().expect("the refusal is forgotten");
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn row_41_a_short_lived_token_is_renewed_in_time_and_never_handed_out_dead() {
    on_both(|version| {
        let server = Server::start(version);
        let connection = server.connect(2);
        let until = Instant::now() + Duration::from_secs(7);
        let callers: Vec<_> = (0..16)
            .map(|_| {
                let connection = connection.clone();
                std::thread::spawn(move || {
                    while Instant::now() < until {
                        let token = connection.authorization().expect("a token");
                        let left = token.expires_at() - wall_clock();
                        assert!(left >= 0, "{left}");
                        sleep(Duration::from_millis(2));
                    }
                })
            })
            .collect();
        callers.into_iter().for_each(|caller| caller.join().expect("no failure"));
        // A window of 0.4 s: at most one request per 1.6 s.
        let requests = server.requests();
        assert!((3..=5).contains(&requests), "{version}: {requests}");
    });
}

#[test]
fn row_49_a_token_that_64_threads_reject_is_replaced_by_one_request() {
    for version in VERSIONS {
        let server = Server::start(version);
        let connection = server.connect(3600);
        let old = connection.authorization().expect(version);
        server.requests();
        let start = Arc::new(Barrier::new(64));
        let callers: Vec<_> = (0..64)
            .map(|_| {
                let (connection, start, old) = (connection.clone(), start.clone(), old.clone());
                std::thread::spawn(move || {
                    start.wait();
                    connection.reject_token(&old);
                    connection.authorization().expect("a new one").value().to_owned()
                })
            })
            .collect();
        let new: Vec<String> = callers.into_iter().map(|caller| caller.join().expect("a token")).collect();
        assert!(new.iter().all(|token| *token == new[0] && token != old.value()), "{version}");
        assert_eq!(server.requests(), 1, "{version}");
    }
}

#[test]
fn row_50_a_late_rejection_has_no_effect() {
    for version in VERSIONS {
        let server = Server::start(version);
        let connection = server.connect(3600);
        let old = connection.authorization().expect(version);
        connection.reject_token(&old);
        let new = connection.authorization().expect(version);
        server.requests();
        connection.reject_token(&old);
        assert_eq!(connection.authorization().expect(version).value(), new.value(), "{version}");
        assert_eq!(server.requests(), 0, "{version}");
    }
}

#[test]
fn row_48_fresh_tokens_that_are_all_rejected_end_the_asking() {
    let server = Server::start("4.2");
    let connection = server.connect(3600);
    for _ in 0..2 {
        let token = connection.authorization().expect("a token");
        connection.reject_token(&token);
    }
    let error = connection.authorization().expect_err("no third");
    assert_eq!(error.reason(), Reason::AuthBadToken);
    assert!(error.retry_after_ms().is_some_and(|ms| ms <= 30_000));
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_deleted_token_is_not_handed_out_again() {
    for version in VERSIONS {
        let server = Server::start(version);
        let connection = server.connect(3600);
        let old = connection.authorization().expect(version);
        connection.delete_token(None, Some(old.value()), false).expect(version);
        let new = connection.authorization().expect(version);
        assert_ne!(new.value(), old.value(), "{version}");
        assert!(server.accepts(&new) && !server.accepts(&old), "{version}");
    }
}

#[test]
fn a_renewal_asks_as_the_first_request_did() {
    for version in VERSIONS {
        let server = Server::start(version);
        let mut config = server.config(0);
        config.set_secret(None).set_password(Some(b"alice"), Some(b"opensesame"));
        let connection = Connection::new(&config).expect("good settings");
        connection.get_token(Some(&server.secret), 3, TokenOptions::default()).expect(version);
        let first = server.standin.take_requests();
        sleep(Duration::from_millis(3100));
        connection.authorization().expect(version);
        let renewal = server.standin.take_requests();
        assert_eq!((first.len(), renewal.len()), (1, 1), "{version}");
        assert_eq!((first[0].text(), &first[0].path), (renewal[0].text(), &renewal[0].path), "{version}");
        assert_eq!(renewal[0].header("authorization"), None, "{version}");
    }
}

#[test]
fn before_4_1_a_good_token_gets_a_longer_life() {
    let server = Server::start("3.10");
    let connection = server.connect(2);
    let old = connection.authorization().expect("a token");
    server.requests();
    sleep(Duration::from_millis(1750));
    connection.authorization().expect("renewed, now or beside");
    sleep(Duration::from_millis(150));
    let methods: Vec<String> = server.standin.take_requests().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["PUT"]);
    let new = connection.authorization().expect("a token");
    assert_eq!(new.value(), old.value());
    assert!(new.expires_at() > old.expires_at());
    connection.reject_token(&old);
    assert!(connection.current_token().is_ok(), "the rejection of the old life has no effect on the new one");
}

#[test]
fn given_tokens_are_honoured_and_not_renewed_without_a_login() {
    let server = Server::start("4.2");
    let by_hand = server.connect(2).get_token(None, 2, TokenOptions::default()).expect("a token");
    server.requests();
    let mut config = Config::new(server.standin.gateway_url());
    config.set_server_version(Some(b"4.2"));
    let mut jwt_login = config.clone();
    jwt_login.set_jwt(Some(by_hand.value().as_bytes()));
    config.set_api_token(Some(by_hand.value().as_bytes()));
    let connections = [&config, &jwt_login].map(|config| Connection::new(config).expect("good settings"));
    for connection in &connections {
        assert_eq!(connection.authorization().expect("as given").value(), by_hand.value());
    }
    for config in [&config, &jwt_login] {
        let connection = Connection::new(config).expect("good settings");
        connection.reject_token(&connection.authorization().expect("as given"));
        assert_eq!(reason(connection.authorization()), Reason::AuthBadToken);
    }
    sleep(Duration::from_millis(2100));
    for connection in &connections {
        assert_eq!(reason(connection.authorization()), Reason::AuthTokenExpired);
    }
    assert_eq!(server.requests(), 0);
    config.set_secret(Some(server.secret.as_bytes()));
    let connection = Connection::new(&config).expect("good settings");
    let renewed = connection.authorization().expect("the token has expired, the login renews it");
    assert!(renewed.value() != by_hand.value() && server.requests() == 1);
    let nothing = Connection::new(&Config::new(server.standin.gateway_url())).expect("good settings");
    assert_eq!(reason(nothing.authorization()), Reason::CredentialsNone);
}

#[test]
fn no_token_is_needed_where_authentication_is_off() {
    let server = Server::start("3.10");
    server.standin.set_auth_enabled(false);
    let connection = server.connect(3600);
    for _ in 0..3 {
        let token = connection.authorization().expect("none is needed");
        assert_eq!((token.value(), token.header()), ("", ""));
    }
    server.requests();
    server.standin.set_auth_enabled(true);
    let token = connection.authorization().expect("believed");
    assert_eq!(server.requests(), 0);
    connection.reject_token(&token);
    assert!(!connection.authorization().expect("asked again").value().is_empty());
}

#[test]
fn a_short_limit_of_one_caller_does_not_end_the_request_of_all() {
    let server = Server::start("4.2");
    let delay = Duration::from_millis(2500);
    server.script(Action::Delay(delay));
    let connection = server.connect(3600);
    let hasty = connection.another();
    hasty.set_timeout(500);
    let began = Instant::now();
    assert_eq!(reason(hasty.authorization()), Reason::TimeoutResponse);
    assert!(began.elapsed() < delay / 2);
    connection.authorization().expect("the same request");
    assert_eq!(server.requests(), 1);
}

#[test]
fn cancelling_and_freeing_leave_the_others_alone() {
    let server = Server::start("4.2");
    server.script(Action::Delay(Duration::from_millis(300)));
    let connection = server.connect(3600);
    let leader = Arc::new(connection.another());
    let asking = std::thread::spawn({
        let leader = leader.clone();
        move || leader.authorization()
    });
    sleep(Duration::from_millis(60));
    let waiting = std::thread::spawn({
        let connection = connection.clone();
        move || connection.authorization()
    });
    sleep(Duration::from_millis(60));
    leader.cancel();
    assert_eq!(reason(asking.join().expect("a result")), Reason::Cancelled);
    waiting.join().expect("a result").expect("not disturbed");
    assert_eq!(server.requests(), 1);
}

// ---------------------------------------------------------------------------------------------------------
// No token, and the server fails.

const PAGE: &str = "<html><body>no</body></html>";
const CODED: &str = "{\"error\":true,\"code\":\"REST-1\",\"message\":\"stand-in: something is wrong\"}";

/// A failure, what callers without a token are told, and how many requests that takes.
struct Failure {
    action: Action,
    reason: Reason,
    requests: usize,
}

fn failure(action: Action, reason: Reason, requests: usize) -> Failure {
    Failure { action, reason, requests }
}

impl Failure {
    /// The failure is stored and costs nothing more; who asks explicitly gets a token as soon as there is one.
    fn meet(&self, version: &'static str) {
        let server = Server::start(version);
        server.script(self.action.clone());
        let connection = server.connect(3600);
        let what = format!("{version}: {:?}", self.action);
        let error = connection.authorization().expect_err(&what);
        assert_eq!((error.reason(), server.requests()), (self.reason, self.requests), "{what}: {error:?}");
        let stored = connection.authorization().expect_err(&what);
        assert_eq!((stored.reason(), server.requests()), (self.reason, 0), "{what}: {stored:?}");
        assert!(stored.retry_after_ms().is_some_and(|ms| ms <= 3_600_000), "{what}: {stored:?}");
        server.standin.clear_faults();
        connection.get_token(None, 0, TokenOptions::default()).expect(&what);
        connection.authorization().expect(&what);
        assert_eq!(server.requests(), 1, "{what}");
    }
}

fn without_a_token(failures: &[Failure]) {
    std::thread::scope(|scope| {
        for version in VERSIONS {
            failures.iter().for_each(|failure| drop(scope.spawn(|| failure.meet(version))));
        }
    });
}

#[test]
fn row_51_no_endpoint() {
    let code = "{\"error\":true,\"code\":\"REST-1000\",\"message\":\"Endpoint is not found\"}";
    without_a_token(&[failure(Action::reply(404, PAGE), Reason::MissingEndpoint, 1)]);
    on_both(|version| {
        // What REST++ itself says: it manages no tokens, so that none is needed, if it wants none. From 4.1 on it was
        // not asked.
        let server = Server::start(version);
        server.script(Action::reply(404, code));
        let connection = server.connect(3600);
        assert_eq!(reason(connection.authorization()), Reason::MissingEndpoint, "{version}");
        server.requests();
        if version == "3.10" {
            server.standin.set_auth_enabled(false);
            let connection = server.connect(3600);
            for requests in [2, 0, 0] {
                assert_eq!(connection.authorization().expect(version).value(), "");
                assert_eq!(server.requests(), requests, "{version}");
            }
            server.standin.set_auth_enabled(true);
        }
        // Where nobody said what the server is: one question about that, then one way and the other.
        server.standin.clear_faults();
        server.script(Action::reply(404, PAGE));
        let mut config = server.config(3600);
        let connection = Connection::new(config.set_server_version(None)).expect("good settings");
        assert_eq!(reason(connection.authorization()), Reason::MissingEndpoint, "{version}");
        let paths: Vec<String> = server.standin.take_requests().into_iter().map(|request| request.path).collect();
        assert_eq!(paths, ["/gsql/v1/tokens/check", TOKEN_PATHS[0], TOKEN_PATHS[0]], "{version}");
    });
}

#[test]
fn row_52_request_timeout() {
    let action = Action::reply(408, PAGE).header("retry-after", "0");
    without_a_token(&[failure(action, Reason::UnavailableOverloaded, 3)]);
}

#[test]
fn row_53_a_wait_that_the_server_asks_for() {
    on_both(|version| {
        let server = Server::start(version);
        let throttled = || Action::reply(429, CODED).header("retry-after", "2");
        TOKEN_PATHS.iter().for_each(|path| server.standin.script(Fault::once(path, throttled())));
        let began = Instant::now();
        server.connect(3600).authorization().expect(version);
        assert!((2000..2500).contains(&began.elapsed().as_millis()), "{version}: {:?}", began.elapsed());
        assert_eq!(server.requests(), 2, "{version}");
        server.script(throttled());
        let mut config = server.config(3600);
        config.set_timeouts(0, 1000);
        let connection = Connection::new(&config).expect("good settings");
        let began = Instant::now();
        let error = connection.authorization().expect_err(version);
        assert_eq!(error.reason(), Reason::UnavailableRateLimited, "{version}");
        assert!(began.elapsed() < Duration::from_millis(500), "{version}: {:?}", began.elapsed());
        assert!(error.retry_after_ms().is_some_and(|ms| (1500..=2000).contains(&ms)), "{version}: {error:?}");
        assert_eq!(server.requests(), 1, "{version}");
        assert_eq!(reason(connection.authorization()), Reason::UnavailableRateLimited, "{version}");
        assert_eq!(server.requests(), 0, "{version}");
    });
}

#[test]
fn row_54_a_wait_that_is_too_long() {
    let failures = ["86400", "1000000000", "Wed, 21 Oct 2099 07:28:00 GMT"]
        .map(|wait| failure(Action::reply(429, CODED).header("retry-after", wait), Reason::UnavailableRateLimited, 1));
    without_a_token(&failures);
    let server = Server::start("4.2");
    server.script(failures[0].action.clone());
    let connection = server.connect(3600);
    let first = connection.authorization().expect_err("throttled").retry_after_ms();
    assert!(first.is_some_and(|ms| ms > 3_590_000 && ms <= 3_600_000), "an hour, not a day: {first:?}");
}

#[test]
fn row_55_throttled_without_a_wait() {
    without_a_token(&[
        failure(Action::reply(429, PAGE), Reason::UnavailableRateLimited, 3),
        failure(Action::reply(503, CODED), Reason::UnavailableOverloaded, 3),
    ]);
}

#[test]
fn row_56_server_errors() {
    without_a_token(&[
        failure(Action::reply(500, CODED), Reason::ServerError, 1),
        failure(Action::reply(500, PAGE), Reason::ServerError, 2),
    ]);
}

#[test]
fn row_57_gateways() {
    let starting = "<html>Starting workspace</html>";
    without_a_token(&[
        failure(Action::reply(502, PAGE), Reason::UnavailableGateway, 2),
        failure(Action::reply(503, PAGE).header("retry-after", "0"), Reason::UnavailableGateway, 3),
        failure(Action::reply(504, PAGE), Reason::UnavailableGateway, 2),
        failure(Action::reply(502, starting), Reason::UnavailableStarting, 2),
    ]);
}

/// Of calls that meet every row of three coin tosses equally often, those that meet three failures fail.
#[test]
fn row_58_half_of_the_requests() {
    on_both(|version| {
        let server = Server::start(version);
        // How many requests fail before one succeeds, or the call gives up after three.
        let calls = [0, 0, 1, 3, 0, 2, 1, 0];
        let (mut good, failing) = (0, Action::reply(503, PAGE).header("retry-after", "0"));
        for failures in calls {
            for path in TOKEN_PATHS {
                server.standin.script(Fault::once(path, failing.clone()).times(failures));
            }
            good += usize::from(server.connect(3600).authorization().is_ok());
        }
        assert_eq!((good, server.requests()), (7, 14), "{version}");
        let connection = server.connect(3600);
        let held = connection.authorization().expect(version);
        server.script(failing.clone());
        (0..100).for_each(|_| assert_eq!(connection.authorization().expect(version).value(), held.value()));
    });
}

/// An hour of this is simulated in `src/token/renewal/tests.rs`; here it is the first seconds of it.
#[test]
fn rows_59_and_60_an_outage_and_its_end() {
    for (version, down) in [("3.10", Action::CloseBeforeReply), ("4.2", Action::reply(502, PAGE))] {
        let server = Server::start(version);
        server.script(down);
        let connection = server.connect(3600);
        let until = Instant::now() + Duration::from_millis(3000);
        let failed = |connection: &Connection| {
            while Instant::now() < until {
                connection.authorization().expect_err("nobody is there");
                sleep(Duration::from_millis(5));
            }
        };
        std::thread::scope(|scope| (0..64).for_each(|_| drop(scope.spawn(|| failed(&connection)))));
        // At 0, 0.5, 1.5 s and, if the waits are short, once more before 3 s; two requests each.
        let requests = server.requests();
        assert!((6..=8).contains(&requests), "{version}: {requests}");
        server.standin.clear_faults();
        let (back, longest) = (Instant::now(), Duration::from_millis(5500));
        while connection.authorization().is_err() {
            assert!(back.elapsed() < longest, "{version}: no token again");
            sleep(Duration::from_millis(5));
        }
        assert_eq!(server.requests(), 1, "{version}");
    }
}

/// The same where nothing listens: row 5, and row 62 where what listens is not to be trusted.
#[test]
fn rows_5_60_and_62_a_server_that_is_gone_and_comes_back() {
    for tls in [false, true] {
        let options = |port| {
            let options = Options { gateway_port: port, ..Options::new("4.2") };
            if tls { options.with_tls(Tls::self_signed()) } else { options }
        };
        let first = Standin::start(options(0)).expect("a stand-in");
        let mut config = Config::new(first.gateway_url());
        config.set_password(Some(b"alice"), Some(b"opensesame")).set_server_version(Some(b"4.2"));
        let ca_pem = first.ca_pem();
        config.set_ca_pem(ca_pem.as_deref().map(str::as_bytes)).set_token_lifetime(4, 2);
        let connection = Connection::new(&config).expect("good settings");
        let began = Instant::now();
        let held = connection.authorization().expect("a token");
        let port = first.gateway_port();
        // Nobody else gets them meanwhile.
        let _ports = first.stop();
        // Another certificate, or nobody.
        let stranger = tls.then(|| Standin::start(options(port)).expect("the same port"));
        // A result that came in time is judged, however late this thread runs.
        loop {
            let result = connection.authorization();
            if began.elapsed() >= Duration::from_millis(3800) {
                break;
            }
            assert_eq!(result.expect("held").value(), held.value());
            sleep(Duration::from_millis(5));
        }
        sleep(Duration::from_millis(500));
        let expected = if tls { Reason::TlsUnknownIssuer } else { Reason::ConnectRefused };
        assert_eq!(reason(connection.authorization()), expected);
        drop(stranger);
        if tls {
            continue;
        }
        let _back = Standin::start(options(port)).expect("the same port");
        let back = Instant::now();
        while connection.authorization().is_err() {
            assert!(back.elapsed() < Duration::from_secs(30), "no token again");
            sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn row_40_tokens_that_have_expired_on_arrival() {
    let expired = "{\"error\":false,\"token\":\"expired-token-0123\",\"expiration\":1500000000}";
    std::thread::scope(|scope| {
        for version in VERSIONS {
            scope.spawn(move || {
                let server = Server::start(version);
                server.script(Action::reply(200, expired));
                let connection = server.connect(3600);
                let until = Instant::now() + Duration::from_secs(10);
                let hammer = |connection: &Connection| {
                    while Instant::now() < until {
                        assert_eq!(reason(connection.authorization()), Reason::ProtocolShape);
                        sleep(Duration::from_millis(5));
                    }
                };
                std::thread::scope(|scope| (0..64).for_each(|_| drop(scope.spawn(|| hammer(&connection)))));
                let requests = server.requests();
                assert!((2..=6).contains(&requests), "{version}: {requests}");
            });
        }
    });
}

// ---------------------------------------------------------------------------------------------------------
// A token is held, and its renewal fails.

/// Rows of the matrix whose fault is one answer, or the lack of one. Faults on the way to a server (names,
/// routes, certificates, proxies) end the same request in the same place; row 5 and row 62 stand for them.
fn faults_of_renewals() -> Vec<(u32, Action)> {
    const OK: &str = "HTTP/1.1 200 OK\r\n";
    let raw = |text: &str| Action::RawBytes([OK, text].concat().into_bytes());
    let good = "Content-Length: 2\r\n\r\n{}";
    let slow = |bytes: String| Action::Drip(bytes.into_bytes(), Duration::from_millis(200));
    let endless = |start: &str, more: &str| Action::Flood([OK, start].concat().into_bytes(), more.as_bytes().to_vec());
    let now = wall_clock();
    let ok = |body: &str| Action::reply(200, body);
    let elsewhere = |status| Action::reply(status, PAGE).header("location", "http://127.0.0.1:9/");
    let throttled = |status, wait: &str| Action::reply(status, CODED).header("retry-after", wait);
    vec![
        (12, Action::Hang),
        (13, Action::ResetBeforeReply),
        (14, Action::CloseBeforeReply),
        (17, raw("Content-Le")),
        (18, Action::TruncateBody),
        (18, Action::CloseAfterProcessing),
        (19, raw("Transfer-Encoding: chunked\r\n\r\n8000000000000000\r\n{}")),
        (20, raw("Content-Type: application/json\r\n\r\n{\"error\":fal")),
        (21, raw("Content-Length: 99\r\n\r\n{\"error\":false}")),
        (23, raw("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}")),
        (23, raw("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}")),
        (24, raw("Content-Length: -2\r\n\r\n{}")),
        (25, endless("", "X-More: of the same\r\n")),
        (26, Action::Flood(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())),
        (27, endless("Content-Length: 1073741824\r\n\r\n", "no end of it")),
        (28, raw(&format!("Content-Encoding: gzip\r\n{good}"))),
        (29, slow([OK, good].concat())),
        (30, slow("never ends at this pace".repeat(10))),
        (32, ok(&"[".repeat(100_000))),
        (33, ok("{\"error\":false,\"token\":5}")),
        (34, ok("{\"error\":false,\"token\":\"with a space\"}")),
        (34, ok("{\"error\":false}")),
        (35, ok("{\"error\":false,\"token\":\"abcdefgh0123\",\"expiration\":-7}")),
        (36, ok("{\"error\":false,\"token\":\"abcdefgh0123\",\"token\":\"abcdefgh4567\"}")),
        (37, raw("Content-Length: 2\r\n\r\n\u{fffd}")),
        (38, ok(PAGE)),
        (39, ok("{\"error\":true,\"code\":\"REST-1\",\"message\":\"no\"}")),
        (40, ok(&format!("{{\"error\":false,\"token\":\"abcdefgh0123\",\"expiration\":{}}}", now - 60))),
        (43, Action::reply(204, "")),
        (43, Action::reply(304, "")),
        (44, elsewhere(302)),
        (45, elsewhere(307)),
        (46, Action::reply(400, CODED)),
        (47, Action::reply(401, "{\"error\":true,\"message\":\"no\"}")),
        (47, Action::reply(403, "{\"error\":true,\"message\":\"no\"}")),
        (51, Action::reply(404, PAGE)),
        (52, Action::reply(408, PAGE)),
        (53, throttled(429, "2")),
        (54, throttled(429, "86400")),
        (55, Action::reply(429, PAGE)),
        (55, Action::reply(503, CODED)),
        (56, Action::reply(500, CODED)),
        (56, Action::reply(500, PAGE)),
        (57, Action::reply(502, PAGE)),
        (57, Action::reply(504, PAGE)),
    ]
}

/// A token of 10 s, renewed from its middle on, is handed out until its very end, whatever comes back.
fn is_held(version: &'static str, row: u32, action: &Action) {
    let server = Server::start(version);
    for path in TOKEN_PATHS {
        server.standin.script(Fault::always(path, action.clone()).skip(1));
    }
    let connection = connect_renewing_early(&server, 10);
    let (began, first) = first_token(&connection);
    // In the last part of the window callers wait for the renewal, up to their own limit.
    connection.set_timeout(100);
    loop {
        let result = connection.authorization();
        // Only now, so that a result which came in time is judged, however late this thread runs.
        if began.elapsed() >= Duration::from_millis(9500) {
            break;
        }
        let token = result.unwrap_or_else(|error| panic!("row {row}, {version}: {error:?}"));
        assert_eq!(token.value(), first.value(), "row {row}, {version}");
        sleep(Duration::from_millis(20));
    }
    assert!(server.requests() > 1, "row {row}, {version}: nothing was tried");
}

#[test]
fn rows_12_to_57_a_token_is_held_whatever_its_renewal_meets() {
    let faults = faults_of_renewals();
    // One version after the other: no more than 64 connections of a process renew at once.
    for version in VERSIONS {
        std::thread::scope(|scope| {
            faults.iter().for_each(|(row, action)| drop(scope.spawn(move || is_held(version, *row, action))));
        });
    }
}

#[test]
fn row_42_the_same_token_again_is_asked_for_at_a_measured_pace() {
    let server = Server::start("3.10");
    let connection = connect_renewing_early(&server, 4);
    let (began, first) = first_token(&connection);
    server.requests();
    let end = first.expires_at();
    let same = format!("{{\"error\":false,\"token\":\"{}\",\"expiration\":{end}}}", first.value());
    server.script(Action::reply(200, &same));
    let ask = |connection: &Connection| {
        while began.elapsed() < Duration::from_millis(3500) {
            assert_eq!(connection.authorization().expect("held").value(), first.value());
            sleep(Duration::from_millis(5));
        }
    };
    std::thread::scope(|scope| (0..16).for_each(|_| drop(scope.spawn(|| ask(&connection)))));
    // From 2.0 or 2.4 s on, with 0.75 s or more between them.
    let methods = server.methods();
    assert!((1..=3).contains(&methods.len()) && methods.iter().all(|method| method == "PUT"), "{methods:?}");
}

// ---------------------------------------------------------------------------------------------------------
// Clocks.

/// Tokens of 2 s are renewed 1.6 to 1.68 s after their request, wherever the server's clock stands.
fn is_renewed_in_time(version: &'static str, first_offset: i64, offset: i64) {
    let server = Server::start(version);
    server.standin.set_clock_offset(first_offset);
    let connection = server.connect(2);
    let (began, _) = first_token(&connection);
    server.standin.set_clock_offset(offset);
    server.requests();
    loop {
        connection.authorization().expect(version);
        let (requests, after) = (server.requests(), began.elapsed());
        assert!(requests == 0 || after >= Duration::from_millis(1600), "{version}: too early, {after:?}");
        if requests > 0 {
            return;
        }
        assert!(after < Duration::from_millis(2000), "{version}: too late");
        sleep(Duration::from_millis(5));
    }
}

const DAY: i64 = 86_400;

#[test]
fn row_72_a_clock_that_is_set_between_calls() {
    for offset in [-3650 * DAY, 3650 * DAY] {
        on_both(|version| is_renewed_in_time(version, 0, offset));
    }
}

#[test]
fn row_73_a_clock_that_is_set_during_a_call() {
    on_both(|version| {
        let server = Server::start(version);
        server.script(Action::Delay(Duration::from_millis(400)));
        let mut config = server.config(2);
        config.set_timeouts(0, 600);
        let connection = Connection::new(&config).expect("good settings");
        let began = Instant::now();
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| connection.authorization());
            sleep(Duration::from_millis(200));
            server.standin.set_clock_offset(3650 * DAY);
            asking.join().expect("a result").expect(version);
        });
        assert!(began.elapsed() < Duration::from_millis(600), "{version}: {:?}", began.elapsed());
        server.requests();
        sleep(Duration::from_millis(1300).saturating_sub(began.elapsed()));
        connection.authorization().expect(version);
        assert_eq!(server.requests(), 0, "{version}: its life is as long as ever");
    });
}

#[test]
fn row_75_a_server_whose_clock_is_wrong_by_a_day() {
    for offset in [-DAY, DAY] {
        on_both(|version| {
            is_renewed_in_time(version, offset, offset);
            let server = Server::start(version);
            server.standin.set_clock_offset(offset);
            let token = server.connect(2).authorization().expect(version);
            assert!((token.expires_at() - wall_clock() - offset).abs() <= 3, "{version}: the server's own time");
        });
    }
}

// ---------------------------------------------------------------------------------------------------------
// Crowds, and the ways of a renewal.

/// Calls from as many threads as the machine allows, all begun before the first may go on.
fn crowd(connection: &Arc<Connection>, wanted: usize) -> Vec<Result<Arc<Token>>> {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let start = |_| {
        let (connection, gate) = (connection.clone(), gate.clone());
        let wait_and_ask = move || {
            let open = gate.0.lock().expect("no panic");
            drop(gate.1.wait_while(open, |open| !*open).expect("no panic"));
            connection.authorization()
        };
        std::thread::Builder::new().stack_size(128 * 1024).spawn(wait_and_ask).ok()
    };
    let callers: Vec<_> = (0..wanted).map_while(start).collect();
    *gate.0.lock().expect("no panic") = true;
    gate.1.notify_all();
    callers.into_iter().map(|caller| caller.join().expect("a result")).collect()
}

#[test]
fn row_78_ten_thousand_threads() {
    const WANTED: usize = 10_000;
    let _alone = CALM.write().unwrap_or_else(PoisonError::into_inner);
    let server = Server::start_amid_a_crowd("4.2");
    let connection = server.connect(3600);
    let results = crowd(&connection, WANTED);
    println!("{} of {WANTED} threads could be started", results.len());
    assert!(results.len() >= 1000, "a machine that runs tests has room for more threads");
    let first = results[0].as_ref().expect("a token").value().to_owned();
    assert!(results.iter().all(|token| token.as_ref().is_ok_and(|token| token.value() == first)));
    assert_eq!(server.requests(), 1);
    assert!(crowd(&connection, 1000).iter().all(Result::is_ok));
    assert_eq!(server.requests(), 0, "held");
}

/// Asks until there is another token. Whoever asks while it is got has the old one, and no failure.
fn renewed_beside(connection: &Connection, old: &Token) -> Arc<Token> {
    let began = Instant::now();
    loop {
        let token = connection.authorization().expect("the old token, or the new one");
        if token.value() != old.value() {
            return token;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "no new token");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn row_88_a_renewal_of_a_token_that_the_server_does_not_take() {
    const EXPIRED: &str = "{\"error\":true,\"code\":\"REST-10019\",\"message\":\"stand-in: expired\"}";
    type End = fn(&Standin);
    let forget: End = |server| server.with_state(|state| state.tokens.clear());
    let refuse: End = |server| server.script(Fault::always(TOKEN_PATHS[0], Action::reply(401, EXPIRED)).method("PUT"));
    for (end, told) in [(forget, Reason::AuthBadToken), (refuse, Reason::AuthTokenExpired)] {
        let server = Server::start("3.10");
        let connection = connect_renewing_early(&server, 4);
        let (_, old) = first_token(&connection);
        server.requests();
        end(&server.standin);
        let new = renewed_beside(&connection, &old);
        assert_eq!(server.methods(), ["PUT", "POST"]);
        assert!(server.accepts(&new));
        server.requests();
        let refreshed = connection.refresh_token(None, Some(old.value()), 0, RefreshOptions::default());
        assert_eq!((reason(refreshed), server.requests()), (told, 1));
    }
}

#[test]
fn row_89_a_refresh_that_gives_another_token() {
    let server = Server::start("3.10");
    let connection = connect_renewing_early(&server, 4);
    let (_, old) = first_token(&connection);
    server.requests();
    let another =
        format!("{{\"error\":false,\"token\":\"another-token-0123\",\"expiration\":{}}}", wall_clock() + 3600);
    TOKEN_PATHS.iter().for_each(|path| server.standin.script(Fault::always(path, Action::reply(200, &another))));
    let new = renewed_beside(&connection, &old);
    assert_eq!(server.methods(), ["PUT"]);
    assert_eq!((new.value(), connection.current_token().expect("held").value()), ("another-token-0123", new.value()));
}

/// Callers that come one after the other, from the start of the request to shortly before its end.
fn joining(connection: &Arc<Connection>, last: Duration) -> Vec<(Result<Arc<Token>>, Duration)> {
    let began = Instant::now();
    let callers: Vec<_> = (0..64u32)
        .map(|number| {
            let connection = connection.clone();
            std::thread::spawn(move || {
                sleep(last * number / 63);
                (connection.authorization(), began.elapsed())
            })
        })
        .collect();
    callers.into_iter().map(|caller| caller.join().expect("a result")).collect()
}

#[test]
fn row_100_an_answer_about_the_time_of_the_limit() {
    const LIMIT: Duration = Duration::from_millis(3000);
    on_both(|version| {
        for (delay, is_late) in [(2850, false), (3300, true)] {
            let server = Server::start(version);
            server.script(Action::Delay(Duration::from_millis(delay)));
            let mut config = server.config(3600);
            config.set_timeouts(0, u32::try_from(LIMIT.as_millis()).expect("small"));
            let connection = Arc::new(Connection::new(&config).expect("good settings"));
            for (result, ended) in joining(&connection, Duration::from_millis(2800)) {
                if is_late {
                    assert_eq!(reason(result), Reason::TimeoutResponse, "{version}");
                    assert!(ended >= LIMIT - Duration::from_millis(50), "{version}: {ended:?}");
                    assert!(ended < LIMIT + Duration::from_millis(250), "{version}: {ended:?}");
                } else {
                    result.expect(version);
                    assert!(ended < LIMIT, "{version}: {ended:?}");
                }
            }
            assert_eq!(server.requests(), 1, "{version}");
        }
    });
}

/// As in Node.js, whose functions run on the thread that waits for the call.
#[test]
fn a_log_function_that_waits_for_the_caller_is_named_as_the_cause() {
    let server = Server::start("4.2");
    let may_return = Arc::new((Mutex::new(false), Condvar::new()));
    let target = {
        let may_return = may_return.clone();
        move |_: Level, _: &str| {
            let returns = may_return.0.lock().expect("a lock");
            drop(may_return.1.wait_while(returns, |returns| !*returns).expect("a lock"));
        }
    };
    let mut config = server.config(0);
    config.set_timeouts(0, 300).set_log(Some(Logger::new(Level::Debug as i32, Arc::new(target))));
    let connection = Connection::new(&config).expect("good settings");
    let error = connection.authorization().expect_err("the log function has not returned");
    assert_eq!(error.reason(), Reason::TimeoutResponse);
    assert!(error.hint().contains("an asynchronous call"), "{}", error.hint());
    *may_return.0.lock().expect("a lock") = true;
    may_return.1.notify_all();

    // With a log function that is not the cause.
    server.script(Action::Hang);
    config.set_log(Some(Logger::new(Level::Debug as i32, Arc::new(|_: Level, _: &str| {}))));
    let connection = Connection::new(&config).expect("good settings");
    let error = connection.authorization().expect_err("the server does not answer");
    assert_eq!((error.reason(), error.hint()), (Reason::TimeoutResponse, Reason::TimeoutResponse.hint()));
}
