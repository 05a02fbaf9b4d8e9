//! What a JWT says about its life. Read, not verified: that is the server's business.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::protocol::json::{self, Json, MAX_EXACT};

/// A JWT's payload may not be longer than this.
const MAX_CLAIMS: usize = 4096;

/// What a JWT says about its life. Read, not verified: that is the server's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Issued at, seconds since 1970.
    pub issued_at: i64,
    /// Ends at, seconds since 1970.
    pub expires_at: i64,
}

/// The claims of a JWT; `None` if it is none, or says nothing usable.
pub fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    if payload.len() > MAX_CLAIMS {
        return None;
    }
    let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
    let [issued_at, expires_at] = json::members(&decoded, ["iat", "exp"])?;
    let number = |claim: Option<Json>| match claim {
        Some(Json::Integer(value @ 0..=MAX_EXACT)) => Some(value),
        _ => None,
    };
    let (issued_at, expires_at) = (number(issued_at)?, number(expires_at)?);
    (expires_at > issued_at).then_some(Claims { issued_at, expires_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIiwiaWF0IjoxNzM0MDgwODU0LCJleHAiOjE3MzQ2ODU2NTksImlzcyI6IlRpZ2VyR3JhcGgifQ.1Qrgj2";

    #[test]
    fn claims_of_the_documented_tokens() {
        let claims_of = |token| claims(token).unwrap();
        let claims = claims_of(DOCUMENTED);
        assert_eq!(claims, Claims { issued_at: 1734080854, expires_at: 1734685659 });
        assert_eq!(claims.expires_at - claims.issued_at, 604805);
        let scoped = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIiwiaWF0IjoxNzE5OTg3MTYyLCJleHAiOjE3MjA1OTE5NjcsImlzcyI6IlRpZ2VyR3JhcGgiLCJncmFwaCI6InBvY19ncmFwaCJ9.w4ms-";
        assert_eq!(claims_of(scoped).expires_at, 1720591967);
    }

    #[test]
    fn what_is_no_jwt_has_no_claims() {
        let jwt = |payload: &str| format!("e30.{}.x", URL_SAFE_NO_PAD.encode(payload));
        assert_eq!(claims("tohvf6khjqju8jf0r0l1cohhlm8gi5fq"), None);
        assert_eq!(claims("a.b.c"), None);
        assert_eq!(claims(&jwt("{\"exp\":5}")), None);
        assert_eq!(claims(&jwt("{\"iat\":5,\"exp\":5}")), None);
        assert_eq!(claims(&jwt("{\"iat\":5,\"exp\":\"9\"}")), None);
        assert_eq!(claims(&jwt("{\"iat\":5,\"exp\":9,\"iat\":1}")), None);
        assert_eq!(claims(&jwt("[]")), None);
        assert_eq!(claims(&jwt("{\"iat\":5,\"exp\":9,\"x\":[{}]}")), Some(Claims { issued_at: 5, expires_at: 9 }));
        assert_eq!(claims(&jwt("{\"iat\":5,\"exp\":9}")), Some(Claims { issued_at: 5, expires_at: 9 }));
        assert_eq!(claims(&jwt(&format!("{{\"iat\":5,\"exp\":9,\"x\":\"{}\"}}", "y".repeat(4096)))), None);
    }
}
