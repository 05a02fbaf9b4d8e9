//! The control listener, by which programs in other languages steer the stand-in.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::fault::{Action, Fault};
use crate::issuer::Issuer;
use crate::server::{Shared, lock};
use crate::state::State;

/// Accepts connections until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let shared = shared.clone();
                async move { Ok::<_, Infallible>(answer(request, &shared).await) }
            });
            // A connection that breaks is the other side's affair.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: hyper::Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    let (method, path) = (request.method().as_str().to_owned(), request.uri().path().to_owned());
    let bytes = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let result = match serde_json::from_slice(if bytes.is_empty() { b"{}" } else { &bytes }) {
        Ok(body) => carry_out(&method, &path, &body, shared),
        Err(error) => Err((400, error.to_string())),
    };
    let (status, value) = match result {
        Ok(value) => (200, value),
        Err((status, message)) => (status, json!({"error": message})),
    };
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    response
}

type Refusal = (u16, String);

fn carry_out(method: &str, path: &str, body: &Value, shared: &Shared) -> Result<Value, Refusal> {
    match (method, path) {
        ("GET", "/requests") => {
            return Ok(lock(&shared.log).entries.iter().map(|(_, request)| request.to_json()).collect());
        }
        ("GET", "/snapshot") => return Ok(snapshot(&lock(&shared.state))),
        ("DELETE", "/requests") => lock(&shared.log).entries.clear(),
        ("DELETE", "/faults") => lock(&shared.faults).clear(),
        ("POST", "/faults") => lock(&shared.faults).push(fault(body)?),
        ("POST", "/users") => {
            let (name, password) = (text(body, "name")?, text(body, "password")?);
            lock(&shared.state).add_user(name, password, body["superuser"].as_bool().unwrap_or(false));
        }
        ("POST", "/graphs") => drop(lock(&shared.state).graphs.insert(text(body, "name")?.to_owned())),
        ("POST", "/auth") => {
            let enabled = body["enabled"].as_bool().ok_or_else(|| wrong("enabled"))?;
            lock(&shared.state).options.auth_enabled = enabled;
        }
        ("POST", "/clock") => {
            lock(&shared.state).clock_offset = body["offset"].as_i64().ok_or_else(|| wrong("offset"))?;
        }
        ("POST", "/switches") => {
            let (name, value) = (text(body, "name")?, text(body, "value")?);
            lock(&shared.state).options.switches.set(name, value).map_err(|error| (400, error.to_string()))?;
        }
        ("POST", "/issuers") => {
            let issuer = Issuer::with_key(text(body, "name")?, text(body, "key")?);
            lock(&shared.state).trust_issuer(&issuer);
        }
        ("POST", "/expire-tokens") => lock(&shared.state).expire_tokens(),
        _ => return Err((404, format!("there is no {method} {path}"))),
    }
    Ok(json!({"ok": true}))
}

fn snapshot(state: &State) -> Value {
    let mut value = state.snapshot().to_json();
    value["tripwires"] = json!(state.tripwires);
    value
}

fn wrong(name: &str) -> Refusal {
    (400, format!("{name} is missing or of the wrong type"))
}

fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    body[name].as_str().ok_or_else(|| wrong(name))
}

fn small(body: &Value, name: &str) -> Option<u32> {
    body[name].as_u64().and_then(|number| u32::try_from(number).ok())
}

/// `{"path_prefix", "method", "times", "skip", "action", …}`; what an action needs stands beside it.
fn fault(body: &Value) -> Result<Fault, Refusal> {
    Ok(Fault {
        path_prefix: body["path_prefix"].as_str().unwrap_or_default().to_owned(),
        method: body["method"].as_str().map(str::to_owned),
        times: small(body, "times"),
        skip: small(body, "skip").unwrap_or(0),
        action: action(body)?,
    })
}

fn action(body: &Value) -> Result<Action, Refusal> {
    let milliseconds = |name: &str| body[name].as_u64().map(Duration::from_millis).ok_or_else(|| wrong(name));
    Ok(match text(body, "action")? {
        "Reply" => Action::Reply {
            status: body["status"].as_u64().and_then(|n| u16::try_from(n).ok()).ok_or_else(|| wrong("status"))?,
            headers: headers(&body["headers"]),
            body: bytes(body)?,
            content_type: body["content_type"].as_str().map(str::to_owned),
        },
        "Delay" => Action::Delay(milliseconds("milliseconds")?),
        "CloseBeforeReply" => Action::CloseBeforeReply,
        "CloseAfterProcessing" => Action::CloseAfterProcessing,
        "CloseAfterReply" => Action::CloseAfterReply,
        "ResetBeforeReply" => Action::ResetBeforeReply,
        "TruncateBody" => match small(body, "keep") {
            Some(keep) => Action::TruncateBodyAt(keep as usize),
            None => Action::TruncateBody,
        },
        "RawBytes" => Action::RawBytes(bytes(body)?),
        "RawBytesAndReset" => Action::RawBytesAndReset(bytes(body)?),
        "RawBytesAndHang" => Action::RawBytesAndHang(bytes(body)?),
        "Drip" => Action::Drip(bytes(body)?, milliseconds("milliseconds")?),
        "Flood" => Action::Flood(Vec::new(), bytes(body)?),
        "Hang" => Action::Hang,
        other => return Err((400, format!("there is no action {other}"))),
    })
}

/// `body` as text, or `body_base64`.
fn bytes(body: &Value) -> Result<Vec<u8>, Refusal> {
    match body["body_base64"].as_str() {
        Some(text) => STANDARD.decode(text).map_err(|error| (400, error.to_string())),
        None => Ok(body["body"].as_str().unwrap_or_default().as_bytes().to_vec()),
    }
}

/// An object, or a list of pairs.
fn headers(value: &Value) -> Vec<(String, String)> {
    let pair = |name: &str, value: &Value| Some((name.to_owned(), value.as_str()?.to_owned()));
    match value {
        Value::Object(map) => map.iter().filter_map(|(name, value)| pair(name, value)).collect(),
        Value::Array(list) => list.iter().filter_map(|entry| pair(entry[0].as_str()?, &entry[1])).collect(),
        _ => Vec::new(),
    }
}
