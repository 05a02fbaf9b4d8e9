//! Tokens: what one is, how a server's answer is read as one, when one is renewed, and how a file
//! of a cache holds one. Decides; asks nobody.
//!
//! Imports `protocol` (what an answer says), `platform` (the clocks) and the vocabulary. The state machine in `renewal` imports `error` alone.

pub mod cached;
pub mod issued;
pub mod jwt;
pub mod renewal;
#[allow(clippy::module_inception)] // the folder is about tokens, and this file is the token
pub mod token;
