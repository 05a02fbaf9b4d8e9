//! Rows 70 to 80 and 90 to 99: what the process around the library does, or cannot do any more.

use std::time::Duration;

use tigergraph_standin::{Action, Options, RawAction, RawServer, Tls};

use crate::common::{root, scratch};
use crate::driver;
use crate::matrix::Record;
use crate::operations::{OPERATIONS, Operation, VERSIONS, by_name};
use crate::release;
use crate::session::{AMPLE, Limits, Session, on_both};

/// How often, where it is always.
const ALWAYS: &str = "1000000";

/// Everything works as it should, on the handle there is.
fn everything_works(record: &Record, session: &mut Session) {
    for operation in OPERATIONS.iter().filter(|operation| operation.is_on(session.version)) {
        session.open_for(operation);
        let call = session.call(operation);
        if call.outcome() != "OK" {
            record.fail(format!("{} {}: {call:?}", session.version, operation.name));
        }
        record.saw(operation.name, call.outcome());
        session.end_of_case(operation.name);
    }
}

#[test]
fn row_70_environment() {
    let record = Record::of(70);
    on_both(|version| {
        let proxy = RawServer::start(RawAction::Answer(b"HTTP/1.1 407 No\r\n\r\n".to_vec())).expect("a listener");
        let address = format!("http://user:password@127.0.0.1:{}", proxy.port());
        let home = scratch(&format!("home-{version}"));
        std::fs::create_dir_all(&home).expect("a folder");
        std::fs::write(home.join(".netrc"), "default login netrc password netrcnetrc\n").expect("a file");
        let (home, keys) = (home.display().to_string(), scratch(&format!("keys-{version}")));
        let keys_path = keys.display().to_string();
        let proxies = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        let mut environment: Vec<(&str, &str)> = proxies.iter().map(|name| (*name, address.as_str())).collect();
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            environment.push((name, "/nonexistent"));
        }
        environment.extend([("SSLKEYLOGFILE", keys_path.as_str()), ("HOME", &home), ("NETRC", &home)]);
        environment.extend([("TG_HOST", "https://evil.example.com"), ("TG_PASSWORD", "evilevil")]);
        for tls in [None, Some(Tls::self_signed())] {
            let options = Options { tls, ..Options::new(version) };
            let mut session = Session::with(options, version, driver::sanitized(), &environment);
            everything_works(&record, &mut session);
            session.finish();
        }
        assert_eq!(proxy.connections(), 0, "a proxy was used that nobody asked for");
        assert!(!keys.exists(), "the keys of a session were written down");
        opted_in(version, &environment, &proxy);
    });
    record.done();
}

/// Asked for, the environment's proxy is used; its answer here is a refusal.
fn opted_in(version: &'static str, environment: &[(&str, &str)], proxy: &RawServer) {
    let options = Options::new(version).with_tls(Tls::self_signed());
    let mut session = Session::with(options, version, driver::sanitized(), environment);
    session.configure();
    session.driver.say(&["set", "proxy", "env"]);
    session.connect();
    assert_eq!(session.driver.call(&["get_token"]).outcome(), "connect.proxy");
    assert_eq!(proxy.connections(), 1);
    session.finish();
}

