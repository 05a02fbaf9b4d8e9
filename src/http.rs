//! One HTTP exchange: the only file that knows the HTTP crate.
//!
//! ureq speaks HTTP/1.1 and keeps the idle connection; sockets, name look-up, TLS and time are ours,
//! through its connector and resolver interfaces, which are outside its semantic versioning.

use std::fmt;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use ureq::http::{HeaderMap, HeaderValue, Response as RawResponse, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};
use zeroize::Zeroizing;

use crate::config::{ProxySetting, Settings};
use crate::error::{Error, Reason, Result};
use crate::net::{self, Clock, Names, Phase, Socket};
use crate::redact::Hidden;
use crate::tls::{self, Trust};

/// Room for a status line and headers.
const HEAD_LIMIT: usize = 16 * 1024;
/// Room for a request: head and body leave in one piece up to this. A token may be 8 KiB long.
const OUTPUT_BUFFER: usize = 8 * 1024 + 256;
/// Longest URL, and longest value of the Authorization header: ureq writes each line of a head in one piece,
/// or gives up in the middle of the request.
const LINE_LIMIT: usize = OUTPUT_BUFFER - 64;
/// An idle connection is kept this long.
const IDLE: Duration = Duration::from_secs(60);

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

impl Method {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// What to send.
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole URL; may hold a credential on generation A.
    pub url: Hidden,
    /// Value of the Authorization header.
    pub authorization: Option<Hidden>,
    /// Body and its content type.
    pub body: Option<(Zeroizing<Vec<u8>>, &'static str)>,
    /// The answer's body may not be longer than this.
    pub limit: usize,
}

/// What came back, complete and within its limits.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Value of Retry-After, if there is exactly one.
    pub retry_after: Option<String>,
    /// Value of Date.
    pub date: Option<String>,
    /// Target of a redirect: scheme and host only.
    pub redirect: Option<String>,
    /// The body, wiped when dropped.
    pub body: Zeroizing<Vec<u8>>,
}

/// Carries a request to the server and its answer back. A trait, so that tests can answer instead.
pub trait Http: Send + Sync + fmt::Debug {
    /// Sends the request once and waits for the whole answer.
    fn exchange(&self, request: &Request, clock: &Rc<Clock>) -> Result<Answer>;
}

/// The real one.
#[derive(Debug)]
pub struct Wire {
    agent: ureq::Agent,
}

impl Wire {
    /// Prepares connections with these settings; sends nothing.
    pub fn new(settings: &Settings) -> Result<Wire> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy(settings)?)
            .user_agent(settings.user_agent.as_str())
            .accept("*/*")
            .accept_encoding("identity")
            .input_buffer_size(HEAD_LIMIT)
            .output_buffer_size(OUTPUT_BUFFER)
            .max_response_header_size(HEAD_LIMIT)
            .max_idle_connections(1)
            .max_idle_connections_per_host(1)
            .max_idle_age(IDLE)
            .build();
        let connector = ().chain(ConnectProxyConnector::default()).chain(Dialer { trust: settings.trust.clone() });
        let agent = ureq::Agent::with_parts(config, connector, SystemNames(Names::default()));
        Ok(Wire { agent })
    }

    fn send(&self, request: &Request) -> std::result::Result<RawResponse<ureq::Body>, ureq::Error> {
        let mut raw = ureq::http::Request::builder().method(request.method.name()).uri(request.url.reveal());
        if let Some(value) = &request.authorization {
            let mut value = HeaderValue::from_str(value.reveal()).map_err(ureq_http)?;
            value.set_sensitive(true);
            raw = raw.header("authorization", value);
        }
        let may_have_body = matches!(request.method, Method::Post | Method::Put);
        match &request.body {
            Some((body, content_type)) => {
                let raw = raw.header("content-type", *content_type).body(body.as_slice()).map_err(ureq_http)?;
                self.agent.run(raw)
            }
            // "Content-Length: 0". Where ureq knows no length it announces chunks, which not every server reads.
            None if may_have_body => self.agent.run(raw.body([].as_slice()).map_err(ureq_http)?),
            None => self.agent.run(raw.body(()).map_err(ureq_http)?),
        }
    }
}

