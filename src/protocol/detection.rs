//! What the answer to a question without credentials tells of the server. It decides where a credential goes, so that
//! anything that may come from somebody else ends the search.

use crate::error::{Error, Reason, Result, Status};
use crate::protocol::endpoint::is_restpp_code;
use crate::protocol::gateway;
use crate::protocol::json::{Json, shape};
use crate::protocol::refusal::{self, Question};
use crate::wire::http::Answer;

/// What a server said.
pub enum Told {
    /// That there is no such endpoint: a 404 or 405 that is not JSON.
    Absent,
    /// That it agrees.
    Yes,
    /// "No", in JSON, with this code or "".
    No(String),
    /// Something that is neither JSON nor a page, with the error that it would be.
    Else(Error),
}

impl Told {
    /// Whether REST++ itself said so: of all parts of a server, only REST++ has codes that begin like this.
    pub fn is_restpp(&self) -> bool {
        matches!(self, Told::No(code) if is_restpp_code(code))
    }
}

/// Reads such an answer. An error: it tells nothing of TigerGraph, and nothing secret may be sent there.
pub fn read(question: &Question, answer: &Answer) -> Result<Told> {
    refusal::check_available(question, answer)?;
    if let (401, Some(scheme)) = (answer.status, &answer.challenge) {
        return Err(login_of_its_own(question, scheme));
    }
    let object = match Json::parse(&answer.body) {
        Ok(Json::Object(_)) => true,
        Ok(_) => return Err(shape("the server's answer is JSON, but not an object").with_http_status(answer.status)),
        Err(_) => false,
    };
    match refusal::read_reply(question, answer) {
        Ok(_) => Ok(Told::Yes),
        Err(error) if answer.status >= 500 || error.status() == Status::Unavailable => Err(error),
        Err(error) if object && error.is_answer() => Ok(Told::No(error.server_code().to_owned())),
        Err(error) if object => Err(error),
        Err(_) if matches!(answer.status, 404 | 405) => Ok(Told::Absent),
        // Nothing was refused to anybody: no credential was sent.
        Err(error) if error.status() == Status::Unauthenticated => no_page(answer, not_tigergraph(question, answer)),
        Err(error) => no_page(answer, error),
    }
}

/// Reads the answer to the check of a token: whether it is valid. The server's "no" has many forms, all of them JSON;
/// not to be able to ask is something else.
pub fn read_check(question: &Question, answer: &Answer) -> Result<bool> {
    match refusal::read_reply(question, answer) {
        Ok(reply) => match reply.get("error").is_some() || says_valid(&reply) {
            true => Ok(true),
            false => Err(shape("the server's answer does not tell whether the token is valid")),
        },
        Err(error) if !error.is_answer() || answer.status >= 500 => Err(error),
        Err(error) if matches!(error.status(), Status::Unavailable) => Err(error),
        Err(error) if error.reason() == Reason::MissingEndpoint || is_about_certificate(&error) => Err(error),
        Err(error) => match Json::parse(&answer.body) {
            Ok(_) => Ok(false),
            Err(_) => Err(error),
        },
    }
}

/// In the words that are documented.
fn says_valid(reply: &Json) -> bool {
    reply.get("message").and_then(Json::as_text).is_some_and(|text| text.contains("verification succeed"))
}

/// Whether it is the client that was refused by a gateway, and not the token.
fn is_about_certificate(error: &Error) -> bool {
    error.message().to_ascii_lowercase().contains("client certificate")
}

/// A page of a gateway or portal is no word of the server's.
fn no_page(answer: &Answer, error: Error) -> Result<Told> {
    if gateway::is_page(answer) { Err(error) } else { Ok(Told::Else(error)) }
}

fn not_tigergraph(question: &Question, answer: &Answer) -> Error {
    let wish = question.operation.wish();
    let message = format!("cannot {wish}: the answer is not JSON (HTTP {})", answer.status);
    Error::new(Reason::ProtocolNotJson, message).with_http_status(answer.status)
}

fn login_of_its_own(question: &Question, scheme: &str) -> Error {
    let wish = question.operation.wish();
    let message = format!("cannot {wish}: something in front of the server wants a login of its own ({scheme})");
    Error::new(Reason::AuthRefused, message).with_http_status(401).with_hint(LET_THROUGH)
}

const LET_THROUGH: &str = "Nothing secret was sent. Have the gateway let requests for TigerGraph through without a \
                           login, or use an address that does not lead through it.";
