//! What pyTigerGraph 2.0.5 gets wrong, as regression tests of this library. Each defect is one situation
//! on a stand-in, met by unmodified pyTigerGraph 2.0.5, which must still show the defect, or the row would
//! say nothing, and by this library, which must not. The server's side judges wherever it can. pyTigerGraph
//! 1.8.4 meets it too, and may show it or not.
//!
//! Requests that may be repeated are counted as "at most three"; refused credentials and creations are not
//! among them.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use crate::common;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tigergraph_auth::log::{Level, Logger};
use tigergraph_auth::{Config, Connection, Error, Reason, Result, Status, TokenOptions};
use tigergraph_standin::{Action, Fault, LOOPBACK_NAMES, Options, Request, Standin, TestCa};

const PASSWORD: &str = "opensesame";
/// How often a request that may be repeated may reach the server.
const ATTEMPTS: usize = 3;

// ---------------------------------------------------------------------------------------------------------
// The peer, and the table.

/// A version of pyTigerGraph, if it is installed.
struct Peer(Option<PathBuf>);

impl Peer {
    /// What it did: `show` proves it and says it.
    fn did<Words: Into<String>>(&self, show: impl FnOnce(&Python) -> Words) -> String {
        self.0.clone().map_or("not installed, skipped".to_owned(), |path| show(&Python(path)).into())
    }
}

/// Its interpreter.
struct Python(PathBuf);

type Names<'a> = &'a [(&'a str, &'a str)];

impl Python {
    fn command(&self, step: &str, server: &Standin, given: Names) -> Command {
        let mut command = common::script(&self.0, "defect.py");
        command.arg(step).arg(server.gateway_url());
        command.args(given.iter().map(|(name, value)| format!("{name}={value}")));
        command
    }

    /// What `defect.py` says about a step.
    fn step(&self, step: &str, server: &Standin, given: Names) -> Value {
        said(&self.command(step, server, given).output().expect("python"))
    }

    fn step_in(&self, environment: Names, step: &str, server: &Standin, given: Names) -> Value {
        let mut command = self.command(step, server, given);
        said(&command.envs(environment.iter().copied()).output().expect("python"))
    }

    /// A step that says one thing and does not end: it is watched for two seconds, then stopped.
    fn endless(&self, step: &str, server: &Standin, given: Names) -> Value {
        let mut child = self.command(step, server, given).stdout(Stdio::piped()).spawn().expect("python");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        std::thread::sleep(Duration::from_secs(2));
        let still_runs = child.try_wait().expect("its state").is_none();
        child.kill().expect("its end");
        child.wait().expect("its end");
        assert!(still_runs, "{line}");
        serde_json::from_str(&line).expect("JSON")
    }
}

fn said(output: &Output) -> Value {
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&shown).unwrap_or_else(|_| panic!("{shown}"))
}

/// What the peer did, and what this library did.
type Outcome = (String, &'static str);

/// A defect: its name, and what proves both halves of its outcome.
struct Defect {
    what: &'static str,
    evidence: &'static str,
    meet: fn(&Peer) -> Outcome,
}

macro_rules! defects {
    ($($what:literal => $meet:ident,)*) => {
        &[$(Defect { what: $what, evidence: stringify!($meet), meet: $meet }),*]
    };
}

/// Defects of a kind, which are met at once.
const KINDS: &[(&str, &[Defect])] = &[
    (
        "transport",
        defects! {
            "https is not verified" => https_is_verified,
            "a 307 carries the secret to another host" => redirects_are_not_followed,
            "there is no time limit" => calls_end,
            "there is no limit of size" => answers_are_bounded,
            "a compressed answer is unpacked in full" => nothing_is_unpacked,
        },
    ),
    (
        "credentials",
        defects! {
            "the password, even of the factory account, goes beside a secret" => a_secret_goes_alone,
            "an expired token goes beside a secret" => no_old_token_beside_a_secret,
            "after a refused secret the password is tried" => a_refused_secret_is_final,
            "a wrong password reaches several URLs, twice" => a_refused_password_is_sent_once,
            "renewal logs in with the expired token, for ever" => an_expired_token_is_no_login,
            "threads at first use: one succeeds" => threads_at_first_use_all_succeed,
            "after getToken no secret can be managed on 3.x and 4.1.0" => secrets_are_managed_beside_a_token,
        },
    ),
    (
        "injection",
        defects! {
            "an alias is GSQL text" => an_alias_is_no_gsql,
            "a graph's name is GSQL text" => a_graph_is_no_gsql,
            "an alias reaches other endpoints" => an_alias_stays_below_secrets,
            "an alias empties the block list" => an_alias_keeps_the_block_list,
            "an alias drops another user's secret" => an_alias_is_no_query,
        },
    ),
    (
        "what is shown",
        defects! {
            "password, secret and token are in the log" => logs_hold_no_credential,
            "bodies and server messages are in exceptions as they came" => errors_hold_no_credential,
            "a secret's value goes into a URL of 3.x" => a_value_goes_only_where_it_is_taken,
        },
    ),
    (
        "what is reported",
        defects! {
            "dropSecret reports success whatever happened" => a_failed_drop_is_an_error,
            "a lost answer to createSecret makes a second secret" => a_secret_is_created_once,
            "a page or a refusal is read as \"no secrets\"" => a_failed_list_is_no_empty_list,
            "plain values are replaced by masked ones" => values_are_plain_or_an_error,
            "setToken=False has no effect" => a_token_can_be_kept_apart,
            "skipNA has no effect" => a_missing_token_can_be_ignored,
            "\"graph not found\" is taken for \"endpoint not found\"" => a_missing_graph_is_told,
        },
    ),
    (
        "versions and arguments",
        defects! {
            "\"3.10\" is no version" => two_numbers_are_a_version,
            "5.0 is older than 4.1" => versions_compare_as_numbers,
            "3.1 to 3.4 do not work" => older_servers_work,
            "the generation is never remembered" => the_generation_is_remembered,
            "lifetimes are not judged" => lifetimes_are_judged,
            "None is sent as a word" => nothing_is_nothing,
            "the graph of a token is ignored" => a_token_is_for_the_graph,
        },
    ),
    (
        "surroundings",
        defects! {
            "~/.netrc replaces the credentials" => netrc_is_not_read,
            "REQUESTS_CA_BUNDLE decides whether https is verified" => ca_variables_are_not_read,
            "exceptions are printed on stdout" => nothing_is_printed,
            "sys.excepthook is replaced" => hooks_of_the_program_stay,
        },
    ),
];

/// A row of the page: a defect, what each client did, and the function that shows it.
pub struct Row {
    pub kind: &'static str,
    pub what: &'static str,
    pub ours: &'static str,
    pub theirs: [String; 2],
    pub evidence: &'static str,
}

/// What defects of a kind came to with this version of pyTigerGraph; `None` where something was not as expected.
fn meet_all(defects: &[Defect], version: &str) -> Vec<Option<Outcome>> {
    let peer = &Peer(common::python(version));
    std::thread::scope(|scope| {
        let running: Vec<_> = defects.iter().map(|defect| scope.spawn(|| (defect.meet)(peer))).collect();
        running.into_iter().map(|row| row.join().ok()).collect()
    })
}

/// Meets all defects, with 2.0.5 and 1.8.4.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (kind, defects) in KINDS {
        let of_1_8_4 = meet_all(defects, "1.8.4");
        for ((defect, newer), older) in defects.iter().zip(meet_all(defects, "2.0.5")).zip(of_1_8_4) {
            let (theirs, ours) = newer.unwrap_or_else(|| panic!("{}: FAILED, see above", defect.what));
            // The half of 2.0.5 is the measure: an older version that fails it does something else.
            let older = older.map_or("not shown in this way".to_owned(), |(older, _)| older);
            rows.push(Row { kind, what: defect.what, ours, theirs: [theirs, older], evidence: defect.evidence });
        }
    }
    rows
}

