//! Credentials that must not come out, and how they are looked for.

use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use tigergraph_auth::Error;
use tigergraph_auth::unversioned::endpoint::encode;

/// A password with what has to be quoted in JSON and in a URL, and with spaces.
pub const PASSWORD: &str = "open the \"Canary\" cage/door no.7 & go";
/// A secret that looks like a server's code.
pub const SECRET: &str = "CANARYSECRET-481516234299";
/// A token that the program has.
pub const TOKEN: &str = "canary.token~of+the/program=0123";
/// A JWT that the program has; it lives from 2023 to 2100.
pub const JWT: &str =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0.CanarySignature0";
/// A secret or token that only the server knows.
pub const SERVERS: &str = "canaryOfTheServer0123456789abcdef";
/// The user whose password it is.
pub const USER: &str = "tigergraph";

/// A piece of this length is already too much.
const PIECE: usize = 8;

/// The password as a request carries it, with its user.
pub fn basic() -> String {
    BASE64.encode([USER, ":", PASSWORD].concat())
}

/// The forms in which a server may send a credential back.
pub fn forms(credential: &str) -> [String; 5] {
    let json = serde_json::Value::from(credential).to_string();
    let percent = |hex: fn(u8) -> String| credential.bytes().map(|byte| format!("%{}", hex(byte))).collect::<String>();
    [
        credential.to_owned(),
        encode(credential),
        percent(|byte| format!("{byte:02x}")),
        BASE64.encode(credential),
        json.trim_matches('"').to_owned(),
    ]
}

/// Which of the credentials the library knows; the bits of what follows.
pub type Known = u8;
/// [`PASSWORD`], and the login it is part of.
pub const KNOWS_PASSWORD: Known = 1;
/// [`SECRET`].
pub const KNOWS_SECRET: Known = 2;
/// [`TOKEN`].
pub const KNOWS_TOKEN: Known = 4;
/// [`JWT`].
pub const KNOWS_JWT: Known = 8;
/// All of them.
pub const KNOWS_ALL: Known = 15;

/// The pieces of all credentials, in the forms in which a server may send them back.
struct Pieces {
    owners: HashMap<u64, Known>,
    /// A bit for each hash of a piece: nearly all that is looked up is none.
    filter: Vec<u64>,
}

static PIECES: LazyLock<Pieces> = LazyLock::new(|| {
    let mut owners = HashMap::new();
    let mut add = |form: &str, owner: Known| pieces(form).for_each(|piece| *owners.entry(piece).or_insert(0) |= owner);
    add(&basic(), KNOWS_PASSWORD);
    let credentials = [(PASSWORD, KNOWS_PASSWORD), (SECRET, KNOWS_SECRET), (TOKEN, KNOWS_TOKEN), (JWT, KNOWS_JWT)];
    for (credential, owner) in credentials {
        let json = serde_json::Value::from(credential).to_string();
        for form in [credential, &BASE64.encode(credential), &encode(credential), json.trim_matches('"')] {
            add(form, owner);
        }
    }
    // What other logins and every JWT begin with is no secret.
    for public in ["eyJhbGciOiJIUzI1NiJ9.", &BASE64.encode([USER, ":"].concat())] {
        pieces(public).for_each(|piece| {
            owners.remove(&piece);
        });
    }
    let mut filter = vec![0; 1024];
    for piece in owners.keys() {
        let (index, bit) = place(*piece);
        filter[index] |= bit;
    }
    Pieces { owners, filter }
});

fn pieces(text: &str) -> impl Iterator<Item = u64> {
    text.as_bytes().windows(PIECE).map(|piece| u64::from_ne_bytes(piece.try_into().expect("eight bytes")))
}

fn place(piece: u64) -> (usize, u64) {
    let hash = piece.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
    ((hash >> 6) as usize, 1 << (hash & 63))
}

impl Pieces {
    fn owner(&self, piece: u64) -> Known {
        let (index, bit) = place(piece);
        if self.filter[index] & bit == 0 { 0 } else { self.owners.get(&piece).copied().unwrap_or(0) }
    }
}

/// All that an error says, as it is: escaped, as `Debug` prints it, seven bytes may look like eight. So they may behind
/// the colon and the space with which the library begins to tell what the server said; no credential here has these two.
pub fn said(error: &Error) -> String {
    [error.message(), error.hint(), error.server_code()].join("\n").replace(": ", ":\n")
}

/// Panics if eight bytes of a credential that the library knows stand in `output`.
pub fn check_known(output: &str, known: Known) {
    let all = &*PIECES;
    if let Some(at) = pieces(output).position(|piece| all.owner(piece) & known != 0) {
        let piece = String::from_utf8_lossy(&output.as_bytes()[at..at + PIECE]);
        panic!("a credential's {piece:?} is in {output:?}");
    }
}

/// Panics if a credential stands in `output` that anybody knows for one when he sees it.
pub fn check_obvious(output: &str) {
    for credential in [SERVERS, SECRET, JWT] {
        assert!(!output.contains(credential), "a credential is in {output:?}");
    }
}
