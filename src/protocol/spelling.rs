//! The ways in which a server may spell a text in its own words: percent-encoding, escapes of JSON and JavaScript,
//! entities of HTML, one within the other, and characters that nobody sees.

use crate::hidden::Wiped;

use std::ops::Range;

/// Encodings within encodings are undone up to this depth.
const DEPTH: usize = 4;

/// Entities of HTML that have names, without those that no credential holds (letters with accents and so on).
const ENTITIES: [(&str, u8); 37] = [
    ("Tab", b'\t'),
    ("NewLine", b'\n'),
    ("nbsp", b' '),
    ("excl", b'!'),
    ("quot", b'"'),
    ("QUOT", b'"'),
    ("num", b'#'),
    ("dollar", b'$'),
    ("percnt", b'%'),
    ("amp", b'&'),
    ("AMP", b'&'),
    ("apos", b'\''),
    ("lpar", b'('),
    ("rpar", b')'),
    ("ast", b'*'),
    ("plus", b'+'),
    ("comma", b','),
    ("hyphen", b'-'),
    ("dash", b'-'),
    ("period", b'.'),
    ("sol", b'/'),
    ("colon", b':'),
    ("semi", b';'),
    ("lt", b'<'),
    ("LT", b'<'),
    ("equals", b'='),
    ("gt", b'>'),
    ("GT", b'>'),
    ("quest", b'?'),
    ("commat", b'@'),
    ("lsqb", b'['),
    ("bsol", b'\\'),
    ("rsqb", b']'),
    ("lowbar", b'_'),
    ("lcub", b'{'),
    ("verbar", b'|'),
    ("rcub", b'}'),
];

/// Whether a character takes no place when it is shown, or turns the order of others around.
pub fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// A text with some of its encodings undone, and where each of its bytes stood in the text.
pub struct Spelling {
    /// The bytes.
    pub bytes: Wiped<Vec<u8>>,
    places: Vec<Place>,
    controls: Controls,
}

/// Where a byte stood in the text: from where, to where. There is one for each byte, so it has to be small.
type Place = [u32; 2];

/// What becomes of control characters: a server may put them between the words of a credential, or into one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Controls {
    Spaces,
    Dropped,
}

impl Spelling {
    /// Where these bytes stood in the text.
    pub fn place(&self, bytes: Range<usize>) -> Range<usize> {
        let [start, end] = self.place_of(bytes);
        start as usize..end as usize
    }

    fn place_of(&self, bytes: Range<usize>) -> Place {
        match (self.places.get(bytes.start), self.places.get(bytes.end.wrapping_sub(1))) {
            (Some([start, _]), Some([_, end])) if start < end => [*start, *end],
            _ => [0, 0],
        }
    }

    fn with_room(bytes: usize, controls: Controls) -> Spelling {
        let places = Vec::with_capacity(bytes);
        Spelling { bytes: Wiped::new(Vec::with_capacity(bytes)), places, controls }
    }

    /// The text as it is, without what nobody sees.
    fn plain(text: &str, controls: Controls) -> Spelling {
        let mut plain = Spelling::with_room(text.len(), controls);
        let mut start = 0;
        loop {
            // Most of it is ASCII that stands for itself.
            let rest = &text[start..];
            let run = rest.bytes().position(|byte| !matches!(byte, b' '..=b'~')).unwrap_or(rest.len());
            plain.bytes.extend_from_slice(&rest.as_bytes()[..run]);
            plain.places.extend((start..start + run).map(|at| [at as u32, at as u32 + 1]));
            start += run;
            let Some(character) = rest[run..].chars().next() else {
                return plain;
            };
            let end = start + character.len_utf8();
            plain.push_char(character, [start as u32, end as u32]);
            start = end;
        }
    }

    /// The same with one layer of encodings undone; `None` if there is none.
    fn decoded(&self) -> Option<Spelling> {
        let escape_from = |at: usize| {
            let begins = |byte: &u8| matches!(byte, b'%' | b'\\' | b'&');
            self.bytes[at..].iter().position(begins).map(|length| at + length)
        };
        let mut next = Some(escape_from(0)?);
        let mut out = Spelling::with_room(self.bytes.len(), self.controls);
        let mut at = 0;
        while let Some(start) = next {
            out.push_part(self, at..start);
            let (length, decoded) = escape(&self.bytes[start..]).unwrap_or((1, Decoded::Byte(self.bytes[start])));
            let place = self.place_of(start..start + length);
            match decoded {
                Decoded::Byte(byte) if byte.is_ascii() => out.push_char(char::from(byte), place),
                Decoded::Byte(byte) => out.push(&[byte], place),
                Decoded::Char(character) => out.push_char(character, place),
            }
            at = start + length;
            next = escape_from(at);
        }
        out.push_part(self, at..self.bytes.len());
        (out.bytes.len() < self.bytes.len()).then_some(out)
    }

