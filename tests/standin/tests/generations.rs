//! The life of tokens and secrets, generation by generation, with the documented samples.

mod common;

use common::{alice, basic, claims, created, start, with};
use tigergraph_standin::Options;

#[test]
fn generation_a() {
    let client = start("3.4");
    let secret = created(&client.file(&alice(), "USE GRAPH MyGraph\nCREATE SECRET s1"));
    let made = client.send("GET", &format!("9000/requesttoken?secret={secret}&lifetime=1000"), "", "");
    let token = made.token();
    let now = client.standin.with_state(|state| state.now());
    let expiration = made.json()["expiration"].as_i64().expect("a number");
    assert!((now + 998..=now + 1000).contains(&expiration));
    let sample = format!(
        "{{\"code\":\"REST-0000\",\"expiration\":{expiration},\"error\":false,\
         \"message\":\"Generate new token successfully.\",\"token\":\"{token}\"}}"
    );
    assert_eq!(made.body, sample);
    assert_eq!(token.len(), 32);
    assert_eq!(made.content_type, None);
    assert_eq!(client.get_data(&token).status, 200);
    assert_eq!(client.send("POST", "/restpp/requesttoken", "", &secret).json()["error"], false);
    let by_password = client.send("GET", "9000/requesttoken?graph=MyGraph", &alice(), "");
    assert!(by_password.json()["results"]["token"].is_string());
    let refreshed = client.send("PUT", &format!("9000/requesttoken?secret={secret}&token={token}&lifetime=15"), "", "");
    assert_eq!(refreshed.json()["expiration"], 15);
    let deleted = client.send("DELETE", &format!("9000/requesttoken?secret={secret}&token={token}"), "", "");
    assert_eq!(deleted.json()["message"], "Drop token successfully.");
    let again = client.send("DELETE", &format!("9000/requesttoken?secret={secret}&token={token}"), "", "");
    assert_eq!(again.json()["code"], "REST-3300");
    assert_eq!(client.get_data(&token).json()["code"], "REST-10016");
    let old = client.send("POST", "/gsqlserver/gsql/authtoken?graph=MyGraph", &alice(), "");
    assert!(old.body.starts_with("{\"error\":false,\"message\":\"\",\"results\":{\"token\":\""), "{}", old.body);
}

#[test]
fn generation_a_documented_post() {
    let client = with(Options::new("3.4").switch("post-reply", "documented"));
    let secret = client.standin.add_secret("alice", "MyGraph", "s1");
    let made = client.send("POST", "9000/requesttoken?lifetime=1000000", "", &secret);
    let expected = format!(
        "{{\"code\":\"REST-0000\",\"expiration\":0,\"error\":false,\"message\":\"Refresh token successfully.\",\
         \"token\":\"{}\"}}",
        made.token()
    );
    assert_eq!(made.body, expected);
}

#[test]
fn generation_b() {
    let client = start("3.10");
    let secret = created(&client.file(&alice(), "USE GRAPH MyGraph\nCREATE SECRET s1"));
    let body = format!("{{\"secret\":\"{secret}\", \"graph\":\"MyGraph\", \"lifetime\":\"100000\"}}");
    let made = client.send("POST", "9000/requesttoken", "", &body);
    let token = made.token();
    assert!(made.body.starts_with("{\"code\":\"REST-0000\",\"expiration\":"), "{}", made.body);
    assert!(made.body.contains(
        "\"error\":false,\"message\":\"Generate new token successfully.\\nWarning: Tigergraph Support cannot restore \
         access to secrets/tokens for security reasons. Please save your secret/token and keep it safe and accessible.\""
    ));
    let by_password = client.send("POST", "/restpp/requesttoken", &alice(), "{'graph': 'MyGraph'}").json();
    assert!(by_password["results"]["token"].is_string());
    assert!(by_password["expiration"].is_i64());
    assert!(by_password.get("token").is_none());
    let body = format!("{{\"token\":\"{token}\",\"secret\":\"{secret}\",\"lifetime\":\"15000\"}}");
    let refreshed = client.send("PUT", "/restpp/requesttoken", "", &body);
    assert_eq!(refreshed.token(), token);
    assert!(refreshed.json()["expiration"].as_i64() > Some(1_700_000_000));
    assert_eq!(client.get_data(&token).status, 200);
    let body = format!("{{\"token\":\"{token}\"}}");
    let deleted = client.send("DELETE", "/restpp/requesttoken", &alice(), &body);
    let expected = format!(
        "{{\"code\":\"REST-0000\",\"expiration\":-1,\"error\":false,\"message\":\"Drop token successfully.\",\
         \"token\":\"{token}\"}}"
    );
    assert_eq!(deleted.body, expected);
    let get = client.send("GET", &format!("9000/requesttoken?secret={secret}"), "", "");
    assert_eq!((get.status, get.json()["code"].as_str()), (404, Some("REST-1000")));
    let page = client.send("POST", "/gsql/v1/tokens", "", "{}");
    assert_eq!((page.status, page.content_type.as_deref()), (404, Some("text/html")));
}