/// What a process of its own is needed for: does something only as that process, see [`in_child`].
#[test]
fn in_a_process_of_its_own() {
    if let Ok(step) = std::env::var(CHILD_STEP) {
        as_child(&step);
    }
}

// ---------------------------------------------------------------------------------------------------------
// Small words.

fn standin(version: &str) -> Standin {
    Standin::start(Options::new(version)).expect("a stand-in")
}

fn with_fault(version: &str, fault: Fault) -> Standin {
    let server = standin(version);
    server.script(fault);
    server
}

/// A secret of alice's, of the graph where the server has secrets of graphs.
fn secret(server: &Standin) -> String {
    server.add_secret("alice", "MyGraph", "mine")
}

fn without_login(server: &Standin) -> Config {
    let mut config = Config::new(server.gateway_url());
    config.set_graph(Some(b"MyGraph")).set_timeouts(2000, 8000);
    config
}

fn with_login(server: &Standin) -> Config {
    let mut config = without_login(server);
    config.set_password(Some(b"alice"), Some(PASSWORD.as_bytes()));
    config
}

fn connect(config: &Config) -> Connection {
    Connection::new(config).expect("good settings")
}

/// A connection that logs in as alice and need not ask what the server is.
fn told(server: &Standin, version: &str) -> Connection {
    connect(with_login(server).set_server_version(Some(version.as_bytes())))
}

const MAKE_CURRENT: TokenOptions = TokenOptions { keep_current: false, global: false };
const KEEP: TokenOptions = TokenOptions { keep_current: true, global: false };

fn reason<T: std::fmt::Debug>(result: Result<T>) -> Reason {
    result.expect_err("a failure").reason()
}

/// Everything of a request that a credential could be in, decoded.
fn carries(request: &Request, credential: &str) -> bool {
    let login = request.basic().map(|(user, password)| format!("{user}:{password}")).unwrap_or_default();
    let query = request.query.clone().unwrap_or_default();
    let headers = request.headers.iter().map(|(_, value)| value.clone());
    headers.chain([login, request.path.clone(), query, request.text()]).any(|part| part.contains(credential))
}

fn carrying<'a>(requests: &'a [Request], credential: &str) -> Vec<&'a Request> {
    requests.iter().filter(|request| carries(request, credential)).collect()
}

fn aliases(server: &Standin) -> Vec<String> {
    server.snapshot().secrets.into_iter().map(|secret| secret.alias).collect()
}

/// Whether a text holds any eight bytes of a credential in a row.
fn holds_piece(text: &str, credential: &str) -> bool {
    credential.as_bytes().windows(8).any(|piece| text.as_bytes().windows(8).any(|window| window == piece))
}

/// All that an error can show.
fn shown(error: &Error) -> String {
    format!("{error:?} {error} {}", error.hint())
}

/// Lines as they were logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<(Level, String)>>>);

impl Lines {
    fn logger(&self) -> Logger {
        let lines = self.0.clone();
        let write = move |level: Level, line: &str| lines.lock().expect("a lock").push((level, line.to_owned()));
        Logger::new(Level::Debug as i32, Arc::new(write))
    }

    fn at(&self, wanted: Level) -> Vec<String> {
        let lines = self.0.lock().expect("a lock");
        lines.iter().filter(|(level, _)| *level == wanted).map(|(_, line)| line.clone()).collect()
    }
}

// ---------------------------------------------------------------------------------------------------------
// Transport.

fn https_is_verified(peer: &Peer) -> Outcome {
    let ca = TestCa::new("nobody trusts this CA");
    let server = Standin::start(Options::new("4.2").with_tls(ca.tls(&["db.example.com"]))).expect("a stand-in");
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        let given = [("secret", secret.as_str()), ("certPath", "/nowhere/ca.pem")];
        assert_eq!(python.step("token by secret", &server, &given)["value"], true);
        assert_eq!(carrying(&server.take_requests(), &secret).len(), 1);
        "sent the secret to a server with another host's certificate of an unknown CA; certPath is not read"
    });
    for (trusted, expected) in [(None, Reason::TlsUnknownIssuer), (Some(ca.pem()), Reason::TlsWrongHost)] {
        let mut config = with_login(&server);
        config.set_ca_pem(trusted.map(str::as_bytes));
        assert_eq!(reason(connect(&config).get_token(Some(&secret), 0, MAKE_CURRENT)), expected);
    }
    assert_eq!(server.requests().len(), 0);
    (theirs, "tls.unknown_issuer; with the CA trusted, tls.wrong_host; sent nothing")
}

