//! Whom TLS trusts: the system's trust store or a CA of the caller's, a pinned key, a client certificate.
//!
//! One rustls configuration per trust setting is kept for the whole process, because reading the
//! system's trust store is the most expensive step of this library. Sessions to resume are kept per origin.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use once_cell::sync::Lazy;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue, WebPkiServerVerifier,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, NamedGroup, RootCertStore, SignatureScheme};
use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result, file_trouble};
use crate::platform::file;
use crate::platform::per_process::PerProcess;
use crate::platform::process;

/// Certificate and key files may not be larger than this.
const FILE_LIMIT: u64 = 4 * 1024 * 1024;
/// A pipe, as a shell makes one of `<(command)`, has so much time to bring a certificate.
const FILE_WAIT: Duration = Duration::from_secs(5);

/// The settings about trust as the caller gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TrustSettings {
    /// CA file.
    pub ca_file: Option<String>,
    /// CA text.
    pub ca_pem: Option<String>,
    /// File with the client's chain.
    pub client_cert: Option<String>,
    /// File with the client's key.
    pub client_key: Option<String>,
    /// Pin in Base64.
    pub pin_sha256: Option<String>,
    /// Accept any certificate.
    pub insecure: bool,
}

/// What a TLS handshake is verified by.
pub struct Trust {
    /// What all origins share; remembers no session.
    client: ClientConfig,
    /// The same with the sessions of each origin. A tree, because a hash map begins with random numbers, and
    /// panics without them.
    origins: PerProcess<Mutex<BTreeMap<String, Arc<ClientConfig>>>>,
    /// Whether any certificate is accepted.
    pub insecure: bool,
}

/// More origins than this do not keep their sessions.
const MAX_ORIGINS: usize = 64;
/// A server may send any number of tickets; this many are kept.
const MAX_TICKETS: usize = 4;

impl Trust {
    /// The configuration for connections to an origin (`host:port`), with the sessions it may resume.
    pub fn client(&self, origin: &str) -> Arc<ClientConfig> {
        let origins = self.origins.get();
        let mut origins = origins.lock().unwrap_or_else(PoisonError::into_inner);
        if origins.len() >= MAX_ORIGINS && !origins.contains_key(origin) {
            origins.clear();
        }
        let with_sessions = || {
            let mut client = self.client.clone();
            client.resumption = Resumption::store(Arc::new(Sessions::default()));
            Arc::new(client)
        };
        origins.entry(origin.to_owned()).or_insert_with(with_sessions).clone()
    }
}

/// What a server showed of itself in a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// How many certificates.
    pub certificates: usize,
    /// The names that the first is for.
    pub names: Vec<String>,
    /// The pin of its key, as `tg_config_set_pin_sha256` takes it.
    pub pin: String,
}

impl PeerCertificate {
    /// What this chain shows, if its first certificate can be read.
    pub fn new(chain: &[CertificateDer<'_>]) -> Option<PeerCertificate> {
        let certificate = webpki::EndEntityCert::try_from(chain.first()?).ok()?;
        let pin = BASE64.encode(pin_of(&certificate));
        let names = certificate.valid_dns_names().take(MAX_NAMES).map(String::from).collect();
        Some(PeerCertificate { certificates: chain.len(), names, pin })
    }
}

/// No more names than this are shown.
const MAX_NAMES: usize = 8;

fn pin_of(certificate: &webpki::EndEntityCert) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate.subject_public_key_info().as_ref());
    let mut pin = [0; 32];
    pin.copy_from_slice(digest.as_ref());
    pin
}

/// A trust that accepts any certificate, to see it. Nothing may be sent over such a connection.
pub fn accept_any() -> Result<Trust> {
    build(&TrustKey { ca: None, system: Vec::new(), pin: None, insecure: true }, None, None)
}

/// The sessions of one origin that can be resumed.
#[derive(Debug, Default)]
struct Sessions(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    group: Option<NamedGroup>,
    tls12: Option<Tls12ClientSessionValue>,
    tls13: VecDeque<Tls13ClientSessionValue>,
}

impl Sessions {
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        self.kept().group = Some(group);
    }

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.kept().group
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.kept().tls12 = Some(value);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.kept().tls12.clone()
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.kept().tls12 = None;
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        let mut kept = self.kept();
        if kept.tls13.len() == MAX_TICKETS {
            kept.tls13.pop_front();
        }
        kept.tls13.push_back(value);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.kept().tls13.pop_back()
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust(insecure: {})", self.insecure)
    }
}

