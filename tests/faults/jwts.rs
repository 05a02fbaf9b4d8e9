//! When a JWT ends, in every form in which it may say so: the end is known, and an expired one is never handed out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tigergraph_standin::{Action, Fault, wall_clock};

use crate::session::Session;

/// What a payload says besides the dates, so that it is this long.
fn padding(bytes: usize) -> String {
    format!("\"roles\":\"{}\"", "r".repeat(bytes))
}

/// JWTs of every form that were issued an hour before their end, or do not say when.
fn jwts(end: i64) -> Vec<String> {
    let issued = end - 3600;
    let payloads = [
        format!("{{\"iat\":{issued},\"exp\":{end}}}"),
        format!("{{\"exp\":{end}}}"),
        format!("{{\"iat\":null,\"exp\":{end}}}"),
        format!("{{\"exp\":{end}.0}}"),
        format!("{{\"exp\":{end}.987654}}"),
        format!("{{\"iat\":{issued}.25,\"exp\":{end}.5}}"),
        format!("{{\"exp\":{end}0e-1}}"),
        format!("{{\"iat\":{issued}E+0,\"exp\":{}.{:09}E9}}", end / 1_000_000_000, end % 1_000_000_000),
        format!("{{\"nbf\":{issued},{},\"exp\":{end}}}", padding(4096)),
        format!("{{\"iat\":{issued},\"exp\":{end}.5,{}}}", padding(5900)),
        format!("{{\"list\":[{}0],\"exp\":{end}}}", "1,".repeat(2500)),
    ];
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let jwt = |payload: &String| format!("{}.{}.{}", encode("{\"alg\":\"none\"}"), encode(payload), encode("sig"));
    payloads.iter().map(jwt).collect()
}

/// A handle with this token in this setting, with or without a login beside it.
fn open_with(session: &mut Session, setting: &str, jwt: &str, login: bool) {
    let url = session.standin.gateway_url();
    session.configure_for(&url);
    if !login {
        session.driver.say(&["config", &url]);
        session.driver.say(&["set", "server_version", "4.2"]);
    }
    session.driver.say(&["set", setting, jwt]);
    session.connect();
}

#[test]
fn a_configured_jwt_is_handed_out_until_its_end_and_not_after() {
    let mut session = Session::start("4.2");
    for setting in ["jwt", "api_token"] {
        let end = wall_clock() + 1000;
        for jwt in jwts(end) {
            open_with(&mut session, setting, &jwt, false);
            let call = session.driver.call(&["authorization"]);
            assert_eq!((call.outcome(), call.told.as_str()), ("OK", end.to_string().as_str()), "{jwt}: {call:?}");
            session.driver.say(&["clock", "boot", "1001"]);
            let call = session.driver.call(&["authorization"]);
            session.driver.say(&["clock", "boot", "0"]);
            assert_eq!(call.outcome(), "auth.token_expired", "{jwt}: {call:?}");
        }
        for jwt in jwts(wall_clock() - 1).iter().chain(&jwts(wall_clock() - 100_000)) {
            open_with(&mut session, setting, jwt, false);
            let call = session.driver.call(&["authorization"]);
            assert_eq!(call.outcome(), "auth.token_expired", "{jwt}: {call:?}");
        }
    }
    assert_eq!(session.standin.requests().len(), 0);
    session.finish();
}

#[test]
fn a_jwt_beside_a_login_is_renewed_when_it_has_expired() {
    let mut session = Session::start("4.2");
    let end = wall_clock() + 1000;
    for (jwts, requests) in [(jwts(end), 0), (jwts(wall_clock() - 1), 1)] {
        for jwt in jwts {
            open_with(&mut session, "api_token", &jwt, true);
            let call = session.driver.call(&["authorization"]);
            assert_eq!((call.outcome(), session.standin.take_requests().len()), ("OK", requests), "{jwt}: {call:?}");
            assert_eq!(call.told == end.to_string(), requests == 0, "{jwt}: {call:?}");
        }
    }
    session.end_of_case("renewed");
    session.finish();
}

#[test]
fn the_end_of_an_issued_jwt_is_known_and_an_expired_one_is_refused() {
    for version in ["3.10", "4.2"] {
        let mut session = Session::start(version);
        let end = wall_clock() + 1000;
        for (jwts, outcome, told) in
            [(jwts(end), "OK", end.to_string()), (jwts(wall_clock() - 1), "protocol.shape", "".into())]
        {
            for jwt in jwts {
                let reply = Action::reply(200, &format!("{{\"error\":false,\"token\":\"{jwt}\"}}"));
                for operation in ["get_token", "authorization"] {
                    session.configure();
                    session.connect();
                    session.standin.script(Fault::always("", reply.clone()));
                    let call = session.driver.call(&[operation]);
                    session.standin.clear_faults();
                    assert_eq!((call.outcome(), &call.told), (outcome, &told), "{version} {operation} {jwt}: {call:?}");
                }
            }
        }
        session.finish();
    }
}
