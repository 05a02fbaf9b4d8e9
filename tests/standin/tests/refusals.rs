//! Refusals, health, throttling, limits and switches.

mod common;

use common::{alice, basic, start, with};
use tigergraph_standin::{Issuer, Options, SWITCHES, Switches, wall_clock};

#[test]
fn refusals_of_restpp() {
    let client = start("4.2");
    let none = client.send("GET", "/restpp/graph/MyGraph/vertices/x", "", "");
    let expected = "{\"version\":{\"edition\":\"enterprise\",\"api\":\"v2\",\"schema\":0},\"error\":true,\
                    \"message\":\"Access Denied because the input token = '' is empty or too short\",\
                    \"code\":\"REST-10016\"}";
    assert_eq!((none.status, none.body.as_str()), (403, expected));
    assert_eq!(client.send("GET", "/restpp/version", &alice(), "").body, expected);
    let secret = client.standin.add_secret("alice", "", "s1");
    let form = client.get_data(&secret);
    let shown = format!("'{}****{}' is not in correct format", &secret[..4], &secret[29..]);
    assert!(form.body.contains(&shown), "{}", form.body);
    let data = "/restpp/graph/MyGraph/vertices/x";
    assert_eq!(client.send("GET", data, &format!("GSQL-Secret {secret}"), "").status, 200);
    let token = client.send("POST", "/gsql/v1/tokens", "", &format!("{{\"secret\":\"{secret}\"}}")).token();
    client.standin.set_clock_offset(700_000);
    let expired = client.get_data(&token);
    assert_eq!((expired.status, expired.json()["code"].as_str()), (401, Some("REST-10019")));
    client.standin.set_clock_offset(0);
    let (text, signature) = token.rsplit_once('.').expect("a signature");
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = client.get_data(&format!("{text}.{first}{}", &signature[1..]));
    assert_eq!((forged.status, forged.json()["code"].as_str()), (401, Some("REST-10016")));
    let bad = client.send("POST", "/gsql/v1/tokens", "", "{\"secret\":\"nope\"}");
    let expected = "{\"error\":true,\"message\":\"stand-in: secret not accepted\"}";
    assert_eq!((bad.status, bad.body.as_str()), (400, expected));
}

#[test]
fn refusals_of_3_x() {
    let client = with(Options::new("3.4").switch("refusals", "401-403"));
    let none = client.send("GET", "9000/graph/MyGraph/vertices/x", "", "");
    assert_eq!((none.status, none.json()["code"].as_str()), (401, Some("REST-10016")));
    assert!(none.body.contains("'' is invalid."));
    let secret = client.standin.add_secret("alice", "MyGraph", "s1");
    let token = client.send("GET", &format!("9000/requesttoken?secret={secret}"), "", "").token();
    let other = client.send("GET", "9000/graph/OtherGraph/x", &format!("Bearer {token}"), "");
    assert_eq!((other.status, other.json()["code"].as_str()), (403, Some("REST-10018")));
    client.standin.expire_tokens();
    assert_eq!(client.get_data(&token).json()["code"], "REST-10019");
    let bad = client.send("GET", "9000/requesttoken?secret=nope", "", "");
    assert_eq!((bad.status, &bad.json()["error"], bad.json().get("code")), (200, &true.into(), None));
    let bad = client.send("GET", "9000/requesttoken?graph=MyGraph", &basic("alice", "x"), "");
    assert_eq!(bad.status, 401);
}

#[test]
fn authentication_off() {
    for version in ["3.4", "3.10", "4.2"] {
        let client = with(Options::new(version).auth(false));
        let none = client.send("POST", "/restpp/requesttoken", &alice(), "{\"graph\":\"MyGraph\"}");
        assert_eq!((none.status, none.json()["code"].as_str()), (404, Some("REST-1000")), "{version}");
        assert_eq!(
            none.json()["message"],
            "Endpoint is not found from url = /requesttoken, please use GET /endpoints to list all valid endpoints."
        );
        assert_eq!(client.send("GET", "/restpp/graph/MyGraph/vertices/x", "", "").status, 200);
        client.standin.set_auth_enabled(true);
        assert_eq!(client.send("GET", "/restpp/graph/MyGraph/vertices/x", "", "").status, 403);
    }
}

