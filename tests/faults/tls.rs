//! Rows 31 and 61 to 69: TLS, and what stands in its place.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tigergraph_standin::{
    Action, LOOPBACK_NAMES, Leaf, Options, RawAction, RawServer, Standin, TestCa, Tls, TlsVersion, handmade,
};

use crate::common::scratch;
use crate::driver::{self, field};
use crate::matrix::Record;
use crate::operations::{Kind, Operation, by_name};
use crate::session::{SHORT, Session, on_both};

/// A token that no server knows, for handles that never reach one.
const SOME_TOKEN: &str = "sometokenthatnobodyknows";

impl Session {
    fn with_tls(version: &'static str, tls: Tls) -> Session {
        Session::with(Options::new(version).with_tls(tls), version, driver::sanitized(), &[])
    }

    fn hold_some_token(&mut self) {
        self.canaries.add(SOME_TOKEN);
        self.token = SOME_TOKEN.to_owned();
        self.driver.say(&["set", "api_token", SOME_TOKEN]);
    }

    /// A handle for the stand-in that holds a token nobody knows, with a change of its settings.
    fn open_with(&mut self, change: impl FnOnce(&mut Session)) {
        self.configure();
        self.hold_some_token();
        change(self);
        self.connect();
    }

    /// The same for a name that leads to the stand-in.
    fn open_for_host(&mut self, host: &str) {
        self.driver.say(&["names", "0", "-", "0", "127.0.0.1"]);
        let url = format!("https://{host}:{}", self.standin.gateway_port());
        self.configure_for(&url);
        let ca = self.standin.ca_pem().expect("TLS");
        self.driver.say(&["set", "ca_pem", &field(ca)]);
        self.hold_some_token();
        self.connect();
    }

    /// The same with a raw listener in the place of the stand-in.
    fn open_raw(&mut self, server: &RawServer) {
        self.configure_for(&format!("https://127.0.0.1:{}", server.port()));
        self.hold_some_token();
        self.connect();
    }

    /// Every call fails so, at its first connection, without a request.
    fn is_refused(&mut self, record: &Record, reason: &'static str) {
        let before = self.standin.connections();
        let calls = self.nothing_reaches_the_server(record, reason);
        assert_eq!(self.standin.connections() - before, calls.len(), "{reason} is not tried again");
    }

    /// Another server in the place of the old one, on the same ports.
    fn replace_server(&mut self, tls: Tls) {
        let ports = self.stop_server();
        self.start_server_at(&ports, Some(tls));
    }

    fn gets_token(&mut self) -> String {
        self.driver.call(&["get_token"]).outcome().to_owned()
    }
}

#[test]
fn row_61_certificate_dates() {
    let record = Record::of(61);
    let ca = TestCa::new("a CA");
    for (from, to, reason) in [(2020, 2021, "tls.expired"), (2080, 2090, "tls.not_yet_valid")] {
        on_both(|version| {
            let bad = ca.tls_of(ca.leaf_for_years(&LOOPBACK_NAMES, from, to));
            let mut session = Session::with_tls(version, bad);
            session.open_with(|_| {});
            session.is_refused(&record, reason);
            session.replace_server(ca.tls(&LOOPBACK_NAMES));
            assert_eq!(session.gets_token(), "OK");
            session.finish();
        });
    }
    record.done();
}

#[test]
fn row_62_unknown_issuer() {
    let record = Record::of(62);
    let (ca, other) = (TestCa::new("a CA"), TestCa::new("another CA"));
    let middle = ca.intermediate("an intermediate CA");
    let alone = middle.leaf(&LOOPBACK_NAMES);
    let whole = Leaf { chain_pem: alone.chain_pem.clone() + middle.pem(), ..alone.clone() };
    for tls in [ca.tls_of(Leaf::self_signed(&LOOPBACK_NAMES)), ca.tls_of(other.leaf(&LOOPBACK_NAMES)), ca.tls_of(alone)]
    {
        on_both(|version| {
            let mut session = Session::with_tls(version, tls.clone());
            session.open_with(|_| {});
            session.is_refused(&record, "tls.unknown_issuer");
            session.replace_server(ca.tls_of(whole.clone()));
            assert_eq!(session.gets_token(), "OK", "with the intermediate certificate");
            session.finish();
        });
    }
    record.done();
}

