//! Faults on request: what to do instead of, or to, a good answer.

use std::time::Duration;

use crate::reply::Request;

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Action {
    /// Another answer.
    Reply {
        /// Its status.
        status: u16,
        /// Its Content-Type.
        content_type: &'static str,
        /// More headers.
        headers: Vec<(String, String)>,
        /// Its body.
        body: Vec<u8>,
    },
    /// The good answer, later.
    Delay(Duration),
    /// No answer; the connection stays open.
    Hang,
    /// The connection is closed instead of an answer, and nothing was done.
    CloseBeforeReply,
    /// The same with a reset.
    ResetBeforeReply,
    /// The request is carried out, then the connection is closed instead of an answer.
    CloseAfterProcessing,
    /// The good answer without its last bytes.
    Truncate(usize),
    /// These bytes instead of an answer, then the connection is closed.
    RawBytes(Vec<u8>),
    /// These bytes instead of an answer, one at a time with a pause after each, then a close.
    Drip(Vec<u8>, Duration),
    /// These bytes, again and again, until the peer closes.
    Flood(Vec<u8>),
}

/// An action, and the requests it is for.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Beginning of the path.
    pub path: String,
    /// Method; "" for any.
    pub method: String,
    /// How many such requests pass first.
    pub skip: u32,
    /// How many are hit; `None`: all.
    pub times: Option<u32>,
    /// What goes wrong.
    pub action: Action,
}

impl Fault {
    /// For every request below a path.
    pub fn always(path: &str, action: Action) -> Fault {
        Fault { path: path.into(), method: String::new(), skip: 0, times: None, action }
    }

    /// For the next request below a path.
    pub fn once(path: &str, action: Action) -> Fault {
        Fault { times: Some(1), ..Fault::always(path, action) }
    }

    /// Another answer with this status and body.
    pub fn reply(status: u16, body: &str) -> Action {
        let content_type = if body.starts_with('<') { "text/html" } else { "application/json" };
        Action::Reply { status, content_type, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    /// Whether this request is hit; counts it.
    pub(crate) fn hits(&mut self, request: &Request) -> bool {
        let fits = request.path.starts_with(&self.path) && (self.method.is_empty() || self.method == request.method);
        if !fits || self.times == Some(0) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times = self.times.map(|times| times - 1);
        true
    }
}
