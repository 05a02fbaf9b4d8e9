//! Whom TLS trusts: the system's trust store or a CA of the caller's, a pinned key, a client certificate.
//!
//! One rustls configuration per trust setting is kept for the whole process, because reading the
//! system's trust store is the most expensive step of this library. Sessions to resume are kept per origin.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use once_cell::race::OnceBox;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, SignatureScheme};

use crate::error::{Error, Reason, Result, file_trouble};
use crate::hidden::Wiped;
use crate::platform::file;
use crate::platform::made_once::MadeOnce;
use crate::platform::per_process::PerProcess;
use crate::platform::swap_cell::SwapCell;
use crate::wire::certificate::{Certificate, list_in_words, owner_in_words};
use crate::wire::half_key;
use crate::wire::pem::{self, Source};
use crate::wire::sessions::Sessions;
use crate::wire::store::Store;
use crate::wire::verifier::{Verifier, pin_of};

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
    /// Files with CA certificates beside those, or beside the system's trust store.
    pub added_ca_files: Vec<String>,
    /// File with the client's chain.
    pub client_cert: Option<String>,
    /// File with the client's key.
    pub client_key: Option<String>,
    /// Pin in Base64.
    pub pin_sha256: Option<String>,
    /// Accept any certificate.
    pub insecure: bool,
    /// Read the system's trust store when a server is verified, and not before.
    pub later: bool,
}

/// What a TLS handshake is verified by.
pub struct Trust {
    /// Replaced when the files of the client's certificate hold another one.
    client: SwapCell<Client>,
    /// The first of them. `client` points into the middle of a block, which tools that search for leaks take for lost if
    /// nothing points to its beginning.
    _first: Arc<Client>,
    /// How connections verify a server, and what they show of themselves if it asks.
    verifier: Arc<Verifier>,
    files: Option<ClientFiles>,
    asked: Arc<AtomicUsize>,
    /// The certificates of the CA setting and of added files, once somebody asked for them.
    ca_pem: OnceBox<String>,
    /// Whether any certificate is accepted.
    pub insecure: bool,
    /// A digest of the settings that it was made of.
    pub digest: Digest,
}

/// What connections are made with.
struct Client {
    /// What all origins share; remembers no session.
    config: ClientConfig,
    /// The same with the sessions of each origin.
    origins: PerProcess<Mutex<Origins>>,
    /// The digest of the files that its certificate and key came from.
    files: Option<Digest>,
}

type Origins = Vec<(String, Arc<ClientConfig>)>;

/// A SHA-256.
pub type Digest = [u8; 32];

/// More origins than this do not keep their sessions.
const MAX_ORIGINS: usize = 64;

impl Trust {
    fn new(verifier: Verifier, files: Option<ClientFiles>, insecure: bool, digest: Digest) -> Result<Trust> {
        let (verifier, asked) = (Arc::new(verifier), Arc::default());
        let identity = files.as_ref().map(|files| files.read(false)?.identity()).transpose()?;
        let first = Arc::new(Client::new(&verifier, &asked, identity)?);
        Ok(Trust {
            client: SwapCell::new(first.clone()),
            _first: first,
            verifier,
            files,
            asked,
            ca_pem: OnceBox::new(),
            insecure,
            digest,
        })
    }

    /// The configuration for connections to an origin (`host:port`), with the sessions it may resume.
    pub fn client(&self, origin: &str) -> Arc<ClientConfig> {
        self.look_at_files();
        let client = self.client.load();
        let origins = client.origins.get();
        let mut origins = origins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = origins.iter().find(|(known, _)| known == origin) {
            return known.clone();
        }
        if origins.len() >= MAX_ORIGINS {
            origins.clear();
        }
        let mut config = client.config.clone();
        config.resumption = Resumption::store(Arc::new(Sessions::default()));
        let config = Arc::new(config);
        origins.push((origin.to_owned(), config.clone()));
        config
    }

    /// The same for a connection that resumes nothing, so that the server shows and asks for everything.
    pub fn fresh_client(&self) -> Arc<ClientConfig> {
        self.look_at_files();
        Arc::new(self.client.load().config.clone())
    }

