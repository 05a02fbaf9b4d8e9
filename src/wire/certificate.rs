//! What a certificate says of itself, for what webpki does not tell: its names, its kind of key and signature, its
//! use. Nothing is decided here about trust. Whatever the bytes are, reading them ends, and never panics.

use std::fmt::Write as _;
use std::net::IpAddr;

/// No more names than this are shown.
const MAX_NAMES: usize = 8;
/// A name is cut off after this many characters.
const NAME_LIMIT: usize = 80;

/// Tags of elements.
pub const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const BOOLEAN: u8 = 1;
/// See [`SEQUENCE`].
pub const INTEGER: u8 = 2;
/// See [`SEQUENCE`].
pub const BITS: u8 = 3;
/// See [`SEQUENCE`].
pub const OCTETS: u8 = 4;
/// See [`SEQUENCE`].
pub const OID: u8 = 6;
/// Object identifiers, as they are encoded.
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 17];
const EXTENDED_USE: &[u8] = &[0x55, 0x1d, 37];
const USE: &[u8] = &[0x55, 0x1d, 15];
/// Of the first byte of a key usage: keyCertSign.
const SIGNS_CERTIFICATES: u8 = 4;
const CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// That of keys for ECDSA.
pub const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P_384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// Kinds of keys and signatures that have a name. A certificate may have others.
#[rustfmt::skip]
const ALGORITHMS: [(&[u8], &str); 21] = [
    (RSA, "RSA"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4], "RSA with MD5"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], "RSA with SHA-1"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], "RSA-PSS"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], "RSA with SHA-256"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], "RSA with SHA-384"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], "RSA with SHA-512"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14], "RSA with SHA-224"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1], "DSA"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], "ECDSA with SHA-1"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1], "ECDSA with SHA-224"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], "ECDSA with SHA-256"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], "ECDSA with SHA-384"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], "ECDSA with SHA-512"),
    (P_256, "P-256"),
    (&[0x2b, 0x81, 4, 0, 10], "secp256k1"),
    (&[0x2b, 0x81, 4, 0, 33], "P-224"),
    (P_384, "P-384"),
    (&[0x2b, 0x81, 4, 0, 35], "P-521"),
    (ED25519, "Ed25519"),
    (&[0x2b, 0x65, 0x71], "Ed448"),
];

/// Takes the first element off an encoding: its tag and its content. `None`: it is not whole.
pub fn take<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&[tag, first], mut after) = rest.split_first_chunk()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let (bytes, behind) = after.split_at_checked(length - 0x80)?;
        if !(1..=3).contains(&bytes.len()) {
            return None;
        }
        length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        after = behind;
    }
    let (content, after) = after.split_at_checked(length)?;
    *rest = after;
    Some((tag, content))
}

/// The same for an element that must have this tag.
pub fn expect<'a>(rest: &mut &'a [u8], expected: u8) -> Option<&'a [u8]> {
    let mut ahead = *rest;
    let (tag, content) = take(&mut ahead)?;
    (tag == expected).then(|| {
        *rest = ahead;
        content
    })
}

/// The elements of an encoding, as far as they can be read.
pub fn elements(mut rest: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || take(&mut rest))
}

/// Parts of a certificate.
pub struct Certificate<'a> {
    /// Its version: 1, 2 or 3.
    pub version: u8,
    /// The algorithm of its signature.
    pub signature: &'a [u8],
    /// Who issued it.
    pub issuer: &'a [u8],
    /// Whose it is.
    pub subject: &'a [u8],
    /// Its key, as pins count it.
    pub key: &'a [u8],
    extensions: &'a [u8],
}

