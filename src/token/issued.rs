//! A token as a server issued it: its value, its end and its lifetime.

use std::time::Duration;

use crate::checks::{LONGEST_LIFETIME_S, is_issued_token};
use crate::dates::java_date;
use crate::error::Result;
use crate::protocol::json::{Json, MAX_EXACT, shape};
use crate::token::jwt::{Claims, claims};
use crate::token::token::Token;

/// A number below this is a lifetime, not a time: the documented bug of a refresh on 3.2 to 3.4.
const SMALLEST_TIME: i64 = 100_000_000;

/// What a token request was about, to read its answer by.
#[derive(Clone, Copy, Debug)]
pub struct Requested {
    /// Lifetime asked for in seconds; 0: none.
    pub lifetime_s: u64,
    /// The wall clock when the request was sent, seconds since 1970.
    pub sent_at: i64,
    /// The server's clock when it answered, if it told that.
    pub answered_at: Option<i64>,
}

/// A token as a server issued it.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The token.
    pub token: Token,
    /// How long it lives from its request on, if anybody knows.
    pub lifetime: Option<Duration>,
    /// How long the token lives by its own claims, in seconds, if it is a JWT that says so.
    pub granted_s: Option<u64>,
    /// Whether that was told without a look at this machine's clock.
    pub by_servers_clock: bool,
}

/// The token of an answer: at its top, or in `results`.
pub fn from_reply(reply: &Json, requested: Requested) -> Result<Issued> {
    let value = match reply.text("token")? {
        Some(token) => Some(token),
        None => reply.get("results").map(|results| results.text("token")).transpose()?.flatten(),
    };
    let Some(value) = value else {
        return Err(shape("the server's answer holds no token"));
    };
    if !is_issued_token(value) {
        return Err(shape("the token in the server's answer is not one that a header can carry"));
    }
    let claims = claims(value);
    let told = expiration(reply, claims.is_none())?;
    let token = Token::new(value, end(claims, told, requested));
    let granted_s = claims.and_then(Claims::granted_s);
    let by_servers_clock = granted_s.is_some() || requested.answered_at.is_some();
    Ok(Issued { token, lifetime: lifetime(claims, told, requested), granted_s, by_servers_clock })
}

/// A token that came from elsewhere than a TigerGraph server, and that [`is_issued_token`] found good. `expires_at`: its
/// end in seconds since 1970 as that place tells it; 0: by its own claims, if it has any. It may have been issued long
/// ago, so that only its end counts, by this machine's clock, which was `asked_at` since 1970 when it was asked for.
pub fn from_elsewhere(value: &str, expires_at: i64, asked_at: Duration) -> Issued {
    let end = if expires_at != 0 { expires_at } else { claims(value).map_or(0, |claims| claims.expires_at) };
    let end_at = Duration::from_secs(u64::try_from(end).unwrap_or(0));
    let lifetime = (end != 0).then(|| end_at.saturating_sub(asked_at));
    Issued { token: Token::new(value, end), lifetime, granted_s: None, by_servers_clock: true }
}

/// A token that an authorization server granted for so many seconds; where it does not say, by the token's own claims.
pub fn from_grant(value: &str, expires_in: Option<u64>, requested: Requested) -> Result<Issued> {
    if !is_issued_token(value) {
        return Err(shape(
            "cannot get a token from the token endpoint: the one it gave is none that a header can carry",
        ));
    }
    if let Some(seconds) = expires_in.map(|seconds| seconds.min(LONGEST_LIFETIME_S)) {
        let end = requested.sent_at.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX));
        let (token, lifetime) = (Token::new(value, end), Some(Duration::from_secs(seconds)));
        return Ok(Issued { token, lifetime, granted_s: None, by_servers_clock: true });
    }
    let claims = claims(value);
    let token = Token::new(value, end(claims, Expiration::Unknown, requested));
    let by_servers_clock = claims.is_some_and(|claims| claims.issued_at.is_some()) || requested.answered_at.is_some();
    let lifetime = lifetime(claims, Expiration::Unknown, requested);
    Ok(Issued { token, lifetime, granted_s: None, by_servers_clock })
}

/// When the token ends: by its own claims, else by the answer, else by what was asked for.
fn end(claims: Option<Claims>, told: Expiration, requested: Requested) -> i64 {
    if let Some(claims) = claims {
        return claims.expires_at;
    }
    match told {
        Expiration::Date(time) => time,
        Expiration::Number(time) if time >= SMALLEST_TIME => time,
        Expiration::Number(lifetime) => requested.sent_at.saturating_add(lifetime),
        Expiration::Unknown if requested.lifetime_s == 0 => 0,
        Expiration::Unknown => {
            let lifetime = i64::try_from(requested.lifetime_s).unwrap_or(i64::MAX);
            requested.sent_at.saturating_add(lifetime)
        }
    }
}

