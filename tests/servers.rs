//! Several servers of one cluster: which of them is asked, which is passed over, and how often each is connected to.

#[path = "common/dying.rs"]
mod dying;

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use dying::dies_when_asked;
use tigergraph_auth::log::{Level, Logger};
use tigergraph_auth::{Config, Connection, Error, Reason, Request, Server, Token, TokenOptions};
use tigergraph_standin::{Action, ClosedPort, Fault, Options, RawAction, RawServer, Standin, TestCa, Tls};

const VERSIONS: [&str; 2] = ["3.10", "4.2"];

fn standin(version: &str) -> Standin {
    Standin::start(Options::new(version)).expect("a stand-in")
}

fn with_tls(version: &str, tls: &Tls) -> Standin {
    Standin::start(Options::new(version).with_tls(tls.clone())).expect("a stand-in")
}

/// A server where the one that has stopped was.
fn again(version: &str, ports: &[ClosedPort; 2]) -> Standin {
    let [gateway_port, restpp_port] = ports.each_ref().map(ClosedPort::port);
    Standin::start(Options { gateway_port, restpp_port, ..Options::new(version) }).expect("a stand-in")
}

/// The address of a server that does not say where it is itself.
fn at(scheme: &str, port: u16) -> String {
    format!("{scheme}://127.0.0.1:{port}")
}

fn config(servers: &[&str]) -> Config {
    let mut config = Config::new(servers.join(","));
    config.set_graph(Some(b"MyGraph")).set_password(Some(b"alice"), Some(b"opensesame"));
    config
}

fn connection(servers: &[&str]) -> Connection {
    Connection::new(&config(servers)).expect("a connection")
}

/// Settings whose log lines are kept.
fn with_log(config: &mut Config, level: Level) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    let log = move |_: Level, line: &str| kept.lock().expect("the lines").push(line.to_owned());
    config.set_log(Some(Logger::new(level as i32, Arc::new(log))));
    lines
}

/// How many of the lines are about this.
fn count(lines: &Mutex<Vec<String>>, what: &str) -> usize {
    lines.lock().expect("the lines").iter().filter(|line| line.contains(what)).count()
}

fn new_token(connection: &Connection) -> Result<String, Error> {
    let options = TokenOptions { keep_current: true, global: false };
    connection.get_token(None, 0, options).map(|token| issued_by(&token).to_owned())
}

/// The address of the server that issued a token.
fn issued_by(token: &Token) -> &str {
    token.urls().expect("its addresses").get(Server::Gateway)
}

fn gateway(connection: &Connection) -> String {
    connection.urls().get(Server::Gateway).to_owned()
}

fn get() -> Request {
    Request::new(Some(b"GET"), Some(Server::Restpp), Some(b"/query/MyGraph/q"))
}

