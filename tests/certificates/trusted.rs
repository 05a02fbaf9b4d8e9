//! A server whose certificate stands in the CA setting byte for byte, or whose key is pinned.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tigergraph_standin::{Leaf, TestCa, TlsVersion};

use crate::driver::{Call, Driver, sanitized};
use crate::openssl::{CA, Key, SAN, WANTED, Wanted, file, openssl, read, standin, text};
use crate::{ask, setting};

const BOTH: (TlsVersion, TlsVersion) = (TlsVersion::Tls12, TlsVersion::Tls13);

/// What `openssl` makes of the words in TigerGraph's manual, with more words.
fn manual(name: &str, more: &str) -> (String, String) {
    let words = "req -x509 -nodes -days 365 -newkey rsa:2048 -subj /CN=localhost";
    openssl(&format!("{words} -keyout @{name}.key -out @{name}.pem {more}"));
    (text(&file(&format!("{name}.pem"))), text(&file(&format!("{name}.key"))))
}

fn pin_of(certificate: &str) -> String {
    let key = openssl(&format!("x509 -in {certificate} -noout -pubkey"));
    std::fs::write(format!("{certificate}.pub"), key).expect("a file");
    let der = openssl(&format!("pkey -pubin -in {certificate}.pub -outform DER"));
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, &der))
}

fn asks(driver: &mut Driver, url: &str, settings: &[&[&str]]) -> Call {
    let settings: Vec<_> = settings.iter().map(|words| setting(words)).collect();
    ask(driver, url, &settings)
}

#[test]
fn the_certificate_of_tigergraphs_manual() {
    let mut driver = Driver::start(sanitized(), &[]);
    let ways = [("manual-cn", ""), ("manual-san", "-addext subjectAltName=DNS:localhost")];
    for (name, more) in ways {
        let (certificate, key) = manual(name, more);
        let pin = pin_of(&certificate);
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            let standin = standin(read(&certificate), read(&key), (version, version));
            let url = format!("https://localhost:{}", standin.gateway_port());
            let pem = read(&certificate);
            let trusted: [&[&[&str]]; 4] = [
                &[&["ca_file", &certificate]],
                &[&["ca_pem", &pem]],
                &[&["ca_file", &certificate], &["pin_sha256", &pin]],
                &[&["pin_sha256", &pin]],
            ];
            for settings in trusted {
                let call = asks(&mut driver, &url, settings);
                assert_eq!(call.outcome(), "OK", "{name}, {version:?}, {settings:?}: {call:?}");
            }
            // Another name of the same machine is another name.
            let call = asks(
                &mut driver,
                &format!("https://127.0.0.1:{}", standin.gateway_port()),
                &[&["ca_file", &certificate]],
            );
            assert_eq!(call.outcome(), "tls.wrong_host", "{call:?}");
            assert!(call.message.contains("is for localhost, not for 127.0.0.1"), "{call:?}");
        }
    }
    driver.finish();
}

#[test]
fn a_wrong_pin_beside_the_certificate_itself() {
    let mut driver = Driver::start(sanitized(), &[]);
    let (certificate, key) = manual("manual-pin", "");
    let (other, _) = manual("manual-other-pin", "");
    let standin = standin(read(&certificate), read(&key), BOTH);
    let url = format!("https://localhost:{}", standin.gateway_port());
    let call = asks(&mut driver, &url, &[&["ca_file", &certificate], &["pin_sha256", &pin_of(&other)]]);
    assert_eq!(call.outcome(), "tls.pin_mismatch", "{call:?}");
    // Another certificate in the CA setting, though of the same name and made in the same way.
    let call = asks(&mut driver, &url, &[&["ca_file", &other], &["pin_sha256", &pin_of(&certificate)]]);
    assert_eq!(call.outcome(), "tls.unknown_issuer", "{call:?}");
    assert_eq!(standin.requests().len(), 0);
    driver.finish();
}

/// A leaf that an authority issued, and what `openssl s_client -showcerts` would save of its server.
#[test]
fn a_leaf_that_was_saved_from_the_server() {
    let mut driver = Driver::start(sanitized(), &[]);
    let (ca, other) = (TestCa::new("a CA"), TestCa::new("another CA"));
    let middle = ca.intermediate("an intermediate CA");
    for leaf in [ca.leaf(&["localhost"]), middle.leaf(&["localhost"])] {
        let chain = leaf.chain_pem.clone() + middle.pem();
        let standin = standin(chain, leaf.key_pem.clone(), BOTH);
        let url = format!("https://localhost:{}", standin.gateway_port());
        let beside = format!("{}{}{}", other.pem(), leaf.chain_pem, Leaf::self_signed(&["elsewhere"]).chain_pem);
        for pem in [&leaf.chain_pem, &beside] {
            let path = file("saved-leaf.pem");
            std::fs::write(&path, pem).expect("a file");
            let pin = pin_of(&text(&path));
            for settings in [&[&["ca_pem", pem][..]][..], &[&["ca_file", &text(&path)]]] {
                assert_eq!(asks(&mut driver, &url, settings).outcome(), "OK", "{settings:?}");
            }
            if pem == &leaf.chain_pem {
                assert_eq!(asks(&mut driver, &url, &[&["ca_pem", pem], &["pin_sha256", &pin]]).outcome(), "OK");
            }
        }
        let call = asks(&mut driver, &url, &[&["ca_pem", other.pem()]]);
        assert_eq!(call.outcome(), "tls.unknown_issuer", "{call:?}");
        assert!(call.hint.contains("\"another CA\""), "{call:?}");
    }
    driver.finish();
}