/// How long the token lives: by its own claims, which may begin in the past, so not longer than it was
/// asked to; else by its end and the clock of the server; else by the clock of this machine.
fn lifetime(claims: Option<Claims>, told: Expiration, requested: Requested) -> Option<Duration> {
    let seconds = |seconds: i64| Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let now = requested.answered_at.unwrap_or(requested.sent_at);
    if let Some(claims) = claims {
        if requested.answered_at.is_some_and(|now| now >= claims.expires_at) {
            return Some(Duration::ZERO);
        }
        let left = seconds(claims.expires_at.saturating_sub(now));
        let granted = claims.granted_s().map_or(left, Duration::from_secs);
        let asked = Duration::from_secs(requested.lifetime_s);
        return Some(if asked.is_zero() { granted } else { granted.min(asked) });
    }
    match told {
        Expiration::Unknown => None,
        Expiration::Number(lifetime) if lifetime < SMALLEST_TIME => Some(seconds(lifetime)),
        Expiration::Number(time) | Expiration::Date(time) => Some(seconds(time.saturating_sub(now))),
    }
}

/// In which unit a 4.1+ server counts lifetimes. Documents say milliseconds, official clients seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifetimeUnit {
    /// Not seen yet: seconds are tried.
    Unknown,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

impl LifetimeUnit {
    /// The number to send for a lifetime in seconds.
    pub fn number(self, lifetime_s: u64) -> u64 {
        match self {
            LifetimeUnit::Milliseconds => lifetime_s.saturating_mul(1000),
            _ => lifetime_s,
        }
    }

    /// Documented tokens live 5 s longer than asked, because `iat` lies in the past.
    const SLACK: u64 = 5;

    /// The unit that the granted lifetime of a JWT tells, if it tells one, where this number was sent.
    pub fn told_by(number: u64, granted_s: u64) -> Option<LifetimeUnit> {
        let about = |wanted: u64| (wanted..=wanted.saturating_add(Self::SLACK + 1)).contains(&granted_s);
        if about(number) {
            Some(LifetimeUnit::Seconds)
        } else if about(number / 1000) && granted_s < number / 2 {
            Some(LifetimeUnit::Milliseconds)
        } else {
            None
        }
    }

    /// The unit in words.
    pub fn name(self) -> &'static str {
        match self {
            LifetimeUnit::Unknown => "an unknown unit",
            LifetimeUnit::Seconds => "seconds",
            LifetimeUnit::Milliseconds => "milliseconds",
        }
    }
}

/// When a token ends, as the server told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiration {
    /// Seconds since 1970, or a lifetime where a refresh on 3.2 to 3.4 gives that by mistake.
    Number(i64),
    /// Seconds since 1970, from a text.
    Date(i64),
    /// Absent, 0, -1, or a text that cannot be believed.
    Unknown,
}

