//! Log lines for the caller. They never hold a credential, a body or a query.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::error::visible;

/// Under the model checker, its threads.
#[cfg(feature = "test-shuttle")]
use shuttle::thread_local;

thread_local! {
    /// Whether this thread is inside a target.
    static WRITING: Cell<bool> = const { Cell::new(false) };
}

/// A target that takes longer for a line is a cause of time-outs.
const SLOW: Duration = Duration::from_secs(1);

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    /// A token could not be renewed, and no valid one is left. Other failures are returned to the caller
    /// and not logged.
    Error = 1,
    /// Something works, but needs attention.
    Warn = 2,
    /// Something worth knowing happened.
    Info = 3,
    /// Every request.
    Debug = 4,
}

/// Takes log lines. Called on any thread, on several at once, and never with a lock held.
pub trait LogTarget: Send + Sync {
    /// Takes one line, without a line break at its end.
    fn log(&self, level: Level, message: &str);
}

impl<F: Fn(Level, &str) + Send + Sync> LogTarget for F {
    fn log(&self, level: Level, message: &str) {
        self(level, message);
    }
}

/// A target and the least important level it wants. Clones share the target.
#[derive(Clone)]
pub struct Logger {
    max_level: i32,
    target: Arc<dyn LogTarget>,
    pace: Arc<Pace>,
}

/// How long a target keeps those who write lines.
#[derive(Default)]
struct Pace {
    /// On so many threads it runs now.
    running: AtomicUsize,
    was_slow: AtomicBool,
}

impl Logger {
    /// Passes lines up to `max_level` on to `target`.
    pub fn new(max_level: i32, target: Arc<dyn LogTarget>) -> Logger {
        Logger { max_level, target, pace: Arc::default() }
    }

    /// Whether the target once took long for a line, or has one now and has not returned yet.
    pub(crate) fn is_slow(&self) -> bool {
        self.pace.running.load(Ordering::Relaxed) > 0 || self.pace.was_slow.load(Ordering::Relaxed)
    }

    /// Writes a line; `message` is only called if the level is wanted. A line that a target causes itself, by calling
    /// the library, is dropped: it would call the target again, without end.
    pub fn write(&self, level: Level, message: impl FnOnce() -> String) {
        if level as i32 <= self.max_level && !WRITING.with(|writing| writing.replace(true)) {
            let _writing = Writing::begin(&self.pace);
            self.target.log(level, &visible(message().into()));
        }
    }
}

/// A line that is with the target. Ends also when the target panics.
struct Writing<'a> {
    pace: &'a Pace,
    began: Instant,
}

impl Writing<'_> {
    fn begin(pace: &Pace) -> Writing<'_> {
        pace.running.fetch_add(1, Ordering::Relaxed);
        Writing { pace, began: Instant::now() }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if self.began.elapsed() >= SLOW {
            self.pace.was_slow.store(true, Ordering::Relaxed);
        }
        self.pace.running.fetch_sub(1, Ordering::Relaxed);
        WRITING.with(|writing| writing.set(false));
    }
}

impl fmt::Debug for Logger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logger(max_level: {})", self.max_level)
    }
}
