//! What a call, a handle and the library may cost, in figures that hardly depend on the machine. Each is committed
//! in `tests/budgets.json`: more is a step back, and much less is to be committed as the new figure.
//!
//! Instructions, allocations, system calls and memory are counted by the programs of `benches`, on the library
//! as it ships; what is in that library, by binutils; the way over the network, by a relay in between.

#[path = "common/install.rs"]
mod install;
#[path = "common/skip.rs"]
mod skip;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use tigergraph_auth::{Config, Connection, TokenOptions};
use tigergraph_standin::{Options, Standin, TestCa, TlsVersion};

type Figures = BTreeMap<String, f64>;

/// How far a figure may be off, either way.
const SLACK: f64 = 0.05;

/// The figures that are committed for these tests.
fn committed(group: &str) -> Figures {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/budgets.json");
    let all = std::fs::read_to_string(path).expect("the committed figures");
    let mut all: BTreeMap<String, Figures> = serde_json::from_str(&all).expect("JSON");
    all.remove(group).expect("a group of figures")
}

/// What is wrong with the measured figures.
fn check(budget: &Figures, measured: &Figures) -> Vec<String> {
    let unknown = measured.keys().filter(|name| !budget.contains_key(*name));
    let unknown = unknown.map(|name| format!("{name}: not in tests/budgets.json"));
    let off = budget.iter().filter_map(|(name, figure)| {
        let Some(now) = measured.get(name) else { return Some(format!("{name}: not measured")) };
        let verdict = match now - figure {
            more if more > figure * SLACK => "over the budget of",
            less if -less > figure * SLACK => "so far below that it is to be committed instead of",
            _ => return None,
        };
        Some(format!("{name}: {now} is {verdict} {figure}"))
    });
    unknown.chain(off).collect()
}

fn assert_within(group: &str, measured: &Figures) {
    let wrong = check(&committed(group), measured);
    println!("{group}: {measured:#?}");
    assert!(wrong.is_empty(), "{group}:\n{}", wrong.join("\n"));
}

#[test]
fn every_budget_fails_when_it_is_exceeded() {
    for group in ["calls", "library", "network"] {
        let budget = committed(group);
        assert_eq!(check(&budget, &budget), [""; 0]);
        for (name, figure) in &budget {
            for off in [figure * 1.06 + 0.1, figure * 0.94 - 0.1] {
                let mut measured = budget.clone();
                measured.insert(name.clone(), off);
                assert_eq!(check(&budget, &measured).len(), 1, "{name} {off}");
            }
            let mut measured = budget.clone();
            measured.remove(name);
            assert_eq!(check(&budget, &measured).len(), 1, "{name} is missing");
        }
    }
}