/// What holds for a certificate that is trusted as itself: all but its issuer and its being a CA's.
#[test]
fn what_still_counts_of_a_certificate_that_is_trusted_as_itself() {
    let mut driver = Driver::start(sanitized(), &[]);
    let ca = TestCa::new("a CA");
    let years = |from, to| ca.leaf_for_years(&["localhost"], from, to);
    let dates =
        [(years(2020, 2021), "tls.expired", "2021-01-01"), (years(2080, 2090), "tls.not_yet_valid", "2080-01-01")];
    for (leaf, reason, says) in dates {
        let standin = standin(leaf.chain_pem.clone(), leaf.key_pem.clone(), BOTH);
        let url = format!("https://localhost:{}", standin.gateway_port());
        let call = asks(&mut driver, &url, &[&["ca_pem", &leaf.chain_pem]]);
        assert_eq!(call.outcome(), reason, "{call:?}");
        assert!(call.message.contains(says), "{call:?}");
    }
    let is_ca = format!("{CA}\n{SAN}\n");
    let with = |more: &str| is_ca.clone() + more;
    let rows = [
        (
            "own-use",
            "/CN=localhost",
            with("extendedKeyUsage=clientAuth"),
            "sha256",
            "tls.bad_certificate",
            "extended key usage",
        ),
        ("own-good-use", "/CN=localhost", with("extendedKeyUsage=clientAuth,serverAuth"), "sha256", "OK", ""),
        (
            "own-critical",
            "/CN=localhost",
            with("1.2.3.4=critical,DER:0500"),
            "sha256",
            "tls.bad_certificate",
            "1.2.3.4",
        ),
        ("own-sha1", "/CN=localhost", with(""), "sha1", "tls.bad_certificate", "SHA-1"),
        (
            "own-host",
            "/CN=db.example.com",
            CA.to_owned(),
            "sha256",
            "tls.wrong_host",
            "is for db.example.com, not for localhost",
        ),
        (
            "own-list",
            "/CN=localhost",
            format!("{CA}\nsubjectAltName=DNS:db.example.com,IP:192.0.2.7"),
            "sha256",
            "tls.wrong_host",
            "is for db.example.com, 192.0.2.7, not for localhost",
        ),
        (
            "own-mail",
            "/CN=localhost",
            format!("{CA}\nsubjectAltName=email:a@example.com"),
            "sha256",
            "tls.no_name",
            "no host and no address",
        ),
        ("own-star", "/CN=*.localhost", CA.to_owned(), "sha256", "tls.no_name", "*.localhost"),
        ("own-words", "/CN=The!Server", CA.to_owned(), "sha256", "tls.no_name", "The!Server"),
        ("own-two", "/CN=localhost/CN=db", CA.to_owned(), "sha256", "tls.no_name", "more than one common name"),
        ("own-none", "/O=localhost", CA.to_owned(), "sha256", "tls.no_name", "neither"),
        ("own-case", "/CN=LOCALHOST", CA.to_owned(), "sha256", "OK", ""),
        ("own-leaf", "/CN=localhost", format!("basicConstraints=CA:FALSE\n{SAN}"), "sha256", "OK", ""),
    ];
    for (name, subject, extensions, digest, outcome, says) in rows {
        let wanted = Wanted { name, subject, extensions: &extensions, digest, ..WANTED };
        let certificate = wanted.make();
        let call = if name == "own-critical" {
            let server = crate::openssl::Server::start(&certificate, &wanted.key.file(), "");
            asks(&mut driver, &format!("https://localhost:{}", server.port), &[&["ca_file", &certificate]])
        } else {
            let standin = standin(read(&certificate), read(file(&wanted.key.file())), BOTH);
            let call = asks(
                &mut driver,
                &format!("https://localhost:{}", standin.gateway_port()),
                &[&["ca_file", &certificate]],
            );
            assert_eq!(standin.requests().is_empty(), outcome != "OK");
            call
        };
        assert_eq!(call.outcome(), outcome, "{name}: {call:?}");
        assert!(call.message.contains(says), "{name}: {call:?}");
    }
    driver.finish();
}

