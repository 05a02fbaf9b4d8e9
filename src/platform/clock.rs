//! The boot clock and the wall clock, and the time that fuzzing skips.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::boot_clock;

/// Time since the machine started, suspend included; the wall clock cannot move it.
pub fn boot_clock() -> Duration {
    Duration::from_nanos(boot_nanoseconds())
}

/// The same in nanoseconds, which suffice for five centuries.
#[inline]
pub fn boot_nanoseconds() -> u64 {
    let now = boot_clock::nanoseconds();
    #[cfg(feature = "test-fuzz")]
    let now = now + skipping::skipped();
    now
}

/// The wall clock, in seconds since 1970.
pub fn wall_clock() -> i64 {
    i64::try_from(exact_wall_clock().as_secs()).unwrap_or(i64::MAX)
}

/// The same with its fraction.
pub fn exact_wall_clock() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Waits. Under fuzzing nobody does: the clock skips the pause instead.
#[cfg(not(feature = "test-fuzz"))]
pub use std::thread::sleep;

#[cfg(feature = "test-fuzz")]
pub use skipping::{reset, sleep};

/// A boot clock that is put forward instead of waited for.
#[cfg(feature = "test-fuzz")]
mod skipping {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    static SKIPPED: AtomicU64 = AtomicU64::new(0);

    /// How much time was skipped, in nanoseconds.
    pub fn skipped() -> u64 {
        SKIPPED.load(Ordering::SeqCst)
    }

    /// Nothing was skipped.
    pub fn reset() {
        SKIPPED.store(0, Ordering::SeqCst);
    }

    /// Time passes.
    pub fn sleep(pause: Duration) {
        let pause = u64::try_from(pause.as_nanos()).expect("a short pause");
        SKIPPED.fetch_add(pause, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_goes_on() {
        let before = boot_clock();
        std::thread::sleep(Duration::from_millis(2));
        assert!(boot_clock() - before >= Duration::from_millis(2));
    }
}
