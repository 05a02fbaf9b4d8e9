//! Calls that run on a handle, from their first moment on, and what cancels them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use crate::conn::sync::Mutex;
use crate::platform::per_process::PerProcess;
use crate::wire::lookup;

/// The calls of one handle.
#[derive(Default)]
pub(super) struct Calls {
    /// What cancels each of them.
    running: PerProcess<Mutex<Vec<Arc<AtomicBool>>>>,
    /// The handle was freed: a call that begins now lost a race, and is cancelled.
    closed: AtomicBool,
}

/// Cancels a call, which looks now if it waits for a name; if it waits for a renewal, that has to wake it.
pub(super) fn cancel(flag: &AtomicBool) {
    flag.store(true, Ordering::SeqCst);
    lookup::wake_callers();
}

/// A call that has begun. It can be cancelled, and has done nothing yet.
pub(super) struct Running<'a> {
    calls: &'a Calls,
    flag: Arc<AtomicBool>,
}

impl Calls {
    /// A call begins, before it looks at anything.
    pub fn begin(&self) -> Running<'_> {
        self.begin_with(Arc::default())
    }

    /// The same with a flag that somebody else may set, and may have set already.
    pub fn begin_with(&self, flag: Arc<AtomicBool>) -> Running<'_> {
        self.change(|running| running.push(flag.clone()));
        // After it was entered: whoever closes the handle meanwhile sets the flag, or is seen here.
        if self.closed.load(Ordering::SeqCst) {
            flag.store(true, Ordering::SeqCst);
        }
        Running { calls: self, flag }
    }

    /// Cancels those that are running.
    pub fn cancel(&self) {
        let any = self.change(|running| {
            running.iter().for_each(|flag| flag.store(true, Ordering::SeqCst));
            !std::mem::take(running).is_empty()
        });
        // A system call, which most handles that are freed need not make.
        if any {
            lookup::wake_callers();
        }
    }

    /// Cancels those that are running and those that come.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.cancel();
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Arc<AtomicBool>>) -> T) -> T {
        change(&mut self.running.get().lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Running<'_> {
    /// What cancels it.
    pub fn flag(&self) -> &Arc<AtomicBool> {
        &self.flag
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.calls.change(|running| running.retain(|flag| !Arc::ptr_eq(flag, &self.flag)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_cancelled_from_its_first_moment_on_and_not_before() {
        let calls = Calls::default();
        let is_cancelled = |running: &Running| running.flag().load(Ordering::SeqCst);
        calls.cancel();
        let (first, second) = (calls.begin(), calls.begin());
        assert!(!is_cancelled(&first) && !is_cancelled(&second));
        calls.cancel();
        let third = calls.begin();
        assert!(is_cancelled(&first) && is_cancelled(&second) && !is_cancelled(&third));
        calls.close();
        assert!(is_cancelled(&third) && is_cancelled(&calls.begin()));
    }
}
