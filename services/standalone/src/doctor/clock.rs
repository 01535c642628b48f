//! The machine's clock. Tokens, throttles and the times of messages go by it.

use chatapp_types::Timestamp;

use super::Finding;

/// Differences up to this are everyday.
const TOLERANCE_MS: i64 = 60_000;

/// Judges the time `now` by what must lie in the past: the commit this program was built from, and the newest entry.
pub(super) fn check(now: Timestamp, built_from_commit_at: i64, newest_entry: Option<Timestamp>) -> Finding {
    const ADVICE: &str = "set the clock, and keep it by NTP (`timedatectl set-ntp true`)";
    if now.seconds() < built_from_commit_at {
        let message = format!("the clock shows {now}, which is before this program was written");
        return Finding::fail("clock", message).advise(ADVICE);
    }
    if let Some(newest) = newest_entry
        && newest.millis() - now.millis() > TOLERANCE_MS
    {
        let message = format!("the clock shows {now}, and the newest entry is of {newest}: it has been set back");
        return Finding::warn("clock", message).advise(ADVICE);
    }
    Finding::ok("clock", format!("it shows {now}"))
}