fn redirects_are_not_followed(peer: &Peer) -> Outcome {
    let target = standin("4.2");
    let location = format!("http://localhost:{}/gsql/v1/tokens", target.gateway_port());
    let server = with_fault("4.2", Fault::always("/", Action::reply(307, "").header("location", &location)));
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        python.step("token by secret", &server, &[("secret", &secret)]);
        assert!(!carrying(&target.requests(), &secret).is_empty());
        "posted the secret again, to the other host"
    });
    server.take_requests();
    let already = target.connections();
    let error = told(&server, "4.2").get_token(Some(&secret), 0, MAKE_CURRENT).expect_err("a redirect");
    assert_eq!(error.reason(), Reason::ProtocolRedirect);
    assert!(shown(&error).contains("http://localhost") && !shown(&error).contains("/tokens"), "{error:?}");
    assert_eq!((server.requests().len(), target.connections()), (1, already));
    (theirs, "protocol.redirect, which names the other host; no connection to it")
}

fn calls_end(peer: &Peer) -> Outcome {
    let server = with_fault("4.2", Fault::always("/", Action::Hang));
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        let told = python.endless("no limit", &server, &[("secret", &secret)]);
        assert_eq!(told["value"], Value::Null, "a time limit");
        "asked the socket for no time limit, and still waited after 2 s"
    });
    let connection = connect(with_login(&server).set_timeouts(300, 600));
    let started = Instant::now();
    assert_eq!(reason(connection.get_token(Some(&secret), 0, MAKE_CURRENT)), Reason::TimeoutResponse);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    (theirs, "timeout.response at the limit of the call")
}

const MANY: usize = 8 << 20;

/// A token request that is answered by `answer`: what the peer's exception is about, and our error.
fn oversized(peer: &Peer, answer: Action, words: &'static str) -> (String, Reason) {
    let server = with_fault("4.2", Fault::always("/", answer));
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        let outcome = python.step("token by secret", &server, &[("secret", &secret)]);
        let length = outcome["length"].as_u64().expect("an exception");
        assert!(length >= MANY as u64, "{outcome}");
        format!("an exception whose text has more than 8 MiB, {words}")
    });
    let error = told(&server, "4.2").get_token(Some(&secret), 0, MAKE_CURRENT).expect_err("not an answer");
    assert!(shown(&error).len() < 1024);
    (theirs, error.reason())
}

fn answers_are_bounded(peer: &Peer) -> Outcome {
    let (theirs, ours) = oversized(peer, Action::reply(200, &"no JSON ".repeat(MANY / 8)), "all that came");
    assert_eq!(ours, Reason::ProtocolTooLarge);
    (theirs, "protocol.too_large, in less than 1 KiB of text")
}

/// 64 KiB of zeros, as gzip. Such members may follow one another.
const ZEROS: &str = "H4sIAAAAAAACA+3BAQEAAACAkP6v7ggKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAauuOl9cAAAEA";

fn nothing_is_unpacked(peer: &Peer) -> Outcome {
    let bomb = BASE64.decode(ZEROS).expect("Base64").repeat(MANY >> 16);
    let headers = vec![("content-encoding".to_owned(), "gzip".to_owned())];
    let (theirs, ours) = oversized(
        peer,
        Action::Reply { status: 200, headers, body: bomb, content_type: None },
        "from 12 KiB that came",
    );
    assert_eq!(ours, Reason::ProtocolEncoding);
    (theirs, "protocol.encoding, in less than 1 KiB of text")
}

// ---------------------------------------------------------------------------------------------------------
// Credentials.

fn a_secret_goes_alone(peer: &Peer) -> Outcome {
    let logins = [("token by secret", "alice:opensesame"), ("token by secret, no login", "tigergraph:tigergraph")];
    let theirs = peer.did(|python| {
        for (step, login) in logins {
            let server = standin("4.2");
            let secret = secret(&server);
            assert_eq!(python.step(step, &server, &[("secret", &secret)])["value"], true);
            let requests = server.requests();
            assert!(carries(carrying(&requests, &secret)[0], login), "{login}");
        }
        "sent alice's password beside the secret; without a login, tigergraph:tigergraph"
    });
    for version in ["3.10", "4.2"] {
        let server = standin(version);
        let secret = secret(&server);
        for config in [with_login(&server), without_login(&server)] {
            connect(&config).get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
            let requests = server.take_requests();
            assert_eq!(carrying(&requests, &secret).len(), 1, "{version}");
            assert!(requests.iter().all(|request| request.header("authorization").is_none()), "{version}");
        }
    }
    (theirs, "sent the secret alone, on 3.10 and 4.2, whatever login is configured")
}

fn no_old_token_beside_a_secret(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let secret = secret(&server);
    let connection = connect(&with_login(&server));
    let old = connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect("a token");
    server.expire_tokens();
    server.take_requests();
    let theirs = peer.did(|python| {
        python.step("token by secret", &server, &[("secret", &secret), ("apiToken", old.value())]);
        assert!(carries(carrying(&server.take_requests(), &secret)[0], old.value()));
        "sent both in one request"
    });
    connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect("a new token");
    assert_eq!(carrying(&server.take_requests(), old.value()).len(), 0);
    (theirs, "sent the secret alone, and got a new token")
}

