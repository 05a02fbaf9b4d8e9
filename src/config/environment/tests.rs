//! Settings from variables, as rows.

use super::*;
use crate::config::settings::Login;
use crate::platform::access::let_in;
use crate::platform::planted::Others;

type Variables = &'static [(&'static str, &'static str)];

fn load_into(mut config: Config, variables: Variables) -> Config {
    let lookup = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.as_bytes().to_vec())
    };
    config.load_from(&lookup);
    config
}

fn load(variables: Variables) -> Config {
    load_into(Config::without_host(), variables)
}

fn shown<const N: usize>(config: &Config, keys: [Key; N]) -> [&str; N] {
    keys.map(|key| config.get(key).map_or("-", |written| std::str::from_utf8(&written.text).expect("UTF-8")))
}

fn message(config: &Config) -> String {
    config.validate().expect_err("a failure").message().to_owned()
}

const ALL: Variables = &[
    ("TG_HOST", "http://localhost"),
    ("TG_GRAPHNAME", "G"),
    ("TG_RESTPP_PORT", "9001"),
    ("TG_GS_PORT", "14241"),
    ("TG_TGCLOUD", "False"),
    ("TG_CERT_PATH", "/ca.pem"),
    ("TG_SECRET", "asecretoftg"),
    ("TG_API_TOKEN", "atokenoftg"),
];

/// In the words of whoever wrote it: a variable's are not those of the function in C.
#[test]
fn what_a_switch_may_be_is_told() {
    let table: [(Variables, &str); 3] = [
        (
            &[("TG_HOST", "http://localhost"), ("TG_TGCLOUD", "perhaps")],
            "the setting \"tgcloud\" (from TG_TGCLOUD) is neither true (yes, on, 1), nor false (no, off, 0), nor -1",
        ),
        (
            &[("TG_HOST", "http://localhost"), ("TG_ALLOW_HTTP", "perhaps")],
            "the setting \"allow_http\" (from TG_ALLOW_HTTP) is neither true (yes, on, 1), nor false (no, off, 0)",
        ),
        (
            &[("TG_HOST", "http://localhost"), ("TG_PROFILE", "x"), ("X_TG_TGCLOUD", "2")],
            "the setting \"tgcloud\" (from X_TG_TGCLOUD of the profile x) is neither true (yes, on, 1), nor false (no, off, 0), \
             nor -1",
        ),
    ];
    for (variables, wanted) in table {
        assert_eq!(message(&load(variables)), wanted);
    }
    let mut program = Config::new("http://localhost");
    program.set_tgcloud(2);
    assert_eq!(message(&program), "the setting \"tgcloud\" is neither 1, nor 0, nor -1");
    // Each of the words is one, in any case, and no other.
    for (word, wanted) in [
        ("true", Some(true)),
        ("Yes", Some(true)),
        ("ON", Some(true)),
        ("1", Some(true)),
        ("False", None),
        ("no", None),
        ("off", None),
        ("0", None),
        ("-1", Some(false)),
    ] {
        let lookup = |name: &str| (name == "TG_TGCLOUD").then(|| word.as_bytes().to_vec());
        let mut config = Config::new("http://localhost");
        assert_eq!(config.load_from(&lookup).tgcloud(), Ok(wanted), "{word}");
    }
}

