//! From addresses to a connected socket, within the time of the call.
//!
//! Addresses are tried in the manner of RFC 8305: the families take turns, and an address that does
//! not answer within 250 ms gets company from the next.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::{Error, Reason};
use crate::platform::clock::{boot_clock, sleep};
use crate::platform::fork::Registered;
use crate::platform::process::is_resource;
use crate::platform::socket::{self, Readiness};

/// An address gets this long before the next is tried beside it.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// No more addresses than this are tried.
pub const MAX_ADDRESSES: usize = 16;
/// An answer that has begun brings this many bytes in this time, or is given up.
const SLOWEST: (usize, Duration) = (64, Duration::from_secs(5));

/// What a call is doing, which decides how running out of time is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Looking the host name up.
    Lookup,
    /// Connecting.
    Connect,
    /// Agreeing on TLS.
    Tls,
    /// Sending the request and waiting for the answer.
    Exchange,
}

impl Phase {
    fn timeout(self) -> Reason {
        match self {
            Phase::Lookup => Reason::TimeoutDns,
            Phase::Connect => Reason::TimeoutConnect,
            Phase::Tls => Reason::TimeoutTls,
            Phase::Exchange => Reason::TimeoutResponse,
        }
    }
}

/// A wait is never longer than this before it looks whether its call was cancelled. Looking needs
/// no descriptor, no thread and no shutdown of a socket, which a forked child would cut its parent's by.
const LOOK: Duration = Duration::from_millis(40);

/// The time that one call has, how far it has come, and whether it was cancelled.
#[derive(Debug)]
pub struct Clock {
    cancelled: Arc<AtomicBool>,
    end: Duration,
    connect_limit: Duration,
    connect_end: Cell<Duration>,
    phase: Cell<Phase>,
    sent: Cell<bool>,
    began: Cell<Duration>,
    max_idle: Cell<Duration>,
    pace: RefCell<Pace>,
}

/// How an answer that has begun comes in: its last bytes, as many as must come in time.
#[derive(Debug, Default)]
struct Pace {
    recent: VecDeque<(Duration, usize)>,
    bytes: usize,
}

impl Pace {
    fn received(&mut self, bytes: usize, now: Duration) {
        self.recent.push_back((now, bytes));
        self.bytes += bytes;
        while let Some((_, oldest)) = self.recent.front().filter(|(_, oldest)| self.bytes - oldest >= SLOWEST.0) {
            self.bytes -= oldest;
            self.recent.pop_front();
        }
    }

    /// When the answer is too slow if nothing comes until then.
    fn end(&self) -> Duration {
        self.recent.front().map_or(Duration::MAX, |(since, _)| *since + SLOWEST.1)
    }
}

impl Clock {
    /// A call that begins now.
    pub fn start(call_limit: Duration, connect_limit: Duration) -> Clock {
        let now = boot_clock();
        let end = now + call_limit;
        Clock {
            cancelled: Arc::default(),
            end,
            connect_limit,
            connect_end: Cell::new(end),
            phase: Cell::new(Phase::Lookup),
            sent: Cell::new(false),
            began: Cell::new(now),
            max_idle: Cell::new(Duration::MAX),
            pace: RefCell::default(),
        }
    }

    /// A request begins: nothing of it is sent, connecting has its own limit from now on, and it may
    /// use a connection that was idle for `max_idle` at most.
    pub fn begin_request(&self, max_idle: Duration) {
        let now = boot_clock();
        self.began.set(now);
        self.sent.set(false);
        self.max_idle.set(max_idle);
        self.pace.take();
        self.connect_end.set(self.end.min(now + self.connect_limit));
        self.phase.set(Phase::Lookup);
    }

    /// Enters a phase.
    pub fn enter(&self, phase: Phase) {
        self.phase.set(phase);
    }

    /// When the last request began, before anything of it was sent.
    pub fn began(&self) -> Duration {
        self.began.get()
    }

    /// How long a connection may have been idle that the request uses.
    pub fn max_idle(&self) -> Duration {
        self.max_idle.get()
    }

    /// Bytes of the answer came in.
    pub fn received(&self, bytes: usize) {
        if self.phase.get() == Phase::Exchange {
            self.pace.borrow_mut().received(bytes, boot_clock());
        }
    }

    /// Bytes may have left: of the request, if that is what is being sent.
    pub fn wrote(&self) {
        if self.phase.get() == Phase::Exchange {
            self.sent.set(true);
        }
    }

