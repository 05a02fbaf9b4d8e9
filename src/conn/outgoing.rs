//! A caller's own request to the database, as it was recorded and as it was found good, and its answer.

use crate::checks::{check_field, check_field_value, check_fields_together, check_method, check_path, null, utf8};
use crate::error::{Error, Reason, Result};
use crate::hidden::Wiped;
use crate::protocol::endpoint::Server;
use crate::wire::http::Method;

/// Longest body of an answer if the caller says nothing.
const RESPONSE_LIMIT: u64 = 64 * 1024 * 1024;

/// A request to the database. Setters record, [`crate::Connection::send`] judges. It may be sent any number of times, on
/// any number of threads.
///
/// Every text is taken as bytes, so that one that is missing or not UTF-8 can be reported.
#[derive(Clone, Debug, Default)]
pub struct Request {
    method: Option<Vec<u8>>,
    server: Option<Server>,
    path: Option<Vec<u8>>,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    body: Option<Wiped<Vec<u8>>>,
    content_type: Option<Vec<u8>>,
    limit: u64,
    /// Whether a header had no name, which nothing takes back, and whether the last body was not there.
    lacks_name: bool,
    lacks_body: bool,
}

/// A request that was found good.
pub(super) struct Checked<'a> {
    pub method: Method<'a>,
    pub server: Server,
    pub path: &'a str,
    pub fields: Vec<(&'a str, &'a str)>,
    /// With its type, which may be "".
    pub body: Option<(&'a [u8], &'a str)>,
    pub limit: usize,
}

/// The server's answer to a request of the caller's, complete, whatever its status.
#[derive(Debug)]
pub struct Response {
    /// HTTP status.
    pub http_status: u16,
    /// Its fields, in their order.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body; `server` `None`: a number that means neither.
    pub fn new(method: Option<&[u8]>, server: Option<Server>, path: Option<&[u8]>) -> Request {
        Request { method: method.map(<[u8]>::to_vec), server, path: path.map(<[u8]>::to_vec), ..Request::default() }
    }

    /// Sets a header, instead of one of the same name; `None` removes it.
    pub fn set_header(&mut self, name: Option<&[u8]>, value: Option<&[u8]>) {
        let Some(name) = name else {
            self.lacks_name = true;
            return;
        };
        match (self.fields.iter().position(|(known, _)| known.eq_ignore_ascii_case(name)), value) {
            (Some(at), Some(value)) => self.fields[at] = (name.to_vec(), value.to_vec()),
            (Some(at), None) => drop(self.fields.remove(at)),
            (None, Some(value)) => self.fields.push((name.to_vec(), value.to_vec())),
            (None, None) => {}
        }
    }

    /// Sets the body and its type, instead of earlier ones; `None`: no body, no type.
    pub fn set_body(&mut self, body: Option<&[u8]>, content_type: Option<&[u8]>) {
        let content_type = content_type.filter(|content_type| !content_type.is_empty());
        // A type alone is that of an empty body.
        self.body = body.or(content_type.map(|_| &[][..])).map(|body| Wiped::new(body.to_vec()));
        self.content_type = content_type.map(<[u8]>::to_vec);
        self.lacks_body = false;
    }

    /// A body that is not there, although it has a length.
    pub fn set_missing_body(&mut self) {
        self.lacks_body = true;
    }

    /// The longest body of an answer; 0: 64 MiB.
    pub fn set_response_limit(&mut self, bytes: u64) {
        self.limit = bytes;
    }

    /// The same request if it can be sent.
    pub(super) fn check(&self) -> Result<Checked<'_>> {
        if self.lacks_name || self.lacks_body {
            return Err(null(if self.lacks_name { "name" } else { "body" }));
        }
        let path = self.path.as_deref().ok_or_else(|| null("path"))?;
        let method = check_method(utf8("method", self.method.as_deref().ok_or_else(|| null("method"))?)?)?;
        let server = self.server.ok_or_else(|| {
            Error::new(Reason::ArgumentRange, "server is not one of the two numbers for REST++ and the gateway")
        })?;
        let path = check_path(utf8("path", path)?)?;
        let mut fields = Vec::with_capacity(self.fields.len());
        for (name, value) in &self.fields {
            let name = utf8("name", name)?;
            let value = utf8("value", value)?;
            check_field(name, value)?;
            fields.push((name, value));
        }
        check_fields_together(&fields)?;
        let content_type = utf8("content_type", self.content_type.as_deref().unwrap_or_default())?;
        check_field_value("Content-Type", content_type)?;
        let limit = if self.limit == 0 { RESPONSE_LIMIT } else { self.limit };
        Ok(Checked {
            method: Method::Named(method),
            server,
            path,
            fields,
            body: self.body.as_ref().map(|body| (body.as_slice(), content_type)),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        })
    }
}
