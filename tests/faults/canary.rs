//! Finds credentials, and pieces of them, in what may hold none.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A piece of this length is enough to be a leak.
const PIECE: usize = 8;

/// The pieces of all credentials that a test knows, in every form in which they travel.
#[derive(Default)]
pub struct Canaries {
    pieces: HashSet<[u8; PIECE]>,
}

impl Canaries {
    /// From now on this is looked for.
    pub fn add(&mut self, credential: &str) {
        for form in forms(credential) {
            self.pieces.extend(form.windows(PIECE).map(|piece| <[u8; PIECE]>::try_from(piece).expect("a piece")));
        }
    }

    /// The first piece of a credential in a line.
    pub fn found_in(&self, line: &str) -> Option<String> {
        let is_known = |piece: &&[u8]| self.pieces.contains(*piece);
        line.as_bytes().windows(PIECE).find(is_known).map(|piece| String::from_utf8_lossy(piece).into_owned())
    }

    /// Fails if a line holds a piece of a credential.
    pub fn assert_absent(&self, what: &str, lines: &[String]) {
        for line in lines {
            let found = self.found_in(line);
            assert!(found.is_none(), "{what}: {found:?}, a piece of a credential, stands in {line:?}");
        }
    }
}

fn forms(credential: &str) -> Vec<Vec<u8>> {
    let bytes = credential.as_bytes();
    let percent = |upper: bool, all: bool| -> Vec<u8> {
        let write = |&byte: &u8| match (byte.is_ascii_alphanumeric() && !all, upper) {
            (true, _) => char::from(byte).to_string(),
            (false, true) => format!("%{byte:02X}"),
            (false, false) => format!("%{byte:02x}"),
        };
        bytes.iter().map(write).collect::<String>().into_bytes()
    };
    let escaped: String = credential.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let mut forms = vec![bytes.to_vec(), serde_json::to_vec(credential).expect("a text"), escaped.into_bytes()];
    for (upper, all) in [(true, true), (true, false), (false, true), (false, false)] {
        forms.push(percent(upper, all));
    }
    // Base64 looks different by what stands before.
    for before in 0..3 {
        let encoded = STANDARD.encode([&vec![b'x'; before], bytes].concat()).into_bytes();
        let own = encoded.len().min(4 * (before > 0) as usize)..(encoded.len() - encoded.len().min(4));
        forms.push(encoded.get(own).unwrap_or_default().to_vec());
    }
    forms
}

#[test]
fn canaries_are_found_in_every_form() {
    let mut canaries = Canaries::default();
    canaries.add("kanarie\"vogel+in/dem√käfig");
    let base64 = STANDARD.encode("user:kanarie\"vogel+in/dem√käfig");
    let shown = [
        "see anarie\"vog here",
        "%6B%61%6E%61%72%69%65",
        "kanarie%22vogel",
        "kanarie\\\"vogel",
        "\\u006b\\u0061\\u006e",
        &base64,
        &base64[12..24],
    ];
    for line in shown {
        assert!(canaries.found_in(line).is_some(), "{line}");
    }
    for line in ["kanarie", "the password was refused", "dXNlcjpr"] {
        assert_eq!(canaries.found_in(line), None, "{line}");
    }
}
