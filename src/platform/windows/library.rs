//! The file that the library was loaded from.

use std::ptr;
use std::sync::Once;

use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
};

/// From now on the library stays loaded until the process ends, whoever frees it. Called before anything is made that needs
/// its code later: a thread, or a value that is freed at the end of a thread.
pub fn keep_loaded() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut module = ptr::null_mut();
        let flags = GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS;
        // SAFETY: with this flag it is any address in the library, and the place is valid for the call.
        unsafe { GetModuleHandleExW(flags, (keep_loaded as fn() as *const ()).cast(), &mut module) };
    });
}
