use super::*;

const URL: &[u8] = b"https://login.example.com/token";

fn config() -> Config {
    let mut config = Config::new("http://127.0.0.1:14240");
    config.set_oauth2(Some(URL), Some(b"client"), Some(b"canarycanary"));
    config
}

fn client(config: &Config) -> Result<OAuth2Client> {
    let key = config.oauth2_key()?.expect("the login");
    config.oauth2_client(key)
}

fn refused(config: &Config, expected: Reason, names: &str) {
    let error = config.validate().unwrap_err();
    assert_eq!(error.reason(), expected, "{error}");
    assert!(error.message().contains(names), "{error}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

fn with(parameters: &[(&str, &str)]) -> Config {
    let mut config = config();
    for (name, value) in parameters {
        config.set_oauth2_parameter(Some(name.as_bytes()), Some(value.as_bytes()));
    }
    config
}

#[test]
fn a_login_has_all_of_its_parts() {
    let made = |parts: [Option<&[u8]>; 3]| {
        let mut config = Config::new("http://127.0.0.1:14240");
        config.set_oauth2(parts[0], parts[1], parts[2]);
        config
    };
    assert!(made([None; 3]).validate().unwrap().login.is_none());
    let secret: Option<&[u8]> = Some(b"canarycanary");
    refused(&made([None, Some(b"client"), secret]), Reason::ArgumentNull, "\"oauth2_url\"");
    refused(&made([Some(URL), None, secret]), Reason::ArgumentNull, "\"oauth2_client_id\"");
    refused(&made([Some(URL), Some(b"client"), None]), Reason::ConfigConflict, "neither a secret nor a file");
    refused(&made([Some(URL), Some(b""), secret]), Reason::ArgumentRange, "\"oauth2_client_id\"");
    refused(&made([Some(URL), Some(b"client"), Some(b"")]), Reason::ArgumentRange, "\"oauth2_client_secret\"");
    refused(&made([Some(URL), Some(b"a\nb"), secret]), Reason::ArgumentControlCharacter, "\"oauth2_client_id\"");
    let line: Option<&[u8]> = Some(b"canary\n");
    refused(&made([Some(URL), Some(b"client"), line]), Reason::ArgumentControlCharacter, "\"oauth2_client_secret\"");
    refused(&made([Some(b"h/t#x"), Some(b"client"), secret]), Reason::ArgumentUrl, "\"oauth2_url\"");
    let mut parameter_alone = made([None; 3]);
    parameter_alone.set_oauth2_parameter(Some(b"audience"), Some(b"canarycanary"));
    refused(
        &parameter_alone,
        Reason::ArgumentNull,
        "\"oauth2_url\" is missing beside the setting \"oauth2_parameter\"",
    );
}

#[test]
fn plain_http_to_a_token_endpoint_stays_at_home_whatever_is_allowed() {
    let mut config = config();
    config.set_allow_http(true).set_oauth2(Some(b"http://login.example.com/t"), Some(b"c"), Some(b"canarycanary"));
    refused(&config, Reason::ConfigPlainHttp, "\"oauth2_url\"");
    config.set_oauth2(Some(b"http://127.0.0.1:1/t"), Some(b"c"), Some(b"canarycanary"));
    assert!(config.validate().is_ok());
}

#[test]
fn another_login_or_another_secret_beside_it_is_a_conflict_that_names_both() {
    refused(
        config().set_secret(Some(b"canarycanary")),
        Reason::ConfigConflict,
        "\"secret\" and the setting \"oauth2_url\"",
    );
    refused(config().set_jwt(Some(b"canarycanary")), Reason::ConfigConflict, "\"jwt\" and the setting \"oauth2_url\"");
    let both = "\"oauth2_client_secret\" and \"oauth2_client_secret_file\"";
    refused(config().set_oauth2_secret_file(Some(b"/nowhere")), Reason::ConfigConflict, both);
    let mut file = config();
    file.set_oauth2(Some(URL), Some(b"client"), None).set_oauth2_secret_file(Some(b"/nowhere"));
    refused(&file, Reason::ConfigFile, "\"oauth2_client_secret_file\"");
    assert!(config().set_api_token(Some(b"canarycanary")).validate().is_ok(), "a token may accompany a login");
}

#[test]
fn parameters_that_the_login_has_already_are_refused() {
    for name in ["grant_type", "client_id", "client_secret"] {
        refused(&with(&[(name, "canarycanary")]), Reason::ConfigConflict, name);
    }
    refused(&with(&[("", "canarycanary")]), Reason::ArgumentRange, "\"oauth2_parameter\"");
    refused(&with(&[("a\nb", "canarycanary")]), Reason::ArgumentControlCharacter, "\"oauth2_parameter\"");
    refused(&with(&[("client_auth", "canarycanary")]), Reason::ArgumentRange, "client_auth");
    let mut colon = with(&[("client_auth", "basic_raw")]);
    assert!(colon.validate().is_ok());
    refused(colon.set_oauth2(Some(URL), Some(b"a:b"), Some(b"canarycanary")), Reason::ArgumentRange, "colon");
}

#[test]
fn an_assertion_stands_in_place_of_a_secret() {
    let mut config = with(&[("client_assertion", "canarycanary")]);
    refused(&config, Reason::ConfigConflict, "client_assertion");
    config.set_oauth2(Some(URL), Some(b"client"), None);
    let kind = |config: &Config| match client(config).unwrap().proof {
        OAuth2Proof::Assertion(assertion, kind) => (assertion.reveal().to_owned(), kind.reveal().to_owned()),
        OAuth2Proof::Secret(..) => panic!("a secret"),
    };
    assert_eq!(kind(&config), ("canarycanary".to_owned(), JWT_BEARER.to_owned()));
    config.set_oauth2_parameter(Some(b"client_assertion_type"), Some(b"urn:x"));
    assert_eq!(kind(&config).1, "urn:x");
    assert!(client(&config).unwrap().parameters.is_empty(), "neither is sent twice");
    refused(config.set_oauth2_parameter(Some(b"client_auth"), Some(b"form")), Reason::ConfigConflict, "client_auth");
    config.set_oauth2_parameter(None, None).set_oauth2_parameter(Some(b"client_assertion"), Some(b""));
    refused(&config, Reason::ConfigConflict, "neither a secret nor a file");
}

#[test]
fn a_parameter_is_set_again_and_taken_away_and_its_value_is_never_shown() {
    let mut config = with(&[("audience", "canary1"), ("scope", "canary2"), ("audience", "canary3")]);
    let value = |config: &Config, name: &str| {
        let client = client(config).unwrap();
        client.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.reveal().to_owned())
    };
    assert_eq!(value(&config, "audience").as_deref(), Some("canary3"));
    let settings = config.validate().unwrap();
    assert!(!format!("{:?}{:?}", settings.shown, settings.login).contains("canary"), "{:?}", settings.shown);
    let shown = settings.shown.iter().find(|setting| setting.name == "oauth2_parameter").unwrap();
    assert_eq!(shown.value, "scope, audience");
    config.set_oauth2_parameter(Some(b"audience"), None);
    assert_eq!((value(&config, "audience"), value(&config, "scope").as_deref()), (None, Some("canary2")));
    config.set_oauth2_parameter(None, None);
    assert_eq!(value(&config, "scope"), None);
}

const VARIABLES: [(&str, &str); 4] = [
    ("TG_OAUTH2_URL", "https://login.example.com/token?key=canary"),
    ("TG_OAUTH2_CLIENT_ID", "client"),
    ("TG_OAUTH2_CLIENT_SECRET", "canarycanary"),
    ("TG_OAUTH2_SCOPE", "read write"),
];

fn variable(name: &str) -> Option<Vec<u8>> {
    VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes().to_vec())
}

