//! Texts that are never printed: credentials, wiped when dropped.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

/// A text that is wiped when dropped and never printed.
#[derive(Clone)]
pub struct Hidden(Zeroizing<String>);

impl Hidden {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Hidden {
        Hidden(Zeroizing::new(text.into()))
    }

    /// The text itself, for the request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Adds to bytes, with room for so many more, without leaving a copy behind where they were before.
pub fn append(bytes: &mut Zeroizing<Vec<u8>>, parts: &[&[u8]], more: usize) {
    let length = bytes.len() + parts.iter().map(|part| part.len()).sum::<usize>();
    if length > bytes.capacity() {
        let mut longer = Zeroizing::new(Vec::with_capacity(length + more));
        longer.extend_from_slice(bytes);
        *bytes = longer;
    }
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
}

/// Bytes that are wiped when dropped, however many: [`Zeroizing`] takes a cycle for each of them.
#[derive(Debug, Default)]
pub struct Wiped(Vec<u8>);

impl std::ops::Deref for Wiped {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl std::ops::DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        // Where there is no allocator that does it, and faster.
        if !cfg!(feature = "wiping-allocator") {
            self.0.fill(0);
            std::hint::black_box(&self.0);
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
pub fn pair(user: &str, password: &str) -> Zeroizing<String> {
    let pair = Zeroizing::new([user, ":", password].concat());
    Zeroizing::new(BASE64.encode(pair.as_bytes()))
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
    fn hidden_texts_are_compared_and_revealed() {
        assert_eq!(Hidden::new("canary").reveal(), "canary");
        assert!(Hidden::new("canary") == Hidden::new("canary"));
        for other in ["canarz", "canar", "canaryy", ""] {
            assert!(Hidden::new("canary") != Hidden::new(other), "{other}");
        }
    }
}
