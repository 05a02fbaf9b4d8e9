//! Hiding and wiping of credentials.
//!
//! [`Hidden`] is the only type that keeps a credential; [`Redactor`] cleans what a server wrote
//! before any of it becomes part of an error or a log line.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use crate::token::Token;

/// A text that is wiped when dropped and never printed.
#[derive(Clone)]
pub struct Hidden(Zeroizing<String>);

impl Hidden {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Hidden {
        Hidden(Zeroizing::new(text.into()))
    }

    /// The text itself, for the request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

impl PartialEq for Hidden {
    /// Takes the same time wherever the texts differ; only their lengths can be told apart.
    fn eq(&self, other: &Hidden) -> bool {
        same_text(self.reveal(), other.reveal())
    }
}

impl Eq for Hidden {}

/// Compares two texts in a time that does not depend on where they differ.
pub fn same_text(a: &str, b: &str) -> bool {
    use subtle::ConstantTimeEq;
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// At most this much of a server's own message enters an error.
const MESSAGE_LIMIT: usize = 256;
/// A run of this many token characters is taken for a credential.
const LONG_RUN: usize = 20;
/// A piece of a known credential of this length is already too much.
const PIECE: usize = 8;

/// Cleans a server's message: control characters, known credentials and what looks like one.
pub struct Redactor<'a> {
    known: Vec<ToHide<'a>>,
    allowed: &'a [&'a str],
}

/// A credential of a call, wherever it is kept. Its forms are made when there is something to clean, because
/// most calls have nothing.
pub enum ToHide<'a> {
    /// Given with the call, or a setting.
    Given(&'a str),
    /// Of the connection's login, which a file may hold.
    Login(Arc<Hidden>),
    /// The connection's own token.
    Token(Arc<Token>),
}

impl ToHide<'_> {
    fn text(&self) -> &str {
        match self {
            ToHide::Given(text) => text,
            ToHide::Login(credential) => credential.reveal(),
            ToHide::Token(token) => token.value(),
        }
    }
}

impl<'a> Redactor<'a> {
    /// `known` are the credentials of this call, `allowed` the names it used, which may be shown.
    pub fn new(known: Vec<ToHide<'a>>, allowed: &'a [&'a str]) -> Redactor<'a> {
        Redactor { known, allowed }
    }

    /// The message as it may be shown: at most 256 bytes, without controls, without credentials.
    pub fn clean(&self, message: &str) -> String {
        let mut text = Zeroizing::new(message.to_owned());
        let known = self.known.iter().map(ToHide::text).filter(|credential| !credential.is_empty());
        for form in known.flat_map(encodings) {
            *text = hide_pieces(&text, &form);
        }
        let text = Zeroizing::new(self.hide_long_runs(&text));
        escape_and_cut(&text)
    }

    /// Hides JWTs and every run of 20 or more token characters that is not a name of this call.
    fn hide_long_runs(&self, text: &str) -> String {
        let is_token_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let run = rest.find(|c| !is_token_char(c)).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(run);
            self.push_word(&mut out, word);
            let other = tail.find(is_token_char).unwrap_or(tail.len());
            out.push_str(&tail[..other]);
            rest = &tail[other..];
        }
        out
    }

    fn push_word(&self, out: &mut String, word: &str) {
        let longest = word.split('.').map(str::len).max().unwrap_or(0);
        let shown = self.allowed.iter().any(|name| word.trim_matches('.') == *name);
        if shown || (longest < LONG_RUN && !looks_like_jwt(word)) {
            out.push_str(word);
        } else {
            out.push_str(&format!("<redacted:{}>", word.len()));
        }
    }
}

fn looks_like_jwt(word: &str) -> bool {
    word.starts_with("eyJ") && word.matches('.').count() >= 1
}

/// The forms in which a credential may come back: as it is, in Base64, percent-encoded, JSON-escaped.
fn encodings(text: &str) -> Vec<Zeroizing<String>> {
    let mut forms = vec![text.to_owned(), BASE64.encode(text)];
    forms.push(percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string());
    let json = serde_json::Value::from(text).to_string();
    forms.push(json.trim_matches('"').to_owned());
    let mut seen: Vec<Zeroizing<String>> = Vec::new();
    for form in forms {
        if !seen.iter().any(|known| **known == form) {
            seen.push(Zeroizing::new(form));
        }
    }
    seen
}

/// Replaces `credential`, and every piece of it of 8 bytes or more, by its length.
fn hide_pieces(text: &str, credential: &str) -> String {
    let piece = PIECE.min(credential.len());
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let found = shared_prefix(&text[at..], credential, piece);
        if found > 0 {
            out.push_str(&format!("<redacted:{found}>"));
            at += found;
        } else {
            let next = text[at..].chars().next().map_or(1, char::len_utf8);
            out.push_str(&text[at..at + next]);
            at += next;
        }
    }
    out
}

