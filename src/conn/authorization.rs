//! Managed tokens: the way from a caller to a good token. What is decided here is decided by
//! [`crate::managed`]; this file brings the time, the threads and the requests.

use std::cell::{Cell, OnceCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use once_cell::sync::Lazy;
use ring::rand::{SecureRandom, SystemRandom};

use crate::checks::judge_secret;
use crate::config::{Login, Settings};
use crate::conn::call::Call;
use crate::conn::tokens::Proof;
use crate::conn::{Connection, Known, TokenOptions};
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::Hidden;
use crate::log::Level;
use crate::platform::clock::{self, boot_clock, wall_clock};
use crate::platform::per_process::PerProcess;
use crate::platform::process;
use crate::protocol::operation::Operation;
use crate::protocol::version::Generation;
use crate::sync::{ArcSwapOption, Builder, Mutex, MutexGuard, Thread, current, park_timeout};
use crate::token::issued::Issued;
use crate::token::renewal::{Advice, Chance, Life, Managed, Same, Schedule};
use crate::token::token::Token;

/// Threads count their references to the token on one of so many places at most.
const MAX_SHARDS: usize = 16;
/// No more threads than this renew tokens, in the whole process.
const MAX_FLIGHTS: usize = 8;
const STACK: usize = 256 * 1024;
/// A caller who has to renew beside a token that is still good does not wait longer.
const INLINE_LIMIT: Duration = Duration::from_millis(1000);

thread_local! {
    /// Whether this thread is getting a token for everybody.
    static FLYING: Cell<bool> = const { Cell::new(false) };
}

/// Where a token comes from.
#[derive(Clone)]
pub(super) enum Way {
    /// The server gives it for the secret that a caller gave.
    Secret(Arc<Hidden>),
    /// The server gives it for the connection's login.
    Login,
    /// The file of the login holds it: a JWT that somebody else renews.
    File,
}

impl Way {
    /// By the secret of a call, or the connection's login.
    pub fn of(secret: Option<&str>) -> Result<Way> {
        secret.map_or(Ok(Way::Login), |secret| {
            judge_secret("the secret", secret).map(|secret| Way::Secret(Arc::new(secret)))
        })
    }

    /// What proves who asks.
    pub fn proof(&self, call: &Call) -> Result<Proof> {
        match self {
            Way::Secret(secret) => Ok(Proof::Secret(secret.clone())),
            Way::Login | Way::File => call.proof(),
        }
    }
}

/// How a token is asked for: a renewal asks as the first request did.
#[derive(Clone)]
pub(super) struct Source {
    pub way: Way,
    pub lifetime_s: u64,
    pub options: TokenOptions,
}

impl Source {
    /// A new token.
    pub fn request(&self, call: &Call) -> Result<Issued> {
        let Source { way, lifetime_s, options } = self;
        let proof = way.proof(call)?;
        if let (Way::File, Proof::Jwt(jwt)) = (way, &proof) {
            return call.connection.take_from_file(jwt);
        }
        call.for_tokens(|known| match known {
            Known::Exactly(Generation::C) => call.mint(&proof, *lifetime_s, *options),
            _ => call.by_requesttoken(Operation::RequestToken, known, &proof, None, *lifetime_s, *options),
        })
    }

    /// A successor of the old token: it gets a longer life where the server can do that, which saves
    /// one of the tokens that a server keeps; otherwise, or if that fails, a new one.
    fn renew(&self, call: &Call, old: Option<&Hidden>) -> Result<Issued> {
        let known = call.connection.facts().known;
        let Source { way, lifetime_s, options } = self;
        let proof = way.proof(call)?;
        // Up to 3.4 a refresh wants the secret.
        let can = match known {
            _ if matches!(way, Way::File) => false,
            Known::Exactly(Generation::B) => true,
            Known::Exactly(Generation::A { .. }) => matches!(proof, Proof::Secret(_)),
            _ => false,
        };
        let Some(old) = old.filter(|_| can) else {
            return self.request(call);
        };
        let refreshed = call.by_requesttoken(Operation::RefreshToken, known, &proof, Some(old), *lifetime_s, *options);
        match refreshed {
            Err(error) if is_about_the_old_token(&error) => self.request(call),
            other => other,
        }
    }
}

/// Whether a new token may be had where the old one could not be refreshed: it was refused, or nobody
/// knows whether it was refreshed. A server that is not there will not give a new one either.
fn is_about_the_old_token(error: &Error) -> bool {
    use Status::{Forbidden, NotFound, Protocol, Server, Unauthenticated};
    matches!(error.status(), Unauthenticated | Forbidden | NotFound | Server | Protocol)
}

/// The managed token of a connection.
pub(super) struct Managing {
    current: ArcSwapOption<Current>,
    own: PerProcess<Tower>,
    /// Of the login; replaced when a caller asks for a token in another way.
    source: ArcSwapOption<Source>,
    window: Option<Duration>,
    /// On how many places references to the token are counted.
    shards: usize,
    /// Whether it was said that the window is too wide for the tokens.
    told_of_window: AtomicBool,
    /// The JWT that was last taken from the file of the login.
    from_file: ArcSwapOption<Hidden>,
    /// Handles that callers have; when the last one goes, so does the flight.
    handles: AtomicUsize,
}

/// The token that callers may take without asking, as long as they need not ask.
struct Current {
    shards: Vec<Arc<Token>>,
    /// Nanoseconds on the boot clock; from then on callers ask.
    carefree_until: AtomicU64,
    /// What is known about its life, for a forked child's own decisions.
    schedule: Option<Schedule>,
}

/// Where decisions are made and waited for.
#[derive(Default)]
struct Tower {
    managed: Mutex<Managed<Arc<Token>>>,
    /// The number of the last flight that need not be waited for any more.
    ended: AtomicU64,
    /// Callers who wait, and for which flight. Each is woken by itself, so that a crowd does not queue for a lock.
    waiting: Mutex<Vec<(u64, Thread)>>,
    /// Set to end the flight that is running.
    abort: Mutex<Option<Arc<AtomicBool>>>,
    /// Why the last flight failed, if it did, and when.
    failed: Mutex<Option<(Error, Duration)>>,
}

impl Tower {
    fn managed(&self) -> MutexGuard<'_, Managed<Arc<Token>>> {
        self.managed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(u64, Thread)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How a flight went.
    fn remember(&self, failure: Option<Error>) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failure.map(|error| (error, boot_clock()));
    }

    /// Waits until a flight need not be waited for any more.
    fn wait_for(&self, number: u64, call: &Call) -> Result<()> {
        call.clock.wait_for_answer();
        self.waiting().push((number, current()));
        let outcome = loop {
            if self.ended.load(Ordering::SeqCst) >= number {
                break Ok(());
            }
            match call.clock.left() {
                Ok(left) => park_timeout(left),
                Err(error) => break Err(error),
            }
        };
        if outcome.is_err() {
            let own = current().id();
            self.waiting().retain(|(_, thread)| thread.id() != own);
        }
        outcome
    }

    /// Wakes who waits for this flight, or one before it.
    fn wake(&self, number: u64) {
        self.ended.fetch_max(number, Ordering::SeqCst);
        // Whoever waits for a later one stays: this may come late.
        let mut waiting = self.waiting();
        let (woken, later): (Vec<_>, Vec<_>) = waiting.drain(..).partition(|(awaited, _)| *awaited <= number);
        *waiting = later;
        drop(waiting);
        woken.iter().for_each(|(_, thread)| thread.unpark());
    }
}

