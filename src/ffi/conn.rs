//! Chapter of the header: connection.

use super::config::tg_config;
use super::error::tg_error;
use super::guard::{Out, guard, object, quietly};
use super::status::tg_status;
use crate::conn::Connection;

/// A connection to one server: its settings, its login, its current token. For any number of
/// threads at once.
pub struct tg_conn(pub(super) Connection);

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
            let connection = Connection::new(&object(config, "config")?.0)?;
            conn.set(Box::into_raw(Box::new(tg_conn(connection))));
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
            let version = object(conn, "conn")?.0.server_version()?;
            // Version::parse takes five digits at most, which fit.
            major.set(version.major as i32);
            minor.set(version.minor as i32);
            patch.set(version.patch as i32);
            Ok(())
        })
    }
}

/// Frees a connection and wipes its credentials. Sends nothing, never waits. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_free(conn: *mut tg_conn) {
    quietly((), || {
        if !conn.is_null() {
            // SAFETY: a pointer that tg_conn_new made, and that is freed once.
            drop(unsafe { Box::from_raw(conn) });
        }
    });
}
