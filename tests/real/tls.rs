//! Certificates as people make them, CA files as they have them, versions and algorithms.

use crate::row::{Play, ROW, Row};

pub const GROUPS: &[(&str, &[Row])] = &[
    ("TigerGraph's own certificate", TIGERGRAPH),
    ("Certificates", CERTIFICATES),
    ("CA files", CA_FILES),
    ("Versions and algorithms", ALGORITHMS),
    ("`openssl s_server` and `gnutls-serv`", TOOLS),
];

const LIFE: Row = Row { play: Play::Life, ..ROW };
const ITSELF: Row = Row { settings: &[("ca_file", "tigergraph.pem")], curl: "--cacert tigergraph.pem", ..ROW };
/// An X448 exchange and the like: no library that is built on ring has it.
const RING: &str = "ring does not have this algorithm";

const TIGERGRAPH: &[Row] = &[
    Row {
        what: "`openssl req -x509 … -subj /CN=localhost`, its own CA file, life cycle",
        url: "https://localhost:@port:cert-tigergraph@",
        play: Play::Life,
        ..ITSELF
    },
    Row {
        what: "the same with `-addext subjectAltName=DNS:localhost`, life cycle",
        url: "https://localhost:@port:cert-tigergraph-san@",
        settings: &[("ca_file", "tigergraph-san.pem")],
        curl: "--cacert tigergraph-san.pem",
        ..LIFE
    },
    Row {
        what: "the same with `basicConstraints=CA:FALSE`, life cycle",
        url: "https://localhost:@port:cert-no-ca-itself@",
        settings: &[("ca_file", "no-ca-itself.pem")],
        curl: "--cacert no-ca-itself.pem",
        ..LIFE
    },
    Row {
        what: "CN=127.0.0.1, its own CA file",
        url: "https://127.0.0.1:@port:cert-tigergraph-address@",
        settings: &[("ca_file", "tigergraph-address.pem")],
        curl: "--cacert tigergraph-address.pem",
        ..ROW
    },
    Row {
        what: "CN of another host, its own CA file",
        url: "https://localhost:@port:cert-tigergraph-other@",
        settings: &[("ca_file", "tigergraph-other.pem")],
        curl: "--cacert tigergraph-other.pem",
        curl_says: "exit 60",
        outcome: "tls.wrong_host",
        says: &["tigergraph-server", "localhost"],
        ..ROW
    },
    Row {
        what: "no CA file",
        url: "https://localhost:@port:cert-tigergraph@",
        settings: &[("ca_file", "")],
        curl: "",
        curl_says: "exit 60",
        outcome: "tls.unknown_issuer",
        says: &["tg_config_set_ca_file"],
        ..ROW
    },
    Row {
        what: "another CA file",
        url: "https://localhost:@port:cert-tigergraph@",
        settings: &[("ca_file", "other-ca.pem")],
        curl: "--cacert other-ca.pem",
        curl_says: "exit 60",
        outcome: "tls.unknown_issuer",
        ..ROW
    },
    Row {
        what: "its own CA file, and the pin of its key",
        url: "https://localhost:@port:cert-tigergraph@",
        settings: &[("ca_file", "tigergraph.pem"), ("pin_sha256", "@pin:tigergraph@")],
        curl: "--cacert tigergraph.pem --pinnedpubkey sha256//@pin:tigergraph@",
        ..ROW
    },
    Row {
        what: "the pin of its key alone",
        url: "https://localhost:@port:cert-tigergraph@",
        settings: &[("ca_file", ""), ("pin_sha256", "@pin:tigergraph@")],
        curl: "--insecure --pinnedpubkey sha256//@pin:tigergraph@",
        ..ROW
    },
    Row {
        what: "its own CA file, and the pin of another key",
        url: "https://localhost:@port:cert-tigergraph@",
        settings: &[("ca_file", "tigergraph.pem"), ("pin_sha256", "@pin:server@")],
        curl: "--cacert tigergraph.pem --pinnedpubkey sha256//@pin:server@",
        curl_says: "exit 90",
        outcome: "tls.pin_mismatch",
        ..ROW
    },
    Row {
        what: "no verification, and the pin of another key",
        url: "https://localhost:@port:cert-tigergraph@",
        settings: &[("ca_file", ""), ("insecure_tls", "1"), ("pin_sha256", "@pin:server@")],
        curl: "--insecure --pinnedpubkey sha256//@pin:server@",
        curl_says: "exit 90",
        outcome: "tls.pin_mismatch",
        ..ROW
    },
    Row {
        what: "no verification (`insecure`, `--insecure`)",
        url: "https://localhost:@port:cert-tigergraph@",
        settings: &[("ca_file", ""), ("insecure_tls", "1")],
        curl: "--insecure",
        ..ROW
    },
    Row {
        what: "`openssl req` and `openssl x509 -req` (X.509 version 1), its own CA file",
        url: "https://localhost:@port:cert-two-steps@",
        settings: &[("ca_file", "two-steps.pem")],
        curl: "--cacert two-steps.pem",
        outcome: "tls.bad_certificate",
        says: &["version 1"],
        why: "version 1 is refused by design",
        ..ROW
    },
];

