//! Certificates for the listeners, made at start.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// What the listeners show and want.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The server's chain.
    pub chain_pem: String,
    /// Its key.
    pub key_pem: String,
    /// What a client has to trust.
    pub ca_pem: String,
    /// The CA of clients' certificates, if they are wanted.
    pub client_ca_pem: Option<String>,
    /// TLS 1.2 only.
    pub only_tls12: bool,
}

/// A certificate authority of a test's own.
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// Names under which the stand-in can be reached.
pub const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

impl TestCa {
    /// A new authority.
    pub fn new(name: &str) -> TestCa {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        TestCa { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for these names, valid for these years: chain and key, in PEM.
    pub fn leaf(&self, names: &[&str], years: (i32, i32)) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("parameters");
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// What a listener shows with such a certificate.
    pub fn tls(&self, names: &[&str], years: (i32, i32)) -> Tls {
        let (chain_pem, key_pem) = self.leaf(names, years);
        Tls { chain_pem, key_pem, ca_pem: self.pem.clone(), client_ca_pem: None, only_tls12: false }
    }
}

impl Tls {
    /// A good certificate for loopback, of a new authority.
    pub fn for_loopback() -> Tls {
        TestCa::new("stand-in CA").tls(&LOOPBACK_NAMES, (2020, 2090))
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(self.chain_pem.as_bytes()).map(|c| c.expect("PEM")).collect();
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).expect("PEM");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = if self.only_tls12 { &[&rustls::version::TLS12][..] } else { rustls::ALL_VERSIONS };
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions);
        let builder = builder.expect("versions");
        let builder = match &self.client_ca_pem {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM")).expect("a CA");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.expect("a verifier"))
            }
        };
        Arc::new(builder.with_single_cert(chain, key).expect("chain and key"))
    }
}
