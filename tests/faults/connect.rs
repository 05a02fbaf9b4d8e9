//! Rows 1 to 12, 15, 16 and 60: from a name to a connection, and connections that have been idle.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tigergraph_standin::{Action, ClosedPort, Options, RawAction, RawServer, Standin, Tls};

use crate::driver;
use crate::matrix::Record;
use crate::operations::{Kind, OPERATIONS, Operation, by_name};
use crate::session::{Limits, SHORT, Session, on_both};

/// How often, where it is always.
const ALWAYS: &str = "1000000";

/// A port of loopback where nobody listens.
pub fn refusing_port() -> ClosedPort {
    ClosedPort::new().expect("a port")
}

/// A listener whose queue is full: it answers no SYN.
fn black_hole() -> (u16, Box<dyn std::any::Any>) {
    use socket2::{Domain, Socket, Type};
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port");
    listener.listen(0).expect("a queue");
    let address = listener.local_addr().expect("its address").as_socket().expect("an IP address");
    let fill = || {
        let filler = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        filler.set_nonblocking(true).expect("a flag");
        // It is in progress, which is how a queue is filled.
        let _ = filler.connect(&address.into());
        filler
    };
    let fillers: Vec<Socket> = (0..4).map(|_| fill()).collect();
    sleep(Duration::from_millis(20));
    (address.port(), Box::new((listener, fillers)))
}

impl Session {
    /// A handle for a host with this name on the stand-in's port.
    fn open_named(&mut self, host: &str) {
        let url = format!("http://{host}:{}", self.standin.gateway_port());
        self.open_at(&url);
    }

    fn names(&mut self, delay_ms: u32, error: &str, times: &str, addresses: &str) {
        self.driver.say(&["names", &delay_ms.to_string(), error, times, addresses]);
        self.driver.counts();
    }

    fn route(&mut self, address: &str, to: &str) {
        self.driver.say(&["route", address, to]);
    }

    /// The token is good again, or there is a new one.
    fn assert_gets_token(&mut self) {
        let call = self.driver.call(&["get_token"]);
        assert_eq!(call.outcome(), "OK", "{call:?}");
        self.standin.take_requests();
    }
}

#[test]
fn row_01_unknown_name() {
    let record = Record::of(1);
    on_both(|version| {
        let mut session = Session::start(version);
        session.open_named("nowhere.example.com");
        session.names(0, "EAI_NONAME", ALWAYS, "-");
        let begun = Instant::now();
        session.nothing_reaches_the_server(&record, "connect.dns");
        let look_ups = session.driver.counts().of("look_ups");
        let most = i64::try_from(begun.elapsed().as_secs()).expect("a small number") + 1;
        assert!((1..=most).contains(&look_ups), "{look_ups} look-ups");
        session.names(0, "-", "0", "127.0.0.1");
        sleep(Duration::from_millis(1050));
        session.assert_gets_token();
        session.finish();
    });
    record.done();
}

#[test]
fn row_02_resolver_says_again() {
    let record = Record::of(2);
    on_both(|version| {
        let mut session = Session::start(version);
        session.open_named("again.example.com");
        session.names(0, "EAI_AGAIN", ALWAYS, "-");
        let calls = session.nothing_reaches_the_server(&record, "connect.dns");
        assert_eq!(session.driver.counts().of("look_ups"), 3 * calls.len() as i64);
        // Two failures are overcome, also by a creation: nothing of it was sent.
        for (number, operation) in ["create_secret", "get_token"].map(by_name).iter().enumerate() {
            session.open_named(&format!("again{number}.example.com"));
            session.names(0, "EAI_AGAIN", "2", "127.0.0.1");
            let call = session.call(operation);
            assert_eq!((call.outcome(), session.driver.counts().of("look_ups")), ("OK", 3), "{call:?}");
        }
        session.finish();
    });
    record.done();
}

