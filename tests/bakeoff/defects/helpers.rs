//! Servers, connections and looks at requests, in few words.

use std::sync::{Arc, Mutex};

use tigergraph_auth::log::{Level, Logger};
use tigergraph_auth::{Config, Connection, Error, Reason, Result, TokenOptions};
use tigergraph_standin::{Fault, Options, Request, Standin};

pub const PASSWORD: &str = "opensesame";
/// How often a request that may be repeated may reach the server.
pub const ATTEMPTS: usize = 3;

pub fn standin(version: &str) -> Standin {
    Standin::start(Options::new(version)).expect("a stand-in")
}

pub fn with_fault(version: &str, fault: Fault) -> Standin {
    let server = standin(version);
    server.script(fault);
    server
}

/// A secret of alice's, of the graph where the server has secrets of graphs.
pub fn secret(server: &Standin) -> String {
    server.add_secret("alice", "MyGraph", "mine")
}

pub fn without_login(server: &Standin) -> Config {
    let mut config = Config::new(server.gateway_url());
    config.set_graph(Some(b"MyGraph")).set_timeouts(2000, 8000);
    config
}

pub fn with_login(server: &Standin) -> Config {
    let mut config = without_login(server);
    config.set_password(Some(b"alice"), Some(PASSWORD.as_bytes()));
    config
}

pub fn connect(config: &Config) -> Connection {
    Connection::new(config).expect("good settings")
}

/// A connection that logs in as alice and need not ask what the server is.
pub fn told(server: &Standin, version: &str) -> Connection {
    connect(with_login(server).set_server_version(Some(version.as_bytes())))
}

pub const MAKE_CURRENT: TokenOptions = TokenOptions { keep_current: false, global: false };
pub const KEEP: TokenOptions = TokenOptions { keep_current: true, global: false };

pub fn reason<T: std::fmt::Debug>(result: Result<T>) -> Reason {
    result.expect_err("a failure").reason()
}

/// Everything of a request that a credential could be in, decoded.
pub fn carries(request: &Request, credential: &str) -> bool {
    let login = request.basic().map(|(user, password)| format!("{user}:{password}")).unwrap_or_default();
    let query = request.query.clone().unwrap_or_default();
    let headers = request.headers.iter().map(|(_, value)| value.clone());
    headers.chain([login, request.path.clone(), query, request.text()]).any(|part| part.contains(credential))
}

pub fn carrying<'a>(requests: &'a [Request], credential: &str) -> Vec<&'a Request> {
    requests.iter().filter(|request| carries(request, credential)).collect()
}

pub fn aliases(server: &Standin) -> Vec<String> {
    server.snapshot().secrets.into_iter().map(|secret| secret.alias).collect()
}

/// Whether a text holds any eight bytes of a credential in a row.
pub fn holds_piece(text: &str, credential: &str) -> bool {
    credential.as_bytes().windows(8).any(|piece| text.as_bytes().windows(8).any(|window| window == piece))
}

/// All that an error can show.
pub fn shown(error: &Error) -> String {
    format!("{error:?} {error} {}", error.hint())
}

/// Lines as they were logged.
#[derive(Clone, Default)]
pub struct Lines(pub Arc<Mutex<Vec<(Level, String)>>>);

impl Lines {
    pub fn logger(&self) -> Logger {
        let lines = self.0.clone();
        let write = move |level: Level, line: &str| lines.lock().expect("a lock").push((level, line.to_owned()));
        Logger::new(Level::Debug as i32, Arc::new(write))
    }

    pub fn at(&self, wanted: Level) -> Vec<String> {
        let lines = self.0.lock().expect("a lock");
        lines.iter().filter(|(level, _)| *level == wanted).map(|(_, line)| line.clone()).collect()
    }
}
