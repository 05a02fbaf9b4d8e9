//! Texts and outputs: raw pointers become values of these types in one place, by an unsafe constructor that names
//! what the caller promises. Everything after that is safe.

use std::ffi::{CStr, c_char};

use super::handle::{Handle, into_handle, null};
use crate::checks::short_utf8;
use crate::error::{Error, Reason, Result};

/// The type of an output, and what an output holds until there is a result.
pub(super) trait Output: Copy {
    const EMPTY: Self;
}

impl Output for i32 {
    const EMPTY: i32 = 0;
}

impl Output for usize {
    const EMPTY: usize = 0;
}

impl<H: Handle> Output for *mut H {
    const EMPTY: *mut H = std::ptr::null_mut();
}

/// The place of an output. May be NULL, which takes a result and drops it.
pub(super) struct Out<T>(*mut T);

impl<T: Output> Out<T> {
    /// Clears the output at once, so that it is written whatever happens in the call.
    ///
    /// The caller promises that `place` is NULL, or has room for a `T` as long as this value is used.
    #[inline]
    pub(super) unsafe fn new(place: *mut T) -> Out<T> {
        if !place.is_null() {
            // SAFETY: not NULL, and the caller promises room.
            unsafe { place.write(T::EMPTY) };
        }
        Out(place)
    }

    /// Whether the caller wants the result.
    #[inline]
    pub(super) fn is_wanted(&self) -> bool {
        !self.0.is_null()
    }

    /// The same output, which must be there.
    #[inline]
    pub(super) fn required(&self, name: &str) -> Result<&Out<T>> {
        if self.0.is_null() { Err(null(name)) } else { Ok(self) }
    }

    /// Writes the result.
    pub(super) fn set(&self, value: T) {
        if !self.0.is_null() {
            // SAFETY: not NULL, and the caller of `new` promised room.
            unsafe { self.0.write(value) };
        }
    }
}

impl<H: Handle> Out<*mut H> {
    /// Makes a handle of the result and writes it.
    #[inline]
    pub(super) fn give(&self, owner: H::Owner) {
        if !self.0.is_null() {
            self.set(into_handle(owner));
        }
    }
}

/// A text argument. It is read when it is asked for, not before.
#[repr(transparent)]
pub(super) struct Text(*const c_char);

impl Text {
    /// The caller promises that `text` is NULL or NUL-terminated, and stays as it is while this value is used.
    pub(super) unsafe fn new(text: *const c_char) -> Text {
        Text(text)
    }

    /// The bytes, unchecked; `None` for NULL.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: not NULL, and the caller of `new` promised a NUL at its end.
        Some(unsafe { CStr::from_ptr(self.0) }.to_bytes())
    }

    /// A text that may be NULL: UTF-8, at most 64 KiB.
    pub(super) fn optional(&self, name: &str) -> Result<Option<&str>> {
        self.bytes().map(|bytes| short_utf8(name, bytes)).transpose()
    }

    /// A text that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str> {
        self.optional(name)?.ok_or_else(|| null(name))
    }
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
