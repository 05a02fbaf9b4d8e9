//! What threads share and wait with where managed tokens are decided: the standard library's, or under the
//! feature `test-shuttle` those of a model checker that tries their interleavings.

#[cfg(not(feature = "test-shuttle"))]
pub use std::{
    sync::{Mutex, MutexGuard},
    thread::{Builder, Thread, current, park_timeout},
};

#[cfg(not(feature = "test-shuttle"))]
pub use arc_swap::ArcSwapOption;

#[cfg(feature = "test-shuttle")]
pub use shuttle::{
    sync::{Mutex, MutexGuard},
    thread::{Builder, Thread, current},
};

/// Time stands still under the model checker.
#[cfg(feature = "test-shuttle")]
pub fn park_timeout(_: std::time::Duration) {
    shuttle::thread::park();
}

#[cfg(feature = "test-shuttle")]
pub use model::ArcSwapOption;

/// The part of `arc_swap` that is used, in terms that the model checker knows.
#[cfg(feature = "test-shuttle")]
mod model {
    use std::ops::Deref;
    use std::sync::{Arc, PoisonError};

    use shuttle::sync::{Mutex, MutexGuard};

    pub struct ArcSwapOption<T>(Mutex<Option<Arc<T>>>);

    pub struct Loaded<T>(Option<Arc<T>>);

    impl<T> Deref for Loaded<T> {
        type Target = Option<Arc<T>>;

        fn deref(&self) -> &Option<Arc<T>> {
            &self.0
        }
    }

    impl<T> ArcSwapOption<T> {
        pub fn empty() -> ArcSwapOption<T> {
            ArcSwapOption(Mutex::new(None))
        }

        fn place(&self) -> MutexGuard<'_, Option<Arc<T>>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        pub fn load(&self) -> Loaded<T> {
            Loaded(self.load_full())
        }

        pub fn load_full(&self) -> Option<Arc<T>> {
            self.place().clone()
        }

        pub fn store(&self, value: Option<Arc<T>>) {
            *self.place() = value;
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
