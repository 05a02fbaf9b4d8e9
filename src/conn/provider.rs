//! The program's own function as the place that tokens come from: it runs on a thread of its own, one at a time for a
//! connection, and its first answer counts.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::config::provider::{OnAnswer, Provider, ProviderAnswer, ProviderRequest};
use crate::config::settings::Login;
use crate::conn::Connection;
use crate::conn::call::Call;
use crate::conn::source::TokenOrigin;
use crate::conn::sync::{Builder, Mutex, MutexGuard, Waiter, thread_local};
use crate::error::{Error, Reason, Result, Status};
use crate::platform::clock::{boot_clock, exact_wall_clock};
use crate::platform::process;
use crate::token::issued::{self, Issued};

/// A provider whose request was cancelled may take so long to return before others do not wait for it any more.
const GRACE: Duration = Duration::from_secs(1);

thread_local! {
    /// The provider's place of the connection that this thread brings a token for; 0: none.
    static PROVIDES_FOR: Cell<usize> = const { Cell::new(0) };
}

/// The place of the one provider that may run for a connection.
#[derive(Default)]
pub(super) struct ProviderPlace(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    /// What the provider that is running was asked.
    request: Option<Arc<ProviderRequest>>,
    /// Those who wait for it to return.
    waiting: Vec<Arc<Waiter>>,
}

/// Why a provider was not asked.
pub(super) enum NotAsked {
    /// It runs for another request, and may return in time.
    Busy,
    /// Nobody waits for it any more, and it has not returned.
    Overstays,
    /// The system has no thread to give.
    NoThread,
}

impl ProviderPlace {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// Enters a request, if no provider runs.
    fn take(&self, request: &Arc<ProviderRequest>) -> std::result::Result<(), NotAsked> {
        let mut taken = self.taken();
        if let Some(running) = &taken.request {
            let overstays = running.is_overdue(GRACE);
            return Err(if overstays { NotAsked::Overstays } else { NotAsked::Busy });
        }
        taken.request = Some(request.clone());
        Ok(())
    }

    fn leave(&self) {
        let mut taken = self.taken();
        taken.request = None;
        let waiting = std::mem::take(&mut taken.waiting);
        drop(taken);
        waiting.iter().for_each(|waiter| waiter.wake());
    }

    /// Runs the provider for a request, on a thread of its own.
    fn run(&self, provider: &Provider, request: &Arc<ProviderRequest>) -> std::result::Result<(), NotAsked> {
        self.take(request)?;
        let (provider, running, place) = (provider.clone(), request.clone(), ProviderPlace(self.0.clone()));
        let start = || {
            let builder = Builder::new().name(process::PROVIDER_THREAD.into()).stack_size(process::provider_stack());
            builder.spawn(move || {
                process::begin_library_thread();
                PROVIDES_FOR.with(|place_of| place_of.set(place.address()));
                // A provider in Rust that panics has brought no token.
                let _ = catch_unwind(AssertUnwindSafe(|| provider.0.provide(&running)));
                running.returned();
                // The last one releases what the program gave with it, while nobody is told yet that it has returned.
                drop(provider);
                place.leave();
            })
        };
        process::without_signals(start).map(drop).map_err(|_| {
            self.leave();
            NotAsked::NoThread
        })
    }

    /// Waits until no provider runs, but not longer than the call or a moment.
    fn wait(&self, call: &Call) -> Result<()> {
        let own = Arc::<Waiter>::default();
        {
            let mut taken = self.taken();
            if taken.request.is_none() {
                return Ok(());
            }
            taken.waiting.push(own.clone());
        }
        let left = call.deadline.next_wait();
        if let Ok(left) = left {
            own.wait(left);
        }
        self.taken().waiting.retain(|waiter| !Arc::ptr_eq(waiter, &own));
        left.map(drop)
    }
}

