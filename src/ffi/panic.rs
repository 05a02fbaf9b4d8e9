//! No panic leaves the library: it is caught at every exported function, and printed by nobody.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::platform::process::is_library_thread;

thread_local! {
    pub(super) static THREAD: ThreadState = const { ThreadState { flags: Cell::new(0) } };
}

/// What is known of this thread. One variable, because each access to a thread-local variable of a shared library
/// is a function call; and one number, so that a look tells that there is nothing to know.
pub(super) struct ThreadState {
    flags: Cell<u8>,
}

/// Something that is known of a thread.
#[derive(Clone, Copy)]
pub(super) enum Flag {
    /// It is inside the library, where a panic is caught and must not be printed.
    Inside = 1,
    /// It has a last error.
    Failed = 2,
    /// It runs a token provider, which gets no token from its own connection.
    Provides = 4,
}

impl ThreadState {
    fn is(&self, flag: Flag) -> bool {
        self.flags.get() & flag as u8 != 0
    }

    /// Whether it was so before.
    pub(super) fn set(&self, flag: Flag, is_so: bool) -> bool {
        let before = self.flags.get();
        self.flags.set(if is_so { before | flag as u8 } else { before & !(flag as u8) });
        before & flag as u8 != 0
    }

    fn caught<T>(&self, body: impl FnOnce() -> T) -> std::result::Result<T, Box<dyn Any + Send>> {
        silence_own_panics();
        let before = self.set(Flag::Inside, true);
        let outcome = catch_unwind(AssertUnwindSafe(body));
        self.set(Flag::Inside, before);
        outcome
    }

    /// The same with a body that changes nothing of this; not run where there is anything to know. Whoever made what the
    /// body works with has seen to it that a panic prints nothing.
    #[inline]
    pub(super) fn caught_fast<T>(&self, body: impl FnOnce() -> T) -> Option<T> {
        if self.flags.get() != 0 {
            return None;
        }
        self.flags.set(Flag::Inside as u8);
        let outcome = catch_unwind(AssertUnwindSafe(body));
        self.flags.set(0);
        outcome.ok()
    }
}

/// Runs the body of a setter, an accessor or a `_free`: a panic gives `fallback`, the last error stays.
pub(super) fn guard_value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    let body = || {
        forced_panic();
        body()
    };
    caught(body).unwrap_or(fallback)
}

/// For tests/panic.rs: makes the body of every exported function panic; its outputs were cleared before.
#[cfg(feature = "test-panic")]
pub static PANIC: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

pub(super) fn forced_panic() {
    #[cfg(feature = "test-panic")]
    #[allow(clippy::panic)]
    if PANIC.load(std::sync::atomic::Ordering::SeqCst) {
        panic!("forced by a test");
    }
}

pub(super) fn caught<T>(body: impl FnOnce() -> T) -> std::result::Result<T, Box<dyn Any + Send>> {
    THREAD.with(|thread| thread.caught(body))
}

/// The hook runs before a panic is caught and would print; a panic of the program's own still does.
#[inline(always)]
fn silence_own_panics() {
    // Nobody waits until it is set: in a forked child, whoever was setting it is not there any more.
    static IS_SET: AtomicBool = AtomicBool::new(false);
    if !IS_SET.load(Ordering::Relaxed) && !IS_SET.swap(true, Ordering::Relaxed) {
        set_hook();
    }
}

#[cold]
fn set_hook() {
    let others = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let is_own = THREAD.with(|thread| thread.is(Flag::Inside)) || is_library_thread();
        if !is_own {
            others(info);
        }
    }));
}