fn a_refused_secret_is_final(peer: &Peer) -> Outcome {
    let server = Standin::start(Options::new("4.2").switch("wrong-secret-c", "401")).expect("a stand-in");
    let theirs = peer.did(|python| {
        assert_eq!(python.step("token by secret", &server, &[("secret", "wrongsecret")])["ok"], false);
        let requests = server.take_requests();
        assert_eq!(carrying(&requests, "wrongsecret").len(), 2);
        let by_password: Vec<_> = requests.iter().filter(|request| !carries(request, "wrongsecret")).collect();
        assert!(by_password.len() == 1 && carries(by_password[0], PASSWORD) && by_password[0].status == 200);
        assert_eq!(server.snapshot().tokens.len(), 1);
        "got a token with the password, sent the secret again, and reported a failure"
    });
    let tokens = server.snapshot().tokens.len();
    let connection = told(&server, "4.2");
    assert_eq!(reason(connection.get_token(Some("wrongsecret"), 0, MAKE_CURRENT)), Reason::AuthBadSecret);
    let requests = server.take_requests();
    assert_eq!((requests.len(), carrying(&requests, PASSWORD).len()), (1, 0));
    assert_eq!(server.snapshot().tokens.len(), tokens);
    (theirs, "auth.bad_secret after 1 request, without the password")
}

fn a_refused_password_is_sent_once(peer: &Peer) -> Outcome {
    let server = standin("3.10");
    let theirs = peer.did(|python| {
        assert_eq!(python.step("token by password", &server, &[("password", "wrong-password")])["ok"], false);
        let requests = server.take_requests();
        let mut paths: Vec<&str> =
            carrying(&requests, "wrong-password").iter().map(|request| request.path.as_str()).collect();
        let sent = paths.len();
        paths.sort_unstable();
        paths.dedup();
        let counted = server.with_state(|state| state.users["alice"].failed_logins);
        assert!(sent > 1 && paths.len() > 1);
        let urls = paths.len();
        format!(
            "sent it {sent} times to {urls} URLs, which counts as {counted} of the 5 failures that lock the account"
        )
    });
    let mut config = with_login(&server);
    config.set_password(Some(b"alice"), Some(b"wrong-password"));
    assert_eq!(reason(connect(&config).get_token(None, 0, MAKE_CURRENT)), Reason::AuthBadPassword);
    let requests = server.take_requests();
    assert_eq!(carrying(&requests, "wrong-password").len(), 1);
    (theirs, "auth.bad_password; sent it once")
}

fn an_expired_token_is_no_login(peer: &Peer) -> Outcome {
    let theirs = peer.did(|python| {
        let server = Standin::start(Options::new("4.2").with_control()).expect("a stand-in");
        let control = server.control_url().expect("a control listener");
        let outcome = python.step("renew", &server, &[("control", &control)]);
        assert_eq!(outcome["value"], json!([false, false, false]));
        let requests = server.requests();
        assert!(requests[1..].iter().all(|request| request.scheme("Bearer").is_some()));
        let tries = requests[1..].iter().filter(|request| request.path == "/gsql/v1/tokens").count();
        format!("logged in with the expired token {tries} times; getVersion, getSecrets and getToken all failed")
    });
    let server = standin("4.2");
    let connection = connect(&with_login(&server));
    let old = connection.get_token(None, 0, MAKE_CURRENT).expect("a token");
    server.expire_tokens();
    server.take_requests();
    let new = connection.get_token(None, 0, MAKE_CURRENT).expect("a new token");
    assert_ne!(new.value(), old.value());
    connection.server_version().expect("a version");
    connection.get_secrets(None).expect("a list");
    assert_eq!(carrying(&server.take_requests(), old.value()).len(), 0);
    (theirs, "an explicit get_token logs in with the password; the expired token is never sent again")
}

const THREADS: usize = 16;

fn threads_at_first_use_all_succeed(peer: &Peer) -> Outcome {
    let slow = || with_fault("4.2", Fault::always("/gsql/v1/tokens", Action::Delay(Duration::from_millis(300))));
    let theirs = peer.did(|python| {
        let good = python.step("first use by threads", &slow(), &[])["value"].as_u64().expect("a count");
        assert!((1..THREADS as u64).contains(&good), "{good}");
        println!("{good} of {THREADS} calls succeeded");
        format!("not all of {THREADS} calls succeeded")
    });
    let server = slow();
    let secret = secret(&server);
    let (connection, start) = (connect(&with_login(&server)), Barrier::new(THREADS));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect("a token");
            });
        }
    });
    let requests = server.requests();
    let detections = requests.iter().filter(|request| request.path == "/gsql/v1/tokens/check").count();
    assert_eq!((detections, carrying(&requests, &secret).len()), (1, THREADS));
    (theirs, "16 of 16 calls succeeded, and 1 request found out what the server is")
}

fn secrets_are_managed_beside_a_token(peer: &Peer) -> Outcome {
    let theirs = peer.did(|python| {
        for version in ["3.10", "4.1.0"] {
            let server = standin(version);
            let secret = secret(&server);
            assert_eq!(python.step("manage after token", &server, &[("secret", &secret)])["ok"], false, "{version}");
            assert_eq!(aliases(&server), ["mine"], "{version}");
            let last = server.requests().pop().expect("a request");
            assert!(last.scheme("Bearer").is_some(), "{version}");
        }
        "createSecret failed: it sent the token where a login is needed"
    });
    for version in ["3.10", "4.1.0"] {
        let server = standin(version);
        let secret = secret(&server);
        let connection = connect(&with_login(&server));
        connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        connection.create_secret(Some("second"), None, None).expect(version);
        assert_eq!(aliases(&server), ["mine", "second"], "{version}");
    }
    (theirs, "create_secret logs in with the password, token or not")
}

// ---------------------------------------------------------------------------------------------------------
// Injection.

const INJECTED: &str = "x\nDROP SECRET mine";

