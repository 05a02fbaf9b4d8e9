//! Time limits and cancellation: every phase of a call ends on time, and only the call that is meant.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tigergraph_auth::{Config, Connection, Error, Reason, TokenOptions};
use tigergraph_standin::{Action, Fault, Options, Standin, Tls};

/// So many times each fault must end on time.
const RUNS: usize = 200;
/// So many calls at once: they only wait, so the machine stays idle.
const AT_ONCE: usize = 8;

/// One test at a time: what one does must not delay another.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A machine that is busy with something else wakes threads late; a run during which a thread that only
/// sleeps is later than this says nothing about the library.
const IDLE: Duration = Duration::from_millis(10);
/// So many such runs are allowed before the machine counts as not idle at all.
const MAX_BUSY: usize = 20 * RUNS;

/// Runs `run` so many times while the machine is idle, on several threads, each with a connection of its
/// own; `run` tells what it saw, and `check` checks it.
fn repeat<T>(config: &Config, run: impl Fn(&Connection) -> T + Sync, check: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let connection = Connection::new(config).expect("good settings");
                let (mut checked, mut busy) = (0, 0);
                while checked < RUNS / AT_ONCE {
                    let (seen, lateness) = witnessed(|| run(&connection));
                    if lateness < IDLE {
                        check(seen);
                        checked += 1;
                    } else {
                        busy += 1;
                        assert!(busy < MAX_BUSY, "the machine is never idle");
                    }
                }
            });
        }
    });
}

/// Runs `run` beside a thread that sleeps for a moment again and again; the most that one was late.
fn witnessed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    const MOMENT: Duration = Duration::from_millis(5);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let witness = scope.spawn(|| {
            let mut latest = Duration::ZERO;
            while !over.load(Ordering::Relaxed) {
                let began = Instant::now();
                std::thread::sleep(MOMENT);
                latest = latest.max(began.elapsed().saturating_sub(MOMENT));
            }
            latest
        });
        let seen = run();
        over.store(true, Ordering::Relaxed);
        (seen, witness.join().expect("a sleeper"))
    })
}

/// A place where a call can be stuck, and the reason that running out of time there has.
struct Stuck {
    name: &'static str,
    config: Config,
    timeout: Reason,
    _server: Box<dyn std::any::Any + Sync>,
}

fn standin_with(action: Action) -> Standin {
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    server.script(Fault::always("/gsql/v1/tokens", action));
    server
}

/// A listener whose queue is full: it answers no SYN.
fn black_hole() -> (String, Box<dyn std::any::Any + Sync>) {
    use socket2::{Domain, Socket, Type};
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    listener.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().expect("an address").into()).expect("a port");
    listener.listen(0).expect("a queue");
    let address = listener.local_addr().expect("its address").as_socket().expect("an IP address");
    let fillers: Vec<Socket> = (0..4)
        .map(|_| {
            let filler = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            filler.set_nonblocking(true).expect("a flag");
            let _ = filler.connect(&address.into());
            filler
        })
        .collect();
    std::thread::sleep(Duration::from_millis(20));
    (format!("http://{address}"), Box::new((listener, fillers)))
}

/// The address of a server that accepts and never speaks.
fn silent() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        let kept: Vec<_> = listener.incoming().collect();
        drop(kept);
    });
    address
}

