//! The time that one call has: its phases, how far it has come, and whether it was cancelled.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::{Error, Reason};
use crate::platform::clock::{boot_clock, sleep};

/// An answer that has begun brings this many bytes in this time, or is given up.
const SLOWEST: (usize, Duration) = (64, Duration::from_secs(5));

/// What a call is doing, which decides how running out of time is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Looking the host name up.
    Lookup,
    /// Connecting.
    Connect,
    /// The TLS handshake.
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
pub const POLL_INTERVAL: Duration = Duration::from_millis(40);
/// The same where whoever cancels a call wakes it. Not the whole time that is left: the clock of these waits stands still
/// while the machine sleeps.
const LONG_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The time that one call has, how far it has come, and whether it was cancelled.
#[derive(Debug)]
pub struct Deadline {
    cancelled: Arc<AtomicBool>,
    end: Duration,
    connect_limit: Duration,
    /// How many other servers the call may have to go to.
    others: Cell<u32>,
    connect_end: Cell<Duration>,
    phase: Cell<Phase>,
    sent: Cell<bool>,
    began: Cell<Duration>,
    max_idle: Cell<Duration>,
    pace: RefCell<Pace>,
    /// What is done whenever the call looks at its time.
    beside: Cell<Option<fn()>>,
    /// What is done again and again while the call waits.
    repeated: RefCell<Option<Repeated>>,
}

/// What is done again and again while the call waits, whatever it waits for.
struct Repeated {
    interval: Duration,
    due: Duration,
    run: Box<dyn Fn()>,
}

impl fmt::Debug for Repeated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repeated({:?})", self.interval)
    }
}

/// Ends what a call does while it waits.
pub struct Repeating(Rc<Deadline>);

impl Drop for Repeating {
    fn drop(&mut self) {
        self.0.repeated.take();
    }
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

impl Deadline {
    /// A call that begins now; `cancelled` is what another thread sets to cancel it.
    pub fn start(call_limit: Duration, connect_limit: Duration, cancelled: Arc<AtomicBool>) -> Deadline {
        let now = boot_clock();
        let end = now + call_limit;
        Deadline {
            cancelled,
            end,
            connect_limit,
            others: Cell::new(0),
            connect_end: Cell::new(end),
            phase: Cell::new(Phase::Lookup),
            sent: Cell::new(false),
            began: Cell::new(now),
            max_idle: Cell::new(Duration::MAX),
            pace: RefCell::default(),
            beside: Cell::new(None),
            repeated: RefCell::default(),
        }
    }

    /// From now on `run` is called about once in this time while the call waits, until what is given back is dropped.
    /// No thread does it, so it pauses where the call does not wait.
    pub fn repeat(self: &Rc<Deadline>, interval: Duration, run: impl Fn() + 'static) -> Repeating {
        let due = boot_clock() + interval;
        *self.repeated.borrow_mut() = Some(Repeated { interval, due, run: Box::new(run) });
        Repeating(self.clone())
    }

    /// Does what is due, and tells how long the call may wait before more is.
    fn run_due(&self, longest: Duration) -> Duration {
        let mut repeated = self.repeated.borrow_mut();
        let Some(repeated) = &mut *repeated else { return longest };
        let now = boot_clock();
        if now >= repeated.due {
            (repeated.run)();
            repeated.due = now + repeated.interval;
        }
        longest.min(repeated.interval)
    }

    /// A request begins: nothing of it is sent, connecting has its own limit from now on, and it may
    /// use a connection that was idle for `max_idle` at most.
    pub fn begin_request(&self, max_idle: Duration) {
        let now = boot_clock();
        self.began.set(now);
        self.sent.set(false);
        self.max_idle.set(max_idle);
        self.pace.take();
        self.restart_connecting();
        self.phase.set(Phase::Lookup);
    }

    /// Requests that begin from now on leave time for so many other servers.
    pub fn share_with(&self, others: u32) {
        self.others.set(others);
    }

    /// Connecting has its whole limit again, within that of the call. Where there are others to go to, each of them has
    /// as much of the time that is left, and so has the answer.
    pub fn restart_connecting(&self) {
        let limit = match self.others.get() {
            0 => self.connect_limit,
            others => self.connect_limit.min(self.left_in_call() / (others + 2)),
        };
        self.connect_end.set(self.end.min(boot_clock() + limit));
    }

