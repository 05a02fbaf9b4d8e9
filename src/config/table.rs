//! Every setting once: its name, the functions and variables that set it, and how it is kept and shown.
//!
//! The environment and the report are driven by this table, and `docs/settings.md` is compared with it.

use std::time::Duration;

use crate::config::Config;

/// A setting that is written as a text, until [`Config::validate`] makes something else of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each is explained by its row
pub enum Key {
    Host,
    Graph,
    Username,
    RestppPort,
    GsqlPort,
    Tgcloud,
    ServerVersion,
    CaFile,
    PasswordFile,
    SecretFile,
    JwtFile,
    OAuth2Url,
    OAuth2ClientId,
    OAuth2ClientSecretFile,
    OAuth2Scope,
    ClientCert,
    ClientKey,
    PinSha256,
    UserAgent,
    Password,
    Secret,
    ApiToken,
    Jwt,
    OAuth2ClientSecret,
    CaPem,
    Proxy,
    AllowHttp,
    SslPort,
    TokenCache,
}

impl Key {
    /// What a variable says to take away a setting that would be filled from elsewhere.
    pub(super) fn nothing(self) -> Option<&'static str> {
        match self {
            Key::CaFile => Some("system"),
            Key::Graph => Some("-"),
            _ => None,
        }
    }

    /// How many there are.
    pub const COUNT: usize = Key::TokenCache as usize + 1;

    /// The setting's name, as errors and reports have it.
    pub fn name(self) -> &'static str {
        // The texts stand first, in the order of the enum; a test holds the table to that.
        SETTINGS[self as usize].name
    }
}

/// How a setting is kept, and what of it a report may show.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A text that may be shown.
    Text(Key),
    /// A text of which a report only tells that it is there.
    Secret(Key),
    /// The address of a proxy, which may hold a login that is not shown.
    Proxy(Key),
    /// An address whose query is not shown.
    Url(Key),
    /// Values that are not shown, by their names.
    Names(fn(&Config) -> Vec<String>),
    /// Several texts that may be shown.
    List(fn(&Config) -> &[Vec<u8>]),
    /// Off unless the program switches it on.
    Switch(fn(&Config) -> bool),
    /// Milliseconds, and what 0 stands for.
    Milliseconds(fn(&Config) -> u32, Duration),
    /// Seconds; 0: not set.
    Seconds(fn(&Config) -> i64),
}

impl Kind {
    /// The key of a setting that is a text.
    pub fn key(self) -> Option<Key> {
        match self {
            Kind::Text(key) | Kind::Secret(key) | Kind::Proxy(key) | Kind::Url(key) => Some(key),
            Kind::Names(_) | Kind::List(_) | Kind::Switch(_) | Kind::Milliseconds(..) | Kind::Seconds(_) => None,
        }
    }
}

/// When a variable of the environment fills a setting that the program has not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// Never: there is no variable.
    Never,
    /// Always.
    Alone,
    /// Where the program gave no CA certificates as text.
    WithoutCaPem,
    /// Together with the other credentials: never one half from the program and one from the environment, nor from
    /// two profiles.
    WithCredentials,
    /// Client certificate and key together, from one place.
    WithClientKey,
    /// Where the address came from the same place: nothing else says whom the program's own host is trusted by.
    WithHost,
    /// The same, and beside a CA setting, to which it only adds.
    WithHostOrCa,
}

/// A row of [`SETTINGS`].
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// The C function that sets it.
    pub function: &'static str,
    /// The variables that fill it; the first that is there counts.
    pub variables: &'static [&'static str],
    /// When they do.
    pub filled: Filled,
    /// How it is kept and shown.
    pub kind: Kind,
}

const fn row(
    name: &'static str,
    function: &'static str,
    (filled, variables): (Filled, &'static [&'static str]),
    kind: Kind,
) -> Setting {
    Setting { name, function, variables, filled, kind }
}

const UNFILLED: (Filled, &[&str]) = (Filled::Never, &[]);

