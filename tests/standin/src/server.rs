//! Listeners, connections, the log of requests.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::fault::{Action, Fault};
use crate::reply::{Listener, Reply, Request};
use crate::state::State;
use crate::{control, gateway};

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) state: Mutex<State>,
    pub(crate) log: Mutex<Vec<Request>>,
    pub(crate) faults: Mutex<Vec<Fault>>,
    pub(crate) connections: AtomicU64,
    tls: Option<TlsAcceptor>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(state: State) -> Shared {
        let tls = state.options.tls.as_ref().map(|tls| TlsAcceptor::from(tls.config()));
        let (log, faults) = (Mutex::default(), Mutex::default());
        Shared { state: Mutex::new(state), log, faults, connections: AtomicU64::new(0), tls }
    }

    fn fault_for(&self, request: &Request) -> Option<Action> {
        lock(&self.faults).iter_mut().find_map(|fault| fault.hits(request).then(|| fault.action.clone()))
    }

    /// Logs the request and answers it.
    fn answer(&self, request: &Request) -> Reply {
        gateway::answer(&mut lock(&self.state), request)
    }

    fn log(&self, request: &Request) -> usize {
        let mut log = lock(&self.log);
        log.push(request.clone());
        log.len() - 1
    }

    fn answered(&self, index: usize, status: u16) {
        if let Some(request) = lock(&self.log).get_mut(index) {
            request.status = status;
        }
    }
}

/// Binds a port on loopback; 0: any.
pub(crate) async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Serves a listener for ever.
pub(crate) async fn serve(listener: TcpListener, which: Listener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let _ = stream.set_nodelay(true);
        tokio::spawn(connection(stream, which, number, shared.clone()));
    }
}

/// Serves the control port for ever.
pub(crate) async fn serve_control(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let shared = shared.clone();
                async move {
                    let request = received(request, Listener::Gateway, 0).await;
                    Ok::<_, Infallible>(response(control::answer(&shared, &request)))
                }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn connection(stream: TcpStream, which: Listener, number: u64, shared: Arc<Shared>) {
    match shared.tls.clone() {
        None => exchange(stream, |stream| drop(stream.set_zero_linger()), which, number, shared).await,
        Some(tls) => {
            let Ok(stream) = tls.accept(stream).await else { return };
            let reset = |stream: &tokio_rustls::server::TlsStream<TcpStream>| {
                drop(stream.get_ref().0.set_zero_linger());
            };
            exchange(stream, reset, which, number, shared).await;
        }
    }
}

/// What to do with the bare connection after a request that gets no answer.
type Raw = Arc<Mutex<Option<Action>>>;

/// Ends a connection without an answer.
#[derive(Debug)]
struct NoAnswer;

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer, on request")
    }
}

impl std::error::Error for NoAnswer {}

async fn exchange<S>(stream: S, reset: impl Fn(&S), which: Listener, number: u64, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let raw: Raw = Raw::default();
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (shared, raw) = (shared.clone(), raw.clone());
        // Boxed, because the connection below has to be Unpin.
        Box::pin(async move {
            let request = received(request, which, number).await;
            handle(&shared, request, &raw).await.map(response)
        })
    });
    let mut connection =
        http1::Builder::new().timer(TokioTimer::new()).keep_alive(true).serve_connection(TokioIo::new(stream), service);
    let _ = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let mut stream = connection.into_parts().io.into_inner();
    let action = lock(&raw).take();
    match action {
        Some(Action::RawBytes(bytes)) => drop(stream.write_all(&bytes).await),
        Some(Action::Drip(bytes, pause)) => {
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                tokio::time::sleep(pause).await;
            }
        }
        Some(Action::Flood(bytes)) => while stream.write_all(&bytes).await.is_ok() {},
        Some(Action::ResetBeforeReply) => return reset(&stream),
        _ => {}
    }
    let _ = stream.shutdown().await;
}

async fn received(request: hyper::Request<Incoming>, listener: Listener, connection: u64) -> Request {
    let (parts, body) = request.into_parts();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Request {
        listener,
        connection,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default(),
        status: 0,
    }
}

/// Answers a request, or leaves to `raw` what is to happen instead.
async fn handle(shared: &Shared, request: Request, raw: &Raw) -> Result<Reply, NoAnswer> {
    let index = shared.log(&request);
    let instead = |action| {
        *lock(raw) = Some(action);
        Err(NoAnswer)
    };
    let reply = match shared.fault_for(&request) {
        None => shared.answer(&request),
        Some(Action::Reply { status, content_type, headers, body }) => Reply { status, content_type, headers, body },
        Some(Action::Delay(time)) => {
            tokio::time::sleep(time).await;
            shared.answer(&request)
        }
        Some(Action::Hang) => pending().await,
        Some(Action::CloseAfterProcessing) => {
            shared.answer(&request);
            return Err(NoAnswer);
        }
        Some(Action::Truncate(missing)) => {
            let reply = shared.answer(&request);
            let mut bytes =
                format!("HTTP/1.1 {} OK\r\nContent-Length: {}\r\n\r\n", reply.status, reply.body.len()).into_bytes();
            bytes.extend_from_slice(&reply.body[..reply.body.len().saturating_sub(missing)]);
            return instead(Action::RawBytes(bytes));
        }
        Some(other) => return instead(other),
    };
    shared.answered(index, reply.status);
    Ok(reply)
}

fn response(reply: Reply) -> hyper::Response<Full<Bytes>> {
    let mut builder = hyper::Response::builder().status(reply.status);
    if !reply.content_type.is_empty() {
        builder = builder.header("content-type", reply.content_type);
    }
    for (name, value) in &reply.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::new(Bytes::from(reply.body))).expect("headers of our own")
}
