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

#[cfg(not(feature = "test-shuttle"))]
pub use arc_swap::ArcSwapOption;

#[cfg(feature = "test-shuttle")]
pub use shuttle::{
    sync::{Condvar, Mutex, MutexGuard},
    thread::Builder,
    thread_local,
};

#[cfg(feature = "test-shuttle")]
pub use model::ArcSwapOption;

/// A caller who waits. Not `std::thread::Thread`, which a thread has no more when its last destructors run.
#[derive(Default)]
pub struct Waiter {
    is_woken: Mutex<bool>,
    news: Condvar,
}

impl Waiter {
    /// Waits to be woken, but not longer than `limit`.
    #[cfg(not(feature = "test-shuttle"))]
    pub fn wait(&self, limit: Duration) {
        let is_woken = self.is_woken.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_woken {
            drop(self.news.wait_timeout(is_woken, limit));
        }
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

/// The part of `arc_swap` that is used, in terms that the model checker knows.
#[cfg(feature = "test-shuttle")]
mod model {
    use std::ops::Deref;
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    use shuttle::sync::atomic::{AtomicBool, Ordering};

    /// A thread that stops for ever, as those of a forked child's parent do, holds nothing up.
    pub struct ArcSwapOption<T> {
        place: Mutex<Option<Arc<T>>>,
        /// Looked at before each use, so that others may come first.
        turn: AtomicBool,
    }

    pub struct Loaded<T>(Option<Arc<T>>);

    impl<T> Deref for Loaded<T> {
        type Target = Option<Arc<T>>;

        fn deref(&self) -> &Option<Arc<T>> {
            &self.0
        }
    }

    impl<T> ArcSwapOption<T> {
        pub fn empty() -> ArcSwapOption<T> {
            ArcSwapOption { place: Mutex::new(None), turn: AtomicBool::new(false) }
        }

        fn place(&self) -> MutexGuard<'_, Option<Arc<T>>> {
            self.turn.load(Ordering::SeqCst);
            self.place.lock().unwrap_or_else(PoisonError::into_inner)
        }

        pub fn load(&self) -> Loaded<T> {
            Loaded(self.load_full())
        }

        pub fn load_full(&self) -> Option<Arc<T>> {
            self.place().clone()
        }

        pub fn store(&self, value: Option<Arc<T>>) {
            let old = std::mem::replace(&mut *self.place(), value);
            drop(old);
        }

        /// Only ever asked to fill an empty place.
        pub fn compare_and_swap(&self, _empty: &Option<Arc<T>>, value: Option<Arc<T>>) {
            let mut place = self.place();
            if place.is_none() {
                *place = value;
            }
        }
    }
}
