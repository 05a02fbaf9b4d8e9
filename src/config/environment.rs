//! Settings from the environment, by the names that TigerGraph's own tools have for them.
//!
//! They fill what the program has not set. With `TG_PROFILE=x` a variable `X_TG_HOST` comes before `TG_HOST`.

use std::ffi::{CStr, CString};

use zeroize::Zeroizing;

use crate::config::table::{Filled, Key, SETTINGS};
use crate::config::{Config, Raw, Written};
use crate::error::{Error, Reason, Result};
use crate::platform::process;
use crate::wire::proxy::ProxySetting;

const PROFILE: &str = "TG_PROFILE";

/// The settings that the environment fills so, with their keys.
fn filled(how: Filled) -> impl Iterator<Item = (Key, &'static [&'static str])> {
    let rows = SETTINGS.iter().filter(move |setting| setting.filled == how);
    rows.filter_map(|setting| Some((setting.kind.key()?, setting.variables)))
}

/// The environment, or a test's idea of it. A variable that is empty is not there.
struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// What names begin with, first the profile's.
    prefixes: Vec<String>,
}

impl Environment<'_> {
    fn variable(&self, name: String) -> Raw {
        let text = Zeroizing::new((self.lookup)(&name)?);
        (!text.is_empty()).then_some(Written { text, variable: Some(name) })
    }

    fn with_prefix(&self, prefix: &str, names: &[&str]) -> Raw {
        names.iter().find_map(|name| self.variable(format!("{prefix}{name}")))
    }

    fn first(&self, names: &[&str]) -> Raw {
        self.prefixes.iter().find_map(|prefix| self.with_prefix(prefix, names))
    }

    /// Puts a profile before everybody's variables. A profile that has no variable is a typing error,
    /// and must not lead to the credentials of another server.
    fn choose_profile(&mut self, written: &Written) -> Result<()> {
        let name = String::from_utf8_lossy(&written.text);
        let wrong = |what: &str| Err(Error::new(Reason::ArgumentRange, format!("the environment's {PROFILE} {what}")));
        if name.len() > 64 || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return wrong("holds more than letters, digits and underscores, or is too long");
        }
        let prefix = format!("{}_", name.to_ascii_uppercase());
        if prefix != "DEFAULT_" && SETTINGS.iter().all(|setting| self.with_prefix(&prefix, setting.variables).is_none())
        {
            return wrong(&format!("names a profile without variables: there is no {prefix}TG_HOST, and no other"));
        }
        self.prefixes.insert(0, prefix);
        Ok(())
    }
}

impl Config {
    /// Fills what is not set from the variables `TG_HOST`, `TG_GRAPHNAME` and so on, and remembers their names
    /// for what [`Config::validate`] may have to say about them.
    pub fn load_env(&mut self) -> &mut Config {
        self.load_from(&|name| {
            let name = CString::new(name).ok()?;
            process::variable(&name).map(|value| value.into_encoded_bytes())
        })
    }

    /// The same from variables of a test.
    #[doc(hidden)]
    pub fn load_from(&mut self, lookup: &dyn Fn(&str) -> Option<Vec<u8>>) -> &mut Config {
        let mut environment = Environment { lookup, prefixes: vec![String::new()] };
        let profile = environment.variable(PROFILE.to_owned());
        self.environment = profile.and_then(|profile| environment.choose_profile(&profile).err());
        if self.environment.is_some() {
            return self;
        }
        let alone = filled(Filled::Alone);
        let without_pem = filled(Filled::WithoutCaPem).filter(|_| !self.is_set(Key::CaPem)).collect::<Vec<_>>();
        for (key, names) in alone.chain(without_pem) {
            if !self.is_set(key) {
                self.set(key, environment.first(names));
            }
        }
        if !self.has_credentials() {
            self.load_credentials(&environment);
        }
        self
    }

    fn has_credentials(&self) -> bool {
        filled(Filled::WithCredentials).any(|(key, _)| self.is_set(key))
    }

    fn load_credentials(&mut self, environment: &Environment) {
        for prefix in &environment.prefixes {
            for (key, names) in filled(Filled::WithCredentials) {
                self.set(key, environment.with_prefix(prefix, names));
            }
            if self.has_credentials() {
                return;
            }
        }
    }

    /// The error, with the variables that the settings it names came from.
    pub(super) fn with_variables(&self, error: Error) -> Error {
        let mut message = error.message().to_owned();
        for (setting, written) in SETTINGS.iter().zip(&self.texts) {
            if let Some(Written { variable: Some(variable), .. }) = written {
                let name = setting.name;
                message = message.replace(&format!("\"{name}\""), &format!("\"{name}\" (from {variable})"));
            }
        }
        error.with_message(message)
    }
}

/// The proxy that the environment names for this scheme, as curl and Go read it: lower case first.
pub fn environment_proxy(tls: bool) -> Result<Option<ProxySetting>> {
    // In a CGI program HTTP_PROXY is the request's "Proxy" header, which anybody can send.
    let of_cgi = process::variable(c"REQUEST_METHOD").is_some();
    let names: &[&CStr] = match (tls, of_cgi) {
        (true, _) => &[c"https_proxy", c"HTTPS_PROXY", c"all_proxy", c"ALL_PROXY"],
        (false, false) => &[c"http_proxy", c"HTTP_PROXY", c"all_proxy", c"ALL_PROXY"],
        (false, true) => &[c"http_proxy", c"all_proxy", c"ALL_PROXY"],
    };
    let first = |names: &[&'static CStr]| {
        let set = |name: &&'static CStr| process::variable(name).filter(|v| !v.is_empty()).map(|value| (*name, value));
        names.iter().find_map(set)
    };
    let Some((name, value)) = first(names) else {
        return Ok(None);
    };
    let from = format!("the environment's {}", name.to_string_lossy());
    let address = crate::wire::proxy::check_proxy(&value.to_string_lossy(), &from)?;
    let exceptions =
        first(&[c"no_proxy", c"NO_PROXY"]).map_or(String::new(), |(_, list)| list.to_string_lossy().into());
    let exceptions = exceptions.split(',').map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty());
    Ok(Some(ProxySetting { address, exceptions: exceptions.collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Login;

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
        let config = load(&[("TG_PROFILE", "default"), ("TG_HOST", "http://localhost")]);
        assert!(config.validate().is_ok());
        let config = load(&[("TG_PROFILE", "a b=c"), ("TG_HOST", "http://localhost")]);
        assert!(message(&config).contains("TG_PROFILE"));
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
}
