//! JSON Web Tokens, HS256, with the claims of the documented samples.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub user: String,
    pub issued_at: i64,
    pub expires_at: i64,
    pub graph: Option<String>,
    pub issuer: String,
}

/// The issuer of every token of the server's own.
pub(crate) const ISSUER: &str = "TigerGraph";

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadJwt {
    /// It is no JWT.
    Form,
    /// Another key signed it.
    Signature,
}

/// Signs the claims.
pub(crate) fn sign(key: &hmac::Key, claims: &Claims) -> String {
    let mut payload = json!({
        "sub": claims.user,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
        "iss": claims.issuer,
    });
    if let Some(graph) = &claims.graph {
        payload["graph"] = json!(graph);
    }
    let head = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256"}).to_string());
    hs256(key, &format!("{head}.{}", URL_SAFE_NO_PAD.encode(payload.to_string())))
}

/// A token of this head and payload.
pub(crate) fn hs256(key: &hmac::Key, text: &str) -> String {
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(key, text.as_bytes()));
    format!("{text}.{signature}")
}

/// Who says that the token is his; not checked.
pub(crate) fn issuer(token: &str) -> Option<String> {
    let payload = part(token.split('.').nth(1)?)?;
    payload["iss"].as_str().map(str::to_owned)
}

/// Reads a token and checks its signature, not its times.
pub(crate) fn read(key: &hmac::Key, token: &str) -> Result<Claims, BadJwt> {
    let (text, signature) = token.rsplit_once('.').ok_or(BadJwt::Form)?;
    let (head, payload) = text.split_once('.').ok_or(BadJwt::Form)?;
    let head = part(head).ok_or(BadJwt::Form)?;
    let claims = part(payload).and_then(|value| claims(&value)).ok_or(BadJwt::Form)?;
    if head["alg"] != "HS256" {
        return Err(BadJwt::Form);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| BadJwt::Form)?;
    hmac::verify(key, text.as_bytes(), &signature).map_err(|_| BadJwt::Signature)?;
    Ok(claims)
}

fn part(text: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

fn claims(value: &Value) -> Option<Claims> {
    Some(Claims {
        user: value["sub"].as_str()?.to_owned(),
        issued_at: value["iat"].as_i64()?,
        expires_at: value["exp"].as_i64()?,
        graph: value["graph"].as_str().map(str::to_owned),
        issuer: value["iss"].as_str().unwrap_or_default().to_owned(),
    })
}
