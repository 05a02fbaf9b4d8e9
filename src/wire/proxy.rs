//! HTTP proxies: their addresses, the hosts that are reached without them, and connections through them.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result, Status};
use crate::hidden::{Hidden, basic};
use crate::wire::address::Address;
use crate::wire::deadline::Deadline;
use crate::wire::framing::HEAD_LIMIT;
use crate::wire::lookup::look_up;
use crate::wire::socket::{self, Socket, Target, allowed, io_error};

/// Checks a proxy's address, `http://[user:password@]host[:port]`; `from` names where it was given.
pub fn check_proxy(address: &str, from: &str) -> Result<Hidden> {
    let bad = || {
        let message = format!("{from} is not the address of an HTTP proxy, such as \"http://proxy:3128\"");
        Error::new(Reason::ArgumentUrl, message)
    };
    let with_scheme =
        if address.contains("://") { Hidden::new(address) } else { Hidden::new(["http://", address].concat()) };
    let plain = with_scheme.reveal();
    if !plain.starts_with("http://") || plain.bytes().any(|b| !b.is_ascii_graphic()) {
        return Err(bad());
    }
    let parsed = ureq::Proxy::new(plain).map_err(|_| bad())?;
    let controls = |text: Option<&str>| text.is_some_and(|text| text.chars().any(char::is_control));
    // ureq takes a port that is no number for no port; our own reader of addresses does not.
    let place = plain.rsplit('@').next().unwrap_or_default().trim_start_matches("http://");
    let place = Address::parse(&["http://", place].concat()).map_err(|_| bad())?;
    if controls(parsed.username()) || controls(parsed.password()) || !place.base.is_empty() {
        return Err(bad());
    }
    Ok(with_scheme)
}

/// A proxy, and the hosts that are reached without it.
#[derive(Debug)]
pub struct Proxied {
    proxy: Proxy,
    /// Knows the exceptions.
    matcher: ureq::Proxy,
}

impl Proxied {
    /// Reads a setting that was found good.
    pub fn new(setting: &ProxySetting) -> Result<Proxied> {
        let unusable = |_| Error::new(Reason::ArgumentUrl, "the proxy's address cannot be used");
        let parsed = ureq::Proxy::new(setting.address.reveal()).map_err(unusable)?;
        let login = (parsed.username(), parsed.password());
        let authorization =
            (login != (None, None)).then(|| basic(login.0.unwrap_or_default(), login.1.unwrap_or_default()));
        let proxy = Proxy { host: parsed.host().to_owned(), port: parsed.port(), authorization };
        let named = ureq::Proxy::builder(ureq::ProxyProtocol::Http).host(&proxy.host).port(proxy.port);
        let named = setting.exceptions.iter().fold(named, |named, exception| named.no_proxy(exception));
        Ok(Proxied { proxy, matcher: named.build().map_err(unusable)? })
    }

    /// The proxy for this URL, if it is not an exception.
    pub fn proxy_for(&self, uri: &ureq::http::Uri) -> Option<&Proxy> {
        (!self.matcher.is_no_proxy(uri)).then_some(&self.proxy)
    }
}

/// Which proxy to use, and for which hosts not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxySetting {
    /// `http://[user:password@]host[:port]`.
    pub address: Hidden,
    /// Hosts, `.suffixes` or `*` that are reached without it.
    pub exceptions: Vec<String>,
}

/// An HTTP proxy that connects to servers on request.
#[derive(Debug)]
pub struct Proxy {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Value of Proxy-Authorization: the proxy's own credential, never the server's.
    pub authorization: Option<Hidden>,
}

/// A connection to the target, made by the proxy. Nothing but the target's name is told to the proxy.
pub fn through(proxy: &Proxy, target: Target, deadline: &Deadline) -> Result<Socket> {
    let unreachable = |error: Error| match error.status() {
        Status::Connect => proxy_error(format!("the proxy cannot be reached: {}", error.message())),
        _ => error,
    };
    let addresses = look_up(&proxy.host, proxy.port, deadline).map_err(unreachable)?;
    let addresses = allowed(addresses, &format!("{} through the proxy {}", target.host, proxy.host), target)?;
    let mut socket = socket::connect(&addresses, deadline).map_err(unreachable)?;
    let to = format!("{}:{}", target.host, target.port);
    let mut request = Zeroizing::new(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n"));
    if let Some(authorization) = &proxy.authorization {
        request.push_str("Proxy-Authorization: ");
        request.push_str(authorization.reveal());
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    let lost = |error: io::Error| match io_error(&error) {
        lost if lost.status() == Status::Connect => proxy_error("the proxy closed the connection".into()),
        other => other,
    };
    socket.write_all(request.as_bytes()).map_err(lost)?;
    let mut head = Vec::new();
    loop {
        // One byte at a time: what follows the proxy's answer belongs to the server.
        let mut byte = [0];
        if socket.read(&mut byte).map_err(lost)? == 0 {
            return Err(proxy_error("the proxy closed the connection".into()));
        }
        head.push(byte[0]);
        if let Some(status) = proxy_status(&head)? {
            return if (200..300).contains(&status) { Ok(socket) } else { Err(proxy_refusal(status)) };
        }
    }
}

/// The status of the proxy's answer, once its head is complete.
fn proxy_status(head: &[u8]) -> Result<Option<u16>> {
    if head.len() > HEAD_LIMIT {
        return Err(proxy_error("the proxy's answer is too long".into()));
    }
    if !head.ends_with(b"\n") {
        return Ok(None);
    }
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut fields);
    match response.parse(head) {
        Ok(httparse::Status::Complete(_)) => Ok(response.code),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(proxy_error("the proxy's answer is not HTTP".into())),
    }
}

fn proxy_error(message: String) -> Error {
    Error::new(Reason::ConnectProxy, message)
}

fn proxy_refusal(status: u16) -> Error {
    let error = proxy_error(format!("the proxy refused to connect to the server (HTTP {status})"));
    match status {
        407 => error.with_hint(
            "The proxy requires a login: write it into the proxy's address, as in http://user:password@proxy:3128.",
        ),
        _ => error,
    }
}
