//! A small client for the tests.
#![allow(dead_code, reason = "each test file uses some of it")]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use tigergraph_standin::{Options, Standin};

pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    pub fn token(&self) -> String {
        self.json()["token"].as_str().unwrap_or_else(|| panic!("no token: {}", self.body)).to_owned()
    }
}

pub struct Client {
    pub standin: Standin,
    agent: ureq::Agent,
}

pub fn start(version: &str) -> Client {
    with(Options::new(version))
}

pub fn with(options: Options) -> Client {
    let config = ureq::Agent::config_builder().http_status_as_error(false).allow_non_standard_methods(true).build();
    Client { standin: Standin::start(options).expect("a stand-in"), agent: config.into() }
}

pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

pub fn alice() -> String {
    basic("alice", "opensesame")
}

pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("JSON")
}

impl Client {
    /// A request to the gateway, or to REST++ if the path begins with `9000`.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        auth: &str,
        kind: &str,
        body: &str,
    ) -> Result<Answer, ureq::Error> {
        let url = match path.strip_prefix("9000") {
            Some(path) => format!("{}{path}", self.standin.restpp_url()),
            None => format!("{}{path}", self.standin.gateway_url()),
        };
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        if !auth.is_empty() {
            request = request.header("Authorization", auth);
        }
        if !kind.is_empty() {
            request = request.header("Content-Type", kind);
        }
        let request = request.body(body.to_owned()).expect("a request");
        let mut response = self.agent.run(request)?;
        let content_type = response.headers().get("content-type").map(|kind| kind.to_str().expect("text").to_owned());
        let status = response.status().as_u16();
        Ok(Answer { status, content_type, body: response.body_mut().read_to_string()? })
    }

    pub fn send(&self, method: &str, path: &str, auth: &str, body: &str) -> Answer {
        self.try_send(method, path, auth, "", body).expect("an answer")
    }

    /// GSQL text the way of up to 3.11.
    pub fn file(&self, auth: &str, text: &str) -> Answer {
        let body: String = text.replace('\n', "%0A").replace(' ', "+");
        self.send("POST", "/gsqlserver/gsql/file", auth, &body)
    }

    /// GSQL text the way from 4.1 on.
    pub fn statements(&self, auth: &str, text: &str) -> Answer {
        self.try_send("POST", "/gsql/v1/statements", auth, "text/plain", text).expect("an answer")
    }

    pub fn get_data(&self, token: &str) -> Answer {
        self.send("GET", "/restpp/graph/MyGraph/vertices/x", &format!("Bearer {token}"), "")
    }
}

/// The secret in the reply to CREATE SECRET.
pub fn created(answer: &Answer) -> String {
    let rest = answer.body.split("The secret: ").nth(1).unwrap_or_else(|| panic!("no secret: {}", answer.body));
    rest.split(' ').next().expect("a secret").to_owned()
}
