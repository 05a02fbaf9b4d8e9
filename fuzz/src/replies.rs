//! Targets: what a server's answer says, kind by kind.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use tigergraph_auth::unversioned::hidden::Wiped;

use super::{canary, heap};
use tigergraph_auth::Result;
use tigergraph_auth::unversioned::gsql::{GsqlOutcome, GsqlText};
use tigergraph_auth::unversioned::hidden::Hidden;
use tigergraph_auth::unversioned::http::Answer;
use tigergraph_auth::unversioned::issued::{self, Expiration, LifetimeUnit, Requested};
use tigergraph_auth::unversioned::json::{self, Json, Text};
use tigergraph_auth::unversioned::jwt;
use tigergraph_auth::unversioned::oauth2;
use tigergraph_auth::unversioned::operation::{Credential, Operation};
use tigergraph_auth::unversioned::redact::{Redactor, ToHide};
use tigergraph_auth::unversioned::refusal::{self, Question};
use tigergraph_auth::unversioned::secret::{Secret, SecretList};
use tigergraph_auth::unversioned::version::version_in;
use tigergraph_auth::unversioned::{checks, dates};

/// Reading an answer takes at most this much, and so many times its length: JSON's texts may need decoding, and
/// secrets are kept.
const HEAP: (usize, usize) = (96 * 1024, 4);
const OPERATIONS: [Operation; 10] = [
    Operation::Detect,
    Operation::RequestToken,
    Operation::RefreshToken,
    Operation::DeleteToken,
    Operation::CheckToken,
    Operation::ListSecrets,
    Operation::GetSecret,
    Operation::CreateSecret,
    Operation::DropSecrets,
    Operation::Version,
];
const CREDENTIALS: [Credential; 4] =
    [Credential::Nothing, Credential::Password, Credential::Secret, Credential::Bearer];
const STATUSES: [u16; 16] = [200, 201, 204, 301, 304, 400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504];

fn within_bounds<T>(data: &[u8], read: impl FnOnce() -> T) -> T {
    let (result, peak) = heap(read);
    assert!(peak <= HEAP.0 + HEAP.1 * data.len(), "{peak} bytes of heap for {} of input", data.len());
    result
}

/// A redactor for all inputs, and what it keeps in memory, which counts for each of them as if it were made for it: to
/// sort the pieces of the credentials takes longer than anything else here.
struct Hiding {
    redactor: Redactor<'static>,
    kept: usize,
}

thread_local! {
    static HIDING: Hiding = hiding();
}

fn hiding() -> Hiding {
    let sorted = || {
        let redactor = redactor();
        // Every form of a credential is met, so that nothing is left to sort.
        for credential in [canary::PASSWORD, canary::SECRET, canary::TOKEN, canary::JWT, &canary::basic()] {
            for form in canary::forms(credential) {
                assert!(redactor.clean(&form).starts_with("<redacted:"), "{form}");
            }
        }
        redactor
    };
    let (redactor, kept) = heap(sorted);
    Hiding { redactor, kept }
}

/// The same as [`within_bounds`], for what hides credentials.
fn hidden_within_bounds<T>(data: &[u8], read: impl FnOnce(&Redactor) -> T) -> T {
    HIDING.with(|Hiding { redactor, kept }| {
        let (result, peak) = heap(|| read(redactor));
        let (all, most) = (peak + kept, HEAP.0 + HEAP.1 * data.len());
        assert!(all <= most, "{all} bytes of heap for {} of input, {kept} of them for credentials", data.len());
        result
    })
}

fn redactor() -> Redactor<'static> {
    let known = [canary::PASSWORD, canary::SECRET, canary::TOKEN, canary::JWT].map(ToHide::Given);
    let login = ToHide::Pair(canary::USER, Arc::new(Hidden::new(canary::PASSWORD)));
    Redactor::new(known.into_iter().chain([login]).collect(), &["s1"])
}

fn check_output(output: &str) {
    canary::check_known(output, canary::KNOWS_ALL);
    canary::check_obvious(output);
}