#[test]
fn every_variable_fills_its_setting() {
    let config = load(ALL);
    assert_eq!(
        shown(&config, [Key::Host, Key::Graph, Key::RestppPort, Key::GsqlPort, Key::Tgcloud]),
        ["http://localhost", "G", "9001", "14241", "False"]
    );
    assert_eq!(
        shown(&config, [Key::CaFile, Key::Secret, Key::ApiToken, Key::Jwt, Key::Username]),
        ["/ca.pem", "asecretoftg", "atokenoftg", "-", "-"]
    );
    let login = load(&[("TG_USERNAME", "u"), ("TG_PASSWORD", "p")]);
    assert_eq!(shown(&login, [Key::Username, Key::Password]), ["u", "p"]);
    let others = load(&[("TG_TOKEN", "t"), ("TG_GSQL_PORT", "7"), ("TG_JWT_TOKEN", "j")]);
    assert_eq!(shown(&others, [Key::ApiToken, Key::GsqlPort, Key::Jwt]), ["t", "7", "j"]);
    let files = load(&[("TG_PASSWORD_FILE", "/p"), ("TG_SECRET_FILE", "/s"), ("TG_JWT_FILE", "/j")]);
    assert_eq!(shown(&files, [Key::PasswordFile, Key::SecretFile, Key::JwtFile]), ["/p", "/s", "/j"]);
    let both = load(&[("TG_TOKEN", "t"), ("TG_API_TOKEN", "a"), ("TG_GSQL_PORT", "7"), ("TG_GS_PORT", "8")]);
    assert_eq!(shown(&both, [Key::ApiToken, Key::GsqlPort]), ["a", "8"]);
}

#[test]
fn what_the_program_set_stays() {
    let mut config = Config::new("http://127.0.0.1");
    config.set_graph(Some(b"Mine")).set_ports(1, 2).set_tgcloud(1).set_secret(Some(b"s")).set_ca_pem(Some(b"x"));
    let config = load_into(config, ALL);
    assert_eq!(
        shown(&config, [Key::Host, Key::Graph, Key::RestppPort, Key::GsqlPort, Key::Tgcloud]),
        ["http://127.0.0.1", "Mine", "1", "2", "1"]
    );
    assert_eq!(shown(&config, [Key::Secret, Key::ApiToken, Key::CaFile]), ["s", "-", "-"]);
}

#[test]
fn a_setter_that_comes_later_wins() {
    let mut config = load(&[("TG_HOST", "http://localhost"), ("TG_RESTPP_PORT", "abc"), ("TG_GRAPHNAME", "G")]);
    assert!(message(&config).contains("\"restpp_port\" (from TG_RESTPP_PORT)"), "{}", message(&config));
    config.set_ports(0, 0).set_graph(None);
    assert!(config.validate().expect("good settings").graph.is_none());
}

#[test]
fn a_profile_comes_first() {
    let config = load(&[
        ("TG_PROFILE", "test"),
        ("TEST_TG_HOST", "http://localhost:1"),
        ("TG_HOST", "http://localhost:2"),
        ("TG_GRAPHNAME", "Everybodys"),
        ("TEST_TG_TOKEN", "thetokenoftest"),
        ("TG_API_TOKEN", "thetokenofothers"),
    ]);
    assert_eq!(
        shown(&config, [Key::Host, Key::Graph, Key::ApiToken]),
        ["http://localhost:1", "Everybodys", "thetokenoftest"]
    );
}

#[test]
fn credentials_come_from_one_profile_alone() {
    let config = load(&[
        ("TG_PROFILE", "test"),
        ("TEST_TG_SECRET", "asecretoftest"),
        ("TG_USERNAME", "u"),
        ("TG_PASSWORD", "p"),
        ("TG_HOST", "http://localhost"),
    ]);
    assert!(matches!(config.validate().expect("good settings").login, Some(Login::Secret(_))));
    let everybodys = load(&[("TG_PROFILE", "test"), ("TEST_TG_HOST", "http://localhost"), ("TG_SECRET", "s")]);
    assert_eq!(shown(&everybodys, [Key::Secret]), ["s"]);
}

#[test]
fn a_profile_without_variables_is_a_mistake() {
    let config = load(&[("TG_PROFILE", "tset"), ("TG_HOST", "http://localhost"), ("TG_SECRET", "s")]);
    assert!(message(&config).contains("TG_PROFILE") && message(&config).contains("TSET_TG_HOST"));
    let empty = load(&[("TG_DEFAULT_PROFILE", "tset"), ("TSET_TG_HOST", ""), ("TG_HOST", "http://localhost")]);
    assert!(message(&empty).contains("TG_DEFAULT_PROFILE") && message(&empty).contains("TSET_TG_HOST"));
    for name in ["a b=c", "\u{fc}", "a/b"] {
        let lookup = |variable: &str| (variable == "TG_PROFILE").then(|| name.as_bytes().to_vec());
        let mut config = Config::new("http://localhost");
        let error = config.load_from(&lookup).validate().expect_err("no profile");
        assert_eq!(error.reason(), Reason::ConfigProfile, "{name}");
        assert!(error.message().contains("TG_PROFILE") && !error.message().contains(name), "{error}");
    }
}