const CERTIFICATES: &[Row] = &[
    Row {
        what: "X.509 version 1 of a CA",
        url: "https://localhost:@port:cert-version-1@",
        outcome: "tls.bad_certificate",
        says: &["version 1"],
        never: &["tg_config_set_ca_file"],
        why: "version 1 is refused by design",
        ..ROW
    },
    Row {
        what: "expired",
        url: "https://localhost:@port:cert-expired@",
        curl_says: "exit 60",
        outcome: "tls.expired",
        ..ROW
    },
    Row {
        what: "not yet valid",
        url: "https://localhost:@port:cert-not-yet@",
        curl_says: "exit 60",
        outcome: "tls.not_yet_valid",
        ..ROW
    },
    Row { what: "valid until 2120", url: "https://localhost:@port:cert-century@", ..ROW },
    Row {
        what: "for other hosts",
        url: "https://localhost:@port:cert-wrong-host@",
        curl_says: "exit 60",
        outcome: "tls.wrong_host",
        says: &["db.example.com", "www.example.com", "192.0.2.1"],
        ..ROW
    },
    Row {
        what: "of a CA, a common name alone",
        url: "https://localhost:@port:cert-common-name@",
        outcome: "tls.no_name",
        why: "a common name counts only in a certificate that is in the CA file itself, or pinned",
        ..ROW
    },
    Row {
        what: "no name at all",
        url: "https://localhost:@port:cert-no-name@",
        curl_says: "exit 60",
        outcome: "tls.no_name",
        ..ROW
    },
    Row {
        what: "an address as `DNS:127.0.0.1`",
        url: "https://127.0.0.1:@port:cert-address-as-name@",
        curl_says: "exit 60",
        outcome: "tls.wrong_host",
        says: &["127.0.0.1"],
        ..ROW
    },
    Row {
        what: "a mail address as its only alternative name",
        url: "https://localhost:@port:cert-mail-alone@",
        outcome: "tls.no_name",
        why: "a common name counts only in a certificate that is in the CA file itself, or pinned",
        ..ROW
    },
    Row { what: "the name in capitals", url: "https://localhost:@port:cert-in-capitals@", ..ROW },
    Row {
        what: "for clients alone (`extendedKeyUsage=clientAuth`)",
        url: "https://localhost:@port:cert-for-clients@",
        curl_says: "exit 60",
        outcome: "tls.bad_certificate",
        never: &["tg_config_set_ca_file"],
        ..ROW
    },
    Row {
        what: "a critical extension that nobody knows",
        url: "https://localhost:@port:cert-critical@",
        curl_says: "exit 60",
        outcome: "tls.bad_certificate",
        never: &["tg_config_set_ca_file"],
        ..ROW
    },
    Row { what: "`keyUsage` without signatures", url: "https://localhost:@port:cert-no-signatures@", ..ROW },
    Row {
        what: "its intermediate certificate is missing",
        url: "https://localhost:@port:cert-middle-missing@",
        curl_says: "exit 60",
        outcome: "tls.unknown_issuer",
        ..ROW
    },
    Row {
        what: "its intermediate certificate is missing, and is the CA file",
        url: "https://localhost:@port:cert-middle-missing@",
        settings: &[("ca_file", "middle.pem")],
        curl: "--cacert middle.pem",
        ..ROW
    },
    Row { what: "the whole chain", url: "https://localhost:@port:cert-whole-chain@", ..ROW },
    Row { what: "the chain in disorder, with others", url: "https://localhost:@port:cert-mixed-chain@", ..ROW },
    Row {
        what: "its CA may issue for example.com alone",
        url: "https://localhost:@port:cert-name-constraints@",
        curl_says: "exit 60",
        outcome: "tls.bad_certificate",
        never: &["tg_config_set_ca_file"],
        ..ROW
    },
    Row {
        what: "issued by a certificate that is no CA",
        url: "https://localhost:@port:cert-issued-by-leaf@",
        curl_says: "exit 60",
        outcome: "tls.bad_certificate",
        never: &["tg_config_set_ca_file"],
        ..ROW
    },
];

