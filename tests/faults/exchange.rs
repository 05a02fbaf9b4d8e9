//! Rows 13 to 30: answers that break off, never end, or can be read in two ways.

use std::time::Duration;

use tigergraph_standin::{Action, LOOPBACK_NAMES, Options, TestCa};

use crate::check::{Class, Fault, OK, all, check, check_with, fault, json, raw};
use crate::driver;
use crate::matrix::Record;
use crate::operations::by_name;
use crate::session::{Limits, Session, on_both};

#[test]
fn row_13_reset_in_request() {
    check(13, all, &[fault("a reset", Action::ResetBeforeReply, Class::Mid, "connect.reset")]);
}

#[test]
fn row_14_closed_before_answer() {
    check(14, all, &[fault("an end", Action::CloseBeforeReply, Class::Mid, "connect.closed")]);
}

#[test]
fn row_17_cut_head() {
    let start = b"HTTP/1.1 200 OK\r\nContent-Le".to_vec();
    check(
        17,
        all,
        &[
            fault("an end in the head", Action::RawBytes(start.clone()), Class::Mid, "connect.closed"),
            fault("a reset in the head", Action::RawBytesAndReset(start), Class::Mid, "connect.reset"),
        ],
    );
}

#[test]
fn row_18_cut_body() {
    let start = format!("{OK}Content-Length: 99\r\n\r\n{{\"error\":false,\"token\":\"abcdefgh\"}}").into_bytes();
    check(
        18,
        all,
        &[
            fault("half of the good body", Action::TruncateBody, Class::Mid, "connect.closed"),
            fault("JSON that is whole, but too short", Action::RawBytes(start.clone()), Class::Mid, "connect.closed"),
            fault("the same with a reset", Action::RawBytesAndReset(start), Class::Mid, "connect.reset"),
        ],
    );
}

#[test]
fn row_19_chunks() {
    let chunked = |body: &str| format!("{OK}Transfer-Encoding: chunked\r\n\r\n{body}");
    let mut faults = vec![
        raw(chunked("10\r\n{\"error\""), Class::Mid, "connect.closed"),
        raw(chunked("2\r\n{}\r\n"), Class::Mid, "connect.closed"),
    ];
    for body in ["zz\r\n{}", "-2\r\n{}", "+2\r\n{}\r\n0\r\n\r\n", "8000000000000000\r\n{}", "2\r\n{}}}\r\n0\r\n\r\n"] {
        faults.push(raw(chunked(body), Class::Final, "protocol.framing"));
    }
    check(19, all, &faults);
}

#[test]
fn row_20_cut_json() {
    let cut = |body: &str| format!("{OK}Content-Type: application/json\r\n\r\n{body}");
    check(
        20,
        json,
        &[
            raw(cut("{\"error\":false,\"tok"), Class::Mid, "protocol.not_json"),
            raw(cut("{\"error\":fal"), Class::Mid, "protocol.not_json"),
            raw(cut("{\"error\":,}"), Class::Final, "protocol.not_json"),
        ],
    );
}

#[test]
fn row_21_length_too_long() {
    let bytes = format!("{OK}Content-Length: 99\r\n\r\n{{\"error\":false}}").into_bytes();
    check(21, all, &[fault("99 for 15", Action::RawBytesAndHang(bytes), Class::Stuck, "timeout.response")]);
}

#[test]
fn row_22_length_too_short() {
    let record = Record::of(22);
    on_both(|version| {
        let mut session = Session::start(version);
        session.open();
        let body = "{\"error\":false,\"token\":\"tokenthatisgood00\"}";
        let bytes = format!("{OK}Content-Length: {}\r\n\r\n{body}and more that nobody asked for", body.len());
        session.canaries.add("tokenthatisgood00");
        let fault = by_name("get_token").fault(version, Action::RawBytesAndHang(bytes.into_bytes()));
        session.standin.script(fault.times(1));
        for call in [session.driver.call(&["get_token"]), session.driver.call(&["get_token"])] {
            assert_eq!(call.outcome(), "OK", "{call:?}");
        }
        let requests = session.standin.take_requests();
        assert_eq!(requests.len(), 2);
        assert_ne!(requests[0].connection, requests[1].connection, "the connection was used again");
        record.saw("get_token", "OK");
        session.finish();
    });
    record.done();
}

#[test]
fn row_23_two_lengths() {
    let faults = [
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
    ];
    let faults = faults.map(|fields| raw(format!("{OK}{fields}\r\n{{}}"), Class::Final, "protocol.framing"));
    check(23, all, &faults);
}

#[test]
fn row_24_bad_length() {
    let faults = ["-2", "", "18446744073709551616", "0x2", "2 2"];
    let faults =
        faults.map(|length| raw(format!("{OK}Content-Length: {length}\r\n\r\n{{}}"), Class::Final, "protocol.framing"));
    check(24, all, &faults);
}

#[test]
fn row_25_large_head() {
    let flood = |field: &str| Action::Flood(OK.as_bytes().to_vec(), field.repeat(400).into_bytes());
    let one_field = Action::Flood(format!("{OK}X-Long: ").into_bytes(), vec![b'y'; 64 * 1024]);
    let many = format!("{OK}{}\r\n{{}}", "A: b\r\n".repeat(10_000));
    check(
        25,
        all,
        &[
            fault(
                "a head without end",
                flood("X-Some-Field: with some value in it\r\n"),
                Class::Final,
                "protocol.too_large",
            ),
            fault("a field without end", one_field, Class::Final, "protocol.too_large"),
            fault("10 000 fields", Action::RawBytes(many.into_bytes()), Class::Final, "protocol.too_large"),
        ],
    );
}

