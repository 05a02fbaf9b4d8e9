//! Groups of threads: what threads of different groups count, they count in different places, so that processors do not
//! take a piece of memory away from each other.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::platform::process;

/// More groups than this are not worth their memory.
const MAX_GROUPS: usize = 16;

/// How many groups there are: no more threads than there are processors count at the same time. A power of two.
pub fn groups() -> usize {
    /// 0: nobody has asked yet. The system is asked once: each handle has several objects that count.
    static GROUPS: AtomicUsize = AtomicUsize::new(0);
    let known = GROUPS.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    let groups = process::processors().next_power_of_two().clamp(2, MAX_GROUPS);
    GROUPS.store(groups, Ordering::Relaxed);
    groups
}

/// What the group of a thread follows from. A call looks it up once, because that takes a function call in a shared library.
#[derive(Clone, Copy)]
pub struct ThreadGroup(usize);

impl ThreadGroup {
    /// That of this thread. Threads are numbered as they come.
    #[inline]
    pub fn own() -> ThreadGroup {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            /// 0: none yet.
            static NUMBER: Cell<usize> = const { Cell::new(0) };
        }
        if NUMBER.get() == 0 {
            // No program starts so many threads that the numbers begin again.
            NUMBER.set(LAST.fetch_add(1, Ordering::Relaxed) + 1);
        }
        ThreadGroup(NUMBER.get())
    }

    /// The number of the group, of so many: of a power of two, or 0 of none.
    #[inline]
    pub fn of(self, groups: usize) -> usize {
        self.0 & groups.wrapping_sub(1)
    }
}
