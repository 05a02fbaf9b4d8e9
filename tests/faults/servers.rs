//! Rows 140 to 145: a list of servers of one cluster, of which one is not as it should be.

use std::time::Duration;

use tigergraph_standin::{Action, Fault, LOOPBACK_NAMES, Options, Standin, TestCa, Tls};

use crate::connect::refusing_port;
use crate::driver::{self, field};
use crate::dying::dies_when_asked;
use crate::matrix::Record;
use crate::operations::{Kind, OPERATIONS};
use crate::session::{AMPLE, PASSWORD, SHORT, Session, USER, on_both};

/// What an operation comes to whose answer does not come.
fn lost(creates: bool, reason: &'static str) -> &'static str {
    if creates { "outcome.unknown" } else { reason }
}

fn standin(version: &str) -> Standin {
    let standin = Standin::start(Options::new(version)).expect("a stand-in");
    standin.add_user(USER, PASSWORD, true);
    standin
}

#[test]
fn row_140_first_server_is_dead() {
    let record = Record::of(140);
    on_both(|version| {
        let mut session = Session::start(version);
        session.limits = AMPLE;
        let dead = refusing_port();
        session.open_at(&format!("http://{},{}", dead.address(), session.standin.gateway_url()));
        session.driver.counts();
        session.every_operation(&record, |_| "OK");
        let connects = session.driver.counts().connects();
        let to_dead = connects.iter().filter(|(_, port)| *port == dead.port()).count();
        assert_eq!(to_dead, 1, "{version}: it is left alone once that is known");
        session.finish();
    });
    record.done();
}

/// Once a byte of a request was written, only what may be sent twice is sent to another server.
#[test]
fn row_141_first_server_dies_of_a_request() {
    let record = Record::of(141);
    on_both(|version| {
        let mut session = Session::start(version);
        session.limits = AMPLE;
        for operation in OPERATIONS.iter().filter(|operation| operation.is_on(version)) {
            // Detection asks both in the end, and the second request of a creation the one that is left.
            if matches!(operation.kind, Kind::Detect | Kind::CreateMissing) {
                continue;
            }
            let (dying, heard) = dies_when_asked();
            session.token.clear();
            session.open_at(&format!("{dying},{}", session.standin.gateway_url()));
            let call = session.call(operation);
            heard.join().expect("a request");
            let (expected, requests) = (lost(operation.creates(), "OK"), session.standin.take_requests().len());
            record.saw(operation.name, call.outcome());
            if call.outcome() != expected || (requests > 0) == operation.creates() {
                record.fail(format!("{version} {} {expected}, {requests} requests: {call:?}", operation.name));
            }
            session.assert_usable(operation);
            session.end_of_case(operation.name);
        }
        session.finish();
    });
    record.done();
}

/// One that has the request is waited for, and no other is asked in its place.
#[test]
fn row_142_first_server_is_late() {
    let record = Record::of(142);
    on_both(|version| {
        let mut session = Session::start(version);
        let second = standin(version);
        let list = format!("{},{}", session.standin.gateway_url(), second.gateway_url());
        for (limits, late) in [(SHORT, Action::Hang), (AMPLE, Action::Delay(Duration::from_millis(150)))] {
            session.limits = limits;
            session.open_at(&list);
            session.standin.script(Fault::always("", late.clone()));
            let is_in_time = matches!(late, Action::Delay(_));
            let calls = session.every_operation(&record, |operation| match is_in_time {
                true => "OK",
                false => lost(operation.kind == Kind::Create, "timeout.response"),
            });
            let early = calls.iter().filter(|call| !is_in_time && call.ms + 20 < limits.call).count();
            assert_eq!(early, 0, "{version}: {calls:?}");
            session.standin.clear_faults();
        }
        assert_eq!(second.connections(), 0, "{version}");
        session.finish();
    });
    record.done();
}

#[test]
fn row_143_first_server_has_a_bad_certificate() {
    let record = Record::of(143);
    let (ca, other) = (TestCa::new("a CA"), TestCa::new("another CA"));
    let rows: [(Tls, &'static str); 3] = [
        (other.tls(&LOOPBACK_NAMES), "tls.unknown_issuer"),
        (ca.tls_of(ca.leaf_for_years(&LOOPBACK_NAMES, 2020, 2021)), "tls.expired"),
        (ca.tls(&["other.example.com"]), "tls.wrong_host"),
    ];
    on_both(|version| {
        for (bad, reason) in &rows {
            let good = Options::new(version).with_tls(ca.tls(&LOOPBACK_NAMES));
            let mut session = Session::with(good, version, driver::sanitized(), &[]);
            let first = Standin::start(Options::new(version).with_tls(bad.clone())).expect("a stand-in");
            session.open_at(&format!("{},{}", first.gateway_url(), session.standin.gateway_url()));
            session.driver.say(&["set", "ca_pem", &field(ca.pem())]);
            session.connect();
            let before = session.standin.connections();
            session.nothing_reaches_the_server(&record, reason);
            assert_eq!(session.standin.connections(), before, "{version}: it was passed over");
            assert_eq!(first.requests().len(), 0, "{version}");
            session.finish();
        }
    });
    record.done();
}

/// What is learned of one says nothing of the other.
#[test]
fn row_144_servers_of_different_generations() {
    let record = Record::of(144);
    for (first_version, version) in [("3.10", "4.2"), ("4.2", "3.10"), ("3.4", "4.2")] {
        let mut session = Session::start(version);
        session.limits = AMPLE;
        let first = standin(first_version);
        session.configure_for(&format!("{},{}", first.gateway_url(), session.standin.gateway_url()));
        session.driver.say(&["set", "server_version", "-"]);
        session.connect();
        everything_works(&record, &mut session);
        assert!(!first.requests().is_empty() && session.standin.requests().is_empty(), "{first_version}");
        first.with_state(|state| state.tokens.iter().for_each(|token| session.canaries.add(&token.value)));
        let _ports = first.stop();
        everything_works(&record, &mut session);
        assert!(!session.standin.requests().is_empty(), "{version}");
        session.finish();
    }
    record.done();
}

fn everything_works(record: &Record, session: &mut Session) {
    for words in [
        &["get_token"][..],
        &["authorization"],
        &["create_secret", "new"],
        &["get_secrets", "-"],
        &["drop_secret", "new", "-", "0"],
    ] {
        let call = session.driver.call(words);
        record.saw(words[0], call.outcome());
        if call.outcome() != "OK" {
            record.fail(format!("the other is {}: {call:?}", session.version));
        }
    }
}

#[test]
fn row_145_all_servers_are_dead() {
    let record = Record::of(145);
    on_both(|version| {
        let mut session = Session::start(version);
        session.limits = AMPLE;
        let dead = [(); 3].map(|()| refusing_port());
        let urls = dead.each_ref().map(|port| format!("http://{}", port.address()));
        session.open_at(&urls.join(","));
        for call in session.nothing_reaches_the_server(&record, "connect.refused") {
            assert!(urls.iter().all(|url| call.message.contains(url)), "{version}: {call:?}");
        }
        session.finish();
    });
    record.done();
}