#[test]
fn tokens_die_with_their_secret_up_to_3_11() {
    let client = start("3.10");
    let secret = client.standin.add_secret("alice", "MyGraph", "s1");
    let token = client.send("POST", "/restpp/requesttoken", "", &format!("{{\"secret\":\"{secret}\"}}")).token();
    assert_eq!(client.get_data(&token).status, 200);
    let dropped = client.file(&alice(), "USE GRAPH MyGraph\nDROP SECRET s1\nDROP SECRET s1");
    assert!(dropped.body.contains("Successfully dropped secrets"), "{}", dropped.body);
    assert!(dropped.body.contains("Failed to drop secrets"), "{}", dropped.body);
    assert!(dropped.body.ends_with("__GSQL__RETURN__CODE__,212\n"), "{}", dropped.body);
    assert_eq!(client.get_data(&token).status, 403);
}

#[test]
fn gsql_text() {
    let client = start("3.10");
    let none = client.file(&alice(), "CREATE SECRET a");
    assert!(none.body.ends_with("__GSQL__RETURN__CODE__,213\n"), "{}", none.body);
    let secret = created(&client.file(&alice(), "USE GRAPH MyGraph\nCREATE SECRET a"));
    let twice = client.file(&alice(), "use graph MyGraph\ncreate secret a");
    assert!(twice.body.contains("already exists"), "{}", twice.body);
    created(&client.file(&alice(), "USE GRAPH OtherGraph\nCREATE SECRET"));
    let shown = client.file(&basic("__GSQL__secret", &secret), "SHOW SECRET").body;
    let lines = format!(
        "    - Secret: {}****{}\n      - Alias: a\n      - GraphName: MyGraph\n    - Secret: ",
        &secret[..3],
        &secret[29..]
    );
    assert!(shown.starts_with(&lines), "{shown}");
    assert!(shown.contains("- Alias: AUTO_GENERATED_ALIAS_"), "{shown}");
    let refused = client.file(&basic("alice", "OpenSesame"), "SHOW SECRET");
    assert_eq!((refused.status, refused.body.as_str()), (401, ""));
}

#[test]
fn unmasked_before_3_1() {
    let client = start("3.0");
    let secret = created(&client.file(&alice(), "USE GRAPH MyGraph\nCREATE SECRET a"));
    let token = client.send("GET", &format!("9000/requesttoken?secret={secret}"), "", "").token();
    let shown = client.file(&alice(), "SHOW SECRET").body;
    assert!(shown.contains(&format!("- Secret: {secret}\n")), "{shown}");
    assert!(shown.contains(&format!("- Token: {token} expire at: 20")), "{shown}");
}

