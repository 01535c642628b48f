//! One event in the forms that sockets take it in, each made once whatever the number of sockets.

use std::cell::OnceCell;

use chatapp_timeline::RoomEvent;
use chatapp_types::frame::{ServerEvent, ServerFrame};
use chatapp_types::{EntryBody, UserId};
use serde::Serialize;

use crate::socket::Frame;

/// The interface that a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Version 1: every entry, as it came from the log.
    V1,
    /// The original interface: messages alone, as `{"username","content"}`.
    V0,
}

/// An event, ready to be handed out.
pub(super) struct Rendition {
    event: RoomEvent,
    plain: Frame,
    author: OnceCell<Frame>,
    blank: OnceCell<Frame>,
    v0: OnceCell<Option<Frame>>,
}

/// The original interface's frame.
#[derive(Serialize)]
struct V0Frame<'a> {
    username: &'a str,
    content: &'a str,
}

impl Rendition {
    /// Wraps an event. Bytes that are no text (which no event of ours has) become an empty frame: the seq is kept.
    pub(super) fn new(event: RoomEvent) -> Self {
        let plain = framed(&event.frame);
        Self { event, plain, author: OnceCell::new(), blank: OnceCell::new(), v0: OnceCell::new() }
    }

    pub(super) fn seq(&self) -> u64 {
        self.event.route.seq
    }

    /// Whether a listener of that user gets nothing after this.
    pub(super) fn ends_for(&self, user: UserId) -> bool {
        self.event.route.closes || self.event.route.ends == Some(user)
    }

    /// The frame for a listener who may read posts after `floor`; nothing where its dialect has no word for the entry.
    /// Clones share the bytes.
    pub(super) fn frame(&self, user: UserId, dialect: Dialect, floor: u64) -> Option<Frame> {
        match dialect {
            // The edit of a post from before one's time says nothing of its text.
            Dialect::V1 if self.event.route.target_seq.is_some_and(|target| target <= floor) => Some(
                self.blank.get_or_init(|| blank_frame(self.plain.as_str()).unwrap_or_else(|| Frame::text(""))).clone(),
            ),
            Dialect::V1 if self.event.route.key.is_some() && self.event.route.actor == user => {
                Some(self.author.get_or_init(|| framed(&self.event.author_frame())).clone())
            }
            Dialect::V1 => Some(self.plain.clone()),
            Dialect::V0 => self.v0.get_or_init(|| v0_frame(self.plain.as_str())).clone(),
        }
    }

    /// What it costs to keep it.
    pub(super) fn size(&self) -> usize {
        self.plain.bytes().len() + 256
    }
}

fn framed(json: &[u8]) -> Frame {
    Frame::text(std::str::from_utf8(json).unwrap_or_default())
}

/// The edit without its text, as one whose text has been erased. An entry of no known form becomes an empty frame.
fn blank_frame(frame: &str) -> Option<Frame> {
    let mut frame: ServerFrame = serde_json::from_str(frame).ok()?;
    let ServerEvent::Entry(entry) = &mut frame.event else { return None };
    let EntryBody::MessageEdited { body, deleted, .. } = &mut entry.body else { return None };
    body.clear();
    *deleted = true;
    Some(Frame::json(&frame))
}

fn v0_frame(frame: &str) -> Option<Frame> {
    let frame: ServerFrame = serde_json::from_str(frame).ok()?;
    let ServerEvent::Entry(entry) = frame.event else { return None };
    let EntryBody::MessagePosted { body, deleted: false, .. } = &entry.body else { return None };
    Some(Frame::json(&V0Frame { username: &entry.actor.username, content: body }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chatapp_types::SendKey;

    use super::*;
    use crate::hub::testing::{edited, left, posted, room, user};

    #[test]
    fn the_key_is_in_the_authors_frame_alone() {
        let (ann, bob) = (user("ann"), user("bob"));
        let key = SendKey::new();
        let rendition = Rendition::new(posted(room(), 3, &ann, "hi", Some(key)));
        let own = rendition.frame(ann.id, Dialect::V1, 0).unwrap();
        let others = rendition.frame(bob.id, Dialect::V1, 0).unwrap();
        assert!(own.as_str().contains(&key.to_string()));
        assert!(!others.as_str().contains(&key.to_string()));
    }

    #[test]
    fn every_listener_gets_the_same_bytes() {
        let rendition = Rendition::new(posted(room(), 3, &user("ann"), "hi", None));
        let a = rendition.frame(user("x").id, Dialect::V1, 0).unwrap();
        let b = rendition.frame(user("y").id, Dialect::V1, 0).unwrap();
        assert_eq!(a.as_str().as_ptr(), b.as_str().as_ptr());
    }

    #[test]
    fn the_original_interface_gets_messages_and_nothing_else() {
        let ann = user("ann");
        let message = Rendition::new(posted(room(), 3, &ann, "hi \"there\"", None));
        let frame = message.frame(ann.id, Dialect::V0, 0).unwrap();
        assert_eq!(frame.as_str(), r#"{"username":"ann","content":"hi \"there\""}"#);
        assert_eq!(Rendition::new(left(room(), 4, &ann)).frame(ann.id, Dialect::V0, 0), None);
    }

    #[test]
    fn who_may_not_read_a_post_gets_its_edit_without_the_text() {
        let ann = user("ann");
        let rendition = Rendition::new(edited(room(), 9, &ann, 4, "the secret"));
        let frame = |floor| rendition.frame(ann.id, Dialect::V1, floor).unwrap();
        assert!(frame(0).as_str().contains("the secret"));
        assert!(frame(3).as_str().contains("the secret"));
        let blank = frame(4);
        assert!(!blank.as_str().contains("secret"), "{blank:?}");
        let seen: ServerFrame = serde_json::from_str(blank.as_str()).unwrap();
        let ServerEvent::Entry(entry) = seen.event else { panic!("not an entry") };
        assert_eq!((entry.seq, entry.actor), (9, ann.clone()));
        let EntryBody::MessageEdited { target_seq, body, deleted, .. } = entry.body else { panic!("no edit") };
        assert_eq!((target_seq, body.as_str(), deleted), (4, "", true));
        assert_eq!(frame(8).as_str().as_ptr(), blank.as_str().as_ptr(), "made once");
        assert_eq!(rendition.frame(ann.id, Dialect::V0, 4), None);
    }
}
