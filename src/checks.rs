//! Checks of texts that come from outside: names and credentials that could change a request are refused.

use std::fmt;

use crate::error::{Error, Reason, Result};
use crate::hidden::Hidden;

/// Longest lifetime of a token that a caller can mean: 1 000 years.
pub const LONGEST_LIFETIME_S: u64 = 31_556_952_000;

/// Longest name in GSQL text.
const GSQL_LIMIT: usize = 128;
/// Longest name in a URL.
const URL_LIMIT: usize = 256;

fn is_gsql_name(text: &str) -> bool {
    (1..=GSQL_LIMIT).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A graph's name: letters, digits and underscores, so that it can stand in GSQL text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphName(String);

impl GraphName {
    /// Checks the name.
    pub fn new(name: &str) -> Result<GraphName> {
        if is_gsql_name(name) {
            return Ok(GraphName(name.to_owned()));
        }
        let message = "the setting \"graph\" is not a graph's name: 1 to 128 letters, digits and underscores";
        Err(Error::new(Reason::ArgumentGraph, message))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The alias of a secret, or a secret's value where the server takes one instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias(String);

impl Alias {
    /// Checks what holds on every server: no path of its own, no control characters, 1 to 256 bytes.
    pub fn new(alias: &str) -> Result<Alias> {
        let bad = |why: &str| Err(Error::new(Reason::ArgumentAlias, format!("the alias {why}")));
        match alias {
            "" => bad("is empty"),
            "." | ".." => bad("is a relative path"),
            _ if alias.contains(['/', '\\']) => bad("holds a slash"),
            _ if alias.chars().any(char::is_control) => bad("holds a control character"),
            _ if alias.len() > URL_LIMIT => bad("is longer than 256 bytes"),
            _ => Ok(Alias(alias.to_owned())),
        }
    }

    /// The alias as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The alias for GSQL text, where only letters, digits and underscores are sure to stay a name.
    pub fn for_gsql(&self) -> Result<&str> {
        if is_gsql_name(&self.0) {
            return Ok(&self.0);
        }
        let message = "the alias cannot be sent to this server: 1 to 128 letters, digits and underscores can";
        Err(Error::new(Reason::ArgumentAlias, message))
    }
}

/// Checks a user name that goes into a query.
pub fn check_user(user: &str) -> Result<()> {
    no_controls("the user name", user)?;
    if user.is_empty() || user.len() > URL_LIMIT {
        return Err(Error::new(Reason::ArgumentRange, "the user name is empty or longer than 256 bytes"));
    }
    Ok(())
}

/// No text argument or setting may be longer than this.
pub const TEXT_LIMIT: usize = 64 * 1024;

/// Refuses control characters, which could break out of a header or a line.
pub fn no_controls(what: &str, text: &str) -> Result<()> {
    if text.chars().any(char::is_control) {
        return Err(Error::new(Reason::ArgumentControlCharacter, format!("{what} holds a control character")));
    }
    Ok(())
}

/// Checks what every secret is made of, so that a header, JSON and a query carry it as it is: printable ASCII without
/// spaces at its ends. The masked form of one is, too.
pub fn check_secret_text(what: &str, secret: &str) -> Result<()> {
    no_controls(what, secret)?;
    if secret.is_empty() {
        return Err(Error::new(Reason::ArgumentRange, format!("{what} is empty")));
    }
    if !secret.is_ascii() {
        return Err(Error::new(Reason::ArgumentRange, format!("{what} holds a character beyond ASCII")));
    }
    if secret.trim() != secret {
        let message = format!("{what} begins or ends with a space, which no header keeps");
        return Err(Error::new(Reason::ArgumentRange, message));
    }
    Ok(())
}

/// A secret that a caller gives; its value is never named.
pub fn check_secret(what: &str, secret: &str) -> Result<Hidden> {
    check_secret_text(what, secret)?;
    if secret.contains("****") {
        let message = format!("{what} is the masked form that the server shows, not the secret itself");
        return Err(Error::new(Reason::CredentialsMaskedSecret, message));
    }
    Ok(Hidden::new(secret))
}

/// Whether a name may be the value of a secret: servers make them of 20 or more small letters and digits.
pub fn looks_like_secret(name: &str) -> bool {
    let all = |is: fn(&u8) -> bool| name.bytes().all(|byte| is(&byte));
    let any = |is: fn(&u8) -> bool| name.bytes().any(|byte| is(&byte));
    name.len() >= 20
        && all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && any(u8::is_ascii_digit)
        && any(u8::is_ascii_lowercase)
}

/// A token that can stand in a header and in the list of tokens to delete; its value is never named.
pub fn check_token(what: &str, token: &str) -> Result<Hidden> {
    no_controls(what, token)?;
    if token.is_empty() || token.len() > LONGEST_TOKEN {
        return Err(Error::new(Reason::ArgumentRange, format!("{what} is empty or longer than 8192 bytes")));
    }
    if !token.bytes().all(is_token_byte) {
        return Err(Error::new(Reason::ArgumentRange, format!("{what} holds a character that no token has")));
    }
    Ok(Hidden::new(token))
}

/// No token is longer.
pub const LONGEST_TOKEN: usize = 8192;

/// Whether somebody may have issued this as a token: it is as long as one, and a header can carry it.
pub fn is_issued_token(text: &str) -> bool {
    (8..=LONGEST_TOKEN).contains(&text.len()) && text.bytes().all(is_token_byte)
}

/// Whether a token may hold this byte; a comma, above all, would split a list of tokens.
#[inline]
pub fn is_token_byte(byte: u8) -> bool {
    TOKEN_BYTES[usize::from(byte)]
}

/// A token has thousands of bytes, and a look into a table is the fastest answer.
static TOKEN_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = matches!(byte as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'-');
        byte += 1;
    }
    table
};

/// The error for a NULL where none may be.
pub fn null(name: &str) -> Error {
    Error::new(Reason::ArgumentNull, format!("{name} is NULL"))
}

/// A text that came as bytes, or the error that names it.
pub fn utf8(name: impl fmt::Display, bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| Error::new(Reason::ArgumentUtf8, format!("{name} is not UTF-8")))
}

