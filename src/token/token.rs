//! A token: its value, its header, its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use once_cell::race::OnceBox;

use crate::dates::rfc3339;
use crate::hidden::{Hidden, Reveal, same_text};
use crate::protocol::endpoint::ServerUrls;
use crate::token::jwt::claims;
use crate::token::renewal::Same;

const BEARER: &str = "Bearer ";

/// An immutable token. Wiped when the last owner drops it.
///
/// Clones share the token. The references to each are counted in a cache line of its own, and what stands in the next one
/// never changes, so that threads which count references to different clones do not wait for each other.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct Token {
    body: Arc<Body>,
}

#[derive(Debug)]
struct Body {
    /// "Bearer abc", or "" where no token is needed, and a NUL, so that this one copy serves C as well.
    header: Hidden,
    expires_at: i64,
    /// RFC 3339 and a NUL, once somebody asked for it.
    expiration: OnceBox<String>,
    /// Where it is good.
    urls: OnceBox<Arc<ServerUrls>>,
    /// Tells this token from others, also from one of the same value that a refresh brought.
    number: u64,
}

impl Token {
    /// A token that ends at `expires_at` (seconds since 1970), 0 if nobody knows.
    pub fn new(value: &str, expires_at: i64) -> Token {
        Token::with_header(Hidden::new([BEARER, value, "\0"].concat()), expires_at)
    }

    /// What stands for a token where none is needed: its value and header are "".
    pub fn not_needed() -> Token {
        Token::with_header(Hidden::new("\0"), 0)
    }

    fn with_header(header: Hidden, expires_at: i64) -> Token {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let (expiration, urls) = (OnceBox::new(), OnceBox::new());
        Token { body: Arc::new(Body { header, expires_at, expiration, urls, number }) }
    }

    /// A token given by the caller: its end is read from it, if it is a JWT.
    pub fn given(value: &Hidden) -> Token {
        let expires_at = claims(value.reveal()).map_or(0, |claims| claims.expires_at);
        Token::new(value.reveal(), expires_at)
    }

    /// What it shares with its clones, without the room that it takes for itself.
    pub(crate) fn into_shared(self) -> impl Sized {
        self.body
    }

    /// The token itself.
    pub fn value(&self) -> &str {
        self.header().strip_prefix(BEARER).unwrap_or_default()
    }

    /// The value of the Authorization header.
    pub fn header(&self) -> &str {
        self.header_with_nul().trim_end_matches('\0')
    }

    /// The same, with the NUL at its end that C needs.
    pub fn header_with_nul(&self) -> &str {
        self.body.header.reveal()
    }

    /// The token itself, with the NUL at its end that C needs.
    pub fn value_with_nul(&self) -> &str {
        self.header_with_nul().strip_prefix(BEARER).unwrap_or("\0")
    }

    /// Seconds since 1970 UTC; 0 unknown.
    pub fn expires_at(&self) -> i64 {
        self.body.expires_at
    }

    /// The same as `2026-11-23T17:05:45Z`; "" unknown.
    pub fn expiration(&self) -> &str {
        self.expiration_with_nul().trim_end_matches('\0')
    }

    /// The same, with the NUL at its end that C needs.
    pub fn expiration_with_nul(&self) -> &str {
        self.body.expiration.get_or_init(|| Box::new(rfc3339(self.body.expires_at) + "\0"))
    }

    /// The servers that take it; what was said first counts.
    pub fn set_urls(&self, urls: &Arc<ServerUrls>) {
        // Nothing to do where they are known.
        let _ = self.body.urls.set(Box::new(urls.clone()));
    }

    /// The servers that take it, if that is known.
    pub fn urls(&self) -> Option<&ServerUrls> {
        self.body.urls.get().map(|urls| &**urls)
    }

    /// Whether this is the token with that value. Takes the same time wherever they differ.
    pub fn is(&self, value: &str) -> bool {
        same_text(self.value(), value)
    }
}

impl Reveal for Token {
    fn reveal(&self) -> &str {
        self.value()
    }
}

impl Same for Arc<Token> {
    fn is_one_with(&self, other: &Arc<Token>) -> bool {
        self.body.number == other.body.number && self.has_value_of(other)
    }

    fn has_value_of(&self, other: &Arc<Token>) -> bool {
        self.is(other.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_apart_by_more_than_their_value() {
        let (one, other) = (Arc::new(Token::new("same-value", 0)), Arc::new(Token::new("same-value", 0)));
        assert!(one.has_value_of(&other) && !one.is_one_with(&other));
        assert!(one.is_one_with(&Arc::new((*one).clone())));
        assert_eq!((Token::not_needed().value(), Token::not_needed().header()), ("", ""));
    }
}
