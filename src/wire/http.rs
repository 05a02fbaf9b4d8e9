//! One HTTP exchange as the rest of the library sees it: a request, an answer, and who carries them.

use std::fmt;
use std::rc::Rc;

use crate::error::Result;
use crate::hidden::{Hidden, Wiped};
use crate::wire::deadline::Deadline;
use crate::wire::probe::Step;

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method<'a> {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
    /// One that a caller named.
    Named(&'a str),
}

impl<'a> Method<'a> {
    /// Its name on the wire.
    pub fn name(self) -> &'a str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
            Method::Named(name) => name,
        }
    }

    /// Whether it asks for something and changes nothing, as far as HTTP goes.
    pub fn is_read(self) -> bool {
        matches!(self.name(), "GET" | "HEAD")
    }

    /// Whether a request says how long its content is, even if it has none.
    pub fn tells_length(self) -> bool {
        !matches!(self.name(), "GET" | "HEAD" | "DELETE" | "OPTIONS")
    }
}

/// The type of nearly all contents.
pub const JSON: &str = "application/json";

/// What to send.
pub struct Request<'a> {
    /// The method.
    pub method: Method<'a>,
    /// The whole URL; may hold a credential before 3.5.
    pub url: Hidden,
    /// Value of the Authorization header.
    pub authorization: Option<&'a Hidden>,
    /// Fields of the caller's.
    pub fields: &'a [(&'a str, &'a str)],
    /// Body and its content type, which may be "".
    pub body: Option<(&'a [u8], &'a str)>,
    /// Whether somebody reads the fields of the answer.
    pub wants_fields: bool,
    /// The answer's body may not be longer than this.
    pub limit: usize,
    /// The request may not be sent twice: it must not meet a connection that the server has given up.
    pub once: bool,
}

/// What came back, complete and within its limits.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Value of Retry-After, if there is exactly one.
    pub retry_after: Option<String>,
    /// The server's clock, seconds since 1970, if it told that.
    pub date: Option<i64>,
    /// Target of a redirect: scheme, host and port only.
    pub redirect: Option<String>,
    /// With 401: by which scheme whoever answered wants a login, such as `Basic`.
    pub challenge: Option<String>,
    /// Nothing but the end of the connection told where the body ends, so it may have been cut off.
    pub until_close: bool,
    /// Its fields, in their order, if they were wanted; what is not UTF-8 in them is replaced.
    pub fields: Vec<(String, String)>,
    /// The body, wiped when dropped.
    pub body: Wiped<Vec<u8>>,
}

impl Answer {
    /// An answer that says nothing beside its status and body.
    pub fn new(status: u16, body: Wiped<Vec<u8>>) -> Answer {
        Answer {
            status,
            retry_after: None,
            date: None,
            redirect: None,
            challenge: None,
            until_close: false,
            fields: Vec::new(),
            body,
        }
    }
}

/// Carries a request to the server and its answer back. A trait, so that tests can answer instead.
pub trait Http: Send + Sync + fmt::Debug {
    /// Sends the request once and waits for the whole answer.
    fn exchange(&self, request: &Request, deadline: &Rc<Deadline>) -> Result<Answer>;

    /// Connects to the server step by step without sending it anything, and tells how each step went. A stand-in of
    /// a test has no steps.
    fn probe(&self, _base: &str, _clock: &Rc<Deadline>) -> Vec<Step> {
        Vec::new()
    }
}
