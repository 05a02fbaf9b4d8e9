//! Chapter of the header: tokens.

use std::ffi::c_char;
use std::sync::Arc;

use super::arguments::{EMPTY, Out, Text, known_flags, seconds};
use super::conn::{connection, enter, server_of, tg_conn};
use super::error::tg_error;
use super::guard::{guard, guard_fast};
use super::handle::{Borrowed, Counted, Freed, Handle, Live, null};
use super::panic::guard_value;
use super::secrets::TG_IGNORE_MISSING;
use super::status::tg_status;
use crate::conn::{Connection, RefreshOptions, TokenOptions};
use crate::error::Result;
use crate::platform::thread_group::ThreadGroup;
use crate::token::token::Token;

/// Do not make the token the connection's own: the connection does not change.
pub const TG_TOKEN_KEEP_CURRENT: u32 = 1u32;
/// Request a token for all graphs, whatever graph is configured.
pub const TG_TOKEN_GLOBAL: u32 = 2u32;
/// For tg_refresh_token(): on servers that cannot refresh, request a new token instead.
pub const TG_TOKEN_OR_NEW: u32 = 4u32;

/// A token: its value, its header, its expiration. Immutable; may be read on any thread, and does not change,
/// whatever happens to the connection.
pub struct tg_token {
    _opaque: [u8; 0],
}

/// The handle is a counted reference to the core's token.
impl Handle for tg_token {
    type Owner = Arc<Token>;
}

fn options(flags: u32) -> TokenOptions {
    TokenOptions { keep_current: flags & TG_TOKEN_KEEP_CURRENT != 0, global: flags & TG_TOKEN_GLOBAL != 0 }
}

/// Requests a new token, for secret or, if that is NULL, for the connection's own login. Always sends a
/// request. The token becomes the connection's own unless flags say TG_TOKEN_KEEP_CURRENT. flags: 0, or
/// TG_TOKEN_KEEP_CURRENT and TG_TOKEN_GLOBAL, added up as needed.
///
/// lifetime_s is in seconds on every version; 0: as configured, else the server's default (about a month,
/// from 4.1 on 7 days). The server may grant less. token may be NULL if only the connection needs it.
///
/// 2.x to 3.1: GET /requesttoken, with the secret in the query, the only form that these servers support.
/// 3.2 to 3.11: POST /requesttoken. 4.1 and later: POST /gsql/v1/tokens; according to their documentation,
/// these servers create a secret for each token that is requested with a password; a login with a secret
/// avoids this.
/// If REST++ authentication is off the status is AUTH_DISABLED: no token is needed.
/// Free the result with tg_token_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_get_token(
    conn: *mut tg_conn,
    secret: *const c_char,
    lifetime_s: i64,
    flags: u32,
    token: *mut *mut tg_token,
    error: *mut *mut tg_error,
) -> tg_status {
    let (conn, secret, token, error) =
        // SAFETY: `conn` is NULL or live when the call begins, `secret` is NULL or a text; `token` and `error` are NULL
        // or have room.
        unsafe { (Live::new(conn), Text::new(secret), Out::new(token), Out::new(error)) };
    guard(error, || {
        let (conn, secret) = (connection(&conn)?, secret.optional("secret")?);
        let lifetime_s = seconds(lifetime_s, "lifetime_s")?;
        known_flags(flags, TG_TOKEN_KEEP_CURRENT | TG_TOKEN_GLOBAL)?;
        token.give(conn.get_token(secret, lifetime_s, options(flags))?);
        Ok(())
    })
}

/// Extends the lifetime of old_token or, if that is NULL, of the connection's own token. secret, lifetime_s
/// and token are as for tg_get_token(); flags as well, and TG_TOKEN_OR_NEW.
///
/// 2.x to 3.11: PUT /requesttoken. 4.1 and later cannot refresh: the status is UNSUPPORTED, or with
/// TG_TOKEN_OR_NEW a new token is requested.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_refresh_token(
    conn: *mut tg_conn,
    secret: *const c_char,
    old_token: *const c_char,
    lifetime_s: i64,
    flags: u32,
    token: *mut *mut tg_token,
    error: *mut *mut tg_error,
) -> tg_status {
    let (conn, secret, old_token, token, error) =
        // SAFETY: `conn` is NULL or live when the call begins; `secret` and `old_token` are NULL or texts; `token` and
        // `error` are NULL or have room.
        unsafe { (Live::new(conn), Text::new(secret), Text::new(old_token), Out::new(token), Out::new(error)) };
    guard(error, || {
        let conn = connection(&conn)?;
        let (secret, old_token) = (secret.optional("secret")?, old_token.optional("old_token")?);
        let lifetime_s = seconds(lifetime_s, "lifetime_s")?;
        known_flags(flags, TG_TOKEN_KEEP_CURRENT | TG_TOKEN_GLOBAL | TG_TOKEN_OR_NEW)?;
        let options = RefreshOptions { token: options(flags), or_new: flags & TG_TOKEN_OR_NEW != 0 };
        token.give(conn.refresh_token(secret, old_token, lifetime_s, options)?);
        Ok(())
    })
}

