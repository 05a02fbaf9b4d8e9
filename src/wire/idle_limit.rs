//! How many exchanges run at once, which is how many connections are worth keeping.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// No more connections than this are kept, however many were in use at once.
pub const MOST: usize = 16;
/// The most that ran at once is remembered for at least this long, and less than twice as long.
const MEMORY: Duration = Duration::from_secs(60);

/// The exchanges of one connection to a server, and the sockets that they use.
#[derive(Debug, Default)]
pub struct IdleLimit {
    running: AtomicUsize,
    sockets: AtomicUsize,
    peaks: Mutex<Peaks>,
}

/// The most that ran at once, since a moment and in the time before it.
#[derive(Debug, Default)]
struct Peaks {
    since: Duration,
    now: usize,
    before: usize,
}

impl Peaks {
    fn saw(&mut self, running: usize, moment: Duration) {
        let passed = moment.saturating_sub(self.since);
        if passed >= MEMORY {
            // What is older than the time before was forgotten in it.
            self.before = if passed < 2 * MEMORY { self.now } else { 0 };
            (self.since, self.now) = (moment, 0);
        }
        self.now = self.now.max(running);
    }

    fn peak(&self) -> usize {
        self.now.max(self.before).min(MOST)
    }
}

impl IdleLimit {
    fn peaks(&self) -> std::sync::MutexGuard<'_, Peaks> {
        self.peaks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An exchange begins; it runs until the value is dropped.
    pub fn begin(&self, moment: Duration) -> Running<'_> {
        let running = self.running.fetch_add(1, Ordering::Relaxed) + 1;
        self.peaks().saw(running, moment);
        Running(self)
    }

    /// A socket was opened.
    pub fn opened(&self) {
        self.sockets.fetch_add(1, Ordering::Relaxed);
    }

    /// A socket was closed.
    pub fn closed(&self) {
        self.sockets.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether a socket that has done its work is kept: no more are than were in use at once.
    pub fn keeps(&self) -> bool {
        self.sockets.load(Ordering::Relaxed) <= self.peaks().peak()
    }
}

/// An exchange that is running.
pub struct Running<'a>(&'a IdleLimit);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(1000 + seconds)
    }

    /// Lets so many run at once.
    fn run(limit: &IdleLimit, count: usize, moment: Duration) {
        let running: Vec<_> = (0..count).map(|_| limit.begin(moment)).collect();
        drop(running);
    }

    #[test]
    fn as_many_sockets_are_kept_as_were_in_use() {
        let limit = IdleLimit::default();
        run(&limit, 3, seconds(0));
        (0..3).for_each(|_| limit.opened());
        assert!(limit.keeps());
        limit.opened();
        assert!(!limit.keeps());
        limit.closed();
        assert!(limit.keeps());
        run(&limit, 100, seconds(1));
        (3..MOST).for_each(|_| limit.opened());
        assert!(limit.keeps());
        limit.opened();
        assert!(!limit.keeps());
    }

    #[test]
    fn a_crowd_is_forgotten_after_a_while() {
        let limit = IdleLimit::default();
        run(&limit, 8, seconds(0));
        (0..8).for_each(|_| limit.opened());
        for moment in [1, 30, 59, 61, 100] {
            run(&limit, 1, seconds(moment));
            assert!(limit.keeps(), "{moment}");
        }
        run(&limit, 2, seconds(121));
        assert!(!limit.keeps());
        (2..8).for_each(|_| limit.closed());
        assert!(limit.keeps());
        run(&limit, 1, seconds(10_000));
        assert!(!limit.keeps());
    }
}
