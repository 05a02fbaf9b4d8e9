//! What of the settings a report shows: values that are no credentials, and where each came from.

use std::ffi::CStr;

use crate::config::environment::Origin;
use crate::config::table::{self, Key, Kind, SETTINGS};
use crate::config::{Config, Written, limit};
use crate::wire::store::{TRUST_VARIABLES, chosen};

impl Config {
    /// The settings that are in use, without any credential. To be shown only when they were found good.
    pub(super) fn shown(&self, tls: bool) -> Vec<Setting> {
        let mut shown: Vec<Setting> = SETTINGS.iter().filter_map(|row| self.shown_row(row)).collect();
        // They count for a token endpoint in any case, because it is verified by the system's trust store as well.
        let has_ca = self.is_set(Key::CaFile) || self.is_set(Key::CaPem);
        let is_tls = |url: &Written| !url.text.to_ascii_lowercase().starts_with(b"http://");
        if tls && !has_ca || self.get(Key::OAuth2Url).is_some_and(is_tls) {
            shown.extend(TRUST_VARIABLES.iter().filter_map(trust_variable));
        }
        shown
    }

    fn shown_row(&self, row: &table::Setting) -> Option<Setting> {
        let (value, from) = match row.kind {
            Kind::Text(key) => self.written(key, as_it_is)?,
            Kind::Proxy(key) => self.written(key, without_login)?,
            Kind::Url(key) => self.written(key, without_query)?,
            Kind::Names(names) => {
                let names = names(self);
                (!names.is_empty()).then(|| (names.join(", "), PROGRAM.to_owned()))?
            }
            Kind::Secret(key) => self.written(key, |_| "given".to_owned())?,
            Kind::List(texts) => {
                let texts: Vec<_> = texts(self).iter().map(|text| String::from_utf8_lossy(text)).collect();
                (!texts.is_empty()).then(|| (texts.join(", "), PROGRAM.to_owned()))?
            }
            Kind::Switch(is_on) => is_on(self).then(|| ("on".to_owned(), PROGRAM.to_owned()))?,
            Kind::Milliseconds(given, default) => {
                let from = if given(self) != 0 { PROGRAM } else { "default" };
                (limit(given(self), default).as_millis().to_string(), from.to_owned())
            }
            Kind::Seconds(given) => (given(self) != 0).then(|| (given(self).to_string(), PROGRAM.to_owned()))?,
        };
        Some(Setting { name: row.name, value, from })
    }

    /// What may be shown of a text, and where it came from.
    fn written(&self, key: Key, show: fn(&str) -> String) -> Option<(String, String)> {
        let written = self.get(key)?;
        let from = written.origin.as_ref().map_or_else(|| PROGRAM.to_owned(), Origin::shown);
        Some((show(&String::from_utf8_lossy(&written.text)), from))
    }
}

/// Where a setting came from that no variable filled.
const PROGRAM: &str = "program";

fn as_it_is(text: &str) -> String {
    text.to_owned()
}

/// A proxy's address may hold its login.
fn without_login(address: &str) -> String {
    address.rsplit('@').next().unwrap_or_default().to_owned()
}

/// A query may hold anything.
fn without_query(address: &str) -> String {
    address.split('?').next().unwrap_or_default().to_owned()
}

/// A variable that chooses the system's trust store, if it is there.
fn trust_variable(name: &&'static CStr) -> Option<Setting> {
    let value = chosen(name)?.to_string_lossy().into_owned();
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
        let shown = config.validate().unwrap().shown;
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