#[test]
fn an_empty_variable_is_none() {
    let config = load(&[("TG_PROFILE", ""), ("TG_HOST", ""), ("TG_SECRET", ""), ("TG_GRAPHNAME", "")]);
    assert_eq!(shown(&config, [Key::Host, Key::Secret, Key::Graph]), ["-", "-", "-"]);
}

#[test]
fn what_is_wrong_is_named_by_its_variable_and_never_shown() {
    let wrong: [(Variables, &str); 9] = [
        (&[("TG_SECRET", "canary"), ("TG_SECRET_FILE", "/s")], "\"secret_file\" (from TG_SECRET_FILE)"),
        (&[("TG_USERNAME", "u"), ("TG_PASSWORD", "canary"), ("TG_PASSWORD_FILE", "/p")], "(from TG_PASSWORD_FILE)"),
        (&[("TG_RESTPP_PORT", "canary")], "\"restpp_port\" (from TG_RESTPP_PORT)"),
        (&[("TG_GSQL_PORT", "70000")], "\"gsql_port\" (from TG_GSQL_PORT)"),
        (&[("TG_TGCLOUD", "canary")], "\"tgcloud\" (from TG_TGCLOUD)"),
        (&[("TG_GRAPHNAME", "canary canary")], "\"graph\" (from TG_GRAPHNAME)"),
        (&[("TG_SECRET", "canary\n")], "\"secret\" (from TG_SECRET)"),
        (&[("TG_CERT_PATH", "/nowhere/ca.pem")], "\"ca_file\" (from TG_CERT_PATH)"),
        (&[("TG_SECRET", "canary"), ("TG_JWT_TOKEN", "canary")], "\"jwt\" (from TG_JWT_TOKEN)"),
    ];
    for (variables, named) in wrong {
        let config = load_into(Config::new("http://localhost"), variables);
        let said = message(&config);
        assert!(said.contains(named) && !said.contains("canary"), "{said}");
    }
    let said = message(&load(&[("TG_HOST", "ftp://x")]));
    assert!(said.contains("\"host\" (from TG_HOST)"), "{said}");
}

/// Which host is used, with which variables and which profile of the program's.
#[test]
fn the_profile_is_chosen_as_by_other_tools() {
    let variables = [("TG_HOST", "plain"), ("STAGING_TG_HOST", "staging"), ("MY-PROD_TG_HOST", "prod")];
    type Row = (Variables, Option<&'static str>, std::result::Result<&'static str, Reason>);
    let table: [Row; 19] = [
        (&[], None, Ok("plain")),
        (&[("TG_DEFAULT_PROFILE", "staging")], None, Ok("staging")),
        (&[("TG_PROFILE", "STAGING")], None, Ok("staging")),
        (&[("TG_PROFILE", " Staging\t")], None, Ok("staging")),
        (&[("TG_DEFAULT_PROFILE", "my-prod")], None, Ok("prod")),
        (&[("TG_DEFAULT_PROFILE", "default")], None, Ok("plain")),
        (&[("TG_PROFILE", "Default"), ("DEFAULT_TG_HOST", "other")], None, Ok("plain")),
        (&[("TG_DEFAULT_PROFILE", " "), ("TG_PROFILE", "staging")], None, Ok("staging")),
        (&[("TG_DEFAULT_PROFILE", "staging"), ("TG_PROFILE", " STAGING")], None, Ok("staging")),
        (&[("TG_DEFAULT_PROFILE", "staging"), ("TG_PROFILE", "my-prod")], None, Err(Reason::ConfigConflict)),
        (&[("TG_DEFAULT_PROFILE", "default"), ("TG_PROFILE", "staging")], None, Err(Reason::ConfigConflict)),
        (&[("TG_DEFAULT_PROFILE", "staging"), ("TG_PROFILE", "my-prod")], Some("my-prod"), Ok("prod")),
        (&[("TG_PROFILE", "nobody")], Some("staging"), Ok("staging")),
        (&[("TG_PROFILE", "staging")], Some("default"), Ok("plain")),
        (&[("TG_PROFILE", "staging")], Some("nobody"), Err(Reason::ConfigProfile)),
        (&[("TG_PROFILE", "staging")], Some(""), Err(Reason::ConfigProfile)),
        (&[("TG_PROFILE", "staging")], Some(" "), Err(Reason::ConfigProfile)),
        (&[("TG_PROFILE", "nobody")], None, Err(Reason::ConfigProfile)),
        (&[("TG_DEFAULT_PROFILE", "my_prod")], None, Err(Reason::ConfigProfile)),
    ];
    for (chosen, named, expected) in table {
        let lookup = |name: &str| {
            let found = variables.iter().chain(chosen).find(|(key, _)| *key == name);
            found.map(|(_, value)| value.as_bytes().to_vec())
        };
        let mut config = Config::without_host();
        match named {
            Some(named) => config.load_profile_from(Some(named.as_bytes()), &lookup),
            None => config.load_from(&lookup),
        };
        let found = config.validate().map_err(|error| error.reason());
        let host = found.as_ref().map(|settings| settings.routes[0].gateway.as_str());
        let expected = expected.map(|host| format!("https://{host}:14240"));
        assert_eq!(
            host.map_err(|reason| *reason),
            expected.as_deref().map_err(|reason| *reason),
            "{chosen:?} {named:?}"
        );
    }
}