/// Reads `expiration`: an integer, digits in a text, or the text of a Java `Date` in UTC, which takes a while and is not
/// read where the token's own claims count.
pub fn expiration(reply: &Json, reads_date: bool) -> Result<Expiration> {
    let number = |value: i64| match value {
        -1 | 0 => Ok(Expiration::Unknown),
        1..=MAX_EXACT => Ok(Expiration::Number(value)),
        _ => Err(shape("\"expiration\" of the server's answer is out of range")),
    };
    match reply.get("expiration") {
        None => Ok(Expiration::Unknown),
        Some(Json::Integer(value)) => number(*value),
        Some(Json::Text(text)) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().map_or_else(|_| number(i64::MAX), number)
        }
        Some(Json::Text(_)) if !reads_date => Ok(Expiration::Unknown),
        Some(Json::Text(text)) => Ok(java_date(text).map_or(Expiration::Unknown, Expiration::Date)),
        Some(_) => Err(shape("\"expiration\" of the server's answer is neither a number nor a text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Reason;

    const ASKED: Requested = Requested { lifetime_s: 0, sent_at: 1_700_000_000, answered_at: None };

    fn issued(text: &str, requested: Requested) -> Result<Issued> {
        from_reply(&Json::parse(text.as_bytes()).unwrap(), requested)
    }

    fn read(text: &str, requested: Requested) -> Result<Token> {
        issued(text, requested).map(|issued| issued.token)
    }

    fn end_of(text: &str) -> i64 {
        read(text, ASKED).unwrap().expires_at()
    }

    #[test]
    fn a_token_from_elsewhere_ends_as_it_is_told_or_tells_itself() {
        // exp 4102444800, issued long before it is brought.
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0.signature";
        let asked_at = Duration::from_millis(4_102_444_700_500);
        let told = |value, expires_at| {
            let issued = from_elsewhere(value, expires_at, asked_at);
            (issued.token.expires_at(), issued.lifetime)
        };
        assert_eq!(told(jwt, 0), (4_102_444_800, Some(Duration::from_millis(99_500))));
        assert_eq!(told(jwt, 4_102_444_710), (4_102_444_710, Some(Duration::from_millis(9_500))));
        assert_eq!(told("an-opaque-token", 0), (0, None));
        assert_eq!(told("an-opaque-token", 1), (1, Some(Duration::ZERO)));
    }

    #[test]
    fn documented_answers_before_4_1() {
        let samples = [
            (
                r#"{"code":"REST-0000","expiration":1613435591,"error":false,"message":"Generate new token successfully.","token":"ptkqg4c8tdncjvspbtkt2crird81dron"}"#,
                1613435591,
            ),
            (
                r#"{"code":"REST-0000","expiration":1580254963,"error":false,"message":"Generate new token successfully.","token":"o9fhgnc3dm9glac9e072uc6qhb0hibs6"}"#,
                1580254963,
            ),
            (
                r#"{"code":"REST-0000","expiration":1616042814,"error":false,"message":"Generate new token successfully.","token":"tohvf6khjqju8jf0r0l1cohhlm8gi5fq"}"#,
                1616042814,
            ),
            (
                r#"{"code":"REST-0000","expiration":0,"error":false,"message":"Refresh token successfully.","token":"tohvf6khjqju8jf0r0l1cohhlm8gi5fq"}"#,
                0,
            ),
            (r#"{"error":false,"message":"","results":{"token":"5r6scnj83963gnfjqtvico1hf2hn394o"}}"#, 0),
            (
                r#"{"code":"REST-0000","expiration":15,"error":false,"message":"Refresh token successfully.","token":"0mq98l9pderkaivndf820gudg923p3l0"}"#,
                1_700_000_015,
            ),
            (
                r#"{"code":"REST-0000","expiration":1648410519,"error":false,"message":"Generate new token successfully.\nWarning: Tigergraph Support cannot restore access to secrets/tokens for security reasons. Please save your secret/token and keep it safe and accessible.","results":{"token":"j8s70l647fcdjlmpvedudl4btitm4luh"}}"#,
                1648410519,
            ),
            (
                r#"{"code":"REST-0000","expiration":1641554169,"error":false,"message":"Refresh token successfully.","token":"0mq98l9pderkaivndf820gudg923p3l0"}"#,
                1641554169,
            ),
            (r#"{"error":false,"token":"new-token-like","results":{"token":"new-token-like"}}"#, 0),
        ];
        for (text, expected) in samples {
            assert_eq!(end_of(text), expected, "{text}");
        }
    }

    #[test]
    fn documented_answers_of_4_1() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIiwiaWF0IjoxNzM0MDgwODU0LCJleHAiOjE3MzQ2ODU2NTksImlzcyI6IlRpZ2VyR3JhcGgifQ.1Qrgj2";
        let text = format!(
            r#"{{"expiration":"Fri Dec 20 09:07:39 HKT 2024","error":false,"message":"Generate new JWT token successfully.","token":"{token}"}}"#
        );
        let read = read(&text, ASKED).unwrap();
        assert_eq!(read.expires_at(), 1734685659);
        assert_eq!(read.expiration(), "2024-12-20T09:07:39Z");
        assert_eq!(read.value(), token);
        assert_eq!(read.header(), format!("Bearer {token}"));
    }

    #[test]
    fn an_unknown_end_is_what_was_asked_for() {
        let asked = Requested { lifetime_s: 60, ..ASKED };
        assert_eq!(read(r#"{"token":"abcdefgh","expiration":-1}"#, asked).unwrap().expires_at(), 1_700_000_060);
        assert_eq!(read(r#"{"token":"abcdefgh","expiration":"NaN"}"#, ASKED).unwrap().expires_at(), 0);
    }

    #[test]
    fn a_lifetime_does_not_depend_on_this_machines_clock() {
        let lives = |text: &str, asked| issued(text, asked).unwrap().lifetime.map(|lifetime| lifetime.as_secs());
        let jwt = r#"{"token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIiwiaWF0IjoxNzM0MDgwODU0LCJleHAiOjE3MzQ2ODU2NTksImlzcyI6IlRpZ2VyR3JhcGgifQ.1Qrgj2"}"#;
        assert_eq!(lives(jwt, ASKED), Some(604_805));
        assert_eq!(lives(jwt, Requested { lifetime_s: 604_800, ..ASKED }), Some(604_800));
        let opaque = r#"{"token":"abcdefgh","expiration":1800000100}"#;
        assert_eq!(lives(opaque, Requested { answered_at: Some(1_800_000_000), ..ASKED }), Some(100));
        assert_eq!(lives(opaque, ASKED), Some(100_000_100));
        assert_eq!(lives(r#"{"token":"abcdefgh","expiration":15}"#, ASKED), Some(15));
        assert_eq!(lives(r#"{"token":"abcdefgh","expiration":1600000000}"#, ASKED), Some(0));
        assert_eq!(lives(r#"{"token":"abcdefgh"}"#, ASKED), None);
    }

    #[test]
    fn tokens_that_could_break_out_are_refused() {
        for token in ["", "short", "with,comma", "with space", "line\\nbreak", "nul\\u0000nul", "ümlaut-token"] {
            let text = format!("{{\"token\":\"{token}\"}}");
            assert_eq!(read(&text, ASKED).unwrap_err().reason(), Reason::ProtocolShape, "{token}");
        }
        let long = format!("{{\"token\":\"{}\"}}", "a".repeat(8193));
        assert!(read(&long, ASKED).is_err() && read("{}", ASKED).is_err() && read("{\"token\":5}", ASKED).is_err());
    }

    #[test]
    fn the_unit_of_lifetimes_is_told_by_the_claims() {
        let told = LifetimeUnit::told_by;
        assert_eq!(told(3600, 3605), Some(LifetimeUnit::Seconds));
        assert_eq!(told(3600, 3600), Some(LifetimeUnit::Seconds));
        assert_eq!(told(3600, 8), Some(LifetimeUnit::Milliseconds));
        assert_eq!(told(86400, 91), Some(LifetimeUnit::Milliseconds));
        assert_eq!(told(3600, 1800), None);
        assert_eq!(told(2, 7), Some(LifetimeUnit::Seconds));
        assert_eq!(LifetimeUnit::Milliseconds.number(60), 60_000);
        assert_eq!(LifetimeUnit::Unknown.number(60), 60);
    }

    fn expires(value: &str) -> Result<Expiration> {
        expiration(&Json::parse(format!("{{\"expiration\":{value}}}").as_bytes()).unwrap(), true)
    }

    #[test]
    fn a_grant_lives_as_long_as_it_says_or_else_as_its_token_does() {
        const JWT: &str = "e30.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDYwMH0.x";
        let life = |value, expires_in| {
            let issued = from_grant(value, expires_in, ASKED).unwrap();
            (issued.token.expires_at() - ASKED.sent_at, issued.lifetime.map(|life| life.as_secs()))
        };
        assert_eq!(life("abcdefgh", Some(3600)), (3600, Some(3600)));
        assert_eq!(life("abcdefgh", Some(u64::MAX)), (LONGEST_LIFETIME_S as i64, Some(LONGEST_LIFETIME_S)));
        assert_eq!(life(JWT, Some(60)), (60, Some(60)), "the answer goes before the token");
        assert_eq!(life(JWT, None), (600, Some(600)));
        assert_eq!(life("abcdefgh", None), (-ASKED.sent_at, None), "nobody knows");
        for value in ["abcdefg", "abcd efgh", "abcdefg\u{e9}", "abcdefgh,", &"x".repeat(8193)] {
            assert_eq!(from_grant(value, None, ASKED).unwrap_err().reason(), Reason::ProtocolShape, "{value}");
        }
    }

    #[test]
    fn expirations_of_all_versions() {
        assert_eq!(expires("1616042814").unwrap(), Expiration::Number(1616042814));
        assert_eq!(expires("\"1616042814\"").unwrap(), Expiration::Number(1616042814));
        assert_eq!(expires("\"Fri Dec 20 09:07:39 UTC 2024\"").unwrap(), Expiration::Date(1734685659));
        assert_eq!(expires("\"Wed Jul 10 06:12:47 UTC 2024\"").unwrap(), Expiration::Date(1720591967));
        assert_eq!(expires("\"Wed Jul 10 06:12:47 GMT 2024\"").unwrap(), Expiration::Date(1720591967));
        for unknown in
            ["0", "-1", "null", "\"\"", "\"NaN\"", "\"Wed Jul 10 06:12:47 CST 2024\"", "\"2024-12-20 17:05:45.0\""]
        {
            assert_eq!(expires(unknown).unwrap(), Expiration::Unknown, "{unknown}");
        }
        for wrong in
            ["{}", "[]", "true", "1.5", "-7", "9007199254740993", "9223372036854775808", "\"99999999999999999999\""]
        {
            assert_eq!(expires(wrong).unwrap_err().reason(), Reason::ProtocolShape, "{wrong}");
        }
        assert_eq!(expiration(&Json::parse(b"{}").unwrap(), true).unwrap(), Expiration::Unknown);
    }
}
