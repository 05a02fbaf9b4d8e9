//! Answers of a server, byte by byte: a good one, and what the features of a case do to it. The verdict is whether a
//! client takes status and body as they were meant.

use crate::case::{Case, Features};
use crate::place::Role;
use crate::random::Random;

/// An answer that is put together.
pub struct Draft {
    /// What comes before.
    before: String,
    first_line: String,
    fields: Vec<String>,
    /// The last field, which tells where the body ends, if one does.
    framing: Option<String>,
    /// As it is sent.
    body: Vec<u8>,
    line_break: &'static str,
    /// What stands between the head and the body.
    head_end: &'static str,
    expected: (u16, Vec<u8>),
}

type Change = fn(&mut Draft);

const BODY: &str = "{\"answer\": 42}";

impl Draft {
    fn with_length() -> Draft {
        Draft {
            before: String::new(),
            first_line: "HTTP/1.1 200 OK".to_owned(),
            fields: Vec::new(),
            framing: Some(format!("Content-Length: {}", BODY.len())),
            body: BODY.into(),
            line_break: "\r\n",
            head_end: "\r\n",
            expected: (200, BODY.into()),
        }
    }

    fn chunked() -> Draft {
        let mut draft = Draft::with_length();
        draft.set("Transfer-Encoding: chunked");
        draft.chunks("5\r\n{\"ans\r\n9\r\nwer\": 42}\r\n0\r\n\r\n");
        draft
    }

    fn until_close() -> Draft {
        let mut draft = Draft::with_length();
        draft.framing = None;
        draft
    }

    /// Has this as the field that tells where the body ends.
    fn set(&mut self, field: &str) {
        self.framing = Some(field.to_owned());
    }

    fn add(&mut self, field: &str) {
        self.fields.push(field.to_owned());
    }

    fn chunks(&mut self, body: &str) {
        self.body = body.into();
    }

    fn status(&mut self, line: &str, status: u16) {
        self.first_line = line.to_owned();
        self.expected.0 = status;
    }

    fn without_body(&mut self) {
        self.expected.1.clear();
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = self.before.clone();
        for line in [&self.first_line].into_iter().chain(&self.fields).chain(&self.framing) {
            head.extend([line, self.line_break]);
        }
        head.push_str(self.head_end);
        [head.as_bytes(), &self.body].concat()
    }
}

