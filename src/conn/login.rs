//! What a request logs in with: one credential, never a second.

use std::sync::Arc;

use crate::config::settings::Login;
use crate::conn::Connection;
use crate::conn::call::Call;
use crate::conn::generation::Known;
use crate::conn::request::{Authorization, SECRET_USER};
use crate::error::{Error, Reason, Result};
use crate::hidden::Hidden;
use crate::protocol::operation::Credential;

/// What proves who asks for a token: one thing, never two. Made by the call that it is for, whose redactor knows it
/// then: no credential can be sent that an error of the same call would show.
#[derive(Clone)]
pub(super) struct Proof(ProofKind);

#[derive(Clone)]
pub(super) enum ProofKind {
    Secret(Arc<Hidden>),
    Password { username: String, password: Arc<Hidden> },
    Jwt(Arc<Hidden>),
}

impl Proof {
    pub fn kind(&self) -> &ProofKind {
        &self.0
    }
}

impl Connection {
    /// Fails at once where no login could be found for the gateway whatever the server is.
    pub(super) fn require_login(&self) -> Result<()> {
        if self.core.settings.login.is_none() && self.held().is_none() {
            return Err(no_credentials());
        }
        Ok(())
    }
}

impl Call<'_> {
    /// What proves who asks, by the connection's login.
    pub fn proof(&self) -> Result<Proof> {
        // The redactor has the connection's own login since the call began.
        Ok(Proof(match self.login()? {
            Some((Login::Secret(_), secret)) => ProofKind::Secret(secret),
            Some((Login::Password { username, .. }, password)) => {
                ProofKind::Password { username: username.clone(), password }
            }
            Some((Login::Jwt(_) | Login::OAuth2(_) | Login::Provider(_), jwt)) => ProofKind::Jwt(jwt),
            None => {
                let message = "no secret was given, and the connection has no login to use instead";
                return Err(Error::new(Reason::CredentialsNone, message));
            }
        }))
    }

    /// The same by a secret that a caller gave, to this call or to one before it.
    pub fn proof_of(&self, secret: Arc<Hidden>) -> Proof {
        self.redactor.add(secret.clone());
        Proof(ProofKind::Secret(secret))
    }

    /// The login for the gateway's own endpoints: the secret of this call, or the connection's login,
    /// or, where there is neither, the connection's token. One of them, never a second.
    pub fn gateway_login(&self, secret: Option<&Hidden>, known: Known) -> Result<Authorization> {
        let rest = known.is_rest();
        let of_secret = |secret: &Hidden| match rest {
            true => Authorization::gsql_secret(secret),
            false => Authorization::basic(SECRET_USER, secret, Credential::Secret),
        };
        if let Some(secret) = secret {
            return Ok(of_secret(secret));
        }
        if !rest && self.connection.logs_in_from_elsewhere() {
            return Err(jwt_unsupported());
        }
        match self.login()? {
            Some((Login::Secret(_), secret)) => Ok(of_secret(&secret)),
            Some((Login::Password { username, .. }, password)) => {
                Ok(Authorization::basic(username, &password, Credential::Password))
            }
            Some((Login::Jwt(_) | Login::OAuth2(_) | Login::Provider(_), jwt)) if rest => {
                Ok(Authorization::bearer(jwt.reveal()))
            }
            Some((Login::Jwt(_) | Login::OAuth2(_) | Login::Provider(_), _)) => Err(jwt_unsupported()),
            None => {
                let held = self.connection.held().filter(|_| rest);
                held.map(|token| Authorization::bearer(token.value())).ok_or_else(no_credentials)
            }
        }
    }
}

/// Nothing to log in with.
pub fn no_credentials() -> Error {
    Error::new(
        Reason::CredentialsNone,
        "the connection has no user and password, no secret and no token to log in with",
    )
}

/// A JWT where a server takes none.
pub fn jwt_unsupported() -> Error {
    let message = "servers before 4.1 take no JWT as a login for secrets and tokens";
    Error::new(Reason::UnsupportedServer, message)
}
