//! Hiding and wiping of credentials.
//!
//! [`Hidden`] is the only type that keeps a credential; [`Redactor`] cleans what a server wrote
//! before any of it becomes part of an error or a log line.

use std::cell::{OnceCell, RefCell};
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64_URL};

use crate::hidden::{Hidden, Reveal, Wiped, pair};
use crate::protocol::endpoint::encode;
use crate::protocol::spelling::{decoded, each_spelling, is_invisible};

/// At most this much of a server's own message enters an error.
const MESSAGE_LIMIT: usize = 256;
/// No more of it is looked at: cleaning takes time, and a server may send a megabyte.
const LOOKED_AT: usize = 4096;
/// A run of this many token characters is taken for a credential.
const LONG_RUN: usize = 20;
/// A piece of a known credential of this length is already too much.
const PIECE: usize = 8;

/// Cleans a server's message: control characters, known credentials and what looks like one.
pub struct Redactor<'a> {
    known: Vec<ToHide<'a>>,
    /// Their forms, from the first message on: a failure is told by more than one.
    forms: OnceCell<Forms>,
    /// Those that came to it later.
    added: RefCell<Vec<Arc<dyn Reveal>>>,
    allowed: &'a [&'a str],
    graph: Option<&'a str>,
    users: [Option<&'a str>; 2],
}

/// A credential of a call, wherever it is kept. Its forms are made when there is something to clean, because
/// most calls have nothing.
pub enum ToHide<'a> {
    /// Given with the call, or a setting.
    Given(&'a str),
    /// The connection's own: its login, which a file may hold, or its token.
    Own(Arc<dyn Reveal>),
    /// User and password together, as they are sent.
    Pair(&'a str, Arc<Hidden>),
}

impl ToHide<'_> {
    /// The forms in which it may come back.
    fn forms(&self) -> Vec<Wiped<Vec<u8>>> {
        match self {
            ToHide::Given(text) => encodings(text),
            ToHide::Own(credential) => encodings(credential.reveal()),
            ToHide::Pair(user, password) => vec![Wiped::new(pair(user, password.reveal()).as_bytes().to_vec())],
        }
    }
}