/// The first lines; at most one for each case.
#[rustfmt::skip]
const FIRST_LINES: &[(&str, Change)] = &[
    ("status 201", |draft| draft.status("HTTP/1.1 201 Created", 201)),
    ("status 404", |draft| draft.status("HTTP/1.1 404 Not Found", 404)),
    ("status 500", |draft| draft.status("HTTP/1.1 500 Internal Server Error", 500)),
    ("status 503", |draft| draft.status("HTTP/1.1 503 Service Unavailable", 503)),
    ("status 599", |draft| draft.status("HTTP/1.1 599 Whatever", 599)),
    ("status 600", |draft| draft.status("HTTP/1.1 600 Whatever", 600)),
    ("status 999", |draft| draft.status("HTTP/1.1 999 Whatever", 999)),
    ("redirect", |draft| { draft.status("HTTP/1.1 302 Found", 302); draft.add("Location: /elsewhere") }),
    ("redirect without a place", |draft| draft.status("HTTP/1.1 302 Found", 302)),
    ("status of two digits", |draft| draft.status("HTTP/1.1 20 OK", 20)),
    ("status of four digits", |draft| draft.status("HTTP/1.1 2000 OK", 2000)),
    ("status that is no number", |draft| draft.status("HTTP/1.1 abc OK", 200)),
    ("status 099", |draft| draft.status("HTTP/1.1 099 Low", 99)),
    ("status 000", |draft| draft.status("HTTP/1.1 000 Nothing", 0)),
    ("no reason, with its blank", |draft| draft.status("HTTP/1.1 200 ", 200)),
    ("no reason, without its blank", |draft| draft.status("HTTP/1.1 200", 200)),
    ("two blanks before the status", |draft| draft.status("HTTP/1.1  200 OK", 200)),
    ("tab before the status", |draft| draft.status("HTTP/1.1\t200 OK", 200)),
    ("blank before the first line", |draft| draft.status(" HTTP/1.1 200 OK", 200)),
    ("reason in UTF-8", |draft| draft.status("HTTP/1.1 200 Größe", 200)),
    ("NUL in the reason", |draft| draft.status("HTTP/1.1 200 O\0K", 200)),
    ("CR in the reason", |draft| draft.status("HTTP/1.1 200 O\rK", 200)),
    ("HTTP in lower case", |draft| draft.status("http/1.1 200 OK", 200)),
    ("HTTP/1.2", |draft| draft.status("HTTP/1.2 200 OK", 200)),
    ("HTTP/2.0", |draft| draft.status("HTTP/2.0 200 OK", 200)),
    ("HTTP/2", |draft| draft.status("HTTP/2 200 OK", 200)),
    ("HTTP/3.0", |draft| draft.status("HTTP/3.0 200 OK", 200)),
    ("HTTP/1.10", |draft| draft.status("HTTP/1.10 200 OK", 200)),
    ("HTTP/01.1", |draft| draft.status("HTTP/01.1 200 OK", 200)),
    ("HTTP without a version", |draft| draft.status("HTTP 200 OK", 200)),
    ("another protocol", |draft| draft.status("ICY 200 OK", 200)),
    ("no first line", |draft| draft.status("<html>", 200)),
    ("an interim answer before", |draft| draft.before = "HTTP/1.1 100 Continue\r\n\r\n".to_owned()),
    ("early hints before", |draft| draft.before = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".to_owned()),
    ("five interim answers before", |draft| draft.before = "HTTP/1.1 102 Processing\r\n\r\n".repeat(5)),
    ("eight interim answers before", |draft| draft.before = "HTTP/1.1 102 Processing\r\n\r\n".repeat(8)),
    ("an unknown interim answer before", |draft| draft.before = "HTTP/1.1 199 Something\r\n\r\n".to_owned()),
    ("an empty line before", |draft| draft.before = "\r\n".to_owned()),
];

/// Other fields, and how lines are written; at most one for each case.
#[rustfmt::skip]
const FIELDS: &[(&str, Change)] = &[
    ("bare LF everywhere in the head", |draft| { draft.line_break = "\n"; draft.head_end = "\n" }),
    ("bare LF after each field", |draft| draft.line_break = "\n"),
    ("bare LF for the empty line", |draft| draft.head_end = "\n"),
    ("folded field", |draft| draft.add("X-Long: a\r\n b")),
    ("field folded by a tab", |draft| draft.add("X-Long: a\r\n\tb")),
    ("blank before the colon", |draft| draft.add("X-Name : a")),
    ("blank in a name", |draft| draft.add("X Name: a")),
    ("no name", |draft| draft.add(": a")),
    ("no colon", |draft| draft.add("X-Name")),
    ("no value", |draft| draft.add("X-Name:")),
    ("no blank after the colon", |draft| draft.add("X-Name:a")),
    ("tabs around a value", |draft| draft.add("X-Name:\ta\t")),
    ("letters beyond ASCII in a name", |draft| draft.add("X-Größe: a")),
    ("bracket in a name", |draft| draft.add("X[1]: a")),
    ("letters beyond ASCII in a value", |draft| draft.add("X-Name: Größe")),
    ("NUL in a value", |draft| draft.add("X-Name: a\0b")),
    ("NUL in a name", |draft| draft.add("X-\0Name: a")),
    ("CR in a value", |draft| draft.add("X-Name: a\rb")),
    ("control character in a value", |draft| draft.add("X-Name: a\u{1}b")),
    ("99 fields", |draft| (0..98).for_each(|_| draft.add("X-Name: a"))),
    ("101 fields", |draft| (0..100).for_each(|_| draft.add("X-Name: a"))),
    ("a field of 8 KiB", |draft| draft.add(&format!("X-Name: {}", "a".repeat(8192)))),
    ("a field of 20 KiB", |draft| draft.add(&format!("X-Name: {}", "a".repeat(20480)))),
    ("Connection: close", |draft| draft.add("Connection: close")),
    ("Connection: keep-alive", |draft| draft.add("Connection: keep-alive")),
    ("Content-Encoding: identity", |draft| draft.add("Content-Encoding: identity")),
    ("Content-Encoding: gzip", |draft| draft.add("Content-Encoding: gzip")),
    ("Content-Encoding of an unknown kind", |draft| draft.add("Content-Encoding: something")),
    ("two fields of one name", |draft| { draft.add("Content-Type: text/plain"); draft.add("Content-Type: text/html") }),
    ("a field in lower case", |draft| draft.add("content-type: text/plain")),
    ("Retry-After that is no number", |draft| draft.add("Retry-After: soon")),
];

/// Lengths, and what goes without; at most one for each case, which then has a length otherwise.
#[rustfmt::skip]
const LENGTHS: &[(&str, Change)] = &[
    ("HTTP/1.0", |draft| draft.status("HTTP/1.0 200 OK", 200)),
    ("HTTP/0.9", |draft| draft.status("HTTP/0.9 200 OK", 200)),
    ("status 204", |draft| { draft.status("HTTP/1.1 204 No Content", 204); draft.without_body() }),
    ("status 304", |draft| { draft.status("HTTP/1.1 304 Not Modified", 304); draft.without_body() }),
    ("bare CR after each field", |draft| draft.line_break = "\r"),
    ("length 0", |draft| { draft.set("Content-Length: 0"); draft.body.clear(); draft.without_body() }),
    ("length too great", |draft| draft.set("Content-Length: 20")),
    ("length too small", |draft| { draft.set("Content-Length: 5"); draft.expected.1.truncate(5) }),
    ("length twice, the same", |draft| draft.add("Content-Length: 14")),
    ("length twice, different", |draft| draft.add("Content-Length: 5")),
    ("length twice in one field", |draft| draft.set("Content-Length: 14, 14")),
    ("length with leading zeros", |draft| draft.set("Content-Length: 0014")),
    ("length with plus", |draft| draft.set("Content-Length: +14")),
    ("length with minus", |draft| draft.set("Content-Length: -14")),
    ("length in hexadecimal", |draft| draft.set("Content-Length: 0x0e")),
    ("length with a fraction", |draft| draft.set("Content-Length: 14.0")),
    ("length with words", |draft| draft.set("Content-Length: 14 bytes")),
    ("length that is no number", |draft| draft.set("Content-Length: many")),
    ("length without a value", |draft| draft.set("Content-Length:")),
    ("length between blanks", |draft| draft.set("Content-Length:   14  ")),
    ("length of 2 to the 64th", |draft| draft.set("Content-Length: 18446744073709551616")),
    ("length of 2 to the 62nd", |draft| draft.set("Content-Length: 4611686018427387904")),
    ("length in lower case", |draft| draft.set("content-length: 14")),
    ("length beside identity", |draft| draft.add("Transfer-Encoding: identity")),
];

/// Chunks, and versions without; at most one for each case, which then has chunks otherwise.
#[rustfmt::skip]
const CHUNKS: &[(&str, Change)] = &[
    ("chunks in HTTP/1.0", |draft| draft.status("HTTP/1.0 200 OK", 200)),
    ("chunks in HTTP/0.9", |draft| draft.status("HTTP/0.9 200 OK", 200)),
    ("chunks, no end", |draft| draft.chunks("e\r\n{\"answer\": 42}\r\n")),
    ("chunks, cut in a chunk", |draft| draft.chunks("e\r\n{\"answer")),
    ("chunks, cut in a size", |draft| draft.chunks("e\r\n{\"answer\": 42}\r\n0")),
    ("chunks, no line break after the last", |draft| draft.chunks("e\r\n{\"answer\": 42}\r\n0\r\n")),
    ("chunks, size in upper case", |draft| draft.chunks("E\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, size with leading zeros", |draft| draft.chunks("000e\r\n{\"answer\": 42}\r\n000\r\n\r\n")),
    ("chunks, size of 20 digits", |draft| draft.chunks("0000000000000000000e\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, size with 0x", |draft| draft.chunks("0xe\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, size with plus", |draft| draft.chunks("+e\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, size with minus", |draft| draft.chunks("-e\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, size behind a blank", |draft| draft.chunks(" e\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, size before a blank", |draft| draft.chunks("e \r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, size before a tab", |draft| draft.chunks("e\t\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, size missing", |draft| draft.chunks("\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, size that is no number", |draft| draft.chunks("xyz\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, extension", |draft| draft.chunks("e;name=value\r\n{\"answer\": 42}\r\n0;last\r\n\r\n")),
    ("chunks, extension in quotes", |draft| draft.chunks("e;name=\"a;b\"\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, extension behind a blank", |draft| draft.chunks("e ; name\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, words behind the size", |draft| draft.chunks("e bytes\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, bare LF after sizes", |draft| draft.chunks("e\n{\"answer\": 42}\r\n0\n\r\n")),
    ("chunks, bare LF after data", |draft| draft.chunks("e\r\n{\"answer\": 42}\n0\r\n\r\n")),
    ("chunks, bare LF everywhere", |draft| draft.chunks("e\n{\"answer\": 42}\n0\n\n")),
    ("chunks, nothing after data", |draft| draft.chunks("e\r\n{\"answer\": 42}0\r\n\r\n")),
    ("chunks, words after data", |draft| draft.chunks("5\r\n{\"answer\": 42}\r\n0\r\n\r\n")),
    ("chunks, trailer", |draft| draft.chunks("e\r\n{\"answer\": 42}\r\n0\r\nX-Name: a\r\n\r\n")),
    ("chunks, trailer that is none", |draft| draft.chunks("e\r\n{\"answer\": 42}\r\n0\r\nno colon\r\n\r\n")),
    ("chunks, trailer with a length", |draft| draft.chunks("e\r\n{\"answer\": 42}\r\n0\r\nContent-Length: 1\r\n\r\n")),
    ("chunks, more behind the end", |draft| draft.chunks("e\r\n{\"answer\": 42}\r\n0\r\n\r\nmore")),
    ("chunks, none", |draft| { draft.chunks("0\r\n\r\n"); draft.without_body() }),
    ("chunks that are none", |draft| draft.body = BODY.into()),
    ("chunks beside a length", |draft| draft.add("Content-Length: 14")),
    ("chunks in upper case", |draft| draft.set("Transfer-Encoding: CHUNKED")),
    ("chunks twice in one field", |draft| draft.set("Transfer-Encoding: chunked, chunked")),
    ("chunks in two fields", |draft| draft.add("Transfer-Encoding: chunked")),
    ("chunks after identity", |draft| draft.set("Transfer-Encoding: identity, chunked")),
    ("chunks in quotes", |draft| draft.set("Transfer-Encoding: \"chunked\"")),
    ("chunks with a parameter", |draft| draft.set("Transfer-Encoding: chunked;q=1")),
    ("a coding of an unknown kind", |draft| draft.set("Transfer-Encoding: something")),
    ("a coding without a value", |draft| draft.set("Transfer-Encoding:")),
];

/// What makes a case of a kind.
type Kind = (fn() -> Draft, &'static [(&'static str, Change)]);

const KINDS: [Kind; 3] =
    [(Draft::with_length, LENGTHS), (Draft::chunked, CHUNKS), (Draft::until_close, &[("until the end", |_| ())])];

pub fn case(random: &mut Random) -> Case {
    let (draft, of_body) = *random.pick(&[KINDS[0], KINDS[0], KINDS[0], KINDS[1], KINDS[1], KINDS[1], KINDS[2]]);
    let mut draft = draft();
    let mut features = Features::default();
    let mut groups = vec![*random.pick(&[of_body, of_body, FIRST_LINES]), FIELDS];
    for _ in 0..*random.pick(&[0, 1, 1, 1, 1, 1, 1, 1, 2, 2]) {
        let group = groups.remove(random.below(groups.len()));
        let (feature, change) = random.pick(group);
        change(&mut draft);
        features.push(feature);
    }
    let bytes = draft.bytes();
    Case {
        features,
        url: "http://db.example.com:14240/".to_owned(),
        shown: String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]).escape_debug().to_string(),
        role: Role { shown: None, answer: bytes },
        ca: None,
        variables: None,
        expected: draft.expected,
    }
}
