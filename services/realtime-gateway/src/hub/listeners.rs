//! The sockets that follow a room, and how an entry gets to all of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chatapp_types::frame::{CloseReason, ServerEvent};
use chatapp_types::{RoomId, UserRef};

use super::rendition::{Dialect, Rendition};
use crate::socket::{Batch, Closing, Frame, Outbox, text_of};

/// Entries kept for those who are about to join, at most.
const TAIL_MAX: usize = 256;
/// Bytes of them, at most.
const TAIL_MAX_BYTES: usize = 256 * 1024;

/// Names a listener within its hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListenerId(pub(super) u64);

/// One socket's ear in one room.
pub(crate) struct Listener {
    /// Its name.
    pub(super) id: ListenerId,
    /// Who listens.
    pub(super) user: UserRef,
    /// How they want it said.
    pub(super) dialect: Dialect,
    /// Where it goes.
    pub(super) outbox: Arc<Outbox>,
    /// False once nothing comes any more; the socket looks at it.
    pub(super) live: Arc<AtomicBool>,
    /// Entries up to this one it has from elsewhere.
    pub(super) after: u64,
    /// Of posts up to this one it may not read the text.
    pub(super) floor: u64,
}

/// Whether a listener could join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    /// It gets what follows from now on.
    Live,
    /// What it lacks is not here any more: it must read the log further, and try again.
    Behind,
    /// What it lacked contained the end of its membership: it got that, and nothing follows.
    CutOff,
}

/// All listeners of one room, and the last entries.
pub(super) struct Listeners {
    room: RoomId,
    list: Vec<Listener>,
    /// The last entries delivered, contiguous, for those whose reading of the log ended shortly before.
    tail: VecDeque<Rendition>,
    tail_bytes: usize,
}