/// The same for a text that is not longer than one may be.
pub fn short_utf8(name: impl fmt::Display, bytes: &[u8]) -> Result<&str> {
    if bytes.len() > TEXT_LIMIT {
        return Err(Error::new(Reason::ArgumentRange, format!("{name} is longer than 64 KiB")));
    }
    utf8(name, bytes)
}

/// Longest path of a request, its query included.
const PATH_LIMIT: usize = 8 * 1024;
/// Longest field of a request, and longest fields of one together.
const FIELD_LIMIT: usize = 8 * 1024;
const FIELDS_LIMIT: usize = 64 * 1024;

/// Checks a method: a token of RFC 9110, and none that asks for something else than a request and its answer.
pub fn check_method(method: &str) -> Result<&str> {
    let is_method = is_http_token(method) && method.len() <= 32;
    if !is_method || ["CONNECT", "TRACE"].iter().any(|refused| method.eq_ignore_ascii_case(refused)) {
        return Err(Error::new(Reason::ArgumentMethod, "the method is not one that can be sent"));
    }
    Ok(method)
}

fn is_http_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Checks a path with its query, which is percent-encoded already: it can lead nowhere but below the server's address,
/// also where it is decoded on the way.
pub fn check_path(path: &str) -> Result<&str> {
    let bad = |why: &str| Err(Error::new(Reason::ArgumentPath, format!("the path {why}")));
    if !path.starts_with('/') {
        return bad("does not begin with /");
    }
    if path.len() > PATH_LIMIT {
        return bad("is longer than 8 KiB");
    }
    if let Some(byte) = path.bytes().find(|byte| !byte.is_ascii_graphic() || matches!(byte, b'#' | b'\\')) {
        return bad(match byte {
            b'#' => "has a fragment (#)",
            b'\\' => "has a backslash",
            b' ' => "has a space",
            0x80.. => "has letters that are not percent-encoded",
            _ => "has a control character",
        });
    }
    let (before_query, _) = path.split_once('?').unwrap_or((path, ""));
    if has_dot_segment(before_query) {
        return bad("has a segment . or .., plain or encoded");
    }
    Ok(path)
}

/// Whether a path has a segment that means this folder or the one above, read as it is or after decoding. What follows a
/// semicolon is a parameter of the segment to some servers.
fn has_dot_segment(path: &str) -> bool {
    let mut rest = path.as_bytes();
    let (mut dots, mut others) = (0, false);
    while let [first, after @ ..] = rest {
        let (letter, after) = match (first, after) {
            (b'%', [b'2', b'e' | b'E', after @ ..]) => (b'.', after),
            (b'%', [b'2', b'f' | b'F', after @ ..]) | (b'%', [b'5', b'c' | b'C', after @ ..]) => (b'/', after),
            _ => (*first, after),
        };
        rest = after;
        match letter {
            b'/' | b';' if !others && (dots == 1 || dots == 2) => return true,
            b'/' => (dots, others) = (0, false),
            b'.' => dots += 1,
            _ => others = true,
        }
    }
    !others && (dots == 1 || dots == 2)
}

/// Fields of a request that belong to the connection, or change what a request is.
const OWN_FIELDS: [&str; 14] = [
    "authorization",
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "cookie",
    "accept-encoding",
    "content-type",
    "expect",
    "upgrade",
    "te",
    "trailer",
    "keep-alive",
    "gsql-secret",
];

/// Checks a field of a request. Some servers take "_" for "-" in its name.
pub fn check_field(name: &str, value: &str) -> Result<()> {
    let bad = |message: String| Err(Error::new(Reason::ArgumentHeader, message));
    if !is_http_token(name) || name.len() > 256 {
        return bad("a header has a name that is not valid".into());
    }
    let plain = name.to_ascii_lowercase().replace('_', "-");
    if OWN_FIELDS.contains(&&*plain) || plain.starts_with("proxy-") {
        return bad(format!("the header {name} is set by the library itself"));
    }
    check_field_value(name, value)
}

