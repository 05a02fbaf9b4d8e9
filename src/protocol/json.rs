//! JSON of a server, with its limits.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::ops::Deref;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_core::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::dates::java_date;
use crate::error::{Error, Reason, Result};

/// No documented answer is nested deeper than three levels.
const MAX_DEPTH: usize = 16;
/// Largest integer that every JSON library keeps exact.
const MAX_EXACT: i64 = (1 << 53) - 1;
/// A JWT's payload may not be longer than this.
const MAX_CLAIMS: usize = 4096;

/// No answer needs more values, and no list more for one of its elements.
const MAX_VALUES: usize = 256;
/// No text is longer in any answer: tokens have 8 KiB at most.
const MAX_TEXT: usize = 16 * 1024;

/// A text of an answer: part of it, or, where it had to be decoded, one of its own that is wiped when dropped,
/// because any may be a credential.
#[derive(Clone)]
pub enum Text<'a> {
    /// As it stands in the answer.
    Borrowed(&'a str),
    /// Decoded.
    Owned(Zeroizing<String>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Owned(text) => text,
        }
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<text of {} bytes>", self.len())
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Text) -> bool {
        **self == **other
    }
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Text<'a> {
        match text {
            Cow::Borrowed(text) => Text::Borrowed(text),
            Cow::Owned(text) => Text::Owned(Zeroizing::new(text)),
        }
    }
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// null
    Null,
    /// true or false
    Bool(bool),
    /// An integer that fits.
    Integer(i64),
    /// Any other number.
    OtherNumber,
    /// A text.
    Text(Text<'a>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object, in the order it came.
    Object(Vec<(Text<'a>, Json<'a>)>),
}

/// What is done with each element of a list.
pub type Each<'e> = dyn FnMut(&Json) + 'e;

impl<'a> Json<'a> {
    /// Reads an answer's body: one JSON value, nothing else but white space and one byte order mark.
    pub fn parse(body: &'a [u8]) -> Result<Json<'a>> {
        Json::read(body, None)
    }

    /// The same. Where `results` may be a long list, its elements go to `each`, one by one, and the list is
    /// empty afterwards.
    pub fn read(body: &'a [u8], each: Option<&mut Each>) -> Result<Json<'a>> {
        let text = std::str::from_utf8(body).map_err(|_| encoding())?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.contains('\0') || text.contains('\u{feff}') {
            return Err(encoding());
        }
        if !text.trim_start().starts_with(['{', '[']) {
            return Err(not_json());
        }
        judge_texts(body)?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let left = Cell::new(MAX_VALUES);
        let value =
            Nested { depth: 0, left: &left, each }.deserialize(&mut reader).map_err(|error| refused_json(&error))?;
        reader.end().map_err(|_| not_json())?;
        Ok(value)
    }

    /// The member of an object; `None` also where it is null.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        let Json::Object(members) = self else {
            return None;
        };
        members.iter().find(|(name, value)| **name == *key && *value != Json::Null).map(|(_, value)| value)
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A member that is a text or absent.
    pub fn text(&self, key: &str) -> Result<Option<&str>> {
        match self.get(key) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(shape(format!("\"{key}\" of the server's answer is not a text"))),
        }
    }

    /// The `error` member: a boolean, or the text "true" or "false" as some versions have it; absent is false.
    pub fn error_flag(&self) -> Result<bool> {
        match self.get("error") {
            None | Some(Json::Bool(false)) => Ok(false),
            Some(Json::Bool(true)) => Ok(true),
            Some(Json::Text(text)) if **text == *"false" => Ok(false),
            Some(Json::Text(text)) if **text == *"true" => Ok(true),
            Some(_) => Err(shape("\"error\" of the server's answer is neither true nor false")),
        }
    }
}

/// Tells JSON's texts from what is between them.
#[derive(Default)]
struct Texts {
    in_text: bool,
    after_backslash: bool,
}

impl Texts {
    /// Whether the next byte is part of a text.
    fn hold(&mut self, byte: u8) -> bool {
        let is_quote = byte == b'"' && !self.after_backslash;
        self.after_backslash = byte == b'\\' && !self.after_backslash;
        self.in_text ^= is_quote;
        self.in_text && !is_quote
    }
}

