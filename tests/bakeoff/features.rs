//! What clients can do, each operation twice on a connection just made, with the requests counted and the result
//! compared with what the server holds.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tigergraph_auth::{Config, Connection, TokenOptions};
use tigergraph_standin::{LOOPBACK_NAMES, Options, Standin, TestCa};

use crate::clients::{CLIENTS, Client, Runner, Said};

/// One server of each generation.
const VERSIONS: [&str; 3] = ["2.6", "3.10", "4.2"];
const ALIASES: [&str; 2] = ["one", "two"];

/// A row: what it is about, and a cell for each client.
pub type Row = (&'static str, Vec<String>);

/// Something to do: the step for the first or second time, for which it may make what is needed, and whether the server
/// agrees that it was done.
struct Operation {
    what: &'static str,
    step: fn(&Standin, usize) -> Value,
    agrees: fn(&Standin, &Value, &Value) -> bool,
}

const OPERATIONS: &[Operation] = &[
    Operation {
        what: "create a secret",
        step: |_, time| json!({"step": "create", "alias": ALIASES[time]}),
        agrees: |server, step, _| holds(server, step),
    },
    Operation {
        what: "list secrets",
        step: |server, time| {
            server.add_secret("alice", "MyGraph", ALIASES[time]);
            json!({"step": "list"})
        },
        agrees: |server, _, value| *value == json!(server.snapshot().secrets.len()),
    },
    Operation {
        what: "drop a secret",
        step: |server, time| {
            server.add_secret("alice", "MyGraph", ALIASES[time]);
            json!({"step": "drop", "alias": ALIASES[time]})
        },
        agrees: |server, step, _| !holds(server, step),
    },
    Operation {
        what: "token by secret",
        step: |server, time| json!({"step": "token", "secret": server.add_secret("alice", "MyGraph", ALIASES[time])}),
        agrees: |server, step, _| {
            server.snapshot().tokens.iter().any(|token| token.secret.as_deref() == step["secret"].as_str())
        },
    },
    Operation {
        what: "token by password",
        step: |server, _| {
            server.with_state(|state| state.tokens.clear());
            json!({"step": "password_token"})
        },
        agrees: |server, _, _| server.snapshot().tokens.len() == 1,
    },
    Operation {
        what: "refresh a token",
        step: |server, time| with_token(server, time, "refresh"),
        agrees: |server, step, _| !is_ended(server, step),
    },
    Operation {
        what: "check a token",
        step: |server, time| json!({"step": "check", "token": with_token(server, time, "check")["token"]}),
        agrees: |_, _, value| *value == json!(true),
    },
    Operation {
        what: "delete a token",
        step: |server, time| with_token(server, time, "delete"),
        agrees: |server, step, _| is_ended(server, step),
    },
];

/// Whether the server has a secret of the step's alias.
fn holds(server: &Standin, step: &Value) -> bool {
    server.snapshot().secrets.iter().any(|secret| step["alias"] == secret.alias.as_str())
}

/// Whether the server takes the step's token no longer.
fn is_ended(server: &Standin, step: &Value) -> bool {
    let held = server.snapshot();
    !held.tokens.iter().any(|token| step["token"] == token.value.as_str())
        || held.blocked.iter().any(|(_, token)| step["token"] == token.as_str())
}

/// A step that needs a token and the secret it was made with.
fn with_token(server: &Standin, time: usize, step: &str) -> Value {
    let secret = server.add_secret("alice", "MyGraph", ALIASES[time]);
    let mut config = Config::new(server.gateway_url());
    let connection = Connection::new(config.set_graph(Some(b"MyGraph"))).expect("good settings");
    let token = connection.get_token(Some(&secret), 0, TokenOptions::default()).expect("a token");
    json!({"step": step, "secret": secret, "token": token.value()})
}

fn standin(version: &str) -> Standin {
    Standin::start(Options::new(version)).expect("a stand-in")
}

fn connect(runner: &mut dyn Runner) {
    assert_eq!(runner.take(&json!({"step": "connect"})), Said::Well(Value::Null));
}

/// One time: what came of it, and the requests it took.
fn once(server: &Standin, runner: &mut dyn Runner, operation: &Operation, time: usize) -> (String, usize) {
    let step = (operation.step)(server, time);
    server.take_requests();
    let said = runner.take(&step);
    let requests = server.take_requests().len();
    let outcome = match said {
        Said::Well(value) if (operation.agrees)(server, &step, &value) => String::new(),
        Said::Well(_) => "says it is done, but it is not".to_owned(),
        Said::Wrong(kind) => format!("fails: {kind}"),
        Said::Absent => "no function".to_owned(),
    };
    (outcome, requests)
}

fn cell(first: (String, usize), second: (String, usize)) -> String {
    match (first.0.as_str(), second.0.as_str()) {
        ("", "") => format!("{}, then {}", first.1, second.1),
        ("no function", _) => "no function".to_owned(),
        (one, other) if one == other => format!("{one} ({}, then {})", first.1, second.1),
        (one, "") => format!("{one} ({}), then done ({})", first.1, second.1),
        ("", other) => format!("done ({}), then {other} ({})", first.1, second.1),
        (one, other) => format!("{one} ({}), then {other} ({})", first.1, second.1),
    }
}

/// All operations by one client, on one server.
fn life(client: &Client, version: &str) -> Vec<String> {
    let server = standin(version);
    let Some(mut runner) = client.start(&server) else { return vec!["not installed".to_owned(); OPERATIONS.len()] };
    let operation = |operation: &Operation| {
        server.with_state(|state| {
            state.secrets.clear();
            state.tokens.clear();
            state.blocked.clear();
        });
        connect(&mut *runner);
        let first = once(&server, &mut *runner, operation, 0);
        cell(first, once(&server, &mut *runner, operation, 1))
    };
    OPERATIONS.iter().map(operation).collect()
}

/// The same for each client, at once.
fn by_client<T: Send>(run: impl Fn(&Client) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let running: Vec<_> = CLIENTS.iter().map(|client| scope.spawn(|| run(client))).collect();
        running.into_iter().map(|cells| cells.join().expect("its cells")).collect()
    })
}

