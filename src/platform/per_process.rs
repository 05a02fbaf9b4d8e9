//! What a forked child must not share with its parent: locks that another thread may hold forever,
//! sockets, TLS sessions.
//!
//! A child gets a fresh value the first time it looks; the inherited one is never locked, used or
//! dropped again.

use std::any::Any;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::platform::fork::{forks, watch_forks};

/// A value that each process has for itself.
pub struct PerProcess<T> {
    kept: Kept,
    /// Makes the child's value from the parent's, of which it may only read what no lock guards.
    renew: fn(&T) -> T,
}

/// What all kinds of values share, so that its code is there once.
struct Kept {
    slot: ArcSwap<Slot>,
    /// The value of the process that made it. `slot` points into the middle of a block, which tools that search for leaks
    /// take for lost if nothing points to its beginning.
    _first: Arc<Slot>,
}

struct Slot {
    forks: u64,
    value: Value,
}

type Value = Box<dyn Any + Send + Sync>;

/// The value of the process that asks.
pub struct Own<T>(Arc<Slot>, PhantomData<T>);

impl<T: 'static> Deref for Own<T> {
    type Target = T;

    fn deref(&self) -> &T {
        value_of(&self.0)
    }
}

fn value_of<T: 'static>(slot: &Slot) -> &T {
    #[allow(clippy::expect_used)] // no slot of a `PerProcess<T>` holds anything else
    slot.value.downcast_ref().expect("a value of this type")
}

impl Kept {
    fn new(value: Value) -> Kept {
        watch_forks();
        let first = Arc::new(Slot { forks: forks(), value });
        Kept { slot: ArcSwap::new(first.clone()), _first: first }
    }

    /// This process's slot. Takes no lock.
    fn get(&self, renew: &dyn Fn(&Slot) -> Value) -> Arc<Slot> {
        loop {
            let slot = self.slot.load_full();
            let forks = forks();
            if slot.forks == forks {
                return slot;
            }
            let own = Arc::new(Slot { forks, value: renew(&slot) });
            // Another thread of the child may have been faster; whoever comes first decides.
            let found = self.slot.compare_and_swap(&slot, own);
            if Arc::ptr_eq(&found, &slot) {
                std::mem::forget(slot);
            }
        }
    }
}

impl<T: Send + Sync + 'static> PerProcess<T> {
    /// The value of this process, and how a child makes its own.
    pub fn new(value: T, renew: fn(&T) -> T) -> PerProcess<T> {
        PerProcess { kept: Kept::new(Box::new(value)), renew }
    }

    /// This process's value. Takes no lock.
    pub fn get(&self) -> Own<T> {
        Own(self.kept.get(&|slot| Box::new((self.renew)(value_of(slot)))), PhantomData)
    }
}

impl<T: Default + Send + Sync + 'static> Default for PerProcess<T> {
    fn default() -> PerProcess<T> {
        PerProcess::new(T::default(), |_| T::default())
    }
}

impl Drop for Kept {
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
