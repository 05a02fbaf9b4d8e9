//! The process: its processors, its environment, and what it has run out of.

use std::ffi::{CStr, OsString};
use std::io;

use windows_sys::Win32::Foundation as codes;
use windows_sys::Win32::Networking::WinSock as ws;

use crate::platform::library::keep_loaded;
pub use crate::platform::library_thread::*;

/// Whether names of variables differ if they differ in case alone.
pub const VARIABLES_HAVE_CASE: bool = false;

/// How many processors this process may use.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How much to ask for as the stack of a library thread. It is reserved, not used, and what the system loads into a process
/// for its sockets and certificates runs on it, too.
pub fn stack() -> usize {
    1024 * 1024
}

/// The same for a thread that runs the program's own code.
pub fn provider_stack() -> usize {
    1024 * 1024
}

/// Runs `start`, which starts a thread. There are no signals here; but the code that the thread runs has to stay.
pub fn without_signals<T>(start: impl FnOnce() -> T) -> T {
    keep_loaded();
    start()
}

/// Whether this process or machine, not the network, has run out of something.
pub fn is_resource(error: &io::Error) -> bool {
    const OF_SOCKETS: [i32; 4] = [ws::WSAEMFILE, ws::WSAENOBUFS, ws::WSAEADDRNOTAVAIL, ws::WSA_NOT_ENOUGH_MEMORY];
    const OTHERS: [u32; 5] = [
        codes::ERROR_TOO_MANY_OPEN_FILES,
        codes::ERROR_NOT_ENOUGH_MEMORY,
        codes::ERROR_OUTOFMEMORY,
        codes::ERROR_NO_SYSTEM_RESOURCES,
        codes::ERROR_COMMITMENT_LIMIT,
    ];
    let is = |code: i32| OF_SOCKETS.contains(&code) || OTHERS.iter().any(|other| i64::from(*other) == i64::from(code));
    error.raw_os_error().is_some_and(is)
}

/// A variable of the environment, which is kept in wide characters.
pub fn variable(name: &CStr) -> Option<OsString> {
    std::env::var_os(name.to_str().ok()?)
}

/// Whether this program runs with more rights than its user. No file gives a program more rights here.
pub fn has_more_rights_than_its_user() -> bool {
    false
}
