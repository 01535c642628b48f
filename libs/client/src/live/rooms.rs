//! Where each room stands: pure bookkeeping that turns whatever arrives into a strictly contiguous feed.
//!
//! What arrives may be doubled, have holes, or be announced by a head alone; the log, read by REST, is the truth. While a
//! room's log is being read its pushed entries are only noted (the reading will bring them), so memory stays bounded and
//! nothing is given twice. The caller does the reading: [`Step::Read`] asks for it, [`Rooms::on_page`] takes the result.

use std::collections::BTreeMap;

use chatapp_types::frame::ServerEvent;
use chatapp_types::messages::TimelinePage;
use chatapp_types::{Entry, ErrorCode, RoomId};

use super::event::Event;
use crate::ClientError;

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Tell the owner.
    Emit(Event),
    /// Read the room's log after `after`; `again` counts the readings before it that brought nothing.
    Read { room_id: RoomId, after: u64, again: u32 },
}

/// The rooms of one feed.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    rooms: BTreeMap<RoomId, Room>,
}

#[derive(Debug, Default)]
struct Room {
    /// The last seq given; `None` until the head is known from which on the owner wants entries.
    cursor: Option<u64>,
    /// The highest seq known to exist.
    head: u64,
    reading: bool,
    fruitless: u32,
    /// Whether `CaughtUp` is still owed.
    catching_up: bool,
}

impl Room {
    fn new(after: Option<u64>) -> Self {
        Self { cursor: after, catching_up: true, ..Self::default() }
    }
}

impl Rooms {
    pub(super) fn subscribe(&mut self, room_id: RoomId, after: Option<u64>) {
        self.rooms.insert(room_id, Room::new(after));
    }

    pub(super) fn unsubscribe(&mut self, room_id: RoomId) -> bool {
        self.rooms.remove(&room_id).is_some()
    }

    /// Every room with its cursor, for a new connection; readings of the old one are void.
    pub(super) fn restart(&mut self) -> Vec<(RoomId, Option<u64>)> {
        self.void_readings();
        for room in self.rooms.values_mut() {
            room.catching_up = true;
        }
        self.cursors()
    }

    /// No reading is under way any more.
    pub(super) fn void_readings(&mut self) {
        for room in self.rooms.values_mut() {
            room.reading = false;
            room.fruitless = 0;
        }
    }

    pub(super) fn cursors(&self) -> Vec<(RoomId, Option<u64>)> {
        self.rooms.iter().map(|(id, room)| (*id, room.cursor)).collect()
    }

    /// Takes an event of the server; those that concern no room's order are passed on by the caller.
    pub(super) fn on_event(&mut self, event: ServerEvent) -> Vec<Step> {
        match event {
            ServerEvent::Subscribed { room_id, head } => self.on_subscribed(room_id, head),
            ServerEvent::Entry(entry) => self.on_entry(entry),
            ServerEvent::CaughtUp { room_id, seq } => self.on_head(room_id, seq),
            ServerEvent::Gap { room_id, to, .. } => self.on_head(room_id, to),
            ServerEvent::Heads { rooms } => {
                rooms.into_iter().flat_map(|(room_id, head)| self.on_head(room_id, head)).collect()
            }
            ServerEvent::Unsubscribed { room_id } => self.end(room_id, None),
            _ => Vec::new(),
        }
    }

    fn on_subscribed(&mut self, room_id: RoomId, head: u64) -> Vec<Step> {
        if let Some(room) = self.rooms.get_mut(&room_id) {
            room.cursor.get_or_insert(head);
            // What lies between follows by itself, then `caught_up`: nothing to read yet.
            room.head = room.head.max(room.cursor.unwrap_or(head));
        }
        Vec::new()
    }

