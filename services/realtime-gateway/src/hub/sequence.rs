//! The order of one room's entries: whatever arrives, in whatever order, leaves strictly contiguous.
//!
//! Pure bookkeeping, without time and without IO: the room's task feeds it and asks what may be delivered and what is
//! missing.

use std::collections::BTreeMap;

use chatapp_timeline::RoomEvent;

/// Events that wait for an earlier one; beyond it the latest are forgotten, to be read from the log.
const PENDING_MAX: usize = 256;

/// Where a room stands.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    /// The last seq delivered; unknown until somebody who has read the log says where to begin.
    last: Option<u64>,
    /// The highest seq known to exist.
    head: u64,
    /// What came too early.
    pending: BTreeMap<u64, RoomEvent>,
}

impl Sequence {
    /// The last seq delivered.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// Begins after `seq`, if nothing has begun yet.
    pub(super) fn begin(&mut self, seq: u64) {
        if self.last.is_none() {
            self.last = Some(seq);
            self.pending = self.pending.split_off(&seq.saturating_add(1));
        }
        self.know_head(seq);
    }

    /// Takes note that `seq` exists.
    pub(super) fn know_head(&mut self, seq: u64) {
        self.head = self.head.max(seq);
    }

    /// Takes an event, from the bus or from the log; one that has been delivered, or waits already, is passed over.
    pub(super) fn offer(&mut self, event: RoomEvent) {
        let seq = event.route.seq;
        if self.last.is_some_and(|last| seq <= last) {
            return;
        }
        self.know_head(seq);
        self.pending.entry(seq).or_insert(event);
        if self.pending.len() > PENDING_MAX {
            self.pending.pop_last();
        }
    }

    /// Moves what may be delivered now, in order, to `into`.
    pub(super) fn take_ready(&mut self, into: &mut Vec<RoomEvent>) {
        let Some(last) = self.last.as_mut() else { return };
        while let Some(first) = self.pending.first_entry() {
            if *first.key() != *last + 1 {
                break;
            }
            *last += 1;
            into.push(first.remove());
        }
    }

    /// After which seq the log has to be read, if something that exists is not here.
    pub(super) fn missing_after(&self) -> Option<u64> {
        self.last.filter(|last| *last < self.head)
    }

    /// Takes the log's own word for where the head is: what was announced beyond it and is not here to show was an
    /// error of the bus. An event that is here may be younger than the reading, unless it is far beyond.
    pub(super) fn log_ends_at(&mut self, head: u64) {
        let end = head.saturating_add(PENDING_MAX as u64);
        self.pending.split_off(&end.saturating_add(1));
        let here = self.pending.last_key_value().map_or(0, |(seq, _)| *seq);
        self.head = head.max(here).max(self.last.unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::hub::testing::{event, room};

    fn delivered(sequence: &mut Sequence) -> Vec<u64> {
        let mut ready = Vec::new();
        sequence.take_ready(&mut ready);
        ready.iter().map(|e| e.route.seq).collect()
    }

    #[test]
    fn nothing_is_delivered_before_somebody_says_where_to_begin() {
        let mut sequence = Sequence::default();
        for seq in 4..=6 {
            sequence.offer(event(room(), seq));
        }
        assert!(delivered(&mut sequence).is_empty());
        assert_eq!(sequence.missing_after(), None);
        sequence.begin(4);
        assert_eq!(delivered(&mut sequence), [5, 6]);
    }

    #[test]
    fn a_hole_holds_up_what_follows_it() {
        let mut sequence = Sequence::default();
        sequence.begin(1);
        sequence.offer(event(room(), 3));
        assert!(delivered(&mut sequence).is_empty());
        assert_eq!(sequence.missing_after(), Some(1));
        sequence.offer(event(room(), 2));
        assert_eq!(delivered(&mut sequence), [2, 3]);
        assert_eq!(sequence.missing_after(), None);
    }

    #[test]
    fn a_head_that_is_ahead_is_missing_although_no_event_came() {
        let mut sequence = Sequence::default();
        sequence.begin(7);
        sequence.know_head(8);
        assert_eq!(sequence.missing_after(), Some(7));
    }

    #[test]
    fn an_announcement_far_beyond_the_log_is_forgotten_once_the_log_was_read() {
        let mut sequence = Sequence::default();
        sequence.begin(7);
        sequence.offer(event(room(), u64::MAX));
        sequence.know_head(u64::MAX - 5);
        assert_eq!(sequence.missing_after(), Some(7));
        sequence.log_ends_at(7);
        assert_eq!(sequence.missing_after(), None);
    }

    #[test]
    fn an_event_younger_than_the_reading_is_kept() {
        let mut sequence = Sequence::default();
        sequence.begin(7);
        sequence.offer(event(room(), 9));
        sequence.log_ends_at(7);
        assert_eq!(sequence.missing_after(), Some(7));
        sequence.offer(event(room(), 8));
        assert_eq!(delivered(&mut sequence), [8, 9]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut sequence = Sequence::default();
        sequence.begin(0);
        for seq in 2..2_000 {
            sequence.offer(event(room(), seq));
        }
        assert_eq!(sequence.pending.len(), PENDING_MAX);
        sequence.offer(event(room(), 1));
        let got = delivered(&mut sequence);
        assert_eq!(got, (1..=PENDING_MAX as u64).collect::<Vec<_>>());
        assert_eq!(sequence.missing_after(), Some(PENDING_MAX as u64), "the rest is read from the log");
    }

    proptest! {
        /// Lost, doubled, shuffled, with readings of the log in between that may be short: what leaves is 1, 2, 3, …
        #[test]
        fn any_shuffle_loss_and_doubling_leaves_contiguous(
            arrivals in proptest::collection::vec((1_u64..80, any::<bool>(), 1_u64..20), 0..300)
        ) {
            let room = room();
            let mut sequence = Sequence::default();
            sequence.begin(0);
            let mut seen = Vec::new();
            for (seq, read_log, page) in arrivals.into_iter().chain((0..100).map(|_| (79, true, 7))) {
                sequence.offer(event(room, seq));
                if read_log && let Some(after) = sequence.missing_after() {
                    for seq in after + 1..=79.min(after + page) {
                        sequence.offer(event(room, seq));
                    }
                    sequence.log_ends_at(79);
                }
                seen.extend(delivered(&mut sequence));
            }
            prop_assert_eq!(seen, (1..=79).collect::<Vec<u64>>());
        }
    }
}
