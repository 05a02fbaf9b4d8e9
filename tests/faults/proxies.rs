//! Proxies: their addresses, the hosts that are reached without them, and what is told if they refuse.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use tigergraph_standin::{Action, Fault, RawAction, RawServer};

use crate::common;
use crate::driver::{Call, field};
use crate::session::Session;

/// Part of the password of a proxy's login, which nobody may see.
const CANARY: &str = "kanarienvogel";

/// A proxy that makes tunnels, and keeps what it heard.
struct Tunnels {
    port: u16,
    heard: Arc<Mutex<String>>,
}

impl Tunnels {
    fn start() -> Tunnels {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let heard = Arc::new(Mutex::new(String::new()));
        let log = heard.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let log = log.clone();
                std::thread::spawn(move || serve(client, &log));
            }
        });
        Tunnels { port, heard }
    }

    fn take_heard(&self) -> String {
        std::mem::take(&mut self.heard.lock().expect("a log"))
    }
}

fn serve(client: TcpStream, log: &Mutex<String>) {
    let mut lines = BufReader::new(client.try_clone().expect("a socket"));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    log.lock().expect("a log").push_str(&head);
    // All names are this machine's.
    let port = head.split(' ').nth(1).and_then(|target| target.rsplit(':').next()).expect("a port");
    let Ok(server) = TcpStream::connect(("127.0.0.1", port.parse().expect("a port"))) else { return };
    let (mut to_client, mut to_server) = (client, server.try_clone().expect("a socket"));
    to_client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").expect("a client");
    std::thread::spawn(move || std::io::copy(&mut lines, &mut to_server));
    let _ = std::io::copy(&mut &server, &mut to_client);
}

/// A handle for a host that is reached through this proxy, or not at all.
fn open_through(session: &mut Session, url: &str, proxy: &str) {
    session.configure_for(url);
    session.driver.say(&["set", "allow_http", "1"]);
    session.driver.say(&["set", "proxy", &field(proxy)]);
    session.connect();
}

/// The list, the host of the server, and whether it is reached without the proxy. PORT is the server's.
const NO_PROXY: [(&str, &str, bool); 34] = [
    ("", "db.example.com", false),
    ("*", "db.example.com", true),
    ("other.com, *", "db.example.com", true),
    ("example.com", "db.example.com", true),
    ("example.com", "example.com", true),
    ("example.com", "badexample.com", false),
    ("example.com", "example.com.other.org", false),
    (".example.com", "db.example.com", true),
    (".example.com", "example.com", true),
    (".example.com", "badexample.com", false),
    ("EXAMPLE.COM", "db.example.com", true),
    ("example.com", "DB.Example.Com", true),
    ("example.com.", "db.example.com", true),
    ("example.com", "db.example.com.", true),
    ("example.com:PORT", "db.example.com", true),
    ("example.com:1", "db.example.com", false),
    ("other.com example.com", "db.example.com", true),
    (" other.com ,\texample.com ,", "db.example.com", true),
    ("10.1.2.3", "10.1.2.3", true),
    ("10.1.2.3:PORT", "10.1.2.3", true),
    ("10.1.2.3:1", "10.1.2.3", false),
    ("10.0.0.0/8", "10.1.2.3", true),
    ("10.0.0.0/8", "11.1.2.3", false),
    ("10.0.0.0/8", "ten.example.com", false),
    ("2.3", "10.1.2.3", false),
    ("192.168.4.0/22", "192.168.7.255", true),
    ("192.168.4.0/22", "192.168.8.1", false),
    ("::1", "[2001:db8::1]", false),
    ("2001:db8::1", "[2001:db8::1]", true),
    ("[2001:db8::1]", "[2001:db8::1]", true),
    ("[2001:db8::1]:PORT", "[2001:db8::1]", true),
    ("[2001:db8::1]:1", "[2001:db8::1]", false),
    ("2001:db8::/32", "[2001:db8:1::1]", true),
    ("2001:db8::/32", "[2001:db9::1]", false),
];

