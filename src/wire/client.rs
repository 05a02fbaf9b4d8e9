//! One HTTP exchange: the only file that knows the HTTP crate.
//!
//! ureq speaks HTTP/1.1 and keeps the idle connection; sockets, name look-up, TLS, the proxy, time and all that may hold
//! a credential are ours, through its connector and resolver interfaces, which are outside its semantic versioning.

use std::fmt;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ureq::SendBody;
use ureq::config::AutoHeaderValue;
use ureq::http::header::{self, HeaderMap, HeaderValue, InvalidHeaderValue};
use ureq::http::{Method, Response as RawResponse, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use crate::error::{Error, Reason, Result};
use crate::hidden::Wiped;
use crate::platform::clock::boot_clock;
use crate::platform::per_process::PerProcess;
use crate::wire::deadline::{self, Deadline, Phase};
use crate::wire::head::{Ending, HEAD_LIMIT, head_too_large};
use crate::wire::http::{Answer, Http, JSON, Request};
use crate::wire::idle_limit::{self, IdleLimit};
use crate::wire::probe::{self, Step};
use crate::wire::proxy::{Proxied, ProxySetting};
use crate::wire::socket::{Target, io_error};
use crate::wire::stream::Stream;
use crate::wire::tls::{Trust, accept_any};
use crate::wire::unseen::{self, LARGE_ROOM, PATH, USUAL_ROOM, Unseen, split_url};

/// Longest URL, and longest value of the Authorization header. A token may be 8 KiB long, and so may a path.
const LINE_LIMIT: usize = 9 * 1024;
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
    idle_limit: Arc<IdleLimit>,
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
            .user_agent(AutoHeaderValue::None)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .proxy(None)
            .input_buffer_size(HEAD_LIMIT)
            .max_response_header_size(HEAD_LIMIT)
            .max_idle_connections(idle_limit::MOST)
            .max_idle_connections_per_host(idle_limit::MOST)
            .max_idle_age(IDLE)
            .build();
        let proxied = proxy.map(|setting| Proxied::new(setting, user_agent));
        let dialer = Arc::new(Dialer { trust, loopback_only, proxied });
        let user_agent = HeaderValue::from_str(user_agent).map_err(|error| wire_error(ureq_http(error)))?;
        Ok(Wire { own: PerProcess::new(Exchanger::new(config, user_agent, dialer), Exchanger::without_connections) })
    }
}

impl Exchanger {
    fn new(config: ureq::config::Config, user_agent: HeaderValue, dialer: Arc<Dialer>) -> Exchanger {
        let idle_limit = Arc::<IdleLimit>::default();
        let connector = DialConnector { dialer: dialer.clone(), idle_limit: idle_limit.clone() };
        let agent = ureq::Agent::with_parts(config.clone(), connector, NoResolver);
        Exchanger { agent, user_agent, config, dialer, idle_limit }
    }

    /// The same without any connection.
    fn without_connections(&self) -> Exchanger {
        Exchanger::new(self.config.clone(), self.user_agent.clone(), self.dialer.clone())
    }

    fn send(&self, request: &Request) -> std::result::Result<RawResponse<ureq::Body>, ureq::Error> {
        let length = match request.body {
            Some((body, _)) => Some(body.len() as u64),
            // "Content-Length: 0". Where ureq knows no length it announces chunks, which not every server reads.
            None if request.method.tells_length() => Some(0),
            None => None,
        };
        match length {
            Some(bytes) => self.run(request, length, SendBody::from_reader(&mut io::repeat(b'*').take(bytes))),
            None => self.run(request, None, SendBody::none()),
        }
    }

    fn run(
        &self,
        request: &Request,
        length: Option<u64>,
        body: SendBody,
    ) -> std::result::Result<RawResponse<ureq::Body>, ureq::Error> {
        let mut raw = ureq::http::Request::new(body);
        // It stands for the method that is sent, about which ureq has opinions.
        *raw.method_mut() = if length.is_some() { Method::POST } else { Method::GET };
        let host = split_url(request.url.reveal()).map_or("", |(host, _)| host);
        *raw.uri_mut() = Uri::try_from([host, PATH].concat()).map_err(ureq_http)?;
        *raw.headers_mut() = self.headers(request, length).map_err(ureq_http)?;
        self.agent.run(raw)
    }