fn checked<T>(result: Result<T>) -> Option<T> {
    result.map_err(|error| check_output(&canary::said(&error))).ok()
}

/// JSON, and the same with raw line breaks in its texts, which reads whatever the first does.
pub fn json(data: &[u8]) {
    let strict = within_bounds(data, || Json::parse(data));
    let mut without_breaks = data.to_vec();
    json::without_raw_breaks(&mut without_breaks);
    let loose = within_bounds(data, || Json::parse(&without_breaks));
    if let Some(reply) = checked(strict) {
        assert_eq!(Some(&reply), loose.as_ref().ok());
    }
    checked(loose);
}

/// A token of a JSON answer: one that a header can carry, with an end that can be told.
pub fn token(data: &[u8]) {
    let (asked, rest) = number(data);
    let requested =
        Requested { lifetime_s: asked % 31_556_952_000, sent_at: 1_700_000_000, answered_at: Some(1_700_000_001) };
    let Some(issued) = checked(Json::parse(rest)).and_then(|reply| checked(issued::from_reply(&reply, requested)))
    else {
        return;
    };
    let token = &issued.token;
    assert!((8..=8192).contains(&token.value().len()) && token.value().bytes().all(checks::is_token_byte));
    assert_eq!(token.header(), ["Bearer ", token.value()].concat());
    assert_eq!(token.expiration(), dates::rfc3339(token.expires_at()));
    if let Some(unit) = issued.granted_s.and_then(|granted_s| LifetimeUnit::told_by(requested.lifetime_s, granted_s)) {
        unit.number(requested.lifetime_s);
    }
    // A shorter one may be part of a field's name.
    assert!(token.value().len() < 20 || !format!("{issued:?}").contains(token.value()), "a token is printed");
}

/// Eight bytes for a number, fewer if there are no more.
fn number(data: &[u8]) -> (u64, &[u8]) {
    let (head, rest) = data.split_at(data.len().min(8));
    (head.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)), rest)
}

fn check_secrets(secrets: &[Secret]) {
    for secret in secrets {
        assert!(!secret.alias.chars().any(char::is_control) && !secret.alias.is_empty());
        assert!(checks::check_secret_text("a secret", secret.value.reveal()).is_ok());
        assert_eq!(format!("{:?}", secret.value), "<hidden>");
    }
}

/// The secrets of a JSON answer.
pub fn secrets(data: &[u8]) {
    let read = || {
        let mut list = SecretList::beside(data.len());
        let reply = Json::read(data, Some(&mut |object| list.read(object)))?;
        list.finish(&reply)
    };
    check_secrets(&checked(within_bounds(data, read)).unwrap_or_default());
}

/// Any answer to any question: what is said about it holds no credential. Three bytes choose the question
/// and the status, the rest is the answer's body.
pub fn refusal(data: &[u8]) {
    let [operation, credential, status, body @ ..] = data else {
        return;
    };
    let operation = OPERATIONS[usize::from(*operation) % OPERATIONS.len()];
    let credential = CREDENTIALS[usize::from(*credential) % CREDENTIALS.len()];
    let answer = Answer {
        status: STATUSES[usize::from(*status) % STATUSES.len()],
        body: Wiped::new(body.to_vec()),
        ..no_answer()
    };
    let reply = hidden_within_bounds(body, |redactor| {
        refusal::read_reply(&Question { operation, path: "", credential, redactor }, &answer)
    });
    if let Err(error) = &reply {
        assert!(
            error.message().starts_with("cannot ")
                || error.message().starts_with("the server's answer")
                || error.message().starts_with('"')
        );
        assert!(!error.message().chars().any(char::is_control) && error.message().len() < 1024);
    }
    checked(reply);
}

