//! The processes that the library lives in: large static thread-local data, closed standard descriptors, threads that
//! end. Each case is a process of its own.

#[path = "common/c.rs"]
mod c;
#[path = "common/skip.rs"]
mod skip;
#[path = "common/tg_auth.rs"]
mod tg_auth;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tigergraph_standin::{Options, Standin, Tls};

fn build(source: &str, extra: &[&str]) -> PathBuf {
    c::build(&[source], extra, &c::library_folder())
}

fn write(file: &std::path::Path, content: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(file, content).expect("a file");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("its mode");
}

/// Writes what a program has to trust to reach the stand-in, and gives the file's name; "-" without TLS.
fn ca_file(server: &Standin, name: &str) -> String {
    let Some(pem) = server.ca_pem() else { return "-".to_owned() };
    let file = c::scratch(name);
    std::fs::write(&file, pem).expect("a file");
    file.to_str().expect("UTF-8").to_owned()
}

/// A folder with a name service that uses much stack, as `libnss_deep.so.2`.
fn deep_name_service() -> PathBuf {
    let folder = c::scratch("nss");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]);
    compiler.arg(folder.join("libnss_deep.so.2")).arg(c::root().join("tests/c/nss_deep.c"));
    c::succeeded("the name service", &compiler.output().expect("a compiler"));
    folder
}

/// glibc takes static thread-local data out of the stacks of threads, also of the library's.
#[test]
fn threads_have_room_beside_static_thread_local_data() {
    let services = deep_name_service();
    let plain = Standin::start(Options::new("4.2")).expect("a stand-in");
    let tls = Standin::start(Options::new("4.2").with_tls(Tls::self_signed())).expect("a stand-in");
    let ca = ca_file(&tls, "thread-data.pem");
    let named = |name: &str| format!("https://{name}:{}", tls.gateway_port());
    let cases = [
        (plain.gateway_url(), "-", "-"),
        (format!("http://localhost:{}", plain.gateway_port()), "-", "-"),
        (named("127.0.0.1"), ca.as_str(), "-"),
        (named("localhost"), ca.as_str(), "-"),
        (named("localhost"), ca.as_str(), "deep"),
    ];
    for kib in ["0", "200", "256", "1024", "8192"] {
        let program = build("tests/c/thread_data.c", &["-DBIG=".to_owned() + kib].each_ref().map(String::as_str));
        for (host, ca, service) in &cases {
            let mut command = c::program_command(&program);
            command.args([host, *ca, *service]).env("LD_LIBRARY_PATH", &services);
            c::succeeded(&format!("{kib} KiB {host} {service}"), &command.output().expect("it runs"));
        }
    }
}

#[test]
fn no_fork_falls_into_the_making_of_a_key() {
    let program = build("tests/c/key_fork.c", &["-pthread"]);
    c::succeeded("a fork beside the first call", &c::program_command(&program).output().expect("it runs"));
}

/// What a program prints on a closed descriptor goes nowhere, and not into a connection or a file of the library.
#[test]
fn no_descriptor_has_the_number_of_a_closed_standard_one() {
    let program = build("tests/c/closed.c", &[]);
    for tls in [None, Some(Tls::self_signed())] {
        let server = Standin::start(Options { tls, ..Options::new("4.2") }).expect("a stand-in");
        let ca = ca_file(&server, "closed.pem");
        let secret = c::scratch("closed.secret");
        write(&secret, &server.add_secret("alice", None, "closed"));
        let host = format!("{}://localhost:{}", if ca == "-" { "http" } else { "https" }, server.gateway_port());
        for closed in 0..8 {
            let mut command = c::program_command(&program);
            command.args([&host, &ca, &closed.to_string()]).env("TG_SECRET_FILE", &secret);
            // A new one, which has files to open and to write.
            let cache = c::scratch("closed-cache");
            let _ = std::fs::remove_dir_all(&cache);
            command.env("TG_TOKEN_CACHE", &cache);
            c::succeeded(&format!("{host} without {closed:03b}"), &command.output().expect("it runs"));
            assert!(std::fs::read_dir(&cache).expect("a folder").count() == 3, "{closed:03b}: salt, lock and token");
        }
        let sent: Vec<String> = server.requests().iter().map(|request| format!("{request:?}")).collect();
        assert!(sent.iter().all(|request| !request.contains("canary")), "{sent:?}");
    }
}

