//! When a managed token is handed out, renewed, waited for or refused: a state machine without I/O,
//! clock or randomness. Whoever drives it brings the time, the random numbers and the answers.
//!
//! The words: a token is *held* until its successor is there; a *renewal* is the one request for a token
//! that may be running; in the *window* before its end a token is renewed while it is still handed out;
//! in the last part of the window callers wait for the renewal; the *guard* before the very end is never
//! handed out.

use std::time::Duration;

use crate::error::{Error, Reason, Status};

/// A moment on the boot clock.
pub type Moment = Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Assumed where nobody knows how long a token lives.
const UNKNOWN_LIFETIME: Duration = seconds(15 * 60);
/// Nothing is scheduled further ahead.
const LONGEST_LIFETIME: Duration = seconds(10 * 365 * 86_400);
const LONGEST_WINDOW: Duration = seconds(24 * 3600);
const LONGEST_MUST: Duration = seconds(60);
const LONGEST_GUARD: Duration = seconds(5);
/// Waits after failures without any token, in milliseconds; the last one repeats.
const LADDER_MS: [u64; 7] = [500, 1000, 2000, 4000, 8000, 16_000, 30_000];
/// The wait after a failure while a token is held is an eighth of what is left of it, within these.
const HELD_WAIT: (Duration, Duration) = (seconds(1), seconds(300));
/// A refusal is remembered so long, doubled by each further one up to the second.
const REFUSED_WAIT: (Duration, Duration) = (seconds(30), seconds(600));
/// A file that holds no new JWT is looked at again after this, where no token is held.
const LOCAL_WAIT: Duration = seconds(1);
/// A server may ask for more time than this; it is not given more.
const LONGEST_RETRY_AFTER: Duration = seconds(3600);
/// So long a renewal is put off for which no thread is free.
const PUT_OFF: Duration = Duration::from_millis(100);
/// "Authentication is off" is believed so long.
const OFF_WAIT: Duration = seconds(15 * 60);
/// A token that is rejected before this age, and before half of its life, was never good.
const FRESH: Duration = seconds(60);
/// After so many fresh tokens were rejected, no new one is asked for during this time.
const REJECTIONS: (u32, Duration) = (2, seconds(30));
/// "Authentication is off" is doubted once in this time, so that a server that says so and refuses requests
/// nevertheless is not asked for a token with each of them.
const DOUBT_WAIT: Duration = seconds(30);

/// Random numbers for one decision, so that callers who failed together do not come back together.
#[derive(Clone, Copy, Debug)]
pub struct Jitter {
    /// From 0.8 to 1: how much of its window a token uses.
    pub window: f64,
    /// From 0.75 to 1.25: how long a wait is.
    pub wait: f64,
}

/// What is known about the life of a token.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// When its request was sent.
    pub began: Moment,
    /// How long it lives from then on, if anybody knows.
    pub lifetime: Option<Duration>,
    /// How long it was asked to live, if it was.
    pub asked: Option<Duration>,
}

/// The moments of a token's life that decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// From here on it is renewed.
    pub renew: Moment,
    /// From here on callers wait for its successor.
    pub must: Moment,
    /// From here on it is not handed out.
    pub dead: Moment,
}

impl Schedule {
    /// The schedule of a token; `window`: how long before its end it is renewed, if that was configured.
    pub fn new(life: Life, window: Option<Duration>, jitter: f64) -> Schedule {
        let lifetime = scheduled_lifetime(life.lifetime, life.asked);
        Schedule::ending(life.began + lifetime, lifetime, window, jitter)
    }

    /// The same of a token that lives so long in all, and ends at this moment.
    pub fn ending(end: Moment, lifetime: Duration, window: Option<Duration>, jitter: f64) -> Schedule {
        let window = window.unwrap_or((lifetime / 5).min(LONGEST_WINDOW)).min(lifetime / 2);
        // A token that is older than this start of the machine may have to be renewed before its beginning.
        Schedule {
            renew: end.saturating_sub(window.mul_f64(jitter.clamp(0.8, 1.0))),
            must: end.saturating_sub(LONGEST_MUST.min(window / 2)),
            dead: end.saturating_sub(LONGEST_GUARD.min(lifetime / 20)),
        }
    }
}

/// How long a token is taken to live, by what is known, or was asked for.
pub fn scheduled_lifetime(lifetime: Option<Duration>, asked: Option<Duration>) -> Duration {
    let assumed = || asked.map_or(UNKNOWN_LIFETIME, |asked| asked.min(UNKNOWN_LIFETIME));
    lifetime.unwrap_or_else(assumed).min(LONGEST_LIFETIME)
}