/// For each version its rows.
pub fn lives() -> Vec<(&'static str, Vec<Row>)> {
    let rows = |version| {
        let columns = by_client(|client| life(client, version));
        let row = |(index, operation): (usize, &Operation)| {
            (operation.what, columns.iter().map(|column| column[index].clone()).collect())
        };
        (version, OPERATIONS.iter().enumerate().map(row).collect())
    };
    VERSIONS.into_iter().map(rows).collect()
}

// ---------------------------------------------------------------------------------------------------------
// Beside the operations.

/// Data before and after the server has ended all tokens, by a program that does nothing about it.
fn data_after_the_end(client: &Client, version: &str) -> String {
    let server = standin(version);
    let secret = server.add_secret("alice", "MyGraph", "mine");
    let Some(mut runner) = client.start(&server) else { return "not installed".to_owned() };
    connect(&mut *runner);
    let words = |said: Said| match said {
        Said::Well(_) => "data".to_owned(),
        Said::Wrong(kind) => kind,
        Said::Absent => "no function".to_owned(),
    };
    let token = runner.take(&json!({"step": "token", "secret": secret}));
    if !matches!(token, Said::Well(_)) {
        return format!("no token: {}", words(token));
    }
    let before = words(runner.take(&json!({"step": "use"})));
    server.expire_tokens();
    format!("{before}, then {}", words(runner.take(&json!({"step": "use"}))))
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bakeoff");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A server that lets in nobody without a certificate: whether the client, given one, gets a token.
fn client_certificate(client: &Client) -> String {
    let ca = TestCa::new("CA of servers and clients");
    let tls = ca.tls(&LOOPBACK_NAMES).require_client(&ca);
    let server = Standin::start(Options::new("4.2").with_tls(tls)).expect("a stand-in");
    let secret = server.add_secret("alice", "MyGraph", "mine");
    let Some(mut runner) = client.start(&server) else { return "not installed".to_owned() };
    let leaf = ca.leaf(&["client"]);
    let file = |kind: &str, content: &str| {
        let path = folder().join(format!("{}.{kind}", client.folder.unwrap_or("ours")));
        std::fs::write(&path, content).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    };
    let [chain, key, ca] =
        [("pem", leaf.chain_pem.as_str()), ("key", &leaf.key_pem), ("ca", ca.pem())].map(|(k, c)| file(k, c));
    let given = json!({"step": "certificate", "ca": ca, "chain": chain, "key": key, "secret": secret});
    match runner.take(&given) {
        Said::Well(_) => format!("shown, a token with request {}", server.requests().len()),
        Said::Wrong(kind) => format!("fails: {kind}, {} requests arrived", server.requests().len()),
        Said::Absent => "no function".to_owned(),
    }
}

/// Names of functions and settings with one of these words, from the header or from the client itself.
fn named(client: &Client, words: &[&str]) -> String {
    let names = if client.folder.is_none() {
        in_header(words)
    } else {
        let server = standin("4.2");
        let Some(mut runner) = client.start(&server) else { return "not installed".to_owned() };
        let Said::Well(names) = runner.take(&json!({"step": "names", "words": words})) else { panic!("no names") };
        names.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
    };
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The functions of the header that have one of these words in their name.
fn in_header(words: &[&str]) -> Vec<String> {
    let header = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/tigergraph_auth.h");
    let header = std::fs::read_to_string(header).expect("the header");
    let before = |place: usize| {
        let start = header[..place].rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |end| end + 1);
        header[start..place].to_owned()
    };
    let called = header.match_indices('(').map(|(place, _)| before(place));
    let mut names: Vec<String> =
        called.filter(|name| name.starts_with("tg_") && words.iter().any(|word| name.contains(word))).collect();
    names.sort();
    names.dedup();
    names
}

/// The languages that a client is for: ours by what lies in `include` and `bindings`.
fn languages(client: &Client) -> String {
    if client.folder.is_some() {
        return "Python".to_owned();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = std::fs::read_dir(root.join("bindings")).expect("the packages");
    let packages = folders.map(|entry| entry.expect("a package")).filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = packages.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    format!("c, {}", names.join(", "))
}

/// What is no operation.
pub fn others() -> Vec<Row> {
    let by_name: [(&str, &[&str]); 5] = [
        ("what ends a call from another thread, by name", &["cancel", "abort"]),
        ("what limits the time of calls, by name", &["timeout"]),
        ("what pins a server's key, by name", &["pin_", "fingerprint"]),
        ("what tells why a set-up does not work, by name", &["diagnos", "health", "ping"]),
        ("what chooses a proxy, by name", &["proxy", "proxies"]),
    ];
    let mut rows = vec![
        (
            "data on 3.10, then again after all tokens have expired",
            by_client(|client| data_after_the_end(client, "3.10")),
        ),
        (
            "data on 4.2, then again after all tokens have expired",
            by_client(|client| data_after_the_end(client, "4.2")),
        ),
        ("a server that wants a client's certificate", by_client(client_certificate)),
        ("languages", by_client(languages)),
    ];
    rows.extend(by_name.map(|(what, words)| (what, by_client(|client| named(client, words)))));
    rows
}