/// "METHOD path" of what reached the server since the last look.
fn requests(server: &Standin) -> Vec<String> {
    server.take_requests().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

#[test]
fn a_dead_one_is_passed_over_and_left_alone() {
    for version in VERSIONS {
        let (dead, live) = (ClosedPort::new().expect("a port"), standin(version));
        let dead = at("http", dead.port());
        let mut config = config(&[&dead, &live.gateway_url()]);
        let lines = with_log(&mut config, Level::Debug);
        let connection = Connection::new(&config).expect("a connection");
        assert_eq!(gateway(&connection), dead, "nothing was asked");
        let first = connection.urls();
        let token = connection.authorization().expect("a token");
        assert_eq!(issued_by(&token), live.gateway_url());
        assert_eq!(gateway(&connection), live.gateway_url());
        assert_eq!(first.get(Server::Gateway), dead, "what was told stays");
        for _ in 0..20 {
            connection.server_version().expect("the version");
            connection.get_secrets(None).expect("secrets");
            new_token(&connection).expect("a token");
        }
        assert_eq!(count(&lines, &format!(" at {dead} connect.refused")), 1);
        let warning = format!("no connection to {dead} (connect.refused), so {} is asked", live.gateway_url());
        assert_eq!(count(&lines, "no connection to"), 1);
        assert_eq!(count(&lines, &warning), 1, "{lines:?}");
        assert!(live.connections() <= 2, "{}", live.connections());
    }
}

#[test]
fn one_that_dies_between_calls_is_passed_over_and_the_token_survives() {
    for version in VERSIONS {
        let (first, second) = (standin(version), standin(version));
        let connection = connection(&[&first.gateway_url(), &second.gateway_url()]);
        let token = connection.authorization().expect("a token");
        second.join(&first);
        let (first_url, _ports) = (first.gateway_url(), first.stop());
        assert_eq!(connection.send(&get()).expect("an answer").http_status, 200);
        assert_eq!(requests(&second), ["GET /restpp/query/MyGraph/q"]);
        let still = connection.authorization().expect("a token");
        assert_eq!(still.value(), token.value());
        assert_eq!(issued_by(&token), first_url, "it never changes");
        assert_eq!(gateway(&connection), second.gateway_url());
        connection.server_version().expect("the version");
        assert_eq!(requests(&second), ["GET /restpp/version"], "no new token");
    }
}

#[test]
fn one_that_dies_during_a_call_ends_what_may_not_be_sent_twice() {
    type Operation = fn(&Connection) -> Result<(), Error>;
    let rows: [(&str, Operation, Option<Reason>); 7] = [
        ("GET /gsql/v1/secrets", |c| c.get_secrets(None).map(drop), None),
        ("POST /gsql/v1/tokens", |c| new_token(c).map(drop), None),
        // The first may have dropped it, and the second does not have it.
        ("DELETE /gsql/v1/secrets", |c| c.drop_secrets(&["gone"], None, false).map(drop), None),
        ("POST /gsql/v1/secrets", |c| c.create_secret(Some("new"), None, None).map(drop), Some(Reason::OutcomeUnknown)),
        ("GET /restpp/query", |c| c.send(&get()).map(drop), Some(Reason::ConnectClosed)),
        (
            "POST /restpp/query",
            |c| c.send(&Request::new(Some(b"POST"), Some(Server::Restpp), Some(b"/query/x"))).map(drop),
            Some(Reason::OutcomeUnknown),
        ),
        ("GET /restpp/version", |c| c.server_version().map(drop), None),
    ];
    for (line, operation, expected) in rows {
        let ((dying, heard), second) = (dies_when_asked(), standin("4.2"));
        let mut config = config(&[&dying, &second.gateway_url()]);
        let token = standin_token(&second);
        config.set_server_version(Some(b"4.2")).set_api_token(Some(token.as_bytes()));
        let connection = Connection::new(&config).expect("a connection");
        let reason = operation(&connection).err().map(|error| error.reason());
        assert_eq!(reason, expected, "{line}");
        assert!(heard.join().expect("a line").starts_with(line), "{line}");
        assert_eq!(second.requests().is_empty(), expected.is_some(), "{line}: {:?}", second.requests());
    }
}

/// A token that the server takes; forgotten in its log.
fn standin_token(server: &Standin) -> String {
    let token = connection(&[&server.gateway_url()]).authorization().expect("a token");
    server.clear_requests();
    token.value().to_owned()
}

#[test]
fn one_that_takes_the_request_and_never_answers_is_not_passed_over() {
    for version in VERSIONS {
        let (silent, second) = (RawServer::start(RawAction::Silence).expect("a server"), standin(version));
        let silent_url = at("http", silent.port());
        let mut config = config(&[&silent_url, &second.gateway_url()]);
        config.set_timeouts(300, 700);
        let connection = Connection::new(&config).expect("a connection");
        let error = connection.get_secrets(None).expect_err("no answer");
        assert_eq!(error.reason(), Reason::TimeoutResponse);
        assert!(error.message().contains(&silent_url), "{}", error.message());
        assert!(second.requests().is_empty() && second.connections() == 0);
    }
}

#[test]
fn one_that_answers_late_is_waited_for() {
    let (late, second) = (standin("4.2"), standin("4.2"));
    late.script(Fault::always("", Action::Delay(Duration::from_millis(400))));
    let mut config = config(&[&late.gateway_url(), &second.gateway_url()]);
    config.set_timeouts(200, 5000);
    let connection = Connection::new(&config).expect("a connection");
    connection.get_secrets(None).expect("secrets");
    assert_eq!((gateway(&connection), second.connections()), (late.gateway_url(), 0));
}

/// Before TLS is there, no byte of a request was written.
#[test]
fn one_that_never_ends_the_handshake_is_passed_over_in_time_for_the_others() {
    let tls = Tls::self_signed();
    let silent = [(); 2].map(|()| RawServer::start(RawAction::Silence).expect("a server"));
    let live = with_tls("4.2", &tls);
    let urls = silent.each_ref().map(|server| at("https", server.port()));
    let mut config = config(&[&urls[0], &urls[1], &live.gateway_url()]);
    // The limit for connecting alone is longer than the whole call.
    config.set_ca_pem(Some(tls.ca_pem.as_bytes())).set_timeouts(10_000, 4000);
    let lines = with_log(&mut config, Level::Warn);
    let connection = Connection::new(&config).expect("a connection");
    let started = Instant::now();
    connection.get_secrets(None).expect("secrets");
    // A quarter of the time, and a third of what is left then; the rest is for the one that lives.
    let took = started.elapsed();
    assert!(took > Duration::from_millis(1900) && took < Duration::from_millis(3000), "{took:?}");
    for _ in 0..20 {
        connection.get_secrets(None).expect("secrets");
    }
    assert_eq!(silent.each_ref().map(RawServer::connections), [1, 1]);
    assert_eq!(count(&lines, "(timeout.tls), so"), 2);
}

#[test]
fn a_bad_certificate_is_not_passed_over() {
    let tls = Tls::self_signed();
    let (bad, good) = (with_tls("4.2", &TestCa::new("another").tls(&["127.0.0.1"])), with_tls("4.2", &tls));
    let mut config = config(&[&bad.gateway_url(), &good.gateway_url()]);
    config.set_ca_pem(Some(tls.ca_pem.as_bytes()));
    let connection = Connection::new(&config).expect("a connection");
    for _ in 0..2 {
        let error = connection.authorization().expect_err("a stranger");
        assert_eq!(error.reason(), Reason::TlsUnknownIssuer);
        assert!(error.message().contains(&bad.gateway_url()), "{}", error.message());
        connection.get_secrets(None).expect_err("a stranger");
    }
    assert_eq!(good.connections(), 0);
}

#[test]
fn a_bad_certificate_behind_a_dead_one_names_both() {
    let tls = Tls::self_signed();
    let (dead, bad) = (ClosedPort::new().expect("a port"), with_tls("4.2", &tls));
    let dead = at("https", dead.port());
    let connection =
        Connection::new(config(&[&dead, &bad.gateway_url()]).set_ca_pem(Some(TestCa::new("another").pem().as_bytes())));
    let error = connection.expect("a connection").get_secrets(None).expect_err("a stranger");
    assert_eq!(error.reason(), Reason::TlsUnknownIssuer);
    let tried = format!("tried before it: {dead} (connect.refused)");
    assert!(error.message().contains(&bad.gateway_url()) && error.message().contains(&tried), "{}", error.message());
}

#[test]
fn a_refused_login_is_not_passed_over() {
    for version in VERSIONS {
        let (first, second) = (standin(version), standin(version));
        first.add_user("alice", "another", false);
        let connection = connection(&[&first.gateway_url(), &second.gateway_url()]);
        let error = connection.authorization().expect_err("a wrong password");
        assert_eq!(error.reason(), Reason::AuthBadPassword);
        assert_eq!(second.connections(), 0);
    }
}

#[test]
fn servers_may_be_of_different_generations() {
    for (one, other) in [("3.10", "4.2"), ("4.2", "3.10"), ("3.4", "4.2")] {
        let (first, second) = (standin(one), standin(other));
        let connection = connection(&[&first.gateway_url(), &second.gateway_url()]);
        let use_all = |server: &Standin| {
            assert_eq!(new_token(&connection).expect("a token"), server.gateway_url());
            connection.ensure_secret(&format!("new{}", server.gateway_port())).expect("a secret");
            connection.drop_secrets(&[&format!("new{}", server.gateway_port())], None, false).expect("a drop");
        };
        use_all(&first);
        use_all(&first);
        let asked_first = requests(&first);
        let ports = first.stop();
        use_all(&second);
        use_all(&second);
        // One question for the generation of each; what the one is says nothing of the other.
        let questions = |asked: &[String]| asked.iter().filter(|line| line.contains("/tokens/check")).count();
        assert_eq!((questions(&asked_first), questions(&requests(&second))), (1, 1), "{one} and {other}");
        // What was learned of the first is still known when it is back.
        let first = again(one, &ports);
        drop(second);
        use_all(&first);
        assert_eq!(questions(&requests(&first)), 0, "{one} and {other}");
    }
}

#[test]
fn when_all_are_dead_the_error_names_them() {
    let dead = [(); 3].map(|()| ClosedPort::new().expect("a port"));
    let urls = dead.each_ref().map(|port| at("http", port.port()));
    let mut config = config(&urls.each_ref().map(String::as_str));
    let lines = with_log(&mut config, Level::Debug);
    let connection = Connection::new(&config).expect("a connection");
    for turn in 0..2 {
        let error = connection.get_secrets(None).expect_err("nobody");
        assert_eq!(error.reason(), Reason::ConnectRefused);
        for url in &urls {
            assert!(error.message().contains(url.as_str()), "{turn}: {}", error.message());
        }
    }
    // Each in each call, and one of them three times, as a server that has no other beside it.
    let tries = urls.each_ref().map(|url| count(&lines, &format!(" at {url} connect.refused")));
    assert_eq!(tries.iter().sum::<usize>(), 10, "{tries:?}");
}

#[test]
fn one_that_is_back_is_used_when_the_other_fails_and_not_before() {
    let (first, second) = (standin("4.2"), standin("4.2"));
    second.join(&first);
    let connection = connection(&[&first.gateway_url(), &second.gateway_url()]);
    connection.get_secrets(None).expect("secrets");
    let ports = first.stop();
    connection.get_secrets(None).expect("secrets");
    let first = again("4.2", &ports);
    first.join(&second);
    for _ in 0..10 {
        connection.get_secrets(None).expect("secrets");
    }
    assert_eq!(first.connections(), 0, "it is left alone, and the one that answered is kept");
    drop(second);
    // All have failed, so that none is left alone.
    connection.get_secrets(None).expect("secrets");
    assert_eq!(gateway(&connection), first.gateway_url());
}

/// The real half minute. The unit tests of the servers of a connection have it without waiting.
#[test]
fn after_half_a_minute_one_that_failed_is_not_left_alone_any_more() {
    if std::env::var_os("TG_LONG").is_none() {
        eprintln!("skipped: TG_LONG is not set");
        return;
    }
    let (dead, second) =
        (RawServer::start(RawAction::Silence).expect("a server"), with_tls("4.2", &Tls::self_signed()));
    let mut config = config(&[&at("https", dead.port()), &second.gateway_url()]);
    config.set_insecure_tls(true).set_timeouts(200, 5000);
    let connection = Connection::new(&config).expect("a connection");
    connection.get_secrets(None).expect("secrets");
    thread::sleep(Duration::from_secs(29));
    connection.get_secrets(None).expect("secrets");
    assert_eq!(dead.connections(), 1);
    thread::sleep(Duration::from_secs(2));
    drop(second);
    connection.get_secrets(None).expect_err("nobody");
    // It is the last one, so that it is tried as often as a server without others.
    assert_eq!(dead.connections(), 1 + 3);
}

#[test]
fn threads_find_out_together_that_one_is_dead() {
    let tls = Tls::self_signed();
    for managed in [true, false] {
        let (silent, live) = (RawServer::start(RawAction::Silence).expect("a server"), with_tls("4.2", &tls));
        let mut config = config(&[&at("https", silent.port()), &live.gateway_url()]);
        config.set_ca_pem(Some(tls.ca_pem.as_bytes())).set_timeouts(500, 10_000);
        let connection = Connection::new(&config).expect("a connection");
        let (barrier, started) = (Barrier::new(16), Instant::now());
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    barrier.wait();
                    match managed {
                        true => connection.authorization().map(drop),
                        false => connection.get_secrets(None).map(drop),
                    }
                    .expect("an answer");
                });
            }
        });
        assert_eq!(silent.connections(), 1, "one of them asks for all");
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
        let asked = requests(&live);
        assert_eq!(asked.iter().filter(|line| line.contains("/tokens/check")).count(), 1, "{asked:?}");
    }
}

