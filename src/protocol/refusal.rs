//! From a server's answer to an error: which reason a refusal has, by code, then words, then status.

use crate::dates::http_date;
use crate::error::{Error, Reason, Result};
use crate::hidden::Wiped;
use crate::protocol::endpoint::{self, WRONG_ADDRESS, is_restpp_code, path};
use crate::protocol::gateway::{self, is_json, is_page, says, start_of};
use crate::protocol::json::{Each, Json, shape};
use crate::protocol::operation::{Credential, Operation};
use crate::protocol::redact::Redactor;
use crate::wire::http::Answer;

/// What was asked, with which credential, and how to clean what the server says about it.
pub struct Question<'a> {
    /// The operation.
    pub operation: Operation,
    /// The endpoint.
    pub path: &'a str,
    /// The credential sent along.
    pub credential: Credential,
    /// Cleans the server's words.
    pub redactor: &'a Redactor<'a>,
}

/// Codes with one meaning wherever they come. `REST-1000` depends on the endpoint, see [`by_code`].
const CODES: &[(&str, Reason)] = &[
    ("REST-1004", Reason::MissingGraph),
    ("REST-3300", Reason::MissingToken),
    ("REST-10016", Reason::AuthBadToken),
    ("REST-10018", Reason::AuthNoPrivilege),
    ("REST-10019", Reason::AuthTokenExpired),
    ("REST-10020", Reason::ServerError),
];

/// No such endpoint; for `requesttoken` it means that REST++ authentication is off.
pub const NO_ENDPOINT: &str = "REST-1000";
/// No token, or none that is good.
const NO_TOKEN: &str = "REST-10016";
const SUCCESS: &str = "REST-0000";

/// Words that tell a cause: all of a row must stand in the message (in lower case). First match wins.
const WORDS: &[(&[&str], Reason)] = &[
    // TigerGraph Cloud, for a while after its page said that the workspace starts.
    (&["retrieve id map"], Reason::UnavailableStarting),
    (&["graph", "not found"], Reason::MissingGraph),
    (&["graph", "not exist"], Reason::MissingGraph),
    (&["graph", "not be found"], Reason::MissingGraph),
    (&["no graph in use"], Reason::MissingGraph),
    (&["already exists"], Reason::ExistsSecret),
    (&["too many", "login"], Reason::AuthLockedOut),
    (&["block list", "full"], Reason::ServerRevokeListFull),
    (&["block list", "limit"], Reason::ServerRevokeListFull),
    (&["user", "not found"], Reason::MissingUser),
    (&["user", "not exist"], Reason::MissingUser),
    (&["privilege"], Reason::AuthNoPrivilege),
    (&["permission"], Reason::AuthNoPrivilege),
    (&["not superuser"], Reason::AuthNoPrivilege),
    (&["secret", "not found"], Reason::MissingSecret),
    (&["secret", "not exist"], Reason::MissingSecret),
    (&["failed to drop secrets"], Reason::MissingSecret),
    (&["access denied", "expire"], Reason::AuthTokenExpired),
    (&["access denied"], Reason::AuthBadToken),
    (&["not in correct format"], Reason::AuthBadToken),
];

/// Words of a login that was refused: whose it was tells the credential.
const LOGIN_WORDS: [&str; 9] = [
    "authentication fail",
    "not authenticated",
    "wrong password",
    "incorrect password",
    "password is incorrect",
    "invalid password",
    "invalid credential",
    "name or password",
    "login failed",
];

/// The server's own words in a message, in lower case. The names that the call gave may be any words, and one of them may
/// be "graph_reader"; but one that is itself a word of these or of `more` may be the server's.
pub fn own_words(question: &Question, message: &str, more: &[&str]) -> Wiped<String> {
    let rows = WORDS.iter().map(|(words, _)| *words).chain([&LOGIN_WORDS[..], more]);
    let telling = rows.flatten().flat_map(|words| words.split(' '));
    let is_name = |name: &str| !telling.clone().any(|word| name.eq_ignore_ascii_case(word));
    let mut words = question.redactor.without_names(message, is_name);
    words.make_ascii_lowercase();
    words
}