    /// All headers but Host, the login and those of the caller: those that ureq adds by itself cost it more.
    fn headers(&self, request: &Request, length: Option<u64>) -> std::result::Result<HeaderMap, InvalidHeaderValue> {
        let mut headers = HeaderMap::with_capacity(5);
        if let Some((_, content_type)) = request.body.filter(|(_, content_type)| !content_type.is_empty()) {
            let value = match content_type {
                // Of nearly all requests; it needs no memory.
                JSON => HeaderValue::from_static(JSON),
                other => HeaderValue::from_bytes(other.as_bytes())?,
            };
            headers.insert(header::CONTENT_TYPE, value);
        }
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        let (any, identity) = (HeaderValue::from_static("*/*"), HeaderValue::from_static("identity"));
        let own =
            [(header::ACCEPT, any), (header::ACCEPT_ENCODING, identity), (header::USER_AGENT, self.user_agent.clone())];
        for (name, value) in own {
            if !request.fields.iter().any(|(given, _)| given.eq_ignore_ascii_case(name.as_str())) {
                headers.insert(name, value);
            }
        }
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

/// Some servers close or reset a connection that begins without TLS, and say nothing.
fn with_scheme_in_hint(error: Error, request: &Request) -> Error {
    // What has answered with a status speaks as it was spoken to.
    let is_lost = matches!(error.reason(), Reason::ConnectClosed | Reason::ConnectReset) && error.http_status() == 0;
    if !is_lost || !request.url.reveal().starts_with("http://") {
        return error;
    }
    error.with_hint(
        "Try again; if it keeps happening, find out whether the port speaks TLS (https://), and check the logs of the \
         server and of any proxy or load balancer in front of it.",
    )
}

fn ureq_http(error: impl Into<ureq::http::Error>) -> ureq::Error {
    ureq::Error::from(error.into())
}

impl Http for Wire {
    fn exchange(&self, request: &Request, deadline: &Rc<Deadline>) -> Result<Answer> {
        check_length(request)?;
        deadline.begin_request(if request.once { FRESH } else { IDLE });
        let own = self.own.get();
        let unseen = Unseen::new(request, own.user_agent.len())?;
        let _running = own.idle_limit.begin(deadline.began());
        let (sent, answer) =
            deadline::with_deadline(deadline, || unseen::with_unseen(unseen, || own.send(request).map_err(wire_error)));
        sent.map_err(|error| with_scheme_in_hint(error, request))?;
        let (head, body) = answer.ok_or_else(|| wire_error(ureq::Error::ConnectionFailed))?;
        Ok(Answer {
            status: head.status,
            retry_after: head.retry_after,
            date: head.date,
            redirect: head.location.map(|target| origin_of(&target, request.url.reveal())),
            challenge: head.challenge,
            until_close: head.ending == Ending::UntilClose,
            fields: head.fields,
            body,
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
        // TLS where the connection itself has none: to see whether the server would speak it.
        let any = if dialer.trust.is_none() && uri.scheme_str() == Some("https") { accept_any().ok() } else { None };
        let trust = dialer.trust.as_deref().or(any.as_ref());
        let target = dialer.target(&uri);
        deadline::with_deadline(deadline, || probe::run(target, dialer.proxy(target), trust, deadline))
    }
}

/// Scheme, host and port of a redirect's target; its user, path and query may hold anything.
fn origin_of(target: &str, asked: &str) -> String {
    // "//host/path" keeps the scheme.
    let scheme = asked.split_inclusive(':').next().filter(|_| target.starts_with("//")).unwrap_or_default();
    match [scheme, target].concat().parse::<Uri>() {
        Ok(uri) => match (uri.scheme_str().map(str::to_ascii_lowercase), uri.host(), uri.port_u16()) {
            (Some(scheme), Some(host), Some(port)) => format!("{scheme}://{host}:{port}"),
            // The port of a server's address that names none is another one.
            (Some(scheme), Some(host), None) if scheme == "https" => format!("https://{host}:443"),
            (Some(scheme), Some(host), None) if scheme == "http" => format!("http://{host}:80"),
            (Some(scheme), Some(host), None) => format!("{scheme}://{host}"),
            _ => "another path of the same server".into(),
        },
        Err(_) => "an address that cannot be read".into(),
    }
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

    fn proxy(&self, target: Target) -> Option<&Proxied> {
        self.proxied.as_ref().filter(|proxied| proxied.is_for(target))
    }
}

#[derive(Debug)]
struct DialConnector {
    dialer: Arc<Dialer>,
    idle_limit: Arc<IdleLimit>,
}

impl Connector for DialConnector {
    type Out = Link;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> std::result::Result<Option<Link>, ureq::Error> {
        let deadline = deadline::current_deadline().map_err(to_ureq)?;
        let uri = details.uri;
        let trust = match (details.needs_tls(), self.dialer.trust.as_deref()) {
            (true, None) => return Err(ureq::Error::TlsRequired),
            (true, trust) => trust,
            (false, _) => None,
        };
        let target = self.dialer.target(uri);
        let stream = Stream::connect(target, self.dialer.proxy(target), trust, &deadline).map_err(to_ureq)?;
        self.idle_limit.opened();
        Ok(Some(Link {
            idle_limit: self.idle_limit.clone(),
            stream,
            buffers: LinkBuffers::default(),
            outbox: Wiped::default(),
            used_at: boot_clock(),
            used_for: Duration::ZERO,
        }))
    }
}

/// Room for what comes and goes, while it does. No credential stays in it once it was used: a connection may idle for long.
#[derive(Default)]
struct LinkBuffers {
    /// What ureq sees in place of what comes from the server, and how much of it was used.
    seen: Vec<u8>,
    used: usize,
    output: Vec<u8>,
}

impl LinkBuffers {
    fn allocate(&mut self) {
        if self.output.is_empty() {
            self.output = vec![0; unseen::current(|unseen| unseen.room()).unwrap_or(USUAL_ROOM)];
        }
    }
}

impl Buffers for LinkBuffers {
    fn output(&mut self) -> &mut [u8] {
        self.allocate();
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.seen[self.used..]
    }

    /// ureq reads nothing by itself.
    fn input_append_buf(&mut self) -> &mut [u8] {
        &mut []
    }

    fn input_appended(&mut self, _: usize) {}

    fn input_consume(&mut self, amount: usize) {
        self.used += amount;
    }

    /// The first is for contents of unknown length, of which there are none.
    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.allocate();
        (&mut [], &mut self.output)
    }

    /// What it sees is complete, and is used at once.
    fn can_use_input(&self) -> bool {
        false
    }
}

/// One connection to the server, as ureq uses it.
struct Link {
    idle_limit: Arc<IdleLimit>,
    stream: Stream,
    buffers: LinkBuffers,
    /// What is to be sent, held back until the answer is awaited, so that head and body leave together.
    outbox: Wiped<Vec<u8>>,
    used_at: Duration,
    /// When the request began that it carried last.
    used_for: Duration,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_tls() { "Link(TLS)" } else { "Link(plain)" })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.idle_limit.closed();
    }
}

impl Link {
    fn flush_outbox(&mut self) -> io::Result<()> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        // On a connection that was kept, nothing came before this.
        let deadline = deadline::current_deadline().map_err(io::Error::other)?;
        deadline.enter(Phase::Exchange);
        self.used_for = deadline.began();
        self.stream.write_all(&self.outbox)?;
        self.stream.flush()?;
        self.outbox = Wiped::new(Vec::new());
        Ok(())
    }