    /// The call waits for another thread's answer, or for the moment to try again.
    pub fn wait_for_answer(&self) {
        self.phase.set(Phase::Exchange);
        self.pace.take();
    }

    /// Whether any byte of the request may have reached the server.
    pub fn has_sent(&self) -> bool {
        self.sent.get()
    }

    /// What another thread sets to cancel the call.
    pub fn cancelled(&self) -> &Arc<AtomicBool> {
        &self.cancelled
    }

    /// Waits, but not beyond the time of the call.
    pub fn sleep(&self, pause: Duration) -> Result<(), Error> {
        self.wait_for_answer();
        let until = boot_clock() + pause;
        loop {
            match until.checked_sub(boot_clock()) {
                Some(rest) if !rest.is_zero() => sleep(rest.min(self.left()?)),
                _ => return Ok(()),
            }
        }
    }

    /// Time left for the whole call.
    pub fn left_in_call(&self) -> Duration {
        self.end.saturating_sub(boot_clock())
    }

    /// How long to wait before looking again: the time left for the phase, at most a moment; or the
    /// error that it is over.
    pub fn left(&self) -> Result<Duration, Error> {
        if self.cancelled.load(Ordering::SeqCst) {
            return Err(Error::new(Reason::Cancelled, "the call was cancelled"));
        }
        let end = match self.phase.get() {
            Phase::Exchange => self.end.min(self.pace.borrow().end()),
            _ => self.connect_end.get(),
        };
        match end.checked_sub(boot_clock()) {
            Some(left) if !left.is_zero() => Ok(left.min(LOOK)),
            _ => Err(self.over()),
        }
    }

    fn over(&self) -> Error {
        let what = match self.phase.get() {
            Phase::Lookup => "looking up the server's name",
            Phase::Connect => "connecting to the server",
            Phase::Tls => "agreeing on TLS with the server",
            Phase::Exchange if self.left_in_call().is_zero() => "waiting for the server's answer",
            Phase::Exchange => "receiving the server's answer, which came too slowly",
        };
        Error::new(self.phase.get().timeout(), format!("time ran out while {what}"))
    }
}

thread_local! {
    /// The call that this thread is making: the HTTP crate does not carry it through to its sockets.
    static CALL: RefCell<Option<Rc<Clock>>> = const { RefCell::new(None) };
}

/// Runs `body` with `clock` as the time of this thread's call.
pub fn with_clock<T>(clock: &Rc<Clock>, body: impl FnOnce() -> T) -> T {
    struct Restore(Option<Rc<Clock>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CALL.set(self.0.take());
        }
    }
    let _restore = Restore(CALL.replace(Some(clock.clone())));
    body()
}

/// The time of this thread's call. A socket used outside a call has none.
pub fn current_clock() -> Result<Rc<Clock>, Error> {
    let clock = CALL.with_borrow(Option::clone);
    clock.ok_or_else(|| Error::new(Reason::ConnectClosed, "the call that this connection served is over"))
}

/// A connected socket whose reads and writes end with the time of the call. A forked child has it closed.
#[derive(Debug)]
pub struct Socket {
    /// There until it is dropped.
    stream: Option<TcpStream>,
    registered: Option<Registered>,
}

impl Socket {
    fn new(stream: TcpStream) -> Socket {
        let registered = Some(Registered::new(&stream));
        Socket { stream: Some(stream), registered }
    }

