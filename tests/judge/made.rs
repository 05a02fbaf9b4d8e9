//! Certificates that only the `openssl` command makes: of X.509 version 1, with weak keys, and with signatures that are
//! not in use any more.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::case::{Case, Features, folder};
use crate::certificates::{HOST, Keys, shown};
use crate::place::{PLAIN, Role};
use crate::random::Random;

/// The feature; how the key of the authority is made; the authority's extensions; how the server's certificate is signed;
/// its extensions. No extensions at all: version 1.
const ROWS: [(&str, &str, &str, &str, &str); 12] = [
    ("server's certificate of version 1", P_256, CA, "-sha256", ""),
    ("root of version 1", P_256, "", "-sha256", SERVER),
    ("signed with SHA-1", P_256, CA, "-sha1", SERVER),
    ("signed with SHA-1 by RSA", RSA, CA, "-sha1", SERVER),
    ("signed with SHA-224", P_256, CA, "-sha224", SERVER),
    ("signed with SHA-512 by ECDSA", P_256, CA, "-sha512", SERVER),
    ("signed with SHA-512 by RSA", RSA, CA, "-sha512", SERVER),
    ("signed with RSA-PSS", RSA, CA, "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32", SERVER),
    ("root of RSA with 1024 bits", "RSA -pkeyopt rsa_keygen_bits:1024", CA, "-sha256", SERVER),
    ("root of RSA with 3072 bits", "RSA -pkeyopt rsa_keygen_bits:3072", CA, "-sha256", SERVER),
    ("root of P-521", "EC -pkeyopt ec_paramgen_curve:P-521", CA, "-sha256", SERVER),
    ("root of secp256k1", "EC -pkeyopt ec_paramgen_curve:secp256k1", CA, "-sha256", SERVER),
];

const P_256: &str = "EC -pkeyopt ec_paramgen_curve:P-256";
const RSA: &str = "RSA -pkeyopt rsa_keygen_bits:2048";
const CA: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n";
const SERVER: &str = "subjectAltName=DNS:db.example.com\nextendedKeyUsage=serverAuth\n";

/// What was made: the feature, the authority in PEM, the server's certificate in PEM.
pub struct Made {
    chains: Vec<(&'static str, String, String)>,
    key: KeyPair,
}

fn file(name: &str) -> PathBuf {
    folder().join(format!("{name}-{}", std::process::id()))
}

/// Runs `openssl` with these words; a word `@NAME` is a file of that name.
fn openssl(words: &str) {
    let words = words.split_whitespace().map(|word| match word.strip_prefix('@') {
        Some(name) => file(name).to_str().expect("UTF-8").to_owned(),
        None => word.to_owned(),
    });
    let words: Vec<String> = words.collect();
    let output = Command::new("openssl").args(&words).stdin(Stdio::null()).output().expect("openssl");
    assert!(output.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn take(name: &str) -> String {
    let text = std::fs::read_to_string(file(name)).expect("a file");
    std::fs::remove_file(file(name)).expect("it was there");
    text
}

/// A new key, in PEM.
pub fn key(name: &str, how: &str) -> String {
    openssl(&format!("genpkey -algorithm {how} -out @{name}.key"));
    take(&format!("{name}.key"))
}

impl Made {
    pub fn make() -> Made {
        let leaf = key("made-leaf", P_256);
        std::fs::write(file("leaf.key"), &leaf).expect("a file");
        openssl(&format!("req -new -key @leaf.key -subj /CN={HOST} -out @leaf.csr"));
        let chains = ROWS.iter().map(|(feature, how, authority, signed, server)| {
            let root = key("made-root", how);
            std::fs::write(file("root.key"), root).expect("a file");
            openssl("req -new -key @root.key -subj /CN=root -out @root.csr");
            let with = |extensions: &str, name: &str| {
                std::fs::write(file(name), extensions).expect("a file");
                if extensions.is_empty() { String::new() } else { format!("-extfile @{name}") }
            };
            let extensions = with(authority, "root.ext");
            openssl(&format!(
                "x509 -req -in @root.csr -signkey @root.key -days 30 -sha256 {extensions} -out @root.pem"
            ));
            let extensions = with(server, "leaf.ext");
            let by = "-CA @root.pem -CAkey @root.key -set_serial 7 -days 30";
            openssl(&format!("x509 -req -in @leaf.csr {by} {signed} {extensions} -out @leaf.pem"));
            for name in ["root.key", "root.csr", "root.ext", "leaf.ext"] {
                take(name);
            }
            (*feature, take("root.pem"), take("leaf.pem"))
        });
        let chains = chains.collect();
        for name in ["leaf.key", "leaf.csr"] {
            take(name);
        }
        Made { chains, key: KeyPair::from_pem(&leaf).expect("a key") }
    }

    pub fn case(&self, random: &mut Random, _: &Keys) -> Case {
        let (feature, root, leaf) = random.pick(&self.chains);
        let chain = vec![CertificateDer::from_pem_slice(leaf.as_bytes()).expect("a certificate")];
        let mut features = Features::default();
        features.push(feature);
        // Trusted as itself as well.
        let ca = if random.once_in(3) {
            features.push("server's certificate in the CA file");
            leaf
        } else {
            root
        };
        Case {
            features,
            url: format!("https://{HOST}:14240/"),
            role: Role { shown: Some(shown(chain, &self.key)), answer: PLAIN.to_vec() },
            ca: Some(ca.clone().into_bytes()),
            variables: None,
            expected: (200, b"{}".to_vec()),
            shown: leaf.clone(),
        }
    }
}
