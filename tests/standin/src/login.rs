//! Who is calling: passwords with their throttling, secrets, tokens.

use crate::options::Generation;
use crate::reply::{Reply, Request};
use crate::state::{Secret, State};
use crate::token::TokenError;

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub user: String,
    /// The graph of the secret, up to 3.11.
    pub graph: Option<String>,
    /// The secret it called with.
    pub secret: Option<String>,
}

/// Why a login failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginError {
    /// No credentials, or wrong ones.
    Refused,
    /// Too many wrong ones before.
    Throttled,
}

/// Failures until the wait applies, the wait in seconds, and how many further failures double it.
const THROTTLE: (u32, i64, u32) = (5, 10, 2);

impl State {
    /// Checks user and password, exactly, and counts failures.
    pub(crate) fn login(&mut self, name: &str, password: &str) -> Result<(), LoginError> {
        let now = self.now();
        let throttles = self.options.since(3, 7, 0);
        let user = self.users.get_mut(name).ok_or(LoginError::Refused)?;
        if throttles && now < user.next_valid_login {
            return Err(LoginError::Throttled);
        }
        if user.password == password {
            (user.failed_logins, user.next_valid_login, user.last_login) = (0, 0, now);
            return Ok(());
        }
        user.failed_logins += 1;
        if let Some(further) = user.failed_logins.checked_sub(THROTTLE.0) {
            user.next_valid_login = now + (THROTTLE.1 << (further / THROTTLE.2).min(20));
        }
        Err(LoginError::Refused)
    }

    /// The secret, if it is there and its owner may still use its graph.
    pub(crate) fn usable_secret(&self, value: &str) -> Option<Secret> {
        let secret = self.secrets.iter().find(|secret| secret.value == value)?;
        let allowed = secret.graph.as_ref().is_none_or(|graph| self.may_use(&secret.user, graph));
        (allowed && self.users.contains_key(&secret.user)).then(|| secret.clone())
    }

    /// Who calls the GSQL server.
    pub(crate) fn gsql_caller(&mut self, request: &Request) -> Result<Caller, LoginError> {
        if let Some((user, password)) = request.basic() {
            if user == "__GSQL__secret" {
                return self.secret_caller(&password);
            }
            self.login(&user, &password)?;
            return Ok(Caller { user, graph: None, secret: None });
        }
        if self.generation() == Generation::V41 {
            if let Some(secret) = request.scheme("GSQL-Secret") {
                return self.secret_caller(secret);
            }
            if let (Some(token), true) = (request.scheme("Bearer"), self.options.since(4, 1, 2)) {
                let token = self.valid_token(token).map_err(|_: TokenError| LoginError::Refused)?;
                return Ok(Caller { user: token.user, graph: None, secret: None });
            }
        }
        Err(LoginError::Refused)
    }

    /// Who owns the secret.
    pub(crate) fn secret_caller(&self, value: &str) -> Result<Caller, LoginError> {
        let secret = self.usable_secret(value).ok_or(LoginError::Refused)?;
        Ok(Caller { user: secret.user, graph: secret.graph, secret: Some(secret.value) })
    }

    /// How the GSQL server refuses a login: 3.x with an empty body (row 39).
    pub(crate) fn gsql_refusal(&self, error: LoginError) -> Reply {
        match error {
            LoginError::Throttled => throttled(),
            LoginError::Refused if self.generation() == Generation::V41 => authentication_failed(),
            LoginError::Refused => Reply::empty(401),
        }
    }
}

/// The 401 of the GSQL server from 4.1 on.
pub(crate) fn authentication_failed() -> Reply {
    Reply::refusal(401, "Authentication failed.")
}

/// Row 41.
pub(crate) fn throttled() -> Reply {
    Reply::refusal(401, "stand-in: too many failed logins")
}
