//! `/requesttoken` of every generation, and `/gsqlserver/gsql/authtoken`.

use serde_json::{Value, json};

use crate::login::{Caller, LoginError, throttled};
use crate::options::{Generation, Version};
use crate::reply::{Reply, Request};
use crate::restpp::no_endpoint;
use crate::state::{State, Token};
use crate::switches::{GetPasswordToken, PostReply, WrongSecret, WrongSecretC};
use crate::token::legacy;

const MADE: &str = "Generate new token successfully.";
const MADE_B: &str = "Generate new token successfully.\nWarning: Tigergraph Support cannot restore access to \
                      secrets/tokens for security reasons. Please save your secret/token and keep it safe and \
                      accessible.";
const REFRESHED: &str = "Refresh token successfully.";
const DROPPED: &str = "Drop token successfully.";

/// A day, for `allowExisting`.
const DAY: i64 = 86_400;

/// The fields of a request, from query or body.
#[derive(Default)]
struct Fields {
    secret: Option<String>,
    graph: Option<String>,
    token: Option<String>,
    lifetime: Option<Value>,
}

impl Fields {
    fn of_query(request: &Request) -> Fields {
        Fields {
            secret: request.param("secret"),
            graph: request.param("graph"),
            token: request.param("token"),
            lifetime: request.param("lifetime").map(Value::from),
        }
    }

    fn of_body(request: &Request) -> Result<Fields, Reply> {
        let body = request.json().ok_or_else(|| Reply::refusal(400, "stand-in: the body is no JSON object"))?;
        let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Fields {
            secret: text("secret"),
            graph: text("graph"),
            token: text("token"),
            lifetime: body.get("lifetime").cloned(),
        })
    }
}

/// `/requesttoken` on any listener.
pub(crate) fn answer(state: &mut State, request: &Request) -> Reply {
    if !state.options.auth_enabled {
        return no_endpoint(state, "/requesttoken");
    }
    let reply = match state.generation() {
        Generation::V2 => answer_a(state, request),
        Generation::V35 => answer_b(state, request),
        Generation::V41 => answer_c(state, request),
    };
    let mut reply = reply.unwrap_or_else(|refusal| refusal);
    // Fixed in 3.6.3.
    if state.generation() != Generation::V41 && state.options.version < Version::new(3, 6, 3) {
        reply.content_type = None;
    }
    reply
}

fn answer_a(state: &mut State, request: &Request) -> Result<Reply, Reply> {
    let fields = Fields::of_query(request);
    match request.method.as_str() {
        "GET" => make_a(state, request, &fields),
        "POST" if state.options.since(3, 2, 0) => post_a(state, request, &fields),
        "PUT" => refresh(state, request, &fields),
        "DELETE" => delete(state, request, &fields),
        _ => Ok(no_endpoint(state, "/requesttoken")),
    }
}

fn make_a(state: &mut State, request: &Request, fields: &Fields) -> Result<Reply, Reply> {
    if fields.secret.is_some() {
        let (token, _) = make(state, request, fields)?;
        return Ok(Reply::json(200, &legacy(token.expires_at, MADE, &token.value)));
    }
    if !state.options.since(3, 1, 4) {
        return Err(Reply::refusal(200, "stand-in: no secret"));
    }
    let (token, _) = make(state, request, fields)?;
    // Row 6.
    Ok(match state.options.switches.get_password_token {
        GetPasswordToken::Results => Reply::json(200, &in_results(&token, MADE)),
        GetPasswordToken::Top => Reply::json(200, &legacy(token.expires_at, MADE, &token.value)),
    })
}

fn post_a(state: &mut State, request: &Request, fields: &Fields) -> Result<Reply, Reply> {
    let secret = Some(request.text().trim().to_owned());
    let fields = Fields { secret, lifetime: fields.lifetime.clone(), ..Fields::default() };
    let (token, _) = make(state, request, &fields)?;
    // Row 7.
    Ok(match state.options.switches.post_reply {
        PostReply::Real => Reply::json(200, &legacy(token.expires_at, MADE, &token.value)),
        PostReply::Documented => Reply::json(200, &legacy(0, REFRESHED, &token.value)),
    })
}

