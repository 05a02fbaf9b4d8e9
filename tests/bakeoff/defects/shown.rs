//! What is shown: logs, exceptions and URLs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use tigergraph_auth::Reason;
use tigergraph_auth::log::Level;
use tigergraph_standin::{Action, Fault};

use super::helpers::{
    KEEP, Lines, MAKE_CURRENT, PASSWORD, aliases, carrying, connect, holds_piece, reason, secret, shown, standin, told,
    with_login,
};
use super::peer::Peer;
use super::{Defect, Outcome};

pub const DEFECTS: &[Defect] = defects! {
    "password, secret and token are in the log" => logs_hold_no_credential,
    "bodies and server messages are in exceptions as they came" => errors_hold_no_credential,
    "a secret's value goes into a URL of 3.x" => a_value_goes_only_where_it_is_taken,
};

fn logs_hold_no_credential(peer: &Peer) -> Outcome {
    let theirs = peer.did(|python| {
        let outcome = python.step("debug log", &standin("4.2"), &[]);
        assert_eq!(outcome["value"], json!(["password", "secret", "token"]));
        "a log at DEBUG has password, secret and token in plain text"
    });
    for version in ["3.10", "4.2"] {
        let (server, lines) = (standin(version), Lines::default());
        let connection = connect(with_login(&server).set_log(Some(lines.logger())));
        let secret = connection.create_secret(Some("logged"), None, None).expect(version);
        let secret = secret.value.reveal();
        let token = connection.get_token(Some(secret), 0, MAKE_CURRENT).expect(version);
        connection.get_secrets(None).expect(version);
        connection.delete_token(Some(secret), None, false).expect(version);
        let failed = connection.get_token(Some("wrongsecretwrongsecret"), 0, KEEP).expect_err(version);
        let (requests, logged) = (lines.at(Level::Debug), lines.0.lock().expect("a lock"));
        assert!(requests.len() >= server.requests().len(), "a line for each request");
        let all = format!("{logged:?} {} {connection:?} {token:?}", shown(&failed));
        for credential in [PASSWORD, secret, token.value(), "wrongsecretwrongsecret", &BASE64.encode(PASSWORD)] {
            assert!(!holds_piece(&all, credential), "{version}: {all}");
        }
    }
    (theirs, "a line for each request, without 8 bytes of any of them in a row")
}

fn errors_hold_no_credential(peer: &Peer) -> Outcome {
    let answers = |text: &str| {
        let message = format!("{{\"error\":true,\"message\":\"the secret {text} is not known\"}}");
        [Action::reply(200, &format!("debug: you sent {text}")), Action::reply(401, &message)]
    };
    let theirs = peer.did(|python| {
        for index in [0, 1] {
            let server = standin("4.2");
            let secret = secret(&server);
            server.script(Fault::always("/", answers(&secret)[index].clone()));
            let outcome = python.step("token by secret", &server, &[("secret", &secret)]);
            assert!(outcome["shown"].as_array().expect("a list").contains(&json!("secret")), "{outcome}");
        }
        "the exception has the secret that the server repeated, from a text and from a message"
    });
    for index in [0, 1] {
        let server = standin("4.2");
        let secret = secret(&server);
        server.script(Fault::always("/gsql/v1/tokens", answers(&secret)[index].clone()));
        let error = told(&server, "4.2").get_token(Some(&secret), 0, MAKE_CURRENT).expect_err("a failure");
        assert_eq!(error.reason(), [Reason::ProtocolNotJson, Reason::AuthBadSecret][index]);
        assert!(!holds_piece(&shown(&error), &secret), "{error:?}");
        assert_eq!(error.message().contains("<redacted:"), index == 1, "{error}");
    }
    (theirs, "the text is not quoted, and the message is, without the secret")
}

fn a_value_goes_only_where_it_is_taken(peer: &Peer) -> Outcome {
    let value = "a-value-of-my-own";
    let theirs = peer.did(|python| {
        let server = standin("3.10");
        assert_eq!(python.step("create value", &server, &[("secret", value)])["ok"], true);
        let requests = server.requests();
        assert!(requests.iter().any(|request| request.query.as_deref().is_some_and(|query| query.contains(value))));
        assert!(!server.snapshot().secrets.iter().any(|secret| secret.value == value));
        "sent it in the URL of a 3.10 server, and reported success for a secret with another value"
    });
    let server = standin("3.10");
    let connection = connect(&with_login(&server));
    assert_eq!(reason(connection.create_secret(Some("x"), Some(value), None)), Reason::UnsupportedValue);
    assert_eq!(carrying(&server.requests(), value).len() + aliases(&server).len(), 0);
    let (server, lines) = (standin("4.2"), Lines::default());
    let connection = connect(with_login(&server).set_log(Some(lines.logger())));
    let secret = connection.create_secret(Some("x"), Some(value), None).expect("a secret");
    assert_eq!(secret.value.reveal(), value);
    assert_eq!(carrying(&server.requests(), value).len(), 1);
    assert!(lines.at(Level::Warn).iter().any(|line| line.contains("URL") && !line.contains(value)));
    (theirs, "unsupported.value, the value not sent; from 4.1 on, where nothing else is taken, with a warning")
}