#[test]
fn row_63_wrong_host() {
    let record = Record::of(63);
    let ca = TestCa::new("a CA");
    let cases = [
        (ca.leaf(&["other.example.com"]), "db.example.com", "db.example.com", "tls.wrong_host"),
        (ca.leaf_by_common_name("db.example.com"), "db.example.com", "db.example.com", "tls.no_name"),
        (ca.leaf(&["*.example.com"]), "a.b.example.com", "b.example.com", "tls.wrong_host"),
        (ca.leaf(&["localhost", "127.0.0.2"]), "127.0.0.1", "127.0.0.1", "tls.wrong_host"),
    ];
    for (leaf, host, good, reason) in cases {
        on_both(|version| {
            let mut session = Session::with_tls(version, ca.tls_of(leaf.clone()));
            session.open_for_host(host);
            session.is_refused(&record, reason);
            // The certificate is wrong for this host alone, or gets better.
            if host == good {
                session.replace_server(ca.tls(&[good]));
            } else {
                session.open_for_host(good);
            }
            assert_eq!(session.gets_token(), "OK", "{good}");
            session.finish();
        });
    }
    record.done();
}

/// Handshakes that end the call, and how they begin.
fn old_handshakes() -> Vec<Vec<u8>> {
    let (ssl3, tls10, tls11, tls12) = (0x0300, 0x0301, 0x0302, 0x0303);
    let (protocol_version, handshake_failure, insufficient_security) = (70, 40, 71);
    let (aes_128_sha, rc4_128_sha, export_rc4_40, triple_des) = (0x002f, 0x0005, 0x0003, 0x000a);
    vec![
        handmade::alert(ssl3, handshake_failure),
        handmade::alert(tls10, protocol_version),
        handmade::alert(tls11, protocol_version),
        handmade::alert(tls12, insufficient_security),
        handmade::server_hello(ssl3, aes_128_sha, b""),
        handmade::server_hello(tls10, aes_128_sha, b""),
        handmade::server_hello(tls11, aes_128_sha, b""),
        handmade::server_hello(tls12, rc4_128_sha, b""),
        handmade::server_hello(tls12, export_rc4_40, b""),
        handmade::server_hello(tls12, triple_des, b""),
    ]
}

/// Every call that meets this handshake ends in `tls.protocol`, at the first try, and shows nothing.
fn raw_handshake(record: &Record, version: &'static str, action: RawAction) {
    let server = RawServer::start(action.clone()).expect("a listener");
    let mut session = Session::start(version);
    session.open_raw(&server);
    let calls = session.nothing_reaches_the_server(record, "tls.protocol");
    if server.connections() != calls.len() {
        record.fail(format!("{} connections for {} calls: {action:?}", server.connections(), calls.len()));
    }
    session.canaries.assert_absent("the wire", &[String::from_utf8_lossy(&server.received()).into_owned()]);
    session.finish();
}

#[test]
fn row_64_old_tls() {
    let record = Record::of(64);
    on_both(|version| {
        for handshake in old_handshakes() {
            raw_handshake(&record, version, RawAction::Answer(handshake));
        }
    });
    record.done();
}

#[test]
fn row_65_downgrade_and_tampering() {
    let record = Record::of(65);
    // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: nothing is wrong with this answer but the mark in it.
    let hello = |end: &[u8]| RawAction::Answer(handmade::server_hello(0x0303, 0xc02f, end));
    on_both(|version| {
        raw_handshake(&record, version, hello(b"DOWNGRD\x01"));
        let unmarked = RawServer::start(hello(b"UPGRADE!")).expect("a listener");
        let mut session = Session::start(version);
        session.open_raw(&unmarked);
        assert_eq!(session.gets_token(), "connect.closed", "the mark alone was the matter");
        session.finish();
        for highest in [TlsVersion::Tls12, TlsVersion::Tls13] {
            tampered(&record, version, highest);
        }
    });
    record.done();
}

