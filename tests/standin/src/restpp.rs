//! REST++ and what nginx puts beside it: `/requesttoken`, `/version`, `/echo`, graphs.

use serde_json::{Value, json};

use crate::options::Generation;
use crate::reply::{Reply, Request};
use crate::state::{LoginError, State, mask};

const WARNING: &str = "\nWarning: Tigergraph Support cannot restore access to secrets/tokens for security reasons. Please save your secret/token and keep it safe and accessible.";

/// Answers a request for REST++; `path` is without `/restpp`.
pub(crate) fn answer(state: &mut State, request: &Request, path: &str) -> Reply {
    let token_server = state.options.auth_enabled && path == "/requesttoken";
    match path {
        _ if token_server => request_token(state, request),
        "/requesttoken" => Reply::no_endpoint(path),
        "/echo" | "/echo/" => Reply::new(200, "application/json", "{\"error\": false,\"message\": \"Hello GSQL\"}"),
        _ => authorised(state, request, path),
    }
}

fn authorised(state: &mut State, request: &Request, path: &str) -> Reply {
    if let Err(refusal) = authorise(state, request) {
        return refusal;
    }
    let version = json!({"edition": "enterprise", "api": "v2", "schema": 0});
    match path {
        "/version" => version_reply(state),
        _ if path.starts_with("/graph/") => {
            Reply::json(200, json!({"version": version, "error": false, "results": []}))
        }
        _ => Reply::no_endpoint(path),
    }
}

/// The version answer: raw line breaks inside its text, and the error flag as a text.
fn version_reply(state: &State) -> Reply {
    let version = state.options.version;
    let own_line = if version >= "3.9.3".parse().expect("a version") {
        format!("TigerGraph version: {version}\n")
    } else {
        String::new()
    };
    let body = format!(
        "{{\"error\":\"false\", \"message\":\"TigerGraph RESTPP: \n --- Version --- \n{own_line}product              release_{version}_05-09-2020 ab1e3d0d  2020-04-15 15:46:29 -0700\n\"}}\n"
    );
    Reply::new(200, "application/json", body)
}

/// Whether REST++ takes the request's credential.
fn authorise(state: &State, request: &Request) -> Result<(), Reply> {
    if !state.options.auth_enabled {
        return Ok(());
    }
    // Row 37: which status belongs to which refusal.
    let (missing, other) = match state.options.switches.refusals {
        "401-403" => (401, 403),
        "200" => (200, 200),
        _ => (403, 401),
    };
    if let Some(secret) = request.scheme("GSQL-Secret") {
        return match state.secret(secret) {
            Some(_) => Ok(()),
            None => Err(Reply::coded(missing, "REST-10016", "stand-in: secret not accepted")),
        };
    }
    let Some(token) = request.scheme("Bearer").filter(|token| token.len() > 4) else {
        let message = "Access Denied because the input token = '' is empty or too short";
        return Err(Reply::coded(missing, "REST-10016", message));
    };
    let denied = |status, code, why: &str| {
        let shown = format!("{}****{}", token.get(..4).unwrap_or(token), &token[token.len().saturating_sub(4)..]);
        Err(Reply::coded(status, code, format!("Access Denied because the input token = '{shown}' {why}")))
    };
    if state.generation() == Generation::C {
        return match state.verify(token) {
            Ok(_) => Ok(()),
            Err("is expired") => denied(other, "REST-10019", "stand-in: is expired"),
            // Row 26: a blocked JWT is refused with 403.
            Err(why) => denied(403, "REST-10016", why),
        };
    }
    match state.tokens.get(token) {
        None => denied(missing, "REST-10016", "is not in correct format"),
        Some(known) if known.expires_at <= state.now() => denied(other, "REST-10019", "stand-in: is expired"),
        Some(_) => Ok(()),
    }
}

/// The parameters of a token request, wherever its generation has them.
struct Params {
    secret: Option<String>,
    graph: Option<String>,
    token: Option<String>,
    lifetime: Result<Option<u64>, ()>,
}

fn lifetime(value: Option<&str>) -> Result<Option<u64>, ()> {
    // Row 3: not a number, 0 and less are refused.
    value.map(|text| text.parse().ok().filter(|seconds| *seconds > 0).ok_or(())).transpose()
}

fn from_query(request: &Request) -> Params {
    let param = |name| request.param(name);
    Params {
        secret: param("secret"),
        graph: param("graph"),
        token: param("token"),
        lifetime: lifetime(param("lifetime").as_deref()),
    }
}

/// Row 5: numbers are accepted as well as texts.
pub(crate) fn text_or_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn from_body(request: &Request) -> Option<Params> {
    let body = request.json()?;
    let text = |name: &str| text_or_number(&body[name]).filter(|text| !text.is_empty());
    Some(Params {
        secret: text("secret"),
        graph: text("graph"),
        token: text("token"),
        lifetime: lifetime(text("lifetime").as_deref()),
    })
}

fn request_token(state: &mut State, request: &Request) -> Reply {
    let (generation, version) = (state.generation(), state.options.version);
    let takes_post = version >= "3.2".parse().expect("a version");
    let params = match (generation, request.method.as_str()) {
        (Generation::A, "POST") if takes_post => {
            let mut params = from_query(request);
            params.secret = Some(request.text().trim().to_owned());
            Some(params)
        }
        (Generation::A, "GET" | "PUT" | "DELETE") => Some(from_query(request)),
        (Generation::B, "POST" | "PUT" | "DELETE") | (Generation::C, "POST") => from_body(request),
        // Rows 9, 15, 18.
        (Generation::C, _) => return Reply::not_found(),
        _ => return Reply::no_endpoint("/requesttoken"),
    };
    let Some(params) = params else {
        return Reply::error(400, "stand-in: the payload is not JSON");
    };
    let mut reply = match request.method.as_str() {
        "PUT" => refresh(state, request, &params),
        "DELETE" => delete(state, request, &params),
        _ => create(state, request, &params),
    };
    // The Content-Type was missing before 3.6.3.
    if generation == Generation::A || version < "3.7".parse().expect("a version") {
        reply.content_type = "";
    }
    reply
}

