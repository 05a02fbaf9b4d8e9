//! The control port: the log, the state and the faults, as JSON, for programs in other languages.

use serde_json::{Value, json};

use crate::fault::{Action, Fault};
use crate::reply::{Reply, Request};
use crate::server::{Shared, lock};

/// Answers a request of the control port.
pub(crate) fn answer(shared: &Shared, request: &Request) -> Reply {
    let body = request.json().unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/requests") => {
            let log: Vec<Value> = lock(&shared.log).iter().map(Request::to_json).collect();
            return Reply::json(200, log.into());
        }
        ("GET", "/snapshot") => return Reply::json(200, lock(&shared.state).snapshot()),
        ("DELETE", "/requests") => lock(&shared.log).clear(),
        ("DELETE", "/faults") => lock(&shared.faults).clear(),
        ("POST", "/users") => {
            let superuser = body["superuser"].as_bool().unwrap_or(false);
            lock(&shared.state).add_user(&text("name"), &text("password"), superuser);
        }
        ("POST", "/graphs") => drop(lock(&shared.state).graphs.insert(text("name"))),
        ("POST", "/auth") => lock(&shared.state).options.auth_enabled = body["enabled"].as_bool().unwrap_or(true),
        ("POST", "/expire-tokens") => {
            lock(&shared.state).clock_offset += body["seconds"].as_i64().unwrap_or(10_000_000)
        }
        ("POST", "/faults") => {
            let status = u16::try_from(body["status"].as_u64().unwrap_or(500)).unwrap_or(500);
            let times = body["times"].as_u64().and_then(|times| u32::try_from(times).ok());
            let action = match body["action"].as_str() {
                Some("hang") => Action::Hang,
                Some("close") => Action::CloseBeforeReply,
                Some("lose") => Action::CloseAfterProcessing,
                Some("reset") => Action::ResetBeforeReply,
                _ => Fault::reply(status, &text("body")),
            };
            lock(&shared.faults).push(Fault { times, ..Fault::always(&text("path"), action) });
        }
        _ => return Reply::not_found(),
    }
    Reply::json(200, json!({"error": false}))
}
