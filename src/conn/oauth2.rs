//! Tokens from an authorization server. What it gets is sent nowhere else, and nothing that TigerGraph gets is sent to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::config::oauth2::{OAuth2Client, OAuth2Proof};
use crate::config::settings::Login;
use crate::conn::Connection;
use crate::conn::call::Call;
use crate::conn::probing::hide_credentials;
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::Hidden;
use crate::log::Level;
use crate::platform::clock::wall_clock;
use crate::protocol::oauth2::{
    self, CLIENT_AUTHS, ClientAuth, ClientProof, FORM, Grant, INVALID_CLIENT, INVALID_REQUEST,
};
use crate::protocol::operation::Operation;
use crate::token::issued::{self, Issued, Requested};
use crate::wire::http::{Answer, Method, Request};
use crate::wire::probe::{PIN, Step};

/// The step of a diagnosis.
const TOKEN_ENDPOINT: &str = "token_endpoint";

/// Longest answer of a token endpoint.
const LONGEST_ANSWER: usize = 64 * 1024;
/// What a token endpoint is asked to answer with: a few would choose something else.
const ACCEPT: [(&str, &str); 1] = [("Accept", "application/json")];

/// What a connection knows of its token endpoint.
#[derive(Default)]
pub(super) struct Learned {
    /// The way to send the secret that worked, by its place in [`CLIENT_AUTHS`] and counted from 1; 0: none did yet.
    way: AtomicUsize,
}

impl Learned {
    fn way(&self) -> Option<ClientAuth> {
        let place = self.way.load(Ordering::Relaxed).checked_sub(1)?;
        CLIENT_AUTHS.get(place).map(|(_, way)| *way)
    }

    fn worked(&self, way: ClientAuth) {
        self.way.store(way as usize + 1, Ordering::Relaxed);
    }

    /// The ways to try, one after the other. The one that worked goes first; a new secret may need the other.
    fn ways(&self, id: &str, secret: &str, fixed: Option<ClientAuth>) -> [Option<ClientAuth>; 2] {
        if fixed.is_some() {
            return [fixed, None];
        }
        match ClientAuth::order(id, secret) {
            [first, second] if self.way() == Some(second) => [Some(second), Some(first)],
            [first, second] => [Some(first), Some(second)],
        }
    }
}

impl Connection {
    /// Connects to the token endpoint, without sending anything: a step of a diagnosis. `None`: there is none.
    pub(super) fn look_at_token_endpoint(&self, call: &Call) -> Option<Step> {
        let Some(Login::OAuth2(client)) = &self.core.settings.login else {
            return None;
        };
        let mut steps = self.core.endpoint_http.probe(client.url.shown(), &call.deadline);
        steps.iter_mut().for_each(|step| hide_credentials(step, call));
        let took = steps.iter().filter_map(|step| step.took).sum();
        let failure = steps.iter().find_map(Step::failure).map(|error| of_endpoint(error.clone(), client.url.shown()));
        let mut step = Step::tried(TOKEN_ENDPOINT, failure.map_or(Ok(()), Err), took);
        step.facts.push(("address", client.url.shown().to_owned()));
        // No pin holds for it, so none is shown to be copied.
        step.facts.extend(steps.into_iter().flat_map(|step| step.facts).filter(|(name, _)| *name != PIN));
        Some(step)
    }

    /// The same without connecting.
    pub(super) fn token_endpoint_skipped(&self, why: &'static str) -> Option<Step> {
        let Some(Login::OAuth2(client)) = &self.core.settings.login else {
            return None;
        };
        let mut step = Step::skipped(TOKEN_ENDPOINT, why);
        step.facts.push(("address", client.url.shown().to_owned()));
        Some(step)
    }
}