/// An extension of a certificate.
struct Extension<'a> {
    id: &'a [u8],
    is_critical: bool,
    value: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads a certificate, of whatever version.
    pub fn read(mut der: &'a [u8]) -> Option<Certificate<'a>> {
        let mut whole = expect(&mut der, SEQUENCE)?;
        let mut body = expect(&mut whole, SEQUENCE)?;
        let version =
            expect(&mut body, 0xa0).map_or(Some(0), |mut tagged| expect(&mut tagged, INTEGER)?.first().copied());
        expect(&mut body, INTEGER)?;
        let signature = expect(&mut body, SEQUENCE)?;
        let issuer = expect(&mut body, SEQUENCE)?;
        expect(&mut body, SEQUENCE)?; // its dates
        let subject = expect(&mut body, SEQUENCE)?;
        let from_key = body;
        expect(&mut body, SEQUENCE)?;
        let key = &from_key[..from_key.len() - body.len()];
        let extensions = elements(body).find(|(tag, _)| *tag == 0xa3);
        let extensions = extensions.and_then(|(_, mut tagged)| expect(&mut tagged, SEQUENCE)).unwrap_or_default();
        Some(Certificate { version: version?.saturating_add(1), signature, issuer, subject, key, extensions })
    }

    fn extensions(&self) -> impl Iterator<Item = Extension<'a>> {
        elements(self.extensions).filter_map(|(_, mut extension)| {
            let id = expect(&mut extension, OID)?;
            let is_critical = expect(&mut extension, BOOLEAN).is_some_and(|value| value != [0]);
            Some(Extension { id, is_critical, value: expect(&mut extension, OCTETS)? })
        })
    }

    fn extension(&self, id: &[u8]) -> Option<&'a [u8]> {
        self.extensions().find(|extension| extension.id == id).map(|extension| extension.value)
    }

    /// The host names and addresses that it is for; `None`: it has no such list.
    pub fn names(&self) -> Option<Vec<String>> {
        let mut list = self.extension(ALTERNATIVE_NAMES)?;
        let list = expect(&mut list, SEQUENCE).unwrap_or_default();
        Some(elements(list).filter_map(|(tag, name)| name_in_words(tag, name)).collect())
    }

    /// Its common names.
    pub fn common_names(&self) -> impl Iterator<Item = &'a [u8]> {
        common_names(self.subject)
    }

    /// Whether it may be used for servers.
    pub fn is_for_servers(&self) -> bool {
        let Some(mut list) = self.extension(EXTENDED_USE) else {
            return true;
        };
        elements(expect(&mut list, SEQUENCE).unwrap_or_default()).any(|use_| use_ == (OID, SERVER_AUTH))
    }

    /// Whether it may issue certificates: it says that it is an authority's, and its key usage, if there is one, does not
    /// say otherwise. Before version 3 there was no way to say so.
    pub fn may_issue(&self) -> bool {
        if self.version < 3 {
            return true;
        }
        let is_authority = self.extension(CONSTRAINTS).is_some_and(|mut value| {
            let first = expect(&mut value, SEQUENCE).and_then(|mut inside| expect(&mut inside, BOOLEAN));
            first.is_some_and(|value| value != [0])
        });
        let bits = self.extension(USE).map(|mut value| expect(&mut value, BITS).unwrap_or_default());
        is_authority && bits.is_none_or(|bits| bits.get(1).is_some_and(|first| first & SIGNS_CERTIFICATES != 0))
    }

    /// The kind of its key, in words.
    pub fn key_in_words(&self) -> String {
        key_in_words(content(self.key))
    }

    /// Whether its key is of a kind that this library can verify signatures of.
    pub fn has_usable_key(&self) -> bool {
        is_usable(content(self.key))
    }

    /// The public half of its key, if it is one of ECDSA.
    pub fn point(&self) -> Option<&'a [u8]> {
        let mut key = content(self.key);
        let mut algorithm = expect(&mut key, SEQUENCE)?;
        (expect(&mut algorithm, OID)? == ELLIPTIC).then_some(())?;
        expect(&mut key, BITS)
    }

    /// The kind of its signature, in words.
    pub fn signature_in_words(&self) -> String {
        algorithm_in_words(self.signature)
    }

    /// An extension that must be understood, and that webpki does not know.
    pub fn unknown_critical(&self) -> Option<String> {
        let is_known = |id: &[u8]| matches!(id, [0x55, 0x1d, 15 | 17 | 19 | 30 | 31 | 37]);
        let unknown = self.extensions().find(|extension| extension.is_critical && !is_known(extension.id))?;
        Some(id_in_words(unknown.id))
    }
}

/// The common names in the name of an issuer or owner.
pub fn common_names(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let attributes = elements(name).filter(|(tag, _)| *tag == SET).flat_map(|(_, set)| elements(set));
    attributes.filter_map(|(_, mut attribute)| {
        (expect(&mut attribute, OID)? == COMMON_NAME).then_some(())?;
        take(&mut attribute).map(|(_, value)| value)
    })
}

