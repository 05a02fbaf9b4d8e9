//! REST++: everything on port 9000 and below `/restpp`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::options::Generation;
use crate::reply::{Reply, Request};
use crate::requesttoken;
use crate::state::{State, Token};
use crate::switches::{JwtRefusal, NoEndpoint, Refusals};
use crate::token::TokenError;

/// Answers a request for this path, already normal and without the prefix.
pub(crate) fn answer(state: &mut State, request: &Request, path: &str) -> Reply {
    match path {
        "/requesttoken" => return requesttoken::answer(state, request),
        "/echo" | "/echo/" => return echo(request),
        _ => {}
    }
    let token = match authorised(state, request) {
        Ok(token) => token,
        Err(refusal) => return refusal,
    };
    match path {
        "/version" if request.method == "GET" => version(state),
        "/endpoints" => Reply::json(200, &json!({})),
        _ => match graph_of(path) {
            Some(graph) => data(state, graph, token.as_ref()),
            None => no_endpoint(state, path),
        },
    }
}

fn echo(request: &Request) -> Reply {
    let seconds = request.param("sleep").and_then(|text| text.parse().ok()).unwrap_or(0);
    let reply = Reply::json(200, &json!({"error": false, "message": "Hello GSQL"}));
    Reply { delay: Duration::from_secs(seconds), ..reply }
}

/// JSON with raw line ends and the text "false". Three lines come before the products; the third tells the version since
/// 3.9.3.
fn version(state: &State) -> Reply {
    let version = state.options.version;
    let told = if state.options.since(3, 9, 3) { version.to_string() } else { String::new() };
    Reply::json_text(
        200,
        format!(
            "{{\"error\":\"false\", \"message\":\"TigerGraph RESTPP: \n --- Version --- \nTigerGraph version: {told}\nproduct              \
             release_{version}_stand-in 0000000000000000000000000000000000000000  2026-01-01 00:00:00 +0000\n\"}}"
        ),
    )
}

/// The graph in `/graph/G/…`, `/query/G/…` and the like.
fn graph_of(path: &str) -> Option<&str> {
    let mut segments = path.split('/').skip(1);
    let endpoint = segments.next()?;
    let graph = segments.next().filter(|graph| !graph.is_empty())?;
    ["graph", "query", "ddl", "searchvertex", "statistics", "gsqljobs"].contains(&endpoint).then_some(graph)
}

fn data(state: &State, graph: &str, token: Option<&Token>) -> Reply {
    if !state.graphs.contains(graph) {
        return rest_error(404, "REST-1004", &format!("stand-in: graph {graph} cannot be found"));
    }
    let allowed = token.is_none_or(|token| {
        token.graph.as_deref().is_none_or(|bound| bound == graph) && state.may_use(&token.user, graph)
    });
    if !allowed {
        // Row 38.
        let message = format!("stand-in: Access Denied because the user lacks the privilege on graph {graph}");
        return rest_error(second_status(state), "REST-10018", &message);
    }
    Reply::json(200, &json!({"version": api_version(), "error": false, "message": "", "results": []}))
}

fn api_version() -> Value {
    json!({"edition": "enterprise", "api": "v2", "schema": 0})
}

/// An error of REST++, with the documented order of keys.
fn rest_error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"version": api_version(), "error": true, "message": message, "code": code}))
}

/// `REST-1000`.
pub(crate) fn no_endpoint(state: &State, path: &str) -> Reply {
    let status = match state.options.switches.no_endpoint {
        NoEndpoint::NotFound404 => 404,
        NoEndpoint::Ok200 => 200,
    };
    let message =
        format!("Endpoint is not found from url = {path}, please use GET /endpoints to list all valid endpoints.");
    rest_error(status, "REST-1000", &message)
}

/// Status without a usable token (row 37).
fn first_status(state: &State) -> u16 {
    match state.options.switches.refusals {
        Refusals::Absent403 => 403,
        Refusals::Absent401 => 401,
        Refusals::Ok200 => 200,
    }
}

/// Status with an expired token, or without the privilege (row 37).
fn second_status(state: &State) -> u16 {
    match state.options.switches.refusals {
        Refusals::Absent403 => 401,
        Refusals::Absent401 => 403,
        Refusals::Ok200 => 200,
    }
}

/// The token of the request, checked; `None` if authentication is off.
fn authorised(state: &State, request: &Request) -> Result<Option<Token>, Reply> {
    if !state.options.auth_enabled {
        return Ok(None);
    }
    if let (Some(secret), true) = (request.scheme("GSQL-Secret"), state.options.since(3, 10, 0)) {
        let secret = state.usable_secret(secret).ok_or_else(|| refused(state, secret, TokenError::Unknown))?;
        return Ok(Some(Token {
            value: String::new(),
            user: secret.user,
            graph: secret.graph,
            expires_at: i64::MAX,
            secret: Some(secret.value),
            usable_from_ms: 0,
        }));
    }
    // Basic is no way into REST++.
    let value = request.scheme("Bearer").filter(|value| !value.is_empty()).ok_or_else(|| absent(state))?;
    let token = state.valid_token(value).map_err(|error| refused(state, value, error))?;
    if token.usable_from_ms > state.now_ms() {
        return Err(refused(state, value, TokenError::TooFresh));
    }
    Ok(Some(token))
}

fn absent(state: &State) -> Reply {
    let message = match state.generation() {
        Generation::V2 => "Access Denied because the input token = '' is invalid.",
        _ => "Access Denied because the input token = '' is empty or too short",
    };
    rest_error(first_status(state), "REST-10016", message)
}

/// Rows 26, 37, 38, 40 and 49.
fn refused(state: &State, token: &str, error: TokenError) -> Reply {
    let shown = masked(token);
    let denied = format!("Access Denied because the input token = '{shown}'");
    match error {
        TokenError::Form if state.generation() == Generation::V41 => {
            rest_error(first_status(state), "REST-10016", &format!("{denied} is not in correct format"))
        }
        TokenError::Form => rest_error(first_status(state), "REST-10016", &format!("stand-in: {denied} has no form")),
        TokenError::Expired => {
            rest_error(second_status(state), "REST-10019", &format!("stand-in: {denied} has expired"))
        }
        TokenError::Blocked => rest_error(403, "REST-10016", &format!("stand-in: {denied} is blocked")),
        TokenError::Signature => {
            let status = match state.options.switches.jwt_refusal {
                JwtRefusal::Unauthorized401 => 401,
                JwtRefusal::Forbidden403 => 403,
            };
            rest_error(status, "REST-10016", &format!("stand-in: {denied} is not one of this server"))
        }
        TokenError::Unknown | TokenError::TooFresh => {
            rest_error(first_status(state), "REST-10016", &format!("stand-in: {denied} is not known"))
        }
    }
}

/// The first four and the last three characters.
fn masked(token: &str) -> String {
    let characters: Vec<char> = token.chars().collect();
    let first: String = characters.iter().take(4).collect();
    let last: String = characters.iter().skip(characters.len().saturating_sub(3)).collect();
    format!("{first}****{last}")
}