/// How many bytes at the start of `text` stand somewhere in `credential`; 0 if fewer than `least`.
fn shared_prefix(text: &str, credential: &str, least: usize) -> usize {
    let (text_bytes, secret) = (text.as_bytes(), credential.as_bytes());
    let longest = (0..secret.len())
        .map(|start| {
            let same = |(a, b): &(&u8, &u8)| a == b;
            secret[start..].iter().zip(text_bytes).take_while(same).count()
        })
        .max()
        .unwrap_or(0);
    let longest = (0..=longest).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(0);
    if longest >= least { longest } else { 0 }
}

fn escape_and_cut(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MESSAGE_LIMIT));
    for c in text.trim().chars() {
        let shown = if c.is_control() { ' ' } else { c };
        if out.len() + shown.len_utf8() > MESSAGE_LIMIT - '…'.len_utf8() {
            out.push('…');
            break;
        }
        out.push(shown);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIn0.1Qrgj2abcdefghijklmnop";

    fn clean(known: &[&str], allowed: &[&str], text: &str) -> String {
        Redactor::new(known.iter().copied().map(ToHide::Given).collect(), allowed).clean(text)
    }

    #[test]
    fn hidden_is_not_printed() {
        assert_eq!(format!("{:?}", Hidden::new("canary")), "<hidden>");
    }

    #[test]
    fn hidden_texts_are_compared_and_revealed() {
        assert_eq!(Hidden::new("canary").reveal(), "canary");
        assert!(Hidden::new("canary") == Hidden::new("canary"));
        for other in ["canarz", "canar", "canaryy", ""] {
            assert!(Hidden::new("canary") != Hidden::new(other), "{other}");
        }
    }

    #[test]
    fn twenty_token_characters_are_a_credential_and_so_is_the_start_of_a_jwt() {
        let (shown, hidden) = ("x".repeat(19), "x".repeat(20));
        assert_eq!(clean(&[], &[], &format!("{shown} {hidden}")), format!("{shown} <redacted:20>"));
        assert_eq!(clean(&[], &[], "eyJh.eyJz"), "<redacted:9>");
        assert_eq!(clean(&[], &[], "eyJh and a.b"), "eyJh and a.b", "one without a dot is a word, and so is a dot");
    }

    #[test]
    fn every_form_of_a_credential_is_known_once() {
        let forms = |text| encodings(text).iter().map(|form| (**form).clone()).collect::<Vec<_>>();
        assert_eq!(forms("abc"), ["abc", "YWJj"]);
        assert_eq!(forms("a\"/"), ["a\"/", "YSIv", "a%22%2F", "a\\\"/"]);
    }

    #[test]
    fn the_echo_of_a_checked_token_is_hidden() {
        let text = format!("The token {JWT} verification succeed.");
        let cleaned = clean(&[], &[], &text);
        assert_eq!(cleaned, format!("The token <redacted:{}> verification succeed.", JWT.len()));
    }

    #[test]
    fn the_secret_in_a_gsql_text_is_hidden_even_if_unknown() {
        let text = "The secret: 59ccqdlqmkfcqjl99u2jv4qt2telmeoj has been created";
        assert!(!clean(&[], &[], text).contains("59ccqdlq"));
    }

    #[test]
    fn known_credentials_are_hidden_in_every_form_and_in_pieces() {
        let password = "p@ss w\"rd/and more";
        for form in encodings(password) {
            let cleaned = clean(&[password], &[], &format!("<{}>", *form));
            assert!(!cleaned.contains(&*form), "{cleaned}");
        }
        assert!(!clean(&[password], &[], "xx w\"rd/and xx").contains("w\"rd/and"));
    }

    #[test]
    fn short_credentials_are_hidden_whole() {
        assert_eq!(clean(&["abc"], &[], "no abc here"), "no <redacted:3> here");
    }

    #[test]
    fn names_of_the_call_stay() {
        let alias = "AUTO_GENERATED_ALIAS_1234567";
        assert_eq!(clean(&[], &[alias], &format!("alias {alias} exists.")), format!("alias {alias} exists."));
    }

    #[test]
    fn controls_and_length_are_tamed() {
        assert_eq!(clean(&[], &[], "a\r\nb\u{1b}[0m"), "a  b [0m");
        let words = "ab cd ".repeat(100);
        assert_eq!(clean(&[], &[], &words[..253]), words[..253], "with room for the mark of a cut");
        assert_eq!(clean(&[], &[], &words[..256]), words[..253].to_owned() + "…");
        assert_eq!(clean(&[], &[], &words), words[..253].to_owned() + "…");
    }
}