#[test]
fn threads_go_on_when_the_one_in_use_dies() {
    for version in VERSIONS {
        let (first, second) = (standin(version), standin(version));
        let connection = connection(&[&first.gateway_url(), &second.gateway_url()]);
        connection.authorization().expect("a token");
        second.join(&first);
        let first = Mutex::new(Some(first));
        thread::scope(|scope| {
            for number in 0..16 {
                let (connection, first) = (&connection, &first);
                scope.spawn(move || {
                    for turn in 0..20 {
                        if (number, turn) == (0, 5) {
                            drop(first.lock().expect("the first").take().map(Standin::stop));
                        }
                        // A list may be asked for twice, so that not even a broken connection fails.
                        connection.get_secrets(None).expect("secrets");
                    }
                });
            }
        });
        assert_eq!(gateway(&connection), second.gateway_url());
    }
}

#[test]
fn a_cancelled_call_says_nothing_of_the_server() {
    let tls = Tls::self_signed();
    let (silent, live) = (RawServer::start(RawAction::Silence).expect("a server"), with_tls("4.2", &tls));
    let mut config = config(&[&at("https", silent.port()), &live.gateway_url()]);
    config.set_ca_pem(Some(tls.ca_pem.as_bytes()));
    let connection = Connection::new(&config).expect("a connection");
    thread::scope(|scope| {
        let call = scope.spawn(|| connection.get_secrets(None));
        while silent.connections() == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        connection.cancel();
        assert_eq!(call.join().expect("a result").expect_err("cancelled").reason(), Reason::Cancelled);
    });
    assert_eq!(live.connections(), 0);
    connection.set_timeout(1500);
    connection.get_secrets(None).expect("secrets");
    assert_eq!(silent.connections(), 2);
}