/// The content behind the settings: what two connections must share to share sessions.
#[derive(PartialEq, Eq)]
struct TrustKey {
    /// The PEM text: to read it is dearer than to compare it.
    ca: Option<Vec<u8>>,
    system: Vec<Option<std::ffi::OsString>>,
    pin: Option<[u8; 32]>,
    insecure: bool,
}

/// What the connections of this process share.
#[derive(Default)]
struct Shared {
    /// Few, so they are compared one by one.
    known: Vec<(TrustKey, Weak<Trust>)>,
    /// The system's trust store stays when the last connection goes: it is expensive to read.
    system: Option<Arc<Trust>>,
}

static SHARED: Lazy<PerProcess<Mutex<Shared>>> = Lazy::new(PerProcess::default);

impl TrustSettings {
    /// Validates the settings; gives the trust if TLS is used at all.
    pub fn validate(&self, tls: bool) -> Result<Option<Arc<Trust>>> {
        let ca = self.ca()?;
        let pin = self.pin()?;
        let client = self.client()?;
        let authorities = || ca.as_ref().map(|(name, pem)| certificates(name, pem)).transpose();
        if !tls {
            return authorities().map(|_| None);
        }
        let system = if ca.is_none() { TRUST_VARIABLES.map(process::variable).to_vec() } else { Vec::new() };
        let key = TrustKey { ca: ca.as_ref().map(|(_, pem)| pem.clone()), system, pin, insecure: self.insecure };
        if client.is_some() {
            // A client's key is a credential: it is no key of a map, so these are not shared.
            return build(&key, authorities()?, client).map(Arc::new).map(Some);
        }
        // Built outside the lock, so that a slow trust store holds up nobody else.
        let shared = SHARED.get();
        let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |(known, trust): &(TrustKey, Weak<Trust>)| if *known == key { trust.upgrade() } else { None };
        if let Some(trust) = lock().known.iter().find_map(is_same) {
            return Ok(Some(trust));
        }
        let trust = Arc::new(build(&key, authorities()?, None)?);
        let mut shared = lock();
        if key.ca.is_none() && key.pin.is_none() && !key.insecure {
            shared.system = Some(trust.clone());
        }
        shared.known.retain(|(_, known)| known.strong_count() > 0);
        shared.known.push((key, Arc::downgrade(&trust)));
        Ok(Some(trust))
    }

    /// The PEM text of the CA, and which setting has it.
    fn ca(&self) -> Result<Option<(&'static str, Vec<u8>)>> {
        let (name, pem) = match (&self.ca_file, &self.ca_pem) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                let message = "the settings \"ca_file\" and \"ca_pem\" both name CA certificates";
                return Err(Error::new(Reason::ConfigConflict, message));
            }
            (Some(path), None) => ("ca_file", std::mem::take(&mut *read_file("ca_file", path)?)),
            (None, Some(pem)) if pem.len() as u64 > FILE_LIMIT => return Err(too_large("ca_pem")),
            (None, Some(pem)) => ("ca_pem", pem.clone().into_bytes()),
        };
        Ok(Some((name, pem)))
    }

    fn pin(&self) -> Result<Option<[u8; 32]>> {
        let Some(pin) = &self.pin_sha256 else {
            return Ok(None);
        };
        let bad = || {
            let message = "the setting \"pin_sha256\" is not a SHA-256 in Base64 (44 characters)";
            Error::new(Reason::ArgumentRange, message)
        };
        let bytes = BASE64.decode(pin.strip_prefix("sha256//").unwrap_or(pin)).map_err(|_| bad())?;
        bytes.try_into().map(Some).map_err(|_| bad())
    }

    fn client(&self) -> Result<Option<ClientIdentity>> {
        let (cert, key) = match (&self.client_cert, &self.client_key) {
            (None, None) => return Ok(None),
            (Some(cert), Some(key)) => (cert, key),
            _ => {
                let message = "the setting \"client_cert\" needs both files, certificate chain and private key";
                return Err(Error::new(Reason::ArgumentNull, message));
            }
        };
        let chain = certificates("client_cert", &read_file("client_cert", cert)?)?;
        let pem = read_file("client_key", key)?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| no_pem("client_key", "private key"))?;
        Ok(Some(ClientIdentity { chain, key }))
    }
}

/// The variables that choose the system's trust store, as they do for OpenSSL and Go.
pub const TRUST_VARIABLES: [&std::ffi::CStr; 2] = [c"SSL_CERT_FILE", c"SSL_CERT_DIR"];

struct ClientIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

fn file_error(setting: &str, what: impl fmt::Display) -> Error {
    Error::new(Reason::ConfigFile, format!("the file of the setting \"{setting}\" {what}"))
}

fn too_large(setting: &str) -> Error {
    file_error(setting, "is larger than 4 MiB")
}