    fn on_entry(&mut self, entry: Box<Entry>) -> Vec<Step> {
        let room_id = entry.room_id;
        let Some(room) = self.rooms.get_mut(&room_id) else { return Vec::new() };
        room.head = room.head.max(entry.seq);
        match room.cursor {
            Some(cursor) if entry.seq <= cursor => Vec::new(),
            Some(cursor) if !room.reading && entry.seq == cursor + 1 => {
                room.cursor = Some(entry.seq);
                vec![Step::Emit(Event::Entry(entry))]
            }
            _ => self.read_on(room_id),
        }
    }

    /// The room's head is at least `head`, and what is below it has been sent, if it was.
    fn on_head(&mut self, room_id: RoomId, head: u64) -> Vec<Step> {
        if let Some(room) = self.rooms.get_mut(&room_id) {
            room.cursor.get_or_insert(head);
            room.head = room.head.max(head);
        }
        self.read_on(room_id)
    }

    /// Asks for a reading if one is needed and none is under way; else says that the room is caught up, once.
    fn read_on(&mut self, room_id: RoomId) -> Vec<Step> {
        let Some(room) = self.rooms.get_mut(&room_id) else { return Vec::new() };
        let Some(cursor) = room.cursor else { return Vec::new() };
        if room.reading {
            return Vec::new();
        }
        if cursor < room.head {
            room.reading = true;
            return vec![Step::Read { room_id, after: cursor, again: room.fruitless }];
        }
        if std::mem::take(&mut room.catching_up) {
            return vec![Step::Emit(Event::CaughtUp { room_id, seq: cursor })];
        }
        Vec::new()
    }

    /// Asks for a reading of a room whose head is not known from any push (polling).
    pub(super) fn poll(&mut self, room_id: RoomId) -> Option<Step> {
        let room = self.rooms.get_mut(&room_id)?;
        (!std::mem::replace(&mut room.reading, true)).then_some(Step::Read {
            room_id,
            after: room.cursor.unwrap_or(0),
            again: room.fruitless,
        })
    }

    /// Takes the result of a reading.
    pub(super) fn on_page(&mut self, room_id: RoomId, result: Result<TimelinePage, ClientError>) -> Vec<Step> {
        let Some(room) = self.rooms.get_mut(&room_id) else { return Vec::new() };
        room.reading = false;
        let page = match result {
            Ok(page) => page,
            Err(e) if hides_room(&e) => return self.end(room_id, e.code()),
            Err(_) => {
                room.fruitless += 1;
                return self.read_on(room_id);
            }
        };
        room.head = room.head.max(page.head);
        // The owner wanted the entries from now on, and this page told what is now.
        let mut cursor = room.cursor.unwrap_or(page.head).max(page.floor);
        let before = room.cursor;
        let mut steps = Vec::new();
        for entry in page.items {
            if entry.seq == cursor + 1 {
                cursor = entry.seq;
                steps.push(Step::Emit(Event::Entry(Box::new(entry))));
            }
        }
        room.cursor = Some(cursor);
        room.fruitless = if room.cursor == before { room.fruitless + 1 } else { 0 };
        steps.extend(self.read_on(room_id));
        steps
    }

    /// The room can no longer be read.
    pub(super) fn end(&mut self, room_id: RoomId, code: Option<ErrorCode>) -> Vec<Step> {
        if self.unsubscribe(room_id) { vec![Step::Emit(Event::RoomEnded { room_id, code })] } else { Vec::new() }
    }
}

/// Whether an error says that one may not read the room, now and on another try.
pub(super) fn hides_room(error: &ClientError) -> bool {
    error.code().is_some_and(is_hidden)
}

/// The codes that end a subscription.
pub(super) const fn is_hidden(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::RoomNotFound
            | ErrorCode::NotAMember
            | ErrorCode::Blocked
            | ErrorCode::Forbidden
            | ErrorCode::InsufficientScope
    )
}

#[cfg(test)]
mod tests {
    use chatapp_types::{EntryBody, Timestamp, UserId, UserRef};
    use proptest::prelude::*;

    use super::*;