#[test]
fn health_and_version() {
    let client = start("3.10");
    assert_eq!(client.send("GET", "/api/ping", "", "").body, r#"{"error":false,"message":"pong","results":{}}"#);
    assert_eq!(client.send("GET", "9000/echo/", "", "").body, r#"{"error":false,"message":"Hello GSQL"}"#);
    let secret = client.standin.add_secret("alice", "MyGraph", "s1");
    let token = client.send("POST", "/restpp/requesttoken", "", &format!("{{\"secret\":\"{secret}\"}}")).token();
    let version = client.send("GET", "9000/version", &format!("Bearer {token}"), "").body;
    assert!(version.starts_with("{\"error\":\"false\", \"message\":\"TigerGraph RESTPP: \n --- Version --- \n"));
    assert!(version.contains("TigerGraph version: 3.10.0\n"));
    let client = start("4.2");
    assert_eq!(client.send("GET", "/api/ping", "", "").body, r#"{"error":false,"message":"pong","results":{}}"#);
    assert_eq!(client.send("GET", "/gsql/v1/version", "", "").status, 401);
    assert!(client.send("GET", "/gsql/v1/version", &alice(), "").body.starts_with("GSQL version: GLE-"));
    let simple = client.send("GET", "/gsql/v1/auth/simple", &alice(), "").json();
    assert_eq!(
        (simple["message"].as_str(), &simple["results"]["isSuperUser"]),
        (Some("successfully authored."), &false.into())
    );
}

#[test]
fn statements_need_plain_text() {
    let client = start("4.2");
    let kind = "application/x-www-form-urlencoded";
    let answer = client.try_send("POST", "/gsql/v1/statements", &alice(), kind, "ls graphs\n").expect("an answer");
    let expected = "{\"error\":true,\"message\":\"The request was rejected because the parameter name \
                    \\\"ls graphs\\n\\\" is not allowed.\"}";
    assert_eq!(answer.body, expected);
    assert_eq!(client.file(&alice(), "SHOW SECRET").status, 404);
}

#[test]
fn logins_are_throttled() {
    let client = start("3.10");
    let send = |password: &str| client.file(&basic("alice", password), "SHOW SECRET");
    for _ in 0..5 {
        assert_eq!(send("wrong").body, "");
    }
    let expected = "{\"error\":true,\"message\":\"stand-in: too many failed logins\"}";
    assert_eq!((send("opensesame").status, send("opensesame").body.as_str()), (401, expected));
    client.standin.set_clock_offset(11);
    for _ in 0..2 {
        assert_eq!(send("wrong").body, "");
        client.standin.with_state(|state| state.clock_offset += 11);
    }
    assert_eq!(send("opensesame").body, expected, "20 seconds by now");
    client.standin.with_state(|state| state.clock_offset += 10);
    assert_eq!(send("opensesame").status, 200);
}

#[test]
fn the_block_list_has_a_limit() {
    let client = start("4.2");
    let tokens: Vec<String> = (0..21).map(|_| client.send("POST", "/gsql/v1/tokens", &alice(), "").token()).collect();
    let block = |tokens: &[String]| {
        client.send("DELETE", "/gsql/v1/tokens", &alice(), &format!("{{\"tokens\":\"{}\"}}", tokens.join(", "))).status
    };
    assert_eq!(block(&tokens), 400);
    assert_eq!(block(&tokens[..20]), 200);
    assert_eq!(block(&tokens[20..]), 400);
    assert_eq!(client.send("DELETE", "/gsql/v1/tokens", &alice(), "{\"tokens\":[\"a\"]}").status, 400);
    assert_eq!(client.standin.snapshot().blocked.len(), 20);
}

#[test]
fn lifetimes_and_limits() {
    for version in ["3.10", "4.2"] {
        let path = if version == "4.2" { "/gsql/v1/tokens" } else { "/restpp/requesttoken" };
        let ask = |options: Options, lifetime: &str| {
            let body = format!("{{\"graph\":\"MyGraph\",\"lifetime\":{lifetime}}}");
            with(options).send("POST", path, &alice(), &body)
        };
        for bad in ["\"x\"", "0", "-1", "\"0\"", "1.5", "true"] {
            assert_eq!(ask(Options::new(version), bad).status, 400, "{bad}");
        }
        assert_eq!(ask(Options::new(version), "100").status, 200);
        let limited = Options { max_lifetime: 50, ..Options::new(version) };
        assert_eq!(ask(limited.clone(), "\"100\"").status, 200);
        assert_eq!(ask(limited.switch("lifetime-above", "refuse"), "\"100\"").status, 400);
        let full = Options { token_limit: 0, ..Options::new(version) };
        assert_eq!(ask(full, "100").json()["error"], true);
    }
}

#[test]
fn tokens_of_another_issuer() {
    let client = start("4.2");
    let issuer = Issuer::new("https://login.example.com");
    let now = wall_clock();
    let token = issuer.token("alice", now, 60);
    let both = |token: &str| {
        let gateway = client.send("GET", "/gsql/v1/secrets", &format!("Bearer {token}"), "").status;
        (client.get_data(token).status, gateway)
    };
    assert_eq!(both(&token), (401, 401), "nobody has said that it is to be trusted");
    client.standin.trust_issuer(&issuer);
    assert_eq!(both(&token), (200, 200));
    assert_eq!(both(&issuer.token("nobody", now, 60)), (401, 401));
    assert_eq!(both(&Issuer::new("https://login.example.com").token("alice", now, 60)), (401, 401), "another key");
    let expired = both(&issuer.token("alice", now - 120, 60));
    assert!(expired.0 != 200 && expired.1 == 401, "{expired:?}");
    client.standin.trust_issuer(&Issuer::new("https://login.example.com"));
    assert_eq!(both(&token), (401, 401), "the key was replaced");
    let before = start("3.10");
    before.standin.trust_issuer(&issuer);
    assert_ne!(before.get_data(&token).status, 200);
}

#[test]
fn existing_tokens() {
    let client = start("3.11");
    let ask = |query: &str| {
        let reply = client.send("POST", &format!("/restpp/requesttoken{query}"), &alice(), "{\"graph\":\"MyGraph\"}");
        reply.json()["results"]["token"].as_str().expect("a token").to_owned()
    };
    let token = ask("");
    assert_eq!(ask("?allowExisting=true"), token);
    assert_ne!(ask("?allowExisting=false"), token);
    let replica = with(Options { replica: true, ..Options::new("3.11") });
    let none = replica.send("POST", "/restpp/requesttoken?allowExisting=true", &alice(), "{\"graph\":\"MyGraph\"}");
    assert_eq!(none.json()["message"], "stand-in: No Token Found");
}

#[test]
fn expired_tokens_are_swept() {
    let client = start("3.10");
    let path = "/restpp/requesttoken";
    client.send("POST", path, &alice(), "{\"graph\":\"MyGraph\",\"lifetime\":\"10\"}");
    client.standin.set_clock_offset(20);
    assert_eq!(client.send("DELETE", "/expiredtoken", &alice(), "").status, 403);
    assert_eq!(client.send("DELETE", "/expiredtoken", &alice(), "{\"user\":[\"alice\"]}").status, 200);
    assert_eq!(client.standin.with_state(|state| state.tokens.len()), 0);
}

#[test]
fn every_switch_can_be_set() {
    for (name, _, values) in SWITCHES {
        for value in *values {
            assert!(format!("{name}={value}").parse::<Switches>().is_ok(), "{name}={value}");
        }
        assert!(Switches::default().set(name, "nonsense").is_err());
    }
    let error = "x=y".parse::<Switches>().expect_err("no such switch").to_string();
    assert!(error.contains("lifetime-unit=seconds|milliseconds  (row 4)"), "{error}");
}

#[test]
fn switches_act() {
    let client = with(Options::new("4.2").switch("port-9000-on-c", "open").switch("gsqlserver-on-c", "works"));
    assert_eq!(client.send("GET", "9000/echo", "", "").status, 200);
    assert_eq!(client.file(&alice(), "SHOW SECRET").status, 200);
    let client = with(Options::new("4.2").switch("list-shape", "object").switch("jwt-after-drop", "refused"));
    let secret = client.standin.add_secret("alice", "", "s1");
    assert!(client.send("GET", "/gsql/v1/secrets", &alice(), "").json()["results"].is_object());
    let token = client.send("POST", "/gsql/v1/tokens", "", &format!("{{\"secret\":\"{secret}\"}}")).token();
    client.statements(&alice(), "DROP SECRET s1");
    assert_eq!(client.get_data(&token).status, 403);
    let client = with(Options::new("3.10").switch("fresh-token", "delayed"));
    let made = client.send("POST", "/restpp/requesttoken", &alice(), "{\"graph\":\"MyGraph\"}").json();
    let token = made["results"]["token"].as_str().expect("a token");
    assert_eq!(client.get_data(token).status, 403);
    client.standin.set_clock_offset(3);
    assert_eq!(client.get_data(token).status, 200);
}
