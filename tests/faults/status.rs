//! Rows 44 to 58: statuses that refuse, redirect, or ask for time.

use tigergraph_standin::{Action, Fault as StandinFault, Options, Standin};

use crate::check::{Class, Expected, after_refusal, all, check, check_with, fault, json, replaces_token, reply};
use crate::driver;
use crate::matrix::Record;
use crate::operations::{Kind, OPERATIONS, Operation, by_name, is_rest};
use crate::session::{AMPLE, Limits, SHORT, Session, on_both};

#[test]
fn row_44_redirect() {
    let faults = [301, 302, 303].map(|status| {
        let action = Action::reply(status, "<html>").header("location", "/gsql/v1/tokens?from=here");
        fault(&status.to_string(), action, Class::Redirect, "protocol.redirect")
    });
    check(44, all, &faults);
}

#[test]
fn row_45_redirect_elsewhere() {
    let record = Record::of(45);
    let target = Standin::start(Options::new("4.2")).expect("a stand-in");
    let tls = Standin::start(Options::new("4.2").with_tls(tigergraph_standin::Tls::self_signed())).expect("another");
    for target in [&target, &tls] {
        let location = format!("{}/steal?x=QUERYMARKER", target.gateway_url());
        let faults = [307, 308].map(|status| {
            let action = Action::reply(status, "<html>").header("location", &location);
            fault(&status.to_string(), action, Class::Redirect, "protocol.redirect")
        });
        check_with(&record, all, &faults, |fault, operation, _| fault.expected(operation));
    }
    assert_eq!(target.connections() + tls.connections(), 0, "a redirect was followed");
    https_to_http(&record, &target);
    assert_eq!(target.connections(), 0, "a redirect from https to http was followed");
    record.done();
}

/// From a server with TLS to one without; the message names the target, but neither path nor query.
fn https_to_http(record: &Record, target: &Standin) {
    let options = Options::new("4.2").with_tls(tigergraph_standin::Tls::self_signed());
    let mut session = Session::with(options, "4.2", driver::sanitized(), &[]);
    let location = format!("{}/steal?x=QUERYMARKER", target.gateway_url());
    for operation in OPERATIONS {
        let action = Action::reply(307, "").header("location", &location);
        let call = session.attempt(&operation, &action).call;
        assert_eq!(call.outcome(), "protocol.redirect", "{call:?}");
        assert!(call.message.contains("http://127.0.0.1"), "{call:?}");
        assert!(!call.message.contains("steal") && !call.message.contains("QUERYMARKER"), "{call:?}");
        record.saw(operation.name, call.outcome());
    }
    session.finish();
}

/// Any refusal of detection's question is an answer of 4.1 or later; see `row_46` for those.
fn not_detection(operation: &Operation, _: &str) -> bool {
    operation.kind != Kind::Detect
}

/// Detection on 4.1 and later: any complete refusal in JSON tells the generation, and then the call goes on. A page
/// tells nothing.
fn detection_is_content(record: &Record, status: u16, body: &str) {
    let applies = |operation: &Operation, version: &str| operation.kind == Kind::Detect && is_rest(version);
    let refusal = reply(status, body, Class::Refusal, "OK");
    let is_json = body.starts_with('{');
    check_with(record, applies, &[refusal], |_, _, _| match is_json {
        true => Expected { outcome: "OK", requests: 2..=2 },
        false => Expected { outcome: "protocol.not_json", requests: 1..=1 },
    });
}

/// A code of REST++ in answer to a request for GSQL says that the address is wrong.
fn is_wrong_address(operation: &Operation, version: &str) -> bool {
    is_rest(version) && operation.kind != Kind::Version
}

#[test]
fn row_46_bad_request() {
    let record = Record::of(46);
    let body = "{\"error\":true,\"message\":\"stand-in: something is wrong\"}";
    check_with(&record, not_detection, &[reply(400, body, Class::Refusal, "")], |_, operation, version| Expected {
        outcome: match operation.kind {
            Kind::Token => "auth.refused",
            // On 4.1 and later a new token is asked for instead.
            Kind::Refresh if is_rest(version) => "auth.refused",
            Kind::Refresh => "auth.bad_token",
            // Any "no" to a check is its answer.
            Kind::Check => "OK",
            _ => "server.error",
        },
        requests: after_refusal(operation, version),
    });
    detection_is_content(&record, 400, body);
    let known = [
        ("REST-1004", "missing.graph"),
        ("REST-10016", "auth.bad_token"),
        ("REST-10018", "auth.no_privilege"),
        ("REST-10019", "auth.token_expired"),
    ];
    let known = known.map(|(code, reason)| {
        reply(400, &format!("{{\"error\":true,\"code\":\"{code}\",\"message\":\"\"}}"), Class::Refusal, reason)
    });
    let applies = |operation: &Operation, version: &str| json(operation, version) && operation.kind != Kind::Check;
    check_with(&record, applies, &known, |fault, operation, version| Expected {
        outcome: match replaces_token(operation, fault.reason) {
            true if is_rest(version) => "missing.endpoint",
            false if is_wrong_address(operation, version) => "missing.endpoint",
            _ => fault.reason,
        },
        requests: match operation.kind {
            Kind::Find if is_rest(version) => 1..=2,
            _ if replaces_token(operation, fault.reason) => 2..=2,
            _ => 1..=1,
        },
    });
    let page = reply(400, "<html><h1>400 Bad Request</h1></html>", Class::Final, "protocol.not_json");
    check_with(&record, all, &[page], |fault, operation, _| fault.expected(operation));
    record.done();
}

