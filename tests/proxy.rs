//! Proxies, byte by byte: what the proxy hears is the server's name and its own login, nothing else.

#[path = "common/tunnel.rs"]
mod tunnel;

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tigergraph_auth::{Config, Connection, Error, Reason, TokenOptions};
use tigergraph_standin::{ClosedPort, Options, Standin, Tls};

const SECRET: &str = "canarysecretcanarysecret";

/// A proxy that answers CONNECT as it is told, and keeps what it heard before that.
struct Proxy {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    fn start(answer: &'static str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = heard.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let log = log.clone();
                std::thread::spawn(move || serve(client, answer, &log));
            }
        });
        Proxy { address, heard }
    }

    fn heard(&self) -> String {
        String::from_utf8(self.heard.lock().expect("a log").clone()).expect("text")
    }
}

fn serve(mut client: TcpStream, answer: &str, log: &Mutex<Vec<u8>>) {
    let Some(head) = tunnel::read_head(&mut client, |byte| log.lock().expect("a log").push(byte)) else { return };
    if client.write_all(answer.as_bytes()).is_err() || !answer.starts_with("HTTP/1.1 200") {
        // A proxy that says nothing keeps the connection.
        std::thread::sleep(Duration::from_secs(if answer.is_empty() { 5 } else { 0 }));
        return;
    }
    tunnel::join(client, &head);
}

const GOOD: &str = "HTTP/1.1 200 Connection established\r\nVia: proxy\r\n\r\n";

fn config(server: &Standin, proxy: &str) -> Config {
    let mut config = Config::new(server.gateway_url());
    let ca = server.ca_pem();
    config.set_ca_pem(ca.as_deref().map(str::as_bytes)).set_proxy(Some(proxy.as_bytes()));
    config.set_server_version(Some(b"4.2")).set_timeouts(400, 2000);
    config
}

fn ask(config: &Config) -> Error {
    let connection = Connection::new(config).expect("good settings");
    connection.get_token(Some(SECRET), 0, TokenOptions::default()).expect_err("no such secret")
}

#[test]
fn the_proxy_hears_the_servers_name_and_its_own_login() {
    for tls in [None, Some(Tls::self_signed())] {
        let server = Standin::start(Options { tls, ..Options::new("4.2") }).expect("a stand-in");
        let proxy = Proxy::start(GOOD);
        let mut config = config(&server, &format!("http://user:p%40ss@{}", proxy.address));
        config.set_api_token(Some(b"canarytokencanarytoken"));
        let error = ask(&config);
        assert_eq!(error.reason(), Reason::AuthBadSecret, "{error}");
        let target = format!("127.0.0.1:{}", server.gateway_port());
        let login = "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n";
        let agent = concat!("User-Agent: tigergraph-auth/", env!("CARGO_PKG_VERSION"), "\r\n");
        assert_eq!(proxy.heard(), format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{agent}{login}\r\n"));
        assert_eq!(server.requests().len(), 1);
        assert_eq!(server.requests()[0].header("proxy-authorization"), None);
    }
}

#[test]
fn row_71_a_proxy_that_does_not_connect() {
    let server = Standin::start(Options::new("4.2").with_tls(Tls::self_signed())).expect("a stand-in");
    for (answer, reason) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", Reason::ConnectProxy),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", Reason::ConnectProxy),
        ("<html>no proxy at all</html>\r\n\r\n", Reason::ConnectProxy),
        ("", Reason::TimeoutConnect),
    ] {
        let proxy = Proxy::start(answer);
        let mut config = config(&server, &format!("http://{}", proxy.address));
        config.set_timeouts(400, 400);
        let started = Instant::now();
        let error = ask(&config);
        assert_eq!(error.reason(), reason, "{answer}: {error}");
        assert!(started.elapsed() < Duration::from_millis(650), "{answer}: {:?}", started.elapsed());
        assert!(!proxy.heard().contains("canary"), "{}", proxy.heard());
    }
    let nobody = ClosedPort::new().expect("a port");
    let error = ask(&config(&server, &format!("http://{}", nobody.address())));
    assert_eq!(error.reason(), Reason::ConnectProxy, "{error}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_proxy_is_none_that_does_not_speak_http() {
    for bad in ["socks5://h:1", "https://h:1", "http://", "http://h:port", "http://h\u{7f}", "http://u:%0A@h:1"] {
        let mut config = Config::new("https://127.0.0.1:1");
        config.set_proxy(Some(bad.as_bytes()));
        let error = Connection::new(&config).expect_err(bad);
        assert_eq!(error.reason(), Reason::ArgumentUrl, "{bad}");
        assert!(error.message().contains("\"proxy\""), "{error}");
    }
}

