//! From a server's address to an answer that is complete: names, sockets, proxies, TLS, HTTP and the time for them.
//! Knows nothing of TigerGraph.
//!
//! Imports `platform` and the vocabulary (`error`, `log`, `hidden`, `dates`, `checks`).

pub mod address;
pub mod certificate;
pub mod client;
pub mod deadline;
pub mod framing;
mod half_key;
pub mod head;
pub mod http;
pub mod idle_limit;
pub mod lookup;
pub mod no_proxy;
pub mod pem;
#[cfg(feature = "test-fuzz")]
pub mod played;
pub mod probe;
pub mod proxy;
pub mod room;
mod sessions;
pub mod socket;
pub mod store;
pub mod stream;
pub mod tls;
pub mod tls_stream;
pub mod unseen;
pub mod url;
pub mod verifier;
