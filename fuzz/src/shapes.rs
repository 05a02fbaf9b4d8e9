//! Target: a file with certificates in the shapes that editors, tools and people give it.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tigergraph_auth::unversioned::pem::{self, Source};

/// A certificate of a test authority, whose key nobody has.
const CERTIFICATE: &str = concat!(
    "MIIBZTCCAQygAwIBAgIUCGvHoG2NIl/OSvGestL0D+vjouUwCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwIcGxhaW4tY2EwHhcNMjYx",
    "MTI4MjA0MTQ2WhcNMjYxMjI4MjA0MTQ2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASE",
    "cKD7P91apyoxqPVnvl9PUAvSrvd+KmBD532uT0yXBIj0OH4A/XDhnVT+oe5dRy02PguGTfWNu7B1pWcrXeGkoz0wOzAaBgNVHREE",
    "EzARgglsb2NhbGhvc3SHBH8AAAEwHQYDVR0OBBYEFPk2zIVVkwWkskjpRFsKYoxPD7dSMAoGCCqGSM49BAMCA0cAMEQCIDc0GabD",
    "Ar/qrN4ihIyVGDYZbyk04LDUFcEBlK+T+38hAiB4gb/B1/E63U/tBALxLf84W7E4j8BqVGO/UovygC2AlQ==",
);
const LABELS: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
const ENDS: [&str; 3] = ["\n", "\r\n", "\r"];
const INDENTS: [&str; 4] = ["", " ", "\t", "    "];

/// One of these, by a byte.
fn one_of<'a>(all: &[&'a str], byte: u8) -> &'a str {
    all[usize::from(byte) % all.len()]
}

/// What is read of it.
static DER: LazyLock<Vec<u8>> = LazyLock::new(|| BASE64.decode(CERTIFICATE).expect("Base64"));

/// A certificate as the bytes shape it, and text around it that is none of PEM's.
fn shaped(shape: [u8; 4], around: &str) -> String {
    let [label, end, indent, width] = shape;
    let (label, end, indent) = (one_of(&LABELS, label), one_of(&ENDS, end), one_of(&INDENTS, indent));
    let width = match usize::from(width) {
        0 => CERTIFICATE.len(),
        width => width,
    };
    let mut text = [around, end, indent, "-----BEGIN ", label, "-----", end].concat();
    let mut rest = CERTIFICATE;
    while !rest.is_empty() {
        let (line, others) = rest.split_at(width.min(rest.len()));
        [indent, line, end].iter().for_each(|part| text.push_str(part));
        rest = others;
    }
    text + &[indent, "-----END ", label, "-----", end, around, end].concat()
}

/// The text as a file has it.
fn encoded(text: &str, encoding: u8) -> Vec<u8> {
    let marked = ["\u{feff}", text].concat();
    let units = || marked.encode_utf16();
    match encoding % 4 {
        0 => text.as_bytes().to_vec(),
        1 => marked.into_bytes(),
        2 => units().map(u16::to_le_bytes).collect::<Vec<_>>().into_flattened(),
        _ => units().map(u16::to_be_bytes).collect::<Vec<_>>().into_flattened(),
    }
}

/// Six bytes say how many certificates, of which shape, the rest is the text around each: all are found, each is the
/// one that was written, and there is no key.
pub fn certificates(data: &[u8]) {
    let [count, encoding, label, end, indent, width, around @ ..] = data else {
        return;
    };
    let around = String::from_utf8_lossy(around).replace(['-', '\0'], " ").replace('\u{feff}', "");
    let count = usize::from(count % 2) + 1;
    let text = shaped([*label, *end, *indent, *width], &around).repeat(count);
    let content = encoded(&text, *encoding);
    let source = Source { setting: "ca_file", path: Some("ca.pem") };
    let found = pem::certificates(source, &content).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(found.len(), count);
    assert!(found.iter().all(|certificate| **certificate == **DER), "another certificate");
    assert!(pem::private_key(source, &content).is_err(), "a key");
}