impl Listeners {
    pub(super) fn new(room: RoomId) -> Self {
        Self { room, list: Vec::new(), tail: VecDeque::new(), tail_bytes: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Listener> {
        self.list.iter()
    }

    /// Lets a listener in who has everything up to its `after`, when `last` is the last seq delivered here. It is
    /// given what it lacks, then told that it is caught up, and listens from then on.
    pub(super) fn join(&mut self, listener: Listener, last: u64) -> Joined {
        let missing = usize::try_from(last.saturating_sub(listener.after)).unwrap_or(usize::MAX);
        if missing > self.tail.len() {
            return Joined::Behind;
        }
        let mut batch = listener.outbox.batch();
        for rendition in self.tail.iter().skip(self.tail.len() - missing) {
            if !hand(&mut batch, &listener, rendition, self.room) {
                return Joined::CutOff;
            }
        }
        if listener.dialect == Dialect::V1 {
            batch.push(text_of(ServerEvent::CaughtUp { room_id: self.room, seq: last.max(listener.after) }));
        }
        drop(batch);
        self.list.push(listener);
        Joined::Live
    }

    /// Lets a listener go.
    pub(super) fn leave(&mut self, id: ListenerId) {
        self.list.retain(|listener| listener.id != id);
    }

    /// Hands the entries to everyone, in order: each outbox is locked once, and written once, for all of them.
    /// Whoever's membership ends at one of them gets that one, is told, and is let go. Returns how many were.
    pub(super) fn deliver(&mut self, entries: Vec<Rendition>) -> usize {
        let before = self.list.len();
        let room = self.room;
        self.list.retain(|listener| {
            let mut batch = listener.outbox.batch();
            !batch.is_closing() && entries.iter().all(|entry| hand(&mut batch, listener, entry, room))
        });
        for entry in entries {
            self.keep(entry);
        }
        before - self.list.len()
    }

    fn keep(&mut self, entry: Rendition) {
        self.tail_bytes += entry.size();
        self.tail.push_back(entry);
        while self.tail.len() > TAIL_MAX || self.tail_bytes > TAIL_MAX_BYTES {
            let Some(oldest) = self.tail.pop_front() else { break };
            self.tail_bytes -= oldest.size();
        }
    }

    /// Sends a frame that need not arrive to everyone of version 1, but for those whom `except` names.
    pub(super) fn whisper(&self, frame: &Frame, except: impl Fn(&Listener) -> bool) {
        for listener in self.list.iter().filter(|l| l.dialect == Dialect::V1 && !except(l)) {
            listener.outbox.push_ephemeral(frame.clone());
        }
    }

    /// Lets everyone go: the room is no more.
    pub(super) fn end_all(&mut self) {
        for listener in self.list.drain(..) {
            end(&mut listener.outbox.batch(), &listener, self.room);
        }
    }
}

/// Whoever is still listening when the room's task ends (which it does not, short of a panic) has lost track: closed,
/// to resume.
impl Drop for Listeners {
    fn drop(&mut self) {
        for listener in &self.list {
            listener.live.store(false, Ordering::Relaxed);
            listener.outbox.close(CloseReason::Gap.into());
        }
    }
}

/// Puts an entry into a listener's outbox, unless it has it. Returns whether it goes on listening.
fn hand(batch: &mut Batch<'_>, listener: &Listener, entry: &Rendition, room: RoomId) -> bool {
    if entry.seq() <= listener.after {
        return true;
    }
    if let Some(frame) = entry.frame(listener.user.id, listener.dialect, listener.floor) {
        batch.note_news();
        batch.push(frame);
    }
    if entry.ends_for(listener.user.id) {
        end(batch, listener, room);
        return false;
    }
    true
}

fn end(batch: &mut Batch<'_>, listener: &Listener, room: RoomId) {
    listener.live.store(false, Ordering::Relaxed);
    batch.note_news();
    match listener.dialect {
        Dialect::V1 => batch.push(text_of(ServerEvent::Unsubscribed { room_id: room })),
        // The original interface has one room a socket and no word for its end but this.
        Dialect::V0 => batch.close(Closing::Policy),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::hub::testing::{Ear, blocked, deleted, event, frames, posted, room, seqs, user};

    fn renditions(events: impl IntoIterator<Item = chatapp_timeline::RoomEvent>) -> Vec<Rendition> {
        events.into_iter().map(Rendition::new).collect()
    }

    #[test]
    fn who_joins_behind_is_given_what_is_missing_before_what_follows() {
        let room = room();
        let mut listeners = Listeners::new(room);
        listeners.deliver(renditions((5..=9).map(|seq| event(room, seq))));
        let ear = Ear::new("ann");
        assert_eq!(listeners.join(ear.listener(6), 9), Joined::Live);
        listeners.deliver(renditions([event(room, 10)]));
        assert_eq!(seqs(&ear.outbox), [7, 8, 9, 10]);
    }

    #[test]
    fn who_lacks_more_than_is_kept_must_read_on() {
        let room = room();
        let mut listeners = Listeners::new(room);
        listeners.deliver(renditions((5..=9).map(|seq| event(room, seq))));
        let ear = Ear::new("ann");
        assert_eq!(listeners.join(ear.listener(3), 9), Joined::Behind);
        assert_eq!(listeners.len(), 0);
    }

    #[test]
    fn who_has_read_further_gets_nothing_twice() {
        let room = room();
        let mut listeners = Listeners::new(room);
        let ear = Ear::new("ann");
        assert_eq!(listeners.join(ear.listener(6), 4), Joined::Live);
        listeners.deliver(renditions((5..=8).map(|seq| event(room, seq))));
        assert_eq!(seqs(&ear.outbox), [7, 8]);
    }

    #[test]
    fn a_block_is_the_last_entry_that_the_blocked_one_gets() {
        let room = room();
        let mut listeners = Listeners::new(room);
        let (ann, bob) = (Ear::new("ann"), Ear::new("bob"));
        listeners.join(ann.listener(0), 0);
        listeners.join(bob.listener(0), 0);
        let admin = user("admin");
        let events = [
            posted(room, 1, &admin, "before", None),
            blocked(room, 2, &admin, &bob.user),
            posted(room, 3, &admin, "after", None),
        ];
        assert_eq!(listeners.deliver(renditions(events)), 1);
        assert_eq!(seqs(&ann.outbox), [1, 2, 3]);
        let got = frames(&bob.outbox);
        assert!(matches!(got.last(), Some(ServerEvent::Unsubscribed { .. })), "{got:?}");
        assert_eq!(got.len(), 4, "caught_up, 1, 2, unsubscribed");
        assert!(!bob.live.load(Ordering::Relaxed));
    }

    #[test]
    fn a_block_among_what_a_newcomer_lacks_cuts_it_off_before_it_listens() {
        let room = room();
        let mut listeners = Listeners::new(room);
        let bob = Ear::new("bob");
        let admin = user("admin");
        listeners.deliver(renditions([blocked(room, 2, &admin, &bob.user), event(room, 3)]));
        assert_eq!(listeners.join(bob.listener(1), 3), Joined::CutOff);
        assert_eq!(listeners.len(), 0);
        assert_eq!(seqs(&bob.outbox), [2]);
    }

    #[test]
    fn the_end_of_a_room_is_the_end_for_everyone() {
        let room = room();
        let mut listeners = Listeners::new(room);
        let ears = [Ear::new("ann"), Ear::new("bob")];
        for ear in &ears {
            listeners.join(ear.listener(0), 0);
        }
        listeners.deliver(renditions([deleted(room, 1, &ears[0].user)]));
        assert_eq!(listeners.len(), 0);
        for ear in &ears {
            assert!(matches!(frames(&ear.outbox).last(), Some(ServerEvent::Unsubscribed { .. })));
        }
    }

    #[test]
    fn a_slow_listener_is_closed_while_others_go_on() {
        let room = room();
        let mut listeners = Listeners::new(room);
        let (slow, quick) = (Ear::with_limit("slow", 1_000), Ear::new("quick"));
        listeners.join(slow.listener(0), 0);
        listeners.join(quick.listener(0), 0);
        for seq in 1..=20 {
            listeners.deliver(renditions([event(room, seq)]));
        }
        assert!(slow.outbox.is_closing());
        assert_eq!(listeners.len(), 1);
        assert_eq!(seqs(&quick.outbox), (1..=20).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let room = room();
        let mut listeners = Listeners::new(room);
        let long = "x".repeat(16_000);
        let ann = user("ann");
        for seq in 1..=100 {
            listeners.deliver(renditions([posted(room, seq, &ann, &long, None)]));
        }
        assert!(listeners.tail_bytes <= TAIL_MAX_BYTES);
        assert!(listeners.tail.len() < 20);
    }

    #[test]
    fn listeners_of_a_task_that_died_are_told_to_resume() {
        let ear = Ear::new("ann");
        let mut listeners = Listeners::new(room());
        listeners.join(ear.listener(0), 0);
        drop(listeners);
        assert!(ear.outbox.is_closing());
    }
}
