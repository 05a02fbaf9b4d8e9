//! TigerGraph's side of an exchange: versions, endpoints, what answers and refusals mean, and what of a server's words
//! may be shown. Knows no sockets and keeps nothing.
//!
//! Imports `wire` (addresses and answers), `platform`, and the vocabulary.

pub mod endpoint;
pub mod gsql;
pub mod json;
pub mod operation;
pub mod redact;
pub mod refusal;
pub mod secret;
mod spelling;
pub mod version;
