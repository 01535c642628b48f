//! What the hub's tests are made of.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chatapp_timeline::RoomEvent;
use chatapp_types::frame::{ServerEvent, ServerFrame};
use chatapp_types::{Entry, EntryBody, MessageId, RoomId, SendKey, Timestamp, UserId, UserRef};

use super::listeners::{Listener, ListenerId};
use super::rendition::Dialect;
use crate::socket::Outbox;

pub(crate) fn room() -> RoomId {
    RoomId::new()
}

pub(crate) fn user(name: &str) -> UserRef {
    UserRef { id: UserId::new(), username: name.to_owned() }
}

pub(crate) fn entry(room_id: RoomId, seq: u64, actor: &UserRef, body: EntryBody) -> Entry {
    Entry { room_id, seq, at: Timestamp::from_millis(1_000), actor: actor.clone(), body }
}

pub(crate) fn message(room: RoomId, seq: u64, actor: &UserRef, body: &str, key: Option<SendKey>) -> Entry {
    let posted = EntryBody::MessagePosted {
        message_id: MessageId::new(),
        ordinal: seq,
        body: body.to_owned(),
        reply_to: None,
        key,
        mentions: Vec::new(),
        deleted: false,
    };
    entry(room, seq, actor, posted)
}

pub(crate) fn posted(room: RoomId, seq: u64, actor: &UserRef, body: &str, key: Option<SendKey>) -> RoomEvent {
    RoomEvent::of(message(room, seq, actor, body, key))
}

pub(crate) fn event(room: RoomId, seq: u64) -> RoomEvent {
    posted(room, seq, &user("somebody"), "text", None)
}

pub(crate) fn edit(target_seq: u64, body: &str) -> EntryBody {
    EntryBody::MessageEdited { message_id: MessageId::new(), target_seq, body: body.to_owned(), deleted: false }
}

pub(crate) fn edited(room: RoomId, seq: u64, actor: &UserRef, target_seq: u64, body: &str) -> RoomEvent {
    RoomEvent::of(entry(room, seq, actor, edit(target_seq, body)))
}

pub(crate) fn left(room: RoomId, seq: u64, actor: &UserRef) -> RoomEvent {
    RoomEvent::of(entry(room, seq, actor, EntryBody::MemberLeft))
}

pub(crate) fn blocked(room: RoomId, seq: u64, actor: &UserRef, subject: &UserRef) -> RoomEvent {
    RoomEvent::of(entry(room, seq, actor, EntryBody::MemberBlocked { subject: subject.clone(), until: None }))
}

pub(crate) fn deleted(room: RoomId, seq: u64, actor: &UserRef) -> RoomEvent {
    RoomEvent::of(entry(room, seq, actor, EntryBody::RoomDeleted))
}

/// Somebody who listens.
pub(crate) struct Ear {
    pub(crate) user: UserRef,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) live: Arc<AtomicBool>,
}

impl Ear {
    pub(crate) fn new(name: &str) -> Self {
        Self::with_limit(name, 1024 * 1024)
    }

    pub(crate) fn with_limit(name: &str, limit: usize) -> Self {
        Self { user: user(name), outbox: Arc::new(Outbox::new(limit)), live: Arc::new(AtomicBool::new(true)) }
    }

    pub(crate) fn listener(&self, after: u64) -> Listener {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Listener {
            id: ListenerId(NEXT.fetch_add(1, Ordering::Relaxed)),
            user: self.user.clone(),
            dialect: Dialect::V1,
            outbox: self.outbox.clone(),
            live: self.live.clone(),
            after,
            floor: 0,
        }
    }
}

/// What waits in the outbox, taken out.
pub(crate) fn frames(outbox: &Outbox) -> Vec<ServerEvent> {
    outbox.taken().iter().map(|text| serde_json::from_str::<ServerFrame>(text).unwrap().event).collect()
}

/// The seqs of the entries that wait in the outbox, taken out.
pub(crate) fn seqs(outbox: &Outbox) -> Vec<u64> {
    let seq = |frame: ServerEvent| match frame {
        ServerEvent::Entry(entry) => Some(entry.seq),
        _ => None,
    };
    frames(outbox).into_iter().filter_map(seq).collect()
}
