//! The gateway: nginx with GUI, GSQL server and REST++ behind it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::gsql;
use crate::login::{Caller, throttled};
use crate::options::Generation;
use crate::reply::{Listener, Reply, Request, normal_path};
use crate::requesttoken;
use crate::restpp;
use crate::restsecrets;
use crate::state::State;
use crate::switches::{DeleteForm, FailedCheck, GsqlserverOnC, UnknownGraph};
use crate::token::date_text;

/// Answers any request.
pub(crate) fn answer(state: &mut State, request: &Request) -> Reply {
    let path = normal_path(&request.path);
    if request.listener == Listener::Restpp {
        return restpp::answer(state, request, &path);
    }
    if let Some(rest) = path.strip_prefix("/restpp/") {
        return restpp::answer(state, request, &format!("/{rest}"));
    }
    if let Some(rest) = path.strip_prefix("/gsqlserver/") {
        return gsqlserver(state, request, rest);
    }
    if let Some(rest) = path.strip_prefix("/gsql/v1/") {
        return gsql_v1(state, request, rest);
    }
    match (request.method.as_str(), path.as_str()) {
        ("GET", "/api/ping") => ping(state),
        ("DELETE", "/expiredtoken") if state.options.since(3, 7, 0) => expired_token(state, request),
        _ => Reply::not_found(),
    }
}

/// The text "false" up to 3.8, a boolean afterwards.
fn ping(state: &State) -> Reply {
    let error = if state.options.since(3, 9, 0) { json!(false) } else { json!("false") };
    Reply::json(200, &json!({"error": error, "message": "pong", "results": {}}))
}

/// What `/gsqlserver` leads to. From 4.1 on a switch decides whether it does (row 42).
fn gsqlserver(state: &mut State, request: &Request, path: &str) -> Reply {
    if state.generation() == Generation::V41 && state.options.switches.gsqlserver_on_c == GsqlserverOnC::Absent {
        return Reply::not_found();
    }
    match (request.method.as_str(), path) {
        ("POST", "gsql/file" | "gsql/command") => gsql::file(state, request),
        ("POST", "gsql/authtoken") => requesttoken::authtoken(state, request),
        ("POST", "gsql/login") => old_login(state, request),
        ("GET", "gsql/simpleauth") => match state.gsql_caller(request) {
            Ok(_) => Reply::json(200, &json!({"error": false, "message": "stand-in: authorised"})),
            Err(error) => state.gsql_refusal(error),
        },
        ("POST" | "GET", "gsql/version") => match state.gsql_caller(request) {
            Ok(_) => version(state),
            Err(error) => state.gsql_refusal(error),
        },
        _ => Reply::not_found(),
    }
}

