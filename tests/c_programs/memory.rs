//! No credential stays in the memory of a program: tests/c/memory.c looks through all of its own, while it uses the
//! library and after it has freed everything.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tigergraph_standin::{Issuer, LOOPBACK_NAMES, TestCa, wall_clock};

use super::*;
use crate::token_endpoint::{Asked, TokenEndpoint, answer, granted, json};

const CANARY: &str = "canary \"p\\ss%w/rd+of.thirty-two";
/// The same as a token, or as an assertion.
const TOKEN: &str = "canary-of-a-token.that_is~longer.than-32";
const USER: &str = "carol";

/// The forms in which a credential may stand in memory, as the arguments of tests/c/memory.c.
fn forms_in_memory(name: &str, credential: &str) -> Vec<String> {
    /// What is written as it is in the form of OAuth2, and in its header.
    const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let basic = |credential: &str| STANDARD.encode(format!("{USER}:{credential}"));
    let in_form = utf8_percent_encode(credential, FORM).to_string();
    let hex = |text: &str| text.bytes().map(|byte| format!("{:02x}", byte ^ 0x5a)).collect::<String>();
    let forms = [
        ("", credential.to_owned()),
        (" in Basic", basic(credential)),
        (" in JSON", serde_json::Value::from(credential).to_string().trim_matches('"').to_owned()),
        (" in a URL", utf8_percent_encode(credential, NON_ALPHANUMERIC).to_string()),
        (" in Basic of a form", basic(&in_form)),
        (" in a form", in_form),
    ];
    forms.iter().map(|(form, text)| format!("{name}{form}={}", hex(text))).collect()
}

/// Runs tests/c/memory.c with this credential, and these variables.
fn search_memory(server: &Standin, what: &str, credential: &str, environment: &[(&str, &str)]) {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    // Not under a sanitizer, which keeps memory of its own.
    let program = PROGRAM.get_or_init(|| build("tests/c/memory.c", &["-O1"]));
    let ca_file = ca_file(server, &format!("memory-{}.pem", what.replace(' ', "-")));
    let mut command = program_command(program);
    command.args([&server.gateway_url(), &ca_file, USER]).args(forms_in_memory("password", credential));
    command.envs(environment.iter().copied());
    succeeded(&format!("memory {what}"), &command.output().expect("it runs"));
}

/// A server with the user whose password is the canary.
fn server_of(version: &str, tls: Option<Tls>) -> Standin {
    let server = Standin::start(Options { tls, ..Options::new(version) }).expect("a stand-in");
    server.add_user(USER, CANARY, false);
    server
}

/// An empty folder for a token cache.
fn cache(name: &str) -> String {
    let folder = scratch(&format!("memory-cache-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    folder.to_str().expect("UTF-8").to_owned()
}

fn name_of(tls: &Option<Tls>) -> &'static str {
    if tls.is_some() { "TLS" } else { "plain" }
}

#[test]
fn no_credential_stays_in_memory() {
    for version in VERSIONS {
        for tls in [None, Some(Tls::self_signed())] {
            let what = format!("{version} {}", name_of(&tls));
            search_memory(&server_of(version, tls), &what, CANARY, &[]);
        }
    }
}

/// Neither the keys of the cache nor what is read from it and written to it leave anything behind.
#[test]
fn no_credential_stays_in_memory_with_a_token_cache() {
    for login in ["password", "secret"] {
        let server = server_of("4.2", None);
        let secret = server.add_secret(USER, None, "cache");
        let credential = if login == "secret" { &*secret } else { CANARY };
        search_memory(&server, "cache", credential, &[("CACHE", &cache(login)), ("LOGIN", login)]);
        let is_for_token = |request: &&tigergraph_standin::Request| request.path == "/gsql/v1/tokens";
        assert_eq!(server.requests().iter().filter(is_for_token).count(), 2, "{login}");
    }
}

#[test]
fn no_credential_stays_in_memory_whatever_goes_wrong() {
    let echo = format!("{{\"error\":true,\"message\":{}}}", serde_json::Value::from(CANARY));
    let faults = [
        Action::CloseBeforeReply,
        Action::ResetBeforeReply,
        Action::CloseAfterProcessing,
        Action::TruncateBody,
        Action::reply(401, &echo),
        Action::reply(500, &echo),
        Action::reply(200, "<html>portal</html>"),
        Action::reply(200, "{\"token\":5}"),
        Action::reply(302, "").header("Location", "http://127.0.0.1:1/x"),
        Action::RawBytes(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}".to_vec()),
        Action::Flood(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b' '; 4096]),
    ];
    for version in ["3.10", "4.2"] {
        for tls in [None, Some(Tls::self_signed())] {
            let what = format!("{version} suffering {}", name_of(&tls));
            let server = server_of(version, tls);
            for (index, action) in faults.iter().cycle().take(3 * faults.len()).enumerate() {
                server.script(Fault::once("/", action.clone()).skip(1 + index as u32 % 3));
            }
            search_memory(&server, &what, CANARY, &[("SUFFER", "1")]);
        }
    }
}

