//! Numbers of JSON that are too large for any type of number.

/// Whether a number is more than the largest `f64`, 1.797…e308. Not by parsing it as one, because the code for that is
/// large and nothing else needs it.
pub fn is_endless(number: &str) -> bool {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, ""));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = whole.trim_start_matches(['-', '+', '0']);
    let significant = fraction.trim_start_matches('0');
    let leading = [whole, if whole.is_empty() { significant } else { fraction }].concat();
    // How many digits stand before the point when the number is written without an exponent.
    let digits = match whole.len() {
        0 => -((fraction.len() - significant.len()) as i64),
        digits => digits as i64,
    };
    let too_long = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    let exponent = if exponent.is_empty() { 0 } else { exponent.parse().unwrap_or(too_long) };
    match digits.saturating_add(exponent) {
        _ if leading.is_empty() => false,
        309 => leading.as_str() >= "1797693134862315807",
        digits => digits > 309,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_endless_from_where_its_type_ends() {
        for number in [
            "1.7976931348623157e308",
            "1e308",
            "17e307",
            "0.0017e311",
            "-1.7e+308",
            "0e999",
            "1e-999999999999999999999",
        ] {
            assert!(!is_endless(number) && number.parse::<f64>().is_ok_and(f64::is_finite), "{number}");
        }
        let long = "9".repeat(400);
        for number in ["1.8e308", "1e309", "18e307", "0.0018e311", "-1e400", "1e99999999999999999999", long.as_str()] {
            assert!(is_endless(number) && number.parse::<f64>().is_ok_and(f64::is_infinite), "{number}");
        }
    }
}
