//! Every cause for which a certificate or a handshake is refused: its reason, what the sentence says, and that the
//! hint does not advise what was done already. A row for each, with a certificate made for it.

use tigergraph_auth::{Config, Connection};

use crate::driver::{Driver, sanitized};
use crate::openssl::{CA, Key, SAN, Server, WANTED, Wanted, file, read, text};
use crate::{ask, setting};

const ISSUER: Wanted = Wanted { name: "issuer", subject: "/CN=the-issuer", extensions: CA, ..WANTED };
const LEAF: Wanted = Wanted { issuer: Some(("issuer", Key::P256)), extensions: SAN, ..WANTED };
/// Old keys and digests, which today's OpenSSL serves only if it is told to.
const OLD: &str = "-cipher DEFAULT@SECLEVEL=0";

/// A server's certificate, what its server is started with, and what comes of it.
struct Row<'a> {
    leaf: Wanted<'a>,
    /// The name of the certificate in the CA setting.
    ca: &'a str,
    server: &'a str,
    reason: &'a str,
    says: &'a str,
    /// The same for the diagnosis, where it sees more.
    diagnosis: Option<(&'a str, &'a str)>,
}

const fn row<'a>(leaf: Wanted<'a>, reason: &'a str, says: &'a str) -> Row<'a> {
    Row { leaf, ca: "issuer", server: "", reason, says, diagnosis: None }
}

fn check(rows: &[Row]) {
    let mut driver = Driver::start(sanitized(), &[]);
    for Row { leaf, ca, server, reason, says, diagnosis } in rows {
        let certificate = leaf.make();
        let server = Server::start(&certificate, &leaf.key.file(), server);
        let url = format!("https://localhost:{}", server.port);
        let ca = text(&file(&format!("{ca}.pem")));
        let call = ask(&mut driver, &url, &[setting(&["ca_file", &ca])]);
        assert_eq!(call.outcome(), *reason, "{}: {call:?}", leaf.name);
        assert!(call.message.contains(says), "{}: {call:?}", leaf.name);
        assert!(!call.hint.is_empty() && !call.hint.contains("tg_config_set_ca_file"), "{}: {call:?}", leaf.name);

        let mut config = Config::new(&url);
        config.set_ca_file(Some(ca.as_bytes())).set_password(Some(b"alice"), Some(b"canarycanary"));
        let report = Connection::new(&config).expect("good settings").diagnose(false).expect("a report");
        let (reason, says) = diagnosis.unwrap_or((reason, says));
        let failure = report.failure.as_ref().expect("a failure");
        assert_eq!(failure.reason().id(), reason, "{}: {}", leaf.name, report.text());
        assert!(report.verdict.contains(says), "{}: {}", leaf.name, report.text());
    }
    driver.finish();
}

#[test]
fn what_is_wrong_with_the_certificate_itself() {
    ISSUER.make();
    let with = |name, extensions| Wanted { name, extensions, ..LEAF };
    let use_ = format!("{SAN}\nextendedKeyUsage=clientAuth");
    let critical = format!("{SAN}\n1.3.6.1.4.1.99999.1=critical,DER:0500");
    let authority = format!("{SAN}\n{CA}");
    check(&[
        row(with("v1", ""), "tls.bad_certificate", "X.509 version 1"),
        Row {
            server: OLD,
            ..row(Wanted { digest: "sha1", ..with("sha1", SAN) }, "tls.bad_certificate", "ECDSA with SHA-1")
        },
        row(with("use", &use_), "tls.bad_certificate", "extended key usage"),
        row(with("critical", &critical), "tls.bad_certificate", "1.3.6.1.4.1.99999.1"),
        row(with("authority", &authority), "tls.bad_certificate", "is an authority's"),
        Row {
            server: OLD,
            ..row(Wanted { key: Key::Rsa1024, ..with("rsa1024", SAN) }, "tls.bad_certificate", "RSA of 1024 bits")
        },
        row(Wanted { digest: "sha512", ..with("sha512", SAN) }, "tls.bad_certificate", "ECDSA with SHA-512"),
        row(Wanted { subject: "/O=nobody", ..with("nameless", "basicConstraints=CA:FALSE") }, "tls.no_name", "neither"),
        row(
            with("host", "subjectAltName=DNS:db.example.com,IP:192.0.2.7,IP:2001:db8::7"),
            "tls.wrong_host",
            "is for db.example.com, 192.0.2.7, 2001:db8::7, not for localhost",
        ),
    ]);
}

