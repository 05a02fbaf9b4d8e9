//! Credentials: which of them goes where, and how often.

use std::sync::Barrier;
use std::time::Duration;

use serde_json::json;
use tigergraph_auth::Reason;
use tigergraph_standin::{Action, Fault, Options, Standin};

use super::helpers::{
    MAKE_CURRENT, PASSWORD, aliases, carries, carrying, connect, reason, secret, standin, told, with_fault, with_login,
    without_login,
};
use super::peer::Peer;
use super::{Defect, Outcome};

pub const DEFECTS: &[Defect] = defects! {
    "the password, even of the factory account, goes beside a secret" => a_secret_goes_alone,
    "an expired token goes beside a secret" => no_old_token_beside_a_secret,
    "after a refused secret the password is tried" => a_refused_secret_is_final,
    "a wrong password reaches several URLs, twice" => a_refused_password_is_sent_once,
    "renewal logs in with the expired token, for ever" => an_expired_token_is_no_login,
    "threads at first use: one succeeds" => threads_at_first_use_all_succeed,
    "after getToken no secret can be managed on 3.x and 4.1.0" => secrets_are_managed_beside_a_token,
};

fn a_secret_goes_alone(peer: &Peer) -> Outcome {
    let logins = [("token by secret", "alice:opensesame"), ("token by secret, no login", "tigergraph:tigergraph")];
    let theirs = peer.did(|python| {
        for (step, login) in logins {
            let server = standin("4.2");
            let secret = secret(&server);
            assert_eq!(python.step(step, &server, &[("secret", &secret)])["value"], true);
            let requests = server.requests();
            assert!(carries(carrying(&requests, &secret)[0], login), "{login}");
        }
        "sent alice's password beside the secret; without a login, tigergraph:tigergraph"
    });
    for version in ["3.10", "4.2"] {
        let server = standin(version);
        let secret = secret(&server);
        for config in [with_login(&server), without_login(&server)] {
            connect(&config).get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
            let requests = server.take_requests();
            assert_eq!(carrying(&requests, &secret).len(), 1, "{version}");
            assert!(requests.iter().all(|request| request.header("authorization").is_none()), "{version}");
        }
    }
    (theirs, "sent the secret alone, on 3.10 and 4.2, whatever login is configured")
}

fn no_old_token_beside_a_secret(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let secret = secret(&server);
    let connection = connect(&with_login(&server));
    let old = connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect("a token");
    server.expire_tokens();
    server.take_requests();
    let theirs = peer.did(|python| {
        python.step("token by secret", &server, &[("secret", &secret), ("apiToken", old.value())]);
        assert!(carries(carrying(&server.take_requests(), &secret)[0], old.value()));
        "sent both in one request"
    });
    connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect("a new token");
    assert_eq!(carrying(&server.take_requests(), old.value()).len(), 0);
    (theirs, "sent the secret alone, and got a new token")
}

fn a_refused_secret_is_final(peer: &Peer) -> Outcome {
    let server = Standin::start(Options::new("4.2").switch("wrong-secret-c", "401")).expect("a stand-in");
    let theirs = peer.did(|python| {
        assert_eq!(python.step("token by secret", &server, &[("secret", "wrongsecret")])["ok"], false);
        let requests = server.take_requests();
        assert_eq!(carrying(&requests, "wrongsecret").len(), 2);
        let by_password: Vec<_> = requests.iter().filter(|request| !carries(request, "wrongsecret")).collect();
        assert!(by_password.len() == 1 && carries(by_password[0], PASSWORD) && by_password[0].status == 200);
        assert_eq!(server.snapshot().tokens.len(), 1);
        "got a token with the password, sent the secret again, and reported a failure"
    });
    let tokens = server.snapshot().tokens.len();
    let connection = told(&server, "4.2");
    assert_eq!(reason(connection.get_token(Some("wrongsecret"), 0, MAKE_CURRENT)), Reason::AuthBadSecret);
    let requests = server.take_requests();
    assert_eq!((requests.len(), carrying(&requests, PASSWORD).len()), (1, 0));
    assert_eq!(server.snapshot().tokens.len(), tokens);
    (theirs, "auth.bad_secret after 1 request, without the password")
}

