//! Where a token comes from: a renewal asks as the first request did.

use std::sync::Arc;

use crate::checks::check_secret;
use crate::conn::call::Call;
use crate::conn::generation::{Form, Known};
use crate::conn::login::{Proof, ProofKind};
use crate::conn::token_requests::{TokenAction, TokenOptions, TokenRequest};
use crate::error::{Error, Result, Status};
use crate::hidden::Hidden;
use crate::token::issued::Issued;

/// Where a token comes from.
#[derive(Clone)]
pub(super) enum TokenOrigin {
    /// The server gives it for the secret that a caller gave.
    Secret(Arc<Hidden>),
    /// The server gives it for the connection's login.
    Login,
    /// The file of the login holds it: a JWT that somebody else renews.
    File,
    /// Who issues the tokens of the login gives it.
    Elsewhere,
}

impl TokenOrigin {
    /// By the secret of a call, or the connection's login.
    pub fn of(secret: Option<&str>) -> Result<TokenOrigin> {
        secret.map_or(Ok(TokenOrigin::Login), |secret| {
            check_secret("the secret", secret).map(|secret| TokenOrigin::Secret(Arc::new(secret)))
        })
    }

    /// What proves who asks.
    pub fn proof(&self, call: &Call) -> Result<Proof> {
        match self {
            TokenOrigin::Secret(secret) => Ok(call.proof_of(secret.clone())),
            TokenOrigin::Login | TokenOrigin::File | TokenOrigin::Elsewhere => call.proof(),
        }
    }
}

/// How a token is asked for: a renewal asks as the first request did.
#[derive(Clone)]
pub(super) struct Source {
    pub origin: TokenOrigin,
    pub lifetime_s: u64,
    pub options: TokenOptions,
}

impl Source {
    /// A new token.
    pub fn request(&self, call: &Call) -> Result<Issued> {
        if matches!(self.origin, TokenOrigin::Elsewhere) {
            return call.issue_elsewhere();
        }
        let proof = self.origin.proof(call)?;
        if let (TokenOrigin::File, ProofKind::Jwt(jwt)) = (&self.origin, proof.kind()) {
            return call.connection.take_from_file(jwt);
        }
        let request = self.token_request(TokenAction::New, &proof);
        call.for_tokens(|known| match known {
            Known::Rest => call.mint(&request),
            _ => call.by_requesttoken(&request),
        })
    }

    fn token_request<'a>(&self, action: TokenAction<'a>, proof: &'a Proof) -> TokenRequest<'a> {
        TokenRequest { action, proof, lifetime_s: self.lifetime_s, options: self.options }
    }

    /// A successor of the old token: it gets a longer life where the server can do that, which saves
    /// one of the tokens that a server keeps; otherwise, or if that fails, a new one.
    pub fn renew(&self, call: &Call, old: Option<&Hidden>) -> Result<Issued> {
        if matches!(self.origin, TokenOrigin::Elsewhere) {
            return self.request(call);
        }
        call.on_a_server(&|| self.renew_there(call, old))
    }

    fn renew_there(&self, call: &Call, old: Option<&Hidden>) -> Result<Issued> {
        let facts = call.node().facts();
        let proof = self.origin.proof(call)?;
        // Up to 3.4 a refresh needs the secret.
        let can = match facts.form {
            _ if matches!(self.origin, TokenOrigin::File) || facts.known != Known::Legacy => false,
            Form::New => true,
            Form::Old | Form::OldGet | Form::OldPost => matches!(proof.kind(), ProofKind::Secret(_)),
            Form::Unknown | Form::Likely { .. } => false,
        };
        let Some(old) = old.filter(|_| can) else {
            return self.request(call);
        };
        match call.by_requesttoken(&self.token_request(TokenAction::Refresh(old), &proof)) {
            Err(error) if is_about_the_old_token(&error) => self.request(call),
            other => other,
        }
    }
}

/// Whether a new token may be had where the old one could not be refreshed: it was refused, or nobody
/// knows whether it was refreshed. A server that is not there will not give a new one either.
fn is_about_the_old_token(error: &Error) -> bool {
    use Status::{Forbidden, NotFound, Protocol, Server, Unauthenticated};
    matches!(error.status(), Unauthenticated | Forbidden | NotFound | Server | Protocol)
}
