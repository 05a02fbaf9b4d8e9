//! What a client sends to the token endpoint of an authorization server, and what the answer means: the client
//! credentials grant (RFC 6749, section 4.4).

use crate::error::{Error, Reason, Result};
use crate::hidden::{Hidden, Wiped, basic};
use crate::protocol::endpoint::encode;
use crate::protocol::gateway;
use crate::protocol::json::{Json, shape};
use crate::protocol::redact::Redactor;
use crate::protocol::refusal::retry_after;
use crate::wire::http::Answer;

/// The type of the content of every request.
pub const FORM: &str = "application/x-www-form-urlencoded";
/// The parameter that says how a client's secret is sent. It is not sent itself.
pub const CLIENT_AUTH: &str = "client_auth";
/// The parameter that stands in place of a secret (RFC 7521, section 4.2).
pub const CLIENT_ASSERTION: &str = "client_assertion";
/// What kind of assertion that is.
pub const CLIENT_ASSERTION_TYPE: &str = "client_assertion_type";
/// Its usual value: a JWT (RFC 7523).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The parameter that says what the token is for.
pub const SCOPE: &str = "scope";
/// Parameters that have a setting of their own, or one value only.
pub const OWN_PARAMETERS: [&str; 3] = ["grant_type", "client_id", "client_secret"];
/// What is asked for, after "cannot".
const WISH: &str = "get a token from the token endpoint";

/// How a client's id and secret are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// In the Authorization header, percent-encoded before Base64, as RFC 6749 has it.
    Basic,
    /// The same without the encoding, for servers that do not decode it.
    BasicRaw,
    /// In the form.
    Form,
}

/// Every way, by the name that the parameter has for it.
pub const CLIENT_AUTHS: [(&str, ClientAuth); 3] =
    [("basic", ClientAuth::Basic), ("basic_raw", ClientAuth::BasicRaw), ("form", ClientAuth::Form)];

impl ClientAuth {
    /// The name that the parameter has for it.
    pub fn name(self) -> &'static str {
        CLIENT_AUTHS[self as usize].0
    }

    /// The ways to try, in this order. Servers disagree on how other characters than these are decoded in the header, but
    /// not in the form.
    pub fn order(id: &str, secret: &str) -> [ClientAuth; 2] {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        match id.bytes().chain(secret.bytes()).all(is_plain) {
            true => [ClientAuth::Basic, ClientAuth::Form],
            false => [ClientAuth::Form, ClientAuth::Basic],
        }
    }
}

/// What a client proves itself with.
#[derive(Clone, Copy)]
pub enum ClientProof<'a> {
    /// Its secret, sent in this way.
    Secret(&'a str, ClientAuth),
    /// An assertion in place of one, and its kind.
    Assertion(&'a str, &'a str),
}

/// A request for a token.
pub struct Grant<'a> {
    /// The client's id.
    pub id: &'a str,
    /// What it proves itself with.
    pub proof: ClientProof<'a>,
    /// Further parameters. Those without a value are left out, as if they were not there (RFC 6749, section 3.2).
    pub parameters: &'a [(&'a str, &'a str)],
}

impl Grant<'_> {
    /// The value of the Authorization header, if the secret is sent there.
    pub fn authorization(&self) -> Option<Hidden> {
        match self.proof {
            // Never "+" for a space, which some servers do not decode, and all decode "%20" that decode anything.
            ClientProof::Secret(secret, ClientAuth::Basic) => {
                Some(basic(&encode(self.id), &Wiped::new(encode(secret))))
            }
            ClientProof::Secret(secret, ClientAuth::BasicRaw) => Some(basic(self.id, secret)),
            _ => None,
        }
    }

    /// The content.
    pub fn body(&self) -> Wiped<String> {
        let mut members = vec![("grant_type", "client_credentials")];
        members.extend_from_slice(self.parameters);
        match self.proof {
            ClientProof::Secret(secret, ClientAuth::Form) => {
                members.extend([("client_id", self.id), ("client_secret", secret)]);
            }
            ClientProof::Secret(..) => {}
            ClientProof::Assertion(assertion, kind) => {
                members.extend([("client_id", self.id), (CLIENT_ASSERTION_TYPE, kind), (CLIENT_ASSERTION, assertion)]);
            }
        }
        form(&members)
    }
}

