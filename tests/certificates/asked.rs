//! Servers that ask for a client certificate, in each of the ways in which they say that they got none or a wrong
//! one, and servers that speak TLS where the address says http. The pages are those of nginx 1.22, Apache 2.4 and Go.

use tigergraph_auth::{Config, Connection};
use tigergraph_standin::{
    Action, Fault, LOOPBACK_NAMES, Options, RawAction, RawServer, Standin, TestCa, Tls, TlsVersion,
};

use crate::driver::{Call, Driver, sanitized};
use crate::openssl::{CA, Key, SAN, Server, WANTED, Wanted, file, text};
use crate::{ask, setting};

const NONE_SENT: &str = "<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n<body>\r\n<center><h1>400 Bad \
     Request</h1></center>\r\n<center>No required SSL certificate was sent</center>\r\n</body>\r\n</html>\r\n";
const WRONG: &str = "<html>\r\n<head><title>400 The SSL certificate error</title></head>\r\n<body>\r\n<center>The SSL \
                     certificate error</center>\r\n</body>\r\n</html>\r\n";
const RECIPE: &str = "Client certificate verification failed\n";
const IN_JSON: &str = r#"{"error":true,"message":"Client certificate verification failed"}"#;
const FOR_A_PATH: &str = "<html><head>\n<title>403 Forbidden</title>\n</head><body>\n<h1>Forbidden</h1>\n<p>You don't have permission to \
     access this resource.Reason: Cannot perform Post-Handshake Authentication.<br /></p>\n</body></html>\n";
const PLAIN_NGINX: &str = "<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n\
                           <body>\r\n<center>The plain HTTP request was sent to HTTPS port</center>\r\n</body></html>";
const PLAIN_APACHE: &str = "<html><head>\n<title>400 Bad Request</title>\n</head><body>\n<p>Your browser sent a request \
                            that this server could not understand.<br />\nReason: You're speaking plain HTTP to an \
                            SSL-enabled server port.<br />\n Instead use the HTTPS scheme</p></body></html>";
const PLAIN_GO: &str = "Client sent an HTTP request to an HTTPS server.\n";

fn creates(driver: &mut Driver) -> Call {
    driver.call(&["create_secret", "mine"])
}

fn doctor(url: &str, ca: Option<&str>) -> (String, String) {
    let mut config = Config::new(url);
    config.set_ca_pem(ca.map(str::as_bytes)).set_password(Some(b"alice"), Some(b"canarycanary"));
    let report = Connection::new(&config).expect("good settings").diagnose(false).expect("a report");
    let reason = report.failure.as_ref().map_or("", |error| error.reason().id());
    (reason.to_owned(), report.text())
}

#[test]
fn answers_that_want_a_client_certificate() {
    let tls = Tls::self_signed();
    let ca = tls.ca_pem.clone();
    let mut driver = Driver::start(sanitized(), &[]);
    let rows = [
        (400, NONE_SENT, "got none", "set one with tg_config_set_client_cert"),
        (400, WRONG, "did not accept", "its authority issued"),
        (403, RECIPE, "did not accept", "its authority issued"),
        (403, IN_JSON, "did not accept", "its authority issued"),
        (403, FOR_A_PATH, "by another handshake", "SSLVerifyClient outside of <Location>"),
    ];
    for (status, body, says, advises) in rows {
        let server = Standin::start(Options::new("4.2").with_tls(tls.clone())).expect("a stand-in");
        server.script(Fault::always("/", Action::reply(status, body)));
        let mut calls = vec![ask(&mut driver, &server.gateway_url(), &[setting(&["ca_pem", &ca])])];
        calls.push(creates(&mut driver));
        calls.push(driver.call(&["server_version"]));
        calls.push(driver.call(&["get_secrets", "-"]));
        for call in &calls {
            assert_eq!((call.outcome(), call.http), ("tls.client_certificate", status), "{body}: {call:?}");
            assert!(call.message.contains(says) && call.hint.contains(advises), "{call:?}");
        }
        assert_eq!(server.take_requests().len(), calls.len(), "nothing is sent twice: {body}");
        let (reason, _) = doctor(&server.gateway_url(), Some(&ca));
        assert_eq!(reason, "tls.client_certificate", "{body}");
    }
    driver.finish();
}