#[test]
fn calls_and_handles() {
    if install::prefix().is_none() {
        return;
    }
    let output = install::script("benches/run", Path::new("")).arg("--budgets").output().expect("bash");
    let (told, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(3) {
        return skip::skip(why);
    }
    assert!(output.status.success(), "{}\n{told}\n{why}", output.status);
    assert_within("calls", &serde_json::from_str(&told).expect("JSON"));
}

/// How many lines a tool prints about the library that match.
fn lines(tool: &str, options: &[&str], library: &Path, matches: impl Fn(&str) -> bool) -> f64 {
    let output = Command::new(tool).args(options).arg(library).output().expect("binutils");
    assert!(output.status.success(), "{tool}");
    String::from_utf8_lossy(&output.stdout).lines().filter(|line| matches(line)).count() as f64
}

#[test]
fn library() {
    let Some(prefix) = install::prefix() else { return };
    let file = prefix.join("lib/libtigergraph_auth.so");
    let pointers_of = |section: &str| {
        let output = Command::new("readelf").args(["-SW"]).arg(&file).output().expect("binutils");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find(|line| line.contains(section)).unwrap_or_else(|| panic!("no {section}"));
        let size = line.split_whitespace().skip_while(|word| *word != section).nth(4).expect("a size");
        (u64::from_str_radix(size, 16).expect("a number") / 8) as f64
    };
    let measured = [
        ("bytes", std::fs::metadata(&file).expect("the library").len() as f64),
        ("exported symbols", lines("nm", &["-D", "--defined-only"], &file, |_| true)),
        ("libraries it needs", lines("readelf", &["-dW"], &file, |line| line.contains("(NEEDED)"))),
        ("relocations at load time", lines("readelf", &["-rW"], &file, |line| line.contains(" R_"))),
        ("functions run at load time", pointers_of(".init_array")),
        ("functions run at unload time", pointers_of(".fini_array")),
    ];
    assert_within("library", &measured.map(|(name, figure)| (name.to_owned(), figure)).into());
}

/// What went through the relay.
#[derive(Default)]
struct Traffic {
    /// How often the client spoke after it had listened, and once for the TCP handshake of a connection.
    round_trips: u64,
    sent: u64,
    received: u64,
    client_spoke_last: bool,
    open: Vec<TcpStream>,
}

/// Stands between client and server, and counts.
struct Relay {
    port: u16,
    traffic: Arc<Mutex<Traffic>>,
}

impl Relay {
    fn to(server: u16) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let traffic = Arc::new(Mutex::new(Traffic::default()));
        let shared = traffic.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.expect("a client");
                let server = TcpStream::connect(("127.0.0.1", server)).expect("the server");
                let mut now = shared.lock().expect("no panic");
                now.round_trips += 1;
                now.client_spoke_last = false;
                now.open.extend([&client, &server].map(|stream| stream.try_clone().expect("a descriptor")));
                drop(now);
                let (from_client, from_server) = (client.try_clone(), server.try_clone());
                let (one, other) = (shared.clone(), shared.clone());
                std::thread::spawn(move || pass(from_client.expect("a descriptor"), server, &one, true));
                std::thread::spawn(move || pass(from_server.expect("a descriptor"), client, &other, false));
            }
        });
        Relay { port, traffic }
    }

    /// Counts anew.
    fn take(&self) -> Traffic {
        let mut traffic = self.traffic.lock().expect("no panic");
        let open = std::mem::take(&mut traffic.open);
        std::mem::replace(&mut *traffic, Traffic { open, ..Traffic::default() })
    }

    /// Ends all connections, so that the next request needs another one.
    fn hang_up(&self) {
        for stream in self.traffic.lock().expect("no panic").open.drain(..) {
            // The other end may have gone already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, traffic: &Mutex<Traffic>, from_client: bool) {
    let mut buffer = [0; 32 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let mut now = traffic.lock().expect("no panic");
        if from_client {
            now.round_trips += u64::from(!now.client_spoke_last);
            now.sent += count as u64;
        } else {
            now.received += count as u64;
        }
        now.client_spoke_last = from_client;
        drop(now);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// The traffic of the first token on a connection, of the next one, and of one on another connection.
fn of_tokens(tls: Option<TlsVersion>) -> [Traffic; 3] {
    let mut options = Options::new("4.2");
    let ca = TestCa::new("budgets");
    if let Some(version) = tls {
        options = options.with_tls(ca.tls(&["localhost"]).versions(version, version));
    }
    let server = Standin::start(options).expect("a stand-in");
    let secret = server.add_secret("alice", None, "budgets");
    let relay = Relay::to(server.gateway_port());
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut config = Config::new(format!("{scheme}://localhost:{}", relay.port));
    config.set_ca_pem(tls.map(|_| ca.pem().as_bytes()));
    config.set_server_version(Some(b"4.2"));
    let connection = Connection::new(&config).expect("good settings");
    let token = || {
        connection.get_token(Some(&secret), 0, TokenOptions::default()).expect("a token");
        relay.take()
    };
    let (first, second) = (token(), token());
    relay.hang_up();
    [first, second, token()]
}

#[test]
fn network() {
    let mut measured = Figures::new();
    for (name, tls) in [("http", None), ("TLS 1.2", Some(TlsVersion::Tls12)), ("TLS 1.3", Some(TlsVersion::Tls13))] {
        let runs: Vec<_> = (0..5).map(|_| of_tokens(tls)).collect();
        for (index, which) in ["first", "kept connection", "new connection"].iter().enumerate() {
            // A client may also speak before it has heard all that it has to, which is no round trip.
            let traffic = runs.iter().map(|run| &run[index]).min_by_key(|traffic| traffic.round_trips);
            let traffic = traffic.expect("five runs");
            measured.insert(format!("{name}, {which}: round trips"), traffic.round_trips as f64);
            if tls.is_none() {
                measured.insert(format!("{name}, {which}: bytes sent"), traffic.sent as f64);
                measured.insert(format!("{name}, {which}: bytes received"), traffic.received as f64);
            }
        }
    }
    assert_within("network", &measured);
}
