//! A server that sends credentials back, in every spelling and on every way a call can take: none of it shows them.

use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tigergraph_auth::log::{Level, Logger};
use tigergraph_auth::unversioned::deadline::Deadline;
use tigergraph_auth::unversioned::http::{Answer, Http, Request};
use tigergraph_auth::{Config, Connection, Error, ProviderRequest, Result, TokenOptions};

const LOGIN: &str = "the/login \"secret\" & more";
const SECRET: &str = "59ccqdlqmkfcqjl99u2jv4qt2telmeoj";
const VALUE: &str = "k8canary0secret1value2of3another";

const CLIENT_SECRET: &str = "wren/finch \"siskin\" & linnet";
const AUDIENCE: &str = "pipit/dunnock \"twite\" & brambling";
const BROUGHT: &str = "stonechat.whinchat~redstart-wheatear";

/// Grants as many tokens as it is told, as a server or a token endpoint, and then refuses everything with a message.
#[derive(Debug)]
struct Echo {
    grants: Mutex<u32>,
    message: String,
}

impl Http for Echo {
    fn exchange(&self, request: &Request, _: &Rc<Deadline>) -> Result<Answer> {
        let mut grants = self.grants.lock().expect("a number");
        let is_endpoint = request.url.reveal().contains("/oauth2/");
        let (status, body) = match grants.checked_sub(1) {
            Some(left) => {
                *grants = left;
                (200, json!({"error": false, "token": "a-token-of-the-server", "expiration": 4_000_000_000_u64}))
            }
            None if is_endpoint => (400, json!({"error": "invalid_scope", "error_description": self.message})),
            None => (403, json!({"error": true, "message": self.message})),
        };
        let body = tigergraph_auth::unversioned::hidden::Wiped::new(body.to_string().into_bytes());
        Ok(Answer::new(status, body))
    }
}

/// What was said of a call with a user's password: its error, the log, and a report.
fn said(message: &str, version: &str, grants: u32, run: impl Fn(&Connection) -> Option<Error>) -> String {
    let log_in = |config: &mut Config| {
        config.set_password(Some(b"alice"), Some(LOGIN.as_bytes()));
    };
    said_with(log_in, message, version, grants, run)
}

/// The same with another login.
fn said_with(
    log_in: impl Fn(&mut Config),
    message: &str,
    version: &str,
    grants: u32,
    run: impl Fn(&Connection) -> Option<Error>,
) -> String {
    let lines = Arc::new(Mutex::new(String::new()));
    let kept = lines.clone();
    let log = move |_: Level, line: &str| kept.lock().expect("lines").push_str(&format!("{line}\n"));
    let mut config = Config::new("http://localhost:1");
    log_in(&mut config);
    config.set_server_version(Some(version.as_bytes())).set_graph(Some(b"G"));
    config.set_log(Some(Logger::new(Level::Debug as i32, Arc::new(log))));
    let settings = config.validate().expect("good settings");
    let echo = Echo { grants: Mutex::new(grants), message: message.to_owned() };
    let connection = Connection::with_http(settings, Box::new(echo));
    let error = run(&connection).expect("a refusal");
    let report = connection.diagnose(true).expect("a report");
    let lines = lines.lock().expect("lines").clone();
    let all = format!("{} {} {} {lines} {} {}", error, error.hint(), error.server_code(), report.text(), report.json());
    assert!(all.contains("redacted"), "the server's words are shown, without the credential: {all}");
    all
}

/// In the spellings in which a person, or a program of ten lines, reads it back.
fn spellings(credential: &str) -> Vec<String> {
    let each = |write: fn(char) -> String| credential.chars().map(write).collect::<String>();
    vec![
        credential.to_owned(),
        each(|c| format!("%{:02x}", u32::from(c))),
        each(|c| format!("\\u{:04x}", u32::from(c))),
        credential.replace('/', "\\/").replace('&', "\\u0026"),
        credential.replace('&', "&amp;").replace('"', "&quot;").replace('/', "&#x2f;"),
        each(|c| format!("{c}\u{200b}")),
        each(|c| format!("\u{202e}{c}")),
    ]
}

