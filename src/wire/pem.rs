//! Certificates and keys in the forms in which people have them: PEM with a byte order mark, in UTF-16, indented or
//! with text around, and DER. What is something else is refused with what it is, and with the command that makes of
//! it what is needed.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::{Error, Reason, Result};
use crate::hidden::Wiped;
use crate::platform::access::in_shell;
use crate::wire::certificate::{Certificate, INTEGER, OID, SEQUENCE, elements, expect, take};

/// The object identifiers of PKCS#7 begin so; then comes what it holds.
const PKCS7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7];
/// The use of a TLS server, as OpenSSL writes it into what it calls a trusted certificate.
const SERVER_AUTH: &[u8] = &[OID, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];

/// How Java's own key stores begin: JKS and JCEKS. Its PKCS#12 is that of others.
const JAVA_KEY_STORES: [[u8; 4]; 2] = [[0xfe, 0xed, 0xfe, 0xed], [0xce, 0xce, 0xce, 0xce]];

/// A setting that names a file or has its content.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The setting's name.
    pub setting: &'static str,
    /// The file.
    pub path: Option<&'a str>,
}

impl Source<'_> {
    /// What is wrong with its content.
    pub fn error(self, what: impl fmt::Display) -> Error {
        let setting = self.setting;
        let message = match self.path {
            Some(path) => format!("the file of the setting \"{setting}\", {path}, {what}"),
            None => format!("the setting \"{setting}\" {what}"),
        };
        Error::new(Reason::ConfigFile, message)
    }

    /// The same, with a command that puts it right; `FILE` in it becomes the setting's file.
    fn refuse(self, what: impl fmt::Display, remedy: &str) -> Error {
        let error = self.error(what);
        if remedy.is_empty() {
            return error;
        }
        error.with_hint(remedy.replace("FILE", &self.path.map_or("FILE".into(), in_shell)))
    }
}

/// What a piece of a file is, other than a certificate that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Certificate,
    Key,
    EncryptedKey,
    OpenSshKey,
    PublicKey,
    Request,
    RevocationList,
    Pkcs7,
    Pkcs12,
    JavaKeyStore,
    Unknown,
}

/// In the order of [`Kind`]: what it is; what to do where certificates are needed; what where a key is. `INPUT` names
/// the file and, to a command that has to be told, the form of its content.
#[rustfmt::skip]
const KINDS: [(&str, &str, &str); 11] = [
    ("a certificate", "", "Give the private key that belongs to the certificate."),
    ("a private key", "Give the certificate; nobody but its owner needs the key.", ""),
    ("a private key that is encrypted with a passphrase", "Give the certificate; nobody but its owner needs the key.", "Run: openssl pkey INPUT -out key.pem && chmod 600 key.pem"),
    ("a private key of OpenSSH", "Give the certificate; nobody but its owner needs the key.", "Run: ssh-keygen -p -m PKCS8 -f FILE"),
    ("a public key", "Give the certificate, or set the pin of the key with tg_config_set_pin_sha256.", "Give the private key."),
    ("a certificate request, which nobody has signed yet", "Give the certificate that the authority made of it.", "Give the private key that the request was made with."),
    ("a revocation list", "Give the certificate of the authority.", "Give the private key."),
    ("certificates in the form PKCS#7", "Run: openssl pkcs7 -print_certs INPUT -out certificates.pem", "Give the private key: PKCS#7 holds none."),
    ("a store in the form PKCS#12", "Run: openssl pkcs12 -nokeys -in FILE -out certificates.pem", "Run: openssl pkcs12 -nocerts -nodes -in FILE -out key.pem && chmod 600 key.pem"),
    ("a Java key store", "Run: keytool -list -rfc -keystore FILE > certificates.pem", "Run: keytool -importkeystore -srckeystore FILE -destkeystore store.p12 -deststoretype PKCS12"),
    ("", "", ""),
];

/// The content of a file as text in UTF-8, each line from its first letter on; `None`: it is no text.
fn text_of(content: &[u8]) -> Option<Wiped<String>> {
    let wide = |bytes: &[u8], is_big_endian: bool| {
        let units = bytes.chunks_exact(2).map(|pair| {
            let pair = [pair[0], pair[1]];
            if is_big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        });
        let mut text = Wiped::new(String::with_capacity(bytes.len()));
        text.extend(char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)));
        text
    };
    let text = match content {
        [0xef, 0xbb, 0xbf, rest @ ..] => Wiped::new(String::from_utf8_lossy(rest).into_owned()),
        [0xff, 0xfe, rest @ ..] => wide(rest, false),
        [0xfe, 0xff, rest @ ..] => wide(rest, true),
        [letter, 0, ..] if letter.is_ascii_graphic() => wide(content, false),
        [0, letter, ..] if letter.is_ascii_graphic() => wide(content, true),
        _ if content.contains(&0) => return None,
        _ => Wiped::new(String::from_utf8_lossy(content).into_owned()),
    };
    let mut lines = Wiped::new(String::with_capacity(text.len() + 1));
    for line in text.split(['\n', '\r']) {
        lines.push_str(line.trim());
        lines.push('\n');
    }
    Some(lines)
}

