//! TLS on a socket, with buffers of our own: what has been read is wiped at once, and between calls no
//! record stays in memory.

use std::io::{self, Read, Write};

use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};
use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};
use crate::wire::socket::{Socket, Target, io_error};
use crate::wire::tls::{self, PeerCertificate, Trust};

/// Room for records to begin with; grown for larger ones.
const INCOMING: usize = 4 * 1024;
/// No handshake message that a server means is longer.
const MAX_INCOMING: usize = 96 * 1024;
/// More than this is encrypted in several records.
const PLAIN_LIMIT: usize = 16 * 1024;
/// What a record has besides its content, at most.
const OVERHEAD: usize = 256;

/// A stream to a server that has proved who it is.
pub struct TlsStream {
    connection: UnbufferedClientConnection,
    socket: Socket,
    /// Records that came in, as far as they are not processed yet.
    incoming: Zeroizing<Vec<u8>>,
    filled: usize,
    /// Records to be sent.
    outgoing: Vec<u8>,
    /// What they said, as far as it was not read yet.
    plain: Zeroizing<Vec<u8>>,
    read: usize,
}

/// No more bytes of session tickets and the like are read from an idle connection before it is given up.
const MAX_UNASKED: usize = 32 * 1024;

/// What TLS needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Something was done; there may be more to do.
    Again,
    /// The content that was given is encrypted and sent.
    Written(usize),
    /// Records from the server.
    Input,
    /// The server has ended the conversation.
    End,
}

