//! The output of GSQL scripts: its lines, and what CREATE, SHOW and DROP SECRET say in them.

use std::borrow::Cow;

use crate::error::{Error, Reason, Result};
use crate::hidden::{Hidden, Wiped};
use crate::protocol::json::{Text, too_large};
use crate::protocol::refusal::{Question, by_words, own_words};
use crate::protocol::secret::{Secret, SecretList};

/// No line of a script's output is longer.
const MAX_LINE: usize = 64 * 1024;

/// The visible part of a GSQL answer, and the exit code of its script.
pub struct GsqlText<'a> {
    body: &'a [u8],
    /// The script's exit code, where the server tells it.
    pub code: Option<i64>,
}

impl<'a> GsqlText<'a> {
    /// Reads the output of a script.
    pub fn parse(body: &'a [u8]) -> Result<GsqlText<'a>> {
        if body.split(|byte| *byte == b'\n').any(|line| line.len() > MAX_LINE) {
            return Err(too_large("a line of the server's answer is longer than any that GSQL writes"));
        }
        let codes = every_line(body).filter_map(|line| Some(line.strip_prefix(RETURN_CODE)?.trim().parse().ok()));
        Ok(GsqlText { body, code: codes.last().flatten() })
    }

    /// Its lines without control lines, progress bars and colours.
    pub fn lines(&self) -> impl Iterator<Item = Text<'a>> {
        every_line(self.body).filter(|line| !line.starts_with(CONTROL) && !is_progress(line) && !line.trim().is_empty())
    }

    /// Whether any line holds the words.
    pub fn says(&self, words: &str) -> bool {
        self.lines().any(|line| line.contains(words))
    }
}

/// The beginning of these lines in one, for a redactor.
fn joined<'t>(lines: impl Iterator<Item = Text<'t>>) -> Wiped<String> {
    let mut all = Wiped::new(String::new());
    for line in lines {
        if all.len() > MAX_LINE {
            break;
        }
        all.push_str(line.trim());
        all.push(' ');
    }
    all
}

/// How lines begin that are for the program that shows the others.
const CONTROL: &str = "__GSQL__";
const RETURN_CODE: &str = "__GSQL__RETURN__CODE__,";
const COOKIES: &str = "__GSQL__COOKIES__,";

fn every_line(body: &[u8]) -> impl Iterator<Item = Text<'_>> {
    body.split(|byte| *byte == b'\n').map(plain_line)
}

/// A line without colours; the cookie line may hang on to the end of another.
fn plain_line(line: &[u8]) -> Text<'_> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let end = line.windows(COOKIES.len()).position(|part| part == COOKIES.as_bytes()).unwrap_or(line.len());
    Text::from(without_ansi(String::from_utf8_lossy(&line[..end])))
}

fn is_progress(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("[=") && line.contains('%') || line.starts_with("[ ") && line.ends_with('%')
}

/// Without escape sequences: ESC and one letter, or ESC [ up to its final byte.
fn without_ansi(line: Cow<str>) -> Cow<str> {
    if !line.contains('\u{1b}') {
        return line;
    }
    let line = Wiped::new(line.into_owned());
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
    out.into()
}

/// A secret of the output of SHOW SECRET, as far as it is read.
#[derive(Default)]
struct ListedSecret {
    value: Option<Hidden>,
    alias: String,
    graph: String,
}

impl ListedSecret {
    /// Adds it to a list. Before 3.1.4 a secret may have no alias, and then nothing can name it but its value.
    fn end(self, list: &mut SecretList) -> Result<()> {
        match self.value {
            Some(value) if !self.alias.is_empty() => {
                list.push(Secret::shown(&self.alias, value.reveal(), &self.graph)?)
            }
            _ => Ok(()),
        }
    }
}

/// What a GSQL script did, read from its words; its exit code says little.
pub struct GsqlOutcome<'a> {
    /// What the script was for, and who ran it.
    pub question: &'a Question<'a>,
    /// Its output.
    pub text: &'a GsqlText<'a>,
    /// How many bytes of memory the answer takes that it stands in.
    pub memory: usize,
}