/// One bit is changed on the way: in the first record of the server's, and in the one after the change to
/// encryption, which is Finished (TLS 1.2) or begins the encrypted part (TLS 1.3).
fn tampered(record: &Record, version: &'static str, highest: TlsVersion) {
    const CHANGE_CIPHER_SPEC: u8 = 20;
    let tls = Tls::self_signed().versions(TlsVersion::Tls12, highest);
    let mut session = Session::with_tls(version, tls);
    for after_type in [0, CHANGE_CIPHER_SPEC] {
        let tamper = RawAction::Tamper { port: session.standin.gateway_port(), after_type };
        let between = RawServer::start(tamper).expect("a listener");
        session.configure_for(&format!("https://127.0.0.1:{}", between.port()));
        let ca = session.standin.ca_pem().expect("TLS");
        session.driver.say(&["set", "ca_pem", &field(ca)]);
        session.hold_some_token();
        session.connect();
        session.is_refused(record, "tls.protocol");
    }
    session.finish();
}

/// What answers in another protocol than was asked for may have understood the request all the same.
fn after_plain_request(operation: &Operation) -> &'static str {
    if operation.kind == Kind::Create { "outcome.unknown" } else { "protocol.framing" }
}

#[test]
fn row_66_wrong_protocol() {
    let record = Record::of(66);
    on_both(|version| {
        let banner = b"SSH-2.0-OpenSSH_9.6\r\n".to_vec();
        raw_handshake(&record, version, RawAction::Greet(banner.clone()));
        let page = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec();
        raw_handshake(&record, version, RawAction::Answer(page));
        let mut session = Session::start(version);
        let url = session.standin.gateway_url().replace("http:", "https:");
        session.open_at(&url);
        session.nothing_reaches_the_server(&record, "tls.protocol");
        let ssh = RawServer::start(RawAction::Greet(banner)).expect("a listener");
        session.open_at(&format!("http://127.0.0.1:{}", ssh.port()));
        session.every_operation(&record, after_plain_request);
        let tls = Standin::start(Options::new(version).with_tls(Tls::self_signed())).expect("a stand-in");
        session.open_at(&tls.gateway_url().replace("https:", "http:"));
        session.every_operation(&record, after_plain_request);
        assert_eq!(tls.requests().len(), 0);
        session.finish();
    });
    record.done();
}

/// The pin of the key in a certificate.
pub fn pin_of(pem: &str) -> String {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM");
    let key = webpki::EndEntityCert::try_from(&certificate).expect("a certificate").subject_public_key_info();
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, key.as_ref()))
}

#[test]
fn row_67_pin_mismatch() {
    let record = Record::of(67);
    let ca = TestCa::new("a CA");
    let (tls, expected) = (ca.tls(&LOOPBACK_NAMES), ca.tls(&LOOPBACK_NAMES));
    let pin = pin_of(&expected.chain_pem);
    on_both(|version| {
        for with_ca in [true, false] {
            let mut session = Session::with_tls(version, tls.clone());
            session.open_with(|session| {
                session.driver.say(&["set", "pin_sha256", &field(&pin)]);
                if !with_ca {
                    session.driver.say(&["set", "ca_pem", "-"]);
                }
            });
            session.is_refused(&record, "tls.pin_mismatch");
            session.replace_server(expected.clone());
            assert_eq!(session.gets_token(), "OK");
            session.finish();
        }
    });
    record.done();
}

#[test]
fn row_68_tickets_and_rotated_key() {
    let record = Record::of(68);
    let ca = TestCa::new("a CA");
    let other = TestCa::new("another CA");
    on_both(|version| {
        let mut session = Session::with_tls(version, ca.tls(&LOOPBACK_NAMES));
        session.open_with(|_| {});
        assert_eq!(session.gets_token(), "OK");
        session.replace_server(ca.tls(&LOOPBACK_NAMES));
        assert_eq!(session.gets_token(), "OK", "the key was rotated");
        // Of equal trust: resumed.
        session.open_with(|_| {});
        assert_eq!((session.gets_token().as_str(), session.standin.resumptions()), ("OK", 1));
        // Of another trust: never resumed, whether it accepts the certificate or not.
        let insecure = |session: &mut Session| drop(session.driver.say(&["set", "insecure_tls", "1"]));
        session.open_with(insecure);
        assert_eq!((session.gets_token().as_str(), session.standin.resumptions()), ("OK", 1));
        let pin = pin_of(&ca.tls(&LOOPBACK_NAMES).chain_pem);
        session.open_with(|session| drop(session.driver.say(&["set", "pin_sha256", &field(&pin)])));
        assert_eq!(session.gets_token(), "tls.pin_mismatch");
        session.open_with(|session| drop(session.driver.say(&["set", "ca_pem", &field(other.pem())])));
        assert_eq!(session.gets_token(), "tls.unknown_issuer");
        assert_eq!(session.standin.resumptions(), 1);
        record.saw("get_token", "OK");
        session.finish();
    });
    record.done();
}

