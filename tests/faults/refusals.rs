//! Refusals in forms that nobody documents: each is judged by its HTTP status, whatever its JSON looks like.

use tigergraph_standin::{Action, Fault};

use crate::driver::Call;
use crate::operations::{by_name, is_rest};
use crate::session::{Session, on_both};

/// JSON that refuses, or at least does not claim success.
const FORMS: [&str; 20] = [
    "{}",
    "[]",
    "[{\"error\":true}]",
    "{\"error\":true}",
    "{\"error\":false}",
    "{\"error\":\"false\",\"message\":null}",
    "{\"error\":\"Refused\"}",
    "{\"timestamp\":1764331200000,\"status\":400,\"error\":\"Bad Request\",\"path\":\"/gsql/v1/tokens\"}",
    "{\"error\":{\"code\":16,\"message\":\"refused\",\"details\":[]}}",
    "{\"error\":[\"refused\"],\"code\":\"REFUSED\"}",
    "{\"error\":1}",
    "{\"error\":true,\"code\":400}",
    "{\"error\":true,\"code\":16.5,\"message\":\"refused\"}",
    "{\"error\":true,\"code\":{\"value\":400}}",
    "{\"error\":true,\"code\":[400]}",
    "{\"error\":true,\"code\":null,\"message\":{\"text\":\"refused\"}}",
    "\u{feff} {\"error\":\"refused\"}",
    "{\"error\":true,\"error\":false}",
    "{\"error\":true,\"message\":\"cut o",
    "{\"error\":[[[[[[[[[[[[[[[[[[[[\"deep\"]]]]]]]]]]]]]]]]]]]]}",
];

/// What a status means to an operation: with the login, as one about secrets, as a creation, and with a token.
const STATUSES: [(u16, [&str; 4]); 16] = [
    (400, ["auth.refused", "server.error", "server.error", "server.error"]),
    (401, ["auth.bad_password", "auth.bad_password", "auth.bad_password", "auth.bad_token"]),
    (402, ["auth.refused", "server.error", "server.error", "server.error"]),
    (403, ["auth.refused", "auth.no_privilege", "auth.no_privilege", "auth.refused"]),
    (404, ["auth.refused", "missing.user", "server.error", "server.error"]),
    (408, ["unavailable.overloaded", "unavailable.overloaded", "outcome.unknown", "unavailable.overloaded"]),
    (409, ["auth.refused", "server.error", "exists.secret", "server.error"]),
    (413, ["protocol.too_large"; 4]),
    (414, ["protocol.too_large"; 4]),
    (422, ["auth.refused", "server.error", "server.error", "server.error"]),
    (429, ["unavailable.rate_limited"; 4]),
    (431, ["protocol.too_large"; 4]),
    (500, ["server.error", "server.error", "outcome.unknown", "server.error"]),
    (502, ["unavailable.gateway", "unavailable.gateway", "outcome.unknown", "unavailable.gateway"]),
    (503, ["unavailable.overloaded"; 4]),
    (504, ["unavailable.gateway", "unavailable.gateway", "outcome.unknown", "unavailable.gateway"]),
];

/// One operation for each column of the table.
const ASKED: [&str; 4] = ["get_token", "get_secrets", "create_secret", "server_version"];

/// Calls an operation while every request is answered so.
fn answered(session: &mut Session, operation: &str, action: Action) -> Call {
    session.standin.script(Fault::always("", action));
    let call = session.call(&by_name(operation));
    session.standin.clear_faults();
    call
}