fn a_refused_password_is_sent_once(peer: &Peer) -> Outcome {
    let server = standin("3.10");
    let theirs = peer.did(|python| {
        assert_eq!(python.step("token by password", &server, &[("password", "wrong-password")])["ok"], false);
        let requests = server.take_requests();
        let mut paths: Vec<&str> =
            carrying(&requests, "wrong-password").iter().map(|request| request.path.as_str()).collect();
        let sent = paths.len();
        paths.sort_unstable();
        paths.dedup();
        let counted = server.with_state(|state| state.users["alice"].failed_logins);
        assert!(sent > 1 && paths.len() > 1);
        let urls = paths.len();
        format!(
            "sent it {sent} times to {urls} URLs, which counts as {counted} of the 5 failures that lock the account"
        )
    });
    let mut config = with_login(&server);
    config.set_password(Some(b"alice"), Some(b"wrong-password"));
    assert_eq!(reason(connect(&config).get_token(None, 0, MAKE_CURRENT)), Reason::AuthBadPassword);
    let requests = server.take_requests();
    assert_eq!(carrying(&requests, "wrong-password").len(), 1);
    (theirs, "auth.bad_password; sent it once")
}

fn an_expired_token_is_no_login(peer: &Peer) -> Outcome {
    let theirs = peer.did(|python| {
        let server = Standin::start(Options::new("4.2").with_control()).expect("a stand-in");
        let control = server.control_url().expect("a control listener");
        let outcome = python.step("renew", &server, &[("control", &control)]);
        assert_eq!(outcome["value"], json!([false, false, false]));
        let requests = server.requests();
        assert!(requests[1..].iter().all(|request| request.scheme("Bearer").is_some()));
        let tries = requests[1..].iter().filter(|request| request.path == "/gsql/v1/tokens").count();
        format!("logged in with the expired token {tries} times; getVersion, getSecrets and getToken all failed")
    });
    let server = standin("4.2");
    let connection = connect(&with_login(&server));
    let old = connection.get_token(None, 0, MAKE_CURRENT).expect("a token");
    server.expire_tokens();
    server.take_requests();
    let new = connection.get_token(None, 0, MAKE_CURRENT).expect("a new token");
    assert_ne!(new.value(), old.value());
    connection.server_version().expect("a version");
    connection.get_secrets(None).expect("a list");
    assert_eq!(carrying(&server.take_requests(), old.value()).len(), 0);
    (theirs, "an explicit get_token logs in with the password; the expired token is never sent again")
}

const THREADS: usize = 16;

fn threads_at_first_use_all_succeed(peer: &Peer) -> Outcome {
    let slow = || with_fault("4.2", Fault::always("/gsql/v1/tokens", Action::Delay(Duration::from_millis(300))));
    let theirs = peer.did(|python| {
        let good = python.step("first use by threads", &slow(), &[])["value"].as_u64().expect("a count");
        assert!((1..THREADS as u64).contains(&good), "{good}");
        println!("{good} of {THREADS} calls succeeded");
        format!("not all of {THREADS} calls succeeded")
    });
    let server = slow();
    let secret = secret(&server);
    let (connection, start) = (connect(&with_login(&server)), Barrier::new(THREADS));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect("a token");
            });
        }
    });
    let requests = server.requests();
    let detections = requests.iter().filter(|request| request.path == "/gsql/v1/tokens/check").count();
    assert_eq!((detections, carrying(&requests, &secret).len()), (1, THREADS));
    (theirs, "16 of 16 calls succeeded, and 1 request found out what the server is")
}

fn secrets_are_managed_beside_a_token(peer: &Peer) -> Outcome {
    let theirs = peer.did(|python| {
        for version in ["3.10", "4.1.0"] {
            let server = standin(version);
            let secret = secret(&server);
            assert_eq!(python.step("manage after token", &server, &[("secret", &secret)])["ok"], false, "{version}");
            assert_eq!(aliases(&server), ["mine"], "{version}");
            let last = server.requests().pop().expect("a request");
            assert!(last.scheme("Bearer").is_some(), "{version}");
        }
        "createSecret failed: it sent the token where a login is needed"
    });
    for version in ["3.10", "4.1.0"] {
        let server = standin(version);
        let secret = secret(&server);
        let connection = connect(&with_login(&server));
        connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        connection.create_secret(Some("second"), None, None).expect(version);
        assert_eq!(aliases(&server), ["mine", "second"], "{version}");
    }
    (theirs, "create_secret logs in with the password, token or not")
}
