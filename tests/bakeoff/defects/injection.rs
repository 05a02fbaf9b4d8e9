//! Injection: names that are more than names.

use serde_json::json;
use tigergraph_auth::{Config, Connection, Reason, Result, Status};

use super::helpers::{MAKE_CURRENT, aliases, connect, reason, secret, standin, told, with_login};
use super::peer::Peer;
use super::{Defect, Outcome};

pub const DEFECTS: &[Defect] = defects! {
    "an alias is GSQL text" => an_alias_is_no_gsql,
    "a graph's name is GSQL text" => a_graph_is_no_gsql,
    "an alias reaches other endpoints" => an_alias_stays_below_secrets,
    "an alias empties the block list" => an_alias_keeps_the_block_list,
    "an alias drops another user's secret" => an_alias_is_no_query,
};

const INJECTED: &str = "x\nDROP SECRET mine";

fn an_alias_is_no_gsql(peer: &Peer) -> Outcome {
    let theirs = peer.did(|python| {
        let server = standin("3.10");
        secret(&server);
        assert_eq!(python.step("create", &server, &[("alias", INJECTED)])["ok"], true);
        assert_eq!(aliases(&server), ["x"]);
        "the alias \"x\\nDROP SECRET mine\" dropped the secret mine"
    });
    let server = standin("3.10");
    secret(&server);
    let connection = told(&server, "3.10");
    for alias in [INJECTED, "x;DROP SECRET mine", "x DROP SECRET mine", "x\r\n", "\"x\""] {
        for result in [connection.create_secret(Some(alias), None, None), connection.ensure_secret(alias)] {
            assert_eq!(result.expect_err(alias).status(), Status::InvalidArgument, "{alias:?}");
        }
        assert_eq!(connection.drop_secrets(&[alias], None, true).expect_err(alias).status(), Status::InvalidArgument);
    }
    assert_eq!(server.requests().len(), 0);
    assert_eq!(aliases(&server), ["mine"]);
    (theirs, "argument.alias or argument.control_character; sent nothing")
}

fn a_graph_is_no_gsql(peer: &Peer) -> Outcome {
    let graph = format!("MyGraph\n{}", &INJECTED[2..]);
    let theirs = peer.did(|python| {
        let server = standin("3.10");
        secret(&server);
        assert_eq!(python.step("create", &server, &[("graphname", &graph), ("alias", "x")])["ok"], true);
        assert_eq!(aliases(&server), ["x"]);
        "the graph \"MyGraph\\nDROP SECRET mine\" dropped the secret mine"
    });
    for graph in [graph.as_str(), "MyGraph;LS", "My Graph", "../MyGraph", ""] {
        let mut config = Config::new("http://127.0.0.1:1");
        config.set_graph(Some(graph.as_bytes()));
        assert_eq!(reason(Connection::new(&config)), Reason::ArgumentGraph, "{graph:?}");
    }
    (theirs, "argument.graph before there is a connection")
}

/// Drops a secret of this name: what the peer says, and what our two ways to name a secret come to.
fn drop_and_ensure(connection: &Connection, alias: &str) -> [Result<String>; 2] {
    let dropped = connection.drop_secrets(&[alias], None, false).map(|count| count.to_string());
    [dropped, connection.ensure_secret(alias).map(|secret| secret.alias)]
}

fn an_alias_stays_below_secrets(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let theirs = peer.did(|python| {
        assert_eq!(python.step("drop", &server, &[("alias", "../drop-all")])["value"], json!([true]));
        assert_eq!(server.tripwires(), 1);
        "the alias \"../drop-all\" reached DELETE /gsql/v1/drop-all"
    });
    let tripped = server.tripwires();
    server.take_requests();
    for outcome in drop_and_ensure(&told(&server, "4.2"), "../drop-all") {
        assert_eq!(reason(outcome), Reason::ArgumentAlias);
    }
    assert_eq!((server.requests().len(), server.tripwires()), (0, tripped));
    (theirs, "argument.alias; sent nothing")
}

fn an_alias_keeps_the_block_list(peer: &Peer) -> Outcome {
    let server = standin("4.2");
    let block = || {
        let connection = told(&server, "4.2");
        connection.get_token(None, 0, MAKE_CURRENT).expect("a token");
        connection.delete_token(None, None, false).expect("a place on the list");
        server.take_requests();
        connection
    };
    block();
    let theirs = peer.did(|python| {
        let outcome = python.step("drop", &server, &[("alias", "../tokens?clear=true")]);
        assert_eq!(outcome["value"], json!([true]));
        assert_eq!(server.snapshot().blocked.len(), 0);
        "the alias \"../tokens?clear=true\" made deleted tokens valid again"
    });
    let connection = block();
    let blocked = server.snapshot().blocked;
    for alias in ["../tokens?clear=true", "x/../../v1/tokens?clear=true", "..%2ftokens?clear=true"] {
        for outcome in drop_and_ensure(&connection, alias) {
            outcome.expect_err(alias);
        }
    }
    assert_eq!(server.snapshot().blocked, blocked);
    assert!(server.requests().iter().all(|request| request.path.starts_with("/gsql/v1/secrets")));
    (theirs, "argument.alias, or one alias that does not exist; the list is as it was")
}

fn an_alias_is_no_query(peer: &Peer) -> Outcome {
    let alias = "mine?userName=alice";
    let theirs = peer.did(|python| {
        let server = standin("4.2");
        secret(&server);
        let given = [("alias", alias), ("username", "tigergraph"), ("password", "tigergraph")];
        assert_eq!(python.step("drop", &server, &given)["value"], json!([true]));
        assert!(!server.snapshot().secrets.iter().any(|secret| secret.user == "alice"));
        "a superuser's own alias \"mine?userName=alice\" dropped alice's secret"
    });
    let server = standin("4.2");
    secret(&server);
    let mut config = with_login(&server);
    config.set_password(Some(b"tigergraph"), Some(b"tigergraph")).set_server_version(Some(b"4.2"));
    let connection = connect(&config);
    assert_eq!(reason(connection.drop_secrets(&[alias], None, false)), Reason::MissingSecret);
    let requests = server.take_requests();
    assert_eq!((requests.len(), requests[0].query.as_deref()), (1, None));
    assert_eq!(requests[0].json().expect("JSON"), json!({"secrets": [alias]}));
    connection.ensure_secret(alias).expect_err("an alias that the server refuses");
    let asked = server.take_requests().remove(0);
    assert_eq!((asked.path.as_str(), asked.query), ("/gsql/v1/secrets/mine%3FuserName%3Dalice", None));
    assert_eq!(aliases(&server), ["mine"]);
    (theirs, "missing.secret: the whole text arrived as one alias")
}
