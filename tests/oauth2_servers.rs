//! Tokens from authorization servers as npm and PyPI have them, whose ideas of how a client's secret is read differ.

#[path = "common/skip.rs"]
mod skip;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tigergraph_auth::{Config, Connection, Reason, Result, Token};
use tigergraph_standin::wall_clock;

/// Id, secret, and how the server takes the secret of this client.
const CLIENTS: [(&str, &str, &str); 6] = [
    ("plain-header", "Secret.of_the~client-1", "client_secret_basic"),
    ("plain-form", "Secret.of_the~client-2", "client_secret_post"),
    ("odd+header/ 1%41:x", "s+/%2B :=&\"x", "client_secret_basic"),
    ("odd+form/ 1%41:x", "s+/%2B :=&\"x", "client_secret_post"),
    ("header", "with spaces + plus", "client_secret_basic"),
    ("id%zz", "100% + :", "client_secret_basic"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn clients() -> String {
    let clients = CLIENTS.map(|(id, secret, method)| serde_json::json!({"id": id, "secret": secret, "method": method}));
    serde_json::Value::from(clients.to_vec()).to_string()
}

/// A running authorization server.
struct Authority {
    child: Child,
    url: String,
    /// A line for each request: its status, and how the client's secret came.
    requests: Arc<Mutex<Vec<String>>>,
}

impl Authority {
    fn start(mut command: Command) -> Authority {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the server");
        let mut lines =
            BufReader::new(child.stdout.take().expect("its output")).lines().map(|line| line.expect("a line"));
        let url = lines.find(|line| line.starts_with("http://")).expect("the server starts");
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let seen = requests.clone();
        std::thread::spawn(move || {
            let is_request = |line: &String| line.starts_with(|first: char| first.is_ascii_digit());
            lines.filter(is_request).for_each(|line| seen.lock().expect("a list").push(line));
        });
        Authority { child, url, requests }
    }

    /// What it was asked since the last time, which must be so many requests.
    fn take(&self, expected: usize) -> Vec<String> {
        let began = Instant::now();
        loop {
            let mut requests = self.requests.lock().expect("a list");
            if requests.len() >= expected || began.elapsed() > Duration::from_secs(5) {
                return std::mem::take(&mut requests);
            }
            drop(requests);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn ask(&self, id: &str, secret: &str, parameters: &[(&str, &str)]) -> Result<Arc<Token>> {
        let mut config = Config::new("http://127.0.0.1:1");
        config.set_oauth2(Some(self.url.as_bytes()), Some(id.as_bytes()), Some(secret.as_bytes()));
        for (name, value) in parameters {
            config.set_oauth2_parameter(Some(name.as_bytes()), Some(value.as_bytes()));
        }
        Connection::new(&config)?.authorization()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // It ends with its input.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A file below target/oauth2, where the servers are installed. Under CI they have to be.
fn installed(path: &str) -> Option<PathBuf> {
    let file = root().join("target/oauth2").join(path);
    if file.exists() {
        return Some(file);
    }
    skip::skip(format_args!("{path} is not in target/oauth2, where tests/setup/install puts it"));
    None
}

/// Every client gets a token that lives so long, in one way after the other; none of them twice.
fn every_client_gets_a_token(authority: &Authority, lifetime_s: i64, expected: [&[&str]; CLIENTS.len()]) {
    for ((id, secret, _), expected) in CLIENTS.iter().zip(expected) {
        let token = authority.ask(id, secret, &[]).unwrap_or_else(|error| panic!("{id}: {error}"));
        let left = token.expires_at() - wall_clock();
        assert!((lifetime_s - 10..=lifetime_s).contains(&left), "{id}: {left} s");
        assert_eq!(authority.take(expected.len()), expected, "{id}");
    }
}

/// What is wrong is told in the server's own word. `unwanted` is a parameter that it refuses so.
fn refusals_are_told(authority: &Authority, unwanted: (&str, &str), code: &str) {
    let (id, secret, _) = CLIENTS[0];
    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, usize);
    let rows: [Row; 3] = [
        (id, "another", &[], "invalid_client", 2),
        ("nobody", secret, &[], "invalid_client", 2),
        (id, secret, &[unwanted], code, 1),
    ];
    for (id, secret, parameters, code, requests) in rows {
        let error = authority.ask(id, secret, parameters).expect_err("no token");
        assert_eq!((error.reason(), error.server_code()), (Reason::Oauth2Refused, code), "{id}: {error}");
        assert_eq!(authority.take(requests).len(), requests, "{id}: {error}");
    }
    for scope in ["read", "read write", ""] {
        authority.ask(id, secret, &[("scope", scope)]).unwrap_or_else(|error| panic!("{scope}: {error}"));
        assert_eq!(authority.take(1).len(), 1);
    }
}

#[test]
fn oidc_provider_gives_tokens_to_every_client() {
    let (Some(node), Some(modules)) = (installed("python/bin/node"), installed("node/node_modules")) else { return };
    let mut command = Command::new(node);
    command.arg(root().join("tests/oauth2/oidc-provider.mjs")).arg(modules).arg(clients());
    let authority = Authority::start(command);
    // It takes either way from whoever may use one of them.
    let (header, form): (&[&str], &[&str]) = (&["200 header"], &["200 form"]);
    every_client_gets_a_token(&authority, 600, [header, header, form, form, form, form]);
    refusals_are_told(&authority, ("resource", "https://other.example.com"), "invalid_target");
}

#[test]
fn authlib_gives_tokens_to_every_client() {
    let Some(python) = installed("python/bin/python") else { return };
    let mut command = Command::new(python);
    command.arg(root().join("tests/oauth2/authlib-server.py")).arg(clients());
    let authority = Authority::start(command);
    // It takes one way alone.
    let (header, form): (&[&str], &[&str]) = (&["200 header"], &["200 form"]);
    let (form_then_header, header_then_form): (&[&str], &[&str]) =
        (&["401 form", "200 header"], &["401 header", "200 form"]);
    let expected = [header, header_then_form, form_then_header, form, form_then_header, form_then_header];
    every_client_gets_a_token(&authority, 864_000, expected);
    refusals_are_told(&authority, ("scope", "admin"), "invalid_scope");
}
