//! Chapter of the header: secrets.

use std::ffi::c_char;

use zeroize::Zeroizing;

use super::arguments::{EMPTY, Out, known_flags, null, required_text, text};
use super::conn::{connection, tg_conn};
use super::error::tg_error;
use super::guard::guard;
use super::panic::guard_value;
use super::status::tg_status;
use crate::error::Result;
use crate::protocol::secret::Secret;

/// For calls that drop or delete: what does not exist is no error. Nothing else is forgiven.
pub const TG_IGNORE_MISSING: u32 = 1u32;

/// A list of secrets. Immutable; may be read on any thread.
///
/// A secret stands for its user's login: what knows it can get tokens. Before 4.1 it belongs to one
/// graph, and the server shows its value only once, in the answer to its creation.
pub struct tg_secrets(Vec<CSecret>);

/// One secret, as texts for C that are wiped when dropped.
struct CSecret {
    alias: Zeroizing<Vec<u8>>,
    value: Zeroizing<Vec<u8>>,
    graph: Zeroizing<Vec<u8>>,
    masked: bool,
}

/// The core lets no NUL into a secret.
fn c_bytes(text: &str) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
    bytes
}

impl CSecret {
    fn new(secret: &Secret) -> CSecret {
        CSecret {
            alias: c_bytes(&secret.alias),
            value: c_bytes(secret.value.reveal()),
            graph: c_bytes(&secret.graph),
            masked: secret.is_masked(),
        }
    }
}

fn handle(secrets: &[Secret]) -> *mut tg_secrets {
    Box::into_raw(Box::new(tg_secrets(secrets.iter().map(CSecret::new).collect())))
}

/// All secrets of the connection's user; user (4.1 and later, superusers only) names another; NULL: none.
///
/// 2.x to 3.11: GSQL SHOW SECRET in the configured graph, values masked ("abc****xyz").
/// 4.1 and later: GET /gsql/v1/secrets, values in plain text.
/// An answer and the list made of it may take 1.5 MiB of memory together, which about 4000 secrets do; a
/// longer list is PROTOCOL, protocol.too_large.
/// Free the result with tg_secrets_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_get_secrets(
    conn: *mut tg_conn,
    user: *const c_char,
    secrets: *mut *mut tg_secrets,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: as the conventions at the top of the header ask of every pointer.
    unsafe { guard(error, || list(conn, user, secrets)) }
}

/// The same as tg_get_secrets(), under the name that pyTigerGraph once used.
#[deprecated(note = "call tg_get_secrets() instead")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_show_secrets(
    conn: *mut tg_conn,
    user: *const c_char,
    secrets: *mut *mut tg_secrets,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: as the conventions at the top of the header ask of every pointer.
    unsafe { guard(error, || list(conn, user, secrets)) }
}

/// Lists secrets, under both of its names.
///
/// The caller promises of each pointer what the conventions at the top of the header ask.
unsafe fn list(conn: *mut tg_conn, user: *const c_char, secrets: *mut *mut tg_secrets) -> Result<()> {
    // SAFETY: each gets its pointer as the caller promises it.
    unsafe {
        let secrets = Out::new(secrets, std::ptr::null_mut(), "secrets")?;
        let (conn, user) = (connection(conn)?, text(user, "user")?);
        secrets.set(handle(&conn.get_secrets(user)?));
        Ok(())
    }
}

/// Creates a secret. The result is a list of one, with its alias and its value.
///
/// alias NULL: the library makes one up, AUTO_GENERATED_ALIAS_ and 7 letters or digits.
/// value (a value of your own) and user (another user) are for 4.1 and later; NULL: none. A value given
/// here has to go into the URL, where the server may log it; better let the server choose.
///
/// Never repeated: if the answer to the request does not come, the status is UNKNOWN_OUTCOME, and the
/// message names the alias, so that you can look for it or drop it.
///
/// 2.x to 3.11: GSQL CREATE SECRET in the configured graph. 4.1 and later: POST /gsql/v1/secrets.
/// Free the result with tg_secrets_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_create_secret(
    conn: *mut tg_conn,
    alias: *const c_char,
    value: *const c_char,
    user: *const c_char,
    secret: *mut *mut tg_secrets,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: as the conventions at the top of the header ask of every pointer.
    unsafe {
        guard(error, || {
            let secret = Out::new(secret, std::ptr::null_mut(), "secret")?;
            let conn = connection(conn)?;
            let (alias, value, user) = (text(alias, "alias")?, text(value, "value")?, text(user, "user")?);
            secret.set(handle(&[conn.create_secret(alias, value, user)?]));
            Ok(())
        })
    }
}

/// The secret with this alias, created if there is none. The result is a list of one.
///
/// Before 4.1 the server shows an existing secret masked, so its value cannot be returned: then the
/// status is ALREADY_EXISTS. One request, or two if the secret is created.
/// Free the result with tg_secrets_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_ensure_secret(
    conn: *mut tg_conn,
    alias: *const c_char,
    secret: *mut *mut tg_secrets,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: as the conventions at the top of the header ask of every pointer.
    unsafe {
        guard(error, || {
            let secret = Out::new(secret, std::ptr::null_mut(), "secret")?;
            let (conn, alias) = (connection(conn)?, required_text(alias, "alias")?);
            secret.set(handle(&[conn.ensure_secret(alias)?]));
            Ok(())
        })
    }
}

