//! Every reply that documents or captures show, sent to the library over the wire and read by the call it
//! belongs to. `tests/samples.json` has the replies; `from` says what each is, or where it was seen.

use serde_json::Value;
use tigergraph_auth::Secret;
use tigergraph_auth::Token;
use tigergraph_auth::{Config, Connection, Error, RefreshOptions, TokenOptions};
use tigergraph_standin::{Action, Fault, Options, Standin, wall_clock};

/// A token for the calls that need one, which no sample holds.
const TOKEN: &str = "atokenofmyown";

fn text<'a>(sample: &'a Value, part: &str) -> &'a str {
    sample[part].as_str().unwrap_or_default()
}

fn connect(standin: &Standin, sample: &Value) -> Connection {
    let mut config = Config::new(standin.gateway_url());
    config.set_graph(Some(b"MyGraph"));
    // With a login, the token that is refused here would be replaced, which is tested elsewhere, too.
    if text(sample, "call") != "server_version" {
        config.set_password(Some(b"alice"), Some(b"opensesame"));
    }
    config.set_api_token(Some(TOKEN.as_bytes())).set_server_version(Some(text(sample, "server").as_bytes()));
    // A sample is one answer; what is retried after it is tested elsewhere.
    config.set_timeouts(0, 400);
    Connection::new(&config).expect("good settings")
}

fn check_token(sample: &Value, token: &Token) {
    assert_eq!(token.value(), text(sample, "token"), "{sample}");
    match sample["expires_in"].as_i64() {
        Some(lifetime) => {
            let in_seconds = token.expires_at() - wall_clock();
            assert!((lifetime - 2..=lifetime).contains(&in_seconds), "{sample}: {in_seconds}");
        }
        None => assert_eq!(token.expires_at(), sample["expires_at"], "{sample}"),
    }
}

fn check_secrets(sample: &Value, secrets: &[Secret]) {
    let found: Vec<Value> = secrets
        .iter()
        .map(|secret| [&secret.alias, secret.value.reveal(), &secret.graph].into_iter().collect())
        .collect();
    assert_eq!(Value::from(found), sample["secrets"], "{sample}");
}

/// Makes the call of the sample and checks what it read from a good answer.
fn call(connection: &Connection, sample: &Value) -> Result<(), Error> {
    match text(sample, "call") {
        "get_token" => check_token(sample, &*connection.get_token(None, 0, TokenOptions::default())?),
        "refresh_token" => {
            let token = connection.refresh_token(Some("mysecret"), Some(TOKEN), 0, RefreshOptions::default())?;
            check_token(sample, &token);
        }
        "delete_token" => connection.delete_token(None, Some(TOKEN), false)?,
        "check_jwt_token" => assert_eq!(connection.check_jwt_token(TOKEN)?, sample["valid"], "{sample}"),
        "get_secrets" => check_secrets(sample, &connection.get_secrets(None)?),
        "create_secret" => check_secrets(sample, &[connection.create_secret(Some("s1"), None, None)?]),
        "ensure_secret" => check_secrets(sample, &[connection.ensure_secret("s2")?]),
        "drop_secret" => assert_eq!(connection.drop_secrets(&["s1"], None, false)?, 1, "{sample}"),
        "server_version" => {
            let version = connection.server_version()?;
            let shown = format!("{}.{}.{}", version.major, version.minor, version.patch);
            assert_eq!(shown, text(sample, "version"), "{sample}");
        }
        other => panic!("no such call: {other}"),
    }
    Ok(())
}

#[test]
fn every_documented_sample_is_read_as_it_is_meant() {
    let samples: Vec<Value> = serde_json::from_str(include_str!("samples.json")).expect("a list of samples");
    for sample in &samples {
        let standin = Standin::start(Options::new(text(sample, "server"))).expect("a stand-in");
        // The sample's own time, in which its token was alive.
        if let Some(expires_at) = sample["expires_at"].as_i64().filter(|time| *time > 0) {
            standin.set_clock_offset(expires_at - 1000 - wall_clock());
        }
        let status = sample["status"].as_u64().unwrap_or(200) as u16;
        standin.script(Fault::always("/", Action::reply(status, text(sample, "reply"))));
        match (call(&connect(&standin, sample), sample), sample["reason"].as_str()) {
            (Ok(()), None) => {}
            (Err(error), Some(reason)) => {
                assert_eq!(error.reason().id(), reason, "{sample}: {error}");
                assert_eq!(error.server_code(), text(sample, "code"), "{sample}");
            }
            (outcome, _) => panic!("{sample}: {outcome:?}"),
        }
    }
    assert!(samples.len() > 50);
}
