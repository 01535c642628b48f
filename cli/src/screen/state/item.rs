//! What is shown of a room's log.

use chatapp_types::messages::Message;
use chatapp_types::{Entry, EntryBody, MessageId, RoomId, Timestamp, UserId, UserRef};
use serde::{Deserialize, Serialize};

use crate::lines;

/// What is shown of a room's log: a message or something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
    pub(crate) author: UserRef,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    Said(Box<Said>),
    /// A line that says it, safe to show.
    Happened(String),
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) id: MessageId,
    pub(crate) text: String,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) is_edited: bool,
    pub(crate) is_deleted: bool,
    /// Whether it names the person at this terminal.
    pub(crate) names_me: bool,
}

impl Item {
    /// What an entry shows; `None` for one that needs no line, as an edit, which shows at what it changes.
    pub(crate) fn of_entry(e: &Entry, me: UserId) -> Option<Self> {
        let what = match &e.body {
            EntryBody::MessagePosted { message_id, body, reply_to, mentions, deleted, .. } => {
                What::Said(Box::new(Said {
                    id: *message_id,
                    text: body.clone(),
                    reply_to: *reply_to,
                    is_edited: false,
                    is_deleted: *deleted,
                    names_me: mentions.iter().any(|u| u.id == me),
                }))
            }
            EntryBody::MessageEdited { .. } | EntryBody::MessageDeleted { .. } => return None,
            _ => What::Happened(lines::happened(e)?),
        };
        Some(Self { seq: e.seq, at: e.at, author: e.actor.clone(), what })
    }

    /// A message as it is now.
    pub(crate) fn of_message(m: Message, me: UserId) -> Self {
        let names_me = m.mentions.iter().any(|u| u.id == me);
        let said = Said {
            id: m.id,
            text: m.body,
            reply_to: m.reply_to,
            is_edited: m.edited_at.is_some(),
            is_deleted: m.deleted,
            names_me,
        };
        Self { seq: m.seq, at: m.at, author: m.author, what: What::Said(Box::new(said)) }
    }

    /// The message that it answers.
    pub(crate) fn answers(&self) -> Option<MessageId> {
        self.said()?.reply_to
    }

    /// The message, as the gateway would give it; `None` for what happened otherwise.
    pub(crate) fn to_message(&self, room_id: RoomId) -> Option<Message> {
        let Said { id, text, reply_to, is_edited, is_deleted, .. } = self.said()?;
        Some(Message {
            id: *id,
            room_id,
            seq: self.seq,
            author: self.author.clone(),
            body: text.clone(),
            at: self.at,
            reply_to: *reply_to,
            edited_at: is_edited.then_some(self.at),
            deleted: *is_deleted,
            mentions: Vec::new(),
            key: None,
        })
    }

    pub(crate) fn said(&self) -> Option<&Said> {
        match &self.what {
            What::Said(said) => Some(said),
            What::Happened(_) => None,
        }
    }
}
