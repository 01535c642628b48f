//! The rooms that are followed: what calls for attention in them, also while one is elsewhere.

use std::collections::HashMap;

use chatapp_client::sanitize;
use chatapp_types::rooms::Room;
use chatapp_types::{Entry, EntryBody, RoomId, Timestamp, UserId};

use crate::attention::{Call, Pace, Paced};
use crate::command::Level;

/// Rooms whose entries come in.
#[derive(Debug, Default)]
pub(super) struct Followed {
    rooms: HashMap<RoomId, FollowedRoom>,
    /// The room that one is in.
    here: Option<RoomId>,
    /// The room that one was in before.
    before: Option<RoomId>,
}

#[derive(Debug)]
struct FollowedRoom {
    name: String,
    /// Whether what comes is live, rather than what was missed.
    is_live: bool,
    pace: Pace,
    /// Whether it was told that there is something new, and whether that names one.
    told: Option<bool>,
}

impl Followed {
    /// Adds a room; `false` if it is followed already.
    pub(super) fn add(&mut self, room: &Room) -> bool {
        let is_new = !self.rooms.contains_key(&room.id);
        let known = self.rooms.entry(room.id).or_insert_with(|| FollowedRoom {
            name: String::new(),
            is_live: false,
            pace: Pace::default(),
            told: None,
        });
        known.name.clone_from(&room.name);
        is_new
    }

    pub(super) fn remove(&mut self, room: RoomId) {
        self.rooms.remove(&room);
        self.here = self.here.filter(|here| *here != room);
        self.before = self.before.filter(|before| *before != room);
    }

    /// The names that can be completed.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.rooms.values().map(|r| r.name.clone()).collect();
        names.sort();
        names
    }

    /// One is in this room from now on: what was new there is seen.
    pub(super) fn arrive(&mut self, room: RoomId) {
        if self.here != Some(room) {
            self.before = self.here.replace(room).or(self.before);
        }
        if let Some(room) = self.rooms.get_mut(&room) {
            room.told = None;
            room.pace.forget();
        }
    }

    /// The room that one is in, or was in last.
    pub(super) const fn here(&self) -> Option<RoomId> {
        self.here
    }

    /// The room before it.
    pub(super) const fn before(&self) -> Option<RoomId> {
        self.before
    }

    /// What comes of a room is live from now on; gives what was missed.
    pub(super) fn caught_up(&mut self, room: RoomId, now: Timestamp) -> Option<Call> {
        let room = self.rooms.get_mut(&room)?;
        room.is_live = true;
        room.pace.due(now)
    }

    /// What comes next was missed.
    pub(super) fn lost(&mut self) {
        self.rooms.values_mut().for_each(|room| room.is_live = false);
    }

    /// What becomes of an entry that calls for the attention of `me`; `None` for one that does not.
    pub(super) fn call(&mut self, entry: &Entry, level: Level, me: UserId, now: Timestamp) -> Option<Paced> {
        let room = self.rooms.get_mut(&entry.room_id)?;
        if let EntryBody::RoomRenamed { name } = &entry.body {
            room.name.clone_from(name);
        }
        let EntryBody::MessagePosted { body, mentions, deleted: false, .. } = &entry.body else { return None };
        let mention = mentions.iter().any(|u| u.id == me);
        if entry.actor.id == me || !level.calls(mention) {
            return None;
        }
        let call = Call {
            room_id: entry.room_id,
            room: room.name.clone(),
            seq: entry.seq,
            at: entry.at,
            author: entry.actor.username.clone(),
            text: body.clone(),
            mention,
            count: 1,
        };
        Some(room.pace.take(call, room.is_live, now))
    }

    /// The calls that waited.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Call> {
        self.rooms.values_mut().filter(|room| room.is_live).filter_map(|room| room.pace.due(now)).collect()
    }

    /// The line that tells of a call from elsewhere: one a room until one was there, for a line each would be too many.
    pub(super) fn line(&mut self, call: &Call, is_in_room: bool) -> Option<String> {
        if is_in_room && self.here == Some(call.room_id) {
            return None;
        }
        let room = self.rooms.get_mut(&call.room_id)?;
        if room.told.is_some_and(|named| named || !call.mention) {
            return None;
        }
        room.told = Some(call.mention);
        let (author, name) = (sanitize::line(&call.author), sanitize::line(&call.room));
        let what = if call.mention { format!("{author} names you in {name}") } else { format!("new in {name}") };
        Some(format!("({what}; :next goes there)"))
    }
}

