//! What every function that takes a `tg_error **` runs in: no panic leaves it, and its error goes both ways.
//! Exports nothing itself.

use std::sync::Arc;

use super::arguments::Out;
use super::error::{set_last, tg_error};
use super::panic::{THREAD, caught, forced_panic};
use super::status::tg_status;
use crate::error::{Error, Reason, Result};

/// Runs the body of every function that takes `tg_error **error`.
pub(super) fn guard(error: Out<*mut tg_error>, body: impl FnOnce() -> Result<()>) -> tg_status {
    let body = || {
        forced_panic();
        body()
    };
    let result = caught(body).unwrap_or_else(|_| Err(panicked()));
    let failure = result.err().map(|failure| Arc::new(tg_error::from(failure)));
    let status = failure.as_ref().map_or(tg_status::OK, |failure| failure.status());
    if let Some(failure) = &failure {
        error.give(failure.clone());
    }
    set_last(failure);
    status
}

/// Runs a body that nearly always succeeds and that other calls wait for, without the cost of [`guard`]; `None`
/// sends the call there, and so does a panic. Calls take the long way on the thread of a token provider, from a function that
/// the library has called, and where there is a last error to be forgotten. The error output was cleared when it was made.
pub(super) fn guard_fast(body: impl FnOnce() -> Option<()>) -> Option<tg_status> {
    THREAD.with(|thread| {
        let body = || {
            forced_panic();
            body()
        };
        thread.caught_fast(body)??;
        Some(tg_status::OK)
    })
}

fn panicked() -> Error {
    Error::new(Reason::InternalPanic, "internal error in tigergraph_auth")
}
