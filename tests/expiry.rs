//! What the documentation tells callers to do, by 64 threads whose token ends at the server's will: ask for
//! a token, send a request, on a refusal because of the token reject it, ask again and send once more. The
//! server counts the requests for tokens. pyTigerGraph does the same beside it, as far as it can.

mod common;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tigergraph_auth::{Config, Connection};
use tigergraph_standin::{Options, Refusals, Standin, State};
use ureq::Agent;

const VERSIONS: [&str; 2] = ["3.10", "4.2"];
const THREADS: usize = 64;
const EXPIRIES: u64 = 100;

/// A way in which a server ends tokens, and how it says so.
struct End {
    code: &'static str,
    status: u16,
    /// The position of the switch for such refusals.
    refusals: Refusals,
    end: fn(&mut State),
}

const ENDS: [End; 4] = [
    End { code: "REST-10016", status: 401, refusals: Refusals::Absent401, end: disown },
    End { code: "REST-10016", status: 403, refusals: Refusals::Absent403, end: disown },
    End { code: "REST-10019", status: 401, refusals: Refusals::Absent403, end: State::expire_tokens },
    End { code: "REST-10019", status: 403, refusals: Refusals::Absent401, end: State::expire_tokens },
];

/// The tokens stay in the server's list, so that it makes none of the same value again.
fn disown(state: &mut State) {
    state.tokens.iter_mut().for_each(|token| token.usable_from_ms = i64::MAX);
}

impl End {
    fn server(&self, version: &str) -> Standin {
        let mut options = Options::new(version).with_control();
        options.switches.refusals = self.refusals;
        Standin::start(options).expect("a stand-in")
    }
}

/// How often anything but data was asked for since the last look.
fn token_requests(server: &Standin) -> usize {
    server.take_requests().iter().filter(|request| !request.path.contains("/graph/")).count()
}

// ---------------------------------------------------------------------------------------------------------
// This library.

/// One of the threads: its way to the database, which it keeps as programs do.
struct Caller<'a> {
    agent: Agent,
    url: String,
    end: &'a End,
    refusals: &'a AtomicUsize,
}

impl Caller<'_> {
    /// Status and code of the answer to a request for data.
    fn send(&self, header: &str) -> (u16, String) {
        let request = self.agent.get(&self.url).header("Authorization", header);
        let mut answer = request.call().expect("an answer");
        let body = answer.body_mut().read_to_string().expect("a body");
        let code = serde_json::from_str::<Value>(&body).expect("JSON")["code"].as_str().unwrap_or_default().to_owned();
        (answer.status().as_u16(), code)
    }

    /// The pattern of the documentation; whether the data came.
    fn call(&self, connection: &Connection) -> bool {
        let Ok(token) = connection.authorization() else { return false };
        let (status, code) = self.send(token.header());
        if !matches!(code.as_str(), "REST-10016" | "REST-10019") {
            return status == 200;
        }
        assert_eq!((status, code.as_str()), (self.end.status, self.end.code));
        self.refusals.fetch_add(1, Ordering::Relaxed);
        connection.reject_token(&token);
        connection.authorization().is_ok_and(|token| self.send(token.header()).0 == 200)
    }
}

/// What all threads share: one expiry after the other, each with a connection of its own, because the second
/// rejection of a young token on the same one would be a reason to stop asking.
struct Course {
    connection: Mutex<Option<Arc<Connection>>>,
    ended: AtomicBool,
    step: Barrier,
    calls: AtomicUsize,
    failed: AtomicUsize,
    refusals: AtomicUsize,
}

impl Course {
    /// A thread's part: it works until its first call that began after the tokens' end.
    fn work(&self, server: &Standin, end: &End) {
        let url = format!("{}/restpp/graph/MyGraph/vertices/x", server.gateway_url());
        let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
        let caller = Caller { agent, url, end, refusals: &self.refusals };
        for _ in 0..EXPIRIES {
            self.step.wait();
            let connection = self.connection.lock().expect("a connection").clone().expect("a connection");
            loop {
                let is_last = self.ended.load(Ordering::SeqCst);
                let good = caller.call(&connection);
                self.calls.fetch_add(1, Ordering::Relaxed);
                self.failed.fetch_add(usize::from(!good), Ordering::Relaxed);
                if is_last {
                    break;
                }
            }
            self.step.wait();
        }
    }