    fn entry(room_id: RoomId, seq: u64) -> Entry {
        let actor = UserRef { id: UserId(uuid::Uuid::nil()), username: "ann".to_owned() };
        Entry { room_id, seq, at: Timestamp::from_millis(0), actor, body: EntryBody::MemberJoined }
    }

    fn pushed(room_id: RoomId, seq: u64) -> ServerEvent {
        ServerEvent::Entry(Box::new(entry(room_id, seq)))
    }

    /// The log as the server gives it: `limit` entries after `after`, none at or below `floor`.
    fn page(room_id: RoomId, head: u64, floor: u64, after: u64, limit: u64) -> TimelinePage {
        let from = after.max(floor) + 1;
        let items = (from..=head.min(from + limit - 1)).map(|seq| entry(room_id, seq)).collect();
        TimelinePage { items, head, floor }
    }

    fn given(steps: &[Step]) -> Vec<u64> {
        let seq = |step: &Step| match step {
            Step::Emit(Event::Entry(e)) => Some(e.seq),
            _ => None,
        };
        steps.iter().filter_map(seq).collect()
    }

    #[test]
    fn a_doubled_entry_is_given_once() {
        let room = RoomId::new();
        let mut rooms = Rooms::default();
        rooms.subscribe(room, Some(4));
        assert_eq!(given(&rooms.on_event(pushed(room, 5))), [5]);
        assert_eq!(rooms.on_event(pushed(room, 5)), []);
    }

    #[test]
    fn a_hole_is_filled_from_the_log_before_what_follows_it() {
        let room = RoomId::new();
        let mut rooms = Rooms::default();
        rooms.subscribe(room, Some(1));
        assert_eq!(rooms.on_event(pushed(room, 4)), [Step::Read { room_id: room, after: 1, again: 0 }]);
        assert_eq!(rooms.on_event(pushed(room, 5)), [], "one reading at a time");
        let steps = rooms.on_page(room, Ok(page(room, 4, 0, 1, 200)));
        assert_eq!(given(&steps), [2, 3, 4]);
        assert_eq!(steps.last(), Some(&Step::Read { room_id: room, after: 4, again: 0 }), "5 was only noted");
        assert_eq!(given(&rooms.on_page(room, Ok(page(room, 5, 0, 4, 200)))), [5]);
    }

    #[test]
    fn the_loss_of_the_last_entry_is_noticed_by_its_head() {
        let room = RoomId::new();
        let mut rooms = Rooms::default();
        rooms.subscribe(room, Some(7));
        let heads = ServerEvent::Heads { rooms: [(room, 8)].into() };
        assert_eq!(rooms.on_event(heads), [Step::Read { room_id: room, after: 7, again: 0 }]);
        let heads = ServerEvent::Heads { rooms: [(room, 8), (RoomId::new(), 3)].into() };
        assert_eq!(rooms.on_event(heads), [], "it is being read");
    }

    #[test]
    fn without_a_cursor_the_feed_starts_at_the_head() {
        let room = RoomId::new();
        let mut rooms = Rooms::default();
        rooms.subscribe(room, None);
        rooms.on_event(ServerEvent::Subscribed { room_id: room, head: 30 });
        let caught_up = rooms.on_event(ServerEvent::CaughtUp { room_id: room, seq: 30 });
        assert_eq!(caught_up, [Step::Emit(Event::CaughtUp { room_id: room, seq: 30 })]);
        assert_eq!(given(&rooms.on_event(pushed(room, 31))), [31]);
    }

    #[test]
    fn polling_without_a_cursor_starts_at_the_head() {
        let room = RoomId::new();
        let mut rooms = Rooms::default();
        rooms.subscribe(room, None);
        assert_eq!(rooms.poll(room), Some(Step::Read { room_id: room, after: 0, again: 0 }));
        assert_eq!(given(&rooms.on_page(room, Ok(page(room, 30, 0, 0, 200)))), [] as [u64; 0]);
        assert_eq!(rooms.cursors(), [(room, Some(30))]);
    }