const CA_FILES: &[Row] = &[
    Row {
        what: "the server's certificate alone, issued by a CA, life cycle",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "server.pem")],
        curl: "--cacert server.pem",
        ..LIFE
    },
    Row {
        what: "the same beside another CA",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "leaf-beside.pem")],
        curl: "--cacert leaf-beside.pem",
        ..ROW
    },
    Row {
        what: "the server's certificate and its CA",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "ca-with-leaf.pem")],
        curl: "--cacert ca-with-leaf.pem",
        ..ROW
    },
    Row {
        what: "the server's certificate alone, and the pin of its key",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "server.pem"), ("pin_sha256", "@pin:server@")],
        curl: "--cacert server.pem --pinnedpubkey sha256//@pin:server@",
        ..ROW
    },
    Row {
        what: "two CAs",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "ca-beside.pem")],
        curl: "--cacert ca-beside.pem",
        ..ROW
    },
    Row {
        what: "with a byte order mark",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "ca-mark.pem")],
        curl: "--cacert ca-mark.pem",
        ..ROW
    },
    Row {
        what: "with CR LF",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "ca-crlf.pem")],
        curl: "--cacert ca-crlf.pem",
        ..ROW
    },
    Row {
        what: "with text before it (`openssl x509 -text`)",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "ca-text.pem")],
        curl: "--cacert ca-text.pem",
        ..ROW
    },
    Row {
        what: "`TRUSTED CERTIFICATE` (`openssl x509 -trustout`)",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "ca-trusted.pem")],
        curl: "--cacert ca-trusted.pem",
        ..ROW
    },
    Row {
        what: "`X509 CERTIFICATE`",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "ca-x509.pem")],
        curl: "--cacert ca-x509.pem",
        ..ROW
    },
    Row {
        what: "with a private key behind it",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "ca-and-key.pem")],
        curl: "--cacert ca-and-key.pem",
        ..ROW
    },
    Row {
        what: "DER",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "ca.der")],
        curl: "--cacert ca.der",
        curl_says: "exit 77",
        ..ROW
    },
    Row {
        what: "PKCS#7",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "ca.p7b")],
        curl: "--cacert ca.p7b",
        curl_says: "exit 77",
        outcome: "config.file",
        says: &["PKCS#7", "openssl pkcs7"],
        ..ROW
    },
    Row {
        what: "UTF-16",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "ca-utf-16.pem")],
        curl: "--cacert ca-utf-16.pem",
        curl_says: "exit 77",
        ..ROW
    },
    Row {
        what: "a private key alone",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "key-alone.pem")],
        curl: "--cacert key-alone.pem",
        curl_says: "exit 77",
        outcome: "config.file",
        says: &["key"],
        ..ROW
    },
    Row {
        what: "no such file",
        url: "https://localhost:@port:gate-4@",
        settings: &[("ca_file", "nowhere.pem")],
        curl: "--cacert nowhere.pem",
        curl_says: "exit 77",
        outcome: "config.file",
        says: &["no such file"],
        ..ROW
    },
];