/// `POST /gsqlserver/gsql/login`: a wrong password is 200 with `error:true` here.
fn old_login(state: &mut State, request: &Request) -> Reply {
    let decoded = STANDARD.decode(request.text().trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let accepted = decoded
        .as_deref()
        .and_then(|text| text.split_once(':'))
        .is_some_and(|(user, password)| state.login(user, password).is_ok());
    let (message, prompt) = if accepted { ("", "GSQL > ") } else { ("Wrong password!", "") };
    let mut reply = Reply::json(
        200,
        &json!({
            "isClientCompatible": true, "error": !accepted, "message": message,
            "welcomeMessage": "stand-in: welcome", "shellPrompt": prompt,
        }),
    );
    if accepted {
        let cookie = json!({"fromGsqlClient": true, "session": "stand-in"}).to_string();
        reply.headers.push(("Set-Cookie".to_owned(), cookie));
    }
    reply
}

fn version(state: &State) -> Reply {
    // Row 44: no product version.
    let text = "GSQL version: GLE-0000\nGSQL commit number: 0000000000000000000000000000000000000000\n\
                GSQL commit date: 2026-01-01 00:00:00 +0000\n";
    Reply::text(200, format!("{text}stand-in: {}\n", state.options.version))
}

/// `/gsql/v1`: a folder of static files up to 3.11.
fn gsql_v1(state: &mut State, request: &Request, path: &str) -> Reply {
    if state.generation() != Generation::V41 {
        return Reply::not_found();
    }
    match path {
        "tokens" => tokens(state, request),
        "tokens/check" if request.method == "POST" => check(state, request),
        "statements" if request.method == "POST" => gsql::statements(state, request),
        "version" | "auth/simple" if request.method == "GET" => match state.gsql_caller(request) {
            Ok(_) if path == "version" => version(state),
            Ok(caller) => simple_auth(state, &caller),
            Err(error) => state.gsql_refusal(error),
        },
        "secrets" => restsecrets::all(state, request),
        "drop-all" => {
            state.tripwires += 1;
            Reply::json(200, &json!({"error": false, "message": "stand-in: tripwire"}))
        }
        "tokens/check" | "statements" | "version" | "auth/simple" => Reply::not_allowed(),
        _ => match path.strip_prefix("secrets/").filter(|alias| !alias.is_empty() && !alias.contains('/')) {
            Some(alias) => restsecrets::one(state, request, alias),
            None => Reply::not_found(),
        },
    }
}

fn simple_auth(state: &State, caller: &Caller) -> Reply {
    let Some(user) = state.users.get(&caller.user) else { return crate::login::authentication_failed() };
    Reply::json(
        200,
        &json!({"error": false, "message": "successfully authored.", "results": {
            "disabled": false,
            "failedAttempts": user.failed_logins,
            "isSuperUser": user.superuser,
            "lastSuccessLogin": date_text(user.last_login),
            "name": user.name,
            "nextValidLogin": date_text(user.next_valid_login),
            "privileges": {},
        }}),
    )
}

fn tokens(state: &mut State, request: &Request) -> Reply {
    let reply = match request.method.as_str() {
        "POST" => make(state, request),
        "DELETE" if request.param("clear").is_some_and(|text| text == "true") => clear(state, request),
        "DELETE" => block(state, request),
        // Row 18.
        _ => Ok(Reply::not_allowed()),
    };
    reply.unwrap_or_else(|refusal| refusal)
}

fn body(request: &Request) -> Result<Value, Reply> {
    request.json().ok_or_else(|| Reply::refusal(400, "stand-in: the body is no JSON object"))
}

/// By the secret in the body or, without one, by what the header says.
fn caller(state: &mut State, request: &Request, body: &Value) -> Result<Caller, Reply> {
    match body["secret"].as_str() {
        Some(secret) => state.secret_caller(secret).map_err(|_| requesttoken::secret_refused(state)),
        None => state.gsql_caller(request).map_err(|error| state.gsql_refusal(error)),
    }
}

/// Row 11.
pub(crate) fn known_graph(state: &State, user: &str, graph: &str) -> Result<(), Reply> {
    if !state.graphs.contains(graph) {
        let status = match state.options.switches.unknown_graph {
            UnknownGraph::Bad400 => 400,
            UnknownGraph::NotFound404 => 404,
        };
        return Err(Reply::refusal(status, &format!("Graph {graph} not found")));
    }
    if !state.may_use(user, graph) {
        return Err(Reply::refusal(403, &format!("stand-in: no access to graph {graph}")));
    }
    Ok(())
}

fn make(state: &mut State, request: &Request) -> Result<Reply, Reply> {
    let body = body(request)?;
    let caller = caller(state, request, &body)?;
    let graph = body["graph"].as_str().filter(|graph| !graph.is_empty());
    if let Some(graph) = graph {
        known_graph(state, &caller.user, graph)?;
    }
    let lifetime = state.lifetime(body.get("lifetime"))?;
    state.room_for_token()?;
    let secret = match caller.secret {
        Some(secret) => Some(secret),
        // "If no secret is specified in the payload, a secret will be automatically generated."
        None => state.create_secret(&caller.user, None, None, None).ok().map(|secret| secret.value),
    };
    let token = state.mint(&caller.user, graph, secret.as_deref(), lifetime);
    Ok(Reply::json(
        200,
        &json!({
            "expiration": date_text(token.expires_at), "error": false,
            "message": "Generate new JWT token successfully.", "token": token.value,
        }),
    ))
}

/// Puts tokens on the block list of the caller (row 22).
fn block(state: &mut State, request: &Request) -> Result<Reply, Reply> {
    let body = body(request)?;
    let by_secret = state.options.switches.delete_form == DeleteForm::Secret && body["secret"].is_string();
    let singular = if by_secret { body["token"].as_str() } else { None };
    let text = body["tokens"].as_str().or(singular);
    let caller = match (text, request.header("authorization"), body["secret"].as_str()) {
        (Some(token), None, None) if state.options.switches.delete_form == DeleteForm::NoLogin => {
            owner_of(state, token.trim())?
        }
        _ => caller(state, request, &body)?,
    };
    let text = text.ok_or_else(|| Reply::refusal(400, "stand-in: tokens is no string"))?;
    let names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(Reply::refusal(400, "stand-in: no tokens"));
    }
    let mut list = state.blocked.get(&caller.user).cloned().unwrap_or_default();
    // What has expired needs no place on the list.
    let now = state.now();
    list.retain(|token| crate::jwt::read(&state.key, token).is_ok_and(|claims| claims.expires_at > now));
    for name in names {
        let claims = crate::jwt::read(&state.key, name).map_err(|_| Reply::refusal(400, "stand-in: no such token"))?;
        if claims.user != caller.user {
            return Err(Reply::refusal(400, "stand-in: a token of another user"));
        }
        if !list.iter().any(|blocked| blocked == name) {
            list.push(name.to_owned());
        }
    }
    if list.len() > state.options.drop_limit {
        return Err(Reply::refusal(400, "stand-in: block list full"));
    }
    state.blocked.insert(caller.user, list);
    Ok(Reply::json(200, &json!({"error": false, "message": "Successfully dropped the specified JWT tokens"})))
}

