//! Texts that are never printed: credentials, wiped when dropped.

use std::fmt;
use std::ops::{Deref, DerefMut};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A text that is wiped when dropped and never printed.
#[derive(Clone)]
pub struct Hidden(Wiped<String>);

impl Hidden {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Hidden {
        Hidden(Wiped::new(text.into()))
    }

    /// The text itself, for the request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Adds to bytes, with room for so many more, without leaving a copy behind where they were before.
pub fn append(bytes: &mut Wiped<Vec<u8>>, parts: &[&[u8]], more: usize) {
    let length = bytes.len() + parts.iter().map(|part| part.len()).sum::<usize>();
    if length > bytes.capacity() {
        let mut longer = Wiped::new(Vec::with_capacity(length + more));
        longer.extend_from_slice(bytes);
        *bytes = longer;
    }
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
}

/// A text, or bytes, in memory that is wiped when it is dropped, with all the room that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wiped<T: Wipe>(T);

/// What can be wiped.
pub trait Wipe {
    /// Leaves nothing of it in memory.
    fn wipe(&mut self);
}

impl Wipe for Vec<u8> {
    fn wipe(&mut self) {
        self.clear();
        self.resize(self.capacity(), 0);
        // Without this the compiler may see that nobody reads the zeros, and leave them out.
        std::hint::black_box(&*self);
    }
}

impl Wipe for String {
    fn wipe(&mut self) {
        std::mem::take(self).into_bytes().wipe();
    }
}

impl<T: Wipe> Wiped<T> {
    /// Takes it over.
    pub fn new(content: T) -> Wiped<T> {
        Wiped(content)
    }
}

impl<T: Wipe> Deref for Wiped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Wipe> DerefMut for Wiped<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Wipe> Drop for Wiped<T> {
    fn drop(&mut self) {
        // The allocator wipes what is freed, if it is there.
        if !cfg!(feature = "wiping-allocator") {
            self.0.wipe();
        }
    }
}

/// What holds a credential that must not be shown.
pub trait Reveal {
    /// The credential itself.
    fn reveal(&self) -> &str;
}

impl Reveal for Hidden {
    fn reveal(&self) -> &str {
        Hidden::reveal(self)
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

impl PartialEq for Hidden {
    /// Takes the same time wherever the texts differ; only their lengths can be told apart.
    fn eq(&self, other: &Hidden) -> bool {
        same_text(self.reveal(), other.reveal())
    }
}

impl Eq for Hidden {}

/// Compares two texts in a time that does not depend on where they differ.
pub fn same_text(a: &str, b: &str) -> bool {
    use subtle::ConstantTimeEq;
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// User and password as RFC 7617 has them.
pub fn pair(user: &str, password: &str) -> Wiped<String> {
    let pair = Wiped::new([user, ":", password].concat());
    Wiped::new(BASE64.encode(pair.as_bytes()))
}

/// The value of an Authorization header, the server's or the proxy's, for a user and password (RFC 7617).
pub fn basic(user: &str, password: &str) -> Hidden {
    Hidden::new(["Basic ", &pair(user, password)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_is_not_printed() {
        assert_eq!(format!("{:?}", Hidden::new("canary")), "<hidden>");
    }

    #[test]
    fn nothing_is_left_in_what_was_wiped() {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend_from_slice(b"canary, canary");
        bytes.truncate(3);
        bytes.wipe();
        assert_eq!(bytes, vec![0; bytes.capacity()]);
    }

    #[test]
    fn hidden_texts_are_compared_and_revealed() {
        assert_eq!(Hidden::new("canary").reveal(), "canary");
        assert!(Hidden::new("canary") == Hidden::new("canary"));
        for other in ["canarz", "canar", "canaryy", ""] {
            assert!(Hidden::new("canary") != Hidden::new(other), "{other}");
        }
    }
}