/// All the ways in which the stand-in refuses a secret, for 64 threads that use it at once, without a store.
#[test]
fn row_47_refused_credentials() {
    const THREADS: usize = 64;
    let record = Record::of(47);
    let ways = [("3.10", "wrong-secret", ["200", "401"]), ("4.2", "wrong-secret-c", ["400", "401"])];
    for (version, switch, positions) in ways {
        for position in positions {
            let options = Options::new(version).switch(switch, position);
            let mut session = Session::with(options, version, driver::sanitized(), &[]);
            session.canaries.add("wrongsecretwrongsecretwrong00000");
            session.open();
            let words = ["threads", &THREADS.to_string(), "get_token", "wrongsecretwrongsecretwrong00000"];
            let calls = session.driver.calls(&words);
            let requests = session.standin.take_requests();
            assert_eq!((calls.len(), requests.len()), (THREADS, THREADS));
            assert!(calls.iter().all(|call| call.outcome() == "auth.bad_secret"), "{position}: {calls:?}");
            for request in &requests {
                assert_eq!(request.header("authorization"), None, "another credential was sent");
                assert!(!request.text().contains(&session.token), "a token was sent beside the secret");
            }
            record.saw("get_token", "auth.bad_secret");
            session.end_of_case("refused secrets");
            session.finish();
        }
    }
    let no = "{\"error\":true,\"message\":\"stand-in: no\"}";
    let page = "<html>forbidden</html>";
    let faults = [
        reply(401, no, Class::Refusal, "auth.bad_password"),
        reply(401, "", Class::Refusal, "auth.bad_password"),
        reply(403, page, Class::Refusal, "auth.refused"),
    ];
    check_with(&record, not_detection, &faults, |fault, operation, _| Expected {
        outcome: match (operation.kind, fault.reason) {
            // What is not JSON is no answer to a check.
            (Kind::Check, _) if fault.what == format!("401 {no}") => "OK",
            // The token is what it shows; where that is known to be refused, the login is asked for another.
            (Kind::Version, "auth.bad_password") if fault.what != format!("401 {no}") => "auth.bad_token",
            _ => fault.reason,
        },
        requests: if operation.kind == Kind::Version && fault.what == format!("401 {no}") { 2..=2 } else { 1..=1 },
    });
    detection_is_content(&record, 401, no);
    detection_is_content(&record, 403, page);
    record.done();
}

#[test]
fn row_51_no_endpoint() {
    let record = Record::of(51);
    let page = reply(404, "<html><h1>404 Not Found</h1></html>", Class::Refusal, "missing.endpoint");
    check_with(&record, not_detection, &[page], |fault, operation, _| fault.expected(operation));
    authentication_off(&record);
    server_replaced(&record);
    record.done();
}

fn authentication_off(record: &Record) {
    let mut session = Session::start("3.10");
    session.open();
    session.standin.set_auth_enabled(false);
    for operation in ["get_token", "refresh_token", "delete_token"].map(by_name) {
        let call = session.call(&operation);
        assert_eq!(call.outcome(), "auth.disabled", "{call:?}");
        // The version is configured: REST++ is asked whether it wants a token, without one.
        let requests = session.standin.take_requests();
        assert_eq!(requests.len(), 2);
        assert_eq!((&*requests[1].path, requests[1].header("authorization")), ("/restpp/version", None));
        record.saw(operation.name, call.outcome());
    }
    session.finish();
}