fn an_alias_is_no_gsql(peer: &Peer) -> Outcome {
    let theirs = peer.did(|python| {
        let server = standin("3.10");
        secret(&server);
        assert_eq!(python.step("create", &server, &[("alias", INJECTED)])["ok"], true);
        assert_eq!(aliases(&server), ["x"]);
        "the alias \"x\\nDROP SECRET mine\" dropped the secret mine"
    });
    let server = standin("3.10");
    secret(&server);
    let connection = told(&server, "3.10");
    for alias in [INJECTED, "x;DROP SECRET mine", "x DROP SECRET mine", "x\r\n", "\"x\""] {
        for result in [connection.create_secret(Some(alias), None, None), connection.ensure_secret(alias)] {
            assert_eq!(result.expect_err(alias).status(), Status::InvalidArgument, "{alias:?}");
        }
        assert_eq!(connection.drop_secrets(&[alias], None, true).expect_err(alias).status(), Status::InvalidArgument);
    }
    assert_eq!(server.requests().len(), 0);
    assert_eq!(aliases(&server), ["mine"]);
    (theirs, "argument.alias or argument.control_character; sent nothing")
}

fn a_graph_is_no_gsql(peer: &Peer) -> Outcome {
    let graph = format!("MyGraph\n{}", &INJECTED[2..]);
    let theirs = peer.did(|python| {
        let server = standin("3.10");
        secret(&server);
        assert_eq!(python.step("create", &server, &[("graphname", &graph), ("alias", "x")])["ok"], true);
        assert_eq!(aliases(&server), ["x"]);
        "the graph \"MyGraph\\nDROP SECRET mine\" dropped the secret mine"
    });
    for graph in [graph.as_str(), "MyGraph;LS", "My Graph", "../MyGraph", ""] {
        let mut config = Config::new("http://127.0.0.1:1");
        config.set_graph(Some(graph.as_bytes()));
        assert_eq!(reason(Connection::new(&config)), Reason::ArgumentGraph, "{graph:?}");
    }
    (theirs, "argument.graph before there is a connection")
}

/// Drops a secret of this name: what the peer says, and what our two ways to name a secret come to.
fn drop_and_ensure(connection: &Connection, alias: &str) -> [Result<String>; 2] {
    let dropped = connection.drop_secrets(&[alias], None, false).map(|count| count.to_string());
    [dropped, connection.ensure_secret(alias).map(|secret| secret.alias)]
}

fn an_alias_stays_below_secrets(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let theirs = peer.did(|python| {
        assert_eq!(python.step("drop", &server, &[("alias", "../drop-all")])["value"], json!([true]));
        assert_eq!(server.tripwires(), 1);
        "the alias \"../drop-all\" reached DELETE /gsql/v1/drop-all"
    });
    let tripped = server.tripwires();
    server.take_requests();
    for outcome in drop_and_ensure(&told(&server, "4.2"), "../drop-all") {
        assert_eq!(reason(outcome), Reason::ArgumentAlias);
    }
    assert_eq!((server.requests().len(), server.tripwires()), (0, tripped));
    (theirs, "argument.alias; sent nothing")
}

fn an_alias_keeps_the_block_list(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let block = || {
        let connection = told(&server, "4.2");
        connection.get_token(None, 0, MAKE_CURRENT).expect("a token");
        connection.delete_token(None, None, false).expect("a place on the list");
        server.take_requests();
        connection
    };
    block();
    let theirs = peer.did(|python| {
        let outcome = python.step("drop", &server, &[("alias", "../tokens?clear=true")]);
        assert_eq!(outcome["value"], json!([true]));
        assert_eq!(server.snapshot().blocked.len(), 0);
        "the alias \"../tokens?clear=true\" made deleted tokens valid again"
    });
    let connection = block();
    let blocked = server.snapshot().blocked;
    for alias in ["../tokens?clear=true", "x/../../v1/tokens?clear=true", "..%2ftokens?clear=true"] {
        for outcome in drop_and_ensure(&connection, alias) {
            outcome.expect_err(alias);
        }
    }
    assert_eq!(server.snapshot().blocked, blocked);
    assert!(server.requests().iter().all(|request| request.path.starts_with("/gsql/v1/secrets")));
    (theirs, "argument.alias, or one alias that does not exist; the list is as it was")
}

fn an_alias_is_no_query(peer: &Peer) -> Outcome {
    let alias = "mine?userName=alice";
    let theirs = peer.did(|python| {
        let server = standin("4.2");
        secret(&server);
        let given = [("alias", alias), ("username", "tigergraph"), ("password", "tigergraph")];
        assert_eq!(python.step("drop", &server, &given)["value"], json!([true]));
        assert!(!server.snapshot().secrets.iter().any(|secret| secret.user == "alice"));
        "a superuser's own alias \"mine?userName=alice\" dropped alice's secret"
    });
    let server = standin("4.2");
    secret(&server);
    let mut config = with_login(&server);
    config.set_password(Some(b"tigergraph"), Some(b"tigergraph")).set_server_version(Some(b"4.2"));
    let connection = connect(&config);
    assert_eq!(reason(connection.drop_secrets(&[alias], None, false)), Reason::MissingSecret);
    let requests = server.take_requests();
    assert_eq!((requests.len(), requests[0].query.as_deref()), (1, None));
    assert_eq!(requests[0].json().expect("JSON"), json!({"secrets": [alias]}));
    connection.ensure_secret(alias).expect_err("an alias that the server refuses");
    let asked = server.take_requests().remove(0);
    assert_eq!((asked.path.as_str(), asked.query), ("/gsql/v1/secrets/mine%3FuserName%3Dalice", None));
    assert_eq!(aliases(&server), ["mine"]);
    (theirs, "missing.secret: the whole text arrived as one alias")
}

// ---------------------------------------------------------------------------------------------------------
// What is shown.

