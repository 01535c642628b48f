//! How long to wait before the next try.

use std::time::Duration;

/// Exponential backoff with full jitter: each wait is drawn evenly from `floor` to a ceiling that doubles up to `cap`,
/// so that many clients cut off at once do not come back at once.
#[derive(Clone, Debug)]
pub struct Backoff {
    floor: Duration,
    cap: Duration,
    tries: u32,
}

impl Backoff {
    /// Waits between `floor` and, as tries go on, `cap`.
    pub const fn new(floor: Duration, cap: Duration) -> Self {
        Self { floor, cap, tries: 0 }
    }

    /// What the protocol asks of reconnects: 0.5–30 s.
    pub const fn for_reconnects() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(30))
    }

    /// For repeats of a request that was refused for the moment: 0.2–10 s.
    pub const fn for_requests() -> Self {
        Self::new(Duration::from_millis(200), Duration::from_secs(10))
    }

    /// The next wait; one more try counts.
    pub fn next_wait(&mut self) -> Duration {
        self.wait_at(random_fraction())
    }

    /// A success: the next failure starts from the shortest waits again.
    pub const fn reset(&mut self) {
        self.tries = 0;
    }

    fn wait_at(&mut self, fraction: f64) -> Duration {
        self.tries = self.tries.saturating_add(1);
        let ceiling = self.floor.saturating_mul(1 << self.tries.min(20)).min(self.cap).max(self.floor);
        self.floor + ceiling.saturating_sub(self.floor).mul_f64(fraction.clamp(0.0, 1.0))
    }
}

/// A number drawn evenly from 0 up to 1, from the system's random source (jitter needs no more than 32 bits of it).
fn random_fraction() -> f64 {
    let (bits, ..) = uuid::Uuid::new_v4().as_fields();
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_the_floor_to_the_cap_and_never_leave_them() {
        let mut longest = Backoff::for_reconnects();
        let seconds: Vec<f64> = (0..8).map(|_| longest.wait_at(1.0).as_secs_f64()).collect();
        assert_eq!(seconds, [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]);
        let mut shortest = Backoff::for_reconnects();
        assert!((0..40).all(|_| shortest.wait_at(0.0) == Duration::from_millis(500)));
    }

    #[test]
    fn a_success_starts_over() {
        let mut backoff = Backoff::for_requests();
        for _ in 0..10 {
            backoff.wait_at(1.0);
        }
        backoff.reset();
        assert_eq!(backoff.wait_at(1.0), Duration::from_millis(400));
    }

    #[test]
    fn jitter_is_spread() {
        let drawn: Vec<f64> = (0..64).map(|_| random_fraction()).collect();
        assert!(drawn.iter().all(|f| (0.0..=1.0).contains(f)));
        assert!(drawn.iter().any(|f| *f < 0.5) && drawn.iter().any(|f| *f >= 0.5));
    }
}