#[test]
fn row_71_proxy() {
    let record = Record::of(71);
    let answer = |head: &str| RawAction::Answer(format!("{head}\r\n\r\n").into_bytes());
    let cases = [
        (answer("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic"), "connect.proxy"),
        (answer("HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html>"), "connect.proxy"),
        (answer("HTTP/1.1 403 Forbidden"), "connect.proxy"),
        (answer("<html><h1>Proxy</h1></html>"), "connect.proxy"),
        (answer("SSH-2.0-OpenSSH_9.6"), "connect.proxy"),
        (RawAction::Answer(Vec::new()), "connect.proxy"),
        (RawAction::Reset, "connect.proxy"),
        (RawAction::Silence, "timeout.connect"),
    ];
    on_both(|version| {
        for (action, reason) in &cases {
            let proxy = RawServer::start(action.clone()).expect("a listener");
            let mut session = Session::start(version);
            session.limits = Limits { connect: 100, call: 400 };
            session.token = "sometokenthatnobodyknows".to_owned();
            session.canaries.add("sometokenthatnobodyknows");
            session.configure_for("https://db.example.com:14240");
            session.driver.say(&["set", "api_token", "sometokenthatnobodyknows"]);
            session.driver.say(&["set", "proxy", &format!("http://127.0.0.1:{}", proxy.port())]);
            session.connect();
            session.nothing_reaches_the_server(&record, reason);
            assert_eq!(session.driver.counts().of("look_ups"), 0, "the proxy looks the server's name up");
            nothing_but_the_target(&session, &proxy);
            session.finish();
        }
    });
    record.done();
}

/// What a proxy hears is where to connect to.
fn nothing_but_the_target(session: &Session, proxy: &RawServer) {
    let heard = String::from_utf8_lossy(&proxy.received()).into_owned();
    session.canaries.assert_absent("what the proxy heard", std::slice::from_ref(&heard));
    assert!(!heard.to_lowercase().contains("authorization"), "{heard}");
    for request in heard.split("\r\n\r\n").filter(|request| !request.is_empty()) {
        assert!(request.starts_with("CONNECT db.example.com:14240 HTTP/1.1\r\n"), "{request}");
    }
}

const TEN_YEARS: i64 = 315_360_000;

#[test]
fn row_72_wall_clock_off() {
    let record = Record::of(72);
    on_both(|version| {
        for ahead in [TEN_YEARS, -TEN_YEARS] {
            let mut session = Session::start(version);
            session.open();
            assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK");
            session.driver.say(&["clock", "wall", &ahead.to_string()]);
            everything_works(&record, &mut session);
            session.finish();
        }
    });
    record.done();
}

#[test]
fn row_73_wall_clock_steps() {
    let record = Record::of(73);
    on_both(|version| {
        let mut session = Session::start(version);
        session.limits = Limits { connect: 5000, call: 400 };
        for (ahead, operation) in [(TEN_YEARS, "get_token"), (-TEN_YEARS, "get_secrets"), (TEN_YEARS, "drop_secret")] {
            let operation = by_name(operation);
            session.driver.say(&["clock", "wall", "0"]);
            session.open();
            session.standin.script(operation.fault(version, Action::Hang));
            session.driver.say(&["after", "100", "clock", "wall", &ahead.to_string()]);
            let call = session.call(&operation);
            assert_eq!(call.outcome(), "timeout.response", "{call:?}");
            assert!((390..650).contains(&call.ms), "{call:?}");
            record.saw(operation.name, call.outcome());
            session.standin.clear_faults();
        }
        session.finish();
    });
    record.done();
}

#[test]
fn row_75_server_clock() {
    let record = Record::of(75);
    on_both(|version| {
        for offset in [86_400, -86_400] {
            let mut session = Session::start(version);
            session.standin.set_clock_offset(offset);
            everything_works(&record, &mut session);
            session.open();
            let call = session.driver.call(&["get_token", "-", "3600"]);
            assert_eq!((call.outcome(), session.standin.take_requests().len()), ("OK", 1), "{offset}: {call:?}");
            session.finish();
        }
    });
    record.done();
}

