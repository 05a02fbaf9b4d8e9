//! Rows 32 to 43: answers with a status of success, and what is in them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tigergraph_standin::{Action, wall_clock};

use crate::check::{
    Class, Expected, Fault, OK, after_refusal, all, check, check_with, fault, json, lists, raw, replaces_token, reply,
    tokens,
};
use crate::matrix::Record;
use crate::operations::{Kind, Operation, by_name, is_rest};
use crate::session::{Session, on_both};

#[test]
fn row_32_deep_json() {
    let deep = |start: &str, depth| format!("{{\"a\":{}", start.repeat(depth));
    let closed = format!("{{\"a\":{}{}}}", "[".repeat(17), "]".repeat(17));
    let record = Record::of(32);
    let expected = |fault: &Fault, operation: &Operation, _: &str| fault.expected(operation);
    // As deep as fits into the answer to a question about one token.
    check_with(&record, json, &shapes(&[deep("[", 60_000), deep("{\"a\":", 12_000), closed]), expected);
    check_with(&record, |operation, _| operation.kind == Kind::List, &shapes(&[deep("[", 100_000)]), expected);
    record.done();
}

/// Answers with 200 that are JSON, but not what an answer is.
fn shapes(bodies: &[impl AsRef<str>]) -> Vec<Fault> {
    bodies.iter().map(|body| reply(200, body.as_ref(), Class::Final, "protocol.shape")).collect()
}

#[test]
fn row_33_wrong_types() {
    let record = Record::of(33);
    let expected = |fault: &Fault, operation: &Operation, _: &str| fault.expected(operation);
    check_with(&record, json, &shapes(&["{\"error\":1}", "{\"error\":\"no\"}", "{\"error\":[]}"]), expected);
    let bad_tokens = [
        "{\"token\":5}",
        "{\"token\":[\"abcdefgh\"]}",
        "{\"token\":\"abcdefgh\",\"expiration\":{}}",
        "{\"token\":\"abcdefgh\",\"expiration\":true}",
        "{\"token\":\"abcdefgh\",\"expiration\":1.5}",
        "{\"results\":{\"token\":5}}",
    ];
    check_with(&record, tokens, &shapes(&bad_tokens), expected);
    let bad_lists = [
        "{\"error\":false,\"results\":5}",
        "{\"error\":false,\"results\":[5]}",
        "{\"error\":false,\"results\":[{\"alias\":\"a1\",\"value\":5}]}",
        "{\"error\":false,\"results\":[{\"alias\":{},\"value\":\"abcdefgh\"}]}",
    ];
    check_with(&record, lists, &shapes(&bad_lists), expected);
    let good = "{\"error\":\"false\",\"token\":\"abcdefgh0123\"}";
    check_with(&record, tokens, &[reply(200, good, Class::Final, "OK")], expected);
    record.done();
}

#[test]
fn row_34_bad_tokens() {
    let tokens_of =
        ["\"\"", "\"short\"", "\"a\\r\\nbreak\"", "\"a\\u0000null\"", "\"a,comma0\"", "\"a space0\"", "null"];
    let with = |token: &str| format!("{{\"error\":false,\"token\":{token}}}");
    let mut bodies: Vec<String> = tokens_of.iter().map(|token| with(token)).collect();
    bodies.extend(["{}".into(), "{\"error\":false}".into(), with(&format!("\"{}\"", "a".repeat(9000)))]);
    let mut faults = shapes(&bodies);
    // Too long to be read at all.
    let megabyte = with(&format!("\"{}\"", "a".repeat(1024 * 1024)));
    faults.push(reply(200, &megabyte, Class::Final, "protocol.too_large"));
    check(34, tokens, &faults);
}

