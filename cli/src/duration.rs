//! Lengths of time, as people type them: `90s`, `10m`, `1h30m`, `7d`, `2w`.

use time::Duration;

/// The longest one taken: ten years.
const MAX: Duration = Duration::days(3_653);

/// Reads a length of time of at least a second; an error says what is wrong.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?} is no length of time like 90s, 10m, 1h30m, 7d or 2w");
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest[..digits].parse().map_err(|_| bad())?;
        let mut chars = rest[digits..].chars();
        let unit = match chars.next() {
            Some('s') => Duration::SECOND,
            Some('m') => Duration::MINUTE,
            Some('h') => Duration::HOUR,
            Some('d') => Duration::DAY,
            Some('w') => Duration::WEEK,
            _ => return Err(bad()),
        };
        let seconds = number.checked_mul(unit.whole_seconds()).ok_or_else(bad)?;
        total = total.checked_add(Duration::seconds(seconds)).ok_or_else(bad)?;
        rest = chars.as_str();
    }
    if total < Duration::SECOND || total > MAX { Err(bad()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        assert_eq!(parse("90s"), Ok(Duration::seconds(90)));
        assert_eq!(parse("1h30m"), Ok(Duration::minutes(90)));
        assert_eq!(parse("2w"), Ok(Duration::days(14)));
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for bad in
            ["", "0s", "5", "m", "1x", "-1h", "1 h", "99999999999999999999d", "9223372036854775807w", "11000d", "é"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
