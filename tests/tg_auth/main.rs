//! The command line, `examples-c/tg_auth`: what it prints, for whom, and its exit codes.

#[path = "../common/c.rs"]
mod c;
#[path = "../common/mod.rs"]
mod common;
mod contract;
mod documents;
mod options;
mod output;
mod request;
mod rotate;
#[path = "../common/tg_auth.rs"]
mod tg_auth;
mod words;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tigergraph_standin::{Action, Fault, Options, Standin, Tls, wall_clock};

const VERSIONS: [&str; 2] = ["3.10", "4.2"];

fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(tg_auth::build)
}

/// A stand-in and an environment that leads to it.
struct Desk {
    server: Standin,
    environment: Vec<(&'static str, String)>,
}

impl Desk {
    fn with(options: Options) -> Desk {
        let server = Standin::start(options).expect("a stand-in");
        let secret = server.add_secret("alice", "MyGraph", "standing");
        let environment = vec![
            ("TG_HOST", server.gateway_url()),
            ("TG_SECRET", secret),
            ("TG_GRAPHNAME", "MyGraph".to_owned()),
            ("TERM", "xterm".to_owned()),
        ];
        Desk { server, environment }
    }

    fn at(version: &str) -> Desk {
        Desk::with(Options::new(version))
    }

    fn with_password(mut self, password: &str) -> Desk {
        self.environment.retain(|(name, _)| *name != "TG_SECRET");
        self.environment.extend([("TG_USERNAME", "alice".to_owned()), ("TG_PASSWORD", password.to_owned())]);
        self
    }

    /// With a token beside the login, as `TG_API_TOKEN`.
    fn with_token(mut self) -> Desk {
        let token = self.prints(&["token"]).trim().to_owned();
        self.server.clear_requests();
        self.environment.push(("TG_API_TOKEN", token));
        self
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = c::program_command(program);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.args(arguments).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(program(), arguments).output().expect("tg-auth")
    }

    /// The same with this on its standard input.
    fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(program(), arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("tg-auth");
        // It may have refused the command line already.
        let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
        child.wait_with_output().expect("its end")
    }

    /// What a shell does with it: `$0` is the program.
    fn shell(&self, script: &str) -> Output {
        let mut command = self.command(Path::new("bash"), &["-c", script]);
        command.arg(program()).env("PATH", std::env::var_os("PATH").unwrap_or_default()).output().expect("bash")
    }

    /// What it prints on standard output, if it succeeds without another word.
    fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        c::succeeded(&format!("{arguments:?}"), &output);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn prints_json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.prints(arguments)).expect("JSON")
    }

    /// It ends with this code, says this, and prints nothing on standard output.
    fn fails(&self, arguments: &[&str], code: i32, telling: &str) {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", c::text(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(c::text(&output).contains(telling), "{arguments:?}: {}", c::text(&output));
    }
}

impl Desk {
    /// The server says so of the token in this file.
    fn is_invalid(&self, token_file: &str) {
        let output = self.run(&["token", "check", "--token-file", token_file]);
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!((output.status.code(), &*told), (Some(6), "invalid\n"), "{}", c::text(&output));
    }
}

#[test]
fn token_prints_a_token_that_is_good() {
    for version in VERSIONS {
        let desk = Desk::at(version);
        let token = desk.prints(&["token"]);
        let header = desk.prints(&["--header", "token"]);
        assert!(header.starts_with("Authorization: Bearer ") && header.ends_with('\n'));
        let json = desk.prints_json(&["token", "--json", "--lifetime", "100"]);
        assert_eq!(json["header"], format!("Bearer {}", json["token"].as_str().expect("a token")));
        let known = |value: &str| desk.server.snapshot().tokens.iter().any(|known| known.value == value);
        assert!(known(token.trim()) && known(json["token"].as_str().expect("a token")), "{version}");
        let left = json["expires_at"].as_i64().expect("a time") - wall_clock();
        assert!((80..=120).contains(&left), "{version}: {left}");
    }
}

