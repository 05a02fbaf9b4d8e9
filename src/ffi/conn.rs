//! Chapter of the header: connection.

use std::ffi::c_char;

use super::arguments::{EMPTY, Out};
use super::config::tg_config;
use super::error::{prepare_last, tg_error};
use super::guard::guard;
use super::handle::{Borrowed, Freed, Handle, Live, Shared, Using, into_handle, null};
use super::panic::guard_value;
use super::status::tg_status;
use crate::conn::Connection;
use crate::error::Result;
use crate::platform::thread_group::ThreadGroup;
use crate::protocol::endpoint::Server;

/// A connection to one server, or to several of one cluster: its settings, its login, its current token. For
/// any number of threads at once.
pub struct tg_conn(Connection);

impl Handle for tg_conn {
    type Owner = Box<Shared<tg_conn>>;
}

/// The connection behind a handle, kept alive for the call even if another thread frees the handle.
#[inline]
pub(super) fn connection(conn: &Live<tg_conn>) -> Result<ConnRef> {
    enter(conn, ThreadGroup::own()).ok_or_else(|| null("conn"))
}

/// The same on a thread of this group; `None` for NULL.
#[inline]
pub(super) fn enter(conn: &Live<tg_conn>, group: ThreadGroup) -> Option<ConnRef> {
    conn.enter(group).map(ConnRef)
}

/// A connection for the time of a call.
pub(super) struct ConnRef(Using<tg_conn>);

impl std::ops::Deref for ConnRef {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0.0
    }
}

/// REST++: queries, graph data, loading jobs. For the functions with a parameter server; not a flag.
pub const TG_SERVER_RESTPP: i32 = 1;
/// The gateway: GSQL, secrets, tokens.
pub const TG_SERVER_GATEWAY: i32 = 2;

/// The part of TigerGraph that a number of C means.
pub(super) fn server_of(number: i32) -> Option<Server> {
    match number {
        TG_SERVER_RESTPP => Some(Server::Restpp),
        TG_SERVER_GATEWAY => Some(Server::Gateway),
        _ => None,
    }
}

/// Checks the settings and makes a connection from them. Sends nothing; reads the files that settings name
/// and, for https without a CA setting, the system's trust store (once in a process).
///
/// The config may be freed immediately afterwards. Free the connection with tg_conn_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_new(
    config: *const tg_config,
    conn: *mut *mut tg_conn,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: `config` is NULL or a live config that nothing changes, `conn` and `error` are NULL or have room.
    let (config, conn, error) = unsafe { (Borrowed::new(config), Out::new(conn), Out::new(error)) };
    guard(error, || {
        let conn = conn.required("conn")?;
        let config = config.required("config")?;
        prepare_last();
        conn.give(Shared::new(tg_conn(Connection::new(&config.0)?)));
        Ok(())
    })
}

/// The server's version. major, minor and patch may each be NULL.
///
/// GET /version of REST++, with the connection's token; if there is none but a login, a token is requested
/// first and becomes the connection's own. Without any login it is the version that
/// tg_config_set_server_version set, and nothing is sent; else what the server tells to anybody, and
/// credentials.none if it wants a token.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_server_version(
    conn: *mut tg_conn,
    major: *mut i32,
    minor: *mut i32,
    patch: *mut i32,
    error: *mut *mut tg_error,
) -> tg_status {
    let (conn, [major, minor, patch], error) =
        // SAFETY: `conn` is NULL or live when the call begins; `major`, `minor`, `patch` and `error` are NULL or have
        // room.
        unsafe { (Live::new(conn), [major, minor, patch].map(|part| Out::new(part)), Out::new(error)) };
    guard(error, || {
        let version = connection(&conn)?.server_version()?;
        // Version::parse takes five digits at most, which fit.
        major.set(version.major as i32);
        minor.set(version.minor as i32);
        patch.set(version.patch as i32);
        Ok(())
    })
}

