//! Files of variables, `.env`: read by explicit path only, as python-dotenv reads them, which TigerGraph's own tools
//! use, but without expansion. What may have been meant as something else is refused: `${`, text behind a closing quotation
//! mark, and, of our own variables, a value that begins with `#` and a name in double quotes.
//!
//! No crate is used for it: dotenvy, the usual one, expands `$NAME`, also inside of a password.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::config::credential::Place;
use crate::config::table::is_variable;
use crate::error;
use crate::hidden::Wiped;
use crate::platform::secret_file::Refusal;

/// The setting that names such a file, as errors have it.
const SETTING: &str = "env_file";

/// The variables of a file, as they were when it was read.
#[derive(Clone)]
pub struct EnvFile {
    /// Its path.
    pub path: Arc<str>,
    /// What is to be told of it although it is used.
    pub caution: Option<String>,
    variables: Arc<[Variable]>,
}

/// The value is wiped when it is dropped.
#[derive(Debug, PartialEq, Eq)]
struct Variable {
    name: String,
    value: Wiped<String>,
}

impl EnvFile {
    /// Reads a file; what comes through a pipe within this time. With a credential in it, which `is_credential` tells
    /// by a variable's name and value, the rules for files with credentials hold. Without one it may be readable by
    /// everybody, but nobody else may be able to change it.
    pub fn read(path: &str, limit: Duration, is_credential: impl Fn(&str, &str) -> bool) -> error::Result<EnvFile> {
        let place = Place::new(SETTING, path);
        let (content, caution, refusal) = match place.try_open() {
            Ok(opened) => {
                let caution = opened.caution.as_ref().map(|caution| place.caution(caution));
                (place.content(&opened, limit)?, caution, None)
            }
            Err((refusal @ (Refusal::OpenTo(_) | Refusal::OtherOwner), remedy)) => {
                (place.content_open_to_readers()?, None, Some(place.refusal(&refusal, &remedy)))
            }
            Err((refusal, remedy)) => return Err(place.refusal(&refusal, &remedy)),
        };
        let file = EnvFile::of(path, &content)?;
        match (refusal, file.variables.iter().any(|variable| is_credential(&variable.name, &variable.value))) {
            (Some(error), true) => Err(error),
            (_, has_credential) => Ok(EnvFile { caution: caution.filter(|_| has_credential), ..file }),
        }
    }

    /// The variables of a file that has this content; its path is for what is said of it.
    pub fn of(path: &str, content: &str) -> error::Result<EnvFile> {
        let variables = parse(content).map_err(|wrong| Place::new(SETTING, path).refused(wrong).with_hint(HINT))?;
        Ok(EnvFile { path: path.into(), caution: None, variables: variables.into() })
    }

    /// What the file says last for this name.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().rev().find(|variable| variable.name == name);
        found.map(|variable| variable.value.as_str())
    }
}

/// A line that is not used, by its number, and what about it. Tells nothing of what the line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wrong {
    line: usize,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    NoValue,
    NoEnd,
    AfterQuote,
    Expansion,
    NumberSign,
    QuotedName,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::NoValue => "is neither NAME=value nor a comment",
            What::NoEnd => "begins a quoted value without an end",
            What::AfterQuote => "goes on after the closing quotation mark",
            What::Expansion => "holds ${ outside of single quotes; nothing is expanded here",
            What::NumberSign => "has a value that begins with #, which some readers take for a comment",
            What::QuotedName => "has its name in double quotes, which some readers take for a part of the name",
        };
        write!(f, "cannot be used: line {} {what}", self.line)
    }
}

/// What to do about it.
const HINT: &str = "Write NAME=value; put a value that holds quotation marks, # or ${ in single quotes.";

/// What is left of a file while it is read.
struct Reader<'a> {
    rest: &'a str,
}

fn parse(text: &str) -> Result<Vec<Variable>, Wrong> {
    // Windows writes a byte order mark.
    let whole = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { rest: whole };
    let mut variables = Vec::new();
    loop {
        reader.rest = reader.rest.trim_start();
        if reader.rest.is_empty() {
            return Ok(variables);
        }
        // An error is about the line on which a variable begins. Lines are counted for that alone.
        let before = &whole[..whole.len() - reader.rest.len()];
        let wrong = |what| Wrong { line: 1 + before.matches('\n').count(), what };
        variables.extend(reader.statement().map_err(wrong)?);
    }
}