/// A form of those that have a value, in a buffer that is wiped.
pub fn form(members: &[(&str, &str)]) -> Wiped<String> {
    // Encoding makes a text three times as long at most; a buffer that never grows leaves no copies.
    let room = members.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum::<usize>();
    let mut out = Wiped::new(String::with_capacity(room));
    for (name, value) in members.iter().filter(|(_, value)| !value.is_empty()) {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(&encode(name));
        out.push('=');
        out.push_str(&Wiped::new(encode(value)));
    }
    out
}

/// A token as an authorization server granted it.
pub struct Granted<'a> {
    /// The token.
    pub token: &'a str,
    /// How many seconds it lives, if the answer says so.
    pub expires_in: Option<u64>,
}

/// A row of [`ERRORS`].
struct Row {
    /// The value of `error`.
    code: &'static str,
    reason: Reason,
    hint: &'static str,
}

const fn row(code: &'static str, reason: Reason, hint: &'static str) -> Row {
    Row { code, reason, hint }
}

const REFUSED: Reason = Reason::Oauth2Refused;
const UNAVAILABLE: Reason = Reason::Oauth2Unavailable;
/// The code after which the other way to send the secret is tried.
pub const INVALID_CLIENT: &str = "invalid_client";
/// What a server may say that looks for the client in another place.
pub const INVALID_REQUEST: &str = "invalid_request";
const WHICH_CLIENT: &str = "Check the client's id and secret. If both are right, the server may take the secret in one way only: set the \
                            parameter client_auth to basic, basic_raw or form.";
const WHAT_FOR: &str = "Check the scope and, where the server wants them, the parameters audience and resource, and what the server \
                        allows this client to ask for.";
const GRANT: &str = "Have the authorization server allow this client the grant client_credentials.";

/// What authorization servers say (RFC 6749, sections 4.1.2.1 and 5.2; RFC 8707, section 2; RFC 8628, section 3.5).
/// Another code is a refusal.
const ERRORS: [Row; 11] = [
    row(
        INVALID_REQUEST,
        REFUSED,
        "Check the parameters: the server misses one, does not know one, or takes the secret in \
                                     another way (the parameter client_auth).",
    ),
    row(INVALID_CLIENT, REFUSED, WHICH_CLIENT),
    row("invalid_grant", REFUSED, WHICH_CLIENT),
    row("unauthorized_client", REFUSED, GRANT),
    row("unsupported_grant_type", REFUSED, GRANT),
    row("invalid_scope", REFUSED, WHAT_FOR),
    row("invalid_target", REFUSED, WHAT_FOR),
    row("access_denied", REFUSED, WHAT_FOR),
    row("server_error", UNAVAILABLE, ""),
    row("temporarily_unavailable", UNAVAILABLE, ""),
    row("slow_down", UNAVAILABLE, ""),
];
const WRONG_URL: &str = "Check the address of the token endpoint: the authorization server's metadata has it as token_endpoint \
                         (/.well-known/openid-configuration or /.well-known/oauth-authorization-server).";

/// Reads the answer of a token endpoint that is JSON: what it grants, or the error that it stands for. `reply` is
/// what [`parse`] made of its body.
pub fn read<'r>(answer: &Answer, reply: &'r Json<'r>, redactor: &Redactor) -> Result<Granted<'r>> {
    if let Some(error) = gateway::redirected(WISH, redactor, answer) {
        return Err(error.with_hint(
            "Redirects are never followed, so that no secret reaches another address: configure the final address.",
        ));
    }
    let code = reply.get("error").and_then(Json::as_text).filter(|code| !code.is_empty());
    match (answer.status, code) {
        (200 | 201, None) => granted(reply).map_err(|error| error.with_http_status(answer.status)),
        _ => Err(refusal(answer, code, reply, redactor)),
    }
}

