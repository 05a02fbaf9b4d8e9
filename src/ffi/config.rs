//! Chapter of the header: configuration.

use std::ffi::{c_char, c_void};

use super::arguments::Text;
use super::handle::{Exclusive, Freed, Handle, into_handle};
use super::log::{UserData, logger, tg_log_fn, tg_release_fn};
use super::panic::guard_value;
use crate::config::Config;

/// The settings of a connection. For one thread at a time.
///
/// Setters only store a value and cannot fail. tg_conn_new() checks all settings and names the wrong one, but
/// never shows a secret value. NULL or 0 restores a setting's default. Every text is copied. A NULL config is
/// ignored.
pub struct tg_config(pub(super) Config);

impl Handle for tg_config {
    type Owner = Box<tg_config>;
}

/// Changes a config; NULL is ignored.
pub(super) fn set(mut config: Exclusive<tg_config>, change: impl FnOnce(&mut Config) -> &mut Config) {
    guard_value((), || {
        if let Some(config) = config.get() {
            change(&mut config.0);
        }
    });
}

/// New settings for the server at this address, as "https://db.example.com[:port][/base]" or
/// "xyz.i.tgcloud.io". Without a scheme, https is used.
///
/// Without a port: 443 for hosts of TigerGraph Cloud, else 14240, where the gateway serves everything on
/// every version; if no connection to it is possible, token calls try 9000 once. User name, query and
/// fragment are refused.
///
/// Several servers of one cluster, at most 8 with the same scheme, are "https://a,https://b": one login, and
/// tokens that all of them accept. Ports, the rules above and what the library learns are for each server.
/// Requests go to the first one. If a connection to it is not possible (connect.*, or timeout.* before a
/// byte of the request was written), the call goes on with the next one, within its time limit, and the one
/// that failed is not asked for 30 s, as long as another one has not failed. The one that answers is kept.
/// After tls.*, auth.* or a byte of the request no other server is asked.
///
/// Free with tg_config_free(). NULL only if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_new(host: *const c_char) -> *mut tg_config {
    // SAFETY: `host` is NULL or a text.
    let host = unsafe { Text::new(host) };
    guard_value(std::ptr::null_mut(), || {
        let config = host.bytes().map_or_else(Config::without_host, Config::new);
        into_handle(Box::new(tg_config(config)))
    })
}

/// Fills in the settings that are not set yet from the environment: TG_HOST, TG_GRAPHNAME, TG_USERNAME,
/// TG_PASSWORD, TG_SECRET, TG_API_TOKEN (or TG_TOKEN), TG_JWT_TOKEN, TG_RESTPP_PORT, TG_GS_PORT (or
/// TG_GSQL_PORT), TG_SSL_PORT, TG_TGCLOUD ("true", "1", "yes", "on"; "false", "0", "no" and "off": the host
/// name decides; "-1": no), TG_CERT_PATH (a file with CA certificates; "system": the system's trust store),
/// TG_CLIENT_CERT_PATH and TG_CLIENT_KEY_PATH, TG_PIN_SHA256, TG_ALLOW_HTTP, TG_PROXY, TG_SERVER_VERSION and
/// TG_TOKEN_CACHE (as tg_config_set_token_cache() takes it). TG_OAUTH2_URL, TG_OAUTH2_CLIENT_ID,
/// TG_OAUTH2_CLIENT_SECRET and TG_OAUTH2_SCOPE are one login together, see tg_config_set_oauth2().
///
/// TG_SECRET_FILE, TG_PASSWORD_FILE, TG_JWT_FILE and TG_OAUTH2_CLIENT_SECRET_FILE name files, such as those
/// of a mounted Kubernetes secret, that contain the credential as their only line, with or without a line
/// break at its end. They are read as with tg_config_set_secret_file(), tg_config_set_password_file(),
/// tg_config_set_jwt_file() and tg_config_set_oauth2_secret_file().
///
/// With TG_DEFAULT_PROFILE=x or TG_PROFILE=x the variables X_TG_HOST and so on take precedence, and those
/// without prefix fill the rest; the profile "default" has no prefix. A profile for which no variable is
/// set is config.profile, and two variables that choose different profiles are config.conflict.
/// X_TG_CERT_PATH=system and X_TG_GRAPHNAME=- remove what would come from TG_CERT_PATH and TG_GRAPHNAME. A
/// port in a profile's address takes precedence over ports without prefix.
///
/// Login and token come from one place: if the program set one of them, or the profile has one, no other is
/// searched for. The same holds for client certificate and key. TG_ALLOW_HTTP, and TG_PIN_SHA256 without a
/// CA setting, count only if the host comes from the same place, the same profile or no profile: they do
/// not change how a host that the program named is verified. An empty variable counts as not set.
/// tg_conn_new() reports a wrong value, with the name of the variable. To take the address from TG_HOST,
/// start with tg_config_new(NULL).
///
/// The ports of these variables, unlike others, may be those that other tools of TigerGraph have as defaults:
/// in TigerGraph Cloud 9000 and 14240 mean TG_SSL_PORT (443), unless nothing listens there; on 4.1 and later,
/// if nothing listens at the port of REST++, the gateway is used, with a warning in the log.
///
/// These variables are read only here, and not at all in programs with more privileges than their user
/// (setuid). Do not change the environment on another thread at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_load_env(config: *mut tg_config) {
    // SAFETY: `config` is NULL or a live config that no other thread uses.
    let config = unsafe { Exclusive::new(config) };
    set(config, |config| config.load_env());
}