/// Of several servers, as long as the token comes from one of them.
#[test]
fn the_address_of_the_token_is_that_of_the_server_which_gave_it() {
    let closed = tigergraph_standin::ClosedPort::new().expect("a port");
    for version in VERSIONS {
        let mut desk = Desk::at(version);
        let (first, second) = (format!("http://{}", closed.address()), desk.server.gateway_url());
        let first_url = desk.prints(&["url", "--host", &first]).trim().to_owned();
        let second_url = desk.prints(&["url"]).trim().to_owned();
        assert_eq!(desk.prints_json(&["token", "--json"])["url"], second_url);
        desk.environment[0].1 = format!("{first}, {second}");
        assert_eq!(desk.prints(&["url"]).trim(), first_url, "nothing is sent");
        for arguments in [&["token", "--json"][..], &["token", "--global", "--json"]] {
            assert_eq!(desk.prints_json(arguments)["url"], second_url, "{version} {arguments:?}");
        }
        let cache = c::scratch(&format!("tg-auth-cache-url-{version}"));
        let _ = std::fs::remove_dir_all(&cache);
        // With a token of the cache nothing is sent either.
        for expected in [&second_url, &first_url] {
            let json = desk.prints_json(&["token", "--json", "--cache", cache.to_str().expect("UTF-8")]);
            assert_eq!(json["url"], *expected, "{version}");
        }
    }
    let mut desk = Desk::at("3.10");
    desk.server.set_auth_enabled(false);
    let second_url = desk.prints(&["url"]).trim().to_owned();
    desk.environment[0].1 = format!("http://{}, {}", closed.address(), desk.server.gateway_url());
    for arguments in [&["token", "--json"][..], &["token", "--global", "--json"]] {
        let json: Value = serde_json::from_slice(&desk.run(arguments).stdout).expect("JSON");
        let expected =
            serde_json::json!({"token": "", "header": "", "expiration": "", "expires_at": 0, "url": second_url});
        assert_eq!(json, expected, "{arguments:?}");
    }
}

fn has_curl() -> bool {
    let has = Command::new("curl").arg("--version").output().is_ok();
    if !has {
        common::skip::skip("curl is missing");
    }
    has
}

#[test]
fn the_header_feeds_curl() {
    if !has_curl() {
        return;
    }
    for version in VERSIONS {
        let tls = Tls::self_signed();
        let ca_file = c::scratch(&format!("tg-auth-{version}.pem"));
        std::fs::write(&ca_file, &tls.ca_pem).expect("a file");
        let mut desk = Desk::with(Options::new(version).with_tls(tls));
        desk.environment.push(("TG_CERT_PATH", ca_file.to_str().expect("UTF-8").to_owned()));
        let url = format!("{}/restpp/graph/MyGraph/vertices/Person", desk.server.gateway_url());
        let status = |header: &str| {
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--cacert"]).arg(&ca_file);
            let output = curl.args(["--header", header, &url]).output().expect("curl");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        assert_eq!(status(desk.prints(&["token", "--header"]).trim()), "200", "{version}");
        assert!(status("Authorization: Bearer nothing").starts_with('4'), "{version}");
    }
}

#[test]
fn the_token_feeds_pytigergraph() {
    for (peer, version) in [("2.0.5", "3.10"), ("2.0.5", "4.2"), ("1.8.4", "3.10"), ("1.8.4", "4.2")] {
        let Some(python) = common::python(peer) else { return };
        let desk = Desk::at(version);
        let ask = |token: &str| {
            let mut script = common::script(&python, "api_token.py");
            script.arg(desk.server.gateway_url()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = script.spawn().expect("python");
            child.stdin.take().expect("its input").write_all(token.as_bytes()).expect("it listens");
            child.wait_with_output().expect("its end")
        };
        let answer = ask(&desk.prints(&["token"]));
        c::succeeded(&format!("pyTigerGraph {peer} at {version}"), &answer);
        assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), format!("{version}.0"), "{peer}");
        assert!(!ask("nothingnothingnothing").status.success(), "{peer} at {version}");
    }
}

#[test]
fn secrets_are_created_listed_and_dropped() {
    for version in VERSIONS {
        let desk = Desk::at(version).with_password("opensesame");
        assert!(desk.prints(&["secret", "create", "mine"]).starts_with("mine "), "{version}");
        let made = desk.prints_json(&["-j", "secret", "create"]);
        let made = made[0]["alias"].as_str().expect("an alias");
        assert!(made.starts_with("AUTO_GENERATED_ALIAS_"), "{version}");
        let listed = desk.prints_json(&["secret", "list", "--json"]);
        let aliases: Vec<&str> =
            listed.as_array().expect("a list").iter().map(|entry| entry["alias"].as_str().expect("an alias")).collect();
        assert_eq!(aliases, ["standing", "mine", made], "{version}");
        assert_eq!(listed[0]["masked"], version == "3.10");
        desk.fails(&["secret", "create", "mine"], 9, "exists");
        assert_eq!(desk.prints_json(&["secret", "drop", "mine", made, "-j"])["dropped"], 2);
        desk.fails(&["secret", "drop", "mine"], 8, "missing.secret");
        assert_eq!(desk.prints(&["secret", "drop", "--ignore-missing", "mine"]), "");
    }
}

