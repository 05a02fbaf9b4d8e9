//! HTTP proxies: their addresses, connections through them, and what it means if they refuse.

use std::fmt;
use std::io::{self, Read, Write};

use percent_encoding::percent_decode_str;

use crate::error::{Error, Reason, Result, Status};
use crate::hidden::{Hidden, Wiped, basic};
use crate::wire::address::Address;
use crate::wire::deadline::Deadline;
use crate::wire::head::{HEAD_LIMIT, values};
use crate::wire::lookup::look_up;
use crate::wire::no_proxy::NoProxy;
use crate::wire::socket::{self, Socket, Target, allowed, io_error};

/// A proxy's port, if its address names none.
const PORT: u16 = 80;
/// Kinds of proxies that this library does not speak to, by the scheme of their addresses.
const OTHER_KINDS: [(&str, &str); 6] = [
    ("https", "an HTTPS proxy"),
    ("socks", "a SOCKS proxy"),
    ("socks4", "a SOCKS proxy"),
    ("socks4a", "a SOCKS proxy"),
    ("socks5", "a SOCKS proxy"),
    ("socks5h", "a SOCKS proxy"),
];
/// What the login of a proxy's address may not hold as it is.
const LOGIN_HINT: &str =
    "Write special characters of the proxy's login percent-encoded: # as %23, % as %25, / as %2F, ? as %3F, @ as %40.";

/// An HTTP proxy that connects to servers on request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Its host; an IPv6 address in brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Value of Proxy-Authorization: the proxy's own credential, never the server's.
    pub authorization: Option<Hidden>,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Which proxy to use, and for which hosts not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxySetting {
    /// The proxy.
    pub proxy: Proxy,
    /// What is reached without it.
    pub exceptions: NoProxy,
}

/// A proxy as connections use it.
#[derive(Debug)]
pub struct Proxied {
    setting: ProxySetting,
    /// What it hears about who asks.
    user_agent: String,
}

impl Proxied {
    /// With a setting that was found good.
    pub fn new(setting: &ProxySetting, user_agent: &str) -> Proxied {
        Proxied { setting: setting.clone(), user_agent: user_agent.to_owned() }
    }

    /// The proxy itself.
    pub fn proxy(&self) -> &Proxy {
        &self.setting.proxy
    }

    /// Whether the target is reached through it.
    pub fn is_for(&self, target: Target) -> bool {
        !self.setting.exceptions.holds(target.host, target.port)
    }
}

/// Reads a proxy's address, `http://[user:password@]host[:port]`; `from` names where it was given.
pub fn check_proxy(address: &str, from: &str) -> Result<Proxy> {
    let bad = |what: &str| Error::new(Reason::ArgumentUrl, format!("{from} {what}"));
    let no_address = || {
        let error = bad("is not the address of an HTTP proxy, such as \"http://proxy:3128\"");
        error.with_hint("Write it as http://host:port, or http://user:password@host:port.")
    };
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    if let Some((other, kind)) = OTHER_KINDS.iter().find(|(other, _)| scheme.eq_ignore_ascii_case(other)) {
        let error = bad(&format!("names {kind} ({other}://), which this library cannot use"));
        return Err(error.with_hint("Use an HTTP proxy, http://host:port: https goes through it in a tunnel."));
    }
    if !scheme.eq_ignore_ascii_case("http") || !address.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(no_address());
    }
    let (login, place) = rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
    let authorization = match login {
        None | Some("") => None,
        Some(login) => {
            let unreadable = || bad("holds a login that cannot be read").with_hint(LOGIN_HINT);
            Some(proxy_login(login).ok_or_else(unreadable)?)
        }
    };
    let place = Address::parse(&["http://", place].concat()).map_err(|_| no_address())?;
    if !place.base.is_empty() {
        return Err(no_address());
    }
    Ok(Proxy { host: place.host, port: place.port.unwrap_or(PORT), authorization })
}

/// The value of Proxy-Authorization for the login in an address; `None` if a character of it should have been encoded,
/// because nobody could tell where the login ends, or if no header can carry it.
fn proxy_login(login: &str) -> Option<Hidden> {
    let is_encoded = |rest: &str| rest.get(..2).is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if login.contains(['#', '/', '?', '@', '\\']) || !login.split('%').skip(1).all(is_encoded) {
        return None;
    }
    let decode = |part: &str| {
        let text = Wiped::new(String::from_utf8(percent_decode_str(part).collect()).ok()?);
        (!text.chars().any(char::is_control)).then_some(text)
    };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (user, password) = (decode(user)?, decode(password)?);
    (!user.contains(':')).then(|| basic(&user, &password))
}

/// A connection to the target, made by the proxy, which hears the target's name, its own login and who asks.
pub fn through(proxied: &Proxied, target: Target, deadline: &Deadline) -> Result<Socket> {
    let Proxied { setting: ProxySetting { proxy, .. }, user_agent } = proxied;
    let named = |error: Error| match error.status() {
        Status::Connect => proxy_error(format!("the proxy {proxy} cannot be reached: {}", error.message())),
        _ => by_way_of(error, proxy),
    };
    let lost = |error: io::Error| match io_error(&error) {
        lost if lost.status() == Status::Connect => closed(proxy),
        other => by_way_of(other, proxy),
    };
    let addresses = look_up(&proxy.host, proxy.port, deadline).map_err(named)?;
    let addresses = allowed(addresses, &format!("{} through the proxy {proxy}", target.host), target)?;
    let mut socket = socket::connect(&addresses, deadline).map_err(named)?;
    socket.write_all(request(proxy, user_agent, target).as_bytes()).map_err(lost)?;
    let mut head = Vec::new();
    loop {
        // One byte at a time: what follows the proxy's answer belongs to the server.
        let mut byte = [0];
        if socket.read(&mut byte).map_err(lost)? == 0 {
            return Err(closed(proxy));
        }
        head.push(byte[0]);
        if let Some(answer) = read_answer(&head, proxy)? {
            return if (200..300).contains(&answer.status) { Ok(socket) } else { Err(refusal(proxy, target, &answer)) };
        }
    }
}

