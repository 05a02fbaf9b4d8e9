//! What a connection has done so far, in numbers: for the report, and with it for whatever watches a program.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted. Nothing of it happens when a caller takes the token that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    /// Requests of which a byte or more was written.
    Requests,
    /// Tokens that were issued or refreshed: by a server, or where the login has its tokens from.
    Tokens,
    /// New tokens for the connection itself, its first one too.
    Renewals,
    /// The same that failed.
    FailedRenewals,
    /// Tokens of the connection that a server refused.
    Rejected,
    /// Calls that had to wait for a token.
    Waited,
    /// Tokens that came from the cache and not from a server.
    CacheHits,
}

/// Each with its name in the report, at its own position.
const COUNTERS: [(Counter, &str); 7] = [
    (Counter::Requests, "requests"),
    (Counter::Tokens, "tokens"),
    (Counter::Renewals, "renewals"),
    (Counter::FailedRenewals, "failed_renewals"),
    (Counter::Rejected, "rejected"),
    (Counter::Waited, "waited"),
    (Counter::CacheHits, "cache_hits"),
];

/// The counts of one connection, of all its handles together.
#[derive(Debug, Default)]
pub(super) struct Counters([AtomicU64; COUNTERS.len()]);

impl Counters {
    /// It happened once more.
    pub fn add(&self, counter: Counter) {
        self.0[counter as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often each has happened.
    pub fn now(&self) -> Vec<(&'static str, u64)> {
        COUNTERS.iter().map(|(counter, name)| (*name, self.0[*counter as usize].load(Ordering::Relaxed))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_counts_for_itself() {
        let counters = Counters::default();
        for (position, (counter, _)) in COUNTERS.iter().enumerate() {
            assert_eq!(*counter as usize, position);
            (0..=position).for_each(|_| counters.add(*counter));
        }
        let counts: Vec<u64> = counters.now().iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [1, 2, 3, 4, 5, 6, 7]);
    }
}
