//! TLS, and answers that are not what they should be: status, reason, and nothing sent that must not be.

use std::time::Duration;

use tigergraph_auth::{Config, Connection, Error, Reason, Status, TokenOptions};
use tigergraph_standin::{Action, Fault, Options, Standin, TestCa, Tls, TlsVersion};

const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

const CANARY: &str = "canarysecretcanarysecret";

fn standin(tls: Tls) -> Standin {
    Standin::start(Options::new("4.2").with_tls(tls)).expect("a stand-in")
}

fn ask(config: &Config) -> Error {
    let connection = Connection::new(config).expect("good settings");
    connection.get_token(Some(CANARY), 0, TokenOptions::default()).expect_err("a failure")
}

fn config(server: &Standin, ca: &str) -> Config {
    let mut config = Config::new(server.gateway_url());
    config.set_ca_pem(Some(ca.as_bytes()));
    config
}

fn assert_tls(tls: Tls, change: impl FnOnce(&mut Config), expected: Reason) {
    let ca = tls.ca_pem.clone();
    let server = standin(tls);
    let mut config = config(&server, &ca);
    change(&mut config);
    let error = ask(&config);
    assert_eq!(error.reason(), expected, "{error}");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn certificates_that_cannot_be_trusted() {
    let ca = TestCa::new("good CA");
    let other = TestCa::new("other CA");
    assert_tls(ca.tls_of(ca.leaf_for_years(&LOOPBACK_NAMES, 2020, 2021)), |_| {}, Reason::TlsExpired);
    assert_tls(ca.tls_of(ca.leaf_for_years(&LOOPBACK_NAMES, 2080, 2090)), |_| {}, Reason::TlsNotYetValid);
    assert_tls(ca.tls(&["db.example.com"]), |_| {}, Reason::TlsWrongHost);
    let trust_other = |config: &mut Config| {
        config.set_ca_pem(Some(other.pem().as_bytes()));
    };
    assert_tls(ca.tls(&LOOPBACK_NAMES), trust_other, Reason::TlsUnknownIssuer);
    let trust_system = |config: &mut Config| {
        config.set_ca_pem(None);
    };
    assert_tls(ca.tls(&LOOPBACK_NAMES), trust_system, Reason::TlsUnknownIssuer);
}

/// The pin of the key in a certificate.
fn pin_of(pem: &str) -> String {
    use base64::Engine;
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM");
    let key = webpki::EndEntityCert::try_from(&certificate).expect("a certificate").subject_public_key_info();
    let digest = ring::digest::digest(&ring::digest::SHA256, key.as_ref());
    base64::engine::general_purpose::STANDARD.encode(digest)
}

#[test]
fn a_pin_accepts_one_key() {
    let ca = TestCa::new("nobody trusts this CA");
    let good = ca.tls(&LOOPBACK_NAMES);
    let pin = pin_of(&good.chain_pem);
    let pinned = |with_ca: bool, pin: &str| {
        let (with_ca, pin) = (with_ca, pin.to_owned());
        move |config: &mut Config| {
            if !with_ca {
                config.set_ca_pem(None);
            }
            config.set_pin_sha256(Some(pin.as_bytes()));
        }
    };
    for with_ca in [false, true] {
        let server = standin(good.clone());
        let mut config = config(&server, &good.ca_pem);
        pinned(with_ca, &pin)(&mut config);
        assert_eq!(ask(&config).reason(), Reason::AuthBadSecret);
        assert_eq!(server.requests().len(), 2);
    }
    let wrong = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    assert_tls(good.clone(), pinned(false, wrong), Reason::TlsPinMismatch);
    assert_tls(good, pinned(true, wrong), Reason::TlsPinMismatch);
    let expired = ca.tls_of(ca.leaf_for_years(&LOOPBACK_NAMES, 2020, 2021));
    let pin = pin_of(&expired.chain_pem);
    assert_tls(expired, pinned(false, &pin), Reason::TlsExpired);
    let elsewhere = ca.tls(&["db.example.com"]);
    let pin = pin_of(&elsewhere.chain_pem);
    assert_tls(elsewhere, pinned(false, &pin), Reason::TlsWrongHost);
}

#[test]
fn a_client_certificate_is_shown_and_its_lack_is_told() {
    let ca = TestCa::new("CA of servers and clients");
    let tls = ca.tls(&LOOPBACK_NAMES).require_client(&ca);
    let server = standin(tls);
    assert_eq!(ask(&config(&server, ca.pem())).reason(), Reason::TlsClientCertificate);
    assert_eq!(server.requests().len(), 0);
    let client = ca.leaf(&["client"]);
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (chain_file, key_file) = (folder.join("client.pem"), folder.join("client.key"));
    std::fs::write(&chain_file, client.chain_pem).expect("a file");
    std::fs::write(&key_file, client.key_pem).expect("a file");
    let mut config = config(&server, ca.pem());
    let path = |file: &std::path::Path| file.to_str().expect("UTF-8").as_bytes().to_vec();
    config.set_client_cert(Some(&path(&chain_file)), Some(&path(&key_file)));
    assert_eq!(ask(&config).reason(), Reason::AuthBadSecret);
    let other_key = ca.leaf(&["other"]).key_pem;
    std::fs::write(&key_file, other_key).expect("a file");
    assert_eq!(Connection::new(&config).expect_err("a key that does not fit").reason(), Reason::ConfigFile);
}

#[test]
fn insecure_by_name_accepts_anything() {
    let ca = TestCa::new("nobody trusts this CA");
    let server = standin(ca.tls_of(ca.leaf_for_years(&["db.example.com"], 2020, 2021)));
    let mut config = Config::new(server.gateway_url());
    config.set_insecure_tls(true);
    assert_eq!(ask(&config).reason(), Reason::AuthBadSecret);
}

#[test]
fn tls_1_2_is_enough_and_a_plain_port_is_told() {
    let server = standin(Tls::self_signed().versions(TlsVersion::Tls12, TlsVersion::Tls12));
    let ca = server.ca_pem().expect("a CA");
    assert_eq!(ask(&config(&server, &ca)).reason(), Reason::AuthBadSecret);
    let mut speaking_plain = Config::new(server.gateway_url().replace("https", "http"));
    speaking_plain.set_timeouts(1000, 2000);
    let error = ask(&speaking_plain);
    assert!(matches!(error.status(), Status::Protocol | Status::Connect), "{error}");
    let plain = Standin::start(Options::new("4.2")).expect("a stand-in");
    let mut speaking_tls = Config::new(plain.gateway_url().replace("http", "https"));
    speaking_tls.set_ca_pem(Some(ca.as_bytes())).set_timeouts(1000, 2000);
    let error = ask(&speaking_tls);
    assert_eq!(error.reason(), Reason::TlsProtocol, "{error}");
}

/// A server of generation B that is known to be one, with something wrong about its token requests.
fn with_fault(action: Action) -> (Error, usize) {
    let server = Standin::start(Options::new("3.10")).expect("a stand-in");
    server.script(Fault::always("/restpp/requesttoken", action));
    let mut config = Config::new(server.gateway_url());
    config.set_server_version(Some(b"3.10")).set_timeouts(500, 800);
    let error = ask(&config);
    let told = format!("{error:?}");
    assert!(!told.contains("canary"), "{told}");
    (error, server.requests().len())
}

/// The reason that the fault has, and how many requests the table of retries allows for it.
fn assert_fault(action: Action, expected: Reason, allowed: std::ops::RangeInclusive<usize>) {
    let shown = format!("{action:?}");
    let (error, requests) = with_fault(action);
    assert_eq!(error.reason(), expected, "{shown}: {error}");
    assert!(allowed.contains(&requests), "{shown}: {requests} requests");
}

const ONE: std::ops::RangeInclusive<usize> = 1..=1;
/// A fault after the request was sent, where a token request may be repeated once.
const TWO: std::ops::RangeInclusive<usize> = 2..=2;
/// A throttled request, which is repeated if the wait that is drawn fits into the call's time.
const UP_TO_THREE: std::ops::RangeInclusive<usize> = 1..=3;

fn raw(text: &str) -> Action {
    Action::RawBytes(text.as_bytes().to_vec())
}

#[test]
fn answers_that_are_not_answers() {
    let reply = |status: u16, body: &str| Action::reply(status, body);
    assert_fault(reply(200, "<html>portal</html>"), Reason::ProtocolNotJson, ONE);
    assert_fault(reply(200, "{\"token\":\"abcdefgh"), Reason::ProtocolNotJson, ONE);
    assert_fault(raw("HTTP/1.1 200 OK\r\n\r\n{\"token\":\"abcdefgh"), Reason::ProtocolNotJson, TWO);
    assert_fault(reply(200, "{}"), Reason::ProtocolShape, ONE);
    assert_fault(reply(200, "{\"token\":5}"), Reason::ProtocolShape, ONE);
    assert_fault(reply(200, "{\"token\":\"with,comma\"}"), Reason::ProtocolShape, ONE);
    assert_fault(reply(200, "{\"error\":1}"), Reason::ProtocolShape, ONE);
    assert_fault(reply(302, "<html>"), Reason::ProtocolRedirect, ONE);
    assert_fault(reply(404, "<html>"), Reason::MissingEndpoint, ONE);
    assert_fault(reply(429, "{}"), Reason::UnavailableRateLimited, UP_TO_THREE);
    assert_fault(reply(429, "{}").header("Retry-After", "2"), Reason::UnavailableRateLimited, ONE);
    assert_fault(reply(429, "{}").header("Retry-After", "0"), Reason::UnavailableRateLimited, 3..=3);
    assert_fault(reply(502, "<html><title>Starting workspace</title></html>"), Reason::UnavailableStarting, TWO);
    assert_fault(reply(503, "<html>"), Reason::UnavailableGateway, UP_TO_THREE);
    assert_fault(reply(500, "{\"error\":true}"), Reason::ServerError, TWO);
    assert_fault(reply(500, "{\"error\":true,\"code\":\"REST-10020\"}"), Reason::ServerError, ONE);
    assert_fault(raw("nonsense\r\n\r\n"), Reason::ProtocolFraming, ONE);
    assert_fault(raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), Reason::ConnectClosed, TWO);
    assert_fault(raw("HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n{"), Reason::ProtocolTooLarge, ONE);
    let both = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    assert_fault(raw(both), Reason::ProtocolFraming, ONE);
    let gzip = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}";
    assert_fault(raw(gzip), Reason::ProtocolEncoding, ONE);
    assert_fault(Action::CloseBeforeReply, Reason::ConnectClosed, TWO);
    assert_fault(Action::ResetBeforeReply, Reason::ConnectReset, TWO);
    assert_fault(Action::Hang, Reason::TimeoutResponse, ONE);
    assert_fault(Action::TruncateBody, Reason::ConnectClosed, TWO);
    let drip = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec();
    assert_fault(Action::Drip(drip, Duration::from_millis(100)), Reason::TimeoutResponse, ONE);
    let flood = Action::Flood(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-Flood: yes\r\n".to_vec());
    assert_fault(flood, Reason::ProtocolTooLarge, ONE);
}

