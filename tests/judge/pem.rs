//! Files for the setting of the CA: one good certificate, and what the features of a case do to the file. The verdict
//! is whether a client connects by it.

use std::sync::Arc;

use rustls::sign::CertifiedKey;

use crate::case::{Case, Features, to_pem};
use crate::certificates::{HOST, Keys, plain, stranger};
use crate::place::{PLAIN, Role};
use crate::random::Random;

/// A file, and the certificates to make it of.
pub struct Draft {
    file: Vec<u8>,
    root: Vec<u8>,
    other_pem: String,
    key_pem: String,
    /// Whether it is not to be put into another form as well, because it would depend on what that form does to which part.
    is_whole: bool,
}

type Change = fn(&mut Draft);

impl Draft {
    /// The file's text, changed.
    fn text(&mut self, change: impl Fn(&str) -> String) {
        self.file = change(&String::from_utf8_lossy(&self.file)).into_bytes();
    }

    fn before(&mut self, text: &str) {
        self.file.splice(0..0, text.bytes());
    }

    fn behind(&mut self, text: &str) {
        self.file.extend_from_slice(text.as_bytes());
    }

    fn beside_other(&mut self, put: impl Fn(&str, &str) -> String) {
        let other = self.other_pem.clone();
        self.text(|own| put(own, &other));
    }
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// No certificate, though its Base64 is good.
const JUNK: &[u8] = b"These bytes are no certificate, and were never meant to be one.";

/// What is in the file; at most one for each case.
#[rustfmt::skip]
const CONTENTS: [(&str, Change); 21] = [
    ("another certificate before", |draft| draft.beside_other(|own, other| format!("{other}{own}"))),
    ("another certificate behind", |draft| draft.beside_other(|own, other| format!("{own}{other}"))),
    ("certificate twice", |draft| draft.text(|own| own.repeat(2))),
    ("certificates without a line break between", |draft| draft.beside_other(|own, other| format!("{}{own}", other.trim_end()))),
    ("certificates without a line break between, the right one first", |draft| draft.beside_other(|own, other| format!("{}{other}", own.trim_end()))),
    ("key before", |draft| draft.before(&draft.key_pem.clone())),
    ("key behind", |draft| draft.behind(&draft.key_pem.clone())),
    ("request before", |draft| draft.before(&to_pem("CERTIFICATE REQUEST", JUNK))),
    ("parameters before", |draft| draft.before(&to_pem("EC PARAMETERS", &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]))),
    ("section of an unknown kind before", |draft| draft.before(&to_pem("SOMETHING ELSE", JUNK))),
    ("what is no certificate before", |draft| { draft.before(&to_pem("CERTIFICATE", JUNK)); draft.is_whole = true }),
    ("what is no certificate behind", |draft| { draft.behind(&to_pem("CERTIFICATE", JUNK)); draft.is_whole = true }),
    ("cut off certificate before", |draft| { draft.beside_other(|own, other| format!("{}\n{own}", &other[..other.len() / 2])); draft.is_whole = true }),
    ("cut off certificate behind", |draft| { draft.beside_other(|own, other| format!("{own}{}", &other[..other.len() / 2])); draft.is_whole = true }),
    ("a key alone", |draft| draft.file = draft.key_pem.clone().into_bytes()),
    ("another certificate alone", |draft| draft.file = draft.other_pem.clone().into_bytes()),
    ("empty", |draft| draft.file.clear()),
    ("words alone", |draft| draft.file = b"no certificate at all\n".to_vec()),
    ("DER", |draft| { draft.file = draft.root.clone(); draft.is_whole = true }),
    ("DER with something behind", |draft| { draft.file = [&draft.root[..], b"\0\0"].concat(); draft.is_whole = true }),
    ("a certificate of something else", |draft| draft.text(|own| own.replace("CERTIFICATE", "CERTIFICATE REQUEST"))),
];

