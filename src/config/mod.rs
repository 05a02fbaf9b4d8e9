//! Settings of a connection: recorded as they come by [`Config`], validated at once by [`Config::validate`].
//!
//! Imports `protocol` (routes, versions), `wire` (addresses, proxies, trust), `platform` and the vocabulary.

pub mod credential;
pub(crate) mod env_file;
mod environment;
mod hosts;
pub mod oauth2;
pub mod provider;
pub mod settings;
pub mod shown;
pub mod table;
pub mod token_cache;

use std::time::Duration;

use crate::checks::{GraphName, LONGEST_LIFETIME_S, check_secret, check_token, no_controls, short_utf8, utf8};
use crate::config::credential::{Check, Credential, Kept};
use crate::config::environment::{Origin, Sources, environment_proxy};
use crate::config::oauth2::WrittenParameter;
use crate::config::provider::Provider;
use crate::config::settings::{Login, Settings, TokenEndpoint};
use crate::config::table::{CALL_LIMIT, CONNECT_LIMIT, Key};
use crate::error::{Error, Reason, Result};
use crate::hidden::{Hidden, Wiped};
use crate::log::Logger;
use crate::protocol::endpoint::{Port, Ports, Route};
use crate::protocol::version::Version;
use crate::wire::address::Address;
use crate::wire::no_proxy::NoProxy;
use crate::wire::proxy::ProxySetting;
use crate::wire::tls::TrustSettings;

/// No User-Agent header may be longer than this.
const AGENT_LIMIT: usize = 1024;

/// What was written for a setting, not validated yet. Wiped when dropped.
#[derive(Clone)]
struct Written {
    text: Wiped<Vec<u8>>,
    /// The variable that it came from; `None`: from the program.
    origin: Option<Origin>,
}

type Raw = Option<Written>;

/// The settings of a connection as they were recorded. Nothing is validated before [`Config::validate`].
///
/// Every text is taken as bytes, so that a text that is not UTF-8 can be reported by the setting's name.
#[derive(Clone, Default)]
pub struct Config {
    /// What was written for the settings that are texts, by their keys.
    texts: [Raw; Key::COUNT],
    added_ca_files: Vec<Vec<u8>>,
    oauth2_parameters: Vec<WrittenParameter>,
    insecure_tls: bool,
    connect_ms: u32,
    total_ms: u32,
    lifetime_s: i64,
    renew_before_s: i64,
    log: Option<Logger>,
    provider: Option<Provider>,
    /// What came through pipes in place of files.
    kept: Kept,
    /// What fills the settings that the program leaves open.
    sources: Sources,
}

fn raw(text: Option<&[u8]>) -> Raw {
    text.map(|bytes| Written { text: Wiped::new(bytes.to_vec()), origin: None })
}

/// A number as if it had been written as text; 0 restores the default.
fn raw_number(number: i32) -> Raw {
    raw((number != 0).then(|| number.to_string()).as_deref().map(str::as_bytes))
}

impl Config {
    /// Settings for the server at this address, `https://host[:port][/base]`, or for several servers of one cluster:
    /// their addresses, with commas between them.
    pub fn new(host: impl AsRef<[u8]>) -> Config {
        let mut config = Config::default();
        config.set(Key::Host, raw(Some(host.as_ref())));
        config
    }

    /// Without an address: [`Config::validate`] will ask for one.
    pub fn without_host() -> Config {
        Config::default()
    }

    /// The graph that secrets (before 4.1) and tokens are for; `None`: no graph.
    pub fn set_graph(&mut self, graph: Option<&[u8]>) -> &mut Config {
        self.set(Key::Graph, raw(graph));
        self
    }

    /// Log in with user name and password.
    pub fn set_password(&mut self, username: Option<&[u8]>, password: Option<&[u8]>) -> &mut Config {
        self.set_user(username, (Key::Password, password), Key::PasswordFile)
    }

    /// The same with a file that holds the password, which is read for every call that logs in.
    pub fn set_password_file(&mut self, username: Option<&[u8]>, path: Option<&[u8]>) -> &mut Config {
        self.set_user(username, (Key::PasswordFile, path), Key::Password)
    }

    /// Taking one of the two passwords back leaves the user to the other.
    fn set_user(&mut self, username: Option<&[u8]>, (key, password): (Key, Option<&[u8]>), other: Key) -> &mut Config {
        if username.is_some() || password.is_some() || !self.is_set(other) {
            self.set(Key::Username, raw(username));
        }
        self.set(key, raw(password));
        self
    }

