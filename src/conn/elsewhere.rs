//! Logins whose tokens come from elsewhere than the server: from a function of the program, or an authorization server.
//! Such tokens are used wherever a configured JWT is, but they are renewed as the tokens of a server are.

use std::sync::Arc;

use crate::config::settings::Login;
use crate::conn::call::{Call, LoginToken};
use crate::conn::counters::Counter;
use crate::conn::login::no_credentials;
use crate::conn::request::Ask;
use crate::conn::source::TokenOrigin;
use crate::conn::token_requests::TokenOptions;
use crate::conn::{Connection, provider};
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::Hidden;
use crate::protocol::endpoint::is_gsql;
use crate::protocol::operation::Credential;
use crate::protocol::refused_token::is_token_refused;
use crate::token::issued::Issued;
use crate::wire::http::Answer;

/// What is wrong with a token that has ended when it comes, and what to do about it, by who gave it.
const DEAD_OF_PROVIDER: [&str; 2] = [
    "the token that the token provider gave has expired already",
    "Check what the provider gives as its end (expires_at, in seconds since 1970; 0: by its exp), whether it keeps tokens \
     for too long, and this machine's clock.",
];
const DEAD_OF_GRANT: [&str; 2] = [
    "the token that the token endpoint gave has expired already",
    "Check how long the authorization server lets its tokens live, and its clock.",
];

impl Connection {
    /// Whether the login's tokens come from elsewhere.
    pub(super) fn logs_in_from_elsewhere(&self) -> bool {
        self.core.settings.login.as_ref().is_some_and(Login::is_elsewhere)
    }

    /// Whether the connection's own token comes from there, or is a JWT that was given as the login.
    pub(super) fn has_token_of_others(&self) -> bool {
        let settings = &self.core.settings;
        let is_by_secret = || self.source().is_some_and(|source| matches!(source.origin, TokenOrigin::Secret(_)));
        let is_login = self.logs_in_from_elsewhere() || matches!(settings.login, Some(Login::Jwt(_)));
        is_login && settings.api_token.is_none() && !is_by_secret()
    }

    /// Refuses what such a login cannot do: it gives the tokens that there are, of the life that they have.
    pub(super) fn check_for_elsewhere(lifetime_s: u64, options: TokenOptions) -> Result<()> {
        if lifetime_s != 0 {
            let message = "lifetime_s is not 0, but whoever issues the tokens of this login decides how long they live";
            return Err(Error::new(Reason::ArgumentRange, message));
        }
        if options.global {
            let message = "the flag for all graphs cannot be used, because this login's tokens come from elsewhere";
            return Err(Error::new(Reason::ArgumentFlags, message));
        }
        Ok(())
    }
}

impl Call<'_> {
    /// A new token from where the login has its tokens, within the time of this call.
    pub(super) fn issue_elsewhere(&self) -> Result<Issued> {
        // Time to connect is for the server of the tokens alone.
        self.deadline.share_with(0);
        let (issued, dead) = match &self.connection.core.settings.login {
            Some(Login::Provider(provider)) => (provider::ask(self, provider)?, DEAD_OF_PROVIDER),
            Some(Login::OAuth2(client)) => (self.grant(client)?, DEAD_OF_GRANT),
            Some(Login::Password { .. } | Login::Secret(_) | Login::Jwt(_)) | None => return Err(no_credentials()),
        };
        issued.token.set_urls(&self.connection.urls());
        let issued = self.refuse_dead(issued).map_err(|error| error.with_message(dead[0]).with_hint(dead[1]))?;
        self.connection.count(Counter::Tokens);
        Ok(issued)
    }

    /// The token to log in with at the gateway: the connection's own, renewed in time, as long as that is the login's.
    pub(super) fn token_to_log_in_with(&self) -> Result<Arc<Hidden>> {
        let connection = self.connection;
        let is_logins = connection.source().is_some_and(|source| matches!(source.origin, TokenOrigin::Elsewhere));
        let token = match is_logins {
            true => connection.token_for(self)?,
            // A caller has put the token of another secret in its place, which may be another user's.
            false => Arc::new(self.issue_elsewhere()?.token),
        };
        self.redactor.add(token.clone());
        let value = Arc::new(Hidden::new(token.value()));
        if !matches!(*self.login_token.borrow(), LoginToken::Replaced) {
            self.login_token.replace(LoginToken::Sent(token));
        }
        Ok(value)
    }

    /// Looks at an answer for what it tells of the token that the call logs in with.
    pub(super) fn judge_login_token(&self, ask: &Ask, answer: &Answer) {
        let sent = match &*self.login_token.borrow() {
            LoginToken::Sent(token) if ask.login.credential == Credential::Bearer => token.clone(),
            _ => return,
        };
        if (200..300).contains(&answer.status) && is_gsql(ask.path) {
            self.learn_gateway_takes_tokens();
        }
        let judges = answer.status != 401 || self.gateway_takes_tokens();
        if judges && is_token_refused(ask.server, answer.status, &answer.body) {
            self.login_token.replace(LoginToken::Refused(sent));
        }
    }

    /// Runs a part of a call that logs in, and runs it once more with another token if the login's was refused, which
    /// proves that nothing was done.
    pub(super) fn with_login_token<T>(&self, run: impl Fn() -> Result<T>) -> Result<T> {
        run().or_else(|error| if self.replaces_login_token(&error) { run() } else { Err(error) })
    }

    /// Whether another token may help: the one that was sent is dropped then.
    fn replaces_login_token(&self, error: &Error) -> bool {
        if error.status() != Status::Unauthenticated {
            return false;
        }
        let refused = match &*self.login_token.borrow() {
            LoginToken::Refused(token) => token.clone(),
            LoginToken::None | LoginToken::Sent(_) | LoginToken::Replaced => return false,
        };
        self.login_token.replace(LoginToken::Replaced);
        self.connection.reject_token(&refused);
        self.forget_credential();
        true
    }
}
