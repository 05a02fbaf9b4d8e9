//! The token cache: real processes that share one folder, and what the server counts.

#[path = "common/c.rs"]
mod c;
#[path = "common/skip.rs"]
mod skip;
#[path = "common/tg_auth.rs"]
mod tg_auth;

#[path = "cache/costs.rs"]
mod costs;
#[path = "cache/entries.rs"]
mod entries;
#[path = "cache/folders.rs"]
mod folders;
#[path = "cache/holders.rs"]
mod holders;

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tigergraph_standin::{Action, Fault, Options, Standin};

const TOKENS: &str = "/gsql/v1/tokens";

/// Where nothing goes wrong, nobody waits for so long.
const SOON: Duration = Duration::from_secs(20);

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| c::build(&["tests/c/cache.c"], &[], &c::library_folder()));

/// A folder of this test alone, gone after it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = c::scratch(&format!("cache-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::DirBuilder::new().mode(0o700).create(&path).expect("a folder");
        Folder(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }

    /// The files of this kind, in an order of their own.
    fn files(&self, kind: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).expect("a folder").map(|entry| entry.expect("a file").path());
        let mut files: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().contains(kind)).collect();
        files.sort();
        files
    }

    fn entry_of(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.token"))
    }

    /// The only entry.
    fn entry(&self) -> PathBuf {
        let mut files = self.files(".token");
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How a process logs in, and how long tokens live.
#[derive(Clone)]
struct Login<'a> {
    version: &'a str,
    kind: &'a str,
    credential: &'a str,
    lifetime: &'a str,
    renew_before: &'a str,
}

impl<'a> Login<'a> {
    fn secret(secret: &'a str) -> Login<'a> {
        Login { version: "4.2", kind: "secret", credential: secret, lifetime: "3600", renew_before: "0" }
    }

    fn password(password: &'a str) -> Login<'a> {
        Login { kind: "alice", credential: password, ..Login::secret("") }
    }
}

struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    first: String,
}

/// What a process says of a token: the value or the reason, when it had it, and how many microseconds that took.
#[derive(Debug)]
struct Got {
    is_token: bool,
    what: String,
    at: i64,
    took: i64,
    expires_at: i64,
}

impl Process {
    fn start(server: &Standin, login: &Login, folder: &str) -> Process {
        Process::start_at(&server.gateway_url(), login, folder, &[])
    }

    fn start_at(host: &str, login: &Login, folder: &str, environment: &[(&str, &str)]) -> Process {
        let Login { version, kind, credential, lifetime, renew_before } = login;
        let mut command = c::program_command(&PROGRAM);
        command.args([host, *version, *kind, *credential, folder, *lifetime, *renew_before]);
        command.envs(environment.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program");
        let mut output = BufReader::new(child.stdout.take().expect("its output")).lines();
        let first = output.next().expect("a line").expect("a line");
        Process { input: child.stdin.take(), child, output, first }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().expect("its input"), "{line}").expect("it listens");
    }

    fn hear(&mut self) -> String {
        self.output.next().expect("an answer").expect("an answer")
    }

    fn ask(&mut self, line: &str) -> String {
        self.say(line);
        self.hear()
    }

    fn hear_token(&mut self) -> Got {
        let answer = self.hear();
        let fields: Vec<&str> = answer.split(' ').collect();
        let number = |index: usize| fields[index].parse().expect("a number");
        Got {
            is_token: fields[0] == "token",
            what: fields[1].to_owned(),
            at: number(2),
            took: number(3),
            expires_at: number(4),
        }
    }

    fn get(&mut self) -> Got {
        self.say("get");
        self.hear_token()
    }

    fn token(&mut self) -> String {
        let got = self.get();
        assert!(got.is_token, "{got:?}");
        got.what
    }

    fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Ends it, and gives what it wrote into its log.
    fn finish(mut self) -> String {
        drop(self.input.take());
        assert!(self.output.next().is_none());
        let mut said = String::new();
        self.child.stderr.take().expect("its log").read_to_string(&mut said).expect("UTF-8");
        let ended = self.child.wait().expect("its end");
        assert!(ended.success(), "{ended}: {said}");
        said
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &process.to_string()]).status().expect("kill");
    assert!(sent.success(), "{name}");
}

const PASSWORD: &str = "opensesame";

fn server_of(version: &str) -> (Standin, String) {
    let server = Standin::start(Options::new(version)).expect("a stand-in");
    let secret = server.add_secret("alice", "MyGraph", "cache");
    (server, secret)
}

fn server() -> (Standin, String) {
    server_of("4.2")
}

/// How many tokens were asked for.
fn asked(server: &Standin) -> usize {
    let is_asked = |request: &&tigergraph_standin::Request| {
        let is_for_tokens = request.path == TOKENS || request.path.ends_with("/requesttoken");
        is_for_tokens && ["POST", "PUT"].contains(&request.method.as_str())
    };
    server.requests().iter().filter(is_asked).count()
}

