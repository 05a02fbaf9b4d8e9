//! A value of each thread that is there to the very end of the thread. Rust's own thread-local values with a destructor
//! are gone when destructors of the program's still run, which may call the library; made as late as that, they are
//! never freed.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;

use once_cell::race::OnceBox;

use crate::platform::fork::make_key;

/// `None`: the process has no key left, and nothing is kept.
struct Key(Option<libc::pthread_key_t>);

impl Drop for Key {
    fn drop(&mut self) {
        if let Some(key) = self.0 {
            // SAFETY: the key was made for this, and nobody else knows it any more.
            unsafe { libc::pthread_key_delete(key) };
        }
    }
}

/// A value of each thread. Its destructor runs again if a destructor of the program's has set it again.
pub struct ThreadValue<T> {
    /// Threads that come first at the same time make one each, and none waits for another, which a child that is forked
    /// meanwhile does not have.
    key: OnceBox<Key>,
    values: PhantomData<T>,
}

impl<T: 'static> ThreadValue<T> {
    /// No thread has a value.
    pub const fn new() -> ThreadValue<T> {
        ThreadValue { key: OnceBox::new(), values: PhantomData }
    }

    fn key(&self) -> Option<libc::pthread_key_t> {
        let make = || {
            let mut key = 0;
            // SAFETY: the place is valid for the call, and the function takes what `set` stores.
            let outcome = make_key(|| unsafe { libc::pthread_key_create(&mut key, Some(free::<T>)) });
            Box::new(Key((outcome == 0).then_some(key)))
        };
        self.key.get_or_init(make).0
    }

    /// Sets this thread's value, and gives the old one back.
    pub fn set(&self, value: Option<T>) -> Option<T> {
        let key = self.key()?;
        // SAFETY: the key exists, and what is stored under it comes from below.
        let old = unsafe { libc::pthread_getspecific(key) }.cast::<T>();
        let new = value.map_or(ptr::null_mut(), |value| Box::into_raw(Box::new(value)));
        // SAFETY: the key exists.
        if unsafe { libc::pthread_setspecific(key, new.cast::<c_void>()) } != 0 {
            // SAFETY: made above, and kept by nobody.
            drop((!new.is_null()).then(|| unsafe { Box::from_raw(new) }));
            return None;
        }
        // SAFETY: made by an earlier call of this thread, and taken away just now.
        (!old.is_null()).then(|| *unsafe { Box::from_raw(old) })
    }

    /// Reads this thread's value.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        // SAFETY: the key exists; nobody sets this thread's value while `read` borrows it, because `read` cannot.
        let value = unsafe { libc::pthread_getspecific(self.key()?).cast::<T>().as_ref() };
        value.map(read)
    }
}

/// The destructor of a thread's value.
extern "C" fn free<T>(value: *mut c_void) {
    // SAFETY: the system calls it with a value that `set` stored, and that it has taken away.
    drop(unsafe { Box::from_raw(value.cast::<T>()) });
}