fn nanoseconds(moment: Duration) -> u64 {
    u64::try_from(moment.as_nanos()).unwrap_or(u64::MAX)
}

impl Current {
    fn new(token: &Token, schedule: Option<Schedule>, shards: usize) -> Current {
        let shards = (0..shards).map(|_| Arc::new(token.clone())).collect();
        Current { shards, carefree_until: AtomicU64::new(0), schedule }
    }

    /// A reference that this thread counts where few others do.
    #[inline]
    fn token(&self) -> Arc<Token> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static PLACE: Cell<Option<usize>> = const { Cell::new(None) };
        }
        let place = PLACE.get().unwrap_or_else(|| {
            let place = NEXT.fetch_add(1, Ordering::Relaxed);
            PLACE.set(Some(place));
            place
        });
        // There is a power of two of them.
        self.shards[place & (self.shards.len() - 1)].clone()
    }
}

impl Managing {
    pub fn new(settings: &Settings) -> Managing {
        let window = (settings.renew_before_s > 0).then(|| Duration::from_secs(settings.renew_before_s));
        let managing = Managing {
            current: ArcSwapOption::empty(),
            own: PerProcess::default(),
            source: ArcSwapOption::empty(),
            window,
            // No more threads than that count at the same time.
            shards: process::processors().next_power_of_two().clamp(2, MAX_SHARDS),
            told_of_window: AtomicBool::new(false),
            from_file: ArcSwapOption::empty(),
            handles: AtomicUsize::new(0),
        };
        let given = match (&settings.api_token, &settings.login) {
            (Some(token), _) => Some(Token::given(token)),
            (None, Some(Login::Jwt(jwt))) => {
                managing.from_file.store(jwt.is_file().then(|| jwt.held()));
                Some(Token::given(&jwt.held()))
            }
            _ => None,
        };
        if let Some(token) = given {
            managing.adopt(token.clone(), managing.schedule_of_given(&token));
        }
        managing
    }