/// Refuses what no request can carry, before any of it is sent.
fn judge_length(request: &Request) -> Result<()> {
    let login = request.authorization.as_ref().map_or(0, |login| login.reveal().len());
    let lines = [("login", login), ("URL, with the names in it,", request.url.reveal().len())];
    match lines.iter().find(|(_, length)| *length > LINE_LIMIT) {
        None => Ok(()),
        Some((what, length)) => {
            let message = format!("the {what} would take {length} bytes of a request, and {LINE_LIMIT} is the limit");
            Err(Error::new(Reason::ArgumentRange, message))
        }
    }
}

fn ureq_http(error: impl Into<ureq::http::Error>) -> ureq::Error {
    ureq::Error::from(error.into())
}

impl Http for Wire {
    fn exchange(&self, request: &Request, clock: &Rc<Clock>) -> Result<Answer> {
        judge_length(request)?;
        clock.begin_request();
        net::with_clock(clock, || {
            let mut response = self.send(request).map_err(wire_error)?;
            let (status, headers) = (response.status().as_u16(), response.headers());
            check_encoding(headers).map_err(|error| error.with_http_status(status))?;
            let header = |name: &str| single(headers, name);
            let (retry_after, date) = (header("retry-after"), header("date"));
            let redirect = header("location").map(|target| origin_of(&target));
            let body = read_body(&mut response, request.limit).map_err(|error| error.with_http_status(status))?;
            Ok(Answer { status, retry_after, date, redirect, body })
        })
    }
}

fn single(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.to_owned();
    values.next().is_none().then_some(value)
}

fn check_encoding(headers: &HeaderMap) -> Result<()> {
    let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all("content-encoding").iter().all(plain) {
        return Ok(());
    }
    Err(Error::new(Reason::ProtocolEncoding, "the server's answer is compressed, although that was not asked for"))
}

/// Scheme and host of a redirect's target; its path and query may hold anything.
fn origin_of(target: &str) -> String {
    match target.parse::<Uri>() {
        Ok(uri) => match (uri.scheme_str(), uri.host()) {
            (Some(scheme), Some(host)) => format!("{scheme}://{host}"),
            _ => "another path of the same server".into(),
        },
        Err(_) => "an address that cannot be read".into(),
    }
}