/// Runs the test below in a process of its own with these variables; whether it went through the proxy.
fn goes_through_proxy(tls: bool, setting: &str, variables: &[(&str, &str)]) -> bool {
    let server =
        Standin::start(Options { tls: tls.then(Tls::self_signed), ..Options::new("4.2") }).expect("a stand-in");
    let proxy = Proxy::start(GOOD);
    let mut child = Command::new(std::env::current_exe().expect("this test"));
    child.args(["--exact", "in_a_process_of_its_own", "--nocapture"]);
    for name in
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"]
    {
        child.env_remove(name);
    }
    let address = format!("http://{}", proxy.address);
    child.env("PROXY_TEST_URL", server.gateway_url()).env("PROXY_TEST_SETTING", setting);
    child.env("PROXY_TEST_CA", server.ca_pem().unwrap_or_default());
    child.envs(variables.iter().map(|(name, value)| (*name, value.replace("PROXY", &address))));
    let output = child.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(server.requests().len(), 1);
    !proxy.heard().is_empty()
}

#[test]
fn in_a_process_of_its_own() {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let url = variable("PROXY_TEST_URL");
    if url.is_empty() {
        return; // only meaningful when `goes_through_proxy` starts it
    }
    let (ca, setting) = (variable("PROXY_TEST_CA"), variable("PROXY_TEST_SETTING"));
    let mut config = Config::new(url);
    config.set_ca_pem(Some(ca.as_bytes()).filter(|ca| !ca.is_empty()));
    config.set_proxy(Some(setting.as_bytes()).filter(|setting| !setting.is_empty())).set_server_version(Some(b"4.2"));
    assert_eq!(ask(&config).reason(), Reason::AuthBadSecret);
}

#[test]
fn row_70_the_environment_is_read_if_it_is_asked_for() {
    type Variables = &'static [(&'static str, &'static str)];
    // TLS, setting, variables, whether the proxy is used
    let cases: &[(bool, &str, Variables, bool)] = &[
        (true, "", &[("HTTPS_PROXY", "PROXY"), ("ALL_PROXY", "PROXY"), ("https_proxy", "PROXY")], false),
        (false, "", &[("HTTP_PROXY", "PROXY"), ("http_proxy", "PROXY")], false),
        (true, "env", &[("HTTPS_PROXY", "PROXY")], true),
        (true, "env", &[("https_proxy", "PROXY"), ("HTTPS_PROXY", "http://127.0.0.1:1")], true),
        (true, "env", &[("ALL_PROXY", "PROXY")], true),
        (true, "env", &[("HTTP_PROXY", "PROXY")], false),
        (true, "env", &[("HTTPS_PROXY", "PROXY"), ("NO_PROXY", "example.com, 127.0.0.1")], false),
        (true, "env", &[("HTTPS_PROXY", "PROXY"), ("no_proxy", "*")], false),
        (true, "env", &[("HTTPS_PROXY", "PROXY"), ("NO_PROXY", ".example.com")], true),
        (false, "env", &[("HTTP_PROXY", "PROXY")], true),
        (false, "env", &[("HTTP_PROXY", "PROXY"), ("REQUEST_METHOD", "GET")], false),
        (false, "env", &[("http_proxy", "PROXY"), ("REQUEST_METHOD", "GET")], true),
        (true, "env", &[], false),
    ];
    for (tls, setting, variables, expected) in cases {
        assert_eq!(goes_through_proxy(*tls, setting, variables), *expected, "{tls} {setting:?} {variables:?}");
    }
}
