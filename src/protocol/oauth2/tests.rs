use super::*;
use std::sync::Arc;

use crate::protocol::redact::ToHide;

const SECRET: &str = "s+/%: canary";

fn redactor() -> Redactor<'static> {
    Redactor::new(vec![ToHide::Own(Arc::new(Hidden::new(SECRET)))], &[])
}

fn answer(status: u16, body: &str) -> Answer {
    Answer::new(status, Wiped::new(body.as_bytes().to_vec()))
}

fn outcome(answer: &Answer) -> Result<(String, Option<u64>)> {
    let reply = parse(answer)?;
    read(answer, &reply, &redactor()).map(|granted| (granted.token.to_owned(), granted.expires_in))
}

fn error(status: u16, body: &str) -> Error {
    outcome(&answer(status, body)).unwrap_err()
}

#[test]
fn every_way_is_at_the_place_of_its_name() {
    for (name, way) in CLIENT_AUTHS {
        assert_eq!(way.name(), name);
    }
}

#[test]
fn plain_letters_go_into_the_header_first_and_all_else_into_the_form() {
    let (header_first, form_first) = ([ClientAuth::Basic, ClientAuth::Form], [ClientAuth::Form, ClientAuth::Basic]);
    assert_eq!(ClientAuth::order("My-client.1_2~", "aZ09-._~"), header_first);
    for odd in ["+", "/", "%", ":", " ", "=", "!", "*", "ü", "\"", "&"] {
        let odd = format!("abc{odd}def");
        assert_eq!(ClientAuth::order(&odd, "plain"), form_first, "{odd}");
        assert_eq!(ClientAuth::order("plain", &odd), form_first, "{odd}");
    }
}

/// For each way: the header before Base64, and the content.
#[test]
fn a_secret_is_sent_in_one_place_alone() {
    let (id, secret) = ("a b:c", "+/%:é");
    let rows = [
        (ClientAuth::Basic, "a%20b%3Ac:%2B%2F%25%3A%C3%A9", "grant_type=client_credentials&scope=r%20w"),
        (ClientAuth::BasicRaw, "a b:c:+/%:é", "grant_type=client_credentials&scope=r%20w"),
        (
            ClientAuth::Form,
            "",
            "grant_type=client_credentials&scope=r%20w&client_id=a%20b%3Ac&client_secret=%2B%2F%25%3A%C3%A9",
        ),
    ];
    for (way, in_header, content) in rows {
        let parameters = [("scope", "r w"), ("audience", "")];
        let grant = Grant { id, proof: ClientProof::Secret(secret, way), parameters: &parameters };
        let header = (!in_header.is_empty()).then(|| {
            use base64::Engine as _;
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(in_header))
        });
        assert_eq!(grant.authorization().as_ref().map(Hidden::reveal), header.as_deref(), "{way:?}");
        assert_eq!(grant.body().as_str(), content, "{way:?}");
    }
}

#[test]
fn an_assertion_stands_in_place_of_a_secret() {
    let grant = Grant { id: "me", proof: ClientProof::Assertion("a.b.c", JWT_BEARER), parameters: &[] };
    assert_eq!(grant.authorization(), None);
    let expected = "grant_type=client_credentials&client_id=me&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
                    client-assertion-type%3Ajwt-bearer&client_assertion=a.b.c";
    assert_eq!(grant.body().as_str(), expected);
}

