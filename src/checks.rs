//! Checks of texts that come from outside: names and credentials that could change a request are refused.

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

/// A secret that can stand in a header, in JSON and in a query; its value is never named.
pub fn check_secret(what: &str, secret: &str) -> Result<Hidden> {
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
    if token.is_empty() || token.len() > 8192 {
        return Err(Error::new(Reason::ArgumentRange, format!("{what} is empty or longer than 8192 bytes")));
    }
    if !token.bytes().all(is_token_byte) {
        return Err(Error::new(Reason::ArgumentRange, format!("{what} holds a character that no token has")));
    }
    Ok(Hidden::new(token))
}

/// Whether a token may hold this byte; a comma, above all, would split a list of tokens.
pub fn is_token_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'-')
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
}