#[test]
fn no_proxy_is_read_as_other_clients_read_it() {
    let mut session = Session::start("4.2");
    let tunnels = Tunnels::start();
    let port = session.standin.gateway_port().to_string();
    session.driver.say(&["names", "0", "-", "0", "127.0.0.1"]);
    session.driver.say(&["route", "*", &port]);
    session.driver.say(&["env", "HTTP_PROXY", &format!("http://127.0.0.1:{}", tunnels.port)]);
    for (list, host, direct) in NO_PROXY {
        session.driver.say(&["env", "NO_PROXY", &field(list.replace("PORT", &port))]);
        open_through(&mut session, &format!("http://{host}:{port}"), "env");
        let call = session.driver.call(&["get_token"]);
        assert_eq!(call.outcome(), "OK", "{list:?} {host}: {call:?}");
        let heard = tunnels.take_heard();
        assert_eq!(heard.is_empty(), direct, "{list:?} {host}: {heard}");
    }
    session.finish();
}

#[test]
fn a_proxy_hears_who_asks_and_no_more() {
    let mut session = Session::start("4.2");
    let tunnels = Tunnels::start();
    let url = format!("http://127.0.0.1:{}", session.standin.gateway_port());
    for (proxy, login) in [
        ("HTTP://127.0.0.1", ""),
        ("hTTp://user:p%40%23%2F%3f%25:x@127.0.0.1", "Proxy-Authorization: Basic dXNlcjpwQCMvPyU6eA==\r\n"),
        ("user@127.0.0.1", "Proxy-Authorization: Basic dXNlcjo=\r\n"),
        ("@127.0.0.1", ""),
    ] {
        open_through(&mut session, &url, &format!("{proxy}:{}/", tunnels.port));
        session.driver.say(&["set", "user_agent", "import/1.2"]);
        session.connect();
        assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK", "{proxy}");
        let target = format!("127.0.0.1:{}", session.standin.gateway_port());
        let expected = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: import/1.2\r\n{login}\r\n");
        assert_eq!(tunnels.take_heard(), expected, "{proxy}");
    }
    session.finish();
}

/// Logins with a character that must be encoded, or that no header can carry; `PW` is the canary.
const BAD_LOGINS: [&str; 14] = [
    "http://user:PW#x@proxy.example.com:3128",
    "http://user:PW/x@proxy.example.com:3128",
    "http://user:PW?x@proxy.example.com:3128",
    "http://user:PW@x@proxy.example.com:3128",
    "http://user:PW%@proxy.example.com:3128",
    "http://user:PW%zz@proxy.example.com:3128",
    "http://user:PW%4@proxy.example.com:3128",
    "http://user:PW\\x@proxy.example.com:3128",
    "http://user:PW%0a@proxy.example.com:3128",
    "http://user:PW%ff@proxy.example.com:3128",
    "http://us%3Aer:PW@proxy.example.com:3128",
    "http://#PW@proxy.example.com",
    "user:PW#x@proxy.example.com:3128",
    "http:/user:PW@proxy.example.com",
];

/// What is no address of a proxy for another reason.
const BAD_ADDRESSES: [&str; 11] = [
    "user:PW://x@proxy.example.com:3128",
    "http://user:PW@proxy.example.com:3128/path",
    "http://user:PW@proxy.example.com:3128?x",
    "http://user:PW@proxy.example.com:port",
    "http://user:PW@proxy.example.com:0",
    "http://user:PW@:3128",
    "http://user:PW@proxy exam",
    "http://user:PW",
    "http://user:\u{e4}PW@proxy.example.com",
    "ftp://user:PW@proxy.example.com:3128",
    "://user:PW@proxy.example.com",
];

/// Proxies of other kinds, and what they are called.
const OTHER_PROXIES: [(&str, &str); 7] = [
    ("https://user:PW@proxy.example.com:3128", "an HTTPS proxy"),
    ("HTTPS://proxy.example.com", "an HTTPS proxy"),
    ("socks5://user:PW@proxy.example.com:1080", "a SOCKS proxy"),
    ("SOCKS5H://proxy.example.com", "a SOCKS proxy"),
    ("socks4a://proxy.example.com", "a SOCKS proxy"),
    ("socks4://proxy.example.com", "a SOCKS proxy"),
    ("socks://proxy.example.com", "a SOCKS proxy"),
];

