//! Secrets and tokens of TigerGraph 2.x to 4.x.
//!
//! A safe Rust library, and, in [`ffi`], the C interface that is made of it. Start with
//! [`Config`] and [`Connection`].

#![deny(missing_docs)]

#[forbid(unsafe_code)]
pub mod checks;
#[forbid(unsafe_code)]
pub mod config;
#[forbid(unsafe_code)]
pub mod conn;
#[forbid(unsafe_code)]
pub mod dates;
#[forbid(unsafe_code)]
pub mod error;
pub mod ffi;
#[cfg(feature = "test-fuzz")]
#[forbid(unsafe_code)]
pub mod fuzz;
#[forbid(unsafe_code)]
pub mod hidden;
#[forbid(unsafe_code)]
pub mod log;
mod platform;
#[forbid(unsafe_code)]
pub mod protocol;
#[forbid(unsafe_code)]
pub mod report;
#[forbid(unsafe_code)]
pub mod token;
#[forbid(unsafe_code)]
pub mod wire;

pub use config::Config;
pub use conn::{Connection, RefreshOptions, TokenOptions};
pub use error::{Error, Reason, Result, Status};