#[test]
fn row_03_resolver_hangs() {
    let record = Record::of(3);
    on_both(|version| {
        let mut session = Session::start(version);
        session.limits = Limits { connect: 300, call: 2000 };
        session.open_named("hanging.example.com");
        session.names(30_000, "-", "0", "127.0.0.1");
        // One thread waits for the system, however many calls give the name up and begin anew.
        let calls = session.nothing_reaches_the_server(&record, "timeout.dns");
        assert!(calls.iter().all(|call| (290..550).contains(&call.ms)), "{calls:?}");
        let threads = |session: &mut Session| {
            let counts = session.driver.counts();
            ["busiest", "look_ups", "pthread_create"].map(|count| counts.of(count))
        };
        assert_eq!(threads(&mut session), [1, 1, 1]);
        // Fifteen more names leave a thread each behind; another one waits for one of them, as long as its call may.
        let get_token = by_name("get_token");
        for number in 1..16 {
            session.open_named(&format!("hanging{number}.example.com"));
            assert_eq!(session.call(&get_token).outcome(), "timeout.dns", "{number}");
        }
        session.open_named("waiting.example.com");
        let call = session.call(&get_token);
        assert_eq!(call.outcome(), "connect.resource", "{call:?}");
        assert!((1950..2400).contains(&call.ms), "{call:?}");
        record.saw(get_token.name, call.outcome());
        assert_eq!(threads(&mut session), [16, 15, 15]);
        session.names(0, "-", "0", "127.0.0.1");
        sleep(Duration::from_millis(50));
        session.assert_gets_token();
        session.finish();
    });
    record.done();
}

#[test]
fn row_04_no_address_and_too_many() {
    let record = Record::of(4);
    on_both(|version| {
        let mut session = Session::start(version);
        session.open_named("empty.example.com");
        session.names(0, "-", "0", "-");
        session.nothing_reaches_the_server(&record, "connect.dns");
        session.open_named("crowded.example.com");
        let addresses: Vec<String> = (0..500).map(|n| format!("198.18.{}.{}", n / 250, n % 250)).collect();
        session.names(0, "-", "0", &addresses.join(","));
        session.route("*", "ECONNREFUSED");
        let call = session.call(&by_name("get_token"));
        assert_eq!(call.outcome(), "connect.refused", "{call:?}");
        record.saw("get_token", call.outcome());
        let connects = session.driver.counts().connects();
        let tried: BTreeSet<String> = connects.iter().map(|(address, _)| address.clone()).collect();
        assert_eq!(tried, addresses[..16].iter().cloned().collect(), "16 addresses are tried");
        assert_eq!(connects.len(), 3 * 16);
        session.finish();
    });
    record.done();
}

#[test]
fn row_05_refused() {
    let record = Record::of(5);
    on_both(|version| {
        let mut session = Session::start(version);
        let closed = refusing_port();
        session.open_at(&format!("http://{}", closed.address()));
        session.driver.counts();
        let calls = session.nothing_reaches_the_server(&record, "connect.refused");
        assert_eq!(session.driver.counts().connects().len(), 3 * calls.len());
        session.names(0, "-", "0", "192.0.2.1");
        session.route("192.0.2.1", "ECONNREFUSED");
        old_port_is_tried_once(&mut session);
        session.finish();
    });
    record.done();
}

/// Without a port in the address, REST++ is looked for on its old port too.
fn old_port_is_tried_once(session: &mut Session) {
    let before_4 = session.version == "3.10";
    for (told, operation, tried) in [
        (true, "get_token", before_4),
        (true, "server_version", true),
        (true, "get_secrets", false),
        (false, "get_token", true),
    ] {
        session.open_at("http://noport.example.com");
        if !told {
            session.driver.say(&["set", "server_version", "-"]);
            session.connect();
        }
        session.driver.counts();
        let call = session.call(&by_name(operation));
        assert_eq!(call.outcome(), "connect.refused", "{call:?}");
        let mut ports: Vec<u16> = session.driver.counts().connects().iter().map(|(_, port)| *port).collect();
        ports.sort_unstable();
        let mut expected = vec![14240; 3];
        expected.splice(0..0, tried.then_some(9000));
        assert_eq!(ports, expected, "{} {told} {operation}", session.version);
    }
}

