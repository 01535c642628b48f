//! Times as people read them: in this machine's zone.

use chatapp_types::Timestamp;
use jiff::tz::TimeZone;

/// `2026-11-22 18:00:03` in the local zone.
pub(crate) fn local(at: Timestamp) -> String {
    in_zone(at, &TimeZone::system())
}

/// `18:00`, in a zone.
pub(crate) fn hour(at: Timestamp, zone: &TimeZone) -> String {
    written(at, zone, "%H:%M")
}

/// `Sunday 22 November 2026`, in a zone.
pub(crate) fn day(at: Timestamp, zone: &TimeZone) -> String {
    written(at, zone, "%A %-d %B %Y")
}

/// A text in which the gateway has written times, with each as [`local`] writes it.
pub(crate) fn with_local_times(text: &str) -> String {
    let time = |word: &str| {
        let bare = word.trim_end_matches([',', ';', '.']);
        let at: Timestamp = bare.ends_with('Z').then(|| bare.parse().ok())??;
        Some(format!("{}{}", local(at), &word[bare.len()..]))
    };
    let words: Vec<String> = text.split(' ').map(|word| time(word).unwrap_or_else(|| word.to_owned())).collect();
    words.join(" ")
}

fn written(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(instant) => instant.to_zoned(zone.clone()).strftime(format).to_string(),
        Err(_) => at.to_string(),
    }
}

fn in_zone(at: Timestamp, zone: &TimeZone) -> String {
    written(at, zone, "%Y-%m-%d %H:%M:%S")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_time_is_shown_in_the_readers_zone() {
        let at: Timestamp = "2026-11-22T18:00:03.999Z".parse().unwrap();
        assert_eq!(in_zone(at, &TimeZone::UTC), "2026-11-22 18:00:03");
        assert_eq!(in_zone(at, &TimeZone::fixed(jiff::tz::offset(2))), "2026-11-22 20:00:03");
    }

    #[test]
    fn times_within_a_text_are_shown_in_the_readers_zone_and_the_rest_as_it_is() {
        let at: Timestamp = "2026-11-22T18:00:03.999Z".parse().unwrap();
        assert_eq!(
            with_local_times("until 2026-11-22T18:00:03.999Z, for 3  Z 12Z"),
            format!("until {}, for 3  Z 12Z", local(at))
        );
    }

    #[test]
    fn a_time_out_of_the_calendar_is_still_shown() {
        assert!(!in_zone(Timestamp::from_millis(i64::MAX), &TimeZone::UTC).is_empty());
    }
}
