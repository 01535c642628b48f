//! The end of a token on a live socket.

use std::time::Duration;

use chatapp_http::Caller;
use chatapp_types::Clock;
use tokio::time::Instant;

/// After a token's end, so long its socket lives on for another token to come.
const GRACE: Duration = Duration::from_secs(25);
/// A script's token is exchanged anew so long before.
const RENEW_BEFORE: Duration = Duration::from_secs(45);

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExpiryStep {
    /// Nothing.
    Wait,
    /// Another token is to be got, if we can.
    Renew,
    /// The client is to be told.
    Warn,
    /// The socket is to be closed.
    Close,
}

/// Where a token is in its life.
#[derive(Debug)]
pub(super) struct Expiry {
    at: Instant,
    said: ExpiryStep,
}

impl Expiry {
    /// Of a token that was just checked. Its end is taken over into the machine's monotonic time, so that a wall clock
    /// that jumps neither cuts a socket nor keeps one.
    pub(super) fn of(caller: &Caller, clock: &dyn Clock) -> Self {
        let left = caller.expires_at.millis().saturating_sub(clock.now().millis());
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        Self { at: Instant::now() + left, said: ExpiryStep::Wait }
    }

    /// When the next step is due.
    pub(super) fn next(&self) -> Option<Instant> {
        match self.said {
            ExpiryStep::Wait => Some(self.at.checked_sub(RENEW_BEFORE).unwrap_or(self.at)),
            ExpiryStep::Renew => Some(self.at),
            ExpiryStep::Warn => Some(self.at + GRACE),
            ExpiryStep::Close => None,
        }
    }

    /// The step that is due, once each.
    pub(super) fn step(&mut self, now: Instant) -> ExpiryStep {
        if self.next().is_none_or(|at| at > now) {
            return ExpiryStep::Wait;
        }
        self.said = match self.said {
            ExpiryStep::Wait => ExpiryStep::Renew,
            ExpiryStep::Renew => ExpiryStep::Warn,
            ExpiryStep::Warn | ExpiryStep::Close => ExpiryStep::Close,
        };
        self.said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_due_once_and_in_its_time() {
        let start = Instant::now();
        let mut expiry = Expiry { at: start + Duration::from_mins(10), said: ExpiryStep::Wait };
        assert_eq!(expiry.step(start), ExpiryStep::Wait);
        assert_eq!(expiry.step(start + Duration::from_secs(555)), ExpiryStep::Renew);
        assert_eq!(expiry.step(start + Duration::from_secs(556)), ExpiryStep::Wait);
        assert_eq!(expiry.step(start + Duration::from_mins(10)), ExpiryStep::Warn);
        assert_eq!(expiry.step(start + Duration::from_secs(624)), ExpiryStep::Wait);
        assert_eq!(expiry.step(start + Duration::from_secs(625)), ExpiryStep::Close);
    }
}
