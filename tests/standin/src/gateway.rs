//! The gateway: routing, and the endpoints below `/gsql/v1` of 4.1 and later.

use serde_json::{Value, json};

use crate::gsql;
use crate::options::Generation;
use crate::reply::{Listener, Reply, Request, decode};
use crate::restpp::{self, text_or_number};
use crate::state::{LoginError, State};

/// Answers a request as nginx would route it.
pub(crate) fn answer(state: &mut State, request: &Request) -> Reply {
    let path = request.path.as_str();
    if request.listener == Listener::Restpp {
        return restpp::answer(state, request, path);
    }
    if let Some(rest) = path.strip_prefix("/restpp") {
        return restpp::answer(state, request, rest);
    }
    let is_c = state.generation() == Generation::C;
    match path {
        // Boolean on 4.x, the text "false" before.
        "/api/ping" if is_c => Reply::json(200, json!({"error": false, "message": "pong", "results": {}})),
        "/api/ping" => Reply::json(200, json!({"error": "false", "message": "pong", "results": {}})),
        _ if path.starts_with("/gsqlserver/") => gsqlserver(state, request, path),
        _ if path.starts_with("/gsql/v1/") && is_c => gsql_v1(state, request, &path["/gsql/v1/".len()..]),
        _ => Reply::not_found(),
    }
}

fn gsqlserver(state: &mut State, request: &Request, path: &str) -> Reply {
    // Row 42.
    if state.generation() == Generation::C && state.options.switches.gsqlserver_on_c == "404" {
        return Reply::not_found();
    }
    match (request.method.as_str(), path) {
        ("POST", "/gsqlserver/gsql/file") => gsql::file(state, request),
        ("GET", "/gsqlserver/gsql/simpleauth") => match basic(state, request) {
            Some(Ok(_)) => Reply::json(200, json!({"error": false, "message": "", "results": {}})),
            _ => Reply::new(401, "", ""),
        },
        ("POST", "/gsqlserver/gsql/authtoken") => authtoken(state, request),
        _ => Reply::not_found(),
    }
}

/// What JDBC calls on servers before 3.5: no lifetime, no expiration, no code.
fn authtoken(state: &mut State, request: &Request) -> Reply {
    let graph = request.param("graph").filter(|graph| state.graphs.contains(graph));
    match (basic(state, request), graph, state.granted(None)) {
        (Some(Ok(user)), Some(graph), Some(lifetime)) => {
            let (token, _) = state.new_token(&user, Some(&graph), None, lifetime);
            Reply::json(200, json!({"error": false, "message": "", "results": {"token": token}}))
        }
        (Some(Ok(_)), ..) => Reply::error(200, "stand-in: graph not accepted"),
        _ => Reply::new(401, "", ""),
    }
}

fn basic(state: &mut State, request: &Request) -> Option<Result<String, LoginError>> {
    let (user, password) = request.basic()?;
    if user == "__GSQL__secret" {
        return Some(state.secret(&password).map(|secret| secret.user.clone()).ok_or(LoginError::Wrong));
    }
    Some(state.login(&user, &password))
}

/// Who logs in to the GSQL server of 4.1 and later.
fn login(state: &mut State, request: &Request) -> Result<String, Reply> {
    if let Some(secret) = request.scheme("GSQL-Secret") {
        return state.secret(secret).map(|secret| secret.user.clone()).ok_or_else(Reply::unauthenticated);
    }
    if let Some(token) = request.scheme("Bearer") {
        // JWTs are taken from 4.1.2 on.
        let early = state.options.version < "4.1.2".parse().expect("a version");
        let claims = state.verify(token).ok().filter(|_| !early);
        let user = claims.and_then(|claims| claims["sub"].as_str().map(String::from));
        return user.ok_or_else(Reply::unauthenticated);
    }
    match basic(state, request) {
        Some(Ok(user)) => Ok(user),
        Some(Err(LoginError::Throttled)) => Err(Reply::error(401, "stand-in: too many failed logins")),
        _ => Err(Reply::unauthenticated()),
    }
}