/// Any answer of a token endpoint: a token that a header can carry, or an error that holds no credential. The first byte
/// chooses the status.
pub fn oauth2(data: &[u8]) {
    let Some((status, body)) = data.split_first() else {
        return;
    };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let answer = Answer { status, body: Wiped::new(body.to_vec()), ..no_answer() };
    let issued = hidden_within_bounds(body, |redactor| {
        let reply = oauth2::parse(&answer)?;
        let granted = oauth2::read(&answer, &reply, redactor)?;
        let requested = Requested { lifetime_s: 0, sent_at: 1_700_000_000, answered_at: None };
        issued::from_grant(granted.token, granted.expires_in, requested)
    });
    match &issued {
        Ok(issued) => {
            assert!(matches!(status, 200 | 201) && issued.token.value().bytes().all(checks::is_token_byte));
            assert!(issued.token.expires_at() >= 0);
        }
        Err(error) => {
            assert!(error.message().starts_with("cannot get a token from the token endpoint: "), "{error}");
            assert!(!error.message().chars().any(char::is_control) && error.message().len() < 1024);
        }
    }
    checked(issued);
}

fn no_answer() -> Answer {
    Answer::new(200, Wiped::default())
}

/// The text of a GSQL script, read as the output of each command.
pub fn gsql(data: &[u8]) {
    let Some(text) = checked(within_bounds(data, || GsqlText::parse(data))) else {
        return;
    };
    let (listed, created, dropped) = hidden_within_bounds(data, |redactor| {
        let about = |operation| Question { operation, path: "", credential: Credential::Password, redactor };
        let of = |question| GsqlOutcome { question, text: &text, memory: data.len() };
        (
            of(&about(Operation::ListSecrets)).listed(),
            of(&about(Operation::CreateSecret)).created("s1", "MyGraph"),
            of(&about(Operation::DropSecrets)).dropped(2),
        )
    });
    check_secrets(&checked(listed).unwrap_or_default());
    check_secrets(checked(created).as_slice());
    if let Some(dropped) = checked(dropped) {
        assert_eq!(dropped.len(), 2);
    }
}

/// The time that a token ends, as a text and as a number.
pub fn expiration(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let number = text.trim().parse().map_or(Json::OtherNumber(0), Json::Integer);
    for value in [Json::Text(Text::Borrowed(&text)), number] {
        match issued::expiration(&Json::Object(vec![(Text::Borrowed("expiration"), value)]), true) {
            Ok(Expiration::Number(time)) => assert!((1..1 << 53).contains(&time)),
            Ok(Expiration::Date(time)) => assert!(time == 0 || !dates::rfc3339(time).is_empty()),
            Ok(Expiration::Unknown) | Err(_) => {}
        }
    }
}

/// The claims of a JWT.
pub fn claims(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let claims = within_bounds(data, || jwt::claims(&text));
    if let Some(claims) = claims {
        assert!(claims.issued_at.is_none_or(|at| at >= 0 && claims.expires_at > at) && claims.expires_at < 1 << 53);
    }
}

/// Retry-After, by the first line, and Date, by the second.
pub fn retry_after(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (retry_after, date) = text.split_once('\n').unwrap_or((&text, ""));
    let answer = Answer { retry_after: Some(retry_after.into()), date: dates::http_date(date), ..no_answer() };
    if let Some(wait) = refusal::retry_after(&answer) {
        assert_eq!(wait % 1000, 0);
    }
    if let Some(time) = dates::http_date(retry_after) {
        assert!(time == 0 || !dates::rfc3339(time).is_empty());
    }
}

/// The text of the version endpoint.
pub fn version(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(version) = version_in(&text) {
        assert!(version.major < 100_000 && version.minor < 100_000 && version.patch < 100_000);
        let _ = version.generation();
    }
}

/// A message that holds credentials, in whatever form.
pub fn message(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let cleaned = hidden_within_bounds(data, |redactor| redactor.clean(&text));
    assert!(cleaned.len() <= 256 && !cleaned.chars().any(char::is_control));
    check_output(&cleaned);
    let decoded = percent_decode_str(&cleaned).decode_utf8_lossy().into_owned();
    canary::check_known(&decoded, canary::KNOWS_ALL);
}
