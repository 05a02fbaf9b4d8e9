//! Dates as HTTP, Java and RFC 3339 write them.

use std::time::{Duration, UNIX_EPOCH};

/// The end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// Reads `Fri Dec 20 09:07:39 UTC 2024`. Zones other than UTC and GMT are ambiguous and not believed.
pub fn java_date(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    match words[..] {
        // Without its zone it is the oldest form of HTTP's dates.
        [weekday, month, day, time, "UTC" | "GMT", year] => {
            http_date(&format!("{weekday} {month} {day:0>2} {time} {year}"))
        }
        _ => None,
    }
}

/// Reads an HTTP date, as in `Date` and `Retry-After`.
pub fn http_date(text: &str) -> Option<i64> {
    let time = httpdate::parse_http_date(text).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// A time as `2026-11-23T17:05:45Z`; "" where it is unknown (0), before 1970 or after the year 9999.
pub fn rfc3339(seconds: i64) -> String {
    match u64::try_from(seconds) {
        Ok(since @ 1..=LAST_SECOND) => {
            humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(since)).to_string()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_and_read() {
        assert_eq!(rfc3339(1734685659), "2024-12-20T09:07:39Z");
        assert_eq!(rfc3339(0), "");
        assert_eq!(rfc3339(i64::MAX), "");
        assert_eq!(http_date("Wed, 21 Oct 2099 07:28:00 GMT"), Some(4096250880));
        assert_eq!(http_date("soon"), None);
    }
}