fn gsql_v1(state: &mut State, request: &Request, path: &str) -> Reply {
    match (request.method.as_str(), path) {
        ("POST", "tokens") => mint(state, request),
        ("DELETE", "tokens") => block(state, request),
        ("POST", "tokens/check") => check(state, request),
        // Row 18.
        (_, "tokens" | "tokens/check") => Reply::page(405, "Not Allowed"),
        ("GET", "version") => match login(state, request) {
            Ok(_) => Reply::text("GSQL version: GLE-7162\nGSQL commit number: stand-in\nGSQL commit date: stand-in\n"),
            Err(refusal) => refusal,
        },
        ("GET", "auth/simple") => simple_auth(state, request),
        ("POST", "statements") => match login(state, request) {
            Ok(user) => gsql::statements(state, request, &user),
            Err(refusal) => refusal,
        },
        ("GET", "drop-all") => {
            state.tripwires += 1;
            Reply::json(200, json!({"error": false, "message": "stand-in: everything would be gone"}))
        }
        // Row 36.
        _ if path.starts_with("secrets") && state.options.has_rest_secrets() => secrets(state, request, path),
        _ => Reply::not_found(),
    }
}

fn simple_auth(state: &mut State, request: &Request) -> Reply {
    match login(state, request) {
        Ok(user) => {
            let superuser = state.users.get(&user).is_some_and(|user| user.superuser);
            let results = json!({"disabled": false, "failedAttempts": 0, "isSuperUser": superuser, "name": user, "privileges": {}});
            Reply::json(200, json!({"error": false, "message": "successfully authored.", "results": results}))
        }
        Err(refusal) => refusal,
    }
}

fn mint(state: &mut State, request: &Request) -> Reply {
    let Some(body) = request.json() else {
        return Reply::error(400, "stand-in: the payload is not JSON");
    };
    let text = |name: &str| text_or_number(&body[name]).filter(|text| !text.is_empty());
    let (user, secret) = match text("secret") {
        Some(value) => match state.secret(&value) {
            Some(secret) => (secret.user.clone(), value),
            None => {
                let status = if state.options.switches.wrong_secret_c == "401" { 401 } else { 400 };
                return Reply::error(status, "stand-in: secret not accepted");
            }
        },
        None => match login(state, request) {
            // Without a secret one is generated, and stays behind.
            Ok(user) => {
                let secret = state.create_secret(&user, None, None, None).expect("a new alias");
                (user, secret.value)
            }
            Err(refusal) => return refusal,
        },
    };
    let graph = text("graph");
    if let Some(graph) = graph.as_ref().filter(|graph| !state.graphs.contains(*graph)) {
        let status = if state.options.switches.unknown_graph == "404" { 404 } else { 400 };
        return Reply::error(status, format!("Graph {graph} not found"));
    }
    let asked = match text("lifetime").map(|text| text.parse::<u64>().ok().filter(|number| *number > 0)) {
        Some(None) => return Reply::error(400, "stand-in: lifetime not accepted"),
        Some(Some(number)) if state.options.switches.lifetime_unit == "milliseconds" => Some(number / 1000),
        Some(number) => number,
        None => None,
    };
    let Some(lifetime) = state.granted(asked) else {
        return Reply::error(400, "stand-in: lifetime not accepted");
    };
    let (token, expires_at) = state.mint(&user, graph.as_deref(), &secret, lifetime);
    Reply::json(
        200,
        json!({"expiration": java_date(expires_at), "error": false, "message": "Generate new JWT token successfully.", "token": token}),
    )
}

/// As Java's `Date.toString()` writes it: `Fri Dec 20 09:07:39 UTC 2024`.
fn java_date(seconds: u64) -> String {
    let time = jiff::Timestamp::from_second(i64::try_from(seconds).expect("a time")).expect("a time");
    jiff::tz::Offset::UTC.to_datetime(time).strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
}