/// Tells tokens apart.
pub trait Same {
    /// Whether this is the very token, not one of the same value from another time.
    fn is_one_with(&self, other: &Self) -> bool;
    /// Whether both have the same value.
    fn has_value_of(&self, other: &Self) -> bool;
}

struct HeldToken<T> {
    token: T,
    /// `None`: nobody knows its end and nothing can renew it; handed out until it is rejected.
    schedule: Option<Schedule>,
    came: Moment,
}

impl<T> HeldToken<T> {
    fn dead(&self) -> Moment {
        self.schedule.map_or(Moment::MAX, |schedule| schedule.dead)
    }

    /// A token that is rejected before this was never good; one that lives for seconds may just have ended.
    fn fresh_until(&self) -> Moment {
        self.came + FRESH.min(self.dead().saturating_sub(self.came) / 2)
    }
}

/// The request for a token that is running.
struct Renewal<T> {
    number: u64,
    /// The token that was held when it began, which a refresh may bring back.
    old: Option<T>,
    /// Whether that one was deleted or rejected meanwhile.
    old_is_gone: bool,
    /// Whether it begins late because no thread was free, for which callers do not wait while the token is good.
    is_late: bool,
}

/// Why no request is sent for a while.
#[derive(Clone, Debug)]
struct Pause {
    until: Moment,
    error: Error,
}

/// The decisions about the token of one connection.
pub struct RenewalPolicy<T> {
    held: Option<HeldToken<T>>,
    renewal: Option<Renewal<T>>,
    renewals: u64,
    pause: Option<Pause>,
    /// No thread was free for a renewal; the token is used until then, as long as it is good.
    put_off: Option<Moment>,
    /// Failures, refusals and rejections of fresh tokens in a row.
    failures: u32,
    refusals: u32,
    rejections: u32,
    /// REST++ authentication was found switched off; believed until then.
    off: Option<Moment>,
    /// When that was last doubted, if no token came since.
    doubted: Option<Moment>,
    /// Why there is no token any more, where nothing can renew it.
    gone: Option<Reason>,
}

/// What a caller who asks for a token is to do.
#[derive(Debug)]
pub enum Advice<T> {
    /// Take this one.
    Use(T),
    /// Take this one, and start the renewal of this number beside it.
    UseAndRenew(T, u64),
    /// Start the renewal of this number and wait for it.
    Renew(u64),
    /// Wait for the renewal of this number.
    Wait(u64),
    /// No token is needed.
    Off,
    /// There is none.
    Fail(Error),
}

impl<T> Default for RenewalPolicy<T> {
    fn default() -> RenewalPolicy<T> {
        RenewalPolicy {
            held: None,
            renewal: None,
            renewals: 0,
            pause: None,
            put_off: None,
            failures: 0,
            refusals: 0,
            rejections: 0,
            off: None,
            doubted: None,
            gone: None,
        }
    }
}

impl<T: Clone + Same> RenewalPolicy<T> {
    /// A caller asks for a token. `renews`: whether there is anything to get one with.
    pub fn ask(&mut self, now: Moment, renews: bool) -> Advice<T> {
        if self.off.is_some_and(|until| now < until) {
            return Advice::Off;
        }
        let held = self.held.as_ref().filter(|held| now < held.dead());
        let Some(held) = held else {
            return self.without_token(now, renews);
        };
        let Some(schedule) = held.schedule.filter(|schedule| renews && now >= schedule.renew) else {
            return Advice::Use(held.token.clone());
        };
        let (token, must) = (held.token.clone(), now >= schedule.must);
        match (&self.renewal, &self.pause) {
            (Some(renewal), _) if must && !renewal.is_late => Advice::Wait(renewal.number),
            (Some(_), _) => Advice::Use(token),
            (None, _) if self.put_off.is_some_and(|until| now < until) => Advice::Use(token),
            (None, Some(pause)) if now < pause.until => Advice::Use(token),
            (None, _) if must && self.put_off.is_none() => Advice::Renew(self.begin()),
            (None, _) => Advice::UseAndRenew(token, self.begin()),
        }
    }

    fn without_token(&mut self, now: Moment, renews: bool) -> Advice<T> {
        if let Some(renewal) = &self.renewal {
            return Advice::Wait(renewal.number);
        }
        if !renews {
            return Advice::Fail(self.no_more_token());
        }
        match &self.pause {
            Some(pause) if now < pause.until => Advice::Fail(stored(pause, now)),
            _ => Advice::Renew(self.begin()),
        }
    }

    fn no_more_token(&self) -> Error {
        let expired =
            Error::new(Reason::AuthTokenExpired, "the connection's token has expired, and nothing can renew it");
        match (&self.held, self.gone) {
            (Some(_), _) | (None, Some(Reason::AuthTokenExpired)) => expired,
            (None, Some(reason)) => Error::new(reason, "the connection's token was rejected, and nothing can renew it"),
            (None, None) => Error::new(
                Reason::CredentialsNone,
                "the connection has no user and password, no secret and no token to authorize with",
            ),
        }
    }