/// As tg_config_load_env(), with the profile of this name, whatever TG_DEFAULT_PROFILE and TG_PROFILE are
/// set to. "default": the variables without prefix. NULL: the profile that the variables choose. Any other
/// name without variables, the empty one too, is config.profile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_load_profile(config: *mut tg_config, name: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `name` is NULL or a text.
    let (config, name) = unsafe { (Exclusive::new(config), Text::new(name)) };
    set(config, |config| config.load_profile(name.bytes()));
}

/// Reads a file of variables (.env) now, and fills in the settings that are not set yet from it, as
/// tg_config_load_env() does from the environment. Call it after tg_config_load_env() or
/// tg_config_load_profile(), if you call one of them: a variable of the environment then takes precedence
/// over the same one in the file, and the profile that the environment chooses over the file's. Of several
/// files the first takes precedence.
///
/// Lines are NAME=value, with or without "export" before the name; "#" after a blank begins a comment.
/// Values may be in single quotes, where a backslash protects a backslash and a quote, or in double quotes,
/// where the escapes of C for line breaks, tabs and quotes work; names may be in single quotes. Nothing is
/// expanded: "${" outside of single quotes in any line, and everything else that has no one meaning, is
/// config.file, with the number of the line. In lines of other programs values may begin with "#".
///
/// With a credential in it the file must be private, as described at tg_config_set_password_file(); without
/// one, nobody but its owner may be able to change it. Otherwise it is config.file. A pipe is read once,
/// within the time limit for connecting. tg_conn_new() reports what is wrong with the file. Programs with
/// more privileges than their user (setuid) read nothing. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_load_env_file(config: *mut tg_config, path: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `path` is NULL or a text.
    let (config, path) = unsafe { (Exclusive::new(config), Text::new(path)) };
    set(config, |config| match path.bytes() {
        Some(path) => config.load_env_file(path),
        None => config,
    });
}

/// The graph that tokens are for and, before 4.1, that secrets belong to. Default: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_graph(config: *mut tg_config, graph: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `graph` is NULL or a text.
    let (config, graph) = unsafe { (Exclusive::new(config), Text::new(graph)) };
    set(config, |config| config.set_graph(graph.bytes()));
}

/// Log in with user name and password. A connection has at most one login: this, a secret, a JWT, an OAuth2
/// client, or a token provider.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_password(
    config: *mut tg_config,
    username: *const c_char,
    password: *const c_char,
) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `username` and `password` are
    // NULL or texts.
    let (config, username, password) = unsafe { (Exclusive::new(config), Text::new(username), Text::new(password)) };
    set(config, |config| config.set_password(username.bytes(), password.bytes()));
}