    /// A part of another spelling as it is: it holds no controls any more.
    fn push_part(&mut self, other: &Spelling, part: Range<usize>) {
        self.bytes.extend_from_slice(&other.bytes[part.clone()]);
        self.places.extend_from_slice(&other.places[part]);
    }

    fn push_char(&mut self, character: char, place: Place) {
        match (character.is_control(), self.controls) {
            (false, _) if is_invisible(character) => {}
            (false, _) => self.push(character.encode_utf8(&mut [0; 4]).as_bytes(), place),
            (true, Controls::Spaces) => self.push(b" ", place),
            (true, Controls::Dropped) => {}
        }
    }

    fn push(&mut self, bytes: &[u8], place: Place) {
        self.bytes.extend_from_slice(bytes);
        self.places.extend(bytes.iter().map(|_| place));
    }
}

/// Passes on the text as it stands, and with one layer of encodings after the other undone: one at a time, because each
/// takes nine times the memory of the text.
pub fn each_spelling(text: &str, mut visit: impl FnMut(&Spelling)) {
    let layers = each_layer(text, Controls::Dropped, &mut visit);
    if text.contains(char::is_control) || layers > 1 {
        each_layer(text, Controls::Spaces, &mut visit);
    }
}

/// The text with all its encodings undone.
pub fn decoded(text: &str) -> Wiped<Vec<u8>> {
    let mut last: Wiped<Vec<u8>> = Wiped::default();
    each_layer(text, Controls::Dropped, |layer| last.clone_from(&layer.bytes));
    last
}

/// Passes on one layer after the other; tells how many there were.
fn each_layer(text: &str, controls: Controls, mut visit: impl FnMut(&Spelling)) -> usize {
    let mut layers = 0;
    let mut next = Some(Spelling::plain(text, controls));
    while let Some(layer) = next {
        visit(&layer);
        layers += 1;
        next = if layers < DEPTH { layer.decoded() } else { None };
    }
    layers
}

enum Decoded {
    Byte(u8),
    Char(char),
}

impl Decoded {
    fn of(number: u32) -> Option<Decoded> {
        char::from_u32(number).map(Decoded::Char)
    }
}

/// The escape that stands first, if one does: how long it is, and what it stands for.
fn escape(bytes: &[u8]) -> Option<(usize, Decoded)> {
    match bytes {
        [b'%', b'u' | b'U', rest @ ..] => Some((6, Decoded::of(hex(rest.get(..4)?)?)?)),
        [b'%', rest @ ..] => Some((3, Decoded::Byte(u8::try_from(hex(rest.get(..2)?)?).ok()?))),
        [b'\\', b'u', rest @ ..] => utf16(rest),
        [b'\\', b'x', rest @ ..] => Some((4, Decoded::of(hex(rest.get(..2)?)?)?)),
        [b'\\', byte, ..] => Some((2, Decoded::Byte(short_escape(*byte)?))),
        [b'&', b'#', rest @ ..] => {
            let digits = rest.iter().position(|byte| *byte == b';').filter(|length| *length <= 8)?;
            let number = match &rest[..digits] {
                [b'x' | b'X', number @ ..] => hex(number)?,
                number => std::str::from_utf8(number).ok()?.parse().ok()?,
            };
            Some((digits + 3, Decoded::of(number)?))
        }
        [b'&', rest @ ..] => {
            let name = rest.get(..rest.iter().position(|byte| *byte == b';').filter(|length| *length <= 8)?)?;
            let (name, byte) = ENTITIES.iter().find(|(known, _)| known.as_bytes() == name)?;
            Some((name.len() + 2, Decoded::Byte(*byte)))
        }
        _ => None,
    }
}

/// What stands behind a backslash in JSON or in a program's text.
fn short_escape(byte: u8) -> Option<u8> {
    Some(match byte {
        b'/' | b'\\' | b'"' | b'\'' => byte,
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        _ => return None,
    })
}

