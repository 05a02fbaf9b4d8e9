//! Chapter of the header: status.

use std::ffi::{CStr, c_char};

use super::panic::guard_value;
use crate::error::Status;

/// What a program can do about the outcome of a call: TG_STATUS_OK (0) or one of the numbers below.
///
/// Numbers never change meaning; later versions may add some, so treat one you do not know as a failure.
/// The reason of the error says exactly what happened, see tg_error_reason().
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct tg_status(i32);

impl tg_status {
    /// Done.
    pub const OK: tg_status = tg_status(0);
    /// An argument or a setting is wrong; nothing was sent.
    ///
    /// Reasons: argument.null, argument.utf8, argument.control_character, argument.alias,
    /// argument.graph, argument.url, argument.range, argument.flags, argument.method, argument.path,
    /// argument.header, argument.recursion, config.conflict, config.file, config.plain_http, config.profile.
    pub const INVALID_ARGUMENT: tg_status = tg_status(1);
    /// No connection to the server.
    ///
    /// Reasons: connect.dns, connect.refused, connect.unreachable, connect.reset, connect.closed,
    /// connect.proxy, connect.resource.
    pub const CONNECT: tg_status = tg_status(2);
    /// A time limit was exceeded.
    ///
    /// Reasons: timeout.dns, timeout.connect, timeout.tls, timeout.response.
    pub const TIMEOUT: tg_status = tg_status(3);
    /// The server's certificate or the TLS session was refused; nothing of the request was sent, unless
    /// tg_error_http_status() is not 0: then a gateway answered that it misses a client certificate.
    ///
    /// Reasons: tls.unknown_issuer, tls.expired, tls.not_yet_valid, tls.wrong_host, tls.revoked,
    /// tls.pin_mismatch, tls.protocol (also: the port does not speak TLS), tls.client_certificate,
    /// tls.bad_certificate, tls.no_name.
    pub const TLS: tg_status = tg_status(4);
    /// The answer is not one that a TigerGraph server gives.
    ///
    /// Reasons: protocol.not_json, protocol.shape, protocol.framing, protocol.too_large,
    /// protocol.redirect, protocol.encoding.
    pub const PROTOCOL: tg_status = tg_status(5);
    /// The server refused the credentials.
    ///
    /// Reasons: auth.bad_secret, auth.bad_password, auth.bad_token, auth.token_expired,
    /// auth.locked_out, auth.refused, provider.refused, oauth2.refused.
    pub const UNAUTHENTICATED: tg_status = tg_status(6);
    /// The credentials are valid, but do not allow this.
    ///
    /// Reason: auth.no_privilege.
    pub const FORBIDDEN: tg_status = tg_status(7);
    /// The secret, token, graph, user or endpoint does not exist.
    ///
    /// Reasons: missing.secret, missing.token, missing.graph, missing.user, missing.endpoint.
    pub const NOT_FOUND: tg_status = tg_status(8);
    /// A secret with this alias already exists.
    ///
    /// Reason: exists.secret.
    pub const ALREADY_EXISTS: tg_status = tg_status(9);
    /// This server version cannot do it.
    ///
    /// Reasons: unsupported.refresh, unsupported.check, unsupported.user, unsupported.value,
    /// unsupported.server.
    pub const UNSUPPORTED: tg_status = tg_status(10);
    /// REST++ authentication is off on the server: no token is needed.
    ///
    /// Reason: auth.disabled.
    pub const AUTH_DISABLED: tg_status = tg_status(11);
    /// The server is busy, starting or limiting requests: try again later.
    ///
    /// Reasons: unavailable.starting, unavailable.overloaded, unavailable.rate_limited,
    /// unavailable.gateway, provider.unavailable, oauth2.unavailable.
    pub const UNAVAILABLE: tg_status = tg_status(12);
    /// Another error on the server.
    ///
    /// Reasons: server.error, server.revoke_list_full.
    pub const SERVER: tg_status = tg_status(13);
    /// A request that is not safe to repeat may have been carried out.
    ///
    /// Reason: outcome.unknown.
    pub const UNKNOWN_OUTCOME: tg_status = tg_status(14);
    /// There is no token, and no login to get one.
    ///
    /// Reasons: credentials.none, credentials.masked_secret.
    pub const NO_CREDENTIALS: tg_status = tg_status(15);
    /// A bug in this library; the handle can still be used.
    ///
    /// Reason: internal.panic.
    pub const INTERNAL: tg_status = tg_status(16);
    /// The call was cancelled.
    ///
    /// Reason: cancelled.
    pub const CANCELLED: tg_status = tg_status(17);
    /// A token is on its way: ask again after the wakeup. Of tg_try_authorization() only.
    ///
    /// Reason: pending.
    pub const PENDING: tg_status = tg_status(18);
}

impl tg_status {
    /// The number, which may be one that no status has.
    pub(super) fn number(self) -> i32 {
        self.0
    }
}

impl From<Status> for tg_status {
    fn from(status: Status) -> tg_status {
        tg_status(status as i32)
    }
}

/// The name of a status without its prefix, such as "TIMEOUT"; "UNKNOWN" for a number this version does not
/// know. Never NULL. Do not free it.
#[unsafe(no_mangle)]
pub extern "C" fn tg_status_name(status: tg_status) -> *const c_char {
    guard_value(UNKNOWN.as_ptr(), || name(status).as_ptr())
}

/// The name of a number that is no status.
const UNKNOWN: &CStr = c"UNKNOWN";

fn name(status: tg_status) -> &'static CStr {
    let known = usize::try_from(status.0).ok().and_then(|number| Status::ALL.get(number));
    known.map_or(UNKNOWN, |known| known.c_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_the_name_of_its_status() {
        for status in Status::ALL {
            assert_eq!(name(tg_status(status as i32)).to_str(), Ok(status.name()));
        }
    }

    #[test]
    fn other_numbers_have_no_name() {
        for number in [-1, Status::ALL.len() as i32, i32::MAX, i32::MIN] {
            assert_eq!(name(tg_status(number)), UNKNOWN);
        }
    }
}
