//! Managed tokens against the stand-in, with real threads and real time: requests are counted by the server.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use tigergraph_auth::token::Token;
use tigergraph_auth::{Config, Connection, Error, Reason, Result, TokenOptions};
use tigergraph_standin::{Action, Fault, Options, Standin};

const VERSIONS: [&str; 2] = ["3.10", "4.2"];
const TOKEN_PATHS: [&str; 2] = ["/restpp/requesttoken", "/gsql/v1/tokens"];

struct Server {
    standin: Standin,
    secret: String,
    version: &'static str,
}

impl Server {
    fn start(version: &'static str) -> Server {
        let standin = Standin::start(Options::new(version)).expect("a stand-in");
        let secret = standin.add_secret("alice", "MyGraph", "mine");
        Server { standin, secret, version }
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

#[test]
fn many_threads_share_a_failure() {
    let server = Server::start("4.2");
    server.script(Action::reply(401, "{\"error\":true,\"message\":\"no\"}"));
    let connection = server.connect(3600);
    let results = together(&connection, 64);
    let told = |error: &Error| (error.reason(), error.message().to_owned());
    let first = told(results[0].0.as_ref().expect_err("refused"));
    assert_eq!(first.0, Reason::AuthBadSecret);
    assert!(results.iter().all(|(result, _)| told(result.as_ref().expect_err("refused")) == first));
    assert_eq!(server.requests(), 1);
    let error = connection.authorization().expect_err("stored");
    assert!(error.retry_after_ms().is_some_and(|ms| (20_000..=37_500).contains(&ms)), "{error:?}");
    assert_eq!(server.requests(), 0);
    server.standin.clear_faults();
    connection.get_token(None, 0, TokenOptions::default()).expect("asked for explicitly");
    connection.authorization().expect("the refusal is forgotten");
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_token_is_renewed_in_time_and_never_handed_out_dead() {
    for version in VERSIONS {
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
                        std::thread::sleep(Duration::from_millis(2));
                    }
                })
            })
            .collect();
        callers.into_iter().for_each(|caller| caller.join().expect("no failure"));
        // A window of 0.4 s: at most one request per 1.6 s.
        let requests = server.requests();
        assert!((3..=6).contains(&requests), "{version}: {requests}");
    }
}

fn wall_clock() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs() as i64
}

#[test]
fn an_outage_is_not_noticed_while_the_token_is_good() {
    for version in VERSIONS {
        let server = Server::start(version);
        let connection = server.connect(4);
        let first = connection.authorization().expect(version);
        for fault in [Action::CloseBeforeReply, Action::reply(503, "<html>"), Action::reply(401, "{\"error\":true}")] {
            server.script(fault);
        }
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(3700) {
            assert_eq!(connection.authorization().expect(version).value(), first.value());
            std::thread::sleep(Duration::from_millis(5));
        }
        server.standin.clear_faults();
        std::thread::sleep(Duration::from_millis(1500));
        assert!(connection.authorization().is_ok(), "{version}");
    }
}

#[test]
fn a_rejected_token_is_replaced_by_one_request() {
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
        connection.reject_token(&old);
        assert_eq!(connection.authorization().expect(version).value(), new[0], "a late rejection has no effect");
        assert_eq!(server.requests(), 0, "{version}");
    }
}

#[test]
fn fresh_tokens_that_are_all_rejected_end_the_asking() {
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
        std::thread::sleep(Duration::from_millis(3100));
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
    std::thread::sleep(Duration::from_millis(1750));
    connection.authorization().expect("renewed, now or beside");
    std::thread::sleep(Duration::from_millis(150));
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
    std::thread::sleep(Duration::from_millis(2100));
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
    server.script(Action::Delay(Duration::from_millis(400)));
    let connection = server.connect(3600);
    let hasty = connection.another();
    hasty.set_timeout(100);
    let began = Instant::now();
    assert_eq!(reason(hasty.authorization()), Reason::TimeoutResponse);
    assert!(began.elapsed() < Duration::from_millis(200));
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
    std::thread::sleep(Duration::from_millis(60));
    let waiting = std::thread::spawn({
        let connection = connection.clone();
        move || connection.authorization()
    });
    std::thread::sleep(Duration::from_millis(60));
    leader.cancel();
    assert_eq!(reason(asking.join().expect("a result")), Reason::Cancelled);
    waiting.join().expect("a result").expect("not disturbed");
    assert_eq!(server.requests(), 1);
}
