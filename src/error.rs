//! What can go wrong: the stable reasons, the status each belongs to, and the error that carries one.
//!
//! A [`Status`] says what a program can do about a failure, a [`Reason`] says exactly what happened.
//! [`REASONS`] is the one table that joins them; the C header, the documentation and the tests read it.

use std::borrow::Cow;
use std::ffi::CStr;
use std::{fmt, io};

/// What a program can do about an outcome. The numbers are part of the C interface and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Status {
    /// Done.
    Ok = 0,
    /// An argument or a setting is wrong; nothing was sent.
    InvalidArgument = 1,
    /// No connection to the server.
    Connect = 2,
    /// A time limit was exceeded.
    Timeout = 3,
    /// The server's certificate or the TLS session was refused.
    Tls = 4,
    /// The answer is not one that a TigerGraph server gives.
    Protocol = 5,
    /// The server refused the credentials.
    Unauthenticated = 6,
    /// The credentials are valid, but do not allow this.
    Forbidden = 7,
    /// The secret, token, graph, user or endpoint does not exist.
    NotFound = 8,
    /// A secret with this alias already exists.
    AlreadyExists = 9,
    /// This server version cannot do it.
    Unsupported = 10,
    /// REST++ authentication is off: no token is needed.
    AuthDisabled = 11,
    /// The server is busy, starting or limiting requests.
    Unavailable = 12,
    /// Another error on the server.
    Server = 13,
    /// A request that must not be repeated may have been carried out.
    UnknownOutcome = 14,
    /// There is no token, and no login to get one.
    NoCredentials = 15,
    /// A bug in this library.
    Internal = 16,
    /// The call was cancelled.
    Cancelled = 17,
    /// A token is on its way: ask again after the wakeup.
    Pending = 18,
}

/// Every status with its name, in the order of its number. The names end in a NUL, so that one table serves Rust and C.
const STATUSES: [(Status, &CStr); 19] = [
    (Status::Ok, c"OK"),
    (Status::InvalidArgument, c"INVALID_ARGUMENT"),
    (Status::Connect, c"CONNECT"),
    (Status::Timeout, c"TIMEOUT"),
    (Status::Tls, c"TLS"),
    (Status::Protocol, c"PROTOCOL"),
    (Status::Unauthenticated, c"UNAUTHENTICATED"),
    (Status::Forbidden, c"FORBIDDEN"),
    (Status::NotFound, c"NOT_FOUND"),
    (Status::AlreadyExists, c"ALREADY_EXISTS"),
    (Status::Unsupported, c"UNSUPPORTED"),
    (Status::AuthDisabled, c"AUTH_DISABLED"),
    (Status::Unavailable, c"UNAVAILABLE"),
    (Status::Server, c"SERVER"),
    (Status::UnknownOutcome, c"UNKNOWN_OUTCOME"),
    (Status::NoCredentials, c"NO_CREDENTIALS"),
    (Status::Internal, c"INTERNAL"),
    (Status::Cancelled, c"CANCELLED"),
    (Status::Pending, c"PENDING"),
];

impl Status {
    /// Every status, in the order of its number.
    pub const ALL: [Status; STATUSES.len()] = {
        let mut all = [Status::Ok; STATUSES.len()];
        let mut index = 0;
        while index < all.len() {
            all[index] = STATUSES[index].0;
            index += 1;
        }
        all
    };

    /// The name without its prefix, such as `TIMEOUT`.
    pub fn name(self) -> &'static str {
        // The names are ASCII; a test reads each of them.
        self.c_name().to_str().unwrap_or_default()
    }

    /// The same with the NUL that C wants at its end.
    pub(crate) fn c_name(self) -> &'static CStr {
        // The table has the order of the enum; a test checks that.
        STATUSES[self as usize].1
    }
}