/// The address that requests of this connection to a part of TigerGraph begin with: scheme, host, port unless
/// it is the scheme's own, and base path, as "https://db.example.com:14240/restpp" for TG_SERVER_RESTPP. No
/// slash at the end: append a path that begins with one. "" for NULL and for any other server.
///
/// Sends nothing. After a request the text may be another, if the library has found the server elsewhere, such
/// as on the old port of REST++, or if another one of several servers has answered; ask again for each
/// request, or take that of the token, tg_token_url(). Every text stays valid until the last handle of the
/// connection is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_url(conn: *const tg_conn, server: i32) -> *const c_char {
    // SAFETY: `conn` is NULL or live when the call begins.
    let conn = unsafe { Live::new(conn) };
    guard_value(EMPTY, || match (connection(&conn), server_of(server)) {
        // The connection keeps every text that it has told.
        (Ok(conn), Some(server)) => conn.urls().get_with_nul(server).as_ptr().cast(),
        _ => EMPTY,
    })
}

/// The CA certificates of the CA setting and of added files, in PEM, as tg_conn_new() read them: for an HTTP
/// client that is to trust whom this library trusts. "" where there are none, because the system's trust store
/// (or SSL_CERT_FILE), a pin alone or the setting for insecure TLS decides, for plain http, and for NULL.
///
/// Certificates of added files are here without those of the system's trust store, which counts beside them.
/// Valid until the last handle of the connection is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_ca_pem(conn: *const tg_conn) -> *const c_char {
    // SAFETY: `conn` is NULL or live when the call begins.
    let conn = unsafe { Live::new(conn) };
    guard_value(EMPTY, || connection(&conn).map_or(EMPTY, |conn| conn.ca_pem_with_nul().as_ptr().cast()))
}

/// Another handle to the same connection: same login, same token, same sockets. It has its own cancellation,
/// and its own time limit, which starts as the limit of conn. Sends nothing. NULL for NULL.
///
/// To give one call its own limit, or to cancel it alone: clone, call, free the clone.
/// Free it with tg_conn_free(); the other handles stay valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_clone(conn: *const tg_conn) -> *mut tg_conn {
    // SAFETY: `conn` is NULL or live when the call begins.
    let conn = unsafe { Live::new(conn) };
    guard_value(std::ptr::null_mut(), || {
        connection(&conn).map_or(std::ptr::null_mut(), |conn| into_handle(Shared::new(tg_conn(conn.another()))))
    })
}

/// The limit in milliseconds for each whole call that starts on this handle from now on; 0: as configured.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_set_timeout(conn: *mut tg_conn, total_ms: u32) {
    // SAFETY: `conn` is NULL or live when the call begins.
    let conn = unsafe { Live::new(conn) };
    guard_value((), || {
        if let Ok(conn) = connection(&conn) {
            conn.set_timeout(total_ms);
        }
    });
}

/// Stops the calls that are running on this handle, on any thread and in any phase: they return within
/// 100 ms, with CANCELLED, or UNKNOWN_OUTCOME if the creation of a secret has begun, or a request of
/// tg_send() other than GET and HEAD. Does not wait for them. Calls that start later, and those on clones,
/// are not affected.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_cancel(conn: *mut tg_conn) {
    // SAFETY: `conn` is NULL or live when the call begins.
    let conn = unsafe { Live::new(conn) };
    guard_value((), || {
        if let Ok(conn) = connection(&conn) {
            conn.cancel();
        }
    });
}

/// Frees a handle; the last one of a connection wipes its credentials. Sends nothing, never waits. Calls that
/// are running on the handle are stopped as with tg_conn_cancel(); no call may start on it after this. NULL
/// is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_free(conn: *mut tg_conn) {
    // SAFETY: `conn` is NULL or a handle of tg_conn_new or tg_conn_clone, which no call begins to use after this.
    let conn = unsafe { Freed::new(conn) };
    guard_value((), || conn.give_up(|conn| conn.0.close()));
}
