//! What a scenario has beside its server: other servers of the same cluster, and an authorization server.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tigergraph_standin::{ClosedPort, Issuer, LOOPBACK_NAMES, Options, Request, Standin, TestCa, Tls, wall_clock};

use crate::token_endpoint::{Asked, TokenEndpoint, answer, granted, refused};

/// What the authorization server's tokens are for, and how long.
const SCOPE: &str = "tigergraph";
pub const LIFETIME_S: i64 = 3600;

/// Other servers of the cluster, by the names that the scenario gives them.
pub struct Others {
    live: BTreeMap<String, Standin>,
    closed: Vec<ClosedPort>,
}

impl Others {
    /// Starts those that the scenario wants beside `server`. Gives back the port of each as well.
    pub fn start(wanted: &Value, server: &Standin, version: &str, tls: Option<&Tls>) -> (Others, Vec<(String, u16)>) {
        let (mut others, mut ports) = (Others { live: BTreeMap::new(), closed: Vec::new() }, Vec::new());
        for (name, kind) in wanted.as_object().into_iter().flatten() {
            let port = match kind.as_str() {
                Some("closed") => others.close(ClosedPort::new().expect("a port")),
                Some("live") => others.add(name, server, Options { tls: tls.cloned(), ..Options::new(version) }),
                Some("stranger") => {
                    let another = TestCa::new("another authority").tls(&LOOPBACK_NAMES);
                    others.add(name, server, Options::new(version).with_tls(another))
                }
                _ => panic!("no server is {kind}"),
            };
            ports.push((name.clone(), port));
        }
        (others, ports)
    }

    fn close(&mut self, port: ClosedPort) -> u16 {
        self.closed.push(port.clone());
        port.port()
    }

    fn add(&mut self, name: &str, server: &Standin, options: Options) -> u16 {
        let other = Standin::start(options).expect("a stand-in");
        other.join(server);
        let port = other.gateway_port();
        self.live.insert(name.to_owned(), other);
        port
    }

    /// Stops one. Servers of a cluster share their tokens, so `server` has those that it issued.
    pub fn stop(&mut self, name: &str, server: &Standin) {
        let other = self.live.remove(name).expect("a live server");
        server.join(&other);
        self.closed.extend(other.stop());
    }

    /// How many requests there were since the last look.
    pub fn count(&self) -> usize {
        self.live.values().map(|other| other.requests().len()).sum()
    }

    /// The requests since the last look, with the server's name before each.
    pub fn take_requests(&self) -> Vec<String> {
        let of = |(name, other): (&String, &Standin)| {
            other.take_requests().iter().map(|request| format!("{name} {}", line_of(request))).collect::<Vec<_>>()
        };
        self.live.iter().flat_map(of).collect()
    }
}

/// Method and path.
pub fn line_of(request: &Request) -> String {
    format!("{} {}", request.method, request.path)
}

/// An authorization server that knows one client, and gives out tokens of `alice` that the stand-in accepts.
pub struct AuthorizationServer {
    endpoint: TokenEndpoint,
    /// What it answers instead of its own.
    next: Arc<Mutex<VecDeque<String>>>,
    /// How many of its requests were taken.
    taken: usize,
}

impl AuthorizationServer {
    pub fn start(client_id: &str, client_secret: &str, server: &Standin, tls: Option<&Tls>) -> AuthorizationServer {
        let client = (client_id.to_owned(), client_secret.to_owned());
        let issuer = Issuer::new("https://login.example.com");
        server.trust_issuer(&issuer);
        let next = Arc::<Mutex<VecDeque<String>>>::default();
        let given = next.clone();
        let endpoint = TokenEndpoint::start(tls, move |asked| {
            given.lock().expect("whole").pop_front().unwrap_or_else(|| judgement(asked, &client, &issuer))
        });
        AuthorizationServer { endpoint, next, taken: 0 }
    }

    pub fn url(&self) -> String {
        self.endpoint.url()
    }

    pub fn port(&self) -> u16 {
        self.endpoint.port()
    }

    /// Answers so the next time.
    pub fn will_answer(&self, status: u16, headers: &[(String, String)], body: &str) {
        let fields: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.next.lock().expect("whole").push_back(answer(status, &fields, body));
    }

    /// What it was asked since the last look: method and path, where the client's secret was, and the other members
    /// of the form.
    pub fn take_requests(&mut self) -> Vec<String> {
        let asked = self.endpoint.asked();
        let new = asked[self.taken..].iter().map(summary).collect();
        self.taken = asked.len();
        new
    }
}

fn summary(asked: &Asked) -> String {
    let form = asked.form();
    let others = form.iter().filter(|(name, _)| name != "client_id" && name != "client_secret");
    others.fold(format!("{} {}", asked.target, asked.way()), |line, (name, value)| format!("{line} {name}={value}"))
}

fn judgement(asked: &Asked, client: &(String, String), issuer: &Issuer) -> String {
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let login = match asked.basic() {
        Some(login) => login.split_once(':').map(|(id, secret)| (decode(id), decode(secret))),
        None => asked.member("client_id").zip(asked.member("client_secret")),
    };
    if login.as_ref() != Some(client) {
        return refused("invalid_client");
    }
    if asked.member("scope").is_some_and(|scope| scope != SCOPE) {
        return refused("invalid_scope");
    }
    granted(&issuer.token("alice", wall_clock(), LIFETIME_S), LIFETIME_S)
}