    /// The schedule of a token whose life only this machine's clock can tell; `None` if nobody can.
    fn schedule_of_given(&self, token: &Token) -> Option<Schedule> {
        let left = u64::try_from(token.expires_at() - wall_clock()).unwrap_or(0);
        let life = Life { began: boot_clock(), lifetime: Some(Duration::from_secs(left)), asked: None };
        (token.expires_at() != 0).then(|| Schedule::new(life, self.window, chance().window))
    }

    /// The decisions of this process; a forked child begins with the token it inherited.
    fn tower(&self) -> crate::platform::per_process::Own<Tower> {
        let own = self.own.get();
        if let Some(current) = self.current.load_full() {
            let mut managed = own.managed();
            if managed.is_new() {
                managed.adopt(current.token(), current.schedule, boot_clock());
            }
        }
        own
    }

    /// Makes the token the connection's own.
    fn adopt(&self, token: Token, schedule: Option<Schedule>) -> Arc<Token> {
        let own = self.own.get();
        let mut managed = own.managed();
        let current = Arc::new(Current::new(&token, schedule, self.shards));
        let token = current.token();
        managed.adopt(token.clone(), schedule, boot_clock());
        self.publish(&managed, current);
        let flight = managed.flights();
        drop(managed);
        own.wake(flight);
        token
    }

    /// Shows callers a new token. Called with the decisions locked.
    fn publish(&self, managed: &Managed<Arc<Token>>, current: Arc<Current>) {
        self.set_carefree(managed, &current);
        self.current.store(Some(current));
    }

    /// Shows callers a decision that left the token as it was, or took it away. Called with the decisions locked.
    fn republish(&self, managed: &Managed<Arc<Token>>) {
        let current = self.current.load();
        let Some(current) = &*current else {
            return;
        };
        if managed.held().is_some_and(|held| held.is_one_with(&current.shards[0])) {
            self.set_carefree(managed, current);
        } else {
            self.current.store(None);
        }
    }