/// The child uses the handle that it inherited while 64 threads of its parent are using it, on connections of
/// its own; the parent's are as they were.
#[test]
fn row_76_fork() {
    let record = Record::of(76);
    on_both(|version| {
        for tls in [None, Some(Tls::self_signed())] {
            let options = Options { tls, ..Options::new(version) };
            // AddressSanitizer's own locks are not made for a fork among busy threads.
            let mut session = Session::with(options, version, driver::plain(), &[]);
            session.open();
            session.standin.script(by_name("get_token").fault(version, Action::Delay(Duration::from_millis(150))));
            session.driver.say(&["after", "50", "fork", "get_token"]);
            let lines = session.driver.say(&["threads", "64", "get_token"]);
            assert!(lines.iter().any(|line| line == "child\t0"), "{lines:#?}");
            let calls: Vec<_> = lines.iter().filter(|line| line.starts_with("call\t")).collect();
            assert_eq!(calls.len(), 65, "{lines:#?}");
            assert!(calls.iter().all(|line| line.starts_with("call\tget_token\tOK")), "{calls:#?}");
            session.standin.clear_faults();
            parent_is_undisturbed(&mut session);
            record.saw("get_token", "OK");
            session.finish();
        }
    });
    record.done();
}

/// A forked child makes a call and ends; the parent goes on on the connection that it had.
fn parent_is_undisturbed(session: &mut Session) {
    let connection_of_next = |session: &mut Session| {
        session.standin.take_requests();
        let call = session.driver.call(&["get_token"]);
        assert_eq!(call.outcome(), "OK", "{call:?}");
        session.standin.take_requests()[0].connection
    };
    connection_of_next(session);
    let before = session.standin.connections();
    let child = session.driver.calls(&["fork", "get_token"]);
    assert_eq!(child[0].outcome(), "OK", "{child:?}");
    let of_child = session.standin.take_requests()[0].connection;
    assert_eq!(session.standin.connections(), before + 1, "the child has sockets of its own");
    // The parent has more than one, because many threads had work for them.
    for _ in 0..20 {
        assert_ne!(connection_of_next(session), of_child);
    }
    assert_eq!(session.standin.connections(), before + 1);
}

/// Whether a descriptor of the driver is a socket.
fn is_socket(session: &Session, descriptor: u32) -> bool {
    let link = std::fs::read_link(format!("/proc/{}/fd/{descriptor}", session.driver.id()));
    link.is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
}

#[test]
fn row_77_exec() {
    let record = Record::of(77);
    on_both(|version| {
        for tls in [None, Some(Tls::self_signed())] {
            let options = Options { tls, ..Options::new(version) };
            let mut session = Session::with(options, version, driver::sanitized(), &[]);
            session.open();
            assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK");
            let descriptors = (0..200).filter(|fd| is_socket(&session, *fd)).count();
            assert_eq!(descriptors, 1, "there is one to inherit");
            let lines = session.driver.say(&["exec"]);
            assert!(lines.len() >= 3 && !lines.iter().any(|line| line.contains("socket:")), "{lines:#?}");
            record.saw("get_token", "OK");
            session.finish();
        }
    });
    record.done();
}

/// Kilobytes that the driver holds, and its threads.
fn usage(session: &mut Session) -> (i64, i64) {
    let line = session.driver.say(&["usage"]).remove(0);
    let numbers: Vec<i64> = line.split('\t').skip(1).map(|number| number.parse().expect("a number")).collect();
    (numbers[0], numbers[1])
}

#[test]
fn row_79_thousand_handles() {
    let record = Record::of(79);
    for tls in [None, Some(Tls::self_signed())] {
        let options = Options { tls, ..Options::new("4.2") };
        let mut session = Session::with(options, "4.2", driver::plain(), &[]);
        session.open();
        assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK");
        session.driver.say(&["handles", "100"]);
        let before = usage(&mut session);
        session.driver.say(&["handles", "1000"]);
        let after = usage(&mut session);
        let each = (after.0 - before.0) as f64 / 900.0;
        assert!(each <= 16.0, "{each} KiB for each handle at rest");
        assert_eq!(after.1, 1, "threads");
        record.saw("tg_conn_new", "OK");
        session.driver.say(&["handles", "0"]);
        session.finish();
    }
    record.done();
}

