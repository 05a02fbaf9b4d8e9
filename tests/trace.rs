//! A Rust program whose logger wants everything: none of the crates below the library shows it a credential.

#[path = "faults/canary.rs"]
mod canary;
#[path = "common/tunnel.rs"]
mod tunnel;

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;

use canary::Canaries;
use tigergraph_auth::{Config, Connection, RefreshOptions, TokenOptions};
use tigergraph_standin::{Action, Fault, Options, Standin, Tls};

const PASSWORD: &str = "kanarie/password \"of\" alice & more";
const VALUE: &str = "k8canary0secret1value2of3another";
const PROXY_PASSWORD: &str = "nachtegaal9at8the7proxy";
const OTHER_SECRET: &str = "unknown4secret5that6is7refused8x";
const OTHER_TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjQwMDAwMDAwMDB9.c2lnbmF0dXJlb2Zub2JvZHk";

/// Keeps every line, with the crate that it is from.
struct Lines(Mutex<Vec<(String, String)>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }

    fn log(&self, record: &log::Record) {
        let line = (record.target().to_owned(), record.args().to_string());
        self.0.lock().expect("lines").push(line);
    }

    fn flush(&self) {}
}

/// The bytes of a line as ureq-proto prints them, 16 to a line: in hexadecimal, and as text.
fn dumped(line: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        line.get(..40)?.bytes().filter(|byte| *byte != b' ').take_while(|byte| *byte != b'-').collect();
    let pairs = digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    pairs.collect()
}

/// A proxy that wants no more than to be asked, and connects.
fn start_proxy() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            std::thread::spawn(move || serve(client));
        }
    });
    address
}

fn serve(mut client: TcpStream) {
    let Some(head) = tunnel::read_head(&mut client, |_| {}) else { return };
    let answer = format!("HTTP/1.1 200 OK\r\nX-Echo: {}\r\n\r\n", head.replace("\r\n", " "));
    client.write_all(answer.as_bytes()).expect("sent");
    tunnel::join(client, &head);
}

/// A connection to the server as these settings have it.
fn connection(server: &Standin, proxy: Option<SocketAddr>, change: impl FnOnce(&mut Config)) -> Connection {
    let mut config = Config::new(server.gateway_url());
    let ca = server.ca_pem();
    config.set_ca_pem(ca.as_deref().map(str::as_bytes)).set_graph(Some(b"MyGraph"));
    if let Some(proxy) = proxy {
        config.set_proxy(Some(format!("http://user:{PROXY_PASSWORD}@{proxy}").as_bytes()));
    }
    change(&mut config);
    Connection::new(&config).expect("good settings")
}

/// Adds what was created to what must not be seen.
type Seen<'a> = &'a mut Canaries;

fn tokens(connection: &Connection, secret: Option<&str>, seen: Seen) {
    if let Ok(token) = connection.authorization() {
        seen.add(token.value());
        connection.reject_token(&token);
    }
    let _ = connection.authorization().map(|token| seen.add(token.value()));
    let _ = connection.server_version();
    if let Ok(token) = connection.get_token(secret, 0, TokenOptions::default()) {
        seen.add(token.value());
        let _ = connection.check_jwt_token(token.value());
        let _ = connection.refresh_token(secret, Some(token.value()), 100, RefreshOptions::default());
        let _ = connection.delete_token(secret, Some(token.value()), false);
    }
    connection.get_token(Some(OTHER_SECRET), 0, TokenOptions::default()).expect_err("no such secret");
    let _ = connection.check_jwt_token(OTHER_TOKEN);
    let _ = connection.delete_token(secret, Some(OTHER_TOKEN), false);
}

fn secrets(connection: &Connection, seen: Seen) {
    let created = connection.create_secret(Some("first"), None, None).map(|secret| secret.value.reveal().to_owned());
    created.iter().for_each(|value| seen.add(value));
    let _ = connection.create_secret(Some("second"), Some(VALUE), None);
    let _ = connection.ensure_secret("third").map(|secret| seen.add(secret.value.reveal()));
    let _ = connection.get_secrets(None).map(|list| list.iter().for_each(|secret| seen.add(secret.value.reveal())));
    let _ = connection.drop_secrets(&["first", VALUE], None, false);
    let _ = connection.diagnose(false);
}