/// A proxy that connects to all ports but one.
fn proxy_without(port: u16) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let own = listener.local_addr().expect("its address").port();
    let targets = Arc::new(Mutex::new(Vec::new()));
    let kept = targets.clone();
    let serve = move |mut client: TcpStream, kept: Arc<Mutex<Vec<String>>>| {
        let Some(head) = tunnel::read_head(&mut client, |_| ()) else { return };
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        kept.lock().expect("the targets").push(target.clone());
        let refused = target.ends_with(&format!(":{port}"));
        let answer = if refused { "HTTP/1.1 502 Bad Gateway\r\n\r\n" } else { "HTTP/1.1 200 Connected\r\n\r\n" };
        if client.write_all(answer.as_bytes()).is_ok() && !refused {
            tunnel::join(client, &head);
        }
    };
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let kept = kept.clone();
            thread::spawn(move || serve(client, kept));
        }
    });
    (own, targets)
}

#[path = "common/tunnel.rs"]
mod tunnel;

#[test]
fn a_proxy_may_reach_only_some_of_them() {
    let (first, second) = (standin("4.2"), standin("4.2"));
    let (proxy, targets) = proxy_without(first.gateway_port());
    let mut config = config(&[&first.gateway_url(), &second.gateway_url()]);
    config.set_proxy(Some(at("http", proxy).as_bytes()));
    let connection = Connection::new(&config).expect("a connection");
    for _ in 0..5 {
        connection.get_secrets(None).expect("secrets");
    }
    assert_eq!(first.connections(), 0);
    let ports = [first.gateway_port(), second.gateway_port()].map(|port| format!("127.0.0.1:{port}"));
    assert_eq!(*targets.lock().expect("the targets"), ports);
}

