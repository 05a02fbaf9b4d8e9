//! Whether a server is the one that the settings trust, and in words why not.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};
use webpki::{EndEntityCert, Error as Pki, KeyUsage, VerifiedPath};

use crate::dates::rfc3339;
use crate::error::{Error, Reason};
use crate::wire::certificate::{
    Certificate, algorithm_in_words, is_usable, key_in_words, list_in_words, owner_in_words, shown as safe,
};
use crate::wire::store::Roots;

/// Verifies a server: by its chain, by a pinned key with host name and dates, by both, or, in a laboratory, by
/// nothing but that it holds the key of the certificate it shows, which must be the pinned one if there is a pin.
#[derive(Debug)]
pub struct Verifier {
    /// Whom chains must end in; `None`: a pin or nothing decides.
    pub roots: Option<Roots>,
    /// The certificates of the CA setting: a server that shows one of them is trusted as itself. `None`: the system's
    /// trust store decides, which holds authorities alone.
    pub own: Option<Vec<CertificateDer<'static>>>,
    /// The SHA-256 of the only key that is accepted.
    pub pin: Option<[u8; 32]>,
    /// Neither chain nor host name and dates count.
    pub insecure: bool,
    /// What signatures are verified with.
    pub provider: Arc<CryptoProvider>,
    /// Whether more kinds of keys are asked for than can be verified, to see the certificate of any server.
    pub accepts_any_key: bool,
}

/// The error that carries a refusal of ours through rustls.
#[derive(Debug)]
struct Refusal(Error);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for rustls::Error {
    fn from(refusal: Refusal) -> rustls::Error {
        CertificateError::Other(rustls::OtherError(Arc::new(refusal))).into()
    }
}

/// Our refusal, where rustls carried one.
pub fn refusal(error: &rustls::Error) -> Option<&Error> {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
            other.0.downcast_ref::<Refusal>().map(|refusal| &refusal.0)
        }
        _ => None,
    }
}

type Judgement = Result<(), Error>;

fn refuse(reason: Reason, message: impl Into<std::borrow::Cow<'static, str>>) -> Judgement {
    Err(Error::new(reason, message))
}

/// A certificate that is not fit, whoever issued it.
fn unfit(what: impl fmt::Display) -> Error {
    Error::new(Reason::TlsBadCertificate, format!("the server's certificate {what}"))
}

/// A server whose key is of this kind, which is none that signatures can be verified of.
pub fn unusable_key(kind: &str) -> Error {
    unfit(format_args!("has a key that this library does not accept: {kind}"))
}

/// The pin of the key in a certificate.
pub fn pin_of(certificate: &Certificate) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate.key);
    let mut pin = [0; 32];
    pin.copy_from_slice(digest.as_ref());
    pin
}

impl Verifier {
    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Judgement {
        if self.accepts_any_key {
            return Ok(());
        }
        let shown = Certificate::read(leaf).ok_or_else(|| unfit("cannot be read"))?;
        let certificate = EndEntityCert::try_from(leaf).map_err(|error| unreadable(&shown, &error))?;
        let is_own = self.own.iter().flatten().any(|own| own == leaf);
        match &self.roots {
            Some(_) if is_own => self.judge_itself(&shown, &certificate, now)?,
            Some(roots) => {
                let roots = roots.at_hand()?;
                let algorithms = self.provider.signature_verification_algorithms.all;
                let usage = KeyUsage::server_auth();
                let chain = roots.verify(|anchors| {
                    let path = Some(&all_may_issue as &dyn Fn(&VerifiedPath) -> Result<(), Pki>);
                    certificate.verify_for_usage(algorithms, anchors, between, now, usage, None, path).map(drop)
                });
                chain.map_err(|error| self.why_not(error, &shown, &certificate, between, now))?;
            }
            None if self.pin.is_some() && !self.insecure => self.judge_dates(&certificate, now)?,
            None => {}
        }
        if !shown.has_usable_key() {
            return Err(unusable_key(&shown.key_in_words()));
        }
        if self.roots.is_some() || self.pin.is_some() && !self.insecure {
            judge_name(&shown, &certificate, name, is_own || self.pin.is_some())?;
        }
        match self.pin {
            Some(pin) if pin != pin_of(&shown) => {
                refuse(Reason::TlsPinMismatch, "the server's key is not the pinned one")
            }
            _ => Ok(()),
        }
    }

