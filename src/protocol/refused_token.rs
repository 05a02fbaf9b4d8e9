//! Whether an answer to a caller's request says that its token is refused, so that another one may help.

use crate::protocol::endpoint::Server;
use crate::protocol::json::Json;

/// A token that nobody knows, and one that has expired.
const REFUSED: [&str; 2] = ["REST-10016", "REST-10019"];
/// All that the GSQL server says about a token that it does not take.
const FAILED: &str = "Authentication failed.";
/// A refusal is short; what is longer is the result of a query.
const LONGEST: usize = 64 * 1024;

/// Whether this answer says that the token is refused. Only what the server says at the top level counts, never what
/// the result of a query holds.
pub fn is_token_refused(server: Server, http_status: u16, body: &[u8]) -> bool {
    if body.len() > LONGEST {
        return false;
    }
    let Ok(reply @ Json::Object(_)) = Json::parse(body) else {
        return false;
    };
    if !reply.error_flag().unwrap_or(false) {
        return false;
    }
    match (reply.get("code"), server) {
        (Some(code), _) => code.as_text().is_some_and(|code| REFUSED.contains(&code)),
        (None, Server::Gateway) => http_status == 401 && reply.get("message").and_then(Json::as_text) == Some(FAILED),
        (None, Server::Restpp) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_reading() {
        use Server::{Gateway, Restpp};
        let bad = r#"{"error":true,"code":"REST-10016","message":"x"}"#;
        let failed = r#"{"error":true,"message":"Authentication failed."}"#;
        let deep = r#"{"error":false,"results":[{"error":true,"code":"REST-10016"}]}"#;
        let long = format!(r#"{{"error":true,"code":"REST-10016","message":"{}"}}"#, "x".repeat(LONGEST));
        let table = [
            (Restpp, 403, bad, true),
            (Restpp, 401, bad, true),
            (Restpp, 200, bad, true),
            (Gateway, 403, bad, true),
            (Restpp, 403, r#"{"error":true,"code":"REST-10019"}"#, true),
            (Restpp, 403, r#"{"error":"true","code":"REST-10016"}"#, true),
            (Restpp, 403, r#"{"error":true,"code":"REST-10018"}"#, false),
            (Restpp, 403, r#"{"error":true,"code":10016}"#, false),
            (Restpp, 403, r#"{"error":false,"code":"REST-10016"}"#, false),
            (Restpp, 403, r#"{"code":"REST-10016"}"#, false),
            (Restpp, 200, deep, false),
            (Restpp, 401, failed, false),
            (Gateway, 401, failed, true),
            (Gateway, 403, failed, false),
            (Gateway, 401, r#"{"error":true,"code":"","message":"Authentication failed."}"#, false),
            (Gateway, 401, r#"{"error":true,"message":"Authentication failed. Try later."}"#, false),
            (Gateway, 401, r#"{"error":true,"message":"Authentication failed.""#, false),
            (Gateway, 401, "<html>Authentication failed.</html>", false),
            (Restpp, 403, r#"[{"error":true,"code":"REST-10016"}]"#, false),
            (Restpp, 403, &long, false),
            (Restpp, 403, "", false),
        ];
        for (server, status, body, refused) in table {
            assert_eq!(is_token_refused(server, status, body.as_bytes()), refused, "{server:?} {status} {body}");
        }
    }
}
