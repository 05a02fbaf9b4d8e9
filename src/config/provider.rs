//! A login whose tokens a function of the program brings: the function, and one request to it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

#[cfg(not(feature = "test-shuttle"))]
use std::sync::{Mutex, MutexGuard};

#[cfg(feature = "test-shuttle")]
use shuttle::sync::{Mutex, MutexGuard};

use crate::checks::is_issued_token;
use crate::config::Config;
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::Hidden;
use crate::platform::clock::boot_clock;

/// Brings tokens from wherever the program has them.
pub trait TokenProvider: Send + Sync {
    /// Answers the request, once, before it returns or on another thread before it returns. Runs on a thread of its own,
    /// once at a time for a connection.
    fn provide(&self, request: &Arc<ProviderRequest>);
}

impl<F: Fn(&Arc<ProviderRequest>) + Send + Sync> TokenProvider for F {
    fn provide(&self, request: &Arc<ProviderRequest>) {
        self(request);
    }
}

/// A provider as a setting. Clones share it.
#[derive(Clone)]
pub struct Provider(pub Arc<dyn TokenProvider>);

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

impl Config {
    /// Log in with tokens that this function of the program brings; `None`: it brings none.
    pub fn set_token_provider(&mut self, provider: Option<Arc<dyn TokenProvider>>) -> &mut Config {
        self.provider = provider.map(Provider);
        self
    }
}

/// What a provider says.
#[derive(Debug)]
pub(crate) enum ProviderAnswer {
    /// A token, and when it ends, in seconds since 1970; 0: by the token's own `exp`, else nobody knows.
    Token(Hidden, i64),
    /// Something that is no token.
    NoToken(Error),
    /// There is none to be had.
    Failed {
        /// Because whoever gives tokens refuses this program, and not because nobody is there.
        refused: bool,
        /// The provider's own words, which may hold anything.
        message: Hidden,
        /// How long to wait before the provider is asked again.
        retry_after_ms: Option<u64>,
    },
    /// It returned and said nothing.
    Nothing,
    /// It took longer than the request had.
    Late,
}

/// What is done with the answer, on the thread that gives it.
pub(crate) type OnAnswer = Box<dyn FnOnce(ProviderAnswer) + Send>;

/// One request to a provider for a token. It takes one answer, from any thread, until it is cancelled or its time is over.
pub struct ProviderRequest {
    /// On the boot clock.
    end: Duration,
    /// Set by whoever waits for the answer, and does not any more.
    cancelled: Arc<AtomicBool>,
    state: Mutex<State>,
}

enum State {
    /// Nobody has answered yet.
    Open(OnAnswer),
    Answered,
    /// Nobody waits any more, since then.
    Closed(Duration),
}

impl ProviderRequest {
    /// A request until `end` on the boot clock; `cancelled` is what another thread sets to cancel it.
    pub(crate) fn new(end: Duration, cancelled: Arc<AtomicBool>, on_answer: OnAnswer) -> ProviderRequest {
        ProviderRequest { end, cancelled, state: Mutex::new(State::Open(on_answer)) }
    }

    /// Answers with a token. `expires_at`: when it ends, in seconds since 1970; 0: by its own `exp`, else unknown.
    pub fn set_token(&self, token: &str, expires_at: i64) -> Result<()> {
        if expires_at < 0 {
            return Err(Error::new(Reason::ArgumentRange, "expires_at is negative"));
        }
        if is_issued_token(token) {
            return self.answer(ProviderAnswer::Token(Hidden::new(token), expires_at));
        }
        let mut error = Error::new(Reason::ProtocolShape, "the provider's token is not one that a header can carry");
        error = error.with_hint(if token.starts_with("Bearer ") { WITHOUT_BEARER } else { WHAT_A_TOKEN_IS });
        self.answer(ProviderAnswer::NoToken(error.clone()))?;
        Err(error)
    }

    /// Answers that there is no token. `UNAUTHENTICATED` and `FORBIDDEN` mean that the program is refused, every other
    /// number that nobody is there; `retry_after_ms`: when to ask again, if that is known.
    pub fn fail(&self, status: i32, message: &str, retry_after_ms: Option<u64>) -> Result<()> {
        let refused = [Status::Unauthenticated, Status::Forbidden].iter().any(|refusal| *refusal as i32 == status);
        self.answer(ProviderAnswer::Failed { refused, message: Hidden::new(message), retry_after_ms })
    }

    /// How much time is left for the answer.
    pub fn time_left(&self) -> Duration {
        if self.is_cancelled() { Duration::ZERO } else { self.end.saturating_sub(boot_clock()) }
    }

    /// Whether nobody waits for the answer any more: it was cancelled, or its time is over.
    pub fn is_cancelled(&self) -> bool {
        self.is_given_up() || matches!(*self.state(), State::Closed(_))
    }

