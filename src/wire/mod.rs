//! From a server's address to an answer that is complete: names, sockets, proxies, TLS, HTTP and the time for them.
//! Knows nothing of TigerGraph.
//!
//! Imports `platform` and the vocabulary (`error`, `log`, `hidden`, `dates`, `checks`).

pub mod address;
pub mod client;
pub mod deadline;
pub mod framing;
pub mod http;
pub mod lookup;
#[cfg(feature = "test-fuzz")]
pub mod played;
pub mod probe;
pub mod proxy;
pub mod socket;
pub mod stream;
pub mod tls;
pub mod tls_stream;
