//! JSON of a server, with its limits.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::ops::Deref;

use serde_core::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, Reason, Result};
use crate::hidden::Wiped;
use crate::platform::float_traps::without_traps;
use crate::protocol::number;

/// No documented answer is nested deeper than three levels.
const MAX_DEPTH: usize = 16;
/// Largest integer that every JSON library keeps exact.
pub const MAX_EXACT: i64 = (1 << 53) - 1;

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
    Owned(Wiped<String>),
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
            Cow::Owned(text) => Text::Owned(Wiped::new(text)),
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
    /// Any other number without its fraction, or the end of the range on whose side it is.
    OtherNumber(i64),
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
        // Most answers are ASCII, which is seen faster than that they hold no such mark.
        if text.contains('\0') || !text.is_ascii() && text.contains('\u{feff}') {
            return Err(encoding());
        }
        let is_structure = text.trim_start().starts_with(['{', '[']);
        check_texts(body)?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let limits = Limits::new();
        let value = without_traps(|| Nested { depth: 0, limits: &limits, each }.deserialize(&mut reader));
        // Text that is not JSON at all may begin as a value does, and was not cut off for that.
        let value = value.map_err(|error| if is_structure { limits.error(text, &error) } else { not_json() })?;
        reader.end().map_err(|_| not_json())?;
        Ok(value)
    }

    /// The member of an object; `None` also where it is null.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        let Json::Object(members) = self else {
            return None;
        };
        members.iter().find(|(name, value)| **name == *key && !matches!(value, Json::Null)).map(|(_, value)| value)
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

    /// The `error` member: a boolean, or the text "true" or "false" as some versions have it. What every client takes for
    /// none is false: absent, null, "" and 0. A list or an object, which they read in different ways, is neither.
    pub fn error_flag(&self) -> Result<bool> {
        match self.get("error") {
            None | Some(Json::Bool(false) | Json::Integer(0)) => Ok(false),
            Some(Json::Bool(true)) => Ok(true),
            Some(Json::Text(text)) if text.is_empty() || text.eq_ignore_ascii_case("false") => Ok(false),
            Some(Json::Text(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
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
fn check_texts(body: &[u8]) -> Result<()> {
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

/// Why the reader gave a value up by itself; serde's own errors say it in English alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Duplicate,
    TooDeep,
    TooMany,
}

impl Refused {
    fn error(self) -> Error {
        match self {
            Refused::Duplicate => shape("the server's answer names a member twice"),
            Refused::TooDeep => shape("the server's answer is nested too deep"),
            Refused::TooMany => too_large("the server's answer holds more values than any that TigerGraph sends"),
        }
    }
}

/// What the values of one answer share while they are read.
struct Limits {
    /// How many values may still come.
    left: Cell<usize>,
    /// Why the reader gave up, if it did.
    refused: Cell<Option<Refused>>,
}

impl Limits {
    fn new() -> Limits {
        Limits { left: Cell::new(MAX_VALUES), refused: Cell::new(None) }
    }

    /// Ends the reading; the reason is kept here, because serde passes on no more than a text.
    fn refuse<E: de::Error>(&self, why: Refused) -> E {
        self.refused.set(Some(why));
        de::Error::custom("refused")
    }

    /// What ended the reading of `text`.
    fn error(&self, text: &str, error: &serde_json::Error) -> Error {
        if let Some(why) = self.refused.get() {
            return why.error();
        }
        if error.is_eof() {
            // Perhaps cut off on its way; who asked for it knows whether that is possible.
            return Error::new(Reason::ProtocolNotJson, "the server's answer ends in the middle of its JSON")
                .with_transient(true);
        }
        match until(text, error.line(), error.column()) {
            read if holds_lone_surrogate(read) => encoding(),
            read if holds_endless_number(read) => shape("the server's answer holds a number that no server means"),
            _ => not_json(),
        }
    }
}

/// The part of a text that was read when an error was seen at this line and column, counted from one in bytes.
fn until(text: &str, line: usize, column: usize) -> &[u8] {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    &text.as_bytes()[..text.len().min(start + column)]
}

/// Whether half of a UTF-16 pair stands alone in a text: it is no character, so no UTF-8 can spell it.
fn holds_lone_surrogate(json: &[u8]) -> bool {
    let mut texts = Texts::default();
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        let escapes = texts.hold(*byte) && *byte == b'\\';
        at += 1;
        if !escapes {
            continue;
        }
        // The character after the backslash.
        json.get(at).map(|byte| texts.hold(*byte));
        at += 1;
        let low = |unit: Option<u16>| unit.is_none_or(|unit| !(0xdc00..=0xdfff).contains(&unit));
        match utf16_unit(json, at) {
            Some(0xd800..=0xdbff) if low(utf16_unit(json, at + 6)) => return true,
            // The other half is passed over with its backslash.
            Some(0xd800..=0xdbff) => at += 10,
            Some(0xdc00..=0xdfff) => return true,
            _ => {}
        }
    }
    false
}

/// The number of an escape `\uXXXX`, of which `at` is the place behind the `u`.
fn utf16_unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 4).filter(|_| json[..at].ends_with(b"\\u"))?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Whether a number is too large for any type of number.
fn holds_endless_number(json: &[u8]) -> bool {
    let mut texts = Texts::default();
    let is_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let mut outside = Vec::with_capacity(json.len());
    outside.extend(json.iter().map(|byte| if texts.hold(*byte) { b' ' } else { *byte }));
    let mut numbers = outside.split(|byte| !is_number(byte)).filter_map(|number| std::str::from_utf8(number).ok());
    numbers.any(number::is_endless)
}

/// The member that holds what was asked for.
const RESULTS: &str = "results";
/// Members whose meaning must not depend on which of two a parser takes.
const UNIQUE: [&str; 8] = ["token", "expiration", "error", "code", RESULTS, "access_token", "token_type", "expires_in"];
/// Few objects have more members.
const USUAL_MEMBERS: usize = 6;

/// Reads a value.
struct Nested<'r, 'e> {
    depth: usize,
    limits: &'r Limits,
    /// What becomes of the elements of `results`.
    each: Option<&'r mut Each<'e>>,
}

impl<'de> DeserializeSeed<'de> for Nested<'_, '_> {
    type Value = Json<'de>;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Json<'de>, D::Error> {
        if self.depth > MAX_DEPTH {
            return Err(self.limits.refuse(Refused::TooDeep));
        }
        let left = self.limits.left.get().checked_sub(1).ok_or_else(|| self.limits.refuse(Refused::TooMany))?;
        self.limits.left.set(left);
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
        Ok(i64::try_from(value).map_or(Json::OtherNumber(i64::MAX), Json::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Json<'de>, E> {
        Ok(Json::OtherNumber(value.floor() as i64))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<Json<'de>, E> {
        Ok(Json::Text(Text::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Json<'de>, E> {
        Ok(Json::Text(Text::Owned(Wiped::new(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Json<'de>, A::Error> {
        let mut list = Vec::new();
        match self.each {
            Some(each) if self.depth > 0 => {
                // None of them is kept, so each has as many values as a whole answer.
                let left = &self.limits.left;
                let others = left.replace(MAX_VALUES);
                let next = || Nested { depth: self.depth + 1, limits: self.limits, each: None };
                while let Some(item) = items.next_element_seed(next())? {
                    each(&item);
                    left.set(MAX_VALUES);
                }
                left.set(others);
            }
            _ => {
                let next = || Nested { depth: self.depth + 1, limits: self.limits, each: None };
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
            let value = entries.next_value_seed(Nested { depth: self.depth + 1, limits: self.limits, each })?;
            if UNIQUE.contains(&&*name) && members.iter().any(|(known, _)| *known == name) {
                return Err(self.limits.refuse(Refused::Duplicate));
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
        Ok(Text::Owned(Wiped::new(name.to_owned())))
    }
}

/// The members of these names of an object, each at most once, and nothing else of it; `None` where the text is no
/// such object.
pub fn members<'a, const N: usize>(body: &'a [u8], names: [&str; N]) -> Option<[Option<Json<'a>>; N]> {
    let mut reader = serde_json::Deserializer::from_str(std::str::from_utf8(body).ok()?);
    let found = without_traps(|| reader.deserialize_map(Picked(names))).ok()?;
    reader.end().ok().map(|()| found)
}

/// Reads the members of these names, and passes over all else.
struct Picked<'n, const N: usize>([&'n str; N]);

impl<'de, const N: usize> Visitor<'de> for Picked<'_, N> {
    type Value = [Option<Json<'de>>; N];

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Self::Value, A::Error> {
        let limits = Limits::new();
        let mut found = [const { None }; N];
        while let Some(name) = entries.next_key_seed(Name)? {
            let Some(index) = self.0.iter().position(|wanted| *name == **wanted) else {
                entries.next_value::<de::IgnoredAny>()?;
                continue;
            };
            let value = entries.next_value_seed(Nested { depth: 1, limits: &limits, each: None })?;
            if found[index].replace(value).is_some() {
                return Err(limits.refuse(Refused::Duplicate));
            }
        }
        Ok(found)
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
        for value in ["\"text\"", "5", "-1.5e3", "null", "true", " false\n"] {
            assert!(Json::parse(value.as_bytes()).is_ok(), "{value}");
        }
        for text in ["text", "5 secrets", "\"text", "nul", "true.", "-"] {
            assert_eq!(reason(text.as_bytes()), Reason::ProtocolNotJson, "{text}");
        }
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
    fn why_json_was_refused_is_told_by_what_stands_there() {
        let cases = [
            (r#"{"a":"\ud83d\ude00"}"#, None),
            (r#"{"a":"\\ud800"}"#, None),
            (r#"{"a":"\ud83d\ude00\ud83d"}"#, Some(Reason::ProtocolEncoding)),
            (r#"{"a":"\udc00"}"#, Some(Reason::ProtocolEncoding)),
            (r#"{"a":"\ud800x"}"#, Some(Reason::ProtocolEncoding)),
            (r#"{"a":"\ud800\n"}"#, Some(Reason::ProtocolEncoding)),
            (r#"{"\ud800\ud800":1}"#, Some(Reason::ProtocolEncoding)),
            ("{\"a\":1,\n\"b\":\"\\udead\"}", Some(Reason::ProtocolEncoding)),
            (r#"{"a":"\u12"}"#, Some(Reason::ProtocolNotJson)),
            (r#"{"a":"\x"}"#, Some(Reason::ProtocolNotJson)),
            (r#"{"a":"\ud83d\ude00","b":'"#, Some(Reason::ProtocolNotJson)),
            (r#"{"a":-1e999}"#, Some(Reason::ProtocolShape)),
            (r#"[1,2,[3e4000]]"#, Some(Reason::ProtocolShape)),
            (r#"{"a":1e300,"b":-0.5e-400}"#, None),
            (r#"{"a":"1e999","b":x}"#, Some(Reason::ProtocolNotJson)),
            (r#"{"a":"duplicate member","b":x}"#, Some(Reason::ProtocolNotJson)),
            (r#"{"a":"\ud800"#, Some(Reason::ProtocolNotJson)),
        ];
        for (text, expected) in cases {
            assert_eq!(Json::parse(text.as_bytes()).err().map(|error| error.reason()), expected, "{text}");
        }
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
        let flag = |value: &str| parse(&format!("{{\"error\":{value}}}")).error_flag().ok();
        assert!(!parse("{}").error_flag().unwrap());
        assert!(["null", "false", "\"false\"", "\"False\"", "\"\"", "0"].iter().all(|none| flag(none) == Some(false)));
        assert!(["true", "\"true\"", "\"True\""].iter().all(|error| flag(error) == Some(true)));
        assert!(["1", "-0.5", "\"0\"", "\"no\"", "[]", "{}"].iter().all(|neither| flag(neither).is_none()));
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
}