/// Exactly what happened. The text of a reason ([`Reason::id`]) is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is explained by its row of REASONS
pub enum Reason {
    ArgumentNull,
    ArgumentUtf8,
    ArgumentControlCharacter,
    ArgumentAlias,
    ArgumentGraph,
    ArgumentUrl,
    ArgumentRange,
    ArgumentFlags,
    ArgumentMethod,
    ArgumentPath,
    ArgumentHeader,
    ArgumentRecursion,
    ConfigConflict,
    ConfigFile,
    ConfigPlainHttp,
    ConfigProfile,
    ConnectDns,
    ConnectRefused,
    ConnectUnreachable,
    ConnectReset,
    ConnectClosed,
    ConnectProxy,
    ConnectResource,
    TimeoutDns,
    TimeoutConnect,
    TimeoutTls,
    TimeoutResponse,
    TlsUnknownIssuer,
    TlsExpired,
    TlsNotYetValid,
    TlsWrongHost,
    TlsRevoked,
    TlsPinMismatch,
    TlsProtocol,
    TlsClientCertificate,
    TlsBadCertificate,
    TlsNoName,
    ProtocolNotJson,
    ProtocolShape,
    ProtocolFraming,
    ProtocolTooLarge,
    ProtocolRedirect,
    ProtocolEncoding,
    AuthBadSecret,
    AuthBadPassword,
    AuthBadToken,
    AuthTokenExpired,
    AuthLockedOut,
    AuthRefused,
    ProviderRefused,
    Oauth2Refused,
    AuthNoPrivilege,
    MissingSecret,
    MissingToken,
    MissingGraph,
    MissingUser,
    MissingEndpoint,
    ExistsSecret,
    UnsupportedRefresh,
    UnsupportedCheck,
    UnsupportedUser,
    UnsupportedValue,
    UnsupportedServer,
    AuthDisabled,
    UnavailableStarting,
    UnavailableOverloaded,
    UnavailableRateLimited,
    UnavailableGateway,
    ProviderUnavailable,
    Oauth2Unavailable,
    ServerError,
    ServerRevokeListFull,
    OutcomeUnknown,
    CredentialsNone,
    CredentialsMaskedSecret,
    InternalPanic,
    Cancelled,
    Pending,
}

/// A row of [`REASONS`].
#[derive(Clone, Copy, Debug)]
pub struct ReasonRow {
    /// The reason.
    pub reason: Reason,
    /// Its stable text.
    pub id: &'static str,
    /// The one status it belongs to.
    pub status: Status,
    /// What to do about it, for the person who meets it; an error may bring a better one of its own.
    pub hint: &'static str,
}

const fn row(reason: Reason, id: &'static str, status: Status, hint: &'static str) -> ReasonRow {
    ReasonRow { reason, id, status, hint }
}