/// The exit code of a script that means a cause of its own.
const NO_GRAPH_IN_USE: i64 = 213;
/// Exit codes that tell of the session and not of the command: connection, time limit, unknown.
const SESSION_CODES: [i64; 3] = [202, 204, 255];
/// Words of a script that went wrong, in lower case.
const FAILURE_WORDS: [&str; 26] = [
    "fail",
    "error",
    "denied",
    "exception",
    "invalid",
    "not exist",
    "not found",
    "encountered",
    "was expecting",
    "not a valid",
    "could not",
    "cannot",
    "can't",
    "can not",
    "unable",
    "reserved keyword",
    "refused",
    "rejected",
    "not allowed",
    "not permitted",
    "not authorized",
    "unauthorized",
    "forbidden",
    "privilege",
    "permission",
    "timeout",
];
/// Words of a script that found no secret, in lower case.
const NO_SECRETS: [&str; 5] =
    [" no secret", " 0 secret", "not have any secret", "n't have any secret", "not any secret"];
/// How the lines of SHOW SECRET begin, once for a secret and then for what belongs to it.
const LISTED: [&str; 4] = ["- Secret", "- Alias", "- GraphName", "- Token"];
/// What the answer to USE GRAPH says, in lower case.
const IN_USE: &str = " using graph";

