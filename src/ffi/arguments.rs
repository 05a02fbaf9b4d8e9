//! Arguments are read with care, and outputs are written on every path.

use std::ffi::{CStr, c_char};

use super::panic::forced_panic;
use crate::checks::TEXT_LIMIT;
use crate::error::{Error, Reason, Result};

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
