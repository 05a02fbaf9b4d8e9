//! `tg-auth doctor --contract`: what it finds out of each switch of the stand-in, that nothing stays behind, and that its
//! report has no credential.

use std::collections::BTreeSet;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tigergraph_standin::{Action, Fault, Options, Request, SWITCHES, State, Switches};

use crate::{Desk, c, program, tg_auth};

/// How the stand-in is set up, and what the program may do.
#[derive(Clone, Copy, PartialEq)]
enum Login {
    Secret,
    Password,
}
use Login::{Password, Secret};

/// A row: switch, position, what the report says of it, version, login, and whether `--create` is needed.
type Row = (&'static str, &'static str, &'static str, &'static str, Login, bool);

/// Every position of every switch that can be seen from outside.
const SEEN: &[Row] = &[
    ("wrong-secret", "200", "200", "3.10", Secret, false),
    ("wrong-secret", "401", "401", "3.10", Secret, false),
    ("wrong-secret", "200", "200", "3.3", Password, false),
    ("wrong-secret", "401", "401", "2.6", Secret, false),
    ("wrong-secret-c", "400", "400", "4.2", Password, false),
    ("wrong-secret-c", "401", "401", "4.2", Password, false),
    ("lifetime-above", "clamp", "clamp", "3.10", Secret, true),
    ("lifetime-above", "refuse", "refuse", "3.10", Password, true),
    ("lifetime-above", "clamp", "clamp", "3.3", Password, true),
    ("lifetime-above", "refuse", "refuse", "2.6", Secret, true),
    ("lifetime-unit", "seconds", "seconds", "4.2", Secret, false),
    ("lifetime-unit", "milliseconds", "milliseconds", "4.2", Secret, false),
    ("lifetime-unit", "milliseconds", "milliseconds", "4.2", Password, true),
    ("post-reply", "real", "real", "3.2", Secret, true),
    ("post-reply", "documented", "documented", "3.4", Password, true),
    ("no-endpoint", "404", "404", "3.10", Password, false),
    ("no-endpoint", "200", "200", "3.10", Secret, false),
    ("no-endpoint", "200", "200", "3.3", Secret, false),
    ("no-endpoint", "200", "200", "4.2", Password, true),
    ("unknown-graph", "400", "400", "4.2", Password, true),
    ("unknown-graph", "404", "404", "4.2", Secret, true),
    ("delete-form", "secret", "secret", "4.2", Secret, true),
    ("delete-form", "no-login", "not-secret", "4.2", Password, true),
    ("failed-check", "200", "200", "4.2", Password, false),
    ("failed-check", "401", "401", "4.2", Password, false),
    ("jwt-after-drop", "valid", "valid", "4.2", Password, true),
    ("jwt-after-drop", "refused", "refused", "4.2", Secret, true),
    // One secret, which is that of the login.
    ("list-shape", "list", "list", "4.2", Secret, true),
    ("list-shape", "object", "object", "4.2", Secret, false),
    ("refusals", "403-401", "403-401", "3.10", Password, true),
    ("refusals", "401-403", "401-403", "4.2", Secret, true),
    ("refusals", "200", "200", "4.2", Password, true),
    ("refusals", "200", "200", "3.3", Secret, true),
    ("jwt-refusal", "401", "401", "4.2", Password, false),
    ("jwt-refusal", "403", "403", "5.0", Secret, false),
    ("gsqlserver-on-c", "404", "404", "4.2", Password, false),
    ("gsqlserver-on-c", "works", "works", "4.1.2", Secret, false),
    ("port-9000-on-c", "closed", "closed", "4.2", Password, false),
    ("port-9000-on-c", "open", "open", "4.2", Password, true),
    ("control-lines-on-c", "absent", "absent", "4.2", Secret, false),
    ("control-lines-on-c", "present", "present", "4.2", Password, true),
    ("version-4.0", "b", "b", "4.0", Password, false),
    ("version-4.0", "c", "c", "4.0", Password, true),
    ("fresh-token", "at-once", "at-once", "4.2", Secret, false),
    ("fresh-token", "delayed", "delayed", "4.2", Password, true),
    ("fresh-token", "delayed", "delayed", "3.10", Secret, false),
];

/// Switches that cannot be seen from outside, each with the reason.
const UNSEEN: &[(&str, &str)] = &[(
    "get-password-token",
    "such a request carries a password, so the library alone sends it, and the C interface does not tell where in the \
     answer the token was",
)];