/// The reason that a message's words tell, for this question.
pub fn by_words(question: &Question, message: &str) -> Option<Reason> {
    let message = own_words(question, message, &[]);
    let says_all = |words: &[&str]| words.iter().all(|word| message.contains(word));
    let fits = |reason: Reason| match reason {
        Reason::ExistsSecret => question.operation == Operation::CreateSecret,
        // "Secret not found" in answer to a token request is a bad secret, not a missing one.
        Reason::MissingSecret => matches!(question.operation, Operation::GetSecret | Operation::DropSecrets),
        Reason::ServerRevokeListFull => question.operation == Operation::DeleteToken,
        _ => true,
    };
    let cause = WORDS.iter().find(|(words, reason)| says_all(words) && fits(*reason)).map(|(_, reason)| *reason);
    cause
        .or_else(|| LOGIN_WORDS.iter().any(|words| message.contains(words)).then(|| refused_login(question.credential)))
}

/// The reason of a credential that was not accepted.
fn refused_login(credential: Credential) -> Reason {
    match credential {
        Credential::Password => Reason::AuthBadPassword,
        Credential::Secret => Reason::AuthBadSecret,
        Credential::Bearer => Reason::AuthBadToken,
        Credential::Nothing => Reason::AuthRefused,
    }
}

fn by_code(question: &Question, status: u16, code: &str, message: &str) -> Option<Reason> {
    // Not the server's GSQL part, which was asked, but REST++ itself: the address leads there alone.
    if is_restpp_code(code) && code != SUCCESS && status < 500 && endpoint::is_gsql(question.path) {
        return Some(Reason::MissingEndpoint);
    }
    // `requesttoken` needs no token: whoever misses one has taken it for something else.
    if question.path == path::REQUEST_TOKEN && code == NO_TOKEN && message.contains("input token = ''") {
        return Some(Reason::MissingEndpoint);
    }
    if code == NO_ENDPOINT {
        let off = question.operation.is_about_tokens() && names_requesttoken(message);
        return Some(if off { Reason::AuthDisabled } else { Reason::MissingEndpoint });
    }
    CODES.iter().find(|(known, _)| *known == code).map(|(_, reason)| *reason)
}

/// Whether `REST-1000` is about exactly `/requesttoken`, as far as it says: what has another path before that is the
/// wrong address.
fn names_requesttoken(message: &str) -> bool {
    let Some((_, url)) = message.split_once("url = ") else { return true };
    let end = url.find(|c: char| c == ',' || c == '?' || c.is_whitespace()).unwrap_or(url.len());
    url[..end].trim_end_matches('.') == path::REQUEST_TOKEN
}

fn by_status(question: &Question, status: u16, message: &str) -> Reason {
    use Operation::*;
    let names_secret = || own_words(question, message, &[]).contains("secret");
    match (question.operation, status) {
        (_, 401) => refused_login(question.credential),
        (ListSecrets | GetSecret | CreateSecret | DropSecrets, 403) => Reason::AuthNoPrivilege,
        (_, 403) => Reason::AuthRefused,
        (GetSecret | DropSecrets, 404) => Reason::MissingSecret,
        // A list names nothing that could be missing but the user.
        (ListSecrets, 404) => Reason::MissingUser,
        (DeleteToken, 404) => Reason::MissingToken,
        (CreateSecret, 409) => Reason::ExistsSecret,
        (_, 500..) => Reason::ServerError,
        (RefreshToken, _) => Reason::AuthBadToken,
        (RequestToken, _) if question.credential == Credential::Secret && names_secret() => Reason::AuthBadSecret,
        // Lifetime, limits, roles and credentials cannot be told apart here.
        (RequestToken, _) => Reason::AuthRefused,
        _ => Reason::ServerError,
    }
}

/// Reads an answer that must be JSON: its content, or the error that it stands for.
pub fn read_reply<'a>(question: &Question, answer: &'a Answer) -> Result<Json<'a>> {
    read_reply_with(question, answer, None)
}

/// The same for an answer whose `results` may be a long list: its elements go to `each`.
pub fn read_list_reply<'a>(question: &Question, answer: &'a Answer, each: &mut Each) -> Result<Json<'a>> {
    read_reply_with(question, answer, Some(each))
}