/// Deletes token or, if that is NULL, the connection's own. secret NULL: the connection's login. flags: 0 or
/// TG_IGNORE_MISSING. The connection no longer uses a token that was deleted.
///
/// 2.x to 3.11: DELETE /requesttoken. 4.1 and later: DELETE /gsql/v1/tokens, which puts the token on
/// the user's block list; that list is short (20 by default).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_delete_token(
    conn: *mut tg_conn,
    secret: *const c_char,
    token: *const c_char,
    flags: u32,
    error: *mut *mut tg_error,
) -> tg_status {
    let (conn, secret, token, error) =
        // SAFETY: `conn` is NULL or live when the call begins; `secret` and `token` are NULL or texts; `error` is NULL
        // or has room.
        unsafe { (Live::new(conn), Text::new(secret), Text::new(token), Out::new(error)) };
    guard(error, || {
        let conn = connection(&conn)?;
        let (secret, token) = (secret.optional("secret")?, token.optional("token")?);
        known_flags(flags, TG_IGNORE_MISSING)?;
        conn.delete_token(secret, token, flags & TG_IGNORE_MISSING != 0)
    })
}

/// Asks the server whether it accepts this JWT: valid gets 1 or 0. A status other than OK means that the
/// check was not possible.
///
/// 4.1 and later: POST /gsql/v1/tokens/check; before that the status is UNSUPPORTED. The check works on
/// the server that issued the token.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_check_jwt_token(
    conn: *mut tg_conn,
    jwt: *const c_char,
    valid: *mut i32,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: `conn` is NULL or live when the call begins, `jwt` is NULL or a text; `valid` and `error` are NULL or have
    // room.
    let (conn, jwt, valid, error) = unsafe { (Live::new(conn), Text::new(jwt), Out::new(valid), Out::new(error)) };
    guard(error, || {
        let valid = valid.required("valid")?;
        let (conn, jwt) = (connection(&conn)?, jwt.required("jwt")?);
        valid.set(conn.check_jwt_token(jwt)?.into());
        Ok(())
    })
}

/// The same for a token of this library; token NULL is INVALID_ARGUMENT. One whose value is "", because
/// authentication is off, is AUTH_DISABLED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_check_token(
    conn: *mut tg_conn,
    token: *const tg_token,
    valid: *mut i32,
    error: *mut *mut tg_error,
) -> tg_status {
    let (conn, token, valid, error) =
        // SAFETY: `conn` and `token` are NULL or live when the call begins; `valid` and `error` are NULL or have room.
        unsafe { (Live::new(conn), Counted::new(token), Out::new(valid), Out::new(error)) };
    guard(error, || {
        let valid = valid.required("valid")?;
        let conn = connection(&conn)?;
        let token = token.hold().ok_or_else(|| null("token"))?;
        valid.set(conn.check_token(&token)?.into());
        Ok(())
    })
}

/// A valid token, for the Authorization header of a request to the database: the connection's own while it is
/// fresh, renewed in time. Call this before every request: while the token is fresh this costs some tens of
/// nanoseconds, takes no lock and sends nothing. Free the result with tg_token_free().
///
/// A token is renewed before its end (tg_config_set_token_lifetime) by one request, no matter how many
/// threads call this, in the same way as the first token: with the same secret or login, lifetime, graph and
/// scope. Meanwhile callers get the old one while it is valid; without a valid one, they wait, up to their
/// time limit. A failed renewal is tried again after a while (a refused login after 30 seconds at the
/// earliest) and is not an error while the old token is valid; without a valid one, callers get the error at
/// once, with the time until the next try in tg_error_retry_after_ms(). The renewal runs on a thread of the
/// library, at most 8 in a process, or up to 64 if renewals have to wait for a thread.
/// The thread then ends.
///
/// A JWT as login, and an API token without a login, are returned as they are and never renewed; after they
/// expire, the reason is auth.token_expired. If REST++ authentication is off: a token whose value and header
/// are "".
/// If the database refuses the token (HTTP 401 or 403 with code REST-10016 or REST-10019), call
/// tg_reject_token(), then this once more. REST-10018, another code, or a web page is not a reason to reject
/// it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_authorization(
    conn: *mut tg_conn,
    token: *mut *mut tg_token,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: `conn` is NULL or live when the call begins; `token` and `error` are NULL or have room.
    let (conn, token, error) = unsafe { (Live::new(conn), Out::new(token), Out::new(error)) };
    authorize(conn, token, error, Connection::authorization)
}