/// Checks the value of a field: no line ends in it.
pub fn check_field_value(name: &str, value: &str) -> Result<()> {
    if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        let message = format!("the header {name} has a control character");
        return Err(Error::new(Reason::ArgumentHeader, message));
    }
    if value.len() > FIELD_LIMIT {
        return Err(Error::new(Reason::ArgumentRange, format!("the header {name} is longer than 8 KiB")));
    }
    Ok(())
}

/// Checks that the fields of a request are not too many.
pub fn check_fields_together(fields: &[(&str, &str)]) -> Result<()> {
    let length = fields.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>();
    if length > FIELDS_LIMIT {
        return Err(Error::new(Reason::ArgumentRange, "the headers together are longer than 64 KiB"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_that_could_leave_their_place_are_refused() {
        for bad in ["", ".", "..", "a/b", "a\\b", "x/../../v1/tokens?clear=true", "a\nDROP SECRET b", "a\0b"] {
            assert!(Alias::new(bad).is_err(), "{bad:?}");
        }
        assert!(Alias::new(&"a".repeat(257)).is_err());
    }

    #[test]
    fn gsql_text_takes_plain_names_only() {
        for bad in ["a;DROP", "%2e%2e", "a b", "ä", "😀", "a-b", "a'b"] {
            assert!(Alias::new(bad).unwrap().for_gsql().is_err(), "{bad:?}");
            assert!(GraphName::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Alias::new("My_alias1").unwrap().for_gsql().unwrap(), "My_alias1");
        assert!(GraphName::new("").is_err() && GraphName::new(&"g".repeat(129)).is_err());
        assert_eq!(GraphName::new("MyGraph").unwrap().as_str(), "MyGraph");
    }

    #[test]
    fn values_of_secrets_are_told_from_names() {
        for value in ["59ccqdlqmkfcqjl99u2jv4qt2telmeoj", "s7s0123456789abcdefg"] {
            assert!(looks_like_secret(value), "{value}");
        }
        for name in ["my_alias", "AUTO_GENERATED_ALIAS_1234567", "productionserviceaccount", "20261128", "s1", ""] {
            assert!(!looks_like_secret(name), "{name}");
        }
    }

    fn reason<T>(outcome: Result<T>) -> Option<Reason> {
        outcome.err().map(|error| error.reason())
    }

    #[test]
    fn paths_lead_below_the_address() {
        for path in
            ["/", "/query/G/q?a=1&b=../x", "/a//b", "/a%2fb/%252e%252e", "/...", "/.a/a..", "/a;b", "/q?x={\"a\":1}"]
        {
            assert_eq!(reason(check_path(path)), None, "{path}");
        }
        let long = format!("/{}", "a".repeat(8192));
        for path in [
            "",
            "a",
            "https://h/a",
            "//h/../a",
            "/..",
            "/.",
            "/a/../b",
            "/a/./b",
            "/%2e%2E/b",
            "/.%2e",
            "/a/..%2fb",
            "/a%2F..",
            "/..%5Cb",
            "/a%5c..%5cb",
            "/..;/b",
            "/..;x=y",
            "/a\\b",
            "/a#b",
            "/a?b#c",
            "/a b",
            "/a\tb",
            "/a\nb",
            "/a\u{7f}",
            "/ü",
            &*long,
        ] {
            assert_eq!(reason(check_path(path)), Some(Reason::ArgumentPath), "{path}");
        }
        assert_eq!(reason(check_path(&long[..8192])), None);
    }

    #[test]
    fn methods_are_tokens() {
        for method in ["GET", "get", "PATCH", "M-SEARCH", "PROPFIND"] {
            assert_eq!(reason(check_method(method)), None, "{method}");
        }
        for method in ["", "CONNECT", "connect", "TRACE", "GET /", "GE\tT", "G:T", "GÉT", "GET\r\n", &*"X".repeat(33)]
        {
            assert_eq!(reason(check_method(method)), Some(Reason::ArgumentMethod), "{method}");
        }
    }

    #[test]
    fn fields_of_the_connection_are_its_own() {
        for (name, value) in
            [("GSQL-TIMEOUT", "60000"), ("Accept", "text/csv"), ("X-A", ""), ("X-B", "a\tb"), ("X-C", "ü")]
        {
            assert_eq!(reason(check_field(name, value)), None, "{name}");
        }
        for name in
            OWN_FIELDS.iter().copied().chain(["AUTHORIZATION", "Content_Length", "Proxy-Authorization", "proxy-x"])
        {
            assert_eq!(reason(check_field(name, "x")), Some(Reason::ArgumentHeader), "{name}");
        }
        for (name, value) in
            [("", "x"), ("a b", "x"), ("a:", "x"), ("é", "x"), ("X", "a\rb"), ("X", "a\nb"), ("X", "a\u{7f}")]
        {
            assert_eq!(reason(check_field(name, value)), Some(Reason::ArgumentHeader), "{name} {value}");
        }
        let long = "x".repeat(8193);
        assert_eq!(reason(check_field("X", &long)), Some(Reason::ArgumentRange));
        assert_eq!(reason(check_fields_together(&[("X", &long[..8192]); 8])), Some(Reason::ArgumentRange));
    }
}