/// Limit for connecting, and for a whole call, unless they are set.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// See [`CONNECT_LIMIT`].
pub const CALL_LIMIT: Duration = Duration::from_secs(30);

/// Every setting, in the order in which a report shows them.
#[rustfmt::skip]
pub const SETTINGS: [Setting; Key::COUNT + 8] = [
    row("host", "tg_config_new", (Filled::Alone, &["TG_HOST"]), Kind::Text(Key::Host)),
    row("graph", "tg_config_set_graph", (Filled::Alone, &["TG_GRAPHNAME"]), Kind::Text(Key::Graph)),
    row("username", "tg_config_set_password", (Filled::WithCredentials, &["TG_USERNAME"]), Kind::Text(Key::Username)),
    row("restpp_port", "tg_config_set_ports", (Filled::Alone, &["TG_RESTPP_PORT"]), Kind::Text(Key::RestppPort)),
    row("gsql_port", "tg_config_set_ports", (Filled::Alone, &["TG_GS_PORT", "TG_GSQL_PORT"]), Kind::Text(Key::GsqlPort)),
    row("tgcloud", "tg_config_set_tgcloud", (Filled::Alone, &["TG_TGCLOUD"]), Kind::Text(Key::Tgcloud)),
    row("server_version", "tg_config_set_server_version", (Filled::Alone, &["TG_SERVER_VERSION"]), Kind::Text(Key::ServerVersion)),
    row("ca_file", "tg_config_set_ca_file", (Filled::WithoutCaPem, &["TG_CERT_PATH"]), Kind::Text(Key::CaFile)),
    row("password_file", "tg_config_set_password_file", (Filled::WithCredentials, &["TG_PASSWORD_FILE"]), Kind::Text(Key::PasswordFile)),
    row("secret_file", "tg_config_set_secret_file", (Filled::WithCredentials, &["TG_SECRET_FILE"]), Kind::Text(Key::SecretFile)),
    row("jwt_file", "tg_config_set_jwt_file", (Filled::WithCredentials, &["TG_JWT_FILE"]), Kind::Text(Key::JwtFile)),
    row("oauth2_url", "tg_config_set_oauth2", (Filled::WithCredentials, &["TG_OAUTH2_URL"]), Kind::Url(Key::OAuth2Url)),
    row("oauth2_client_id", "tg_config_set_oauth2", (Filled::WithCredentials, &["TG_OAUTH2_CLIENT_ID"]), Kind::Text(Key::OAuth2ClientId)),
    row("oauth2_client_secret_file", "tg_config_set_oauth2_secret_file", (Filled::WithCredentials, &["TG_OAUTH2_CLIENT_SECRET_FILE"]), Kind::Text(Key::OAuth2ClientSecretFile)),
    row("oauth2_scope", "tg_config_set_oauth2_parameter", (Filled::WithCredentials, &["TG_OAUTH2_SCOPE"]), Kind::Text(Key::OAuth2Scope)),
    row("client_cert", "tg_config_set_client_cert", (Filled::WithClientKey, &["TG_CLIENT_CERT_PATH"]), Kind::Text(Key::ClientCert)),
    row("client_key", "tg_config_set_client_cert", (Filled::WithClientKey, &["TG_CLIENT_KEY_PATH"]), Kind::Text(Key::ClientKey)),
    row("pin_sha256", "tg_config_set_pin_sha256", (Filled::WithHostOrCa, &["TG_PIN_SHA256"]), Kind::Text(Key::PinSha256)),
    row("user_agent", "tg_config_set_user_agent", UNFILLED, Kind::Text(Key::UserAgent)),
    row("password", "tg_config_set_password", (Filled::WithCredentials, &["TG_PASSWORD"]), Kind::Secret(Key::Password)),
    row("secret", "tg_config_set_secret", (Filled::WithCredentials, &["TG_SECRET"]), Kind::Secret(Key::Secret)),
    row("api_token", "tg_config_set_api_token", (Filled::WithCredentials, &["TG_API_TOKEN", "TG_TOKEN"]), Kind::Secret(Key::ApiToken)),
    row("jwt", "tg_config_set_jwt", (Filled::WithCredentials, &["TG_JWT_TOKEN"]), Kind::Secret(Key::Jwt)),
    row("oauth2_client_secret", "tg_config_set_oauth2", (Filled::WithCredentials, &["TG_OAUTH2_CLIENT_SECRET"]), Kind::Secret(Key::OAuth2ClientSecret)),
    row("ca_pem", "tg_config_set_ca_pem", UNFILLED, Kind::Secret(Key::CaPem)),
    row("proxy", "tg_config_set_proxy", (Filled::Alone, &["TG_PROXY"]), Kind::Proxy(Key::Proxy)),
    row("allow_http", "tg_config_set_allow_http", (Filled::WithHost, &["TG_ALLOW_HTTP"]), Kind::Text(Key::AllowHttp)),
    row("ssl_port", "tg_config_load_env", (Filled::Alone, &["TG_SSL_PORT"]), Kind::Text(Key::SslPort)),
    row("token_cache", "tg_config_set_token_cache", (Filled::Alone, &["TG_TOKEN_CACHE"]), Kind::Text(Key::TokenCache)),
    row("token_provider", "tg_config_set_token_provider", UNFILLED, Kind::Switch(|config| config.provider.is_some())),
    row("oauth2_parameter", "tg_config_set_oauth2_parameter", UNFILLED, Kind::Names(Config::oauth2_parameter_names)),
    row("added_ca_file", "tg_config_add_ca_file", UNFILLED, Kind::List(|config| &config.added_ca_files)),
    row("insecure_tls", "tg_config_set_insecure_tls", UNFILLED, Kind::Switch(|config| config.insecure_tls)),
    row("connect_ms", "tg_config_set_timeouts", UNFILLED, Kind::Milliseconds(|config| config.connect_ms, CONNECT_LIMIT)),
    row("total_ms", "tg_config_set_timeouts", UNFILLED, Kind::Milliseconds(|config| config.total_ms, CALL_LIMIT)),
    row("lifetime_s", "tg_config_set_token_lifetime", UNFILLED, Kind::Seconds(|config| config.lifetime_s)),
    row("renew_before_s", "tg_config_set_token_lifetime", UNFILLED, Kind::Seconds(|config| config.renew_before_s)),
];

