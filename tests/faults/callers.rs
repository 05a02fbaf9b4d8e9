//! Many callers at once, and callers without a login.

use tigergraph_standin::{Action, Fault, Options, Tls};

use crate::driver;
use crate::session::{Session, on_both};

#[test]
fn sixteen_threads_and_320_calls_take_at_most_32_connections() {
    for tls in [false, true] {
        let options = Options::new("4.2");
        let options = if tls { options.with_tls(Tls::self_signed()) } else { options };
        let mut session = Session::with(options, "4.2", driver::sanitized(), &[]);
        session.open();
        let before = session.standin.connections();
        for _ in 0..20 {
            let calls = session.driver.calls(&["threads", "16", "get_secrets", "-"]);
            assert!(calls.len() == 16 && calls.iter().all(|call| call.outcome() == "OK"), "{calls:?}");
        }
        let connections = session.standin.connections() - before;
        assert_eq!(session.standin.take_requests().len(), 320);
        assert!(connections <= 32, "{connections} connections, with TLS: {tls}");
        // One caller uses what is there.
        let before = session.standin.connections();
        for _ in 0..20 {
            assert_eq!(session.driver.call(&["get_secrets", "-"]).outcome(), "OK");
        }
        assert_eq!(session.standin.connections(), before);
        // What has been idle for a minute is closed, and one caller needs one connection.
        session.driver.say(&["clock", "boot", "61"]);
        for _ in 0..3 {
            assert_eq!(session.driver.call(&["get_secrets", "-"]).outcome(), "OK");
        }
        assert_eq!(session.standin.connections(), before + 1);
        session.finish();
    }
}

/// How servers answer the question for their version, and what that is to a connection without any login.
const ANSWERS: [(u16, &str, &str); 10] = [
    (401, "{\"error\":true,\"code\":\"REST-10016\",\"message\":\"Token is missing\"}", "credentials.none"),
    (403, "{\"error\":true,\"code\":\"REST-10016\",\"message\":\"Token is missing\"}", "credentials.none"),
    (200, "{\"error\":true,\"code\":\"REST-10016\",\"message\":\"Token is missing\"}", "credentials.none"),
    (403, "{\"error\":true,\"code\":\"REST-10018\",\"message\":\"no\"}", "credentials.none"),
    (401, "{\"error\":true,\"message\":\"Authentication failed.\"}", "credentials.none"),
    (401, "", "credentials.none"),
    (403, "<html><h1>403 Forbidden</h1></html>", "auth.refused"),
    (500, "{\"error\":true,\"code\":\"REST-10020\",\"message\":\"no\"}", "server.error"),
    (404, "<html>", "missing.endpoint"),
    (200, "{\"error\":false,\"message\":\"TigerGraph RESTPP:\\nproduct release_4.2.1_05-09-2025\"}", "OK"),
];

#[test]
fn the_version_without_a_login_is_the_configured_one_or_needs_a_login() {
    on_both(|version| {
        let mut session = Session::start(version);
        let url = session.standin.gateway_url();
        session.driver.say(&["config", &url]);
        session.connect();
        for (status, body, outcome) in ANSWERS {
            session.standin.script(Fault::always("", Action::reply(status, body)));
            let call = session.driver.call(&["server_version"]);
            session.standin.clear_faults();
            assert_eq!((call.outcome(), call.told == "4.2.1"), (outcome, outcome == "OK"), "{body}: {call:?}");
            assert!(outcome == "OK" || call.http == status, "{call:?}");
            assert_eq!(session.standin.take_requests().len(), 1, "{body}");
        }
        for (configured, told) in [("3.10", "3.10.0"), ("4.1.2", "4.1.2"), ("10.1", "10.1.0")] {
            session.driver.say(&["set", "server_version", configured]);
            session.connect();
            let call = session.driver.call(&["server_version"]);
            assert_eq!((call.outcome(), call.told.as_str()), ("OK", told), "{call:?}");
        }
        assert_eq!(session.standin.requests().len(), 0);
        session.finish();
    });
}