/// Where REST++ and the gateway are, by address and ports of a profile and of everybody.
#[test]
fn a_port_in_the_address_goes_before_ports_from_further_away() {
    let table: [(Variables, &str, &str); 7] = [
        (&[("P_TG_HOST", "h:8443,i"), ("TG_GS_PORT", "14240"), ("TG_RESTPP_PORT", "9000")], "8443/restpp", "8443"),
        (&[("P_TG_HOST", "h, i"), ("TG_GS_PORT", "14240"), ("TG_RESTPP_PORT", "9000")], "9000", "14240"),
        (&[("P_TG_HOST", "h:8443"), ("TG_GS_PORT", "14240"), ("TG_RESTPP_PORT", "9000")], "8443/restpp", "8443"),
        (&[("P_TG_HOST", "h"), ("TG_GS_PORT", "14240"), ("TG_RESTPP_PORT", "9000")], "9000", "14240"),
        (&[("P_TG_HOST", "h:8443"), ("P_TG_GS_PORT", "14241"), ("TG_RESTPP_PORT", "9000")], "8443", "14241"),
        (&[("TG_HOST", "h:8443"), ("P_TG_GS_PORT", "14241"), ("TG_RESTPP_PORT", "9000")], "9000", "14241"),
        (&[("TG_HOST", "h:8443"), ("P_TG_GRAPHNAME", "G"), ("TG_RESTPP_PORT", "9000")], "9000", "8443"),
    ];
    for (variables, restpp, gateway) in table {
        let lookup = |name: &str| match variables.iter().find(|(key, _)| *key == name) {
            Some((_, value)) => Some(value.as_bytes().to_vec()),
            None => (name == "TG_PROFILE").then(|| b"p".to_vec()),
        };
        let route = Config::without_host().load_from(&lookup).validate().expect("good settings").routes.remove(0);
        let expected = (format!("https://h:{restpp}"), format!("https://h:{gateway}"));
        assert_eq!((route.restpp, route.gateway), expected, "{variables:?}");
    }
}