#[cfg(test)]
mod tests {
    use chatapp_types::{MessageId, UserRef};

    use super::super::testing::room;
    use super::*;

    fn said(room: &Room, seq: u64, mentions: &[&UserRef]) -> Entry {
        let body = EntryBody::MessagePosted {
            message_id: MessageId::new(),
            ordinal: seq,
            body: "hello".to_owned(),
            reply_to: None,
            key: None,
            mentions: mentions.iter().map(|u| (*u).clone()).collect(),
            deleted: false,
        };
        let actor = UserRef { id: UserId::new(), username: "bob".to_owned() };
        Entry { room_id: room.id, seq, at: Timestamp::from_millis(0), actor, body }
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(1_000_000)
    }

    fn ann() -> UserRef {
        UserRef { id: UserId::new(), username: "ann".to_owned() }
    }

    /// The calls that are raised at once for so many messages.
    fn raised(followed: &mut Followed, room: &Room, me: &UserRef, count: u64) -> Vec<Call> {
        let paced = (1..=count).filter_map(|seq| followed.call(&said(room, seq, &[me]), Level::Mentions, me.id, now()));
        paced.filter_map(|p| if let Paced::Now(call) = p { Some(*call) } else { None }).collect()
    }

    #[test]
    fn a_room_that_names_one_while_one_is_elsewhere_is_told_of_once_until_one_was_there() {
        let (mut followed, hall, lab, me) = (Followed::default(), room("hall"), room("lab"), ann());
        followed.add(&hall);
        followed.add(&lab);
        followed.caught_up(lab.id, now());
        followed.arrive(hall.id);
        let calls = raised(&mut followed, &lab, &me, 1);
        assert_eq!(followed.line(&calls[0], true).as_deref(), Some("(bob names you in lab; :next goes there)"));
        assert_eq!(followed.line(&calls[0], true), None);
        followed.arrive(lab.id);
        assert_eq!(followed.line(&calls[0], true), None, "one is there");
        followed.arrive(hall.id);
        assert!(followed.line(&calls[0], true).is_some());
        assert_eq!(followed.before(), Some(lab.id));
    }

    #[test]
    fn a_busy_room_does_not_call_for_each_message() {
        let (mut followed, lab, me) = (Followed::default(), room("lab"), ann());
        followed.add(&lab);
        followed.caught_up(lab.id, now());
        assert_eq!(raised(&mut followed, &lab, &me, 500).len(), 1);
        let rest = followed.due(now());
        assert_eq!(rest.iter().map(|call| call.count).collect::<Vec<_>>(), [499]);
    }

    #[test]
    fn what_was_missed_is_told_at_once() {
        let (mut followed, lab, me) = (Followed::default(), room("lab"), ann());
        followed.add(&lab);
        assert!(raised(&mut followed, &lab, &me, 3).is_empty());
        assert_eq!(followed.caught_up(lab.id, now()).map(|call| call.count), Some(3));
    }

    #[test]
    fn what_names_nobody_calls_only_where_that_is_wished() {
        let (mut followed, lab, me) = (Followed::default(), room("lab"), ann());
        followed.add(&lab);
        followed.caught_up(lab.id, now());
        assert_eq!(followed.call(&said(&lab, 1, &[]), Level::Mentions, me.id, now()), None);
        assert_eq!(followed.call(&said(&lab, 2, &[&me]), Level::None, me.id, now()), None);
        assert!(followed.call(&said(&lab, 3, &[]), Level::All, me.id, now()).is_some());
    }
}