    /// Log in with a secret.
    pub fn set_secret(&mut self, secret: Option<&[u8]>) -> &mut Config {
        self.set(Key::Secret, raw(secret));
        self
    }

    /// Log in with the secret in this file, which is read for every call that logs in.
    pub fn set_secret_file(&mut self, path: Option<&[u8]>) -> &mut Config {
        self.set(Key::SecretFile, raw(path));
        self
    }

    /// A token to start with.
    pub fn set_api_token(&mut self, token: Option<&[u8]>) -> &mut Config {
        self.set(Key::ApiToken, raw(token));
        self
    }

    /// Log in with a JWT that another system issued.
    pub fn set_jwt(&mut self, jwt: Option<&[u8]>) -> &mut Config {
        self.set(Key::Jwt, raw(jwt));
        self
    }

    /// Log in with the JWT in this file, which is read again when another is wanted.
    pub fn set_jwt_file(&mut self, path: Option<&[u8]>) -> &mut Config {
        self.set(Key::JwtFile, raw(path));
        self
    }

    /// Ports of REST++ and of GSQL; 0: by the address.
    pub fn set_ports(&mut self, restpp: u16, gsql: u16) -> &mut Config {
        self.set(Key::RestppPort, raw_number(restpp.into()));
        self.set(Key::GsqlPort, raw_number(gsql.into()));
        self
    }

    /// 1: TigerGraph Cloud, -1: not, 0: by host name.
    pub fn set_tgcloud(&mut self, tgcloud: i32) -> &mut Config {
        self.set(Key::Tgcloud, raw_number(tgcloud));
        self
    }

    /// The server's version, "3.10" or "4.1.2"; skips the question for its generation.
    pub fn set_server_version(&mut self, version: Option<&[u8]>) -> &mut Config {
        self.set(Key::ServerVersion, raw(version));
        self
    }

    /// File with the CA certificates to trust, in PEM, instead of the system's.
    pub fn set_ca_file(&mut self, path: Option<&[u8]>) -> &mut Config {
        self.set(Key::CaFile, raw(path));
        self
    }

    /// One more file with CA certificates to trust, beside the system's or those of the CA setting; `None`: none of those
    /// that were added.
    pub fn add_ca_file(&mut self, path: Option<&[u8]>) -> &mut Config {
        match path {
            Some(path) => self.added_ca_files.push(path.to_vec()),
            None => self.added_ca_files.clear(),
        }
        self
    }

    /// The CA certificates to trust, in PEM, instead of the system's.
    pub fn set_ca_pem(&mut self, pem: Option<&[u8]>) -> &mut Config {
        self.set(Key::CaPem, raw(pem));
        self
    }

    /// Files with the client's certificate chain and private key, in PEM.
    pub fn set_client_cert(&mut self, cert_path: Option<&[u8]>, key_path: Option<&[u8]>) -> &mut Config {
        self.set(Key::ClientCert, raw(cert_path));
        self.set(Key::ClientKey, raw(key_path));
        self
    }

    /// SHA-256 of the server's SubjectPublicKeyInfo, in Base64.
    pub fn set_pin_sha256(&mut self, base64_spki: Option<&[u8]>) -> &mut Config {
        self.set(Key::PinSha256, raw(base64_spki));
        self
    }

    /// Accept any certificate. Only for tests, never for production.
    pub fn set_insecure_tls(&mut self, insecure: bool) -> &mut Config {
        self.insecure_tls = insecure;
        self
    }

    /// Allow plain http beyond loopback.
    pub fn set_allow_http(&mut self, allow: bool) -> &mut Config {
        self.set(Key::AllowHttp, raw(allow.then_some(b"on")));
        self
    }

    /// Limits in milliseconds for one attempt to connect and for a whole call; 0: 5 s and 30 s.
    pub fn set_timeouts(&mut self, connect_ms: u32, total_ms: u32) -> &mut Config {
        (self.connect_ms, self.total_ms) = (connect_ms, total_ms);
        self
    }

    /// HTTP proxy as `http://host:port`, or `env` for the environment's; `None`: no proxy.
    pub fn set_proxy(&mut self, proxy: Option<&[u8]>) -> &mut Config {
        self.set(Key::Proxy, raw(proxy));
        self
    }

    /// Value of the User-Agent header.
    pub fn set_user_agent(&mut self, user_agent: Option<&[u8]>) -> &mut Config {
        self.set(Key::UserAgent, raw(user_agent));
        self
    }

