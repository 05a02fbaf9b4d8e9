//! Managed tokens: how a caller gets a good one. The decisions are those of [`crate::token::renewal`];
//! this file brings the time, the threads and the requests.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::config::settings::Login;
use crate::conn::call::Call;
use crate::conn::counters::Counter;
use crate::conn::login;
use crate::conn::places::{self, Job, Place};
use crate::conn::provider;
use crate::conn::source::{Source, TokenOrigin};
use crate::conn::sync::thread_local;
use crate::conn::{Connection, Core, TokenOptions};
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::{Hidden, same_text};
use crate::log::{Level, Logger};
use crate::platform::clock::{boot_clock, wall_clock};
use crate::platform::thread_group::ThreadGroup;
use crate::token::issued::Issued;
use crate::token::renewal::{Advice, Life, RenewalPolicy, Same as _, Schedule};
use crate::token::token::Token;

/// What to do where a log function keeps a renewal, and so its callers, until the time is over.
const LOG_FUNCTION_IS_SLOW: &str = "The log function took too long. If it can only run on the thread that makes the call, \
                                    as in Node.js, let another thread make it (an asynchronous call), or set no log \
                                    function.";

thread_local! {
    /// Whether this thread is getting a token for everybody.
    static ON_RENEWAL_THREAD: Cell<bool> = const { Cell::new(false) };
}

impl Connection {
    /// A token that is good now: the connection's own while it is fresh, renewed in time by one request
    /// however many threads ask. If REST++ authentication is off: one whose value and header are "".
    pub fn authorization(&self) -> Result<Arc<Token>> {
        self.refuse_recursion()?;
        self.fast_path().map_or_else(|| self.token_within(None), Ok)
    }

    /// The same for a call that has begun, within its time.
    pub(super) fn token_for(&self, call: &Call) -> Result<Arc<Token>> {
        self.refuse_recursion()?;
        self.fast_path().map_or_else(|| self.token_within(Some(call)), Ok)
    }

    /// The connection's own token, if it is so fresh that nobody needs to think about it.
    pub(super) fn fast_path(&self) -> Option<Arc<Token>> {
        self.fast_path_in(ThreadGroup::own())
    }

    /// The same on a thread of this group.
    #[inline(always)]
    pub(crate) fn fast_path_in(&self, group: ThreadGroup) -> Option<Arc<Token>> {
        self.core.authorization.fast_path(group)
    }

    /// The same where somebody needs to think, within the time of a call that has begun; `None`: of one that
    /// begins here.
    pub(super) fn token_within(&self, outer: Option<&Call>) -> Result<Arc<Token>> {
        let mut begun = outer.is_none().then(|| self.begin());
        let (mut own_call, mut has_waited) = (None, false);
        let manager = &self.core.authorization;
        let own = manager.state();
        let renews = self.source().is_some();
        loop {
            let mut policy = own.policy();
            let advice = policy.ask(boot_clock(), renews);
            manager.republish(&policy);
            drop(policy);
            let begins = matches!(advice, Advice::Renew(_));
            let number = match advice {
                Advice::Use(token) => return Ok(token),
                Advice::Off => return Ok(self.not_needed()),
                Advice::Fail(error) => {
                    let error = provider::time_out_or(error, outer.or(own_call.as_ref()));
                    return Err(self.with_cause_of_delay(error));
                }
                Advice::UseAndRenew(token, number) => {
                    if self.start_renewal(number, false) != Started::Running {
                        manager.put_off(number);
                    }
                    return Ok(token);
                }
                // A log callback on the renewal's own thread must not wait for the renewal.
                Advice::Wait(_) if ON_RENEWAL_THREAD.with(Cell::get) => return self.token_during_renewal(),
                Advice::Renew(number) | Advice::Wait(number) => number,
            };
            let call = outer.unwrap_or_else(|| {
                own_call.get_or_insert_with(|| self.call(begun.take().unwrap_or_else(|| self.begin()), &[], &[]))
            });
            if begins {
                let good = own.policy().still_good(boot_clock());
                let started = self.start_renewal(number, good.is_none());
                if let Some(token) = good.filter(|_| started != Started::Running) {
                    manager.put_off(number);
                    return Ok(token);
                }
                match started {
                    Started::Running => {}
                    Started::NoPlace => {
                        manager.withdrawn(number);
                        call.deadline.sleep(call.deadline.next_wait()?)?;
                        continue;
                    }
                    Started::NoThread => self.renew_on_caller(number, call)?,
                }
            }
            if !std::mem::replace(&mut has_waited, true) {
                self.count(Counter::Waited);
            }
            if let Some(token) = self.wait_for_renewal(number, call)? {
                return Ok(token);
            }
        }
    }