#[test]
fn every_position_of_every_switch_is_in_one_list() {
    let seen: BTreeSet<(&str, &str)> = SEEN.iter().map(|row| (row.0, row.1)).collect();
    let unseen: BTreeSet<&str> = UNSEEN.iter().map(|(name, _)| *name).collect();
    let all = SWITCHES.iter().flat_map(|(name, _, positions)| positions.iter().map(move |position| (*name, *position)));
    for (name, position) in all {
        assert_ne!(seen.contains(&(name, position)), unseen.contains(name), "{name}={position}");
    }
    // Of no switch two positions are told alike.
    for one in SEEN {
        assert!(SEEN.iter().all(|other| (one.0, one.2) != (other.0, other.2) || one.1 == other.1), "{}", one.0);
    }
}

/// What must be as it was: everything but the clock, and what ends by itself within so many seconds.
const SOON: i64 = 200;

#[derive(Debug, PartialEq)]
struct Left {
    users: Vec<(String, u32, i64)>,
    graphs: Vec<String>,
    secrets: Vec<(String, String)>,
    tokens: Vec<String>,
    blocked: Vec<String>,
    tripwires: usize,
}

fn expiry(jwt: &str) -> i64 {
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).expect("claims")).expect("Base64");
    let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
    claims["exp"].as_i64().expect("an end")
}

fn left(state: &State, tripwires: usize) -> Left {
    let now = tigergraph_standin::wall_clock() + SOON;
    let blocked = state.blocked.values().flatten().filter(|token| expiry(token) > now);
    Left {
        users: state
            .users
            .values()
            .map(|user| (user.name.clone(), user.failed_logins, user.next_valid_login))
            .collect(),
        graphs: state.graphs.iter().cloned().collect(),
        secrets: state.secrets.iter().map(|secret| (secret.alias.clone(), secret.value.clone())).collect(),
        tokens: state.tokens.iter().filter(|token| token.expires_at > now).map(|token| token.value.clone()).collect(),
        blocked: blocked.cloned().collect(),
        tripwires,
    }
}

fn left_at(desk: &Desk) -> Left {
    let tripwires = desk.server.tripwires();
    desk.server.with_state(|state| left(state, tripwires))
}

/// All tokens that can still be used, however short.
fn tokens_at(desk: &Desk) -> usize {
    desk.server.with_state(|state| state.tokens.len())
}

/// What a report may not have: every credential that was on its way or is on the server, and where the server is.
fn canaries(desk: &Desk, requests: &[Request]) -> BTreeSet<String> {
    let mut found = desk.server.with_state(|state| {
        let secrets = state.secrets.iter().map(|secret| secret.value.clone());
        let tokens = state.tokens.iter().map(|token| token.value.clone());
        let passwords = state.users.values().map(|user| user.password.clone());
        // The superuser's is a word of many texts.
        secrets.chain(tokens).chain(passwords).filter(|text| text != "tigergraph").collect::<BTreeSet<_>>()
    });
    for request in requests {
        found.extend(request.scheme("Bearer").map(str::to_owned));
        found.extend(request.scheme("GSQL-Secret").map(str::to_owned));
        found.extend(request.scheme("Basic").map(str::to_owned));
        let body = request.json().unwrap_or_default();
        let named = ["secret", "token", "tokens"].map(|name| body[name].as_str().unwrap_or_default().to_owned());
        found.extend(named.into_iter().filter(|text| text.len() > 8));
    }
    found.extend(["127.0.0.1".to_owned(), desk.server.gateway_port().to_string(), "opensesame".to_owned()]);
    found
}

fn assert_clean(what: &str, desk: &Desk, output: &Output, before: &Left) {
    let requests = desk.server.requests();
    let text = c::text(output);
    for canary in canaries(desk, &requests) {
        assert!(!text.contains(&canary), "{what}: {canary}\n{text}");
    }
    assert_eq!(left_at(desk), *before, "{what}: {text}");
    let (list, _) = text.split_once("\n\n").and_then(|(_, rest)| rest.split_once("\n\n")).expect("a list");
    for request in &requests {
        let path = request.path.strip_prefix("/restpp").unwrap_or(&request.path);
        let is_listed = list.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().take(3).collect();
            words.len() == 3 && words[0] == request.method && words[2].split('?').next() == Some(path)
        });
        assert!(is_listed, "{what}: {} {path} is not in\n{list}", request.method);
    }
}

fn desk_of(options: Options, login: Login) -> Desk {
    let desk = Desk::with(options);
    if login == Password { desk.with_password("opensesame") } else { desk }
}