/// The shell's `>&-`: every set of closed descriptors, and what cannot be written is a failure.
#[test]
fn tg_auth_writes_its_result_or_fails() {
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let secret = server.add_secret("alice", None, "shell");
    let tg_auth = tg_auth::build();
    let run = |script: &str, arguments: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec {} {arguments} {script}", tg_auth.display())]).env_clear();
        shell.env("TG_HOST", format!("http://localhost:{}", server.gateway_port())).env("TG_SECRET", &secret);
        shell.stdin(Stdio::null()).output().expect("a shell")
    };
    for closed in ["", "<&-", "2>&-", "<&- 2>&-"] {
        for arguments in ["token", "--verbose token", "server", "secret create"] {
            let output = run(closed, arguments);
            c::succeeded(&format!("{arguments} {closed}"), &output);
            assert!(!output.stdout.is_empty(), "{arguments} {closed}");
        }
        server.clear_requests();
        for arguments in ["token", "--verbose token", "--json token", "secret create", "doctor", "--help"] {
            let output = run(&format!("{closed} >&-"), arguments);
            assert_eq!(output.status.code(), Some(74), "{arguments} >&- {closed}: {}", c::text(&output));
            assert!(server.requests().is_empty(), "{arguments} >&- {closed}");
        }
        let output = run(&format!("{closed} >/dev/full"), "token");
        assert!(server.requests().is_empty(), "token >/dev/full {closed}");
        assert_eq!(output.status.code(), Some(74), "token >/dev/full {closed}: {}", c::text(&output));
    }
    let sent: Vec<String> = server.requests().iter().map(|request| format!("{request:?}")).collect();
    assert!(sent.iter().all(|request| !request.contains("tg-auth:")), "{sent:?}");
}

/// Destructors of thread-local data run when the library's own data of that thread is gone.
#[test]
fn calls_work_while_a_thread_or_the_process_ends() {
    let c = c::build_sanitized(&["tests/c/thread_end.c"], &[]);
    let cpp = c::build_sanitized(&["tests/cpp/thread_end.cpp"], &[]);
    // What glibc notes for a thread that calls for the first time in a destructor of a key is never freed.
    let suppressions = c::scratch("thread-end.supp");
    std::fs::write(&suppressions, "leak:__cxa_thread_atexit_impl\n").expect("a file");
    let options = format!("print_suppressions=0:suppressions={}", suppressions.display());
    for tls in [None, Some(Tls::self_signed())] {
        let server = Standin::start(Options { tls, ..Options::new("4.2") }).expect("a stand-in");
        let ca = ca_file(&server, "thread-end.pem");
        let secret = server.add_secret("alice", None, "thread-end");
        let host = server.gateway_url();
        let mut command = c::program_command(&c);
        let output = command.args([&host, &ca, &secret]).env("LSAN_OPTIONS", &options).output().expect("it runs");
        c::succeeded(&format!("C {host}"), &output);
        if ca == "-" {
            let output = c::program_command(&cpp).args([&host, &secret]).output().expect("it runs");
            c::succeeded(&format!("C++ {host}"), &output);
        }
    }
}

/// What the library keeps for the process, such as the system's trust store, is reachable, so that valgrind has nothing
/// to say of it with all kinds of leaks switched on.
#[test]
fn what_is_kept_is_reachable() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return skip::skip("valgrind is missing");
    }
    let program = build("tests/c/kept.c", &[]);
    let store = c::scratch("reachable.pem");
    std::fs::write(&store, Tls::self_signed().ca_pem).expect("a file");
    let mut command = c::program_command(Path::new("valgrind"));
    command.args(["--quiet", "--error-exitcode=99", "--leak-check=full"]);
    command
        .args(["--show-leak-kinds=definite,indirect,possible", "--errors-for-leak-kinds=definite,indirect,possible"]);
    command.arg(&program).env("SSL_CERT_FILE", &store);
    c::succeeded("kept", &command.output().expect("valgrind"));
}