    fn set_carefree(&self, managed: &Managed<Arc<Token>>, current: &Current) {
        let until = managed.carefree_until(boot_clock(), self.source.load().is_some());
        current.carefree_until.store(nanoseconds(until), Ordering::Relaxed);
    }

    /// The token that a caller may take without asking.
    #[inline]
    fn carefree(&self) -> Option<Arc<Token>> {
        let current = self.current.load();
        let current = current.as_ref()?;
        (clock::boot_nanoseconds() < current.carefree_until.load(Ordering::Relaxed)).then(|| current.token())
    }
}

/// Random numbers for one decision.
fn chance() -> Chance {
    let mut random = [0; 8];
    if SystemRandom::new().fill(&mut random).is_err() {
        return Chance { window: 0.9, wait: 1.0 };
    }
    let half =
        |bytes: &[u8]| f64::from(u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])) / f64::from(u32::MAX);
    Chance { window: 0.8 + 0.2 * half(&random[..4]), wait: 0.75 + 0.5 * half(&random[4..]) }
}

impl Connection {
    /// A token that is good now: the connection's own while it is fresh, renewed in time by one request
    /// however many threads ask. If REST++ authentication is off: one whose value and header are "".
    pub fn authorization(&self) -> Result<Arc<Token>> {
        self.carefree().map_or_else(|| self.ask_for_token(), Ok)
    }

    /// The connection's own token, if it is so fresh that nobody needs to think about it.
    pub(crate) fn carefree(&self) -> Option<Arc<Token>> {
        self.core.authorization.carefree()
    }

    fn ask_for_token(&self) -> Result<Arc<Token>> {
        self.token_within(None)
    }

    /// The same within the time of a call that has begun; `None`: of one that begins when there is something
    /// to wait for.
    pub(super) fn token_within(&self, begun: Option<&Call>) -> Result<Arc<Token>> {
        let managing = &self.core.authorization;
        let own = managing.tower();
        let renews = self.source().is_some();
        let fresh = OnceCell::new();
        loop {
            let mut managed = own.managed();
            let advice = managed.ask(boot_clock(), renews);
            managing.republish(&managed);
            drop(managed);
            let number = match advice {
                Advice::Hand(token) => return Ok(token),
                Advice::Off => return Ok(Arc::new(Token::not_needed())),
                Advice::Fail(error) => return Err(error),
                Advice::HandAndFly(token, number) => {
                    self.fly(number, Some(INLINE_LIMIT));
                    return Ok(token);
                }
                Advice::Fly(number) => {
                    self.fly(number, None);
                    number
                }
                // A log callback on the flight's own thread must not wait for the flight.
                Advice::Wait(_) if FLYING.get() => return self.beside_the_flight(),
                Advice::Wait(number) => number,
            };
            let call = begun.unwrap_or_else(|| fresh.get_or_init(|| self.call(&[], &[])));
            if let Err(error) = own.wait_for(number, call) {
                // Neither time nor cancellation takes a token away that is still good.
                let good = own.managed().still_good(boot_clock());
                return good.filter(|_| error.status() == Status::Timeout).ok_or(error);
            }
            if let Some(token) = managing.carefree() {
                return Ok(token);
            }
        }
    }

    /// A token for the thread that is getting one for everybody: the one held, or one of its own.
    fn beside_the_flight(&self) -> Result<Arc<Token>> {
        let good = self.core.authorization.tower().managed().still_good(boot_clock());
        good.map_or_else(|| self.get_token(None, 0, TokenOptions { keep_current: true, global: false }), Ok)
    }

    /// How the connection gets a token when it needs one.
    fn source(&self) -> Option<Arc<Source>> {
        let sources = &self.core.authorization.source;
        if let Some(source) = sources.load_full() {
            return Some(source);
        }
        let way = match self.core.settings.login.as_ref()? {
            Login::Jwt(jwt) if jwt.is_file() => Way::File,
            Login::Jwt(_) => return None,
            Login::Secret(_) | Login::Password { .. } => Way::Login,
        };
        let source = Source { way, lifetime_s: self.lifetime(0).ok()?, options: TokenOptions::default() };
        // Whoever asked for a token in another way meanwhile decides.
        sources.compare_and_swap(&None::<Arc<Source>>, Some(Arc::new(source)));
        sources.load_full()
    }