fn logs_hold_no_credential(peer: &Peer) -> Outcome {
    let theirs = peer.did(|python| {
        let outcome = python.step("debug log", &standin("4.2"), &[]);
        assert_eq!(outcome["value"], json!(["password", "secret", "token"]));
        "a log at DEBUG has password, secret and token in plain text"
    });
    for version in ["3.10", "4.2"] {
        let (server, lines) = (standin(version), Lines::default());
        let connection = connect(with_login(&server).set_log(Some(lines.logger())));
        let secret = connection.create_secret(Some("logged"), None, None).expect(version);
        let secret = secret.value.reveal();
        let token = connection.get_token(Some(secret), 0, MAKE_CURRENT).expect(version);
        connection.get_secrets(None).expect(version);
        connection.delete_token(Some(secret), None, false).expect(version);
        let failed = connection.get_token(Some("wrongsecretwrongsecret"), 0, KEEP).expect_err(version);
        let (requests, logged) = (lines.at(Level::Debug), lines.0.lock().expect("a lock"));
        assert!(requests.len() >= server.requests().len(), "a line for each request");
        let all = format!("{logged:?} {} {connection:?} {token:?}", shown(&failed));
        for credential in [PASSWORD, secret, token.value(), "wrongsecretwrongsecret", &BASE64.encode(PASSWORD)] {
            assert!(!holds_piece(&all, credential), "{version}: {all}");
        }
    }
    (theirs, "a line for each request, without 8 bytes of any of them in a row")
}

fn errors_hold_no_credential(peer: &Peer) -> Outcome {
    let answers = |text: &str| {
        let message = format!("{{\"error\":true,\"message\":\"the secret {text} is not known\"}}");
        [Action::reply(200, &format!("debug: you sent {text}")), Action::reply(401, &message)]
    };
    let theirs = peer.did(|python| {
        for index in [0, 1] {
            let server = standin("4.2");
            let secret = secret(&server);
            server.script(Fault::always("/", answers(&secret)[index].clone()));
            let outcome = python.step("token by secret", &server, &[("secret", &secret)]);
            assert!(outcome["shown"].as_array().expect("a list").contains(&json!("secret")), "{outcome}");
        }
        "the exception has the secret that the server repeated, from a text and from a message"
    });
    for index in [0, 1] {
        let server = standin("4.2");
        let secret = secret(&server);
        server.script(Fault::always("/gsql/v1/tokens", answers(&secret)[index].clone()));
        let error = told(&server, "4.2").get_token(Some(&secret), 0, MAKE_CURRENT).expect_err("a failure");
        assert_eq!(error.reason(), [Reason::ProtocolNotJson, Reason::AuthBadSecret][index]);
        assert!(!holds_piece(&shown(&error), &secret), "{error:?}");
        assert_eq!(error.message().contains("<redacted:"), index == 1, "{error}");
    }
    (theirs, "the text is not quoted, and the message is, without the secret")
}

fn a_value_goes_only_where_it_is_taken(peer: &Peer) -> Outcome {
    let value = "a-value-of-my-own";
    let theirs = peer.did(|python| {
        let server = standin("3.10");
        assert_eq!(python.step("create value", &server, &[("secret", value)])["ok"], true);
        let requests = server.requests();
        assert!(requests.iter().any(|request| request.query.as_deref().is_some_and(|query| query.contains(value))));
        assert!(!server.snapshot().secrets.iter().any(|secret| secret.value == value));
        "sent it in the URL of a 3.10 server, and reported success for a secret with another value"
    });
    let server = standin("3.10");
    let connection = connect(&with_login(&server));
    assert_eq!(reason(connection.create_secret(Some("x"), Some(value), None)), Reason::UnsupportedValue);
    assert_eq!(carrying(&server.requests(), value).len() + aliases(&server).len(), 0);
    let (server, lines) = (standin("4.2"), Lines::default());
    let connection = connect(with_login(&server).set_log(Some(lines.logger())));
    let secret = connection.create_secret(Some("x"), Some(value), None).expect("a secret");
    assert_eq!(secret.value.reveal(), value);
    assert_eq!(carrying(&server.requests(), value).len(), 1);
    assert!(lines.at(Level::Warn).iter().any(|line| line.contains("URL") && !line.contains(value)));
    (theirs, "unsupported.value, the value not sent; from 4.1 on, where nothing else is taken, with a warning")
}

// ---------------------------------------------------------------------------------------------------------
// Results.

fn a_failed_drop_is_an_error(peer: &Peer) -> Outcome {
    let failures = [
        (Action::reply(403, "{\"error\":true,\"message\":\"no\"}"), Reason::AuthNoPrivilege),
        (Action::reply(500, "<html>"), Reason::ServerError),
        (Action::CloseBeforeReply, Reason::ConnectClosed),
    ];
    let fault = |action: &Action| Fault::always("/gsql/v1/secrets", action.clone()).method("DELETE");
    let theirs = peer.did(|python| {
        let server = standin("4.2");
        secret(&server);
        failures.iter().for_each(|(action, _)| server.script(fault(action).times(1)));
        let outcome = python.step("drop three times", &server, &[("alias", "mine")]);
        assert_eq!(outcome["value"], json!([true, true, true]));
        assert!(aliases(&server).contains(&"mine".to_owned()));
        "reported success for a refusal, an error of the server and a lost connection"
    });
    for (action, expected) in &failures {
        let server = with_fault("4.2", fault(action));
        secret(&server);
        let connection = told(&server, "4.2");
        assert_eq!(reason(connection.drop_secrets(&["mine"], None, true)), *expected);
        assert!((1..=ATTEMPTS).contains(&server.requests().len()), "{}", server.requests().len());
        drop(server);
        assert_eq!(connection.drop_secrets(&["mine"], None, true).expect_err("no server").status(), Status::Connect);
    }
    (theirs, "auth.no_privilege, server.error, connect.closed; CONNECT without a server")
}

fn a_secret_is_created_once(peer: &Peer) -> Outcome {
    let fault = || Fault::once("/gsql/v1/secrets", Action::CloseAfterProcessing).method("POST");
    let theirs = peer.did(|python| {
        let server = with_fault("4.2", fault());
        assert_eq!(python.step("create", &server, &[])["ok"], true);
        assert_eq!(aliases(&server).len(), 2);
        "made two secrets, by two routes, and returned one"
    });
    let server = with_fault("4.2", fault());
    let error = connect(&with_login(&server)).create_secret(None, None, None).expect_err("lost");
    assert_eq!(error.reason(), Reason::OutcomeUnknown);
    let creations = server.requests().iter().filter(|request| carries(request, "AUTO_GENERATED_ALIAS_")).count();
    assert_eq!((creations, aliases(&server).len()), (1, 1));
    assert!(error.message().contains(&aliases(&server)[0]), "{error}");
    (theirs, "outcome.unknown, which names the alias; 1 creation")
}

