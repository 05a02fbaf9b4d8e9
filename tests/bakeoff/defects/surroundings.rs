//! Surroundings: variables, files, output and hooks of the whole process. So ours run in a process of their own.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use tigergraph_auth::{Config, Connection, Reason};
use tigergraph_standin::{LOOPBACK_NAMES, Options, Standin, TestCa};

use super::helpers::{KEEP, MAKE_CURRENT, PASSWORD, carrying, connect, reason, secret, standin};
use super::peer::{Names, Peer};
use super::{Defect, Outcome};

pub const DEFECTS: &[Defect] = defects! {
    "~/.netrc replaces the credentials" => netrc_is_not_read,
    "REQUESTS_CA_BUNDLE decides whether https is verified" => ca_variables_are_not_read,
    "exceptions are printed on stdout" => nothing_is_printed,
    "sys.excepthook is replaced" => hooks_of_the_program_stay,
};

const CHILD_STEP: &str = "DEFECTS_STEP";
const CHILD_URL: &str = "DEFECTS_URL";

/// Takes a step of [`as_child`] in a process of its own, with these variables. It must go well.
fn in_child(step: &str, server: &Standin, environment: Names) -> Output {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", "defects::surroundings::in_a_process_of_its_own", "--nocapture"]);
    command.env(CHILD_STEP, step).env(CHILD_URL, server.gateway_url()).envs(environment.iter().copied());
    let output = command.output().expect("itself");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}{}", String::from_utf8_lossy(&output.stderr));
    assert!(shown.contains("1 passed"), "{shown}");
    output
}

/// What a process of its own is needed for: does something only as that process, see [`in_child`].
#[test]
fn in_a_process_of_its_own() {
    if let Ok(step) = std::env::var(CHILD_STEP) {
        as_child(&step);
    }
}

fn as_child(step: &str) {
    let mut config = Config::new(std::env::var(CHILD_URL).expect("an address"));
    config.set_graph(Some(b"MyGraph")).set_password(Some(b"alice"), Some(PASSWORD.as_bytes()));
    let connection = connect(&config);
    match step {
        "list" => drop(connection.get_secrets(None).expect("a list")),
        "token of an unknown CA" => {
            assert_eq!(reason(connection.get_token(None, 0, MAKE_CURRENT)), Reason::TlsUnknownIssuer);
        }
        "all kinds of calls" => all_kinds_of_calls(&connection),
        "calls with a hook" => calls_with_a_hook(&connection),
        other => panic!("there is no step {other}"),
    }
}

/// Calls that succeed and calls that fail, in Rust and in C.
fn all_kinds_of_calls(connection: &Connection) {
    let secret = connection.create_secret(Some("one"), None, None).expect("a secret");
    connection.create_secret(Some("one"), None, None).expect_err("taken");
    connection.get_token(Some(secret.value.reveal()), 0, MAKE_CURRENT).expect("a token");
    connection.get_token(Some("wrongsecret"), 0, KEEP).expect_err("refused");
    connection.get_secrets(None).expect("a list");
    connection.drop_secrets(&["one"], None, false).expect("dropped");
    connect(&Config::new("http://127.0.0.1:1")).check_jwt_token("e30.e30.x").expect_err("no server");
    // SAFETY: NULL is allowed for both.
    unsafe {
        tigergraph_auth::ffi::config::tg_config_free(tigergraph_auth::ffi::config::tg_config_new(std::ptr::null()))
    };
}

fn calls_with_a_hook(connection: &Connection) {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    std::panic::set_hook(Box::new(|_| {
        SEEN.fetch_add(1, Ordering::SeqCst);
    }));
    all_kinds_of_calls(connection);
    std::panic::catch_unwind(|| panic!("the program's own")).expect_err("a panic");
    std::thread::spawn(|| panic!("the program's own")).join().expect_err("a panic");
    assert_eq!(SEEN.load(Ordering::SeqCst), 2);
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("defects-{name}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn netrc_is_not_read(peer: &Peer) -> Outcome {
    let home = folder("home");
    std::fs::write(home.join(".netrc"), "machine 127.0.0.1 login mallory password fromnetrc\n").expect("a file");
    let environment = [("HOME", home.to_str().expect("UTF-8"))];
    let server = standin("4.2");
    let theirs = peer.did(|python| {
        python.step_in(&environment, "list", &server, &[]);
        let requests = server.take_requests();
        assert!(!requests.is_empty() && carrying(&requests, "mallory:fromnetrc").len() == requests.len());
        "logged in as mallory in every request, whatever the caller said"
    });
    in_child("list", &server, &environment);
    let requests = server.take_requests();
    assert_eq!((carrying(&requests, "alice:opensesame").len(), carrying(&requests, "mallory").len()), (1, 0));
    (theirs, "logged in as the caller said")
}

fn ca_variables_are_not_read(peer: &Peer) -> Outcome {
    let ca = TestCa::new("a CA of the server's");
    let server = Standin::start(Options::new("4.2").with_tls(ca.tls(&LOOPBACK_NAMES))).expect("a stand-in");
    let secret = secret(&server);
    let files = folder("ca");
    let file = |name: &str, ca: &TestCa| {
        std::fs::write(files.join(name), ca.pem()).expect("a file");
        files.join(name).to_str().expect("UTF-8").to_owned()
    };
    let (own, other) = (file("own.pem", &ca), file("other.pem", &TestCa::new("another CA")));
    let theirs = peer.did(|python| {
        let with = |bundle: &str| {
            let environment = [("REQUESTS_CA_BUNDLE", bundle)];
            let outcome = python.step_in(&environment, "token by secret", &server, &[("secret", &secret)]);
            (outcome["ok"] == true, server.take_requests().len())
        };
        assert_eq!((with(""), with(&own), with(&other)), ((true, 1), (true, 1), (false, 0)));
        "verified the certificate only where the variable is set"
    });
    let environment = [("REQUESTS_CA_BUNDLE", own.as_str()), ("CURL_CA_BUNDLE", own.as_str())];
    in_child("token of an unknown CA", &server, &environment);
    assert_eq!(server.requests().len(), 0);
    (theirs, "tls.unknown_issuer, even where the variables name the server's CA; sent nothing")
}

fn nothing_is_printed(peer: &Peer) -> Outcome {
    let server = standin("3.10");
    secret(&server);
    let theirs = peer.did(|python| {
        let outcome = python.step("list", &server, &[]);
        assert_eq!(outcome["ok"], true);
        let printed = outcome["printed"].as_u64().expect("a count");
        assert!(printed > 0);
        "a getSecrets that succeeds printed its first try's exception"
    });
    let output = in_child("all kinds of calls", &server, &[]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    // What a test program says itself.
    let own =
        ["running 1 test", "test defects::surroundings::in_a_process_of_its_own ... ok", "test result: ok. 1 passed"];
    assert!(shown.lines().all(|line| line.is_empty() || own.iter().any(|own| line.starts_with(own))), "{shown}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (theirs, "nothing on stdout and stderr, whether calls succeed or fail")
}

fn hooks_of_the_program_stay(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let theirs = peer.did(|python| {
        assert_eq!(python.step("hooks", &server, &[])["value"], false);
        "replaced the program's hook when a connection was made"
    });
    in_child("calls with a hook", &server, &[]);
    (theirs, "has no such hook; a panic hook of the program still saw the program's own panics")
}