#[test]
fn row_35_expirations() {
    let with = |value: &str| format!("{{\"error\":false,\"token\":\"abcdefgh0123\",\"expiration\":{value}}}");
    let silent = ["0", "-1", "\"NaN\"", "\"Wed Jan 10 10:00:00 CST 2024\"", "\"soon\"", "null"];
    let record = Record::of(35);
    on_both(|version| {
        let mut session = Session::start(version);
        for (value, lifetime) in silent.iter().flat_map(|value| [(value, 0), (value, 3600)]) {
            session.open();
            let fault = by_name("get_token").fault(version, Action::reply(200, &with(value)));
            session.standin.script(fault.times(1));
            let call = session.driver.call(&["get_token", "-", &lifetime.to_string()]);
            assert_eq!(call.outcome(), "OK", "{value}: {call:?}");
            let end: i64 = call.told.parse().expect("a time");
            // What was asked for, or nothing; never "for ever".
            let expected = if lifetime == 0 { 0 } else { wall_clock() + lifetime };
            assert!((end - expected).abs() <= 5, "{value}, {lifetime}: {end}");
            session.standin.clear_faults();
            record.saw("get_token", call.outcome());
        }
        session.finish();
    });
    let absurd = ["1e400", "9223372036854775808", "9007199254740992", "-7", "1.5"].map(with);
    check_with(&record, tokens, &shapes(&absurd), |fault, operation, _| fault.expected(operation));
    record.done();
}

#[test]
fn row_36_duplicate_members() {
    let twice = |member: &str, other: &str| format!("{{{member},{other},{member}}}");
    let record = Record::of(36);
    let token = "\"token\":\"abcdefgh0123\"";
    let expected = |fault: &Fault, operation: &Operation, _: &str| fault.expected(operation);
    let for_all =
        [twice("\"error\":false", token), twice("\"code\":\"REST-0000\"", token), twice("\"results\":{}", token)];
    check_with(&record, json, &shapes(&for_all), expected);
    let for_tokens = [twice(token, "\"error\":false"), twice("\"expiration\":1900000000", token)];
    check_with(&record, tokens, &shapes(&for_tokens), expected);
    record.done();
}

#[test]
fn row_37_not_utf8() {
    let with = |body: &[u8]| {
        let head = format!("{OK}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        raw([head.as_bytes(), body].concat(), Class::Final, "protocol.encoding")
    };
    let utf16: Vec<u8> = "{\"error\":false}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let faults = [
        with(b"{\"error\":false,\"message\":\"\xff\xfe\"}"),
        with(b"{\"error\":false,\"message\":\"\xc0\xaf\"}"),
        with(&[b"\xff\xfe".as_slice(), &utf16].concat()),
        with(&utf16),
        with("\u{feff}\u{feff}{\"error\":false}".as_bytes()),
        with(b"{\"error\":false,\"message\":\"\\ud800\"}"),
    ];
    check(37, json, &faults);
}

#[test]
fn row_38_page_with_200() {
    let not_json = |page: &str| reply(200, page, Class::Final, "protocol.not_json");
    let pages = [
        "<!DOCTYPE html><html><title>Sign in to PORTALMARKER</title></html>",
        "\r\n <html><body>PORTALMARKER</body></html>",
    ];
    let record = Record::of(38);
    let expected = |fault: &Fault, operation: &Operation, _: &str| fault.expected(operation);
    check_with(&record, all, &pages.map(not_json), expected);
    // GSQL answers with text of any kind, so that this is no page to it.
    check_with(&record, json, &["PORTALMARKER", ""].map(not_json), expected);
    record.done();
}

#[test]
fn row_39_error_with_200() {
    let record = Record::of(39);
    let with = |code: &str, reason| {
        reply(200, &format!("{{\"error\":true,\"code\":\"{code}\",\"message\":\"no\"}}"), Class::Refusal, reason)
    };
    let faults = [
        with("REST-10016", "auth.bad_token"),
        with("REST-10018", "auth.no_privilege"),
        with("REST-10019", "auth.token_expired"),
        with("REST-10020", "server.error"),
    ];
    let applies = |operation: &Operation, _: &str| operation.kind != Kind::Detect;
    codes_are_passed_on();
    check_with(&record, applies, &faults, |fault, operation, version| Expected {
        outcome: match operation.kind {
            Kind::Version if !replaces_token(operation, fault.reason) => fault.reason,
            // REST++ was not asked, and has answered.
            _ if is_rest(version) || !operation.answers_json(version) => "missing.endpoint",
            _ => fault.reason,
        },
        requests: if replaces_token(operation, fault.reason) { 2..=2 } else { after_refusal(operation, version) },
    });
    record.done();
}

