//! What a server's answer says: JSON with its limits, GSQL text, dates, the claims of a JWT.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_core::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};

/// No documented answer is nested deeper than three levels.
const MAX_DEPTH: usize = 16;
/// Largest integer that every JSON library keeps exact.
const MAX_EXACT: i64 = (1 << 53) - 1;
/// The end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;
/// A JWT's payload may not be longer than this.
const MAX_CLAIMS: usize = 4096;

/// A JSON value. Its texts are wiped when dropped, because any may be a credential.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// null
    Null,
    /// true or false
    Bool(bool),
    /// An integer that fits.
    Integer(i64),
    /// Any other number.
    OtherNumber,
    /// A text.
    Text(Zeroizing<String>),
    /// A list.
    List(Vec<Json>),
    /// An object, in the order it came.
    Object(Vec<(Cow<'static, str>, Json)>),
}

impl Json {
    /// Reads an answer's body: one JSON value, nothing else but white space and one byte order mark.
    pub fn parse(body: &[u8]) -> Result<Json> {
        let text = std::str::from_utf8(body).map_err(|_| encoding())?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.contains('\0') || text.contains('\u{feff}') {
            return Err(encoding());
        }
        if !text.trim_start().starts_with(['{', '[']) {
            return Err(not_json());
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = Nested(0).deserialize(&mut reader).map_err(|error| refused_json(&error))?;
        reader.end().map_err(|_| not_json())?;
        Ok(value)
    }

    /// Reads the version answer, which holds raw line breaks inside a text and so is not quite JSON.
    pub fn parse_with_raw_newlines(body: &[u8]) -> Result<Json> {
        let mut escaped = Zeroizing::new(Vec::with_capacity(body.len() + 64));
        let (mut in_text, mut after_backslash) = (false, false);
        for byte in body {
            match byte {
                b'\n' if in_text => escaped.extend_from_slice(b"\\n"),
                b'\r' if in_text => escaped.extend_from_slice(b"\\r"),
                b'\t' if in_text => escaped.extend_from_slice(b"\\t"),
                _ => escaped.push(*byte),
            }
            match byte {
                b'"' if !after_backslash => in_text = !in_text,
                _ => {}
            }
            after_backslash = *byte == b'\\' && !after_backslash;
        }
        Json::parse(&escaped)
    }

    /// The member of an object; `None` also where it is null.
    pub fn get(&self, key: &str) -> Option<&Json> {
        let Json::Object(members) = self else {
            return None;
        };
        members.iter().find(|(name, value)| name == key && *value != Json::Null).map(|(_, value)| value)
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
            Some(Json::Text(text)) if text.as_str() == "false" => Ok(false),
            Some(Json::Text(text)) if text.as_str() == "true" => Ok(true),
            Some(_) => Err(shape("\"error\" of the server's answer is neither true nor false")),
        }
    }
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
/// Members whose meaning must not depend on which of two a parser takes.
const UNIQUE: [&str; 5] = ["token", "expiration", "error", "code", "results"];
/// Other names that most answers and JWTs hold; none of them needs a copy.
const USUAL: [&str; 9] = ["message", "tokens", "secret", "alias", "iat", "exp", "sub", "iss", "aud"];
/// Few objects have more members.
const USUAL_MEMBERS: usize = 6;

/// Reads a value at this depth.
struct Nested(usize);

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Json;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Json, D::Error> {
        if self.0 > MAX_DEPTH {
            return Err(de::Error::custom(TOO_DEEP));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> std::result::Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::OtherNumber, Json::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Json, E> {
        Ok(Json::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> std::result::Result<Json, E> {
        Ok(Json::Text(Zeroizing::new(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Nested(self.0 + 1))? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Json, A::Error> {
        let mut members: Vec<(Cow<'static, str>, Json)> = Vec::with_capacity(USUAL_MEMBERS);
        while let Some(name) = entries.next_key_seed(Name)? {
            let value = entries.next_value_seed(Nested(self.0 + 1))?;
            if UNIQUE.contains(&&*name) && members.iter().any(|(known, _)| *known == name) {
                return Err(de::Error::custom(DUPLICATE));
            }
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

/// Reads a member's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'static, str>;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Cow<'static, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> std::result::Result<Self::Value, E> {
        let usual = UNIQUE.iter().chain(&USUAL).find(|usual| **usual == name);
        Ok(usual.map_or_else(|| name.to_owned().into(), |usual| Cow::Borrowed(*usual)))
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

/// Reads `Fri Dec 20 09:07:39 UTC 2024`. Zones other than UTC and GMT are ambiguous and not believed.
fn java_date(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    match words[..] {
        // Without its zone it is the oldest form of HTTP's dates.
        [weekday, month, day, time, "UTC" | "GMT", year] => {
            http_date(&format!("{weekday} {month} {day:0>2} {time} {year}"))
        }
        _ => None,
    }
}

/// Reads an HTTP date, as in `Date` and `Retry-After`.
pub fn http_date(text: &str) -> Option<i64> {
    let time = httpdate::parse_http_date(text).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// A time as `2026-11-23T17:05:45Z`; "" where it is unknown (0), before 1970 or after the year 9999.
pub fn rfc3339(seconds: i64) -> String {
    match u64::try_from(seconds) {
        Ok(since @ 1..=LAST_SECOND) => {
            humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(since)).to_string()
        }
        _ => String::new(),
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
    let number = |claim| match claim {
        Some(Json::Integer(value @ 0..=MAX_EXACT)) => Some(value),
        _ => None,
    };
    let (issued_at, expires_at) = (number(claims.0)?, number(claims.1)?);
    (expires_at > issued_at).then_some(Claims { issued_at, expires_at })
}

/// Reads `iat` and `exp` of a JWT's payload, and passes over all else.
struct Times;

impl<'de> Visitor<'de> for Times {
    type Value = (Option<Json>, Option<Json>);

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
            if time.replace(entries.next_value_seed(Nested(1))?).is_some() {
                return Err(de::Error::custom(DUPLICATE));
            }
        }
        Ok(times)
    }
}

/// The visible part of a GSQL answer, and the exit code of its script.
#[derive(Debug, PartialEq, Eq)]
pub struct GsqlText {
    /// Lines without control lines, progress bars and colours. Wiped when dropped.
    pub lines: Vec<Zeroizing<String>>,
    /// The script's exit code, where the server tells it.
    pub code: Option<i64>,
}

impl GsqlText {
    /// Takes control lines out; the cookie line may hang on to the end of another.
    pub fn parse(body: &[u8]) -> GsqlText {
        let text = Zeroizing::new(String::from_utf8_lossy(body).into_owned());
        let mut parsed = GsqlText { lines: Vec::new(), code: None };
        for line in text.lines() {
            let visible = line.split("__GSQL__COOKIES__,").next().unwrap_or_default();
            let visible = Zeroizing::new(without_ansi(visible));
            if let Some(code) = visible.strip_prefix("__GSQL__RETURN__CODE__,") {
                parsed.code = code.trim().parse().ok();
            } else if !visible.starts_with("__GSQL__") && !is_progress(&visible) && !visible.trim().is_empty() {
                parsed.lines.push(visible);
            }
        }
        parsed
    }

    /// Whether any line holds the words.
    pub fn says(&self, words: &str) -> bool {
        self.lines.iter().any(|line| line.contains(words))
    }

    /// The whole text, for a redactor.
    pub fn joined(&self) -> Zeroizing<String> {
        let mut all = Zeroizing::new(String::new());
        for line in &self.lines {
            all.push_str(line.trim());
            all.push(' ');
        }
        all
    }
}

fn is_progress(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("[=") && line.contains('%') || line.starts_with("[ ") && line.ends_with('%')
}

/// Without escape sequences: ESC and one letter, or ESC [ up to its final byte.
fn without_ansi(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
        } else if chars.next() == Some('[') {
            // The final byte of a control sequence lies between @ and ~.
            chars.by_ref().find(|end| ('@'..='~').contains(end));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(body: &[u8]) -> Reason {
        Json::parse(body).unwrap_err().reason()
    }

    fn parse(text: &str) -> Json {
        Json::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn json_with_its_limits() {
        assert_eq!(parse("\u{feff}{\"a\":1} \n").get("a"), Some(&Json::Integer(1)));
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
        let reply = Json::parse_with_raw_newlines(body).unwrap();
        assert!(reply.get("message").unwrap().as_text().unwrap().contains("\n --- Version"));
        assert_eq!(reason(body), Reason::ProtocolNotJson);
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

    #[test]
    fn dates_are_written_and_read() {
        assert_eq!(rfc3339(1734685659), "2024-12-20T09:07:39Z");
        assert_eq!(rfc3339(0), "");
        assert_eq!(rfc3339(i64::MAX), "");
        assert_eq!(http_date("Wed, 21 Oct 2099 07:28:00 GMT"), Some(4096250880));
        assert_eq!(http_date("soon"), None);
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

    #[test]
    fn gsql_text_without_its_controls() {
        let body = b"__GSQL__MOVE__CURSOR___UP__,1\n\x1b[32mThe secret: abc tail\x1b[0m\n[====   ] 45% (1/2)\n__GSQL__CLEAN__LINE__\nlast__GSQL__COOKIES__,{\"a\":1}\n__GSQL__RETURN__CODE__,0\n";
        let text = GsqlText::parse(body);
        let lines: Vec<&str> = text.lines.iter().map(|line| line.as_str()).collect();
        assert_eq!(lines, ["The secret: abc tail", "last"]);
        assert_eq!(text.code, Some(0));
        assert_eq!(GsqlText::parse(b"").lines.len(), 0);
    }
}
