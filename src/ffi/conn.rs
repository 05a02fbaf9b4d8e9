//! Chapter of the header: connection.

use std::sync::Arc;

use super::arguments::{Out, object};
use super::config::tg_config;
use super::error::tg_error;
use super::guard::guard;
use super::panic::guard_value;
use super::status::tg_status;
use crate::conn::Connection;
use crate::error::Result;

/// A connection to one server: its settings, its login, its current token. For any number of
/// threads at once.
pub struct tg_conn(Connection);

/// The connection behind a handle, kept alive for the call even if another thread frees the handle.
///
/// The caller promises that `conn` is NULL or a handle that was not freed when the call began.
#[inline]
pub(super) unsafe fn connection(conn: *const tg_conn) -> Result<ConnRef> {
    // SAFETY: as promised by the caller; the object is only borrowed here.
    unsafe { object(conn, "conn")? };
    // SAFETY: a live pointer that `handle` made with Arc::into_raw.
    Ok(ConnRef(unsafe {
        Arc::increment_strong_count(conn);
        Arc::from_raw(conn)
    }))
}

/// A connection for the time of a call.
pub(super) struct ConnRef(Arc<tg_conn>);

impl std::ops::Deref for ConnRef {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0.0
    }
}

fn handle(connection: Connection) -> *mut tg_conn {
    Arc::into_raw(Arc::new(tg_conn(connection))).cast_mut()
}

/// Judges the settings and makes a connection of them. Sends nothing; reads the files that settings
/// name and, for https without a CA setting, the system's trust store (once in a process).
///
/// The config may be freed at once. Free the connection with tg_conn_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_new(
    config: *const tg_config,
    conn: *mut *mut tg_conn,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: as the conventions at the top of the header ask of every pointer.
    unsafe {
        guard(error, || {
            let conn = Out::new(conn, std::ptr::null_mut(), "conn")?;
            conn.set(handle(Connection::new(&object(config, "config")?.0)?));
            Ok(())
        })
    }
}

/// The server's version. major, minor and patch may each be NULL.
///
/// GET /version of REST++, with the connection's token; if it has none but can log in, one is
/// requested first and becomes the connection's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_server_version(
    conn: *mut tg_conn,
    major: *mut i32,
    minor: *mut i32,
    patch: *mut i32,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: as the conventions at the top of the header ask of every pointer.
    unsafe {
        guard(error, || {
            let [major, minor, patch] = [major, minor, patch].map(|part| Out::optional(part, 0));
            let version = connection(conn)?.server_version()?;
            // Version::parse takes five digits at most, which fit.
            major.set(version.major as i32);
            minor.set(version.minor as i32);
            patch.set(version.patch as i32);
            Ok(())
        })
    }
}

/// Another handle to the same connection: same login, same token, same sockets. It has its own
/// cancellation, and its own time limit, which begins as that of conn. Sends nothing. NULL for NULL.
///
/// This is how one call gets a limit or a cancellation of its own: clone, call, free the clone.
/// Free it with tg_conn_free(); the other handles go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_clone(conn: *const tg_conn) -> *mut tg_conn {
    guard_value(std::ptr::null_mut(), || {
        // SAFETY: as the conventions at the top of the header ask of every pointer.
        unsafe { connection(conn) }.map_or(std::ptr::null_mut(), |conn| handle(conn.another()))
    })
}

/// The limit in milliseconds for each whole call on this handle that begins from now on; 0: as configured.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_set_timeout(conn: *mut tg_conn, total_ms: u32) {
    guard_value((), || {
        // SAFETY: as the conventions at the top of the header ask of every pointer.
        if let Ok(conn) = unsafe { connection(conn) } {
            conn.set_timeout(total_ms);
        }
    });
}

/// Stops the calls that are running on this handle, on whatever thread and in whatever phase: they return
/// within 100 ms, with CANCELLED, or UNKNOWN_OUTCOME if the creation of a secret has begun. Does not wait
/// for them. Calls that begin later, and those on clones, are unaffected.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_cancel(conn: *mut tg_conn) {
    guard_value((), || {
        // SAFETY: as the conventions at the top of the header ask of every pointer.
        if let Ok(conn) = unsafe { connection(conn) } {
            conn.cancel();
        }
    });
}

/// Frees a handle; the last one of a connection wipes its credentials. Sends nothing, never waits. Calls
/// that are running on the handle are stopped as by tg_conn_cancel(); none may begin after this. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_free(conn: *mut tg_conn) {
    guard_value((), || {
        if !conn.is_null() {
            // SAFETY: a pointer that `handle` made with Arc::into_raw, and that is freed once.
            let conn = unsafe { Arc::from_raw(conn) };
            conn.0.cancel();
        }
    });
}
