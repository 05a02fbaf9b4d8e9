//! From a server's address to a stream that a request may be written to: through a proxy if there is
//! one, and with TLS agreed on before anything else is sent.

use std::io::{self, Read, Write};

use crate::error::Result;
use crate::wire::deadline::{Deadline, Phase};
use crate::wire::lookup::look_up;
use crate::wire::proxy::{Proxied, through};
use crate::wire::socket::{self, Socket, Target, allowed};
use crate::wire::tls::Trust;
use crate::wire::tls_stream::TlsStream;

/// A stream to the server, with or without TLS.
pub enum Stream {
    /// Without.
    Plain(Socket),
    /// With, agreed on and verified.
    Tls(Box<TlsStream>),
    /// To a server in memory.
    #[cfg(feature = "test-fuzz")]
    Played(crate::wire::played::Played),
}

impl Stream {
    /// Connects; with TLS if there is somebody to trust.
    pub fn connect(
        target: Target,
        proxy: Option<&Proxied>,
        trust: Option<&Trust>,
        deadline: &Deadline,
    ) -> Result<Stream> {
        #[cfg(feature = "test-fuzz")]
        if let Some(played) = crate::wire::played::dial() {
            return played.map(Stream::Played);
        }
        let socket = connect(target, proxy, deadline)?;
        match trust {
            None => Ok(Stream::Plain(socket)),
            Some(trust) => {
                deadline.enter(Phase::Tls);
                Ok(Stream::Tls(Box::new(TlsStream::connect(trust, target, socket)?)))
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
pub fn connect(target: Target, proxy: Option<&Proxied>, deadline: &Deadline) -> Result<Socket> {
    match proxy {
        None => socket::connect(&allowed(look_up(target.host, target.port, deadline)?, target.host, target)?, deadline),
        Some(proxy) => through(proxy, target, deadline),
    }
}
