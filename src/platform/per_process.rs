//! What a forked child must not share with its parent: locks that another thread may hold forever,
//! sockets, TLS sessions.
//!
//! A child gets a fresh value the first time it looks; the inherited one is never locked, used or
//! dropped again.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::platform::fork::{forks, watch_forks};

/// A value that each process has for itself.
pub struct PerProcess<T> {
    /// Never NULL.
    slot: AtomicPtr<Slot<T>>,
    /// Makes the child's value from the parent's, of which it may only read what no lock guards.
    renew: fn(&T) -> T,
    owns: PhantomData<Box<Slot<T>>>,
}

struct Slot<T> {
    forks: u64,
    value: T,
    /// The parent's, left alone for good. Tools that search for leaks find it by this.
    _inherited: *const Slot<T>,
}

// SAFETY: the pointers are to values of the type `T`, which may be dropped on any thread, and used on several.
unsafe impl<T: Send + Sync> Send for PerProcess<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for PerProcess<T> {}

impl<T> Slot<T> {
    fn make(value: T, inherited: *const Slot<T>) -> *mut Slot<T> {
        Box::into_raw(Box::new(Slot { forks: forks(), value, _inherited: inherited }))
    }
}

impl<T> PerProcess<T> {
    /// The value of this process, and how a child makes its own.
    pub fn new(value: T, renew: fn(&T) -> T) -> PerProcess<T> {
        watch_forks();
        PerProcess { slot: AtomicPtr::new(Slot::make(value, std::ptr::null())), renew, owns: PhantomData }
    }

    /// This process's value. Takes no lock.
    #[inline]
    pub fn get(&self) -> &T {
        let found = self.slot.load(Ordering::Acquire);
        // SAFETY: never NULL, and freed by nobody before `self` is dropped.
        let slot = unsafe { &*found };
        if slot.forks == forks() { &slot.value } else { self.get_in_child(found) }
    }

    /// The same for the first who looks in a child.
    #[cold]
    fn get_in_child(&self, inherited: *mut Slot<T>) -> &T {
        // SAFETY: as in `get`.
        let parents = unsafe { &*inherited };
        let own = Slot::make((self.renew)(&parents.value), inherited);
        // Another thread of the child may have been faster; whoever comes first decides.
        if self.slot.compare_exchange(inherited, own, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: made above, and seen by nobody.
            drop(unsafe { Box::from_raw(own) });
        }
        self.get()
    }
}

impl<T: Default> Default for PerProcess<T> {
    fn default() -> PerProcess<T> {
        PerProcess::new(T::default(), |_| T::default())
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let slot = *self.slot.get_mut();
        // SAFETY: never NULL, and nobody else uses it any more. An inherited one was never used here, and is left alone.
        unsafe {
            if (*slot).forks == forks() {
                drop(Box::from_raw(slot));
            }
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
        assert_eq!(value.get().0, 1);
        assert_eq!(value.get().0, 1);
        drop(value);
        assert_eq!(DROPPED.load(Ordering::SeqCst), 1);
    }
}
