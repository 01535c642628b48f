//! How long entries take to get here, and from here to the queues of sockets.
//!
//! The beginning is the moment of the commit by the clock of whoever committed, the end is now by the clock here. Where
//! the two are of different machines, their difference is in it; a clock that is behind makes it 0, never less.

use std::time::Duration;

use chatapp_metrics::{BUS, GATEWAY};
use chatapp_timeline::RoomEvent;
use chatapp_types::{Clock as _, SystemClock, Timestamp};

/// Takes note of an entry that came over the bus.
pub(super) fn note_arrival(event: &RoomEvent) {
    if let Some(at) = event.route.at {
        BUS.lag.observe(since(at, SystemClock.now()).as_secs_f64());
    }
}

/// Entries on their way into the queues. It is kept by its room, so that nothing is allocated for each of them.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Vec<Timestamp>);

impl UnderWay {
    /// They are about to be handed out.
    pub(super) fn begin(&mut self, events: &[RoomEvent]) {
        self.0.clear();
        self.0.extend(events.iter().filter_map(|event| event.route.at));
    }

    /// Every socket that follows the room has them in its queue.
    pub(super) fn end(&mut self) {
        let now = SystemClock.now();
        for at in self.0.drain(..) {
            GATEWAY.latency.observe(since(at, now).as_secs_f64());
        }
    }
}

fn since(at: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(now.millis() - at.millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_behind_measures_nothing_and_never_less() {
        let at = Timestamp::from_millis;
        assert_eq!(since(at(1_000), at(1_250)), Duration::from_millis(250));
        assert_eq!(since(at(2_000), at(1_250)), Duration::ZERO);
    }
}