    /// Lifetime of tokens in seconds if a call gives none, and how long before it expires a token
    /// is renewed; 0: the server's default, and a fifth of the lifetime.
    pub fn set_token_lifetime(&mut self, lifetime_s: i64, renew_before_s: i64) -> &mut Config {
        (self.lifetime_s, self.renew_before_s) = (lifetime_s, renew_before_s);
        self
    }

    /// Where log lines go; `None`: nowhere.
    pub fn set_log(&mut self, log: Option<Logger>) -> &mut Config {
        self.log = log;
        self
    }

    /// Validates every setting. Sends nothing; reads the files that the settings name.
    #[doc(hidden)]
    pub fn validate(&self) -> Result<Settings> {
        if let Some(error) = self.sources.error() {
            return Err(error.clone());
        }
        self.validate_all().map_err(|error| self.with_variables(error))
    }

    fn validate_all(&self) -> Result<Settings> {
        let Some(host) = self.text(Key::Host)? else {
            let hint = "Give the server's address to tg_config_new, or set TG_HOST where the environment is read.";
            return Err(Error::new(Reason::ArgumentNull, "the setting \"host\" is missing").with_hint(hint));
        };
        let addresses = hosts::addresses(&host)?;
        let (tls, allow_http) = (addresses[0].tls, self.allows_http()?);
        let is_open = |address: &&Address| !tls && !allow_http && !address.is_loopback();
        if let Some(address) = addresses.iter().find(is_open) {
            let message = format!("plain http to {} would show credentials to the network", address.host);
            return Err(Error::new(Reason::ConfigPlainHttp, message));
        }
        let (ports, tgcloud) = (self.ports()?, self.tgcloud()?);
        let routes = hosts::routes(&addresses, |address| Route::new(address, ports, tgcloud))?;
        let proxy = self.proxy(tls)?;
        let login = self.login()?;
        let trust = self.trust()?;
        let trust = trust.read()?;
        let token_endpoint = match &login {
            Some(Login::OAuth2(client)) => Some(TokenEndpoint {
                trust: client.url.tls().then(|| trust.of_token_endpoint()).transpose()?,
                proxy: self.proxy(client.url.tls())?,
            }),
            _ => None,
        };
        Ok(Settings {
            routes,
            graph: self.text(Key::Graph)?.map(|name| GraphName::new(&name)).transpose()?,
            login,
            token_endpoint,
            api_token: self.token(Key::ApiToken)?,
            version: self.version()?,
            // Settings are validated for plain http too, but the system's trust store is not read for it.
            trust: trust.of_server(tls)?,
            loopback_only: !tls && !allow_http,
            connect_limit: limit(self.connect_ms, CONNECT_LIMIT),
            call_limit: limit(self.total_ms, CALL_LIMIT),
            proxy,
            user_agent: self.user_agent()?,
            lifetime_s: lifetime("token lifetime", self.lifetime_s)?,
            renew_before_s: lifetime("renew before", self.renew_before_s)?,
            token_cache: self.token_cache()?,
            log: self.log.clone(),
            cautions: self.sources.cautions(),
            shown: self.shown(tls),
        })
    }

    fn set(&mut self, key: Key, written: Raw) {
        self.texts[key as usize] = written;
    }

    fn is_set(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    /// What was written for this setting.
    fn get(&self, key: Key) -> Option<&Written> {
        let written = self.texts[key as usize].as_ref()?;
        let nothing = key.nothing().filter(|_| written.origin.is_some());
        nothing.is_none_or(|nothing| nothing.as_bytes() != written.text.as_slice()).then_some(written)
    }

    /// The setting as text, or the error that names it.
    fn text(&self, key: Key) -> Result<Option<Wiped<String>>> {
        let Some(Written { text: bytes, .. }) = self.get(key) else {
            return Ok(None);
        };
        let text = match key {
            Key::CaPem => utf8(format_args!("the setting \"{}\"", key.name()), bytes),
            _ => short_utf8(format_args!("the setting \"{}\"", key.name()), bytes),
        };
        text.map(|text| Some(Wiped::new(text.to_owned())))
    }

    fn port(&self, key: Key) -> Result<Option<u16>> {
        let Some(written) = self.text(key)? else {
            return Ok(None);
        };
        match written.parse() {
            Ok(0) => Ok(None),
            Ok(port) => Ok(Some(port)),
            Err(_) => {
                Err(Error::new(Reason::ArgumentRange, format!("the setting \"{}\" is no port number", key.name())))
            }
        }
    }

    fn is_of_variable(&self, key: Key) -> bool {
        self.get(key).is_some_and(|written| written.origin.is_some())
    }

    fn ports(&self) -> Result<Ports> {
        let named = |key: Key| {
            let is_variable = self.is_of_variable(key);
            Ok::<_, Error>(self.port(key)?.map(|number| Port { number, is_variable }))
        };
        let (restpp, gsql, ssl) = (named(Key::RestppPort)?, named(Key::GsqlPort)?, self.port(Key::SslPort)?);
        Ok(Ports { restpp, gsql, ssl })
    }

    fn credential(&self, key: Key, check: Check) -> Result<Option<Credential>> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        check(&format!("the setting \"{}\"", key.name()), &text).map(Credential::given).map(Some)
    }

