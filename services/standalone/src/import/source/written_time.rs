//! Times as the original's database has them.

use chatapp_types::Timestamp;

/// What stands in a message's `timestamp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) enum WrittenTime {
    /// A time. One without a zone is UTC, as the original wrote it.
    At(Timestamp),
    /// Nothing.
    Missing,
    /// Something that is no time.
    Unreadable(String),
}

/// Numbers up to this are seconds, greater ones milliseconds: the year 5138, or March 1973.
const SECONDS_MAX: i64 = 100_000_000_000;

impl WrittenTime {
    /// Reads a text: `2025-06-01 12:34:56.789`, with a blank or a `T`, with a zone or without, or a date alone.
    pub(super) fn of_text(text: &str) -> Self {
        let trimmed = text.trim();
        let zoned = || trimmed.parse::<jiff::Timestamp>().ok();
        let utc = || {
            let civil: jiff::civil::DateTime = trimmed.parse().ok()?;
            civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        };
        match zoned().or_else(utc) {
            Some(at) => Self::At(Timestamp::from_millis(at.as_millisecond())),
            None if trimmed.is_empty() => Self::Missing,
            None => Self::Unreadable(text.to_owned()),
        }
    }

    /// Reads a number: seconds or milliseconds since 1970, as its size tells.
    pub(super) fn of_number(number: i64) -> Self {
        let millis = if number.abs() <= SECONDS_MAX { number * 1_000 } else { number };
        Self::At(Timestamp::from_millis(millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_however_they_are_written() {
        for (text, expected) in [
            ("2025-06-01 12:34:56.789123", "2025-06-01T12:34:56.789Z"),
            ("2025-06-01T12:34:56", "2025-06-01T12:34:56.000Z"),
            ("2025-06-01T12:34:56.5Z", "2025-06-01T12:34:56.500Z"),
            ("2025-06-01 12:34:56+02:00", "2025-06-01T10:34:56.000Z"),
            ("2025-06-01 12:34", "2025-06-01T12:34:00.000Z"),
            (" 2025-06-01 ", "2025-06-01T00:00:00.000Z"),
            ("1969-12-31 23:59:59.999", "1969-12-31T23:59:59.999Z"),
        ] {
            let WrittenTime::At(at) = WrittenTime::of_text(text) else { panic!("{text}") };
            assert_eq!(at.to_string(), expected, "{text}");
        }
        assert_eq!(WrittenTime::of_number(1_748_781_296), WrittenTime::of_number(1_748_781_296_000));
    }

    #[test]
    fn what_is_no_time_is_told_from_nothing() {
        assert_eq!(WrittenTime::of_text("  "), WrittenTime::Missing);
        for text in ["yesterday", "2025-13-01 00:00:00", "12:30", "2025-06-01 25:00"] {
            assert_eq!(WrittenTime::of_text(text), WrittenTime::Unreadable(text.to_owned()));
        }
    }
}