impl<'a> Redactor<'a> {
    /// `known` are the credentials of this call, `allowed` the names it used, which may be shown.
    pub fn new(known: Vec<ToHide<'a>>, allowed: &'a [&'a str]) -> Redactor<'a> {
        Redactor { known, forms: OnceCell::new(), added: RefCell::default(), allowed, graph: None, users: [None; 2] }
    }

    /// The same for a call that is about this graph, whose name may be shown as well.
    pub fn with_graph(self, graph: Option<&'a str>) -> Redactor<'a> {
        Redactor { graph, ..self }
    }

    /// The same for a call that names these users, whose names are shown only as other words are.
    pub fn with_users(self, users: [Option<&'a str>; 2]) -> Redactor<'a> {
        Redactor { users, ..self }
    }

    /// The names that the call used, and that may be shown.
    fn names(&self) -> impl Iterator<Item = &'a str> {
        self.allowed.iter().copied().chain(self.graph)
    }

    /// The text without those names of the call that are to go, where they stand as words: they may be any.
    pub fn without_names(&self, text: &str, goes: impl Fn(&str) -> bool) -> Wiped<String> {
        let names = self.names().chain(self.users.into_iter().flatten());
        let names = names.filter(|name| !name.is_empty() && text.contains(name) && goes(name));
        names.fold(Wiped::new(text.to_owned()), |left, name| without_word(&left, name))
    }

    /// One more credential of this call.
    pub fn add(&self, credential: Arc<dyn Reveal>) {
        self.added.borrow_mut().push(credential);
    }

    /// The message as it may be shown: at most 256 bytes, without controls, without credentials.
    pub fn clean(&self, message: &str) -> String {
        // What nobody sees goes last: it may stand within a credential, which is hidden with it.
        let text = self.hide_known(beginning(message));
        let text = Wiped::new(without_controls(&text));
        let text = Wiped::new(self.hide_long_runs(&text));
        cut(&text)
    }

    /// The text without the credentials of the call, however they are spelled, and whole otherwise.
    pub fn hide_known(&self, text: &str) -> Wiped<String> {
        let mut hidden = vec![false; text.len()];
        let known = self.forms.get_or_init(|| Forms::of(self.known.iter().flat_map(ToHide::forms)));
        let added = Forms::of(self.added.borrow().iter().flat_map(|credential| encodings(credential.reveal())));
        each_spelling(text, |spelling| {
            for forms in [known, &added] {
                forms.each_in(&spelling.bytes, |found| hidden[spelling.place(found)].fill(true));
            }
        });
        without(text, &hidden)
    }

    /// Hides JWTs and every run of 20 or more token characters that is not a name of this call.
    fn hide_long_runs(&self, text: &str) -> String {
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
        let shown = self.names().any(|name| word.trim_matches('.') == name);
        if shown || (longest < LONG_RUN && !looks_like_jwt(word)) {
            out.push_str(word);
        } else {
            out.push_str(&format!("<redacted:{}>", word.len()));
        }
    }
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// The text without this word, wherever it stands alone.
fn without_word(text: &str, word: &str) -> Wiped<String> {
    let mut left = Wiped::new(String::with_capacity(text.len()));
    let mut start = 0;
    let is_part = |neighbour: Option<char>| neighbour.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
    for (at, found) in text.match_indices(word) {
        let end = at + found.len();
        if !is_part(text[..at].chars().next_back()) && !is_part(text[end..].chars().next()) {
            left.push_str(&text[start..at]);
            start = end;
        }
    }
    left.push_str(&text[start..]);
    left
}

/// As much of a message as is looked at, without the start of a word that is too short to tell what it is.
fn beginning(message: &str) -> &str {
    if message.len() <= LOOKED_AT {
        return message;
    }
    let end = (0..=LOOKED_AT).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
    let start = message[..end].rfind(|c| !is_token_char(c)).map_or(0, |last| last + 1);
    let word = message.get(start..end).unwrap_or_default();
    if word.len() < LONG_RUN { &message[..end - word.len()] } else { &message[..end] }
}

fn looks_like_jwt(word: &str) -> bool {
    word.starts_with("eyJ") && word.matches('.').count() >= 1
}

/// The forms in which a credential may come back beside the spellings of a text: as it is, with its own encodings
/// undone as those of the text are, as a form sends it, and in Base64.
fn encodings(text: &str) -> Vec<Wiped<Vec<u8>>> {
    if text.is_empty() {
        return Vec::new();
    }
    let percent = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    // A text can always be written as JSON.
    let json = Wiped::new(serde_json::to_string(text).unwrap_or_default());
    let forms = [
        Wiped::new(text.as_bytes().to_vec()),
        decoded(text),
        // Eight bytes of an encoded form are hidden as well, although they stand for fewer of the credential.
        Wiped::new(percent.to_ascii_lowercase().into_bytes()),
        Wiped::new(percent.into_bytes()),
        Wiped::new(encode(text).into_bytes()),
        Wiped::new(json.trim_matches('"').as_bytes().to_vec()),
        Wiped::new(text.replace(' ', "+").into_bytes()),
        Wiped::new(BASE64.encode(text).into_bytes()),
        Wiped::new(BASE64_URL.encode(text).into_bytes()),
    ];
    let mut seen: Vec<Wiped<Vec<u8>>> = Vec::new();
    for form in forms {
        if !form.is_empty() && !seen.contains(&form) {
            seen.push(form);
        }
    }
    seen
}

/// The text with the hidden bytes of it replaced by how many they are. A character is hidden whole.
fn without(text: &str, hidden: &[bool]) -> Wiped<String> {
    let mut out = Wiped::new(String::with_capacity(text.len()));
    let mut run = 0;
    let end_run = |out: &mut String, run: &mut usize| {
        if *run > 0 {
            out.push_str(&format!("<redacted:{run}>"));
            *run = 0;
        }
    };
    for (at, character) in text.char_indices() {
        let bytes = at..at + character.len_utf8();
        if hidden[bytes].contains(&true) {
            run += character.len_utf8();
        } else {
            end_run(&mut out, &mut run);
            out.push(character);
        }
    }
    end_run(&mut out, &mut run);
    out
}

/// The pieces of all forms of all credentials, to be looked for in a text together.
struct Forms {
    forms: Vec<Pieces>,
    /// The lengths of their shortest pieces, each once: one, unless a credential is short.
    lengths: Vec<usize>,
    /// What any piece begins with. Nearly every place in a text begins otherwise, and is passed by.
    beginnings: Beginnings,
}

impl Forms {
    fn of(forms: impl Iterator<Item = Wiped<Vec<u8>>>) -> Forms {
        let forms: Vec<Pieces> = forms.map(Pieces::of).collect();
        let mut beginnings = Beginnings::of(forms.iter().map(|form| form.credential.len()).sum(), OF_ALL);
        forms.iter().flat_map(Pieces::shortest).for_each(|piece| beginnings.add(piece));
        let mut lengths: Vec<usize> = forms.iter().map(|form| form.least).collect();
        lengths.sort_unstable();
        lengths.dedup();
        Forms { forms, lengths, beginnings }
    }

    /// Passes on where a form, or a piece of it of 8 bytes or more, stands in a text; of each form what begins first.
    fn each_in(&self, text: &[u8], mut found: impl FnMut(Range<usize>)) {
        if self.forms.is_empty() {
            return;
        }
        let mut ends = vec![0; self.forms.len()];
        for at in 0..text.len() {
            for least in &self.lengths {
                if text.get(at..at + least).is_none_or(|piece| !self.beginnings.may_hold(piece)) {
                    continue;
                }
                let begins = |(form, end): &(&Pieces, &mut usize)| form.least == *least && **end <= at;
                for (form, end) in self.forms.iter().zip(&mut ends).filter(begins) {
                    if let Some(length) = form.longest_at_start(&text[at..]) {
                        *end = at + length;
                        found(at..*end);
                    }
                }
            }
        }
    }
}

/// What pieces may begin with: two bits for each, which others may share.
struct Beginnings {
    bits: Vec<u64>,
    /// Multiplied by an odd number, the upper bits of a product depend on all of a piece (Fibonacci hashing).
    odd: u64,
}

/// One number for all forms together and another for each alone, so that what passes the first rarely passes the second.
const OF_ALL: u64 = 0x9e37_79b9_7f4a_7c15;
const OF_ONE: u64 = 0xd1b5_4a32_d192_ed03;

impl Beginnings {
    /// Room for so many pieces, with sixteen bits or more for each, unless they are many.
    fn of(pieces: usize, odd: u64) -> Beginnings {
        Beginnings { bits: vec![0; (pieces / 4).next_power_of_two().clamp(8, 1024)], odd }
    }

    fn add(&mut self, piece: &[u8]) {
        let hash = self.hash(piece);
        for part in [hash >> 48, hash >> 32] {
            let (index, bit) = self.place(part);
            self.bits[index] |= bit;
        }
    }

    fn may_hold(&self, piece: &[u8]) -> bool {
        let hash = self.hash(piece);
        let has = |part: u64| {
            let (index, bit) = self.place(part);
            self.bits[index] & bit != 0
        };
        has(hash >> 48) && has(hash >> 32)
    }

    fn hash(&self, piece: &[u8]) -> u64 {
        order(piece).0.wrapping_mul(self.odd)
    }

    fn place(&self, part: u64) -> (usize, u64) {
        ((part >> 6) as usize & (self.bits.len() - 1), 1 << (part & 63))
    }
}

/// The pieces of a form of a credential.
struct Pieces {
    credential: Wiped<Vec<u8>>,
    /// A shorter piece is not looked for.
    least: usize,
    /// What they begin with.
    beginnings: Beginnings,
    /// Where each piece begins, in the order of their bytes (a suffix array): what has most in common with a text
    /// stands next to where the text would stand, so no place needs a look at all of them. Made when it is needed.
    starts: OnceCell<Vec<u32>>,
}

impl Pieces {
    fn of(credential: Wiped<Vec<u8>>) -> Pieces {
        let least = PIECE.min(credential.len()).max(1);
        let mut beginnings = Beginnings::of(credential.len(), OF_ONE);
        credential.windows(least).for_each(|piece| beginnings.add(piece));
        Pieces { credential, least, beginnings, starts: OnceCell::new() }
    }

    /// All pieces of the least length.
    fn shortest(&self) -> impl Iterator<Item = &[u8]> {
        self.credential.windows(self.least)
    }

    /// How long the piece is that a text begins with, if it does with one.
    fn longest_at_start(&self, text: &[u8]) -> Option<usize> {
        let may_begin = self.beginnings.may_hold(text.get(..self.least)?);
        let length = if may_begin { self.longest(text) } else { 0 };
        (length >= self.least).then_some(length)
    }

    fn starts(&self) -> &[u32] {
        self.starts.get_or_init(|| {
            let mut starts: Vec<u32> = (0..u32::try_from(self.credential.len()).unwrap_or(u32::MAX)).collect();
            let piece = |start: &u32| &self.credential[*start as usize..];
            starts.sort_unstable_by(|a, b| compare(piece(a), piece(b)));
            starts
        })
    }

    /// How many bytes at the start of `text` stand somewhere in the credential.
    fn longest(&self, text: &[u8]) -> usize {
        let starts = self.starts();
        let piece = |start: &u32| &self.credential[*start as usize..];
        let text_order = order(text);
        let place = starts.partition_point(|start| order(piece(start)) < text_order);
        let common = |start| piece(start).iter().zip(text).take_while(|(a, b)| a == b).count();
        starts[..place].last().into_iter().chain(starts.get(place)).map(common).max().unwrap_or(0)
    }
}

/// Orders bytes as their slices do. Not part of the code for sorting, which would hold it twenty times.
#[inline(never)]
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    order(a).cmp(&order(b))
}

/// What orders bytes. Most differ in the first eight, which compare as one number.
fn order(bytes: &[u8]) -> (u64, &[u8]) {
    let first = bytes.first_chunk().copied().unwrap_or_else(|| {
        let mut first = [0; 8];
        first[..bytes.len()].copy_from_slice(bytes);
        first
    });
    (u64::from_be_bytes(first), bytes)
}

fn without_controls(text: &str) -> String {
    let shown = text.trim().chars().filter(|character| !is_invisible(*character));
    shown.map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn cut(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MESSAGE_LIMIT));
    for c in text.trim().chars() {
        if out.len() + c.len_utf8() > MESSAGE_LIMIT - '…'.len_utf8() {
            out.push('…');
            break;
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests;