#[test]
fn row_80_freed_during_calls() {
    const THREADS: usize = 64;
    let record = Record::of(80);
    on_both(|version| {
        let mut session = Session::start(version);
        for (operation, outcome) in [("get_token", "cancelled"), ("create_secret", "outcome.unknown")] {
            session.open();
            session.standin.script(by_name(operation).fault(version, Action::Hang));
            let alias = if operation == "create_secret" { "a1" } else { "-" };
            let calls = session.driver.calls(&["free_during", &THREADS.to_string(), "300", operation, alias]);
            assert_eq!(calls.len(), THREADS);
            for call in &calls {
                assert_eq!(call.outcome(), outcome, "{call:?}");
                assert!(call.ms <= 300 + 100 + 250, "{call:?}");
                record.saw(operation, call.outcome());
            }
            session.standin.clear_faults();
        }
        session.finish();
        for misuse in ["free", "use"] {
            misused(version, misuse);
        }
    });
    record.done();
}

/// Freeing twice and using what was freed: the process ends, and never goes on with a broken heap.
fn misused(version: &'static str, misuse: &str) {
    let mut session = Session::start(version);
    session.open();
    let (status, said) = session.driver.ends_of(&["misuse", misuse]);
    assert!(!status.success(), "{misuse} after free: {said}");
    assert!(!said.contains("survived"), "{misuse} after free: {said}");
}

/// With the library as it ships. Not optimized it needs between 128 and 160 KiB, most of it for TLS.
#[test]
fn row_98_small_stack() {
    let record = Record::of(98);
    let program = driver::with_library(&release::library());
    for version in VERSIONS {
        for tls in [None, Some(Tls::self_signed())] {
            let options = Options { tls, ..Options::new(version) };
            let mut session = Session::with(options, version, &program, &[]);
            session.driver.say(&["stack", "65536"]);
            everything_works(&record, &mut session);
            session.finish();
        }
    }
    record.done();
}

#[test]
fn row_95_log_callback() {
    let record = Record::of(95);
    on_both(|version| {
        let mut session = Session::start(version);
        for operation in OPERATIONS.iter().filter(|operation| operation.is_on(version)) {
            session.open_for(operation);
            let words = session.words(operation);
            session.driver.say(&["reenter", "get_token"]);
            let words: Vec<&str> = ["call"].into_iter().chain(words.iter().map(String::as_str)).collect();
            let calls = session.driver.calls(&words);
            assert_eq!(calls.len(), 2, "{calls:?}");
            assert!(calls.iter().all(|call| call.outcome() == "OK"), "{calls:?}");
            record.saw(operation.name, "OK");
            session.end_of_case(operation.name);
        }
        session.finish();
    });
    let header = std::fs::read_to_string(root().join("include/tigergraph_auth.h")).expect("the header");
    assert!(header.contains("no exception, no longjmp"), "the header forbids to leave the callback otherwise");
    record.done();
}

#[test]
fn row_96_signal_storm() {
    let record = Record::of(96);
    on_both(|version| {
        for tls in [None, Some(Tls::self_signed())] {
            let options = Options { tls, ..Options::new(version) };
            let mut session = Session::with(options, version, driver::sanitized(), &[]);
            session.driver.say(&["signals", "1000"]);
            everything_works(&record, &mut session);
            slow_and_hanging(&record, &mut session);
            session.driver.say(&["signals", "0"]);
            session.finish();
        }
    });
    record.done();
}

/// Waits are neither shorter nor longer for the signals.
fn slow_and_hanging(record: &Record, session: &mut Session) {
    session.limits = Limits { connect: 5000, call: 400 };
    for (action, outcome) in [(Action::Delay(Duration::from_millis(200)), "OK"), (Action::Hang, "timeout.response")] {
        session.open();
        session.standin.script(by_name("get_token").fault(session.version, action));
        let call = session.driver.call(&["get_token"]);
        assert_eq!(call.outcome(), outcome, "{call:?}");
        let expected = if outcome == "OK" { 195..450 } else { 395..650 };
        assert!(expected.contains(&call.ms), "{call:?}");
        record.saw("get_token", call.outcome());
        session.standin.clear_faults();
    }
    session.limits = AMPLE;
}