impl<'a> Reader<'a> {
    /// Takes what comes before the first character that is none of these.
    fn take(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn skip_blanks(&mut self) -> bool {
        !self.take(|c| c.is_whitespace() && !is_break(c)).is_empty()
    }

    fn skip_line(&mut self) {
        self.take(|c| !is_break(c));
    }

    /// A comment, or a variable; a name without a value is none.
    fn statement(&mut self) -> Result<Option<Variable>, What> {
        if self.rest.starts_with('#') {
            self.skip_line();
            return Ok(None);
        }
        let is_quoted = self.rest.starts_with('\'');
        let mut name = self.name()?;
        if self.skip_blanks() && name == "export" && !is_quoted && !self.rest.starts_with('=') {
            name = self.name()?;
            self.skip_blanks();
        }
        let Some(rest) = self.rest.strip_prefix('=') else {
            return self.end_of_line(What::NoValue).map(|()| None);
        };
        if name.is_empty() {
            return Err(What::NoValue);
        }
        self.rest = rest;
        let has_blank = self.skip_blanks();
        let value = match self.rest.chars().next() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote)?,
            // Those who read this as a comment are many more than those who do not.
            Some('#') if has_blank => Wiped::default(),
            // What others write for themselves is their own affair.
            Some('#') if is_variable(name) => return Err(What::NumberSign),
            _ => return self.unquoted().map(|value| Some(Variable { name: name.to_owned(), value })),
        };
        self.end_of_line(What::AfterQuote)?;
        Ok(Some(Variable { name: name.to_owned(), value }))
    }

    /// A name, which may be in single quotes. Where one of ours would be missed, as with both name and value between
    /// quotation marks, it is refused.
    fn name(&mut self) -> Result<&'a str, What> {
        let Some(rest) = self.rest.strip_prefix('\'') else {
            let name = self.take(|c| !c.is_whitespace() && c != '=' && c != '#');
            return plain_name(name);
        };
        let end = rest.find(|c| c == '\'' || is_break(c)).filter(|&end| end > 0 && rest[end..].starts_with('\''));
        let (name, rest) = rest.split_at(end.ok_or(What::NoValue)?);
        self.rest = &rest[1..];
        match name.split_once('=') {
            Some((name, _)) if is_variable(name.trim()) => Err(What::NoValue),
            _ => plain_name(name),
        }
    }

    /// Nothing but a comment may follow.
    fn end_of_line(&mut self, otherwise: What) -> Result<(), What> {
        self.skip_blanks();
        match self.rest.chars().next() {
            Some(c) if !is_break(c) && c != '#' => Err(otherwise),
            _ => {
                self.skip_line();
                Ok(())
            }
        }
    }

    /// To the end of the line, or to a comment: # after a blank.
    fn unquoted(&mut self) -> Result<Wiped<String>, What> {
        let line = self.take(|c| !is_break(c));
        let comment = line.char_indices().find(|&(at, c)| c == '#' && line[..at].ends_with(char::is_whitespace));
        let value = line[..comment.map_or(line.len(), |(at, _)| at)].trim_end();
        if value.contains("${") {
            return Err(What::Expansion);
        }
        Ok(Wiped::new(value.to_owned()))
    }

    /// To the closing quotation mark, which may be on another line.
    fn quoted(&mut self, quote: char) -> Result<Wiped<String>, What> {
        // In one piece, which leaves no copies.
        let mut value = Wiped::new(String::with_capacity(self.rest.len()));
        let mut left = self.rest[1..].chars();
        while let Some(c) = left.next() {
            match c {
                _ if c == quote => {
                    self.rest = left.as_str();
                    return Ok(value);
                }
                '\\' => {
                    let next = left.clone().next();
                    match next.and_then(|next| unescaped(next, quote)) {
                        Some(meant) => {
                            value.push(meant);
                            left.next();
                        }
                        None => value.push(c),
                    }
                }
                '$' if quote == '"' && left.as_str().starts_with('{') => return Err(What::Expansion),
                _ => value.push(c),
            }
        }
        Err(What::NoEnd)
    }
}

fn plain_name(name: &str) -> Result<&str, What> {
    let is_of_quoted = name.contains('"') && is_variable(name.trim_matches('"'));
    if is_of_quoted { Err(What::QuotedName) } else { Ok(name) }
}

/// What a backslash and this character stand for between such quotation marks; `None`: for both of them.
fn unescaped(c: char, quote: char) -> Option<char> {
    match (c, quote) {
        ('\\' | '\'', _) | ('"', '"') => Some(c),
        ('n', '"') => Some('\n'),
        ('r', '"') => Some('\r'),
        ('t', '"') => Some('\t'),
        ('a', '"') => Some('\x07'),
        ('b', '"') => Some('\x08'),
        ('f', '"') => Some('\x0c'),
        ('v', '"') => Some('\x0b'),
        _ => None,
    }
}