/// The handshakes of rustls and of OpenSSL, whose words before TLS 1.3 are a failed handshake.
#[test]
fn handshakes_that_want_a_client_certificate() {
    let (server_ca, clients, strangers) = (TestCa::new("a CA"), TestCa::new("clients"), TestCa::new("strangers"));
    let leaf = strangers.leaf(&["client"]);
    let files =
        [("asked.pem", &leaf.chain_pem), ("asked.key", &leaf.key_pem), ("asked-ca.pem", &clients.pem().to_owned())];
    for (name, content) in files {
        std::fs::write(file(name), content).expect("a file");
    }
    Wanted { name: "asking-ca", subject: "/CN=asking-ca", extensions: CA, ..WANTED }.make();
    let asking = Wanted { name: "asking", issuer: Some(("asking-ca", Key::P256)), extensions: SAN, ..WANTED }.make();
    let asking_ca = std::fs::read_to_string(file("asking-ca.pem")).expect("a file");
    let shown = setting(&["client_cert", &text(&file("asked.pem")), &text(&file("asked.key"))]);
    let mut driver = Driver::start(sanitized(), &[]);
    for (version, words) in [(TlsVersion::Tls12, "-tls1_2"), (TlsVersion::Tls13, "-tls1_3")] {
        let tls = server_ca.tls(&LOOPBACK_NAMES).require_client(&clients).versions(version, version);
        let standin = Standin::start(Options::new("4.2").with_tls(tls)).expect("a stand-in");
        let verify = format!("-Verify 1 -verify_return_error -CAfile {} {words}", text(&file("asked-ca.pem")));
        let openssl = Server::start(&asking, &Key::P256.file(), &verify);
        let servers = [
            (standin.gateway_url(), server_ca.pem().to_owned()),
            (format!("https://localhost:{}", openssl.port), asking_ca.clone()),
        ];
        for (url, ca) in servers {
            let ca_pem = setting(&["ca_pem", &ca]);
            let none = ask(&mut driver, &url, std::slice::from_ref(&ca_pem));
            assert_eq!(none.outcome(), "tls.client_certificate", "{url} {version:?}: {none:?}");
            assert!(none.message.contains("requires a client certificate, and none is set"), "{none:?}");
            let wrong = ask(&mut driver, &url, &[ca_pem, shown.clone()]);
            assert_eq!(wrong.outcome(), "tls.client_certificate", "{url} {version:?}: {wrong:?}");
            assert!(wrong.message.contains("did not accept this client's certificate"), "{wrong:?}");
            assert!(!wrong.hint.contains("set one"), "{wrong:?}");
            let (reason, report) = doctor(&url, Some(&ca));
            assert_eq!(reason, "tls.client_certificate", "{report}");
            assert!(report.contains("asks for a client certificate: none is set"), "{report}");
        }
    }
    driver.finish();
    // One that does without it asks all the same.
    let words = format!("-verify 1 -CAfile {}", text(&file("asked-ca.pem")));
    let server = Server::start(&asking, &Key::P256.file(), &words);
    let (_, report) = doctor(&format!("https://localhost:{}", server.port), Some(&asking_ca));
    assert!(report.contains("asks for a client certificate: none is set"), "{report}");
}

fn page(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into()
}

#[test]
fn http_to_a_port_that_speaks_tls() {
    let mut driver = Driver::start(sanitized(), &[]);
    for body in [PLAIN_NGINX, PLAIN_APACHE, PLAIN_GO] {
        let server = RawServer::start(RawAction::Answer(page(body))).expect("a listener");
        let url = format!("http://127.0.0.1:{}", server.port());
        let call = ask(&mut driver, &url, &[]);
        let (create, (reason, report)) = (creates(&mut driver), doctor(&url, None));
        assert_eq!(
            (call.outcome(), create.outcome(), &reason[..]),
            ("protocol.framing", "protocol.framing", "protocol.framing")
        );
        for said in [&call.message, &create.message, &report] {
            assert!(said.contains("the port speaks TLS"), "{said}");
        }
        assert!(call.hint.contains("https://") && create.hint.contains("https://"), "{call:?}");
    }
    // haproxy and stunnel close without a word; rustls, and others, answer with an alert.
    for (action, outcome) in [(RawAction::Answer(Vec::new()), "connect.closed"), (RawAction::Reset, "connect.reset")] {
        let quiet = RawServer::start(action).expect("a listener");
        let call = ask(&mut driver, &format!("http://127.0.0.1:{}", quiet.port()), &[]);
        assert_eq!(call.outcome(), outcome, "{call:?}");
        assert!(call.hint.contains("whether the port speaks TLS"), "{call:?}");
    }
    Wanted { name: "closing", extensions: SAN, ..WANTED }.make();
    let closing = Server::start(&text(&file("closing.pem")), &Key::P256.file(), "");
    let (reason, report) = doctor(&format!("http://127.0.0.1:{}", closing.port), None);
    assert_eq!(reason, "connect.closed", "{report}");
    assert!(report.lines().next().is_some_and(|line| line.contains("the port speaks TLS: write https://")), "{report}");
    let tls = Standin::start(Options::new("4.2").with_tls(Tls::self_signed())).expect("a stand-in");
    let url = tls.gateway_url().replace("https:", "http:");
    let call = ask(&mut driver, &url, &[]);
    assert_eq!(call.outcome(), "protocol.framing", "{call:?}");
    assert!(call.hint.contains("The port speaks TLS: write https://"), "{call:?}");
    let (reason, report) = doctor(&url, None);
    assert_eq!(reason, "protocol.framing");
    assert!(report.contains("the port speaks TLS: write https://"), "{report}");
    driver.finish();
}