    /// The server's part; how many requests for a token each expiry caused.
    fn lead(&self, server: &Standin, config: &Config, end: &End) -> Vec<usize> {
        let expiry = |round| {
            let connection = Connection::new(config).expect("good settings");
            connection.authorization().expect("a first token");
            *self.connection.lock().expect("no panic") = Some(Arc::new(connection));
            self.ended.store(false, Ordering::SeqCst);
            token_requests(server);
            self.step.wait();
            // Some expiries meet the threads as they begin, others in the middle of their work.
            std::thread::sleep(Duration::from_millis(round % 4));
            server.with_state(end.end);
            self.ended.store(true, Ordering::SeqCst);
            self.step.wait();
            token_requests(server)
        };
        (0..EXPIRIES).map(expiry).collect()
    }
}

fn expiries(version: &str, end: &End) {
    let server = end.server(version);
    let secret = server.add_secret("alice", "MyGraph", "mine");
    let mut config = Config::new(server.gateway_url());
    config.set_secret(Some(secret.as_bytes())).set_graph(Some(b"MyGraph"));
    config.set_server_version(Some(version.as_bytes()));
    let course = Course {
        connection: Mutex::new(None),
        ended: AtomicBool::new(false),
        step: Barrier::new(THREADS + 1),
        calls: AtomicUsize::new(0),
        failed: AtomicUsize::new(0),
        refusals: AtomicUsize::new(0),
    };
    let began = Instant::now();
    let requests = std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| course.work(&server, end));
        }
        course.lead(&server, &config, end)
    });
    let [calls, failed, refusals] = [&course.calls, &course.failed, &course.refusals].map(|n| n.load(Ordering::SeqCst));
    println!(
        "{version}, {} {}: {EXPIRIES} expiries, {THREADS} threads, {calls} calls, {refusals} refused at first, \
         {failed} failed, {} requests for a token, {:?}",
        end.status,
        end.code,
        requests.iter().sum::<usize>(),
        began.elapsed()
    );
    assert_eq!(failed, 0);
    assert!(requests.iter().all(|requests| *requests == 1), "{requests:?}");
}

#[test]
fn each_expiry_costs_one_request_and_no_call() {
    for version in VERSIONS {
        ENDS.iter().for_each(|end| expiries(version, end));
    }
}

// ---------------------------------------------------------------------------------------------------------
// pyTigerGraph.

/// Its calls through one expiry: how many failed, and how many requests for a token they cost.
fn theirs(python: &Path, version: &str, end: &End) -> (u64, usize) {
    let server = end.server(version);
    let secret = server.add_secret("alice", "MyGraph", "mine");
    let mut command: Command = common::script(python, "expiry.py");
    command.args([server.gateway_url(), server.control_url().expect("a control listener"), secret]);
    let output = command.arg(THREADS.to_string()).output().expect("python");
    let shown = String::from_utf8_lossy(&output.stdout);
    let said: Value =
        serde_json::from_str(&shown).unwrap_or_else(|_| panic!("{shown}{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(said["calls"], THREADS, "{said}");
    let for_tokens = |path: &str| path.ends_with("/requesttoken") || path.ends_with("/tokens");
    let requests = server.requests().iter().filter(|request| for_tokens(&request.path)).count();
    (said["failed"].as_u64().expect("a count"), requests)
}

/// Neither number is the same in any two runs, but it never does what this library does.
#[test]
fn the_same_expiry_with_py_tigergraph() {
    let Some(python) = common::python("2.0.5") else { return };
    for version in VERSIONS {
        for end in ENDS.iter().filter(|end| end.code == "REST-10019") {
            let (failed, requests) = theirs(&python, version, end);
            println!(
                "pyTigerGraph 2.0.5, {version}, {} {}: 1 expiry, {THREADS} threads: {failed} calls failed, \
                 {requests} requests for a token",
                end.status, end.code
            );
            assert!(failed > 0 || requests > 1, "it did as well as this library");
        }
    }
}
