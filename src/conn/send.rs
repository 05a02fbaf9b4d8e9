//! The request after the token: a caller's own request to the database, with the connection's token.

use std::sync::Arc;

use crate::conn::call::Call;
use crate::conn::outgoing::{Checked, Request, Response};
use crate::conn::request::{Ask, Authorization, Server};
use crate::conn::{Connection, Facts};
use crate::error::{Error, Reason, Result, Status};
use crate::protocol::endpoint::is_gsql;
use crate::protocol::gateway;
use crate::protocol::operation::Operation;
use crate::protocol::refused_token::is_token_refused;
use crate::protocol::version::Version;
use crate::token::token::Token;
use crate::wire::http::Answer;

/// From this version on the GSQL server takes tokens.
const TAKES_TOKENS: Version = Version { major: 4, minor: 1, patch: 2 };
/// What to do about a request that may have been carried out.
const LOOK_FIRST: &str = "Find out by reading what the request would have changed before you send it again; it was not \
                          repeated.";

impl Connection {
    /// Sends a request with the connection's token, as [`Connection::authorization`] gives it, and receives the whole
    /// answer. A refused token is rejected, and the request sent once more with a new one, if the connection can get
    /// one. Nothing else is repeated once a byte of the request was written.
    pub fn send(&self, request: &Request) -> Result<Response> {
        let begun = self.begin();
        let request = request.check()?;
        let call = self.call(begun, &[], &[]);
        let token = self.token_for(&call)?;
        let answer = call.send_callers(&request, &token)?;
        if self.source().is_none() || !call.refuses_token(&request, &token, &answer) {
            return Ok(response(answer));
        }
        self.reject_token(&token);
        let other = self.token_within(Some(&call))?;
        if token.value().is_empty() && other.value().is_empty() {
            // There is still none, and the same request would have the same answer.
            return Ok(response(answer));
        }
        call.send_callers(&request, &other).map(response)
    }
}

fn response(mut answer: Answer) -> Response {
    let body = std::mem::take(&mut *answer.body);
    Response { http_status: answer.status, headers: answer.fields, body }
}

impl Call<'_> {
    fn send_callers(&self, request: &Checked, token: &Arc<Token>) -> Result<Answer> {
        self.redactor.add(token.clone());
        let has_token = !token.value().is_empty();
        let ask = Ask {
            operation: Operation::Send,
            method: request.method,
            server: request.server,
            path: request.path,
            query: None,
            login: if has_token { Authorization::bearer(token.value()) } else { Authorization::none() },
            body: None,
            callers: Some(request),
        };
        let answer = self.attempt_on_a_server(&ask, |answer, _| {
            let redirect = gateway::redirected(Operation::Send.wish(), &self.redactor, &answer);
            redirect.map_or(Ok(answer), Err)
        });
        let answer = answer.map_err(|error| self.maybe_done(request, error))?;
        if has_token && request.server == Server::Gateway && is_success(answer.status) && is_gsql(request.path) {
            self.learn_gateway_takes_tokens();
        }
        Ok(answer)
    }

    /// What an error means once the request may have arrived.
    fn maybe_done(&self, request: &Checked, error: Error) -> Error {
        let is_lost = match error.status() {
            Status::Connect | Status::Timeout | Status::Cancelled => true,
            Status::Protocol => error.reason() == Reason::ProtocolFraming,
            Status::Tls => error.reason() == Reason::TlsProtocol,
            _ => false,
        };
        if !is_lost || request.method.is_read() || !self.deadline.has_sent() || error.nothing_done() {
            return error;
        }
        let message = format!("the request may have been carried out or not: {}", error.message());
        Error::new(Reason::OutcomeUnknown, message).with_http_status(error.http_status()).with_hint(LOOK_FIRST)
    }

    /// Whether an answer says that the token is refused, as far as this server is known to judge tokens; or, where none
    /// was sent because authentication was off, that one is wanted now. GSQL wants a login even then.
    fn refuses_token(&self, request: &Checked, token: &Token, answer: &Answer) -> bool {
        let gsql_judges = !token.value().is_empty() && self.gateway_takes_tokens();
        let judges = request.server == Server::Restpp || answer.status != 401 || gsql_judges;
        judges && is_token_refused(request.server, answer.status, &answer.body)
    }

    pub(super) fn gateway_takes_tokens(&self) -> bool {
        let told = self.connection.core.settings.version;
        told.is_some_and(|version| version >= TAKES_TOKENS) || self.node().facts().gateway_takes_tokens
    }

    pub(super) fn learn_gateway_takes_tokens(&self) {
        if !self.node().facts().gateway_takes_tokens {
            self.node().learn(|facts| Facts { gateway_takes_tokens: true, ..facts });
        }
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}
