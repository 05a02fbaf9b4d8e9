//! Listeners, connections, the log, and what faults do to the wire.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::HandshakeKind;
use tokio_rustls::server::TlsStream;

use crate::fault::{Action, Fault};
use crate::gateway;
use crate::reply::{Listener, Reply, Request};
use crate::state::State;

/// What all connections share.
pub(crate) struct Shared {
    pub state: Mutex<State>,
    pub faults: Mutex<Vec<Fault>>,
    pub log: Mutex<Log>,
    pub connections: AtomicUsize,
    pub resumptions: AtomicUsize,
}

/// Every request, each with a number by which its status is filled in later.
#[derive(Default)]
pub(crate) struct Log {
    pub entries: Vec<(u64, Request)>,
    next: u64,
}

impl Log {
    fn push(&mut self, request: Request) -> u64 {
        self.next += 1;
        self.entries.push((self.next, request));
        self.next
    }

    fn answered(&mut self, number: u64, status: u16) {
        if let Some((_, request)) = self.entries.iter_mut().rev().find(|(entry, _)| *entry == number) {
            request.status = status;
        }
    }
}

/// Locks, also after a panic elsewhere.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A port that is taken may be that of a connection, which got it from the system and gives it back soon.
const PATIENCE: Duration = Duration::from_secs(3);

/// A loopback port, not yet listening: connections to it are refused.
pub(crate) fn bind(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    let begun = Instant::now();
    loop {
        match socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            bound => return bound.map(|()| socket),
        }
    }
}

/// TLS for the first connection and for the later ones, which may differ in what they give to resume by.
#[derive(Clone)]
pub(crate) struct Acceptors {
    pub first: TlsAcceptor,
    pub later: TlsAcceptor,
}

impl Acceptors {
    fn of(&self, connection: u64) -> &TlsAcceptor {
        if connection == 1 { &self.first } else { &self.later }
    }
}

/// Accepts connections until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, role: Listener, shared: Arc<Shared>, tls: Option<Acceptors>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let number = shared.connections.fetch_add(1, Ordering::SeqCst) as u64 + 1;
        let (shared, tls) = (shared.clone(), tls.clone());
        tokio::spawn(async move {
            // Small answers shall not wait for acknowledgements; without this they only come later.
            let _ = stream.set_nodelay(true);
            let stream = match tls {
                None => Stream::Plain(stream),
                Some(tls) => match tls.of(number).accept(stream).await {
                    Ok(stream) => {
                        if stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed) {
                            shared.resumptions.fetch_add(1, Ordering::SeqCst);
                        }
                        Stream::Tls(Box::new(stream))
                    }
                    Err(_) => return,
                },
            };
            connection(stream, role, number, shared).await;
        });
    }
}

