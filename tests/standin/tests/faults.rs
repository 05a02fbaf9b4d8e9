//! Faults, TLS, the log and the control listener.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{alice, start, with};
use tigergraph_standin::{
    Action, Fault, Leaf, Options, RawAction, RawServer, Standin, TestCa, Tls, TlsVersion, handmade,
};

const PING: &[u8] = b"GET /api/ping HTTP/1.1\r\nHost: x\r\n\r\n";

/// All bytes that come back for one ping, and the error at the end, if any.
fn raw(standin: &Standin) -> (Vec<u8>, Option<std::io::ErrorKind>) {
    let mut stream = TcpStream::connect(("127.0.0.1", standin.gateway_port())).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a time limit");
    stream.write_all(PING).expect("a request");
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).err().map(|error| error.kind());
    (bytes, error)
}

#[test]
fn bytes_on_the_wire() {
    let client = start("4.2");
    let fault = |action: Action| {
        client.standin.script(Fault::once("/api/ping", action));
        raw(&client.standin)
    };
    assert_eq!(fault(Action::CloseBeforeReply), (Vec::new(), None));
    assert_eq!(fault(Action::CloseAfterProcessing), (Vec::new(), None));
    assert_eq!(fault(Action::RawBytes(b"HTTP/0.9 nonsense".to_vec())), (b"HTTP/0.9 nonsense".to_vec(), None));
    assert_eq!(fault(Action::Drip(b"drip".to_vec(), Duration::from_millis(5))), (b"drip".to_vec(), None));
    assert_eq!(fault(Action::ResetBeforeReply), (Vec::new(), Some(std::io::ErrorKind::ConnectionReset)));
    assert!(fault(Action::Hang).0.is_empty());
    let kept_open = fault(Action::RawBytesAndHang(b"some".to_vec()));
    assert_eq!(kept_open, (b"some".to_vec(), Some(std::io::ErrorKind::WouldBlock)));
    assert_eq!(fault(Action::RawBytesAndReset(b"some".to_vec())).1, Some(std::io::ErrorKind::ConnectionReset));
    let drip = Action::DripAfter(b"head".to_vec(), b"drip".to_vec(), Duration::from_millis(5));
    assert_eq!(fault(drip), (b"headdrip".to_vec(), None));
    let whole = fault(Action::CloseAfterReply).0;
    assert!(whole.ends_with(b"\r\n\r\n{\"error\":false,\"message\":\"pong\",\"results\":{}}"));
    let part = fault(Action::TruncateBodyAt(5)).0;
    assert!(part.ends_with(b"\r\n\r\n{\"err"), "{}", String::from_utf8_lossy(&part));
    assert!(fault(Action::TruncateBody).0.len() > part.len());
}

#[test]
fn replies_and_delays() {
    let client = start("4.2");
    let ping = || client.send("GET", "/api/ping", "", "").status;
    client.standin.script(Fault::always("/api", Action::reply(502, "<html>")).skip(1).times(2).method("GET"));
    assert_eq!([ping(), ping(), ping(), ping()], [200, 502, 502, 200]);
    client.standin.script(Fault::once("/api", Action::Delay(Duration::from_millis(100))));
    let begun = Instant::now();
    assert_eq!(ping(), 200);
    assert!(begun.elapsed() >= Duration::from_millis(100));
    client.standin.script(Fault::always("", Action::reply(429, "{}").header("Retry-After", "2")));
    assert_eq!([ping(), ping()], [429, 429]);
    client.standin.clear_faults();
    assert_eq!(ping(), 200);
    let statuses: Vec<u16> = client.standin.take_requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [200, 502, 502, 200, 200, 429, 429, 200]);
    assert!(client.standin.requests().is_empty());
}

#[test]
fn lost_answers_leave_their_mark() {
    let client = start("4.2");
    client.standin.script(Fault::once("/gsql/v1/secrets", Action::CloseAfterProcessing));
    assert!(client.try_send("POST", "/gsql/v1/secrets?alias=s1", &alice(), "", "").is_err());
    assert_eq!(client.standin.snapshot().secrets[0].alias, "s1");
    client.standin.script(Fault::once("/gsql/v1/secrets", Action::CloseBeforeReply));
    assert!(client.try_send("POST", "/gsql/v1/secrets?alias=s2", &alice(), "", "").is_err());
    assert_eq!(client.standin.snapshot().secrets.len(), 1);
}

#[test]
fn requests_are_logged_as_they_came() {
    let client = start("4.2");
    client.send("POST", "/gsql/v1/secrets?alias=a%20b", &alice(), "body");
    let request = client.standin.requests().remove(0);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/gsql/v1/secrets"));
    assert_eq!((request.query.as_deref(), request.body.as_slice()), (Some("alias=a%20b"), b"body".as_slice()));
    assert_eq!((request.header("Authorization"), request.status), (Some(alice().as_str()), 400));
    assert_eq!(client.standin.connections(), 1);
}