    fn in_file(&self, key: Key, check: Check) -> Result<Option<Credential>> {
        let limit = limit(self.connect_ms, CONNECT_LIMIT);
        self.text(key)?.map(|path| Credential::in_file(key.name(), &path, check, limit, &self.kept)).transpose()
    }

    fn token(&self, key: Key) -> Result<Option<Hidden>> {
        let Some(token) = self.text(key)? else {
            return Ok(None);
        };
        check_token(&format!("the setting \"{}\"", key.name()), &token).map(Some)
    }

    /// "false" leaves it to the host name, as it does elsewhere where these variables are read.
    fn tgcloud(&self) -> Result<Option<bool>> {
        let Some(written) = self.text(Key::Tgcloud)? else {
            return Ok(None);
        };
        match (switch(&written), written.as_str()) {
            (Some(true), _) => Ok(Some(true)),
            (Some(false), _) => Ok(None),
            (None, "-1") => Ok(Some(false)),
            _ if self.is_of_variable(Key::Tgcloud) => {
                Err(no_switch(Key::Tgcloud, "true (yes, on, 1), nor false (no, off, 0), nor -1"))
            }
            _ => Err(no_switch(Key::Tgcloud, "1, nor 0, nor -1")),
        }
    }

    fn allows_http(&self) -> Result<bool> {
        let Some(written) = self.text(Key::AllowHttp)? else {
            return Ok(false);
        };
        switch(&written).ok_or_else(|| no_switch(Key::AllowHttp, "true (yes, on, 1), nor false (no, off, 0)"))
    }

    fn version(&self) -> Result<Option<Version>> {
        let Some(version) = self.text(Key::ServerVersion)? else {
            return Ok(None);
        };
        match Version::parse(&version) {
            Some(version) => Ok(Some(version)),
            None => {
                let message = "the setting \"server_version\" is not a version such as \"3.10\" or \"4.1.2\"";
                Err(Error::new(Reason::ArgumentRange, message))
            }
        }
    }