/// A connection with this proxy, set by the program or by the environment.
fn with_proxy(session: &mut Session, proxy: &str, by_environment: bool) -> Call {
    let proxy = proxy.replace("PW", CANARY);
    session.configure_for("https://db.example.com");
    session.driver.say(&["env", "HTTPS_PROXY", &field(&proxy)]);
    session.driver.say(&["set", "proxy", &if by_environment { "env".to_owned() } else { field(&proxy) }]);
    session.driver.call(&["conn_new"])
}

#[test]
fn what_is_no_proxy_is_refused_by_what_it_is_and_never_shown() {
    let mut session = Session::start("4.2");
    session.canaries.add(CANARY);
    let logins = BAD_LOGINS.map(|proxy| (proxy, "a login that cannot be read", "%23"));
    let addresses = BAD_ADDRESSES.map(|proxy| (proxy, "is not the address of an HTTP proxy", "http://host:port"));
    let others = OTHER_PROXIES.map(|(proxy, kind)| (proxy, kind, "Use an HTTP proxy"));
    // Variables of Windows have no case, and the first name that is tried is found.
    let of_environment =
        if common::is_windows() { "the environment's https_proxy" } else { "the environment's HTTPS_PROXY" };
    for (proxy, what, hint) in logins.into_iter().chain(addresses).chain(others) {
        for (by_environment, from) in [(false, "the setting \"proxy\""), (true, of_environment)] {
            let call = with_proxy(&mut session, proxy, by_environment);
            assert_eq!(call.outcome(), "argument.url", "{proxy}: {call:?}");
            assert!(call.message.starts_with(from) && call.message.contains(what), "{proxy}: {call:?}");
            assert!(call.hint.contains(hint) && !call.message.contains("proxy.example"), "{proxy}: {call:?}");
        }
        session.end_of_case(proxy);
    }
    let counts = session.driver.counts();
    assert_eq!((counts.of("look_ups"), counts.connects().len()), (0, 0));
    session.finish();
}

const SQUID: &str = "Server: squid/5.7\r\nContent-Length: 0\r\nX-Squid-Error: ";
const TINYPROXY: &str = "Server: tinyproxy/1.11.1\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>";

/// How proxies refuse, as squid 5.7 and tinyproxy 1.11.1 write it where they do; whether they were given a login, and
/// what the message and the hint say.
fn refusals() -> Vec<(String, bool, &'static str, &'static str)> {
    let squid = |status: &str, error: &str| format!("HTTP/1.1 {status}\r\n{SQUID}{error}\r\n\r\n");
    let basic = |status: &str| squid(status, "ERR_CACHE_ACCESS_DENIED 0\r\nProxy-Authenticate: Basic realm=\"squid\"");
    let tiny = |status: &str| format!("{status}\r\n{TINYPROXY}");
    let plain = |status: &str| format!("HTTP/1.1 {status}\r\n\r\n<html>");
    vec![
        (basic("407 Proxy Authentication Required"), false, "requires a login (HTTP 407)", "http://user:password@"),
        (
            basic("407 Proxy Authentication Required"),
            true,
            "did not accept the login in its address",
            "Check user name",
        ),
        (tiny("HTTP/1.0 407 Proxy Authentication Required"), false, "requires a login (HTTP 407)", "user:password@"),
        (tiny("HTTP/1.0 401 Unauthorized"), true, "did not accept the login in its address (HTTP 401)", "password"),
        (tiny("HTTP/1.0 401 Unauthorized"), false, "requires a login (HTTP 401)", "user:password@"),
        (
            plain("407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM"),
            true,
            "wants another kind of login than Basic",
            "Basic alone",
        ),
        (plain("407 No\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: basic"), false, "requires a login", "user:"),
        (squid("403 Forbidden", "ERR_ACCESS_DENIED 0"), false, "does not allow a connection to TARGET", "SSL_ports"),
        (tiny("HTTP/1.1 403 Access violation"), true, "does not allow a connection to TARGET (HTTP 403)", "CONNECT"),
        (plain("405 Not Allowed"), false, "does not take CONNECT", "web server"),
        (plain("404 Not Found"), false, "does not take CONNECT", "web server"),
        (plain("400 Bad Request"), false, "does not take CONNECT", "web server"),
        (plain("501 Not Implemented"), false, "does not take CONNECT", "web server"),
        (plain("302 Found\r\nLocation: http://portal/?x"), false, "answers with a redirect", "host and port"),
        (tiny("HTTP/1.1 500 Unable to connect"), false, "could not connect to TARGET (HTTP 500)", "server runs"),
        (squid("500 Internal", "ERR_CANNOT_FORWARD 0"), false, "could not connect to TARGET (HTTP 500)", "server runs"),
        (plain("502 Bad Gateway"), false, "got no good answer on the way to TARGET (HTTP 502)", "server runs"),
        (squid("503 Unavailable", "ERR_CONNECT_FAIL 111"), false, "cannot reach TARGET", "server runs"),
        (squid("503 Unavailable", "ERR_DNS_FAIL 0"), false, "cannot find the name db.example.com", "name"),
        (plain("504 Gateway Timeout"), false, "ran out of time on the way to TARGET (HTTP 504)", "server runs"),
        (plain("429 Too Many Requests"), false, "refused to connect to TARGET (HTTP 429)", "CONNECT"),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n".to_owned(), false, "is not HTTP", "host and port"),
        (String::new(), false, "closed the connection", "address"),
    ]
}