    /// Waits until a renewal has ended: the token that is fresh then, if one is.
    fn wait_for_renewal(&self, number: u64, call: &Call) -> Result<Option<Arc<Token>>> {
        let own = self.core.authorization.state();
        if let Err(error) = own.wait_for(number, call) {
            // Neither time nor cancellation takes a token away that is still good.
            let good = own.policy().still_good(boot_clock());
            let good = good.filter(|_| error.status() == Status::Timeout);
            return good.map(Some).ok_or_else(|| self.with_cause_of_delay(error));
        }
        Ok(self.fast_path())
    }

    /// What stands for a token where none is needed.
    pub(super) fn not_needed(&self) -> Arc<Token> {
        let token = Token::not_needed();
        token.set_urls(&self.urls());
        Arc::new(token)
    }

    /// A renewal waits for the log function, and a caller for the renewal. Where that function has to run on the
    /// caller's thread, both wait until the time is over, however much of it there is.
    pub(super) fn with_cause_of_delay(&self, error: Error) -> Error {
        let log = self.core.settings.log.as_ref().filter(|_| error.reason() == Reason::TimeoutResponse);
        if log.is_some_and(Logger::is_slow) { error.with_hint(LOG_FUNCTION_IS_SLOW) } else { error }
    }

    /// A token for the thread that is getting one for everybody: the one held, or one of its own.
    fn token_during_renewal(&self) -> Result<Arc<Token>> {
        let good = self.core.authorization.state().policy().still_good(boot_clock());
        good.map_or_else(|| self.get_token(None, 0, TokenOptions { keep_current: true, global: false }), Ok)
    }

    /// How the connection gets a token when it needs one.
    pub(super) fn source(&self) -> Option<Arc<Source>> {
        self.core.authorization.source_or(|| {
            let origin = match self.core.settings.login.as_ref()? {
                Login::Jwt(jwt) if jwt.is_file() => TokenOrigin::File,
                Login::Jwt(_) => return None,
                Login::Secret(_) | Login::Password { .. } => TokenOrigin::Login,
                Login::OAuth2(_) | Login::Provider(_) => TokenOrigin::Elsewhere,
            };
            // Nobody asks for a lifetime elsewhere.
            let lifetime_s = if matches!(origin, TokenOrigin::Elsewhere) { 0 } else { self.lifetime(0).ok()? };
            Some(Source { origin, lifetime_s, options: TokenOptions::default() })
        })
    }

    /// Runs the request for a token on a thread of its own, so that no caller's limit or cancellation ends it.
    /// `is_first`: there is no good token until then.
    pub(super) fn start_renewal(&self, number: u64, is_first: bool) -> Started {
        let place = match self.waits_for_program() {
            true => Some(Place::uncounted()),
            false => self.core.authorization.state().take_place(is_first),
        };
        let Some(place) = place else {
            return Started::NoPlace;
        };
        match place.start(self.renewal(number)) {
            Ok(()) => Started::Running,
            Err(_) => Started::NoThread,
        }
    }

    /// A renewal for a thread of its own. What ends it is there before its thread is, so that the last free cannot miss it.
    pub(super) fn renewal(&self, number: u64) -> Box<dyn Job> {
        let abort = self.core.authorization.new_abort(number);
        Box::new(Renewal { core: Arc::downgrade(&self.core), number, abort })
    }