    fn user_agent(&self) -> Result<String> {
        match self.text(Key::UserAgent)? {
            None => Ok(format!("tigergraph-auth/{}", env!("CARGO_PKG_VERSION"))),
            Some(value) if value.len() > AGENT_LIMIT => {
                let message = format!("the setting \"user_agent\" is longer than {AGENT_LIMIT} bytes");
                Err(Error::new(Reason::ArgumentRange, message))
            }
            Some(value) if value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) => Ok(value.to_string()),
            Some(_) => {
                let message = "the setting \"user_agent\" holds a character that no HTTP header may hold";
                Err(Error::new(Reason::ArgumentControlCharacter, message))
            }
        }
    }

    fn proxy(&self, tls: bool) -> Result<Option<ProxySetting>> {
        let Some(proxy) = self.text(Key::Proxy)? else {
            return Ok(None);
        };
        if *proxy == "env" {
            return environment_proxy(tls);
        }
        let proxy = crate::wire::proxy::check_proxy(&proxy, "the setting \"proxy\"")?;
        Ok(Some(ProxySetting { proxy, exceptions: NoProxy::default() }))
    }

    /// The one login, or the conflict between two, by name.
    fn login(&self) -> Result<Option<Login>> {
        // A password without its user is named by itself; together they are one login.
        let of_password = [Key::Username, Key::Password, Key::PasswordFile].into_iter().find(|key| self.is_set(*key));
        let alone = [Key::Secret, Key::SecretFile, Key::Jwt, Key::JwtFile].into_iter().filter(|key| self.is_set(*key));
        let given: Vec<Key> = of_password.into_iter().chain(alone).chain(self.oauth2_key()?).collect();
        if given.len() + usize::from(self.provider.is_some()) > 1 {
            let provider = self.provider.as_ref().map(|_| "the setting \"token_provider\"".to_owned());
            let named: Vec<String> = given.iter().map(|key| self.named(*key)).chain(provider).take(2).collect();
            let message = format!("{} are two logins; a connection has one", named.join(" and "));
            return Err(Error::new(Reason::ConfigConflict, message));
        }
        Ok(match given[..] {
            [Key::Username | Key::Password | Key::PasswordFile] => Some(self.password_login()?),
            [key @ Key::Secret] => self.credential(key, check_secret)?.map(Login::Secret),
            [key @ Key::SecretFile] => self.in_file(key, check_secret)?.map(Login::Secret),
            [key @ Key::Jwt] => self.credential(key, check_token)?.map(Login::Jwt),
            [key @ Key::JwtFile] => self.in_file(key, check_token)?.map(Login::Jwt),
            [key] => Some(Login::OAuth2(Box::new(self.oauth2_client(key)?))),
            _ => self.provider.clone().map(Login::Provider),
        })
    }

    /// What a conflict says of a login: all that was set of it.
    fn named(&self, key: Key) -> String {
        let password = [Key::Password, Key::PasswordFile].into_iter().find(|other| self.is_set(*other));
        match password.filter(|_| key == Key::Username) {
            Some(password) => format!("the setting \"{}\" with \"{}\"", key.name(), password.name()),
            None => format!("the setting \"{}\"", key.name()),
        }
    }

    fn password_login(&self) -> Result<Login> {
        if self.is_set(Key::Password) && self.is_set(Key::PasswordFile) {
            let message = "the settings \"password\" and \"password_file\" are two passwords; a login has one";
            return Err(Error::new(Reason::ConfigConflict, message));
        }
        let missing = |missing: &str, there: Key| {
            let message = format!("the setting \"{missing}\" is missing beside the setting \"{}\"", there.name());
            let hint = "A login by password has two parts, user name and password: set both, in the same place.";
            Error::new(Reason::ArgumentNull, message).with_hint(hint)
        };
        let of_password = if self.is_set(Key::Password) { Key::Password } else { Key::PasswordFile };
        let username = self.text(Key::Username)?.ok_or_else(|| missing("username", of_password))?;
        no_controls("the setting \"username\"", &username)?;
        if username.is_empty() || username.contains(':') {
            let message = "the setting \"username\" is empty or holds a colon, which no login can carry";
            return Err(Error::new(Reason::ArgumentRange, message));
        }
        let password = match self.in_file(Key::PasswordFile, check_password)? {
            Some(password) => Some(password),
            None => self.credential(Key::Password, check_password)?,
        };
        let password = password.ok_or_else(|| missing("password", Key::Username))?;
        Ok(Login::Password { username: username.to_string(), password })
    }

    fn added_ca_files(&self) -> Result<Vec<String>> {
        let path = |path: &Vec<u8>| short_utf8("the setting \"added_ca_file\"", path).map(str::to_owned);
        self.added_ca_files.iter().map(path).collect()
    }

    fn trust(&self) -> Result<TrustSettings> {
        Ok(TrustSettings {
            ca_file: self.text(Key::CaFile)?.map(|path| path.to_string()),
            ca_pem: self.text(Key::CaPem)?.map(|pem| pem.to_string()),
            added_ca_files: self.added_ca_files()?,
            client_cert: self.text(Key::ClientCert)?.map(|path| path.to_string()),
            client_key: self.text(Key::ClientKey)?.map(|path| path.to_string()),
            pin_sha256: self.text(Key::PinSha256)?.map(|pin| pin.to_string()),
            insecure: self.insecure_tls,
            // A token of the cache needs nobody to be verified.
            later: self.is_set(Key::TokenCache),
        })
    }
}

/// What a variable says that is true or false.
fn switch(written: &str) -> Option<bool> {
    match written.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn no_switch(key: Key, values: &str) -> Error {
    Error::new(Reason::ArgumentRange, format!("the setting \"{}\" is neither {values}", key.name()))
}

fn limit(ms: u32, default: Duration) -> Duration {
    if ms == 0 { default } else { Duration::from_millis(ms.into()) }
}

fn lifetime(name: &str, seconds: i64) -> Result<u64> {
    let wrong = |what: &str| Error::new(Reason::ArgumentRange, format!("the setting \"{name}\" {what}"));
    match u64::try_from(seconds) {
        Err(_) => Err(wrong("is negative")),
        Ok(seconds) if seconds > LONGEST_LIFETIME_S => Err(wrong("is longer than 1000 years")),
        Ok(seconds) => Ok(seconds),
    }
}

fn check_password(what: &str, text: &str) -> Result<Hidden> {
    no_controls(what, text)?;
    Ok(Hidden::new(text))
}

#[cfg(test)]
mod tests;
