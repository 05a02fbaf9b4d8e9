//! Chapter of the header: log.

use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;

use crate::log::{Level, LogTarget, Logger};

/// A token could not be renewed, and no good one is left. What else fails is told to its caller, not logged.
pub const TG_LOG_ERROR: i32 = 1;
/// Something works, but should be looked at.
pub const TG_LOG_WARN: i32 = 2;
/// Something worth knowing happened.
pub const TG_LOG_INFO: i32 = 3;
/// Every request: method, path, status and duration. Never a query, a header or a body.
pub const TG_LOG_DEBUG: i32 = 4;

/// Takes one log line. message has no line break at its end, holds no credential, and lives for the call.
///
/// May be called on any thread, and on several at once, with no lock of the library's held: it may
/// call tg_* functions itself, on that thread, but must not wait for another thread that does. It must
/// return: no exception, no longjmp.
pub type tg_log_fn = Option<unsafe extern "C" fn(level: i32, message: *const c_char, user_data: *mut c_void)>;

/// Releases user_data: called exactly once, after the last log line, on whatever thread that happens.
pub type tg_release_fn = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The caller's callback, and what to call when nobody can use it any more.
struct Callback {
    log: unsafe extern "C" fn(i32, *const c_char, *mut c_void),
    user_data: UserData,
}

/// The caller's pointer; released when dropped.
struct UserData {
    pointer: *mut c_void,
    release: tg_release_fn,
}

// SAFETY: the pointer is only handed back to the caller's functions, which tg_config_set_log
// requires to work on any thread.
unsafe impl Send for UserData {}
// SAFETY: as above, several threads at once included.
unsafe impl Sync for UserData {}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the caller gave this function for this pointer, and it is called once.
            unsafe { release(self.pointer) };
        }
    }
}

impl LogTarget for Callback {
    fn log(&self, level: Level, message: &str) {
        let text = CString::new(message.replace('\0', "\u{fffd}")).unwrap_or_default();
        // SAFETY: the caller's function and its own pointer; the text lives through the call.
        unsafe { (self.log)(level as i32, text.as_ptr(), self.user_data.pointer) };
    }
}

/// The logger for the arguments of tg_config_set_log. Without a function `user_data` is released at once.
pub(super) fn logger(max_level: i32, log: tg_log_fn, user_data: *mut c_void, release: tg_release_fn) -> Option<Logger> {
    let user_data = UserData { pointer: user_data, release };
    log.map(|log| Logger::new(max_level, Arc::new(Callback { log, user_data })))
}