impl Call<'_> {
    /// A new token for the client, asked for as often as the table of retries has it.
    pub fn grant(&self, client: &OAuth2Client) -> Result<Issued> {
        client.parameters.iter().for_each(|(_, value)| self.redactor.add(value.clone()));
        loop {
            let outcome = self.grant_once(client);
            let Err(error) = outcome else {
                self.connection.core.budget.earn();
                return outcome;
            };
            let Some((_, wait)) = self.next_retry(Operation::RequestToken, &error) else {
                return Err(error);
            };
            self.connection.log(Level::Info, || {
                let (id, wait) = (error.reason().id(), wait.as_millis());
                format!("the token endpoint gave no token ({id}); trying again in {wait} ms")
            });
            self.deadline.sleep(wait)?;
        }
    }

    /// The same with one request for each way in which the client's secret may be sent.
    fn grant_once(&self, client: &OAuth2Client) -> Result<Issued> {
        let (secret, fixed) = match &client.proof {
            OAuth2Proof::Secret(secret, fixed) => (secret, *fixed),
            OAuth2Proof::Assertion(assertion, kind) => {
                return self.ask_endpoint(client, ClientProof::Assertion(assertion.reveal(), kind.reveal()));
            }
        };
        let learned = &self.connection.core.token_endpoint;
        let (mut tried, mut refused) = (None, None);
        // The file of the secret is read for each of them, and another secret may need another order.
        for _ in 0..2 {
            let secret = secret.read()?;
            let ways = learned.ways(&client.id, secret.reveal(), fixed);
            let Some(way) = ways.into_iter().flatten().find(|way| tried != Some(*way)) else { break };
            self.redactor.add(secret.clone());
            match self.ask_endpoint(client, ClientProof::Secret(secret.reveal(), way)) {
                Ok(issued) => {
                    learned.worked(way);
                    return Ok(issued);
                }
                Err(error) if is_refusal(&error, INVALID_CLIENT) => {
                    refused.get_or_insert(error);
                }
                // A server that knows one way alone takes the other for a request without a client.
                Err(error) => return Err(refused.filter(|_| is_refusal(&error, INVALID_REQUEST)).unwrap_or(error)),
            }
            tried = Some(way);
        }
        Err(refused.unwrap_or_else(|| Error::new(Reason::Oauth2Refused, "the client was refused in every way")))
    }

    fn ask_endpoint(&self, client: &OAuth2Client, proof: ClientProof) -> Result<Issued> {
        let parameters: Vec<(&str, &str)> =
            client.parameters.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
        let grant = Grant { id: &client.id, proof, parameters: &parameters };
        let (authorization, body) = (grant.authorization(), grant.body());
        if let Some(login) = authorization.as_ref().and_then(|header| header.reveal().strip_prefix("Basic ")) {
            self.redactor.add(Arc::new(Hidden::new(login)));
        }
        let sent_at = wall_clock();
        let answer = self.exchange_with_endpoint(client, authorization.as_ref(), body.as_bytes())?;
        let about = |error: Error| match error.status() {
            Status::Protocol => error.about(client.url.shown()),
            _ => error,
        };
        let reply = oauth2::parse(&answer).map_err(about)?;
        let granted = oauth2::read(&answer, &reply, &self.redactor).map_err(about)?;
        let requested = Requested { lifetime_s: 0, sent_at, answered_at: answer.date };
        let issued = issued::from_grant(granted.token, granted.expires_in, requested);
        issued.map_err(|error| about(error).with_http_status(answer.status))
    }

    fn exchange_with_endpoint(
        &self,
        client: &OAuth2Client,
        authorization: Option<&Hidden>,
        body: &[u8],
    ) -> Result<Answer> {
        let request = Request {
            method: Method::Post,
            url: client.url.whole().clone(),
            authorization,
            fields: &ACCEPT,
            body: Some((body, FORM)),
            wants_fields: false,
            limit: LONGEST_ANSWER,
            once: false,
        };
        let shown = || "POST to the token endpoint".to_owned();
        let outcome = self.carry(&*self.connection.core.endpoint_http, &request, shown);
        outcome.map_err(|error| match error.status() {
            // A server may have put what it knows into its certificate.
            Status::Tls => of_endpoint(self.without_credentials(error), client.url.shown()),
            Status::Connect | Status::Timeout | Status::Protocol => of_endpoint(error, client.url.shown()),
            _ => error,
        })
    }
}

/// Whether the client was refused with this code. A server that is not available may say so as well.
fn is_refusal(error: &Error, code: &str) -> bool {
    error.reason() == Reason::Oauth2Refused && error.server_code() == code
}

/// What to do about a failure on the way to a token endpoint, where the usual hint is about TigerGraph's server.
const HINTS: [(Reason, &str); 6] = [
    (Reason::ConnectRefused, "Check the address of the token endpoint, and that the authorization server is running."),
    (Reason::TimeoutTls, "Check the port of the token endpoint: the connection is accepted, but no answer comes."),
    (Reason::TlsProtocol, "Check the port of the token endpoint; it must support TLS 1.2 or 1.3."),
    (
        Reason::TlsUnknownIssuer,
        "If the authorization server uses a private certificate, name the authority that issued it with \
         tg_config_add_ca_file. A pin holds for TigerGraph's server alone.",
    ),
    (
        Reason::TlsClientCertificate,
        "The token endpoint requires a client certificate, which is shown to TigerGraph's server alone.",
    ),
    (Reason::ProtocolTooLarge, "The answer is larger than any that a token endpoint gives: check its address."),
];

/// The error of an exchange with the token endpoint at this address.
fn of_endpoint(error: Error, shown: &str) -> Error {
    let hint = HINTS.iter().find(|(reason, _)| *reason == error.reason()).map(|(_, hint)| *hint);
    let error = error.about(shown);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_that_worked_goes_first_and_the_other_stays() {
        use ClientAuth::{Basic, BasicRaw, Form};
        let learned = Learned::default();
        assert_eq!(learned.ways("id", "plain", None), [Some(Basic), Some(Form)]);
        assert_eq!(learned.ways("id", "o+d", None), [Some(Form), Some(Basic)]);
        learned.worked(Form);
        assert_eq!(learned.ways("id", "plain", None), [Some(Form), Some(Basic)]);
        learned.worked(Basic);
        assert_eq!(learned.ways("id", "o+d", None), [Some(Basic), Some(Form)]);
        assert_eq!(learned.ways("id", "plain", Some(BasicRaw)), [Some(BasicRaw), None]);
    }
}
