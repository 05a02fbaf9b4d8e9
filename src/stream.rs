//! From a server's address to a stream that a request may be written to: through a proxy if there is
//! one, and with TLS agreed on before anything else is sent.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result, Status};
use crate::framing::HEAD_LIMIT;
use crate::hidden::Hidden;
use crate::lookup::look_up;
use crate::net::{self, Clock, Phase, Socket};
use crate::tls::Trust;
use crate::tls_stream::TlsStream;

/// Where to connect to.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Host name or IP address; IPv6 with or without brackets.
    pub host: &'a str,
    /// Port.
    pub port: u16,
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

/// A stream to the server, with or without TLS.
pub enum Stream {
    /// Without.
    Plain(Socket),
    /// With, agreed on and verified.
    Tls(Box<TlsStream>),
    /// To a server in memory.
    #[cfg(feature = "test-fuzz")]
    Played(crate::fuzz::world::Played),
}

impl Stream {
    /// Connects; with TLS if there is somebody to trust.
    pub fn connect(target: Target, proxy: Option<&Proxy>, trust: Option<&Trust>, clock: &Clock) -> Result<Stream> {
        #[cfg(feature = "test-fuzz")]
        if let Some(played) = crate::fuzz::world::dial() {
            return played.map(Stream::Played);
        }
        let socket = connect(target, proxy, clock)?;
        match trust {
            None => Ok(Stream::Plain(socket)),
            Some(trust) => {
                clock.enter(Phase::Tls);
                Ok(Stream::Tls(Box::new(TlsStream::agree(trust, target, socket)?)))
            }
        }
    }

    /// Whether it speaks TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }

    /// Whether the connection is as quiet as it was left. What TLS itself has to say (a session
    /// ticket) is read and allowed; bytes of the server's that nobody asked for are not.
    pub fn is_quiet(&mut self) -> bool {
        match self {
            Stream::Plain(socket) => socket.is_quiet(),
            Stream::Tls(tls) => tls.is_quiet(),
            #[cfg(feature = "test-fuzz")]
            Stream::Played(played) => played.is_quiet(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(buffer),
            Stream::Tls(tls) => tls.read(buffer),
            #[cfg(feature = "test-fuzz")]
            Stream::Played(played) => played.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(bytes),
            Stream::Tls(tls) => tls.write(bytes),
            #[cfg(feature = "test-fuzz")]
            Stream::Played(played) => played.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            Stream::Tls(tls) => tls.flush(),
            #[cfg(feature = "test-fuzz")]
            Stream::Played(played) => played.flush(),
        }
    }
}

/// A connection to the target, straight or through the proxy; nothing is sent to the target.
pub fn connect(target: Target, proxy: Option<&Proxy>, clock: &Clock) -> Result<Socket> {
    match proxy {
        None => net::connect(&look_up(target.host, target.port, clock)?, clock),
        Some(proxy) => through(proxy, target, clock),
    }
}

/// A connection to the target, made by the proxy. Nothing but the target's name is told to the proxy.
pub fn through(proxy: &Proxy, target: Target, clock: &Clock) -> Result<Socket> {
    let unreachable = |error: Error| match error.status() {
        Status::Connect => proxy_error(format!("the proxy cannot be reached: {}", error.message())),
        _ => error,
    };
    let addresses = look_up(&proxy.host, proxy.port, clock).map_err(unreachable)?;
    let mut socket = net::connect(&addresses, clock).map_err(unreachable)?;
    let to = format!("{}:{}", target.host, target.port);
    let mut request = Zeroizing::new(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n"));
    if let Some(authorization) = &proxy.authorization {
        request.push_str("Proxy-Authorization: ");
        request.push_str(authorization.reveal());
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    let broken = |error: io::Error| match io_error(&error) {
        broken if broken.status() == Status::Connect => proxy_error("the proxy closed the connection".into()),
        other => other,
    };
    socket.write_all(request.as_bytes()).map_err(broken)?;
    let mut head = Vec::new();
    loop {
        // One byte at a time: what follows the proxy's answer belongs to the server.
        let mut byte = [0];
        if socket.read(&mut byte).map_err(broken)? == 0 {
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
        407 => {
            error.with_hint("The proxy wants a login: write it into its address, as http://user:password@proxy:3128.")
        }
        _ => error,
    }
}

/// What an error of a socket or of TLS means.
pub fn io_error(error: &io::Error) -> Error {
    if let Some(inner) = error.get_ref() {
        if let Some(own) = inner.downcast_ref::<Error>() {
            return own.clone();
        }
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            return io_error(inner);
        }
    }
    use io::ErrorKind as Kind;
    let (reason, message) = match error.kind() {
        Kind::UnexpectedEof => {
            (Reason::ConnectClosed, "the server closed the connection before its answer was complete")
        }
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
            (Reason::ConnectReset, "the connection to the server broke")
        }
        Kind::InvalidData | Kind::InvalidInput => (Reason::ProtocolFraming, "the server's answer is not valid HTTP"),
        _ if crate::platform::process::is_resource(error) => {
            (Reason::ConnectResource, "this process or machine has no resources left")
        }
        _ => (Reason::ConnectReset, "the connection to the server failed"),
    };
    Error::new(reason, message)
}
