//! A server that changes under a living connection: what was learned of it is learned again when answers contradict it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tigergraph_auth::unversioned::deadline::Deadline;
use tigergraph_auth::unversioned::http::{Answer, Http, Request};
use tigergraph_auth::{Config, Connection, Error, Reason, Result, TokenOptions};
use tigergraph_standin::wall_clock;

/// What listens where: a server's version by the base of its addresses.
#[derive(Debug, Default)]
struct Network {
    servers: BTreeMap<&'static str, Server>,
    requests: Vec<String>,
    issued: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Server {
    /// REST++ of 3.9 with authentication on, or off.
    V39 { auth: bool },
    /// 4.2, which counts lifetimes in seconds, or in milliseconds.
    V42 { milliseconds: bool },
}

#[derive(Debug)]
struct Carrier(Arc<Mutex<Network>>);

const GATEWAY: &str = "http://localhost:14240";
const OLD_PORT: &str = "http://localhost:9000";

impl Network {
    fn answer(&mut self, method: &str, url: &str, body: &[u8]) -> Result<(u16, Value)> {
        let refused = || Error::new(Reason::ConnectRefused, "nothing listens there");
        let (base, server) = self.servers.iter().find(|(base, _)| url.starts_with(*base)).ok_or_else(refused)?;
        let path = url[base.len()..].trim_start_matches("/restpp").to_owned();
        let server = *server;
        self.requests.push(format!("{method} {path}"));
        let off =
            json!({"error": true, "code": "REST-1000", "message": "Endpoint is not found from url = /requesttoken"});
        Ok(match (server, path.as_str()) {
            (Server::V39 { auth: true }, "/requesttoken") => (200, self.issue(3600, false)),
            (Server::V39 { auth: false } | Server::V42 { .. }, "/requesttoken") => (200, off),
            (Server::V42 { milliseconds }, "/gsql/v1/tokens") => {
                let body: Value = serde_json::from_slice(body).expect("JSON");
                let number: u64 = body["lifetime"].as_str().map_or(3600, |text| text.parse().expect("a number"));
                (200, self.issue(if milliseconds { number / 1000 } else { number }, true))
            }
            (Server::V42 { .. }, "/gsql/v1/tokens/check") => (400, json!({"error": true, "message": "empty token"})),
            _ => (404, json!("<html>404 page not found</html>")),
        })
    }