#[test]
fn a_redirect_names_its_target_and_does_not_follow_it() {
    let target = Standin::start(Options::new("3.10")).expect("a stand-in");
    let location = format!("{}/steal?x=canary", target.gateway_url());
    let action = Action::reply(307, "").header("location", &location);
    let (error, requests) = with_fault(action);
    assert_eq!((error.reason(), requests), (Reason::ProtocolRedirect, 1));
    assert!(error.message().contains("http://127.0.0.1"), "{error}");
    assert_eq!(target.connections(), 0);
}

#[test]
fn a_server_message_is_passed_on_without_credentials() {
    let body = format!("{{\"error\":true,\"message\":\"no {CANARY} and no eyJhbGciOiJIUzI1NiJ9.e30.abc here\"}}");
    let (error, _) = with_fault(Action::reply(401, &body));
    assert!(error.message().contains("<redacted:"), "{error}");
    assert!(!error.message().contains("eyJ"), "{error}");
}

#[test]
fn a_creation_whose_answer_is_lost_is_told_by_its_alias() {
    for (version, path) in [("3.10", "/gsqlserver"), ("4.2", "/gsql/v1/secrets")] {
        for action in [Action::CloseAfterProcessing, Action::Hang, Action::reply(502, "<html>"), Action::reply(504, "")]
        {
            let server = Standin::start(Options::new(version)).expect("a stand-in");
            server.script(Fault::always(path, action.clone()));
            let mut config = Config::new(server.gateway_url());
            config.set_password(Some(b"alice"), Some(b"opensesame")).set_graph(Some(b"MyGraph"));
            config.set_server_version(Some(version.as_bytes())).set_timeouts(300, 500);
            let connection = Connection::new(&config).expect("good settings");
            let error = connection.create_secret(None, None, None).expect_err("lost");
            assert_eq!(error.reason(), Reason::OutcomeUnknown, "{action:?}: {error}");
            assert!(error.message().contains("AUTO_GENERATED_ALIAS_"), "{error}");
            assert_eq!(server.requests().len(), 1);
        }
        let server = Standin::start(Options::new(version)).expect("a stand-in");
        let starting = Action::reply(502, "<html><title>Starting workspace</title></html>");
        server.script(Fault::always(path, starting));
        let mut config = Config::new(server.gateway_url());
        config.set_password(Some(b"alice"), Some(b"opensesame")).set_server_version(Some(version.as_bytes()));
        let error = Connection::new(&config).expect("good").create_secret(Some("a"), None, None).expect_err("starting");
        assert_eq!(error.reason(), Reason::UnavailableStarting);
    }
}