/// The generation is asked for again, once, when the endpoint that was there has gone.
fn server_replaced(record: &Record) {
    for (version, other) in [("3.10", "4.2"), ("4.2", "3.10")] {
        let mut session = Session::start(version);
        session.configure();
        session.driver.say(&["set", "server_version", "-"]);
        session.connect();
        let list = by_name("get_secrets");
        assert_eq!(session.call(&list).outcome(), "OK");
        session.standin.take_requests();
        session.standin.with_state(|state| state.options.version = other.parse().expect("a version"));
        let call = session.call(&list);
        assert_eq!(call.outcome(), "OK", "{version} to {other}: {call:?}");
        assert!(session.standin.take_requests().len() <= 4);
        record.saw(list.name, call.outcome());
        session.finish();
    }
}

#[test]
fn row_52_request_timeout() {
    let bodies = ["", "{\"error\":true}", "<html>"];
    check(52, all, &bodies.map(|body| reply(408, body, Class::GaveUp, "unavailable.overloaded")));
}

#[test]
fn row_53_retry_after() {
    let record = Record::of(53);
    on_both(|version| {
        let mut session = Session::start(version);
        let busy = Action::reply(429, "{}").header("Retry-After", "2");
        for operation in OPERATIONS.iter().filter(|operation| operation.is_on(version)) {
            session.limits = SHORT;
            let attempt = session.attempt(operation, &busy);
            assert_eq!(attempt.call.outcome(), "unavailable.rate_limited", "{:?}", attempt.call);
            assert_eq!((attempt.requests.len(), attempt.call.retry_after_ms), (1, 2000), "{:?}", attempt.call);
            assert!(attempt.call.ms < 200, "{:?} waited in vain", attempt.call);
            record.saw(operation.name, attempt.call.outcome());
        }
        session.finish();
    });
    let waiting: Vec<_> = ["get_token", "get_secrets", "create_secret"].map(by_name).to_vec();
    std::thread::scope(|scope| {
        for operation in &waiting {
            scope.spawn(|| waits_two_seconds(operation));
        }
    });
    record.done();
}

/// With enough time the wait is made, but not by a creation.
fn waits_two_seconds(operation: &Operation) {
    let mut session = Session::start("4.2");
    session.limits = AMPLE;
    session.open();
    let words = session.words(operation);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let busy = Action::reply(429, "{}").header("Retry-After", "2");
    session.standin.script(operation.fault("4.2", busy).times(1));
    let call = session.driver.call(&words);
    if operation.creates() {
        assert_eq!((call.outcome(), session.standin.requests().len()), ("unavailable.rate_limited", 1), "{call:?}");
    } else {
        assert_eq!((call.outcome(), session.standin.requests().len()), ("OK", 2), "{call:?}");
        assert!((1990..2500).contains(&call.ms), "{call:?}");
    }
    session.finish();
}

/// Values of Retry-After, and what the caller is told; `None`: as if there were none.
const RETRY_AFTER: [(&str, Option<i64>); 9] = [
    ("86400", Some(86_400_000)),
    ("3600", Some(3_600_000)),
    ("1000000000", Some(1_000_000_000_000)),
    ("Wed, 21 Oct 2099 07:28:00 GMT", Some(4_096_250_880_000 - 1_704_067_200_000)),
    ("-1", None),
    ("1e9", None),
    ("", None),
    ("soon", None),
    ("120, 120", None),
];

/// What the server's clock says in the answers below: the start of 2024.
const DATE: &str = "Mon, 01 Jan 2024 00:00:00 GMT";

#[test]
fn row_54_retry_after_too_long() {
    let record = Record::of(54);
    on_both(|version| {
        let mut session = Session::start(version);
        session.limits = Limits { connect: 300, call: 300 };
        for (value, told) in RETRY_AFTER {
            let busy = Action::reply(429, "{}").header("Retry-After", value).header("Date", DATE);
            for operation in ["get_token", "get_secrets", "create_secret", "drop_secret", "server_version"].map(by_name)
            {
                let attempt = session.attempt(&operation, &busy);
                let (call, most) = (&attempt.call, if told.is_some() { 1 } else { operation.most.throttled });
                assert_eq!(call.outcome(), "unavailable.rate_limited", "{value:?}: {call:?}");
                assert_eq!(call.retry_after_ms, told.unwrap_or(-1), "{value:?}: {call:?}");
                assert!((1..=most).contains(&attempt.requests.len()), "{value:?}: {}", attempt.requests.len());
                record.saw(operation.name, call.outcome());
            }
        }
        two_headers(&mut session);
        session.finish();
    });
    record.done();
}

/// Two headers are as good as none, and 0 asks to come back at once.
fn two_headers(session: &mut Session) {
    let two = Action::reply(429, "{}").header("Retry-After", "3600").header("Retry-After", "60");
    let attempt = session.attempt(&by_name("get_token"), &two);
    assert_eq!((attempt.call.outcome(), attempt.call.retry_after_ms), ("unavailable.rate_limited", -1));
    let now = Action::reply(429, "{}").header("Retry-After", "0");
    let attempt = session.attempt(&by_name("get_token"), &now);
    assert_eq!((attempt.call.outcome(), attempt.call.retry_after_ms), ("unavailable.rate_limited", 0));
    assert_eq!(attempt.requests.len(), 3);
}