/// A token of the issuer, which the server takes.
fn issue(issuer: &Issuer) -> String {
    issuer.token(USER, wall_clock(), 3600)
}

/// The answers of a token endpoint that fails three times of four, and says again what it was told.
fn failing(asked: &Asked, turn: usize, token: &str) -> String {
    let heard = format!("{} {:?} {}", asked.field("authorization").unwrap_or_default(), asked.form(), asked.body);
    let said = |error: &str| serde_json::json!({"error": error, "error_description": heard}).to_string();
    match turn % 8 {
        1 => json(401, &said("invalid_client")),
        2 => json(400, &said("invalid_scope")),
        3 => answer(500, "", &format!("<html>{heard}</html>")),
        4 => answer(302, &format!("Location: http://127.0.0.1:1/?{}\r\n", asked.body), ""),
        5 => granted(&format!("{token},{token}"), 60),
        6 => format!("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{}", granted(token, 60)),
        7 => answer(429, "Retry-After: 0\r\n", &said("slow_down")),
        _ => granted(token, 3600),
    }
}

/// How a client proves itself: the login of tests/c/memory.c, the credential, and the ways to live, without TLS and with it.
/// "CACHE" has a token cache, "SUFFER" an authorization server that fails.
const CLIENTS: [(&str, &str, &[&str], &[&str]); 3] = [
    ("oauth2", CANARY, &["", "CACHE", "SUFFER"], &["SUFFER"]),
    ("oauth2_file", CANARY, &["", "CACHE"], &[]),
    ("assertion", TOKEN, &["", "CACHE", "SUFFER"], &["SUFFER"]),
];

/// A client's secret, an assertion in its place, and the tokens that they bring.
#[test]
fn nothing_of_an_oauth2_login_stays_in_memory() {
    let ca = TestCa::new("an authority");
    for (login, credential, plain, with_tls) in CLIENTS {
        plain.iter().for_each(|way| live_by_oauth2(login, credential, way, None));
        with_tls.iter().for_each(|way| live_by_oauth2(login, credential, way, Some(ca.tls(&LOOPBACK_NAMES))));
    }
}

fn live_by_oauth2(login: &str, credential: &str, way: &str, tls: Option<Tls>) {
    let what = format!("{login} {way} {}", name_of(&tls));
    let server = server_of("4.2", tls.clone());
    let issuer = Issuer::new("https://login.example.com");
    server.trust_issuer(&issuer);
    let (turn, suffers) = (AtomicUsize::new(0), way == "SUFFER");
    let endpoint = TokenEndpoint::start(tls.as_ref(), move |asked| match suffers {
        true => failing(asked, turn.fetch_add(1, Ordering::Relaxed), &issue(&issuer)),
        false => granted(&issue(&issuer), 3600),
    });
    let file = scratch(&format!("memory-{login}-credential"));
    std::fs::write(&file, credential).expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    let (url, cache) = (endpoint.url(), cache(login));
    let mut environment = vec![("LOGIN", login), ("TOKEN_URL", &url)];
    environment.push(("CREDENTIAL_FILE", file.to_str().expect("UTF-8")));
    environment.extend((!way.is_empty()).then_some((way, &*cache)));
    search_memory(&server, &what, credential, &environment);
    let expected = match way {
        "CACHE" => 2..=2,
        // Each failure once, at least.
        "SUFFER" => 8..=200,
        // Four tokens, the connection's own, and one in the place of that when it was rejected.
        _ => 6..=6,
    };
    let asked = endpoint.asked().len();
    assert!(expected.contains(&asked), "{what}: {asked}");
}

/// A token that a provider brings, in time, twice, and too late, and what it says of it.
#[test]
fn no_token_of_a_provider_stays_in_memory() {
    let issuer = Issuer::new("https://login.example.com");
    for environment in [&[("LOGIN", "provider")][..], &[("LOGIN", "provider"), ("SUFFER", "1")]] {
        let server = server_of("4.2", None);
        server.trust_issuer(&issuer);
        search_memory(&server, &format!("provider {}", environment.len()), &issue(&issuer), environment);
    }
}
