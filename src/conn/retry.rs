//! What is tried again, how often and after which wait: a table per operation, and a budget per connection.

use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rustls::crypto::ring::default_provider;

use crate::error::{Error, Reason, Status};
use crate::protocol::operation::Operation;

/// No call tries more often than this again, whatever it asks.
pub const MAX_RETRIES: u32 = 2;
/// No wait that a server asks for is longer; what would be is left to the caller.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How a request failed, as far as trying again is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Before any of its bytes was written.
    Before,
    /// After that, without a complete answer.
    Within,
    /// By 408, 429 or 503: the server asks for time.
    Throttled,
    /// By a gateway or a server that says nothing about the request.
    Gateway,
}

impl Failure {
    /// The kind of a failure; `None` if the same request would fail again. `sent`: whether any of its
    /// bytes was written.
    pub fn of(error: &Error, sent: bool) -> Option<Failure> {
        let transport = if sent { Failure::Within } else { Failure::Before };
        match (error.status(), error.reason()) {
            (_, Reason::ConnectDns) => error.transient().then_some(Failure::Before),
            (_, Reason::ConnectResource | Reason::ConnectProxy | Reason::TimeoutDns) => None,
            // The call has no time left, or the server answers so slowly that it would again.
            (_, Reason::TimeoutResponse) => None,
            (Status::Connect | Status::Timeout, _) => Some(transport),
            (Status::Protocol, _) => error.transient().then_some(Failure::Within),
            (Status::Unavailable, _) => match error.http_status() {
                408 | 429 | 503 => Some(Failure::Throttled),
                _ => Some(Failure::Gateway),
            },
            (_, Reason::ServerError) if error.http_status() >= 500 && error.server_code().is_empty() => {
                Some(Failure::Gateway)
            }
            _ => None,
        }
    }

    /// Whether the server may have carried the request out.
    pub fn may_be_done(self) -> bool {
        matches!(self, Failure::Within | Failure::Gateway)
    }
}

/// How often an operation is tried again, by how it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    before: u32,
    within: u32,
    throttled: u32,
    gateway: u32,
}

/// What asks and changes nothing, and what may be done twice.
const READS: Policy = Policy { before: 2, within: 2, throttled: 2, gateway: 2 };
/// What leaves a token too many behind if it was carried out after all, or a drop that finds nothing left.
const CHANGES: Policy = Policy { before: 2, within: 1, throttled: 2, gateway: 1 };
/// What must not be done twice.
const ONCE: Policy = Policy { before: 2, within: 0, throttled: 0, gateway: 0 };

/// The policy of every operation.
pub const POLICIES: [(Operation, Policy); 11] = [
    (Operation::Detect, READS),
    (Operation::RequestToken, CHANGES),
    (Operation::RefreshToken, CHANGES),
    (Operation::DeleteToken, READS),
    (Operation::CheckToken, READS),
    (Operation::ListSecrets, READS),
    (Operation::GetSecret, READS),
    (Operation::CreateSecret, ONCE),
    (Operation::DropSecrets, CHANGES),
    (Operation::Version, READS),
    // A query that is installed runs by GET, and may write.
    (Operation::Send, ONCE),
];

impl Policy {
    /// The policy of an operation; one that the table does not know is never repeated.
    pub fn of(operation: Operation) -> Policy {
        POLICIES.iter().find(|row| row.0 == operation).map_or(ONCE, |row| row.1)
    }

    /// How often it is tried again after such a failure.
    pub fn retries(self, failure: Failure) -> u32 {
        match failure {
            Failure::Before => self.before,
            Failure::Within => self.within,
            Failure::Throttled => self.throttled,
            Failure::Gateway => self.gateway,
        }
    }

    /// Whether it may be sent only once, so that it needs a connection that is sure to live.
    pub fn is_once(self) -> bool {
        self.within == 0
    }
}

/// The wait before the next try, or `None` if the server asks for more time than there is.
pub fn wait(failure: Failure, error: &Error, retries_so_far: u32, left: Duration) -> Option<Duration> {
    let pause = match (failure, error.retry_after_ms()) {
        (Failure::Throttled | Failure::Gateway, Some(ms)) => Duration::from_millis(ms),
        (Failure::Throttled, None) => jitter(Duration::from_secs(1), retries_so_far),
        _ => jitter(Duration::from_millis(50), retries_so_far),
    };
    (pause < left && pause <= LONGEST_WAIT).then_some(pause)
}

