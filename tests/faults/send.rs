//! Rows about requests of the caller's own (tg_send), as GET, which has the failure itself for its outcome, and as POST,
//! which may have been carried out.

use std::time::{Duration, Instant};

use tigergraph_standin::{Action, Fault, Options, TestCa, Tls};

use crate::check::{OK, can_be_told};
use crate::connect::refusing_port;
use crate::driver::{self, Call, field};
use crate::matrix::Record;
use crate::session::{AMPLE, SHORT, Session, assert_in_time, on_both};

const PATH: &str = "/query/MyGraph/q";
const METHODS: [&str; 2] = ["GET", "POST"];

/// What a request comes to whose answer is lost.
fn lost(method: &str, reason: &'static str) -> &'static str {
    if method == "GET" { reason } else { "outcome.unknown" }
}

impl Session {
    fn send(&mut self, method: &str) -> Call {
        let body = if method == "GET" { "-" } else { "{}" };
        self.driver.call(&["send", method, "restpp", PATH, body])
    }

    /// Requests that the server heard since the last look.
    fn heard(&self) -> Vec<String> {
        let requests = self.standin.take_requests();
        requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// The same handle gets an answer as soon as the server gives one.
    fn assert_answered(&mut self, method: &str) {
        self.standin.clear_faults();
        self.driver.say(&["timeout", "5000"]);
        let call = self.send(method);
        assert_eq!((call.outcome(), call.told.split(' ').next()), ("OK", Some("200")), "{method}: {call:?}");
        self.standin.take_requests();
        self.end_of_case(method);
    }
}

fn judge(record: &Record, session: &Session, what: &str, method: &str, call: &Call, expected: &str) {
    record.saw(&format!("send {method}"), call.outcome());
    if call.outcome() != expected || call.outcome() != "OK" && call.hint.is_empty() {
        record.fail(format!("{} {method} after {what}: {expected} and a hint expected: {call:?}", session.version));
    }
    assert_in_time(call, session.limits.call);
}

/// Each of these instead of the answer: the request is sent once, whatever it is.
fn once(number: u32, faults: &[(Action, &'static str, bool)]) {
    let record = Record::of(number);
    on_both(|version| {
        let mut session = Session::start(version);
        for (action, reason, is_lost) in faults.iter().filter(|(_, reason, _)| can_be_told(reason)) {
            for method in METHODS {
                session.limits = if reason.starts_with("timeout") { SHORT } else { AMPLE };
                session.open();
                session.standin.script(Fault::always("", action.clone()));
                let call = session.send(method);
                let expected = if *is_lost { lost(method, reason) } else { reason };
                judge(
                    &record,
                    &session,
                    &format!("{action:?}").chars().take(120).collect::<String>(),
                    method,
                    &call,
                    expected,
                );
                let heard = session.heard();
                if heard != [format!("{method} /restpp{PATH}")] {
                    record.fail(format!("{method} after {reason}: {heard:?}"));
                }
                session.assert_answered(method);
            }
        }
        session.finish();
    });
    record.done();
}

fn raw(bytes: impl AsRef<[u8]>) -> Action {
    Action::RawBytes(bytes.as_ref().to_vec())
}

/// Nothing of the request was sent, so that POST has the failure itself as well.
#[test]
fn row_101_send_without_a_connection() {
    let record = Record::of(101);
    on_both(|version| {
        let mut session = Session::start(version);
        let closed = refusing_port();
        session.open_at(&format!("http://{}", closed.address()));
        for method in METHODS {
            let call = session.send(method);
            judge(&record, &session, "a closed port", method, &call, "connect.refused");
        }
        session.end_of_case("a closed port");
        session.finish();

        let tls = Tls::self_signed();
        let other = TestCa::new("another CA");
        let mut session = Session::with(Options::new(version).with_tls(tls), version, driver::sanitized(), &[]);
        session.open();
        session.driver.say(&["set", "ca_pem", &field(other.pem())]);
        session.connect();
        for method in METHODS {
            let call = session.send(method);
            judge(&record, &session, "an unknown CA", method, &call, "tls.unknown_issuer");
        }
        assert_eq!(session.heard(), [""; 0]);
        session.finish();
    });
    record.done();
}

#[test]
fn row_102_send_and_the_connection_ends() {
    let half = format!("{OK}Content-Length: 10\r\n\r\n12345");
    once(
        102,
        &[
            (Action::CloseBeforeReply, "connect.closed", true),
            (Action::ResetBeforeReply, "connect.reset", true),
            (Action::RawBytesAndReset(half.clone().into_bytes()), "connect.reset", true),
            (raw(&half), "connect.closed", true),
            (raw(format!("{OK}Content-Le")), "connect.closed", true),
            (raw(format!("{OK}Transfer-Encoding: chunked\r\n\r\n5\r\n123")), "connect.closed", true),
        ],
    );
}

#[test]
fn row_103_send_and_no_answer_in_time() {
    let half = format!("{OK}Content-Length: 10\r\n\r\n12345");
    let drip = Action::DripAfter(OK.as_bytes().to_vec(), vec![b'x'; 20], Duration::from_millis(100));
    once(
        103,
        &[
            (Action::Hang, "timeout.response", true),
            (Action::RawBytesAndHang(half.into_bytes()), "timeout.response", true),
            (drip, "timeout.response", true),
        ],
    );
}

#[test]
fn row_104_send_and_what_is_no_http() {
    once(
        104,
        &[
            (raw("nonsense\r\n\r\n"), "protocol.framing", true),
            (raw(format!("{OK}Content-Length: -1\r\n\r\n")), "protocol.framing", true),
            (raw(format!("{OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\n12")), "protocol.framing", true),
            (raw(format!("{OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n")), "protocol.framing", true),
            (raw(format!("{OK}{}\r\n", "X: y\r\n".repeat(10_000))), "protocol.too_large", false),
        ],
    );
}

#[test]
fn row_105_send_and_a_redirect() {
    let to = |status, location: &str| Action::reply(status, "").header("Location", location);
    once(
        105,
        &[
            (to(301, "/elsewhere"), "protocol.redirect", false),
            (to(303, "/elsewhere"), "protocol.redirect", false),
            (to(307, "http://127.0.0.1:1/x"), "protocol.redirect", false),
            (to(308, "https://db.example.com/"), "protocol.redirect", false),
        ],
    );
}

#[test]
fn row_106_send_and_a_compressed_answer() {
    let coded = |coding: &str| Action::reply(200, "x").header("Content-Encoding", coding);
    once(106, &["gzip", "br", "gzip, gzip", "x"].map(|coding| (coded(coding), "protocol.encoding", false)));
}

#[test]
fn row_107_send_and_an_answer_over_its_limit() {
    let told = raw(format!("{OK}Content-Length: 67108865\r\n\r\n"));
    let huge = raw(format!("{OK}Content-Length: 99999999999\r\n\r\n"));
    once(107, &[(told, "protocol.too_large", false), (huge, "protocol.too_large", false)]);
}

/// Whatever an HTTP status says of the request, the answer is the caller's, and nothing is sent again.
#[test]
fn row_108_send_and_every_http_status() {
    let record = Record::of(108);
    on_both(|version| {
        let mut session = Session::start(version);
        for status in [200, 201, 204, 304, 400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504] {
            for method in METHODS {
                session.open();
                let page = if matches!(status, 204 | 304) { "" } else { "<html>" };
                session.standin.script(Fault::always("", Action::reply(status, page).header("Retry-After", "1")));
                let call = session.send(method);
                judge(&record, &session, &status.to_string(), method, &call, "OK");
                let expected = (format!("{status} {}", page.len()), 1);
                let found = (call.told.clone(), session.heard().len());
                if found != expected {
                    record.fail(format!("{version} {method}: {found:?} instead of {expected:?}"));
                }
                session.assert_answered(method);
            }
        }
        session.finish();
    });
    record.done();
}

/// A refusal of the token, as REST++ words it.
fn refusal(code: &str) -> Action {
    Action::reply(403, &format!("{{\"error\":true,\"code\":\"{code}\",\"message\":\"x\"}}"))
}

fn mint(version: &str) -> &'static str {
    if version == "4.2" { "/gsql/v1/tokens" } else { "/restpp/requesttoken" }
}

#[test]
fn row_109_send_and_a_token_that_is_refused_once() {
    let record = Record::of(109);
    on_both(|version| {
        let mut session = Session::start(version);
        for code in ["REST-10016", "REST-10019"] {
            for method in METHODS {
                session.open();
                session.standin.script(Fault::once("/restpp/query", refusal(code)));
                let call = session.send(method);
                judge(&record, &session, code, method, &call, "OK");
                let query = format!("{method} /restpp{PATH}");
                let expected = [query.clone(), format!("POST {}", mint(version)), query];
                let heard = session.heard();
                if heard != expected || !call.told.starts_with("200 ") {
                    record.fail(format!("{version} {method}: {heard:?} {call:?}"));
                }
                session.assert_answered(method);
            }
        }
        session.finish();
    });
    record.done();
}

#[test]
fn row_110_send_and_tokens_that_are_all_refused() {
    let record = Record::of(110);
    on_both(|version| {
        let mut session = Session::start(version);
        for (code, requests) in [("REST-10016", 3), ("REST-10019", 3), ("REST-10018", 1), ("REST-1000", 1)] {
            for method in METHODS {
                session.open();
                session.standin.script(Fault::always("/restpp/query", refusal(code)));
                let call = session.send(method);
                judge(&record, &session, code, method, &call, "OK");
                let heard = session.heard();
                if heard.len() != requests || !call.told.starts_with("403 ") {
                    record.fail(format!("{version} {method} {code}: {heard:?} {call:?}"));
                }
                session.assert_answered(method);
            }
        }
        session.finish();
    });
    record.done();
}

/// The failure to get another token is that of the call, also for POST: the server refused to carry out the request.
#[test]
fn row_111_send_and_no_new_token() {
    let record = Record::of(111);
    on_both(|version| {
        let mut session = Session::start(version);
        for method in METHODS {
            session.open();
            session.standin.script(Fault::once("/restpp/query", refusal("REST-10016")));
            session.standin.script(Fault::always(mint(version), Action::reply(502, "<html>")));
            session.driver.say(&["timeout", "1500"]);
            let call = session.send(method);
            judge(&record, &session, "a login that is not answered", method, &call, "unavailable.gateway");
            let heard = session.heard();
            let queries = heard.iter().filter(|request| request.ends_with(PATH)).count();
            if queries != 1 {
                record.fail(format!("{version} {method}: {heard:?}"));
            }
            session.standin.clear_faults();
            session.open();
            session.assert_answered(method);
        }
        session.finish();
    });
    record.done();
}

/// The server closes an idle connection when the request is on its way; one that it closed before is not used.
#[test]
fn row_112_send_on_a_connection_that_was_closed() {
    let record = Record::of(112);
    on_both(|version| {
        let mut session = Session::start(version);
        for method in METHODS {
            session.open();
            session.assert_answered("GET");
            session.token = session.issue_token();
            let token = session.token.clone();
            session.driver.say(&["set", "api_token", &token]);
            session.connect();
            let call = session.send("GET");
            assert_eq!(call.outcome(), "OK", "{call:?}");
            session.standin.take_requests();
            session.standin.script(Fault::once("", Action::CloseBeforeReply));
            let call = session.send(method);
            judge(&record, &session, "a close", method, &call, lost(method, "connect.closed"));
            assert_eq!(session.heard().len(), 1, "{method}");
            session.assert_answered(method);

            session.open();
            session.standin.script(Fault::once("", Action::CloseAfterReply));
            let call = session.send("GET");
            assert_eq!(call.outcome(), "OK", "{call:?}");
            std::thread::sleep(Duration::from_millis(50));
            let call = session.send(method);
            judge(&record, &session, "a close before", method, &call, "OK");
            assert_eq!(session.heard().len(), 2, "{method}");
            session.end_of_case(method);
        }
        session.finish();
    });
    record.done();
}

#[test]
fn row_113_send_of_what_is_no_request() {
    let record = Record::of(113);
    on_both(|version| {
        let mut session = Session::start(version);
        session.open();
        let long = format!("/{}", "a".repeat(8192));
        for (method, path, header, outcome) in [
            ("GET", "echo", "-", "argument.path"),
            ("GET", "", "-", "argument.path"),
            ("GET", "http://db.example.com/echo", "-", "argument.path"),
            ("GET", "/a/../b", "-", "argument.path"),
            ("GET", "/a/%2e%2E/b", "-", "argument.path"),
            ("GET", "/./b", "-", "argument.path"),
            ("GET", "/a#b", "-", "argument.path"),
            ("GET", "/a b", "-", "argument.path"),
            ("GET", "/a\r\nX: y", "-", "argument.path"),
            ("GET", "/a\\b", "-", "argument.path"),
            ("GET", &long, "-", "argument.path"),
            ("GE T", "/echo", "-", "argument.method"),
            ("CONNECT", "/echo", "-", "argument.method"),
            ("", "/echo", "-", "argument.method"),
            ("GET", "/echo", "Authorization", "argument.header"),
            ("GET", "/echo", "content-LENGTH", "argument.header"),
            ("GET", "/echo", "GSQL-Secret", "argument.header"),
            ("GET", "/echo", "Proxy-Authorization", "argument.header"),
            ("GET", "/echo", "X Y", "argument.header"),
            ("GET", "/echo", "X\r\nY", "argument.header"),
        ] {
            let words = ["send", &field(method), "restpp", &field(path), "-", &field(header), "x"];
            let words = words.map(|word| if word == field("-") { "-" } else { word });
            let call = session.driver.call(&words);
            record.saw("send", call.outcome());
            if call.outcome() != outcome {
                record.fail(format!("{method} {path} {header}: {outcome} expected: {call:?}"));
            }
        }
        assert_eq!(session.heard(), [""; 0]);
        session.assert_answered("POST");
        session.finish();
    });
    record.done();
}

#[test]
fn row_114_send_that_is_cancelled() {
    let record = Record::of(114);
    on_both(|version| {
        let mut session = Session::start(version);
        for method in METHODS {
            session.open();
            let head = format!("{OK}Content-Length: 67000000\r\n\r\n").into_bytes();
            session
                .standin
                .script(Fault::once("", Action::DripAfter(head, vec![b'x'; 4096], Duration::from_millis(5))));
            session.driver.say(&["after", "300", "cancel"]);
            let begun = Instant::now();
            let call = session.send(method);
            judge(&record, &session, "a cancellation", method, &call, lost(method, "cancelled"));
            assert!(begun.elapsed() < Duration::from_millis(600), "{call:?}");
            session.heard();
            session.assert_answered(method);
        }
        session.finish();
    });
    record.done();
}