    /// Runs the request for a token on a thread of its own, so that no caller's limit or cancellation ends
    /// it; where no thread can be had, here, within `limit`.
    fn fly(&self, number: u64, limit: Option<Duration>) {
        static FLIGHTS: Lazy<PerProcess<AtomicUsize>> = Lazy::new(PerProcess::default);
        let flights = FLIGHTS.get();
        let handle = Connection::inner(self.core.clone());
        let start = |handle: Connection| {
            Builder::new().name("tg-renewal".into()).stack_size(STACK).spawn(move || {
                handle.carry_out(number);
                // The connection may end with this; only then is the place free.
                drop(handle);
                FLIGHTS.get().fetch_sub(1, Ordering::SeqCst);
            })
        };
        let is_room = flights.fetch_add(1, Ordering::SeqCst) < MAX_FLIGHTS;
        if is_room && process::without_signals(|| start(handle)).is_ok() {
            return;
        }
        flights.fetch_sub(1, Ordering::SeqCst);
        let handle = Connection::inner(self.core.clone());
        let callers = self.limit_ms.load(Ordering::Relaxed);
        handle.set_timeout(limit.map_or(callers, |limit| u32::try_from(limit.as_millis()).unwrap_or(u32::MAX)));
        handle.carry_out(number);
    }

    /// The flight itself.
    fn carry_out(&self, number: u64) {
        let managing = &self.core.authorization;
        let own = managing.tower();
        FLYING.set(true);
        let outcome = catch_unwind(AssertUnwindSafe(|| self.request_managed(&own)));
        FLYING.set(false);
        let panicked = || Error::new(Reason::InternalPanic, "tigergraph_auth met a defect of its own");
        let outcome = outcome.unwrap_or_else(|_| Err(panicked()));
        let current = outcome.map(|(token, schedule)| Arc::new(Current::new(&token, Some(schedule), managing.shards)));
        let landed = match &current {
            Ok(current) => current.schedule.map(|schedule| (current.token(), schedule)).ok_or_else(panicked),
            Err(error) => Err(error.clone()),
        };
        let mut managed = own.managed();
        managed.landed(number, landed, boot_clock(), chance());
        let adopted = current.ok().filter(|new| managed.held().is_some_and(|held| held.is_one_with(&new.shards[0])));
        match adopted {
            Some(current) => managing.publish(&managed, current),
            None => managing.republish(&managed),
        }
        drop(managed);
        own.wake(number);
    }

    fn request_managed(&self, own: &Tower) -> Result<(Token, Schedule)> {
        let source = self.source().ok_or_else(crate::conn::no_credentials)?;
        let old = own.managed().still_good(boot_clock()).map(|token| Hidden::new(token.value()));
        let call = self.call(&[], &[]);
        *own.abort.lock().unwrap_or_else(PoisonError::into_inner) = Some(call.clock.cancelled().clone());
        let outcome = source.renew(&call, old.as_ref());
        let (held, renewed) = (old.is_some(), outcome.as_ref().map(|_| ()));
        own.remember(renewed.err().cloned());
        if let Err(error) = renewed {
            let level = if held { Level::Warn } else { Level::Error };
            self.log(level, || format!("no new token ({}): {}", error.reason().id(), error.message()));
        }
        let issued = outcome?;
        let schedule = self.schedule(&call, &issued, source.lifetime_s);
        Ok((issued.token, schedule))
    }