#[test]
fn the_cache_keeps_a_token_for_the_next_run() {
    for version in VERSIONS {
        let desk = Desk::at(version);
        let folder = c::scratch(&format!("tg-auth-cache-{version}"));
        let _ = std::fs::remove_dir_all(&folder);
        let arguments = ["--cache", folder.to_str().expect("UTF-8"), "token"];
        let token = desk.prints(&arguments);
        assert_eq!(desk.prints(&arguments), token, "{version}");
        assert_eq!(desk.server.snapshot().tokens.len(), 1, "{version}");
        assert_ne!(desk.prints(&["token"]), token, "{version}: without the cache");
    }
}

/// For each command that is about the token in use.
#[test]
fn the_token_in_use_is_that_of_the_cache() {
    for version in VERSIONS {
        let desk = Desk::at(version);
        let folder = c::scratch(&format!("tg-auth-cache-in-use-{version}"));
        let _ = std::fs::remove_dir_all(&folder);
        let cache = ["--cache", folder.to_str().expect("UTF-8"), "token"];
        let with = |words: &[&'static str]| [&cache[..], words].concat();
        for words in [&["delete"][..], &["delete", "--ignore-missing"]] {
            let token = desk.prints(&cache);
            let file = options::private_file(&format!("tg-auth-cache-in-use-{version}.token"), &token);
            desk.server.clear_requests();
            assert_eq!(desk.prints(&with(words)), "", "{version}");
            let asked = desk.server.requests();
            let is_new = |path: &str| path.ends_with("/tokens") || path.ends_with("/requesttoken");
            let new = asked.iter().filter(|one| one.method == "POST" && is_new(&one.path)).count();
            assert_eq!(new, 0, "{version}: none is requested to be deleted");
            assert_ne!(desk.prints(&cache), token, "{version}: it is not handed out again");
            match version {
                "4.2" => desk.is_invalid(&file),
                _ => desk.fails(&["token", "delete", "--token-file", &file], 8, "missing.token"),
            }
        }
        let (token, known) = (desk.prints(&cache), desk.server.snapshot().tokens.len());
        match version {
            "4.2" => desk.fails(&with(&["refresh"]), 10, "unsupported.refresh"),
            _ => assert_eq!(desk.prints(&with(&["refresh"])), token),
        }
        assert_eq!(desk.server.snapshot().tokens.len(), known, "{version}: no new one to be refreshed");
        // Where the cache has none, as without it, none was deleted.
        let _ = std::fs::remove_dir_all(&folder);
        desk.server.clear_requests();
        for words in [&cache[..], &cache[2..]] {
            for more in [&["delete"][..], &["delete", "--ignore-missing"]] {
                desk.fails(&[words, more].concat(), 8, "no token is in use (missing.token)");
                desk.fails(&[words, more].concat(), 8, "Give it with --token-file or TG_API_TOKEN");
            }
        }
        assert!(desk.server.requests().is_empty(), "{version}");
        if version == "3.10" {
            desk.fails(&["token", "refresh"], 8, "cannot refresh the token: no token is in use (missing.token)");
        }
    }
}

/// In arguments, in what is printed, and in the environment. The stand-in has such an alias, and refuses to make one.
#[test]
fn an_alias_and_a_password_may_have_characters_of_every_script() {
    let (alias, password) = ("Schlüssel ключ 密钥 🐯", "pässwörd ключ 🐯");
    let desk = Desk::at("4.2").with_password(password);
    desk.server.with_state(|state| {
        state.users.get_mut("alice").expect("alice").password = password.to_owned();
        let standing = state.secrets[0].clone();
        let value = standing.value.chars().rev().collect();
        state.secrets.push(tigergraph_standin::Secret { alias: alias.to_owned(), value, ..standing });
    });
    assert_eq!(desk.prints_json(&["secret", "show", alias, "--json"])[0]["alias"], alias);
    assert!(desk.prints(&["secret", "list"]).contains(&format!("\n{alias} ")));
    desk.fails(&["secret", "show", "Schlüssel"], 8, "missing.secret");
    desk.server.clear_requests();
    desk.fails(&["secret", "create", "密钥"], 13, "not acceptable");
    let queries: Vec<_> = desk.server.requests().into_iter().filter_map(|request| request.query).collect();
    assert!(queries.iter().any(|query| query.contains("alias=%E5%AF%86%E9%92%A5")), "{queries:?}");
    assert_eq!(desk.prints_json(&["secret", "drop", alias, "--json"])["dropped"], 1);
    assert!(!desk.prints(&["secret", "list"]).contains(alias));
}

#[test]
fn server_prints_the_version() {
    for version in VERSIONS {
        let desk = Desk::at(version);
        assert_eq!(desk.prints(&["server"]), format!("{version}.0\n"));
        assert_eq!(desk.prints_json(&["server", "-j"])["version"], format!("{version}.0"));
    }
}

#[test]
fn the_doctor_says_what_is_wrong() {
    for version in VERSIONS {
        let well = Desk::at(version);
        let report = well.prints(&["doctor"]);
        assert!(report.lines().next().is_some_and(|line| line.ends_with("everything works.")), "{report}");
        assert!(!report.contains('\u{1b}'), "colours in a pipe");
        assert_eq!(well.prints_json(&["doctor", "--json"])["ok"], true);
        assert!(well.prints(&["doctor", "--offline"]).starts_with("Nothing was sent"));

        let ill = Desk::at(version).with_password("canary");
        let output = ill.run(&["doctor", "--json"]);
        assert_eq!(output.status.code(), Some(6));
        assert_eq!(
            serde_json::from_slice::<Value>(&output.stdout).expect("JSON")["failure"]["reason"],
            "auth.bad_password"
        );
        assert!(!c::text(&output).contains("canary"));
    }
}

#[test]
fn the_doctor_waits_for_a_sleeping_workspace() {
    let desk = Desk::at("4.2");
    let asleep = || Fault::always("/", Action::reply(503, "<html><title>Starting workspace</title></html>"));
    desk.server.script(asleep());
    assert_eq!(desk.run(&["doctor"]).status.code(), Some(12));
    // It wakes while the doctor waits.
    let (started, heard) = (Instant::now(), desk.server.requests().len());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while desk.server.requests().len() == heard {
                std::thread::sleep(Duration::from_millis(20));
            }
            std::thread::sleep(Duration::from_secs(3));
            desk.server.clear_faults();
        });
        let output = desk.run(&["doctor", "--wait", "60"]);
        c::succeeded("doctor --wait", &output);
        assert!(String::from_utf8_lossy(&output.stderr).contains("workspace is starting"));
    });
    assert!(started.elapsed() > Duration::from_secs(3) && started.elapsed() < Duration::from_secs(30));
}