fn check(credential: &str, said: &str) {
    let visible: String = said.chars().filter(|c| !matches!(c, '\u{200b}' | '\u{202e}')).collect();
    for spelling in spellings(credential) {
        for piece in spelling.as_bytes().windows(8.max(spelling.len() / 4)) {
            let piece = String::from_utf8_lossy(piece);
            assert!(!visible.contains(&*piece), "{piece:?} of {spelling:?} is in {visible}");
        }
    }
}

#[test]
fn a_renewal_hides_the_secret_that_its_token_came_from() {
    for version in ["3.9", "4.2"] {
        for spelling in spellings(SECRET) {
            let all = said(&format!("no: {spelling}"), version, 1, |connection| {
                let token = connection.get_token(Some(SECRET), 0, TokenOptions::default()).expect("a token");
                connection.reject_token(&token);
                connection.authorization().err()
            });
            check(SECRET, &all);
        }
    }
}

#[test]
fn a_secret_that_is_dropped_by_its_value_is_not_shown() {
    for version in ["3.9", "4.2"] {
        for spelling in spellings(VALUE) {
            let message = format!("Failed to drop secrets [{spelling}]");
            let all =
                said(&message, version, 0, |connection| connection.drop_secrets(&[VALUE, "s1"], None, false).err());
            check(VALUE, &all);
        }
    }
}

#[test]
fn the_login_is_hidden_in_whatever_fails() {
    type Run = fn(&Connection) -> Option<Error>;
    let runs: [Run; 7] = [
        |connection| connection.authorization().err(),
        |connection| connection.get_token(None, 0, TokenOptions::default()).err(),
        |connection| connection.get_secrets(None).err(),
        |connection| connection.create_secret(Some("s1"), None, None).err(),
        |connection| connection.ensure_secret("s1").err(),
        |connection| connection.drop_secrets(&["s1"], None, false).err(),
        |connection| connection.delete_token(None, Some("another.token.of.the.program"), false).err(),
    ];
    for version in ["2.6", "3.9", "4.2"] {
        for (index, run) in runs.iter().enumerate() {
            for spelling in spellings(LOGIN) {
                println!("{version} {index} {spelling}");
                check(LOGIN, &said(&format!("no: {spelling}"), version, 0, run));
            }
        }
    }
}

/// What is sent to a token endpoint alone, and what it says of that.
#[test]
fn a_clients_secret_and_parameters_are_hidden_in_what_a_token_endpoint_says() {
    let log_in = |config: &mut Config| {
        let secret = CLIENT_SECRET.as_bytes();
        config.set_oauth2(Some(b"http://localhost:1/oauth2/token"), Some(b"client"), Some(secret));
        config.set_oauth2_parameter(Some(b"audience"), Some(AUDIENCE.as_bytes()));
    };
    for credential in [CLIENT_SECRET, AUDIENCE] {
        for spelling in spellings(credential) {
            let all =
                said_with(log_in, &format!("no: {spelling}"), "4.2", 0, |connection| connection.authorization().err());
            check(CLIENT_SECRET, &all);
            check(AUDIENCE, &all);
        }
    }
}

/// It says so itself when it fails, or the server that has it does.
#[test]
fn a_providers_token_is_hidden_in_whatever_fails() {
    let brings = |config: &mut Config| {
        let provide = |request: &Arc<ProviderRequest>| request.set_token(BROUGHT, 0).expect("a token");
        config.set_token_provider(Some(Arc::new(provide)));
    };
    for spelling in spellings(BROUGHT) {
        let message = format!("no: {spelling}");
        check(BROUGHT, &said_with(brings, &message, "4.2", 0, |connection| connection.get_secrets(None).err()));
    }
    // Of the token that it brought before; of another it is hidden what looks like one.
    for spelling in spellings(BROUGHT) {
        let message = format!("no: {spelling}");
        let brings_once = |config: &mut Config| {
            let (message, asked) = (message.clone(), AtomicUsize::new(0));
            let provide = move |request: &Arc<ProviderRequest>| match asked.fetch_add(1, Ordering::SeqCst) {
                0 => request.set_token(BROUGHT, 0).expect("a token"),
                _ => request.fail(12, &message, None).expect("the first answer"),
            };
            config.set_token_provider(Some(Arc::new(provide)));
        };
        let all = said_with(brings_once, "", "4.2", 0, |connection| {
            connection.authorization().expect("a token");
            connection.get_token(None, 0, TokenOptions::default()).err()
        });
        check(BROUGHT, &all);
    }
}
