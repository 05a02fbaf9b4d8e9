//! What is reported: failures, lists, tokens and secrets that are returned.

use serde_json::json;
use tigergraph_auth::{Reason, Status};
use tigergraph_standin::{Action, Fault, Options, Standin};

use super::helpers::{
    ATTEMPTS, KEEP, MAKE_CURRENT, PASSWORD, aliases, carries, carrying, connect, reason, secret, standin, told,
    with_fault, with_login,
};
use super::peer::Peer;
use super::{Defect, Outcome};

pub const DEFECTS: &[Defect] = defects! {
    "dropSecret reports success whatever happened" => a_failed_drop_is_an_error,
    "a lost answer to createSecret makes a second secret" => a_secret_is_created_once,
    "a page or a refusal is read as \"no secrets\"" => a_failed_list_is_no_empty_list,
    "plain values are replaced by masked ones" => values_are_plain_or_an_error,
    "setToken=False has no effect" => a_token_can_be_kept_apart,
    "skipNA has no effect" => a_missing_token_can_be_ignored,
    "\"graph not found\" is taken for \"endpoint not found\"" => a_missing_graph_is_told,
};

fn a_failed_drop_is_an_error(peer: &Peer) -> Outcome {
    let failures = [
        (Action::reply(403, "{\"error\":true,\"message\":\"no\"}"), Reason::AuthNoPrivilege),
        (Action::reply(500, "<html>"), Reason::ServerError),
        (Action::CloseBeforeReply, Reason::ConnectClosed),
    ];
    let fault = |action: &Action| Fault::always("/gsql/v1/secrets", action.clone()).method("DELETE");
    let theirs = peer.did(|python| {
        let server = standin("4.2");
        secret(&server);
        failures.iter().for_each(|(action, _)| server.script(fault(action).times(1)));
        let outcome = python.step("drop three times", &server, &[("alias", "mine")]);
        assert_eq!(outcome["value"], json!([true, true, true]));
        assert!(aliases(&server).contains(&"mine".to_owned()));
        "reported success for a refusal, an error of the server and a lost connection"
    });
    for (action, expected) in &failures {
        let server = with_fault("4.2", fault(action));
        secret(&server);
        let connection = told(&server, "4.2");
        assert_eq!(reason(connection.drop_secrets(&["mine"], None, true)), *expected);
        assert!((1..=ATTEMPTS).contains(&server.requests().len()), "{}", server.requests().len());
        drop(server);
        assert_eq!(connection.drop_secrets(&["mine"], None, true).expect_err("no server").status(), Status::Connect);
    }
    (theirs, "auth.no_privilege, server.error, connect.closed; CONNECT without a server")
}

fn a_secret_is_created_once(peer: &Peer) -> Outcome {
    let fault = || Fault::once("/gsql/v1/secrets", Action::CloseAfterProcessing).method("POST");
    let theirs = peer.did(|python| {
        let server = with_fault("4.2", fault());
        assert_eq!(python.step("create", &server, &[])["ok"], true);
        assert_eq!(aliases(&server).len(), 2);
        "made two secrets, by two routes, and returned one"
    });
    let server = with_fault("4.2", fault());
    let error = connect(&with_login(&server)).create_secret(None, None, None).expect_err("lost");
    assert_eq!(error.reason(), Reason::OutcomeUnknown);
    let creations = server.requests().iter().filter(|request| carries(request, "AUTO_GENERATED_ALIAS_")).count();
    assert_eq!((creations, aliases(&server).len()), (1, 1));
    assert!(error.message().contains(&aliases(&server)[0]), "{error}");
    (theirs, "outcome.unknown, which names the alias; 1 creation")
}