fn block(state: &mut State, request: &Request) -> Reply {
    let body = request.json().unwrap_or_default();
    // Row 22: a secret in the body stands for a login.
    let by_secret = body["secret"].as_str().and_then(|secret| state.secret(secret)).map(|secret| secret.user.clone());
    let user = match by_secret.map_or_else(|| login(state, request), Ok) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    if request.param("clear").as_deref() == Some("true") {
        state.blocked.remove(&user);
        return Reply::json(200, json!({"error": false, "message": "stand-in: block list cleared"}));
    }
    let Some(tokens) = body["tokens"].as_str() else {
        return Reply::error(400, "stand-in: tokens is not a text");
    };
    let tokens: Vec<&str> = tokens.split(',').map(str::trim).filter(|token| !token.is_empty()).collect();
    if tokens.iter().any(|token| token.split('.').count() != 3) {
        return Reply::error(400, "stand-in: not a JWT");
    }
    if !state.block(&user, &tokens) {
        return Reply::error(400, "stand-in: block list full");
    }
    Reply::json(200, json!({"error": false, "message": "Successfully dropped the specified JWT tokens"}))
}

fn check(state: &mut State, request: &Request) -> Reply {
    let body = request.json().unwrap_or_default();
    let token = body["token"].as_str().unwrap_or_default();
    match state.verify(token) {
        Ok(_) => {
            Reply::json(200, json!({"error": false, "message": format!("The token {token} verification succeed.")}))
        }
        Err(why) => {
            // Row 24.
            let status = if state.options.switches.failed_check == "401" { 401 } else { 200 };
            Reply::error(status, format!("stand-in: the token {token} {why}"))
        }
    }
}

fn secrets(state: &mut State, request: &Request, path: &str) -> Reply {
    let caller = match login(state, request) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let user = request.param("userName").unwrap_or_else(|| caller.clone());
    if user != caller && !state.users.get(&caller).is_some_and(|user| user.superuser) {
        return Reply::error(403, "stand-in: not superuser");
    }
    if !state.users.contains_key(&user) {
        return Reply::error(400, format!("stand-in: user {user} does not exist"));
    }
    match (request.method.as_str(), path.strip_prefix("secrets/")) {
        ("GET", None) => Reply::json(200, results(list(state, &user))),
        ("POST", None) => create(state, request, &user),
        ("DELETE", None) => drop_many(state, request, &user),
        ("GET", Some(alias)) => match state.secrets.iter().find(|s| s.user == user && s.alias == decode(alias)) {
            Some(secret) => Reply::json(200, results(json!({"alias": secret.alias, "value": secret.value}))),
            None => Reply::error(404, "stand-in: unknown secret"),
        },
        ("DELETE", Some(alias)) if state.drop_secret(&user, None, &decode(alias)) => removed(&user),
        ("DELETE", Some(_)) => Reply::error(404, "stand-in: unknown secret"),
        _ => Reply::page(405, "Not Allowed"),
    }
}

fn results(results: Value) -> Value {
    json!({"error": false, "message": "", "results": results})
}

fn removed(user: &str) -> Reply {
    Reply::json(200, json!({"error": false, "message": format!("Successfully removed the secrets for user {user}.")}))
}

fn list(state: &State, user: &str) -> Value {
    let mine = state.secrets.iter().filter(|secret| secret.user == user);
    let mut list: Vec<Value> = mine.map(|secret| json!({"alias": secret.alias, "value": secret.value})).collect();
    // Row 34: the documents show one object.
    match list.len() {
        1 if state.options.switches.list_shape == "object" => list.remove(0),
        _ => list.into(),
    }
}

fn create(state: &mut State, request: &Request, user: &str) -> Reply {
    let (alias, value) = (request.param("alias"), request.param("value"));
    match state.create_secret(user, None, alias.as_deref(), value.as_deref()) {
        Some(secret) => Reply::json(200, results(json!({"alias": secret.alias, "value": secret.value}))),
        // Row 35.
        None => Reply::error(400, "stand-in: duplicate alias"),
    }
}

fn drop_many(state: &mut State, request: &Request, user: &str) -> Reply {
    let body = request.json().unwrap_or_default();
    let names: Vec<&str> =
        body["secrets"].as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
    let known = |name: &&str| state.secrets.iter().any(|s| s.user == user && (s.alias == **name || s.value == **name));
    // Row 35: all or nothing.
    if names.is_empty() || !names.iter().all(known) {
        return Reply::error(404, "stand-in: unknown secret");
    }
    for name in names {
        state.drop_secret(user, None, name);
    }
    removed(user)
}
