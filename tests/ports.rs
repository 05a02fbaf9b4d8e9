//! Ports that variables give: those of other tools' examples, where the server has others.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use tigergraph_auth::log::{Level, Logger};
use tigergraph_auth::unversioned::deadline::Deadline;
use tigergraph_auth::unversioned::http::{Answer, Http, Request};
use tigergraph_auth::{Config, Connection, Error, Reason, Result, Server, TokenOptions};

/// A server of 4.2 that listens at some bases of addresses, and the bases that were asked.
#[derive(Debug, Default)]
struct Network {
    open: Mutex<BTreeSet<&'static str>>,
    asked: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct Carrier(Arc<Network>);

const CHECK: &str = r#"{"error": true, "message": "empty token"}"#;
const TOKEN: &str = r#"{"error": false, "token": "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.x"}"#;
const OLD_TOKEN: &str = r#"{"error": false, "token": "abcdefghijklmnopqrstuvwxyz012345", "expiration": 4102444800}"#;
const VERSION: &str = r#"{"error": false, "message": "TigerGraph RESTPP:\n --- Version ---\nproduct release_4.2.1"}"#;

impl Http for Carrier {
    fn exchange(&self, request: &Request, _: &Rc<Deadline>) -> Result<Answer> {
        let url = request.url.reveal();
        let (status, body) = match url {
            _ if url.ends_with("/gsql/v1/tokens/check") => (400, CHECK),
            _ if url.ends_with("/gsql/v1/tokens") => (200, TOKEN),
            _ if url.ends_with("/version") => (200, VERSION),
            _ if url.ends_with("/requesttoken") && request.method.name() == "GET" => (404, ""),
            _ if url.ends_with("/requesttoken") => (200, OLD_TOKEN),
            _ => panic!("{url}"),
        };
        let base = url.trim_start_matches("http://").trim_start_matches("localhost:");
        let base = base.split("/gsql/").next().unwrap_or_default();
        let base = base.trim_end_matches("/version").trim_end_matches("/requesttoken");
        self.0.asked.lock().expect("the bases").push(base.to_owned());
        let port = base.split('/').next().unwrap_or_default();
        // A server from 4.1 on has REST++ below its gateway alone.
        if !self.0.open.lock().expect("the ports").contains(port) {
            return Err(Error::new(Reason::ConnectRefused, "nothing listens there"));
        }
        let body = tigergraph_auth::unversioned::hidden::Wiped::new(body.as_bytes().to_vec());
        Ok(Answer::new(status, body))
    }
}

struct World {
    network: Arc<Network>,
    connection: Connection,
    warnings: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn new(open: &[&'static str], variables: &'static [(&str, &str)]) -> World {
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let (network, seen) = (Arc::new(Network::default()), warnings.clone());
        network.open.lock().expect("the ports").extend(open);
        let mut config = Config::without_host();
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.as_bytes().to_vec())
        };
        config.set_secret(Some(b"mysecret")).load_from(&lookup);
        let log = move |_: Level, message: &str| seen.lock().expect("the warnings").push(message.to_owned());
        config.set_log(Some(Logger::new(Level::Warn as i32, Arc::new(log))));
        let settings = config.validate().expect("good settings");
        let connection = Connection::with_http(settings, Box::new(Carrier(network.clone())));
        World { network, connection, warnings }
    }

    /// What was asked for a token and then for the version, or how it failed.
    fn ask(&self) -> (Result<()>, Vec<String>) {
        let token = self.connection.get_token(None, 0, TokenOptions::default());
        let outcome = token.and_then(|_| self.connection.server_version()).map(|_| ());
        (outcome, std::mem::take(&mut self.network.asked.lock().expect("the bases")))
    }

    fn warnings(&self) -> usize {
        self.warnings.lock().expect("the warnings").len()
    }
}

const CLOUD: &[(&str, &str)] = &[
    ("TG_HOST", "http://localhost"),
    ("TG_TGCLOUD", "true"),
    ("TG_RESTPP_PORT", "9000"),
    ("TG_GS_PORT", "14240"),
    ("TG_SSL_PORT", "8443"),
];