#[test]
fn row_06_unreachable() {
    let record = Record::of(6);
    on_both(|version| {
        let mut session = Session::start(version);
        for error in ["ENETUNREACH", "EHOSTUNREACH"] {
            session.open_named("far.example.com");
            session.names(0, "-", "0", "2001:db8::1,192.0.2.1");
            session.route("clear", "-");
            session.route("*", error);
            let calls = session.nothing_reaches_the_server(&record, "connect.unreachable");
            assert_eq!(session.driver.counts().connects().len(), 2 * 3 * calls.len());
        }
        session.route("clear", "-");
        session.route("192.0.2.1", &session.standin.gateway_port().to_string());
        session.route("*", "ENETUNREACH");
        session.assert_gets_token();
        session.finish();
    });
    record.done();
}

#[test]
fn row_07_no_answer_to_syn() {
    let record = Record::of(7);
    on_both(|version| {
        let (port, _hole) = black_hole();
        let mut session = Session::start(version);
        session.limits = Limits { connect: 150, call: 800 };
        session.open_at(&format!("http://127.0.0.1:{port}"));
        session.driver.counts();
        let calls = session.nothing_reaches_the_server(&record, "timeout.connect");
        assert!(calls.iter().all(|call| call.ms >= 3 * 145), "{calls:?}");
        assert_eq!(session.driver.counts().connects().len(), 3 * calls.len());
        session.finish();
    });
    record.done();
}

/// A name with an IPv6 address before an IPv4 one, where the latter is the stand-in.
fn open_on_two_families(session: &mut Session, v6_goes_to: &str) {
    session.open_named("both.example.com");
    session.names(0, "-", "0", "2001:db8::1,192.0.2.1");
    session.route("2001:db8::1", v6_goes_to);
    session.route("192.0.2.1", &session.standin.gateway_port().to_string());
}

#[test]
fn row_08_ipv6_black_hole() {
    let record = Record::of(8);
    on_both(|version| {
        let (port, _hole) = black_hole();
        let mut session = Session::start(version);
        open_on_two_families(&mut session, &port.to_string());
        for operation in ["get_token", "create_secret"].map(by_name) {
            session.open_named("both.example.com");
            let call = session.call(&operation);
            assert_eq!(call.outcome(), "OK", "{call:?}");
            assert!((240..500).contains(&call.ms), "{call:?}");
            record.saw(operation.name, call.outcome());
        }
        session.finish();
    });
    record.done();
}

#[test]
fn row_09_ipv6_refused() {
    let record = Record::of(9);
    on_both(|version| {
        let mut session = Session::start(version);
        let closed = refusing_port();
        for refusal in ["ECONNREFUSED".to_owned(), closed.port().to_string()] {
            session.route("clear", "-");
            open_on_two_families(&mut session, &refusal);
            for operation in ["get_token", "create_secret"].map(by_name) {
                session.open_named("both.example.com");
                let call = session.call(&operation);
                assert_eq!(call.outcome(), "OK", "{call:?}");
                assert!(call.ms < 200, "{call:?}");
                record.saw(operation.name, call.outcome());
            }
        }
        session.finish();
    });
    record.done();
}

#[test]
fn row_10_no_descriptors() {
    let record = Record::of(10);
    on_both(|version| {
        let mut session = Session::start(version);
        for (function, error) in
            [("socket", "EMFILE"), ("socket", "ENFILE"), ("socket", "ENOBUFS"), ("connect", "EADDRNOTAVAIL")]
        {
            let url = session.standin.gateway_url();
            session.open_at(&url);
            session.driver.say(&["fail", function, "1", error, ALWAYS]);
            session.nothing_reaches_the_server(&record, "connect.resource");
            session.driver.say(&["fail", function, "1", error, "0"]);
            session.assert_gets_token();
        }
        session.finish();
    });
    record.done();
}

#[test]
fn row_11_reset_after_accept() {
    let record = Record::of(11);
    on_both(|version| {
        let server = RawServer::start(RawAction::Reset).expect("a listener");
        let mut session = Session::start(version);
        session.open_at(&format!("https://127.0.0.1:{}", server.port()));
        let calls = session.nothing_reaches_the_server(&record, "connect.reset");
        assert_eq!(server.connections(), 3 * calls.len());
        session.finish();
    });
    record.done();
}

