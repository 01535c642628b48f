//! What the bus carries of a room: the entry as a finished frame, and what a gateway has to know to route it.
//!
//! The entry is serialised once, by whoever committed it; every gateway hands the same bytes to every socket.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use chatapp_types::{Entry, EntryBody, RoomId, SendKey, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// An entry on its way to the gateways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomEvent {
    /// What a gateway routes by.
    pub route: Route,
    /// The frame for everyone but the author: `{"ev":"entry",…}`, UTF-8 JSON without the key.
    pub frame: Bytes,
    /// The trace that it belongs to, where one is recorded; beside the bytes, as the bus carries it.
    pub trace: Option<Arc<str>>,
}

/// What a gateway routes an entry by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The room.
    pub room_id: RoomId,
    /// The place in the room's order.
    pub seq: u64,
    /// Who acted.
    pub actor: UserId,
    /// Whose membership ends with this entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<UserId>,
    /// Whether the room ends with this entry.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closes: bool,
    /// For an edit, the seq of the post whose text it carries: who may not read that one may not read this one either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_seq: Option<u64>,
    /// When it was committed, by the clock of whoever committed it: for measurements, and for nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The idempotency key, for the author's own sockets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SendKey>,
}

/// Bytes that are no event of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a room event")]
pub struct BadEvent;

#[derive(Serialize)]
struct EntryFrame<'a> {
    ev: &'static str,
    #[serde(flatten)]
    entry: &'a Entry,
}

impl RoomEvent {
    /// The event of a committed entry.
    pub fn of(mut entry: Entry) -> Self {
        let key = match &mut entry.body {
            EntryBody::MessagePosted { key, .. } => key.take(),
            _ => None,
        };
        let route = Route {
            room_id: entry.room_id,
            seq: entry.seq,
            actor: entry.actor.id,
            ends: entry.ends_membership_of(),
            closes: matches!(entry.body, EntryBody::RoomDeleted),
            target_seq: match entry.body {
                EntryBody::MessageEdited { target_seq, .. } => Some(target_seq),
                _ => None,
            },
            at: Some(entry.at),
            key,
        };
        // Serialising plain data into memory cannot fail; an empty frame would be skipped by its reader.
        let frame = serde_json::to_vec(&EntryFrame { ev: "entry", entry: &entry }).unwrap_or_default();
        Self { route, frame: frame.into(), trace: None }
    }

    /// The frame for the author's own sockets: with the key, where there is one.
    pub fn author_frame(&self) -> Bytes {
        let Some(key) = self.route.key else { return self.frame.clone() };
        let Some(open) = self.frame.strip_suffix(b"}") else { return self.frame.clone() };
        let mut frame = BytesMut::with_capacity(self.frame.len() + 48);
        frame.put_slice(open);
        frame.put_slice(format!(",\"key\":\"{key}\"}}").as_bytes());
        frame.freeze()
    }

    /// The bytes for the bus: the length of the route as four bytes (big endian), the route as JSON, the frame.
    pub fn encode(&self) -> Bytes {
        let route = serde_json::to_vec(&self.route).unwrap_or_default();
        let mut bytes = BytesMut::with_capacity(4 + route.len() + self.frame.len());
        bytes.put_u32(u32::try_from(route.len()).unwrap_or_default());
        bytes.put_slice(&route);
        bytes.put_slice(&self.frame);
        bytes.freeze()
    }

    /// Reads what [`RoomEvent::encode`] made; the frame shares the memory of `bytes`.
    pub fn decode(bytes: &Bytes) -> Result<Self, BadEvent> {
        let length = bytes.first_chunk::<4>().ok_or(BadEvent)?;
        let end = usize::try_from(u32::from_be_bytes(*length)).ok().and_then(|n| n.checked_add(4)).ok_or(BadEvent)?;
        let route = bytes.get(4..end).ok_or(BadEvent)?;
        let route = serde_json::from_slice(route).map_err(|_| BadEvent)?;
        let frame = bytes.slice(end..);
        std::str::from_utf8(&frame).map_err(|_| BadEvent)?;
        Ok(Self { route, frame, trace: None })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chatapp_types::frame::{ServerEvent, ServerFrame};
    use chatapp_types::{MessageId, UserRef};

    use super::*;

    fn posted(key: Option<SendKey>) -> Entry {
        Entry {
            room_id: RoomId::new(),
            seq: 9,
            at: Timestamp::from_millis(1_000),
            actor: UserRef { id: UserId::new(), username: "ann".into() },
            body: EntryBody::MessagePosted {
                message_id: MessageId::new(),
                ordinal: 3,
                body: "hello \u{1F600}".into(),
                reply_to: None,
                key,
                mentions: vec![],
                deleted: false,
            },
        }
    }

    #[test]
    fn only_the_authors_frame_has_the_key() {
        let key = SendKey::new();
        let entry = posted(Some(key));
        let event = RoomEvent::decode(&RoomEvent::of(entry.clone()).encode()).unwrap();
        let others: ServerFrame = serde_json::from_slice(&event.frame).unwrap();
        let ServerEvent::Entry(seen) = others.event else { panic!("not an entry") };
        assert!(matches!(seen.body, EntryBody::MessagePosted { key: None, .. }));
        let own: ServerFrame = serde_json::from_slice(&event.author_frame()).unwrap();
        assert_eq!(own.event, ServerEvent::Entry(Box::new(entry)));
    }

    #[test]
    fn an_edit_is_routed_by_the_post_that_it_edits_and_a_route_without_one_is_read() {
        let body = EntryBody::MessageEdited {
            message_id: MessageId::new(),
            target_seq: 4,
            body: "better".into(),
            deleted: false,
        };
        let event = RoomEvent::decode(&RoomEvent::of(Entry { body, ..posted(None) }).encode()).unwrap();
        assert_eq!(event.route.target_seq, Some(4));
        let post = RoomEvent::of(posted(None));
        assert!(!String::from_utf8_lossy(&post.encode()).contains("target_seq"));
        assert_eq!(RoomEvent::decode(&post.encode()).unwrap().route.target_seq, None);
    }

    #[test]
    fn bytes_of_any_kind_are_an_event_or_an_error() {
        for bytes in [&b""[..], b"\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x02{}", b"\0\0\0\x01x", b"\0\0\x10\0{}"] {
            assert_eq!(RoomEvent::decode(&Bytes::copy_from_slice(bytes)), Err(BadEvent));
        }
    }
}
