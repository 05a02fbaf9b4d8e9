//! One HTTP exchange: the only file that knows the HTTP crate.
//!
//! ureq speaks HTTP/1.1 and keeps the idle connection; sockets, name look-up, TLS, the proxy and time
//! are ours, through its connector and resolver interfaces, which are outside its semantic versioning.

use std::fmt;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use ureq::http::{Response as RawResponse, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use zeroize::Zeroizing;

use crate::dates::http_date;
use crate::error::{Error, Reason, Result};
use crate::platform::clock::boot_clock;
use crate::platform::per_process::PerProcess;
use crate::wire::deadline::{self, Deadline, Phase};
use crate::wire::framing::{Framing, HEAD_LIMIT, head_too_large};
use crate::wire::http::{Answer, Http, Method, Request};
use crate::wire::probe::{self, Step};
use crate::wire::proxy::{Proxied, Proxy, ProxySetting};
use crate::wire::socket::{Target, io_error};
use crate::wire::stream::Stream;
use crate::wire::tls::Trust;

/// Room for a request: head and body leave in one piece up to this. A token may be 8 KiB long.
const OUTPUT_BUFFER: usize = 8 * 1024 + 256;
/// Longest URL, and longest value of the Authorization header: ureq writes each line of a head in one piece,
/// or gives up in the middle of the request.
const LINE_LIMIT: usize = OUTPUT_BUFFER - 64;
/// Bodies are seldom longer.
const SHORT_BODY: usize = 256;
/// An idle connection is kept this long.
const IDLE: Duration = Duration::from_secs(60);
/// A connection that was idle for no longer is as good as a new one.
const FRESH: Duration = Duration::from_secs(1);

/// The real one.
pub struct Wire {
    /// ureq's connections have locks and TLS sessions, which no child may share.
    own: PerProcess<Exchanger>,
}

struct Exchanger {
    agent: ureq::Agent,
    user_agent: HeaderValue,
    config: ureq::config::Config,
    dialer: Arc<Dialer>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    /// Prepares connections: through a proxy or not, `trust` for those with TLS, `loopback_only` for plain http that
    /// must not leave this machine. Sends nothing.
    pub fn new(
        proxy: Option<&ProxySetting>,
        trust: Option<Arc<Trust>>,
        loopback_only: bool,
        user_agent: &str,
    ) -> Result<Wire> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .input_buffer_size(HEAD_LIMIT)
            .output_buffer_size(OUTPUT_BUFFER)
            .max_response_header_size(HEAD_LIMIT)
            .max_idle_connections(1)
            .max_idle_connections_per_host(1)
            .max_idle_age(IDLE)
            .build();
        let proxied = proxy.map(Proxied::new).transpose()?;
        let dialer = Arc::new(Dialer { trust, loopback_only, proxied });
        let user_agent = HeaderValue::from_str(user_agent).map_err(|error| wire_error(ureq_http(error)))?;
        Ok(Wire { own: PerProcess::new(Exchanger::new(config, user_agent, dialer), Exchanger::without_connections) })
    }
}

impl Exchanger {
    fn new(config: ureq::config::Config, user_agent: HeaderValue, dialer: Arc<Dialer>) -> Exchanger {
        let agent = ureq::Agent::with_parts(config.clone(), DialConnector(dialer.clone()), NoResolver);
        Exchanger { agent, user_agent, config, dialer }
    }

    /// The same without any connection.
    fn without_connections(&self) -> Exchanger {
        Exchanger::new(self.config.clone(), self.user_agent.clone(), self.dialer.clone())
    }

    fn send(&self, request: &Request) -> std::result::Result<RawResponse<ureq::Body>, ureq::Error> {
        match request.body {
            Some((body, _)) => self.run(request, Some(body.len()), body),
            // "Content-Length: 0". Where ureq knows no length it announces chunks, which not every server reads.
            None if matches!(request.method, Method::Post | Method::Put) => self.run(request, Some(0), [].as_slice()),
            None => self.run(request, None, ()),
        }
    }

    fn run(
        &self,
        request: &Request,
        length: Option<usize>,
        body: impl ureq::AsSendBody,
    ) -> std::result::Result<RawResponse<ureq::Body>, ureq::Error> {
        let mut raw = ureq::http::Request::new(body);
        *raw.method_mut() = request.method.name().parse().map_err(ureq_http)?;
        *raw.uri_mut() = request.url.reveal().parse().map_err(ureq_http)?;
        *raw.headers_mut() = self.headers(request, length)?;
        self.agent.run(raw)
    }