fn a_failed_list_is_no_empty_list(peer: &Peer) -> Outcome {
    let failures = [
        ("3.10", Action::reply(200, "<html>portal</html>"), Reason::ProtocolNotJson),
        ("4.2", Action::reply(200, "<html>portal</html>"), Reason::ProtocolNotJson),
        ("4.2", Action::reply(200, "{\"error\":true,\"message\":\"no\"}"), Reason::ServerError),
    ];
    let broken = |version: &str, action: &Action| {
        let server = with_fault(version, Fault::always("/gsql", action.clone()));
        secret(&server);
        server
    };
    let theirs = peer.did(|python| {
        for (version, action, _) in &failures {
            let outcome = python.step("list", &broken(version, action), &[]);
            assert_eq!((&outcome["ok"], &outcome["value"]["count"]), (&json!(true), &json!(0)), "{version}");
        }
        "returned an empty list, for a page on 3.10 and 4.2 and for a refusal on 4.2"
    });
    for (version, action, expected) in &failures {
        assert_eq!(reason(told(&broken(version, action), version).get_secrets(None)), *expected, "{version}");
    }
    (theirs, "protocol.not_json for a page, server.error for a refusal")
}

fn values_are_plain_or_an_error(peer: &Peer) -> Outcome {
    let server = || with_fault("4.2", Fault::once("/gsql/v1/secrets", Action::reply(500, "<html>")));
    let theirs = peer.did(|python| {
        let server = server();
        secret(&server);
        assert_eq!(python.step("list", &server, &[])["value"], json!({"count": 1, "masked": 1}));
        "after one error of a 4.2 server, returned the masked value from GSQL text"
    });
    let server = server();
    let plain = secret(&server);
    let connection = told(&server, "4.2");
    match connection.get_secrets(None) {
        Ok(secrets) => assert_eq!(secrets[0].value.reveal(), plain),
        Err(error) => assert_eq!(error.reason(), Reason::ServerError),
    }
    assert_eq!(connection.get_secrets(None).expect("a list")[0].value.reveal(), plain);
    assert!(server.requests().iter().all(|request| request.path == "/gsql/v1/secrets"));
    (theirs, "the plain value or server.error; GSQL text is not asked")
}

fn a_token_can_be_kept_apart(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        assert_eq!(python.step("kept token", &server, &[("secret", &secret)])["value"], true);
        "made the token the connection's own all the same"
    });
    let connection = connect(&with_login(&server));
    connection.get_token(Some(&secret), 0, KEEP).expect("a token");
    assert_eq!(reason(connection.current_token()), Reason::CredentialsNone);
    let own = connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect("a token");
    connection.get_token(Some(&secret), 0, KEEP).expect("a token");
    assert_eq!(connection.current_token().expect("a token").value(), own.value());
    (theirs, "keep_current leaves the connection's own token, or none, as it is")
}

fn a_missing_token_can_be_ignored(peer: &Peer) -> Outcome {
    let server = standin("3.10");
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        assert_eq!(python.step("delete unknown", &server, &[("secret", &secret)])["ok"], false);
        "raised an exception for an unknown token"
    });
    let connection = connect(&with_login(&server));
    connection.delete_token(Some(&secret), Some("unknown-token"), true).expect("ignored");
    assert_eq!(
        reason(connection.delete_token(Some(&secret), Some("unknown-token"), false)),
        Reason::MissingToken,
        "only if asked to"
    );
    (theirs, "ignore_missing: success; otherwise missing.token")
}

fn a_missing_graph_is_told(peer: &Peer) -> Outcome {
    let server = Standin::start(Options::new("4.2").switch("unknown-graph", "404")).expect("a stand-in");
    let theirs = peer.did(|python| {
        let outcome = python.step("token for the graph", &server, &[("graphname", "Nowhere")]);
        assert_eq!((&outcome["ok"], &outcome["shown"]), (&json!(false), &json!([])));
        assert_eq!(carrying(&server.take_requests(), PASSWORD).len(), 2);
        "sent the password to a second URL, and lost the server's own words"
    });
    let error = connect(with_login(&server).set_graph(Some(b"Nowhere"))).get_token(None, 0, MAKE_CURRENT);
    let error = error.expect_err("no such graph");
    assert_eq!(error.reason(), Reason::MissingGraph);
    assert!(error.message().contains("Nowhere not found"), "{error}");
    assert_eq!(carrying(&server.requests(), PASSWORD).len(), 1);
    (theirs, "missing.graph with the server's own words; sent the password once")
}