/// The server's own code is there for programs.
fn codes_are_passed_on() {
    let mut session = Session::start("3.10");
    let body = "{\"error\":true,\"code\":\"REST-10018\",\"message\":\"no\"}";
    let call = session.attempt(&by_name("get_token"), &Action::reply(200, body)).call;
    assert_eq!((call.code.as_str(), call.http), ("REST-10018", 200), "{call:?}");
    session.finish();
}

/// A token as 4.1 and later give it, issued and ending so many seconds from now.
fn jwt(issued: i64, end: i64) -> String {
    let payload = format!("{{\"sub\":\"alice\",\"iat\":{},\"exp\":{}}}", wall_clock() + issued, wall_clock() + end);
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode("{\"alg\":\"HS256\"}"), encode(&payload), encode("no signature at all"))
}

/// The answer to a token request, with a token that was issued and ends then.
fn token_answer(version: &str, issued: i64, end: i64) -> String {
    if is_rest(version) {
        return format!("{{\"error\":false,\"token\":\"{}\"}}", jwt(issued, end));
    }
    format!("{{\"error\":false,\"token\":\"abcdefgh0123\",\"expiration\":{}}}", wall_clock() + end)
}

/// Operations that give a token, each with an answer that fits the version.
fn token_row(record: &Record, issued: i64, end: i64, outcome: &'static str) {
    on_both(|version| {
        let mut session = Session::start(version);
        for operation in ["get_token", "refresh_token"].map(by_name) {
            let action = Action::reply(200, &token_answer(version, issued, end));
            let attempt = session.attempt(&operation, &action);
            record.saw(operation.name, attempt.call.outcome());
            if attempt.call.outcome() != outcome || attempt.requests.len() != 1 {
                let seen = (attempt.requests.len(), &attempt.call);
                record.fail(format!("{version}, ends in {end} s, expected {outcome}: {seen:?}"));
            }
        }
        session.finish();
    });
}

#[test]
fn row_40_expired_token() {
    let record = Record::of(40);
    token_row(&record, -7200, -3600, "protocol.shape");
    token_row(&record, -7200, -1, "protocol.shape");
    record.done();
}

#[test]
fn row_41_short_lived_token() {
    let record = Record::of(41);
    token_row(&record, 0, 2, "OK");
    record.done();
}

#[test]
fn row_42_same_token_again() {
    let record = Record::of(42);
    on_both(|version| {
        let mut session = Session::start(version);
        session.open();
        let action = Action::reply(200, &token_answer(version, 0, 3600));
        session.standin.script(by_name("get_token").fault(version, action));
        let calls = [session.driver.call(&["get_token"]), session.driver.call(&["get_token"])];
        assert!(calls.iter().all(|call| call.outcome() == "OK" && call.told == calls[0].told), "{calls:?}");
        assert_eq!(session.standin.take_requests().len(), 2);
        record.saw("get_token", "OK");
        session.finish();
    });
    record.done();
}

#[test]
fn row_43_other_2xx_and_304() {
    let record = Record::of(43);
    let status = |status: u16| {
        let bytes = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n");
        fault(&status.to_string(), Action::RawBytes(bytes.into_bytes()), Class::Final, "protocol.shape")
    };
    let ends = |kind: Kind| matches!(kind, Kind::Delete | Kind::Drop | Kind::DropMany);
    let expected = |fault: &Fault, operation: &Operation, version: &str| Expected {
        outcome: match fault.what.as_str() {
            "204" if ends(operation.kind) && operation.answers_json(version) => "OK",
            _ => fault.expected(operation).outcome,
        },
        ..fault.expected(operation)
    };
    check_with(&record, all, &[status(204), status(304)], expected);
    let partial = reply(206, "{\"error\":false,\"token\":\"abcdefgh0123\"}", Class::Final, "protocol.shape");
    check_with(&record, |operation, _| operation.kind != Kind::Detect, &[partial], expected);
    let created = reply(201, "{\"error\":false,\"token\":\"abcdefgh0123\"}", Class::Final, "OK");
    check_with(&record, tokens, &[created], expected);
    record.done();
}