/// Makes JSON of the version answer, which holds raw line breaks inside a text: they become spaces.
pub fn without_raw_breaks(body: &mut [u8]) {
    let mut texts = Texts::default();
    for byte in body {
        if texts.hold(*byte) && matches!(byte, b'\n' | b'\r' | b'\t') {
            *byte = b' ';
        }
    }
}

/// Refuses texts that would take much memory when they are decoded.
fn judge_texts(body: &[u8]) -> Result<()> {
    if body.len() <= MAX_TEXT {
        return Ok(());
    }
    let (mut texts, mut length) = (Texts::default(), 0);
    for byte in body {
        length = if texts.hold(*byte) { length + 1 } else { 0 };
        if length > MAX_TEXT {
            return Err(too_large("a text in the server's answer is longer than any that TigerGraph sends"));
        }
    }
    Ok(())
}

/// An answer that would take more memory than one may.
pub fn too_large(message: &'static str) -> Error {
    Error::new(Reason::ProtocolTooLarge, message)
}

/// An answer that lacks what it must hold.
pub fn shape(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Reason::ProtocolShape, message)
}

fn not_json() -> Error {
    Error::new(Reason::ProtocolNotJson, "the server's answer is not JSON")
}

fn encoding() -> Error {
    Error::new(Reason::ProtocolEncoding, "the server's answer is not UTF-8")
}

fn refused_json(error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let says = |words: &str| text.contains(words);
    if says(DUPLICATE) {
        return shape("the server's answer names a member twice");
    }
    if says(TOO_MANY) {
        return too_large("the server's answer holds more values than any that TigerGraph sends");
    }
    if says(TOO_DEEP) || says("recursion limit") {
        return shape("the server's answer is nested too deep");
    }
    if says("number out of range") {
        return shape("the server's answer holds a number that no server means");
    }
    if says("surrogate") || says("hex escape") {
        return encoding();
    }
    if error.is_eof() {
        // Perhaps cut off on its way; who asked for it knows whether that is possible.
        return Error::new(Reason::ProtocolNotJson, "the server's answer ends in the middle of its JSON")
            .that_may_pass(true);
    }
    not_json()
}

const DUPLICATE: &str = "duplicate member";
const TOO_DEEP: &str = "nested too deep";
const TOO_MANY: &str = "too many values";
/// The member that holds what was asked for.
const RESULTS: &str = "results";
/// Members whose meaning must not depend on which of two a parser takes.
const UNIQUE: [&str; 5] = ["token", "expiration", "error", "code", RESULTS];
/// Few objects have more members.
const USUAL_MEMBERS: usize = 6;

/// Reads a value.
struct Nested<'r, 'e> {
    depth: usize,
    /// How many values may still come.
    left: &'r Cell<usize>,
    /// What becomes of the elements of `results`.
    each: Option<&'r mut Each<'e>>,
}

