//! Tests of what an answer says about a failure.

use super::*;

use crate::hidden::Wiped;
use crate::protocol::json::without_raw_breaks;
use crate::protocol::redact::ToHide;

use Credential::*;
use Operation::*;

fn answer(status: u16, body: &str) -> Answer {
    let body = Wiped::new(body.as_bytes().to_vec());
    Answer::new(status, body)
}

fn ask(operation: Operation, credential: Credential, answer: &Answer) -> Result<Json<'_>> {
    let redactor = Redactor::new(Vec::new(), &[]);
    read_reply(&Question { operation, path: "", credential, redactor: &redactor }, answer)
}

fn reason(operation: Operation, credential: Credential, status: u16, body: &str) -> Reason {
    ask(operation, credential, &answer(status, body)).unwrap_err().reason()
}

const OFF: &str = r#"{"code":"REST-1000","error":true,"message":"Endpoint is not found from url = /requesttoken, please use GET /endpoints to list all valid endpoints."}"#;

#[test]
fn a_credential_is_shown_neither_as_a_code_nor_as_a_host() {
    let redactor = Redactor::new(vec![ToHide::Given("CANARY-12345")], &[]);
    let question = Question { operation: RequestToken, path: "", credential: Secret, redactor: &redactor };
    let echo = answer(400, r#"{"error":true,"code":"CANARY-12345","message":"no"}"#);
    assert_eq!(read_reply(&question, &echo).unwrap_err().server_code(), "");
    let elsewhere = Answer { redirect: Some("https://CANARY-12345".into()), ..answer(302, "") };
    let error = read_reply(&question, &elsewhere).unwrap_err();
    assert!(error.message().contains("redirects to https://<redacted:12>,"), "{error}");
}

#[test]
fn a_name_of_the_call_is_no_word_of_the_servers() {
    for (operation, name, said, expected) in [
        (DropSecrets, "graph_reader", "Secret graph_reader not found", Some(Reason::MissingSecret)),
        (GetSecret, "a permission", "the secret 'a permission' does not exist.", Some(Reason::MissingSecret)),
        (
            CreateSecret,
            "user-not found",
            "The secret with alias user-not found already exists",
            Some(Reason::ExistsSecret),
        ),
        (DropSecrets, "secret_not_found", "no privilege to drop secret_not_found", Some(Reason::AuthNoPrivilege)),
        (ListSecrets, "Privileges", "Using graph 'Privileges'", None),
        (ListSecrets, "graph_admin", "User graph_admin does not exist", Some(Reason::MissingUser)),
        // What may be either is the server's.
        (DropSecrets, "graph", "Graph G not found, so no secret is", Some(Reason::MissingGraph)),
        (DropSecrets, "Privilege", "Privilege required: secret not found", Some(Reason::AuthNoPrivilege)),
    ] {
        for (names, graph, user) in [(&[name][..], None, None), (&[], Some(name), None), (&[], None, Some(name))] {
            let redactor = Redactor::new(Vec::new(), names).with_graph(graph).with_users([None, user]);
            let question = Question { operation, path: "", credential: Credential::Password, redactor: &redactor };
            assert_eq!(by_words(&question, said), expected, "{name}: {said}");
        }
    }
}

#[test]
fn success_in_every_shape() {
    for body in ["{}", r#"{"error":false}"#, r#"{"error":"false","code":"REST-0000"}"#] {
        assert!(ask(RequestToken, Secret, &answer(200, body)).is_ok(), "{body}");
    }
    assert!(ask(RequestToken, Secret, &answer(201, "{}")).is_ok());
    assert!(ask(DropSecrets, Password, &answer(204, "")).is_ok());
    assert!(ask(RequestToken, Secret, &answer(204, "")).is_err());
}

#[test]
fn a_success_that_is_cut_off_is_none() {
    let found = |status, body, until_close| {
        let answer = Answer { until_close, ..answer(status, body) };
        let error = ask(RequestToken, Secret, &answer).unwrap_err();
        (error.reason(), error.http_status(), error.transient())
    };
    let cut = r#"{"error":false,"tok"#;
    assert_eq!(found(200, cut, false), (Reason::ProtocolNotJson, 200, false));
    assert_eq!(found(201, cut, true), (Reason::ProtocolNotJson, 201, true), "asking again may bring the rest");
    assert_eq!(found(200, "{]", true), (Reason::ProtocolNotJson, 200, false));
    assert_eq!(found(401, cut, true), (Reason::AuthBadSecret, 401, false), "a refusal remains one");
    assert_eq!(found(400, cut, true), (Reason::AuthRefused, 400, false), "and no page");
}

#[test]
fn documented_successes() {
    let samples = [
        (
            DeleteToken,
            r#"{"code":"REST-0000","expiration":-1,"error":false,"message":"Drop token successfully.","token":"0mq98l9pderkaivndf820gudg923p3l0"}"#,
        ),
        (DeleteToken, r#"{"error":false,"message":"Successfully dropped the specified JWT tokens"}"#),
        (DeleteToken, r#"{"error": false, "message": "Successfully dropped the specified JWT tokens"}"#),
        (CheckToken, r#"{"error":false,"message":"The token eyJh.eyJz.abc verification succeed."}"#),
        (DropSecrets, r#"{"error":false,"message":"Successfully removed the secrets for user tigergraph."}"#),
        (
            CreateSecret,
            r#"{"error":false,"message":"","results":{"alias":"s2","value":"g2ea27q79tes6nsark3k3ecp718rp4ej"}}"#,
        ),
        (
            Version,
            "{\"error\":\"false\", \"message\":\"TigerGraph RESTPP: \n --- Version --- \nproduct release_2.6.0_05-09-2020\n\"}",
        ),
        (Version, r#"{"error": "false","message": "pong","results": {}}"#),
        (Version, r#"{"error": false,"message": "Hello GSQL"}"#),
    ];
    for (operation, body) in samples {
        let mut answer = answer(200, body);
        without_raw_breaks(&mut answer.body);
        assert!(ask(operation, Password, &answer).is_ok(), "{body}");
    }
}

#[test]
fn documented_refusals() {
    let samples = [
        (
            Version,
            Nothing,
            403,
            r#"{"version":{"edition":"enterprise","api":"v2","schema":0},"error":true,"message":"Access Denied because the input token = 'eyJh****4WgE' contains audience [a,b], which doesn't include the configured one c","code":"REST-10016"}"#,
            Reason::AuthBadToken,
        ),
        (
            Version,
            Nothing,
            403,
            r#"{"error":true,"message":"Access Denied because the input token = '' is invalid.","code":"REST-10016"}"#,
            Reason::AuthBadToken,
        ),
        (
            Version,
            Bearer,
            403,
            r#"{"error":true,"message":"Access Denied because the input token = 'lpa6****u1v' is not in correct format"}"#,
            Reason::AuthBadToken,
        ),
        (RequestToken, Nothing, 401, r#"{"error":true,"message":"Authentication failed."}"#, Reason::AuthRefused),
        (ListSecrets, Password, 401, r#"{"error":true,"message":"Authentication failed."}"#, Reason::AuthBadPassword),
        (RequestToken, Secret, 400, r#"{"error":true,"message":"Graph MyDatabase not found"}"#, Reason::MissingGraph),
        (
            ListSecrets,
            Password,
            400,
            r#"{"error":true,"message":"The request was rejected because the parameter name \"ls graphs\n\" is not allowed."}"#,
            Reason::ServerError,
        ),
        (DeleteToken, Secret, 200, r#"{"code":"REST-3300","error":true,"message":"x"}"#, Reason::MissingToken),
        (ListSecrets, Password, 401, "", Reason::AuthBadPassword),
    ];
    for (operation, credential, status, body, expected) in samples {
        assert_eq!(reason(operation, credential, status, body), expected, "{body}");
    }
}

#[test]
fn what_looks_like_a_code_is_passed_on_as_one() {
    let passed_on = |code: &str| {
        let answer = answer(400, &format!(r#"{{"error":true,"code":"{code}","message":"no"}}"#));
        ask(Version, Bearer, &answer).unwrap_err().server_code() == code
    };
    let longest = format!("REST-{}", "1".repeat(27));
    for code in ["REST-10016", "X-1", &longest] {
        assert!(passed_on(code), "{code}");
    }
    let too_long = format!("{longest}1");
    for code in ["REST", "REST-", "-1", "rest-1", "REST-1a", "RE5T-1", "REST 1", "REST--1", &too_long] {
        assert!(!passed_on(code), "{code}");
    }
}

#[test]
fn codes_decide_first() {
    for status in [200, 404] {
        assert_eq!(reason(RequestToken, Secret, status, OFF), Reason::AuthDisabled);
        assert_eq!(reason(ListSecrets, Password, status, OFF), Reason::MissingEndpoint);
    }
    for (code, expected) in CODES {
        for status in [200, 400, 401, 403, 404] {
            let body = format!(r#"{{"code":"{code}","error":true,"message":"x"}}"#);
            assert_eq!(reason(Version, Bearer, status, &body), *expected, "{code} {status}");
        }
        let silent = format!(r#"{{"code":"{code}","error":false,"message":"x"}}"#);
        assert_eq!(reason(Version, Bearer, 200, &silent), *expected, "{code} without an error");
    }
}

/// Where GSQL was asked and REST++ answers, or somebody who wants a token for what needs none.
#[test]
fn who_answers_in_the_place_of_another_is_the_wrong_address() {
    let found = |path, status, code: &str, message: &str| {
        let body = format!(r#"{{"error":true,"code":"{code}","message":"{message}"}}"#);
        let redactor = Redactor::new(Vec::new(), &[]);
        let question = Question { operation: RequestToken, path, credential: Secret, redactor: &redactor };
        read_reply(&question, &answer(status, &body)).unwrap_err().reason()
    };
    for (path, status, code, expected) in [
        (path::TOKENS, 404, "REST-10016", Reason::MissingEndpoint),
        (path::TOKENS, 499, "REST-1004", Reason::MissingEndpoint),
        (path::TOKENS, 500, "REST-10018", Reason::AuthNoPrivilege),
        (path::TOKENS, 404, "REST-0000", Reason::AuthRefused),
        (path::TOKENS, 404, "GSQL-1", Reason::AuthRefused),
        (path::TOKENS, 404, "", Reason::AuthRefused),
        (path::REQUEST_TOKEN, 404, "REST-1004", Reason::MissingGraph),
    ] {
        assert_eq!(found(path, status, code, "no"), expected, "{path} {status} {code}");
    }
    let misses = "the input token = '' is empty";
    for (path, code, message, expected) in [
        (path::REQUEST_TOKEN, "REST-10016", misses, Reason::MissingEndpoint),
        (path::REQUEST_TOKEN, "REST-10016", "the input token = 'a' is bad", Reason::AuthBadToken),
        (path::REQUEST_TOKEN, "REST-10019", misses, Reason::AuthTokenExpired),
        (path::VERSION, "REST-10016", misses, Reason::AuthBadToken),
    ] {
        assert_eq!(found(path, 403, code, message), expected, "{path} {code} {message}");
    }
}

#[test]
fn an_endpoint_that_is_missing_is_not_one_that_is_off() {
    for (url, expected) in [
        ("", Reason::AuthDisabled),
        ("from url = /requesttoken, please", Reason::AuthDisabled),
        ("from url = /requesttoken please", Reason::AuthDisabled),
        ("from url = /requesttoken?a=b", Reason::AuthDisabled),
        ("from url = /requesttoken.", Reason::AuthDisabled),
        ("from url = /requesttoken", Reason::AuthDisabled),
        ("from url = /api/requesttoken, please", Reason::MissingEndpoint),
        ("from url = /requesttokens, please", Reason::MissingEndpoint),
    ] {
        let body = format!(r#"{{"code":"REST-1000","error":true,"message":"Endpoint is not found {url}"}}"#);
        assert_eq!(reason(RequestToken, Secret, 404, &body), expected, "{url}");
    }
    let off = ask(RequestToken, Secret, &answer(404, OFF)).unwrap_err();
    assert!(off.message().contains("authentication is switched off"), "{off}");
}

#[test]
fn words_decide_next() {
    let say = |message: &str| format!(r#"{{"error":true,"message":"{message}"}}"#);
    let cases = [
        (RequestToken, Secret, "Graph MyDatabase not found", Reason::MissingGraph),
        (CreateSecret, Password, "The alias already exists", Reason::ExistsSecret),
        (RequestToken, Secret, "Secret not found", Reason::AuthBadSecret),
        (DropSecrets, Password, "Secret x does not exist", Reason::MissingSecret),
        (DeleteToken, Password, "stand-in: block list full", Reason::ServerRevokeListFull),
        (RequestToken, Password, "stand-in: too many failed logins", Reason::AuthLockedOut),
        (Version, Bearer, "Access Denied because the input token = '' is empty or too short", Reason::AuthBadToken),
        (Version, Bearer, "Access Denied because the input token = 'a' expired", Reason::AuthTokenExpired),
        (CreateSecret, Password, "You do not have the privilege", Reason::AuthNoPrivilege),
        (ListSecrets, Password, "User bob does not exist", Reason::MissingUser),
    ];
    for (operation, credential, message, expected) in cases {
        for status in [200, 400] {
            assert_eq!(reason(operation, credential, status, &say(message)), expected, "{message}");
        }
    }
}

#[test]
fn statuses_decide_last() {
    let body = r#"{"error":true,"message":"no"}"#;
    let cases = [
        (RequestToken, Password, 401, Reason::AuthBadPassword),
        (RequestToken, Secret, 401, Reason::AuthBadSecret),
        (DeleteToken, Bearer, 401, Reason::AuthBadToken),
        (RequestToken, Nothing, 401, Reason::AuthRefused),
        (RequestToken, Secret, 403, Reason::AuthRefused),
        (RefreshToken, Secret, 403, Reason::AuthRefused),
        (Version, Bearer, 403, Reason::AuthRefused),
        (ListSecrets, Password, 403, Reason::AuthNoPrivilege),
        (GetSecret, Password, 404, Reason::MissingSecret),
        (ListSecrets, Password, 404, Reason::MissingUser),
        (DeleteToken, Password, 404, Reason::MissingToken),
        (CreateSecret, Password, 409, Reason::ExistsSecret),
        (RequestToken, Secret, 200, Reason::AuthRefused),
        (RequestToken, Secret, 400, Reason::AuthRefused),
        (RefreshToken, Secret, 200, Reason::AuthBadToken),
        (CreateSecret, Password, 400, Reason::ServerError),
        (ListSecrets, Password, 500, Reason::ServerError),
        (RequestToken, Secret, 500, Reason::ServerError),
        (RefreshToken, Secret, 500, Reason::ServerError),
    ];
    for (operation, credential, status, expected) in cases {
        assert_eq!(reason(operation, credential, status, body), expected, "{operation:?} {status}");
    }
    // Whoever logged in with a secret, and is told something about one, has a bad one.
    let body = r#"{"error":true,"message":"no such Secret"}"#;
    assert_eq!(reason(RequestToken, Secret, 400, body), Reason::AuthBadSecret);
    assert_eq!(reason(RequestToken, Password, 400, body), Reason::AuthRefused);
}

#[test]
fn a_refusal_that_was_not_found_asks_for_the_address() {
    for (status, expected) in [(404, true), (405, true), (403, false), (200, false)] {
        let answer = answer(status, r#"{"error":true,"message":"no"}"#);
        let error = ask(RequestToken, Secret, &answer).unwrap_err();
        assert_eq!(error.hint().starts_with("Check host and port"), expected, "{status}");
    }
}

#[test]
fn pages_instead_of_json() {
    let page = "<html><title>x</title></html>";
    let cases = [
        (200, Reason::ProtocolNotJson),
        (400, Reason::ProtocolNotJson),
        (401, Reason::AuthBadSecret),
        (403, Reason::AuthRefused),
        (404, Reason::MissingEndpoint),
        (405, Reason::MissingEndpoint),
        (500, Reason::ServerError),
        (502, Reason::UnavailableGateway),
        (503, Reason::UnavailableGateway),
        (504, Reason::UnavailableGateway),
        (302, Reason::ProtocolRedirect),
        (304, Reason::ProtocolShape),
        (206, Reason::ProtocolShape),
    ];
    for (status, expected) in cases {
        assert_eq!(reason(RequestToken, Secret, status, page), expected, "{status}");
    }
    let refused = ask(RequestToken, Secret, &answer(503, page)).unwrap_err();
    assert!(refused.message().contains("did not pass the request on"), "{refused}");
    assert!(refused.hint().contains("the gateway's limits"), "{}", refused.hint());
    let starting = "<html><title>Starting workspace</title></html>";
    assert_eq!(reason(RequestToken, Secret, 502, starting), Reason::UnavailableStarting);
    assert_eq!(reason(RequestToken, Secret, 503, "{}"), Reason::UnavailableOverloaded);
    assert_eq!(reason(RequestToken, Secret, 429, ""), Reason::UnavailableRateLimited);
    assert_eq!(reason(RequestToken, Secret, 408, ""), Reason::UnavailableOverloaded);
}

#[test]
fn retry_after_in_every_form() {
    let wait = |text: &str| {
        let mut limited = answer(429, "");
        limited.retry_after = Some(text.into());
        limited.date = http_date("Wed, 21 Oct 2099 07:27:00 GMT");
        ask(RequestToken, Secret, &limited).unwrap_err().retry_after_ms()
    };
    assert_eq!(wait("0"), Some(0));
    assert_eq!(wait("1"), Some(1000));
    assert_eq!(wait("3600"), Some(3_600_000));
    assert_eq!(wait("1000000000"), Some(1_000_000_000_000));
    assert_eq!(wait("Wed, 21 Oct 2099 07:28:00 GMT"), Some(60_000));
    for ignored in ["-1", "1e9", "", "soon"] {
        assert_eq!(wait(ignored), None, "{ignored}");
    }
}

#[test]
fn the_servers_words_are_cleaned() {
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIn0.abcdefghij";
    let body = format!(r#"{{"error":true,"code":"{token}","message":"bad token {token}"}}"#);
    let error = ask(CheckToken, Nothing, &answer(401, &body)).unwrap_err();
    assert!(!format!("{error:?}").contains("eyJ"), "{error:?}");
    assert_eq!(error.server_code(), "");
}
