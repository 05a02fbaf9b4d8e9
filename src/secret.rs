//! Secrets: as REST lists them, and as GSQL text shows them.

use crate::checks::is_token_byte;
use crate::error::{Error, Reason, Result};
use crate::hidden::Hidden;
use crate::redact::Redactor;
use crate::refusal::{Operation, by_words};
use crate::reply::{GsqlText, Json, Text, shape, too_large};

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

    fn push(&mut self, secret: Secret) -> Result<()> {
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
        self.failed.map_or(Ok(self.secrets), Err)
    }
}

fn from_object(object: &Json) -> Result<Secret> {
    let text = |key| object.text(key)?.ok_or_else(|| shape(format!("a secret in the server's answer has no {key}")));
    secret(text("alias")?, text("value")?, "")
}

fn secret(alias: &str, value: &str, graph: &str) -> Result<Secret> {
    let printable = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    let masked_or_plain = |byte: u8| is_token_byte(byte) || byte == b'*' || byte == b'_';
    if !printable(alias) || value.is_empty() || !value.bytes().all(masked_or_plain) {
        return Err(shape("a secret in the server's answer holds characters that no secret has"));
    }
    Ok(Secret { alias: alias.to_owned(), value: Hidden::new(value), graph: graph.to_owned() })
}

/// A secret of the output of SHOW SECRET, as far as it is read.
#[derive(Default)]
struct Shown {
    value: Option<Hidden>,
    alias: String,
    graph: String,
}

impl Shown {
    /// Adds it to a list. Before 3.1.4 a secret may have no alias, and then nothing can name it but its value.
    fn end(self, list: &mut SecretList) -> Result<()> {
        match self.value {
            Some(value) if !self.alias.is_empty() => list.push(secret(&self.alias, value.reveal(), &self.graph)?),
            _ => Ok(()),
        }
    }
}

/// What a GSQL script did, judged by its words; its exit code says little.
pub struct GsqlOutcome<'a> {
    /// What the script was for.
    pub operation: Operation,
    /// Its output.
    pub text: &'a GsqlText<'a>,
    /// How many bytes of memory the answer takes that it stands in.
    pub memory: usize,
    /// Cleans what is shown of it.
    pub redactor: &'a Redactor<'a>,
}

/// Exit codes of a script that mean a cause of their own.
const NO_GRAPH_IN_USE: i64 = 213;
/// Words of a script that went wrong, in lower case.
const FAILURE_WORDS: [&str; 7] = ["fail", "error", "denied", "exception", "invalid", "not exist", "not found"];

