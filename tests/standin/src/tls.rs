//! Certificates and TLS settings of the listeners.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, crypto, version};

use crate::server::Acceptors;

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// What the listeners show and want.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The server's certificate and what stands between it and the CA, in PEM.
    pub chain_pem: String,
    /// Its key, in PEM.
    pub key_pem: String,
    /// What a client has to trust, in PEM.
    pub ca_pem: String,
    /// The CA of clients' certificates, in PEM, if they are required.
    pub client_ca_pem: Option<String>,
    /// The lowest version offered.
    pub min_version: TlsVersion,
    /// The highest version offered.
    pub max_version: TlsVersion,
    /// How many tickets the first connection and each later one get to resume by, with TLS 1.3.
    pub tickets: (usize, usize),
}

/// Names by which a stand-in can be reached.
pub const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

impl Tls {
    /// A certificate for loopback, of an authority made for the occasion.
    ///
    /// # Panics
    /// If there is no randomness.
    #[must_use]
    pub fn self_signed() -> Tls {
        TestCa::new("stand-in CA").tls(&LOOPBACK_NAMES)
    }

    /// The same, requiring certificates of clients from this authority.
    #[must_use]
    pub fn require_client(mut self, ca: &TestCa) -> Tls {
        self.client_ca_pem = Some(ca.pem().to_owned());
        self
    }

    /// The same, offering only versions between these.
    #[must_use]
    pub fn versions(mut self, min: TlsVersion, max: TlsVersion) -> Tls {
        (self.min_version, self.max_version) = (min, max);
        self
    }

    /// The same, giving so many tickets on the first connection, and so many on each later one.
    #[must_use]
    pub fn tickets(mut self, first: usize, later: usize) -> Tls {
        self.tickets = (first, later);
        self
    }

    pub(crate) fn acceptors(&self) -> io::Result<Acceptors> {
        let mut config = self.server_config()?;
        let mut acceptor = |tickets| {
            config.send_tls13_tickets = tickets;
            TlsAcceptor::from(Arc::new(config.clone()))
        };
        Ok(Acceptors { first: acceptor(self.tickets.0), later: acceptor(self.tickets.1) })
    }

    /// The same for another listener.
    ///
    /// # Errors
    /// If the material does not fit together.
    pub fn server_config(&self) -> io::Result<ServerConfig> {
        let invalid = |error: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidInput, error.to_string());
        let provider = Arc::new(crypto::ring::default_provider());
        let offered = |version: TlsVersion| (self.min_version..=self.max_version).contains(&version);
        let mut versions: Vec<&'static SupportedProtocolVersion> = Vec::new();
        offered(TlsVersion::Tls12).then(|| versions.push(&version::TLS12));
        offered(TlsVersion::Tls13).then(|| versions.push(&version::TLS13));
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions)
            .map_err(|error| invalid(&error))?;
        let builder = match &self.client_ca_pem {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(pem)? {
                    roots.add(certificate).map_err(|error| invalid(&error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().map_err(|error| invalid(&error))?)
            }
        };
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).map_err(|error| invalid(&error))?;
        builder.with_single_cert(certificates(&self.chain_pem)?, key).map_err(|error| invalid(&error))
    }
}

fn certificates(pem: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    all.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))
}

/// An authority of a test's own.
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A certificate's content, for servers and clients.
fn end_entity(names: &[&str], common_name: &str) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// A certificate with its key, both in PEM.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The certificate.
    pub chain_pem: String,
    /// Its key.
    pub key_pem: String,
}

impl Leaf {
    /// A certificate that vouches for itself.
    ///
    /// # Panics
    /// If a name is not acceptable, or there is no randomness.
    #[must_use]
    pub fn self_signed(names: &[&str]) -> Leaf {
        let key = KeyPair::generate().expect("a key");
        let certificate = end_entity(names, "stand-in").self_signed(&key).expect("a certificate");
        Leaf { chain_pem: certificate.pem(), key_pem: key.serialize_pem() }
    }
}

impl TestCa {
    /// A new authority.
    ///
    /// # Panics
    /// If there is no randomness.
    #[must_use]
    pub fn new(name: &str) -> TestCa {
        let (params, key) = (authority(name), KeyPair::generate().expect("a key"));
        let pem = params.self_signed(&key).expect("a certificate").pem();
        TestCa { issuer: Issuer::new(params, key), pem }
    }

    /// An authority that has its power from this one.
    ///
    /// # Panics
    /// If there is no randomness.
    #[must_use]
    pub fn intermediate(&self, name: &str) -> TestCa {
        let (params, key) = (authority(name), KeyPair::generate().expect("a key"));
        let pem = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        TestCa { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for these names (host names or addresses), good for servers and clients.
    #[must_use]
    pub fn leaf(&self, names: &[&str]) -> Leaf {
        self.leaf_for_years(names, 1975, 4096)
    }

    /// The same, valid from the start of one year to the start of another.
    ///
    /// # Panics
    /// If a name is not acceptable, or there is no randomness.
    #[must_use]
    pub fn leaf_for_years(&self, names: &[&str], from: i32, to: i32) -> Leaf {
        let mut params = end_entity(names, "stand-in");
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        self.sign(&params)
    }

    /// A certificate that names its host in the way of the last century: as common name alone.
    #[must_use]
    pub fn leaf_by_common_name(&self, host: &str) -> Leaf {
        self.sign(&end_entity(&[], host))
    }

    fn sign(&self, params: &CertificateParams) -> Leaf {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Leaf { chain_pem: certificate.pem(), key_pem: key.serialize_pem() }
    }

    /// TLS with a certificate for these names.
    #[must_use]
    pub fn tls(&self, names: &[&str]) -> Tls {
        self.tls_of(self.leaf(names))
    }

    /// TLS with this certificate.
    #[must_use]
    pub fn tls_of(&self, leaf: Leaf) -> Tls {
        Tls {
            chain_pem: leaf.chain_pem,
            key_pem: leaf.key_pem,
            ca_pem: self.pem.clone(),
            client_ca_pem: None,
            min_version: TlsVersion::Tls12,
            max_version: TlsVersion::Tls13,
            tickets: (2, 2),
        }
    }
}
