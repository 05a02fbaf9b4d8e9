//! Builds the C tests and the examples against the shared library of this very build, and runs them.

#[path = "common/c.rs"]
mod common;
#[path = "c_programs/memory.rs"]
mod memory;
#[path = "common/skip.rs"]
mod skip;
#[expect(dead_code, reason = "what is asked there is not looked at here")]
#[path = "common/token_endpoint.rs"]
mod token_endpoint;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{Tool, build_sanitized, library_folder, program_command, root, scratch, succeeded, text};
use tigergraph_standin::{Action, ClosedPort, Fault, Options, Standin, Tls};

const VERSIONS: [&str; 6] = ["3.1.4", "3.4", "3.10", "4.1.0", "4.2", "5.0"];

fn build(source: &str, extra: &[&str]) -> PathBuf {
    common::build(&[source], extra, &library_folder())
}

/// Runs a C test under the tool of the run: AddressSanitizer and UndefinedBehaviorSanitizer, if nobody says so.
fn run(source: &str, arguments: &[&str]) {
    let program = build_sanitized(&[source], &[]);
    let output = program_command(&program).args(arguments).output().expect(source);
    succeeded(&format!("{source} {arguments:?}"), &output);
}

fn standin(version: &str) -> Standin {
    Standin::start(Options::new(version)).expect("a stand-in")
}

/// The file with what a program has to trust to reach the stand-in; "-" without TLS.
fn ca_file(server: &Standin, name: &str) -> String {
    let Some(pem) = server.ca_pem() else { return "-".to_owned() };
    let file = scratch(name);
    std::fs::write(&file, pem).expect("a file");
    file.to_str().expect("UTF-8").to_owned()
}

fn is_rest(version: &str) -> &'static str {
    if version >= "4" { "1" } else { "0" }
}

#[test]
fn version() {
    run("tests/c/version.c", &[env!("CARGO_PKG_VERSION")]);
}

#[test]
fn status() {
    run("tests/c/status.c", &[]);
}

#[test]
fn error() {
    run("tests/c/error.c", &[]);
}

#[test]
fn null() {
    run("tests/c/null.c", &[]);
}

#[test]
fn log() {
    run("tests/c/log.c", &[&standin("4.2").gateway_url()]);
}

#[test]
fn config() {
    let ca_file = scratch("config-ca.pem");
    std::fs::write(&ca_file, Tls::self_signed().ca_pem).expect("a file");
    let credential = scratch("config-credential");
    std::fs::write(&credential, "acredential\n").expect("a file");
    std::fs::set_permissions(&credential, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    run("tests/c/config.c", &[&ca_file, &credential].map(|file| file.to_str().expect("UTF-8")));
}

#[test]
fn request() {
    for (version, tls) in [("3.10", None), ("4.2", Some(Tls::self_signed()))] {
        let server = Standin::start(Options { tls, ..Options::new(version) }).expect("a stand-in");
        run("tests/c/request.c", &[&server.gateway_url(), &ca_file(&server, "request.pem")]);
    }
}

#[test]
fn provider() {
    let server = standin("4.2");
    let secret = server.add_secret("alice", None, "issuer");
    run("tests/c/provider.c", &[&server.gateway_url(), &secret]);
}

#[test]
fn provider_and_a_fork() {
    let server = standin("4.2");
    let secret = server.add_secret("alice", None, "issuer");
    // Not under a sanitizer, whose own locks do not survive forks of busy threads.
    let program = build("tests/c/provider.c", &["-O2"]);
    let output = program_command(&program).args([&server.gateway_url(), &secret, "fork"]).output().expect("it runs");
    succeeded("provider", &output);
}

#[test]
fn threads() {
    run("tests/c/threads.c", &[]);
}

#[test]
fn row_76_forks_of_a_busy_process() {
    // Not under a sanitizer, whose own locks do not survive forks of busy threads.
    let program = build("tests/c/fork.c", &["-O1"]);
    for (tls, forks) in [(None, "1000"), (Some(Tls::self_signed()), "50")] {
        let server = Standin::start(Options { tls, ..Options::new("4.2") }).expect("a stand-in");
        let ca_file = ca_file(&server, "fork.pem");
        let secret = server.add_secret("alice", None, "fork");
        let arguments = [&server.gateway_url(), &ca_file, &secret, forks];
        let output = program_command(&program).args(arguments).output().expect("it runs");
        succeeded("fork", &output);
    }
}

/// What the library makes only once in a process is being made while the process forks.
#[test]
fn forks_while_the_library_is_used_for_the_first_time() {
    // Not under a sanitizer, as above.
    let program = build("tests/c/first_use.c", &["-O1"]);
    let output = program_command(&program).arg("60").output().expect("it runs");
    succeeded("first_use", &output);
}

/// Runs tests/c/stress.c: half a minute, or ten minutes in the long run, against a server of which an answer in so many
/// never comes.
fn stress(mut program: Command, forks: &str) {
    let seconds = if std::env::var_os("TG_LONG").is_some() { "600" } else { "30" };
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let ended = AtomicBool::new(false);
    let output = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                server.clear_faults();
                server.clear_requests();
                for turn in 0..10 {
                    let action = if turn % 2 == 0 { Action::Hang } else { Action::CloseBeforeReply };
                    server.script(Fault::once("/", action).skip(5 + turn % 40));
                }
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        let output = program.args([&server.gateway_url(), seconds, forks]).output();
        ended.store(true, Ordering::Relaxed);
        output
    });
    let output = output.expect("it runs");
    println!("{}", String::from_utf8_lossy(&output.stdout));
    succeeded("stress", &output);
}

