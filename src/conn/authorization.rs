//! Managed tokens: the way from a caller to a good token. What is decided here is decided by
//! [`crate::managed`]; this file brings the time, the threads and the requests.

use std::cell::{Cell, OnceCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use once_cell::sync::Lazy;

use crate::config::settings::Login;
use crate::conn::call::Call;
use crate::conn::login;
use crate::conn::managing::RenewalState;
use crate::conn::source::{Source, TokenOrigin};
use crate::conn::sync::Builder;
use crate::conn::{Connection, TokenOptions};
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::Hidden;
use crate::log::Level;
use crate::platform::clock::{boot_clock, wall_clock};
use crate::platform::per_process::PerProcess;
use crate::platform::process;
use crate::token::issued::Issued;
use crate::token::renewal::{Advice, Life, Schedule};
use crate::token::token::Token;

/// No more threads than this renew tokens, in the whole process.
const MAX_RENEWALS: usize = 8;
const STACK: usize = 256 * 1024;
/// A caller who has to renew beside a token that is still good does not wait longer.
const INLINE_LIMIT: Duration = Duration::from_millis(1000);

thread_local! {
    /// Whether this thread is getting a token for everybody.
    static ON_RENEWAL_THREAD: Cell<bool> = const { Cell::new(false) };
}

impl Connection {
    /// A token that is good now: the connection's own while it is fresh, renewed in time by one request
    /// however many threads ask. If REST++ authentication is off: one whose value and header are "".
    pub fn authorization(&self) -> Result<Arc<Token>> {
        self.fast_path().map_or_else(|| self.ask_for_token(), Ok)
    }

    /// The connection's own token, if it is so fresh that nobody needs to think about it.
    pub(crate) fn fast_path(&self) -> Option<Arc<Token>> {
        self.core.authorization.fast_path()
    }

    fn ask_for_token(&self) -> Result<Arc<Token>> {
        self.token_within(None)
    }

    /// The same within the time of a call that has begun; `None`: of one that begins when there is something
    /// to wait for.
    pub(super) fn token_within(&self, begun: Option<&Call>) -> Result<Arc<Token>> {
        let manager = &self.core.authorization;
        let own = manager.state();
        let renews = self.source().is_some();
        let fresh = OnceCell::new();
        loop {
            let mut policy = own.policy();
            let advice = policy.ask(boot_clock(), renews);
            manager.republish(&policy);
            drop(policy);
            let number = match advice {
                Advice::Use(token) => return Ok(token),
                Advice::Off => return Ok(Arc::new(Token::not_needed())),
                Advice::Fail(error) => return Err(error),
                Advice::UseAndRenew(token, number) => {
                    self.start_renewal(number, Some(INLINE_LIMIT));
                    return Ok(token);
                }
                Advice::Renew(number) => {
                    self.start_renewal(number, None);
                    number
                }
                // A log callback on the renewal's own thread must not wait for the renewal.
                Advice::Wait(_) if ON_RENEWAL_THREAD.get() => return self.token_during_renewal(),
                Advice::Wait(number) => number,
            };
            let call = begun.unwrap_or_else(|| fresh.get_or_init(|| self.call(&[], &[])));
            if let Err(error) = own.wait_for(number, call) {
                // Neither time nor cancellation takes a token away that is still good.
                let good = own.policy().still_good(boot_clock());
                return good.filter(|_| error.status() == Status::Timeout).ok_or(error);
            }
            if let Some(token) = manager.fast_path() {
                return Ok(token);
            }
        }
    }

    /// A token for the thread that is getting one for everybody: the one held, or one of its own.
    fn token_during_renewal(&self) -> Result<Arc<Token>> {
        let good = self.core.authorization.state().policy().still_good(boot_clock());
        good.map_or_else(|| self.get_token(None, 0, TokenOptions { keep_current: true, global: false }), Ok)
    }

    /// How the connection gets a token when it needs one.
    fn source(&self) -> Option<Arc<Source>> {
        self.core.authorization.source_or(|| {
            let origin = match self.core.settings.login.as_ref()? {
                Login::Jwt(jwt) if jwt.is_file() => TokenOrigin::File,
                Login::Jwt(_) => return None,
                Login::Secret(_) | Login::Password { .. } => TokenOrigin::Login,
            };
            Some(Source { origin, lifetime_s: self.lifetime(0).ok()?, options: TokenOptions::default() })
        })
    }

    /// Runs the request for a token on a thread of its own, so that no caller's limit or cancellation ends
    /// it; where no thread can be had, here, within `limit`.
    fn start_renewal(&self, number: u64, limit: Option<Duration>) {
        static RENEWALS: Lazy<PerProcess<AtomicUsize>> = Lazy::new(PerProcess::default);
        let renewals = RENEWALS.get();
        let handle = Connection::inner(self.core.clone());
        let start = |handle: Connection| {
            Builder::new().name("tg-renewal".into()).stack_size(STACK).spawn(move || {
                handle.carry_out(number);
                // The connection may end with this; only then is the place free.
                drop(handle);
                RENEWALS.get().fetch_sub(1, Ordering::SeqCst);
            })
        };
        let is_room = renewals.fetch_add(1, Ordering::SeqCst) < MAX_RENEWALS;
        if is_room && process::without_signals(|| start(handle)).is_ok() {
            return;
        }
        renewals.fetch_sub(1, Ordering::SeqCst);
        let handle = Connection::inner(self.core.clone());
        let callers = self.limit_ms.load(Ordering::Relaxed);
        handle.set_timeout(limit.map_or(callers, |limit| u32::try_from(limit.as_millis()).unwrap_or(u32::MAX)));
        handle.carry_out(number);
    }

    /// The renewal itself.
    fn carry_out(&self, number: u64) {
        let manager = &self.core.authorization;
        let own = manager.state();
        ON_RENEWAL_THREAD.set(true);
        let outcome = catch_unwind(AssertUnwindSafe(|| self.request_managed(&own)));
        ON_RENEWAL_THREAD.set(false);
        manager.finished(number, outcome.unwrap_or_else(|_| Err(panicked())));
    }

    fn request_managed(&self, own: &RenewalState) -> Result<(Token, Schedule)> {
        let source = self.source().ok_or_else(login::no_credentials)?;
        let old = own.policy().still_good(boot_clock()).map(|token| Hidden::new(token.value()));
        let call = self.call(&[], &[]);
        own.ends_with(call.deadline.cancelled().clone());
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
    pub(super) fn take_from_file(&self, jwt: &Hidden) -> Result<Issued> {
        let manager = &self.core.authorization;
        let token = Token::given(jwt);
        let left = (token.expires_at() != 0).then(|| token.expires_at() - wall_clock());
        if manager.is_from_file(jwt) {
            let (reason, what) = match left {
                Some(..=0) => (Reason::AuthTokenExpired, "has expired"),
                _ => (Reason::AuthBadToken, "was refused, or is to be renewed"),
            };
            let message = format!("the JWT in the file of the login {what}, and the file has not changed");
            return Err(Error::new(reason, message));
        }
        manager.taken_from_file(jwt);
        let lifetime = left.map(|left| Duration::from_secs(u64::try_from(left).unwrap_or(0)));
        Ok(Issued { token, lifetime, by_servers_clock: false })
    }

    /// The schedule of a token that was issued just now.
    fn schedule(&self, call: &Call, issued: &Issued, lifetime_s: u64) -> Schedule {
        let manager = &self.core.authorization;
        let asked = (lifetime_s > 0).then(|| Duration::from_secs(lifetime_s));
        let life = Life { began: call.deadline.began(), lifetime: issued.lifetime, asked };
        if issued.lifetime.is_some_and(|lifetime| manager.is_window_too_wide(lifetime)) {
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
        let schedule = self.schedule(call, &issued, source.lifetime_s);
        manager.set_source(source);
        manager.adopt(issued.token, Some(schedule))
    }

    /// A token that was deleted is never returned again.
    pub(super) fn forget(&self, token: &Hidden) {
        self.core.authorization.forget(token);
    }

    /// Drops a token that a server refused, if it is still the connection's own. Sends nothing.
    pub fn reject_token(&self, token: &Arc<Token>) {
        self.core.authorization.reject(token);
    }

    /// The connection's own token, if it has one.
    pub(super) fn held(&self) -> Option<Arc<Token>> {
        self.core.authorization.held()
    }
}

fn panicked() -> Error {
    Error::new(Reason::InternalPanic, "internal error in tigergraph_auth")
}