    /// All headers but Host: those that ureq adds by itself cost it more.
    fn headers(&self, request: &Request, length: Option<usize>) -> std::result::Result<HeaderMap, ureq::Error> {
        let mut headers = HeaderMap::with_capacity(6);
        if let Some(login) = request.authorization {
            let mut login = HeaderValue::from_str(login.reveal()).map_err(ureq_http)?;
            login.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, login);
        }
        if let Some((_, content_type)) = request.body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        Ok(headers)
    }
}

/// Refuses what no request can carry, before any of it is sent.
fn check_length(request: &Request) -> Result<()> {
    let login = request.authorization.map_or(0, |login| login.reveal().len());
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
    fn exchange(&self, request: &Request, deadline: &Rc<Deadline>) -> Result<Answer> {
        check_length(request)?;
        deadline.begin_request(if request.once { FRESH } else { IDLE });
        deadline::with_deadline(deadline, || {
            let mut response = self.own.get().send(request).map_err(wire_error)?;
            let (status, headers) = (response.status().as_u16(), response.headers());
            check_encoding(headers).map_err(|error| error.with_http_status(status))?;
            let retry_after = single(headers, header::RETRY_AFTER).map(str::to_owned);
            let date = single(headers, header::DATE).and_then(http_date);
            let redirect = single(headers, header::LOCATION).map(origin_of);
            let until_close =
                response.body().content_length().is_none() && !headers.contains_key(header::TRANSFER_ENCODING);
            let body = read_body(&mut response, request.limit).map_err(|error| error.with_http_status(status))?;
            Ok(Answer { status, retry_after, date, redirect, until_close, body })
        })
    }

    fn probe(&self, base: &str, deadline: &Rc<Deadline>) -> Vec<Step> {
        #[cfg(feature = "test-fuzz")]
        if crate::wire::played::is_played() {
            return Vec::new();
        }
        let Ok(uri) = base.parse::<Uri>() else {
            return Vec::new();
        };
        deadline.begin_request(IDLE);
        let dialer = &self.own.get().dialer;
        deadline::with_deadline(deadline, || {
            probe::run(dialer.target(&uri), dialer.proxy(&uri), dialer.trust.as_deref(), deadline)
        })
    }
}

fn single(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn check_encoding(headers: &HeaderMap) -> Result<()> {
    let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(header::CONTENT_ENCODING).iter().all(plain) {
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
            // By four and up to a third of the limit, so that both together stay well below one and a half of it.
            let step = limit / 3;
            let room = if filled < step { step.min(filled * 4) } else { limit + 1 };
            let mut larger = Zeroizing::new(vec![0; room]);
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
        ureq::Error::LargeResponseHeader(..) => head_too_large(),
        _ => Error::new(Reason::ProtocolFraming, "the server's answer is not valid HTTP"),
    }
}

/// Hosts are looked up when they are connected to, through the proxy by the proxy: never by ureq.
#[derive(Debug)]
struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(
        &self,
        _: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> std::result::Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

fn to_ureq(error: Error) -> ureq::Error {
    ureq::Error::Other(Box::new(error))
}

/// Makes connections: whom to trust, and through which proxy.
#[derive(Debug)]
struct Dialer {
    trust: Option<Arc<Trust>>,
    loopback_only: bool,
    proxied: Option<Proxied>,
}

impl Dialer {
    fn target<'a>(&self, uri: &'a Uri) -> Target<'a> {
        let default_port = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        Target {
            host: uri.host().unwrap_or_default(),
            port: uri.port_u16().unwrap_or(default_port),
            loopback_only: self.loopback_only,
        }
    }

    fn proxy(&self, uri: &Uri) -> Option<&Proxy> {
        self.proxied.as_ref()?.proxy_for(uri)
    }
}

#[derive(Debug)]
struct DialConnector(Arc<Dialer>);

