//! Which threads are the library's.

use std::cell::Cell;

/// Names of the library's threads.
pub const RENEWAL_THREAD: &str = "tg-renewal";
/// See [`RENEWAL_THREAD`].
pub const LOOKUP_THREAD: &str = "tg-lookup";
/// See [`RENEWAL_THREAD`].
pub const PROVIDER_THREAD: &str = "tg-provider";

thread_local! {
    static IS_LIBRARY_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// This thread is one of the library's. The first that such a thread does.
pub fn begin_library_thread() {
    IS_LIBRARY_THREAD.set(true);
}

/// Whether this thread is one of the library's.
pub fn is_library_thread() -> bool {
    IS_LIBRARY_THREAD.get()
}