/// A request to a provider that somebody waits for until it is dropped.
struct Open(Arc<ProviderRequest>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Asks the provider for a token within the time of a call, which waits for it.
pub(super) fn ask(call: &Call, provider: &Provider) -> Result<Issued> {
    let connection = call.connection;
    connection.refuse_recursion()?;
    let place = connection.provider_place();
    call.deadline.wait_for_answer();
    loop {
        let (waiter, told) = (Arc::<Waiter>::default(), Arc::new(Mutex::new(None)));
        let (news, answer) = (waiter.clone(), told.clone());
        let on_answer: OnAnswer = Box::new(move |said| {
            *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
            news.wake();
        });
        let end = boot_clock() + call.deadline.left_in_call();
        let open = Open(Arc::new(ProviderRequest::new(end, call.cancel_flag().clone(), on_answer)));
        match place.run(provider, &open.0) {
            Ok(()) => {}
            Err(NotAsked::Busy) => {
                place.wait(call)?;
                continue;
            }
            Err(other) => return Err(other.error()),
        }
        loop {
            let said = told.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(said) = said {
                return read(said, call);
            }
            waiter.wait(call.deadline.next_wait().map_err(|error| over(error, call))?);
        }
    }
}

/// What a provider has said, for the call that waited for it.
fn read(said: ProviderAnswer, call: &Call) -> Result<Issued> {
    let unavailable = |message: &str| Err(Error::new(Reason::ProviderUnavailable, message.to_owned()));
    match said {
        ProviderAnswer::Token(token, expires_at) => {
            let asked_at = exact_wall_clock().saturating_sub(boot_clock() - call.deadline.began());
            Ok(issued::from_elsewhere(token.reveal(), expires_at, asked_at))
        }
        ProviderAnswer::NoToken(error) => Err(error),
        ProviderAnswer::Failed { refused, message, retry_after_ms } => {
            let (reason, what) = match refused {
                true => (Reason::ProviderRefused, "the token provider was refused"),
                false => (Reason::ProviderUnavailable, "the token provider has no token"),
            };
            let words = call.redactor.clean(message.reveal());
            let message = if words.is_empty() { what.to_owned() } else { format!("{what}: {words}") };
            Err(Error::new(reason, message).with_retry_after_ms(retry_after_ms))
        }
        ProviderAnswer::Nothing => unavailable("the token provider returned without an answer"),
        // It is over for the call as well, in the same moment.
        ProviderAnswer::Late => Err(call.deadline.next_wait().map_or_else(|error| over(error, call), |_| late())),
    }
}

fn late() -> Error {
    Error::new(Reason::ProviderUnavailable, "the token provider did not answer in time")
}

/// The error of a call whose time is over. A renewal tells those who have more time what has kept it.
fn over(error: Error, call: &Call) -> Error {
    if error.status() == Status::Timeout && !call.connection.is_callers { late() } else { error }
}

/// Where a renewal has had its time, and the call that waited for it has had its own: it was that.
pub(super) fn time_out_or(error: Error, call: Option<&Call>) -> Error {
    if error.reason() != Reason::ProviderUnavailable {
        return error;
    }
    call.and_then(|call| call.deadline.next_long_wait_in_call().err()).unwrap_or(error)
}

impl NotAsked {
    pub fn error(&self) -> Error {
        match self {
            NotAsked::Busy => Error::new(Reason::ProviderUnavailable, "the token provider is busy"),
            NotAsked::Overstays => {
                let message = "the token provider was asked before, and has not returned although its time is over";
                Error::new(Reason::ProviderUnavailable, message).with_hint(OVERSTAYS)
            }
            NotAsked::NoThread => {
                Error::new(Reason::ConnectResource, "the system has no thread to run the token provider on")
            }
        }
    }
}

const OVERSTAYS: &str = "Give what the provider calls a time limit: tg_provider_request_time_left_ms tells how much time \
                         it has. It is not asked again before it returns.";

impl Connection {
    /// Fails on the thread of this connection's provider, which would ask itself for a token.
    pub(super) fn refuse_recursion(&self) -> Result<()> {
        let own = PROVIDES_FOR.with(Cell::get);
        if own == 0 || own != self.provider_place().address() {
            return Ok(());
        }
        let message = "the token provider asks its own connection for a token";
        Err(Error::new(Reason::ArgumentRecursion, message))
    }

    fn provider_place(&self) -> &ProviderPlace {
        self.core.provider.get_or_init(Box::default).get()
    }

    /// Whether a renewal waits for the program's own function, which may take its time: it takes no place from those
    /// that wait for a server.
    pub(super) fn waits_for_program(&self) -> bool {
        let is_provider = matches!(self.core.settings.login, Some(Login::Provider(_)));
        is_provider && self.source().is_some_and(|source| matches!(source.origin, TokenOrigin::Elsewhere))
    }
}