#[test]
fn many_names_are_not_all_listed_and_none_can_break_a_line() {
    let issuer = Wanted { name: "names-issuer", ..ISSUER };
    issuer.make();
    let names: Vec<String> = (0..20).map(|number| format!("DNS:host{number}.example.com")).collect();
    let many = format!("subjectAltName={}", names.join(","));
    let leaf = Wanted { issuer: Some(("names-issuer", Key::P256)), extensions: &many, name: "many", ..WANTED };
    let odd = "subjectAltName=DER:300b8209610a620d1b5b316dff";
    let broken = Wanted { extensions: odd, name: "odd", ..leaf };
    let names_issuer = |leaf, says| Row { ca: "names-issuer", ..row(leaf, "tls.wrong_host", says) };
    check(&[
        names_issuer(leaf, "host7.example.com and 12 more, not for localhost"),
        names_issuer(broken, "is for a\\nb\\r\\u{1b}[1m\\u{fffd}, not for localhost"),
    ]);
}

/// An address among the DNS names looks right to a person, and counts for nobody but Ruby.
#[test]
fn an_address_as_a_host_name_is_told_apart() {
    let issuer = Wanted { name: "address-issuer", ..ISSUER };
    issuer.make();
    let leaf = Wanted { issuer: Some(("address-issuer", Key::P256)), ..WANTED };
    let address = Wanted { name: "address", extensions: "subjectAltName=DNS:db.example.com,DNS:127.0.0.1", ..leaf };
    let server = Server::start(&address.make(), &address.key.file(), "");
    let mut driver = Driver::start(sanitized(), &[]);
    let ca = setting(&["ca_file", &text(&file("address-issuer.pem"))]);
    let call = ask(&mut driver, &format!("https://127.0.0.1:{}", server.port), &[ca]);
    driver.finish();
    assert_eq!(call.outcome(), "tls.wrong_host", "{call:?}");
    assert!(call.message.contains("has 127.0.0.1 as a host name, not as an address"), "{call:?}");
    assert!(call.hint.contains("IP:127.0.0.1"), "{call:?}");
}

/// A server knows the credentials that were sent to it, and may put one into its next certificate.
#[test]
fn a_credential_in_a_certificate_is_not_shown() {
    let issuer = Wanted { name: "echo-issuer", ..ISSUER };
    issuer.make();
    let leaf = Wanted { issuer: Some(("echo-issuer", Key::P256)), ..WANTED };
    let echo = Wanted { name: "echo", extensions: "subjectAltName=DNS:opensesame.example.com", ..leaf };
    let certificate = echo.make();
    let server = Server::start(&certificate, &echo.key.file(), "");
    let (url, ca) = (format!("https://localhost:{}", server.port), text(&file("echo-issuer.pem")));
    let mut driver = Driver::start(sanitized(), &[]);
    let call = ask(&mut driver, &url, &[setting(&["ca_file", &ca])]);
    driver.finish();
    assert_eq!(call.outcome(), "tls.wrong_host", "{call:?}");
    assert!(call.message.contains("<redacted:10>.example.com") && !call.hint.contains("opensesame"), "{call:?}");
    let mut config = Config::new(&url);
    config.set_ca_file(Some(ca.as_bytes())).set_password(Some(b"alice"), Some(b"opensesame"));
    let report = Connection::new(&config).expect("good settings").diagnose(false).expect("a report");
    assert!(!report.text().contains("opensesame") && !report.json().contains("opensesame"), "{}", report.text());
}