/// Who asks: the owner of the secret, or the user who logs in.
fn identify(state: &mut State, request: &Request, params: &Params) -> Result<(String, Option<String>), Reply> {
    if let Some(secret) = &params.secret {
        let status = if state.options.switches.wrong_secret == "401" { 401 } else { 200 };
        let refused = Reply::error(status, "stand-in: secret not accepted");
        let known = state.secret(secret).ok_or(refused)?;
        return Ok((known.user.clone(), known.graph.clone()));
    }
    let Some((user, password)) = request.basic() else {
        return Err(Reply::error(401, "stand-in: neither a secret nor a login"));
    };
    match state.login(&user, &password) {
        Ok(user) => Ok((user, None)),
        Err(LoginError::Wrong) => Err(Reply::error(401, "stand-in: user or password not accepted")),
        Err(LoginError::Throttled) => Err(Reply::error(401, "stand-in: too many failed logins")),
    }
}

fn create(state: &mut State, request: &Request, params: &Params) -> Reply {
    let (user, bound) = match identify(state, request, params) {
        Ok(found) => found,
        Err(refusal) => return refusal,
    };
    let by_password = params.secret.is_none();
    let graph = bound.or_else(|| params.graph.clone());
    match &graph {
        // Row 8.
        None if by_password => return Reply::error(200, "stand-in: a graph is needed"),
        Some(graph) if !state.graphs.contains(graph) => return Reply::error(200, format!("Graph {graph} not found")),
        _ => {}
    }
    let Some(lifetime) = params.lifetime.ok().and_then(|asked| state.granted(asked)) else {
        return Reply::error(400, "stand-in: lifetime not accepted");
    };
    let generation = state.generation();
    if generation == Generation::C {
        let secret = params.secret.clone().unwrap_or_default();
        let (token, _) = state.mint(&user, graph.as_deref(), &secret, lifetime);
        return Reply::json(200, json!({"error": false, "token": token}));
    }
    let (token, expires_at) = state.new_token(&user, graph.as_deref(), params.secret.as_deref(), lifetime);
    let warning = if generation == Generation::B { WARNING } else { "" };
    let message = format!("Generate new token successfully.{warning}");
    // Row 7: the documented sample of a POST on 3.2 to 3.4 is odd.
    if generation == Generation::A && request.method == "POST" && state.options.switches.post_reply == "documented" {
        return Reply::json(
            200,
            json!({"code": "REST-0000", "expiration": 0, "error": false, "message": "Refresh token successfully.", "token": token}),
        );
    }
    let in_results =
        by_password && (generation == Generation::B || state.options.switches.get_password_token == "results");
    let reply = json!({"code": "REST-0000", "expiration": expires_at, "error": false, "message": message});
    Reply::json(200, with_token(reply, token, in_results))
}

fn with_token(mut reply: Value, token: String, in_results: bool) -> Value {
    if in_results {
        reply["results"] = json!({"token": token});
    } else {
        reply["token"] = token.into();
    }
    reply
}

fn refresh(state: &mut State, request: &Request, params: &Params) -> Reply {
    let user = match identify(state, request, params) {
        Ok((user, _)) => user,
        Err(refusal) => return refusal,
    };
    let Some(lifetime) = params.lifetime.ok().and_then(|asked| state.granted(asked)) else {
        return Reply::error(400, "stand-in: lifetime not accepted");
    };
    let (now, bug) = (state.now(), state.generation() == Generation::A);
    let value = params.token.clone().unwrap_or_default();
    let known = state.tokens.get_mut(&value).filter(|token| token.user == user);
    // Row 17.
    let Some(token) = known.filter(|token| params.secret.is_none() || token.secret == params.secret) else {
        return Reply::error(200, "stand-in: token cannot be refreshed");
    };
    token.expires_at = now + lifetime;
    // The documented bug of 3.2 to 3.4: the lifetime instead of the time.
    let expiration = if bug { lifetime } else { token.expires_at };
    Reply::json(
        200,
        json!({"code": "REST-0000", "expiration": expiration, "error": false, "message": "Refresh token successfully.", "token": value}),
    )
}

fn delete(state: &mut State, request: &Request, params: &Params) -> Reply {
    let user = match identify(state, request, params) {
        Ok((user, _)) => user,
        Err(refusal) => return refusal,
    };
    let value = params.token.clone().unwrap_or_default();
    if state.tokens.get(&value).is_none_or(|token| token.user != user) {
        // Row 21.
        return Reply::json(200, json!({"code": "REST-3300", "error": true, "message": "stand-in: token not found"}));
    }
    state.tokens.remove(&value);
    Reply::json(
        200,
        json!({"code": "REST-0000", "expiration": -1, "error": false, "message": "Drop token successfully.", "token": value}),
    )
}

/// The masked form, unmasked before 3.1 (row 29).
pub(crate) fn shown(state: &State, value: &str) -> String {
    if state.options.version < "3.1".parse().expect("a version") { value.to_owned() } else { mask(value) }
}