    /// Receives the whole answer.
    fn receive(&mut self) -> Result<()> {
        let mut incoming = unseen::current(|unseen| unseen.incoming())?;
        // Most answers come at once, and need no more. What was taken from either is wiped at once.
        let (mut usual, mut large) = ([0; USUAL_ROOM], Vec::new());
        loop {
            if let Some(received) = incoming.receive_body(|room| self.stream.read(room)) {
                self.used_at = boot_clock();
                if received? {
                    break;
                }
                continue;
            }
            let room = if large.is_empty() { &mut usual[..] } else { &mut large };
            let amount = self.stream.read(room).map_err(|error| incoming.about(io_error(&error)))?;
            self.used_at = boot_clock();
            if incoming.take(&mut room[..amount])? {
                break;
            }
            if large.is_empty() && amount == USUAL_ROOM {
                large = vec![0; LARGE_ROOM];
            }
        }
        // A connection that idles needs no room.
        self.buffers.output = Vec::new();
        (self.buffers.seen, self.buffers.used) = (unseen::current(|unseen| unseen.keep(incoming))??, 0);
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
        let written = &self.buffers.output()[..amount];
        unseen::current(|unseen| unseen.replace(written, &mut self.outbox)).map_err(to_ureq)
    }

    fn await_input(&mut self, _: NextTimeout) -> std::result::Result<bool, ureq::Error> {
        self.flush_outbox().map_err(io_to_ureq)?;
        self.receive().map_err(to_ureq)?;
        Ok(true)
    }

    /// Whether the next request may use the connection. Asked twice: when a request has been answered, and before
    /// the next one, which is when it has to be looked at.
    fn is_open(&mut self) -> bool {
        let Ok(deadline) = deadline::current_deadline() else {
            return false;
        };
        if self.used_for == deadline.began() {
            return self.idle_limit.keeps();
        }
        boot_clock().saturating_sub(self.used_at) <= deadline.max_idle() && self.stream.is_quiet()
    }

    fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }
}