/// Log in with user name and the password in this file, whose only line it is, with or without a line break
/// at its end.
///
/// The file is read by tg_conn_new() and again for every call that logs in, so the password can be replaced
/// without a restart. A password and a file with one are two logins, which a connection cannot have.
///
/// The file must not be open to other users (chmod 600). One of root's may also be readable by its group or by
/// an ACL, if the process is not root's or the mount is read-only. One that every user can read is used only
/// if its mount is read-only, as those of containers are, and root may use another user's: both log a warning.
/// Nobody but the owner may be able to change it, and links on the way to it must belong to root or to the
/// user of the process. A pipe, such as /dev/stdin, is read once, within the time limit for connecting, for
/// all connections of the same tg_config.
///
/// On Windows its access list may let in nobody but the user of the process, the system and administrators,
/// and pipes are refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_password_file(
    config: *mut tg_config,
    username: *const c_char,
    path: *const c_char,
) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `username` and `path` are NULL or
    // texts.
    let (config, username, path) = unsafe { (Exclusive::new(config), Text::new(username), Text::new(path)) };
    set(config, |config| config.set_password_file(username.bytes(), path.bytes()));
}

/// Log in with a secret.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_secret(config: *mut tg_config, secret: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `secret` is NULL or a text.
    let (config, secret) = unsafe { (Exclusive::new(config), Text::new(secret)) };
    set(config, |config| config.set_secret(secret.bytes()));
}

/// Log in with the secret in this file, as tg_config_set_password_file() does with a password.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_secret_file(config: *mut tg_config, path: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `path` is NULL or a text.
    let (config, path) = unsafe { (Exclusive::new(config), Text::new(path)) };
    set(config, |config| config.set_secret_file(path.bytes()));
}

/// A token to start with. With a login beside it, the login is used to get the next token; without one it is
/// never renewed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_api_token(config: *mut tg_config, token: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `token` is NULL or a text.
    let (config, token) = unsafe { (Exclusive::new(config), Text::new(token)) };
    set(config, |config| config.set_api_token(token.bytes()));
}

/// Log in with a JWT that another system issued. It is never renewed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_jwt(config: *mut tg_config, jwt: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `jwt` is NULL or a text.
    let (config, jwt) = unsafe { (Exclusive::new(config), Text::new(jwt)) };
    set(config, |config| config.set_jwt(jwt.bytes()));
}

/// Log in with the JWT in this file, as tg_config_set_password_file() does with a password. It is read again
/// shortly before the JWT expires, when it has expired, and after a server has refused it, so whoever issues
/// JWTs can replace it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_jwt_file(config: *mut tg_config, path: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `path` is NULL or a text.
    let (config, path) = unsafe { (Exclusive::new(config), Text::new(path)) };
    set(config, |config| config.set_jwt_file(path.bytes()));
}