/// The status of a ping over TLS.
fn ping(standin: &Standin, ca: &str, identity: Option<&Leaf>, host: &str) -> Result<u16, String> {
    ping_port(standin.gateway_port(), ca, identity, host)
}

fn ping_port(port: u16, ca: &str, identity: Option<&Leaf>, host: &str) -> Result<u16, String> {
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
    use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).expect("PEM")).expect("a root");
    let builder = ClientConfig::builder_with_provider(crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(leaf) => {
            let chain = vec![CertificateDer::from_pem_slice(leaf.chain_pem.as_bytes()).expect("PEM")];
            let key = PrivateKeyDer::from_pem_slice(leaf.key_pem.as_bytes()).expect("PEM");
            builder.with_client_auth_cert(chain, key).expect("an identity")
        }
    };
    let name = ServerName::try_from(host.to_owned()).expect("a name");
    let tls = ClientConnection::new(config.into(), name).expect("a client");
    let tcp = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    let mut stream = StreamOwned::new(tls, tcp);
    stream.write_all(PING).map_err(|error| error.to_string())?;
    let mut start = [0; 12];
    stream.read_exact(&mut start).map_err(|error| error.to_string())?;
    String::from_utf8_lossy(&start)[9..].parse().map_err(|_| "no status".to_owned())
}

#[test]
fn tls() {
    let standin = Standin::start(Options::new("4.2").with_tls(Tls::self_signed())).expect("a stand-in");
    let ca = standin.ca_pem().expect("a CA");
    assert!(standin.gateway_url().starts_with("https://"));
    assert_eq!(ping(&standin, &ca, None, "localhost"), Ok(200));
    assert_eq!(ping(&standin, &ca, None, "127.0.0.1"), Ok(200));
    assert_eq!(ping(&standin, &ca, None, "::1"), Ok(200));
    assert!(ping(&standin, &ca, None, "example.com").is_err());
    assert!(ping(&standin, TestCa::new("another").pem(), None, "localhost").is_err());
    let old = Tls::self_signed().versions(TlsVersion::Tls12, TlsVersion::Tls12);
    let standin = Standin::start(Options::new("4.2").with_tls(old)).expect("a stand-in");
    assert_eq!(ping(&standin, &standin.ca_pem().expect("a CA"), None, "localhost"), Ok(200));
}

#[test]
fn sessions_are_resumed_as_tickets_allow() {
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
    use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};
    let standin = Standin::start(Options::new("4.2").with_tls(Tls::self_signed().tickets(1, 0))).expect("a stand-in");
    let mut roots = RootCertStore::empty();
    let ca = standin.ca_pem().expect("a CA");
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).expect("PEM")).expect("a root");
    let config = ClientConfig::builder_with_provider(crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = std::sync::Arc::new(config);
    for resumptions in [0, 1, 1] {
        let name = ServerName::try_from("localhost").expect("a name");
        let tls = ClientConnection::new(config.clone(), name).expect("a client");
        let tcp = TcpStream::connect(("127.0.0.1", standin.gateway_port())).expect("a connection");
        let mut stream = StreamOwned::new(tls, tcp);
        stream.write_all(PING).expect("a request");
        stream.read_exact(&mut [0; 12]).expect("an answer");
        assert_eq!(standin.resumptions(), resumptions);
    }
}

/// What a raw listener does to a client that says hello, and what comes back.
fn raw_answer(action: RawAction) -> (Vec<u8>, Option<std::io::ErrorKind>, RawServer) {
    let server = RawServer::start(action).expect("a listener");
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a time limit");
    // A reset may come before this does.
    let _ = stream.write_all(b"hello");
    let mut bytes = Vec::new();
    let mut chunk = [0; 64];
    let error = loop {
        match stream.read(&mut chunk) {
            Ok(0) => break None,
            Ok(count) if bytes.len() < 64 => bytes.extend_from_slice(&chunk[..count]),
            Ok(_) => break None,
            Err(error) => break Some(error.kind()),
        }
    };
    (bytes, error, server)
}

#[test]
fn raw_listeners() {
    use std::io::ErrorKind::{ConnectionReset, WouldBlock};
    let (bytes, error, server) = raw_answer(RawAction::Silence);
    assert_eq!((bytes.as_slice(), error, server.connections()), (b"".as_slice(), Some(WouldBlock), 1));
    assert_eq!(server.received(), b"hello");
    let (bytes, error, _server) = raw_answer(RawAction::Reset);
    assert_eq!((bytes.as_slice(), error), (b"".as_slice(), Some(ConnectionReset)));
    let (bytes, error, _server) = raw_answer(RawAction::Greet(b"SSH".to_vec()));
    assert_eq!((bytes.as_slice(), error), (b"SSH".as_slice(), Some(WouldBlock)));
    let (bytes, error, _server) = raw_answer(RawAction::Answer(handmade::alert(0x0301, 70)));
    assert_eq!((bytes.as_slice(), error), (b"\x15\x03\x01\x00\x02\x02\x46".as_slice(), None));
    let pause = Duration::from_millis(1);
    let (bytes, _, _server) = raw_answer(RawAction::Endless(b"a".to_vec(), b"b".to_vec(), pause));
    assert!(bytes.starts_with(b"abbb") && bytes.len() >= 64, "{bytes:?}");
}