/// The descriptors 0 to 2 stay free: what the program wrote to "the screen" would break a connection there.
#[test]
fn row_97_standard_descriptors() {
    let record = Record::of(97);
    on_both(|version| {
        for tls in [None, Some(Tls::self_signed())] {
            let options = Options { tls, ..Options::new(version) };
            let mut session = Session::with(options, version, driver::plain(), &[]);
            session.driver.say(&["close_stdio"]);
            everything_works(&record, &mut session);
            session.standin.script(by_name("get_token").fault(version, Action::CloseBeforeReply));
            assert_eq!(session.driver.call(&["get_token"]).outcome(), "connect.closed");
            session.standin.clear_faults();
            assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK");
            assert!(!(0..3).any(|fd| is_socket(&session, fd)), "a socket is where the screen was");
            assert!((3..64).any(|fd| is_socket(&session, fd)), "no connection is kept that could be there");
            session.finish();
        }
    });
    record.done();
}

#[test]
fn row_99_no_locked_memory() {
    let record = Record::of(99);
    on_both(|version| {
        let mut session = Session::start(version);
        session.driver.say(&["memlock"]);
        everything_works(&record, &mut session);
        session.finish();
    });
    record.done();
}

#[test]
fn row_92_no_threads() {
    let record = Record::of(92);
    on_both(|version| {
        let mut session = Session::start(version);
        session.driver.say(&["fail", "pthread_create", "1", "EAGAIN", ALWAYS]);
        session.driver.say(&["names", "0", "-", "0", "127.0.0.1"]);
        let url = format!("http://db.example.com:{}", session.standin.gateway_port());
        session.open_at(&url);
        session.nothing_reaches_the_server(&record, "connect.resource");
        // An address needs no thread.
        everything_works(&record, &mut session);
        session.driver.say(&["fail", "pthread_create", "1", "EAGAIN", "0"]);
        session.open_at(&url);
        assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK");
        session.finish();
    });
    record.done();
}

/// A token provider runs on a thread of its own, or not at all; a token that is at hand stays good.
#[test]
fn row_92_no_thread_for_a_token_provider() {
    let mut session = Session::start("4.2");
    let url = session.standin.gateway_url();
    session.driver.say(&["config", &url]);
    session.driver.say(&["set", "provider", "token", "0", "a-token-of-the-program"]);
    session.connect();
    session.driver.say(&["fail", "pthread_create", "1", "EAGAIN", ALWAYS]);
    for call in [&["authorization"][..], &["get_token"]] {
        assert_eq!(session.driver.call(call).outcome(), "connect.resource");
    }
    session.driver.say(&["fail", "pthread_create", "1", "EAGAIN", "0"]);
    assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK");
    session.driver.say(&["fail", "pthread_create", "1", "EAGAIN", ALWAYS]);
    assert_eq!(session.driver.call(&["authorization"]).outcome(), "OK");
    assert_eq!(session.driver.call(&["get_token"]).outcome(), "connect.resource");
    session.driver.say(&["fail", "pthread_create", "1", "EAGAIN", "0"]);
    session.finish();
}

#[test]
fn row_93_no_randomness() {
    let record = Record::of(93);
    on_both(|version| {
        for (error, tls) in [("EIO", false), ("EIO", true), ("EAGAIN", true)] {
            let options = Options { tls: tls.then(Tls::self_signed), ..Options::new(version) };
            let mut session = Session::with(options, version, driver::sanitized(), &[]);
            session.open();
            session.driver.say(&["fail", "getrandom", "1", error, ALWAYS]);
            let call = session.driver.call(&["get_token"]);
            // Without TLS nothing needs to be drawn.
            let expected = if tls { "connect.resource" } else { "OK" };
            if call.outcome() != expected {
                record.fail(format!("{version}, TLS {tls}, {error}, expected {expected}: {call:?}"));
            }
            record.saw("get_token", call.outcome());
            if !tls {
                alias_and_wait(&record, &mut session);
            }
            session.driver.say(&["fail", "getrandom", "1", error, "0"]);
            assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK", "{error}");
            session.finish();
        }
        never_any(&record, version);
    });
    record.done();
}