/// As those of a container are before the server in it listens.
#[test]
fn the_doctor_waits_for_a_port_that_is_closed() {
    let mut desk = Desk::at("4.2");
    let reserved = tigergraph_standin::ClosedPort::new().expect("a port");
    let port = reserved.port();
    desk.environment[0].1 = format!("http://127.0.0.1:{port}");
    desk.fails(&["token"], 2, "connect.refused");
    assert_eq!(desk.run(&["doctor"]).status.code(), Some(2));
    let started = Instant::now();
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(2));
            let server = Standin::start(Options { gateway_port: port, ..Options::new("4.2") }).expect("a stand-in");
            let secret = &desk.environment[1].1;
            server.add_secret("alice", "MyGraph", "standing");
            server.with_state(|state| state.secrets[0].value.clone_from(secret));
            server
        });
        let output = desk.run(&["doctor", "--wait", "60"]);
        let said = c::text(&output);
        assert!(output.status.success() && said.contains("nothing listens there"), "{said}");
        drop(server.join());
    });
    assert!(started.elapsed() > Duration::from_secs(2) && started.elapsed() < Duration::from_secs(30));
}

/// The doctor meets this failure, gives it this reason, and waits or does not.
fn doctor_waits(action: Action, reason: &str, waits: bool) {
    let desk = Desk::at("4.2");
    desk.server.script(Fault::always("", action));
    let arguments = ["--timeout", "0.5", "doctor", "--wait", "1", "--json"];
    let output = desk.run(&arguments);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["failure"]["reason"], reason, "{report}");
    // One verdict for each time that it failed and was tried again.
    assert_eq!(!output.stderr.is_empty(), waits, "{reason}: {}", c::text(&output));
}

