//! How often one may try codes.

use chatapp_types::Timestamp;

const MINUTE_MS: i64 = 60_000;
/// How long a failed try counts.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Failed tries that are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryLimits {
    /// A minute, by one user for one room.
    pub per_minute: u32,
    /// An hour, by one user.
    pub per_hour: u32,
}

/// A try that has not succeeded (yet).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastTry {
    /// When.
    pub at: Timestamp,
    /// Whether it was for the room that is tried now.
    pub same_room: bool,
}

/// Seconds to wait before the next try, given the user's tries of the last hour, oldest first; `None` for now.
///
/// A try in the future (a clock that was set back) counts as one of now.
pub fn seconds_to_wait(tries: &[PastTry], now: Timestamp, limits: TryLimits) -> Option<u64> {
    let of_hour = wait(tries.iter().map(|t| t.at), now, HOUR_MS, limits.per_hour);
    let of_minute = wait(tries.iter().filter(|t| t.same_room).map(|t| t.at), now, MINUTE_MS, limits.per_minute);
    of_hour.max(of_minute)
}

/// The time until fewer than `limit` of the tries lie within the window.
fn wait(tries: impl Iterator<Item = Timestamp>, now: Timestamp, window_ms: i64, limit: u32) -> Option<u64> {
    let ages: Vec<i64> = tries.map(|at| (now.millis() - at.millis()).max(0)).filter(|age| *age < window_ms).collect();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let surplus = ages.len().checked_sub(limit)?;
    // The try that has to grow old before another one is heard; with a limit of none, the newest.
    let age = ages.get(surplus).or(ages.last()).copied().unwrap_or_default();
    Some((window_ms - age).unsigned_abs().div_ceil(1_000).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: TryLimits = TryLimits { per_minute: 5, per_hour: 20 };
    const NOW: Timestamp = Timestamp::from_millis(100_000_000);

    fn tries(ages_s: impl IntoIterator<Item = i64>, same_room: bool) -> Vec<PastTry> {
        let at = |age: i64| Timestamp::from_millis(NOW.millis() - age * 1_000);
        ages_s.into_iter().map(|age| PastTry { at: at(age), same_room }).collect()
    }

    #[test]
    fn the_sixth_try_of_a_minute_waits_for_the_first_to_grow_old() {
        assert_eq!(seconds_to_wait(&tries([50, 40, 30, 20], true), NOW, LIMITS), None);
        assert_eq!(seconds_to_wait(&tries([50, 40, 30, 20, 10], true), NOW, LIMITS), Some(10));
        assert_eq!(seconds_to_wait(&tries([60, 40, 30, 20, 10], true), NOW, LIMITS), None);
    }

    #[test]
    fn other_rooms_count_for_the_hour_alone() {
        assert_eq!(seconds_to_wait(&tries(0..19, false), NOW, LIMITS), None);
        assert_eq!(seconds_to_wait(&tries((0..20).rev(), false), NOW, LIMITS), Some(3_581));
    }

    #[test]
    fn a_clock_that_was_set_back_forgives_nothing() {
        assert_eq!(seconds_to_wait(&tries([-500; 5], true), NOW, LIMITS), Some(60));
    }

    #[test]
    fn no_tries_allowed_means_none() {
        let none = TryLimits { per_minute: 0, per_hour: 0 };
        assert!(seconds_to_wait(&[], NOW, none).is_some());
    }
}
