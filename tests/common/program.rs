//! A program of `tests/conformance`: it reads a command a line and answers with a line. `tests/conformance/README.md`
//! says how both are written.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::common;

/// A value as it stands in a line.
pub fn escape(text: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'%' | 0..0x20 | 0x7f.. => format!("%{byte:02X}"),
        _ => char::from(byte).to_string(),
    };
    text.bytes().map(escaped).collect()
}

fn unescape(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned()
}

/// An answer, taken apart.
pub struct Answer {
    pub word: String,
    pub fields: Vec<(String, String)>,
}

impl Answer {
    pub fn read(line: &str) -> Answer {
        let mut parts = line.split('\t');
        let word = parts.next().unwrap_or_default().to_owned();
        let field = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or_else(|| panic!("no field: {part:?} in {line:?}"));
            assert_eq!(value, escape(&unescape(value)), "not escaped as agreed: {line:?}");
            (name.to_owned(), unescape(value))
        };
        Answer { word, fields: parts.map(field).collect() }
    }

    pub fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|(name, _)| name.as_str()).collect()
    }

    pub fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).expect(name)
    }

    pub fn number(&self, name: &str) -> i64 {
        self.text(name).parse().expect(name)
    }
}

/// A running program.
pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Program {
    pub fn start(mut command: Command) -> Program {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program");
        let output = BufReader::new(child.stdout.take().expect("its output")).lines();
        Program { input: child.stdin.take(), child, output }
    }

    pub fn ask(&mut self, line: &str) -> Answer {
        writeln!(self.input.as_mut().expect("its input"), "{line}").expect("it listens");
        match self.output.next() {
            Some(answer) => Answer::read(&answer.expect("a line")),
            None => self.died(line),
        }
    }

    fn died(&mut self, line: &str) -> ! {
        drop(self.input.take());
        let mut said = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            let _ = std::io::Read::read_to_string(&mut errors, &mut said);
        }
        panic!("no answer to {line:?}: {:?}\n{said}", self.child.wait());
    }

    pub fn finish(mut self) {
        drop(self.input.take());
        assert_eq!(self.output.next().map(|line| line.expect("a line")), None);
        let output = self.child.wait_with_output().expect("its end");
        assert!(output.status.success(), "{}\n{}", output.status, common::text(&output));
        assert_eq!(common::text(&output), "");
    }
}