    fn begin(&mut self) -> u64 {
        self.renewals += 1;
        let is_late = self.put_off.take().is_some();
        let old = self.held.as_ref().map(|held| held.token.clone());
        self.renewal = Some(Renewal { number: self.renewals, old, old_is_gone: false, is_late });
        self.renewals
    }

    /// A renewal could not be run, or is not wanted any more: another caller may begin one at once. Whether it was
    /// the one that is running.
    pub fn withdrawn(&mut self, number: u64) -> bool {
        self.renewal.take_if(|renewal| renewal.number == number).is_some()
    }

    /// The same while the token is good: it is used a little longer before anybody tries again.
    pub fn put_off(&mut self, number: u64, now: Moment, jitter: Jitter) {
        self.withdrawn(number);
        self.put_off = Some(now + PUT_OFF.mul_f64(jitter.wait));
    }

    /// Whether this renewal is still wanted.
    pub fn is_running(&self, number: u64) -> bool {
        self.renewal.as_ref().is_some_and(|renewal| renewal.number == number)
    }

    /// The number of the last renewal that began.
    pub fn renewals(&self) -> u64 {
        self.renewals
    }

    /// The token that may be handed out to a caller whose wait for a renewal failed.
    pub fn still_good(&self, now: Moment) -> Option<T> {
        self.held.as_ref().filter(|held| now < held.dead()).map(|held| held.token.clone())
    }

    /// Until when the token held may be handed out, if one is held that may.
    pub fn good_until(&self, now: Moment) -> Option<Moment> {
        self.held.as_ref().map(HeldToken::dead).filter(|dead| now < *dead)
    }

    /// A renewal has ended. A token comes with its schedule and its life.
    pub fn finished(&mut self, number: u64, outcome: Result<(T, Schedule), Error>, now: Moment, jitter: Jitter) {
        // One that was overtaken is not wanted any more.
        let Some(renewal) = self.renewal.take_if(|renewal| renewal.number == number) else {
            return;
        };
        match outcome {
            Ok((token, _)) if renewal.old.is_some_and(|old| renewal.old_is_gone && old.has_value_of(&token)) => {}
            Ok((_, schedule)) if now >= schedule.dead => self.failed(expired_on_arrival(), now, jitter),
            Ok((token, schedule)) => self.renewed(token, schedule, now, jitter),
            Err(error) => self.failed(error, now, jitter),
        }
    }

    fn renewed(&mut self, token: T, schedule: Schedule, now: Moment, jitter: Jitter) {
        let unchanged = self.held.as_ref().is_some_and(|held| {
            held.token.has_value_of(&token) && held.schedule.is_some_and(|old| schedule.dead <= old.dead + seconds(1))
        });
        self.hold(token, Some(schedule), now);
        if unchanged {
            // Done, as far as the server is concerned; asking again at once would change nothing.
            let error = Error::new(Reason::ProtocolShape, "the server gives the same token again, with the same end");
            self.pause = Some(Pause { until: now + self.wait_while_held(now, jitter), error });
        }
    }

    fn hold(&mut self, token: T, schedule: Option<Schedule>, now: Moment) {
        self.held = Some(HeldToken { token, schedule, came: now });
        (self.failures, self.refusals) = (0, 0);
        (self.pause, self.put_off, self.gone) = (None, None, None);
        (self.off, self.doubted) = (None, None);
    }

    fn failed(&mut self, error: Error, now: Moment, jitter: Jitter) {
        // A token that is good proves the contrary, and is not dropped for it.
        if error.status() == Status::AuthDisabled && self.still_good(now).is_none() {
            self.off = Some(now + OFF_WAIT);
            return;
        }
        let wait = if is_local(&error) && self.still_good(now).is_none() {
            LOCAL_WAIT.mul_f64(jitter.wait)
        } else if !is_local(&error) && matches!(error.status(), Status::Unauthenticated | Status::Forbidden) {
            self.refusals += 1;
            doubled(REFUSED_WAIT.0, self.refusals - 1).min(REFUSED_WAIT.1).mul_f64(jitter.wait)
        } else if self.still_good(now).is_some() {
            self.wait_while_held(now, jitter)
        } else {
            let step = LADDER_MS[(self.failures as usize).min(LADDER_MS.len() - 1)];
            Duration::from_millis(step).mul_f64(jitter.wait).min(seconds(30))
        };
        self.failures = self.failures.saturating_add(1);
        let asked = error.retry_after_ms().map_or(Duration::ZERO, Duration::from_millis).min(LONGEST_RETRY_AFTER);
        self.pause = Some(Pause { until: now + wait.max(asked), error });
    }

