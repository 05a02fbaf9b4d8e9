//! Requests as they came and replies before they go out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// Where a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// The role of port 14240.
    Gateway,
    /// The role of port 9000.
    Restpp,
}

/// A request as it came, and the status it was answered with.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where it came in.
    pub listener: Listener,
    /// Number of the connection; the first accepted is 1.
    pub connection: u64,
    /// Its method.
    pub method: String,
    /// Its path, not decoded.
    pub path: String,
    /// Its query, not decoded.
    pub query: Option<String>,
    /// Its headers; names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// The status of the answer; 0 as long as there is none.
    pub status: u16,
}

impl Request {
    /// The value of the first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A query parameter, decoded. `+` is no space: REST++ does not decode it.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<String> {
        self.query.as_deref()?.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key) == name).then(|| decode(value))
        })
    }

    /// The body as a JSON object, read leniently: nothing is `{}`, and single quotes will do.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        let text = self.text();
        if text.trim().is_empty() {
            return Some(json!({}));
        }
        let value = serde_json::from_str(&text).or_else(|_| serde_json::from_str(&text.replace('\'', "\""))).ok()?;
        Value::is_object(&value).then_some(value)
    }

    /// User and password of a Basic header.
    #[must_use]
    pub fn basic(&self) -> Option<(String, String)> {
        let text = String::from_utf8(STANDARD.decode(self.scheme("Basic")?).ok()?).ok()?;
        text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    /// What follows this scheme in the Authorization header.
    #[must_use]
    pub fn scheme(&self, scheme: &str) -> Option<&str> {
        let (name, value) = self.header("authorization")?.split_once(' ')?;
        name.eq_ignore_ascii_case(scheme).then(|| value.trim())
    }

    /// The request as JSON, for the control listener.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "listener": match self.listener { Listener::Gateway => "gateway", Listener::Restpp => "restpp" },
            "connection": self.connection,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers.iter().map(|(name, value)| json!([name, value])).collect::<Vec<_>>(),
            "body": self.text(),
            "status": self.status,
        })
    }
}

/// Decodes percent signs.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The path as nginx matches it: decoded, without empty, `.` and `..` segments.
pub(crate) fn normal_path(path: &str) -> String {
    let decoded = decode(path);
    let mut segments: Vec<&str> = Vec::new();
    for segment in decoded.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let end = if decoded.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// An answer before it goes out.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub content_type: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub delay: std::time::Duration,
}

impl Reply {
    fn new(status: u16, content_type: &str, body: String) -> Reply {
        let content_type = Some(content_type.to_owned());
        Reply { status, content_type, headers: Vec::new(), body: body.into_bytes(), delay: std::time::Duration::ZERO }
    }

    /// JSON on one line, keys in the order given.
    pub fn json(status: u16, value: &Value) -> Reply {
        Reply::new(status, "application/json", value.to_string())
    }

    /// JSON that is not quite JSON.
    pub fn json_text(status: u16, text: String) -> Reply {
        Reply::new(status, "application/json", text)
    }

    /// Plain text.
    pub fn text(status: u16, text: String) -> Reply {
        Reply::new(status, "text/plain;charset=utf-8", text)
    }

    /// `{"error":true,"message":…}`, as the GSQL server refuses.
    pub fn refusal(status: u16, message: &str) -> Reply {
        Reply::json(status, &json!({"error": true, "message": message}))
    }

    /// No body, no type.
    pub fn empty(status: u16) -> Reply {
        Reply { content_type: None, ..Reply::new(status, "", String::new()) }
    }

    /// A page of nginx.
    pub fn page(status: u16, reason: &str) -> Reply {
        let title = format!("{status} {reason}");
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        Reply::new(status, "text/html", body)
    }

    /// The page of nginx for what is not there.
    pub fn not_found() -> Reply {
        Reply::page(404, "Not Found")
    }

    /// The page of nginx for a method that does not fit.
    pub fn not_allowed() -> Reply {
        Reply::page(405, "Not Allowed")
    }
}