fn answer_b(state: &mut State, request: &Request) -> Result<Reply, Reply> {
    match request.method.as_str() {
        "POST" => make_b(state, request, &Fields::of_body(request)?),
        "PUT" => refresh(state, request, &Fields::of_body(request)?),
        "DELETE" => delete(state, request, &Fields::of_body(request)?),
        // Row 9.
        _ => Ok(no_endpoint(state, "/requesttoken")),
    }
}

fn make_b(state: &mut State, request: &Request, fields: &Fields) -> Result<Reply, Reply> {
    let existing = state.options.since(3, 9, 3) && request.param("allowExisting").is_some_and(|text| text == "true");
    let (token, by_secret) =
        if existing { find_or_make(state, request, fields)? } else { make(state, request, fields)? };
    Ok(if by_secret {
        Reply::json(200, &legacy(token.expires_at, MADE_B, &token.value))
    } else {
        Reply::json(200, &in_results(&token, MADE_B))
    })
}

fn find_or_make(state: &mut State, request: &Request, fields: &Fields) -> Result<(Token, bool), Reply> {
    let (caller, graph) = who(state, request, fields)?;
    let (now, lifetime) = (state.now(), state.lifetime(fields.lifetime.as_ref())?);
    let fits = |token: &&mut Token| {
        token.user == caller.user && token.graph.as_deref() == Some(&graph) && token.expires_at >= now + DAY
    };
    if let Some(token) = state.tokens.iter_mut().find(fits) {
        token.expires_at = now.saturating_add(lifetime);
        return Ok((token.clone(), caller.secret.is_some()));
    }
    if state.options.replica {
        // Row 10.
        return Err(Reply::refusal(200, "stand-in: No Token Found"));
    }
    let token = state.mint(&caller.user, Some(&graph), caller.secret.as_deref(), lifetime);
    Ok((token, caller.secret.is_some()))
}

fn answer_c(state: &mut State, request: &Request) -> Result<Reply, Reply> {
    if request.method != "POST" {
        // Rows 15 and 18.
        return Ok(no_endpoint(state, "/requesttoken"));
    }
    let fields = Fields::of_body(request)?;
    let lifetime = state.lifetime(fields.lifetime.as_ref())?;
    let caller = caller(state, request, &fields)?;
    if fields.graph.is_none() && fields.secret.is_none() {
        return Err(Reply::refusal(400, "stand-in: no graph"));
    }
    if let Some(graph) = &fields.graph {
        crate::gateway::known_graph(state, &caller.user, graph)?;
    }
    state.room_for_token()?;
    let token = state.mint(&caller.user, fields.graph.as_deref(), caller.secret.as_deref(), lifetime);
    Ok(Reply::json(200, &json!({"error": false, "token": token.value})))
}

/// Makes a token; true if a secret asked for it.
fn make(state: &mut State, request: &Request, fields: &Fields) -> Result<(Token, bool), Reply> {
    let (caller, graph) = who(state, request, fields)?;
    let lifetime = state.lifetime(fields.lifetime.as_ref())?;
    state.room_for_token()?;
    let token = state.mint(&caller.user, Some(&graph), caller.secret.as_deref(), lifetime);
    Ok((token, caller.secret.is_some()))
}

/// The caller and the graph a token of up to 3.11 is for.
fn who(state: &mut State, request: &Request, fields: &Fields) -> Result<(Caller, String), Reply> {
    let caller = caller(state, request, fields)?;
    // Row 8.
    let graph = caller.graph.clone().or_else(|| fields.graph.clone());
    let graph = graph.ok_or_else(|| Reply::refusal(200, "stand-in: no graph"))?;
    if fields.graph.as_ref().is_some_and(|asked| *asked != graph) {
        return Err(secret_refused(state));
    }
    if !state.graphs.contains(&graph) || !state.may_use(&caller.user, &graph) {
        return Err(Reply::refusal(200, &format!("stand-in: graph {graph} not found")));
    }
    Ok((caller, graph))
}

/// By the secret in the request or, without one, by user and password.
fn caller(state: &mut State, request: &Request, fields: &Fields) -> Result<Caller, Reply> {
    if let Some(secret) = &fields.secret {
        return state.secret_caller(secret).map_err(|_| secret_refused(state));
    }
    let basic = request.basic().ok_or_else(|| password_refused(state))?;
    if basic.0 == "__GSQL__secret" {
        return state.secret_caller(&basic.1).map_err(|_| secret_refused(state));
    }
    state.login(&basic.0, &basic.1).map_err(|error| match error {
        LoginError::Refused => password_refused(state),
        LoginError::Throttled => throttled(),
    })?;
    Ok(Caller { user: basic.0, graph: None, secret: None })
}