/// The body of an answer as JSON. Where no token can be in it, what cannot be read says nothing.
pub fn parse(answer: &Answer) -> Result<Json<'_>> {
    match Json::parse(&answer.body) {
        Err(error) if matches!(answer.status, 200 | 201) => {
            let transient = error.transient() && answer.until_close;
            let message = format!("cannot {WISH}: {}", error.message());
            let error = error.with_message(message).with_hint(WRONG_URL);
            Err(error.with_http_status(answer.status).with_transient(transient))
        }
        reply => Ok(reply.unwrap_or(Json::Null)),
    }
}

fn granted<'r>(reply: &'r Json<'r>) -> Result<Granted<'r>> {
    let wrong = |what: &str| shape(format!("cannot {WISH}: {what}")).with_hint(WRONG_URL);
    let Some(Json::Text(token)) = reply.get("access_token") else {
        return Err(wrong("its answer holds no access_token"));
    };
    match reply.get("token_type") {
        None => {}
        Some(Json::Text(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
        Some(_) => {
            let error = wrong("it gave a token of another type than Bearer");
            return Err(
                error.with_hint("Configure the client at the authorization server for tokens of the type Bearer.")
            );
        }
    }
    Ok(Granted { token, expires_in: reply.get("expires_in").and_then(seconds) })
}

/// A number of seconds, or its digits in a text; `None` where it says nothing.
fn seconds(value: &Json) -> Option<u64> {
    let seconds = match value {
        Json::Integer(seconds) => u64::try_from(*seconds).ok()?,
        // Numbers that do not fit end at the end of the range.
        Json::OtherNumber(i64::MAX) => u64::MAX,
        Json::OtherNumber(seconds) => u64::try_from(*seconds).ok()?,
        Json::Text(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
        _ => return None,
    };
    (seconds > 0).then_some(seconds)
}

fn refusal(answer: &Answer, code: Option<&str>, reply: &Json, redactor: &Redactor) -> Error {
    let status = answer.status;
    let row = code.and_then(|code| ERRORS.iter().find(|row| row.code == code));
    let (reason, what, hint) = match (status, row) {
        (429, _) => (UNAVAILABLE, "it limits requests", ""),
        (408 | 500.., _) => (UNAVAILABLE, "it is not available", ""),
        (_, Some(row)) if row.reason == UNAVAILABLE => (UNAVAILABLE, "it is not available", row.hint),
        (_, Some(row)) => (REFUSED, "it refused", row.hint),
        (404 | 405 | 410, None) => (Reason::ProtocolShape, "there is none at this address", WRONG_URL),
        (200 | 201 | 400..500, None) if code.is_some() => (REFUSED, "it refused", ""),
        (401 | 403, None) => (REFUSED, "it refused", WHICH_CLIENT),
        _ if gateway::is_json(answer) => {
            (Reason::ProtocolShape, "its answer is none that a token endpoint gives", WRONG_URL)
        }
        _ => (Reason::ProtocolNotJson, "its answer is not JSON", WRONG_URL),
    };
    let known = row.map_or("", |row| row.code);
    let clean = |text: &str| redactor.clean(text);
    let code = if known.is_empty() { code.map(clean) } else { Some(known.to_owned()) };
    let description = reply.get("error_description").and_then(Json::as_text).map(clean);
    let said: Vec<String> = code.into_iter().chain(description).filter(|text| !text.is_empty()).collect();
    let said = if said.is_empty() { String::new() } else { format!(": {}", said.join(": ")) };
    let error = Error::new(reason, format!("cannot {WISH}: {what}{said} (HTTP {status})"));
    let error = error.with_http_status(status).with_server_code(known).with_retry_after_ms(retry_after(answer));
    if hint.is_empty() { error } else { error.with_hint(hint) }
}

#[cfg(test)]
mod tests;