fn no_pem(setting: &str, block: &str) -> Error {
    file_error(setting, format_args!("holds no {block} in PEM form"))
}

fn read_file(setting: &str, path: &str) -> Result<Zeroizing<Vec<u8>>> {
    let unreadable =
        |error: std::io::Error| file_error(setting, format_args!("cannot be read: {}", file_trouble(&error)));
    let (file, _) = file::open(path).map_err(unreadable)?;
    let content = file::read(&file, FILE_LIMIT + 1, FILE_WAIT).map_err(unreadable)?;
    if content.len() as u64 > FILE_LIMIT {
        return Err(too_large(setting));
    }
    Ok(content)
}

fn certificates(setting: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|_| no_pem(setting, "readable certificate"))?;
    if found.is_empty() {
        return Err(no_pem(setting, "certificate"));
    }
    Ok(found)
}

/// The operating system's trust store.
fn system_roots() -> Result<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    let chosen = TRUST_VARIABLES.iter().find(|name| process::variable(name).is_some());
    if let (Some(variable), false) = (chosen, found.errors.is_empty()) {
        let message = format!("the trust store named by {} cannot be read", variable.to_string_lossy());
        return Err(Error::new(Reason::ConfigFile, message));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    Ok(roots)
}

fn own_roots(certificates: &[CertificateDer<'static>]) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let added = roots.add(certificate.clone());
        added.map_err(|_| no_pem("ca_file\" or \"ca_pem", "usable CA certificate"))?;
    }
    Ok(roots)
}

