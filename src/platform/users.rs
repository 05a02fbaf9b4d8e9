//! Counts the calls that use an object, so that the last one of them drops it if its owner gives it up meanwhile. Nobody
//! waits, and calls of different groups of threads do not touch the same memory.

#[cfg(not(feature = "test-shuttle"))]
use std::sync::atomic::{AtomicI64, Ordering};

#[cfg(feature = "test-shuttle")]
use {shuttle::sync::atomic::AtomicI64, std::sync::atomic::Ordering};

use crate::platform::thread_group::{ThreadGroup, groups};

/// Who uses an object.
pub struct Users {
    places: Box<[Place]>,
    /// Before the end far more than there will ever be users; from then on how many are left.
    left: AtomicI64,
}

/// The users of a group of threads, and from the end on a number that no user count comes near.
#[repr(align(64))]
struct Place(AtomicI64);

const MANY: i64 = 1 << 48;
const ENDED: i64 = 1 << 56;

/// Proof of having come, to be given back.
pub struct Ticket(usize);

impl Default for Users {
    fn default() -> Users {
        Users { places: (0..groups()).map(|_| Place(AtomicI64::new(0))).collect(), left: AtomicI64::new(MANY) }
    }
}

impl Users {
    /// A user on a thread of this group comes. The owner has not given the object up, or another user keeps it while this
    /// one comes.
    #[inline]
    pub fn enter(&self, group: ThreadGroup) -> Ticket {
        let group = group.of(self.places.len());
        let Some(place) = self.places.get(group) else { was_dropped() };
        if place.0.fetch_add(1, Ordering::Acquire) >= ENDED {
            self.left.fetch_add(1, Ordering::Relaxed);
        }
        Ticket(group)
    }

    /// A user leaves; whether it has to drop the object, because it is the last one and the owner has given it up.
    #[inline]
    pub fn leave(&self, ticket: Ticket) -> bool {
        let before = self.places[ticket.0].0.fetch_sub(1, Ordering::AcqRel);
        before >= ENDED && self.settle(-1)
    }

    /// Ends the process if the object was dropped already.
    pub fn check(&self) {
        if self.places.is_empty() {
            was_dropped();
        }
    }

    /// The owner gives the object up, once; whether it has to drop it, because nobody uses it.
    pub fn end(&self) -> bool {
        let there = |place: &Place| place.0.fetch_add(ENDED, Ordering::AcqRel);
        self.settle(self.places.iter().map(there).sum::<i64>() - MANY)
    }

    fn settle(&self, change: i64) -> bool {
        self.left.fetch_add(change, Ordering::AcqRel) + change == 0
    }
}

/// Somebody uses an object after it was dropped, of which zeros are left. Nothing that a program could go on with.
#[cold]
fn was_dropped() -> ! {
    std::process::abort()
}

#[cfg(all(test, not(feature = "test-shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_drops_the_object() {
        let users = Users::default();
        let enter = || users.enter(ThreadGroup::own());
        let (first, second) = (enter(), enter());
        assert!(!users.leave(first));
        let third = std::thread::scope(|scope| scope.spawn(enter).join().expect("no panic"));
        assert!(!users.end());
        assert!(!users.leave(third));
        assert!(users.leave(second));
        assert!(Users::default().end());
    }
}