#[test]
fn row_55_throttled() {
    let faults = [
        reply(429, "{}", Class::Throttled, "unavailable.rate_limited"),
        reply(429, "<html>", Class::Throttled, "unavailable.rate_limited"),
        reply(503, "{\"error\":true}", Class::Throttled, "unavailable.overloaded"),
        reply(503, "", Class::Throttled, "unavailable.overloaded"),
    ];
    check(55, all, &faults);
}

#[test]
fn row_56_server_errors() {
    let faults = [
        reply(500, "{\"error\":true,\"code\":\"REST-10020\",\"message\":\"no\"}", Class::Refusal, "server.error"),
        reply(500, "{\"error\":true,\"code\":\"GSQL-4711\",\"message\":\"no\"}", Class::Refusal, "server.error"),
        reply(500, "{\"error\":true,\"message\":\"no\"}", Class::Gateway, "server.error"),
        reply(500, "<html>", Class::Gateway, "server.error"),
        reply(500, "", Class::Gateway, "server.error"),
    ];
    check(56, all, &faults);
}

#[test]
fn row_57_gateways() {
    let page = "<html><center><h1>Bad Gateway</h1></center></html>";
    let starting = "<html><title>Starting workspace</title></html>";
    let faults = [
        reply(502, page, Class::Gateway, "unavailable.gateway"),
        reply(504, page, Class::Gateway, "unavailable.gateway"),
        reply(504, "", Class::Gateway, "unavailable.gateway"),
        reply(503, page, Class::Throttled, "unavailable.gateway"),
        reply(502, starting, Class::Starting, "unavailable.starting"),
    ];
    check(57, all, &faults);
}

/// Whether the n-th request fails: half of them do, in no order.
fn fails(request: u64) -> bool {
    (request.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D).wrapping_mul(0xD605_1B58_2A90_D6C1) >> 63 == 1
}

/// How many of these calls succeed with three attempts each, and how many retries that takes.
fn foreseen(calls: usize) -> (usize, usize) {
    let mut requests = 0..;
    let mut attempts = || (1..=3).find(|_| !fails(requests.next().expect("endless")));
    let outcomes: Vec<Option<usize>> = (0..calls).map(|_| attempts()).collect();
    let retries = outcomes.iter().map(|outcome| outcome.unwrap_or(3) - 1).sum();
    (outcomes.iter().flatten().count(), retries)
}

#[test]
fn row_58_half_of_the_requests() {
    const CALLS: usize = 40;
    let (successes, retries) = foreseen(CALLS);
    assert!(successes * 100 >= CALLS * 87 && (20..35).contains(&retries), "{successes} with {retries}");
    let record = Record::of(58);
    on_both(|version| {
        let mut session = Session::start(version);
        session.open();
        let list = by_name("get_secrets");
        script_failures(&session, 3 * CALLS as u64);
        let calls: Vec<_> = (0..CALLS).map(|_| session.call(&list)).collect();
        let seen = calls.iter().filter(|call| call.outcome() == "OK").count();
        assert_eq!((seen, session.standin.take_requests().len()), (successes, CALLS + retries));
        calls.iter().for_each(|call| record.saw(list.name, call.outcome()));
        session.standin.clear_faults();
        budget_ends(&mut session, &list);
        session.finish();
    });
    record.done();
}

/// Makes the n-th request from now fail if `fails` says so.
fn script_failures(session: &Session, requests: u64) {
    let mut passed = 0;
    for request in 0..requests {
        if fails(request) {
            // A request that is hit is not seen by the faults behind the one that hits it.
            let fault = StandinFault::once("", Action::reply(502, "<html>")).skip(passed);
            session.standin.script(fault);
        } else {
            passed += 1;
        }
    }
}

/// When everything fails, the connection soon stops to try again: 35 retries are what 500 units buy.
fn budget_ends(session: &mut Session, list: &Operation) {
    session.open();
    session.standin.script(list.fault(session.version, Action::reply(502, "<html>")));
    let mut requests = Vec::new();
    for _ in 0..25 {
        assert_eq!(session.call(list).outcome(), "unavailable.gateway");
        requests.push(session.standin.take_requests().len());
    }
    assert_eq!(requests.iter().map(|sent| sent - 1).sum::<usize>(), 35, "{requests:?}");
    assert_eq!(requests.last(), Some(&1));
    session.standin.clear_faults();
}
