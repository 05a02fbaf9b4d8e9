//! The token of a connection: who may take it without asking, and where decisions are made and waited for.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use crate::config::settings::{Login, Settings};
use crate::conn::call::Call;
use crate::conn::places::{self, Place};
use crate::conn::running::cancel;
use crate::conn::source::Source;
use crate::conn::sync::{Mutex, MutexGuard, Waiter};
use crate::conn::wakeup::Wakeup;
use crate::error::{Error, Reason, Result};
use crate::hidden::Hidden;
use crate::platform::clock::{boot_clock, boot_nanoseconds, wall_clock};
use crate::platform::fork::forks;
use crate::platform::per_process::PerProcess;
use crate::platform::published::Published;
use crate::platform::swap_cell::SwapOption;
use crate::platform::thread_group::ThreadGroup;
use crate::token::renewal::{Jitter, Life, RenewalPolicy, Same, Schedule};
use crate::token::token::Token;

/// The managed token of a connection.
pub(super) struct TokenManager {
    current: SwapOption<Current>,
    own: PerProcess<RenewalState>,
    /// Of the login; replaced when a caller asks for a token in another way.
    source: SwapOption<Source>,
    window: Option<Duration>,
    /// Whether it was said that the window is too wide for the tokens.
    told_of_window: AtomicBool,
    /// The JWT that was last taken from the file of the login.
    from_file: SwapOption<Hidden>,
    /// Handles that callers have; when the last one is freed, the renewal ends.
    handles: AtomicUsize,
}

/// The token held.
pub struct Current {
    token: Arc<Token>,
    /// What is known about its life, for a forked child's own decisions.
    schedule: Option<Schedule>,
}

/// Where decisions are made and waited for.
#[derive(Default)]
pub struct RenewalState {
    policy: Mutex<RenewalPolicy<Arc<Token>>>,
    /// The token that callers may take without asking, until this moment in nanoseconds on the boot clock.
    free: Published<Token>,
    free_until: AtomicU64,
    /// The number of the last renewal that has ended.
    ended: AtomicU64,
    /// Who waits, and for which renewal.
    waiting: Mutex<Vec<(u64, Waiting)>>,
    /// Set to end the renewal that is running, which has this number.
    abort: Mutex<(u64, Option<Arc<AtomicBool>>)>,
    /// Since when a renewal waits for a thread, in nanoseconds on the boot clock; 0: none does.
    waits_since: AtomicU64,
    /// Why the last renewal failed, if it did, and when.
    failed: Mutex<Option<(Error, Duration)>>,
}

/// Who waits for a renewal.
enum Waiting {
    /// A caller. Each is woken by itself, so that many of them do not queue for one lock.
    Caller(Arc<Waiter>),
    /// A handle whose program may not wait.
    Handle(Arc<Wakeup>),
}

impl Waiting {
    fn is_caller(&self, waiter: &Arc<Waiter>) -> bool {
        matches!(self, Waiting::Caller(own) if Arc::ptr_eq(own, waiter))
    }

    fn is_handle(&self, wakeup: &Arc<Wakeup>) -> bool {
        matches!(self, Waiting::Handle(own) if Arc::ptr_eq(own, wakeup))
    }

    fn wake(&self) {
        match self {
            Waiting::Caller(waiter) => waiter.wake(),
            Waiting::Handle(wakeup) => wakeup.run(),
        }
    }
}

/// Whether anybody waits for this renewal. Those of an earlier one, which has ended, may still be there.
fn is_awaited(waiting: &[(u64, Waiting)], number: u64) -> bool {
    waiting.iter().any(|(awaited, _)| *awaited >= number)
}