#[test]
fn what_is_wrong_with_its_issuer() {
    let issuer = |name, key, extensions| Wanted { name, key, extensions, subject: "/CN=the-issuer", ..WANTED };
    let by = |name, by, key| Wanted { name, issuer: Some((by, key)), ..LEAF };
    let narrow = format!("{CA}\nnameConstraints=critical,permitted;DNS:example.com");
    for issuer in [
        issuer("narrow", Key::P256, &narrow[..]),
        issuer("weak", Key::Rsa1024, CA),
        issuer("large", Key::P521, CA),
        issuer("pss-issuer", Key::Pss, CA),
        issuer("strong", Key::Rsa2048, CA),
        issuer("known", Key::P256, CA),
        Wanted { subject: "/CN=another-issuer", ..issuer("another", Key::P256, CA) },
        Wanted {
            issuer: Some(("known", Key::P256)),
            subject: "/CN=no-issuer",
            ..issuer("no-issuer", Key::Rsa2048, "basicConstraints=CA:FALSE")
        },
        Wanted { issuer: Some(("known", Key::P256)), subject: "/CN=between", ..issuer("between", Key::Rsa2048, CA) },
    ] {
        issuer.make();
    }
    let (no_issuer, between) = (file("no-issuer.pem"), file("between.pem"));
    let (no_issuer, between) = (format!("-cert_chain {}", text(&no_issuer)), format!("-cert_chain {}", text(&between)));
    let self_signed = Wanted { issuer: None, ..LEAF };
    check(&[
        Row { ca: "narrow", ..row(by("narrow-leaf", "narrow", Key::P256), "tls.bad_certificate", "name constraints") },
        Row { ca: "weak", ..row(by("weak-leaf", "weak", Key::Rsa1024), "tls.bad_certificate", "RSA of 1024 bits") },
        Row { ca: "large", ..row(by("large-leaf", "large", Key::P521), "tls.bad_certificate", "ECDSA on P-521") },
        Row { ca: "pss-issuer", ..row(by("pss-leaf", "pss-issuer", Key::Pss), "tls.bad_certificate", "RSA-PSS") },
        Row { ca: "another", ..row(by("stranger", "known", Key::P256), "tls.unknown_issuer", "\"the-issuer\"") },
        Row {
            ca: "strong",
            ..row(by("renamed", "known", Key::P256), "tls.unknown_issuer", "another of the same name")
        },
        Row { ca: "between", ..row(by("between-unknown", "known", Key::P256), "tls.unknown_issuer", "\"the-issuer\"") },
        Row { ca: "known", ..row(by("without-between", "between", Key::Rsa2048), "tls.unknown_issuer", "\"between\"") },
        Row {
            ca: "another",
            server: &between,
            ..row(by("with-between", "between", Key::Rsa2048), "tls.unknown_issuer", "\"the-issuer\"")
        },
        Row {
            ca: "known",
            server: &no_issuer,
            ..row(by("by-leaf", "no-issuer", Key::Rsa2048), "tls.bad_certificate", "may not issue")
        },
        Row { ca: "known", ..row(Wanted { name: "alone", ..self_signed }, "tls.unknown_issuer", "self-signed") },
    ]);
    // As when it was made anew and the CA file was not.
    let old = Wanted { name: "renewed-old", key: Key::Rsa2048, ..self_signed };
    old.make();
    check(&[Row {
        ca: "renewed-old",
        ..row(Wanted { name: "renewed-new", ..self_signed }, "tls.unknown_issuer", "self-signed")
    }]);
    assert_ne!(read(file("renewed-old.pem")), read(file("renewed-new.pem")));
}

#[test]
fn servers_that_find_nothing_in_common() {
    let issuer = Wanted { name: "common-issuer", ..ISSUER };
    issuer.make();
    let with = |name, key| Wanted { name, key, issuer: Some(("common-issuer", Key::P256)), ..LEAF };
    let nothing = |leaf, server| Row { ca: "common-issuer", server, ..row(leaf, "tls.protocol", "finds no cipher") };
    let shows = |row: Row<'static>, key| Row { diagnosis: Some(("tls.bad_certificate", key)), ..row };
    check(&[
        shows(nothing(with("p521", Key::P521), ""), "ECDSA on P-521"),
        nothing(with("p521-12", Key::P521), "-tls1_2"),
        shows(nothing(with("pss", Key::Pss), ""), "RSA-PSS"),
        nothing(with("kex", Key::Rsa2048), "-tls1_2 -cipher AES128-GCM-SHA256"),
        nothing(with("cbc", Key::Rsa2048), "-tls1_2 -cipher ECDHE-RSA-AES128-SHA"),
        Row {
            reason: "tls.protocol",
            says: "neither TLS 1.2 nor TLS 1.3",
            ..nothing(with("old-tls", Key::Rsa2048), "-tls1_1 -cipher ALL@SECLEVEL=0")
        },
    ]);
}