fn is_break(c: char) -> bool {
    c == '\n' || c == '\r'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, Wrong> {
        let plain = |variable: Variable| (variable.name.clone(), variable.value.to_string());
        parse(text).map(|variables| variables.into_iter().map(plain).collect())
    }

    #[test]
    fn values_are_what_other_readers_make_of_them() {
        let table: &[(&str, &[(&str, &str)])] = &[
            ("", &[]),
            ("\n# comment\n  # another\n\n", &[]),
            ("A=b", &[("A", "b")]),
            ("A=b\r\nC=d\r\n", &[("A", "b"), ("C", "d")]),
            ("\u{feff}A=b", &[("A", "b")]),
            ("export A=b\n\texport\tC = d ", &[("A", "b"), ("C", "d")]),
            ("export=b", &[("export", "b")]),
            ("export = b", &[("export", "b")]),
            ("A\nexport B\nC # nothing", &[]),
            ("A=", &[("A", "")]),
            ("A= \nB=c", &[("A", ""), ("B", "c")]),
            ("A= # comment", &[("A", "")]),
            ("A=b # comment", &[("A", "b")]),
            ("A=b\t#comment", &[("A", "b")]),
            ("A=b#c", &[("A", "b#c")]),
            ("A=b c", &[("A", "b c")]),
            ("A=b=c==", &[("A", "b=c==")]),
            ("A=b'c\"d\\n", &[("A", "b'c\"d\\n")]),
            ("A=$b$", &[("A", "$b$")]),
            ("A='b # ${c}' # d", &[("A", "b # ${c}")]),
            (r"A='b\'c\\d\n'", &[("A", r"b'c\d\n")]),
            (r#"A="b\"c\\d\ne\t\'\q" # f"#, &[("A", "b\"c\\d\ne\t'\\q")]),
            ("A=\"b\nc\"\nD=e", &[("A", "b\nc"), ("D", "e")]),
            ("A=\"$b\"", &[("A", "$b")]),
            ("MY-PROD_TG_HOST=h", &[("MY-PROD_TG_HOST", "h")]),
            ("A=b\nA=c", &[("A", "b"), ("A", "c")]),
            ("COLOR=#ff0000\nTG_SECRET=b", &[("COLOR", "#ff0000"), ("TG_SECRET", "b")]),
            ("X_COLOR=#a #b\nTG_HOSTS=#", &[("X_COLOR", "#a"), ("TG_HOSTS", "#")]),
            ("'TG_SECRET'=b", &[("TG_SECRET", "b")]),
            ("export 'X_TG_SECRET' = 'b' # c", &[("X_TG_SECRET", "b")]),
            ("'A b=#'=c\n'export'=d\n'B'", &[("A b=#", "c"), ("export", "d")]),
            ("\"A\"=b\nA'B'=c", &[("\"A\"", "b"), ("A'B'", "c")]),
        ];
        for (text, expected) in table {
            let expected: Vec<_> = expected.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
            assert_eq!(read(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn lines_without_one_meaning_are_refused_by_their_number() {
        let table = [
            ("A b", 1, What::NoValue),
            ("A=b\n\n=c", 3, What::NoValue),
            ("A=b\n{\"C\": 1}", 2, What::NoValue),
            ("A='b", 1, What::NoEnd),
            ("A=\"b\\\"", 1, What::NoEnd),
            ("A='b'c", 1, What::AfterQuote),
            ("A=\"b\" c", 1, What::AfterQuote),
            ("A=b${C}", 1, What::Expansion),
            ("\n\nA=\"b\n${C}\"", 3, What::Expansion),
            ("\nCOLOR=#${A}", 2, What::Expansion),
            ("TG_PASSWORD=#b", 1, What::NumberSign),
            ("A=#b\nMY-PROD_TG_SECRET=#b", 2, What::NumberSign),
            ("'TG_PROFILE'=#b", 1, What::NumberSign),
            ("\"TG_SECRET\"=b", 1, What::QuotedName),
            ("export \"X_TG_SECRET\" = b", 1, What::QuotedName),
            ("\"TG_SECRET=b\"", 1, What::QuotedName),
            ("'\"TG_SECRET\"'=b", 1, What::QuotedName),
            ("'TG_SECRET=b'", 1, What::NoValue),
            ("export 'TG_SECRET = b'", 1, What::NoValue),
            ("''=b", 1, What::NoValue),
            ("'A=b\nC'=d", 1, What::NoValue),
            ("'export' A=b", 1, What::NoValue),
            ("'A'B=c", 1, What::NoValue),
        ];
        for (text, line, what) in table {
            assert_eq!(read(text), Err(Wrong { line, what }), "{text:?}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn every_value_can_be_written_in_single_quotes(value in ".*", after in "[ \t]*(#[^\r\n]*)?") {
            let written = value.replace('\\', "\\\\").replace('\'', "\\'");
            let text = format!("A=b\nTG_PASSWORD='{written}'{after}\nC=d");
            let expected = [("A", "b"), ("TG_PASSWORD", value.as_str()), ("C", "d")];
            let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            proptest::prop_assert_eq!(read(&text), Ok(expected));
        }

        #[test]
        fn no_text_does_harm(text in "(export |TG_A|=|'|\"|\\\\|[$]|[{]|#| |\n|\r|\u{feff}|\u{a0}|x)*") {
            let lines = 1 + text.matches('\n').count();
            if let Err(wrong) = read(&text) {
                proptest::prop_assert!((1..=lines).contains(&wrong.line));
            }
        }
    }
}