/// Answers that hold what they were asked with, in every place that an answer has.
fn echoes() -> Vec<Action> {
    let echo = [PASSWORD, VALUE, OTHER_SECRET, OTHER_TOKEN].join(" ");
    let body = serde_json::json!({ "error": true, "message": echo }).to_string();
    let chunks = format!("{:x};{VALUE}\r\n{body}\r\n0\r\nX-Echo: {VALUE}\r\n\r\n", body.len());
    let head = |status: &str, fields: &str| format!("HTTP/1.1 {status} {echo}\r\nX-{VALUE}: 1\r\n{fields}\r\n");
    let chunked = [head("401", "Transfer-Encoding: chunked\r\n"), chunks].concat();
    let interim = [head("103", &format!("Link: <{VALUE}>\r\n")), head("403", ""), body.clone()].concat();
    let fields = ["Set-Cookie", "Retry-After", "Date", "Connection", "Server", "Content-Type", "WWW-Authenticate"];
    let fields: String = fields.map(|name| format!("{name}: {VALUE} {OTHER_TOKEN}\r\n")).concat();
    let redirect = head("307", &format!("{fields}Location: http://{VALUE}:{VALUE}@h/?secret={VALUE}\r\n"));
    let compressed = head("200", &format!("Content-Encoding: {VALUE}\r\n"));
    let malformed = format!("{}{VALUE}\r\n\r\n", head("200", "").trim_end());
    let texts = [chunked, interim, redirect, compressed, malformed, [head("401", &fields), body].concat()];
    texts.map(|text| Action::RawBytes(text.into_bytes())).into()
}

fn run(version: &str, tls: Option<Tls>, proxy: Option<SocketAddr>, seen: Seen) {
    let server = Standin::start(Options { tls, ..Options::new(version) }).expect("a stand-in");
    server.add_user("carol", PASSWORD, true);
    let secret = server.add_secret("carol", "MyGraph", "own");
    seen.add(&secret);
    let login = |config: &mut Config| _ = config.set_password(Some(b"carol"), Some(PASSWORD.as_bytes()));
    let by_password = connection(&server, proxy, login);
    tokens(&by_password, None, seen);
    tokens(&by_password, Some(&secret), seen);
    secrets(&by_password, seen);
    tokens(&connection(&server, proxy, |config| _ = config.set_secret(Some(secret.as_bytes()))), None, seen);
    if let Ok(token) = by_password.get_token(None, 0, TokenOptions::default()) {
        seen.add(token.value());
        let by_jwt = connection(&server, proxy, |config| _ = config.set_jwt(Some(token.value().as_bytes())));
        tokens(&by_jwt, None, seen);
        secrets(&by_jwt, seen);
    }
    let echoes = if proxy.is_none() { echoes() } else { Vec::new() };
    for echo in echoes {
        server.clear_faults();
        server.script(Fault::always("", echo));
        let refused = connection(&server, proxy, |config| {
            login(config);
            config.set_server_version(Some(version.as_bytes())).set_timeouts(0, 200);
        });
        tokens(&refused, None, seen);
        secrets(&refused, seen);
    }
}

#[test]
fn no_line_of_any_crate_holds_a_credential() {
    log::set_logger(&LINES).expect("no other logger");
    log::set_max_level(log::LevelFilter::Trace);
    let mut canaries = Canaries::default();
    [PASSWORD, VALUE, PROXY_PASSWORD, OTHER_SECRET, OTHER_TOKEN].iter().for_each(|text| canaries.add(text));
    let proxy = start_proxy();
    for version in ["3.1", "3.10", "4.2"] {
        for tls in [None, Some(Tls::self_signed())] {
            for proxy in [None, Some(proxy)] {
                run(version, tls.clone(), proxy, &mut canaries);
            }
        }
    }
    log::set_max_level(log::LevelFilter::Off);
    let lines = std::mem::take(&mut *LINES.0.lock().expect("lines"));
    let of = |name: &str| lines.iter().filter(|(target, _)| target.split(':').next() == Some(name)).count();
    println!("{} lines, {} of ureq, {} of ureq_proto", lines.len(), of("ureq"), of("ureq_proto"));
    assert!(of("ureq") > 100 && of("ureq_proto") > 1000, "the crates below no longer log: this test sees nothing");
    let bytes: Vec<u8> = lines.iter().filter_map(|(_, line)| dumped(line)).flatten().collect();
    assert!(bytes.windows(9).any(|bytes| bytes == b"HTTP/1.1 "), "the dumps of ureq-proto are read");
    let shown: Vec<String> = lines.into_iter().map(|(target, line)| format!("{target}: {line}")).collect();
    canaries.assert_absent("a log line", &shown);
    canaries.assert_absent("the bytes that were dumped", &[String::from_utf8_lossy(&bytes).into_owned()]);
}