/// Row 1.
pub(crate) fn secret_refused(state: &State) -> Reply {
    let status = match state.generation() {
        Generation::V41 if state.options.switches.wrong_secret_c == WrongSecretC::Bad400 => 400,
        Generation::V41 => 401,
        _ if state.options.switches.wrong_secret == WrongSecret::Ok200 => 200,
        _ => 401,
    };
    Reply::refusal(status, "stand-in: secret not accepted")
}

/// Row 2.
fn password_refused(state: &State) -> Reply {
    match state.generation() {
        Generation::V41 => crate::login::authentication_failed(),
        _ => Reply::refusal(401, "stand-in: user or password not accepted"),
    }
}

fn in_results(token: &Token, message: &str) -> Value {
    json!({
        "code": "REST-0000", "expiration": token.expires_at, "error": false, "message": message,
        "results": {"token": token.value},
    })
}

/// The token to refresh or delete, and who asks.
fn own_token(state: &mut State, request: &Request, fields: &Fields) -> Result<Option<usize>, Reply> {
    let by_secret_only = state.generation() == Generation::V2;
    if by_secret_only && fields.secret.is_none() {
        return Err(Reply::refusal(200, "stand-in: no secret"));
    }
    let caller = caller(state, request, fields)?;
    let fits = |token: &Token| {
        Some(&token.value) == fields.token.as_ref()
            && token.user == caller.user
            && caller.graph.as_ref().is_none_or(|graph| token.graph.as_ref() == Some(graph))
    };
    Ok(state.tokens.iter().position(fits))
}

fn refresh(state: &mut State, request: &Request, fields: &Fields) -> Result<Reply, Reply> {
    if state.generation() == Generation::V2 && fields.lifetime.is_none() {
        // Row 19: documented as required.
        return Err(Reply::json(200, &json!({"error": true, "message": "stand-in: lifetime is required"})));
    }
    let lifetime = state.lifetime(fields.lifetime.as_ref())?;
    let Some(index) = own_token(state, request, fields)? else {
        // Row 17.
        return Err(Reply::refusal(200, "stand-in: no such token of this credential"));
    };
    let expires_at = state.now().saturating_add(lifetime);
    state.tokens[index].expires_at = expires_at;
    // The known bug of up to 3.4; row 19 for 2.x to 3.1.
    let shown = if state.generation() == Generation::V2 { lifetime } else { expires_at };
    Ok(Reply::json(200, &legacy(shown, REFRESHED, &state.tokens[index].value)))
}

fn delete(state: &mut State, request: &Request, fields: &Fields) -> Result<Reply, Reply> {
    let Some(index) = own_token(state, request, fields)? else {
        // Row 21.
        let body = json!({"code": "REST-3300", "error": true, "message": "stand-in: token not found"});
        return Err(Reply::json(200, &body));
    };
    // Row 20 for up to 3.4.
    let token = state.tokens.remove(index);
    Ok(Reply::json(200, &legacy(-1, DROPPED, &token.value)))
}

/// `POST /gsqlserver/gsql/authtoken?graph=G`, the old way of the JDBC driver.
pub(crate) fn authtoken(state: &mut State, request: &Request) -> Reply {
    let caller = match state.gsql_caller(request) {
        Ok(caller) => caller,
        Err(error) => return state.gsql_refusal(error),
    };
    let Some(graph) = request.param("graph") else { return Reply::refusal(200, "stand-in: no graph") };
    if !state.graphs.contains(&graph) || !state.may_use(&caller.user, &graph) {
        return Reply::refusal(200, &format!("stand-in: graph {graph} not found"));
    }
    let lifetime = match state.lifetime(None) {
        Ok(lifetime) => lifetime,
        Err(refusal) => return refusal,
    };
    let token = state.mint(&caller.user, Some(&graph), caller.secret.as_deref(), lifetime);
    Reply::json(200, &json!({"error": false, "message": "", "results": {"token": token.value}}))
}
