//! What people give as certificates and keys: it is used, or refused by `tg_conn_new` with what it is and the command
//! that puts it right, which is then run, and what it makes is used.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tigergraph_standin::{Options, Standin, TestCa, TlsVersion};

use crate::driver::{Call, Driver, sanitized};
use crate::openssl::{CA, Key, SAN, Server, WANTED, Wanted, file, openssl, read, standin, text};
use crate::skip::skip;
use crate::{ask, setting};

/// An authority and a server's certificate of it, in files.
static PLAIN: LazyLock<()> = LazyLock::new(|| {
    Wanted { name: "plain-ca", subject: "/CN=plain-ca", extensions: CA, ..WANTED }.make();
    Wanted { name: "plain", issuer: Some(("plain-ca", Key::P256)), extensions: SAN, ..WANTED }.make();
});

fn server() -> Standin {
    LazyLock::force(&PLAIN);
    let both = (TlsVersion::Tls12, TlsVersion::Tls13);
    standin(read(file("plain.pem")), read(file(&Key::P256.file())), both)
}

fn written(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    std::fs::write(file(name), content).expect("a file");
    file(name)
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

/// Runs the command of a hint in a folder of its own, and gives the file that it makes.
fn obey(hint: &str, name: &str) -> PathBuf {
    let command = hint.strip_prefix("Run: ").unwrap_or_else(|| panic!("no command: {hint}"));
    let folder = file(&format!("{name}.made"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).expect("a folder");
    // The passphrase that the command would ask for.
    let command = command.replace("openssl pkcs12", "openssl pkcs12 -passin pass:canary");
    let command = command.replace("keytool", "keytool -storepass canary");
    let command = command.replace("openssl pkey", "openssl pkey -passin pass:canary");
    let output = Command::new("sh").args(["-c", &command]).current_dir(&folder).output().expect("a shell");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    let made = std::fs::read_dir(&folder).expect("a folder").next();
    made.unwrap_or_else(|| panic!("{command} made nothing")).expect("a file").path()
}

fn with_ca_file(driver: &mut Driver, server: &Standin, path: &Path) -> Call {
    ask(driver, &format!("https://localhost:{}", server.gateway_port()), &[setting(&["ca_file", &text(path)])])
}

#[test]
fn certificate_files_that_are_used() {
    let server = server();
    let pem = read(file("plain-ca.pem"));
    let mut body = pem.clone();
    body.insert_str(0, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
    openssl("x509 -in @plain-ca.pem -outform DER -out @used.der");
    openssl("x509 -in @plain-ca.pem -trustout -out @used-trusted.pem");
    openssl("x509 -in @plain-ca.pem -trustout -addtrust serverAuth -setalias an-alias -out @used-for-servers.pem");
    let texts: [(&str, Vec<u8>); 13] = [
        ("plain", pem.clone().into()),
        ("mark", format!("\u{feff}{pem}").into()),
        ("utf16-le", utf16(&format!("\u{feff}{pem}"), false)),
        ("utf16-be", utf16(&format!("\u{feff}{pem}"), true)),
        ("utf16-bare", utf16(&pem, false)),
        ("label", pem.replace("CERTIFICATE", "X509 CERTIFICATE").into()),
        ("crlf", pem.replace('\n', "\r\n").into()),
        ("cr", pem.replace('\n', "\r").into()),
        ("indented", pem.lines().map(|line| format!("    {line}  \n")).collect::<String>().into()),
        ("text", format!("Subject: CN=plain-ca\nsome words\n{pem}and more words without an end").into()),
        ("one-line", pem.replace('\n', " ").into()),
        ("parameters", body.into()),
        ("key-behind", format!("{pem}{}", read(file(&Key::P256.file()))).into()),
    ];
    let mut files: Vec<PathBuf> = texts.iter().map(|(name, text)| written(&format!("used-{name}"), text)).collect();
    files.extend(["used.der", "used-trusted.pem", "used-for-servers.pem"].map(file));
    let mut driver = Driver::start(sanitized(), &[]);
    for path in &files {
        let call = with_ca_file(&mut driver, &server, path);
        assert_eq!(call.outcome(), "OK", "{}: {call:?}", path.display());
    }
    driver.finish();
}

#[test]
fn certificate_files_that_are_refused() {
    let server = server();
    let pem = read(file("plain-ca.pem"));
    let leaf = read(file("plain.pem"));
    openssl("crl2pkcs7 -nocrl -certfile @plain-ca.pem -out @refused.p7");
    openssl("crl2pkcs7 -nocrl -certfile @plain-ca.pem -outform DER -out @refused.p7b");
    openssl("pkcs12 -export -in @plain-ca.pem -inkey @p256.key -passout pass:canary -out @refused.p12");
    openssl("req -in @plain.csr -outform DER -out @refused-request.der");
    openssl("pkey -in @p256.key -outform DER -out @refused-key.der");
    openssl("pkey -in @p256.key -aes256 -passout pass:canary -out @refused-locked.key");
    openssl("x509 -in @plain-ca.pem -trustout -addreject serverAuth -out @refused-distrusted.pem");
    openssl("x509 -in @plain-ca.pem -trustout -addtrust emailProtection -out @refused-mail.pem");
    let public = openssl("pkey -in @p256.key -pubout");
    let cut = &pem[..pem.len() / 2];
    let broken = pem.replace("MII", "MI!").replace("MIH", "MI!").replace("MIB", "MI!");
    let rows: [(PathBuf, &str); 20] = [
        (file("refused.p7"), "PKCS#7"),
        (file("refused.p7b"), "PKCS#7"),
        (written("somebody's certificates.p7", read(file("refused.p7"))), "PKCS#7"),
        (file("refused.p12"), "PKCS#12"),
        (file("plain.csr"), "a certificate request"),
        (file("refused-request.der"), "a certificate request"),
        (file("p256.key"), "a private key"),
        (file("refused-key.der"), "a private key"),
        (file("refused-locked.key"), "encrypted with a passphrase"),
        (file("refused-distrusted.pem"), "number 1 in it, that says of itself that it is not trusted for TLS servers"),
        (file("refused-mail.pem"), "number 1 in it, that says of itself that it is not trusted for TLS servers"),
        (written("refused-public", public), "a public key"),
        (written("refused-keystore", b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01"), "a Java key store"),
        (written("refused-encrypting-keystore", b"\xce\xce\xce\xce\0\0\0\x02\0\0\0\x01"), "a Java key store"),
        (written("refused-empty", "\n"), "is empty"),
        (written("refused-words", "no certificate"), "holds no certificate in PEM form"),
        (written("refused-cut", format!("{leaf}{cut}")), "number 2 in it, that is cut off"),
        (written("refused-cut-first", format!("{cut}\n{leaf}")), "number 1 in it, that is cut off"),
        (written("refused-broken", format!("{leaf}{broken}{leaf}")), "number 2 in it, that cannot be read"),
        (written("refused-beside", format!("{leaf}{}", read(file("refused.p7")))), "PKCS#7"),
    ];
    let mut driver = Driver::start(sanitized(), &[]);
    for (path, says) in &rows {
        let call = with_ca_file(&mut driver, &server, path);
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert_eq!((call.operation.as_str(), call.outcome()), ("conn_new", "config.file"), "{name}: {call:?}");
        assert!(call.message.contains("\"ca_file\"") && call.message.contains(says), "{name}: {call:?}");
        if ["p7", "p7b", "p12"].iter().any(|kind| path.extension().is_some_and(|end| end == *kind)) {
            let call = with_ca_file(&mut driver, &server, &obey(&call.hint, &name));
            assert_eq!(call.outcome(), "OK", "{name}: {call:?}");
        }
    }
    let connections = server.connections();
    assert_eq!(connections, 4, "those that were put right");
    driver.finish();
}

/// What `openssl x509 -req` makes of a request without being given extensions. Servers accept it from a client.
#[test]
fn a_client_certificate_of_version_1() {
    LazyLock::force(&PLAIN);
    Wanted { name: "client-ca", subject: "/CN=client-ca", extensions: CA, ..WANTED }.make();
    let issuer = Some(("client-ca", Key::P256));
    let old = Wanted { name: "client-v1", subject: "/CN=alice", key: Key::Rsa2048, issuer, ..WANTED }.make();
    assert!(String::from_utf8_lossy(&openssl("x509 -in @client-v1.pem -noout -text")).contains("Version: 1"));
    let more = format!("-Verify 1 -verify_return_error -CAfile {}", text(&file("client-ca.pem")));
    let server = Server::start(&text(&file("plain.pem")), &Key::P256.file(), &more);
    let mut driver = Driver::start(sanitized(), &[]);
    let mut show = |key: Key| {
        driver.say(&["config", &format!("https://localhost:{}", server.port)]);
        let files = [text(&file("plain-ca.pem")), old.clone(), text(&file(&key.file()))];
        for words in [&["ca_file", &files[0]][..], &["client_cert", &files[1], &files[2]]] {
            let words = setting(words);
            driver.say(&["set"].into_iter().chain(words.iter().map(String::as_str)).collect::<Vec<_>>());
        }
        let call = driver.call(&["conn_new"]);
        if call.outcome() == "OK" { driver.call(&["server_version"]) } else { call }
    };
    // The server's own page, which it gives for a GET alone: the handshake was good.
    let call = show(Key::Rsa2048);
    assert_eq!(call.outcome(), "protocol.not_json", "{call:?}");
    let call = show(Key::P256);
    assert!(call.message.contains("does not fit the client certificate"), "{call:?}");
    driver.finish();
}

/// Stores of Java with two certificates, neither with the alias that `keytool` takes without being told.
#[test]
fn stores_of_java() {
    if Command::new("keytool").arg("-help").output().is_err() {
        return skip("keytool is not here, which tests/run installs");
    }
    let server = server();
    let other = Wanted { name: "java-other", extensions: CA, ..WANTED }.make();
    let authority = text(&file("plain-ca.pem"));
    let mut driver = Driver::start(sanitized(), &[]);
    for kind in ["JKS", "JCEKS", "PKCS12"] {
        let store = file(&format!("java-{kind}.store"));
        let _ = std::fs::remove_file(&store);
        for (alias, certificate) in [("one", &other), ("two", &authority)] {
            let words = ["-importcert", "-noprompt", "-storepass", "canary", "-storetype", kind, "-alias", alias];
            let files = ["-file", certificate, "-keystore", &text(&store)];
            let made = Command::new("keytool").args(words).args(files).output().expect("keytool");
            assert!(made.status.success(), "{kind}: {}", String::from_utf8_lossy(&made.stdout));
        }
        let call = with_ca_file(&mut driver, &server, &store);
        assert_eq!((call.operation.as_str(), call.outcome()), ("conn_new", "config.file"), "{kind}: {call:?}");
        let call = with_ca_file(&mut driver, &server, &obey(&call.hint, &format!("java-{kind}")));
        assert_eq!(call.outcome(), "OK", "{kind}: {call:?}");
    }
    driver.finish();
}

#[test]
fn keys_of_clients() {
    LazyLock::force(&PLAIN);
    let ca = TestCa::new("an authority for clients");
    let leaf = ca.leaf(&["client"]);
    let tls = TestCa::new("a CA").tls(&["localhost"]).require_client(&ca);
    let server_ca = tls.ca_pem.clone();
    let server = Standin::start(Options::new("4.2").with_tls(tls)).expect("a stand-in");
    server.add_user("alice", "opensesame", true);
    let chain = text(&written("client.pem", &leaf.chain_pem));
    let _ = [Key::P256, Key::P521].map(Key::file);
    written("client.key", &leaf.key_pem);
    openssl("pkey -in @client.key -outform DER -out @client-key.der");
    openssl("pkcs8 -topk8 -nocrypt -in @client.key -outform DER -out @client-pkcs8.der");
    openssl("pkey -in @client.key -aes256 -passout pass:canary -out @client-locked.key");
    openssl("pkcs8 -topk8 -in @client.key -v2 aes256 -passout pass:canary -outform DER -out @client-locked.der");
    openssl("ec -in @client.key -out @client-sec1.key");
    openssl("ec -in @client.key -aes256 -passout pass:canary -out @client-old-locked.key");
    openssl("pkcs12 -export -in @client.pem -inkey @client.key -passout pass:canary -out @client.p12");
    // As Java and others write keys: without the public half.
    openssl("ec -in @client.key -no_public -out @client-half.key");
    openssl("pkcs8 -topk8 -nocrypt -in @client-half.key -out @client-half8.key");
    openssl("pkcs8 -topk8 -nocrypt -in @client-half.key -outform DER -out @client-half8.der");
    openssl("ec -in @p256.key -no_public -out @other-half.key");
    openssl("ec -in @p521.key -no_public -out @p521-half.key");
    openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4608 -out @client-large.key");
    let sec1 = read(file("client-sec1.key"));
    let used = [
        file("client-half.key"),
        file("client-half8.key"),
        file("client-half8.der"),
        file("client.key"),
        file("client-key.der"),
        file("client-pkcs8.der"),
        file("client-sec1.key"),
        written("client-mark.key", format!("\u{feff}{}", leaf.key_pem)),
        written("client-wide.key", utf16(&format!("\u{feff}{}", leaf.key_pem), false)),
        written("client-both.pem", format!("{}{}", leaf.chain_pem, leaf.key_pem)),
        written("client-indented.key", sec1.lines().map(|line| format!("\t{line}\r\n")).collect::<String>()),
    ];
    let other = text(&file(&Key::Rsa2048.file()));
    let refused = [
        (file("client-locked.key"), "encrypted with a passphrase", true),
        (file("client-locked.der"), "encrypted with a passphrase", true),
        (file("client-old-locked.key"), "encrypted with a passphrase", true),
        (file("client.p12"), "PKCS#12", true),
        (file("client.pem"), "holds no private key, but a certificate", false),
        (file("plain.csr"), "a certificate request", false),
        (written("client-empty.key", ""), "is empty", false),
        (PathBuf::from(other), "does not fit the client certificate", false),
        (file(&Key::P521.file()), "of a kind that this library cannot use", false),
        (file("client-large.key"), "of a kind that this library cannot use", false),
        (file("other-half.key"), "does not fit the client certificate", false),
        (file("p521-half.key"), "does not fit the client certificate", false),
    ];
    let mut driver = Driver::start(sanitized(), &[]);
    let url = format!("https://localhost:{}", server.gateway_port());
    let mut try_key = |path: &PathBuf| {
        let settings = [setting(&["ca_pem", &server_ca]), setting(&["client_cert", &chain, &text(path)])];
        ask(&mut driver, &url, &settings)
    };
    for path in &used {
        let call = try_key(path);
        assert_eq!(call.outcome(), "OK", "{}: {call:?}", path.display());
    }
    for (path, says, has_command) in &refused {
        let call = try_key(path);
        assert_eq!(call.outcome(), "config.file", "{}: {call:?}", path.display());
        assert!(call.message.contains("\"client_key\"") && call.message.contains(says), "{call:?}");
        assert!(!call.hint.contains("canary") && !call.hint.is_empty(), "{call:?}");
        assert!(!says.contains("of a kind") || call.hint.contains("RSA with 2048, 3072 or 4096 bits"), "{call:?}");
        if *has_command {
            let made = obey(&call.hint, &path.file_name().expect("a name").to_string_lossy());
            assert_eq!(try_key(&made).outcome(), "OK", "{}", call.hint);
        }
    }
    driver.finish();
}