/// What stands behind `\u`: a character, or the first half of one, with the second behind it.
fn utf16(rest: &[u8]) -> Option<(usize, Decoded)> {
    let first = hex(rest.get(..4)?)?;
    if let Some(character) = Decoded::of(first) {
        return Some((6, character));
    }
    let second = rest.get(4..10)?.strip_prefix(b"\\u").and_then(hex)?;
    let both = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let character = char::decode_utf16(both).next()?.ok()?;
    Some((12, Decoded::of(character.into())?))
}

fn hex(digits: &[u8]) -> Option<u32> {
    let is_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    is_hex.then(|| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(text: &str) -> String {
        String::from_utf8_lossy(&decoded(text)).into_owned()
    }

    #[test]
    fn every_spelling_is_undone() {
        let cases = [
            ("plain", "plain"),
            ("a%2Fb%2fc", "a/b/c"),
            ("%C3%bc", "ü"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%u0041", "A"),
            (r"a\/b\u0026c\u00FCd\x41", "a/b&cüdA"),
            (r"\ud83d\ude00", "😀"),
            (r"\ud83d", r"\ud83d"),
            (r"\q", r"\q"),
            ("a&amp;b&#38;c&#x26;d&sol;&unknown;", "a&b&c&d/&unknown;"),
            ("&#xD800;&#;&#x;&", "&#xD800;&#;&#x;&"),
            ("%2525", "%"),
            ("&amp;amp;", "&"),
            (r"%5Cu0041", "A"),
            ("a\u{200b}b\u{202e}c\u{2028}d\u{feff}", "abcd"),
            (r"a\u200bb&#8203;c", "abc"),
            ("a\tb\u{1}c%0Ad", "abcd"),
        ];
        for (text, expected) in cases {
            assert_eq!(last(text), expected, "{text}");
        }
    }

    /// What stands for itself, for something else, for nothing, or nearly for something.
    const PARTS: &str = "(%41|%C3|%0a|\\\\u0009|&amp;|%|\\\\|&|a|\t|\u{e4}|\u{200b})*";

    /// The text, and one layer of it undone, one character after the other.
    fn slowly(text: &str, controls: Controls) -> [Spelling; 2] {
        let mut plain = Spelling::with_room(text.len(), controls);
        for (start, character) in text.char_indices() {
            plain.push_char(character, [start as u32, (start + character.len_utf8()) as u32]);
        }
        let (mut undone, mut at) = (Spelling::with_room(text.len(), controls), 0);
        while at < plain.bytes.len() {
            let (length, decoded) = escape(&plain.bytes[at..]).unwrap_or((1, Decoded::Byte(plain.bytes[at])));
            let place = plain.place_of(at..at + length);
            match decoded {
                Decoded::Byte(byte) if !byte.is_ascii() => undone.push(&[byte], place),
                Decoded::Byte(byte) => undone.push_char(char::from(byte), place),
                Decoded::Char(character) => undone.push_char(character, place),
            }
            at += length;
        }
        [plain, undone]
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn parts_are_taken_over_as_their_characters_would_be(text in PARTS) {
            for controls in [Controls::Spaces, Controls::Dropped] {
                let plain = Spelling::plain(&text, controls);
                let undone = plain.decoded();
                let [expected, expected_undone] = slowly(&text, controls);
                let is_shorter = expected_undone.bytes.len() < expected.bytes.len();
                proptest::prop_assert_eq!((&plain.bytes, &plain.places), (&expected.bytes, &expected.places));
                proptest::prop_assert_eq!(undone.is_some(), is_shorter);
                if let Some(undone) = undone {
                    proptest::prop_assert_eq!((undone.bytes, undone.places), (expected_undone.bytes, expected_undone.places));
                }
            }
        }
    }

    #[test]
    fn places_lead_back_to_the_text() {
        let text = "x%2541\u{200b}y";
        let mut seen = Vec::new();
        let layers = each_layer(text, Controls::Spaces, |layer| {
            let places = [1..2, 0..3, 3..4].map(|bytes| layer.place(bytes));
            seen.push((layer.bytes.to_vec(), places));
        });
        assert_eq!(layers, 3);
        assert_eq!(seen[2], (b"xAy".to_vec(), [1..6, 0..text.len(), 0..0]));
    }
}