#[test]
fn http_is_allowed_by_whoever_names_the_host() {
    let table: [(Option<&str>, Variables, bool); 9] = [
        (None, &[("TG_HOST", "http://tigergraph"), ("TG_ALLOW_HTTP", "true")], true),
        (None, &[("TG_HOST", "http://tigergraph"), ("TG_ALLOW_HTTP", "1")], true),
        (None, &[("TG_HOST", "http://tigergraph"), ("TG_ALLOW_HTTP", "no")], false),
        (None, &[("TG_HOST", "http://tigergraph"), ("TG_ALLOW_HTTP", "")], false),
        (Some("http://tigergraph"), &[("TG_ALLOW_HTTP", "true")], false),
        (Some("http://tigergraph"), &[("TG_HOST", "http://tigergraph"), ("TG_ALLOW_HTTP", "true")], false),
        (None, &[("TG_PROFILE", "p"), ("P_TG_HOST", "http://h"), ("TG_ALLOW_HTTP", "true")], false),
        (None, &[("TG_PROFILE", "p"), ("TG_HOST", "http://h"), ("P_TG_ALLOW_HTTP", "true")], false),
        (None, &[("TG_PROFILE", "p"), ("P_TG_HOST", "http://h"), ("P_TG_ALLOW_HTTP", "yes")], true),
    ];
    for (host, variables, is_allowed) in table {
        let config = load_into(host.map_or_else(Config::without_host, Config::new), variables);
        let reason = config.validate().map(|_| ()).map_err(|error| error.reason());
        assert_eq!(reason, if is_allowed { Ok(()) } else { Err(Reason::ConfigPlainHttp) }, "{host:?} {variables:?}");
    }
    let config = load(&[("TG_HOST", "http://tigergraph"), ("TG_ALLOW_HTTP", "maybe")]);
    assert!(message(&config).contains("\"allow_http\" (from TG_ALLOW_HTTP)"), "{}", message(&config));
}

#[test]
fn a_pin_counts_beside_its_host_or_a_ca() {
    let table: [(Option<&str>, Variables, bool); 6] = [
        (None, &[("TG_HOST", "h"), ("TG_PIN_SHA256", "x")], true),
        (Some("h"), &[("TG_PIN_SHA256", "x")], false),
        (Some("h"), &[("TG_PIN_SHA256", "x"), ("TG_CERT_PATH", "/ca.pem")], true),
        (Some("h"), &[("TG_PIN_SHA256", "x"), ("TG_CERT_PATH", "system")], false),
        (None, &[("TG_PROFILE", "p"), ("P_TG_HOST", "h"), ("TG_PIN_SHA256", "x")], false),
        (None, &[("TG_PROFILE", "p"), ("P_TG_HOST", "h"), ("P_TG_PIN_SHA256", "x")], true),
    ];
    for (host, variables, counts) in table {
        let config = load_into(host.map_or_else(Config::without_host, Config::new), variables);
        assert_eq!(config.is_set(Key::PinSha256), counts, "{host:?} {variables:?}");
    }
}

#[test]
fn a_client_certificate_and_its_key_come_from_one_place() {
    let config = load(&[
        ("TG_PROFILE", "p"),
        ("P_TG_CLIENT_CERT_PATH", "/own.pem"),
        ("TG_CLIENT_CERT_PATH", "/c.pem"),
        ("TG_CLIENT_KEY_PATH", "/k.pem"),
    ]);
    assert_eq!(shown(&config, [Key::ClientCert, Key::ClientKey]), ["/own.pem", "-"]);
    let config = load(&[("TG_CLIENT_CERT_PATH", "/c.pem"), ("TG_CLIENT_KEY_PATH", "/k.pem")]);
    assert_eq!(shown(&config, [Key::ClientCert, Key::ClientKey]), ["/c.pem", "/k.pem"]);
}

#[test]
fn a_profile_takes_away_what_it_would_inherit() {
    const INHERITED: [(&str, &str); 4] =
        [("TG_PROFILE", "p"), ("TG_HOST", "h"), ("TG_CERT_PATH", "/ca.pem"), ("TG_GRAPHNAME", "Everybodys")];
    let with = |own: &[(&'static str, &'static str)]| {
        let all: &'static [_] = Box::leak([&INHERITED[..], own].concat().into_boxed_slice());
        load(all)
    };
    let inherits = with(&[("P_TG_CERT_PATH", ""), ("P_TG_GRAPHNAME", "")]);
    assert!(message(&inherits).contains("P_TG_HOST"), "empty variables are none");
    let config = with(&[("P_TG_CERT_PATH", "system"), ("P_TG_GRAPHNAME", "-")]);
    let settings = config.validate().expect("good settings");
    assert!(settings.graph.is_none() && settings.shown.iter().all(|setting| setting.name != "ca_file"));
}