fn read_reply_with<'a>(question: &Question, answer: &'a Answer, each: Option<&mut Each>) -> Result<Json<'a>> {
    check_available(question, answer)?;
    if answer.status == 204 && matches!(question.operation, Operation::DeleteToken | Operation::DropSecrets) {
        return Ok(Json::Object(Vec::new()));
    }
    if !matches!(answer.status, 200 | 201 | 305..) {
        let message = format!("cannot {}: the server answered with HTTP {}", question.operation.wish(), answer.status);
        return Err(shape(message).with_http_status(answer.status));
    }
    let reply = match Json::read(&answer.body, each) {
        Ok(reply) => reply,
        Err(error) if is_success(answer.status) => {
            let transient = error.transient() && answer.until_close;
            return Err(error.with_http_status(answer.status).with_transient(transient));
        }
        // A refusal remains one, whatever is wrong with its JSON.
        Err(_) if is_json(answer) => Json::Object(Vec::new()),
        Err(_) => return Err(not_json_refusal(question, answer)),
    };
    let text = |name| reply.get(name).and_then(Json::as_text).unwrap_or_default();
    if is_success(answer.status) {
        let with_status = |error: Error| error.with_http_status(answer.status);
        if !matches!(reply, Json::Object(_)) {
            return Err(with_status(shape("the server's answer is JSON, but not an object")));
        }
        let code = reply.text("code").map_err(with_status)?.unwrap_or_default();
        let failed = reply.error_flag().map_err(with_status)?;
        if !failed && by_code(question, answer.status, code, text("message")).is_none() {
            return Ok(reply);
        }
    }
    Err(refusal(question, answer, text("code"), text("message")))
}

fn is_success(status: u16) -> bool {
    matches!(status, 200 | 201)
}

/// What TigerGraph Cloud says, with any status, while nothing is there that could have carried a request out.
const ASLEEP: [(&str, Reason, &str); 3] = [
    ("starting workspace", Reason::UnavailableStarting, "the workspace is starting"),
    ("auto start is not enabled", Reason::UnavailableGateway, "the workspace is stopped, and auto start is off"),
    ("failed to start workspace", Reason::UnavailableGateway, "the workspace is stopped, and could not be started"),
];

/// The error of a page that a stopped or starting workspace is answered with.
fn asleep(question: &Question, answer: &Answer) -> Option<Error> {
    let page = start_of(answer);
    if is_json(answer) {
        return None;
    }
    let (_, reason, what) = ASLEEP.iter().find(|(words, ..)| says(page, words))?;
    let error = Error::new(*reason, format!("cannot {}: {what} (HTTP {})", question.operation.wish(), answer.status));
    let error = match reason {
        Reason::UnavailableStarting => error,
        _ => {
            error.with_hint("Start the workspace in the cloud portal, or switch auto resume on; waiting does not help.")
        }
    };
    Some(error.with_http_status(answer.status).with_retry_after_ms(retry_after(answer)).with_nothing_done())
}

/// What web servers say with HTTP 400 about the line or the fields of a request.
const TOO_LARGE: [&str; 4] =
    ["request header or cookie too large", "header field exceeds", "request line too long", "request-uri too large"];

/// Whether the request was too large for a server or gateway.
fn is_too_large(answer: &Answer) -> bool {
    let page = start_of(answer);
    match answer.status {
        413 | 414 | 431 => true,
        400 => !is_json(answer) && TOO_LARGE.iter().any(|words| says(page, words)),
        _ => false,
    }
}

fn request_too_large(question: &Question, status: u16) -> Error {
    let (what, limit) = match status {
        413 => ("body", "client_max_body_size"),
        _ => ("line or header", "large_client_header_buffers"),
    };
    let wish = question.operation.wish();
    let message = format!("cannot {wish}: a server or gateway takes no request with so long a {what} (HTTP {status})");
    let hint = format!("Raise its limit (in nginx {limit}), or use shorter names and credentials.");
    Error::new(Reason::ProtocolTooLarge, message).with_hint(hint).with_http_status(status).with_nothing_done()
}

/// What 503 with a page means: HAProxy and Apache have no server to ask, nginx limits requests or is told to say so.
const NOT_PASSED_ON: &str = "a gateway did not pass the request on to TigerGraph";
const LIMITS_OR_SERVER: &str = "Try again; if it keeps happening, check the gateway's limits and the server behind it.";