/// Anything from no wait to the base doubled by each retry, at most 5 s: callers that failed together
/// do not come back together.
fn jitter(base: Duration, retries_so_far: u32) -> Duration {
    let most = (base * 2u32.pow(retries_so_far.min(10))).min(Duration::from_secs(5));
    let mut random = [0; 4];
    match default_provider().secure_random.fill(&mut random) {
        Ok(()) => most.mul_f64(f64::from(u32::from_ne_bytes(random)) / f64::from(u32::MAX)),
        Err(_) => most.mul_f64(0.9),
    }
}

/// What a connection may still spend on trying again, so that a server in trouble is not asked three times indefinitely.
#[derive(Debug)]
pub struct Budget(AtomicI32);

const FULL: i32 = 500;
const TRANSIENT_PRICE: i32 = 14;
const THROTTLED_PRICE: i32 = 5;

impl Default for Budget {
    fn default() -> Budget {
        Budget(AtomicI32::new(FULL))
    }
}

impl Budget {
    /// A success earns a little.
    pub fn earn(&self) {
        let richer = |units: i32| (units < FULL).then_some(units + 1);
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, richer);
    }

    /// Pays for a retry, if there is enough.
    pub fn spend(&self, failure: Failure) -> bool {
        let price = if failure == Failure::Throttled { THROTTLED_PRICE } else { TRANSIENT_PRICE };
        let poorer = |units: i32| (units >= price).then_some(units - price);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, poorer).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_table() {
        use Operation::*;
        let rows = [
            // operation, before, within, throttled, gateway
            (Detect, 2, 2, 2, 2),
            (RequestToken, 2, 1, 2, 1),
            (RefreshToken, 2, 1, 2, 1),
            (DeleteToken, 2, 2, 2, 2),
            (CheckToken, 2, 2, 2, 2),
            (ListSecrets, 2, 2, 2, 2),
            (GetSecret, 2, 2, 2, 2),
            (CreateSecret, 2, 0, 0, 0),
            (DropSecrets, 2, 1, 2, 1),
            (Version, 2, 2, 2, 2),
            (Send, 2, 0, 0, 0),
        ];
        assert_eq!(rows.len(), POLICIES.len());
        for (operation, before, within, throttled, gateway) in rows {
            let policy = Policy::of(operation);
            let cells = [Failure::Before, Failure::Within, Failure::Throttled, Failure::Gateway];
            assert_eq!(cells.map(|cell| policy.retries(cell)), [before, within, throttled, gateway], "{operation:?}");
            assert_eq!(policy.is_once(), matches!(operation, CreateSecret | Send));
        }
    }

    #[test]
    fn failures_are_told_apart() {
        let error = |reason, status| Error::new(reason, "x").with_http_status(status);
        let cases = [
            (error(Reason::ConnectRefused, 0), false, Some(Failure::Before)),
            (error(Reason::ConnectReset, 0), true, Some(Failure::Within)),
            (error(Reason::ConnectClosed, 200), true, Some(Failure::Within)),
            (error(Reason::TimeoutConnect, 0), false, Some(Failure::Before)),
            (error(Reason::TimeoutTls, 0), false, Some(Failure::Before)),
            (error(Reason::TimeoutResponse, 0), true, None),
            (error(Reason::TimeoutDns, 0), false, None),
            (error(Reason::ConnectDns, 0), false, None),
            (error(Reason::ConnectDns, 0).with_transient(true), false, Some(Failure::Before)),
            (error(Reason::ConnectResource, 0), false, None),
            (error(Reason::ConnectProxy, 0), false, None),
            (error(Reason::TlsExpired, 0), false, None),
            (error(Reason::ProtocolFraming, 200), true, None),
            (error(Reason::ProtocolNotJson, 200), true, None),
            (error(Reason::ProtocolNotJson, 200).with_transient(true), true, Some(Failure::Within)),
            (error(Reason::UnavailableOverloaded, 408), true, Some(Failure::Throttled)),
            (error(Reason::UnavailableRateLimited, 429), true, Some(Failure::Throttled)),
            (error(Reason::UnavailableGateway, 503), true, Some(Failure::Throttled)),
            (error(Reason::UnavailableGateway, 502), true, Some(Failure::Gateway)),
            (error(Reason::UnavailableStarting, 502), true, Some(Failure::Gateway)),
            (error(Reason::ServerError, 500), true, Some(Failure::Gateway)),
            (error(Reason::ServerError, 599), true, Some(Failure::Gateway)),
            (error(Reason::ServerError, 500).with_server_code("REST-1"), true, None),
            (error(Reason::ServerError, 400), true, None),
            (error(Reason::AuthBadSecret, 401), true, None),
            (error(Reason::AuthNoPrivilege, 403), true, None),
            (error(Reason::MissingSecret, 404), true, None),
            (error(Reason::Cancelled, 0), true, None),
        ];
        for (error, sent, expected) in cases {
            assert_eq!(Failure::of(&error, sent), expected, "{error:?}");
        }
    }

    #[test]
    fn waits_are_the_servers_or_drawn() {
        let left = Duration::from_secs(100);
        let asked = |ms| Error::new(Reason::UnavailableRateLimited, "x").with_retry_after_ms(Some(ms));
        assert_eq!(wait(Failure::Throttled, &asked(2000), 0, left), Some(Duration::from_secs(2)));
        assert_eq!(wait(Failure::Throttled, &asked(2000), 0, Duration::from_secs(2)), None);
        assert_eq!(wait(Failure::Throttled, &asked(61_000), 0, left), None);
        assert_eq!(wait(Failure::Throttled, &asked(60_000), 0, left), Some(LONGEST_WAIT));
        assert_eq!(wait(Failure::Within, &asked(61_000), 0, Duration::ZERO), None, "no time is left");
    }

    /// The longest of so many draws is close to what may be drawn, and never above it.
    #[test]
    fn what_is_drawn_grows_with_each_retry_up_to_five_seconds() {
        let silent = Error::new(Reason::UnavailableOverloaded, "x");
        let asked = Error::new(Reason::ConnectReset, "x").with_retry_after_ms(Some(9000));
        let longest = |failure, error, retries| {
            (0..300).filter_map(|_| wait(failure, error, retries, Duration::from_secs(100))).max().expect("a wait")
        };
        for (failure, retries, ms) in [
            (Failure::Throttled, 0, 1000),
            (Failure::Throttled, 1, 2000),
            (Failure::Throttled, 20, 5000),
            (Failure::Gateway, 1, 100),
            (Failure::Before, 0, 50),
            (Failure::Within, 2, 200),
        ] {
            let most = Duration::from_millis(ms);
            let drawn = longest(failure, &silent, retries);
            assert!(drawn <= most && drawn > most / 2, "{failure:?} after {retries}: {drawn:?}");
        }
        assert!(longest(Failure::Within, &asked, 0) <= Duration::from_millis(50), "nobody asked who was heard");
        assert_eq!(longest(Failure::Gateway, &asked, 0), Duration::from_millis(9000));
    }

    #[test]
    fn what_was_sent_may_be_done() {
        let kinds = [Failure::Before, Failure::Within, Failure::Throttled, Failure::Gateway];
        assert_eq!(kinds.map(Failure::may_be_done), [false, true, false, true]);
    }

    #[test]
    fn a_budget_is_spent_and_earned() {
        let budget = Budget::default();
        assert_eq!((0..100).filter(|_| budget.spend(Failure::Within)).count(), 35);
        assert!(budget.spend(Failure::Throttled) && !budget.spend(Failure::Within));
        (0..1000).for_each(|_| budget.earn());
        assert_eq!((0..200).filter(|_| budget.spend(Failure::Throttled)).count(), 100);
        (0..1000).for_each(|_| budget.earn());
        let all_but_four = [(Failure::Within, 4), (Failure::Throttled, 88)];
        assert!(all_but_four.iter().all(|(failure, times)| (0..*times).all(|_| budget.spend(*failure))));
        assert!(!budget.spend(Failure::Throttled), "it is never more than full");
    }
}