    /// Takes another certificate of the client's, if its files hold one now. Until both of them fit each other, the
    /// old one stays.
    fn look_at_files(&self) {
        let Some(content) = self.files.as_ref().and_then(|files| files.read(true).ok()) else {
            return;
        };
        if self.client.load().files == Some(content.digest()) {
            return;
        }
        let renewed = content.identity().and_then(|identity| Client::new(&self.verifier, &self.asked, Some(identity)));
        if let Ok(renewed) = renewed {
            self.client.store(Arc::new(renewed));
        }
    }

    /// The certificates of the CA setting and of added files in PEM, as they were read, and the NUL at its end that C
    /// needs; without any "".
    pub fn ca_pem_with_nul(&self) -> &str {
        self.ca_pem.get_or_init(|| {
            let mut text = String::new();
            for certificate in self.verifier.own.iter().flatten() {
                text.push_str("-----BEGIN CERTIFICATE-----\n");
                for line in BASE64.encode(certificate).as_bytes().chunks(64) {
                    text.extend(line.iter().copied().map(char::from));
                    text.push('\n');
                }
                text.push_str("-----END CERTIFICATE-----\n");
            }
            Box::new(text + "\0")
        })
    }

    /// Whether it has a certificate to show to servers.
    pub fn has_client_certificate(&self) -> bool {
        self.files.is_some()
    }

    /// How often a server has asked for a certificate of the client's.
    pub fn times_asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Client {
    fn new(verifier: &Arc<Verifier>, asked: &Arc<AtomicUsize>, identity: Option<ClientIdentity>) -> Result<Client> {
        let builder = ClientConfig::builder_with_provider(verifier.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::new(Reason::InternalPanic, "no TLS version is left"))?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone());
        let files = identity.as_ref().map(|identity| identity.digest);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let shown = SingleCertAndKey::from(identity.certified(&verifier.provider)?);
                builder.with_client_cert_resolver(Arc::new(shown))
            }
        };
        config.resumption = Resumption::disabled();
        let shown = config.client_auth_cert_resolver.clone();
        config.client_auth_cert_resolver = Arc::new(Asked { shown, times: asked.clone() });
        Ok(Client { config, origins: PerProcess::default(), files })
    }
}

const CLIENT_KEY: Source = Source { setting: "client_key", path: None };

fn key_does_not_fit() -> Error {
    CLIENT_KEY.error("does not fit the client certificate").with_hint(
        "The public keys of both must be equal: compare openssl x509 -noout -pubkey and openssl pkey -pubout.",
    )
}

/// Shows a certificate to servers that ask for one, and counts them.
#[derive(Debug)]
struct Asked {
    shown: Arc<dyn ResolvesClientCert>,
    times: Arc<AtomicUsize>,
}

impl ResolvesClientCert for Asked {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.times.fetch_add(1, Ordering::Relaxed);
        self.shown.resolve(issuers, schemes)
    }

    fn has_certs(&self) -> bool {
        self.shown.has_certs()
    }
}

/// What a server showed of itself in a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// How many certificates.
    pub certificates: usize,
    /// The names that the first is for.
    pub names: String,
    /// Who issued it.
    pub issuer: String,
    /// The kind of its key.
    pub key: String,
    /// Whether signatures of that can be verified.
    pub has_usable_key: bool,
    /// The pin of its key, as `tg_config_set_pin_sha256` takes it.
    pub pin: String,
}

impl PeerCertificate {
    /// What this chain shows, if its first certificate can be read.
    pub fn new(chain: &[CertificateDer<'_>]) -> Option<PeerCertificate> {
        let shown = Certificate::read(chain.first()?)?;
        Some(PeerCertificate {
            certificates: chain.len(),
            names: list_in_words(&shown.names().unwrap_or_default()),
            issuer: owner_in_words(shown.issuer),
            key: shown.key_in_words(),
            has_usable_key: shown.has_usable_key(),
            pin: BASE64.encode(pin_of(&shown)),
        })
    }
}

/// A trust that accepts any certificate, to see it. Nothing may be sent over such a connection.
pub fn accept_any() -> Result<Trust> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier { roots: None, own: None, pin: None, insecure: true, provider, accepts_any_key: true };
    Trust::new(verifier, None, true, Digest::default())
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
    /// The same of added files.
    added: Vec<Wiped<Vec<u8>>>,
    /// The system's trust store, where it counts.
    system: Option<Store>,
    pin: Option<[u8; 32]>,
    insecure: bool,
    is_token_endpoint: bool,
}