#[test]
fn ports_are_those_of_each_server() {
    let (dead, live) = (ClosedPort::new().expect("a port"), standin("3.10"));
    let (restpp, gsql) = (live.restpp_port(), live.gateway_port());
    let mut config = config(&[&format!("http://127.0.0.2:{}", dead.port()), "http://127.0.0.1"]);
    config.set_ports(restpp, gsql);
    let connection = Connection::new(&config).expect("a connection");
    let url = |server| connection.urls().get(server).to_owned();
    assert_eq!(url(Server::Restpp), format!("http://127.0.0.2:{restpp}"));
    connection.authorization().expect("a token");
    connection.server_version().expect("the version");
    assert_eq!(url(Server::Restpp), format!("http://127.0.0.1:{restpp}"));
    assert_eq!(url(Server::Gateway), format!("http://127.0.0.1:{gsql}"));
}

/// A name that is looked up for longer than any call.
const HANGING: &str = "hangs.example";

/// The system's, but for one name.
///
/// # Safety
/// As that one.
#[unsafe(no_mangle)]
unsafe extern "C" fn getaddrinfo(
    node: *const libc::c_char,
    service: *const libc::c_char,
    hints: *const libc::addrinfo,
    found: *mut *mut libc::addrinfo,
) -> libc::c_int {
    type Real = unsafe extern "C" fn(
        *const libc::c_char,
        *const libc::c_char,
        *const libc::addrinfo,
        *mut *mut libc::addrinfo,
    ) -> libc::c_int;
    // SAFETY: a name is NULL or NUL-terminated.
    if !node.is_null() && unsafe { std::ffi::CStr::from_ptr(node) }.to_bytes() == HANGING.as_bytes() {
        thread::sleep(Duration::from_secs(20));
        return libc::EAI_AGAIN;
    }
    // SAFETY: the next function of this name has this type, and gets what this one got.
    unsafe {
        let real = libc::dlsym(libc::RTLD_NEXT, c"getaddrinfo".as_ptr());
        assert!(!real.is_null());
        std::mem::transmute::<*mut libc::c_void, Real>(real)(node, service, hints, found)
    }
}