/// Gives the connection's token; `ask` asks for it where it is not so fresh that nobody needs to think about it.
#[inline]
pub(super) fn authorize(
    conn: Live<tg_conn>,
    token: Out<*mut tg_token>,
    error: Out<*mut tg_error>,
    ask: impl FnOnce(&Connection) -> Result<Arc<Token>>,
) -> tg_status {
    let fresh = || {
        token.is_wanted().then_some(())?;
        let group = ThreadGroup::own();
        token.give(enter(&conn, group)?.fast_path_in(group)?);
        Some(())
    };
    guard_fast(fresh).unwrap_or_else(|| authorize_slowly(conn, token, error, ask))
}

/// The same with all that it may need. Not inlined, so that the way above needs few registers.
#[cold]
#[inline(never)]
fn authorize_slowly(
    conn: Live<tg_conn>,
    token: Out<*mut tg_token>,
    error: Out<*mut tg_error>,
    ask: impl FnOnce(&Connection) -> Result<Arc<Token>>,
) -> tg_status {
    guard(error, || {
        let token = token.required("token")?;
        token.give(ask(&*connection(&conn)?)?);
        Ok(())
    })
}

/// The connection's own token as it is, fresh or not. Sends nothing. NO_CREDENTIALS if there is none.
/// Free the result with tg_token_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_current_token(
    conn: *const tg_conn,
    token: *mut *mut tg_token,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: `conn` is NULL or live when the call begins; `token` and `error` are NULL or have room.
    let (conn, token, error) = unsafe { (Live::new(conn), Out::new(token), Out::new(error)) };
    guard(error, || {
        let token = token.required("token")?;
        token.give(connection(&conn)?.current_token()?);
        Ok(())
    })
}

/// Tells the connection that the database refused this token: if it is still the connection's own, and not a
/// successor of it, it is never returned again, and the next tg_authorization() gets a new one. Sends nothing.
/// After two tokens in a row were rejected within a minute of their issue, by this function or tg_send(), no
/// token is requested for 30 seconds. For a token whose value is "", because authentication was off, the
/// server is asked again, at most once in 30 seconds. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reject_token(conn: *mut tg_conn, token: *const tg_token) {
    // SAFETY: `conn` and `token` are NULL or live when the call begins.
    let (conn, token) = unsafe { (Live::new(conn), Counted::new(token)) };
    guard_value((), || {
        let Ok(conn) = connection(&conn) else {
            return;
        };
        if let Some(token) = token.hold() {
            conn.reject_token(&token);
        }
    });
}

/// Reads a part of a token; `fallback` for NULL.
fn read<T: Copy>(token: Borrowed<tg_token>, fallback: T, part: impl FnOnce(&Token) -> T) -> T {
    guard_value(fallback, || token.get().map_or(fallback, part))
}

/// The token itself. Valid as long as the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_token_value(token: *const tg_token) -> *const c_char {
    // SAFETY: `token` is NULL or a live token.
    let token = unsafe { Borrowed::new(token) };
    read(token, EMPTY, |token| token.value_with_nul().as_ptr().cast())
}

/// The value of the Authorization header: "Bearer " and the token. Valid as long as the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_token_header(token: *const tg_token) -> *const c_char {
    // SAFETY: `token` is NULL or a live token.
    let token = unsafe { Borrowed::new(token) };
    read(token, EMPTY, |token| token.header_with_nul().as_ptr().cast())
}

/// When the token expires, in seconds since 1970 UTC; 0 if unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_token_expires_at(token: *const tg_token) -> i64 {
    // SAFETY: `token` is NULL or a live token.
    let token = unsafe { Borrowed::new(token) };
    read(token, 0, Token::expires_at)
}

/// The same as "2026-11-23T17:05:45Z"; "" if unknown. Valid as long as the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_token_expiration(token: *const tg_token) -> *const c_char {
    // SAFETY: `token` is NULL or a live token.
    let token = unsafe { Borrowed::new(token) };
    read(token, EMPTY, |token| token.expiration_with_nul().as_ptr().cast())
}

/// The address that accepts this token, as tg_conn_url() returns it: append the path of a request. Never
/// changes, and is valid as long as the object. Of several servers, the one that issued the token; the others
/// accept it, too. "" for NULL and for any other server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_token_url(token: *const tg_token, server: i32) -> *const c_char {
    // SAFETY: `token` is NULL or a live token.
    let token = unsafe { Borrowed::new(token) };
    read(token, EMPTY, |token| match (token.urls(), server_of(server)) {
        (Some(urls), Some(server)) => urls.get_with_nul(server).as_ptr().cast(),
        _ => EMPTY,
    })
}

/// Frees a token; wipes it when nothing else uses it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_token_free(token: *mut tg_token) {
    if token.is_null() {
        return;
    }
    // SAFETY: `token` is a token that this library made, which is not used again.
    let token = unsafe { Freed::new(token) };
    // Only the last reference has anything to do, which then is guarded.
    if let Some(last) = token.take().and_then(Arc::into_inner) {
        drop_last(last.into_shared());
    }
}

/// Not inlined, so that the way above needs no registers.
#[cold]
#[inline(never)]
fn drop_last(shared: impl Sized) {
    guard_value((), || drop(shared));
}