#[test]
fn generation_c() {
    let client = start("4.2");
    let secret = created(&client.statements(&alice(), "CREATE SECRET s1"));
    let made = client.send("POST", "/gsql/v1/tokens", "", &format!("{{\"secret\":\"{secret}\"}}"));
    let token = made.token();
    let keys: Vec<String> = made.json().as_object().expect("an object").keys().cloned().collect();
    assert_eq!(keys, ["expiration", "error", "message", "token"]);
    let claims = claims(&token);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 604_805);
    assert_eq!((claims["sub"].as_str(), claims["iss"].as_str()), (Some("alice"), Some("TigerGraph")));
    assert!(claims.get("graph").is_none());
    let text = made.json()["expiration"].as_str().expect("text").to_owned();
    let time = jiff::fmt::strtime::parse("%a %b %d %H:%M:%S %z %Y", text.replace("UTC", "+0000")).expect("a date");
    assert_eq!(time.to_timestamp().expect("a time").as_second(), claims["exp"].as_i64().unwrap());
    assert_eq!(client.get_data(&token).status, 200);
    let checked = client.send("POST", "/gsql/v1/tokens/check", "", &format!("{{\"token\":\"{token}\"}}"));
    assert_eq!(checked.body, format!("{{\"error\":false,\"message\":\"The token {token} verification succeed.\"}}"));
    assert!(client.statements(&format!("Bearer {token}"), "SHOW SECRET").body.contains("- Alias: s1"));
    let body = format!("{{\"tokens\":\"{token}\"}}");
    let dropped = client.send("DELETE", "/gsql/v1/tokens", &alice(), &body);
    assert_eq!(dropped.body, "{\"error\":false,\"message\":\"Successfully dropped the specified JWT tokens\"}");
    assert_eq!(client.send("DELETE", "/gsql/v1/tokens", &alice(), &body).status, 200);
    let refused = client.get_data(&token);
    assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("REST-10016")));
    assert_eq!(client.statements(&format!("Bearer {token}"), "SHOW SECRET").status, 401);
    let checked = client.send("POST", "/gsql/v1/tokens/check", "", &format!("{{\"token\":\"{token}\"}}"));
    assert_eq!(checked.json()["error"], true);
    client.send("DELETE", "/gsql/v1/tokens?clear=true", &alice(), "");
    assert_eq!(client.get_data(&token).status, 200);
    let graph = client.send("POST", "/gsql/v1/tokens", &alice(), "{\"graph\":\"OtherGraph\"}").token();
    let refused = client.get_data(&graph);
    assert_eq!((refused.status, refused.json()["code"].as_str()), (401, Some("REST-10018")));
    let unknown = client.send("POST", "/gsql/v1/tokens", &alice(), "{\"graph\":\"X\"}");
    assert_eq!((unknown.status, unknown.body.as_str()), (400, "{\"error\":true,\"message\":\"Graph X not found\"}"));
    let none = client.send("POST", "/gsql/v1/tokens", "", "");
    assert_eq!((none.status, none.body.as_str()), (401, "{\"error\":true,\"message\":\"Authentication failed.\"}"));
    assert_eq!(client.send("PUT", "/gsql/v1/tokens", &alice(), "").status, 405);
    let old = client.send("POST", "/restpp/requesttoken", &alice(), "{\"graph\":\"MyGraph\"}");
    assert_eq!(old.body, format!("{{\"error\":false,\"token\":\"{}\"}}", old.token()));
    assert!(client.try_send("GET", "9000/echo", "", "", "").is_err());
}

#[test]
fn rest_secrets() {
    let client = start("4.2");
    let made = client.send("POST", "/gsql/v1/secrets?alias=s1", &alice(), "");
    let value = made.json()["results"]["value"].as_str().expect("a value").to_owned();
    let sample = format!("{{\"error\":false,\"message\":\"\",\"results\":{{\"alias\":\"s1\",\"value\":\"{value}\"}}}}");
    assert_eq!(made.body, sample);
    assert_eq!(client.send("GET", "/gsql/v1/secrets/s1", &alice(), "").body, sample);
    assert!(client.send("GET", "/gsql/v1/secrets", &alice(), "").json()["results"].is_array());
    assert_eq!(client.send("POST", "/gsql/v1/secrets?alias=s1", &alice(), "").status, 400);
    assert_eq!(client.send("GET", "/gsql/v1/secrets/s2", &alice(), "").status, 404);
    assert_eq!(client.send("GET", "/gsql/v1/secrets?userName=tigergraph", &alice(), "").status, 403);
    let admin = basic("tigergraph", "tigergraph");
    assert_eq!(client.send("GET", "/gsql/v1/secrets/s1?userName=alice", &admin, "").body, sample);
    let own = client.send("POST", "/gsql/v1/secrets?alias=s2&value=my-own-secret", &alice(), "");
    assert_eq!(own.json()["results"]["value"], "my-own-secret");
    let removed = "{\"error\":false,\"message\":\"Successfully removed the secrets for user alice.\"}";
    let body = "{\"secrets\":[\"s1\",\"my-own-secret\"]}";
    assert_eq!(client.send("DELETE", "/gsql/v1/secrets", &alice(), body).body, removed);
    client.send("POST", "/gsql/v1/secrets?alias=s3", &alice(), "");
    assert_eq!(client.send("DELETE", "/gsql/v1/secrets/s3", &alice(), "").body, removed);
    client.send("GET", "/gsql/v1/secrets/%2e%2e/drop-all", &alice(), "");
    assert_eq!(client.standin.tripwires(), 1);
}