/// Waits until the server was asked for so many tokens.
fn wait_for_requests(server: &Standin, count: usize) {
    let began = Instant::now();
    while asked(server) < count {
        assert!(began.elapsed() < SOON, "{} of {count} requests", asked(server));
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn slow(server: &Standin, ms: u64) {
    server.script(Fault::once("", Action::Delay(Duration::from_millis(ms))).method("POST"));
}

/// What all of them got, who ask at once.
fn all_get(processes: &mut [Process]) -> Vec<Got> {
    processes.iter_mut().for_each(|process| process.say("get"));
    processes.iter_mut().map(Process::hear_token).collect()
}

/// One that got a token, left it in the cache, and is gone.
fn leave_token(server: &Standin, login: &Login, folder: &Folder) -> String {
    let mut process = Process::start(server, login, folder.path());
    let token = process.token();
    assert_eq!(process.finish(), "");
    token
}

#[test]
fn of_many_processes_one_asks() {
    for version in ["4.2", "3.10"] {
        let (server, secret) = server_of(version);
        let folder = Folder::new(&format!("many-{version}"));
        slow(&server, 300);
        let login = Login { version, ..Login::secret(&secret) };
        let start = || Process::start(&server, &login, folder.path());
        let mut processes: Vec<Process> = (0..64).map(|_| start()).collect();
        let got = all_get(&mut processes);
        assert!(got.iter().all(|one| one.is_token && one.what == got[0].what), "{got:?}");
        assert_eq!(asked(&server), 1);
        let (first, last) = (got.iter().map(|got| got.at).min(), got.iter().map(|got| got.at).max());
        println!("{version}: of 64 processes the last one is {} us after the first", last.unwrap() - first.unwrap());
        assert!(folder.files(".passing").is_empty());
        for file in fs::read_dir(&folder.0).expect("a folder") {
            let about = file.expect("a file").metadata().expect("a file");
            assert_eq!(about.mode() & 0o777, 0o600);
        }
        for process in processes {
            assert_eq!(process.finish(), "");
        }
    }
}

/// Each has its own jitter, so the first one that renews does it for all.
#[test]
fn of_many_processes_one_renews() {
    for version in ["4.2", "3.10"] {
        let (server, secret) = server_of(version);
        let folder = Folder::new(&format!("renewal-{version}"));
        let login = Login { version, lifetime: "5", ..Login::secret(&secret) };
        let mut processes: Vec<Process> = (0..8).map(|_| Process::start(&server, &login, folder.path())).collect();
        let first = all_get(&mut processes);
        // From 0.8 to 1 s before the end.
        std::thread::sleep(Duration::from_millis(4100));
        let began = Instant::now();
        let renewed = loop {
            let got = all_get(&mut processes);
            assert!(got.iter().all(|got| got.is_token), "{got:?}");
            // A refresh keeps the value, and what is kept of its end may be that of the request.
            if asked(&server) >= 2 && got.iter().all(|one| one.expires_at > first[0].expires_at) {
                break got;
            }
            assert!(began.elapsed() < SOON, "{got:?}");
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(renewed.iter().all(|one| one.what == renewed[0].what), "{renewed:?}");
        assert_eq!(asked(&server), 2, "{version}");
    }
}

#[test]
fn a_rejected_token_is_removed_if_it_is_the_one_stored() {
    let (server, secret) = server();
    let folder = Folder::new("rejected");
    let mut processes: Vec<Process> =
        (0..2).map(|_| Process::start(&server, &Login::secret(&secret), folder.path())).collect();
    let old = processes[0].token();
    assert_eq!((processes[1].token(), asked(&server)), (old.clone(), 1));
    assert_eq!(processes[0].ask("reject"), "rejected");
    assert!(folder.files(".token").is_empty());
    let new = processes[0].token();
    assert!(new != old && asked(&server) == 2);
    // The other one still has the old token: its rejection says nothing about the new one.
    assert_eq!(processes[1].ask("reject"), "rejected");
    folder.entry();
    assert_eq!((processes[1].token(), asked(&server)), (new, 2));
}

/// Also where the lock cannot be had, a rejected token does not come back to whoever rejected it.
#[test]
fn a_rejected_token_is_not_taken_again() {
    let (server, secret) = server();
    let folder = Folder::new("again");
    let mut process = Process::start(&server, &Login::secret(&secret), folder.path());
    let old = process.token();
    let entry = folder.entry();
    let content = fs::read(&entry).expect("an entry");
    process.ask("reject");
    fs::write(&entry, content).expect("an entry");
    assert_ne!(process.token(), old);
    assert_eq!(asked(&server), 2);
}

#[test]
fn a_deleted_token_is_removed_whoever_left_it_there() {
    for login in ["secret", "password"] {
        let (server, secret) = server();
        let folder = Folder::new(&format!("deleted-{login}"));
        let login = if login == "secret" { Login::secret(&secret) } else { Login::password(PASSWORD) };
        let old = leave_token(&server, &login, &folder);
        let mut process = Process::start(&server, &login, folder.path());
        assert_eq!(process.token(), old);
        // A connection that has not looked into the cache.
        assert_eq!(process.ask("new"), "ready");
        assert_eq!(process.ask("delete"), "deleted");
        assert!(folder.files(".token").is_empty());
        assert_ne!(process.token(), old);
        assert_eq!(asked(&server), 2);
    }
}

#[test]
fn a_forked_child_has_the_cache_too() {
    let (server, secret) = server();
    let folder = Folder::new("child");
    let mut process = Process::start(&server, &Login::secret(&secret), folder.path());
    process.say("get in child");
    let of_child = process.hear_token();
    assert!(of_child.is_token);
    assert_eq!((process.token(), asked(&server)), (of_child.what, 1));
}