/// A section of a text in PEM.
struct Section<'a> {
    label: &'a str,
    body: &'a str,
    is_whole: bool,
}

/// The sections of a text.
fn sections(mut text: &str) -> impl Iterator<Item = Section<'_>> {
    std::iter::from_fn(move || {
        let (_, begun) = text.split_once("-----BEGIN ")?;
        let (label, rest) = begun.split_once("-----").unwrap_or((begun, ""));
        let (body, is_whole) = match rest.split_once("-----END ") {
            // The next one begins before this ends: this one was cut off.
            // One letter is found faster, and Base64 has none of these.
            Some((body, _)) if body.contains('-') && body.contains("-----BEGIN ") => {
                (body.split_once("-----").map_or(body, |cut| cut.0), false)
            }
            Some((body, _)) => (body, true),
            None => (rest, false),
        };
        text = &rest[body.len()..];
        Some(Section { label, body, is_whole })
    })
}

impl Section<'_> {
    fn kind(&self) -> Kind {
        match self.label {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Kind::Certificate,
            "ENCRYPTED PRIVATE KEY" => Kind::EncryptedKey,
            "OPENSSH PRIVATE KEY" => Kind::OpenSshKey,
            label if label.ends_with("PRIVATE KEY") && self.body.contains("ENCRYPTED") => Kind::EncryptedKey,
            label if label.ends_with("PRIVATE KEY") => Kind::Key,
            label if label.ends_with("PUBLIC KEY") => Kind::PublicKey,
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Kind::Request,
            "X509 CRL" => Kind::RevocationList,
            "PKCS7" | "CMS" => Kind::Pkcs7,
            _ => Kind::Unknown,
        }
    }

    fn decode(&self) -> Option<Vec<u8>> {
        let lines = || BASE64.decode(self.body.split('\n').collect::<String>());
        let words = || BASE64.decode(self.body.split_ascii_whitespace().collect::<String>());
        self.is_whole.then(|| lines().or_else(|_| words()).ok())?
    }
}

/// What an encoding without any text around it is.
fn kind_of_der(content: &[u8]) -> Kind {
    if JAVA_KEY_STORES.iter().any(|begin| content.starts_with(begin)) {
        return Kind::JavaKeyStore;
    }
    let mut rest = content;
    let Some(mut inside) = expect(&mut rest, SEQUENCE) else {
        return Kind::Unknown;
    };
    if Certificate::read(content).is_some() {
        return Kind::Certificate;
    }
    let is_pkcs7 = |mut element: &[u8]| expect(&mut element, OID).is_some_and(|id| id.starts_with(PKCS7));
    if is_pkcs7(inside) {
        return Kind::Pkcs7;
    }
    match (take(&mut inside), take(&mut inside)) {
        (Some((INTEGER, [3])), Some((SEQUENCE, element))) if is_pkcs7(element) => Kind::Pkcs12,
        (Some((INTEGER, [0 | 1])), Some(_)) => Kind::Key,
        (Some((SEQUENCE, _)), Some((4, _))) => Kind::EncryptedKey,
        (Some((SEQUENCE, _)), Some((3, _))) => Kind::PublicKey,
        (Some((SEQUENCE, [INTEGER, 1, 0, ..])), Some((SEQUENCE, _))) => Kind::Request,
        (Some((SEQUENCE, _)), Some((SEQUENCE, _))) => Kind::RevocationList,
        _ => Kind::Unknown,
    }
}

