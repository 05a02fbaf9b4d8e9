//! A value of each thread that is there to the very end of the thread, as on other systems: a fiber-local one, which the
//! system frees when the thread or the fiber ends. Made later than that, it is never freed.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;

use once_cell::sync::OnceCell;
use windows_sys::Win32::System::Threading::{FLS_OUT_OF_INDEXES, FlsAlloc, FlsGetValue, FlsSetValue};

use crate::platform::library::keep_loaded;

/// A value of each thread.
pub struct ThreadValue<T> {
    /// `None`: the process has no index left, and nothing is kept.
    index: OnceCell<Option<u32>>,
    values: PhantomData<T>,
}

impl<T: 'static> ThreadValue<T> {
    /// No thread has a value.
    pub const fn new() -> ThreadValue<T> {
        ThreadValue { index: OnceCell::new(), values: PhantomData }
    }

    fn index(&self) -> Option<u32> {
        *self.index.get_or_init(|| {
            keep_loaded();
            // SAFETY: the function takes what `set` stores.
            let index = unsafe { FlsAlloc(Some(free::<T>)) };
            (index != FLS_OUT_OF_INDEXES).then_some(index)
        })
    }

    /// Sets this thread's value, and gives the old one back.
    pub fn set(&self, value: Option<T>) -> Option<T> {
        let index = self.index()?;
        // SAFETY: the index exists, and what is stored under it comes from below.
        let old = unsafe { FlsGetValue(index) }.cast::<T>();
        let new = value.map_or(ptr::null_mut(), |value| Box::into_raw(Box::new(value)));
        // SAFETY: the index exists.
        if unsafe { FlsSetValue(index, new.cast::<c_void>()) } == 0 {
            // SAFETY: made above, and kept by nobody.
            drop((!new.is_null()).then(|| unsafe { Box::from_raw(new) }));
            return None;
        }
        // SAFETY: made by an earlier call of this thread, and taken away just now.
        (!old.is_null()).then(|| *unsafe { Box::from_raw(old) })
    }

    /// Reads this thread's value.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        // SAFETY: the index exists; nobody sets this thread's value while `read` borrows it, because `read` cannot.
        let value = unsafe { FlsGetValue(self.index()?).cast::<T>().as_ref() };
        value.map(read)
    }
}

/// The destructor of a thread's value.
///
/// The caller promises NULL, or what `set` stored, once.
unsafe extern "system" fn free<T>(value: *const c_void) {
    if !value.is_null() {
        // SAFETY: as the caller, which is the system at the end of the thread, promises.
        drop(unsafe { Box::from_raw(value.cast_mut().cast::<T>()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_value_is_freed_with_its_thread() {
        static DROPPED: AtomicUsize = AtomicUsize::new(0);
        struct Counted(usize);
        impl Drop for Counted {
            fn drop(&mut self) {
                DROPPED.fetch_add(1, Ordering::SeqCst);
            }
        }
        static VALUE: ThreadValue<Counted> = ThreadValue::new();
        let of_thread = || {
            assert!(VALUE.with(|_| ()).is_none() && VALUE.set(Some(Counted(1))).is_none());
            assert_eq!(VALUE.set(Some(Counted(2))).map(|old| old.0), Some(1));
            assert_eq!(VALUE.with(|value| value.0), Some(2));
        };
        std::thread::spawn(of_thread).join().unwrap();
        assert_eq!(DROPPED.load(Ordering::SeqCst), 2);
        assert!(VALUE.set(None).is_none(), "another thread has none");
    }
}