#[test]
fn a_creation_that_is_answered_without_its_secret_tells_the_servers_status() {
    for body in [r#"{"error":false,"results":[]}"#, r#"{"error":false,"results":[{"alias":"a"}]}"#] {
        let server = Standin::start(Options::new("4.2")).expect("a stand-in");
        server.script(Fault::always("/gsql/v1/secrets", Action::reply(200, body)));
        let mut config = Config::new(server.gateway_url());
        config.set_password(Some(b"alice"), Some(b"opensesame")).set_server_version(Some(b"4.2"));
        let error =
            Connection::new(&config).expect("good").create_secret(Some("a"), None, None).expect_err("no secret");
        assert_eq!((error.reason(), error.http_status()), (Reason::OutcomeUnknown, 200), "{error}");
    }
}

#[test]
fn a_creation_over_a_kept_connection_is_not_repeated_either() {
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    server.script(Fault::always("/gsql/v1/secrets", Action::CloseAfterProcessing).method("POST"));
    let mut config = Config::new(server.gateway_url());
    config.set_password(Some(b"alice"), Some(b"opensesame"));
    let connection = Connection::new(&config).expect("good settings");
    connection.get_secrets(None).expect("a list, over the connection that is kept");
    let error = connection.create_secret(Some("once"), None, None).expect_err("lost");
    assert_eq!(error.reason(), Reason::OutcomeUnknown, "{error}");
    let requests = server.requests();
    assert_eq!(requests.iter().filter(|request| request.method == "POST" && request.query.is_some()).count(), 1);
    assert!(requests.iter().all(|request| request.connection == 1), "one connection for all");
}