impl RenewalState {
    pub fn policy(&self) -> MutexGuard<'_, RenewalPolicy<Arc<Token>>> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(u64, Waiting)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What ends the renewal that begins now, before its thread is there.
    fn new_abort(&self, number: u64) -> Arc<AtomicBool> {
        let flag = Arc::<AtomicBool>::default();
        let mut abort = self.abort.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was given up before it came here may come after its successor.
        if abort.0 < number {
            *abort = (number, Some(flag.clone()));
        }
        flag
    }

    /// Ends the renewal that is running, if one is. What is returned may still have it in the queue for a thread.
    fn abort_running(&self) -> Option<Arc<AtomicBool>> {
        let renewal = self.abort.lock().unwrap_or_else(PoisonError::into_inner).1.clone();
        renewal.inspect(|renewal| cancel(renewal))
    }

    /// A place for the thread of a renewal, if one is free. `is_first`: there is no good token until then.
    pub fn take_place(&self, is_first: bool) -> Option<Place> {
        let since = self.waits_since.load(Ordering::Relaxed);
        let waited =
            if since == 0 { Duration::ZERO } else { Duration::from_nanos(boot_nanoseconds().saturating_sub(since)) };
        let place = if is_first { Place::take_first(waited) } else { Place::take(waited) };
        let since = if place.is_some() {
            0
        } else if since == 0 {
            boot_nanoseconds()
        } else {
            since
        };
        self.waits_since.store(since, Ordering::Relaxed);
        place
    }

    /// How a renewal went.
    pub fn remember(&self, failure: Option<Error>) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failure.map(|error| (error, boot_clock()));
    }

    /// Waits until a renewal has ended. The last caller that is cancelled ends it.
    pub fn wait_for(&self, number: u64, call: &Call) -> Result<()> {
        call.deadline.wait_for_answer();
        let own = Arc::<Waiter>::default();
        self.waiting().push((number, Waiting::Caller(own.clone())));
        let outcome = loop {
            if self.ended.load(Ordering::SeqCst) >= number {
                break Ok(());
            }
            places::start_overdue();
            match call.deadline.next_long_wait() {
                Ok(left) => own.wait(left),
                Err(error) => break Err(error),
            }
        };
        if let Err(error) = &outcome {
            let mut waiting = self.waiting();
            waiting.retain(|(_, waiting)| !waiting.is_caller(&own));
            let is_last = !is_awaited(&waiting, number);
            drop(waiting);
            if is_last && error.reason() == Reason::Cancelled {
                self.give_up(number);
            }
        }
        outcome
    }

    /// The handle gets a wakeup when this renewal has ended, one however often it is owed; whether it is still to end.
    pub fn is_owed(&self, number: u64, wakeup: &Arc<Wakeup>) -> bool {
        let mut waiting = self.waiting();
        // Whoever ends it looks at the list after that.
        if self.ended.load(Ordering::SeqCst) >= number {
            return false;
        }
        if !waiting.iter().any(|(awaited, waiting)| *awaited >= number && waiting.is_handle(wakeup)) {
            waiting.push((number, Waiting::Handle(wakeup.clone())));
        }
        true
    }

    /// A handle waits no more: it gets the wakeup that it is owed, and the renewal ends if nobody else waits for it.
    fn end_wait_of(&self, wakeup: &Arc<Wakeup>) {
        let mut waiting = self.waiting();
        let owed = waiting.iter().filter(|(_, waiting)| waiting.is_handle(wakeup)).map(|(number, _)| *number).max();
        waiting.retain(|(_, waiting)| !waiting.is_handle(wakeup));
        let is_last = owed.is_some_and(|number| !is_awaited(&waiting, number));
        drop(waiting);
        let Some(number) = owed else { return };
        if is_last {
            self.give_up(number);
        }
        wakeup.run();
    }

    /// Lets callers that wait look whether they were cancelled.
    fn wake_all(&self) {
        let callers = |(_, waiting): &(u64, Waiting)| match waiting {
            Waiting::Caller(waiter) => waiter.wake(),
            Waiting::Handle(_) => {}
        };
        self.waiting().iter().for_each(callers);
    }

    /// Ends a renewal that nobody waits for any more: the next caller begins another one, and gets no failure of this.
    fn give_up(&self, number: u64) {
        let mut policy = self.policy();
        let given_up = if policy.withdrawn(number) { self.abort_running() } else { None };
        drop(policy);
        given_up.iter().for_each(places::leave_queue);
        // Whoever has just decided to wait for it decides anew.
        self.wake(number);
    }

    /// Wakes those who wait for this renewal, or one before it.
    fn wake(&self, number: u64) {
        self.ended.fetch_max(number, Ordering::SeqCst);
        // Whoever waits for a later one stays: this may come late.
        let mut waiting = self.waiting();
        let (woken, later): (Vec<_>, Vec<_>) = waiting.drain(..).partition(|(awaited, _)| *awaited <= number);
        *waiting = later;
        drop(waiting);
        // Callers first: what a program does in its wakeup may take time.
        let (callers, handles): (Vec<_>, Vec<_>) =
            woken.into_iter().partition(|(_, waiting)| matches!(waiting, Waiting::Caller(_)));
        callers.iter().chain(&handles).for_each(|(_, waiting)| waiting.wake());
    }
}