fn a_failed_list_is_no_empty_list(peer: &Peer) -> Outcome {
    let failures = [
        ("3.10", Action::reply(200, "<html>portal</html>"), Reason::ProtocolNotJson),
        ("4.2", Action::reply(200, "<html>portal</html>"), Reason::ProtocolNotJson),
        ("4.2", Action::reply(200, "{\"error\":true,\"message\":\"no\"}"), Reason::ServerError),
    ];
    let broken = |version: &str, action: &Action| {
        let server = with_fault(version, Fault::always("/gsql", action.clone()));
        secret(&server);
        server
    };
    let theirs = peer.did(|python| {
        for (version, action, _) in &failures {
            let outcome = python.step("list", &broken(version, action), &[]);
            assert_eq!((&outcome["ok"], &outcome["value"]["count"]), (&json!(true), &json!(0)), "{version}");
        }
        "returned an empty list, for a page on 3.10 and 4.2 and for a refusal on 4.2"
    });
    for (version, action, expected) in &failures {
        assert_eq!(reason(told(&broken(version, action), version).get_secrets(None)), *expected, "{version}");
    }
    (theirs, "protocol.not_json for a page, server.error for a refusal")
}

fn values_are_plain_or_an_error(peer: &Peer) -> Outcome {
    let server = || with_fault("4.2", Fault::once("/gsql/v1/secrets", Action::reply(500, "<html>")));
    let theirs = peer.did(|python| {
        let server = server();
        secret(&server);
        assert_eq!(python.step("list", &server, &[])["value"], json!({"count": 1, "masked": 1}));
        "after one error of a 4.2 server, returned the masked value from GSQL text"
    });
    let server = server();
    let plain = secret(&server);
    let connection = told(&server, "4.2");
    match connection.get_secrets(None) {
        Ok(secrets) => assert_eq!(secrets[0].value.reveal(), plain),
        Err(error) => assert_eq!(error.reason(), Reason::ServerError),
    }
    assert_eq!(connection.get_secrets(None).expect("a list")[0].value.reveal(), plain);
    assert!(server.requests().iter().all(|request| request.path == "/gsql/v1/secrets"));
    (theirs, "the plain value or server.error; GSQL text is not asked")
}

fn a_token_can_be_kept_apart(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        assert_eq!(python.step("kept token", &server, &[("secret", &secret)])["value"], true);
        "made the token the connection's own all the same"
    });
    let connection = connect(&with_login(&server));
    connection.get_token(Some(&secret), 0, KEEP).expect("a token");
    assert_eq!(reason(connection.current_token()), Reason::CredentialsNone);
    let own = connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect("a token");
    connection.get_token(Some(&secret), 0, KEEP).expect("a token");
    assert_eq!(connection.current_token().expect("a token").value(), own.value());
    (theirs, "keep_current leaves the connection's own token, or none, as it is")
}

fn a_missing_token_can_be_ignored(peer: &Peer) -> Outcome {
    let server = standin("3.10");
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        assert_eq!(python.step("delete unknown", &server, &[("secret", &secret)])["ok"], false);
        "raised an exception for an unknown token"
    });
    let connection = connect(&with_login(&server));
    connection.delete_token(Some(&secret), Some("unknown-token"), true).expect("ignored");
    assert_eq!(
        reason(connection.delete_token(Some(&secret), Some("unknown-token"), false)),
        Reason::MissingToken,
        "only if asked to"
    );
    (theirs, "ignore_missing: success; otherwise missing.token")
}

fn a_missing_graph_is_told(peer: &Peer) -> Outcome {
    let server = Standin::start(Options::new("4.2").switch("unknown-graph", "404")).expect("a stand-in");
    let theirs = peer.did(|python| {
        let outcome = python.step("token for the graph", &server, &[("graphname", "Nowhere")]);
        assert_eq!((&outcome["ok"], &outcome["shown"]), (&json!(false), &json!([])));
        assert_eq!(carrying(&server.take_requests(), PASSWORD).len(), 2);
        "sent the password to a second URL, and lost the server's own words"
    });
    let error = connect(with_login(&server).set_graph(Some(b"Nowhere"))).get_token(None, 0, MAKE_CURRENT);
    let error = error.expect_err("no such graph");
    assert_eq!(error.reason(), Reason::MissingGraph);
    assert!(error.message().contains("Nowhere not found"), "{error}");
    assert_eq!(carrying(&server.requests(), PASSWORD).len(), 1);
    (theirs, "missing.graph with the server's own words; sent the password once")
}

// ---------------------------------------------------------------------------------------------------------
// Versions and arguments.

fn two_numbers_are_a_version(peer: &Peer) -> Outcome {
    let server = standin("3.10");
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        let outcome = python.step("token by secret", &server, &[("secret", &secret), ("gsqlVersion", "3.10")]);
        assert_eq!((&outcome["value"], server.requests().len()), (&json!("ValueError"), 0));
        "ValueError from its own parser"
    });
    told(&server, "3.10").get_token(Some(&secret), 0, MAKE_CURRENT).expect("a token");
    assert_eq!(server.take_requests().len(), 1);
    (theirs, "1 request in the form of 3.10")
}

fn versions_compare_as_numbers(peer: &Peer) -> Outcome {
    let server = standin("5.0");
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        assert_eq!(python.step("check", &server, &[("secret", &secret)])["ok"], false);
        assert!(!server.take_requests().iter().any(|request| request.path == "/gsql/v1/tokens/check"));
        "checkJwtToken refused, as if the server were older than 4.1"
    });
    for connection in [connect(&with_login(&server)), told(&server, "5.0"), told(&server, "10.1")] {
        let token = connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect("a token");
        assert!(connection.check_jwt_token(token.value()).expect("a check"));
    }
    (theirs, "checked the token, found out by asking, or told \"5.0\" or \"10.1\"")
}

