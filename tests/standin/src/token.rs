//! Making and checking tokens.

use ring::hmac;
use serde_json::{Value, json};

use crate::jwt::{self, BadJwt, Claims, ISSUER};
use crate::options::Generation;
use crate::reply::Reply;
use crate::state::{State, Token, random_text};
use crate::switches::{FreshToken, LifetimeAbove, LifetimeUnit};

/// The default up to 3.11, "about 2.6 million" seconds.
pub(crate) const DEFAULT_LIFETIME: i64 = 2_592_000;
/// The default from 4.1 on: a week.
pub(crate) const DEFAULT_LIFETIME_C: i64 = 604_800;
/// How far in the past documented JWTs say they were issued.
const BACKDATED: i64 = 5;

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    Form,
    Unknown,
    Signature,
    Expired,
    Blocked,
    TooFresh,
}

impl State {
    /// Makes a token that lives for these seconds.
    pub(crate) fn mint(&mut self, user: &str, graph: Option<&str>, secret: Option<&str>, lifetime: i64) -> Token {
        let mut expires_at = self.now().saturating_add(lifetime);
        let value = match self.generation() {
            Generation::V41 => self.new_jwt(user, graph, lifetime, &mut expires_at),
            _ => random_text(32),
        };
        let delay = match self.options.switches.fresh_token {
            FreshToken::AtOnce => 0,
            // Row 49.
            FreshToken::Delayed => i64::try_from(self.options.fresh_token_delay.as_millis()).unwrap_or(i64::MAX),
        };
        let token = Token {
            value,
            user: user.to_owned(),
            graph: graph.map(str::to_owned),
            expires_at,
            secret: secret.map(str::to_owned),
            usable_from_ms: self.now_ms().saturating_add(delay),
        };
        self.tokens.push(token.clone());
        token
    }

    /// A JWT. The claims hold nothing unique, so one that exists already is made a second later.
    fn new_jwt(&self, user: &str, graph: Option<&str>, lifetime: i64, expires_at: &mut i64) -> String {
        loop {
            let claims = Claims {
                user: user.to_owned(),
                issued_at: expires_at.saturating_sub(lifetime).saturating_sub(BACKDATED),
                expires_at: *expires_at,
                graph: graph.map(str::to_owned),
                issuer: ISSUER.to_owned(),
            };
            let value = jwt::sign(&self.key, &claims);
            if !self.tokens.iter().any(|token| token.value == value) && !self.is_blocked(&value) {
                return value;
            }
            *expires_at += 1;
        }
    }

    /// The token, if it is accepted now.
    pub(crate) fn valid_token(&self, value: &str) -> Result<Token, TokenError> {
        match self.generation() {
            Generation::V41 => self.valid_jwt(value),
            _ => {
                if value.len() != 32 {
                    return Err(TokenError::Form);
                }
                let token = self.tokens.iter().find(|token| token.value == value).ok_or(TokenError::Unknown)?;
                if token.expires_at > self.now() { Ok(token.clone()) } else { Err(TokenError::Expired) }
            }
        }
    }

    /// A token of another issuer, if that one is trusted.
    fn valid_foreign_jwt(&self, key: &hmac::Key, value: &str) -> Result<Token, TokenError> {
        let claims = jwt::read(key, value).map_err(|_| TokenError::Signature)?;
        if !self.users.contains_key(&claims.user) {
            return Err(TokenError::Signature);
        }
        if claims.expires_at <= self.now() {
            return Err(TokenError::Expired);
        }
        if self.is_blocked(value) {
            return Err(TokenError::Blocked);
        }
        let Claims { user, expires_at, .. } = claims;
        Ok(Token { value: value.to_owned(), user, graph: None, expires_at, secret: None, usable_from_ms: 0 })
    }

    fn valid_jwt(&self, value: &str) -> Result<Token, TokenError> {
        if let Some(key) = jwt::issuer(value).and_then(|issuer| self.key_of_issuer(&issuer)) {
            return self.valid_foreign_jwt(key, value);
        }
        let claims = jwt::read(&self.key, value).map_err(|error| match error {
            BadJwt::Form => TokenError::Form,
            BadJwt::Signature => TokenError::Signature,
        })?;
        if claims.issuer != ISSUER || !self.users.contains_key(&claims.user) {
            return Err(TokenError::Signature);
        }
        if claims.expires_at <= self.now() {
            return Err(TokenError::Expired);
        }
        if self.is_blocked(value) {
            return Err(TokenError::Blocked);
        }
        // Tokens that died with their secret (row 33) are gone from the list.
        let token = self.tokens.iter().find(|token| token.value == value).ok_or(TokenError::Unknown)?;
        if token.expires_at > self.now() { Ok(token.clone()) } else { Err(TokenError::Expired) }
    }

    /// The lifetime a request asks for, in seconds (rows 3, 4, 5).
    pub(crate) fn lifetime(&self, asked: Option<&Value>) -> Result<i64, Reply> {
        let default = if self.generation() == Generation::V41 { DEFAULT_LIFETIME_C } else { DEFAULT_LIFETIME };
        let asked = match asked {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.trim().parse().map_err(|_| bad_lifetime())?),
            Some(number) => Some(number.as_i64().ok_or_else(bad_lifetime)?),
        };
        let seconds = match asked {
            None => default,
            Some(..=0) => return Err(bad_lifetime()),
            Some(number) => match (self.generation(), self.options.switches.lifetime_unit) {
                (Generation::V41, LifetimeUnit::Milliseconds) => number / 1000,
                _ => number,
            },
        };
        self.below_maximum(seconds)
    }

    fn below_maximum(&self, seconds: i64) -> Result<i64, Reply> {
        let maximum = i64::try_from(self.options.max_lifetime).unwrap_or(i64::MAX);
        if maximum == 0 || seconds <= maximum {
            return Ok(seconds);
        }
        match self.options.switches.lifetime_above {
            LifetimeAbove::Clamp => Ok(maximum),
            LifetimeAbove::Refuse => Err(Reply::refusal(400, "stand-in: lifetime above the maximum")),
        }
    }

    /// Refuses if there are too many tokens (row 14).
    pub(crate) fn room_for_token(&self) -> Result<(), Reply> {
        let now = self.now();
        let live = self.tokens.iter().filter(|token| token.expires_at > now).count();
        if live < self.options.token_limit {
            return Ok(());
        }
        Err(Reply::refusal(200, "stand-in: too many tokens"))
    }
}

fn bad_lifetime() -> Reply {
    Reply::refusal(400, "stand-in: lifetime is not a positive number")
}

/// The reply of up to 3.11, with the documented order of keys.
pub(crate) fn legacy(expiration: i64, message: &str, token: &str) -> Value {
    json!({"code": "REST-0000", "expiration": expiration, "error": false, "message": message, "token": token})
}

/// A Unix time as Java's `Date.toString()` shows it in UTC.
pub(crate) fn date_text(seconds: i64) -> String {
    // A time jiff cannot hold is shown as the last one it can.
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
}

/// A Unix time as `SHOW SECRET` of 2.x shows it.
pub(crate) fn plain_date(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
