//! Chapter of the header: programs that may not wait.

use std::ffi::c_void;

use super::arguments::Out;
use super::conn::{connection, tg_conn};
use super::error::tg_error;
use super::handle::Live;
use super::log::{UserData, tg_release_fn};
use super::panic::guard_value;
use super::status::tg_status;
use super::token::{authorize, tg_token};
use crate::conn::Connection;

/// Wakes the program: see tg_conn_set_wakeup().
///
/// May be called on any thread, also within a call of the program on any handle of the connection, such as
/// tg_conn_cancel(), and on several threads at once. The library holds no lock meanwhile, so tg_* functions
/// may be called, tg_conn_set_wakeup() and tg_conn_free() of this handle as well. It must return soon, and
/// normally: no exception, no longjmp. What a thread does that owns an event loop does not belong here: tell
/// the loop, by a byte in a pipe, an eventfd, or uv_async_send(), and ask there.
///
/// In LuaJIT and PHP set none: a call of their functions on another thread ends the process. Ask again after a
/// few milliseconds instead.
pub type tg_wakeup_fn = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The same as tg_authorization() for a thread that may not wait, such as one that runs an event loop: this
/// function never waits, and sends and reads nothing on the calling thread. While the token is fresh it costs
/// the same. Free the result with tg_token_free().
///
/// OK: a token. A token that has to be renewed is returned as long as it is valid.
///
/// PENDING, which is returned by this function alone: there is no valid token, and one was requested, on a
/// thread of the library. error and tg_last_error() are set as for a failure. The wakeup of this handle
/// (tg_conn_set_wakeup) is called when the outcome is there, whatever it is; then ask again. A handle gets one
/// wakeup for all that were promised until then, and asking before that does no harm. It may also come without
/// an outcome, if the request was given up: then asking again starts another one.
///
/// Any other status: there is no token, and no wakeup will come. The error was stored, and is returned until
/// the time in tg_error_retry_after_ms() is over: set a timer and ask again then. If that is -1, asking again
/// changes nothing until the program does, such as by tg_get_token(). connect.resource: no thread can be made.
///
/// A handle with a promised wakeup waits, as a thread in tg_authorization() does, but without a time limit of
/// its own: tg_conn_cancel() ends that, calls the wakeup, and ends the request too unless others wait for it.
/// So does tg_conn_free(). Where as many renewals run as may (tg_authorization), the request is sent later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_try_authorization(
    conn: *mut tg_conn,
    token: *mut *mut tg_token,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: `conn` is NULL or live when the call begins; `token` and `error` are NULL or have room.
    let (conn, token, error) = unsafe { (Live::new(conn), Out::new(token), Out::new(error)) };
    authorize(conn, token, error, Connection::try_authorization)
}

/// Sets the function that is called after PENDING (tg_try_authorization), for this handle; clones have none.
/// Set it before you ask. wakeup NULL: none. release may be NULL.
///
/// It replaces the earlier one, and a wakeup that is owed is owed to the new one; one that is running goes on.
/// release is called exactly once, with user_data, after the last run of this wakeup: when it was replaced or
/// its handle was freed, at once or on another thread. It may be running, or begin, after tg_conn_free()
/// returned; user_data is yours again after release, not before. If conn or wakeup is NULL release is called
/// at once.
///
/// After a fork the child's handle has the same wakeup, for what is requested in the child; it never hears of
/// what its parent waits for. If that is an eventfd or a pipe, the parent would hear of it: set another one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_conn_set_wakeup(
    conn: *mut tg_conn,
    wakeup: tg_wakeup_fn,
    user_data: *mut c_void,
    release: tg_release_fn,
) {
    // SAFETY: `conn` is NULL or live when the call begins; `wakeup` and `release` may be called with `user_data` on any
    // thread, until `release` was.
    let (conn, user_data) = unsafe { (Live::new(conn), UserData::new(user_data, release)) };
    guard_value((), || {
        let wakeup = callback(wakeup, user_data);
        if let Ok(conn) = connection(&conn) {
            conn.set_wakeup(wakeup);
        }
    });
}

/// What the connection calls. Without a function `user_data` is released at once.
fn callback(wakeup: tg_wakeup_fn, user_data: UserData) -> Option<Box<dyn Fn() + Send + Sync>> {
    let wakeup = wakeup?;
    Some(Box::new(move || {
        // The whole of it belongs to the closure, which releases it.
        let user_data = &user_data;
        // SAFETY: the caller of `UserData::new` gave it for this function.
        unsafe { wakeup(user_data.pointer()) };
    }))
}
