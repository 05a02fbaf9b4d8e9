//! Values that are made when they are first wanted, in a forked child too.
//!
//! Nobody waits for anybody: a child may have been forked while another thread of its parent was making the value, which
//! nobody will ever finish there. Threads that come at the same time make one each, and the first one stays.

use std::ops::Deref;

use once_cell::race::OnceBox;

/// A value that is made when it is first wanted.
pub struct MadeOnce<T> {
    made: OnceBox<T>,
    make: fn() -> T,
}

impl<T> MadeOnce<T> {
    /// How the value will be made; perhaps more than once.
    pub const fn new(make: fn() -> T) -> MadeOnce<T> {
        MadeOnce { made: OnceBox::new(), make }
    }

    /// The value, if somebody has wanted it.
    pub fn get_made(&self) -> Option<&T> {
        self.made.get()
    }
}

impl<T> Deref for MadeOnce<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.made.get_or_init(|| Box::new((self.make)()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// One thread stands still while it makes the value, as in a forked child, where it is not even there any more.
    #[test]
    fn nobody_waits_for_who_makes_it() {
        static TURN: AtomicU32 = AtomicU32::new(0);
        static BEGUN: Barrier = Barrier::new(2);
        static ENDED: Barrier = Barrier::new(2);
        static VALUE: MadeOnce<u32> = MadeOnce::new(|| {
            let turn = TURN.fetch_add(1, Ordering::SeqCst);
            if turn == 0 {
                BEGUN.wait();
                ENDED.wait();
            }
            turn
        });
        let slow = std::thread::spawn(|| *VALUE);
        BEGUN.wait();
        assert_eq!(VALUE.get_made(), None);
        assert_eq!(*VALUE, 1);
        ENDED.wait();
        assert_eq!(slow.join().unwrap(), 1, "the first one stays");
    }
}