/// Log in with tokens that an authorization server gives to this client: OAuth2 client credentials (RFC 6749,
/// section 4.4). A connection has at most one login: this, or one of the others.
///
/// token_url is the address of the token endpoint, "https://login.example.com/oauth2/token", with a query if
/// it needs one; plain http only on this machine, whatever tg_config_set_allow_http() says. The server is
/// TigerGraph 4.1 or later and must be configured to accept the tokens of this authorization server. They are
/// used as a JWT of tg_config_set_jwt() is, but renewed: in time, by one request however many threads ask.
///
/// The client's id and secret are sent to the token endpoint alone. If both consist of letters, digits and
/// "-._~", they are sent in the Authorization header (Basic) and, after "invalid_client", in the form; with
/// any other character the form comes first, because servers disagree on how the header is decoded, and then
/// the header, percent-encoded. What worked is used first from then on. The parameter "client_auth" of
/// tg_config_set_oauth2_parameter() chooses one way.
///
/// The token endpoint is trusted if the system's trust store or a CA of tg_config_set_ca_file(),
/// tg_config_set_ca_pem() or tg_config_add_ca_file() says so. Pin, client certificate and insecure TLS are for
/// TigerGraph's server alone. The proxy setting and the time limits apply. Redirects are not followed.
///
/// What goes wrong there: oauth2.refused if the authorization server refuses the client or what it asks for,
/// oauth2.unavailable if it is busy (tg_error_retry_after_ms() tells how long, if it said so), and the reasons
/// of connections, time limits and TLS as for TigerGraph's server. After a refusal it is not asked again for
/// 30 s, then longer.
///
/// A NULL client_secret needs tg_config_set_oauth2_secret_file() or the parameter "client_assertion",
/// otherwise tg_conn_new() returns config.conflict. NULL for all three takes the login back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_oauth2(
    config: *mut tg_config,
    token_url: *const c_char,
    client_id: *const c_char,
    client_secret: *const c_char,
) {
    let given = [token_url, client_id, client_secret];
    // SAFETY: `config` is NULL or a live config that no other thread uses; the others are NULL or texts.
    let (config, [url, id, secret]) = unsafe { (Exclusive::new(config), given.map(|text| Text::new(text))) };
    set(config, |config| config.set_oauth2(url.bytes(), id.bytes(), secret.bytes()));
}

/// A file that contains the client's secret, in place of the client_secret of tg_config_set_oauth2(). It is
/// judged as that of tg_config_set_password_file() is, and read by tg_conn_new() and for every request to the
/// token endpoint. A secret and a file with one are two logins, which a connection cannot have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_oauth2_secret_file(config: *mut tg_config, path: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `path` is NULL or a text.
    let (config, path) = unsafe { (Exclusive::new(config), Text::new(path)) };
    set(config, |config| config.set_oauth2_secret_file(path.bytes()));
}

/// A further parameter of requests to the token endpoint, such as "scope", "audience" or "resource". A second
/// call with the same name replaces the value; a NULL value takes the parameter away, a NULL name all of them.
/// A parameter with the value "" is not sent. No value is ever shown.
///
/// "client_auth" is not sent: it says how the client's secret is, "basic" (in the header, percent-encoded, as
/// RFC 6749 has it), "basic_raw" (in the header as it is) or "form", and nothing else is tried then.
///
/// "client_assertion" stands in place of a secret (RFC 7523), with "client_assertion_type" if it is another
/// kind than "urn:ietf:params:oauth:client-assertion-type:jwt-bearer". The same one is sent with every
/// request, so it has to live as long as the connection. "grant_type", "client_id" and "client_secret" are
/// refused by tg_conn_new() with config.conflict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_oauth2_parameter(
    config: *mut tg_config,
    name: *const c_char,
    value: *const c_char,
) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `name` and `value` are NULL or texts.
    let (config, name, value) = unsafe { (Exclusive::new(config), Text::new(name), Text::new(value)) };
    set(config, |config| config.set_oauth2_parameter(name.bytes(), value.bytes()));
}

/// The ports of REST++ (9000 before 4.1) and of the gateway (14240). 0: the port of the address. If both are
/// the same, REST++ requests go to paths below /restpp.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_ports(config: *mut tg_config, restpp: u16, gsql: u16) {
    // SAFETY: `config` is NULL or a live config that no other thread uses.
    let config = unsafe { Exclusive::new(config) };
    set(config, |config| config.set_ports(restpp, gsql));
}

/// Whether the server is in TigerGraph Cloud: 1 yes, -1 no, 0 by the host name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_tgcloud(config: *mut tg_config, tgcloud: i32) {
    // SAFETY: `config` is NULL or a live config that no other thread uses.
    let config = unsafe { Exclusive::new(config) };
    set(config, |config| config.set_tgcloud(tgcloud));
}

