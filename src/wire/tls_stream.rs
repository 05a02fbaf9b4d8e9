//! TLS on a socket, with buffers of our own: what has been read is wiped at once, and between calls no
//! record stays in memory.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};
use rustls::{AlertDescription as Alert, ClientConfig};

use crate::error::{Error, Reason, Result};
use crate::hidden::{Wiped, append};
use crate::wire::socket::{Socket, Target, io_error};
use crate::wire::tls::{PeerCertificate, Trust};
use crate::wire::verifier::refusal;

/// Room for the records of a handshake to begin with; grown for larger ones.
const INCOMING: usize = 4 * 1024;
/// The same for those of answers, which a connection keeps while it idles. Less than what the C library wipes with an
/// instruction that is slow to begin.
const RESTING: usize = 2000;
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
    incoming: Wiped<Vec<u8>>,
    filled: usize,
    /// Records to be sent.
    outgoing: Vec<u8>,
    /// What they said, as far as it was not read yet.
    plain: Wiped<Vec<u8>>,
    read: usize,
    /// Whether the handshake is over.
    is_agreed: bool,
    /// Whether this client has a certificate to show.
    has_certificate: bool,
}

/// No more bytes of session tickets and the like are read from an idle connection before it is given up.
const MAX_UNASKED: usize = 32 * 1024;

