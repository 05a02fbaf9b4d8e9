//! The C interface: a thin shell around the safe library, and the only place with unsafe code besides `platform`.
//! Every file but `arguments.rs`, `guard.rs`, `handle.rs`, `panic.rs` and `tests.rs` is a chapter of
//! `include/tigergraph_auth.h`.
//!
//! An exported function has two parts. One unsafe block makes values of its raw pointers, of the types in
//! `arguments.rs` and `handle.rs`, and says what the caller promises of each; this clears the outputs. The rest is safe
//! code in a guard, which no panic leaves: `guard` for functions that take a `tg_error **`, `guard_value` for others.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::undocumented_unsafe_blocks,
    unsafe_op_in_unsafe_fn
)]
#![allow(non_camel_case_types)]
// What every function here asks of its pointers is said once, in prologue.h.
#![allow(clippy::missing_safety_doc)]

mod arguments;
pub mod config;
pub mod conn;
pub mod error;
mod guard;
mod handle;
pub mod log;
#[cfg(not(feature = "test-panic"))]
mod panic;
#[cfg(feature = "test-panic")]
pub mod panic;
pub mod provider;
pub mod report;
pub mod request;
pub mod secrets;
pub mod status;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
pub mod token;
pub mod version;
pub mod wakeup;