#[test]
fn detection_decides_nothing_by_a_fault() {
    for fault in
        [Action::reply(500, "{}"), Action::reply(503, "<html>"), Action::reply(200, "<html>"), Action::CloseBeforeReply]
    {
        let server = Standin::start(Options::new("4.2")).expect("a stand-in");
        let secret = server.add_secret("alice", None, "a");
        server.script(Fault::always("/gsql/v1/tokens/check", fault));
        let mut config = Config::new(server.gateway_url());
        config.set_timeouts(0, 800);
        let connection = Connection::new(&config).expect("good settings");
        connection.get_token(Some(&secret), 0, TokenOptions::default()).expect_err("undecided");
        assert!(server.take_requests().iter().all(|request| !request.text().contains(&secret)));
        server.clear_faults();
        connection.get_token(Some(&secret), 0, TokenOptions::default()).expect("decided");
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn a_server_of_another_generation_is_noticed() {
    let server = Standin::start(Options::new("3.10")).expect("a stand-in");
    let mut config = Config::new(server.gateway_url());
    config.set_password(Some(b"alice"), Some(b"opensesame")).set_graph(Some(b"MyGraph"));
    let connection = Connection::new(&config).expect("good settings");
    connection.get_secrets(None).expect("a list");
    server.with_state(|state| state.options.version = "4.2".parse().expect("a version"));
    connection.get_secrets(None).expect("a list from the new server");
}