#[test]
fn milliseconds() {
    let client = with(Options::new("4.1").switch("lifetime-unit", "milliseconds"));
    let token = client.send("POST", "/gsql/v1/tokens", &alice(), "{\"lifetime\":\"3600000\"}").token();
    let claims = claims(&token);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3605);
    assert_eq!(client.statements(&format!("Bearer {token}"), "SHOW SECRET").status, 401, "4.1.0 takes no JWT here");
}

#[test]
fn version_4_0_by_switch() {
    let client = start("4.0");
    assert_eq!(client.send("POST", "/gsql/v1/tokens", &alice(), "{}").status, 404);
    assert!(
        client.send("POST", "9000/requesttoken", &alice(), "{\"graph\":\"MyGraph\"}").json()["results"].is_object()
    );
    let client = with(Options::new("4.0").switch("version-4.0", "c"));
    client.send("POST", "/gsql/v1/tokens", &alice(), "{}").token();
    let absent = client.send("GET", "/gsql/v1/secrets", &alice(), "");
    assert_eq!((absent.status, absent.content_type.as_deref()), (404, Some("text/html")));
}

/// Section 10 of the list of what is known: what the tests of other clients show.
#[test]
fn the_forms_of_deleting_a_token_that_4_1_took() {
    let delete = |switch: &str, body: &dyn Fn(&str, &str) -> String| {
        let client = with(Options::new("4.1").switch("delete-form", switch));
        let secret = client.standin.add_secret("alice", "MyGraph", "s1");
        let token = client.send("POST", "/gsql/v1/tokens", "", &format!("{{\"secret\":\"{secret}\"}}")).token();
        let status = client.send("DELETE", "/gsql/v1/tokens", "", &body(&secret, &token)).status;
        assert_eq!(client.standin.snapshot().blocked.len(), usize::from(status == 200));
        status
    };
    let by_secret = |secret: &str, token: &str| format!("{{\"secret\":\"{secret}\",\"token\":\"{token}\"}}");
    let no_login = |_: &str, token: &str| format!("{{\"tokens\":\"{token}\"}}");
    let both = |secret: &str, token: &str| format!("{{\"secret\":\"{secret}\",\"tokens\":\"{token}\"}}");
    let wrong = |_: &str, token: &str| format!("{{\"secret\":\"nosuchsecret\",\"tokens\":\"{token}\"}}");
    assert_eq!(["secret", "no-login"].map(|switch| delete(switch, &by_secret)), [200, 400]);
    assert_eq!(["secret", "no-login"].map(|switch| delete(switch, &no_login)), [401, 200]);
    assert_eq!(["secret", "no-login"].map(|switch| delete(switch, &both)), [200, 200]);
    assert_eq!(["secret", "no-login"].map(|switch| delete(switch, &wrong)), [400, 400]);
}

#[test]
fn what_the_tests_of_other_clients_show() {
    for (version, falsy) in [("3.8", false), ("3.9", true), ("4.2", true)] {
        let error = start(version).send("GET", "/api/ping", "", "").json()["error"].clone();
        assert_eq!(error == serde_json::json!(false), falsy, "{version}: {error}");
    }
    for version in ["2.6", "3.4", "3.9.3", "4.2"] {
        let client = start(version);
        assert_eq!(client.send("GET", "/restpp/version", "", "").status, 403, "{version}");
        client.standin.set_auth_enabled(false);
        let body = client.send("GET", "/restpp/version", "", "").body;
        assert!(body.lines().nth(3).is_some_and(|line| line.starts_with("product ")), "{body}");
    }
    let client = start("4.2");
    let secret = client.standin.add_secret("alice", "MyGraph", "s1");
    assert_eq!(client.send("GET", "/gsql/v1/secrets?userName=", &alice(), "").json()["results"][0]["alias"], "s1");
    for path in ["/gsql/v1/secrets", "/gsql/v1/secrets/s1", "/gsql/v1/version", "/gsql/v1/auth/simple"] {
        assert_eq!(client.send("GET", path, &format!("GSQL-Secret {secret}"), "").status, 200, "{path}");
        assert_eq!(client.send("GET", path, "GSQL-Secret nosuchsecret", "").status, 401, "{path}");
    }
}
