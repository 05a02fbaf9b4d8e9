//! What differs between systems, and what the standard library does not offer: the clock that counts sleep, sockets
//! that do not block, name look-up, forks, the process and its files. Beside `ffi` the only unsafe code.
//!
//! Imports nothing of the library but its vocabulary (`error`, `log`, `hidden`, `dates`, `checks`).
//!
//! Some files are there twice: for Unix, and of the same name with the same functions in `windows`. Which one it is, is
//! chosen here and nowhere else.

#![deny(clippy::undocumented_unsafe_blocks, unsafe_op_in_unsafe_fn)]

/// Whether long blocks take what is in them along when they grow, so that nothing of it is copied, or left to be wiped.
pub const MOVES_PAGES: bool = cfg!(all(target_os = "linux", feature = "wiping-allocator", not(feature = "test-fuzz")));

#[cfg_attr(windows, path = "windows/access.rs")]
pub mod access;
// Fuzzing brings an allocator that counts.
#[cfg(all(feature = "wiping-allocator", not(feature = "test-fuzz")))]
mod allocator;
#[forbid(unsafe_code)]
#[cfg_attr(windows, path = "windows/boot.rs")]
pub mod boot;
#[cfg_attr(windows, path = "windows/boot_clock.rs")]
mod boot_clock;
#[cfg_attr(windows, path = "windows/cache_folder.rs")]
pub mod cache_folder;
#[forbid(unsafe_code)]
pub mod clock;
#[cfg(unix)]
mod descriptor;
#[forbid(unsafe_code)]
#[cfg_attr(windows, path = "windows/file.rs")]
pub mod file;
pub mod float_traps;
#[cfg_attr(windows, path = "windows/fork.rs")]
pub mod fork;
#[cfg(windows)]
#[path = "windows/library.rs"]
mod library;
// Its unit tests run everywhere.
#[cfg(any(test, all(target_env = "musl", feature = "wiping-allocator", not(feature = "test-fuzz"))))]
mod kept_blocks;
#[forbid(unsafe_code)]
mod library_thread;
#[forbid(unsafe_code)]
mod lookup_failure;
#[forbid(unsafe_code)]
pub mod made_once;
pub mod per_process;
#[cfg(test)]
#[forbid(unsafe_code)]
pub mod planted;
#[cfg_attr(windows, path = "windows/process.rs")]
pub mod process;
pub mod published;
#[forbid(unsafe_code)]
mod refusal;
#[cfg_attr(windows, path = "windows/resolver.rs")]
pub mod resolver;
#[forbid(unsafe_code)]
#[cfg_attr(windows, path = "windows/secret_file.rs")]
pub mod secret_file;
#[cfg_attr(windows, path = "windows/socket.rs")]
pub mod socket;
#[cfg(test)]
#[forbid(unsafe_code)]
mod socket_tests;
pub mod swap_cell;
#[forbid(unsafe_code)]
pub mod thread_group;
#[cfg_attr(windows, path = "windows/thread_value.rs")]
pub mod thread_value;
#[forbid(unsafe_code)]
#[cfg_attr(windows, path = "windows/trust_store.rs")]
pub mod trust_store;
#[forbid(unsafe_code)]
pub mod users;
