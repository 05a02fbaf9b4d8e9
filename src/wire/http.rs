//! One HTTP exchange as the rest of the library sees it: a request, an answer, and who carries them.

use std::fmt;
use std::rc::Rc;

use zeroize::Zeroizing;

use crate::error::Result;
use crate::hidden::Hidden;
use crate::wire::deadline::Deadline;
use crate::wire::probe::Step;

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

impl Method {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// What to send.
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The whole URL; may hold a credential before 3.5.
    pub url: Hidden,
    /// Value of the Authorization header.
    pub authorization: Option<&'a Hidden>,
    /// Body and its content type.
    pub body: Option<(&'a [u8], &'static str)>,
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
    /// Target of a redirect: scheme and host only.
    pub redirect: Option<String>,
    /// Nothing but the end of the connection told where the body ends, so it may have been cut off.
    pub until_close: bool,
    /// The body, wiped when dropped.
    pub body: Zeroizing<Vec<u8>>,
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