#[test]
fn variables_are_one_login_together() {
    let mut config = Config::new("http://127.0.0.1:14240");
    config.load_from(&variable);
    let settings = config.validate().unwrap();
    let shown = |name: &str| {
        let found = settings.shown.iter().find(|setting| setting.name == name).unwrap();
        (found.value.as_str(), found.from.as_str())
    };
    assert_eq!(shown("oauth2_url"), ("https://login.example.com/token", "TG_OAUTH2_URL"));
    assert_eq!(shown("oauth2_client_id"), ("client", "TG_OAUTH2_CLIENT_ID"));
    assert_eq!(shown("oauth2_client_secret"), ("given", "TG_OAUTH2_CLIENT_SECRET"));
    assert_eq!(shown("oauth2_scope"), ("read write", "TG_OAUTH2_SCOPE"));
    assert_eq!(client(&config).unwrap().parameters[0].1.reveal(), "read write");
    // A parameter of the program's adds to them, and its scope goes before theirs.
    config.set_oauth2_parameter(Some(b"scope"), Some(b"all"));
    assert_eq!(client(&config).unwrap().parameters[0].1.reveal(), "all");
    // A part of the login does not.
    let mut own = Config::new("http://127.0.0.1:14240");
    own.set_oauth2(Some(URL), Some(b"client"), None).load_from(&variable);
    refused(&own, Reason::ConfigConflict, "neither a secret nor a file");
    let mut other = Config::new("http://127.0.0.1:14240");
    other.set_secret(Some(b"canarycanary")).load_from(&variable);
    assert!(matches!(other.validate().unwrap().login, Some(crate::config::settings::Login::Secret(_))));
}

#[test]
fn an_error_names_the_variable_that_it_is_about() {
    let without_secret = |name: &str| variable(name).filter(|_| name != "TG_OAUTH2_CLIENT_SECRET");
    let mut config = Config::new("http://127.0.0.1:14240");
    config.load_from(&without_secret);
    refused(&config, Reason::ConfigConflict, "\"oauth2_client_id\" (from TG_OAUTH2_CLIENT_ID)");
}
