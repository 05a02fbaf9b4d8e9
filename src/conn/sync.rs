//! What threads share and wait with where managed tokens are decided: the standard library's, or under the
//! feature `test-shuttle` those of a model checker that tries their interleavings.

use std::sync::PoisonError;
use std::time::Duration;

#[cfg(not(feature = "test-shuttle"))]
pub use std::{
    sync::{Condvar, Mutex, MutexGuard},
    thread::Builder,
    thread_local,
};

#[cfg(feature = "test-shuttle")]
pub use shuttle::{
    sync::{Condvar, Mutex, MutexGuard},
    thread::Builder,
    thread_local,
};

/// A caller who waits, again and again. Not `std::thread::Thread`, which a thread has no more when its last destructors run.
#[derive(Default)]
pub struct Waiter {
    is_woken: Mutex<bool>,
    news: Condvar,
}

impl Waiter {
    /// Waits to be woken, but not longer than `limit`. May end without a reason.
    #[cfg(not(feature = "test-shuttle"))]
    pub fn wait(&self, limit: Duration) {
        let mut is_woken = self.is_woken.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_woken {
            is_woken = self.news.wait_timeout(is_woken, limit).unwrap_or_else(PoisonError::into_inner).0;
        }
        *is_woken = false;
    }

    /// Under the model checker, whose waits know no limit, it is over at any moment.
    #[cfg(feature = "test-shuttle")]
    pub fn wait(&self, _: Duration) {
        drop(self.is_woken.lock());
        shuttle::thread::yield_now();
    }

    /// Ends the wait, also one that has not begun.
    pub fn wake(&self) {
        *self.is_woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.news.notify_one();
    }
}