impl GsqlOutcome<'_> {
    /// The secret in the output of CREATE SECRET: `The secret: S …`.
    pub fn created(&self, alias: &str, graph: &str) -> Result<Secret> {
        self.refuse_pages()?;
        let prefix = "The secret: ";
        let line = self.text.lines().find(|line| line.contains(prefix));
        let value = line.as_ref().and_then(|line| line.split_once(prefix)?.1.split(' ').next());
        match value {
            Some(value) => Secret::shown(alias, value.trim(), graph),
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
        let mut read = ListedSecret::default();
        for line in self.text.lines() {
            let line = line.trim();
            if let Some(value) = line.strip_prefix("- Secret: ") {
                let value = Hidden::new(value.trim());
                std::mem::replace(&mut read, ListedSecret { value: Some(value), ..ListedSecret::default() })
                    .end(&mut list)?;
            } else {
                match line.split_once(": ") {
                    Some(("- Alias", name)) => read.alias = name.trim().to_owned(),
                    Some(("- GraphName", name)) => read.graph = name.trim().to_owned(),
                    _ => {}
                }
            }
        }
        // Half a list is none, and neither is a refusal in words that nobody knows.
        let said = joined(self.sentences());
        let has_failed = self.text.code.is_some_and(|code| code != 0) || self.looks_failed(&said);
        if has_failed || by_words(self.question, &said).is_some() || read.value.is_none() && !self.says_none() {
            return Err(self.failure());
        }
        read.end(&mut list)?;
        list.into_secrets()
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

    /// A page of a proxy or portal, or XML, is not the text of a script.
    fn refuse_pages(&self) -> Result<()> {
        if self
            .text
            .lines()
            .next()
            .is_some_and(|line| line.trim_start_matches('\u{feff}').trim_start().starts_with('<'))
        {
            return Err(Error::new(Reason::ProtocolNotJson, "the server's answer is a page, not the output of GSQL"));
        }
        Ok(())
    }

    /// The lines that the script wrote for a person. Names in a list may be any words, and its values are nobody's.
    fn sentences(&self) -> impl Iterator<Item = Text<'_>> {
        let is_listed = |line: &Text| LISTED.iter().any(|start| line.trim_start().starts_with(start));
        self.text.lines().filter(move |line| !is_listed(line))
    }

    fn looks_failed(&self, said: &str) -> bool {
        let said = own_words(self.question, said, &FAILURE_WORDS);
        let code = self.text.code.unwrap_or_default();
        code != 0 && !SESSION_CODES.contains(&code) || FAILURE_WORDS.iter().any(|word| said.contains(word))
    }

    /// Whether a list is empty, and is meant to be.
    fn says_none(&self) -> bool {
        self.sentences().all(|line| {
            let line = Wiped::new(format!(" {}", line.trim().to_ascii_lowercase()));
            line.contains(IN_USE) || NO_SECRETS.iter().any(|words| line.contains(words))
        })
    }

    fn failure(&self) -> Error {
        let all = joined(self.sentences());
        let reason = match by_words(self.question, &all) {
            Some(reason) => reason,
            None if self.text.code == Some(NO_GRAPH_IN_USE) => Reason::MissingGraph,
            None if self.looks_failed(&all) => Reason::ServerError,
            None => Reason::ProtocolShape,
        };
        let code = self.text.code.map_or(String::new(), |code| format!(" (GSQL code {code})"));
        let said = self.question.redactor.clean(&all);
        let what = match reason {
            Reason::ProtocolShape => "the output of GSQL tells neither success nor failure",
            _ => "GSQL could not carry out the command",
        };
        Error::new(reason, format!("{what}{code}: {said}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::operation::{Credential, Operation};
    use crate::protocol::redact::Redactor;

    #[test]
    fn gsql_text_without_its_controls() {
        let body = b"__GSQL__MOVE__CURSOR___UP__,1\n\x1b[32mThe secret: abc tail\x1b[0m\n[====   ] 45% (1/2)\n__GSQL__CLEAN__LINE__\nlast__GSQL__COOKIES__,{\"a\":1}\n__GSQL__RETURN__CODE__,0\n";
        let text = GsqlText::parse(body).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.iter().map(|line| &**line).collect::<Vec<_>>(), ["The secret: abc tail", "last"]);
        assert_eq!(text.code, Some(0));
        assert_eq!(GsqlText::parse(b"").unwrap().lines().count(), 0);
        let line = |length: usize| {
            let body = "x".repeat(length);
            GsqlText::parse(body.as_bytes()).map(|text| joined(text.lines()).len())
        };
        assert_eq!(line(MAX_LINE).unwrap(), MAX_LINE + 1);
        assert_eq!(line(MAX_LINE + 1).unwrap_err().reason(), Reason::ProtocolTooLarge);
    }

    fn with<T>(operation: Operation, text: &str, read: impl FnOnce(&GsqlOutcome) -> T) -> T {
        let (memory, text) = (text.len(), GsqlText::parse(text.as_bytes()).unwrap());
        let redactor = Redactor::new(Vec::new(), &[]).with_graph(Some("FailureOfPermission"));
        let question = Question { operation, path: "", credential: Credential::Password, redactor: &redactor };
        read(&GsqlOutcome { question: &question, text: &text, memory })
    }

    fn listed(text: &str) -> Result<Vec<Secret>> {
        with(Operation::ListSecrets, text, |outcome| outcome.listed())
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
    fn long_texts_fit_into_their_memory_or_are_refused() {
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
        let half = "- Secret: s7s****3k5\n  - Alias: error_denied\n";
        let beside_half = |line: &str| format!("{half}{line}\n");
        for (text, reason) in [
            ("<html>portal</html>", Reason::ProtocolNotJson),
            ("\u{feff}<?xml version=\"1.0\"?><error>no</error>", Reason::ProtocolNotJson),
            ("<Error><Code>AccessDenied</Code></Error>", Reason::ProtocolNotJson),
            ("Semantic Check Fails: no\n__GSQL__RETURN__CODE__,0", Reason::ServerError),
            ("x\n__GSQL__RETURN__CODE__,213", Reason::MissingGraph),
            ("Graph Nope does not exist.", Reason::MissingGraph),
            ("Not today.", Reason::ProtocolShape),
            ("[1,2]", Reason::ProtocolShape),
            ("10 secrets", Reason::ProtocolShape),
            ("Using graph 'G'\nNot today.", Reason::ProtocolShape),
            ("Encountered \" \"SHOW\" at line 1. Was expecting: ALTER", Reason::ServerError),
            ("Authentication failed.", Reason::AuthBadPassword),
            ("User alice has no privilege", Reason::AuthNoPrivilege),
            ("__GSQL__RETURN__CODE__,204", Reason::ProtocolShape),
            ("There are no secrets.\n__GSQL__RETURN__CODE__,255", Reason::ProtocolShape),
            (&beside_half("__GSQL__RETURN__CODE__,204"), Reason::ProtocolShape),
            (&beside_half("__GSQL__RETURN__CODE__,255"), Reason::ProtocolShape),
            (&beside_half("__GSQL__RETURN__CODE__,211"), Reason::ServerError),
            (&beside_half("Lost connection: the rest could not be read"), Reason::ServerError),
        ] {
            let error = listed(text).unwrap_err();
            assert_eq!(error.reason(), reason, "{text}");
            assert!(!error.message().contains("****"), "{error}");
        }
        for whole in [
            half,
            &beside_half("__GSQL__RETURN__CODE__,0"),
            &format!("Using graph 'G'\n{half}"),
            &format!("Using graph 'FailureOfPermission'\n{half}"),
        ] {
            assert_eq!(listed(whole).unwrap().len(), 1, "{whole}");
        }
        for empty in ["Using graph 'G'", "No secrets found for user alice.", "0 secrets", "You do not have any secrets"]
        {
            assert_eq!(listed(empty).unwrap().len(), 0, "{empty}");
        }
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
        assert_eq!(drop("Successfully dropped secrets", 2).unwrap_err().reason(), Reason::ProtocolShape);
        assert_eq!(drop("", 1).unwrap_err().reason(), Reason::ProtocolShape);
        assert_eq!(drop("permission denied", 1).unwrap_err().reason(), Reason::AuthNoPrivilege);
    }
}