/// Answers that say nothing about the request: redirects, gateways, limits.
pub fn check_available(question: &Question, answer: &Answer) -> Result<()> {
    let wish = question.operation.wish();
    let status = answer.status;
    if let Some(error) = gateway::redirected(wish, question.redactor, answer) {
        return Err(error);
    }
    if let Some(error) = asleep(question, answer) {
        return Err(error);
    }
    if let Some(error) = gateway::refused(wish, answer) {
        return Err(error);
    }
    if is_too_large(answer) {
        return Err(request_too_large(question, status));
    }
    let (reason, what) = match status {
        408 => (Reason::UnavailableOverloaded, "the server gave up waiting"),
        429 => (Reason::UnavailableRateLimited, "the server limits requests"),
        502 | 504 => (Reason::UnavailableGateway, "a gateway got no answer from TigerGraph"),
        503 if is_page(answer) => (Reason::UnavailableGateway, NOT_PASSED_ON),
        503 => (Reason::UnavailableOverloaded, "the server is too busy"),
        _ => return Ok(()),
    };
    let error = Error::new(reason, format!("cannot {wish}: {what} (HTTP {status})"));
    let error = if what == NOT_PASSED_ON { error.with_hint(LIMITS_OR_SERVER) } else { error };
    Err(error.with_http_status(status).with_retry_after_ms(retry_after(answer)))
}

/// The time to wait, in milliseconds: seconds, or a date compared with the server's own clock.
pub fn retry_after(answer: &Answer) -> Option<u64> {
    let text = answer.retry_after.as_deref()?.trim();
    if !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse::<u64>().ok()?.checked_mul(1000);
    }
    let (until, now) = (http_date(text)?, answer.date?);
    u64::try_from(until.saturating_sub(now)).ok()?.checked_mul(1000)
}

fn not_json_refusal(question: &Question, answer: &Answer) -> Error {
    let wish = question.operation.wish();
    let status = answer.status;
    let (reason, what) = match status {
        404 | 405 => (Reason::MissingEndpoint, "the server has no such endpoint"),
        401 => (by_status(question, status, ""), refused_what(question)),
        403 => (Reason::AuthRefused, "the server or a gateway refused the request"),
        500.. => (Reason::ServerError, "the server failed"),
        _ => (Reason::ProtocolNotJson, "the answer is a page, not JSON"),
    };
    Error::new(reason, format!("cannot {wish}: {what} (HTTP {status})")).with_http_status(status)
}

fn refused_what(question: &Question) -> &'static str {
    match question.credential {
        Credential::Password => "the server did not accept user name and password",
        Credential::Secret => "the server did not accept the secret",
        Credential::Bearer => "the server did not accept the token",
        Credential::Nothing => "the server requires a login",
    }
}

/// What to do where a token was asked for, and "not found" in JSON came back without a cause.
const NOT_THERE: &str = "Check host and port: another program may have answered. If it was TigerGraph, it does not say \
                         why; possible causes are a wrong or revoked credential, the wrong graph, a limit that was \
                         reached, and a role that was removed.";

/// The error for a refusal that the server explained.
pub fn refusal(question: &Question, answer: &Answer, code: &str, message: &str) -> Error {
    let reason = by_code(question, answer.status, code, message)
        .or_else(|| by_words(question, message))
        .unwrap_or_else(|| by_status(question, answer.status, message));
    let wish = question.operation.wish();
    let what = match reason {
        Reason::AuthDisabled => "REST++ authentication is switched off on this server",
        Reason::AuthBadPassword | Reason::AuthBadSecret | Reason::AuthBadToken => refused_what(question),
        Reason::MissingEndpoint if is_restpp_code(code) => "the address is that of REST++ alone",
        _ => "the server refused",
    };
    let said = question.redactor.clean(message);
    let said = if said.is_empty() { said } else { format!(": {said}") };
    // A credential may look like a code, and a server may send it back as one.
    let code = if is_code(code) && *question.redactor.hide_known(code) == code { code } else { "" };
    let error = Error::new(reason, format!("cannot {wish}: {what}{said}"));
    let error = error.with_http_status(answer.status).with_server_code(code);
    match reason {
        Reason::MissingEndpoint if is_restpp_code(code) => error.with_hint(WRONG_ADDRESS),
        Reason::AuthRefused if matches!(answer.status, 404 | 405) => error.with_hint(NOT_THERE),
        _ => error,
    }
}

/// Codes look like `REST-10016`; anything else is not passed on.
fn is_code(code: &str) -> bool {
    code.len() <= 32
        && code.split_once('-').is_some_and(|(word, number)| {
            !word.is_empty()
                && !number.is_empty()
                && word.bytes().all(|b| b.is_ascii_uppercase())
                && number.bytes().all(|b| b.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests;
