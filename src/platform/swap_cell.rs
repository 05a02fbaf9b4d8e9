//! A place for a shared value that is read now and then and replaced more seldom, in a forked child too.
//!
//! A lock is held for a few instructions. One that a thread of the parent held at the moment of the fork is taken over in
//! the child: wherever that thread was, the pointer is whole, and at worst one reference stays counted for good.

use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

#[cfg(not(feature = "test-shuttle"))]
use std::{
    hint::spin_loop,
    sync::atomic::AtomicU64,
    thread::{sleep, yield_now},
};

#[cfg(feature = "test-shuttle")]
use shuttle::{
    hint::spin_loop,
    sync::atomic::AtomicU64,
    thread::{sleep, yield_now},
};

use crate::platform::fork::{forks, watch_forks};

/// A place that holds a shared value, or none.
pub struct SwapOption<T> {
    /// 0 if nobody holds the lock, else one more than the forks that lie behind the process of whoever does.
    holder: AtomicU64,
    /// NULL, or a pointer that `Arc::into_raw` made.
    value: AtomicPtr<T>,
    owns: PhantomData<Option<Arc<T>>>,
}

const NOBODY: u64 = 0;
/// After so many looks another thread may run: it may be the one that holds the lock.
const SPINS: u32 = 64;
/// After so many one of a lower priority may.
const MANY_SPINS: u32 = 16 * SPINS;
const PAUSE: Duration = Duration::from_micros(50);

/// The lock, held.
struct Locked<'a, T>(&'a SwapOption<T>);

impl<T> Drop for Locked<'_, T> {
    fn drop(&mut self) {
        self.0.holder.store(NOBODY, Ordering::Release);
    }
}

impl<T> Locked<'_, T> {
    fn value(&self) -> *mut T {
        self.0.value.load(Ordering::Relaxed)
    }

    /// Another reference to the value.
    fn load(&self) -> Option<Arc<T>> {
        let value = self.value();
        // SAFETY: NULL, or from `Arc::into_raw`, and counted by the cell as long as the lock is held.
        (!value.is_null()).then(|| unsafe {
            Arc::increment_strong_count(value);
            Arc::from_raw(value)
        })
    }

    /// Puts a value in, and gives the old one back, to be dropped when the lock is free.
    fn swap(&self, value: Option<Arc<T>>) -> Option<Arc<T>> {
        let old = self.0.value.swap(into_raw(value), Ordering::Relaxed);
        // SAFETY: NULL, or from `Arc::into_raw`, and no longer in the cell.
        (!old.is_null()).then(|| unsafe { Arc::from_raw(old) })
    }
}

/// NULL for none.
fn into_raw<T>(value: Option<Arc<T>>) -> *mut T {
    value.map_or(ptr::null_mut(), |value| Arc::into_raw(value).cast_mut())
}

impl<T> SwapOption<T> {
    /// A place with this value, or none.
    pub fn new(value: Option<Arc<T>>) -> SwapOption<T> {
        watch_forks();
        let value = AtomicPtr::new(into_raw(value));
        SwapOption { holder: AtomicU64::new(NOBODY), value, owns: PhantomData }
    }

    fn lock(&self) -> Locked<'_, T> {
        let own = forks() + 1;
        for turn in 1u32.. {
            let taken = self.holder.compare_exchange_weak(NOBODY, own, Ordering::Acquire, Ordering::Relaxed);
            // What a thread of another process holds, nobody in this one will give back.
            let taken = taken.or_else(|holder| match holder {
                NOBODY => Err(holder),
                _ if holder == own => Err(holder),
                _ => self.holder.compare_exchange(holder, own, Ordering::Acquire, Ordering::Relaxed),
            });
            match taken {
                Ok(_) => break,
                Err(_) if turn > MANY_SPINS => sleep(PAUSE),
                Err(_) if turn % SPINS == 0 => yield_now(),
                Err(_) => spin_loop(),
            }
        }
        Locked(self)
    }

    /// The value.
    pub fn load(&self) -> Option<Arc<T>> {
        self.lock().load()
    }

    /// Replaces the value.
    pub fn store(&self, value: Option<Arc<T>>) {
        let old = self.lock().swap(value);
        drop(old);
    }

    /// Puts a value in if there is none.
    pub fn fill(&self, value: Arc<T>) {
        let locked = self.lock();
        let left = if locked.value().is_null() { locked.swap(Some(value)) } else { Some(value) };
        drop(locked);
        drop(left);
    }

    /// Replaces a value that is still this one; whether it was.
    pub fn replace(&self, old: &Arc<T>, new: Arc<T>) -> bool {
        let locked = self.lock();
        let is_same = ptr::eq(locked.value(), Arc::as_ptr(old));
        let left = if is_same { locked.swap(Some(new)) } else { Some(new) };
        drop(locked);
        drop(left);
        is_same
    }
}

/// The same with a value at all times.
pub struct SwapCell<T>(SwapOption<T>);

impl<T> SwapCell<T> {
    /// A place with this value.
    pub fn new(value: Arc<T>) -> SwapCell<T> {
        SwapCell(SwapOption::new(Some(value)))
    }

    /// The value.
    #[allow(clippy::expect_used)] // nothing here takes the value out
    pub fn load(&self) -> Arc<T> {
        self.0.load().expect("a value")
    }

    /// Replaces the value.
    pub fn store(&self, value: Arc<T>) {
        self.0.store(Some(value));
    }

    /// Replaces a value that is still this one; whether it was.
    pub fn replace(&self, old: &Arc<T>, new: Arc<T>) -> bool {
        self.0.replace(old, new)
    }
}

impl<T> Drop for SwapOption<T> {
    fn drop(&mut self) {
        drop(Locked(self).swap(None));
    }
}

#[cfg(all(test, not(feature = "test-shuttle")))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn every_value_is_dropped_once() {
        static DROPPED: AtomicUsize = AtomicUsize::new(0);
        struct Counted;
        impl Drop for Counted {
            fn drop(&mut self) {
                DROPPED.fetch_add(1, Ordering::SeqCst);
            }
        }
        let dropped = || DROPPED.load(Ordering::SeqCst);
        let cell = SwapOption::new(None);
        assert!(cell.load().is_none());
        cell.fill(Arc::new(Counted));
        cell.fill(Arc::new(Counted));
        assert_eq!(dropped(), 1);
        let first = cell.load().expect("a value");
        assert!(cell.replace(&first, Arc::new(Counted)) && !cell.replace(&first, Arc::new(Counted)));
        assert_eq!(dropped(), 2);
        drop(first);
        cell.store(Some(Arc::new(Counted)));
        assert_eq!(dropped(), 4);
        drop(cell);
        assert_eq!(dropped(), 5);
    }

    #[test]
    fn readers_find_a_whole_value_while_others_replace_it() {
        let cell = SwapOption::new(Some(Arc::new((0, 0))));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for number in 1..20_000 {
                        cell.store(Some(Arc::new((number, number))));
                    }
                });
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let value = cell.load().expect("a value");
                        assert_eq!(value.0, value.1);
                    }
                });
            }
        });
    }

    #[test]
    fn a_lock_of_another_process_is_taken_over() {
        let cell = SwapOption::new(Some(Arc::new(1)));
        cell.holder.store(forks() + 100, Ordering::SeqCst);
        assert_eq!(cell.load().as_deref(), Some(&1));
        assert_eq!(cell.holder.load(Ordering::SeqCst), NOBODY);
    }
}