/// Every reason with its text, status and usual hint, in the order of the enum.
#[rustfmt::skip]
pub const REASONS: &[ReasonRow] = &[
    row(Reason::ArgumentNull, "argument.null", Status::InvalidArgument, "Pass a valid pointer for the parameter that the message names."),
    row(Reason::ArgumentUtf8, "argument.utf8", Status::InvalidArgument, "Pass the text as UTF-8."),
    row(Reason::ArgumentControlCharacter, "argument.control_character", Status::InvalidArgument, "Remove line breaks and other control characters; a secret that was read from a file often ends in a line break."),
    row(Reason::ArgumentAlias, "argument.alias", Status::InvalidArgument, "Use letters, digits and underscores, at most 128 of them; servers from 4.1 on allow more."),
    row(Reason::ArgumentGraph, "argument.graph", Status::InvalidArgument, "Use the exact name of the graph: letters, digits and underscores, at most 128 of them."),
    row(Reason::ArgumentUrl, "argument.url", Status::InvalidArgument, "Write the address as https://host, https://host:port or https://host:port/base, without user name, query or fragment."),
    row(Reason::ArgumentRange, "argument.range", Status::InvalidArgument, "Use a value that the setting or argument allows: see tigergraph_auth.h or the list of settings."),
    row(Reason::ArgumentFlags, "argument.flags", Status::InvalidArgument, "Pass only the flags that the header lists for this function."),
    row(Reason::ArgumentMethod, "argument.method", Status::InvalidArgument, "Use a method such as GET, POST, PUT or DELETE; CONNECT and TRACE are not sent."),
    row(Reason::ArgumentPath, "argument.path", Status::InvalidArgument, "Begin the path with /, percent-encode what is not plain in it, and leave out segments . and ..; the address, /restpp included, belongs to the connection."),
    row(Reason::ArgumentHeader, "argument.header", Status::InvalidArgument, "Remove the header: the library sets it itself, or it has characters that no header may have."),
    row(Reason::ArgumentRecursion, "argument.recursion", Status::InvalidArgument, "A token provider that asks its own connection for a token asks itself: use another connection, or what the provider has."),
    row(Reason::ConfigConflict, "config.conflict", Status::InvalidArgument, "Keep one of the two settings and remove the other."),
    row(Reason::ConfigFile, "config.file", Status::InvalidArgument, "Check that the file exists, that this user may read it, and that its content is what the setting needs."),
    row(Reason::ConfigPlainHttp, "config.plain_http", Status::InvalidArgument, "Use https://, or use tg_config_set_allow_http if you trust the network to the server; TG_ALLOW_HTTP counts only if it is set in the same place as TG_HOST."),
    row(Reason::ConfigProfile, "config.profile", Status::InvalidArgument, "Check the name of the profile: for the profile staging the variables are STAGING_TG_HOST, STAGING_TG_SECRET and so on."),
    row(Reason::ConnectDns, "connect.dns", Status::Connect, "Check the host name and the DNS settings of this machine."),
    row(Reason::ConnectRefused, "connect.refused", Status::Connect, "Check that TigerGraph is running there and that the port is right: 14240, or 443 in the cloud."),
    row(Reason::ConnectUnreachable, "connect.unreachable", Status::Connect, "Check the network, the routes and the firewall between this machine and the server."),
    row(Reason::ConnectReset, "connect.reset", Status::Connect, "Try again; if it keeps happening, check the logs of the server and of any proxy or load balancer in front of it."),
    row(Reason::ConnectClosed, "connect.closed", Status::Connect, "Try again; if it keeps happening, check the logs of the server and of any proxy or load balancer in front of it."),
    row(Reason::ConnectProxy, "connect.proxy", Status::Connect, "Check the proxy's address and that it allows CONNECT to this host and port."),
    row(Reason::ConnectResource, "connect.resource", Status::Connect, "This process or this machine has run out of file descriptors, ports, threads or memory."),
    row(Reason::TimeoutDns, "timeout.dns", Status::Timeout, "The name servers do not answer: check the DNS settings of this machine."),
    row(Reason::TimeoutConnect, "timeout.connect", Status::Timeout, "Nothing answers at that address and port; a firewall that drops packets has the same effect."),
    row(Reason::TimeoutTls, "timeout.tls", Status::Timeout, "Check the port, or use http:// if the server has no TLS: the connection is accepted, but no answer comes."),
    row(Reason::TimeoutResponse, "timeout.response", Status::Timeout, "Allow more time with tg_config_set_timeouts, or check the server's load."),
    row(Reason::TlsUnknownIssuer, "tls.unknown_issuer", Status::Tls, "If the server uses a private certificate, name its CA with tg_config_set_ca_file or pin its key with tg_config_set_pin_sha256."),
    row(Reason::TlsExpired, "tls.expired", Status::Tls, "Have the certificate renewed, or check this machine's clock."),
    row(Reason::TlsNotYetValid, "tls.not_yet_valid", Status::Tls, "Check this machine's clock, and the date from which the certificate is valid."),
    row(Reason::TlsWrongHost, "tls.wrong_host", Status::Tls, "Use a host name or address that the certificate lists, or have it made anew with this one under subject alternative names."),
    row(Reason::TlsRevoked, "tls.revoked", Status::Tls, "Do not connect; tell the server's operator."),
    row(Reason::TlsPinMismatch, "tls.pin_mismatch", Status::Tls, "Verify the new key before you change tg_config_set_pin_sha256."),
    row(Reason::TlsProtocol, "tls.protocol", Status::Tls, "Check the port, or use http:// if the server has no TLS; it must support TLS 1.2 or 1.3."),
    row(Reason::TlsClientCertificate, "tls.client_certificate", Status::Tls, "The server requires a client certificate: set one with tg_config_set_client_cert."),
    row(Reason::TlsBadCertificate, "tls.bad_certificate", Status::Tls, "Have the certificate made anew: X.509 version 3, signed with SHA-256 or more, for serverAuth, and with a key of RSA (2048 bits or more), ECDSA (P-256 or P-384) or Ed25519."),
    row(Reason::TlsNoName, "tls.no_name", Status::Tls, "Have the certificate made with its host names and addresses as subject alternative names."),
    row(Reason::ProtocolNotJson, "protocol.not_json", Status::Protocol, "Something other than TigerGraph answered, such as a proxy or a login page: check host, port and base path."),
    row(Reason::ProtocolShape, "protocol.shape", Status::Protocol, "Something is missing or wrong in the answer: check that host, port and base path belong to a TigerGraph server."),
    row(Reason::ProtocolFraming, "protocol.framing", Status::Protocol, "Check that the port speaks HTTP, or use https:// if it speaks TLS."),
    row(Reason::ProtocolTooLarge, "protocol.too_large", Status::Protocol, "The answer is larger than any that TigerGraph gives to this request."),
    row(Reason::ProtocolRedirect, "protocol.redirect", Status::Protocol, "Redirects are never followed, so that no credential reaches another address: configure the final address, with its port."),
    row(Reason::ProtocolEncoding, "protocol.encoding", Status::Protocol, "The answer is compressed or is not UTF-8, which was not requested: look for a proxy that changes answers."),
    row(Reason::AuthBadSecret, "auth.bad_secret", Status::Unauthenticated, "Check the secret; on servers before 4.1 it belongs to one graph. Create a new one with tg_create_secret."),
    row(Reason::AuthBadPassword, "auth.bad_password", Status::Unauthenticated, "Check user name and password; repeated wrong passwords lock the account."),
    row(Reason::AuthBadToken, "auth.bad_token", Status::Unauthenticated, "This server does not know the token, or it was deleted: request a new one."),
    row(Reason::AuthTokenExpired, "auth.token_expired", Status::Unauthenticated, "The token has expired: request a new one."),
    row(Reason::AuthLockedOut, "auth.locked_out", Status::Unauthenticated, "Too many failed logins: wait before you try again; each further failure doubles the wait."),
    row(Reason::AuthRefused, "auth.refused", Status::Unauthenticated, "The server does not say why. Possible causes are a wrong or revoked credential, the wrong graph, a limit that was reached, and a role that was removed."),
    row(Reason::ProviderRefused, "provider.refused", Status::Unauthenticated, "The program's token provider is refused where it gets tokens: check the credentials that it uses there."),
    row(Reason::Oauth2Refused, "oauth2.refused", Status::Unauthenticated, "Check the client's id, secret and scope, and the rights that the authorization server gives to this client."),
    row(Reason::AuthNoPrivilege, "auth.no_privilege", Status::Forbidden, "Ask an administrator for the privilege, or use another user."),
    row(Reason::MissingSecret, "missing.secret", Status::NotFound, "List the existing secrets with tg_get_secrets."),
    row(Reason::MissingToken, "missing.token", Status::NotFound, "The token was deleted, has expired, or never belonged to this connection."),
    row(Reason::MissingGraph, "missing.graph", Status::NotFound, "Check the name given to tg_config_set_graph; it must be the name of a graph, not the alias of a secret."),
    row(Reason::MissingUser, "missing.user", Status::NotFound, "Check the user name."),
    row(Reason::MissingEndpoint, "missing.endpoint", Status::NotFound, "Check port and base path, and that the server is TigerGraph 2.x or later."),
    row(Reason::ExistsSecret, "exists.secret", Status::AlreadyExists, "Choose another alias, or drop the old secret first."),
    row(Reason::UnsupportedRefresh, "unsupported.refresh", Status::Unsupported, "TigerGraph 4.1 and later cannot refresh: pass TG_TOKEN_OR_NEW to get a new token instead."),
    row(Reason::UnsupportedCheck, "unsupported.check", Status::Unsupported, "Only TigerGraph 4.1 and later can check a JWT."),
    row(Reason::UnsupportedUser, "unsupported.user", Status::Unsupported, "Only TigerGraph 4.1 and later can manage another user's secrets."),
    row(Reason::UnsupportedValue, "unsupported.value", Status::Unsupported, "Only TigerGraph 4.1 and later can create a secret with a given value."),
    row(Reason::UnsupportedServer, "unsupported.server", Status::Unsupported, "This version of TigerGraph does not accept this kind of login: configure user name and password, or a secret."),
    row(Reason::AuthDisabled, "auth.disabled", Status::AuthDisabled, "No token is needed. To turn authentication on: gadmin config set RESTPP.Factory.EnableAuth true, then gadmin config apply and gadmin restart."),
    row(Reason::UnavailableStarting, "unavailable.starting", Status::Unavailable, "Try again: a workspace takes a few minutes to start."),
    row(Reason::UnavailableOverloaded, "unavailable.overloaded", Status::Unavailable, "The server is too busy: try again later."),
    row(Reason::UnavailableRateLimited, "unavailable.rate_limited", Status::Unavailable, "Wait as long as tg_error_retry_after_ms says."),
    row(Reason::UnavailableGateway, "unavailable.gateway", Status::Unavailable, "Try again; if it keeps happening, check the server behind the gateway."),
    row(Reason::ProviderUnavailable, "provider.unavailable", Status::Unavailable, "The program's token provider brought no token: check it, and what it gets tokens from; the message has its words, if it said any."),
    row(Reason::Oauth2Unavailable, "oauth2.unavailable", Status::Unavailable, "Try again later; if it keeps happening, check the authorization server."),
    row(Reason::ServerError, "server.error", Status::Server, "Check the server's logs."),
    row(Reason::ServerRevokeListFull, "server.revoke_list_full", Status::Server, "The user's list of deleted tokens is full (GSQL.Token.DropLimit): wait until tokens expire, or have the list cleared."),
    row(Reason::OutcomeUnknown, "outcome.unknown", Status::UnknownOutcome, "Look for the alias with tg_get_secrets, then keep or drop that secret; the request was not repeated."),
    row(Reason::CredentialsNone, "credentials.none", Status::NoCredentials, "Configure user name and password, a secret, or a token."),
    row(Reason::CredentialsMaskedSecret, "credentials.masked_secret", Status::NoCredentials, "Before 4.1 the server shows secrets masked: use the value that tg_create_secret returned."),
    row(Reason::InternalPanic, "internal.panic", Status::Internal, "This is a bug in tigergraph_auth: please report it. The connection can still be used."),
    row(Reason::Cancelled, "cancelled", Status::Cancelled, "The call was stopped by tg_conn_cancel or tg_conn_free."),
    row(Reason::Pending, "pending", Status::Pending, "Nothing failed: a token is on its way. Ask again after the wakeup."),
];