/// Reads the body into one buffer that never grows beyond the limit.
fn read_body(response: &mut RawResponse<ureq::Body>, limit: usize) -> Result<Zeroizing<Vec<u8>>> {
    let told = response.body().content_length().unwrap_or(0);
    let too_large =
        || Error::new(Reason::ProtocolTooLarge, format!("the server's answer is longer than {limit} bytes"));
    if told > limit as u64 {
        return Err(too_large());
    }
    let room = if told > 0 { told as usize + 1 } else { 4096.min(limit + 1) };
    let mut body = Zeroizing::new(vec![0; room]);
    let mut filled = 0;
    let mut reader = response.body_mut().as_reader();
    loop {
        if filled == body.len() {
            if filled > limit {
                return Err(too_large());
            }
            let mut larger = Zeroizing::new(vec![0; (filled * 2).min(limit + 1)]);
            larger[..filled].copy_from_slice(&body);
            body = larger;
        }
        match reader.read(&mut body[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(wire_error(ureq::Error::from(error))),
        }
    }
    if filled > limit {
        return Err(too_large());
    }
    body.truncate(filled);
    Ok(body)
}

/// What went wrong between here and the server, as this library tells it.
fn wire_error(error: ureq::Error) -> Error {
    match error {
        ureq::Error::Other(inner) => match inner.downcast::<Error>() {
            Ok(own) => *own,
            Err(_) => Error::new(Reason::ProtocolFraming, "the exchange with the server failed"),
        },
        ureq::Error::Io(error) => io_error(&error),
        ureq::Error::LargeResponseHeader(..) => Error::new(
            Reason::ProtocolTooLarge,
            format!("the head of the server's answer is longer than {HEAD_LIMIT} bytes"),
        ),
        ureq::Error::ConnectProxyFailed(_) => {
            Error::new(Reason::ConnectProxy, "the proxy refused to connect to the server")
        }
        ureq::Error::HostNotFound => Error::new(Reason::ConnectDns, "the server's name cannot be found"),
        ureq::Error::InvalidProxyUrl => Error::new(Reason::ConnectProxy, "the proxy's address cannot be used"),
        _ => Error::new(Reason::ProtocolFraming, "the server's answer is not valid HTTP"),
    }
}

fn io_error(error: &io::Error) -> Error {
    if let Some(inner) = error.get_ref() {
        if let Some(own) = inner.downcast_ref::<Error>() {
            return own.clone();
        }
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return tls_error(tls);
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
        _ if net::is_resource(error) => (Reason::ConnectResource, "this process or machine has no resources left"),
        _ => (Reason::ConnectReset, "the connection to the server failed"),
    };
    Error::new(reason, message)
}

fn tls_error(error: &rustls::Error) -> Error {
    let reason = tls::reason_of(error);
    let message = match reason {
        Reason::TlsUnknownIssuer => "the server's certificate was issued by an authority that is not trusted here",
        Reason::TlsExpired => "the server's certificate has expired",
        Reason::TlsNotYetValid => "the server's certificate is not valid yet",
        Reason::TlsWrongHost => "the server's certificate is for another host",
        Reason::TlsRevoked => "the server's certificate was revoked",
        Reason::TlsPinMismatch => "the server's key is not the pinned one",
        Reason::TlsClientCertificate => "the server did not accept this client's certificate, or its lack",
        _ => "the TLS handshake failed: no common version, or the port does not speak TLS",
    };
    Error::new(reason, message)
}

/// Judges a proxy's address, `http://host:port`.
pub fn check_proxy(address: &str) -> Result<String> {
    let bad = || {
        let message = "the setting \"proxy\" is neither \"env\" nor an address such as \"http://proxy:3128\"";
        Error::new(Reason::ArgumentUrl, message)
    };
    let with_scheme = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    if !with_scheme.starts_with("http://") || with_scheme.bytes().any(|b| !b.is_ascii_graphic()) {
        return Err(bad());
    }
    ureq::Proxy::new(&with_scheme).map_err(|_| bad())?;
    Ok(with_scheme)
}

/// The proxy for the server, told by the setting or, on request, by the environment.
fn proxy(settings: &Settings) -> Result<Option<ureq::Proxy>> {
    let unusable = |_| Error::new(Reason::ArgumentUrl, "the proxy's address cannot be used");
    match &settings.proxy {
        None => Ok(None),
        Some(ProxySetting::Address(address)) => ureq::Proxy::new(address).map(Some).map_err(unusable),
        Some(ProxySetting::Environment) => Ok(ureq::Proxy::try_from_env()),
    }
}

/// Name look-up for ureq.
#[derive(Debug)]
struct SystemNames(Names);

impl Resolver for SystemNames {
    fn resolve(
        &self,
        uri: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> std::result::Result<ResolvedSocketAddrs, ureq::Error> {
        let clock = net::current_clock().map_err(carried)?;
        let host = uri.host().unwrap_or_default();
        let default_port = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(default_port);
        let mut addresses = self.empty();
        for address in self.0.look_up(host, port, &clock).map_err(carried)? {
            addresses.push(address);
        }
        Ok(addresses)
    }
}

fn carried(error: Error) -> ureq::Error {
    ureq::Error::Other(Box::new(error))
}

/// Connects and, for https, agrees on TLS before anything else is sent.
#[derive(Debug)]
struct Dialer {
    trust: Option<Arc<Trust>>,
}

/// What a proxy left open for us, if there is one.
type Tunnel = Either<(), Box<dyn Transport>>;

impl Connector<Tunnel> for Dialer {
    type Out = Link;

    fn connect(
        &self,
        details: &ConnectionDetails,
        tunnel: Option<Tunnel>,
    ) -> std::result::Result<Option<Link>, ureq::Error> {
        let clock = net::current_clock().map_err(carried)?;
        let path = match tunnel {
            Some(Either::B(transport)) => Path::Tunnel(TransportAdapter::new(transport, details.current_time.clone())),
            _ => Path::Direct(net::connect(&details.addrs, &clock).map_err(carried)?),
        };
        let stream = match (details.needs_tls(), &self.trust) {
            (false, _) => Stream::Plain(path),
            (true, Some(trust)) => Stream::Tls(Box::new(self.handshake(trust, details.uri, path, &clock)?)),
            (true, None) => return Err(ureq::Error::TlsRequired),
        };
        clock.enter(Phase::Exchange);
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Link { stream, buffers, outbox: Zeroizing::new(Vec::new()) }))
    }
}