/// The server's version, such as "3.10" or "4.1.2". With it the library does not ask the server for its
/// version. If it is wrong, calls fail, mostly with missing.endpoint, and the hint of the error names this
/// setting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_server_version(config: *mut tg_config, version: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `version` is NULL or a text.
    let (config, version) = unsafe { (Exclusive::new(config), Text::new(version)) };
    set(config, |config| config.set_server_version(version.bytes()));
}

/// A file with the CA certificates to trust, in PEM, at most 4 MiB. Default: the system's trust store, which
/// SSL_CERT_FILE and SSL_CERT_DIR can replace; with a CA setting these two count for the token endpoint of
/// tg_config_set_oauth2() alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_ca_file(config: *mut tg_config, path: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `path` is NULL or a text.
    let (config, path) = unsafe { (Exclusive::new(config), Text::new(path)) };
    set(config, |config| config.set_ca_file(path.bytes()));
}

/// One more file with CA certificates to trust, as for tg_config_set_ca_file(): beside the system's trust
/// store, or beside the certificates of the CA setting, whichever decides. Each call adds a file; NULL removes
/// all files that were added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_add_ca_file(config: *mut tg_config, path: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `path` is NULL or a text.
    let (config, path) = unsafe { (Exclusive::new(config), Text::new(path)) };
    set(config, |config| config.add_ca_file(path.bytes()));
}

/// The CA certificates to trust, as PEM text, instead of a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_ca_pem(config: *mut tg_config, pem: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `pem` is NULL or a text.
    let (config, pem) = unsafe { (Exclusive::new(config), Text::new(pem)) };
    set(config, |config| config.set_ca_pem(pem.bytes()));
}

/// Files with the certificate chain and the private key to show to servers that ask for them, in PEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_client_cert(
    config: *mut tg_config,
    cert_path: *const c_char,
    key_path: *const c_char,
) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `cert_path` and `key_path` are
    // NULL or texts.
    let (config, cert_path, key_path) = unsafe { (Exclusive::new(config), Text::new(cert_path), Text::new(key_path)) };
    set(config, |config| config.set_client_cert(cert_path.bytes(), key_path.bytes()));
}

/// The SHA-256 of the server's SubjectPublicKeyInfo, in Base64 (with or without "sha256//" in front): only
/// this key is accepted. Without a CA setting it replaces the check of the chain, but not that of host name
/// and dates; together with a CA setting, both must match.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_pin_sha256(config: *mut tg_config, base64_spki: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `base64_spki` is NULL or a text.
    let (config, base64_spki) = unsafe { (Exclusive::new(config), Text::new(base64_spki)) };
    set(config, |config| config.set_pin_sha256(base64_spki.bytes()));
}

/// Not 0: accept any certificate, so anybody between client and server can read everything. Only for tests.
/// Logs one warning.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_insecure_tls(config: *mut tg_config, insecure: i32) {
    // SAFETY: `config` is NULL or a live config that no other thread uses.
    let config = unsafe { Exclusive::new(config) };
    set(config, |config| config.set_insecure_tls(insecure != 0));
}

/// Not 0: allow plain http to other machines; anybody in between can read the credentials.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_allow_http(config: *mut tg_config, allow: i32) {
    // SAFETY: `config` is NULL or a live config that no other thread uses.
    let config = unsafe { Exclusive::new(config) };
    set(config, |config| config.set_allow_http(allow != 0));
}

/// Limits in milliseconds: for one attempt to connect (name lookup, TCP and TLS; default 5 000) and for a
/// whole call, everything included (default 30 000). It is not possible to have no limit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_timeouts(config: *mut tg_config, connect_ms: u32, total_ms: u32) {
    // SAFETY: `config` is NULL or a live config that no other thread uses.
    let config = unsafe { Exclusive::new(config) };
    set(config, |config| config.set_timeouts(connect_ms, total_ms));
}

