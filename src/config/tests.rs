use super::*;

fn config() -> Config {
    Config::new("http://127.0.0.1:14240")
}

fn reason(config: &Config) -> (Reason, String) {
    let error = config.validate().unwrap_err();
    (error.reason(), error.message().to_owned())
}

fn assert_names(config: &Config, expected: Reason, setting: &str) {
    let (found, message) = reason(config);
    assert_eq!(found, expected, "{message}");
    assert!(message.contains(&format!("\"{setting}")), "{message}");
    assert!(!message.contains("canary"), "{message}");
}

#[test]
fn defaults() {
    let settings = config().validate().unwrap();
    assert_eq!(settings.connect_limit, Duration::from_secs(5));
    assert_eq!(settings.call_limit, Duration::from_secs(30));
    assert!(settings.login.is_none() && settings.trust.is_none() && settings.graph.is_none());
}

#[test]
fn every_bad_setting_is_named_and_never_shown() {
    let bad: &[u8] = b"canary\xff";
    assert_names(config().set_graph(Some(bad)), Reason::ArgumentUtf8, "graph");
    assert_names(config().set_graph(Some(b"a b")), Reason::ArgumentGraph, "graph");
    assert_names(config().set_password(Some(b"u"), Some(bad)), Reason::ArgumentUtf8, "password");
    assert_names(config().set_password(Some(b"u"), None), Reason::ArgumentNull, "password");
    assert_names(config().set_password(None, Some(b"canary")), Reason::ArgumentNull, "username");
    assert_names(config().set_password(Some(b"u:v"), Some(b"p")), Reason::ArgumentRange, "username");
    assert_names(config().set_password(Some(b"u"), Some(b"canary\n")), Reason::ArgumentControlCharacter, "password");
    assert_names(config().set_secret(Some(b"canary\r")), Reason::ArgumentControlCharacter, "secret");
    assert_names(config().set_secret(Some(b"")), Reason::ArgumentRange, "secret");
    assert_names(config().set_secret(Some(b"canarycanary ")), Reason::ArgumentRange, "secret");
    assert_names(config().set_secret(Some(b"s7s****3k5")), Reason::CredentialsMaskedSecret, "secret");
    assert_names(config().set_api_token(Some(b"canary,canary")), Reason::ArgumentRange, "api_token");
    assert_names(config().set_jwt(Some(b"canary canary")), Reason::ArgumentRange, "jwt");
    assert_names(config().set_server_version(Some(b"four")), Reason::ArgumentRange, "server_version");
    assert_names(config().set_user_agent(Some(b"a\nb")), Reason::ArgumentControlCharacter, "user_agent");
    assert_names(config().set_user_agent(Some(&[b'a'; 1025])), Reason::ArgumentRange, "user_agent");
    assert_names(config().set_tgcloud(7), Reason::ArgumentRange, "tgcloud");
    assert_names(config().set_token_lifetime(-1, 0), Reason::ArgumentRange, "token lifetime");
    assert_names(config().set_token_lifetime(31_556_952_001, 0), Reason::ArgumentRange, "token lifetime");
    assert_names(config().set_token_lifetime(0, i64::MAX), Reason::ArgumentRange, "renew before");
    assert_names(config().set_proxy(Some(b"gopher://x")), Reason::ArgumentUrl, "proxy");
    assert_names(config().set_secret(Some(&[b'a'; 70_000])), Reason::ArgumentRange, "secret");
}

#[test]
fn two_logins_are_a_conflict_that_names_both() {
    let (reason, message) = reason(config().set_secret(Some(b"abc")).set_jwt(Some(b"defdefdef")));
    assert_eq!(reason, Reason::ConfigConflict);
    assert!(message.contains("\"secret\"") && message.contains("\"jwt\""), "{message}");
}

#[test]
fn plain_http_stays_at_home() {
    assert_eq!(reason(&Config::new("http://db.example.com")).0, Reason::ConfigPlainHttp);
    assert!(Config::new("http://db.example.com").set_allow_http(true).validate().is_ok());
}