fn play((switch, position, expected, version, login, creates): Row) {
    let what = format!("{switch}={position} at {version}");
    let max_lifetime = if switch == "lifetime-above" { 86_400 } else { 0 };
    let options = Options { max_lifetime, ..Options::new(version).switch(switch, position) };
    let mut desk = desk_of(options, login);
    if switch == "port-9000-on-c" {
        desk.environment.push(("TG_RESTPP_PORT", desk.server.restpp_port().to_string()));
    }
    let (before, tokens) = (left_at(&desk), tokens_at(&desk));
    let output = desk.run(if creates { &["doctor", "--contract", "--create"] } else { &["doctor", "--contract"] });
    c::succeeded(&what, &output);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let found: Vec<&str> =
        text.lines().filter_map(|line| line.rsplit_once(" | ")?.1.strip_prefix(switch)?.strip_prefix('=')).collect();
    assert_eq!(found, [expected], "{what}: {text}");
    assert_clean(&what, &desk, &output, &before);
    // The stand-in takes what the last line says of it.
    let all = text.lines().last().and_then(|line| line.strip_prefix("switches:")).expect("the last line");
    let taken: Switches = all.trim().replace(' ', ",").parse().expect("switches");
    let exact = Options::new(version).switch(switch, position).switches;
    assert!(expected != position || taken == exact, "{what}: {all}");
    // Before 4.1 no token waits for its end, but one that nobody can delete.
    let stays = switch == "wrong-secret" && version == "3.3";
    if version < "4.1" && position != "c" && !stays {
        assert_eq!(tokens_at(&desk), tokens, "{what}: {text}");
    }
}

#[test]
fn the_report_tells_the_position_of_every_switch() {
    std::thread::scope(|scope| {
        for row in SEEN {
            scope.spawn(|| play(*row));
        }
    });
}

/// Whoever runs it can read before what it does.
#[test]
fn offline_it_prints_the_list_alone() {
    for version in ["3.10", "4.2"] {
        let desk = Desk::at(version);
        let text = desk.prints(&["doctor", "--contract", "--offline"]);
        assert!(desk.server.requests().is_empty());
        assert!(
            text.starts_with("tg-auth contract report 1") && text.contains("POST   gateway /gsql/v1/tokens "),
            "{text}"
        );
        let more = desk.prints(&["doctor", "--contract", "--create", "--offline"]);
        assert!(more.lines().count() > text.lines().count() && more.contains("the block list"), "{more}");
        assert!(!text.contains("DELETE gateway") && more.contains("DELETE gateway"), "{text}");
    }
    let desk = Desk::at("4.2");
    desk.fails(&["doctor", "--create"], 64, "--create needs --contract");
    desk.fails(&["doctor", "--contract", "--json"], 64, "without --json");
    desk.fails(&["doctor", "--contract", "--wait", "5"], 64, "without --json and --wait");
    desk.fails(&["--host", "http://127.0.0.1:1", "server", "--contract"], 64, "does not belong to server");
}