impl Reason {
    fn row(self) -> &'static ReasonRow {
        // The table has the order of the enum; a test holds it to that.
        &REASONS[self as usize]
    }

    /// The stable text, such as `tls.unknown_issuer`.
    pub fn id(self) -> &'static str {
        self.row().id
    }

    /// The status this reason belongs to.
    pub fn status(self) -> Status {
        self.row().status
    }

    /// The usual advice.
    pub fn hint(self) -> &'static str {
        self.row().hint
    }
}

/// A failure: one sentence for a person, and the facts a program needs. Contains no credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Inner>);

/// Behind a box: what can fail is called far more often than it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    reason: Reason,
    message: String,
    hint: Cow<'static, str>,
    server_code: String,
    http_status: u16,
    retry_after_ms: Option<u64>,
    transient: bool,
    nothing_done: bool,
    never_connected: bool,
}

impl Error {
    /// An error with the usual hint of its reason.
    pub fn new(reason: Reason, message: impl Into<Cow<'static, str>>) -> Error {
        Error::with(reason, message.into())
    }

    /// Not part of its callers, of which there are many.
    #[inline(never)]
    fn with(reason: Reason, message: Cow<'static, str>) -> Error {
        Error(Box::new(Inner {
            reason,
            message: visible(message).into_owned(),
            hint: Cow::Borrowed(reason.hint()),
            server_code: String::new(),
            http_status: 0,
            retry_after_ms: None,
            transient: false,
            nothing_done: false,
            never_connected: false,
        }))
    }

