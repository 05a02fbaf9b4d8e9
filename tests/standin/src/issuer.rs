//! Whoever else issues tokens that the server accepts: an authorization server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::json;

use crate::Standin;
use crate::jwt::hs256;
use crate::state::{State, random_text};

/// An issuer of tokens that are not the server's own: JWTs, signed with a key that both know.
#[derive(Clone, Debug)]
pub struct Issuer {
    name: String,
    key: hmac::Key,
}

impl Issuer {
    /// One with a new key.
    #[must_use]
    pub fn new(name: &str) -> Issuer {
        Issuer::with_key(name, &random_text(32))
    }

    /// The one that signs with this key.
    #[must_use]
    pub fn with_key(name: &str, key: &str) -> Issuer {
        Issuer { name: name.to_owned(), key: hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()) }
    }

    /// A token for this user, from `now` (Unix seconds) on for so many seconds. No two are equal.
    #[must_use]
    pub fn token(&self, user: &str, now: i64, lifetime_s: i64) -> String {
        let claims = json!({
            "iss": self.name, "sub": user, "iat": now, "exp": now + lifetime_s, "jti": random_text(16),
        });
        let head = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256"}).to_string());
        hs256(&self.key, &format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string())))
    }
}

impl Standin {
    /// From 4.1 on, REST++ and, from 4.1.2 on, the gateway accept this issuer's tokens for users that exist. With another
    /// key of the same issuer, those that the old one signed are refused.
    pub fn trust_issuer(&self, issuer: &Issuer) {
        self.with_state(|state| state.trust_issuer(issuer));
    }
}

impl State {
    pub(crate) fn trust_issuer(&mut self, issuer: &Issuer) {
        self.issuers.insert(issuer.name.clone(), issuer.key.clone());
    }

    /// The key that tokens of this issuer are signed with, if it is known.
    pub(crate) fn key_of_issuer(&self, name: &str) -> Option<&hmac::Key> {
        self.issuers.get(name)
    }
}