fn nanoseconds(moment: Duration) -> u64 {
    u64::try_from(moment.as_nanos()).unwrap_or(u64::MAX)
}

impl TokenManager {
    pub fn new(settings: &Settings) -> TokenManager {
        let window = (settings.renew_before_s > 0).then(|| Duration::from_secs(settings.renew_before_s));
        let manager = TokenManager {
            current: SwapOption::new(None),
            own: PerProcess::default(),
            source: SwapOption::new(None),
            window,
            told_of_window: AtomicBool::new(false),
            from_file: SwapOption::new(None),
            handles: AtomicUsize::new(0),
        };
        let given = match (&settings.api_token, &settings.login) {
            (Some(token), _) => Some(Token::given(token)),
            (None, Some(Login::Jwt(jwt))) => {
                manager.from_file.store(jwt.is_file().then(|| jwt.held()));
                Some(Token::given(&jwt.held()))
            }
            _ => None,
        };
        if let Some(token) = given {
            manager.adopt(token.clone(), manager.schedule_of_given(&token));
        }
        manager
    }

    /// The schedule of a token whose life only this machine's clock can tell; `None` if nobody can.
    fn schedule_of_given(&self, token: &Token) -> Option<Schedule> {
        let left = u64::try_from(token.expires_at() - wall_clock()).unwrap_or(0);
        let life = Life { began: boot_clock(), lifetime: Some(Duration::from_secs(left)), asked: None };
        (token.expires_at() != 0).then(|| self.schedule(life))
    }

    /// The schedule of a token with this life.
    pub fn schedule(&self, life: Life) -> Schedule {
        Schedule::new(life, self.window, jitter().window)
    }

    /// The schedule of a token that lives so long in all, and ends at this moment.
    pub fn schedule_ending(&self, end: Duration, lifetime: Duration) -> Schedule {
        Schedule::ending(end, lifetime, self.window, jitter().window)
    }

    /// Whether tokens of this lifetime are to be renewed earlier than they can be, and nobody was told yet.
    pub fn is_window_too_wide(&self, lifetime: Duration) -> bool {
        let too_wide = self.window.is_some_and(|window| window > lifetime / 2);
        too_wide && !self.told_of_window.swap(true, Ordering::Relaxed)
    }

    /// How the connection gets a token; `of_login` tells it where no caller has asked in another way.
    pub fn source_or(&self, of_login: impl FnOnce() -> Option<Source>) -> Option<Arc<Source>> {
        if let Some(source) = self.source.load() {
            return Some(source);
        }
        // Whoever asked for a token in another way meanwhile decides.
        self.source.fill(Arc::new(of_login()?));
        self.source.load()
    }