    fn issue(&mut self, lifetime_s: u64, jwt: bool) -> Value {
        self.issued += 1;
        let now = wall_clock().unsigned_abs();
        let claims = json!({"iat": now, "exp": now + lifetime_s, "jti": self.issued}).to_string();
        let token = match jwt {
            true => format!("eyJhbGciOiJIUzI1NiJ9.{}.x", URL_SAFE_NO_PAD.encode(claims)),
            false => format!("opaque-token-{}", self.issued),
        };
        json!({"error": false, "token": token, "expiration": now + lifetime_s})
    }
}

impl Http for Carrier {
    fn exchange(&self, request: &Request, _: &Rc<Deadline>) -> Result<Answer> {
        let body = request.body.map_or(&[][..], |(body, _)| body);
        let (status, body) =
            self.0.lock().expect("the network").answer(request.method.name(), request.url.reveal(), body)?;
        let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        let body = tigergraph_auth::unversioned::hidden::Wiped::new(body.into_bytes());
        Ok(Answer::new(status, body))
    }
}

struct World {
    network: Arc<Mutex<Network>>,
    connection: Connection,
}

impl World {
    fn new(servers: &[(&'static str, Server)], lifetime_s: i64) -> World {
        let network = Arc::new(Mutex::new(Network::default()));
        let mut config = Config::new("http://localhost");
        config.set_secret(Some(b"mysecret")).set_token_lifetime(lifetime_s, 0);
        let settings = config.validate().expect("good settings");
        let connection = Connection::with_http(settings, Box::new(Carrier(network.clone())));
        let world = World { network, connection };
        world.becomes(servers);
        world
    }

    fn becomes(&self, servers: &[(&'static str, Server)]) {
        self.network.lock().expect("the network").servers = servers.iter().copied().collect();
    }

    /// A new token, and the requests that it took.
    fn get(&self) -> (Result<String>, Vec<String>) {
        let token = self.connection.get_token(None, 0, TokenOptions::default());
        let requests = std::mem::take(&mut self.network.lock().expect("the network").requests);
        (token.map(|token| token.value().to_owned()), requests)
    }
}

const V39: Server = Server::V39 { auth: true };
const V39_OFF: Server = Server::V39 { auth: false };
const V42: Server = Server::V42 { milliseconds: false };
const V42_MS: Server = Server::V42 { milliseconds: true };

#[test]
fn an_upgraded_server_is_not_one_without_authentication() {
    let world = World::new(&[(GATEWAY, V39)], 0);
    assert!(world.get().0.expect("a token").starts_with("opaque"));
    world.becomes(&[(GATEWAY, V42)]);
    let (token, requests) = world.get();
    assert!(token.expect("a token of 4.2").starts_with("eyJ"));
    assert_eq!(requests, ["POST /requesttoken", "POST /gsql/v1/tokens/check", "POST /gsql/v1/tokens"]);
    assert_eq!(world.get().1, ["POST /gsql/v1/tokens"], "learned");
    world.becomes(&[(GATEWAY, V39)]);
    assert!(world.get().0.expect("a token of 3.9").starts_with("opaque"), "and back");
}

#[test]
fn a_managed_token_outlives_the_upgrade() {
    let world = World::new(&[(GATEWAY, V39)], 0);
    let first = world.connection.authorization().expect("a token");
    world.becomes(&[(GATEWAY, V42)]);
    let again = world.connection.authorization().expect("the token held");
    assert_eq!(again.value(), first.value());
    world.connection.reject_token(&again);
    let second = world.connection.authorization().expect("a token of 4.2");
    assert!(second.value().starts_with("eyJ"), "never an empty one");
}

#[test]
fn authentication_that_was_really_switched_off_is_believed() {
    let world = World::new(&[(GATEWAY, V39)], 0);
    world.get().0.expect("a token");
    world.becomes(&[(GATEWAY, V39_OFF)]);
    assert_eq!(world.get().0.expect_err("off").reason(), Reason::AuthDisabled);
    let token = world.connection.current_token().expect("the good one is not dropped");
    world.connection.reject_token(&token);
    assert_eq!(world.connection.authorization().expect("no token is needed").value(), "");
    let fresh = World::new(&[(GATEWAY, V39_OFF)], 0);
    assert_eq!(fresh.get().0.expect_err("off").reason(), Reason::AuthDisabled);
    let (_, requests) = fresh.get();
    assert!(!requests.contains(&"POST /gsql/v1/tokens/check".to_owned()), "nothing contradicts it: {requests:?}");
}

#[test]
fn the_old_port_is_used_only_while_the_gateway_is_away() {
    let world = World::new(&[(OLD_PORT, V39)], 0);
    world.get().0.expect("a token from the old port");
    world.becomes(&[(GATEWAY, V39), (OLD_PORT, V39)]);
    world.get().0.expect("a token");
    world.becomes(&[(GATEWAY, V39)]);
    world.get().0.expect("the gateway alone is enough");
    world.becomes(&[(OLD_PORT, V39)]);
    world.becomes(&[(GATEWAY, V42)]);
    assert!(world.get().0.expect("a token of 4.2").starts_with("eyJ"));
}

#[test]
fn the_unit_of_lifetimes_is_learned_again() {
    let world = World::new(&[(GATEWAY, V42)], 3600);
    let lifetime = || {
        let token = world.connection.get_token(None, 0, TokenOptions::default()).expect("a token");
        token.expires_at() - wall_clock()
    };
    for server in [V42, V42_MS, V42_MS, V42, V42, V42_MS] {
        world.becomes(&[(GATEWAY, server)]);
        let lives = lifetime();
        assert!((3598..=3602).contains(&lives), "{server:?}: {lives}");
    }
}

#[test]
fn a_renewal_that_meets_the_upgrade_brings_a_token_of_the_new_server() {
    let world = World::new(&[(GATEWAY, V42)], 1);
    let first = world.connection.authorization().expect("a token");
    world.becomes(&[(GATEWAY, V39)]);
    sleep(Duration::from_millis(1100));
    let second = world.connection.authorization().expect("a token of 3.9");
    assert!(second.value() != first.value() && second.value().starts_with("opaque"));
}