/// What the connections of this process share.
#[derive(Default)]
struct Shared {
    /// Few, so they are compared one by one.
    known: Vec<(TrustKey, Weak<Trust>)>,
    /// The system's trust store stays when the last connection goes: it is expensive to read.
    system: Option<Arc<Trust>>,
}

static SHARED: MadeOnce<PerProcess<Mutex<Shared>>> = MadeOnce::new(PerProcess::default);

impl TrustSettings {
    /// Reads the files that the settings name. What comes through a pipe can be read once only.
    pub fn read(&self) -> Result<TrustContent<'_>> {
        Ok(TrustContent {
            ca: self.ca()?,
            pin: self.pin()?,
            client: self.client()?,
            added: self.added()?,
            insecure: self.insecure,
            later: self.later,
        })
    }

    /// The PEM text of the CA, and which setting has it.
    fn ca(&self) -> Result<Option<(Source<'_>, Wiped<Vec<u8>>)>> {
        let text = Source { setting: "ca_pem", path: None };
        Ok(Some(match (&self.ca_file, &self.ca_pem) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                let message = "the settings \"ca_file\" and \"ca_pem\" both name CA certificates";
                return Err(Error::new(Reason::ConfigConflict, message));
            }
            (Some(path), None) => {
                let source = Source { setting: "ca_file", path: Some(path) };
                (source, read_file(source, false)?)
            }
            (None, Some(pem)) if pem.len() as u64 > FILE_LIMIT => return Err(text.error("is larger than 4 MiB")),
            (None, Some(pem)) => (text, Wiped::new(pem.clone().into_bytes())),
        }))
    }

    /// The PEM text of added files.
    fn added(&self) -> Result<Vec<(Source<'_>, Wiped<Vec<u8>>)>> {
        let read = |path| {
            let source = Source { setting: "added_ca_file", path: Some(path) };
            read_file(source, false).map(|pem| (source, pem))
        };
        self.added_ca_files.iter().map(|path| read(path)).collect()
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

    fn client(&self) -> Result<Option<ClientFiles>> {
        match (&self.client_cert, &self.client_key) {
            (None, None) => Ok(None),
            (Some(cert), Some(key)) => Ok(Some(ClientFiles { cert: cert.clone(), key: key.clone() })),
            _ => {
                let message = "the setting \"client_cert\" needs both files, certificate chain and private key";
                Err(Error::new(Reason::ArgumentNull, message))
            }
        }
    }
}

