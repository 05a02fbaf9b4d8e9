//! Secrets and tokens of TigerGraph 2.x to 4.x.
//!
//! A safe Rust library, and, in [`ffi`], the C interface that is made of it. Start with
//! [`Config`] and [`Connection`].
//!
//! Layers, of which each imports those before it: the vocabulary in this folder (`error`, `log`, `hidden`, `dates`,
//! `checks`), `platform`, `wire`, `protocol`, `config` and `token`, `conn`, `ffi`. `tests/layers.rs` holds them to it.

#![deny(missing_docs)]

#[forbid(unsafe_code)]
mod checks;
#[forbid(unsafe_code)]
mod config;
#[forbid(unsafe_code)]
mod conn;
#[forbid(unsafe_code)]
mod dates;
#[forbid(unsafe_code)]
mod error;
pub mod ffi;
#[forbid(unsafe_code)]
mod hidden;
#[forbid(unsafe_code)]
pub mod log;
mod platform;
#[forbid(unsafe_code)]
mod protocol;
#[forbid(unsafe_code)]
pub mod report;
#[forbid(unsafe_code)]
mod token;
#[forbid(unsafe_code)]
mod wire;

pub use config::Config;
pub use config::provider::{ProviderRequest, TokenProvider};
pub use conn::{Connection, RefreshOptions, Request, Response, TokenOptions};
pub use error::{Error, Reason, Result, Status};
pub use protocol::endpoint::{Server, ServerUrls};
pub use protocol::refused_token::is_token_refused;
pub use protocol::secret::Secret;
pub use protocol::version::Version;
pub use report::Report;
pub use token::token::Token;

/// The inside of the library, for its own tests and fuzz targets. May change in any version.
#[doc(hidden)]
pub mod unversioned {
    macro_rules! open {
        ($($name:ident: $($layer:ident)::+;)+) => {
            $(pub mod $name {
                pub use crate::$($layer)::+::*;
            })+
        };
    }

    open! {
        address: wire::address;
        cached: token::cached;
        certificate: wire::certificate;
        checks: checks;
        client: wire::client;
        clock: platform::clock;
        dates: dates;
        deadline: wire::deadline;
        endpoint: protocol::endpoint;
        env_file: config::env_file;
        error: error;
        framing: wire::framing;
        gsql: protocol::gsql;
        hidden: hidden;
        http: wire::http;
        issued: token::issued;
        json: protocol::json;
        jwt: token::jwt;
        no_proxy: wire::no_proxy;
        oauth2: protocol::oauth2;
        operation: protocol::operation;
        pem: wire::pem;
        proxy: wire::proxy;
        published: platform::published;
        redact: protocol::redact;
        refusal: protocol::refusal;
        secret: protocol::secret;
        settings: config::table;
        thread_group: platform::thread_group;
        users: platform::users;
        version: protocol::version;
    }

    #[cfg(feature = "test-shuttle")]
    open! {
        fork: platform::fork;
    }

    #[cfg(feature = "test-shuttle")]
    pub mod places {
        pub use crate::conn::Place;
    }

    #[cfg(feature = "test-fuzz")]
    open! {
        played: wire::played;
    }
}