#[test]
fn row_26_endless_interim() {
    let interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".to_vec();
    check(26, all, &[fault("103", Action::Flood(Vec::new(), interim), Class::Final, "protocol.framing")]);
}

#[test]
fn row_27_large_body() {
    let space = vec![b' '; 64 * 1024];
    let chunk = [b"10000\r\n".as_slice(), &space, b"\r\n"].concat();
    let body = |fields: &str, again: &[u8]| Action::Flood(format!("{OK}{fields}\r\n{{").into_bytes(), again.to_vec());
    let chunked = Action::Flood(format!("{OK}Transfer-Encoding: chunked\r\n\r\n").into_bytes(), chunk);
    let faults = [
        fault("1 GiB told", body("Content-Length: 1073741824\r\n", &space), Class::Final, "protocol.too_large"),
        fault("chunks without end", chunked, Class::Final, "protocol.too_large"),
        fault("no length and no end", body("", &space), Class::Final, "protocol.too_large"),
    ];
    let record = Record::of(27);
    check_with(&record, all, &faults, |fault, operation, _| fault.expected(operation));
    // TLS keeps buffers of its own, so what holds with it holds without.
    let ca = TestCa::new("a CA");
    on_both(|version| {
        let options = Options::new(version).with_tls(ca.tls(&LOOPBACK_NAMES));
        let mut session = Session::with(options, version, driver::plain(), &[]);
        for (operation, most) in [("get_token", 256 * 1024), ("get_secrets", 1536 * 1024)] {
            let limit = if operation == "get_token" { 64 * 1024 } else { 1024 * 1024 };
            for fault in faults.iter().chain(&bodies_that_swell(limit)) {
                let operation = by_name(operation);
                session.open();
                session.standin.script(operation.fault(version, fault.action.clone()));
                session.driver.counts();
                session.call(&operation);
                let peak = session.driver.counts().of("peak");
                if !(1024..=most).contains(&peak) {
                    record.fail(format!("{version} {}: {peak} bytes of memory for {:?}", operation.name, fault.what));
                }
                session.standin.clear_faults();
            }
        }
        session.finish();
    });
    record.done();
}

/// Bodies within the limit, of which a reader may make much more.
fn bodies_that_swell(limit: usize) -> [Fault; 7] {
    let filled = |start: &str, piece: &str, end: &str| {
        let body = [start, &piece.repeat((limit - start.len() - end.len()) / piece.len()), end].concat();
        raw(format!("{OK}Content-Length: {}\r\n\r\n{body}", body.len()), Class::Final, "")
    };
    let secret = r#"{"alias":"AUTO_GENERATED_ALIAS_1234567","value":"59ccqdlqmkfcqjl99u2jv4qt2telmeoj"},"#;
    [
        filled("[", "1,", "1]"),
        filled(r#"{"results":["#, "{},", "{}]}"),
        filled(r#"{"results":["#, secret, "{}]}"),
        filled(r#"{"message":""#, r#"\n"#, r#""}"#),
        filled("{", r#""a":"","#, r#""b":""}"#),
        filled("", "- Secret: x\n- Alias: y\n", ""),
        filled("", "error\u{1b}x\n", ""),
    ]
}

#[test]
fn row_28_encodings() {
    // How the bomb goes on does not matter to a client that does not unpack.
    let bomb = [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03".as_slice(), &[0; 1024]].concat();
    let with = |fields: &str| {
        let head = format!("{OK}{fields}Content-Length: {}\r\n\r\n", bomb.len());
        let bytes = [head.as_bytes(), &bomb].concat();
        fault(fields, Action::RawBytes(bytes), Class::Final, "protocol.encoding")
    };
    let encodings = ["gzip", "deflate", "br", "x-unknown", "gzip, gzip"];
    let mut faults: Vec<_> = encodings.iter().map(|name| with(&format!("Content-Encoding: {name}\r\n"))).collect();
    faults.push(with("Content-Encoding: identity\r\nContent-Encoding: gzip\r\n"));
    check(28, all, &faults);
}

const SLOWLY: Duration = Duration::from_millis(200);

#[test]
fn row_29_drip_in_head() {
    let answer = format!("{OK}Content-Length: 2\r\n\r\n{{}}").into_bytes();
    check(29, all, &[fault("a head", Action::Drip(answer, SLOWLY), Class::Stuck, "timeout.response")]);
}

#[test]
fn row_30_drip_in_body() {
    let head = format!("{OK}Content-Length: 900\r\n\r\n{{").into_bytes();
    let drip = Action::DripAfter(head, vec![b' '; 900], SLOWLY);
    let record = Record::of(30);
    let faults = [fault("a body", drip.clone(), Class::Stuck, "timeout.response")];
    check_with(&record, all, &faults, |fault, operation, _| fault.expected(operation));
    // With more time than that the pace decides: less than 64 bytes in 5 s.
    let mut session = Session::start("4.2");
    session.limits = Limits { connect: 5000, call: 9000 };
    session.open();
    session.standin.script(by_name("get_token").fault("4.2", drip));
    let call = session.driver.call(&["get_token"]);
    assert_eq!(call.outcome(), "timeout.response", "{call:?}");
    assert!((4900..6000).contains(&call.ms), "{call:?}");
    session.finish();
    record.done();
}
