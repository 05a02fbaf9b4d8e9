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
use std::time::Duration;

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
    /// How often the client spoke after it had waited for the server, and once for the TCP handshake of a connection.
    round_trips: u64,
    sent: u64,
    received: u64,
    client_spoke_last: bool,
    open: Vec<TcpStream>,
}

/// Stands between client and server, and counts.
///
/// What the server says is held back until the client has nothing to do but wait for it: only then is what the client
/// says next an answer to it, however the machine runs the two.
struct Relay {
    port: u16,
    traffic: Arc<Mutex<Traffic>>,
}

/// Whether a thread of this process sleeps; one that is gone does not wait for anything either.
fn sleeps(thread: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc/self/task").join(thread).join("stat")).unwrap_or_default();
    // The state follows the name, which is in parentheses and may have any character in it.
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('S'))
}

/// The number of this thread, as the system has it.
fn this_thread() -> String {
    let link = std::fs::read_link("/proc/thread-self").expect("Linux");
    link.file_name().expect("a number").to_string_lossy().into_owned()
}

/// A record of TLS 1.3 that means nothing, and that the client sends before it has heard all.
const CHANGE_CIPHER_SPEC: [u8; 6] = [20, 3, 3, 0, 1, 1];

impl Relay {
    /// For calls of the thread that makes it.
    fn to(server: u16) -> Relay {
        let caller = this_thread();
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
                let (one, other, caller) = (shared.clone(), shared.clone(), caller.clone());
                std::thread::spawn(move || pass(from_client.expect("a descriptor"), server, &one, None));
                std::thread::spawn(move || pass(from_server.expect("a descriptor"), client, &other, Some(&caller)));
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

/// Passes on what the client says, or what the server says to the client on the thread `caller`.
fn pass(mut from: TcpStream, mut to: TcpStream, traffic: &Mutex<Traffic>, caller: Option<&str>) {
    let mut buffer = [0; 32 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        while caller.is_some_and(|caller| !sleeps(caller)) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut now = traffic.lock().expect("no panic");
        if caller.is_some() {
            now.received += count as u64;
            now.client_spoke_last = false;
        } else {
            now.sent += count as u64;
            if buffer[..count] != CHANGE_CIPHER_SPEC {
                now.round_trips += u64::from(!now.client_spoke_last);
                now.client_spoke_last = true;
            }
        }
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
        let traffics = ["first", "kept connection", "new connection"].iter().zip(of_tokens(tls));
        for (index, (which, traffic)) in traffics.enumerate() {
            // A busy machine can only add to them: a client that sleeps for another reason seems to wait for the server.
            let others = (0..2).map(|_| of_tokens(tls)[index].round_trips);
            let round_trips = others.chain([traffic.round_trips]).min().unwrap_or_default();
            measured.insert(format!("{name}, {which}: round trips"), round_trips as f64);
            if tls.is_none() {
                measured.insert(format!("{name}, {which}: bytes sent"), traffic.sent as f64);
                measured.insert(format!("{name}, {which}: bytes received"), traffic.received as f64);
            }
        }
    }
    assert_within("network", &measured);
}