#[test]
fn a_conflict_names_what_was_set_and_where() {
    let table: [(Variables, &[&str]); 4] = [
        (&[("TG_PASSWORD", "canary"), ("TG_SECRET", "canary")], &["from TG_PASSWORD)", "from TG_SECRET)"]),
        (&[("TG_USERNAME", "u"), ("TG_SECRET", "canary")], &["from TG_USERNAME)", "from TG_SECRET)"]),
        (
            &[("TG_PROFILE", "p"), ("P_TG_PASSWORD_FILE", "/f"), ("P_TG_JWT_TOKEN", "canary")],
            &["from P_TG_PASSWORD_FILE of the profile p)", "from P_TG_JWT_TOKEN of the profile p)"],
        ),
        (
            &[("TG_USERNAME", "u"), ("TG_PASSWORD", "canary"), ("TG_JWT_FILE", "/j")],
            &["from TG_USERNAME)", "from TG_PASSWORD)", "from TG_JWT_FILE)"],
        ),
    ];
    for (variables, named) in table {
        let config = load_into(Config::new("http://localhost"), variables);
        let error = config.validate().expect_err("two logins");
        assert_eq!(error.reason(), Reason::ConfigConflict, "{variables:?}");
        assert!(named.iter().all(|name| error.message().contains(name)), "{error}");
        assert_eq!(error.message().matches("from").count(), named.len(), "{error}");
        assert!(!error.message().contains("canary"), "{error}");
    }
}

#[test]
fn half_a_login_names_the_half_that_is_there() {
    let table: [(Variables, &str, &str); 4] = [
        (&[("TG_PASSWORD", "canary")], "username", "TG_PASSWORD"),
        (&[("TG_PASSWORD_FILE", "/f")], "username", "TG_PASSWORD_FILE"),
        (&[("TG_USERNAME", "u")], "password", "TG_USERNAME"),
        (
            &[("TG_PROFILE", "p"), ("P_TG_PASSWORD", "canary"), ("TG_USERNAME", "u"), ("TG_PASSWORD", "canary")],
            "username",
            "P_TG_PASSWORD of the profile p",
        ),
    ];
    for (variables, missing, there) in table {
        let said = message(&load_into(Config::new("http://localhost"), variables));
        assert!(said.starts_with(&format!("the setting \"{missing}\" is missing beside")), "{said}");
        assert!(said.contains(&format!("(from {there})")) && !said.contains("canary"), "{said}");
    }
}

/// A file of variables for a test, closed to other users unless it says otherwise.
struct Dotenv(std::path::PathBuf);

impl Dotenv {
    fn new(name: &str, content: &str, others: Others) -> Dotenv {
        let path = std::env::temp_dir().join(format!("tigergraph-auth-{name}-{}.env", std::process::id()));
        std::fs::write(&path, content).expect("a file");
        let_in(&path, others);
        Dotenv(path)
    }

    fn load_into(&self, config: &mut Config, variables: Variables) {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.as_bytes().to_vec())
        };
        config.load_env_file_from(self.0.as_os_str().as_encoded_bytes(), &lookup);
    }
}

