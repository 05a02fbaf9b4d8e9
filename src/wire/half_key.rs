//! Private keys of ECDSA without the public half, which may be left out, and which Java leaves out. `ring` wants it, and
//! the client's certificate has it.

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use crate::hidden::Wiped;
use crate::wire::certificate::{BITS, Certificate, ELLIPTIC, INTEGER, OCTETS, OID, SEQUENCE, elements, expect};

/// The tag of the public half.
const PUBLIC: u8 = 0xa1;

/// Whether a key is one without its public half.
pub fn is_half(key: &PrivateKeyDer) -> bool {
    half_of(key).is_some()
}

/// Such a key with the public half of this certificate; `None`: that is of another kind. Whether the halves belong
/// together is not looked at.
pub fn whole(key: &PrivateKeyDer, certificate: &Certificate) -> Option<PrivateKeyDer<'static>> {
    let (half, in_front) = half_of(key)?;
    let public = element(PUBLIC, &[&element(BITS, &[certificate.point()?])?])?;
    let whole = element(SEQUENCE, &[half, &public])?;
    match in_front {
        None => Some(PrivateSec1KeyDer::from(whole.to_vec()).into()),
        Some(in_front) => {
            let wrapped = element(SEQUENCE, &[in_front, &element(OCTETS, &[&whole])?])?;
            Some(PrivatePkcs8KeyDer::from(wrapped.to_vec()).into())
        }
    }
}

/// What is inside of a key without its public half, and in PKCS#8 what stands in front of the key.
fn half_of<'a>(key: &'a PrivateKeyDer) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let (mut half, in_front) = match key {
        PrivateKeyDer::Sec1(key) => (key.secret_sec1_der(), None),
        PrivateKeyDer::Pkcs8(key) => {
            let mut der = key.secret_pkcs8_der();
            let mut inside = expect(&mut der, SEQUENCE)?;
            let from_start = inside;
            expect(&mut inside, INTEGER)?;
            let mut algorithm = expect(&mut inside, SEQUENCE)?;
            (expect(&mut algorithm, OID)? == ELLIPTIC).then_some(())?;
            let in_front = &from_start[..from_start.len() - inside.len()];
            (expect(&mut inside, OCTETS)?, Some(in_front))
        }
        _ => return None,
    };
    let half = expect(&mut half, SEQUENCE)?;
    let mut tags = elements(half).map(|(tag, _)| tag);
    let is_half = tags.next() == Some(INTEGER) && tags.next() == Some(OCTETS) && tags.all(|tag| tag != PUBLIC);
    is_half.then_some((half, in_front))
}

/// An element with this content; `None`: it is too long for one of these keys.
fn element(tag: u8, parts: &[&[u8]]) -> Option<Wiped<Vec<u8>>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
    // In one piece, which leaves no copies.
    let mut whole = Wiped::new(Vec::with_capacity(length + 4));
    match length {
        ..0x80 => whole.extend([tag, low]),
        0x80..0x100 => whole.extend([tag, 0x81, low]),
        _ => whole.extend([tag, 0x82, high, low]),
    }
    parts.iter().for_each(|part| whole.extend_from_slice(part));
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_their_length_in_as_few_bytes_as_it_takes() {
        for (length, begin) in [
            (0, &[4, 0][..]),
            (127, &[4, 127]),
            (128, &[4, 0x81, 128]),
            (255, &[4, 0x81, 255]),
            (256, &[4, 0x82, 1, 0]),
        ] {
            let content = vec![7; length];
            let whole = element(OCTETS, &[&content]).expect("short enough");
            assert!(whole.starts_with(begin) && whole.len() == begin.len() + length, "{length}");
            assert_eq!(expect(&mut &whole[..], OCTETS), Some(&content[..]), "{length}");
        }
        assert!(element(OCTETS, &[&[0; 0x8000], &[0; 0x8000]]).is_none());
    }

    #[test]
    fn only_keys_of_ecdsa_without_the_public_half_are_half() {
        let sec1 = |inside: &[u8]| {
            let whole = element(SEQUENCE, &[inside]).expect("short enough");
            PrivateKeyDer::from(PrivateSec1KeyDer::from(whole.to_vec()))
        };
        let rows: [(&[u8], bool); 5] = [
            (&[2, 1, 1, 4, 1, 9], true),
            (&[2, 1, 1, 4, 1, 9, 0xa0, 2, 5, 0], true),
            (&[2, 1, 1, 4, 1, 9, 0xa1, 4, 3, 2, 0, 4], false),
            (&[2, 1, 1], false),
            (&[4, 1, 9, 2, 1, 1], false),
        ];
        for (inside, expected) in rows {
            assert_eq!(is_half(&sec1(inside)), expected, "{inside:?}");
        }
        let pkcs8 = |id: &[u8]| {
            let algorithm = element(SEQUENCE, &[&element(OID, &[id]).expect("short")]).expect("short");
            let key = [4, 8, 0x30, 6, 2, 1, 1, 4, 1, 9];
            let whole = element(SEQUENCE, &[&[2, 1, 0], &algorithm, &key]).expect("short");
            PrivateKeyDer::from(PrivatePkcs8KeyDer::from(whole.to_vec()))
        };
        assert!(is_half(&pkcs8(ELLIPTIC)) && !is_half(&pkcs8(&[0x2b, 0x65, 0x70])));
    }
}