    /// The socket, if it is this process's own.
    fn own(&self) -> io::Result<&TcpStream> {
        match (&self.stream, &self.registered) {
            (Some(stream), Some(registered)) if registered.is_own() => Ok(stream),
            _ => Err(io::Error::other(Error::new(Reason::ConnectClosed, "the connection is the parent process's"))),
        }
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
        matches!(stream.peek(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Reads what is there without waiting.
    pub fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.own()?.read(buffer)
    }

    fn wait(&self, readiness: Readiness) -> io::Result<()> {
        let clock = current_clock().map_err(io::Error::other)?;
        loop {
            let left = clock.left().map_err(io::Error::other)?;
            if socket::wait_one(self.own()?, readiness, left)? {
                return Ok(());
            }
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.wait(Readiness::Read)?;
            match self.own()?.read(buffer) {
                Err(error) if is_passing(&error) => {}
                done => {
                    let clock = current_clock().map_err(io::Error::other)?;
                    if let Ok(bytes) = &done {
                        clock.received(*bytes);
                    }
                    return done;
                }
            }
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let clock = current_clock().map_err(io::Error::other)?;
        loop {
            match self.own()?.write(bytes) {
                Err(error) if is_passing(&error) => self.wait(Readiness::Write)?,
                done => {
                    clock.wrote();
                    return done;
                }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let Some(registered) = self.registered.take() else {
            return;
        };
        if let (Some(stream), false) = (self.stream.take(), registered.is_own()) {
            // Closed in this process since the fork: the number may be another file's by now.
            std::mem::forget(stream);
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Connects to the first address that answers.
pub fn connect(addresses: &[SocketAddr], clock: &Clock) -> Result<Socket, Error> {
    clock.enter(Phase::Connect);
    let mut waiting = in_turns(addresses).into_iter();
    let mut running: Vec<(TcpStream, SocketAddr)> = Vec::new();
    let mut failure = None;
    loop {
        clock.left()?;
        if let Some(address) = waiting.next() {
            match socket::begin_connect(&address) {
                Ok(stream) => running.push((stream, address)),
                Err(error) => {
                    failure = Some(connect_error(&error, address));
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
            let left = clock.left()?.min(due - boot_clock().min(due));
            match decided(&mut running, left) {
                Some(Ok(stream)) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(Socket::new(stream));
                }
                Some(Err(error)) => {
                    failure = Some(error);
                    break;
                }
                None => {}
            }
        }
    }
}

/// The first attempt that is decided within the limit, taken out of `running`.
fn decided(running: &mut Vec<(TcpStream, SocketAddr)>, limit: Duration) -> Option<Result<TcpStream, Error>> {
    let sockets: Vec<&TcpStream> = running.iter().map(|attempt| &attempt.0).collect();
    let ready = match socket::wait(&sockets, Readiness::Write, limit) {
        Ok(ready) => ready,
        Err(error) => {
            return Some(Err(Error::new(Reason::ConnectResource, format!("cannot wait for a socket: {error}"))));
        }
    };
    let index = ready.iter().position(|is_ready| *is_ready)?;
    let (stream, address) = running.swap_remove(index);
    Some(match stream.take_error() {
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
    Error::new(reason, format!("cannot connect to {address}: {what}"))
}

fn no_address(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Reason::ConnectDns, message)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A call that is about to connect, with so much time.
    pub fn clock(ms: u64) -> Clock {
        let clock = Clock::start(Duration::from_millis(ms), Duration::from_millis(ms));
        clock.begin_request(Duration::MAX);
        clock
    }

    fn refused_address() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    #[test]
    fn families_take_turns() {
        let addresses: Vec<SocketAddr> =
            ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"].iter().map(|a| a.parse().unwrap()).collect();
        let turns: Vec<_> = in_turns(&addresses).iter().map(ToString::to_string).collect();
        assert_eq!(turns, ["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]);
        assert_eq!(in_turns(&vec![refused_address(); 500]).len(), 16);
    }

    #[test]
    fn a_refused_address_costs_no_delay() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let started = boot_clock();
        connect(&[refused_address(), listener.local_addr().unwrap()], &clock(2000)).unwrap();
        assert!(boot_clock() - started < ATTEMPT_DELAY);
    }

    #[test]
    fn nothing_but_refusals_is_refused() {
        let error = connect(&[refused_address(), refused_address()], &clock(2000)).unwrap_err();
        assert_eq!(error.reason(), Reason::ConnectRefused);
        assert_eq!(connect(&[], &clock(2000)).unwrap_err().reason(), Reason::ConnectDns);
    }

    #[test]
    fn an_answer_must_not_come_too_slowly() {
        let seconds = Duration::from_secs;
        let mut pace = Pace::default();
        assert_eq!(pace.end(), Duration::MAX);
        pace.received(41, seconds(10));
        assert_eq!(pace.end(), seconds(15));
        pace.received(22, seconds(12));
        assert_eq!(pace.end(), seconds(15), "63 bytes are too few");
        pace.received(1, seconds(14));
        assert_eq!(pace.end(), seconds(15));
        pace.received(41, seconds(14));
        assert_eq!(pace.end(), seconds(17), "the first bytes are not needed any more");
        pace.received(1000, seconds(16));
        assert_eq!(pace.end(), seconds(21));
        assert_eq!(pace.recent.len(), 1);
    }

    #[test]
    fn a_silent_peer_ends_with_the_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let clock = Rc::new(clock(50));
        let mut socket = connect(&[listener.local_addr().unwrap()], &clock).unwrap();
        clock.enter(Phase::Exchange);
        let error = with_clock(&clock, || socket.read(&mut [0])).unwrap_err();
        let error = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
        assert_eq!(error.reason(), Reason::TimeoutResponse);
    }
}
