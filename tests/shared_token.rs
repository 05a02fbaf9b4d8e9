//! `examples-c/shared_token.c` with a real Redis: processes that come and go share one token, which Redis cannot read,
//! and nobody deletes a lock that is another's.

#[path = "common/c.rs"]
mod common;
#[path = "common/skip.rs"]
mod skip;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};
use tigergraph_standin::{Action, Fault, Options, Standin};

const MS: fn(u64) -> Duration = Duration::from_millis;
const ENTRY: &str = "tigergraph:token";
const LOCK: &str = "tigergraph:token:lock";
const EXAMPLE: &str = "examples-c/shared_token.c";
const LIBRARIES: [&str; 5] = ["-std=c11", "-O1", "-Wl,--no-as-needed", "-lhiredis", "-lcrypto"];
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A Redis of this test alone.
struct Redis {
    server: Child,
    socket: PathBuf,
}

impl Redis {
    fn start(name: &str) -> Redis {
        // Not in the folder of the tests: the path of a socket may not be long.
        let socket = std::env::temp_dir().join(format!("tg-{name}-{}.sock", std::process::id()));
        let server = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .current_dir(std::env::temp_dir())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server");
        let redis = Redis { server, socket };
        let began = Instant::now();
        while redis.ask(&["PING"]) != "PONG" {
            assert!(began.elapsed() < MS(10_000), "redis-server does not answer");
            sleep(MS(20));
        }
        redis
    }

    fn ask(&self, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        let output = command.arg("-s").arg(&self.socket).args(words).output().expect("redis-cli");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}

struct World {
    redis: Redis,
    server: Standin,
    secret: String,
    program: PathBuf,
}

impl World {
    /// `None` where Redis, or what the example is built with, is missing.
    fn make(name: &str, program: fn() -> PathBuf) -> Option<World> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            skip::skip("redis-server is missing, which tests/setup/install installs");
            return None;
        }
        if !Path::new("/usr/include/hiredis/hiredis.h").exists() {
            skip::skip("libhiredis-dev is missing, which tests/setup/install installs");
            return None;
        }
        let program = program();
        let server = Standin::start(Options::new("4.2")).expect("a stand-in");
        let secret = server.add_secret("alice", None, "shared");
        Some(World { redis: Redis::start(name), server, secret, program })
    }

    fn sanitized(name: &str) -> Option<World> {
        static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
        World::make(name, || PROGRAM.get_or_init(|| common::build_sanitized(&[EXAMPLE], &LIBRARIES)).clone())
    }

    /// A process that shares tokens of 5 s for so long.
    fn spawn(&self, seconds: u64, key: &str) -> Child {
        common::program_command(&self.program)
            .args([&seconds.to_string(), "5"])
            .env("TG_HOST", self.server.gateway_url())
            .env("TG_SECRET", &self.secret)
            .env("REDIS_SOCKET", &self.redis.socket)
            .env("SHARED_TOKEN_KEY", key)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example")
    }

    fn token_requests(&self) -> usize {
        self.server.requests().iter().filter(|request| request.path == "/gsql/v1/tokens").count()
    }
}

fn end(child: Child) -> Output {
    child.wait_with_output().expect("its end")
}

fn random(most: usize) -> usize {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).expect("random bytes");
    usize::from_le_bytes(bytes) % most
}

/// However many processes, and however they end, a token is requested about once in its life.
#[test]
fn processes_that_are_killed_and_started_share_tokens() {
    let Some(world) = World::make("shared", || common::build(&[EXAMPLE], &LIBRARIES, &common::library_folder())) else {
        return;
    };
    let seconds = if std::env::var_os("TG_LONG").is_some() { 120 } else { 15 };
    let began = Instant::now();
    let left = || seconds - began.elapsed().as_secs().min(seconds);
    let mut processes: Vec<Child> = (0..64).map(|_| world.spawn(left(), KEY)).collect();
    let (mut killed, mut ended) = (0, Vec::new());
    while left() > 2 {
        let victim = &mut processes[random(64)];
        victim.kill().expect("a process of this test");
        victim.wait().expect("its end");
        *victim = world.spawn(left(), KEY);
        killed += 1;
        sleep(MS(50));
    }
    ended.extend(processes.into_iter().map(end));
    for output in &ended {
        common::succeeded("shared_token", output);
        assert!(common::text(output).contains(", 0 failures"), "{}", common::text(output));
    }
    // A token of 5 s is replaced after 3 s at the earliest, and once more where its requester was killed.
    let (requests, most) = (world.token_requests() as u64, seconds / 2 + killed / 20 + 3);
    assert!(requests >= seconds / 5 && requests <= most, "{requests} requests, {killed} killed in {seconds} s");
    assert!(killed > 20 && ended.len() == 64, "{killed} killed");
}

#[test]
fn redis_and_a_wrong_key_cannot_read_the_token() {
    let Some(world) = World::sanitized("hidden") else { return };
    common::succeeded("shared_token", &end(world.spawn(1, KEY)));
    assert_eq!(world.token_requests(), 1);
    let stored = world.redis.ask(&["GET", ENTRY]);
    assert!(stored.len() > 100 && !stored.contains("eyJ"), "{stored}");
    common::succeeded("shared_token", &end(world.spawn(1, KEY)));
    assert_eq!(world.token_requests(), 1, "the second process takes the token of the first");
    common::succeeded("shared_token", &end(world.spawn(1, &KEY.replace('0', "1"))));
    assert_eq!(world.token_requests(), 2, "with another key it requests its own");
}

/// Its owner is slower than the lock lasts; another process has it by then, and keeps it.
#[test]
fn nobody_deletes_a_lock_that_is_anothers() {
    let Some(world) = World::sanitized("lock") else { return };
    world.server.script(Fault::once("/gsql/v1/tokens", Action::Delay(MS(3000))).skip(1));
    let slow = world.spawn(1, KEY);
    let began = Instant::now();
    while world.redis.ask(&["EXISTS", LOCK]) != "1" {
        assert!(began.elapsed() < MS(5000), "no lock");
        sleep(MS(10));
    }
    assert_eq!(world.redis.ask(&["GET", LOCK]).len(), 32, "the name of its owner");
    // As if it had ended and another had taken it.
    assert_eq!(world.redis.ask(&["SET", LOCK, "of-another", "PX", "60000"]), "OK");
    common::succeeded("shared_token", &end(slow));
    assert_eq!(world.redis.ask(&["GET", LOCK]), "of-another");
    world.redis.ask(&["DEL", LOCK]);
    world.redis.ask(&["DEL", ENTRY]);
    common::succeeded("shared_token", &end(world.spawn(1, KEY)));
    assert_eq!(world.redis.ask(&["EXISTS", LOCK]), "0", "its own it deletes");
}

/// A lock whose owner died does not last.
#[test]
fn a_lock_ends_without_its_owner() {
    let Some(world) = World::sanitized("dead") else { return };
    world.server.script(Fault::once("/gsql/v1/tokens", Action::Hang).skip(1));
    let mut dies = world.spawn(5, KEY);
    let began = Instant::now();
    // Until its request has come, too: the next one must not be the one that hangs.
    while world.redis.ask(&["EXISTS", LOCK]) != "1" || world.token_requests() == 0 {
        assert!(began.elapsed() < MS(10_000), "no lock or no request");
        sleep(MS(10));
    }
    dies.kill().expect("a process of this test");
    dies.wait().expect("its end");
    common::succeeded("shared_token", &end(world.spawn(4, KEY)));
}