/// Without random numbers from the start of the process, a handle is made or refused, but nothing panics.
fn never_any(record: &Record, version: &'static str) {
    let mut session = Session::start(version);
    session.driver.say(&["fail", "getrandom", "1", "EIO", ALWAYS]);
    session.configure();
    let call = session.driver.call(&["conn_new"]);
    if !["OK", "connect.resource"].contains(&call.outcome()) {
        record.fail(format!("{version}: {call:?}"));
    }
    // A first name to look up needs none either.
    session.driver.say(&["names", "0", "-", "0", "127.0.0.1"]);
    let url = format!("http://db.example.com:{}", session.standin.gateway_port());
    session.open_at(&url);
    assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK");
    session.driver.say(&["fail", "getrandom", "1", "EIO", "0"]);
    session.connect();
    session.finish();
}

/// An alias cannot be made up; the wait before a retry needs no good random numbers.
fn alias_and_wait(record: &Record, session: &mut Session) {
    let call = session.driver.call(&["create_secret", "-", "-", "-"]);
    if call.outcome() != "connect.resource" {
        record.fail(format!("{}: an alias was made up: {call:?}", session.version));
    }
    record.saw("create_secret", call.outcome());
    session.standin.script(by_name("get_token").fault(session.version, Action::reply(502, "<html>")).times(1));
    let call = session.driver.call(&["get_token"]);
    assert_eq!(call.outcome(), "OK", "{call:?}");
    assert!((40..300).contains(&call.ms), "nine tenths of 50 ms: {call:?}");
}

/// A system call that fails once: what it comes to for all operations, and for creations.
struct Failing {
    function: &'static str,
    error: &'static str,
    outcome: &'static str,
    creation: &'static str,
}

const fn failing(
    function: &'static str,
    error: &'static str,
    outcome: &'static str,
    creation: &'static str,
) -> Failing {
    Failing { function, error, outcome, creation }
}

/// Interruptions are invisible; what breaks the connection is overcome by another try, or leaves a creation
/// open; what is used up is told.
const FAILING: [Failing; 24] = [
    failing("socket", "EINTR", "OK", "OK"),
    failing("socket", "EMFILE", "connect.resource", "connect.resource"),
    failing("socket", "ENOMEM", "connect.resource", "connect.resource"),
    failing("connect", "EINTR", "OK", "OK"),
    failing("connect", "EAGAIN", "connect.resource", "connect.resource"),
    failing("connect", "ECONNRESET", "OK", "OK"),
    failing("connect", "ENOMEM", "connect.resource", "connect.resource"),
    failing("poll", "EINTR", "OK", "OK"),
    failing("poll", "EAGAIN", "OK|connect.resource", "OK|connect.resource|outcome.unknown"),
    failing("poll", "ENOMEM", "OK|connect.resource", "OK|connect.resource|outcome.unknown"),
    failing("send", "EINTR", "OK", "OK"),
    failing("send", "EAGAIN", "OK", "OK"),
    failing("send", "ECONNRESET", "OK", "OK|outcome.unknown"),
    failing("send", "EPIPE", "OK", "OK|outcome.unknown"),
    failing("send", "ENOMEM", "connect.resource", "connect.resource|outcome.unknown"),
    failing("send", "ENOBUFS", "connect.resource", "connect.resource|outcome.unknown"),
    failing("recv", "EINTR", "OK", "OK"),
    failing("recv", "EAGAIN", "OK", "OK"),
    failing("recv", "ECONNRESET", "OK", "OK|outcome.unknown"),
    failing("recv", "ENOMEM", "OK|connect.resource", "OK|connect.resource|outcome.unknown"),
    failing("getsockopt", "ENOMEM", "connect.resource", "connect.resource"),
    failing("setsockopt", "ENOMEM", "OK", "OK"),
    failing("setsockopt", "EINTR", "OK", "OK"),
    failing("getsockopt", "EINTR", "OK", "OK"),
];

