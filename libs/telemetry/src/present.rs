//! The time that the log says.

use time::OffsetDateTime;

/// The present by the machine's clock, UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "a log tells the machine's time, whatever a test has made of a service's"
)]
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
