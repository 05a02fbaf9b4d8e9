//! What every exported function stands on: no panic leaves, outputs are written on every path,
//! the error goes both ways, and arguments are read with care. Exports nothing itself.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, Once};

use crate::checks::TEXT_LIMIT;
use crate::error::{Error, Reason, Result};
use crate::ffi::error::tg_error;
use crate::ffi::status::tg_status;

thread_local! {
    /// The error of this thread's last call that takes a `tg_error **`; `None`: it succeeded, or there was none.
    static LAST: RefCell<Option<Arc<tg_error>>> = const { RefCell::new(None) };
    static HERE: Here = const { Here { inside: Cell::new(false), failed: Cell::new(false) } };
}

/// What is known of this thread: together, because the way to a thread's own values is dear.
struct Here {
    /// Whether it is inside the library, where a panic is caught and must not be printed.
    inside: Cell<bool>,
    /// Whether it has a last error.
    failed: Cell<bool>,
}

impl Here {
    fn caught<T>(&self, body: impl FnOnce() -> T) -> std::result::Result<T, Box<dyn Any + Send>> {
        silence_own_panics();
        let before = self.inside.replace(true);
        let outcome = catch_unwind(AssertUnwindSafe(body));
        self.inside.set(before);
        outcome
    }
}

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
pub(super) unsafe fn shortcut(error: *mut *mut tg_error, body: impl FnOnce() -> Option<()>) -> Option<tg_status> {
    HERE.with(|here| {
        here.caught(body).ok()??;
        if !error.is_null() {
            // SAFETY: not NULL, and the caller promises room for one pointer.
            unsafe { error.write(ptr::null_mut()) };
        }
        if here.failed.get() {
            set_last(None);
        }
        Some(tg_status::OK)
    })
}

/// Runs the body of a setter, an accessor or a `_free`: a panic gives `fallback`, the last error stays.
pub(super) fn quietly<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    let body = || {
        forced_panic();
        body()
    };
    caught(body).unwrap_or(fallback)
}

/// For tests/panic.rs: makes every exported function panic once it has cleared its outputs.
#[cfg(feature = "test-panic")]
pub static PANIC: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

fn forced_panic() {
    #[cfg(feature = "test-panic")]
    #[allow(clippy::panic)]
    if PANIC.load(std::sync::atomic::Ordering::SeqCst) {
        panic!("forced by a test");
    }
}

fn caught<T>(body: impl FnOnce() -> T) -> std::result::Result<T, Box<dyn Any + Send>> {
    HERE.with(|here| here.caught(body))
}

/// The hook runs before a panic is caught and would print; a panic of the program's own still does.
#[inline(always)]
fn silence_own_panics() {
    static ONCE: Once = Once::new();
    if !ONCE.is_completed() {
        ONCE.call_once(set_hook);
    }
}

#[cold]
fn set_hook() {
    let others = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !HERE.with(|here| here.inside.get()) {
            others(info);
        }
    }));
}

fn panicked() -> Error {
    Error::new(Reason::InternalPanic, "tigergraph_auth met a defect of its own")
}

fn set_last(failure: Option<Arc<tg_error>>) {
    HERE.with(|here| here.failed.set(failure.is_some()));
    // A thread that is ending has no last error any more. The old one is dropped after the borrow.
    let old = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| std::mem::replace(&mut *last, failure)));
    drop(old);
}

/// The last error of this thread, borrowed until it is replaced.
pub(super) fn last_error() -> Option<*const tg_error> {
    let read = |last: &RefCell<Option<Arc<tg_error>>>| last.try_borrow().ok()?.as_ref().map(Arc::as_ptr);
    LAST.try_with(read).ok().flatten()
}

/// An output that is NULL or 0 until it is set.
pub(super) struct Out<T> {
    place: *mut T,
}

impl<T> Out<T> {
    /// An output that must be there. Cleared at once.
    ///
    /// The caller promises that `place` is NULL or has room for a `T`.
    pub(super) unsafe fn new(place: *mut T, empty: T, name: &str) -> Result<Out<T>> {
        if place.is_null() {
            return Err(null(name));
        }
        // SAFETY: not NULL, and the caller promises room.
        unsafe { place.write(empty) };
        Ok(Out { place })
    }

    /// An output that the caller may not want. Cleared at once.
    ///
    /// The caller promises that `place` is NULL or has room for a `T`.
    pub(super) unsafe fn optional(place: *mut T, empty: T) -> Out<T> {
        if !place.is_null() {
            // SAFETY: not NULL, and the caller promises room.
            unsafe { place.write(empty) };
        }
        Out { place }
    }

    /// Writes the result. A value that nobody wants is dropped by the caller of this.
    pub(super) fn set(self, value: T) {
        if !self.place.is_null() {
            // SAFETY: not NULL, and the caller of `new` or `optional` promised room.
            unsafe { self.place.write(value) };
        }
    }

    /// Whether the caller wants the result.
    pub(super) fn is_wanted(&self) -> bool {
        !self.place.is_null()
    }
}

/// The error for a NULL where none may be.
pub(super) fn null(name: &str) -> Error {
    Error::new(Reason::ArgumentNull, format!("{name} is NULL"))
}

/// The object behind a handle.
///
/// The caller promises that `handle` is NULL or points to a live object.
pub(super) unsafe fn object<'a, T>(handle: *const T, name: &str) -> Result<&'a T> {
    forced_panic();
    // SAFETY: NULL gives `None`; otherwise the caller promises a live object.
    unsafe { handle.as_ref() }.ok_or_else(|| null(name))
}

/// A text argument that may be NULL: UTF-8, at most 64 KiB.
///
/// The caller promises that `text` is NULL or NUL-terminated, and stays so while the result is used.
pub(super) unsafe fn text<'a>(text: *const c_char, name: &str) -> Result<Option<&'a str>> {
    // SAFETY: as promised by the caller.
    let Some(bytes) = (unsafe { raw(text) }) else {
        return Ok(None);
    };
    if bytes.len() > TEXT_LIMIT {
        return Err(Error::new(Reason::ArgumentRange, format!("{name} is longer than 64 KiB")));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Error::new(Reason::ArgumentUtf8, format!("{name} is not UTF-8")));
    text.map(Some)
}

/// A text argument that must be there.
///
/// The caller promises the same as for [`text`].
pub(super) unsafe fn required_text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: as promised by the caller.
    unsafe { text(pointer, name) }?.ok_or_else(|| null(name))
}

/// The bytes of a text, not judged.
///
/// The caller promises that `text` is NULL or NUL-terminated, and stays so while the result is used.
pub(super) unsafe fn raw<'a>(text: *const c_char) -> Option<&'a [u8]> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not NULL, and NUL-terminated as promised by the caller.
    Some(unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// Refuses flags that the function does not know.
pub(super) fn known_flags(flags: u32, known: u32) -> Result<()> {
    if flags & !known == 0 {
        return Ok(());
    }
    Err(Error::new(
        Reason::ArgumentFlags,
        format!("flags holds {:#x}, which this function does not know", flags & !known),
    ))
}

/// A lifetime in seconds; negative ones are refused.
pub(super) fn seconds(value: i64, name: &str) -> Result<u64> {
    u64::try_from(value).map_err(|_| Error::new(Reason::ArgumentRange, format!("{name} is negative")))
}

/// The empty text.
pub(super) const EMPTY: *const c_char = c"".as_ptr();