impl Drop for Dotenv {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Which host and which secret come from an environment and a file.
#[test]
fn a_file_fills_what_the_environment_leaves_open() {
    let table: [(Variables, &str, &str, &str); 12] = [
        (&[], "TG_HOST=f\nTG_SECRET=fs", "f", "fs"),
        (&[("TG_HOST", "e")], "TG_HOST=f\nTG_SECRET=fs", "e", "fs"),
        (&[("TG_HOST", ""), ("TG_SECRET", "es")], "TG_HOST=f\nTG_SECRET=fs", "f", "es"),
        // A login comes whole from one source.
        (&[("TG_USERNAME", "u")], "TG_HOST=f\nTG_PASSWORD=p\nTG_SECRET=fs", "f", "-"),
        // The profile of the environment counts, else that of the file.
        (&[("TG_PROFILE", "a"), ("A_TG_HOST", "e")], "TG_PROFILE=b\nB_TG_HOST=fb\nA_TG_SECRET=fs", "e", "fs"),
        (&[("TG_HOST", "e"), ("TG_SECRET", "es")], "TG_PROFILE=b\nB_TG_HOST=fb\nB_TG_SECRET=fs", "fb", "fs"),
        (&[("TG_HOST", "e"), ("B_TG_HOST", "eb")], "TG_DEFAULT_PROFILE=b\nB_TG_SECRET=fs", "eb", "fs"),
        (&[("TG_PROFILE", "default"), ("TG_HOST", "e")], "TG_PROFILE=b\nB_TG_HOST=fb\nTG_SECRET=fs", "e", "fs"),
        // A profile's variable in the file goes before one without prefix in the environment.
        (&[("TG_PROFILE", "a"), ("TG_HOST", "e"), ("TG_SECRET", "es")], "A_TG_HOST=f\nA_TG_SECRET=fs", "f", "fs"),
        (&[("TG_PROFILE", "a"), ("TG_SECRET", "es")], "A_TG_HOST=f", "f", "es"),
        (&[], "TG_HOST=f\nTG_HOST=g\nTG_SECRET=fs", "g", "fs"),
        (&[], "TG_HOST=f\nTG_SECRET=\"f\\ts\"", "f", "f\ts"),
    ];
    for (variables, content, host, secret) in table {
        let file = Dotenv::new("fills", content, Others::None);
        let mut config = load(variables);
        file.load_into(&mut config, variables);
        assert_eq!(shown(&config, [Key::Host, Key::Secret]), [host, secret], "{variables:?} {content:?}");
    }
}

#[test]
fn the_program_and_later_setters_go_before_a_file() {
    let file = Dotenv::new("program", "TG_HOST=f\nTG_GRAPHNAME=F\nTG_SECRET=canary", Others::None);
    let mut config = Config::new("http://localhost");
    config.set_jwt(Some(b"jwt"));
    file.load_into(&mut config, &[]);
    assert_eq!(shown(&config, [Key::Host, Key::Graph, Key::Secret]), ["http://localhost", "F", "-"]);
    config.set_graph(Some(b"Mine"));
    config.load_from(&|_| None);
    assert_eq!(shown(&config, [Key::Graph]), ["Mine"]);
}

#[test]
fn without_the_environment_a_file_stands_alone() {
    let file = Dotenv::new("alone", "TG_HOST=f", Others::None);
    let mut config = Config::without_host();
    file.load_into(&mut config, &[("TG_HOST", "e"), ("TG_SECRET", "es")]);
    assert_eq!(shown(&config, [Key::Host, Key::Secret]), ["f", "-"]);
    // Called in the other order, the environment still goes first.
    config.load_from(&|name| (name == "TG_HOST").then(|| b"e".to_vec()));
    assert_eq!(shown(&config, [Key::Host]), ["e"]);
}

#[test]
fn http_is_allowed_in_the_file_that_names_the_host() {
    let file = Dotenv::new("http", "TG_HOST=http://tigergraph\nTG_ALLOW_HTTP=true", Others::None);
    let mut config = Config::without_host();
    file.load_into(&mut config, &[]);
    assert!(config.validate().is_ok());
    let mut config = load(&[("TG_HOST", "http://tigergraph")]);
    file.load_into(&mut config, &[("TG_HOST", "http://tigergraph")]);
    assert_eq!(config.validate().expect_err("not allowed there").reason(), Reason::ConfigPlainHttp);
}

/// What `tg_conn_new` tells of a file: a reason and a part of its message.
#[test]
fn what_is_wrong_with_a_file_is_told_when_a_connection_is_made() {
    type Row = (&'static str, Others, Option<(Reason, &'static str)>);
    let table: [Row; 13] = [
        ("TG_HOST=localhost", Others::Readers, None),
        ("TG_HOST=localhost\nTG_SECRET=", Others::Readers, None),
        (
            "TG_HOST=localhost\nTG_SECRET_FILE=/dev/null",
            Others::Writers,
            Some((Reason::ConfigFile, "can be changed by other users")),
        ),
        ("TG_HOST=localhost", Others::Writers, Some((Reason::ConfigFile, "can be changed by other users"))),
        ("TG_SECRET=canary", Others::Readers, Some((Reason::ConfigFile, "is open to other users"))),
        ("A_TG_PASSWORD=canary", Others::Readers, Some((Reason::ConfigFile, "is open to other users"))),
        ("export TG_JWT_TOKEN='canary'", Others::Readers, Some((Reason::ConfigFile, "is open to other users"))),
        ("TG_TOKEN=canary", Others::Readers, Some((Reason::ConfigFile, "is open to other users"))),
        ("TG_PROXY=http://user:canary@proxy", Others::Readers, Some((Reason::ConfigFile, "is open to other users"))),
        ("TG_HOST=localhost\nTG_PROXY=http://proxy:1", Others::Readers, None),
        ("TG_HOST=localhost\nTG_SECRET=\"${canary}\"", Others::None, Some((Reason::ConfigFile, "line 2 holds ${"))),
        ("TG_PROFILE=b\nTG_HOST=canary", Others::None, Some((Reason::ConfigProfile, "TG_PROFILE in "))),
        (
            "TG_HOST=localhost\nTG_SECRET=canary\nTG_JWT_TOKEN=x",
            Others::None,
            Some((Reason::ConfigConflict, "TG_SECRET in ")),
        ),
    ];
    for (content, others, expected) in table {
        let file = Dotenv::new("wrong", content, others);
        let mut config = Config::without_host();
        file.load_into(&mut config, &[]);
        match (config.validate(), expected) {
            (Ok(_), None) => {}
            (Err(error), Some((reason, part))) => {
                assert_eq!(error.reason(), reason, "{content:?}: {error}");
                assert!(error.message().contains(part), "{content:?}: {error}");
                assert!(!error.message().contains("canary") && !error.hint().contains("canary"), "{error}");
            }
            (outcome, _) => panic!("{content:?}: {:?}", outcome.map(|_| ())),
        }
    }
    let mut config = Config::new("http://localhost");
    config.load_env_file_from(b"/nowhere/.env", &|_| None);
    assert!(
        message(&config).contains("/nowhere/.env of the setting \"env_file\" cannot be read"),
        "{}",
        message(&config)
    );
    let mut config = Config::new("http://localhost");
    config.load_env_file_from(b"/", &|_| None);
    assert!(message(&config).contains("neither a regular file nor a pipe"), "{}", message(&config));
    let mut config = Config::new("http://localhost");
    config.load_env_file_from(b"\xff", &|_| None);
    assert_eq!(config.validate().expect_err("no path").reason(), Reason::ArgumentUtf8);
}

/// Several servers, from wherever one may come.
#[test]
fn a_list_of_servers_comes_from_each_place() {
    let servers = "https://a, https://b:8443/base";
    for name in ["TG_HOST", "P_TG_HOST"] {
        let lookup = |asked: &str| match asked {
            "TG_PROFILE" if name != asked => (name == "P_TG_HOST").then(|| b"p".to_vec()),
            _ => (asked == name).then(|| servers.as_bytes().to_vec()),
        };
        let settings = Config::without_host().load_from(&lookup).validate().expect("good settings");
        let gateways: Vec<&str> = settings.routes.iter().map(|route| route.gateway.as_str()).collect();
        assert_eq!(gateways, ["https://a:14240", "https://b:8443/base"], "{name}");
        let wrong = |asked: &str| lookup(asked).map(|_| b"https://a,http://b".to_vec()).filter(|_| asked == name);
        let profile = |asked: &str| if asked == name { wrong(asked) } else { lookup(asked) };
        let error = Config::without_host().load_from(&profile).validate().expect_err("two schemes");
        assert!(error.message().contains(&format!("\"host\" (from {name}")), "{}", error.message());
    }
}