impl Connector for DialConnector {
    type Out = Link;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> std::result::Result<Option<Link>, ureq::Error> {
        let deadline = deadline::current_deadline().map_err(to_ureq)?;
        let uri = details.uri;
        let trust = match (details.needs_tls(), self.0.trust.as_deref()) {
            (true, None) => return Err(ureq::Error::TlsRequired),
            (true, trust) => trust,
            (false, _) => None,
        };
        let stream = Stream::connect(self.0.target(uri), self.0.proxy(uri), trust, &deadline).map_err(to_ureq)?;
        let (outbox, framing) = (Zeroizing::new(Vec::new()), Framing::default());
        Ok(Some(Link {
            stream,
            buffers: WipedBuffers::default(),
            outbox,
            framing,
            used_at: boot_clock(),
            used_for: Duration::ZERO,
        }))
    }
}

/// Room for what comes and goes. Nothing stays in it once it was used: a connection may idle for long.
#[derive(Default)]
struct WipedBuffers {
    input: Vec<u8>,
    /// What was read and not used yet.
    unused: std::ops::Range<usize>,
    /// Whether the last use took anything, so that what is left is worth another look.
    progress: bool,
    output: Vec<u8>,
}

impl WipedBuffers {
    fn allocate(&mut self) {
        self.input.resize(HEAD_LIMIT, 0);
        self.output.resize(OUTPUT_BUFFER, 0);
    }
}

impl Buffers for WipedBuffers {
    fn output(&mut self) -> &mut [u8] {
        self.allocate();
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.unused.clone()]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.allocate();
        if self.unused.end == self.input.len() && self.unused.start > 0 {
            let length = self.unused.len();
            self.input.copy_within(self.unused.clone(), 0);
            self.input[length..].fill(0);
            self.unused = 0..length;
        }
        &mut self.input[self.unused.end..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.unused.end += amount;
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        let used = self.unused.start..self.unused.start + amount;
        self.input[used].fill(0);
        self.unused.start += amount;
        if self.unused.is_empty() {
            self.unused = 0..0;
        }
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.allocate();
        (&mut self.input[self.unused.end..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        !self.unused.is_empty() && self.progress
    }
}

/// One connection to the server, as ureq uses it.
struct Link {
    stream: Stream,
    buffers: WipedBuffers,
    /// What is to be sent, held back until the answer is awaited, so that head and body leave together.
    outbox: Zeroizing<Vec<u8>>,
    /// How far the answer has come.
    framing: Framing,
    used_at: Duration,
    /// When the request began that it carried last.
    used_for: Duration,
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
        self.framing = Framing::default();
        // On a connection that was kept, nothing came before this.
        let deadline = deadline::current_deadline().map_err(io::Error::other)?;
        deadline.enter(Phase::Exchange);
        self.used_for = deadline.began();
        self.stream.write_all(&self.outbox)?;
        self.stream.flush()?;
        self.outbox = Zeroizing::new(Vec::new());
        Ok(())
    }
}

/// Errors of a connection as our own, so that ureq never takes a reset for the end of an answer.
fn io_to_ureq(error: io::Error) -> ureq::Error {
    to_ureq(io_error(&error))
}

impl Transport for Link {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> std::result::Result<(), ureq::Error> {
        let written = &mut self.buffers.output()[..amount];
        if self.outbox.is_empty() {
            // What follows is most often a short body, and finds room.
            self.outbox.reserve_exact(amount + SHORT_BODY);
        }
        self.outbox.extend_from_slice(written);
        written.fill(0);
        if self.outbox.len() >= OUTPUT_BUFFER {
            self.flush_outbox().map_err(io_to_ureq)?;
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> std::result::Result<bool, ureq::Error> {
        self.flush_outbox().map_err(io_to_ureq)?;
        let room = self.buffers.input_append_buf();
        if room.is_empty() {
            // ureq leaves unused what it cannot use before it is complete: a line without end.
            return Err(to_ureq(head_too_large()));
        }
        let amount = self.stream.read(room).map_err(io_to_ureq)?;
        self.framing.feed(&room[..amount]).map_err(to_ureq)?;
        self.buffers.input_appended(amount);
        self.used_at = boot_clock();
        Ok(amount > 0)
    }

    /// Whether the next request may use the connection. Asked twice: when a request has been answered, and before
    /// the next one, which is when it has to be looked at.
    fn is_open(&mut self) -> bool {
        let Ok(deadline) = deadline::current_deadline() else {
            return false;
        };
        let is_kept = self.used_for == deadline.began();
        is_kept || boot_clock().saturating_sub(self.used_at) <= deadline.max_idle() && self.stream.is_quiet()
    }

    fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }
}