fn places() -> Vec<Stuck> {
    let with_version = |url: &str| {
        let mut config = Config::new(url);
        config.set_server_version(Some(b"4.2"));
        config
    };
    let stuck = |name, config, timeout, server| Stuck { name, config, timeout, _server: server };
    let (url, hole) = black_hole();
    let connect = stuck("connect", with_version(&url), Reason::TimeoutConnect, hole);

    let mut config = with_version(&format!("https://{}", silent()));
    config.set_ca_pem(Some(Tls::self_signed().ca_pem.as_bytes()));
    let tls = stuck("TLS", config, Reason::TimeoutTls, Box::new(()));

    let server = standin_with(Action::Hang);
    let headers = stuck("headers", with_version(&server.gateway_url()), Reason::TimeoutResponse, Box::new(server));

    let mut body = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{      ".to_vec();
    body.extend(std::iter::repeat_n(b' ', 900));
    let server = standin_with(Action::Drip(body, Duration::from_millis(30)));
    let drip = stuck("drip", with_version(&server.gateway_url()), Reason::TimeoutResponse, Box::new(server));

    let server = standin_with(Action::Hang);
    let detection = stuck("detection", Config::new(server.gateway_url()), Reason::TimeoutResponse, Box::new(server));
    vec![connect, tls, headers, drip, detection]
}

fn ask(connection: &Connection) -> Error {
    connection.get_token(Some("canarysecret"), 0, TokenOptions::default()).expect_err("a failure")
}

#[test]
fn every_phase_ends_with_the_time() {
    let _alone = alone();
    for mut place in places() {
        place.config.set_timeouts(150, 150);
        let run = |handle: &Connection| {
            let started = Instant::now();
            (ask(handle), started.elapsed())
        };
        repeat(&place.config, run, |(error, took)| {
            assert_eq!(error.reason(), place.timeout, "{}: {error}", place.name);
            assert!(took >= Duration::from_millis(145), "{}: {took:?}", place.name);
            assert!(took < Duration::from_millis(200), "{}: {took:?}", place.name);
        });
    }
}

#[test]
fn every_phase_can_be_cancelled() {
    let _alone = alone();
    for place in places() {
        let run = |handle: &Connection| {
            std::thread::scope(|scope| {
                let caller = scope.spawn(|| (ask(handle), Instant::now()));
                std::thread::sleep(Duration::from_millis(60));
                let cancelled = Instant::now();
                handle.cancel();
                let (error, ended) = caller.join().expect("a result");
                (error, ended - cancelled)
            })
        };
        repeat(&place.config, run, |(error, took)| {
            assert_eq!(error.reason(), Reason::Cancelled, "{}: {error}", place.name);
            assert!(took < Duration::from_millis(100), "{}: {took:?}", place.name);
        });
    }
}

#[test]
fn a_creation_that_was_cancelled_has_an_unknown_outcome() {
    let server = standin_with(Action::Hang);
    server.script(Fault::always("/gsql/v1/secrets", Action::Hang));
    let mut config = Config::new(server.gateway_url());
    config.set_password(Some(b"alice"), Some(b"opensesame")).set_server_version(Some(b"4.2"));
    let connection = Arc::new(Connection::new(&config).expect("good settings"));
    let caller = std::thread::spawn({
        let connection = connection.clone();
        move || connection.create_secret(Some("mine"), None, None).expect_err("cancelled")
    });
    std::thread::sleep(Duration::from_millis(60));
    connection.cancel();
    let error = caller.join().expect("a result");
    assert_eq!(error.reason(), Reason::OutcomeUnknown);
    assert!(error.message().contains("mine"), "{error}");
}

#[test]
fn cancelling_one_handle_leaves_the_others_alone() {
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    server.script(Fault::always("/gsql/v1/tokens", Action::Delay(Duration::from_millis(200))));
    let secret = server.add_secret("alice", None, "a");
    let mut config = Config::new(server.gateway_url());
    config.set_server_version(Some(b"4.2"));
    let connection = Connection::new(&config).expect("good settings");
    let other = connection.another();
    let caller = std::thread::spawn(move || {
        let token = other.get_token(Some(&secret), 0, TokenOptions::default()).expect("not disturbed");
        (token, other)
    });
    std::thread::sleep(Duration::from_millis(50));
    connection.cancel();
    let (token, other) = caller.join().expect("a result");
    drop(other);
    assert_eq!(connection.current_token().expect("shared").value(), token.value());
}

#[test]
fn calls_begun_after_a_cancellation_never_see_it() {
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let secret = server.add_secret("alice", None, "a");
    let connection = Arc::new(Connection::new(&Config::new(server.gateway_url())).expect("good settings"));
    for _ in 0..500 {
        let canceller = std::thread::spawn({
            let connection = connection.clone();
            move || connection.cancel()
        });
        let _ = connection.get_token(Some(&secret), 0, TokenOptions::default());
        canceller.join().expect("done");
        connection.get_token(Some(&secret), 0, TokenOptions::default()).expect("begun after");
    }
}

#[test]
fn a_handle_has_its_own_time_limit() {
    let _alone = alone();
    let server = standin_with(Action::Hang);
    let mut config = Config::new(server.gateway_url());
    config.set_server_version(Some(b"4.2")).set_timeouts(0, 400);
    let connection = Connection::new(&config).expect("good settings");
    connection.set_timeout(100);
    let clone = connection.another();
    connection.set_timeout(0);
    for (handle, limit) in [(&clone, 100), (&connection, 400)] {
        let started = Instant::now();
        assert_eq!(ask(handle).reason(), Reason::TimeoutResponse);
        let took = started.elapsed().as_millis();
        assert!((limit - 5..limit + 60).contains(&took), "{took} ms instead of {limit}");
    }
}