const ALGORITHMS: &[Row] = &[
    Row {
        what: "TLS 1.1 alone",
        url: "https://localhost:@port:tls-11@",
        curl_says: "exit 35",
        outcome: "tls.protocol",
        says: &["1.2"],
        never: &["http://"],
        ..ROW
    },
    Row { what: "P-256 certificate", url: "https://localhost:@port:cert-p-256@", ..ROW },
    Row { what: "P-384 certificate", url: "https://localhost:@port:cert-p-384@", ..ROW },
    Row {
        what: "P-521 certificate",
        url: "https://localhost:@port:cert-p-521@",
        outcome: "tls.protocol",
        says: &["P-384"],
        never: &["http://"],
        why: RING,
        ..ROW
    },
    Row { what: "Ed25519 certificate", url: "https://localhost:@port:cert-ed25519@", ..ROW },
    Row {
        what: "RSA-PSS certificate",
        url: "https://localhost:@port:cert-rsa-pss@",
        outcome: "tls.protocol",
        says: &["RSA-PSS"],
        never: &["http://"],
        why: RING,
        ..ROW
    },
    Row {
        what: "signed by RSA-PSS, a salt as long as the digest",
        url: "https://localhost:@port:cert-signed-by-pss@",
        ..ROW
    },
    Row {
        what: "signed by RSA-PSS, the longest salt (`openssl -sigopt rsa_padding_mode:pss`)",
        url: "https://localhost:@port:cert-longest-salt@",
        outcome: "tls.bad_certificate",
        says: &["RSA-PSS"],
        why: RING,
        ..ROW
    },
    Row { what: "signed by RSA with SHA-512", url: "https://localhost:@port:cert-sha-512@", ..ROW },
    Row {
        what: "signed by RSA with SHA-1",
        url: "https://localhost:@port:cert-sha-1@",
        curl_says: "exit 60",
        outcome: "tls.bad_certificate",
        says: &["SHA-1"],
        never: &["tg_config_set_ca_file"],
        ..ROW
    },
    Row {
        what: "signed by itself with SHA-1, its own CA file",
        url: "https://localhost:@port:cert-sha-1-itself@",
        settings: &[("ca_file", "sha-1-itself.pem")],
        curl: "--cacert sha-1-itself.pem",
        outcome: "tls.bad_certificate",
        says: &["SHA-1"],
        why: RING,
        ..ROW
    },
    Row {
        what: "RSA key of 1024 bits",
        url: "https://localhost:@port:cert-rsa-1024@",
        curl_says: "exit 60",
        outcome: "tls.bad_certificate",
        says: &["1024"],
        never: &["tg_config_set_ca_file"],
        ..ROW
    },
    Row {
        what: "signed by a CA with P-521",
        url: "https://localhost:@port:cert-of-p-521@",
        settings: &[("ca_file", "ca-521.pem")],
        curl: "--cacert ca-521.pem",
        outcome: "tls.bad_certificate",
        says: &["P-521"],
        never: &["tg_config_set_ca_file"],
        why: RING,
        ..ROW
    },
    Row {
        what: "signed by ECDSA P-256 with SHA-512",
        url: "https://localhost:@port:cert-ecdsa-sha-512@",
        settings: &[("ca_file", "ec-ca.pem")],
        curl: "--cacert ec-ca.pem",
        outcome: "tls.bad_certificate",
        says: &["SHA-512"],
        never: &["tg_config_set_ca_file"],
        why: RING,
        ..ROW
    },
    Row {
        what: "RSA key exchange alone",
        url: "https://localhost:@port:rsa-key-exchange@",
        outcome: "tls.protocol",
        says: &["ECDHE"],
        never: &["http://"],
        why: RING,
        ..ROW
    },
    Row {
        what: "CBC ciphers alone",
        url: "https://localhost:@port:cbc@",
        outcome: "tls.protocol",
        says: &["AES-GCM"],
        never: &["http://"],
        why: RING,
        ..ROW
    },
    Row {
        what: "DHE ciphers alone",
        url: "https://localhost:@port:dhe@",
        outcome: "tls.protocol",
        says: &["ECDHE"],
        never: &["http://"],
        why: RING,
        ..ROW
    },
    Row {
        what: "curve secp521r1 alone",
        url: "https://localhost:@port:curve-521@",
        outcome: "tls.protocol",
        says: &["cipher"],
        never: &["http://"],
        why: RING,
        ..ROW
    },
    Row { what: "ChaCha20 alone, life cycle", url: "https://localhost:@port:chacha@", ..LIFE },
];

