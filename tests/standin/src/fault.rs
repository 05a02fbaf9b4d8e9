//! Faults on request: what to do instead of, or to, a good answer.

use std::time::Duration;

use crate::reply::Request;

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Action {
    /// Another answer; nothing was done.
    Reply {
        /// Its status.
        status: u16,
        /// More headers.
        headers: Vec<(String, String)>,
        /// Its body.
        body: Vec<u8>,
        /// Its Content-Type, if it has one.
        content_type: Option<String>,
    },
    /// The good answer, later. The request is carried out after the wait.
    Delay(Duration),
    /// The connection is closed instead of an answer; nothing was done.
    CloseBeforeReply,
    /// The request is carried out, then the connection is closed instead of an answer.
    CloseAfterProcessing,
    /// The good answer, then the connection is closed without having said so.
    CloseAfterReply,
    /// The connection is reset instead of an answer; nothing was done.
    ResetBeforeReply,
    /// The good answer with its full length announced, but only the first half of the body; then closed.
    TruncateBody,
    /// The same with so many bytes of the body.
    TruncateBodyAt(usize),
    /// These bytes instead of an HTTP answer, then closed; nothing was done.
    RawBytes(Vec<u8>),
    /// These bytes instead of an HTTP answer; the connection stays open; nothing was done.
    RawBytesAndHang(Vec<u8>),
    /// These bytes instead of an HTTP answer, then a reset; nothing was done.
    RawBytesAndReset(Vec<u8>),
    /// These bytes instead of an HTTP answer, one at a time with a pause after each, then closed.
    Drip(Vec<u8>, Duration),
    /// The first bytes at once, then the second as a drip.
    DripAfter(Vec<u8>, Vec<u8>, Duration),
    /// These bytes, then these again and again until the peer closes.
    Flood(Vec<u8>, Vec<u8>),
    /// No answer; the connection stays open; nothing was done.
    Hang,
}

/// An action, and the requests it is for.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Beginning of the path as the client wrote it; empty for any.
    pub path_prefix: String,
    /// The method; `None` for any.
    pub method: Option<String>,
    /// How many such requests are hit; `None` for ever.
    pub times: Option<u32>,
    /// How many such requests pass first.
    pub skip: u32,
    /// What goes wrong.
    pub action: Action,
}

impl Fault {
    /// For every request below a path.
    #[must_use]
    pub fn always(path_prefix: &str, action: Action) -> Fault {
        Fault { path_prefix: path_prefix.to_owned(), method: None, times: None, skip: 0, action }
    }

    /// For the next request below a path.
    #[must_use]
    pub fn once(path_prefix: &str, action: Action) -> Fault {
        Fault { times: Some(1), ..Fault::always(path_prefix, action) }
    }

    /// The same, only for this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Fault {
        self.method = Some(method.to_owned());
        self
    }

    /// The same, for so many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Fault {
        self.times = Some(times);
        self
    }

    /// The same, after so many requests.
    #[must_use]
    pub fn skip(mut self, skip: u32) -> Fault {
        self.skip = skip;
        self
    }

    /// Whether this request is hit; counts it.
    pub(crate) fn hits(&mut self, request: &Request) -> bool {
        let method = self.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(&request.method));
        if !method || !request.path.starts_with(&self.path_prefix) || self.times == Some(0) {
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

impl Action {
    /// Another answer, its type by its first character.
    #[must_use]
    pub fn reply(status: u16, body: &str) -> Action {
        let content_type = match body.trim_start().chars().next() {
            Some('<') => "text/html",
            Some('{' | '[') => "application/json",
            _ => "text/plain",
        };
        Action::Reply {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            content_type: Some(content_type.to_owned()),
        }
    }

    /// The same with another header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Action {
        if let Action::Reply { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}