fn request(proxy: &Proxy, user_agent: &str, target: Target) -> Wiped<String> {
    let to = format!("{}:{}", target.host, target.port);
    let mut request = Wiped::new(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\nUser-Agent: {user_agent}\r\n"));
    if let Some(authorization) = &proxy.authorization {
        request.push_str("Proxy-Authorization: ");
        request.push_str(authorization.reveal());
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    request
}

/// What a proxy answered.
struct Answer {
    status: u16,
    /// Whether it wants a login of another kind than Basic.
    wants_other_login: bool,
    /// Squid could not find the target's name.
    knows_no_name: bool,
}

/// The proxy's answer, once its head is complete.
fn read_answer(head: &[u8], proxy: &Proxy) -> Result<Option<Answer>> {
    if head.len() > HEAD_LIMIT {
        return Err(proxy_error(format!("the answer of the proxy {proxy} is too long")));
    }
    if !head.ends_with(b"\n") {
        return Ok(None);
    }
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut fields);
    match response.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => {
            let error = proxy_error(format!("the answer of the proxy {proxy} is not HTTP"));
            return Err(
                error.with_hint("Check the proxy's host and port: an HTTP proxy without TLS must listen there.")
            );
        }
    }
    let begins =
        |value: &[u8], start: &str| value.get(..start.len()).is_some_and(|v| v.eq_ignore_ascii_case(start.as_bytes()));
    let mut wanted = values(&response, "proxy-authenticate").peekable();
    let wants_other_login = wanted.peek().is_some() && !wanted.any(|value| begins(value, "basic"));
    let knows_no_name = values(&response, "x-squid-error").any(|value| begins(value, "ERR_DNS_FAIL"));
    Ok(Some(Answer { status: response.code.unwrap_or(0), wants_other_login, knows_no_name }))
}

fn proxy_error(message: String) -> Error {
    Error::new(Reason::ConnectProxy, message)
}

fn closed(proxy: &Proxy) -> Error {
    proxy_error(format!("the proxy {proxy} closed the connection"))
}

/// Where time ran out on the way through a proxy, its name belongs to it.
fn by_way_of(error: Error, proxy: &Proxy) -> Error {
    match error.status() {
        Status::Timeout => {
            let message = format!("{} (through the proxy {proxy})", error.message());
            error.with_message(message)
        }
        _ => error,
    }
}

const GIVE_LOGIN: &str = "Write the login into the proxy's address, as in http://user:password@proxy:3128.";
const CHECK_LOGIN: &str =
    "Check user name and password in the proxy's address; special characters are percent-encoded, as %40 for @.";
const ALLOW: &str = "Have the proxy allow CONNECT to this host and port; squid allows port 443 alone, unless its \
                     configuration names others (SSL_ports).";
const NO_PROXY_THERE: &str =
    "Check the proxy's host and port: this may be a web server, or a proxy that makes no tunnels.";
const BASIC_ONLY: &str = "This library logs in to proxies by Basic alone: have the proxy accept that, or run one on \
                          this machine that logs in for you.";
const FROM_THERE: &str = "Check that the server runs, and that the proxy's machine reaches it by this name and port.";

/// Why a proxy makes no connection, each cause in its own words.
fn refusal(proxy: &Proxy, target: Target, answer: &Answer) -> Error {
    let (host, status) = (target.host, answer.status);
    let to = format!("{host}:{}", target.port);
    let (what, hint) = match status {
        401 | 407 if answer.wants_other_login => ("wants another kind of login than Basic".into(), BASIC_ONLY),
        401 | 407 if proxy.authorization.is_some() => ("did not accept the login in its address".into(), CHECK_LOGIN),
        401 | 407 => ("requires a login".into(), GIVE_LOGIN),
        403 => (format!("does not allow a connection to {to}"), ALLOW),
        400 | 404 | 405 | 501 => ("does not take CONNECT, as an HTTP proxy would".into(), NO_PROXY_THERE),
        300..=399 => ("answers with a redirect, perhaps to a login page".into(), NO_PROXY_THERE),
        500.. if answer.knows_no_name => (format!("cannot find the name {host}"), FROM_THERE),
        500 => (format!("could not connect to {to}"), FROM_THERE),
        502 => (format!("got no good answer on the way to {to}"), FROM_THERE),
        503 => (format!("cannot reach {to}, or is too busy"), FROM_THERE),
        504 => (format!("ran out of time on the way to {to}"), FROM_THERE),
        _ => (format!("refused to connect to {to}"), Reason::ConnectProxy.hint()),
    };
    proxy_error(format!("the proxy {proxy} {what} (HTTP {status})")).with_hint(hint)
}