#[test]
fn random_calls_clones_cancels_and_frees_leave_nothing_behind() {
    stress(program_command(&build_sanitized(&["tests/c/stress.c"], &[])), "0");
}

#[test]
fn random_calls_beside_forks_leave_nothing_behind() {
    // Not under a sanitizer, as above.
    stress(program_command(&build("tests/c/stress.c", &["-O1"])), "1");
}

#[test]
fn row_76_a_child_does_not_touch_its_parents_connection() {
    let program = build("tests/c/fork_wire.c", &["-O1"]);
    for tls in [None, Some(Tls::self_signed())] {
        let server = Standin::start(Options { tls, ..Options::new("4.2") }).expect("a stand-in");
        let ca_file = ca_file(&server, "fork-wire.pem");
        let secret = server.add_secret("alice", None, "fork");
        let arguments = [&server.gateway_url(), &ca_file, &secret];
        succeeded("fork_wire", &program_command(&program).args(arguments).output().expect("it runs"));
        let connections: Vec<u64> = server.requests().iter().map(|request| request.connection).collect();
        assert_eq!(connections, [1, 2, 1], "parent, child, parent");
    }
}

#[test]
fn conn() {
    for version in VERSIONS {
        let server = standin(version);
        let numbers: Vec<&str> = version.split('.').collect();
        let closed = ClosedPort::new().expect("a port");
        let patch = numbers.get(2).unwrap_or(&"0");
        let dead = format!("http://{}", closed.address());
        run("tests/c/conn.c", &[&server.gateway_url(), numbers[0], numbers[1], patch, &dead]);
    }
}

#[test]
fn secrets() {
    for version in VERSIONS {
        let masked = if is_rest(version) == "1" { "0" } else { "1" };
        run("tests/c/secrets.c", &[&standin(version).gateway_url(), is_rest(version), masked]);
    }
}

#[test]
fn report() {
    for version in VERSIONS {
        let number = version.parse::<tigergraph_standin::Version>().expect("a version").to_string();
        run("tests/c/report.c", &[&standin(version).gateway_url(), &number]);
    }
}

#[test]
fn token() {
    for version in VERSIONS {
        run("tests/c/token.c", &[&standin(version).gateway_url(), is_rest(version)]);
    }
}

/// A server whose tokens take so long, and a secret of it.
fn slow_tokens(time: Duration) -> (Standin, String) {
    let server = standin("4.2");
    server.script(Fault::always("/gsql/v1/tokens", Action::Delay(time)).method("POST"));
    let secret = server.add_secret("alice", None, "wakeup");
    (server, secret)
}

#[test]
fn wakeup() {
    let (server, secret) = slow_tokens(Duration::from_millis(300));
    run("tests/c/wakeup.c", &[&server.gateway_url(), &secret]);
}

#[test]
fn wakeup_and_a_fork() {
    let (server, secret) = slow_tokens(Duration::from_millis(300));
    // Not under a sanitizer, whose own locks do not survive forks of busy threads.
    let program = build("tests/c/wakeup.c", &["-O2"]);
    let output = program_command(&program).args([&server.gateway_url(), &secret, "fork"]).output().expect("it runs");
    succeeded("wakeup fork", &output);
}

/// How late they are is for a person to read: `cargo test --test c_programs timers -- --nocapture`, on an idle machine.
#[test]
fn timers_of_an_event_loop_while_the_server_hangs() {
    let program = build("tests/c/timers.c", &["-O2"]);
    let (server, secret) = slow_tokens(Duration::from_secs(5));
    let output = program_command(&program).args([&server.gateway_url(), &secret]).output().expect("it runs");
    print!("{}", text(&output));
    succeeded("timers", &output);
    let requests = server.requests().iter().filter(|request| request.path == "/gsql/v1/tokens").count();
    assert_eq!(requests, 1, "{}", text(&output));
}

#[test]
fn the_examples_of_event_loops() {
    event_loop("examples-c/event_loop.c", &[]);
    if common::is_elsewhere() {
        println!("without examples-c/event_loop_uv.c: libuv is this machine's");
        return;
    }
    let libuv = Command::new("pkg-config").args(["--exists", "libuv"]).status();
    if !libuv.is_ok_and(|status| status.success()) {
        return skip::skip("libuv is missing, which examples-c/event_loop_uv.c is built with");
    }
    event_loop("examples-c/event_loop_uv.c", &["-Wl,--no-as-needed", "-luv"]);
}