    /// Tokens are asked for in this way from now on.
    pub fn set_source(&self, source: Source) {
        self.source.store(Some(Arc::new(source)));
    }

    /// Whether this is the JWT that was last taken from the file of the login.
    pub fn is_from_file(&self, jwt: &Hidden) -> bool {
        self.from_file.load().as_deref() == Some(jwt)
    }

    /// This JWT was taken from the file of the login.
    pub fn taken_from_file(&self, jwt: &Hidden) {
        self.from_file.store(Some(Arc::new(jwt.clone())));
    }

    /// The token held, good or not.
    pub fn held(&self) -> Option<Arc<Token>> {
        self.current.load().map(|current| current.token.clone())
    }

    /// A token that was deleted is never returned again.
    pub fn forget(&self, token: &Hidden) {
        let own = self.state();
        let mut policy = own.policy();
        policy.forget(&Arc::new(Token::new(token.reveal(), 0)));
        self.republish(&policy);
    }

    /// Drops a token that a server refused, if it is the one held; whether it was.
    pub fn reject(&self, token: &Arc<Token>) -> bool {
        let own = self.state();
        let mut policy = own.policy();
        let was_held = if token.value().is_empty() {
            policy.reject_off(boot_clock());
            false
        } else {
            policy.reject(token, boot_clock())
        };
        self.republish(&policy);
        was_held
    }

    /// What ends the renewal that begins now. The last handle may have been freed already.
    pub fn new_abort(&self, number: u64) -> Arc<AtomicBool> {
        let flag = self.own.get().new_abort(number);
        if self.handles.load(Ordering::SeqCst) == 0 {
            cancel(&flag);
        }
        flag
    }

    /// Calls were cancelled: those that wait for a renewal look.
    pub fn wake_all(&self) {
        self.own.get().wake_all();
    }

    /// A handle was cancelled or freed.
    pub fn end_wait_of(&self, wakeup: &Arc<Wakeup>) {
        self.own.get().end_wait_of(wakeup);
    }

    /// A renewal was not run: whoever waits for it decides anew.
    pub fn withdrawn(&self, number: u64) {
        let own = self.state();
        own.policy().withdrawn(number);
        own.wake(number);
    }

    /// The same while the token is good, which callers take a little longer.
    pub fn put_off(&self, number: u64) {
        let own = self.state();
        let mut policy = own.policy();
        policy.put_off(number, boot_clock(), jitter());
        self.republish(&policy);
        drop(policy);
        own.wake(number);
    }

    /// A renewal has ended: its token is published if it is the one held from now on, and callers that wait are woken.
    pub fn finished(&self, number: u64, outcome: Result<(Token, Schedule)>) {
        let own = self.state();
        let (current, finished) = match outcome {
            Ok((token, schedule)) => {
                let token = Arc::new(token);
                let current = Arc::new(Current { token: token.clone(), schedule: Some(schedule) });
                (Some(current), Ok((token, schedule)))
            }
            Err(error) => (None, Err(error)),
        };
        let mut policy = own.policy();
        policy.finished(number, finished, boot_clock(), jitter());
        let adopted = current.filter(|new| policy.held().is_some_and(|held| held.is_one_with(&new.token)));
        match adopted {
            Some(current) => self.publish(&policy, current),
            None => self.republish(&policy),
        }
        drop(policy);
        own.wake(number);
    }

    /// Why the last renewal failed, if it did, and how long ago.
    pub fn failed_renewal(&self) -> Option<(Error, Duration)> {
        let own = self.own.get();
        let failed = own.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().map(|(error, at)| (error.clone(), boot_clock().saturating_sub(*at)))
    }

    /// A handle for a caller; the renewal ends with the last one.
    pub fn count_handle(&self) {
        self.handles.fetch_add(1, Ordering::SeqCst);
    }

