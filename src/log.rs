//! Log lines for the caller. They never hold a credential, a body or a query.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

thread_local! {
    /// Whether this thread is inside a target.
    static WRITING: Cell<bool> = const { Cell::new(false) };
}

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
}

impl Logger {
    /// Passes lines up to `max_level` on to `target`.
    pub fn new(max_level: i32, target: Arc<dyn LogTarget>) -> Logger {
        Logger { max_level, target }
    }

    /// Writes a line; `message` is only called if the level is wanted. A line that a target causes itself, by calling
    /// the library, is dropped: it would call the target again, without end.
    pub fn write(&self, level: Level, message: impl FnOnce() -> String) {
        /// Ends the writing also when the target panics.
        struct Written;
        impl Drop for Written {
            fn drop(&mut self) {
                WRITING.set(false);
            }
        }
        if level as i32 <= self.max_level && !WRITING.replace(true) {
            let _written = Written;
            self.target.log(level, &message());
        }
    }
}

impl fmt::Debug for Logger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logger(max_level: {})", self.max_level)
    }
}
