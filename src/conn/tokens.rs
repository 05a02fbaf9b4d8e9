//! Operations on tokens, per generation.

use std::sync::Arc;

use crate::checks::{LONGEST_LIFETIME_S, check_secret, check_token};
use crate::conn::Connection;
use crate::conn::generation::Known;
use crate::conn::login::jwt_unsupported;
use crate::conn::source::{Source, TokenOrigin};
use crate::conn::token_requests::{RefreshOptions, TokenAction, TokenOptions, TokenRequest};
use crate::error::{Error, Reason, Result};
use crate::hidden::Hidden;
use crate::token::token::Token;

impl Connection {
    /// A new token for a secret, or for the connection's own login.
    /// `lifetime_s` 0: as configured, else the server's default.
    ///
    /// Before 3.5: `GET` or `POST /requesttoken`; 3.5 to 3.11: `POST /requesttoken`; 4.1 and later:
    /// `POST /gsql/v1/tokens`.
    pub fn get_token(&self, secret: Option<&str>, lifetime_s: u64, options: TokenOptions) -> Result<Arc<Token>> {
        let call = self.call(self.begin(), &[secret.unwrap_or_default()], &[]);
        let source = match secret {
            None if self.logs_in_from_elsewhere() => {
                Connection::check_for_elsewhere(lifetime_s, options)?;
                Source { origin: TokenOrigin::Elsewhere, lifetime_s: 0, options }
            }
            _ => Source { origin: TokenOrigin::of(secret)?, lifetime_s: self.lifetime(lifetime_s)?, options },
        };
        let issued = source.request(&call)?;
        Ok(self.adopt(&call, issued, source))
    }

    /// A longer life for a token, by default the connection's own.
    ///
    /// Before 4.1: `PUT /requesttoken`. 4.1 and later cannot: `unsupported.refresh`, or a new token if the options say so.
    pub fn refresh_token(
        &self,
        secret: Option<&str>,
        old_token: Option<&str>,
        lifetime_s: u64,
        options: RefreshOptions,
    ) -> Result<Arc<Token>> {
        if secret.is_none() && self.logs_in_from_elsewhere() {
            Connection::check_for_elsewhere(lifetime_s, options.token)?;
            old_token.map(|token| check_token("the token", token)).transpose()?;
            return if options.or_new { self.get_token(None, 0, options.token) } else { Err(no_refresh_elsewhere()) };
        }
        let begun = self.begin();
        let (origin, lifetime_s) = (TokenOrigin::of(secret)?, self.lifetime(lifetime_s)?);
        let old = self.named_token(old_token)?;
        let credentials = [secret.unwrap_or_default(), old.as_ref().map_or("", Hidden::reveal)];
        let call = self.call(begun, &credentials, &[]);
        let proof = origin.proof(&call)?;
        let request = |action| TokenRequest { action, proof: &proof, lifetime_s, options: options.token };
        let issued = call.for_tokens(|known| match (known, &old) {
            (Known::Rest, _) if options.or_new => call.mint(&request(TokenAction::New)),
            (Known::Rest, _) => {
                let message = "cannot refresh the token: TigerGraph 4.1 and later have no refresh";
                Err(Error::new(Reason::UnsupportedRefresh, message))
            }
            (_, None) => Err(no_token("refresh")),
            (_, Some(old)) => call.by_requesttoken(&request(TokenAction::Refresh(old))),
        })?;
        Ok(self.adopt(&call, issued, Source { origin, lifetime_s, options: options.token }))
    }

    /// Deletes a token, by default the connection's own. The connection no longer uses a token that was deleted.
    ///
    /// Before 4.1: `DELETE /requesttoken`. 4.1 and later: `DELETE /gsql/v1/tokens`, which puts it on the user's block list.
    pub fn delete_token(&self, secret: Option<&str>, token: Option<&str>, ignore_missing: bool) -> Result<()> {
        let begun = self.begin();
        let secret = secret.map(|secret| check_secret("the secret", secret)).transpose()?;
        let Some(token) = self.named_token(token)? else {
            return if ignore_missing { Ok(()) } else { Err(no_token("delete")) };
        };
        if secret.is_none() {
            self.require_login()?;
        }
        let call = self.call(begun, &[secret.as_ref().map_or("", Hidden::reveal), token.reveal()], &[]);
        let outcome = call.for_tokens(|known| match known {
            Known::Rest => call.block(secret.as_ref(), &token),
            _ => {
                let proof = match &secret {
                    Some(secret) => call.proof_of(Arc::new(secret.clone())),
                    None if self.logs_in_from_elsewhere() => return Err(jwt_unsupported()),
                    None => call.proof()?,
                };
                let (action, options) = (TokenAction::Delete(&token), TokenOptions::default());
                let request = TokenRequest { action, proof: &proof, lifetime_s: 0, options };
                call.ask_requesttoken(&request, |ask| call.ask(ask))
            }
        });
        match outcome {
            Err(error) if error.reason() != Reason::MissingToken => return Err(error),
            _ => self.forget(&call, &token),
        }
        outcome.or_else(|error| if ignore_missing { Ok(()) } else { Err(error) })
    }

    /// Whether the server takes this JWT for good. 4.1 and later only: `POST /gsql/v1/tokens/check`.
    pub fn check_jwt_token(&self, jwt: &str) -> Result<bool> {
        let begun = self.begin();
        let jwt = check_token("the JWT", jwt)?;
        let call = self.call(begun, &[jwt.reveal()], &[]);
        call.by_generation(|known| {
            if !known.is_rest() {
                call.require_gateway()?;
                let message = "cannot check the token: only TigerGraph 4.1 and later can";
                return Err(Error::new(Reason::UnsupportedCheck, message));
            }
            call.check(&jwt)
        })
    }

    /// The same for a token as this library gives it. One of a server without authentication cannot be checked.
    pub fn check_token(&self, token: &Token) -> Result<bool> {
        if token.value().is_empty() {
            let message = "there is no token to check: REST++ authentication is switched off on this server";
            return Err(Error::new(Reason::AuthDisabled, message));
        }
        self.check_jwt_token(token.value())
    }

    pub(super) fn lifetime(&self, lifetime_s: u64) -> Result<u64> {
        let lifetime_s = if lifetime_s == 0 { self.core.settings.lifetime_s } else { lifetime_s };
        if lifetime_s > LONGEST_LIFETIME_S {
            return Err(Error::new(Reason::ArgumentRange, "the lifetime is longer than 1000 years"));
        }
        Ok(lifetime_s)
    }

    /// The token given, or else the connection's own.
    fn named_token(&self, token: Option<&str>) -> Result<Option<Hidden>> {
        match token {
            Some(token) => check_token("the token", token).map(Some),
            None => Ok(self.held().map(|token| Hidden::new(token.value()))),
        }
    }
}

fn no_refresh_elsewhere() -> Error {
    let message = "cannot refresh the token: it comes from elsewhere, and a new one can only be asked for";
    let hint = "Pass TG_TOKEN_OR_NEW to get a new token instead.";
    Error::new(Reason::UnsupportedRefresh, message).with_hint(hint)
}

fn no_token(wish: &str) -> Error {
    let message = format!("cannot {wish} the token: none was given, and the connection has none");
    Error::new(Reason::MissingToken, message).with_hint("Pass the token, or get one first.")
}