    /// A caller's handle goes.
    pub fn discount_handle(&self) {
        if self.handles.fetch_sub(1, Ordering::SeqCst) > 1 {
            return;
        }
        let running = self.own.get().abort_running();
        running.iter().for_each(places::leave_queue);
    }

    /// The decisions of this process; a forked child begins with the token it inherited.
    pub fn state(&self) -> &RenewalState {
        let own = self.own.get();
        if let Some(current) = self.current.load() {
            let mut policy = own.policy();
            if policy.is_new() {
                policy.adopt(current.token.clone(), current.schedule, boot_clock());
                own.free.store(Some(current.token.clone()));
            }
        }
        own
    }

    /// Makes the token the connection's own.
    pub fn adopt(&self, token: Token, schedule: Option<Schedule>) -> Arc<Token> {
        let own = self.own.get();
        let mut policy = own.policy();
        let token = Arc::new(token);
        let current = Arc::new(Current { token: token.clone(), schedule });
        policy.adopt(token.clone(), schedule, boot_clock());
        self.publish(&policy, current);
        let renewal = policy.renewals();
        drop(policy);
        own.wake(renewal);
        token
    }

    /// Shows callers a new token. Called with the decisions locked.
    fn publish(&self, policy: &RenewalPolicy<Arc<Token>>, current: Arc<Current>) {
        let token = current.token.clone();
        self.current.store(Some(current));
        self.own.get().free.store(Some(token));
        // After the token: the time of a new one is not that of the old one.
        self.set_fast_path(policy);
    }

    /// Shows callers a decision that left the token as it was, or took it away. Called with the decisions locked.
    pub fn republish(&self, policy: &RenewalPolicy<Arc<Token>>) {
        let Some(current) = self.current.load() else {
            return;
        };
        if policy.held().is_some_and(|held| held.is_one_with(&current.token)) {
            self.set_fast_path(policy);
        } else {
            self.current.store(None);
            let own = self.own.get();
            own.free_until.store(0, Ordering::Relaxed);
            own.free.store(None);
        }
    }

    fn set_fast_path(&self, policy: &RenewalPolicy<Arc<Token>>) {
        let until = policy.fast_path_until(boot_clock(), self.source.load().is_some());
        self.own.get().free_until.store(nanoseconds(until), Ordering::Relaxed);
    }

    /// The token that a caller may take without asking.
    #[inline(always)]
    pub fn fast_path(&self, group: ThreadGroup) -> Option<Arc<Token>> {
        let own = self.own.get();
        if boot_nanoseconds() < own.free_until.load(Ordering::Relaxed) { own.free.load(group) } else { None }
    }
}

/// Random numbers for one decision.
pub fn jitter() -> Jitter {
    let Some(random) = random_bytes() else {
        return Jitter { window: 0.9, wait: 1.0 };
    };
    let half =
        |bytes: &[u8]| f64::from(u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])) / f64::from(u32::MAX);
    Jitter { window: 0.8 + 0.2 * half(&random[..4]), wait: 0.75 + 0.5 * half(&random[4..]) }
}

/// Random bytes that a thread got from the system and has not used yet.
#[derive(Clone, Copy)]
struct Pool {
    bytes: [u8; 128],
    used: usize,
    /// A forked child does not go on with its parent's.
    forks: u64,
}

fn random_bytes() -> Option<[u8; 8]> {
    thread_local! {
        static POOL: Cell<Pool> = const { Cell::new(Pool { bytes: [0; 128], used: 128, forks: 0 }) };
    }
    let mut pool = POOL.get();
    if pool.used == pool.bytes.len() || pool.forks != forks() {
        SystemRandom::new().fill(&mut pool.bytes).ok()?;
        (pool.used, pool.forks) = (0, forks());
    }
    let mut random = [0; 8];
    random.copy_from_slice(&pool.bytes[pool.used..pool.used + 8]);
    pool.used += 8;
    POOL.set(pool);
    Some(random)
}
