//! What every exported function stands on: no panic leaves, outputs are written on every path,
//! the error goes both ways, and arguments are read with care. Exports nothing itself.

use std::ptr;
use std::sync::Arc;

use super::error::{set_last, tg_error};
use super::panic::{THREAD, caught};
use super::status::tg_status;
use crate::error::{Error, Reason, Result};

/// Runs the body of every function that takes `tg_error **error`.
///
/// The caller promises that `error` is NULL or has room for one pointer.
pub(super) unsafe fn guard(error: *mut *mut tg_error, body: impl FnOnce() -> Result<()>) -> tg_status {
    let result = caught(body).unwrap_or_else(|_| Err(panicked()));
    let failure = result.err().map(|failure| Arc::new(tg_error::from(failure)));
    let status = failure.as_ref().map_or(tg_status::OK, |failure| failure.status());
    if !error.is_null() {
        let owned = failure.as_ref().map_or(ptr::null_mut(), |failure| Arc::into_raw(failure.clone()).cast_mut());
        // SAFETY: not NULL, and the caller promises room for one pointer.
        unsafe { error.write(owned) };
    }
    set_last(failure);
    status
}

/// Runs a body that nearly always succeeds and that other calls wait for, without the cost of [`guard`]; `None`
/// sends the call there, and so does a panic.
///
/// The caller promises the same of `error` as for [`guard`].
pub(super) unsafe fn guard_fast(error: *mut *mut tg_error, body: impl FnOnce() -> Option<()>) -> Option<tg_status> {
    THREAD.with(|thread| {
        thread.caught(body).ok()??;
        if !error.is_null() {
            // SAFETY: not NULL, and the caller promises room for one pointer.
            unsafe { error.write(ptr::null_mut()) };
        }
        if thread.failed.get() {
            set_last(None);
        }
        Some(tg_status::OK)
    })
}

fn panicked() -> Error {
    Error::new(Reason::InternalPanic, "internal error in tigergraph_auth")
}