#[test]
fn row_12_never_speaks() {
    let record = Record::of(12);
    on_both(|version| {
        let server = RawServer::start(RawAction::Silence).expect("a listener");
        let mut session = Session::start(version);
        session.limits = SHORT;
        session.open_at(&format!("https://127.0.0.1:{}", server.port()));
        session.nothing_reaches_the_server(&record, "timeout.tls");
        session.canaries.assert_absent("a hello", &[String::from_utf8_lossy(&server.received()).into_owned()]);
        session.open_at(&format!("http://127.0.0.1:{}", server.port()));
        // The look-up is all that there is of ensure_secret here.
        let expected = |operation: &Operation| {
            if operation.kind == Kind::Create { "outcome.unknown" } else { "timeout.response" }
        };
        session.every_operation(&record, expected);
        session.finish();
    });
    record.done();
}

/// A connection that was used becomes useless when the next request is on it.
#[test]
fn row_15_reused_connection_closed() {
    let record = Record::of(15);
    on_both(|version| {
        let mut session = Session::start(version);
        for action in [Action::CloseBeforeReply, Action::ResetBeforeReply] {
            for operation in OPERATIONS.iter().filter(|operation| operation.is_on(version)) {
                reused(&record, &mut session, operation, &action);
            }
        }
        session.finish();
    });
    record.done();
}

fn reused(record: &Record, session: &mut Session, operation: &Operation, action: &Action) {
    session.open_for(operation);
    if operation.name == "detection" {
        return; // The first request of a handle.
    }
    session.assert_gets_token();
    let connections = session.standin.connections();
    let words = session.words(operation);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let fault = operation.fault(session.version, action.clone()).times(1);
    session.standin.script(fault);
    let call = session.driver.call(&words);
    session.standin.clear_faults();
    let mut requests = session.standin.take_requests();
    requests.drain(..operation.requests_before().min(requests.len()));
    let (outcome, connects) = if operation.creates() { ("outcome.unknown", 0) } else { ("OK", 1) };
    // A look-up that finds nothing is followed by the creation.
    let sent = 1 + connects + usize::from(operation.kind == Kind::Find);
    if (call.outcome(), requests.len()) != (outcome, sent) {
        record.fail(format!("{} {}: {} requests, {call:?}", session.version, operation.name, requests.len()));
    }
    assert_eq!(session.standin.connections(), connections + connects, "{call:?}");
    record.saw(operation.name, call.outcome());
    session.assert_usable(operation);
    session.end_of_case(operation.name);
}

/// After a minute a firewall has forgotten the connection: it is not used again.
#[test]
fn row_16_idle_connection_dropped() {
    let record = Record::of(16);
    on_both(|version| {
        let mut session = Session::start(version);
        for operation in OPERATIONS.iter().filter(|operation| operation.is_on(version)) {
            session.driver.say(&["clock", "boot", "0"]);
            session.open_for(operation);
            session.assert_gets_token();
            let before = session.standin.connections();
            // Creations use none that was idle for more than a second.
            let idle = if operation.kind == Kind::Create { "2" } else { "61" };
            session.driver.say(&["clock", "boot", idle]);
            let call = session.call(operation);
            assert_eq!(call.outcome(), "OK", "{call:?}");
            assert_eq!(session.standin.connections(), before + 1, "{version} {call:?}");
            record.saw(operation.name, call.outcome());
            session.end_of_case(operation.name);
        }
        // Within the minute it is.
        session.driver.say(&["clock", "boot", "0"]);
        session.open();
        session.assert_gets_token();
        let before = session.standin.connections();
        session.driver.say(&["clock", "boot", "50"]);
        session.assert_gets_token();
        assert_eq!(session.standin.connections(), before);
        session.finish();
    });
    record.done();
}

#[test]
fn row_60_server_returns() {
    let record = Record::of(60);
    on_both(|version| {
        let mut session = Session::start(version);
        session.open();
        let (gateway_port, restpp_port) = (session.standin.gateway_port(), session.standin.restpp_port());
        let nobody = Standin::start(Options::new(version)).expect("a stand-in");
        // Held until the server is back.
        let _ports = std::mem::replace(&mut session.standin, nobody).stop();
        session.nothing_reaches_the_server(&record, "connect.refused");
        let options = Options { gateway_port, restpp_port, ..Options::new(version) };
        session.standin = Standin::start(options).expect("the same ports");
        session.standin.add_user(crate::session::USER, crate::session::PASSWORD, true);
        let call = session.driver.call(&["get_token"]);
        assert_eq!((call.outcome(), session.standin.requests().len()), ("OK", 1), "{call:?}");
        record.saw("get_token", "OK");
        session.finish();
    });
    record.done();
}