/// Both answer with a page about the session, which shows that TLS works.
const PAGE: Row = Row {
    play: Play::List,
    settings: &[("server_version", "4.2")],
    curl: "--cacert ca.pem --get",
    outcome: "protocol.not_json",
    http: 200,
    why: "TLS works; the answer is the program's own page",
    ..ROW
};

const TOOLS: &[Row] = &[
    Row { what: "`s_server -www`", url: "https://localhost:@port:os@", ..PAGE },
    Row {
        what: "`s_server -tls1_2 -Verify`, none",
        url: "https://localhost:@port:os-client-12@",
        curl: "--cacert ca.pem --get",
        curl_says: "exit 35",
        outcome: "tls.client_certificate",
        says: &["tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`s_server -tls1_3 -Verify`, none",
        url: "https://localhost:@port:os-client-13@",
        curl: "--cacert ca.pem --get",
        curl_says: "exit 55 or exit 56",
        outcome: "tls.client_certificate",
        says: &["tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`s_server -cipher AES128-SHA`",
        url: "https://localhost:@port:os-rsa@",
        curl: "--cacert ca.pem --get",
        outcome: "tls.protocol",
        says: &["ECDHE"],
        never: &["http://"],
        why: RING,
        ..ROW
    },
    Row {
        what: "`s_server -ciphersuites TLS_AES_128_CCM_SHA256`",
        url: "https://localhost:@port:os-ccm@",
        curl: "--cacert ca.pem --get",
        curl_says: "exit 35",
        outcome: "tls.protocol",
        says: &["cipher"],
        never: &["http://"],
        ..ROW
    },
    Row {
        what: "`s_server -groups X448`",
        url: "https://localhost:@port:os-x448@",
        curl: "--cacert ca.pem --get",
        outcome: "tls.protocol",
        never: &["http://"],
        why: RING,
        ..ROW
    },
    Row {
        what: "`s_server -tls1_2 -groups brainpoolP256r1`",
        url: "https://localhost:@port:os-brainpool@",
        curl: "--cacert ca.pem --get",
        why: "curl takes RSA key exchange, which ring does not have",
        outcome: "tls.protocol",
        never: &["http://"],
        ..ROW
    },
    Row {
        what: "`s_server -tls1`",
        url: "https://localhost:@port:os-tls10@",
        curl: "--cacert ca.pem --get",
        curl_says: "exit 35",
        outcome: "tls.protocol",
        says: &["1.2"],
        never: &["http://"],
        ..ROW
    },
    Row { what: "`gnutls-serv --http`", url: "https://localhost:@port:gt@", ..PAGE },
    Row { what: "`gnutls-serv`, TLS 1.2", url: "https://localhost:@port:gt-12@", ..PAGE },
    Row {
        what: "`gnutls-serv --require-client-cert`, none",
        url: "https://localhost:@port:gt-client@",
        curl: "--cacert ca.pem --get",
        curl_says: "exit 55 or exit 56",
        outcome: "tls.client_certificate",
        says: &["tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`gnutls-serv`, CBC ciphers alone",
        url: "https://localhost:@port:gt-cbc@",
        curl: "--cacert ca.pem --get",
        outcome: "tls.protocol",
        says: &["AES-GCM"],
        never: &["http://"],
        why: RING,
        ..ROW
    },
    Row {
        what: "`gnutls-serv`, P-521 certificate",
        url: "https://localhost:@port:gt-521@",
        curl: "--cacert ca.pem --get",
        outcome: "tls.protocol",
        never: &["http://"],
        why: RING,
        ..ROW
    },
];