/// An HTTP proxy as "http://proxy:3128" or "http://user:password@proxy:3128" (special characters
/// percent-encoded), or "env" for the one that the environment sets (HTTPS_PROXY, NO_PROXY and so on).
/// Default: none, even if the environment sets one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_proxy(config: *mut tg_config, proxy: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `proxy` is NULL or a text.
    let (config, proxy) = unsafe { (Exclusive::new(config), Text::new(proxy)) };
    set(config, |config| config.set_proxy(proxy.bytes()));
}

/// The value of the User-Agent header. Default: "tigergraph-auth/" and the version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_user_agent(config: *mut tg_config, user_agent: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `user_agent` is NULL or a text.
    let (config, user_agent) = unsafe { (Exclusive::new(config), Text::new(user_agent)) };
    set(config, |config| config.set_user_agent(user_agent.bytes()));
}

/// The lifetime of tokens in seconds if a call gives none (0: the server's default), and how many seconds
/// before it expires a token is renewed (0: a fifth of its lifetime, at most 24 h). Neither may be longer than
/// 1 000 years.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_token_lifetime(config: *mut tg_config, lifetime_s: i64, renew_before_s: i64) {
    // SAFETY: `config` is NULL or a live config that no other thread uses.
    let config = unsafe { Exclusive::new(config) };
    set(config, |config| config.set_token_lifetime(lifetime_s, renew_before_s));
}

/// A folder in which processes of the same user share the tokens that tg_authorization() returns: of 64
/// processes that need one, one asks the server. "user": the folder tigergraph-auth in the user's cache
/// folder (XDG_CACHE_HOME, else .cache in HOME; tg_conn_new() reads both, in this case only); "none": no
/// cache, whatever the environment says; any other text: a folder. NULL: as TG_TOKEN_CACHE says, if the
/// environment is loaded, else none.
///
/// It is for logins with a secret, with user and password, or as an OAuth2 client; with a JWT, an API token
/// or a token provider it is config.conflict. A folder that is missing is made, with mode 0700. A link, a
/// folder of another user, and one that is open to other users are config.file, reported by tg_conn_new(). On
/// Windows "user" is a folder below LOCALAPPDATA, and an access list stands for the mode.
///
/// No login is stored. A token is stored encrypted, under a name and with a key that can be computed only
/// from the same login, and is used only for the same server, trust settings, user, graph and lifetime, and
/// for the same token endpoint and parameters.
/// With a password, the first look into the cache takes some tenths of a second of processor time, once in a
/// process. A token that was rejected or deleted is removed. tg_get_token() always asks the server, and
/// leaves the cache as it is. If the cache cannot be used, as on a full or read-only disk, or if the folder
/// of "user" cannot be made, tokens are requested without it, with a warning in the log. Another folder that
/// cannot be made or opened is config.file. With a cache, tg_conn_new() only looks whether the system's trust
/// store is there, and it is read when a server is verified.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_token_cache(config: *mut tg_config, directory: *const c_char) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `directory` is NULL or a text.
    let (config, directory) = unsafe { (Exclusive::new(config), Text::new(directory)) };
    set(config, |config| config.set_token_cache(directory.bytes()));
}

/// Where log lines up to max_level (TG_LOG_...) go. log NULL: no log. In Node.js, LuaJIT and PHP, read what
/// tg_log_fn says first.
///
/// release (may be NULL) is called exactly once for each call of this function, when neither a config
/// nor a connection can use user_data any more; at once if log is NULL or config is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_log(
    config: *mut tg_config,
    max_level: i32,
    log: tg_log_fn,
    user_data: *mut c_void,
    release: tg_release_fn,
) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `log` and `release` may be called with
    // `user_data` on any thread, until `release` was.
    let (config, user_data) = unsafe { (Exclusive::new(config), UserData::new(user_data, release)) };
    let target = guard_value(None, || logger(max_level, log, user_data));
    set(config, |config| config.set_log(target));
}

/// Frees settings and wipes the credentials in them. Connections made from them keep working. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_free(config: *mut tg_config) {
    // SAFETY: `config` is NULL or a config of tg_config_new, which is not used again.
    let config = unsafe { Freed::new(config) };
    guard_value((), || drop(config.take()));
}
