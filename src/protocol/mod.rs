//! TigerGraph's side of an exchange: versions, endpoints, what answers and refusals mean, and what of a server's words
//! may be shown. Knows no sockets and keeps nothing.
//!
//! Imports `wire` (addresses and answers), `platform`, and the vocabulary.

pub mod detection;
pub mod endpoint;
pub mod gateway;
pub mod gsql;
pub mod json;
mod number;
pub mod oauth2;
pub mod operation;
pub mod redact;
pub mod refusal;
pub mod refused_token;
pub mod secret;
mod spelling;
pub mod version;