/// Two certificates that no client may accept, and the way between.
#[test]
fn bad_certificates_and_tampering() {
    let ca = TestCa::new("a CA");
    let start = |leaf| Standin::start(Options::new("4.2").with_tls(ca.tls_of(leaf))).expect("a stand-in");
    assert!(ping(&start(Leaf::self_signed(&["localhost"])), ca.pem(), None, "localhost").is_err());
    assert!(ping(&start(ca.leaf_by_common_name("localhost")), ca.pem(), None, "localhost").is_err());
    let (middle, good) = (ca.intermediate("an intermediate CA"), ca.leaf(&["localhost"]));
    let alone = middle.leaf(&["localhost"]);
    let whole = Leaf { chain_pem: alone.chain_pem.clone() + middle.pem(), ..alone.clone() };
    assert!(ping(&start(alone), ca.pem(), None, "localhost").is_err());
    assert_eq!(ping(&start(whole), ca.pem(), None, "localhost"), Ok(200));
    let standin = start(good);
    for (after_type, is_good) in [(20, false), (99, true)] {
        let tamper = RawAction::Tamper { port: standin.gateway_port(), after_type };
        let between = RawServer::start(tamper).expect("a listener");
        let answer = ping_port(between.port(), ca.pem(), None, "localhost");
        assert_eq!(answer.is_ok(), is_good, "{answer:?}");
    }
}

#[test]
fn certificates_of_clients() {
    let clients = TestCa::new("clients");
    let tls = Tls::self_signed().require_client(&clients);
    let standin = Standin::start(Options::new("4.2").with_tls(tls)).expect("a stand-in");
    let ca = standin.ca_pem().expect("a CA");
    assert!(ping(&standin, &ca, None, "localhost").is_err());
    assert_eq!(ping(&standin, &ca, Some(&clients.leaf(&["client"])), "localhost"), Ok(200));
    assert!(ping(&standin, &ca, Some(&TestCa::new("others").leaf(&["client"])), "localhost").is_err());
    standin.script(Fault::once("/api", Action::ResetBeforeReply));
    assert!(ping(&standin, &ca, Some(&clients.leaf(&["client"])), "localhost").is_err());
}

#[test]
fn control() {
    let client = with(Options::new("3.10").with_control());
    let url = client.standin.control_url().expect("a control listener");
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let post = |path: &str, body: &str| agent.post(format!("{url}{path}")).send(body).expect("an answer").status();
    let get = |path: &str| {
        let text = agent.get(format!("{url}{path}")).call().expect("an answer").body_mut().read_to_string();
        serde_json::from_str::<serde_json::Value>(&text.expect("text")).expect("JSON")
    };
    assert_eq!(post("/users", r#"{"name":"bob","password":"b"}"#), 200);
    assert_eq!(post("/graphs", r#"{"name":"G3"}"#), 200);
    assert_eq!(post("/auth", r#"{"enabled":false}"#), 200);
    assert_eq!(post("/auth", r#"{"enabled":1}"#), 400);
    assert_eq!(post("/nowhere", "{}"), 404);
    let fault = r#"{"path_prefix":"/restpp","times":1,"action":"Reply","status":503,"body":"busy","headers":{"Retry-After":"1"}}"#;
    assert_eq!(post("/faults", fault), 200);
    assert_eq!(client.send("GET", "/restpp/echo", "", "").status, 503);
    assert_eq!(client.send("POST", "/restpp/requesttoken", "", "{}").json()["code"], "REST-1000");
    assert_eq!(get("/requests")[0]["status"], 503);
    assert_eq!(get("/snapshot")["users"], serde_json::json!(["alice", "bob", "tigergraph"]));
    assert_eq!(post("/issuers", r#"{"name":"https://login.example.com","key":"abc"}"#), 200);
    assert_eq!(post("/expire-tokens", ""), 200);
    agent.delete(format!("{url}/requests")).call().expect("an answer");
    assert_eq!(get("/requests"), serde_json::json!([]));
}

#[test]
fn a_port_can_be_used_again() {
    let standin = Standin::start(Options::new("3.10")).expect("a stand-in");
    let (gateway_port, restpp_port) = (standin.gateway_port(), standin.restpp_port());
    raw(&standin);
    drop(standin);
    assert!(TcpStream::connect(("127.0.0.1", gateway_port)).is_err());
    let options = Options { gateway_port, restpp_port, ..Options::new("3.10") };
    let standin = Standin::start(options.clone()).expect("the same ports");
    assert_eq!(Standin::start(options).err().expect("taken").kind(), std::io::ErrorKind::AddrInUse);
    assert_eq!(standin.gateway_port(), gateway_port);
}
