//! Chapter of the header: log.

use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;

use crate::log::{Level, LogTarget, Logger};

/// A token could not be renewed, and no valid one is left. Other failures are returned to the caller and not
/// logged.
pub const TG_LOG_ERROR: i32 = 1;
/// Something works, but needs attention.
pub const TG_LOG_WARN: i32 = 2;
/// Something worth knowing happened.
pub const TG_LOG_INFO: i32 = 3;
/// Every request: method, path (but for tg_send()), status and duration. Never a query, a header or a body.
pub const TG_LOG_DEBUG: i32 = 4;

/// Takes one log line. message has no line break at its end, contains no credential, and is valid during the
/// call.
///
/// May be called on any thread, and on several at once, while the library holds no lock: it may call tg_*
/// functions itself, on that thread, but must not wait for another thread that does. Log lines that such a
/// call causes on that thread are dropped. It must return normally: no exception, no longjmp.
///
/// Calls wait for a renewal (tg_authorization), which logs on a thread of the library. In Node.js a function
/// runs on the main thread only, so a call that blocks the main thread waits for the renewal, the renewal for
/// the function, and the call ends with timeout.response. There, make calls asynchronously, or set no log
/// function. In LuaJIT and PHP set none: a call of their functions on another thread ends the process.
pub type tg_log_fn = Option<unsafe extern "C" fn(level: i32, message: *const c_char, user_data: *mut c_void)>;

/// Releases user_data: called exactly once, on any thread, after the last call of the function that gets it.
pub type tg_release_fn = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The logger for the arguments of tg_config_set_log. Without a function `user_data` is released at once.
pub(super) fn logger(max_level: i32, log: tg_log_fn, user_data: UserData) -> Option<Logger> {
    log.map(|log| Logger::new(max_level, Arc::new(Target { log, user_data })))
}

/// The caller's function for log lines, and what it is called with.
struct Target {
    log: unsafe extern "C" fn(i32, *const c_char, *mut c_void),
    user_data: UserData,
}

/// The caller's pointer; released when dropped.
pub(super) struct UserData {
    pointer: *mut c_void,
    release: tg_release_fn,
}

impl UserData {
    /// The caller promises that `release`, and the function that is called with the pointer, may be called with it on
    /// any thread: `release` once, the function until then.
    pub(super) unsafe fn new(pointer: *mut c_void, release: tg_release_fn) -> UserData {
        UserData { pointer, release }
    }

    pub(super) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

// SAFETY: the pointer is only handed back to the caller's functions, which may be called on any thread, as the
// caller of `new` promised.
unsafe impl Send for UserData {}
// SAFETY: as above, several threads at once included.
unsafe impl Sync for UserData {}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the caller of `new` gave this function for this pointer, and it is called once.
            unsafe { release(self.pointer) };
        }
    }
}

impl LogTarget for Target {
    fn log(&self, level: Level, message: &str) {
        let text = CString::new(message.replace('\0', "\u{fffd}")).unwrap_or_default();
        // SAFETY: the caller of `UserData::new` gave this function for this pointer; the text lives through the call.
        unsafe { (self.log)(level as i32, text.as_ptr(), self.user_data.pointer) };
    }
}