    /// Whether the server holds the key of its certificate. A signature that is wrong speaks against the handshake, not
    /// against the certificate.
    fn judge_signature(
        &self,
        verify: impl FnOnce(&WebPkiSupportedAlgorithms) -> Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if self.accepts_any_key {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify(&self.provider.signature_verification_algorithms)
            .map_err(|error| rustls::Error::General(format!("signature of the handshake: {error}")))
    }

    /// What webpki says of a certificate alone, without any issuer.
    fn alone(&self, certificate: &EndEntityCert, now: UnixTime) -> Pki {
        let algorithms = self.provider.signature_verification_algorithms.all;
        let verified = certificate.verify_for_usage(algorithms, &[], &[], now, KeyUsage::server_auth(), None, None);
        verified.map_or_else(|error| error, |_| Pki::UnknownIssuer)
    }

    /// Of a certificate that is trusted as itself everything counts but who issued it, and whether it is a CA's.
    fn judge_itself(&self, shown: &Certificate, certificate: &EndEntityCert, now: UnixTime) -> Judgement {
        match self.alone(certificate, now) {
            Pki::UnknownIssuer => {}
            // Dates were compared before; its use was not.
            Pki::CaUsedAsEndEntity if shown.is_for_servers() => {}
            Pki::CaUsedAsEndEntity => return Err(wrong_use()),
            error => return Err(of_itself(&error).unwrap_or_else(|| unreadable(shown, &error))),
        }
        let algorithms = self.provider.signature_verification_algorithms.all;
        if algorithms.iter().any(|algorithm| algorithm.signature_alg_id().as_ref() == shown.signature) {
            return Ok(());
        }
        Err(unverifiable(&shown.signature_in_words()))
    }

    /// webpki checks the dates before it looks for an issuer.
    fn judge_dates(&self, certificate: &EndEntityCert, now: UnixTime) -> Judgement {
        match self.alone(certificate, now) {
            error @ (Pki::CertExpired { .. } | Pki::CertNotValidYet { .. } | Pki::InvalidCertValidity) => {
                of_itself(&error).map_or(Ok(()), Err)
            }
            _ => Ok(()),
        }
    }

    /// Why a chain leads to nobody who is trusted.
    fn why_not(
        &self,
        error: Pki,
        shown: &Certificate,
        certificate: &EndEntityCert,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Error {
        match &error {
            Pki::UnknownIssuer => return self.unknown_issuer(shown, between),
            Pki::CaUsedAsEndEntity if shown.issuer == shown.subject => return self.unknown_issuer(shown, between),
            Pki::InvalidSignatureForPublicKey | Pki::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
                return self.other_signature(shown, between);
            }
            _ => {}
        }
        let Some(refusal) = of_itself(&error) else {
            return unreadable(shown, &error);
        };
        let is_of_leaf = match &error {
            Pki::UnsupportedSignatureAlgorithmContext(context) => context.signature_algorithm_id == shown.signature,
            Pki::CertExpired { .. } | Pki::CertNotValidYet { .. } | Pki::InvalidCertValidity => {
                self.judge_dates(certificate, now).is_err()
            }
            Pki::EmptyEkuExtension | Pki::RequiredEkuNotFoundContext(_) => !shown.is_for_servers(),
            _ => true,
        };
        if is_of_leaf {
            return refusal;
        }
        let message = refusal.message().replace("the server's certificate", "a certificate in the server's chain");
        refusal.with_message(message)
    }

    fn unknown_issuer(&self, shown: &Certificate, between: &[CertificateDer<'_>]) -> Error {
        // The chain that the server shows ends in somebody whom nobody here knows.
        let between: Vec<_> = between.iter().filter_map(|next| Certificate::read(next)).collect();
        let mut top = shown;
        for _ in &between {
            match between.iter().find(|next| next.subject == top.issuer) {
                Some(next) if top.issuer != top.subject => top = next,
                _ => break,
            }
        }
        let is_self_signed = shown.issuer == shown.subject;
        let own = self.own.iter().flatten().filter_map(|own| Certificate::read(own));
        if is_self_signed && own.clone().any(|own| own.subject == shown.subject) {
            return made_anew(shown);
        }
        if own.clone().any(|own| own.subject == top.issuer && !own.may_issue()) {
            return issued_by_none();
        }
        let issuer = owner_in_words(top.issuer);
        let message = if is_self_signed {
            format!("the server's certificate, {issuer}, is self-signed and is not trusted here")
        } else {
            format!("the server's certificate was issued by an authority that is not trusted here: {issuer}")
        };
        let error = Error::new(Reason::TlsUnknownIssuer, message);
        match (&self.own, is_self_signed) {
            (None, true) => return error.with_hint(NAME_ITSELF),
            (None, false) => return error,
            (Some(_), _) => {}
        }
        let known = list_in_words(&own.map(|own| owner_in_words(own.subject)).collect::<Vec<_>>());
        let hint = if is_self_signed {
            format!("The CA setting holds {known}: add this certificate itself.")
        } else if top.issuer == top.subject {
            format!("The CA setting holds {known}: add the certificate of {issuer}.")
        } else {
            format!(
                "The CA setting holds {known}. Add the certificate of {issuer}, or, if one of these issued it, have the \
                 server send it along."
            )
        };
        error.with_hint(hint)
    }

    /// A signature that the key of the issuer did not make.
    fn other_signature(&self, shown: &Certificate, between: &[CertificateDer<'_>]) -> Error {
        let between: Vec<_> = between.iter().filter_map(|next| Certificate::read(next)).collect();
        let is_asked_for = |subject: &[u8]| between.iter().chain([shown]).any(|next| next.issuer == subject);
        let anchors = self.roots.iter().flat_map(Roots::anchors).filter(|anchor| is_asked_for(&anchor.subject));
        let weak_anchor = anchors.map(|anchor| &anchor.subject_public_key_info).find(|key| !is_usable(key));
        let weak_between = between.iter().find(|next| !next.has_usable_key()).map(Certificate::key_in_words);
        if let Some(weak) = weak_between.or_else(|| weak_anchor.map(|key| key_in_words(key))) {
            return unfit(format_args!("is signed with a key that this library does not verify: {weak}"));
        }
        made_anew(shown)
    }
}

/// Whether those between the server and the authority may issue certificates: webpki does not look at their key usage.
fn all_may_issue(path: &VerifiedPath) -> Result<(), Pki> {
    let may = |der: CertificateDer| Certificate::read(&der).is_some_and(|next| next.may_issue());
    let all = path.intermediate_certificates().all(|next| may(next.der()));
    if all { Ok(()) } else { Err(Pki::EndEntityUsedAsCa) }
}

/// What to do about a self-signed certificate where no CA is set.
const NAME_ITSELF: &str = "If this is the server's certificate, get it from the server's operator and name it with \
                           tg_config_set_ca_file, or pin its key with tg_config_set_pin_sha256.";

/// One that has the name of somebody who is trusted, but not the key.
fn made_anew(shown: &Certificate) -> Error {
    let issuer = owner_in_words(shown.issuer);
    let (message, hint) = if shown.issuer == shown.subject {
        (
            format!(
                "the server's certificate, {issuer}, is self-signed, and not the one of this name that is trusted here"
            ),
            "If it was made anew, put the present one into the CA setting.",
        )
    } else {
        (
            format!(
                "the server's certificate was not issued by the {issuer} that is trusted here, but by another of the same name"
            ),
            "If the authority was made anew, get its present certificate from the server's operator.",
        )
    };
    Error::new(Reason::TlsUnknownIssuer, message).with_hint(hint)
}

fn unverifiable(signature: &str) -> Error {
    unfit(format_args!("is signed in a way that this library does not accept: {signature}"))
}

fn issued_by_none() -> Error {
    let hint = "Have the authority's certificate made anew with CA:TRUE in its basic constraints, and with keyCertSign \
                if it has a key usage; or put the server's own certificate into the CA setting.";
    unfit("was issued by a certificate that may not issue any (basic constraints or key usage)").with_hint(hint)
}

fn wrong_use() -> Error {
    unfit("is not for servers: its extended key usage does not list serverAuth")
}

/// What a certificate lacks by itself, whoever issued it.
fn of_itself(error: &Pki) -> Option<Error> {
    let date = |time: &UnixTime| rfc3339(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    Some(match error {
        Pki::CertExpired { not_after, .. } => {
            let message = format!("the server's certificate has expired on {}", date(not_after));
            Error::new(Reason::TlsExpired, message)
        }
        Pki::CertNotValidYet { not_before, .. } => {
            let message = format!("the server's certificate is not valid yet, but from {}", date(not_before));
            Error::new(Reason::TlsNotYetValid, message)
        }
        Pki::InvalidCertValidity => {
            Error::new(Reason::TlsExpired, "the server's certificate was never valid: its dates contradict each other")
        }
        Pki::CertRevoked => Error::new(Reason::TlsRevoked, "the server's certificate was revoked"),
        Pki::EmptyEkuExtension | Pki::RequiredEkuNotFoundContext(_) => wrong_use(),
        Pki::CaUsedAsEndEntity => unfit("is an authority's, which may only stand for itself: add it to the CA setting"),
        Pki::EndEntityUsedAsCa => issued_by_none(),
        Pki::PathLenConstraintViolated => unfit("has more authorities above it than they allow (path length)"),
        Pki::NameConstraintViolation => {
            unfit("is for names that its authority must not issue certificates for (name constraints)")
        }
        Pki::UnsupportedSignatureAlgorithmContext(context) => {
            unverifiable(&algorithm_in_words(&context.signature_algorithm_id))
        }
        _ => return None,
    })
}

/// A certificate that webpki does not read, or what else there may be.
fn unreadable(shown: &Certificate, error: &Pki) -> Error {
    match (shown.version, shown.unknown_critical()) {
        (3, Some(extension)) => {
            unfit(format_args!("has a critical extension that this library does not know: {extension}"))
        }
        (3, None) => unfit(format_args!("cannot be used: {error:?}")),
        (version, _) => unfit(format_args!("is of X.509 version {version}; it must be of version 3")),
    }
}

/// Whether the certificate is for this host. One that is trusted as itself may have it as its common name.
fn judge_name(shown: &Certificate, certificate: &EndEntityCert, name: &ServerName, by_common_name: bool) -> Judgement {
    if certificate.verify_is_valid_for_subject_name(name).is_ok() {
        return Ok(());
    }
    let host = name.to_str();
    let Some(names) = shown.names() else {
        return judge_common_name(shown, name, by_common_name);
    };
    if names.is_empty() {
        return Err(nameless("its subject alternative names hold no host and no address", &host));
    }
    if names.iter().any(|name| *name == host) && is_address(&host) {
        return Err(address_as_name(&host));
    }
    Err(wrong_host(&names, &host))
}

fn is_address(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok()
}

/// The names of the certificate, as a person reads them, have the address.
fn address_as_name(host: &str) -> Error {
    let message = format!("the server's certificate has {host} as a host name, not as an address");
    let hint = format!(
        "Have it made anew with IP:{host} in place of DNS:{host} under subject alternative names; Ruby accepts both, most others do not."
    );
    Error::new(Reason::TlsWrongHost, message).with_hint(hint)
}

fn wrong_host(names: &[String], host: &str) -> Error {
    let message = format!("the server's certificate is for {}, not for {host}", list_in_words(names));
    Error::new(Reason::TlsWrongHost, message)
}

fn nameless(why: &str, host: &str) -> Error {
    let kind = if is_address(host) { "IP" } else { "DNS" };
    let hint =
        format!("Have the certificate made with this host in it: openssl takes -addext subjectAltName={kind}:{host}.");
    Error::new(Reason::TlsNoName, format!("the server's certificate names no host: {why}")).with_hint(hint)
}

fn judge_common_name(shown: &Certificate, name: &ServerName, by_common_name: bool) -> Judgement {
    let host = name.to_str();
    let found: Vec<&[u8]> = shown.common_names().take(2).collect();
    let [common_name] = found[..] else {
        let why = if found.is_empty() {
            "it has neither alternative names nor a common name"
        } else {
            "it has more than one common name, and no alternative names"
        };
        return Err(nameless(why, &host));
    };
    let words = safe(common_name);
    if !by_common_name {
        return Err(nameless(
            &format!(
                "it has only the common name {words}, which counts for a certificate in the CA setting or a pinned key alone"
            ),
            &host,
        ));
    }
    let text = std::str::from_utf8(common_name).unwrap_or_default();
    match ServerName::try_from(text) {
        Ok(named) if named == *name => Ok(()),
        Ok(_) => Err(wrong_host(&[words], &host)),
        Err(_) => Err(nameless(&format!("its common name is {words}, which is no host name or address"), &host)),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.judge(end_entity, intermediates, name, now).map_err(Refusal)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge_signature(|algorithms| rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge_signature(|algorithms| rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.provider.signature_verification_algorithms.supported_schemes();
        if self.accepts_any_key {
            schemes.extend(UNVERIFIED);
        }
        schemes
    }
}

/// What certificates may have, though signatures of it cannot be verified here: P-521, Ed448, RSA-PSS and SHA-1.
const UNVERIFIED: [SignatureScheme; 7] = [
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED448,
    SignatureScheme::Unknown(0x0809),
    SignatureScheme::Unknown(0x080a),
    SignatureScheme::Unknown(0x080b),
    SignatureScheme::RSA_PKCS1_SHA1,
    SignatureScheme::ECDSA_SHA1_Legacy,
];
