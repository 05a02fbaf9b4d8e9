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
        Redactor { known, forms: OnceCell::new(), added: RefCell::default(), allowed }
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
        let shown = self.allowed.iter().any(|name| word.trim_matches('.') == *name);
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
mod tests {
    use super::*;

    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIn0.1Qrgj2abcdefghijklmnop";

    fn clean(known: &[&str], allowed: &[&str], text: &str) -> String {
        Redactor::new(known.iter().copied().map(ToHide::Given).collect(), allowed).clean(text)
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
        let forms =
            |text| encodings(text).iter().map(|form| String::from_utf8_lossy(form).into()).collect::<Vec<String>>();
        assert_eq!(forms("abc"), ["abc", "YWJj"]);
        let all = ["a b%41?", "a bA?", "a%20b%2541%3f", "a%20b%2541%3F", "a+b%41?", "YSBiJTQxPw==", "YSBiJTQxPw"];
        assert_eq!(forms("a b%41?"), all);
        assert!(forms("\u{200b}").iter().all(|form| !form.is_empty()), "nothing is everywhere");
    }

    /// What servers, gateways and proxies make of a credential before they send it back.
    #[test]
    fn a_credential_is_hidden_however_it_is_spelled() {
        let password = "p@ss w\"rd/and <more> & \u{fc}";
        let each = |write: &dyn Fn(char) -> String| password.chars().map(write).collect::<String>();
        let bytes = |character: char| character.to_string().into_bytes();
        let percent = |upper: bool| {
            each(&|c| bytes(c).iter().map(|b| if upper { format!("%{b:02X}") } else { format!("%{b:02x}") }).collect())
        };
        let entity = |c: char| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '/' => "&sol;".to_owned(),
            _ => c.to_string(),
        };
        let spellings = [
            password.to_owned(),
            percent(true),
            percent(false),
            each(&|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }),
            each(&|c| format!("\\u{:04X}", u32::from(c))),
            each(&|c| if "\"/".contains(c) { format!("\\{c}") } else { c.to_string() }),
            each(&|c| format!("&#{};", u32::from(c))),
            each(&|c| format!("&#x{:x};", u32::from(c))),
            each(&entity),
            each(&entity).replace('&', "%26amp;"),
            percent(false).replace('%', "%25"),
            each(&|c| format!("{c}\u{200b}")),
            each(&|c| format!("\u{202e}{c}\u{2028}")),
            each(&|c| format!("{c}\u{1}")),
            password.replace(' ', "\t"),
            password.replace(' ', "+"),
            password.replace(' ', "%0A"),
            BASE64.encode(password),
            BASE64_URL.encode(password),
        ];
        for spelling in spellings {
            let cleaned = clean(&[password], &[], &format!("no: {spelling}."));
            let rest = cleaned.trim_end_matches(['.', ' ']);
            assert!(rest.starts_with("no: <redacted:") && rest.ends_with('>'), "{spelling}: {cleaned}");
            assert_eq!(cleaned.matches("redacted").count(), 1, "{spelling}: {cleaned}");
        }
        let own = "canary%41canary&amp;/x";
        let cleaned = clean(&[own], &[], "canary%41canary&amp;/x canaryAcanary&/x");
        assert!(!cleaned.contains("canary"), "{cleaned}");
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
            let form = String::from_utf8_lossy(&form);
            let cleaned = clean(&[password], &[], &format!("<{form}>"));
            assert!(!cleaned.contains(&*form), "{cleaned}");
        }
        assert!(!clean(&[password], &[], "xx w\"rd/and xx").contains("w\"rd/and"));
    }

    #[test]
    fn controls_do_not_carry_a_credential_through() {
        let password = "my pass word is it";
        assert_eq!(clean(&[password], &[], "no: my\tpass\nword\u{1}is\rit"), "no: <redacted:18>");
    }

    #[test]
    fn user_and_password_are_hidden_together_and_hosts_stay_whole() {
        let password = Arc::new(Hidden::new("secret"));
        let redactor = Redactor::new(vec![ToHide::Own(password.clone()), ToHide::Pair("u", password)], &[]);
        assert_eq!(redactor.clean("Basic dTpzZWNyZXQ= is no secret"), "Basic <redacted:12> is no <redacted:6>");
        let host = "https://a-host-with-a-very-long-name.example";
        assert_eq!(redactor.hide_known(host).as_str(), host);
        assert_eq!(redactor.hide_known("https://secret.example").as_str(), "https://<redacted:6>.example");
    }

    fn bytes(text: &str) -> Wiped<Vec<u8>> {
        Wiped::new(text.as_bytes().to_vec())
    }

    fn forms(texts: &[&str]) -> Forms {
        Forms::of(texts.iter().map(|text| bytes(text)))
    }

    #[test]
    fn pieces_are_found_wherever_they_stand() {
        let longest = |credential: &str, text: &str| Pieces::of(bytes(credential)).longest(text.as_bytes());
        assert_eq!(longest("banana", "ananas"), 5);
        assert_eq!(longest("banana", "nab"), 2);
        assert_eq!(longest("banana", "banana split"), 6);
        assert_eq!(longest("banana", "zzz"), 0);
        assert_eq!(longest("banana", "a"), 1);
        assert_eq!(longest("", "a"), 0);
        for at in 0..JWT.len() - 8 {
            assert!(longest(JWT, &format!("{}#", &JWT[at..at + 8])) == 8, "{at}");
        }
    }

    /// Where a credential or a long piece of it stands, by a look at all pieces of all lengths.
    fn places_by_all_pieces(credential: &[u8], text: &[u8]) -> Vec<Range<usize>> {
        let least = PIECE.min(credential.len()).max(1);
        let (mut found, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let lengths = (least..=credential.len()).rev();
            let is_there = |length: &usize| {
                text.get(at..at + length).is_some_and(|start| credential.windows(*length).any(|piece| piece == start))
            };
            let length = lengths.into_iter().find(is_there).unwrap_or(0);
            found.extend((length > 0).then(|| at..at + length));
            at += length.max(1);
        }
        found
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        /// Of two letters, nearly every text holds pieces of every credential.
        #[test]
        fn no_piece_is_passed_by(one in "[ab]{0,14}", other in "[ab]{0,14}", text in "[ab]{0,40}") {
            let text = text.as_bytes();
            let mut found = Vec::new();
            forms(&[&one, &other]).each_in(text, |place| found.push(place));
            let mut expected = [one, other].map(|form| places_by_all_pieces(form.as_bytes(), text)).concat();
            found.sort_by_key(|place| (place.start, place.end));
            expected.sort_by_key(|place| (place.start, place.end));
            proptest::prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_begins_otherwise_is_not_compared() {
        let forms = forms(&[JWT, "another credential"]);
        forms.each_in("The secret was not dropped because nobody has it.".as_bytes(), |_| panic!("found"));
        assert!(
            forms.forms.iter().all(|form| form.starts.get().is_none()),
            "sorting takes longer than all of this text"
        );
        forms.each_in(JWT.as_bytes(), |place| assert_eq!(place, 0..JWT.len()));
        assert!(forms.forms[0].starts.get().is_some() && forms.forms[1].starts.get().is_none());
    }

    #[test]
    fn long_credentials_take_no_long_time() {
        let token = (0..1024).map(|n| format!("{n:08x}")).collect::<String>();
        let message = "0123456 ".repeat(512);
        let before = std::time::Instant::now();
        assert!(!clean(&[&token], &[], &message).is_empty());
        assert!(before.elapsed().as_secs() < 5, "{:?}", before.elapsed());
    }

    #[test]
    fn a_long_message_is_not_looked_at_to_its_end() {
        let token = "a".repeat(4090);
        let message = |words: &str| format!("{words} {token}{}", "secret ".repeat(100_000));
        let before = std::time::Instant::now();
        assert_eq!(clean(&["secret"], &[], &message("no:")), "no: <redacted:4092>");
        assert!(before.elapsed().as_secs() < 5, "{:?}", before.elapsed());
        // The first letters of a word that is cut may be those of a credential.
        let cut = format!("{}short-start-of-a-token-that-is-long", ". ".repeat(2043));
        assert_eq!(beginning(&cut).len(), 4086);
        assert_eq!(beginning(&"ä".repeat(2049)).len(), 4096);
        let cut_in = |before: &str| beginning(&format!("{before}{}", "a".repeat(30))).len();
        assert_eq!(cut_in(&". ".repeat(2038)), 4096, "20 of its letters tell what it is");
        assert_eq!(cut_in(&" ".repeat(4077)), 4077, "19 do not");
        assert_eq!(beginning(&format!("{}word", ". ".repeat(2046))).len(), 4096, "the last word is whole");
    }

    #[test]
    fn a_credential_that_comes_later_is_hidden_as_well() {
        let redactor = Redactor::new(Vec::new(), &[]);
        redactor.add(Arc::new(Hidden::new("late-canary")));
        assert_eq!(redactor.clean("no late-canary here"), "no <redacted:11> here");
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