    /// The same error with other advice.
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Error {
        self.0.hint = visible(hint.into());
        self
    }

    /// The same error with another sentence.
    pub fn with_message(mut self, message: impl Into<String>) -> Error {
        self.0.message = visible(message.into().into()).into_owned();
        self
    }

    /// The same error with the HTTP status of the answer that caused it.
    pub fn with_http_status(mut self, status: u16) -> Error {
        self.0.http_status = status;
        self
    }

    /// The same error with the server's own code, such as `REST-10016`.
    pub fn with_server_code(mut self, code: impl Into<String>) -> Error {
        self.0.server_code = code.into();
        self
    }

    /// The same error with the time that the server asked to wait.
    pub fn with_retry_after_ms(mut self, wait: Option<u64>) -> Error {
        self.0.retry_after_ms = wait;
        self
    }

    /// The same error, with what its cause says of itself and its reason alone does not: whether it may pass.
    pub(crate) fn with_transient(mut self, transient: bool) -> Error {
        self.0.transient = transient;
        self
    }

    /// The same error, where the answer proves that nothing has carried the request out.
    pub(crate) fn with_nothing_done(mut self) -> Error {
        self.0.nothing_done = true;
        self
    }

    /// Whether an answer proved that nothing has carried the request out.
    pub(crate) fn nothing_done(&self) -> bool {
        self.0.nothing_done
    }

    /// The same error, where no connection to a TigerGraph server was possible, so that another one may be asked.
    pub(crate) fn with_never_connected(mut self) -> Error {
        self.0.never_connected = true;
        self
    }