/// An address as common name, and a certificate that its authority is trusted for.
#[test]
fn the_common_name_counts_for_the_certificate_itself_and_for_a_pin_alone() {
    let mut driver = Driver::start(sanitized(), &[]);
    let by_address = Wanted { name: "cn-address", subject: "/CN=127.0.0.1", extensions: CA, ..WANTED };
    let certificate = by_address.make();
    let server = standin(read(&certificate), read(file(&Key::P256.file())), BOTH);
    let url = |host: &str| format!("https://{host}:{}", server.gateway_port());
    assert_eq!(asks(&mut driver, &url("127.0.0.1"), &[&["ca_file", &certificate]]).outcome(), "OK");
    assert_eq!(asks(&mut driver, &url("localhost"), &[&["ca_file", &certificate]]).outcome(), "tls.wrong_host");

    let ca = TestCa::new("a CA");
    let leaf = ca.leaf_by_common_name("localhost");
    let path = file("cn-leaf.pem");
    std::fs::write(&path, &leaf.chain_pem).expect("a file");
    let pin = pin_of(&text(&path));
    let server = standin(leaf.chain_pem.clone(), leaf.key_pem.clone(), BOTH);
    let url = format!("https://localhost:{}", server.gateway_port());
    let call = asks(&mut driver, &url, &[&["ca_pem", ca.pem()]]);
    assert_eq!(call.outcome(), "tls.no_name", "{call:?}");
    assert!(call.message.contains("localhost") && call.hint.contains("subjectAltName=DNS:localhost"), "{call:?}");
    assert_eq!(asks(&mut driver, &url, &[&["ca_pem", ca.pem()], &["pin_sha256", &pin]]).outcome(), "OK");
    assert_eq!(asks(&mut driver, &url, &[&["pin_sha256", &pin]]).outcome(), "OK");
    assert_eq!(asks(&mut driver, &url, &[&["ca_pem", &leaf.chain_pem]]).outcome(), "OK");
    driver.finish();
}

/// What stands in the CA setting and may not issue certificates is trusted as itself, and vouches for nobody else.
#[test]
fn a_certificate_that_is_no_authoritys_vouches_for_itself_alone() {
    let mut driver = Driver::start(sanitized(), &[]);
    let rows = [
        ("no-authority", "basicConstraints=CA:FALSE"),
        ("says-nothing", SAN),
        ("other-use", "basicConstraints=critical,CA:TRUE\nkeyUsage=digitalSignature"),
    ];
    for (name, extensions) in rows {
        let extensions = format!("{extensions}\n{}", if extensions == SAN { "" } else { SAN });
        let subject = format!("/CN={name}");
        let own = Wanted { name, subject: &subject, extensions: &extensions, ..WANTED }.make();
        let leaf = format!("{name}-leaf");
        let issued = Wanted { name: &leaf, issuer: Some((name, Key::P256)), extensions: SAN, ..WANTED }.make();
        for (shown, outcome) in [(&own, "OK"), (&issued, "tls.bad_certificate")] {
            let server = standin(read(shown), read(file(&Key::P256.file())), BOTH);
            let url = format!("https://localhost:{}", server.gateway_port());
            let call = asks(&mut driver, &url, &[&["ca_file", &own]]);
            assert_eq!(call.outcome(), outcome, "{name}: {call:?}");
            assert!(outcome == "OK" || call.message.contains("may not issue any"), "{call:?}");
        }
    }
    driver.finish();
}

/// The key usage of those between counts, as the basic constraints do.
#[test]
fn one_between_that_may_not_sign_certificates() {
    let mut driver = Driver::start(sanitized(), &[]);
    let root = Wanted { name: "above", subject: "/CN=above", extensions: CA, ..WANTED }.make();
    for (name, usage, outcome) in
        [("signing", "keyCertSign", "OK"), ("not-signing", "digitalSignature", "tls.bad_certificate")]
    {
        let extensions = format!("{CA}\nkeyUsage={usage}");
        let subject = format!("/CN={name}");
        let issuer = Some(("above", Key::P256));
        let between = Wanted { name, subject: &subject, issuer, extensions: &extensions, ..WANTED }.make();
        let leaf = format!("{name}-leaf");
        let issued = Wanted { name: &leaf, issuer: Some((name, Key::P256)), extensions: SAN, ..WANTED }.make();
        let server = standin(read(issued) + &read(between), read(file(&Key::P256.file())), BOTH);
        let url = format!("https://localhost:{}", server.gateway_port());
        let call = asks(&mut driver, &url, &[&["ca_file", &root]]);
        assert_eq!(call.outcome(), outcome, "{name}: {call:?}");
    }
    driver.finish();
}

/// The system's trust store holds authorities: a server's certificate in it is not trusted as itself.
#[test]
fn the_systems_trust_store_is_for_authorities() {
    let (certificate, key) = manual("in-store", "-addext subjectAltName=DNS:localhost");
    let standin = standin(read(&certificate), read(&key), BOTH);
    let mut driver = Driver::start(sanitized(), &[("SSL_CERT_FILE", &certificate)]);
    let call = ask(&mut driver, &format!("https://localhost:{}", standin.gateway_port()), &[]);
    driver.finish();
    assert_eq!(call.outcome(), "tls.unknown_issuer", "{call:?}");
    assert!(call.message.contains("self-signed"), "{call:?}");
    assert!(standin.requests().is_empty());
}