    /// Runs the request within the call of a caller, where no thread can be made. What ends that call alone is no
    /// failure for the others, who try again.
    fn renew_on_caller(&self, number: u64, call: &Call) -> Result<()> {
        let ending = Ending { connection: self, number };
        match self.renew(call) {
            Err(error) if call.deadline.next_long_wait_in_call().is_err() => {
                ending.withdraw();
                Err(error)
            }
            outcome => {
                ending.end(outcome);
                Ok(())
            }
        }
    }

    fn renew(&self, call: &Call) -> Result<(Token, Schedule)> {
        ON_RENEWAL_THREAD.with(|on| on.set(true));
        let outcome = catch_unwind(AssertUnwindSafe(|| self.request_managed(call)));
        ON_RENEWAL_THREAD.with(|on| on.set(false));
        outcome.unwrap_or_else(|_| Err(panicked()))
    }

    fn request_managed(&self, call: &Call) -> Result<(Token, Schedule)> {
        let own = self.core.authorization.state();
        let source = self.source().ok_or_else(login::no_credentials)?;
        let old = Old::of(&own.policy(), boot_clock());
        let outcome = match self.cache_for(&source) {
            Some(cache) => self.renew_with_cache(cache, call, &source, old.as_ref()),
            None => {
                self.renew_at_server(call, &source, old.as_ref()).map(|(issued, life)| self.scheduled(issued, life))
            }
        };
        let (held, renewed) = (old.is_some(), outcome.as_ref().map(|_| ()));
        // One that was given up says nothing about the server.
        let failure = renewed.err().filter(|error| error.reason() != Reason::Cancelled);
        match failure {
            // No token is needed.
            Some(error) if error.reason() == Reason::AuthDisabled => {}
            Some(_) => self.count(Counter::FailedRenewals),
            None if renewed.is_ok() => self.count(Counter::Renewals),
            None => {}
        }
        own.remember(failure.cloned());
        if let Some(error) = failure {
            let level = if held { Level::Warn } else { Level::Error };
            self.log(level, || format!("no new token ({}): {}", error.reason().id(), error.message()));
        }
        outcome
    }

    /// A successor that the server gives, and its life.
    pub(super) fn renew_at_server(&self, call: &Call, source: &Source, old: Option<&Old>) -> Result<(Issued, Life)> {
        let issued = source.renew(call, old.map(|old| &old.value))?;
        let life = life(call, &issued, source.lifetime_s);
        Ok((issued, life))
    }

    /// A token that was issued just now, with its schedule.
    pub(super) fn scheduled(&self, issued: Issued, life: Life) -> (Token, Schedule) {
        let schedule = self.schedule(life);
        (issued.token, schedule)
    }

    /// The JWT that the file of the login holds now. One that is still there when another is wanted is none.
    pub(super) fn take_from_file(&self, jwt: &Hidden) -> Result<Issued> {
        let manager = &self.core.authorization;
        let token = Token::given(jwt);
        token.set_urls(&self.urls());
        let left = (token.expires_at() != 0).then(|| token.expires_at() - wall_clock());
        if manager.is_from_file(jwt) {
            // One that nobody rejected is still held, and another is wanted because its end is near or past.
            let held = manager.state().policy().held().is_some_and(|held| same_text(held.value(), jwt.reveal()));
            let (reason, what) = match left {
                Some(..=0) => (Reason::AuthTokenExpired, "has expired"),
                _ if held => (Reason::AuthTokenExpired, "is about to expire"),
                _ => (Reason::AuthBadToken, "was refused"),
            };
            let message = format!("the JWT in the file of the login {what}, and the file has not changed");
            return Err(Error::new(reason, message));
        }
        manager.taken_from_file(jwt);
        // One that does not tell its end is used until it is rejected, as it was when the connection was made.
        let lifetime = left.map_or(Duration::MAX, |left| Duration::from_secs(u64::try_from(left).unwrap_or(0)));
        Ok(Issued { token, lifetime: Some(lifetime), granted_s: None, by_servers_clock: false })
    }

