//! `/gsql/v1/secrets`, from 4.1 on.

use serde_json::{Value, json};

use crate::reply::{Reply, Request};
use crate::secret::SecretError;
use crate::state::{Secret, State};
use crate::switches::ListShape;

/// Without an alias in the path.
pub(crate) fn all(state: &mut State, request: &Request) -> Reply {
    // Row 36: 4.0 behaving like 4.1 has none.
    if !state.options.since(4, 1, 0) {
        return Reply::not_found();
    }
    let reply = owner(state, request).and_then(|owner| match request.method.as_str() {
        "GET" => Ok(list(state, &owner)),
        "POST" => create(state, request, &owner),
        "DELETE" => drop_many(state, request, &owner),
        _ => Ok(Reply::not_allowed()),
    });
    reply.unwrap_or_else(|refusal| refusal)
}

/// With an alias in the path.
pub(crate) fn one(state: &mut State, request: &Request, alias: &str) -> Reply {
    if !state.options.since(4, 1, 0) {
        return Reply::not_found();
    }
    let owner = match owner(state, request) {
        Ok(owner) => owner,
        Err(refusal) => return refusal,
    };
    let Some(secret) = state.secrets.iter().find(|s| s.user == owner && s.alias == alias).cloned() else {
        return unknown();
    };
    match request.method.as_str() {
        "GET" => Reply::json(200, &json!({"error": false, "message": "", "results": shown(&secret)})),
        "DELETE" => {
            state.drop_secret(&owner, None, &secret.value);
            removed(&owner)
        }
        _ => Reply::not_allowed(),
    }
}

/// Whose secrets the request is about: `userName`, if the caller may, or the caller, who is also meant by an empty name.
fn owner(state: &mut State, request: &Request) -> Result<String, Reply> {
    let caller = state.gsql_caller(request).map_err(|error| state.gsql_refusal(error))?;
    let Some(name) = request.param("userName").filter(|name| !name.is_empty() && *name != caller.user) else {
        return Ok(caller.user);
    };
    // Row 35.
    if !state.is_superuser(&caller.user) {
        return Err(Reply::refusal(403, "stand-in: this needs a superuser"));
    }
    if !state.users.contains_key(&name) {
        return Err(Reply::refusal(404, "stand-in: no such user"));
    }
    Ok(name)
}

fn shown(secret: &Secret) -> Value {
    json!({"alias": secret.alias, "value": secret.value})
}

/// Row 34.
fn list(state: &State, owner: &str) -> Reply {
    let mut secrets: Vec<Value> = state.secrets.iter().filter(|s| s.user == owner).map(shown).collect();
    let results = match state.options.switches.list_shape {
        ListShape::Object if secrets.len() == 1 => secrets.remove(0),
        _ => Value::from(secrets),
    };
    Reply::json(200, &json!({"error": false, "message": "", "results": results}))
}

fn create(state: &mut State, request: &Request, owner: &str) -> Result<Reply, Reply> {
    let (alias, value) = (request.param("alias"), request.param("value"));
    // Rows 32 and 35.
    let secret = state.create_secret(owner, None, alias.as_deref(), value.as_deref()).map_err(|error| match error {
        SecretError::Exists => Reply::refusal(400, "stand-in: a secret of this alias already exists"),
        SecretError::Alias => Reply::refusal(400, "stand-in: this alias is not acceptable"),
        SecretError::Value => Reply::refusal(400, "stand-in: this value is not acceptable"),
    })?;
    Ok(Reply::json(200, &json!({"error": false, "message": "", "results": shown(&secret)})))
}

/// All of them, or none if one is unknown (row 35).
fn drop_many(state: &mut State, request: &Request, owner: &str) -> Result<Reply, Reply> {
    let body = request.json().ok_or_else(|| Reply::refusal(400, "stand-in: the body is no JSON object"))?;
    let names = body["secrets"].as_array().ok_or_else(|| Reply::refusal(400, "stand-in: secrets is no list"))?;
    let mut values = Vec::new();
    for name in names {
        let name = name.as_str().ok_or_else(|| Reply::refusal(400, "stand-in: secrets is no list of strings"))?;
        let secret = state.secrets.iter().find(|s| s.user == owner && (s.alias == name || s.value == name));
        values.push(secret.ok_or_else(unknown)?.value.clone());
    }
    for value in &values {
        state.drop_secret(owner, None, value);
    }
    Ok(removed(owner))
}

fn removed(owner: &str) -> Reply {
    let message = format!("Successfully removed the secrets for user {owner}.");
    Reply::json(200, &json!({"error": false, "message": message}))
}

fn unknown() -> Reply {
    Reply::refusal(404, "stand-in: no such secret")
}
