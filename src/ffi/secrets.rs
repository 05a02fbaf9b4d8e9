//! Chapter of the header: secrets.

use std::ffi::c_char;

use super::arguments::{EMPTY, Out, Text, known_flags};
use super::conn::{connection, tg_conn};
use super::error::tg_error;
use super::guard::guard;
use super::handle::{Borrowed, Freed, Handle, Live, null};
use super::panic::guard_value;
use super::status::tg_status;
use crate::error::Result;
use crate::hidden::Wiped;
use crate::protocol::secret::Secret;

/// For calls that drop or delete: it is not an error if something does not exist. Other errors are still
/// reported.
pub const TG_IGNORE_MISSING: u32 = 1u32;

/// A list of secrets. Immutable; may be read on any thread.
///
/// A secret replaces its user's login: a program that has it can get tokens. Before 4.1 it belongs to one
/// graph, and the server shows its value only once, in the answer to its creation.
pub struct tg_secrets(Vec<CSecret>);

/// One secret, as texts for C that are wiped when dropped.
struct CSecret {
    alias: Wiped<Vec<u8>>,
    value: Wiped<Vec<u8>>,
    graph: Wiped<Vec<u8>>,
    masked: bool,
}

/// The core lets no NUL into a secret.
fn c_bytes(text: &str) -> Wiped<Vec<u8>> {
    let mut bytes = Wiped::new(Vec::with_capacity(text.len() + 1));
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

impl Handle for tg_secrets {
    type Owner = Box<tg_secrets>;
}

impl tg_secrets {
    fn new(secrets: &[Secret]) -> Box<tg_secrets> {
        Box::new(tg_secrets(secrets.iter().map(CSecret::new).collect()))
    }
}

/// All secrets of the connection's user; user (4.1 and later, superusers only): another user; NULL: the
/// connection's own.
///
/// 2.x to 3.11: GSQL SHOW SECRET in the configured graph, values masked ("abc****xyz").
/// 4.1 and later: GET /gsql/v1/secrets, values in plain text.
/// An answer and the list made of it may use 1.5 MiB of memory together, which is enough for about 4000
/// secrets; a longer list gives PROTOCOL, protocol.too_large.
/// Free the result with tg_secrets_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_get_secrets(
    conn: *mut tg_conn,
    user: *const c_char,
    secrets: *mut *mut tg_secrets,
    error: *mut *mut tg_error,
) -> tg_status {
    let (conn, user, secrets, error) =
        // SAFETY: `conn` is NULL or live when the call begins, `user` is NULL or a text; `secrets` and `error` are NULL
        // or have room.
        unsafe { (Live::new(conn), Text::new(user), Out::new(secrets), Out::new(error)) };
    guard(error, || list(&conn, &user, &secrets))
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
    let (conn, user, secrets, error) =
        // SAFETY: `conn` is NULL or live when the call begins, `user` is NULL or a text; `secrets` and `error` are NULL
        // or have room.
        unsafe { (Live::new(conn), Text::new(user), Out::new(secrets), Out::new(error)) };
    guard(error, || list(&conn, &user, &secrets))
}

/// Lists secrets, under both of its names.
fn list(conn: &Live<tg_conn>, user: &Text, secrets: &Out<*mut tg_secrets>) -> Result<()> {
    let secrets = secrets.required("secrets")?;
    let (conn, user) = (connection(conn)?, user.optional("user")?);
    secrets.give(tg_secrets::new(&conn.get_secrets(user)?));
    Ok(())
}

/// The secret with this alias, as a list of one: of the connection's user, or, with user (4.1 and later,
/// superusers only), of another user. NOT_FOUND, missing.secret, if there is none.
///
/// 2.x to 3.11: its entry of GSQL SHOW SECRET, the value masked. 4.1 and later:
/// GET /gsql/v1/secrets/{alias}, the value in plain text.
/// Free the result with tg_secrets_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_get_secret(
    conn: *mut tg_conn,
    alias: *const c_char,
    user: *const c_char,
    secret: *mut *mut tg_secrets,
    error: *mut *mut tg_error,
) -> tg_status {
    let (conn, alias, user, secret, error) =
        // SAFETY: `conn` is NULL or live when the call begins; `alias` and `user` are NULL or texts; `secret` and `error`
        // are NULL or have room.
        unsafe { (Live::new(conn), Text::new(alias), Text::new(user), Out::new(secret), Out::new(error)) };
    guard(error, || {
        let secret = secret.required("secret")?;
        let conn = connection(&conn)?;
        let (alias, user) = (alias.required("alias")?, user.optional("user")?);
        secret.give(tg_secrets::new(&[conn.get_secret(alias, user)?]));
        Ok(())
    })
}

