//! For programs that may not wait: a token, an error, or the promise of a wakeup when it makes sense to ask again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::conn::Connection;
use crate::conn::authorization::Started;
use crate::conn::places::{Place, start_overdue};
use crate::error::{Error, Reason, Result};
use crate::platform::clock::boot_clock;
use crate::platform::fork::forks;
use crate::platform::swap_cell::SwapOption;
use crate::token::renewal::Advice;
use crate::token::token::Token;

/// Where no thread can be made, this may be over soon.
const NO_THREAD_WAIT_MS: u64 = 500;

/// What a program runs when it is woken; dropped after its last run.
struct Target(Box<dyn Fn() + Send + Sync>);

/// What wakes the program of a handle, now and from then on if it is replaced. No lock is held while it runs or is
/// dropped, so it may replace itself.
pub(super) struct Wakeup {
    target: SwapOption<Target>,
    /// In a child, those who waited in the parent hold it for ever.
    forks: u64,
}

impl Wakeup {
    /// Wakes the program, if it wants to be woken.
    pub fn run(&self) {
        if let Some(target) = self.target.load() {
            // The others who are woken with it must not miss their wakeups.
            let _ = catch_unwind(AssertUnwindSafe(|| (target.0)()));
        }
    }
}

impl Connection {
    /// The same as [`Connection::authorization`] for a program that may not wait: a token, an error, or an error with
    /// [`Reason::Pending`]. Sends nothing on this thread; what is to be sent, a thread of the library sends.
    ///
    /// `Pending` promises a wakeup ([`Connection::set_wakeup`]) when the outcome is there, whatever it is, or when this
    /// handle is cancelled. One wakeup is for all that this handle was promised until then.
    pub fn try_authorization(&self) -> Result<Arc<Token>> {
        self.refuse_recursion()?;
        self.fast_path().map_or_else(|| self.token_or_promise(), Ok)
    }

    fn token_or_promise(&self) -> Result<Arc<Token>> {
        let manager = &self.core.authorization;
        let own = manager.state();
        let renews = self.source().is_some();
        loop {
            let now = boot_clock();
            let mut policy = own.policy();
            let (advice, good) = (policy.ask(now, renews), policy.still_good(now));
            manager.republish(&policy);
            drop(policy);
            let number = match (advice, good) {
                (Advice::Use(token), _) | (Advice::Wait(_), Some(token)) => return Ok(token),
                (Advice::Off, _) => return Ok(self.not_needed()),
                (Advice::Fail(error), _) => return Err(self.with_cause_of_delay(error)),
                (Advice::UseAndRenew(token, number), _) | (Advice::Renew(number), Some(token)) => {
                    if self.start_renewal(number, false) != Started::Running {
                        manager.put_off(number);
                    }
                    return Ok(token);
                }
                (Advice::Renew(number), None) => self.start_or_queue(number)?,
                (Advice::Wait(number), None) => number,
            };
            // Where the renewal has ended already, its outcome is there.
            if own.is_owed(number, self.wakeup()) {
                return Err(Error::new(Reason::Pending, "a token was requested and is not there yet"));
            }
        }
    }

    /// Starts the renewal of this number now, or as soon as there is a place for its thread.
    fn start_or_queue(&self, number: u64) -> Result<u64> {
        let renewal = self.renewal(number);
        let started = match self.waits_for_program() {
            true => Some((Place::uncounted(), renewal)),
            false => Place::take_or_queue(renewal),
        };
        let Some((place, renewal)) = started else {
            start_overdue();
            return Ok(number);
        };
        place.start(renewal).map(|()| number).map_err(|_| {
            self.core.authorization.withdrawn(number);
            Error::new(Reason::ConnectResource, "no thread can be made that requests a token")
                .with_retry_after_ms(Some(NO_THREAD_WAIT_MS))
        })
    }

    /// Sets what wakes the program after `Pending`: of this handle, not of others of its connection. It replaces the
    /// earlier one, which is dropped after its last run; a wakeup that is owed is owed to the new one. `None`: none.
    ///
    /// It runs on any thread, also within a call on any handle of this connection, and on several at once, with no lock
    /// held. It must return soon, and may call this library. It may still be running, or begin, after the handle is
    /// dropped.
    pub fn set_wakeup(&self, wakeup: Option<Box<dyn Fn() + Send + Sync>>) {
        self.wakeup().target.store(wakeup.map(|wakeup| Arc::new(Target(wakeup))));
    }

    fn wakeup(&self) -> &Arc<Wakeup> {
        self.wakeup.get_or_init(|| Box::new(Arc::new(Wakeup { target: SwapOption::new(None), forks: forks() })))
    }

    /// This handle waits no more for a renewal.
    pub(super) fn end_pending(&self) {
        if let Some(wakeup) = self.wakeup.get() {
            self.core.authorization.end_wait_of(wakeup);
        }
    }

    /// The last that happens to this handle.
    pub(super) fn release_wakeup(&self) {
        self.end_pending();
        if let Some(wakeup) = self.wakeup.get().filter(|wakeup| wakeup.forks != forks()) {
            wakeup.target.store(None);
        }
    }
}