/// What the settings about trust hold, with the content of their files.
pub struct TrustContent<'a> {
    ca: Option<(Source<'a>, Wiped<Vec<u8>>)>,
    added: Vec<(Source<'a>, Wiped<Vec<u8>>)>,
    pin: Option<[u8; 32]>,
    client: Option<ClientFiles>,
    insecure: bool,
    later: bool,
}

impl TrustContent<'_> {
    /// Whom to trust as the server, if TLS is used at all.
    pub fn of_server(&self, tls: bool) -> Result<Option<Arc<Trust>>> {
        if !tls {
            self.client.as_ref().map(|files| files.read(false)?.identity()).transpose()?;
            return self.authorities().map(|_| None);
        }
        // A pin alone replaces the chain check; beside a CA both must hold.
        let system = (self.ca.is_none() && self.pin.is_none() && !self.insecure).then(Store::find);
        let key = TrustKey { pin: self.pin, insecure: self.insecure, ..self.key(system) };
        if self.client.is_some() {
            // A client's key is a credential: it is no key of a map, so these are not shared.
            return key.build(self.authorities()?, self.client.clone(), self.later).map(Arc::new).map(Some);
        }
        self.shared(key).map(Some)
    }

    /// Whom to trust as a token endpoint, which is another server: whoever the system's trust store or an authority of the
    /// settings vouches for. Nothing else that the settings say of the server holds for it.
    pub fn of_token_endpoint(&self) -> Result<Arc<Trust>> {
        // Where the settings have no authority, nothing tells it from the trust of a server.
        let is_token_endpoint = self.ca.is_some() || !self.added.is_empty();
        self.shared(TrustKey { is_token_endpoint, ..self.key(Some(Store::find())) })
    }

    fn key(&self, system: Option<Store>) -> TrustKey {
        TrustKey {
            ca: self.ca.as_ref().map(|(_, pem)| pem.to_vec()),
            added: self.added.iter().map(|(_, pem)| pem.clone()).collect(),
            system,
            pin: None,
            insecure: false,
            is_token_endpoint: false,
        }
    }

    fn authorities(&self) -> Result<Authorities> {
        let certificates = |(source, pem): &(Source, Wiped<Vec<u8>>)| pem::certificates(*source, pem);
        let ca = self.ca.as_ref().map(certificates).transpose()?;
        let added = self.added.iter().map(certificates).collect::<Result<Vec<_>>>()?;
        Ok(Authorities { ca, added: added.concat() })
    }

    /// The one that connections of this process share.
    fn shared(&self, key: TrustKey) -> Result<Arc<Trust>> {
        // Built outside the lock, so that a slow trust store holds up nobody else.
        let shared = SHARED.get();
        let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |(known, trust): &(TrustKey, Weak<Trust>)| if *known == key { trust.upgrade() } else { None };
        let known = lock().known.iter().find_map(is_same);
        if let Some(trust) = known {
            if let Some(roots) = trust.verifier.roots.as_ref().filter(|_| !self.later) {
                roots.at_hand()?;
            }
            return Ok(trust);
        }
        let trust = Arc::new(key.build(self.authorities()?, None, self.later)?);
        let mut shared = lock();
        if key.system.is_some() {
            shared.system = Some(trust.clone());
        }
        shared.known.retain(|(_, known)| known.strong_count() > 0);
        shared.known.push((key, Arc::downgrade(&trust)));
        Ok(trust)
    }
}

/// Where the client's certificate and key are.
#[derive(Clone)]
struct ClientFiles {
    cert: String,
    key: String,
}

/// What these files held.
struct ClientContent<'a> {
    cert: (Source<'a>, Wiped<Vec<u8>>),
    key: (Source<'a>, Wiped<Vec<u8>>),
}

impl ClientFiles {
    /// Their content; `again`: what can be read only once is left alone.
    fn read(&self, again: bool) -> Result<ClientContent<'_>> {
        let content = |setting, path| {
            let source = Source { setting, path: Some(path) };
            read_file(source, again).map(|content| (source, content))
        };
        Ok(ClientContent { cert: content("client_cert", &self.cert)?, key: content("client_key", &self.key)? })
    }
}

impl ClientContent<'_> {
    fn digest(&self) -> Digest {
        digest_of([&self.cert, &self.key].map(|(_, content)| content.as_slice()))
    }

    fn identity(&self) -> Result<ClientIdentity> {
        let chain = pem::certificates(self.cert.0, &self.cert.1)?;
        let mut key = pem::private_key(self.key.0, &self.key.1)?;
        // Of a curve that nothing here can use, it is left as it is.
        let shown = chain.first().and_then(|first| Certificate::read(first)).filter(Certificate::has_usable_key);
        let was_half = shown.is_some() && half_key::is_half(&key);
        if let Some(shown) = shown.filter(|_| was_half) {
            key = half_key::whole(&key, &shown).ok_or_else(key_does_not_fit)?;
        }
        Ok(ClientIdentity { chain, key, was_half, digest: self.digest() })
    }
}

fn digest_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

struct ClientIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// The key's public half is from the certificate.
    was_half: bool,
    digest: Digest,
}

impl ClientIdentity {
    /// The chain with the key that fits it. What else is wrong with the certificate is for servers to say: rustls would
    /// take none of version 1, which they accept.
    fn certified(self, provider: &CryptoProvider) -> Result<CertifiedKey> {
        let key = provider.key_provider.load_private_key(self.key).map_err(|_| match self.was_half {
            true => key_does_not_fit(),
            false => CLIENT_KEY
                .error("holds a key of a kind that this library cannot use")
                .with_hint("Use a key of RSA with 2048, 3072 or 4096 bits, of ECDSA on P-256 or P-384, or of Ed25519."),
        })?;
        let certificate = self.chain.first().and_then(|first| Certificate::read(first));
        let fits = certificate.zip(key.public_key()).is_some_and(|(shown, public)| shown.key == &public[..]);
        if fits { Ok(CertifiedKey::new(self.chain, key)) } else { Err(key_does_not_fit()) }
    }
}

