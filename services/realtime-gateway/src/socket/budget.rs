//! How many frames one socket may send, and how long they may be.

use std::time::Duration;

use chatapp_types::limits::FRAME_MAX_BYTES;
use tokio::time::Instant;

/// Frames sent while limited, after which the limits count as ignored.
const IGNORED_MAX: u32 = 60;

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is taken.
    Taken,
    /// It is one too many: the next one is taken after this time.
    Limited(Duration),
    /// And so were very many before it: the client does not care.
    Ignored,
}

/// A bucket that holds a burst and fills steadily. Some words a socket, and no lock, since a socket has one task.
#[derive(Debug)]
pub(crate) struct FrameBudget {
    rate: Option<Rate>,
    largest: usize,
    tokens: f64,
    filled: Instant,
    limited: u32,
}

#[derive(Clone, Copy, Debug)]
struct Rate {
    per_second: f64,
    burst: f64,
}

impl FrameBudget {
    /// A full bucket.
    pub(crate) fn new(per_minute: u32, burst: u32) -> Self {
        let rate = Rate { per_second: f64::from(per_minute) / 60.0, burst: f64::from(burst) };
        Self { rate: Some(rate), tokens: rate.burst, ..Self::unlimited() }
    }

    /// No limit to their number.
    pub(crate) fn unlimited() -> Self {
        Self { rate: None, largest: FRAME_MAX_BYTES, tokens: 0.0, filled: Instant::now(), limited: 0 }
    }

    /// Frames of up to so many bytes.
    #[cfg(test)]
    pub(crate) fn of_size(self, largest: usize) -> Self {
        Self { largest, ..self }
    }

    /// The bytes of the longest frame that is taken.
    pub(crate) fn largest(&self) -> usize {
        self.largest
    }

    /// Counts a frame.
    pub(crate) fn admit(&mut self, now: Instant) -> Admission {
        let Some(rate) = self.rate else { return Admission::Taken };
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + since * rate.per_second).min(rate.burst);
        self.filled = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            self.limited = 0;
            return Admission::Taken;
        }
        self.limited += 1;
        if self.limited > IGNORED_MAX {
            return Admission::Ignored;
        }
        Admission::Limited(Duration::from_secs_f64((1.0 - self.tokens) / rate.per_second))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_burst_is_taken_and_then_what_the_rate_allows() {
        let start = Instant::now();
        let mut budget = FrameBudget::new(300, 60);
        assert!((0..60).all(|_| budget.admit(start) == Admission::Taken));
        assert_eq!(budget.admit(start), Admission::Limited(Duration::from_millis(200)));
        let later = start + Duration::from_secs(1);
        let taken = (0..10).filter(|_| budget.admit(later) == Admission::Taken).count();
        assert_eq!(taken, 5, "300 a minute are 5 a second");
    }

    #[test]
    fn ignoring_the_limit_is_noticed_and_minding_it_is_forgiven() {
        let start = Instant::now();
        let mut budget = FrameBudget::new(60, 1);
        assert_eq!(budget.admit(start), Admission::Taken);
        assert!((0..60).all(|_| matches!(budget.admit(start), Admission::Limited(_))));
        assert_eq!(budget.admit(start), Admission::Ignored);
        let later = start + Duration::from_secs(1);
        assert_eq!(budget.admit(later), Admission::Taken);
        assert!(matches!(budget.admit(later), Admission::Limited(_)));
    }

    #[test]
    fn switched_off_it_takes_everything() {
        let mut budget = FrameBudget::unlimited();
        assert!((0..10_000).all(|_| budget.admit(Instant::now()) == Admission::Taken));
    }
}