/// With TLS as without.
#[test]
fn row_15_and_16_hold_for_tls() {
    let options = Options::new("4.2").with_tls(Tls::self_signed());
    let mut session = Session::with(options, "4.2", driver::sanitized(), &[]);
    session.open();
    session.assert_gets_token();
    let before = session.standin.connections();
    session.assert_gets_token();
    assert_eq!(session.standin.connections(), before, "the connection was not used again");
    session.driver.say(&["clock", "boot", "61"]);
    session.assert_gets_token();
    assert_eq!(session.standin.connections(), before + 1);
    session.finish();
}

/// Addresses and how a connection to each fails.
const FAILURES: [(&str, &str); 4] = [
    ("192.0.2.1", "ECONNREFUSED"),
    ("192.0.2.2", "ENETUNREACH"),
    ("192.0.2.3", "EADDRNOTAVAIL"),
    ("2001:db8::1", "EADDRNOTAVAIL"),
];
/// An address whose connections are refused by the system.
const REFUSING: &str = "192.0.2.4";

/// The orders in which a name may have these addresses, and what a call comes to.
const ORDERS: [(&[&str], &str); 14] = [
    (&["192.0.2.1", "192.0.2.2", "192.0.2.3"], "connect.refused"),
    (&["192.0.2.1", "192.0.2.3", "192.0.2.2"], "connect.refused"),
    (&["192.0.2.2", "192.0.2.1", "192.0.2.3"], "connect.refused"),
    (&["192.0.2.2", "192.0.2.3", "192.0.2.1"], "connect.refused"),
    (&["192.0.2.3", "192.0.2.1", "192.0.2.2"], "connect.refused"),
    (&["192.0.2.3", "192.0.2.2", "192.0.2.1"], "connect.refused"),
    (&["192.0.2.4", "2001:db8::1", "192.0.2.2"], "connect.refused"),
    (&["2001:db8::1", "192.0.2.4"], "connect.refused"),
    (&["192.0.2.4", "2001:db8::1"], "connect.refused"),
    (&["192.0.2.2", "192.0.2.3"], "connect.unreachable"),
    (&["192.0.2.3", "192.0.2.2"], "connect.unreachable"),
    (&["192.0.2.2", "2001:db8::1"], "connect.unreachable"),
    (&["2001:db8::1", "192.0.2.2"], "connect.unreachable"),
    (&["192.0.2.3", "2001:db8::1"], "connect.resource"),
];

#[test]
fn of_several_addresses_the_most_telling_failure_is_told_and_the_old_port_is_tried() {
    on_both(|version| {
        let mut session = Session::start(version);
        let closed = refusing_port();
        let refusing = closed.port().to_string();
        let routes = FAILURES.into_iter().chain([(REFUSING, refusing.as_str())]);
        routes.for_each(|(address, failure)| session.route(address, failure));
        for (number, (addresses, outcome)) in ORDERS.iter().enumerate() {
            session.names(0, "-", "0", &addresses.join(","));
            for (url, told, ports) in
                [("", true, &[9000, 14240][..]), ("", false, &[9000, 14240]), (":14240", true, &[14240])]
            {
                session.open_at(&format!("http://several{number}.example.com{url}"));
                if !told {
                    session.driver.say(&["set", "server_version", "-"]);
                    session.connect();
                }
                session.driver.counts();
                // The version is asked at REST++ whatever the server is; a token there before 4.1.
                let operation = if told { "server_version" } else { "get_token" };
                let call = session.call(&by_name(operation));
                assert_eq!(call.outcome(), *outcome, "{addresses:?} {url}: {call:?}");
                let tried: BTreeSet<_> = session.driver.counts().connects().into_iter().collect();
                let expected =
                    ports.iter().flat_map(|port| addresses.iter().map(|address| ((*address).to_owned(), *port)));
                assert_eq!(tried, expected.collect(), "{addresses:?} {url}: {call:?}");
            }
        }
        session.finish();
    });
}