/// The content of a setting's file. A pipe, as a shell makes one, can be read only once.
fn read_file(source: Source, again: bool) -> Result<Wiped<Vec<u8>>> {
    let unreadable = |error: std::io::Error| source.error(format_args!("cannot be read: {}", file_trouble(&error)));
    let (file, about) = file::open(source.path.unwrap_or_default()).map_err(unreadable)?;
    if again && !about.is_file() {
        return Err(source.error("is no regular file"));
    }
    let content = file::read(&file, FILE_LIMIT + 1, FILE_WAIT).map_err(unreadable)?;
    if content.len() as u64 > FILE_LIMIT {
        return Err(source.error("is larger than 4 MiB"));
    }
    Ok(content)
}

/// The certificates that settings name.
struct Authorities {
    /// Those of the CA setting.
    ca: Option<Vec<CertificateDer<'static>>>,
    /// Those of added files.
    added: Vec<CertificateDer<'static>>,
}

impl TrustKey {
    /// `authorities` are the certificates of the key's CA and of its added files.
    fn build(&self, authorities: Authorities, files: Option<ClientFiles>, later: bool) -> Result<Trust> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let Authorities { ca, added } = authorities;
        let mut own = ca;
        if !added.is_empty() {
            own.get_or_insert_default().extend(added);
        }
        let later = later && own.is_none();
        let roots = |store: &Store| if later { store.roots_later() } else { store.roots() };
        let mut roots = match self.system.as_ref().map(roots) {
            // A machine that has no trust store can still trust the settings' own authorities.
            Some(Err(_)) if self.is_token_endpoint && own.is_some() => None,
            roots => roots.transpose()?,
        };
        // A pin holds nevertheless.
        let own = own.filter(|_| !self.insecure);
        if let Some(certificates) = &own {
            add_all(roots.get_or_insert_with(|| RootCertStore::empty().into()).known_mut(), certificates)?;
        }
        let (pin, insecure, digest) = (self.pin, self.insecure, self.digest(files.as_ref()));
        let own = own.filter(|_| !self.is_token_endpoint);
        Trust::new(Verifier { roots, own, pin, insecure, provider, accepts_any_key: false }, files, insecure, digest)
    }

    /// The same for the same settings, also when what is in the system's trust store, or in the files of the client's
    /// certificate, has been renewed.
    fn digest(&self, files: Option<&ClientFiles>) -> Digest {
        let mut parts: Vec<&[u8]> = vec![if self.insecure { b"insecure" } else { b"" }];
        parts.push(self.pin.as_ref().map_or(b"", |pin| pin));
        parts.push(if self.system.is_some() { b"system" } else { b"" });
        parts.extend(files.iter().flat_map(|files| [files.cert.as_bytes(), files.key.as_bytes()]));
        parts.push(b"ca");
        parts.extend(self.ca.as_deref());
        parts.push(b"added");
        parts.extend(self.added.iter().map(|pem| pem.as_slice()));
        parts.push(b"chosen");
        let chosen = self.system.iter().flat_map(Store::chosen_paths);
        parts.extend(chosen.map(|path| path.as_os_str().as_encoded_bytes()));
        digest_of(parts)
    }
}

/// Adds those of the settings that may issue certificates. Each of the others is trusted as itself alone, and has to be
/// good, too.
fn add_all(roots: &mut RootCertStore, certificates: &[CertificateDer<'static>]) -> Result<()> {
    for (index, certificate) in certificates.iter().enumerate() {
        roots.add(certificate.clone()).map_err(|error| {
            let source = Source { setting: "ca_file\", \"ca_pem\" or \"added_ca_file", path: None };
            source.error(format_args!("holds a certificate that cannot be used, number {}: {error}", index + 1))
        })?;
        if Certificate::read(certificate).is_some_and(|certificate| !certificate.may_issue()) {
            roots.roots.pop();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