/// Whose a token is that may be deleted without a login.
fn owner_of(state: &State, token: &str) -> Result<Caller, Reply> {
    let claims = crate::jwt::read(&state.key, token).map_err(|_| Reply::refusal(400, "stand-in: no such token"))?;
    Ok(Caller { user: claims.user, graph: None, secret: None })
}

/// Empties the block list of the caller (row 23).
fn clear(state: &mut State, request: &Request) -> Result<Reply, Reply> {
    let body = body(request)?;
    let caller = caller(state, request, &body)?;
    state.blocked.remove(&caller.user);
    Ok(Reply::json(200, &json!({"error": false, "message": "stand-in: block list cleared"})))
}

/// Row 24.
fn check(state: &State, request: &Request) -> Reply {
    let body = request.json().unwrap_or_default();
    let token = body["token"].as_str().unwrap_or_default();
    if state.valid_token(token).is_ok() {
        let message = format!("The token {token} verification succeed.");
        return Reply::json(200, &json!({"error": false, "message": message}));
    }
    let status = match state.options.switches.failed_check {
        FailedCheck::Ok200 => 200,
        FailedCheck::Unauthorized401 => 401,
    };
    Reply::refusal(status, "stand-in: token verification failed")
}

/// `DELETE /expiredtoken`: all or nothing.
fn expired_token(state: &mut State, request: &Request) -> Reply {
    let caller = match state.gsql_caller(request) {
        Ok(caller) => caller,
        Err(crate::login::LoginError::Throttled) => return throttled(),
        Err(error) => return state.gsql_refusal(error),
    };
    let Some(body) = request.json() else { return Reply::refusal(400, "stand-in: the body is no JSON object") };
    let names = |key: &str| -> Vec<String> {
        body[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (users, secrets) = (names("user"), names("secret"));
    let everything = users.is_empty() && secrets.is_empty();
    let foreign_secret = |value: &String| !state.secrets.iter().any(|s| s.value == *value && s.user == caller.user);
    let others = everything || users.iter().any(|user| *user != caller.user) || secrets.iter().any(foreign_secret);
    if others && !state.is_superuser(&caller.user) {
        return Reply::refusal(403, "stand-in: this needs WRITE_USER");
    }
    let unknown_secret = |value: &String| !state.secrets.iter().any(|secret| secret.value == *value);
    if users.iter().any(|user| !state.users.contains_key(user)) || secrets.iter().any(unknown_secret) {
        return Reply::refusal(400, "stand-in: no such user or secret");
    }
    let now = state.now();
    state.tokens.retain(|token| {
        let named = users.contains(&token.user) || token.secret.as_ref().is_some_and(|secret| secrets.contains(secret));
        token.expires_at > now || !(everything || named)
    });
    // Row 25.
    Reply::json(200, &json!({"error": false, "message": "stand-in: expired tokens removed"}))
}