impl GsqlOutcome<'_> {
    /// The secret in the output of CREATE SECRET: `The secret: S …`.
    pub fn created(&self, alias: &str, graph: &str) -> Result<Secret> {
        self.refuse_pages()?;
        let prefix = "The secret: ";
        let line = self.text.lines().find(|line| line.contains(prefix));
        let value = line.as_ref().and_then(|line| line.split_once(prefix)?.1.split(' ').next());
        match value {
            Some(value) => secret(alias, value.trim(), graph),
            None if self.text.says("already exists") => {
                Err(Error::new(Reason::ExistsSecret, format!("a secret with the alias {alias} exists already")))
            }
            None => Err(self.failure()),
        }
    }

    /// The secrets in the output of SHOW SECRET.
    pub fn listed(&self) -> Result<Vec<Secret>> {
        self.refuse_pages()?;
        let mut list = SecretList::beside(self.memory);
        let mut shown = Shown::default();
        for line in self.text.lines() {
            let line = line.trim();
            if let Some(value) = line.strip_prefix("- Secret: ") {
                let value = Hidden::new(value.trim());
                std::mem::replace(&mut shown, Shown { value: Some(value), ..Shown::default() }).end(&mut list)?;
            } else {
                match line.split_once(": ") {
                    Some(("- Alias", name)) => shown.alias = name.trim().to_owned(),
                    Some(("- GraphName", name)) => shown.graph = name.trim().to_owned(),
                    _ => {}
                }
            }
        }
        if shown.value.is_none() && self.looks_failed() {
            return Err(self.failure());
        }
        shown.end(&mut list)?;
        Ok(list.secrets)
    }

    /// How each of several DROP SECRET went, in their order: `true` if it dropped something.
    pub fn dropped(&self, count: usize) -> Result<Vec<bool>> {
        self.refuse_pages()?;
        let outcome = |line: &str| {
            let (gone, failed) =
                (line.contains("Successfully dropped secrets"), line.contains("Failed to drop secrets"));
            (gone || failed).then_some(gone)
        };
        let outcomes: Vec<bool> = self.text.lines().filter_map(|line| outcome(&line)).collect();
        if outcomes.len() == count { Ok(outcomes) } else { Err(self.failure()) }
    }

    /// A page of a proxy or portal is not the text of a script.
    fn refuse_pages(&self) -> Result<()> {
        let first = self.text.lines().next().map(|line| line.trim_start().to_lowercase()).unwrap_or_default();
        if first.starts_with("<!doctype") || first.starts_with("<html") {
            return Err(Error::new(Reason::ProtocolNotJson, "the server's answer is a page, not the output of GSQL"));
        }
        Ok(())
    }

    fn looks_failed(&self) -> bool {
        let says_so = |line: Text| {
            let line = line.to_lowercase();
            FAILURE_WORDS.iter().any(|word| line.contains(word))
        };
        self.text.code.is_some_and(|code| code != 0) || self.text.lines().any(says_so)
    }

    fn failure(&self) -> Error {
        let all = self.text.joined();
        let reason = match by_words(self.operation, &all) {
            Some(reason) => reason,
            None if self.text.code == Some(NO_GRAPH_IN_USE) => Reason::MissingGraph,
            None if all.is_empty() => Reason::ProtocolShape,
            None => Reason::ServerError,
        };
        let code = self.text.code.map_or(String::new(), |code| format!(" (GSQL code {code})"));
        let said = self.redactor.clean(&all);
        let error = Error::new(reason, format!("GSQL could not carry out the command{code}: {said}"));
        match reason {
            Reason::MissingGraph if self.text.code == Some(NO_GRAPH_IN_USE) => {
                error.with_hint("Secrets belong to a graph before 4.1: name it with tg_config_set_graph.")
            }
            _ => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(operation: Operation, text: &str, read: impl FnOnce(&GsqlOutcome) -> T) -> T {
        let (memory, text) = (text.len(), GsqlText::parse(text.as_bytes()).unwrap());
        read(&GsqlOutcome { operation, text: &text, memory, redactor: &Redactor::new(Vec::new(), &[]) })
    }

    fn listed(text: &str) -> Result<Vec<Secret>> {
        with(Operation::ListSecrets, text, |outcome| outcome.listed())
    }

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

    #[test]
    fn the_documented_text_of_show_secret() {
        let text = "    - Secret: s7s****3k5\n      - Alias: HH\n      - GraphName: Hogwarts\n    - Secret: 75j****9i2\n      - Alias: LL\n      - GraphName: London\n";
        let secrets = listed(text).unwrap();
        assert_eq!(secrets.len(), 2);
        assert_eq!((secrets[0].alias.as_str(), secrets[0].graph.as_str()), ("HH", "Hogwarts"));
        assert!(secrets[1].is_masked() && secrets[1].value.reveal() == "75j****9i2");
    }

    #[test]
    fn long_lists_fit_into_their_memory_or_are_refused() {
        let object = r#"{"alias":"AUTO_GENERATED_ALIAS_1234567","value":"59ccqdlqmkfcqjl99u2jv4qt2telmeoj"}"#;
        let json = |count: usize| format!(r#"{{"results":[{}]}}"#, vec![object; count].join(","));
        assert_eq!(rest(&json(4096)).unwrap().len(), 4096);
        assert_eq!(rest(&json(4097)).unwrap_err().reason(), Reason::ProtocolTooLarge);
        let text = "- Secret: 59c****eoj\n  - Alias: AUTO_GENERATED_ALIAS_1234567\n  - GraphName: G\n";
        assert_eq!(listed(&text.repeat(4096)).unwrap().len(), 4096);
        assert_eq!(listed(&text.repeat(9000)).unwrap_err().reason(), Reason::ProtocolTooLarge);
    }

    #[test]
    fn old_and_new_variants_of_show_secret() {
        let old = "- Secret: jiokmfqqfu2f95qs6ug85o89rpkneib3\n  - Alias: a\n  - Token: abc expire at: 2021-01-01 00:00:00\n  - GraphName: G\n";
        let secrets = listed(old).unwrap();
        assert!(!secrets[0].is_masked() && secrets[0].graph == "G");
        assert_eq!(listed("- Secret: a\n- Alias: x\n").unwrap()[0].graph, "");
        for empty in ["", "\n", "There are no secrets.\n__GSQL__RETURN__CODE__,0"] {
            assert_eq!(listed(empty).unwrap().len(), 0, "{empty}");
        }
    }

    #[test]
    fn what_is_no_list_is_no_empty_list() {
        assert_eq!(listed("<html>portal</html>").unwrap_err().reason(), Reason::ProtocolNotJson);
        assert_eq!(
            listed("Semantic Check Fails: no\n__GSQL__RETURN__CODE__,0").unwrap_err().reason(),
            Reason::ServerError
        );
        assert_eq!(listed("x\n__GSQL__RETURN__CODE__,213").unwrap_err().reason(), Reason::MissingGraph);
        assert_eq!(listed("Graph Nope does not exist.").unwrap_err().reason(), Reason::MissingGraph);
    }

    #[test]
    fn create_secret_text() {
        let create = |text: &str| with(Operation::CreateSecret, text, |outcome| outcome.created("a", "G"));
        for tail in [" has been created", " stand-in tail", ""] {
            let secret = create(&format!("Using graph 'G'\nThe secret: s0secret{tail}\n")).unwrap();
            assert_eq!(secret.value.reveal(), "s0secret");
        }
        assert_eq!(create("The alias a already exists.").unwrap_err().reason(), Reason::ExistsSecret);
        assert_eq!(create("").unwrap_err().reason(), Reason::ProtocolShape);
        assert_eq!(create("User has no privilege").unwrap_err().reason(), Reason::AuthNoPrivilege);
        assert_eq!(create("The secret: \u{fffd}").unwrap_err().reason(), Reason::ProtocolShape);
    }

    #[test]
    fn drop_secret_text() {
        let drop = |text: &str, count| with(Operation::DropSecrets, text, |outcome| outcome.dropped(count));
        assert_eq!(drop("Successfully dropped secrets tail\nFailed to drop secrets [x]", 2).unwrap(), [true, false]);
        assert_eq!(drop("Successfully dropped secrets", 2).unwrap_err().reason(), Reason::ServerError);
        assert_eq!(drop("", 1).unwrap_err().reason(), Reason::ProtocolShape);
        assert_eq!(drop("permission denied", 1).unwrap_err().reason(), Reason::AuthNoPrivilege);
    }
}