    /// The JWT that the file of the login holds now. One that is still there when another is wanted is none.
    fn take_from_file(&self, jwt: &Hidden) -> Result<Issued> {
        let from_file = &self.core.authorization.from_file;
        let token = Token::given(jwt);
        let left = (token.expires_at() != 0).then(|| token.expires_at() - wall_clock());
        if from_file.load().as_deref() == Some(jwt) {
            let (reason, what) = match left {
                Some(..=0) => (Reason::AuthTokenExpired, "has expired"),
                _ => (Reason::AuthBadToken, "was refused, or is to be renewed"),
            };
            let message = format!("the JWT in the file of the login {what}, and the file has not changed");
            return Err(Error::new(reason, message));
        }
        from_file.store(Some(Arc::new(jwt.clone())));
        let lifetime = left.map(|left| Duration::from_secs(u64::try_from(left).unwrap_or(0)));
        Ok(Issued { token, lifetime, by_servers_clock: false })
    }

    /// The schedule of a token that was issued just now.
    fn schedule(&self, call: &Call, issued: &Issued, lifetime_s: u64) -> Schedule {
        let managing = &self.core.authorization;
        let asked = (lifetime_s > 0).then(|| Duration::from_secs(lifetime_s));
        let life = Life { began: call.clock.began(), lifetime: issued.lifetime, asked };
        let too_wide = managing.window.zip(issued.lifetime).is_some_and(|(window, lifetime)| window > lifetime / 2);
        if too_wide && !managing.told_of_window.swap(true, Ordering::Relaxed) {
            let message = "tokens are to be renewed earlier than half of their life; half is what is used";
            self.log(Level::Warn, || message.into());
        }
        Schedule::new(life, managing.window, chance().window)
    }

    /// Makes a token that a caller asked for the connection's own, unless it is to keep the one it has.
    pub(super) fn adopt(&self, call: &Call, issued: Issued, source: Source) -> Arc<Token> {
        if source.options.keep_current {
            return Arc::new(issued.token);
        }
        let managing = &self.core.authorization;
        let schedule = self.schedule(call, &issued, source.lifetime_s);
        managing.source.store(Some(Arc::new(source)));
        managing.adopt(issued.token, Some(schedule))
    }

    /// A token that was deleted is never handed out again.
    pub(super) fn forget(&self, token: &Hidden) {
        let managing = &self.core.authorization;
        let own = managing.tower();
        let mut managed = own.managed();
        managed.forget(&Arc::new(Token::new(token.reveal(), 0)));
        managing.republish(&managed);
    }

    /// Drops a token that a server refused, if it is still the connection's own. Sends nothing.
    pub fn reject_token(&self, token: &Arc<Token>) {
        let managing = &self.core.authorization;
        let own = managing.tower();
        let mut managed = own.managed();
        if token.value().is_empty() {
            managed.reject_off();
        } else {
            managed.reject(token, boot_clock());
        }
        managing.republish(&managed);
    }

    /// Why the last renewal failed, if it did, and how long ago.
    pub(super) fn failed_renewal(&self) -> Option<(Error, Duration)> {
        let own = self.core.authorization.own.get();
        let failed = own.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().map(|(error, at)| (error.clone(), boot_clock().saturating_sub(*at)))
    }

    /// The connection's own token, if it has one.
    pub(super) fn held(&self) -> Option<Arc<Token>> {
        self.core.authorization.current.load().as_ref().map(|current| current.token())
    }

    /// A handle for a caller; the flight ends with the last one.
    pub(super) fn count_handle(&self) {
        self.core.authorization.handles.fetch_add(1, Ordering::SeqCst);
    }

    /// A caller's handle goes.
    pub(super) fn discount_handle(&self) {
        if self.core.authorization.handles.fetch_sub(1, Ordering::SeqCst) > 1 {
            return;
        }
        let own = self.core.authorization.own.get();
        if let Some(flight) = &*own.abort.lock().unwrap_or_else(PoisonError::into_inner) {
            flight.store(true, Ordering::SeqCst);
        }
    }
}