#[test]
fn a_hanging_name_is_a_server_that_failed() {
    let live = standin("4.2");
    let mut config = config(&[&format!("http://{HANGING}"), &live.gateway_url()]);
    config.set_allow_http(true).set_timeouts(300, 10_000);
    let lines = with_log(&mut config, Level::Warn);
    let connection = Connection::new(&config).expect("a connection");
    let started = Instant::now();
    for _ in 0..5 {
        connection.get_secrets(None).expect("secrets");
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(count(&lines, "(timeout.dns), so"), 1, "{lines:?}");
}

/// Sent before, or not at all.
#[test]
fn a_request_goes_to_the_next_one_before_a_byte_and_never_after() {
    for version in VERSIONS {
        let (first, second) = (standin(version), standin(version));
        let connection = connection(&[&first.gateway_url(), &second.gateway_url()]);
        connection.authorization().expect("a token");
        second.join(&first);
        for action in [Action::CloseAfterProcessing, Action::ResetBeforeReply, Action::TruncateBody] {
            first.script(Fault::once("/restpp/query", action));
            let error = connection.send(&get()).expect_err("no answer");
            assert!(matches!(error.reason(), Reason::ConnectClosed | Reason::ConnectReset), "{error:?}");
        }
        assert_eq!(second.connections(), 0);
        first.clear_requests();
        let _ports = first.stop();
        let mut post = Request::new(Some(b"POST"), Some(Server::Restpp), Some(b"/query/MyGraph/q"));
        post.set_body(Some(b"{}"), Some(b"application/json"));
        assert_eq!(connection.send(&post).expect("an answer").http_status, 200);
        assert_eq!(requests(&second), ["POST /restpp/query/MyGraph/q"]);
    }
}

#[test]
fn a_secret_is_created_once() {
    for version in VERSIONS {
        let (first, second) = (standin(version), standin(version));
        let connection = connection(&[&first.gateway_url(), &second.gateway_url()]);
        connection.get_secrets(None).expect("secrets");
        let creates = |server: &Standin| server.with_state(|state| state.secrets.len());
        first.script(Fault::once("/gsql", Action::CloseAfterProcessing));
        let error = connection.create_secret(Some("one"), None, None).expect_err("no answer");
        assert_eq!(error.reason(), Reason::OutcomeUnknown);
        assert_eq!((creates(&first), creates(&second), second.connections()), (1, 0, 0));
        let _ports = first.stop();
        connection.create_secret(Some("two"), None, None).expect("a secret");
        assert_eq!(creates(&second), 1);
    }
}