#[test]
fn each_refusal_of_a_proxy_is_told_with_the_proxy_and_the_target() {
    let mut session = Session::start("4.2");
    session.canaries.add(CANARY);
    for (answer, has_login, says, hint) in refusals() {
        let server = RawServer::start(RawAction::Answer(answer.clone().into_bytes())).expect("a listener");
        let proxy = format!("127.0.0.1:{}", server.port());
        let login = if has_login { format!("user:{CANARY}@") } else { String::new() };
        open_through(&mut session, "https://db.example.com:14240", &format!("http://{login}{proxy}"));
        let call = session.driver.call(&["get_token"]);
        assert_eq!((call.outcome(), call.http), ("connect.proxy", 0), "{answer}: {call:?}");
        let says = says.replace("TARGET", "db.example.com:14240");
        assert!(call.message.contains(&says) && call.message.contains(&proxy), "{answer}: {call:?}");
        assert!(call.hint.contains(hint), "{answer}: {call:?}");
        assert_eq!(server.connections(), 1, "{answer}");
        session.end_of_case(&answer);
    }
    session.finish();
}

/// What `Location` says, and what is told of it.
const REDIRECTS: [(&str, &str); 10] = [
    ("https://other.example.com:8443/x?q=QUERY#f", "https://other.example.com:8443,"),
    ("https://other.example.com/x", "https://other.example.com:443,"),
    ("http://other.example.com/", "http://other.example.com:80,"),
    ("HTTPS://Other.example.com:14240", "https://Other.example.com:14240,"),
    ("https://user:kanarienvogel@other.example.com:99/x", "https://other.example.com:99,"),
    ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443,"),
    ("//other.example.com:8443/x?q=QUERY", "http://other.example.com:8443,"),
    ("//other.example.com/x", "http://other.example.com:80,"),
    ("/login?q=QUERY", "another path of the same server,"),
    ("https://other example", "an address that cannot be read,"),
];

#[test]
fn a_redirect_is_told_with_its_port() {
    let mut session = Session::start("4.2");
    session.canaries.add(CANARY);
    session.open();
    for (location, told) in REDIRECTS {
        session.standin.script(Fault::always("", Action::reply(302, "<html>").header("Location", location)));
        let call = session.driver.call(&["get_token"]);
        session.standin.clear_faults();
        assert_eq!(call.outcome(), "protocol.redirect", "{call:?}");
        assert!(call.message.contains(&format!("redirects to {told}")), "{location}: {call:?}");
        assert!(!call.message.contains("QUERY"), "{call:?}");
        session.end_of_case(location);
    }
    session.finish();
}
