//! What a JWT says about its life. Read, not verified: that is the server's business.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::hidden::Wiped;
use crate::protocol::json::{self, Json, MAX_EXACT};

/// A JWT's payload may not be longer than this.
const MAX_PAYLOAD: usize = 16 * 1024;

/// What a JWT says about its life. Read, not verified: that is the server's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Issued at, seconds since 1970, if it says so.
    pub issued_at: Option<i64>,
    /// Ends at, seconds since 1970.
    pub expires_at: i64,
}

impl Claims {
    /// How long it lives, in seconds, if it says when that began.
    pub fn granted_s(self) -> Option<u64> {
        self.issued_at.map(|issued_at| self.expires_at.abs_diff(issued_at))
    }
}

/// The claims of a JWT; `None` if it is none, or does not say when it ends.
pub fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    let decoded = Wiped::new(URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
    if decoded.len() > MAX_PAYLOAD {
        return None;
    }
    let [issued_at, expires_at] = json::members(&decoded, ["iat", "exp"])?;
    let (issued_at, expires_at) = (issued_at.and_then(date), expires_at.and_then(date)?);
    let is_later = issued_at.is_none_or(|issued_at| expires_at > issued_at);
    // 0 would mean that nobody knows.
    is_later.then_some(Claims { issued_at, expires_at: expires_at.max(1) })
}

/// A "NumericDate" (RFC 7519, section 2): any number of seconds; what is less than one is cut off.
fn date(claim: Json) -> Option<i64> {
    let seconds = match claim {
        // Numbers so far from zero that they do not fit end at the ends of the range, which is wider than allowed.
        Json::Integer(seconds) | Json::OtherNumber(seconds) => seconds,
        _ => return None,
    };
    (0..=MAX_EXACT).contains(&seconds).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIiwiaWF0IjoxNzM0MDgwODU0LCJleHAiOjE3MzQ2ODU2NTksImlzcyI6IlRpZ2VyR3JhcGgifQ.1Qrgj2";

    #[test]
    fn claims_of_the_documented_tokens() {
        let claims_of = |token| claims(token).unwrap();
        let claims = claims_of(DOCUMENTED);
        assert_eq!(claims, Claims { issued_at: Some(1734080854), expires_at: 1734685659 });
        assert_eq!(claims.granted_s(), Some(604805));
        let scoped = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIiwiaWF0IjoxNzE5OTg3MTYyLCJleHAiOjE3MjA1OTE5NjcsImlzcyI6IlRpZ2VyR3JhcGgiLCJncmFwaCI6InBvY19ncmFwaCJ9.w4ms-";
        assert_eq!(claims_of(scoped).expires_at, 1720591967);
    }

    #[test]
    fn what_is_no_jwt_has_no_claims() {
        let claims_of = |payload: &str| claims(&format!("e30.{}.x", URL_SAFE_NO_PAD.encode(payload)));
        assert_eq!(claims("tohvf6khjqju8jf0r0l1cohhlm8gi5fq"), None);
        assert_eq!(claims("a.b.c"), None);
        for payload in [
            r#"{"iat":5,"exp":5}"#,
            r#"{"iat":5,"exp":"9"}"#,
            r#"{"iat":5,"exp":9,"iat":1}"#,
            r#"{"exp":9,"exp":9}"#,
            r#"{"exp":null}"#,
            r#"{"exp":-1}"#,
            r#"{"exp":-0.5}"#,
            r#"{"exp":9007199254740992}"#,
            r#"{"exp":18446744073709551615}"#,
            r#"{"exp":1e300}"#,
            r#"{"exp":1e400}"#,
            r#"{"iat":9}"#,
            "[]",
            "{}",
        ] {
            assert_eq!(claims_of(payload), None, "{payload}");
        }
    }

    #[test]
    fn dates_in_every_form() {
        let claims_of = |payload: &str| claims(&format!("e30.{}.x", URL_SAFE_NO_PAD.encode(payload)));
        for (payload, issued_at, expires_at) in [
            (r#"{"iat":5,"exp":9}"#, Some(5), 9),
            (r#"{"iat":5,"exp":9,"x":[{}]}"#, Some(5), 9),
            (r#"{"exp":9}"#, None, 9),
            (r#"{"iat":null,"exp":9}"#, None, 9),
            (r#"{"iat":"yesterday","exp":9}"#, None, 9),
            (r#"{"iat":5.999,"exp":9.999}"#, Some(5), 9),
            (r#"{"iat":5.0,"exp":9.0}"#, Some(5), 9),
            (r#"{"iat":1.7340808541e9,"exp":1.734685659E+9}"#, Some(1734080854), 1734685659),
            (r#"{"exp":1734685659.123456}"#, None, 1734685659),
            (r#"{"exp":17346856590e-1}"#, None, 1734685659),
            (r#"{"exp":9007199254740991}"#, None, MAX_EXACT),
            (r#"{"exp":0.5}"#, None, 1),
            (r#"{"exp":0}"#, None, 1),
        ] {
            assert_eq!(claims_of(payload), Some(Claims { issued_at, expires_at }), "{payload}");
        }
    }

    #[test]
    fn dates_of_any_size_are_read_with_the_processors_traps() {
        let claims_of = |payload: &str| claims(&format!("e30.{}.x", URL_SAFE_NO_PAD.encode(payload)));
        let trapped = |payload| crate::platform::float_traps::with_traps(|| claims_of(payload));
        assert_eq!(trapped(r#"{"exp":9.5}"#), Some(Claims { issued_at: None, expires_at: 9 }));
        for payload in [r#"{"exp":1e300}"#, r#"{"exp":-1e300}"#, r#"{"exp":9e308}"#] {
            assert_eq!(trapped(payload), None, "{payload}");
        }
    }

    #[test]
    fn payloads_up_to_16_kib_are_read() {
        let long = |length: usize| {
            let payload = format!("{{\"x\":\"{}\",\"exp\":9}}", "y".repeat(length - 16));
            assert_eq!(payload.len(), length);
            claims(&format!("e30.{}.x", URL_SAFE_NO_PAD.encode(payload)))
        };
        let known = Some(Claims { issued_at: None, expires_at: 9 });
        assert_eq!([long(4096), long(4097), long(16 * 1024), long(16 * 1024 + 1)], [known, known, known, None]);
        let many = format!("{{\"roles\":[{}1],\"exp\":9}}", "1,".repeat(5000));
        assert_eq!(claims(&format!("e30.{}.x", URL_SAFE_NO_PAD.encode(many))), known);
    }
}