impl TlsStream {
    /// Agrees on TLS with the server, and verifies it, before anything else is sent.
    pub fn connect(trust: &Trust, target: Target, socket: Socket) -> Result<TlsStream> {
        let host = target.host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::new(Reason::TlsWrongHost, "the host name cannot stand in a certificate"))?;
        let client = trust.client(&format!("{host}:{}", target.port));
        let connection = UnbufferedClientConnection::new(client, name).map_err(|error| tls_error(&error))?;
        let (incoming, plain) = (Zeroizing::new(vec![0; INCOMING]), Zeroizing::default());
        let mut stream = TlsStream { connection, socket, incoming, filled: 0, outgoing: Vec::new(), plain, read: 0 };
        stream.handshake().map_err(|error| handshake_error(&error))?;
        Ok(stream)
    }

    /// What the server showed of itself.
    pub fn peer(&self) -> Option<PeerCertificate> {
        PeerCertificate::new(self.connection.peer_certificates()?)
    }

    /// The version of TLS that was agreed on.
    pub fn version(&self) -> &'static str {
        match self.connection.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => "1.2",
            _ => "1.3",
        }
    }

    fn handshake(&mut self) -> io::Result<()> {
        loop {
            match self.step(&[])? {
                Next::Input if !self.connection.is_handshaking() => return Ok(()),
                Next::Input => self.fill()?,
                Next::End => return Err(io::ErrorKind::UnexpectedEof.into()),
                Next::Again | Next::Written(_) => {}
            }
        }
    }

    /// Lets TLS do its next step; `content` is sent if it is TLS's turn to send.
    fn step(&mut self, content: &[u8]) -> io::Result<Next> {
        let UnbufferedStatus { mut discard, state, .. } =
            self.connection.process_tls_records(&mut self.incoming[..self.filled]);
        let next = match state {
            Err(error) => return Err(io::Error::other(tls_error(&error))),
            Ok(ConnectionState::ReadTraffic(mut records)) => {
                while let Some(record) = records.next_record() {
                    let record = record.map_err(|error| io::Error::other(tls_error(&error)))?;
                    discard += record.discard;
                    append(&mut self.plain, record.payload);
                }
                Next::Again
            }
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                encode(&mut self.outgoing, |room| data.encode(room).map_err(EncodeFailure::from))?;
                Next::Again
            }
            Ok(ConnectionState::TransmitTlsData(data)) => {
                send(&mut self.socket, &mut self.outgoing)?;
                data.done();
                Next::Again
            }
            Ok(ConnectionState::WriteTraffic(mut traffic)) if !content.is_empty() => {
                let piece = &content[..content.len().min(PLAIN_LIMIT)];
                encode(&mut self.outgoing, |room| traffic.encrypt(piece, room).map_err(EncodeFailure::from))?;
                send(&mut self.socket, &mut self.outgoing)?;
                Next::Written(piece.len())
            }
            Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => Next::End,
            Ok(_) => Next::Input,
        };
        self.discard(discard);
        Ok(next)
    }

    /// Forgets records that are processed.
    fn discard(&mut self, count: usize) {
        self.incoming.copy_within(count..self.filled, 0);
        self.incoming[self.filled - count..self.filled].fill(0);
        self.filled -= count;
    }

    /// Room for records that are still to come.
    fn room(&mut self) -> io::Result<&mut [u8]> {
        if self.filled == self.incoming.len() {
            if self.incoming.len() >= MAX_INCOMING {
                let message = "the server's TLS messages are longer than any server's";
                return Err(io::Error::other(Error::new(Reason::TlsProtocol, message)));
            }
            let mut larger = Zeroizing::new(vec![0; (self.filled * 2).min(MAX_INCOMING)]);
            larger[..self.filled].copy_from_slice(&self.incoming);
            self.incoming = larger;
        }
        Ok(&mut self.incoming[self.filled..])
    }

    /// Waits for records.
    fn fill(&mut self) -> io::Result<()> {
        self.room()?;
        match self.socket.read(&mut self.incoming[self.filled..])? {
            // Only TLS itself may say that this is the end; the network could be made to say so by anybody.
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.filled += count;
                Ok(())
            }
        }
    }

    /// Whether the connection is as quiet as it was left. What TLS itself has to say (a session ticket)
    /// is read and allowed; content that nobody asked for is not.
    pub fn is_quiet(&mut self) -> bool {
        // A server that never stops is as little use as one that is gone.
        let mut left = MAX_UNASKED;
        while self.plain.is_empty() && left > 0 {
            match self.step(&[]) {
                Ok(Next::Again) => continue,
                Ok(Next::Input) => {}
                _ => return false,
            }
            if self.room().is_err() {
                return false;
            }
            match self.socket.read_now(&mut self.incoming[self.filled..]) {
                Ok(0) => return false,
                Ok(count) => {
                    self.filled += count;
                    left = left.saturating_sub(count);
                }
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        false
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.plain.is_empty() {
            match self.step(&[])? {
                Next::Input => self.fill()?,
                Next::End => return Ok(0),
                Next::Again | Next::Written(_) => {}
            }
        }
        let count = buffer.len().min(self.plain.len() - self.read);
        let taken = self.read..self.read + count;
        buffer[..count].copy_from_slice(&self.plain[taken.clone()]);
        self.plain[taken].fill(0);
        self.read += count;
        if self.read == self.plain.len() {
            (self.plain, self.read) = (Zeroizing::default(), 0);
        }
        Ok(count)
    }
}

impl Write for TlsStream {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        loop {
            match self.step(content)? {
                Next::Written(count) => return Ok(count),
                Next::Input => self.fill()?,
                Next::End => return Err(io::ErrorKind::BrokenPipe.into()),
                Next::Again => {}
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Adds to a text without leaving a copy behind where it was before.
fn append(text: &mut Zeroizing<Vec<u8>>, more: &[u8]) {
    let mut longer = Zeroizing::new(Vec::with_capacity(text.len() + more.len()));
    longer.extend_from_slice(text);
    longer.extend_from_slice(more);
    *text = longer;
}

/// Why something could not be put into the records to be sent.
enum EncodeFailure {
    /// So much room is needed.
    Room(usize),
    Other,
}

impl From<EncodeError> for EncodeFailure {
    fn from(error: EncodeError) -> EncodeFailure {
        match error {
            EncodeError::InsufficientSize(needed) => EncodeFailure::Room(needed.required_size),
            EncodeError::AlreadyEncoded => EncodeFailure::Other,
        }
    }
}

impl From<EncryptError> for EncodeFailure {
    fn from(error: EncryptError) -> EncodeFailure {
        match error {
            EncryptError::InsufficientSize(needed) => EncodeFailure::Room(needed.required_size),
            EncryptError::EncryptExhausted => EncodeFailure::Other,
        }
    }
}

/// Puts more into the records to be sent.
fn encode(
    outgoing: &mut Vec<u8>,
    mut put: impl FnMut(&mut [u8]) -> std::result::Result<usize, EncodeFailure>,
) -> io::Result<()> {
    let used = outgoing.len();
    let mut room = OVERHEAD;
    loop {
        outgoing.resize(used + room, 0);
        match put(&mut outgoing[used..]) {
            Ok(count) => {
                outgoing.truncate(used + count);
                return Ok(());
            }
            Err(EncodeFailure::Room(needed)) if needed > room => room = needed,
            Err(_) => return Err(io::Error::other(tls_error(&rustls::Error::EncryptError))),
        }
    }
}

fn send(socket: &mut Socket, outgoing: &mut Vec<u8>) -> io::Result<()> {
    socket.write_all(outgoing)?;
    *outgoing = Vec::new();
    Ok(())
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

/// What an error of TLS means.
pub fn tls_error(error: &rustls::Error) -> Error {
    let reason = tls::reason_of(error);
    let message = match reason {
        Reason::TlsUnknownIssuer => "the server's certificate was issued by an authority that is not trusted here",
        Reason::TlsExpired => "the server's certificate has expired",
        Reason::TlsNotYetValid => "the server's certificate is not valid yet",
        Reason::TlsWrongHost => "the server's certificate is for another host",
        Reason::TlsRevoked => "the server's certificate was revoked",
        Reason::TlsPinMismatch => "the server's key is not the pinned one",
        Reason::ConnectResource => "the system gives no random numbers",
        Reason::TlsClientCertificate => "the server did not accept this client's certificate, or its lack",
        _ => "the TLS handshake failed: no common version, or the port does not speak TLS",
    };
    Error::new(reason, message)
}