impl<'de> DeserializeSeed<'de> for Nested<'_, '_> {
    type Value = Json<'de>;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Json<'de>, D::Error> {
        if self.depth > MAX_DEPTH {
            return Err(de::Error::custom(TOO_DEEP));
        }
        let left = self.left.get().checked_sub(1).ok_or_else(|| de::Error::custom(TOO_MANY))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested<'_, '_> {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> std::result::Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Json<'de>, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or(Json::OtherNumber, Json::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Json<'de>, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<Json<'de>, E> {
        Ok(Json::Text(Text::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Json<'de>, E> {
        Ok(Json::Text(Text::Owned(Zeroizing::new(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Json<'de>, A::Error> {
        let mut list = Vec::new();
        match self.each {
            Some(each) if self.depth > 0 => {
                let left = Cell::new(MAX_VALUES);
                let next = || Nested { depth: self.depth + 1, left: &left, each: None };
                while let Some(item) = items.next_element_seed(next())? {
                    each(&item);
                    left.set(MAX_VALUES);
                }
            }
            _ => {
                let next = || Nested { depth: self.depth + 1, left: self.left, each: None };
                while let Some(item) = items.next_element_seed(next())? {
                    list.push(item);
                }
            }
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> std::result::Result<Json<'de>, A::Error> {
        let mut members: Vec<(Text, Json)> = Vec::new();
        while let Some(name) = entries.next_key_seed(Name)? {
            let each = self.each.take_if(|_| self.depth == 0 && *name == *RESULTS);
            let value = entries.next_value_seed(Nested { depth: self.depth + 1, left: self.left, each })?;
            if UNIQUE.contains(&&*name) && members.iter().any(|(known, _)| *known == name) {
                return Err(de::Error::custom(DUPLICATE));
            }
            if members.is_empty() {
                members.reserve_exact(USUAL_MEMBERS);
            }
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

/// Reads a member's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Text<'de>;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Text<'de>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Text<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> std::result::Result<Text<'de>, E> {
        Ok(Text::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> std::result::Result<Text<'de>, E> {
        Ok(Text::Owned(Zeroizing::new(name.to_owned())))
    }
}

/// When a token ends, as the server told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiration {
    /// Seconds since 1970, or a lifetime where a refresh on 3.2 to 3.4 gives that by mistake.
    Number(i64),
    /// Seconds since 1970, from a text.
    Date(i64),
    /// Absent, 0, -1, or a text that cannot be believed.
    Unknown,
}

/// Reads `expiration`: an integer, digits in a text, or the text of a Java `Date` in UTC.
pub fn expiration(reply: &Json) -> Result<Expiration> {
    let number = |value: i64| match value {
        -1 | 0 => Ok(Expiration::Unknown),
        1..=MAX_EXACT => Ok(Expiration::Number(value)),
        _ => Err(shape("\"expiration\" of the server's answer is out of range")),
    };
    match reply.get("expiration") {
        None => Ok(Expiration::Unknown),
        Some(Json::Integer(value)) => number(*value),
        Some(Json::Text(text)) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().map_or_else(|_| number(i64::MAX), number)
        }
        Some(Json::Text(text)) => Ok(java_date(text).map_or(Expiration::Unknown, Expiration::Date)),
        Some(_) => Err(shape("\"expiration\" of the server's answer is neither a number nor a text")),
    }
}

/// What a JWT says about its life. Read, not verified: that is the server's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Issued at, seconds since 1970.
    pub issued_at: i64,
    /// Ends at, seconds since 1970.
    pub expires_at: i64,
}

/// The claims of a JWT; `None` if it is none, or says nothing usable.
pub fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    if payload.len() > MAX_CLAIMS {
        return None;
    }
    let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
    let mut reader = serde_json::Deserializer::from_slice(&decoded);
    let claims = reader.deserialize_map(Times).ok()?;
    reader.end().ok()?;
    let number = |claim: Option<Json>| match claim {
        Some(Json::Integer(value @ 0..=MAX_EXACT)) => Some(value),
        _ => None,
    };
    let (issued_at, expires_at) = (number(claims.0)?, number(claims.1)?);
    (expires_at > issued_at).then_some(Claims { issued_at, expires_at })
}

/// Reads `iat` and `exp` of a JWT's payload, and passes over all else.
struct Times;

impl<'de> Visitor<'de> for Times {
    type Value = (Option<Json<'de>>, Option<Json<'de>>);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Self::Value, A::Error> {
        let mut times = (None, None);
        while let Some(name) = entries.next_key_seed(Name)? {
            let time = match &*name {
                "iat" => &mut times.0,
                "exp" => &mut times.1,
                _ => {
                    entries.next_value::<de::IgnoredAny>()?;
                    continue;
                }
            };
            if time
                .replace(entries.next_value_seed(Nested { depth: 1, left: &Cell::new(MAX_VALUES), each: None })?)
                .is_some()
            {
                return Err(de::Error::custom(DUPLICATE));
            }
        }
        Ok(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(body: &[u8]) -> Reason {
        Json::parse(body).unwrap_err().reason()
    }

    fn parse(text: &str) -> Json<'_> {
        Json::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn json_with_its_limits() {
        assert_eq!(parse("\u{feff}{\"a\":1} \n").get("a"), Some(&Json::Integer(1)));
        assert_eq!(parse("{\"\\u0061\":1}").get("a"), Some(&Json::Integer(1)));
        assert_eq!(reason(b"<html>"), Reason::ProtocolNotJson);
        assert_eq!(reason(b""), Reason::ProtocolNotJson);
        assert_eq!(reason(b"\"text\""), Reason::ProtocolNotJson);
        assert_eq!(reason(b"{\"a\":1"), Reason::ProtocolNotJson);
        assert_eq!(reason(b"{\"a\":1} x"), Reason::ProtocolNotJson);
        assert_eq!(reason(b"{'a':1}"), Reason::ProtocolNotJson);
        assert_eq!(reason("[".repeat(100_000).as_bytes()), Reason::ProtocolShape);
        assert_eq!(reason(b"{\"token\":\"a\",\"token\":\"b\"}"), Reason::ProtocolShape);
        assert_eq!(reason(b"{\"expiration\":1e400}"), Reason::ProtocolShape);
        assert_eq!(reason(b"{\"a\":\"\xff\"}"), Reason::ProtocolEncoding);
        assert_eq!(reason(b"{\0\"\0a\0\"\0:\0[\0]\0}\0"), Reason::ProtocolEncoding);
        assert_eq!(reason("\u{feff}\u{feff}{}".as_bytes()), Reason::ProtocolEncoding);
        assert_eq!(reason(b"{\"a\":\"\\ud800\"}"), Reason::ProtocolEncoding);
    }

    #[test]
    fn texts_are_not_printed() {
        let printed = format!("{:?}", parse("{\"token\":\"canary\",\"canary\":\"can\\u0061ry\"}"));
        assert!(printed.contains("<text of 6 bytes>") && !printed.contains("canary"), "{printed}");
    }

    #[test]
    fn answers_that_would_take_much_memory() {
        let values = |count: usize| format!("[{}0]", "0,".repeat(count - 2));
        assert!(Json::parse(values(MAX_VALUES).as_bytes()).is_ok());
        assert_eq!(reason(values(MAX_VALUES + 1).as_bytes()), Reason::ProtocolTooLarge);
        let text = |bytes: usize| format!("{{\"a\":\"{}\"}}", "\\\"".repeat(bytes / 2));
        assert!(Json::parse(text(MAX_TEXT).as_bytes()).is_ok());
        assert_eq!(reason(text(MAX_TEXT + 2).as_bytes()), Reason::ProtocolTooLarge);
        let space = format!("{{{}}}", " ".repeat(4 * MAX_TEXT));
        assert!(Json::parse(space.as_bytes()).is_ok(), "white space is no text");
    }

    #[test]
    fn a_list_may_be_long_if_its_elements_are_not_kept() {
        let list = format!("{{\"results\":[{}0],\"error\":true}}", "[0],".repeat(10_000));
        assert_eq!(reason(list.as_bytes()), Reason::ProtocolTooLarge);
        let mut count = 0;
        let reply = Json::read(list.as_bytes(), Some(&mut |_| count += 1)).unwrap();
        assert_eq!(
            (count, reply.get("results"), reply.error_flag().unwrap()),
            (10_001, Some(&Json::List(vec![])), true)
        );
        for other in ["[[1],2]", "{\"a\":[1]}", "{\"results\":{\"results\":[1]}}"] {
            let kept = Json::read(other.as_bytes(), Some(&mut |_| panic!("{other}"))).unwrap();
            assert_eq!(kept, parse(other), "{other}");
        }
    }

    #[test]
    fn error_flags_of_all_versions() {
        for (text, flag) in [
            ("{}", false),
            ("{\"error\":null}", false),
            ("{\"error\":false}", false),
            ("{\"error\":\"false\"}", false),
            ("{\"error\":true}", true),
            ("{\"error\":\"true\"}", true),
        ] {
            assert_eq!(parse(text).error_flag().unwrap(), flag, "{text}");
        }
        assert!(parse("{\"error\":1}").error_flag().is_err());
    }

    #[test]
    fn raw_line_breaks_of_the_version_answer() {
        let body = b"{\"error\":\"false\", \"message\":\"TigerGraph RESTPP: \n --- Version --- \n\ttab \\\"q\\\" \n\"}";
        assert_eq!(reason(body), Reason::ProtocolNotJson);
        let mut body = body.to_vec();
        without_raw_breaks(&mut body);
        let text = "TigerGraph RESTPP:   --- Version ---   tab \"q\"  ";
        assert_eq!(Json::parse(&body).unwrap().get("message").unwrap().as_text(), Some(text));
    }

    fn expires(value: &str) -> Result<Expiration> {
        expiration(&parse(&format!("{{\"expiration\":{value}}}")))
    }

    #[test]
    fn expirations_of_all_versions() {
        assert_eq!(expires("1616042814").unwrap(), Expiration::Number(1616042814));
        assert_eq!(expires("\"1616042814\"").unwrap(), Expiration::Number(1616042814));
        assert_eq!(expires("\"Fri Dec 20 09:07:39 UTC 2024\"").unwrap(), Expiration::Date(1734685659));
        assert_eq!(expires("\"Wed Jul 10 06:12:47 UTC 2024\"").unwrap(), Expiration::Date(1720591967));
        assert_eq!(expires("\"Wed Jul 10 06:12:47 GMT 2024\"").unwrap(), Expiration::Date(1720591967));
        for unknown in
            ["0", "-1", "null", "\"\"", "\"NaN\"", "\"Wed Jul 10 06:12:47 CST 2024\"", "\"2024-12-20 17:05:45.0\""]
        {
            assert_eq!(expires(unknown).unwrap(), Expiration::Unknown, "{unknown}");
        }
        for wrong in
            ["{}", "[]", "true", "1.5", "-7", "9007199254740993", "9223372036854775808", "\"99999999999999999999\""]
        {
            assert_eq!(expires(wrong).unwrap_err().reason(), Reason::ProtocolShape, "{wrong}");
        }
        assert_eq!(expiration(&parse("{}")).unwrap(), Expiration::Unknown);
    }

    const DOCUMENTED: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIiwiaWF0IjoxNzM0MDgwODU0LCJleHAiOjE3MzQ2ODU2NTksImlzcyI6IlRpZ2VyR3JhcGgifQ.1Qrgj2";

    #[test]
    fn claims_of_the_documented_tokens() {
        let claims_of = |token| claims(token).unwrap();
        let claims = claims_of(DOCUMENTED);
        assert_eq!(claims, Claims { issued_at: 1734080854, expires_at: 1734685659 });
        assert_eq!(claims.expires_at - claims.issued_at, 604805);
        let scoped = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIiwiaWF0IjoxNzE5OTg3MTYyLCJleHAiOjE3MjA1OTE5NjcsImlzcyI6IlRpZ2VyR3JhcGgiLCJncmFwaCI6InBvY19ncmFwaCJ9.w4ms-";
        assert_eq!(claims_of(scoped).expires_at, 1720591967);
    }

    #[test]
    fn what_is_no_jwt_has_no_claims() {
        let jwt = |payload: &str| format!("e30.{}.x", URL_SAFE_NO_PAD.encode(payload));
        assert_eq!(claims("tohvf6khjqju8jf0r0l1cohhlm8gi5fq"), None);
        assert_eq!(claims("a.b.c"), None);
        assert_eq!(claims(&jwt("{\"exp\":5}")), None);
        assert_eq!(claims(&jwt("{\"iat\":5,\"exp\":5}")), None);
        assert_eq!(claims(&jwt("{\"iat\":5,\"exp\":\"9\"}")), None);
        assert_eq!(claims(&jwt("{\"iat\":5,\"exp\":9,\"iat\":1}")), None);
        assert_eq!(claims(&jwt("[]")), None);
        assert_eq!(claims(&jwt("{\"iat\":5,\"exp\":9,\"x\":[{}]}")), Some(Claims { issued_at: 5, expires_at: 9 }));
        assert_eq!(claims(&jwt("{\"iat\":5,\"exp\":9}")), Some(Claims { issued_at: 5, expires_at: 9 }));
        assert_eq!(claims(&jwt(&format!("{{\"iat\":5,\"exp\":9,\"x\":\"{}\"}}", "y".repeat(4096)))), None);
    }
}