/// How it is written; at most one for each case.
#[rustfmt::skip]
const FORMS: [(&str, Change); 34] = [
    ("CRLF", |draft| draft.text(|own| own.replace('\n', "\r\n"))),
    ("CR", |draft| draft.text(|own| own.replace('\n', "\r"))),
    ("no line break at the end", |draft| draft.text(|own| own.trim_end().to_owned())),
    ("byte order mark", |draft| draft.before("\u{feff}")),
    ("UTF-16, little end first", |draft| draft.file = utf16(&draft.file, u16::to_le_bytes)),
    ("UTF-16, big end first", |draft| draft.file = utf16(&draft.file, u16::to_be_bytes)),
    ("blank lines before", |draft| draft.before("\n\n")),
    ("blank lines behind", |draft| draft.behind("\n\n")),
    ("blanks before each line", |draft| draft.text(|own| own.lines().map(|line| format!("    {line}\n")).collect())),
    ("blanks behind each line", |draft| draft.text(|own| own.lines().map(|line| format!("{line}  \n")).collect())),
    ("a blank before the first line", |draft| draft.before(" ")),
    ("text before", |draft| draft.before("Subject: CN=root\nIssuer: CN=root\n")),
    ("text before in the same line", |draft| draft.before("root: ")),
    ("text behind", |draft| draft.behind("that was all\n")),
    ("comment before", |draft| draft.before("# the authority\n")),
    ("letters beyond ASCII before", |draft| draft.before("Größe\n")),
    ("letters in Latin-1 before", |draft| { draft.file.splice(0..0, *b"Gr\xf6\xdfe\n"); }),
    ("NUL before", |draft| draft.before("\0\n")),
    ("label TRUSTED CERTIFICATE", |draft| draft.text(|own| own.replace("CERTIFICATE", "TRUSTED CERTIFICATE"))),
    ("label X509 CERTIFICATE", |draft| draft.text(|own| own.replace("CERTIFICATE", "X509 CERTIFICATE"))),
    ("label in lower case", |draft| draft.text(|own| own.replace("CERTIFICATE", "certificate"))),
    ("four dashes", |draft| draft.text(|own| own.replace("-----", "----"))),
    ("six dashes", |draft| draft.text(|own| own.replace("-----", "------"))),
    ("a line of Base64", |draft| draft.text(|own| in_lines(own, usize::MAX))),
    ("lines of 76", |draft| draft.text(|own| in_lines(own, 76))),
    ("lines of 10", |draft| draft.text(|own| in_lines(own, 10))),
    ("a single line", |draft| draft.text(|own| own.replace('\n', " "))),
    ("a blank line in the Base64", |draft| draft.text(|own| own.replacen('\n', "\n\n", 2))),
    ("a comment in the Base64", |draft| draft.text(|own| own.replace(&format!("{BEGIN}\n"), &format!("{BEGIN}\n# Base64\n")))),
    ("a field before the Base64", |draft| draft.text(|own| own.replace(&format!("{BEGIN}\n"), &format!("{BEGIN}\nComment: the authority\n\n")))),
    ("a letter that Base64 has not", |draft| draft.text(|own| own.replacen("\nMII", "\nM!I", 1).replacen("\nMIIB", "\nM!IB", 1))),
    ("padding too much", |draft| draft.text(|own| own.replace(&format!("\n{END}"), &format!("=\n{END}")))),
    ("no end line", |draft| draft.text(|own| own.replace(END, ""))),
    ("no begin line", |draft| draft.text(|own| own.replace(BEGIN, ""))),
];

fn utf16(text: &[u8], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
}

/// Base64 in lines of this length.
fn in_lines(pem: &str, length: usize) -> String {
    let (mut text, mut body) = (String::new(), String::new());
    for line in pem.lines() {
        if !line.starts_with('-') {
            body.push_str(line);
            continue;
        }
        let lines = body.as_bytes().chunks(length.min(body.len()).max(1));
        lines.for_each(|line| text.extend([&String::from_utf8_lossy(line), "\n"]));
        body.clear();
        text.extend([line, "\n"]);
    }
    text
}

pub struct Pem {
    root: Vec<u8>,
    shown: Arc<CertifiedKey>,
    other: Vec<u8>,
    /// Of the server.
    key_pem: String,
}

impl Pem {
    pub fn make(keys: &Keys) -> Pem {
        let (root, shown) = plain(keys);
        Pem {
            root: root.to_vec(),
            shown,
            other: stranger(keys, "another").to_vec(),
            key_pem: keys.leaf().serialize_pem(),
        }
    }

    pub fn case(&self, random: &mut Random) -> Case {
        let pem = |der| to_pem("CERTIFICATE", der);
        let (file, other_pem) = (pem(&self.root).into_bytes(), pem(&self.other));
        let mut draft =
            Draft { file, root: self.root.clone(), other_pem, key_pem: self.key_pem.clone(), is_whole: false };
        let mut features = Features::default();
        let (with_content, with_form) = *random.pick(&[(true, false), (false, true), (false, true), (true, true)]);
        let mut change = |(feature, change): &(&'static str, Change)| {
            if !draft.is_whole {
                change(&mut draft);
                features.push(feature);
            }
        };
        if with_content {
            change(random.pick(&CONTENTS));
        }
        if with_form {
            change(random.pick(&FORMS));
        }
        Case {
            features,
            url: format!("https://{HOST}:14240/"),
            role: Role { shown: Some(self.shown.clone()), answer: PLAIN.to_vec() },
            shown: String::from_utf8_lossy(&draft.file).into_owned(),
            ca: Some(draft.file),
            variables: None,
            expected: (200, b"{}".to_vec()),
        }
    }
}
