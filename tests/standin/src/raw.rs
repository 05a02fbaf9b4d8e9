//! A listener that speaks by hand, for what no HTTP or TLS library would send, and the bytes for that.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::server::lock;

/// What becomes of every connection.
#[derive(Clone, Debug)]
pub enum RawAction {
    /// Reset as soon as it is accepted.
    Reset,
    /// Accepted, and never answered.
    Silence,
    /// These bytes at once, whatever the client says; then it stays open.
    Greet(Vec<u8>),
    /// These bytes in answer to the client's first; then closed.
    Answer(Vec<u8>),
    /// The first bytes in answer to the client's first, then the second again and again with a pause
    /// before each, until the client closes.
    Endless(Vec<u8>, Vec<u8>, Duration),
    /// Passed on to a TLS server on another port of loopback, with one bit of what that one answers changed.
    Tamper {
        /// The server's port.
        port: u16,
        /// The record that is changed follows on the first of this type; 0: it is the very first one.
        after_type: u8,
    },
}

/// A running raw listener. Ends when dropped.
pub struct RawServer {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    ended: AtomicBool,
    connections: AtomicUsize,
    received: Mutex<Vec<u8>>,
    open: Mutex<Vec<TcpStream>>,
}

impl RawServer {
    /// Starts one on any port of loopback.
    ///
    /// # Errors
    /// If there is no port.
    pub fn start(action: RawAction) -> io::Result<RawServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared::default());
        thread::spawn({
            let shared = shared.clone();
            move || accept(&listener, &action, &shared)
        });
        Ok(RawServer { port, shared })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections it accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// What came in so far, on all connections together.
    #[must_use]
    pub fn received(&self) -> Vec<u8> {
        lock(&self.shared.received).clone()
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        for stream in lock(&self.shared.open).drain(..) {
            // One that is closed already is as it shall be.
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn accept(listener: &TcpListener, action: &RawAction, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(stream), action, shared) = (stream, action.clone(), shared.clone()) else { continue };
        shared.connections.fetch_add(1, Ordering::SeqCst);
        if let (Ok(handle), false) = (stream.try_clone(), matches!(action, RawAction::Reset)) {
            lock(&shared.open).push(handle);
        }
        thread::spawn(move || {
            // The peer may be gone already; then there is nothing left to do.
            let _ = carry_out(action, stream, &shared);
        });
    }
}

fn carry_out(action: RawAction, mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match action {
        RawAction::Reset => return reset(&stream),
        RawAction::Silence => {}
        RawAction::Greet(bytes) => stream.write_all(&bytes)?,
        RawAction::Answer(bytes) => {
            hear(&mut stream, shared)?;
            stream.write_all(&bytes)?;
            return stream.shutdown(Shutdown::Write);
        }
        RawAction::Endless(first, again, pause) => {
            hear(&mut stream, shared)?;
            stream.write_all(&first)?;
            loop {
                thread::sleep(pause);
                stream.write_all(&again)?;
            }
        }
        RawAction::Tamper { port, after_type } => return tamper(stream, port, after_type, shared),
    }
    while hear(&mut stream, shared)? > 0 {}
    Ok(())
}

/// Closing with unread input or with this setting makes a reset of it; only this is sure.
fn reset(stream: &TcpStream) -> io::Result<()> {
    let stream = socket2::SockRef::from(stream);
    stream.set_linger(Some(Duration::ZERO))
}

fn hear(stream: &mut TcpStream, shared: &Shared) -> io::Result<usize> {
    let mut bytes = [0; 4096];
    let count = stream.read(&mut bytes)?;
    lock(&shared.received).extend_from_slice(&bytes[..count]);
    Ok(count)
}

fn tamper(mut client: TcpStream, port: u16, after_type: u8, shared: &Shared) -> io::Result<()> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    let backwards = thread::spawn(move || pass_records(&mut from_server, &mut to_client, after_type));
    let mut bytes = [0; 4096];
    loop {
        let count = client.read(&mut bytes)?;
        if count == 0 {
            break;
        }
        lock(&shared.received).extend_from_slice(&bytes[..count]);
        server.write_all(&bytes[..count])?;
    }
    server.shutdown(Shutdown::Both)?;
    backwards.join().unwrap_or(Ok(()))
}

fn pass_records(from: &mut TcpStream, to: &mut TcpStream, after_type: u8) -> io::Result<()> {
    let (mut due, mut done) = (after_type == 0, false);
    loop {
        let mut head = [0; 5];
        from.read_exact(&mut head)?;
        let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        from.read_exact(&mut body)?;
        if due && !done {
            // Of a server's hello this is one of its random bytes.
            if let Some(byte) = body.get_mut(20) {
                *byte ^= 1;
            }
            done = true;
        }
        due |= head[0] == after_type;
        to.write_all(&head)?;
        to.write_all(&body)?;
    }
}

/// TLS records made by hand.
pub mod handmade {
    /// A record of a type, with the version that it claims.
    #[must_use]
    pub fn record(kind: u8, version: u16, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).expect("at most 64 KiB").to_be_bytes();
        [&[kind], version.to_be_bytes().as_slice(), &length, body].concat()
    }

    /// A fatal alert, such as 70 for "protocol version" or 40 for "handshake failure".
    #[must_use]
    pub fn alert(version: u16, description: u8) -> Vec<u8> {
        record(21, version, &[2, description])
    }

    /// The answer to a client's hello: a version (0x0303 is TLS 1.2), a cipher suite, and how the
    /// server's random bytes end.
    #[must_use]
    pub fn server_hello(version: u16, cipher: u16, random_end: &[u8]) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend(std::iter::repeat_n(7, 32 - random_end.len()));
        body.extend(random_end);
        body.push(0); // no session
        body.extend(cipher.to_be_bytes());
        body.push(0); // no compression
        record(22, version, &handshake(2, &body, body.len()))
    }

    /// A handshake message of a kind, that claims to have some length.
    #[must_use]
    pub fn handshake(kind: u8, body: &[u8], length: usize) -> Vec<u8> {
        let length = u32::try_from(length).expect("a length").to_be_bytes();
        [&[kind], &length[1..], body].concat()
    }
}
