//! Dates as HTTP, Java and RFC 3339 write them.

use std::time::{Duration, UNIX_EPOCH};

/// The end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// Reads `Fri Dec 20 09:07:39 UTC 2024`. Zones other than UTC and GMT are ambiguous and not believed.
pub fn java_date(text: &str) -> Option<i64> {
    let mut words = [""; 6];
    for (index, word) in text.split(' ').filter(|word| !word.is_empty()).enumerate() {
        *words.get_mut(index)? = word;
    }
    let [weekday, month, day, time, "UTC" | "GMT", year] = words else { return None };
    // Without its zone it is the oldest form of HTTP's dates, whose parts have their places.
    let mut date = *b"Sun Nov  6 08:49:37 1994";
    let mut put = |end: usize, word: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&word.len()).then(|| date[end - word.len()..end].copy_from_slice(word.as_bytes()))
    };
    put(3, weekday, 3..=3)?;
    put(7, month, 3..=3)?;
    put(10, day, 1..=2)?;
    put(19, time, 8..=8)?;
    put(24, year, 4..=4)?;
    http_date(std::str::from_utf8(&date).ok()?)
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
        for (text, seconds) in [
            ("Fri Dec 20 09:07:39 UTC 2024", Some(1734685659)),
            ("Sun Dec  1 09:07:39 GMT 2024", Some(1733044059)),
            ("Sun Dec 01 09:07:39 GMT 2024", Some(1733044059)),
            ("Fri Dec 20 09:07:39 CST 2024", None),
            ("Fri Dec 20 09:07:39 UTC 12024", None),
            ("Friday Dec 20 09:07:39 UTC 2024", None),
            ("Fri Dec 20 9:07:39 UTC 2024", None),
            ("Fri Dec 120 09:07:39 UTC 2024", None),
            ("Fri Dec 20 09:07:39 UTC 2024 x", None),
            ("Fri \u{e4}\u{e4} 20 09:07:39 UTC 2024", None),
            ("", None),
        ] {
            assert_eq!(java_date(text), seconds, "{text}");
        }
    }
}