    /// Whether no connection to a TigerGraph server was possible.
    pub(crate) fn never_connected(&self) -> bool {
        self.0.never_connected
    }

    /// Whether the cause said so.
    pub(crate) fn transient(&self) -> bool {
        self.0.transient
    }

    /// The same error, naming the server it is about, if its message does not yet.
    pub fn about(mut self, server: &str) -> Error {
        let server = server.trim_end_matches("/restpp");
        if !self.0.message.contains(server) {
            self.0.message.push_str(&format!(" ({server})"));
        }
        self
    }

    /// Whether a complete answer of the server's says so: not a broken connection, time, or what was no answer.
    pub(crate) fn is_answer(&self) -> bool {
        use Status::{Cancelled, Connect, Internal, InvalidArgument, Protocol, Timeout, Tls};
        let without = [InvalidArgument, Connect, Timeout, Tls, Protocol, Cancelled, Internal];
        self.0.http_status != 0 && !without.contains(&self.status())
    }

    /// What a program can do about it.
    pub fn status(&self) -> Status {
        self.0.reason.status()
    }

    /// What happened, exactly.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// One sentence for a person.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    pub fn hint(&self) -> &str {
        &self.0.hint
    }

    /// The server's own code, or "".
    pub fn server_code(&self) -> &str {
        &self.0.server_code
    }

    /// The HTTP status of the answer, 0 where there was none.
    pub fn http_status(&self) -> u16 {
        self.0.http_status
    }

    /// How long the server asked to wait, in milliseconds.
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.0.retry_after_ms
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

/// The result of everything that can fail here.
pub type Result<T> = std::result::Result<T, Error>;

/// A text for a person: what of it would do something to a terminal, or begin another line, is shown as a shell has it
/// between `$'` and `'`. Names of files may hold anything.
pub(crate) fn visible(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if character.is_control() => {
                let mut room = [0; 4];
                // Always three digits, behind which another one may follow.
                let bytes = character.encode_utf8(&mut room).bytes();
                shown.extend(bytes.map(|byte| format!("\\{byte:03o}")));
            }
            _ => shown.push(character),
        }
    }
    shown.into()
}

/// Why a file cannot be read, in plain words.
pub(crate) fn file_trouble(error: &io::Error) -> Cow<'static, str> {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "it is a directory".into(),
        kind => kind.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_with_files_is_told_in_plain_words() {
        let trouble = |path: &str| file_trouble(&std::fs::read(path).expect_err(path)).into_owned();
        assert_eq!(trouble("/no/such/file"), "no such file");
        assert_eq!(file_trouble(&io::ErrorKind::IsADirectory.into()), "it is a directory");
        assert_eq!(file_trouble(&io::ErrorKind::PermissionDenied.into()), "permission denied");
        assert_eq!(file_trouble(&io::ErrorKind::StorageFull.into()), io::ErrorKind::StorageFull.to_string());
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        for (text, shown) in [
            ("plain \u{e4} \\n", "plain \u{e4} \\n"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\x1b[31m\x07", "\\033[31m\\007"),
            ("\x001\x7f", "\\0001\\177"),
            ("\u{9b}", "\\302\\233"),
        ] {
            assert_eq!(visible(text.into()), shown);
            let error = Error::new(Reason::ConfigFile, text).with_hint(text);
            assert_eq!((error.message(), error.hint()), (shown, shown));
            assert_eq!(Error::new(Reason::ConfigFile, "").with_message(text).message(), shown);
        }
    }

    #[test]
    fn the_table_has_the_order_of_the_enum() {
        for (index, row) in REASONS.iter().enumerate() {
            assert_eq!(row.reason as usize, index, "{}", row.id);
        }
    }

    #[test]
    fn every_reason_has_an_id_of_its_own_and_a_hint() {
        let mut ids: Vec<_> = REASONS.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), REASONS.len());
        assert!(REASONS.iter().all(|row| !row.hint.is_empty()));
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || "._28".contains(c))));
    }

    #[test]
    fn statuses_have_their_numbers() {
        for (number, status) in Status::ALL.iter().enumerate() {
            assert_eq!(*status as usize, number);
        }
    }

    #[test]
    fn statuses_have_the_names_of_the_enum() {
        for status in Status::ALL {
            let mut name = String::new();
            for letter in format!("{status:?}").chars() {
                if letter.is_ascii_uppercase() && !name.is_empty() {
                    name.push('_');
                }
                name.push(letter.to_ascii_uppercase());
            }
            assert_eq!(status.name(), name);
        }
    }
}