/// What TLS needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Something was done; there may be more to do.
    Again,
    /// So many bytes came, and are where they were wanted.
    Read(usize),
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
        let client = trust.client(&format!("{}:{}", host_of(target), target.port));
        TlsStream::agree(client, trust, target, socket)
    }

    /// The same without resuming anything, so that the server shows and asks for everything.
    pub fn connect_anew(trust: &Trust, target: Target, socket: Socket) -> Result<TlsStream> {
        TlsStream::agree(trust.fresh_client(), trust, target, socket)
    }

    fn agree(client: Arc<ClientConfig>, trust: &Trust, target: Target, socket: Socket) -> Result<TlsStream> {
        let name = ServerName::try_from(host_of(target).to_owned())
            .map_err(|_| Error::new(Reason::TlsWrongHost, "the host name cannot stand in a certificate"))?;
        let asked_before = trust.times_asked();
        let has_certificate = trust.has_client_certificate();
        let connection =
            UnbufferedClientConnection::new(client, name).map_err(|error| tls_error(&error, has_certificate))?;
        let (incoming, plain) = (Wiped::new(vec![0; INCOMING]), Wiped::default());
        let mut stream = TlsStream {
            connection,
            socket,
            incoming,
            filled: 0,
            outgoing: Vec::new(),
            plain,
            read: 0,
            is_agreed: false,
            has_certificate,
        };
        stream.handshake().map_err(|error| {
            let is_asked = trust.times_asked() != asked_before;
            handshake_error(&error, is_asked, has_certificate)
        })?;
        stream.is_agreed = true;
        if stream.filled == 0 {
            stream.incoming = Wiped::new(vec![0; RESTING]);
        }
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
            match self.step(&[], &mut [])? {
                Next::Input if !self.connection.is_handshaking() => return Ok(()),
                Next::Input => self.fill()?,
                Next::End => return Err(io::ErrorKind::UnexpectedEof.into()),
                Next::Again | Next::Read(_) | Next::Written(_) => {}
            }
        }
    }

    /// Lets TLS do its next step; `content` is sent if it is TLS's turn to send, and what comes is put into `place`, as far
    /// as nothing came before it that was not read yet.
    fn step(&mut self, content: &[u8], place: &mut [u8]) -> io::Result<Next> {
        let (is_agreed, has_certificate) = (self.is_agreed, self.has_certificate);
        let failed = |error: &rustls::Error| {
            io::Error::other(match error {
                // Before TLS 1.3 a server that wants a certificate for some requests alone begins another handshake.
                rustls::Error::AlertReceived(Alert::HandshakeFailure) if is_agreed => another_handshake_error(),
                error => tls_error(error, has_certificate),
            })
        };
        let UnbufferedStatus { mut discard, state, .. } =
            self.connection.process_tls_records(&mut self.incoming[..self.filled]);
        let next = match state {
            Err(error) => return Err(failed(&error)),
            Ok(ConnectionState::ReadTraffic(mut records)) => {
                let mut count = 0;
                while let Some(record) = records.next_record() {
                    let record = record.map_err(|error| {
                        // Nobody takes what came before it.
                        place[..count].fill(0);
                        failed(&error)
                    })?;
                    discard += record.discard;
                    let room = if self.plain.is_empty() { &mut place[count..] } else { &mut [] };
                    let (now, later) = record.payload.split_at(record.payload.len().min(room.len()));
                    room[..now.len()].copy_from_slice(now);
                    count += now.len();
                    if !later.is_empty() {
                        append(&mut self.plain, &[later], 0);
                    }
                }
                if count > 0 { Next::Read(count) } else { Next::Again }
            }
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                encode(&mut self.outgoing, 0, |room| data.encode(room).map_err(EncodeFailure::from))?;
                Next::Again
            }
            Ok(ConnectionState::TransmitTlsData(data)) => {
                send(&mut self.socket, &mut self.outgoing)?;
                data.done();
                Next::Again
            }
            Ok(ConnectionState::WriteTraffic(mut traffic)) if !content.is_empty() => {
                let piece = &content[..content.len().min(PLAIN_LIMIT)];
                let put = |room: &mut [u8]| traffic.encrypt(piece, room).map_err(EncodeFailure::from);
                encode(&mut self.outgoing, piece.len(), put)?;
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
            let mut larger = Wiped::new(vec![0; (self.filled * 2).min(MAX_INCOMING)]);
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
            match self.step(&[], &mut []) {
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
            match self.step(&[], buffer)? {
                Next::Read(count) => return Ok(count),
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
            // All of it was wiped just now.
            drop(std::mem::take(&mut *self.plain));
            self.read = 0;
        }
        Ok(count)
    }
}

impl Write for TlsStream {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        loop {
            match self.step(content, &mut [])? {
                Next::Written(count) => return Ok(count),
                Next::Input => self.fill()?,
                Next::End => return Err(io::ErrorKind::BrokenPipe.into()),
                Next::Again | Next::Read(_) => {}
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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

/// Puts more into the records to be sent, of which so many bytes are content.
fn encode(
    outgoing: &mut Vec<u8>,
    content: usize,
    mut put: impl FnMut(&mut [u8]) -> std::result::Result<usize, EncodeFailure>,
) -> io::Result<()> {
    let used = outgoing.len();
    let mut room = content + OVERHEAD;
    loop {
        outgoing.resize(used + room, 0);
        match put(&mut outgoing[used..]) {
            Ok(count) => {
                outgoing.truncate(used + count);
                return Ok(());
            }
            Err(EncodeFailure::Room(needed)) if needed > room => room = needed,
            Err(_) => return Err(io::Error::other(tls_error(&rustls::Error::EncryptError, false))),
        }
    }
}

fn send(socket: &mut Socket, outgoing: &mut Vec<u8>) -> io::Result<()> {
    socket.write_all(outgoing)?;
    *outgoing = Vec::new();
    Ok(())
}

/// As certificates have it: without the brackets of an IPv6 address.
fn host_of(target: Target<'_>) -> &str {
    target.host.trim_start_matches('[').trim_end_matches(']')
}

/// A connection that ends in the handshake was not closed by a TigerGraph that heard a request.
fn handshake_error(error: &io::Error, is_asked: bool, has_certificate: bool) -> Error {
    match io_error(error) {
        closed if closed.reason() == Reason::ConnectClosed => {
            Error::new(Reason::ConnectClosed, "the server closed the connection during the TLS handshake")
        }
        // With TLS 1.2 OpenSSL has no better word for a certificate that it asked for and did not get.
        failed if is_asked && failed.message() == NOTHING_IN_COMMON.0 => client_certificate_error(has_certificate),
        other => other,
    }
}

/// The server wants a certificate of the client's, or another one.
fn client_certificate_error(has_certificate: bool) -> Error {
    if !has_certificate {
        let message = "the server requires a client certificate, and none is set";
        return Error::new(Reason::TlsClientCertificate, message);
    }
    Error::new(Reason::TlsClientCertificate, "the server did not accept this client's certificate").with_hint(
        "Check with the server's operator that its authority issued the certificate of tg_config_set_client_cert, and \
         that this has not expired.",
    )
}

/// The server wants a certificate for this request alone.
fn another_handshake_error() -> Error {
    let message = "the server began another handshake for this request, probably to ask for a client certificate, which \
                   this library does not do";
    Error::new(Reason::TlsClientCertificate, message).with_hint(
        "Have the server ask for it in the first handshake, for all paths: with Apache, SSLVerifyClient outside of \
         <Location> and <Directory>.",
    )
}

/// What happened, and what to do about it.
type Told = (&'static str, &'static str);

const NOTHING_IN_COMMON: Told = (
    "the TLS handshake failed: the server finds no cipher or no kind of signature that both sides have",
    "The server must offer TLS 1.3, or TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305, and its key must be of RSA \
     (not RSA-PSS), of ECDSA on P-256 or P-384, or of Ed25519. A diagnosis (tg_diagnose) shows which key it has.",
);
const OLD_TLS: Told = (
    "the TLS handshake failed: the server has neither TLS 1.2 nor TLS 1.3",
    "Have TLS 1.2 or 1.3 switched on in the server's settings.",
);
const NO_TLS: Told = (
    "the TLS handshake failed: the port does not speak TLS",
    "Check the port, or use http:// if the server has no TLS.",
);
const NO_SUCH_NAME: Told = (
    "the TLS handshake failed: the server has no certificate for this host name",
    "Use the host name under which the server is known, or have it added to the server's settings.",
);
const BROKEN: Told = (
    "the TLS handshake failed: what came is not what the server means",
    "Something between this machine and the server changes what is sent, or one of them is broken.",
);
const OTHER: Told = (
    "the TLS handshake failed: no common version, or the port does not speak TLS",
    "Check the port, or use http:// if the server has no TLS; it must support TLS 1.2 or 1.3.",
);

/// Why there is no TLS session, beside what is wrong with certificates.
fn told(error: &rustls::Error) -> Told {
    use rustls::{Error as Tls, InvalidMessage as Bad, PeerIncompatible as Lacks};
    match error {
        Tls::AlertReceived(Alert::HandshakeFailure | Alert::InsufficientSecurity) => NOTHING_IN_COMMON,
        Tls::AlertReceived(Alert::ProtocolVersion) => OLD_TLS,
        Tls::AlertReceived(Alert::UnrecognisedName) => NO_SUCH_NAME,
        Tls::PeerIncompatible(Lacks::ServerDoesNotSupportTls12Or13 | Lacks::ServerTlsVersionIsDisabledByOurConfig) => {
            OLD_TLS
        }
        Tls::InvalidMessage(Bad::InvalidContentType | Bad::UnknownProtocolVersion) => NO_TLS,
        Tls::PeerMisbehaved(_) | Tls::DecryptError | Tls::General(_) => BROKEN,
        _ => OTHER,
    }
}

/// What an error of TLS means.
fn tls_error(error: &rustls::Error, has_certificate: bool) -> Error {
    if let Some(refusal) = refusal(error) {
        return refusal.clone();
    }
    match error {
        rustls::Error::FailedToGetRandomBytes => {
            Error::new(Reason::ConnectResource, "the system gives no random numbers")
        }
        rustls::Error::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::CertificateUnknown
            | Alert::CertificateExpired
            | Alert::AccessDenied
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked,
        ) => client_certificate_error(has_certificate),
        _ => {
            let (message, hint) = told(error);
            Error::new(Reason::TlsProtocol, message).with_hint(hint)
        }
    }
}