    fn wait_while_held(&self, now: Moment, jitter: Jitter) -> Duration {
        let left = self.held.as_ref().map_or(Duration::ZERO, |held| held.dead().saturating_sub(now));
        (left / 8).clamp(HELD_WAIT.0, HELD_WAIT.1).mul_f64(jitter.wait)
    }

    /// The caller got a token by itself, which becomes the connection's. `schedule` `None`: as in [`HeldToken`].
    pub fn adopt(&mut self, token: T, schedule: Option<Schedule>, now: Moment) {
        self.hold(token, schedule, now);
        self.rejections = 0;
        self.renewal = None;
    }

    /// A token that was deleted is no longer held. Whether it was.
    pub fn forget(&mut self, token: &T) -> bool {
        self.let_go(token, |held, token| held.has_value_of(token), Reason::AuthBadToken)
    }

    /// A token that a server refused is no longer held, if it is the very one. Whether it was.
    pub fn reject(&mut self, token: &T, now: Moment) -> bool {
        let fresh_until = self.held.as_ref().map_or(Moment::ZERO, HeldToken::fresh_until);
        if !self.let_go(token, T::is_one_with, Reason::AuthBadToken) {
            return false;
        }
        if now >= fresh_until {
            self.rejections = 0;
            return true;
        }
        self.rejections += 1;
        if self.rejections >= REJECTIONS.0 {
            let error = Error::new(Reason::AuthBadToken, "one new token after the other was rejected").with_hint(
                "Check that requests go to the server that issues the tokens. None is requested for a while.",
            );
            self.pause = Some(Pause { until: now + REJECTIONS.1, error });
        }
        true
    }

    /// "No token is needed" may be wrong: the next caller asks again.
    pub fn reject_off(&mut self, now: Moment) {
        let was_doubted = self.doubted.is_some_and(|at| now < at + DOUBT_WAIT);
        if !was_doubted && self.off.take().is_some() {
            self.doubted = Some(now);
        }
    }

    fn let_go(&mut self, token: &T, is_it: impl Fn(&T, &T) -> bool, why: Reason) -> bool {
        if let Some(renewal) = &mut self.renewal {
            renewal.old_is_gone |= renewal.old.as_ref().is_some_and(|old| old.has_value_of(token));
        }
        let Some(held) = self.held.take_if(|held| is_it(&held.token, token)) else {
            return false;
        };
        drop(held);
        self.gone = Some(why);
        true
    }

    /// Whether nothing was ever decided here.
    pub fn is_new(&self) -> bool {
        self.held.is_none() && self.renewals == 0 && self.gone.is_none()
    }

    /// The token held, good or not.
    pub fn held(&self) -> Option<&T> {
        self.held.as_ref().map(|held| &held.token)
    }

    /// Until when a caller may take the token held without asking; 0 if everybody must ask.
    pub fn fast_path_until(&self, now: Moment, renews: bool) -> Moment {
        let Some(held) = self.held.as_ref().filter(|held| now < held.dead()) else {
            return Moment::ZERO;
        };
        let Some(schedule) = held.schedule.filter(|_| renews) else {
            return held.dead();
        };
        if now < schedule.renew {
            return schedule.renew;
        }
        match (&self.renewal, &self.pause) {
            (Some(renewal), _) if renewal.is_late => schedule.dead,
            (Some(_), _) if now < schedule.must => schedule.must,
            (None, _) if self.put_off.is_some_and(|until| now < until) => {
                self.put_off.unwrap_or(now).min(schedule.dead)
            }
            (None, Some(pause)) if now < pause.until => pause.until.min(schedule.dead),
            _ => Moment::ZERO,
        }
    }
}

fn doubled(base: Duration, times: u32) -> Duration {
    base * 2u32.pow(times.min(10))
}

/// Whether a file of this machine is the cause, which costs nobody anything to look at again, and not a server.
fn is_local(error: &Error) -> bool {
    let reasons = [Reason::ConfigFile, Reason::AuthTokenExpired, Reason::AuthBadToken];
    error.http_status() == 0 && reasons.contains(&error.reason())
}

/// The stored error, with the time that is left of the pause.
fn stored(pause: &Pause, now: Moment) -> Error {
    let left = u64::try_from((pause.until - now).as_millis()).unwrap_or(u64::MAX);
    pause.error.clone().with_retry_after_ms(Some(left))
}

/// The error for a token that cannot be handed out any more when it comes.
pub fn expired_on_arrival() -> Error {
    Error::new(Reason::ProtocolShape, "the token in the server's answer has expired already").with_hint(
        "Already expired on arrival: check the lifetime that was asked for, its unit, and the server's clock.",
    )
}

#[cfg(test)]
mod tests;