fn older_servers_work(peer: &Peer) -> Outcome {
    let theirs = peer.did(|python| {
        for (version, told) in [("3.4", ""), ("3.4", "3.4.0"), ("3.1.4", "")] {
            let server = standin(version);
            let secret = secret(&server);
            let outcome = python.step("token by secret", &server, &[("secret", &secret), ("gsqlVersion", told)]);
            assert_eq!((&outcome["ok"], server.snapshot().tokens.len()), (&json!(false), 0), "{version} {told}");
        }
        "no token from 3.1.4 and 3.4; told the version, UnboundLocalError"
    });
    for version in ["3.1.4", "3.4"] {
        let server = standin(version);
        let secret = secret(&server);
        connect(&with_login(&server)).get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        told(&server, version).get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        assert_eq!(server.snapshot().tokens.len(), 2, "{version}");
    }
    (theirs, "a token from each, told the version or not")
}

fn the_generation_is_remembered(peer: &Peer) -> Outcome {
    let server = standin("3.10");
    secret(&server);
    let theirs = peer.did(|python| {
        assert_eq!(python.step("list twice", &server, &[])["value"], json!([1, 1]));
        let requests = carrying(&server.take_requests(), PASSWORD).len();
        assert!(requests > 2, "{requests}");
        format!("{requests} requests for two lists on 3.10, each with the password")
    });
    let connection = connect(&with_login(&server));
    for expected in [2, 1, 1] {
        connection.get_secrets(None).expect("a list");
        let requests = server.take_requests();
        assert_eq!((requests.len(), carrying(&requests, PASSWORD).len()), (expected, 1));
    }
    (theirs, "1 request for each list, and 1 without credentials before the first")
}

fn lifetimes_are_judged(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        python.step("lifetimes", &server, &[("secret", &secret)]);
        let sent = server.take_requests().into_iter().map(|request| request.json().expect("JSON")["lifetime"].clone());
        let mut sent: Vec<Value> = sent.collect();
        sent.dedup();
        assert_eq!(sent, [Value::Null, json!("-5"), json!("soon")]);
        "sent -5 and \"soon\", and nothing for 0"
    });
    let negative = Connection::new(with_login(&server).set_token_lifetime(-5, 0));
    assert_eq!(reason(negative), Reason::ArgumentRange);
    let connection = told(&server, "4.2");
    assert_eq!(reason(connection.get_token(Some(&secret), u64::MAX, MAKE_CURRENT)), Reason::ArgumentRange);
    assert_eq!(server.requests().len(), 0);
    connection.get_token(Some(&secret), 60, MAKE_CURRENT).expect("a token");
    assert_eq!(server.requests()[0].json().expect("JSON")["lifetime"], "60");
    (theirs, "argument.range, nothing sent; a lifetime is a number by its type, and 0 is documented as the default")
}

fn nothing_is_nothing(peer: &Peer) -> Outcome {
    let server = standin("3.10");
    let theirs = peer.did(|python| {
        python.step("log in by None", &server, &[]);
        assert!(carrying(&server.take_requests(), "__GSQL__secret:None").len() > 1);
        assert_eq!(python.step("create None", &server, &[])["ok"], true);
        assert_eq!(aliases(&server), ["None"]);
        "logged in with the secret \"None\"; made a secret with the alias \"None\""
    });
    server.take_requests();
    let nobody = connect(without_login(&server).set_secret(None).set_server_version(Some(b"3.10")));
    assert_eq!(reason(nobody.get_token(None, 0, MAKE_CURRENT)), Reason::CredentialsNone);
    assert_eq!(reason(nobody.get_secrets(None)), Reason::CredentialsNone);
    assert_eq!(server.requests().len(), 0);
    let made = told(&server, "3.10").create_secret(None, None, None).expect("a secret");
    assert!(made.alias.starts_with("AUTO_GENERATED_ALIAS_") && aliases(&server).contains(&made.alias));
    (theirs, "credentials.none, nothing sent; an alias is made up")
}

fn a_token_is_for_the_graph(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let theirs = peer.did(|python| {
        assert_eq!(python.step("token by password", &server, &[("graphname", "MyGraph")])["value"], true);
        assert_eq!(server.snapshot().tokens[0].graph, None);
        "got a token for all graphs, although the connection names one"
    });
    let connection = connect(&with_login(&server));
    let graph_of = |options: TokenOptions| {
        let token = connection.get_token(None, 0, options).expect("a token");
        let tokens = server.snapshot().tokens.into_iter();
        tokens.filter(|held| held.value == token.value()).map(|held| held.graph).next_back().expect("the token")
    };
    assert_eq!(graph_of(MAKE_CURRENT).as_deref(), Some("MyGraph"));
    assert_eq!(graph_of(TokenOptions { keep_current: false, global: true }), None);
    (theirs, "a token for the graph named; for all graphs only if asked to")
}

// ---------------------------------------------------------------------------------------------------------
// Surroundings: variables, files, output and hooks of the whole process, so ours run in one of their own.

const CHILD_STEP: &str = "DEFECTS_STEP";
const CHILD_URL: &str = "DEFECTS_URL";

/// Takes a step of [`as_child`] in a process of its own, with these variables. It must go well.
fn in_child(step: &str, server: &Standin, environment: Names) -> Output {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", "defects::in_a_process_of_its_own", "--nocapture"]);
    command.env(CHILD_STEP, step).env(CHILD_URL, server.gateway_url()).envs(environment.iter().copied());
    let output = command.output().expect("itself");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}{}", String::from_utf8_lossy(&output.stderr));
    assert!(shown.contains("1 passed"), "{shown}");
    output
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
    let own = ["running 1 test", "test defects::in_a_process_of_its_own ... ok", "test result: ok. 1 passed"];
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