#[test]
fn a_refusal_is_judged_by_its_status_whatever_its_json_looks_like() {
    on_both(|version| {
        let mut session = Session::start(version);
        for (index, operation) in ASKED.iter().enumerate() {
            session.open();
            for (status, outcomes) in STATUSES {
                // Whatever their bodies look like, the others are judged in the same place.
                let forms = if matches!(status, 400 | 401 | 403 | 404 | 500) { &FORMS[..] } else { &FORMS[6..12] };
                for form in forms {
                    if *operation == "server_version" && matches!(status, 401 | 402) {
                        // The refused login of the form before is remembered.
                        session.open();
                    }
                    // A wait that is too long ends the call at once.
                    let action = Action::reply(status, form).header("Retry-After", "3600");
                    let call = answered(&mut session, operation, action);
                    // An object that refuses the token makes the library ask for another, with the login.
                    let outcome = match outcomes[index] {
                        "auth.bad_token" if form.starts_with('{') => "auth.bad_password",
                        outcome => outcome,
                    };
                    assert_eq!(call.outcome(), outcome, "{version} {operation} {status} {form}: {call:?}");
                    assert_eq!(i32::from(call.http), i32::from(status), "{form}: {call:?}");
                    assert!(call.code.is_empty(), "{form}: {call:?}");
                }
            }
            session.end_of_case(operation);
        }
        session.finish();
    });
}

#[test]
fn a_request_that_is_too_large_for_a_gateway_is_told_as_that() {
    let pages = [
        (413, "<html><title>413 Request Entity Too Large</title></html>", "body", "client_max_body_size"),
        (414, "<html><title>414 Request-URI Too Large</title></html>", "header", "large_client_header_buffers"),
        (431, "", "header", "large_client_header_buffers"),
        (400, "<html><title>400 Request Header Or Cookie Too Large</title>", "header", "large_client_header_buffers"),
        (400, "<p>Size of a request header field exceeds server limit.</p>", "header", "large_client_header_buffers"),
    ];
    on_both(|version| {
        let mut session = Session::start(version);
        session.open();
        for (status, page, what, limit) in pages {
            for operation in ["get_token", "get_secrets", "create_secret", "drop_secret", "server_version"] {
                let call = answered(&mut session, operation, Action::reply(status, page));
                // Nothing was created, so a creation may be tried again.
                assert_eq!((call.outcome(), call.http), ("protocol.too_large", status), "{operation}: {call:?}");
                assert!(call.message.contains(what) && call.hint.contains(limit), "{call:?}");
                assert_eq!(session.standin.take_requests().len(), 1, "{operation} {status}");
            }
        }
        session.finish();
    });
}

/// Output of scripts that says neither that they did what they should nor that they did not.
const UNKNOWN_WORDS: [&str; 4] =
    ["OK", "Using graph 'MyGraph'", "done\n__GSQL__RETURN__CODE__,0\n", "Request accepted."];
/// Output of scripts that failed in words that no list has.
const KNOWN_FAILURES: [&str; 3] = [
    "Semantic Check Fails: stand-in",
    "An exception came\n__GSQL__RETURN__CODE__,0\n",
    "?\n__GSQL__RETURN__CODE__,211\n",
];

#[test]
fn gsql_text_without_a_known_meaning_is_no_refusal() {
    let mut session = Session::start("3.10");
    assert!(!is_rest(session.version));
    session.open();
    for (texts, created, dropped) in [
        (&UNKNOWN_WORDS[..], "outcome.unknown", "protocol.shape"),
        (&KNOWN_FAILURES[..], "server.error", "server.error"),
    ] {
        for text in texts {
            let call = answered(&mut session, "create_secret", Action::reply(200, text));
            assert_eq!(call.outcome(), created, "{text}: {call:?}");
            for operation in ["drop_secret", "drop_secrets"] {
                let call = answered(&mut session, operation, Action::reply(200, text));
                assert_eq!((call.outcome(), call.http), (dropped, 200), "{text}: {call:?}");
            }
        }
    }
    // Half of an answer is none.
    let half = Action::reply(200, "Successfully dropped secrets [x] for user kathrin.");
    assert_eq!(answered(&mut session, "drop_secrets", half).outcome(), "protocol.shape");
    session.finish();
}