/// The loop goes on while the token is on its way, and hears of a refusal too.
fn event_loop(source: &str, with: &[&str]) {
    let program = build_sanitized(&[source], &[&["-O2"], with].concat());
    let (server, secret) = slow_tokens(Duration::from_millis(1000));
    let run = |secret: &str| {
        program_command(&program).env("TG_HOST", server.gateway_url()).env("TG_SECRET", secret).output().expect("it")
    };
    let good = run(&secret);
    succeeded(source, &good);
    let shown = text(&good);
    let ticks = shown.lines().find_map(|line| line.strip_suffix(" ticks meanwhile")?.parse::<u32>().ok());
    assert!(shown.starts_with("Authorization: Bearer eyJ") && ticks.is_some_and(|ticks| ticks >= 10), "{shown}");
    let is_for_token = |request: &&tigergraph_standin::Request| request.path == "/gsql/v1/tokens";
    assert_eq!(server.requests().iter().filter(is_for_token).count(), 1);
    let bad = run("canarysecretcanary");
    assert_eq!(bad.status.code(), Some(1));
    assert!(text(&bad).contains("did not accept the secret") && !text(&bad).contains("canary"), "{}", text(&bad));
}

/// What the README's first command shows, on both of its versions, in plain text and over TLS.
#[test]
fn the_life_cycle_example() {
    let program = build_sanitized(&["examples-c/life_cycle.c"], &["-O2"]);
    for version in VERSIONS {
        let tls = Tls::self_signed();
        let ca_file = scratch(&format!("life-cycle-{version}.pem"));
        std::fs::write(&ca_file, &tls.ca_pem).expect("a file");
        let server = Standin::start(Options::new(version).with_tls(tls)).expect("a stand-in");
        let arguments = [&server.gateway_url(), "alice", "opensesame", "MyGraph", ca_file.to_str().expect("UTF-8")];
        let output = program_command(&program).args(arguments).output().expect("the example");
        succeeded(version, &output);
        let shown = text(&output);
        assert!(shown.contains("done") && !shown.contains("FAIL"), "{shown}");
        assert!(!shown.contains("opensesame"), "{shown}");
    }
}

#[test]
fn the_readme_example() {
    let program = build_sanitized(&["examples-c/get_token.c"], &["-O2"]);
    let server = standin("4.2");
    let secret = server.add_secret("alice", None, "readme");
    let run = |secret: &str| {
        program_command(&program).env("TG_HOST", server.gateway_url()).env("TG_SECRET", secret).output().expect("it")
    };
    let good = run(&secret);
    succeeded("get_token", &good);
    assert!(text(&good).starts_with("Authorization: Bearer eyJ"), "{}", text(&good));
    let bad = run("canarysecretcanary");
    assert_eq!(bad.status.code(), Some(1));
    assert!(text(&bad).contains("did not accept the secret") && !text(&bad).contains("canary"), "{}", text(&bad));
}

#[test]
fn the_example_of_many_threads() {
    let program = build_sanitized(&["examples-c/threads.c"], &["-O2", "-std=c11"]);
    std::thread::scope(|scope| {
        for version in ["3.10", "4.2"] {
            let program = &program;
            scope.spawn(move || many_threads(program, version));
        }
    });
}

fn many_threads(program: &Path, version: &str) {
    let server = standin(version);
    let port = server.gateway_port().to_string();
    let arguments = ["127.0.0.1", &port, "alice", "opensesame", "MyGraph", "12", "64"];
    let output = program_command(program).args(arguments).output().expect("the example");
    succeeded(version, &output);
    let shown = text(&output);
    assert!(shown.contains(", 0 failures"), "{shown}");
    // 12 seconds are three lives of a token, less their windows; a machine that is busy with something else may
    // send a request so late that its token has ended by then. Under valgrind even the start takes seconds of them.
    let fewest = if Tool::chosen() == Tool::Valgrind { 2 } else { 3 };
    let is_for_token = |path: &str| path.ends_with("/requesttoken") || path.ends_with("/tokens");
    let renewals = server.requests().iter().filter(|request| is_for_token(&request.path)).count();
    assert!((fewest..=6).contains(&renewals), "{version}: {renewals}: {shown}");
}

#[test]
fn both_ways_to_build_the_examples_work() {
    let folder = library_folder();
    let out = scratch("make");
    std::fs::create_dir_all(&out).expect("a folder");
    let make = Command::new("make")
        .current_dir(root().join("examples-c"))
        .arg(format!("LIBDIR={}", folder.display()))
        .arg(format!("OUT={}", out.display()))
        .output()
        .expect("make");
    succeeded("make", &make);
    if Command::new("cmake").arg("--version").output().is_err() {
        return skip::skip("cmake is missing, which builds examples-c/CMakeLists.txt");
    }
    let configure = Command::new("cmake")
        .arg("-S")
        .arg(root().join("examples-c"))
        .arg("-B")
        .arg(scratch("cmake"))
        .arg(format!("-DTIGERGRAPH_AUTH_LIBDIR={}", folder.display()))
        .output()
        .expect("cmake");
    succeeded("cmake", &configure);
    let build = Command::new("cmake").arg("--build").arg(scratch("cmake")).output().expect("cmake");
    succeeded("cmake --build", &build);
}