/// The name of an issuer or owner as a person knows it: its first common name, else its last part.
pub fn owner_in_words(name: &[u8]) -> String {
    let parts = || elements(name).flat_map(|(_, set)| elements(set));
    let last = || parts().filter_map(|(_, mut part)| expect(&mut part, OID).and_then(|_| take(&mut part))).last();
    match common_names(name).next().or_else(|| last().map(|(_, value)| value)) {
        Some(name) => format!("\"{}\"", shown(name)),
        None => "an authority without a name".to_owned(),
    }
}

/// A name that a server shows, safe to print: in ASCII and not too long.
pub fn shown(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    text.chars().take(NAME_LIMIT).flat_map(char::escape_default).collect()
}

/// "a, b and 3 more".
pub fn list_in_words(names: &[String]) -> String {
    let mut text = names[..names.len().min(MAX_NAMES)].join(", ");
    if names.len() > MAX_NAMES {
        let _ = write!(text, " and {} more", names.len() - MAX_NAMES);
    }
    text
}

fn name_in_words(tag: u8, name: &[u8]) -> Option<String> {
    match tag {
        0x82 => Some(shown(name)),
        0x87 => {
            let v4 = <[u8; 4]>::try_from(name).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(name).map(IpAddr::from)).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

fn content(mut element: &[u8]) -> &[u8] {
    take(&mut element).map_or(&[], |(_, content)| content)
}

/// An algorithm with its parameters, in words.
pub fn algorithm_in_words(mut algorithm: &[u8]) -> String {
    let id = expect(&mut algorithm, OID).unwrap_or_default();
    match expect(&mut algorithm, OID) {
        Some(curve) if id == ELLIPTIC => format!("ECDSA on {}", id_in_words(curve)),
        _ => id_in_words(id),
    }
}

/// What an object identifier stands for, or its numbers.
fn id_in_words(id: &[u8]) -> String {
    if let Some((_, name)) = ALGORITHMS.iter().find(|(known, _)| *known == id) {
        return (*name).to_owned();
    }
    let (mut text, mut number) = (String::new(), 0u64);
    for byte in id.iter().take(32) {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            // The first number holds two: 40 times the first, which is at most 2, and the second.
            let first = if text.is_empty() { Some((number / 40).min(2)) } else { None };
            let _ = match first {
                Some(first) => write!(text, "{first}.{}", number - 40 * first),
                None => write!(text, ".{number}"),
            };
            number = 0;
        }
    }
    text
}

/// The algorithm of a public key, and the bits of an RSA key.
fn parts_of_key(mut key: &[u8]) -> Option<(&[u8], Option<usize>)> {
    let algorithm = expect(&mut key, SEQUENCE)?;
    if content(algorithm) != RSA {
        return Some((algorithm, None));
    }
    let mut numbers = expect(&mut key, BITS)?.get(1..)?;
    let modulus = content(expect(&mut numbers, SEQUENCE)?);
    let start = modulus.iter().position(|byte| *byte != 0)?;
    Some((algorithm, Some((modulus.len() - start) * 8 - modulus[start].leading_zeros() as usize)))
}

/// The kind of a public key (without its tag), in words.
pub fn key_in_words(key: &[u8]) -> String {
    match parts_of_key(key) {
        Some((_, Some(bits))) => format!("RSA of {bits} bits"),
        Some((algorithm, None)) => algorithm_in_words(algorithm),
        None => "of an unknown kind".to_owned(),
    }
}

/// Whether signatures of this public key (without its tag) can be verified here.
pub fn is_usable(key: &[u8]) -> bool {
    match parts_of_key(key) {
        Some((_, Some(bits))) => (2048..=8192).contains(&bits),
        Some((mut algorithm, None)) => match (take(&mut algorithm), take(&mut algorithm)) {
            (Some((OID, ELLIPTIC)), Some((OID, curve))) => matches!(curve, P_256 | P_384),
            (Some((OID, id)), None) => id == ED25519,
            _ => false,
        },
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 3, by "a", for "b" with the names "c" and 1.2.3.4, for servers, with a critical extension 1.2.3.4.
    #[rustfmt::skip]
    const SMALL: &[u8] = &[
        0x30, 0x6b, 0x30, 0x69, 0xa0, 3, 2, 1, 2, 2, 1, 1,
        0x30, 5, 6, 3, 0x2b, 0x65, 0x70,
        0x30, 12, 0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 3, 0x0c, 1, b'a',
        0x30, 0,
        0x30, 12, 0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 3, 0x0c, 1, b'b',
        0x30, 10, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 1, 0,
        0xa3, 46, 0x30, 44,
        0x30, 15, 6, 3, 0x55, 0x1d, 17, 4, 8, 0x30, 6, 0x82, 1, b'c', 0x87, 1, 9,
        0x30, 20, 6, 3, 0x2a, 3, 4, 1, 1, 0xff, 4, 10, 0x30, 8, 0, 0, 0, 0, 0, 0, 0, 0,
        0x30, 3, 1, 1, 0,
    ];

    #[test]
    fn a_certificate_is_read() {
        let certificate = Certificate::read(SMALL).expect("a certificate");
        assert_eq!(certificate.version, 3);
        assert_eq!(
            (owner_in_words(certificate.issuer), owner_in_words(certificate.subject)),
            ("\"a\"".into(), "\"b\"".into())
        );
        assert_eq!(
            (certificate.key_in_words(), certificate.signature_in_words()),
            ("Ed25519".into(), "Ed25519".into())
        );
        // An address of one byte is none.
        assert_eq!(certificate.names(), Some(vec!["c".to_owned()]));
        assert_eq!(certificate.unknown_critical().as_deref(), Some("1.2.3.4"));
        assert!(certificate.is_for_servers() && certificate.has_usable_key());
    }

    #[test]
    fn who_may_issue_certificates() {
        const AUTHORITY: &[u8] = &[0x30, 12, 6, 3, 0x55, 0x1d, 19, 4, 5, 0x30, 3, 1, 1, 0xff];
        const NO_AUTHORITY: &[u8] = &[0x30, 9, 6, 3, 0x55, 0x1d, 19, 4, 2, 0x30, 0];
        const FALSE: &[u8] = &[0x30, 12, 6, 3, 0x55, 0x1d, 19, 4, 5, 0x30, 3, 1, 1, 0];
        const SIGNS: &[u8] = &[0x30, 11, 6, 3, 0x55, 0x1d, 15, 4, 4, 3, 2, 1, 6];
        const OTHER_USE: &[u8] = &[0x30, 11, 6, 3, 0x55, 0x1d, 15, 4, 4, 3, 2, 7, 0x80];
        const EMPTY_USE: &[u8] = &[0x30, 10, 6, 3, 0x55, 0x1d, 15, 4, 3, 3, 1, 0];
        let may_issue = |version: u8, extensions: &[&[u8]]| {
            let extensions = extensions.concat();
            let extensions = &extensions[..];
            Certificate { version, signature: &[], issuer: &[], subject: &[], key: &[], extensions }.may_issue()
        };
        assert!(may_issue(1, &[]) && may_issue(3, &[AUTHORITY]) && may_issue(3, &[SIGNS, AUTHORITY]));
        for extensions in [&[][..], &[NO_AUTHORITY], &[FALSE], &[SIGNS], &[FALSE, SIGNS]] {
            assert!(!may_issue(3, extensions), "{extensions:?}");
        }
        assert!(!may_issue(3, &[AUTHORITY, OTHER_USE]) && !may_issue(3, &[AUTHORITY, EMPTY_USE]));
    }

    #[test]
    fn whatever_the_bytes_are_reading_them_ends() {
        let look = |der: &[u8]| {
            if let Some(certificate) = Certificate::read(der) {
                let _ = (certificate.names(), certificate.key_in_words(), certificate.signature_in_words());
                let _ = (certificate.unknown_critical(), certificate.is_for_servers(), certificate.has_usable_key());
                let _ = certificate.may_issue();
                let _ = (owner_in_words(certificate.issuer), certificate.common_names().count());
            }
        };
        for end in 0..SMALL.len() {
            look(&SMALL[..end]);
            for value in [0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff] {
                let mut changed = SMALL.to_vec();
                changed[end] = value;
                look(&changed);
            }
        }
    }

    #[test]
    fn numbers_of_identifiers() {
        assert_eq!(id_in_words(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 9]), "1.2.840.10045.4.3.9");
        assert_eq!(id_in_words(&[0x88, 0x37, 3]), "2.999.3");
        assert_eq!(id_in_words(&[]), "");
        assert!(id_in_words(&[0xff; 40]).is_empty());
    }
}
