//! The sign of life that is asked of a client.

use std::time::Duration;

use tokio::time::Instant;

/// How often a client is pinged.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(25);
/// How long it has to say anything after that.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Nothing yet.
    Wait,
    /// Send a ping.
    Ping,
    /// The client is gone.
    Dead,
}

/// When to ask, and when to give up.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    ping_at: Instant,
    /// Set by a ping, taken back by anything that is heard.
    dead_at: Option<Instant>,
}

impl Heartbeat {
    /// The first ping is due after [`PING_EVERY`].
    pub(crate) fn new(now: Instant) -> Self {
        Self { ping_at: now + PING_EVERY, dead_at: None }
    }

    /// Anything was heard.
    pub(crate) fn heard(&mut self) {
        self.dead_at = None;
    }

    /// When to look again.
    pub(crate) fn next(&self) -> Instant {
        self.dead_at.map_or(self.ping_at, |dead| dead.min(self.ping_at))
    }

    /// What is due now; a ping counts as sent.
    pub(crate) fn beat(&mut self, now: Instant) -> Beat {
        if self.dead_at.is_some_and(|dead| dead <= now) {
            return Beat::Dead;
        }
        if self.ping_at <= now {
            self.ping_at = now + PING_EVERY;
            self.dead_at.get_or_insert(now + ANSWER_WITHIN);
            return Beat::Ping;
        }
        Beat::Wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_client_is_dead_ten_seconds_after_a_ping() {
        let start = Instant::now();
        let mut heart = Heartbeat::new(start);
        assert_eq!(heart.beat(start), Beat::Wait);
        assert_eq!(heart.beat(start + PING_EVERY), Beat::Ping);
        assert_eq!(heart.next(), start + PING_EVERY + ANSWER_WITHIN);
        assert_eq!(heart.beat(start + PING_EVERY + ANSWER_WITHIN), Beat::Dead);
    }

    #[test]
    fn a_client_that_says_anything_lives() {
        let start = Instant::now();
        let mut heart = Heartbeat::new(start);
        assert_eq!(heart.beat(start + PING_EVERY), Beat::Ping);
        heart.heard();
        assert_eq!(heart.beat(start + PING_EVERY + ANSWER_WITHIN), Beat::Wait);
        assert_eq!(heart.beat(start + PING_EVERY * 2), Beat::Ping);
    }
}
