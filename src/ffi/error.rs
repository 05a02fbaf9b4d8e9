//! Chapter of the header: errors.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char};
use std::sync::Arc;

use super::arguments::EMPTY;
use super::handle::{Borrowed, Freed, Handle};
use super::panic::{Flag, THREAD, guard_value};
use super::status::tg_status;
use crate::error::Error;
use crate::platform::thread_value::ThreadValue;

/// A text for C, or one that is part of the library.
type Text = Cow<'static, CStr>;

/// What went wrong: one sentence for a person, a stable reason for a program. Immutable.
/// Contains no credential, so it may be logged.
pub struct tg_error {
    status: tg_status,
    message: Text,
    reason: Text,
    hint: Text,
    server_code: Text,
    http_status: i32,
    retry_after_ms: i64,
}

impl Handle for tg_error {
    type Owner = Arc<tg_error>;
}

impl tg_error {
    pub(super) fn status(&self) -> tg_status {
        self.status
    }
}

/// A text for C. Runs outside the panic guard, so it cannot fail: a NUL becomes U+FFFD.
fn c_text(text: &str) -> Text {
    Cow::Owned(CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default())
}

impl From<Error> for tg_error {
    fn from(error: Error) -> tg_error {
        tg_error {
            status: error.status().into(),
            message: c_text(error.message()),
            reason: c_text(error.reason().id()),
            hint: c_text(error.hint()),
            server_code: c_text(error.server_code()),
            http_status: error.http_status().into(),
            retry_after_ms: error.retry_after_ms().map_or(-1, |ms| i64::try_from(ms).unwrap_or(i64::MAX)),
        }
    }
}

/// Stands for "no error": status OK, every text "".
static NO_ERROR: tg_error = tg_error {
    status: tg_status::OK,
    message: Cow::Borrowed(c""),
    reason: Cow::Borrowed(c""),
    hint: Cow::Borrowed(c""),
    server_code: Cow::Borrowed(c""),
    http_status: 0,
    retry_after_ms: -1,
};

/// Reads a part of an error; NULL is "no error".
fn read<T>(error: Borrowed<tg_error>, fallback: T, part: impl FnOnce(&tg_error) -> T) -> T {
    guard_value(fallback, || part(error.get().unwrap_or(&NO_ERROR)))
}

/// The error of the calling thread's last call that takes a tg_error **; after a success, and
/// before the first call, an error with status OK and the message "".
///
/// Never NULL. Borrowed: it is valid until this thread's next call that takes a tg_error **; setters,
/// accessors and _free functions do not change it. Do not free it. In Go, async .NET or any other environment
/// that may move your code to another thread between two calls, use the call's last argument.
///
/// Read it in a statement after the call. The arguments of one call are evaluated in any order in C, so
/// printf("%d %s", tg_get_token(...), tg_last_error_message()) may read the error before there is one.
#[unsafe(no_mangle)]
pub extern "C" fn tg_last_error() -> *const tg_error {
    guard_value(std::ptr::null(), || read_last(std::ptr::from_ref))
}

/// The message of tg_last_error(): one sentence for a person, "" after a success. Read it in a statement after
/// the call, see there.
#[unsafe(no_mangle)]
pub extern "C" fn tg_last_error_message() -> *const c_char {
    guard_value(EMPTY, || read_last(|error| error.message.as_ptr()))
}

/// What a program can do about it; OK for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_error_status(error: *const tg_error) -> tg_status {
    // SAFETY: `error` is NULL or a live error.
    let error = unsafe { Borrowed::new(error) };
    read(error, tg_status::INTERNAL, |error| error.status)
}

/// One sentence for a person that says what caused the error. Never NULL; valid as long as the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_error_message(error: *const tg_error) -> *const c_char {
    // SAFETY: `error` is NULL or a live error.
    let error = unsafe { Borrowed::new(error) };
    read(error, EMPTY, |error| error.message.as_ptr())
}

/// What exactly happened, as a stable word such as "tls.unknown_issuer"; see the list beside each status.
/// Later versions may add reasons. Never NULL; valid as long as the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_error_reason(error: *const tg_error) -> *const c_char {
    // SAFETY: `error` is NULL or a live error.
    let error = unsafe { Borrowed::new(error) };
    read(error, EMPTY, |error| error.reason.as_ptr())
}

/// What to do about it, for a person, or "". Never NULL; valid as long as the error.
///
/// Hints and messages, also those of a report or the log, name what a program calls or sets in a form that
/// can be replaced: a function or flag of this header as a whole word (tg_config_set_ca_file), and a setting
/// in quotation marks after the word "setting", with the variable it came from: the setting "ca_file" (from
/// TG_CERT_PATH). So a program, or another language, can put its own names there, as tg-auth puts --ca-file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_error_hint(error: *const tg_error) -> *const c_char {
    // SAFETY: `error` is NULL or a live error.
    let error = unsafe { Borrowed::new(error) };
    read(error, EMPTY, |error| error.hint.as_ptr())
}

/// The server's own code, such as "REST-10016", or that of an authorization server, such as "invalid_client",
/// or "". Never NULL; valid as long as the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_error_server_code(error: *const tg_error) -> *const c_char {
    // SAFETY: `error` is NULL or a live error.
    let error = unsafe { Borrowed::new(error) };
    read(error, EMPTY, |error| error.server_code.as_ptr())
}

/// The HTTP status of the answer; 0 if there was no answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_error_http_status(error: *const tg_error) -> i32 {
    // SAFETY: `error` is NULL or a live error.
    let error = unsafe { Borrowed::new(error) };
    read(error, 0, |error| error.http_status)
}

/// How many milliseconds to wait before the next try: as the server asked, or, from tg_authorization(), until
/// the library itself tries again. -1 if neither is known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_error_retry_after_ms(error: *const tg_error) -> i64 {
    // SAFETY: `error` is NULL or a live error.
    let error = unsafe { Borrowed::new(error) };
    read(error, -1, |error| error.retry_after_ms)
}

/// Frees an error that a call returned through its last argument. NULL is allowed. Can be called on any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_error_free(error: *mut tg_error) {
    // SAFETY: `error` is NULL or an error of a call's last argument, which is not used again, or that of
    // tg_last_error() after a success, which is not taken.
    let handle = unsafe { Freed::new(error) };
    guard_value((), || {
        if !error.is_null() && !std::ptr::eq(error, &raw const NO_ERROR) {
            drop(handle.take());
        }
    });
}

/// The error of each thread's last call that takes a `tg_error **`; none: it succeeded, or there was none.
static LAST: ThreadValue<Arc<tg_error>> = ThreadValue::new();

pub(super) fn set_last(failure: Option<Arc<tg_error>>) {
    let failed_before = THREAD.with(|thread| thread.set(Flag::Failed, failure.is_some()));
    if failed_before || failure.is_some() {
        drop(LAST.set(failure));
    }
}

/// Has the place of last errors made before there is one: a child that is forked later may not be able to.
pub(super) fn prepare_last() {
    read_last(|_| ());
}

/// Reads a part of the last error of this thread.
fn read_last<T>(part: impl Fn(&tg_error) -> T) -> T {
    LAST.with(|error| part(error)).unwrap_or_else(|| part(&NO_ERROR))
}