    /// Does this now and then while the call waits, with locks held: it takes no time and calls nothing of the program's.
    pub fn do_beside(&self, beside: fn()) {
        self.beside.set(Some(beside));
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

    /// Nothing of a request has reached the server that is to be asked now.
    pub fn nothing_sent(&self) {
        self.sent.set(false);
    }

    /// Waits, but not beyond the time of the call.
    pub fn sleep(&self, pause: Duration) -> Result<(), Error> {
        self.wait_for_answer();
        let until = boot_clock() + pause;
        loop {
            match until.checked_sub(boot_clock()) {
                Some(rest) if !rest.is_zero() => sleep(rest.min(self.next_wait()?)),
                _ => return Ok(()),
            }
        }
    }

    /// Time left for the whole call.
    pub fn left_in_call(&self) -> Duration {
        self.end.saturating_sub(boot_clock())
    }

    /// How long to wait before checking again: the time left for the phase, at most a moment; or the
    /// error that it is over.
    pub fn next_wait(&self) -> Result<Duration, Error> {
        self.next_wait_until(self.end_of_phase(), POLL_INTERVAL)
    }

    /// The same where whoever cancels the call wakes it.
    pub fn next_long_wait(&self) -> Result<Duration, Error> {
        self.next_wait_until(self.end_of_phase(), LONG_POLL_INTERVAL)
    }

    /// The same with all the time of the call, whatever its phase may take.
    pub fn next_long_wait_in_call(&self) -> Result<Duration, Error> {
        self.next_wait_until(self.end, LONG_POLL_INTERVAL)
    }

    fn end_of_phase(&self) -> Duration {
        match self.phase.get() {
            Phase::Exchange => self.end.min(self.pace.borrow().end()),
            _ => self.connect_end.get(),
        }
    }

    fn next_wait_until(&self, end: Duration, longest: Duration) -> Result<Duration, Error> {
        if let Some(beside) = self.beside.get() {
            beside();
        }
        if self.cancelled.load(Ordering::SeqCst) {
            return Err(Error::new(Reason::Cancelled, "the call was cancelled"));
        }
        let longest = self.run_due(longest);
        match end.checked_sub(boot_clock()) {
            Some(left) if !left.is_zero() => Ok(left.min(longest)),
            _ => Err(self.over()),
        }
    }

    fn over(&self) -> Error {
        let when = match self.phase.get() {
            Phase::Lookup => "while looking up the server's name",
            Phase::Connect => "while connecting to the server",
            Phase::Tls => "during the TLS handshake with the server",
            Phase::Exchange if self.left_in_call().is_zero() => "while waiting for the server's answer",
            Phase::Exchange => "while receiving the server's answer, which came too slowly",
        };
        Error::new(self.phase.get().timeout(), format!("time ran out {when}"))
    }
}

thread_local! {
    /// The call that this thread is making: the HTTP crate does not carry it through to its sockets. Empty again when the
    /// call is over. Without a destructor, so that it is there for calls that are made while the thread ends.
    static CALL: RefCell<ManuallyDrop<Option<Rc<Deadline>>>> = const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Runs `body` with `deadline` as the time of this thread's call.
pub fn with_deadline<T>(deadline: &Rc<Deadline>, body: impl FnOnce() -> T) -> T {
    struct Restore(Option<Rc<Deadline>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            drop(exchange(self.0.take()));
        }
    }
    let _restore = Restore(exchange(Some(deadline.clone())));
    body()
}

/// Sets the call of this thread, and gives the one before it.
fn exchange(call: Option<Rc<Deadline>>) -> Option<Rc<Deadline>> {
    ManuallyDrop::into_inner(CALL.replace(ManuallyDrop::new(call)))
}

/// The time of this thread's call. A socket used outside a call has none.
pub fn current_deadline() -> Result<Rc<Deadline>, Error> {
    let deadline = CALL.with_borrow(|call| (**call).clone());
    deadline.ok_or_else(|| Error::new(Reason::ConnectClosed, "the call that this connection served is over"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A call that is about to connect, with so much time.
    pub fn deadline(ms: u64) -> Deadline {
        let deadline = Deadline::start(Duration::from_millis(ms), Duration::from_millis(ms), Arc::default());
        deadline.begin_request(Duration::MAX);
        deadline
    }

    #[test]
    fn something_is_done_while_a_call_waits() {
        let ms = Duration::from_millis;
        let (deadline, count) = (Rc::new(deadline(5000)), Rc::new(Cell::new(0)));
        let counted = count.clone();
        let repeating = deadline.repeat(ms(20), move || counted.set(counted.get() + 1));
        assert!(deadline.next_long_wait().unwrap() <= ms(20), "long waits are cut");
        deadline.sleep(ms(200)).unwrap();
        let times = count.get();
        assert!((3..=10).contains(&times), "{times}");
        drop(repeating);
        deadline.sleep(ms(60)).unwrap();
        assert_eq!(count.get(), times);
        assert!(deadline.next_long_wait().unwrap() > ms(20));
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
}
