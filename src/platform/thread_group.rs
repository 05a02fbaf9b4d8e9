//! Groups of threads: what threads of different groups count, they count in different places, so that processors do not
//! take a piece of memory away from each other.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::platform::process;

/// More groups than this are not worth their memory.
const MAX_GROUPS: usize = 16;

/// How many groups there are: no more threads than there are processors count at the same time. A power of two.
pub fn groups() -> usize {
    process::processors().next_power_of_two().clamp(2, MAX_GROUPS)
}

/// The group of this thread, of so many. Threads are numbered as they come.
#[inline]
pub fn own_group(groups: usize) -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    }
    let number = NUMBER.get().unwrap_or_else(|| {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        NUMBER.set(Some(number));
        number
    });
    number & groups.wrapping_sub(1)
}
