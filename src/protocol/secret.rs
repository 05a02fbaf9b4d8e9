//! Secrets: as REST lists them, and as GSQL text shows them.

use crate::checks::{check_secret_text, is_token_byte};
use crate::error::{Error, Result};
use crate::hidden::Hidden;
use crate::protocol::json::{Json, shape, too_large};

/// A secret as the server told it.
#[derive(Clone, Debug)]
pub struct Secret {
    /// Its alias.
    pub alias: String,
    /// Its value, or the masked form of it.
    pub value: Hidden,
    /// The graph it belongs to; "" where not told.
    pub graph: String,
}

impl Secret {
    /// A secret as REST tells it: whatever a caller may have given as its value, or the masked form of that.
    pub fn received(alias: &str, value: &str, graph: &str) -> Result<Secret> {
        let printable = !alias.is_empty() && !alias.chars().any(char::is_control);
        if !printable || check_secret_text("", value).is_err() {
            return Err(shape("a secret in the server's answer holds characters that no secret has"));
        }
        Ok(Secret { alias: alias.to_owned(), value: Hidden::new(value), graph: graph.to_owned() })
    }

    /// A secret as GSQL text shows it. Only servers made these values, of letters and digits, so that anything else is
    /// a sentence or half a line and not a value.
    pub fn shown(alias: &str, value: &str, graph: &str) -> Result<Secret> {
        let masked_or_plain = |byte: u8| is_token_byte(byte) || byte == b'*';
        if !value.bytes().all(masked_or_plain) {
            return Err(shape("a secret in the output of GSQL holds characters that no secret has there"));
        }
        Secret::received(alias, value, graph)
    }

    /// Whether the value is only its masked form, `abc****xyz`.
    pub fn is_masked(&self) -> bool {
        self.value.reveal().contains("****")
    }
}

/// Most memory that a list may take together with the answer that it comes from. An exchange may take 1.5 MiB in
/// all; what is missing here to that is for the connection and for the element that is being read.
const MEMORY: usize = 1280 * 1024;

/// The secrets of an answer, read one by one, so that none is there in more than two forms.
pub struct SecretList {
    secrets: Vec<Secret>,
    /// Memory that is left for them.
    left: usize,
    failed: Option<Error>,
}

impl SecretList {
    /// An empty list, to be read from an answer that takes so many bytes.
    pub fn beside(answer: usize) -> SecretList {
        SecretList { secrets: Vec::new(), left: MEMORY.saturating_sub(answer), failed: None }
    }

    /// Adds the secret that an element of a REST answer describes.
    pub fn read(&mut self, object: &Json) {
        if self.failed.is_none() {
            self.failed = from_object(object).and_then(|secret| self.push(secret)).err();
        }
    }

    /// Adds a secret, if there is memory for it.
    pub fn push(&mut self, secret: Secret) -> Result<()> {
        let mut takes = secret.alias.len() + secret.value.reveal().len() + secret.graph.len();
        if self.secrets.len() == self.secrets.capacity() {
            // It doubles. What earlier sizes took stays counted, for the moment in which two of them are there.
            takes += 2 * self.secrets.len().max(2) * size_of::<Secret>();
        }
        let too_large = || too_large("the server's answer lists more secrets than fit into memory");
        self.left = self.left.checked_sub(takes).ok_or_else(too_large)?;
        self.secrets.push(secret);
        Ok(())
    }

    /// All secrets, with that of a REST answer that tells only one.
    pub fn finish(mut self, reply: &Json) -> Result<Vec<Secret>> {
        match reply.get("results") {
            None | Some(Json::List(_)) => {}
            Some(Json::Object(members)) if members.is_empty() => {}
            Some(object @ Json::Object(_)) => self.read(object),
            Some(_) => return Err(shape("\"results\" of the server's answer is neither a list nor an object")),
        }
        self.into_secrets()
    }

    /// All secrets, or what went wrong with one of them.
    pub fn into_secrets(self) -> Result<Vec<Secret>> {
        self.failed.map_or(Ok(self.secrets), Err)
    }
}

fn from_object(object: &Json) -> Result<Secret> {
    let text = |key| object.text(key)?.ok_or_else(|| shape(format!("a secret in the server's answer has no {key}")));
    Secret::received(text("alias")?, text("value")?, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::check_secret;
    use crate::error::Reason;

    fn rest(text: &str) -> Result<Vec<(String, String)>> {
        let mut list = SecretList::beside(text.len());
        let reply = Json::read(text.as_bytes(), Some(&mut |object| list.read(object))).unwrap();
        let secrets = list.finish(&reply)?;
        Ok(secrets.into_iter().map(|s| (s.alias, s.value.reveal().to_owned())).collect())
    }

    #[test]
    fn rest_answers_in_every_shape() {
        let one = vec![("s1".to_owned(), "59ccqdlqmkfcqjl99u2jv4qt2telmeoj".to_owned())];
        let object = r#"{"alias":"s1","value":"59ccqdlqmkfcqjl99u2jv4qt2telmeoj"}"#;
        for results in [object.to_owned(), format!("[{object}]")] {
            assert_eq!(rest(&format!(r#"{{"error":false,"message":"","results":{results}}}"#)).unwrap(), one);
        }
        for nothing in [r#"{"results":[]}"#, r#"{"results":{}}"#, r#"{"results":null}"#, "{}"] {
            assert_eq!(rest(nothing).unwrap(), [], "{nothing}");
        }
        for wrong in [
            r#"{"results":5}"#,
            r#"{"results":[5]}"#,
            r#"{"results":[{"alias":"a"}]}"#,
            r#"{"results":{"alias":"a","value":"x\u0000y"}}"#,
        ] {
            assert_eq!(rest(wrong).unwrap_err().reason(), Reason::ProtocolShape, "{wrong}");
        }
    }

    /// What a caller may give comes back, and GSQL text has what servers make.
    #[test]
    fn values_are_read_as_they_may_be_sent() {
        for byte in 0..=u8::MAX {
            for value in [format!("a{}b", char::from(byte)), format!("{}b", char::from(byte))] {
                let sent = check_secret("the value", &value).is_ok();
                assert_eq!(Secret::received("x", &value, "").is_ok(), sent, "{value:?}");
                let is_made = sent && (byte == b'*' || is_token_byte(byte));
                assert_eq!(Secret::shown("x", &value, "").is_ok(), is_made, "{value:?}");
            }
        }
        for odd in ["", " ", "\u{20ac}"] {
            assert!(Secret::received("x", odd, "").is_err() && Secret::shown("x", odd, "").is_err(), "{odd:?}");
        }
        assert!(Secret::received("x", "a,b****c d", "").is_ok_and(|secret| secret.is_masked()));
    }

    #[test]
    fn long_lists_fit_into_their_memory_or_are_refused() {
        let object = r#"{"alias":"AUTO_GENERATED_ALIAS_1234567","value":"59ccqdlqmkfcqjl99u2jv4qt2telmeoj"}"#;
        let json = |count: usize| format!(r#"{{"results":[{}]}}"#, vec![object; count].join(","));
        assert_eq!(rest(&json(4096)).unwrap().len(), 4096);
        assert_eq!(rest(&json(4097)).unwrap_err().reason(), Reason::ProtocolTooLarge);
    }
}
