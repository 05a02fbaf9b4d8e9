//! From addresses to a connected socket, within the time of the call.
//!
//! Addresses are tried in the manner of RFC 8305: the families take turns, and an address that does
//! not answer within 250 ms gets company from the next.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::error::{Error, Reason};
use crate::platform::clock::boot_clock;
use crate::platform::fork::Owned;
use crate::platform::process::is_resource;
use crate::platform::socket::{self, Readiness};
use crate::wire::deadline::{Deadline, POLL_INTERVAL, Phase, current_deadline};

/// An address gets this long before the next is tried beside it.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// No more addresses than this are tried.
pub const MAX_ADDRESSES: usize = 16;

/// A connected socket whose reads and writes end with the time of the call. A forked child has it closed.
#[derive(Debug)]
pub struct Socket(Owned);

impl Socket {
    /// The socket, if it is this process's own.
    fn own(&self) -> io::Result<&TcpStream> {
        let parents = || io::Error::other(Error::new(Reason::ConnectClosed, "the connection is the parent process's"));
        self.0.get().ok_or_else(parents)
    }

    /// The address it is connected to.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.own().ok()?.peer_addr().ok()
    }

    /// Whether the peer neither closed the connection nor sent anything unasked.
    pub fn is_quiet(&self) -> bool {
        let Ok(stream) = self.own() else {
            return false;
        };
        let found = socket::read_now(stream, &mut [0], true);
        matches!(found, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Reads what is there without waiting.
    pub fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        socket::read_now(self.own()?, buffer, false)
    }

    fn wait(&self, readiness: Readiness) -> io::Result<()> {
        let deadline = current_deadline().map_err(io::Error::other)?;
        loop {
            let left = deadline.next_wait().map_err(io::Error::other)?;
            if socket::wait_one(self.own()?, readiness, left)? {
                return Ok(());
            }
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let deadline = current_deadline().map_err(io::Error::other)?;
        loop {
            // The socket waits by itself, but knows nothing of the call's time.
            if deadline.next_wait().map_err(io::Error::other)? < POLL_INTERVAL {
                self.wait(Readiness::Read)?;
            }
            match self.own()?.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(Readiness::Read)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => {
                    if let Ok(bytes) = &done {
                        deadline.received(*bytes);
                    }
                    return done;
                }
            }
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let deadline = current_deadline().map_err(io::Error::other)?;
        loop {
            match self.own()?.write(bytes) {
                Err(error) if is_transient(&error) => self.wait(Readiness::Write)?,
                done => {
                    deadline.wrote();
                    return done;
                }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// The addresses that may be connected to. A name such as `localhost` may belong to another machine.
pub fn allowed(addresses: Vec<SocketAddr>, host: &str, target: Target) -> Result<Vec<SocketAddr>, Error> {
    if !target.loopback_only {
        return Ok(addresses);
    }
    let own: Vec<SocketAddr> = addresses.into_iter().filter(|address| address.ip().is_loopback()).collect();
    if own.is_empty() {
        let message = format!("plain http to {host} would show credentials to the network: it is another machine");
        return Err(Error::new(Reason::ConfigPlainHttp, message));
    }
    Ok(own)
}

/// Connects to the first address that answers.
pub fn connect(addresses: &[SocketAddr], deadline: &Deadline) -> Result<Socket, Error> {
    deadline.enter(Phase::Connect);
    let mut waiting = in_turns(addresses).into_iter();
    let mut running: Vec<(Owned, SocketAddr)> = Vec::new();
    let mut failure: Option<Error> = None;
    loop {
        deadline.next_wait()?;
        if let Some(address) = waiting.next() {
            match Owned::open(|| socket::begin_connect(&address)) {
                Ok(connection) => running.push((connection, address)),
                Err(error) => {
                    failure = more_telling(failure, connect_error(&error, address));
                    continue;
                }
            }
        } else if running.is_empty() {
            return Err(failure.unwrap_or_else(|| no_address("the server's name has no address")));
        }
        // Until the next address is due, or to the end if there is none.
        let pause = if waiting.len() > 0 { ATTEMPT_DELAY } else { Duration::MAX };
        let due = boot_clock().saturating_add(pause);
        while !running.is_empty() && boot_clock() < due {
            let left = deadline.next_wait()?.min(due - boot_clock().min(due));
            match decided(&mut running, left) {
                Some(Ok(stream)) => {
                    let socket = Socket(stream);
                    if let Ok(stream) = socket.own() {
                        let _ = stream.set_nodelay(true);
                        socket::wait_by_itself(stream, POLL_INTERVAL);
                    }
                    return Ok(socket);
                }
                Some(Err(error)) => {
                    failure = more_telling(failure, error);
                    break;
                }
                None => {}
            }
        }
    }
}

/// The first attempt that is decided within the limit, taken out of `running`.
fn decided(running: &mut Vec<(Owned, SocketAddr)>, limit: Duration) -> Option<Result<Owned, Error>> {
    // A child that was forked in the middle of connecting has none.
    let sockets: Vec<&TcpStream> = running.iter().filter_map(|attempt| attempt.0.get()).collect();
    let ready = match socket::wait(&sockets, Readiness::Write, limit) {
        Ok(ready) => ready,
        Err(error) => {
            return Some(Err(Error::new(Reason::ConnectResource, format!("cannot wait for a socket: {error}"))));
        }
    };
    let index = ready.iter().position(|is_ready| *is_ready)?;
    let (stream, address) = running.swap_remove(index);
    Some(match stream.get().map_or(Ok(None), TcpStream::take_error) {
        Ok(None) => Ok(stream),
        Ok(Some(error)) | Err(error) => Err(connect_error(&error, address)),
    })
}

/// The families in turns, the first address's family first (RFC 8305, section 4).
fn in_turns(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.iter().copied().partition(|a| a.is_ipv6() == first_is_v6);
    let mut turns = Vec::with_capacity(addresses.len());
    for index in 0..first.len().max(second.len()) {
        turns.extend(first.get(index));
        turns.extend(second.get(index));
    }
    turns.truncate(MAX_ADDRESSES);
    turns
}

fn connect_error(error: &io::Error, address: SocketAddr) -> Error {
    let reason = match error.kind() {
        io::ErrorKind::ConnectionRefused => Reason::ConnectRefused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Reason::ConnectReset,
        io::ErrorKind::TimedOut => Reason::TimeoutConnect,
        _ if is_resource(error) => Reason::ConnectResource,
        _ => Reason::ConnectUnreachable,
    };
    let what = match reason {
        Reason::ConnectRefused => "nothing listens there".to_owned(),
        _ => error.kind().to_string(),
    };
    // What was lacking for one address or port may be there for another.
    Error::new(reason, format!("cannot connect to {address}: {what}")).with_transient(reason == Reason::ConnectResource)
}

/// Of the failures of two addresses the one that tells more of the server: that nothing listens says that the machine
/// is there, that it is out of reach says nothing of it, and a lack of this machine's own least of all.
fn more_telling(known: Option<Error>, error: Error) -> Option<Error> {
    let rank = |error: &Error| match error.reason() {
        Reason::ConnectRefused => 0,
        Reason::ConnectReset => 1,
        Reason::TimeoutConnect => 2,
        Reason::ConnectUnreachable => 3,
        _ => 4,
    };
    match known {
        Some(known) if rank(&known) <= rank(&error) => Some(known),
        _ => Some(error),
    }
}

fn no_address(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Reason::ConnectDns, message)
}

/// Where to connect to.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Host name or IP address; IPv6 with or without brackets.
    pub host: &'a str,
    /// Port.
    pub port: u16,
    /// Nothing may leave this machine: plain http is allowed for no other reason than that.
    pub loopback_only: bool,
}

/// What an error of a socket or of TLS means.
pub fn io_error(error: &io::Error) -> Error {
    if let Some(inner) = error.get_ref() {
        if let Some(own) = inner.downcast_ref::<Error>() {
            return own.clone();
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
        _ if is_resource(error) => (Reason::ConnectResource, "this process or machine has no resources left"),
        _ => (Reason::ConnectReset, "the connection to the server failed"),
    };
    Error::new(reason, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::deadline::tests::deadline;
    use std::net::TcpListener;
    use std::rc::Rc;

    use tigergraph_standin::ClosedPort;

    use crate::wire::deadline::with_deadline;

    #[test]
    fn what_may_not_leave_this_machine_goes_to_loopback_alone() {
        let target = |loopback_only| Target { host: "localhost", port: 1, loopback_only };
        let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let mixed = addresses(&["192.0.2.1:1", "127.0.0.1:1", "[::1]:1", "[2001:db8::1]:1"]);
        let found = allowed(mixed.clone(), "localhost", target(true)).unwrap();
        assert_eq!(found, addresses(&["127.0.0.1:1", "[::1]:1"]));
        assert_eq!(allowed(mixed.clone(), "localhost", target(false)).unwrap(), mixed);
        let error = allowed(addresses(&["192.0.2.1:1"]), "localhost", target(true)).unwrap_err();
        assert_eq!(error.reason(), Reason::ConfigPlainHttp);
    }

    #[test]
    fn families_take_turns() {
        let addresses: Vec<SocketAddr> =
            ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"].iter().map(|a| a.parse().unwrap()).collect();
        let turns: Vec<_> = in_turns(&addresses).iter().map(ToString::to_string).collect();
        assert_eq!(turns, ["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]);
        assert_eq!(in_turns(&vec!["1.1.1.1:1".parse().unwrap(); 500]).len(), 16);
    }

    #[test]
    fn a_refused_address_costs_no_delay() {
        let (refused, listener) = (ClosedPort::new().unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let started = boot_clock();
        connect(&[refused.address(), listener.local_addr().unwrap()], &deadline(2000)).unwrap();
        assert!(boot_clock() - started < ATTEMPT_DELAY);
    }

    #[test]
    fn nothing_but_refusals_is_refused() {
        let refused = [ClosedPort::new().unwrap(), ClosedPort::new().unwrap()];
        let error = connect(&refused.each_ref().map(ClosedPort::address), &deadline(2000)).unwrap_err();
        assert_eq!(error.reason(), Reason::ConnectRefused);
        assert_eq!(connect(&[], &deadline(2000)).unwrap_err().reason(), Reason::ConnectDns);
    }

    #[test]
    fn a_silent_peer_ends_with_the_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let deadline = Rc::new(deadline(50));
        let mut socket = connect(&[listener.local_addr().unwrap()], &deadline).unwrap();
        deadline.enter(Phase::Exchange);
        let error = with_deadline(&deadline, || socket.read(&mut [0])).unwrap_err();
        let error = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
        assert_eq!(error.reason(), Reason::TimeoutResponse);
    }
}