impl Dialer {
    fn handshake(
        &self,
        trust: &Trust,
        uri: &Uri,
        mut path: Path,
        clock: &Clock,
    ) -> std::result::Result<StreamOwned<ClientConnection, Path>, ureq::Error> {
        clock.enter(Phase::Tls);
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| carried(Error::new(Reason::TlsWrongHost, "the host name cannot stand in a certificate")))?;
        let mut connection =
            ClientConnection::new(trust.client.clone(), name).map_err(|error| carried(tls_error(&error)))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut path).map_err(|error| carried(handshake_error(&error)))?;
        }
        Ok(StreamOwned { conn: connection, sock: path })
    }
}

/// A connection that ends in the handshake was not closed by a TigerGraph that heard a request.
fn handshake_error(error: &io::Error) -> Error {
    match io_error(error) {
        closed if closed.reason() == Reason::ConnectClosed => {
            Error::new(Reason::ConnectClosed, "the server closed the connection during the TLS handshake")
        }
        other => other,
    }
}

/// The way to the server: straight, or through a proxy's tunnel.
enum Path {
    Direct(Socket),
    Tunnel(TransportAdapter),
}

impl Read for Path {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Path::Direct(socket) => socket.read(buffer),
            Path::Tunnel(tunnel) => tunnel.read(buffer),
        }
    }
}

impl Write for Path {
    // No write_vectored: std's would raise SIGPIPE in a program that does not ignore it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Path::Direct(socket) => socket.write(bytes),
            Path::Tunnel(tunnel) => tunnel.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Path::Direct(socket) => socket.flush(),
            Path::Tunnel(tunnel) => tunnel.flush(),
        }
    }
}

impl Path {
    fn is_quiet(&mut self) -> bool {
        match self {
            Path::Direct(socket) => socket.is_quiet(),
            Path::Tunnel(tunnel) => tunnel.get_mut().is_open(),
        }
    }
}

enum Stream {
    Plain(Path),
    Tls(Box<StreamOwned<ClientConnection, Path>>),
}

/// One connection to the server, as ureq uses it.
struct Link {
    stream: Stream,
    buffers: LazyBuffers,
    /// What is to be sent, held back until the answer is awaited, so that head and body leave together.
    outbox: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_tls() { "Link(TLS)" } else { "Link(plain)" })
    }
}

impl Link {
    fn flush_outbox(&mut self) -> io::Result<()> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        if let Ok(clock) = net::current_clock() {
            clock.enter(Phase::Exchange);
        }
        match &mut self.stream {
            Stream::Plain(path) => path.write_all(&self.outbox).and_then(|()| path.flush())?,
            Stream::Tls(tls) => tls.write_all(&self.outbox).and_then(|()| tls.flush())?,
        }
        self.outbox = Zeroizing::new(Vec::new());
        Ok(())
    }
}

impl Transport for Link {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> std::result::Result<(), ureq::Error> {
        self.outbox.extend_from_slice(&self.buffers.output()[..amount]);
        if self.outbox.len() >= OUTPUT_BUFFER {
            self.flush_outbox()?;
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> std::result::Result<bool, ureq::Error> {
        self.flush_outbox()?;
        let room = self.buffers.input_append_buf();
        if room.is_empty() {
            return Ok(false);
        }
        let amount = match &mut self.stream {
            Stream::Plain(path) => path.read(room)?,
            Stream::Tls(tls) => tls.read(room)?,
        };
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// Whether the connection is as quiet as it was left. What TLS itself has to say (a session
    /// ticket) is read and allowed; bytes of the server's that nobody asked for are not.
    fn is_open(&mut self) -> bool {
        match &mut self.stream {
            Stream::Plain(path) => path.is_quiet(),
            Stream::Tls(tls) => match &mut tls.sock {
                Path::Direct(socket) => tls_is_quiet(&mut tls.conn, socket),
                path => path.is_quiet(),
            },
        }
    }

    fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }
}

fn tls_is_quiet(connection: &mut ClientConnection, socket: &mut Socket) -> bool {
    struct Now<'a>(&'a mut Socket);
    impl Read for Now<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read_now(buffer)
        }
    }
    loop {
        match connection.read_tls(&mut Now(socket)) {
            Ok(0) => return false,
            Ok(_) => match connection.process_new_packets() {
                Ok(state) if state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed() => {}
                _ => return false,
            },
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}
