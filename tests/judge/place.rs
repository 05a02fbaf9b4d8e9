//! The server that cases are played at, and the proxy before it. Both count who connects.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, Stream};

use crate::tunnel;

const PATIENCE: Duration = Duration::from_secs(5);
/// An answer that nobody reads in two ways.
pub const PLAIN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

/// What the server shows and says, until it is told something else.
#[derive(Clone)]
pub struct Role {
    /// With TLS, by this certificate.
    pub shown: Option<Arc<CertifiedKey>>,
    pub answer: Vec<u8>,
}

pub struct Place {
    pub server_port: u16,
    pub proxy_port: u16,
    role: Arc<Mutex<Role>>,
    asked: Arc<[AtomicUsize; 2]>,
}

/// Who was connected to.
#[derive(Clone, Copy)]
enum Asked {
    Server,
    Proxy,
}

#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// Has each connection served by a thread.
fn listen(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let serve = serve.clone();
            let _ = client.set_read_timeout(Some(PATIENCE));
            std::thread::spawn(move || serve(client));
        }
    });
    port
}

impl Place {
    pub fn start() -> Place {
        let role = Arc::new(Mutex::new(Role { shown: None, answer: PLAIN.to_vec() }));
        let asked: Arc<[AtomicUsize; 2]> = Arc::default();
        let (its_role, its_asked) = (role.clone(), asked.clone());
        let server_port = listen(move |client| {
            its_asked[Asked::Server as usize].fetch_add(1, Ordering::SeqCst);
            let role = its_role.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let _ = serve(client, &role);
        });
        let its_asked = asked.clone();
        let proxy_port = listen(move |client| {
            its_asked[Asked::Proxy as usize].fetch_add(1, Ordering::SeqCst);
            pass_on(client, server_port);
        });
        Place { server_port, proxy_port, role, asked }
    }

    pub fn play(&self, role: Role) {
        *self.role.lock().unwrap_or_else(PoisonError::into_inner) = role;
    }

    /// Forgets who connected.
    pub fn forget(&self) {
        self.asked.iter().for_each(|count| count.store(0, Ordering::SeqCst));
    }

    /// Whether the server and the proxy were connected to; a proxy connects to the server for others.
    pub fn asked(&self) -> (bool, bool) {
        let was = |who: Asked| self.asked[who as usize].load(Ordering::SeqCst) > 0;
        (was(Asked::Server), was(Asked::Proxy))
    }
}

fn serve(mut client: TcpStream, role: &Role) -> std::io::Result<()> {
    match &role.shown {
        Some(shown) => {
            let mut session = ServerConnection::new(config(shown.clone())).map_err(std::io::Error::other)?;
            let mut stream = Stream::new(&mut session, &mut client);
            answer(&mut stream, &role.answer)?;
            session.send_close_notify();
            session.write_tls(&mut client)?;
        }
        None => answer(&mut client, &role.answer)?,
    }
    // A socket that is closed before all is read takes the answer back.
    client.shutdown(Shutdown::Write)?;
    client.set_read_timeout(Some(Duration::from_secs(1)))?;
    std::io::copy(&mut client, &mut std::io::sink()).map(drop)
}

fn answer(stream: &mut (impl Read + Write), answer: &[u8]) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            count => head.extend_from_slice(&piece[..count]),
        }
    }
    stream.write_all(answer)?;
    stream.flush()
}

fn config(shown: Arc<CertifiedKey>) -> Arc<ServerConfig> {
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("versions of TLS");
    let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(Shows(shown)));
    // Every client is to verify.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Arc::new(config)
}

/// A tunnel to the server for CONNECT, whatever it names; to anything else an answer of its own.
fn pass_on(mut client: TcpStream, server_port: u16) {
    // Another kind of proxy was meant, and its client would wait for an answer.
    if !starts_with_letter(&client) {
        return;
    }
    let Some(head) = tunnel::read_head(&mut client, |_| ()) else { return };
    if !head.starts_with("CONNECT ") {
        let _ = client.write_all(PLAIN);
        return;
    }
    if client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").is_ok() {
        tunnel::join(client, &format!("CONNECT 127.0.0.1:{server_port} HTTP/1.1"));
    }
}

fn starts_with_letter(client: &TcpStream) -> bool {
    let mut first = [0];
    client.peek(&mut first).is_ok_and(|count| count == 1) && first[0].is_ascii_alphabetic()
}