#[test]
fn row_91_system_calls_fail() {
    let record = Record::of(91);
    on_both(|version| {
        for tls in [None, Some(Tls::self_signed())] {
            let options = Options { tls, ..Options::new(version) };
            let mut session = Session::with(options, version, driver::sanitized(), &[]);
            for operation in ["get_token", "get_secrets", "create_secret", "drop_secret", "server_version"].map(by_name)
            {
                for case in &FAILING {
                    each_call_fails_once(&record, &mut session, &operation, case);
                }
            }
            session.finish();
        }
    });
    record.done();
}

/// First the operation is done to see how often the function is called, then so often with one failure.
fn each_call_fails_once(record: &Record, session: &mut Session, operation: &Operation, case: &Failing) {
    session.open();
    session.driver.say(&["fail", case.function, "1", case.error, "0"]);
    session.driver.counts();
    assert_eq!(session.call(operation).outcome(), "OK");
    let calls = session.driver.counts().of(case.function);
    for number in 1..=calls {
        session.open();
        session.standin.take_requests();
        session.driver.say(&["fail", case.function, &number.to_string(), case.error, "1"]);
        let call = session.call(operation);
        let struck = session.driver.counts().of(case.function) >= number;
        session.driver.say(&["fail", case.function, "1", case.error, "0"]);
        if !struck {
            // A resumed session needs fewer.
            assert_eq!(call.outcome(), "OK", "{call:?}");
            continue;
        }
        let expected = if operation.creates() { case.creation } else { case.outcome };
        if !expected.split('|').any(|expected| expected == call.outcome()) {
            let what = format!("{} {} of {calls} {}", case.function, number, case.error);
            record.fail(format!("{} {} {what}: expected {expected}: {call:?}", session.version, operation.name));
        }
        record.saw(operation.name, call.outcome());
        if operation.creates() && call.outcome() == "OK" {
            let heard = session.standin.requests().iter().filter(|request| request.status == 200).count();
            assert_eq!(heard, 1, "{case} {call:?}", case = case.function);
        }
        assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK");
        session.end_of_case(operation.name);
    }
}

/// The k-th allocation fails, for every k: the call says that resources are used up, or succeeds without it,
/// or Rust's own collections end the process in order (SIGABRT). Anything else is a fault: a crash, a hang,
/// another outcome.
#[test]
fn row_90_allocations_fail() {
    let record = Record::of(90);
    let mut session = Session::plain("4.2");
    session.open();
    session.driver.counts();
    assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK");
    let allocations = session.driver.counts().of("malloc");
    assert!((10..1000).contains(&allocations), "{allocations}");
    let mut aborts = 0;
    for number in 1..=allocations {
        session.driver.say(&["fail", "malloc", &number.to_string(), "ENOMEM", "1"]);
        let lines = session.driver.say(&["fork", "get_token"]);
        session.driver.say(&["fail", "malloc", "1", "ENOMEM", "0"]);
        let outcome = lines.iter().find_map(|line| line.strip_prefix("call\tget_token\t")).map(|rest| {
            let fields: Vec<&str> = rest.split('\t').collect();
            if fields[0] == "OK" { "OK".to_owned() } else { fields[1].to_owned() }
        });
        let status = lines.iter().find_map(|line| line.strip_prefix("child\t")).expect("its end");
        match (outcome.as_deref(), status) {
            (Some("OK" | "connect.resource"), "0") => record.saw("get_token", outcome.as_deref().expect("one")),
            (None, "6") => {
                aborts += 1;
                record.saw("get_token", "process ended by SIGABRT");
            }
            other => record.fail(format!("allocation {number} of {allocations}: {other:?}")),
        }
    }
    println!("{aborts} of {allocations} allocations end the process when they fail");
    assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK");
    record.done();
}