#[test]
fn tokens_and_their_lives() {
    let life = |member: &str| {
        let body = format!(r#"{{"access_token":"abcdefgh","token_type":"Bearer"{member}}}"#);
        outcome(&answer(200, &body)).unwrap().1
    };
    let rows = [
        ("", None),
        (r#","expires_in":3600"#, Some(3600)),
        (r#","expires_in":"3600""#, Some(3600)),
        (r#","expires_in":3599.9"#, Some(3599)),
        (r#","expires_in":1e300"#, Some(u64::MAX)),
        (r#","expires_in":0"#, None),
        (r#","expires_in":-1"#, None),
        (r#","expires_in":"0""#, None),
        (r#","expires_in":"""#, None),
        (r#","expires_in":"soon""#, None),
        (r#","expires_in":"99999999999999999999999""#, None),
        (r#","expires_in":null"#, None),
        (r#","expires_in":[1]"#, None),
    ];
    for (member, expected) in rows {
        assert_eq!(life(member), expected, "{member}");
    }
    for kind in [r#""token_type":"bearer","#, r#""token_type":"BEARER","#, r#""token_type":null,"#, ""] {
        for status in [200, 201] {
            let body = format!(r#"{{{kind}"access_token":"abcdefgh","x":1}}"#);
            assert_eq!(outcome(&answer(status, &body)).unwrap(), ("abcdefgh".to_owned(), None), "{kind}");
        }
    }
}

/// As in a program in Free Pascal or Common Lisp. What is wrong here ends the process.
#[test]
fn numbers_of_any_size_are_read_with_the_processors_traps() {
    let life = |number: &str| {
        let body = format!(r#"{{"access_token":"abcdefgh","expires_in":{number}}}"#);
        crate::platform::float_traps::with_traps(|| outcome(&answer(200, &body)).map(|granted| granted.1))
    };
    for (number, expected) in [
        ("3599.9", Some(3599)),
        ("-0.5", None),
        ("-1e300", None),
        ("1e300", Some(u64::MAX)),
        ("18446744073709551615", Some(u64::MAX)),
        ("123456789012345678901234567890", Some(u64::MAX)),
    ] {
        assert_eq!(life(number).expect("an answer"), expected, "{number}");
    }
    for number in ["9e308", "1e999", "-17976931348623157e300"] {
        assert!(life(number).is_err(), "{number}");
    }
}

/// Status and body, and what they mean.
#[test]
fn every_cell_of_the_table_of_refusals() {
    let rows = [
        (200, r#"{"access_token":"abcdefgh","token_type":"mac"}"#, Reason::ProtocolShape),
        (200, r#"{"access_token":"abcdefgh","token_type":1}"#, Reason::ProtocolShape),
        (200, r#"{"access_token":7}"#, Reason::ProtocolShape),
        (200, r#"{"access_token":"abcdefgh","access_token":"ijklmnop"}"#, Reason::ProtocolShape),
        (200, r#"{"access_token":"abcdefgh","expires_in":1,"expires_in":2}"#, Reason::ProtocolShape),
        (200, "{}", Reason::ProtocolShape),
        (200, "[]", Reason::ProtocolShape),
        (200, "<html>Please log in</html>", Reason::ProtocolNotJson),
        (200, "access_token=abcdefgh&token_type=bearer", Reason::ProtocolNotJson),
        (200, "", Reason::ProtocolNotJson),
        (200, r#"{"error":"bad_verification_code"}"#, Reason::Oauth2Refused),
        (204, "", Reason::ProtocolNotJson),
        (304, "", Reason::ProtocolNotJson),
        (301, "", Reason::ProtocolRedirect),
        (302, r#"{"access_token":"abcdefgh"}"#, Reason::ProtocolRedirect),
        (307, "", Reason::ProtocolRedirect),
        (400, r#"{"error":"invalid_client"}"#, Reason::Oauth2Refused),
        (401, r#"{"error":"invalid_client"}"#, Reason::Oauth2Refused),
        (400, r#"{"error":"invalid_request"}"#, Reason::Oauth2Refused),
        (400, r#"{"error":"invalid_grant"}"#, Reason::Oauth2Refused),
        (400, r#"{"error":"unauthorized_client"}"#, Reason::Oauth2Refused),
        (400, r#"{"error":"unsupported_grant_type"}"#, Reason::Oauth2Refused),
        (400, r#"{"error":"invalid_scope"}"#, Reason::Oauth2Refused),
        (400, r#"{"error":"invalid_target"}"#, Reason::Oauth2Refused),
        (403, r#"{"error":"access_denied"}"#, Reason::Oauth2Refused),
        (404, r#"{"error":"invalid_client"}"#, Reason::Oauth2Refused),
        (400, r#"{"error":"something_new"}"#, Reason::Oauth2Refused),
        (400, r#"{"error":"temporarily_unavailable"}"#, Reason::Oauth2Unavailable),
        (400, r#"{"error":"server_error"}"#, Reason::Oauth2Unavailable),
        (400, r#"{"error":"slow_down"}"#, Reason::Oauth2Unavailable),
        (400, r#"{"message":"no"}"#, Reason::ProtocolShape),
        (400, r#"{"error":{"code":1}}"#, Reason::ProtocolShape),
        (400, "<html>Bad Request</html>", Reason::ProtocolNotJson),
        (401, "", Reason::Oauth2Refused),
        (403, "<html>Forbidden</html>", Reason::Oauth2Refused),
        (404, "<html>Not Found</html>", Reason::ProtocolShape),
        (404, r#"{"error":"Not Found","path":"/token"}"#, Reason::ProtocolShape),
        (405, "", Reason::ProtocolShape),
        (408, "", Reason::Oauth2Unavailable),
        (429, r#"{"error":"invalid_client"}"#, Reason::Oauth2Unavailable),
        (500, r#"{"error":"invalid_client"}"#, Reason::Oauth2Unavailable),
        (500, "<html>Oops</html>", Reason::Oauth2Unavailable),
        (502, "", Reason::Oauth2Unavailable),
        (503, "", Reason::Oauth2Unavailable),
        (504, "", Reason::Oauth2Unavailable),
    ];
    for (status, body, expected) in rows {
        let error = error(status, body);
        assert_eq!(error.reason(), expected, "{status} {body}: {error}");
        assert_eq!(error.http_status(), status, "{body}");
        assert!(error.message().starts_with("cannot get a token from the token endpoint"), "{error}");
        let is_usual = error.hint() == expected.hint();
        assert!(!is_usual || !expected.id().starts_with("protocol"), "the hint is about TigerGraph: {status} {body}");
    }
}

#[test]
fn what_the_server_says_is_shown_without_credentials() {
    let body =
        r#"{"error":"invalid_client","error_description":"secret s+\/%: canary of abcdefghijklmnopqrst is wrong"}"#;
    let error = error(401, body);
    let shown = "cannot get a token from the token endpoint: it refused: invalid_client: \
                 secret <redacted:12> of <redacted:20> is wrong (HTTP 401)";
    assert_eq!(error.message(), shown);
    assert_eq!(error.server_code(), "invalid_client");
    let error = self::error(400, r#"{"error":"s%2B%2F%25%3A%20canary"}"#);
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    let error = self::error(400, r#"{"error":"unsupported_grant_type"}"#);
    assert!(
        error.message().contains(": unsupported_grant_type ("),
        "longer than a credential may be, and none: {error}"
    );
}

#[test]
fn the_wait_that_a_server_asks_for_is_told() {
    for (status, expected) in [(429, Some(7000)), (503, Some(7000))] {
        let limited = Answer { retry_after: Some("7".into()), ..answer(status, "") };
        assert_eq!(outcome(&limited).unwrap_err().retry_after_ms(), expected);
    }
}

#[test]
fn an_answer_that_was_cut_off_may_be_asked_for_again() {
    let cut = Answer { until_close: true, ..answer(200, r#"{"access_token":"abcdef"#) };
    assert!(outcome(&cut).unwrap_err().transient());
    assert!(!error(200, r#"{"access_token":"abcdef"#).transient());
}
