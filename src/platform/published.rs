//! A value that many threads take references to at the same time without waiting for anybody, and that is replaced now and
//! then. Whoever is the last to use a value that was replaced drops it.

use std::cell::UnsafeCell;
use std::sync::Arc;

#[cfg(not(feature = "test-shuttle"))]
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

#[cfg(feature = "test-shuttle")]
use {
    shuttle::sync::atomic::{AtomicBool, AtomicI64, AtomicU64},
    std::sync::atomic::Ordering,
};

use crate::platform::thread_group::{ThreadGroup, groups};

/// A shared value, or none.
pub struct Published<T> {
    groups: Box<[Group<T>]>,
}

/// What some of the threads count on; others do not touch it, so that it stays in the cache of their processor.
#[repr(align(64))]
struct Group<T> {
    /// The number of the slot that is shown, from bit 48 on, and how many readers came to it and are still there.
    shown: AtomicU64,
    slots: [Slot<T>; SLOTS],
}

/// A place for a value. Only values that some reader still uses take more than one.
struct Slot<T> {
    is_taken: AtomicBool,
    /// Readers that were there when it was no longer shown, less those that have left since then.
    balance: AtomicI64,
    value: UnsafeCell<Option<Arc<T>>>,
}

const SLOTS: usize = 4;
/// Nothing is shown. Readers are not counted here.
const NONE: usize = SLOTS;
const NUMBER_AT: u32 = 48;
const COUNT: u64 = (1 << NUMBER_AT) - 1;

// SAFETY: a value is written by the thread that has taken the slot, before it shows it, and taken out when no reader is
// left; in between threads only take references to it.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

fn word_of(slot: usize) -> u64 {
    (slot as u64) << NUMBER_AT
}

fn slot_of(word: u64) -> usize {
    (word >> NUMBER_AT) as usize
}

impl<T> Slot<T> {
    fn new() -> Slot<T> {
        Slot { is_taken: AtomicBool::new(false), balance: AtomicI64::new(0), value: UnsafeCell::new(None) }
    }

    /// Readers come or go after the slot was shown. The last one of all drops the value.
    fn settle(&self, readers: i64) {
        if self.balance.fetch_add(readers, Ordering::AcqRel) + readers == 0 {
            // SAFETY: the slot is not shown any more, and every reader has left.
            drop(unsafe { (*self.value.get()).take() });
            self.is_taken.store(false, Ordering::Release);
        }
    }
}

impl<T> Group<T> {
    fn new() -> Group<T> {
        Group { shown: AtomicU64::new(word_of(NONE)), slots: std::array::from_fn(|_| Slot::new()) }
    }

    #[inline(always)]
    fn load(&self) -> Option<Arc<T>> {
        let number = slot_of(self.shown.fetch_add(1, Ordering::Acquire));
        let slot = self.slots.get(number)?;
        // SAFETY: it was shown with the value in it, and stays as it is until this reader has left.
        let value = Some(unsafe { (*slot.value.get()).as_ref().unwrap_unchecked().clone() });
        let mut word = self.shown.load(Ordering::Relaxed);
        while slot_of(word) == number {
            match self.shown.compare_exchange_weak(word, word - 1, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return value,
                Err(now) => word = now,
            }
        }
        slot.settle(-1);
        value
    }

    /// A free slot with this value in it. `NONE` if readers that do not run still use all of them.
    fn enter(&self, value: Arc<T>) -> usize {
        let take = |slot: &Slot<T>| !slot.is_taken.swap(true, Ordering::Acquire);
        let Some(number) = self.slots.iter().position(take) else { return NONE };
        // SAFETY: nobody else has taken the slot, and it is not shown.
        unsafe { *self.slots[number].value.get() = Some(value) };
        self.slots[number].balance.store(0, Ordering::Relaxed);
        number
    }

    fn store(&self, value: Option<Arc<T>>) {
        let number = value.map_or(NONE, |value| self.enter(value));
        let before = self.shown.swap(word_of(number), Ordering::AcqRel);
        if let Some(slot) = self.slots.get(slot_of(before)) {
            slot.settle((before & COUNT) as i64);
        }
    }
}

impl<T> Default for Published<T> {
    /// Shows nothing.
    fn default() -> Published<T> {
        Published { groups: (0..groups()).map(|_| Group::new()).collect() }
    }
}

impl<T> Published<T> {
    /// A reference to the value, which is counted where only threads of this group count. `None` if nothing is shown, or
    /// not to this group.
    #[inline(always)]
    pub fn load(&self, group: ThreadGroup) -> Option<Arc<T>> {
        self.groups[group.of(self.groups.len())].load()
    }

    /// Shows another value to every thread. Each group of threads counts references to a copy of its own, the first one to
    /// the value itself.
    pub fn store(&self, value: Option<Arc<T>>)
    where
        T: Clone,
    {
        let Some((first, others)) = self.groups.split_first() else { return };
        let copy = || value.as_deref().cloned().map(Arc::new);
        others.iter().for_each(|group| group.store(copy()));
        first.store(value);
    }
}

#[cfg(all(test, not(feature = "test-shuttle")))]
mod tests {
    use super::*;

    static LIVING: AtomicI64 = AtomicI64::new(0);

    #[derive(Debug)]
    struct Numbered(usize, usize);

    impl Numbered {
        fn new(number: usize) -> Numbered {
            LIVING.fetch_add(1, Ordering::SeqCst);
            Numbered(number, number)
        }
    }

    impl Clone for Numbered {
        fn clone(&self) -> Numbered {
            Numbered::new(self.0)
        }
    }

    impl Drop for Numbered {
        fn drop(&mut self) {
            assert_eq!(self.0, self.1, "dropped twice");
            self.1 = usize::MAX;
            LIVING.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// No value is dropped while it is read, and none is kept after it was replaced and the last reader has left.
    #[test]
    fn threads_read_while_others_replace() {
        let published = Published::default();
        std::thread::scope(|scope| {
            for writer in 0..2 {
                let published = &published;
                scope.spawn(move || {
                    for number in 0..20_000 {
                        let value = Numbered::new(writer * 100_000 + number);
                        published.store((number % 7 != 0).then(|| Arc::new(value)));
                    }
                });
            }
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..100_000 {
                        if let Some(value) = published.load(ThreadGroup::own()) {
                            assert_eq!(value.0, value.1);
                        }
                    }
                });
            }
        });
        published.store(Some(Arc::new(Numbered::new(7))));
        assert_eq!(published.load(ThreadGroup::own()).map(|value| value.0), Some(7));
        assert_eq!(LIVING.load(Ordering::SeqCst), published.groups.len() as i64);
        let held = published.load(ThreadGroup::own());
        published.store(None);
        assert!(published.load(ThreadGroup::own()).is_none());
        assert_eq!(LIVING.load(Ordering::SeqCst), 1, "what a reader holds is there");
        drop((held, published));
        assert_eq!(LIVING.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_reader_that_never_leaves_keeps_one_value_and_no_other() {
        let group = Group::new();
        group.store(Some(Arc::new(0)));
        group.shown.fetch_add(1, Ordering::SeqCst);
        for number in 1..100 {
            group.store(Some(Arc::new(number)));
            assert_eq!(group.load().as_deref(), Some(&number));
        }
        let taken = group.slots.iter().filter(|slot| slot.is_taken.load(Ordering::SeqCst)).count();
        assert_eq!(taken, 2);
        group.slots[0].settle(-1);
        assert!(!group.slots[0].is_taken.load(Ordering::SeqCst));
    }
}
