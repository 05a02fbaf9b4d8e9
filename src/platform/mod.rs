//! What differs between systems, and what the standard library does not offer: the clock that counts sleep, sockets
//! that do not block, name look-up, forks, the process and its files. Beside `ffi` the only unsafe code.
//!
//! Imports nothing of the library but its vocabulary (`error`, `log`, `hidden`, `dates`, `checks`).
//!
//! All of it is for Unix today. Another system is a second file beside each of `cache_folder`, `clock`, `descriptor`, `file`,
//! `fork`, `process`, `resolver`, `secret_file`, `socket` and `thread_value` with the same functions, and is chosen here
//! and nowhere else.

#![deny(clippy::undocumented_unsafe_blocks, unsafe_op_in_unsafe_fn)]

// Fuzzing brings an allocator that counts.
#[cfg(all(feature = "wiping-allocator", not(feature = "test-fuzz")))]
mod allocator;
#[forbid(unsafe_code)]
pub mod boot;
pub mod cache_folder;
pub mod clock;
mod descriptor;
#[forbid(unsafe_code)]
pub mod file;
pub mod fork;
pub mod per_process;
pub mod process;
pub mod published;
pub mod resolver;
#[forbid(unsafe_code)]
pub mod secret_file;
pub mod socket;
pub mod swap_cell;
#[forbid(unsafe_code)]
pub mod thread_group;
pub mod thread_value;
#[forbid(unsafe_code)]
pub mod users;