/// Creates a secret. The result is a list of one, with its alias and its value.
///
/// alias NULL: the library generates one, AUTO_GENERATED_ALIAS_ and 7 letters or digits.
/// value (a value that you choose: printable ASCII characters, no space at its ends) and user (another user)
/// are for 4.1 and later; NULL: none. A value given here must be sent in the URL, where the server may log it;
/// it is better to let the server choose.
///
/// It tries one endpoint only: if the server does not have it, the status is NOT_FOUND, missing.endpoint.
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
    // SAFETY: `conn` is NULL or live when the call begins; `alias`, `value` and `user` are NULL or texts; `secret` and
    // `error` are NULL or have room.
    let (conn, [alias, value, user], secret, error) = unsafe {
        (Live::new(conn), [alias, value, user].map(|text| Text::new(text)), Out::new(secret), Out::new(error))
    };
    guard(error, || {
        let secret = secret.required("secret")?;
        let conn = connection(&conn)?;
        let (alias, value, user) = (alias.optional("alias")?, value.optional("value")?, user.optional("user")?);
        secret.give(tg_secrets::new(&[conn.create_secret(alias, value, user)?]));
        Ok(())
    })
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
    let (conn, alias, secret, error) =
        // SAFETY: `conn` is NULL or live when the call begins, `alias` is NULL or a text; `secret` and `error` are NULL
        // or have room.
        unsafe { (Live::new(conn), Text::new(alias), Out::new(secret), Out::new(error)) };
    guard(error, || {
        let secret = secret.required("secret")?;
        let (conn, alias) = (connection(&conn)?, alias.required("alias")?);
        secret.give(tg_secrets::new(&[conn.ensure_secret(alias)?]));
        Ok(())
    })
}

/// Drops a secret by its alias. user is for 4.1 and later, NULL: none. flags: 0 or TG_IGNORE_MISSING.
///
/// Before 4.1 the tokens of a secret become invalid when it is dropped.
/// 2.x to 3.11: GSQL DROP SECRET. 4.1 and later: DELETE /gsql/v1/secrets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_drop_secret(
    conn: *mut tg_conn,
    alias: *const c_char,
    user: *const c_char,
    flags: u32,
    error: *mut *mut tg_error,
) -> tg_status {
    let (conn, alias, user, error) =
        // SAFETY: `conn` is NULL or live when the call begins; `alias` and `user` are NULL or texts; `error` is NULL or
        // has room.
        unsafe { (Live::new(conn), Text::new(alias), Text::new(user), Out::new(error)) };
    guard(error, || {
        let (conn, alias) = (connection(&conn)?, alias.required("alias")?);
        let user = user.optional("user")?;
        known_flags(flags, TG_IGNORE_MISSING)?;
        conn.drop_secrets(&[alias], user, flags & TG_IGNORE_MISSING != 0).map(drop)
    })
}

/// Drops count secrets by their aliases, with one request. dropped (may be NULL) gets the number of secrets
/// that were there and are dropped; a name that is given twice counts once.
///
/// aliases may be NULL only if count is 0. user and flags as for tg_drop_secret(). If one alias does not
/// exist the status is NOT_FOUND, and before 4.1 the others are still dropped. With TG_IGNORE_MISSING and
/// more than one alias, from 4.1 on, there is one more request before: the list, which tells what is there to
/// drop.
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
    let (conn, aliases, user, dropped, error) =
        // SAFETY: `conn` is NULL or live when the call begins; `aliases` is NULL or has `count` pointers, each NULL or
        // a text; `user` is NULL or a text; `dropped` and `error` are NULL or have room.
        unsafe { (Live::new(conn), Aliases::new(aliases, count), Text::new(user), Out::new(dropped), Out::new(error)) };
    guard(error, || {
        let conn = connection(&conn)?;
        let aliases = aliases.texts()?;
        let user = user.optional("user")?;
        known_flags(flags, TG_IGNORE_MISSING)?;
        dropped.set(conn.drop_secrets(&aliases, user, flags & TG_IGNORE_MISSING != 0)?);
        Ok(())
    })
}