/// The certificate in a section. OpenSSL adds to a "trusted" one for what it is trusted.
fn certificate(section: &Section) -> std::result::Result<CertificateDer<'static>, &'static str> {
    let unreadable = if section.is_whole { "cannot be read" } else { "is cut off" };
    let der = section.decode().ok_or(unreadable)?;
    let mut added = &der[..];
    take(&mut added).ok_or(unreadable)?;
    let whole = &der[..der.len() - added.len()];
    if kind_of_der(whole) == Kind::Pkcs7 {
        return Err("is in the form PKCS#7");
    }
    Certificate::read(whole).ok_or("cannot be read")?;
    if section.label != "TRUSTED CERTIFICATE" && !added.is_empty() {
        return Err("has something behind its end");
    }
    let uses = expect(&mut added, SEQUENCE).unwrap_or_default();
    let has = |expected: u8| elements(uses).any(|(tag, _)| tag == expected);
    let (is_limited, is_refused) = (has(SEQUENCE), has(0xa0));
    let for_servers = uses.windows(SERVER_AUTH.len()).any(|id| id == SERVER_AUTH);
    if is_refused || is_limited && !for_servers {
        return Err("says of itself that it is not trusted for TLS servers");
    }
    Ok(whole.to_vec().into())
}

/// The certificates that a setting brings; none is left out.
pub fn certificates(source: Source, content: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let text = match text_of(content) {
        Some(text) if text.contains("-----BEGIN ") => text,
        _ => return one_certificate(source, content),
    };
    let mut found = Vec::new();
    let mut other = Kind::Unknown;
    for section in sections(&text) {
        match section.kind() {
            Kind::Certificate => {
                let number = found.len() + 1;
                found.push(certificate(&section).map_err(|what| {
                    let what = format!("holds a certificate, number {number} in it, that {what}");
                    source.refuse(what, "Run openssl x509 -in FILE -noout -text to see the first, and remove or replace the broken one.")
                })?);
            }
            // It may hold certificates as well.
            Kind::Pkcs7 => return Err(wrong_kind(source, Kind::Pkcs7, false, Needed::Certificates)),
            kind if other == Kind::Unknown => other = kind,
            _ => {}
        }
    }
    if found.is_empty() {
        return Err(wrong_kind(source, other, false, Needed::Certificates));
    }
    Ok(found)
}

/// The certificates of a text in which every section is one, as systems write their trust stores, or `None`. They are
/// decoded, and not looked at.
pub fn bundle(text: &str) -> Option<Vec<CertificateDer<'static>>> {
    let decode = |section: Section| if section.label == "CERTIFICATE" { section.decode() } else { None };
    let found: Vec<_> = sections(text).map(|section| decode(section).map(Into::into)).collect::<Option<_>>()?;
    (!found.is_empty()).then_some(found)
}

fn one_certificate(source: Source, content: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    match kind_of_der(content) {
        Kind::Certificate => {
            let mut behind = content;
            take(&mut behind);
            if !behind.is_empty() {
                return Err(source.error("holds something behind the end of its certificate"));
            }
            Ok(vec![content.to_vec().into()])
        }
        _ if content.iter().all(u8::is_ascii_whitespace) => Err(source.error("is empty")),
        kind => Err(wrong_kind(source, kind, true, Needed::Certificates)),
    }
}

/// The private key that a setting brings.
pub fn private_key(source: Source, content: &[u8]) -> Result<PrivateKeyDer<'static>> {
    let text = match text_of(content) {
        Some(text) if text.contains("-----BEGIN ") => text,
        _ if content.iter().all(u8::is_ascii_whitespace) => return Err(source.error("is empty")),
        _ => {
            return match kind_of_der(content) {
                Kind::Key => PrivateKeyDer::try_from(content.to_vec())
                    .map_err(|_| source.error("holds a private key that cannot be read")),
                kind => Err(wrong_kind(source, kind, true, Needed::Key)),
            };
        }
    };
    let kinds = || sections(&text).map(|section| section.kind()).filter(|kind| *kind != Kind::Unknown);
    match kinds().find(|kind| !matches!(kind, Kind::Certificate | Kind::Request | Kind::PublicKey)) {
        // Read by a decoder whose time does not depend on the key.
        Some(Kind::Key) => PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_| source.error("holds a private key that cannot be read")),
        kind => Err(wrong_kind(source, kind.or(kinds().next()).unwrap_or(Kind::Unknown), false, Needed::Key)),
    }
}

/// What a setting needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needed {
    Certificates,
    Key,
}

fn wrong_kind(source: Source, kind: Kind, is_der: bool, needed: Needed) -> Error {
    let (what, for_certificates, for_key) = KINDS[kind as usize];
    let (remedy, missing) = match needed {
        Needed::Certificates => (for_certificates, "certificate"),
        Needed::Key => (for_key, "private key"),
    };
    if kind == Kind::Unknown {
        return source.error(format_args!("holds no {missing} in PEM form"));
    }
    let input = if is_der { "-inform DER -in FILE" } else { "-in FILE" };
    source.refuse(format_args!("holds no {missing}, but {what}"), &remedy.replace("INPUT", input))
}
