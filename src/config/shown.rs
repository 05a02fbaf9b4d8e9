//! What of the settings a report shows: values that are no credentials, and where each came from.

use std::ffi::CStr;

use crate::config::{CALL_LIMIT, CONNECT_LIMIT, Config, Raw, Written, limit};
use crate::platform::process;
use crate::wire::tls::TRUST_VARIABLES;

impl Config {
    /// The settings that are in use, without any credential. To be shown only when they were judged.
    pub(super) fn shown(&self, tls: bool) -> Vec<Setting> {
        let texts = [
            ("host", &self.host),
            ("graph", &self.graph),
            ("username", &self.username),
            ("restpp_port", &self.restpp_port),
            ("gsql_port", &self.gsql_port),
            ("tgcloud", &self.tgcloud),
            ("server_version", &self.server_version),
            ("ca_file", &self.ca_file),
            ("password_file", &self.password_file),
            ("secret_file", &self.secret_file),
            ("jwt_file", &self.jwt_file),
            ("client_cert", &self.client_cert),
            ("client_key", &self.client_key),
            ("pin_sha256", &self.pin_sha256),
            ("user_agent", &self.user_agent),
        ];
        let mut shown: Vec<Setting> = texts.into_iter().filter_map(|(name, raw)| of_text(name, raw)).collect();
        let hidden = [
            ("password", &self.password),
            ("secret", &self.secret),
            ("api_token", &self.api_token),
            ("jwt", &self.jwt),
            ("ca_pem", &self.ca_pem),
        ];
        shown.extend(hidden.into_iter().filter_map(|(name, raw)| {
            raw.as_ref().map(|written| Setting { name, value: "given".to_owned(), from: origin(written) })
        }));
        shown
            .extend(of_text("proxy", &self.proxy).map(|proxy| Setting { value: without_login(&proxy.value), ..proxy }));
        shown.extend(self.switches());
        shown.extend(self.numbers());
        if tls && self.ca_file.is_none() && self.ca_pem.is_none() {
            shown.extend(TRUST_VARIABLES.iter().filter_map(trust_variable));
        }
        shown
    }

    fn switches(&self) -> impl Iterator<Item = Setting> {
        let switches = [("insecure_tls", self.insecure_tls), ("allow_http", self.allow_http)];
        switches.into_iter().filter(|(_, on)| *on).map(|(name, _)| of_program(name, "on".to_owned()))
    }

    fn numbers(&self) -> Vec<Setting> {
        let limits = [
            ("connect_ms", self.connect_ms, limit(self.connect_ms, CONNECT_LIMIT)),
            ("total_ms", self.total_ms, limit(self.total_ms, CALL_LIMIT)),
        ];
        let from = |given: bool| if given { "program" } else { "default" }.to_owned();
        let limits = limits.map(|(name, given, limit)| Setting {
            name,
            value: limit.as_millis().to_string(),
            from: from(given != 0),
        });
        let seconds = [("lifetime_s", self.lifetime_s), ("renew_before_s", self.renew_before_s)];
        let seconds = seconds.into_iter().filter(|(_, given)| *given != 0);
        limits.into_iter().chain(seconds.map(|(name, given)| of_program(name, given.to_string()))).collect()
    }
}

fn origin(written: &Written) -> String {
    written.variable.clone().unwrap_or_else(|| "program".to_owned())
}

fn of_program(name: &'static str, value: String) -> Setting {
    Setting { name, value, from: "program".to_owned() }
}

fn of_text(name: &'static str, raw: &Raw) -> Option<Setting> {
    let written = raw.as_ref()?;
    Some(Setting { name, value: String::from_utf8_lossy(&written.text).into_owned(), from: origin(written) })
}

/// A proxy's address may hold its login.
fn without_login(address: &str) -> String {
    address.rsplit('@').next().unwrap_or_default().to_owned()
}

/// A variable that chooses the system's trust store, if it is there.
fn trust_variable(name: &&'static CStr) -> Option<Setting> {
    let value = process::variable(name)?.to_string_lossy().into_owned();
    Some(Setting { name: name.to_str().unwrap_or_default(), value, from: "environment".to_owned() })
}

/// A setting that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name, as the function that sets it has it.
    pub name: &'static str,
    /// Its value; of a credential only that it is there.
    pub value: String,
    /// "program", "default", or the name of a variable.
    pub from: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_given_and_never_shown() {
        let mut config = Config::new("http://127.0.0.1:1");
        config.set_secret(Some(b"canarycanary")).set_api_token(Some(b"canarycanary"));
        config.set_proxy(Some(b"http://user:canary@proxy:3128")).set_timeouts(0, 700).set_allow_http(true);
        let shown = config.judge().unwrap().shown;
        assert!(!format!("{shown:?}").contains("canary"), "{shown:?}");
        let value = |name: &str| {
            let found = shown.iter().find(|setting| setting.name == name).unwrap();
            (found.value.clone(), found.from.clone())
        };
        let told = |value: &str, from: &str| (value.to_owned(), from.to_owned());
        assert_eq!(value("secret"), told("given", "program"));
        assert_eq!(value("proxy"), told("proxy:3128", "program"));
        assert_eq!((value("connect_ms"), value("total_ms")), (told("5000", "default"), told("700", "program")));
        assert_eq!(value("allow_http"), told("on", "program"));
    }
}