#[test]
fn row_31_endless_handshake() {
    let record = Record::of(31);
    on_both(|version| {
        // A server's hello that claims 16 KiB and comes byte by byte.
        let start = handmade::record(22, 0x0303, &handmade::handshake(2, b"\x03\x03", 16_384));
        let drip = RawAction::Endless(start, handmade::record(22, 0x0303, b"x"), Duration::from_millis(10));
        let server = RawServer::start(drip).expect("a listener");
        let mut session = Session::start(version);
        session.limits = SHORT;
        session.open_raw(&server);
        session.nothing_reaches_the_server(&record, "timeout.tls");
        session.finish();
        flood_of_tickets(&record, version);
    });
    record.done();
}

/// 200 tickets come with the first connection, and none later: how many are kept is how many connections
/// can be resumed.
fn flood_of_tickets(record: &Record, version: &'static str) {
    let mut session = Session::with_tls(version, Tls::self_signed().tickets(200, 0));
    session.limits = SHORT;
    session.open_with(|_| {});
    session.standin.script(by_name("get_token").fault(version, Action::Hang).times(1));
    let call = session.driver.call(&["get_token"]);
    assert_eq!(call.outcome(), "timeout.response", "{call:?}");
    record.saw("get_token", "timeout.response");
    session.standin.script(by_name("get_token").fault(version, Action::CloseAfterReply));
    for _ in 0..12 {
        session.open_with(|_| {});
        assert_eq!(session.gets_token(), "OK");
    }
    let resumed = session.standin.resumptions();
    if !(1..=4).contains(&resumed) {
        record.fail(format!("{version}: {resumed} tickets were kept"));
    }
    session.finish();
}

fn file(name: &str, content: &[u8]) -> PathBuf {
    let file = scratch(&format!("row-69-{name}"));
    std::fs::write(&file, content).expect("a file");
    file
}

#[test]
fn row_69_ca_files() {
    let record = Record::of(69);
    let ca = TestCa::new("a CA");
    let (good, other) = (ca.leaf(&["client"]), ca.leaf(&["client"]));
    let pem = |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    let large = file("large.pem", b"");
    std::fs::File::options().write(true).open(&large).and_then(|file| file.set_len(100 << 20)).expect("100 MB");
    let bad = [
        scratch("row-69-missing.pem"),
        scratch("."),
        large,
        file("empty.pem", b""),
        file("garbage.pem", b"\x00\x01\x02 no PEM at all"),
        file("not-base64.pem", pem("!!!!").as_bytes()),
        file("not-der.pem", pem(&STANDARD.encode("no certificate")).as_bytes()),
        file("key.pem", good.key_pem.as_bytes()),
    ];
    let (chain, key) = (file("chain.pem", good.chain_pem.as_bytes()), file("other-key.pem", other.key_pem.as_bytes()));
    let path = |path: &PathBuf| field(path.to_str().expect("UTF-8"));
    let mut session = Session::with_tls("4.2", ca.tls(&LOOPBACK_NAMES));
    let settings = bad
        .iter()
        .map(|file| vec!["ca_file".to_owned(), path(file)])
        .chain(bad.iter().chain([&key]).map(|file| vec!["client_cert".to_owned(), path(&chain), path(file)]));
    for setting in settings.filter(|setting| !setting[1..].contains(&path(&bad[7])) || setting[0] == "ca_file") {
        session.configure();
        if setting[0] == "ca_file" {
            session.driver.say(&["set", "ca_pem", "-"]);
        }
        let words: Vec<&str> = ["set"].into_iter().chain(setting.iter().map(String::as_str)).collect();
        session.driver.say(&words);
        let call = session.driver.call(&["conn_new"]);
        if call.outcome() != "config.file" {
            record.fail(format!("{setting:?}: {call:?}"));
        }
        record.saw("tg_conn_new", call.outcome());
    }
    assert_eq!(session.standin.connections(), 0);
    session.finish();
    record.done();
}