/// A server that puts its credentials wherever a report might repeat them.
#[test]
fn a_server_cannot_put_anything_into_the_report() {
    let all = r#"{"canary":"canary","error":"canary","message":"canary Access Denied canary","code":"canary","results":{"canary":1}}"#;
    let bodies = [
        (200, all),
        (
            403,
            r#"{"code":"REST-canary","error":true,"message":{"canary":"canary"},"results":["canary"],"expiration":"canary"}"#,
        ),
        (200, "<html>canary</html>"),
        (500, "canary"),
        (200, r#"{"message":"canary"#),
        (401, r#"{"code":"REST-10016canary","message":"canary canary canary:12:34 canary"}"#),
    ];
    let play = |(status, body): (u16, &str)| {
        let desk = Desk::at("4.2");
        for path in ["/api/ping", "/restpp/echo", "/restpp/tg_auth_contract", "/gsql/v1", "/gsqlserver"] {
            let fault = Fault::always(path, Action::reply(status, body));
            // The token is needed, and so is what finds the generation.
            desk.server.script(Fault { method: Some("GET".to_owned()), ..fault });
        }
        if body == all {
            desk.server.script(Fault::always("/restpp/version", Action::reply(200, all)));
        }
        let output = desk.run(&["doctor", "--contract"]);
        c::succeeded(body, &output);
        let text = c::text(&output);
        assert!(text.contains(&format!("| ping | HTTP {status}, ")) && !text.contains("canary"), "{body}: {text}");
    };
    std::thread::scope(|scope| bodies.into_iter().for_each(|row| drop(scope.spawn(move || play(row)))));
}

/// Starts it and sends a signal when the server has got a request that begins so.
fn signalled(desk: &Desk, number: &str, method: &str, path: &str) -> Output {
    let mut command = desk.command(program(), &["doctor", "--contract", "--create"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tg-auth");
    let started = Instant::now();
    let has_come = || desk.server.requests().iter().any(|request| request.method == method && request.path == path);
    while !has_come() {
        assert!(started.elapsed() < Duration::from_secs(30), "{method} {path}");
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = std::process::Command::new("kill").args([number, &child.id().to_string()]).status();
    assert!(sent.expect("kill").success());
    let output = child.wait_with_output().expect("its end");
    assert!(started.elapsed() < Duration::from_secs(25), "{}", c::text(&output));
    output
}

#[test]
fn after_a_signal_the_secret_is_dropped() {
    let play = |(number, version, method, path): (&str, &str, &str, &str)| {
        let desk = Desk::at(version).with_password("opensesame");
        let before = left_at(&desk);
        desk.server.script(Fault { method: Some(method.to_owned()), ..Fault::once(path, Action::Hang) });
        let output = signalled(&desk, number, method, path);
        let text = c::text(&output);
        assert_eq!(output.status.code(), Some(17), "{path}: {text}");
        assert!(text.contains("Stopped by a signal") && text.contains(" was dropped.\n"), "{path}: {text}");
        assert_clean(path, &desk, &output, &before);
    };
    let rows = [
        ("-INT", "4.2", "DELETE", "/gsql/v1/tokens"),
        ("-TERM", "4.2", "GET", "/gsql/v1/secrets/tg_auth_contract"),
        ("-HUP", "3.10", "DELETE", "/restpp/requesttoken"),
    ];
    // Windows has none but Ctrl-C.
    let count = if tg_auth::is_on_windows() { 1 } else { rows.len() };
    std::thread::scope(|scope| rows.into_iter().take(count).for_each(|row| drop(scope.spawn(move || play(row)))));
}

/// The first answer does not come, the server fails, or the secret cannot be dropped: this is said, with the alias.
#[test]
fn a_secret_that_stays_is_named() {
    let desk = Desk::at("4.2").with_password("opensesame");
    let before = left_at(&desk);
    let create = |action| Fault { method: Some("POST".to_owned()), ..Fault::once("/gsql/v1/secrets", action) };
    desk.server.script(create(Action::CloseAfterProcessing));
    let output = desk.run(&["doctor", "--contract", "--create"]);
    c::succeeded("no answer", &output);
    assert!(c::text(&output).contains("outcome.unknown") && c::text(&output).contains(" was dropped.\n"));
    assert_clean("no answer", &desk, &output, &before);

    desk.server.clear_faults();
    let refuse = Action::reply(403, r#"{"error":true,"message":"canary"}"#);
    desk.server.script(Fault { method: Some("DELETE".to_owned()), ..Fault::always("/gsql/v1/secrets", refuse) });
    let output = desk.run(&["doctor", "--contract", "--create"]);
    let secrets = left_at(&desk).secrets;
    let (alias, value) = secrets.last().expect("a secret");
    let text = c::text(&output);
    assert_eq!(output.status.code(), Some(7), "{text}");
    assert!(text.contains(&format!("Drop it: tg-auth secret drop {alias}")), "{text}");
    assert!(!text.contains(value), "{text}");
}

/// Without a login, with a token alone, and where REST++ asks nobody who he is.
#[test]
fn what_cannot_be_asked_is_left_out() {
    let run = |desk: &Desk| {
        let before = left_at(desk);
        let output = desk.run(&["doctor", "--contract", "--create"]);
        c::succeeded("doctor", &output);
        assert_clean("doctor", desk, &output, &before);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for version in ["3.10", "4.2"] {
        let mut desk = Desk::at(version);
        desk.environment.retain(|(name, _)| *name != "TG_SECRET");
        let text = run(&desk);
        assert!(
            text.contains("read as credentials.none") && text.contains("login: none\nversion: not known"),
            "{text}"
        );
        desk.server.set_auth_enabled(false);
        let text = run(&desk);
        assert!(text.contains(&format!("version: {version}.0")) && !text.contains("refusals="), "{text}");
        assert!(!text.contains("jwt-refusal") && !text.contains("wrong-secret="), "{text}");
        let text = run(&Desk::with(Options::new(version).auth(false)).with_password("opensesame"));
        assert!(!text.contains("refusals=") && !text.contains("fresh-token="), "{text}");
    }
    let mut desk = Desk::at("4.2").with_token();
    desk.environment.retain(|(name, _)| *name != "TG_SECRET");
    let text = run(&desk);
    assert!(text.contains("login: token\nversion: 4.2.0") && text.contains("jwt-after-drop=valid"), "{text}");
}

/// Nothing can be asked: the failure of any command.
#[test]
fn without_a_server_there_is_no_report() {
    let desk = Desk::at("4.2");
    let output = desk.run(&["--host", "http://127.0.0.1:1", "doctor", "--contract", "--create"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("connect.refused"));
}