    fn is_given_up(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst) || boot_clock() >= self.end
    }

    /// Whether the provider, which has not returned, should have: the time of the request is over, or `grace` has passed
    /// since it was cancelled.
    pub(crate) fn is_overdue(&self, grace: Duration) -> bool {
        let now = boot_clock();
        now >= self.end || matches!(*self.state(), State::Closed(since) if now >= since + grace)
    }

    /// The provider has returned.
    pub(crate) fn returned(&self) {
        // Nobody is left to tell where an answer came before.
        let _ = self.answer(ProviderAnswer::Nothing);
    }

    /// Whoever waits gives up. Whether there was no answer before that.
    pub(crate) fn close(&self) -> bool {
        self.take_if_open(State::Closed(boot_clock())).is_some()
    }

    /// Its time is over, if it is: whoever waits is told.
    fn expire(&self) {
        if boot_clock() < self.end {
            return;
        }
        if let Some(on_answer) = self.take_if_open(State::Closed(boot_clock())) {
            on_answer(ProviderAnswer::Late);
        }
    }

    fn answer(&self, answer: ProviderAnswer) -> Result<()> {
        self.expire();
        if self.cancelled.load(Ordering::SeqCst) {
            self.close();
        }
        if let Some(on_answer) = self.take_if_open(State::Answered) {
            on_answer(answer);
            return Ok(());
        }
        match *self.state() {
            State::Closed(_) => Err(Error::new(Reason::Cancelled, "nobody waits for the provider's answer any more")
                .with_hint("The call that needed the token was cancelled, or its time is over.")),
            State::Open(_) | State::Answered => {
                let message = "the provider's request was answered already; the first answer counts";
                Err(Error::new(Reason::ArgumentRange, message).with_hint("Answer each request once."))
            }
        }
    }

    /// What to do with the answer; nobody else gets it after this. It is neither called nor dropped with the state locked.
    fn take_if_open(&self, next: State) -> Option<OnAnswer> {
        let mut state = self.state();
        if !matches!(*state, State::Open(_)) {
            return None;
        }
        match std::mem::replace(&mut *state, next) {
            State::Open(on_answer) => Some(on_answer),
            State::Answered | State::Closed(_) => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ProviderRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProviderRequest")
    }
}

const WITHOUT_BEARER: &str = "Give the token alone, without \"Bearer \" before it.";
const WHAT_A_TOKEN_IS: &str = "A token has 8 to 8192 letters, digits and characters of -._~+/=, and no line break.";

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};

    /// A request with so much time, what cancels it, and what comes of it.
    fn request(left: Duration) -> (ProviderRequest, Arc<AtomicBool>, Receiver<ProviderAnswer>) {
        let (said, answers) = channel();
        let cancelled = Arc::<AtomicBool>::default();
        let on_answer = Box::new(move |answer| said.send(answer).unwrap());
        (ProviderRequest::new(boot_clock() + left, cancelled.clone(), on_answer), cancelled, answers)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn the_first_answer_counts() {
        let (request, _, answers) = request(LONG);
        assert!(!request.is_cancelled() && request.time_left() > LONG / 2);
        request.fail(12, "down", Some(7)).unwrap();
        assert_eq!(request.set_token("a-good-token", 0).unwrap_err().reason(), Reason::ArgumentRange);
        request.returned();
        assert!(!request.close(), "it was answered");
        let answers: Vec<_> = answers.try_iter().collect();
        assert!(matches!(answers[..], [ProviderAnswer::Failed { refused: false, retry_after_ms: Some(7), .. }]));
    }

    #[test]
    fn who_returns_without_an_answer_has_said_nothing() {
        let (request, _, answers) = request(LONG);
        request.returned();
        assert!(matches!(answers.try_recv(), Ok(ProviderAnswer::Nothing)));
    }

    #[test]
    fn nobody_waits_after_a_cancellation_or_for_too_long() {
        for by_flag in [true, false] {
            let (request, cancelled, answers) = request(LONG);
            if by_flag {
                cancelled.store(true, Ordering::SeqCst);
            } else {
                assert!(request.close());
            }
            assert!(request.is_cancelled() && request.time_left().is_zero());
            assert_eq!(request.fail(6, "too late", None).unwrap_err().reason(), Reason::Cancelled);
            assert!(answers.try_recv().is_err(), "nobody was there to tell");
            assert!(request.is_overdue(Duration::ZERO) && !request.is_overdue(LONG));
        }
        let (request, _, answers) = request(Duration::ZERO);
        assert!(request.is_cancelled() && request.is_overdue(LONG));
        assert_eq!(request.set_token("a-good-token", 0).unwrap_err().reason(), Reason::Cancelled);
        assert!(matches!(answers.try_recv(), Ok(ProviderAnswer::Late)));
    }

    #[test]
    fn what_is_no_token_is_an_answer_without_one() {
        for (bad, hint) in [("Bearer abcdefgh", WITHOUT_BEARER), ("abc", WHAT_A_TOKEN_IS)] {
            let (request, _, answers) = request(LONG);
            let error = request.set_token(bad, 0).unwrap_err();
            assert_eq!((error.reason(), error.hint()), (Reason::ProtocolShape, hint));
            assert!(matches!(answers.try_recv(), Ok(ProviderAnswer::NoToken(told)) if told == error));
        }
    }
}