    #[test]
    fn what_one_may_not_read_is_stepped_over() {
        let room = RoomId::new();
        let mut rooms = Rooms::default();
        rooms.subscribe(room, Some(0));
        rooms.on_event(ServerEvent::Gap { room_id: room, from: 1, to: 12 });
        assert_eq!(given(&rooms.on_page(room, Ok(page(room, 12, 10, 0, 200)))), [11, 12]);
    }

    #[test]
    fn a_room_that_one_is_put_out_of_ends() {
        let room = RoomId::new();
        let mut rooms = Rooms::default();
        rooms.subscribe(room, Some(1));
        rooms.on_event(pushed(room, 3));
        let steps = rooms.on_page(room, Err(ErrorCode::RoomNotFound.into()));
        assert_eq!(steps, [Step::Emit(Event::RoomEnded { room_id: room, code: Some(ErrorCode::RoomNotFound) })]);
        assert_eq!(rooms.on_event(pushed(room, 4)), []);
    }

    #[test]
    fn a_reading_that_fails_is_repeated() {
        let room = RoomId::new();
        let mut rooms = Rooms::default();
        rooms.subscribe(room, Some(1));
        rooms.on_event(pushed(room, 3));
        let steps = rooms.on_page(room, Err(ErrorCode::Unavailable.into()));
        assert_eq!(steps, [Step::Read { room_id: room, after: 1, again: 1 }]);
    }

    /// What may happen between the server and the feed.
    #[derive(Clone, Debug)]
    enum Mishap {
        Deliver(u64),
        Head,
        ReadOk(u64),
        ReadFails,
        Reconnect,
    }

    fn mishap() -> impl Strategy<Value = Mishap> {
        prop_oneof![
            6 => (1_u64..60).prop_map(Mishap::Deliver),
            1 => Just(Mishap::Head),
            4 => (1_u64..9).prop_map(Mishap::ReadOk),
            1 => Just(Mishap::ReadFails),
            1 => Just(Mishap::Reconnect),
        ]
    }

    proptest! {
        /// Entries lost, doubled and out of order; readings short, failing, void: the feed is 1, 2, 3, … and complete.
        #[test]
        fn whatever_arrives_the_feed_is_contiguous_and_becomes_complete(story in proptest::collection::vec(mishap(), 0..120)) {
            const HEAD: u64 = 59;
            let room = RoomId::new();
            let mut rooms = Rooms::default();
            rooms.subscribe(room, Some(0));
            let mut seen = Vec::new();
            let mut reading: Option<u64> = None;
            let end = [Mishap::Reconnect, Mishap::Head].into_iter().chain((0..80).map(|_| Mishap::ReadOk(5)));
            for mishap in story.into_iter().chain(end) {
                let steps = match mishap {
                    Mishap::Deliver(seq) => rooms.on_event(pushed(room, seq)),
                    Mishap::Head => rooms.on_event(ServerEvent::Heads { rooms: [(room, HEAD)].into() }),
                    Mishap::Reconnect => {
                        reading = None;
                        rooms.restart();
                        Vec::new()
                    }
                    Mishap::ReadOk(limit) => match reading.take() {
                        Some(after) => rooms.on_page(room, Ok(page(room, HEAD, 0, after, limit))),
                        None => Vec::new(),
                    },
                    Mishap::ReadFails => match reading.take() {
                        Some(_) => rooms.on_page(room, Err(ErrorCode::Unavailable.into())),
                        None => Vec::new(),
                    },
                };
                seen.extend(given(&steps));
                for step in &steps {
                    if let Step::Read { after, .. } = step {
                        prop_assert_eq!(reading.replace(*after), None, "two readings at once");
                    }
                }
            }
            prop_assert_eq!(seen, (1..=HEAD).collect::<Vec<u64>>());
        }
    }
}