/// Drops a secret by its alias. user is for 4.1 and later, NULL: none. flags: 0 or TG_IGNORE_MISSING.
///
/// Before 4.1 the tokens of a secret die with it.
/// 2.x to 3.11: GSQL DROP SECRET. 4.1 and later: DELETE /gsql/v1/secrets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_drop_secret(
    conn: *mut tg_conn,
    alias: *const c_char,
    user: *const c_char,
    flags: u32,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: as the conventions at the top of the header ask of every pointer.
    unsafe {
        guard(error, || {
            let (conn, alias) = (connection(conn)?, required_text(alias, "alias")?);
            let user = text(user, "user")?;
            known_flags(flags, TG_IGNORE_MISSING)?;
            conn.drop_secrets(&[alias], user, flags & TG_IGNORE_MISSING != 0).map(drop)
        })
    }
}

/// Drops count secrets by their aliases, with one request. dropped (may be NULL) gets how many there were.
///
/// aliases may be NULL only if count is 0. user and flags as for tg_drop_secret(). If one alias does not
/// exist the status is NOT_FOUND, and before 4.1 the others are dropped all the same. With
/// TG_IGNORE_MISSING, from 4.1 on, one that does not exist costs two requests more: a list, and a drop of the rest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_drop_secrets(
    conn: *mut tg_conn,
    aliases: *const *const c_char,
    count: usize,
    user: *const c_char,
    flags: u32,
    dropped: *mut usize,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: as the conventions at the top of the header ask of every pointer.
    unsafe {
        guard(error, || {
            let dropped = Out::optional(dropped, 0);
            let conn = connection(conn)?;
            let aliases = texts(aliases, count)?;
            let user = text(user, "user")?;
            known_flags(flags, TG_IGNORE_MISSING)?;
            dropped.set(conn.drop_secrets(&aliases, user, flags & TG_IGNORE_MISSING != 0)?);
            Ok(())
        })
    }
}

/// No list of aliases is longer than this.
const MAX_ALIASES: usize = 10_000;

/// The caller promises that `aliases` is NULL or has `count` texts.
unsafe fn texts<'a>(aliases: *const *const c_char, count: usize) -> Result<Vec<&'a str>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if aliases.is_null() {
        return Err(null("aliases"));
    }
    if count > MAX_ALIASES {
        let message = "count is more than 10000 aliases";
        return Err(crate::error::Error::new(crate::error::Reason::ArgumentRange, message));
    }
    // SAFETY: not NULL, and `count` pointers long as promised by the caller.
    let pointers = unsafe { std::slice::from_raw_parts(aliases, count) };
    // SAFETY: each is NULL or a NUL-terminated text, as promised by the caller.
    pointers.iter().map(|alias| unsafe { required_text(*alias, "an alias in aliases") }).collect()
}

/// Reads a part of a secret in a list; `fallback` if there is none.
///
/// The caller promises that `secrets` is NULL or a live list.
unsafe fn read<T>(secrets: *const tg_secrets, index: usize, fallback: T, part: impl FnOnce(&CSecret) -> T) -> T
where
    T: Copy,
{
    // SAFETY: NULL gives `None`; otherwise the caller promises a live list, which nothing changes.
    guard_value(fallback, || unsafe { secrets.as_ref() }.and_then(|list| list.0.get(index)).map_or(fallback, part))
}

/// How many secrets there are; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_secrets_count(secrets: *const tg_secrets) -> usize {
    // SAFETY: the caller passes NULL or a live list.
    guard_value(0, || unsafe { secrets.as_ref() }.map_or(0, |list| list.0.len()))
}

/// The alias of a secret; "" if there is none at that index. Lives as long as the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_secrets_alias(secrets: *const tg_secrets, index: usize) -> *const c_char {
    // SAFETY: the caller passes NULL or a live list.
    unsafe { read(secrets, index, EMPTY, |secret| secret.alias.as_ptr().cast()) }
}

/// The value of a secret, or its masked form; "" if there is none at that index. Lives as long as the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_secrets_value(secrets: *const tg_secrets, index: usize) -> *const c_char {
    // SAFETY: the caller passes NULL or a live list.
    unsafe { read(secrets, index, EMPTY, |secret| secret.value.as_ptr().cast()) }
}

/// The graph of a secret (before 4.1), or "" where the server does not tell. Lives as long as the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_secrets_graph(secrets: *const tg_secrets, index: usize) -> *const c_char {
    // SAFETY: the caller passes NULL or a live list.
    unsafe { read(secrets, index, EMPTY, |secret| secret.graph.as_ptr().cast()) }
}

/// 1 if the value is only the masked form that servers before 4.1 show, else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_secrets_is_masked(secrets: *const tg_secrets, index: usize) -> i32 {
    // SAFETY: the caller passes NULL or a live list.
    unsafe { read(secrets, index, 0, |secret| secret.masked.into()) }
}

/// Frees a list and wipes it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_secrets_free(secrets: *mut tg_secrets) {
    guard_value((), || {
        if !secrets.is_null() {
            // SAFETY: a pointer that `handle` made, and that is freed once.
            drop(unsafe { Box::from_raw(secrets) });
        }
    });
}