#[test]
fn the_doctor_waits_after_a_reset() {
    doctor_waits(Action::ResetBeforeReply, "connect.reset", true);
}

/// Every other failure that a server on its way may cause, and some that it cannot.
#[test]
fn the_doctor_waits_for_what_may_pass_and_for_nothing_else() {
    for (action, reason, waits) in [
        (Action::CloseBeforeReply, "connect.closed", true),
        (Action::Hang, "timeout.response", true),
        (Action::reply(502, "<html></html>"), "unavailable.gateway", true),
        (Action::reply(429, "{}"), "unavailable.rate_limited", true),
        (Action::reply(404, "<html></html>"), "missing.endpoint", false),
        (Action::reply(500, "{}"), "server.error", false),
    ] {
        doctor_waits(action, reason, waits);
    }
    let desk = Desk::with(Options::new("4.2").with_tls(Tls::self_signed()));
    let output = desk.run(&["doctor", "--wait", "60"]);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(4), 0), "{}", c::text(&output));
    let output = Desk::at("4.2").with_password("canary").run(&["doctor", "--wait", "60"]);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(6), 0), "{}", c::text(&output));
}

#[test]
fn exit_codes_are_statuses() {
    let desk = Desk::at("4.2");
    desk.fails(&["--host", "http://db.example.com", "token"], 1, "config.plain_http");
    desk.fails(&["--host", "http://127.0.0.1:1", "token"], 2, "connect.refused");
    desk.fails(&["--host", &desk.server.gateway_url().replace("http", "https"), "token"], 4, "tls.protocol");
    desk.fails(&["--graph", "NoGraph", "token"], 8, "missing.graph");
    desk.fails(&["--profile", "nobody", "token"], 1, "the setting --profile names a profile without variables");
    desk.fails(&["--ca-file", "/nowhere", "--host", "https://localhost", "token"], 1, "config.file");
    desk.fails(&["--ca-file", "/nowhere", "--host", "https://localhost", "token"], 1, "cannot be read: no such file");
    let mut anonymous = Desk::at("4.2");
    anonymous.environment.retain(|(name, _)| *name != "TG_SECRET");
    anonymous.fails(&["token"], 15, "credentials.none");
    let output = anonymous.run(&["token", "--json"]);
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).expect("JSON")["error"]["reason"], "credentials.none");
    let wrong: [&[&str]; 8] = [
        &[],
        &["nothing"],
        &["token", "more"],
        &["secret"],
        &["secret", "drop"],
        &["secret", "create", "a", "b"],
        &["--timeout", "soon", "token"],
        &["--nothing", "token"],
    ];
    for arguments in wrong {
        desk.fails(arguments, 64, "--help");
    }
    assert!(desk.server.requests().iter().all(|request| request.path != "/gsql/v1/secrets"));
}

#[test]
fn help_and_version_need_no_server() {
    let desk = Desk { environment: Vec::new(), ..Desk::at("4.2") };
    let help = desk.prints(&["--help"]);
    assert!(help.starts_with("Usage: tg-auth"), "{help}");
    assert!(help.lines().all(|line| line.len() <= 105), "{help}");
    // What a command or an option does begins behind its name, or below one that is too long; never at it.
    let columns = help.split("\nExamples:").next().expect("some").lines().filter(|line| line.starts_with("  "));
    for line in columns.filter(|line| line.len() > 30) {
        let is_long_name = line.trim().split(' ').count() == 2;
        assert!(is_long_name || &line[29..30] == " " && &line[30..31] != " ", "{line}");
    }
    assert_eq!(desk.prints(&["-V"]), format!("tg-auth {}\n", env!("CARGO_PKG_VERSION")));
    assert!(desk.server.requests().is_empty());
}

#[test]
fn authentication_off_needs_no_token() {
    let desk = Desk::at("3.10");
    desk.server.set_auth_enabled(false);
    let output = desk.run(&["token"]);
    c::succeeded("token", &output);
    assert!(output.stdout.is_empty() && c::text(&output).contains("authentication is off"));
}

#[test]
fn the_log_holds_no_credential() {
    let desk = Desk::at("4.2").with_password("opensesame");
    let output = desk.run(&["--verbose", "token"]);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(log.contains("POST /gsql/v1/tokens 200") && !log.contains("opensesame"), "{log}");
    assert!(!log.contains(String::from_utf8_lossy(&output.stdout).trim()), "{log}");
}