/// No list of aliases is longer than this.
const MAX_ALIASES: usize = 10_000;

/// An array of aliases.
struct Aliases {
    first: *const Text,
    count: usize,
}

impl Aliases {
    /// The caller promises that `aliases` is NULL or has `count` pointers, each of which is NULL or NUL-terminated,
    /// and that all of them stay as they are while this value is used.
    unsafe fn new(aliases: *const *const c_char, count: usize) -> Aliases {
        Aliases { first: aliases.cast(), count }
    }

    fn texts(&self) -> Result<Vec<&str>> {
        if self.count == 0 {
            return Ok(Vec::new());
        }
        if self.first.is_null() {
            return Err(null("aliases"));
        }
        if self.count > MAX_ALIASES {
            let message = "count is more than 10000 aliases";
            return Err(crate::error::Error::new(crate::error::Reason::ArgumentRange, message));
        }
        // SAFETY: not NULL, and the caller of `new` promised so many pointers to texts, which `Text` is, too.
        let aliases = unsafe { std::slice::from_raw_parts(self.first, self.count) };
        aliases.iter().map(|alias| alias.required("an alias in aliases")).collect()
    }
}

/// Reads a part of a secret in a list; `fallback` if there is none.
fn read<T: Copy>(secrets: Borrowed<tg_secrets>, index: usize, fallback: T, part: impl FnOnce(&CSecret) -> T) -> T {
    guard_value(fallback, || secrets.get().and_then(|list| list.0.get(index)).map_or(fallback, part))
}

/// How many secrets there are; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_secrets_count(secrets: *const tg_secrets) -> usize {
    // SAFETY: `secrets` is NULL or a live list.
    let secrets = unsafe { Borrowed::new(secrets) };
    guard_value(0, || secrets.get().map_or(0, |list| list.0.len()))
}

/// The alias of a secret; "" if there is none at that index. Valid as long as the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_secrets_alias(secrets: *const tg_secrets, index: usize) -> *const c_char {
    // SAFETY: `secrets` is NULL or a live list.
    let secrets = unsafe { Borrowed::new(secrets) };
    read(secrets, index, EMPTY, |secret| secret.alias.as_ptr().cast())
}

/// The value of a secret, or its masked form; "" if there is none at that index. Valid as long as the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_secrets_value(secrets: *const tg_secrets, index: usize) -> *const c_char {
    // SAFETY: `secrets` is NULL or a live list.
    let secrets = unsafe { Borrowed::new(secrets) };
    read(secrets, index, EMPTY, |secret| secret.value.as_ptr().cast())
}

/// The graph of a secret (before 4.1), or "" if the server does not say. Valid as long as the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_secrets_graph(secrets: *const tg_secrets, index: usize) -> *const c_char {
    // SAFETY: `secrets` is NULL or a live list.
    let secrets = unsafe { Borrowed::new(secrets) };
    read(secrets, index, EMPTY, |secret| secret.graph.as_ptr().cast())
}

/// 1 if the value is only the masked form that servers before 4.1 show, else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_secrets_is_masked(secrets: *const tg_secrets, index: usize) -> i32 {
    // SAFETY: `secrets` is NULL or a live list.
    let secrets = unsafe { Borrowed::new(secrets) };
    read(secrets, index, 0, |secret| secret.masked.into())
}

/// Frees a list and wipes it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_secrets_free(secrets: *mut tg_secrets) {
    // SAFETY: `secrets` is NULL or a list that this library made, which is not used again.
    let secrets = unsafe { Freed::new(secrets) };
    guard_value((), || drop(secrets.take()));
}
