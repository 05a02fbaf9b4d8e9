//! The head of an answer: what is read of it, and what makes it none.

use crate::dates::http_date;
use crate::error::{Error, Reason, Result};
use crate::hidden::Wiped;

/// Room for a status line and headers.
pub const HEAD_LIMIT: usize = 16 * 1024;
/// What a head ends with.
pub const HEAD_END: &[u8] = b"\r\n\r\n";
/// No answer may have more fields.
pub const MAX_FIELDS: usize = 100;

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// After so many bytes.
    Length(u64),
    /// With the last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

/// What an answer's head says, as far as anybody here reads it.
#[derive(Debug)]
pub struct Head {
    /// HTTP status.
    pub status: u16,
    /// Where the body ends.
    pub ending: Ending,
    /// Whether the server keeps the connection.
    pub keeps_connection: bool,
    /// Whether the body is as it was written: not compressed.
    pub is_plain: bool,
    /// Value of Retry-After, if there is exactly one.
    pub retry_after: Option<String>,
    /// The server's clock, seconds since 1970, if it told that.
    pub date: Option<i64>,
    /// The whole of Location, if there is exactly one; may hold anything.
    pub location: Option<Wiped<String>>,
    /// With 401: the scheme of the first login that is asked for.
    pub challenge: Option<String>,
    /// All fields, if somebody reads them.
    pub fields: Vec<(String, String)>,
}

/// What a head is read for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Whether the answer has no content, whatever its head says, because only the head was asked for.
    pub is_head_alone: bool,
    /// Whether somebody reads all fields.
    pub fields: bool,
}

/// The error for a head that ends without an empty line, or with an unusual one.
pub fn ends_elsewhere() -> Error {
    framing("its head ends in another place than a line break twice")
}

/// The length and the meaning of the head that these bytes begin with, if it is not an interim one (1xx); `None` while
/// it is not complete.
pub fn read_head(bytes: &[u8], wanted: Wanted) -> Result<Option<(usize, Option<Head>)>> {
    // httparse passes over empty lines, and whether two of them are a head of their own would depend on the cut.
    if bytes.starts_with(b"\r") || bytes.starts_with(b"\n") {
        return Err(framing("it begins with an empty line"));
    }
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let used = match response.parse(bytes) {
        Ok(httparse::Status::Complete(used)) if bytes[..used].ends_with(HEAD_END) => used,
        Ok(httparse::Status::Complete(_)) => return Err(ends_elsewhere()),
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(too_many_fields()),
        // An alert of TLS, of any version.
        Err(_) if bytes.starts_with(&[21, 3]) => {
            let hint = "The port speaks TLS: write https:// in the server's address.";
            return Err(framing("it is TLS").with_hint(hint));
        }
        Err(_) => return Err(framing("its head is malformed")),
    };
    let status = response.code.unwrap_or(0);
    if (100..200).contains(&status) {
        return if status == 101 { Err(framing("it switches protocols")) } else { Ok(Some((used, None))) };
    }
    let told = ending(&response, status)?;
    let ending = if wanted.is_head_alone { Ending::Length(0) } else { told };
    let mut head = read_fields(&response, status, ending);
    if wanted.fields {
        let text =
            |field: &httparse::Header| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned());
        head.fields = response.headers.iter().map(text).collect();
    }
    Ok(Some((used, Some(head))))
}

type Response<'a, 'b> = httparse::Response<'a, 'b>;

/// The values of all fields of this name.
pub fn values<'a>(response: &'a Response, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    let named = response.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    named.map(|field| field.value)
}

/// A value that is plain text.
fn text(value: &[u8]) -> Option<&str> {
    let is_text = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    std::str::from_utf8(value).ok().filter(|_| is_text)
}

fn ending(response: &Response, status: u16) -> Result<Ending> {
    let length = length(values(response, "content-length"))?;
    let mut codings = values(response, "transfer-encoding");
    let coding = (codings.next(), codings.next());
    match (length, coding) {
        (Some(_), (Some(_), _)) => return Err(framing("it has both a length and a transfer encoding")),
        (None, (Some(_), Some(_))) => return Err(framing("its transfer encoding is not \"chunked\"")),
        (None, (Some(only), None)) if !only.eq_ignore_ascii_case(b"chunked") => {
            return Err(framing("its transfer encoding is not \"chunked\""));
        }
        (None, (Some(_), None)) if response.version == Some(0) => return Err(framing("HTTP/1.0 knows no chunks")),
        _ => {}
    }
    Ok(match length {
        _ if matches!(status, 204 | 304) => Ending::Length(0),
        Some(length) => Ending::Length(length),
        None if coding.0.is_some() => Ending::Chunked,
        None => Ending::UntilClose,
    })
}

fn read_fields(response: &Response, status: u16, ending: Ending) -> Head {
    let single = |name| {
        let mut values = values(response, name);
        let value = text(values.next()?)?;
        values.next().is_none().then_some(value)
    };
    let connection = |token: &str| {
        let mut lists = values(response, "connection").filter_map(text);
        lists.any(|list| list.split(',').any(|one| one.trim().eq_ignore_ascii_case(token)))
    };
    let keeps_connection = !connection("close") && (response.version != Some(0) || connection("keep-alive"));
    let challenge = if status == 401 { values(response, "www-authenticate").next() } else { None };
    Head {
        status,
        ending,
        keeps_connection,
        is_plain: values(response, "content-encoding").all(|value| value.eq_ignore_ascii_case(b"identity")),
        retry_after: single("retry-after").map(str::to_owned),
        date: single("date").and_then(http_date),
        location: single("location").map(|location| Wiped::new(location.to_owned())),
        challenge: challenge.map(scheme_of),
        fields: Vec::new(),
    }
}

/// The scheme of a challenge; what follows it may hold anything.
fn scheme_of(challenge: &[u8]) -> String {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    challenge.iter().copied().take_while(is_letter).take(32).map(char::from).collect()
}

/// The one length that all fields agree on.
fn length<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Result<Option<u64>> {
    let bad = || framing("its length is not one number");
    let mut told = None;
    for field in fields {
        let digits = std::str::from_utf8(field)
            .ok()
            .filter(|text| (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()));
        let length: u64 = digits.and_then(|text| text.parse().ok()).ok_or_else(bad)?;
        if told.is_some_and(|told| told != length) {
            return Err(bad());
        }
        told = Some(length);
    }
    Ok(told)
}

/// An answer that is none, and why.
pub fn framing(what: &str) -> Error {
    Error::new(Reason::ProtocolFraming, format!("the server's answer is not valid HTTP: {what}"))
}

/// The error for a head, or a line of one, that does not fit into its room.
pub fn head_too_large() -> Error {
    too_large(format!("the head of the server's answer is longer than {HEAD_LIMIT} bytes"))
}

/// The error for a head, or the end of a body, with more fields than anybody needs.
pub fn too_many_fields() -> Error {
    too_large(format!("the server's answer has more than {MAX_FIELDS} fields"))
}

/// An answer of which there is too much somewhere.
pub fn too_large(message: String) -> Error {
    Error::new(Reason::ProtocolTooLarge, message)
}