    /// The schedule of a token that was issued just now.
    fn schedule(&self, life: Life) -> Schedule {
        let manager = &self.core.authorization;
        if life.lifetime.is_some_and(|lifetime| manager.is_window_too_wide(lifetime)) {
            let message = "tokens are to be renewed earlier than half of their life; half is what is used";
            self.log(Level::Warn, || message.into());
        }
        manager.schedule(life)
    }

    /// Makes a token that a caller asked for the connection's own, unless it is to keep the one it has.
    pub(super) fn adopt(&self, call: &Call, issued: Issued, source: Source) -> Arc<Token> {
        if source.options.keep_current {
            return Arc::new(issued.token);
        }
        let manager = &self.core.authorization;
        let schedule = self.schedule(life(call, &issued, source.lifetime_s));
        manager.set_source(source);
        manager.adopt(issued.token, Some(schedule))
    }

    /// A token that was deleted is never returned again.
    pub(super) fn forget(&self, call: &Call, token: &Hidden) {
        self.remove_deleted_from_cache(call, token.reveal());
        self.core.authorization.forget(token);
    }

    /// Drops a token that a server refused, if it is still the connection's own. Sends nothing.
    pub fn reject_token(&self, token: &Arc<Token>) {
        // Before it is dropped, so that nobody takes it from there again.
        if self.held().is_some_and(|held| held.is_one_with(token)) {
            self.remove_from_cache(token.value());
        }
        if self.core.authorization.reject(token) {
            self.count(Counter::Rejected);
        }
    }

    /// The connection's own token, if it has one.
    pub(super) fn held(&self) -> Option<Arc<Token>> {
        self.core.authorization.held()
    }
}

/// The token held when a renewal begins, which may be handed out until a moment that is still to come.
pub(super) struct Old {
    pub value: Hidden,
    pub good_until: Duration,
}

impl Old {
    fn of(policy: &RenewalPolicy<Arc<Token>>, now: Duration) -> Option<Old> {
        let (token, good_until) = (policy.still_good(now)?, policy.good_until(now)?);
        Some(Old { value: Hidden::new(token.value()), good_until })
    }
}

/// The life of a token that was issued just now.
fn life(call: &Call, issued: &Issued, lifetime_s: u64) -> Life {
    let asked = (lifetime_s > 0).then(|| Duration::from_secs(lifetime_s));
    Life { began: call.deadline.began(), lifetime: issued.lifetime, asked }
}

/// Whether a renewal has a thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Started {
    Running,
    /// As many renewals run as may.
    NoPlace,
    /// The system has no thread to give.
    NoThread,
}

/// A renewal that a thread is to run. The connection may be gone before that.
struct Renewal {
    core: Weak<Core>,
    number: u64,
    abort: Arc<AtomicBool>,
}

impl Job for Renewal {
    fn run(self: Box<Self>) {
        let Some(core) = self.core.upgrade() else { return };
        let handle = Connection::inner(core);
        let ending = Ending { connection: &handle, number: self.number };
        let call = handle.call(handle.begin_with(handle.calls.begin_with(self.abort)), &[], &[]);
        call.deadline.do_beside(places::start_overdue);
        if handle.core.authorization.state().policy().is_running(self.number) {
            ending.end(handle.renew(&call));
        }
    }

    fn give_up(self: Box<Self>) {
        if let Some(core) = self.core.upgrade() {
            core.authorization.withdrawn(self.number);
        }
    }

    fn is_ended_by(&self, flag: &Arc<AtomicBool>) -> bool {
        Arc::ptr_eq(&self.abort, flag)
    }
}

/// The end of a renewal, for those who wait for it: also if what should have brought it about panics.
struct Ending<'a> {
    connection: &'a Connection,
    number: u64,
}

impl Ending<'_> {
    fn end(self, outcome: Result<(Token, Schedule)>) {
        self.connection.core.authorization.finished(self.number, outcome);
    }

    fn withdraw(self) {
        self.connection.core.authorization.withdrawn(self.number);
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        // Nothing to end where `end` or `withdraw` came first.
        self.connection.core.authorization.withdrawn(self.number);
    }
}

fn panicked() -> Error {
    Error::new(Reason::InternalPanic, "internal error in tigergraph_auth")
}
