//! The counters of a report, against what the server counted.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tigergraph_auth::{Config, Connection, Reason, Request, Server, TokenOptions};
use tigergraph_standin::{Action, ClosedPort, Fault, Options, Standin};

const VERSIONS: [&str; 3] = ["3.4", "3.10", "4.2"];

struct Stage {
    server: Standin,
    connection: Connection,
}

fn stage(version: &str) -> Stage {
    let server = Standin::start(Options::new(version)).expect("a stand-in");
    let secret = server.add_secret("alice", "MyGraph", "mine");
    let mut config = Config::new(server.gateway_url());
    config.set_graph(Some(b"MyGraph")).set_secret(Some(secret.as_bytes()));
    Stage { connection: Connection::new(&config).expect("a connection"), server }
}

fn counters(connection: &Connection) -> Value {
    let report = connection.diagnose(true).expect("a report");
    let json: Value = serde_json::from_str(&report.json()).expect("JSON");
    let text = report.text();
    let (_, told) = text.split_once("\nCounters\n").expect("the counters");
    let told: serde_json::Map<String, Value> = told
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .map(|words| (words[0].to_owned(), json!(words[1].parse::<u64>().expect("a number"))))
        .collect();
    assert_eq!(Value::Object(told), json["counters"], "{text}");
    json["counters"].clone()
}

impl Stage {
    /// The counts, of which that of requests is what the server counted.
    fn counters(&self) -> Value {
        let counters = counters(&self.connection);
        assert_eq!(counters["requests"], json!(self.server.requests().len()));
        counters
    }

    /// How often each of these is: tokens, renewals, failed renewals, rejected, waited.
    fn assert(&self, expected: [u64; 5], when: &str) {
        let counters = self.counters();
        let names = ["tokens", "renewals", "failed_renewals", "rejected", "waited"];
        let found = names.map(|name| counters[name].as_u64().expect("a count"));
        assert_eq!(found, expected, "{names:?} {when}");
        assert_eq!(counters["cache_hits"], json!(0));
    }
}

#[test]
fn they_say_what_the_server_saw() {
    for version in VERSIONS {
        let stage = stage(version);
        let connection = &stage.connection;
        stage.assert([0, 0, 0, 0, 0], "before anything");
        let token = connection.authorization().expect("a token");
        stage.assert([1, 1, 0, 0, 1], "after the first token");
        for _ in 0..1000 {
            connection.authorization().expect("a token");
        }
        connection.server_version().expect("the version");
        connection.get_secrets(None).map(drop).unwrap_or_default();
        stage.assert([1, 1, 0, 0, 1], "after what needs no other");
        let own = TokenOptions { keep_current: true, global: false };
        connection.get_token(None, 0, own).expect("a token");
        stage.assert([2, 1, 0, 0, 1], "after one that is not the connection's");
        connection.reject_token(&token);
        connection.reject_token(&token);
        stage.assert([2, 1, 0, 1, 1], "after a rejection, which counts once");
        connection.authorization().expect("a token");
        stage.assert([3, 2, 0, 1, 2], "after the next one");
        assert_eq!(counters(&connection.another()), stage.counters(), "all handles together");
    }
}

#[test]
fn a_failed_renewal_counts_with_its_requests() {
    let stage = stage("4.2");
    stage.server.script(Fault::always("/gsql/v1/tokens", Action::reply(503, "{}").header("Retry-After", "0")));
    let error = stage.connection.authorization().expect_err("no token");
    assert_eq!(error.http_status(), 503);
    assert!(stage.server.requests().len() > 1);
    stage.assert([0, 0, 1, 0, 1], "after a failure");
    stage.server.clear_faults();
}

#[test]
fn what_was_never_sent_is_no_request() {
    let closed = ClosedPort::new().expect("a port");
    let mut config = Config::new(format!("http://{}", closed.address()));
    config.set_secret(Some(b"canarycanarycanary"));
    let connection = Connection::new(&config).expect("a connection");
    assert_eq!(connection.authorization().expect_err("nobody").reason(), Reason::ConnectRefused);
    let expected = json!({
        "requests": 0, "tokens": 0, "renewals": 0, "failed_renewals": 1, "rejected": 0, "waited": 1, "cache_hits": 0
    });
    assert_eq!(counters(&connection), expected);
}

#[test]
fn without_authentication_nothing_is_renewed_and_nothing_fails() {
    let stage = stage("3.10");
    stage.server.set_auth_enabled(false);
    assert_eq!(stage.connection.authorization().expect("none is needed").value(), "");
    stage.assert([0, 0, 0, 0, 1], "without authentication");
}

#[test]
fn a_refused_token_counts_and_so_do_those_who_wait() {
    for version in ["3.10", "4.2"] {
        let stage = stage(version);
        let send = || {
            let request = Request::new(Some(b"GET"), Some(Server::Restpp), Some(b"/query/MyGraph/q"));
            stage.connection.send(&request).expect("an answer").http_status
        };
        assert_eq!(send(), 200);
        stage.server.expire_tokens();
        assert_eq!(send(), 200);
        stage.assert([2, 2, 0, 1, 2], "after a refused token");
    }
}

#[test]
fn each_call_that_waits_counts() {
    for version in VERSIONS {
        let (stage, barrier) = (stage(version), Barrier::new(8));
        stage.server.script(Fault::always("", Action::Delay(Duration::from_millis(100))));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    stage.connection.authorization().expect("a token");
                });
            }
        });
        stage.assert([1, 1, 0, 0, 8], "after one token for all");
    }
}

#[test]
fn several_servers_count_together() {
    let (first, second) = (Standin::start(Options::new("4.2")), Standin::start(Options::new("4.2")));
    let (first, second) = (first.expect("a stand-in"), second.expect("a stand-in"));
    let mut config = Config::new(format!("{},{}", first.gateway_url(), second.gateway_url()));
    config.set_password(Some(b"alice"), Some(b"opensesame"));
    let connection = Connection::new(&config).expect("a connection");
    connection.get_secrets(None).expect("secrets");
    let asked = first.requests().len();
    let _ports = first.stop();
    connection.get_secrets(None).expect("secrets");
    assert_eq!(counters(&connection)["requests"], json!(asked + second.requests().len()));
}
