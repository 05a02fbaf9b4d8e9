//! The process: its processors, user, environment and signals, and what it has run out of.

use std::ffi::{CStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;

pub use super::library_thread::*;

/// Whether names of variables differ if they differ in case alone.
pub const VARIABLES_HAVE_CASE: bool = true;

/// How many processors this process may use.
#[cfg(target_os = "linux")]
pub fn processors() -> usize {
    // SAFETY: a set without any processor is all zeros, and the call writes no more than the size it is given.
    let count = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set);
        libc::CPU_COUNT(&set)
    };
    // None where the set is too small for the machine: then one place will have to do.
    usize::try_from(count).unwrap_or(0).max(1)
}

/// How many processors this process may use.
#[cfg(not(target_os = "linux"))]
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The stack of a library thread, beside the program's static thread-local data.
const STACK: usize = 256 * 1024;

/// How much to ask for as the stack of a library thread. glibc takes the static thread-local data of the program and
/// of its libraries out of the stack that is asked for, so it is added here.
pub fn stack() -> usize {
    STACK + static_thread_local_data()
}

/// The same for a thread that runs the program's own code, which may call anything.
const PROVIDER_STACK: usize = 1024 * 1024;

/// See [`stack`].
pub fn provider_stack() -> usize {
    PROVIDER_STACK + static_thread_local_data()
}

/// What glibc takes out of a new thread's stack. musl puts it beside the stack and has no such function.
#[cfg(target_os = "linux")]
fn static_thread_local_data() -> usize {
    // SAFETY: the name is NUL-terminated.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__pthread_get_minstack".as_ptr()) };
    if found.is_null() {
        return 0;
    }
    type MinStack = unsafe extern "C" fn(*const libc::pthread_attr_t) -> libc::size_t;
    // SAFETY: glibc has declared it so since 2.15, and the standard library calls it so, too.
    let min_stack = unsafe { std::mem::transmute::<*mut libc::c_void, MinStack>(found) };
    // SAFETY: glibc does not look at the attributes, and the standard library's own are plain ones as well.
    unsafe { min_stack(std::ptr::null()) }
}

/// What the system takes out of a new thread's stack.
#[cfg(not(target_os = "linux"))]
fn static_thread_local_data() -> usize {
    0
}

/// Runs `start`, which starts a thread, so that the new thread takes none of the program's signals.
pub fn without_signals<T>(start: impl FnOnce() -> T) -> T {
    // SAFETY: all-zero is a valid value for both sets, which the calls below fill.
    let (mut all, mut before) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    // SAFETY: both sets are valid for the calls; the mask is put back right after.
    unsafe {
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
    }
    let result = start();
    // SAFETY: `before` was filled above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut()) };
    result
}

/// Whether this process or machine, not the network, has run out of something.
pub fn is_resource(error: &io::Error) -> bool {
    let codes = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM, libc::EADDRNOTAVAIL, libc::EAGAIN];
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// The user that this program acts as.
pub fn user() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// A variable of the environment; nothing in a program that runs with more rights than its user.
pub fn variable(name: &CStr) -> Option<OsString> {
    // SAFETY: as glibc and musl declare it; the crate libc does not.
    #[cfg(target_os = "linux")]
    unsafe extern "C" {
        fn secure_getenv(name: *const libc::c_char) -> *mut libc::c_char;
    }
    // SAFETY: the name is NUL-terminated.
    #[cfg(target_os = "linux")]
    let value = unsafe { secure_getenv(name.as_ptr()) };
    #[cfg(not(target_os = "linux"))]
    let value = match has_more_rights_than_its_user() {
        // SAFETY: the name is NUL-terminated.
        false => unsafe { libc::getenv(name.as_ptr()) },
        true => std::ptr::null_mut(),
    };
    if value.is_null() {
        return None;
    }
    // SAFETY: a NUL-terminated text of the environment, copied at once.
    Some(OsString::from_vec(unsafe { CStr::from_ptr(value) }.to_bytes().to_vec()))
}

/// Whether this program runs with more rights than its user, who must not tell it what to read.
#[cfg(target_os = "linux")]
pub fn has_more_rights_than_its_user() -> bool {
    // SAFETY: takes and returns numbers.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Whether this program runs with more rights than its user, who must not tell it what to read.
#[cfg(not(target_os = "linux"))]
pub fn has_more_rights_than_its_user() -> bool {
    // SAFETY: these take and return nothing but numbers.
    unsafe { (libc::getuid(), libc::getgid()) != (libc::geteuid(), libc::getegid()) }
}