#[test]
fn in_the_cloud_the_usual_ports_mean_its_one_port() {
    let world = World::new(&["8443"], CLOUD);
    let (outcome, asked) = world.ask();
    outcome.expect("the version");
    assert_eq!(asked, ["8443", "8443", "8443/restpp"]);
    assert_eq!(world.warnings(), 0);
}

#[test]
fn ports_as_written_are_tried_where_the_clouds_port_refuses() {
    let world = World::new(&["9000", "14240"], CLOUD);
    let (outcome, asked) = world.ask();
    outcome.expect("the version");
    assert_eq!(asked, ["8443", "14240", "14240", "9000"]);
    assert_eq!(world.warnings(), 1);
    // What was learned stays, until it does not hold any more.
    assert_eq!(world.ask().1, ["14240", "9000"]);
    *world.network.open.lock().expect("the ports") = BTreeSet::from(["8443"]);
    let (outcome, asked) = world.ask();
    outcome.expect("the version");
    assert_eq!(asked, ["14240", "8443", "8443/restpp"]);
}

#[test]
fn where_nothing_listens_the_first_failure_is_told_and_nothing_is_learned() {
    let world = World::new(&[], CLOUD);
    for _ in 0..2 {
        let (outcome, asked) = world.ask();
        assert_eq!(outcome.expect_err("nobody").reason(), Reason::ConnectRefused);
        // Three attempts, as for any server that refuses.
        assert_eq!(asked, ["8443", "14240", "8443", "14240", "8443", "14240"]);
    }
    assert_eq!(world.warnings(), 0);
}

#[test]
fn from_4_1_on_the_gateway_serves_restpp_where_its_port_refuses() {
    let variables: &[(&str, &str)] =
        &[("TG_HOST", "http://localhost"), ("TG_RESTPP_PORT", "9000"), ("TG_GS_PORT", "14240")];
    let world = World::new(&["14240"], variables);
    let (outcome, asked) = world.ask();
    outcome.expect("the version");
    assert_eq!(asked, ["14240", "14240", "9000", "14240/restpp"]);
    assert_eq!(world.ask().1, ["14240", "14240/restpp"]);
    assert_eq!(world.warnings(), 1);
}

#[test]
fn ports_that_the_program_gives_are_used_as_they_are() {
    let network = Arc::new(Network::default());
    let mut config = Config::new("http://localhost");
    config.set_secret(Some(b"mysecret")).set_tgcloud(1).set_ports(9000, 14240);
    let settings = config.validate().expect("good settings");
    let connection = Connection::with_http(settings, Box::new(Carrier(network.clone())));
    connection.get_token(None, 0, TokenOptions::default()).expect_err("nobody listens");
    assert_eq!(*network.asked.lock().expect("the bases"), ["14240"; 3]);
}

/// Each of several servers has its own old port, and what is found of one says nothing of another.
#[test]
fn the_rules_hold_for_each_of_several_servers() {
    let (network, mut config) = (Arc::new(Network::default()), Config::new("http://localhost, http://127.0.0.1"));
    let settings = config.set_secret(Some(b"mysecret")).validate().expect("good settings");
    let connection = Connection::with_http(settings, Box::new(Carrier(network.clone())));
    let ask = |open: &'static [&str]| {
        *network.open.lock().expect("the ports") = open.iter().copied().collect();
        let token = connection.get_token(None, 0, TokenOptions::default());
        (token.map(drop), std::mem::take(&mut *network.asked.lock().expect("the bases")))
    };
    let (outcome, asked) = ask(&["127.0.0.1:9000"]);
    outcome.expect("a token");
    assert_eq!(asked[..2], ["14240", "9000"], "{asked:?}");
    assert!(asked[2..].iter().all(|base| base.starts_with("127.0.0.1:")), "{asked:?}");
    assert_eq!(connection.urls().get(Server::Restpp), "http://127.0.0.1:9000");
    let (outcome, asked) = ask(&["14240"]);
    outcome.expect("a token");
    assert_eq!(asked.last().map(String::as_str), Some("14240"), "{asked:?}");
    assert_eq!(connection.urls().get(Server::Restpp), "http://localhost:14240/restpp");
}
