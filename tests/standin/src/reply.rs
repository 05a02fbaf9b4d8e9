//! Requests as they are logged, replies as they are sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// Which listener a request came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// 14240: everything.
    Gateway,
    /// 9000: REST++ alone.
    Restpp,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where it came in.
    pub listener: Listener,
    /// On which connection, counted from 1.
    pub connection: u64,
    /// Its method.
    pub method: String,
    /// Its path as sent, not decoded.
    pub path: String,
    /// Its query as sent, "" for none.
    pub query: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// The status it was answered with; 0 while it is not.
    pub status: u16,
}

impl Request {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A parameter of the query, decoded; an empty one counts as absent.
    pub fn param(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| decode(value));
        found.filter(|value| !value.is_empty())
    }

    /// The body as JSON, as leniently as the server reads it: single quotes will do.
    pub fn json(&self) -> Option<Value> {
        let text = self.text();
        if text.trim().is_empty() {
            return Some(json!({}));
        }
        serde_json::from_str(&text).or_else(|_| serde_json::from_str(&text.replace('\'', "\""))).ok()
    }

    /// User and password of a Basic header.
    pub fn basic(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        pair.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    /// The credential after a scheme's name.
    pub fn scheme(&self, name: &str) -> Option<&str> {
        self.header("authorization")?.strip_prefix(name)?.strip_prefix(' ')
    }

    /// Everything as JSON, for other languages.
    pub fn to_json(&self) -> Value {
        json!({"listener": format!("{:?}", self.listener), "connection": self.connection, "method": self.method,
               "path": self.path, "query": self.query, "headers": self.headers, "body": self.text(), "status": self.status})
    }
}

pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Value of Content-Type; "" leaves it out.
    pub content_type: &'static str,
    /// More headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Reply {
        Reply::new(status, "application/json", body.to_string())
    }

    pub(crate) fn text(body: impl Into<Vec<u8>>) -> Reply {
        Reply::new(200, "text/plain", body)
    }

    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Reply {
        Reply { status, content_type, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn error(status: u16, message: impl Into<String>) -> Reply {
        Reply::json(status, json!({"error": true, "message": message.into()}))
    }

    pub(crate) fn coded(status: u16, code: &str, message: impl Into<String>) -> Reply {
        let version = json!({"edition": "enterprise", "api": "v2", "schema": 0});
        Reply::json(status, json!({"version": version, "error": true, "message": message.into(), "code": code}))
    }

    /// A page of nginx.
    pub(crate) fn page(status: u16, title: &str) -> Reply {
        let body = format!(
            "<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n<center><h1>{status} {title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        Reply::new(status, "text/html", body)
    }

    pub(crate) fn not_found() -> Reply {
        Reply::page(404, "Not Found")
    }

    /// REST++ does not know the endpoint.
    pub(crate) fn no_endpoint(path: &str) -> Reply {
        let message =
            format!("Endpoint is not found from url = {path}, please use GET /endpoints to list all valid endpoints.");
        Reply::coded(404, "REST-1000", message)
    }

    pub(crate) fn unauthenticated() -> Reply {
        Reply::error(401, "Authentication failed.")
    }
}
