//! What a forked child must not share with its parent: locks that another thread may hold forever,
//! sockets, TLS sessions.
//!
//! A child gets a fresh value the first time it looks; the inherited one is never locked, used or
//! dropped again.

use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::platform::fork::{forks, watch_forks};

/// A value that each process has for itself.
pub struct PerProcess<T> {
    slot: ArcSwap<Slot<T>>,
    /// Makes the child's value from the parent's, of which it may only read what no lock guards.
    renew: fn(&T) -> T,
}

struct Slot<T> {
    forks: u64,
    value: T,
}

/// The value of the process that asks.
pub struct Own<T>(Arc<Slot<T>>);

impl<T> Deref for Own<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> PerProcess<T> {
    /// The value of this process, and how a child makes its own.
    pub fn new(value: T, renew: fn(&T) -> T) -> PerProcess<T> {
        watch_forks();
        PerProcess { slot: ArcSwap::from_pointee(Slot { forks: forks(), value }), renew }
    }

    /// This process's value. Takes no lock.
    pub fn get(&self) -> Own<T> {
        loop {
            let slot = self.slot.load_full();
            let forks = forks();
            if slot.forks == forks {
                return Own(slot);
            }
            let own = Arc::new(Slot { forks, value: (self.renew)(&slot.value) });
            // Another thread of the child may have been faster; whoever comes first decides.
            let found = self.slot.compare_and_swap(&slot, own);
            if Arc::ptr_eq(&found, &slot) {
                std::mem::forget(slot);
            }
        }
    }
}

impl<T: Default> Default for PerProcess<T> {
    fn default() -> PerProcess<T> {
        PerProcess::new(T::default(), |_| T::default())
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let slot = self.slot.load_full();
        if slot.forks != forks() {
            // Inherited and never used here: left alone for good.
            std::mem::forget(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_process_keeps_its_value() {
        static DROPPED: AtomicUsize = AtomicUsize::new(0);
        struct Counted(u32);
        impl Drop for Counted {
            fn drop(&mut self) {
                DROPPED.fetch_add(1, Ordering::SeqCst);
            }
        }
        let value = PerProcess::new(Counted(1), |old| Counted(old.0 + 1));
        assert_eq!((*value.get()).0, 1);
        assert_eq!((*value.get()).0, 1);
        drop(value);
        assert_eq!(DROPPED.load(Ordering::SeqCst), 1);
    }
}