/// Serves one connection, until a fault takes the wire away from hyper.
async fn connection(stream: Stream, role: Listener, number: u64, shared: Arc<Shared>) {
    let (sender, mut wire) = unbounded_channel();
    let service = service_fn(move |request| {
        let (shared, sender) = (shared.clone(), sender.clone());
        async move { Ok::<_, Infallible>(answer(request, role, number, &shared, &sender).await) }
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let wire = tokio::select! {
        _ = &mut connection => return,
        Some(wire) = wire.recv() => wire,
    };
    let stream = connection.into_parts().io.into_inner();
    wire.carry_out(stream).await;
}

/// What to do to the wire instead of an HTTP answer.
enum Wire {
    Write(Vec<u8>),
    WriteAndHang(Vec<u8>),
    WriteAndReset(Vec<u8>),
    Drip(Vec<u8>, Vec<u8>, Duration),
    Flood(Vec<u8>, Vec<u8>),
}

impl Wire {
    async fn carry_out(self, mut stream: Stream) {
        // The peer may be gone already; then there is nothing left to do.
        let _ = match self {
            Wire::Write(bytes) => stream.write_all(&bytes).await,
            Wire::WriteAndHang(bytes) => write_and_hang(&mut stream, &bytes).await,
            Wire::WriteAndReset(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.flush().await;
                return stream.reset();
            }
            Wire::Drip(head, bytes, pause) => drip(&mut stream, &head, &bytes, pause).await,
            Wire::Flood(head, bytes) => flood(&mut stream, &head, &bytes).await,
        };
        let _ = stream.shutdown().await;
    }
}

/// Ends when the peer closes.
async fn write_and_hang(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await?;
    while stream.read(&mut [0; 256]).await? > 0 {}
    Ok(())
}

async fn drip(stream: &mut Stream, head: &[u8], bytes: &[u8], pause: Duration) -> io::Result<()> {
    stream.write_all(head).await?;
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        stream.flush().await?;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

async fn flood(stream: &mut Stream, head: &[u8], bytes: &[u8]) -> io::Result<()> {
    stream.write_all(head).await?;
    while !bytes.is_empty() {
        stream.write_all(bytes).await?;
    }
    Ok(())
}

type HttpResponse = Response<Full<Bytes>>;

/// Logs the request, finds its fault and answers.
async fn answer(
    request: hyper::Request<Incoming>,
    role: Listener,
    connection: u64,
    shared: &Shared,
    wire: &UnboundedSender<Wire>,
) -> HttpResponse {
    let Some(request) = read(request, role, connection).await else {
        return response(shared, Reply::empty(400));
    };
    // Before it is in the log: whoever sees it there may send the next one, which must not get the fault of this.
    let fault = lock(&shared.faults).iter_mut().find_map(|fault| fault.hits(&request).then(|| fault.action.clone()));
    let number = lock(&shared.log).push(request.clone());
    let outcome = match fault {
        None => Outcome::Reply(process(shared, &request)),
        Some(action) => faulty(action, shared, &request).await,
    };
    match outcome {
        Outcome::Reply(reply) => {
            if !reply.delay.is_zero() {
                tokio::time::sleep(reply.delay).await;
            }
            lock(&shared.log).answered(number, reply.status);
            response(shared, reply)
        }
        Outcome::Wire(command, status) => {
            lock(&shared.log).answered(number, status);
            // The connection's task takes the wire away; this never goes on.
            let _ = wire.send(command);
            std::future::pending().await
        }
        Outcome::Hang => std::future::pending().await,
    }
}

async fn read(request: hyper::Request<Incoming>, listener: Listener, connection: u64) -> Option<Request> {
    let (parts, body) = request.into_parts();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Some(Request {
        listener,
        connection,
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: body.collect().await.ok()?.to_bytes().to_vec(),
        status: 0,
    })
}

fn process(shared: &Shared, request: &Request) -> Reply {
    gateway::answer(&mut lock(&shared.state), request)
}

enum Outcome {
    Reply(Reply),
    /// With the status the client may get to see, or 0.
    Wire(Wire, u16),
    Hang,
}

async fn faulty(action: Action, shared: &Shared, request: &Request) -> Outcome {
    match action {
        Action::Reply { status, headers, body, content_type } => {
            Outcome::Reply(Reply { status, content_type, headers, body, delay: Duration::ZERO })
        }
        Action::Delay(time) => {
            tokio::time::sleep(time).await;
            Outcome::Reply(process(shared, request))
        }
        Action::CloseBeforeReply => Outcome::Wire(Wire::Write(Vec::new()), 0),
        Action::CloseAfterProcessing => {
            process(shared, request);
            Outcome::Wire(Wire::Write(Vec::new()), 0)
        }
        Action::CloseAfterReply => partial(shared, request, |length| length),
        Action::TruncateBody => partial(shared, request, |length| length / 2),
        Action::TruncateBodyAt(keep) => partial(shared, request, |length| keep.min(length)),
        Action::ResetBeforeReply => Outcome::Wire(Wire::WriteAndReset(Vec::new()), 0),
        Action::RawBytesAndReset(bytes) => Outcome::Wire(Wire::WriteAndReset(bytes), 0),
        Action::RawBytes(bytes) => Outcome::Wire(Wire::Write(bytes), 0),
        Action::RawBytesAndHang(bytes) => Outcome::Wire(Wire::WriteAndHang(bytes), 0),
        Action::Drip(bytes, pause) => Outcome::Wire(Wire::Drip(Vec::new(), bytes, pause), 0),
        Action::DripAfter(head, bytes, pause) => Outcome::Wire(Wire::Drip(head, bytes, pause), 0),
        Action::Flood(head, bytes) => Outcome::Wire(Wire::Flood(head, bytes), 0),
        Action::Hang => Outcome::Hang,
    }
}

/// The good answer, cut, written by hand.
fn partial(shared: &Shared, request: &Request, keep: impl Fn(usize) -> usize) -> Outcome {
    let reply = process(shared, request);
    let reason = StatusCode::from_u16(reply.status).ok().and_then(|status| status.canonical_reason()).unwrap_or("");
    let mut bytes = format!("HTTP/1.1 {} {reason}\r\nContent-Length: {}\r\n", reply.status, reply.body.len());
    if let Some(kind) = &reply.content_type {
        bytes.push_str(&format!("Content-Type: {kind}\r\n"));
    }
    bytes.push_str("\r\n");
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(&reply.body[..keep(reply.body.len())]);
    Outcome::Wire(Wire::Write(bytes), reply.status)
}

/// The answer as hyper sends it. A header that HTTP does not allow is left out.
fn response(shared: &Shared, reply: Reply) -> HttpResponse {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(kind) = reply.content_type.and_then(|kind| HeaderValue::from_str(&kind).ok()) {
        headers.insert(CONTENT_TYPE, kind);
    }
    // The server's clock, which tests move.
    if let Ok(date) = HeaderValue::from_str(&http_date(lock(&shared.state).now())) {
        headers.insert(DATE, date);
    }
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            if name == DATE {
                headers.insert(name, value);
            } else {
                headers.append(name, value);
            }
        }
    }
    response
}

fn http_date(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A connection, with or without TLS.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Closes so that the peer sees a reset.
    fn reset(self) {
        let tcp = match self {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.into_inner().0,
        };
        // Without it the peer sees an ordinary end, which is a fault as well.
        let _ = tcp.set_zero_linger();
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