/// `authorities` are the certificates of the key's CA.
fn build(
    key: &TrustKey,
    authorities: Option<Vec<CertificateDer<'static>>>,
    client: Option<ClientIdentity>,
) -> Result<Trust> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verifier(key, authorities.as_deref(), &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::new(Reason::InternalPanic, "no TLS version is left"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut client = match client {
        None => builder.with_no_client_auth(),
        Some(identity) => builder
            .with_client_auth_cert(identity.chain, identity.key)
            .map_err(|_| file_error("client_key", "does not fit the client certificate, or is of an unknown kind"))?,
    };
    client.resumption = Resumption::disabled();
    Ok(Trust { client, origins: PerProcess::default(), insecure: key.insecure })
}

fn verifier(
    key: &TrustKey,
    authorities: Option<&[CertificateDer<'static>]>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<Verifier>> {
    // A pin alone replaces the chain check; beside a CA both must hold.
    let roots = match (authorities, key.pin) {
        _ if key.insecure => None,
        (Some(certificates), _) => Some(own_roots(certificates)?),
        (None, None) => Some(system_roots()?),
        (None, Some(_)) => None,
    };
    let chain = roots.map(|roots| chain_verifier(roots, provider)).transpose()?;
    let pin = key.pin.filter(|_| !key.insecure);
    Ok(Arc::new(Verifier { chain, pin, provider: provider.clone() }))
}

fn chain_verifier(roots: RootCertStore, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>> {
    if roots.is_empty() {
        let error = Error::new(Reason::ConfigFile, "the system's trust store is empty or missing");
        return Err(error.with_hint("Install the package ca-certificates, or name a CA with tg_config_set_ca_file."));
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|_| Error::new(Reason::ConfigFile, "the trust store holds no usable certificate"))
}

/// Verifies a server: by its chain, by a pinned key with host name and dates, by both, or, in a laboratory, by
/// nothing but that it holds the key of the certificate it shows.
#[derive(Debug)]
struct Verifier {
    chain: Option<Arc<WebPkiServerVerifier>>,
    pin: Option<[u8; 32]>,
    provider: Arc<CryptoProvider>,
}

/// The error that carries a pin mismatch through rustls; [`reason_of`] reads it.
#[derive(Debug)]
struct PinMismatch;

impl fmt::Display for PinMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server's key is not the pinned one")
    }
}

impl std::error::Error for PinMismatch {}

impl Verifier {
    fn check_pin(&self, end_entity: &CertificateDer<'_>, pin: [u8; 32]) -> std::result::Result<(), rustls::Error> {
        let certificate = webpki::EndEntityCert::try_from(end_entity).map_err(|_| CertificateError::BadEncoding)?;
        if pin_of(&certificate) != pin {
            let mismatch = rustls::OtherError(Arc::new(PinMismatch));
            return Err(CertificateError::Other(mismatch).into());
        }
        Ok(())
    }

    /// Host name and dates, without a chain.
    fn check_host_and_dates(
        &self,
        end_entity: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> std::result::Result<(), rustls::Error> {
        let certificate = webpki::EndEntityCert::try_from(end_entity).map_err(|_| CertificateError::BadEncoding)?;
        // webpki checks the dates before it looks for an issuer; without any trusted issuer every
        // certificate fails in the end, and one that is out of date fails by its dates.
        let usage = webpki::KeyUsage::server_auth();
        let algorithms = self.provider.signature_verification_algorithms.all;
        match certificate.verify_for_usage(algorithms, &[], &[], now, usage, None, None) {
            Err(webpki::Error::CertExpired { .. }) => return Err(CertificateError::Expired.into()),
            Err(webpki::Error::CertNotValidYet { .. }) => return Err(CertificateError::NotValidYet.into()),
            _ => {}
        }
        certificate.verify_is_valid_for_subject_name(name).map_err(|_| CertificateError::NotValidForName.into())
    }
}

/// A signature of the handshake that is wrong speaks against the handshake, not against the certificate.
fn of_handshake(error: rustls::Error) -> rustls::Error {
    rustls::Error::General(format!("signature of the handshake: {error}"))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if let Some(chain) = &self.chain {
            chain.verify_server_cert(end_entity, intermediates, name, ocsp, now)?;
        } else if self.pin.is_some() {
            self.check_host_and_dates(end_entity, name, now)?;
        }
        if let Some(pin) = self.pin {
            self.check_pin(end_entity, pin)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms).map_err(of_handshake)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms).map_err(of_handshake)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Which reason a failed handshake has.
pub fn reason_of(error: &rustls::Error) -> Reason {
    use rustls::{AlertDescription as Alert, Error as Tls};
    match error {
        Tls::InvalidCertificate(certificate) => certificate_reason(certificate),
        Tls::FailedToGetRandomBytes => Reason::ConnectResource,
        Tls::AlertReceived(Alert::CertificateRequired | Alert::BadCertificate | Alert::UnknownCA)
        | Tls::AlertReceived(Alert::CertificateUnknown | Alert::CertificateExpired | Alert::AccessDenied)
        | Tls::AlertReceived(Alert::UnsupportedCertificate | Alert::CertificateRevoked) => Reason::TlsClientCertificate,
        _ => Reason::TlsProtocol,
    }
}

fn certificate_reason(error: &CertificateError) -> Reason {
    use CertificateError as Bad;
    match error {
        Bad::Expired | Bad::ExpiredContext { .. } => Reason::TlsExpired,
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => Reason::TlsNotYetValid,
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => Reason::TlsWrongHost,
        Bad::Revoked => Reason::TlsRevoked,
        Bad::Other(other) if other.0.is::<PinMismatch>() => Reason::TlsPinMismatch,
        _ => Reason::TlsUnknownIssuer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(settings: TrustSettings) -> Reason {
        settings.validate(true).unwrap_err().reason()
    }

    #[test]
    fn files_that_cannot_serve_are_named() {
        let ca = |path: &str| TrustSettings { ca_file: Some(path.into()), ..Default::default() };
        assert_eq!(reason(ca("/does/not/exist")), Reason::ConfigFile);
        assert_eq!(reason(ca("/dev/null")), Reason::ConfigFile);
        assert_eq!(reason(ca("/")), Reason::ConfigFile);
        let error = ca("/dev/null").validate(true).unwrap_err();
        assert!(error.message().contains("\"ca_file\""), "{error}");
        let garbage = TrustSettings { ca_pem: Some("garbage".into()), ..Default::default() };
        assert_eq!(reason(garbage), Reason::ConfigFile);
    }

    #[test]
    fn settings_that_cannot_stand_together() {
        let both = TrustSettings { ca_file: Some("a".into()), ca_pem: Some("b".into()), ..Default::default() };
        assert_eq!(reason(both), Reason::ConfigConflict);
        let half = TrustSettings { client_cert: Some("a".into()), ..Default::default() };
        assert_eq!(reason(half), Reason::ArgumentNull);
    }

    #[test]
    fn pins_are_sha256_in_base64() {
        let pin = |text: &str| TrustSettings { pin_sha256: Some(text.into()), ..Default::default() };
        assert_eq!(reason(pin("abc")), Reason::ArgumentRange);
        assert_eq!(reason(pin("YWJj")), Reason::ArgumentRange);
        assert!(pin("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=").validate(true).is_ok());
    }

    #[test]
    fn equal_settings_share_one_configuration() {
        let settings = TrustSettings { insecure: true, ..Default::default() };
        let first = settings.validate(true).unwrap().unwrap();
        let second = settings.validate(true).unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert!(settings.validate(false).unwrap().is_none());
        assert!(Arc::ptr_eq(&first.client("a:1"), &second.client("a:1")));
        assert!(!Arc::ptr_eq(&first.client("a:1"), &first.client("a:2")));
    }
}