/// The variables that choose a profile. Neither goes before the other.
pub const PROFILE: [&str; 2] = ["TG_DEFAULT_PROFILE", "TG_PROFILE"];

/// Whether a variable is one of ours, with whatever prefix of a profile.
pub fn is_variable(name: &str) -> bool {
    let is = |own: &&str| name.strip_suffix(*own).is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('_'));
    SETTINGS.iter().flat_map(|setting| setting.variables).chain(&PROFILE).any(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_stand_first_in_the_order_of_their_keys() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            let key = setting.kind.key();
            assert_eq!(key.map(|key| key as usize), (index < Key::COUNT).then_some(index), "{}", setting.name);
            assert!(key.is_none_or(|key| key.name() == setting.name));
        }
    }

    #[test]
    fn our_variables_are_told_by_their_names() {
        for name in ["TG_HOST", "X_TG_HOST", "MY-PROD_TG_TOKEN_CACHE", "_TG_TOKEN", "TG_PROFILE", "TG_DEFAULT_PROFILE"]
        {
            assert!(is_variable(name), "{name}");
        }
        for name in ["", "TG", "HOST", "XTG_HOST", "TG_HOSTS", "TG_HOST_", "tg_host", "COLOR"] {
            assert!(!is_variable(name), "{name}");
        }
    }

    #[test]
    fn names_and_variables_are_there_once_and_go_together() {
        let mut names: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        names.extend(SETTINGS.iter().flat_map(|setting| setting.variables));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "a name or a variable stands twice");
        for Setting { name, variables, filled, kind, .. } in &SETTINGS {
            assert_eq!(variables.is_empty(), *filled == Filled::Never, "{name}");
            assert!(variables.is_empty() || kind.key().is_some(), "{name} is no text");
        }
    }
}
