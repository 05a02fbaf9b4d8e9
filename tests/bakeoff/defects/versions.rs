//! Versions of servers, and arguments.

use serde_json::{Value, json};
use tigergraph_auth::{Connection, Reason, TokenOptions};

use super::helpers::{
    MAKE_CURRENT, PASSWORD, aliases, carrying, connect, reason, secret, standin, told, with_login, without_login,
};
use super::peer::Peer;
use super::{Defect, Outcome};

pub const DEFECTS: &[Defect] = defects! {
    "\"3.10\" is no version" => two_numbers_are_a_version,
    "5.0 is older than 4.1" => versions_compare_as_numbers,
    "3.1 to 3.4 do not work" => older_servers_work,
    "the generation is never remembered" => the_generation_is_remembered,
    "lifetimes are not judged" => lifetimes_are_judged,
    "None is sent as a word" => nothing_is_nothing,
    "the graph of a token is ignored" => a_token_is_for_the_graph,
};

fn two_numbers_are_a_version(peer: &Peer) -> Outcome {
    let server = standin("3.10");
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        let outcome = python.step("token by secret", &server, &[("secret", &secret), ("gsqlVersion", "3.10")]);
        assert_eq!((&outcome["value"], server.requests().len()), (&json!("ValueError"), 0));
        "ValueError from its own parser"
    });
    told(&server, "3.10").get_token(Some(&secret), 0, MAKE_CURRENT).expect("a token");
    assert_eq!(server.take_requests().len(), 1);
    (theirs, "1 request in the form of 3.10")
}

fn versions_compare_as_numbers(peer: &Peer) -> Outcome {
    let server = standin("5.0");
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        assert_eq!(python.step("check", &server, &[("secret", &secret)])["ok"], false);
        assert!(!server.take_requests().iter().any(|request| request.path == "/gsql/v1/tokens/check"));
        "checkJwtToken refused, as if the server were older than 4.1"
    });
    for connection in [connect(&with_login(&server)), told(&server, "5.0"), told(&server, "10.1")] {
        let token = connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect("a token");
        assert!(connection.check_jwt_token(token.value()).expect("a check"));
    }
    (theirs, "checked the token, found out by asking, or told \"5.0\" or \"10.1\"")
}

fn older_servers_work(peer: &Peer) -> Outcome {
    let theirs = peer.did(|python| {
        for (version, told) in [("3.4", ""), ("3.4", "3.4.0"), ("3.1.4", "")] {
            let server = standin(version);
            let secret = secret(&server);
            let outcome = python.step("token by secret", &server, &[("secret", &secret), ("gsqlVersion", told)]);
            assert_eq!((&outcome["ok"], server.snapshot().tokens.len()), (&json!(false), 0), "{version} {told}");
        }
        "no token from 3.1.4 and 3.4; told the version, UnboundLocalError"
    });
    for version in ["3.1.4", "3.4"] {
        let server = standin(version);
        let secret = secret(&server);
        connect(&with_login(&server)).get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        told(&server, version).get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        assert_eq!(server.snapshot().tokens.len(), 2, "{version}");
    }
    (theirs, "a token from each, told the version or not")
}

fn the_generation_is_remembered(peer: &Peer) -> Outcome {
    let server = standin("3.10");
    secret(&server);
    let theirs = peer.did(|python| {
        assert_eq!(python.step("list twice", &server, &[])["value"], json!([1, 1]));
        let requests = carrying(&server.take_requests(), PASSWORD).len();
        assert!(requests > 2, "{requests}");
        format!("{requests} requests for two lists on 3.10, each with the password")
    });
    let connection = connect(&with_login(&server));
    for expected in [2, 1, 1] {
        connection.get_secrets(None).expect("a list");
        let requests = server.take_requests();
        assert_eq!((requests.len(), carrying(&requests, PASSWORD).len()), (expected, 1));
    }
    (theirs, "1 request for each list, and 1 without credentials before the first")
}

fn lifetimes_are_judged(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        python.step("lifetimes", &server, &[("secret", &secret)]);
        let sent = server.take_requests().into_iter().map(|request| request.json().expect("JSON")["lifetime"].clone());
        let mut sent: Vec<Value> = sent.collect();
        sent.dedup();
        assert_eq!(sent, [Value::Null, json!("-5"), json!("soon")]);
        "sent -5 and \"soon\", and nothing for 0"
    });
    let negative = Connection::new(with_login(&server).set_token_lifetime(-5, 0));
    assert_eq!(reason(negative), Reason::ArgumentRange);
    let connection = told(&server, "4.2");
    assert_eq!(reason(connection.get_token(Some(&secret), u64::MAX, MAKE_CURRENT)), Reason::ArgumentRange);
    assert_eq!(server.requests().len(), 0);
    connection.get_token(Some(&secret), 60, MAKE_CURRENT).expect("a token");
    assert_eq!(server.requests()[0].json().expect("JSON")["lifetime"], "60");
    (theirs, "argument.range, nothing sent; a lifetime is a number by its type, and 0 is documented as the default")
}

fn nothing_is_nothing(peer: &Peer) -> Outcome {
    let server = standin("3.10");
    let theirs = peer.did(|python| {
        python.step("log in by None", &server, &[]);
        assert!(carrying(&server.take_requests(), "__GSQL__secret:None").len() > 1);
        assert_eq!(python.step("create None", &server, &[])["ok"], true);
        assert_eq!(aliases(&server), ["None"]);
        "logged in with the secret \"None\"; made a secret with the alias \"None\""
    });
    server.take_requests();
    let nobody = connect(without_login(&server).set_secret(None).set_server_version(Some(b"3.10")));
    assert_eq!(reason(nobody.get_token(None, 0, MAKE_CURRENT)), Reason::CredentialsNone);
    assert_eq!(reason(nobody.get_secrets(None)), Reason::CredentialsNone);
    assert_eq!(server.requests().len(), 0);
    let made = told(&server, "3.10").create_secret(None, None, None).expect("a secret");
    assert!(made.alias.starts_with("AUTO_GENERATED_ALIAS_") && aliases(&server).contains(&made.alias));
    (theirs, "credentials.none, nothing sent; an alias is made up")
}

fn a_token_is_for_the_graph(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let theirs = peer.did(|python| {
        assert_eq!(python.step("token by password", &server, &[("graphname", "MyGraph")])["value"], true);
        assert_eq!(server.snapshot().tokens[0].graph, None);
        "got a token for all graphs, although the connection names one"
    });
    let connection = connect(&with_login(&server));
    let graph_of = |options: TokenOptions| {
        let token = connection.get_token(None, 0, options).expect("a token");
        let tokens = server.snapshot().tokens.into_iter();
        tokens.filter(|held| held.value == token.value()).map(|held| held.graph).next_back().expect("the token")
    };
    assert_eq!(graph_of(MAKE_CURRENT).as_deref(), Some("MyGraph"));
    assert_eq!(graph_of(TokenOptions { keep_current: false, global: true }), None);
    (theirs, "a token for the graph named; for all graphs only if asked to")
}
