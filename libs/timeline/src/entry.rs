//! Entries as they are stored.

use chatapp_types::{
    Entry, EntryBody, History, MessageId, Role, RoomId, SendKey, Timestamp, UserId, UserRef, Visibility,
};
use serde::{Deserialize, Serialize};

/// An entry to append.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The kind's word, see [`EntryBody::kind`].
    pub kind: &'static str,
    /// Who acts.
    pub actor: UserId,
    /// Upon whom.
    pub subject: Option<UserId>,
    /// About which message.
    pub message_id: Option<MessageId>,
    /// When.
    pub at: Timestamp,
    /// Particulars.
    pub details: Details,
}

/// Where an entry was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its place in the room's order.
    pub seq: u64,
    /// Messages up to and including it.
    pub ordinal: u64,
}

/// A room's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last entry.
    pub seq: u64,
    /// How many entries are messages.
    pub messages: u64,
}

/// Particulars of an entry, as JSON in the database. Never a message's text: that lives in messages alone, where a
/// deletion can erase it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// A room's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A room's topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// A room's visibility.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// A room's setting for newcomers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// A member's role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// A block's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The message that is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// Members named in the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// The seq of the message that is edited or deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_seq: Option<u64>,
}

impl Details {
    /// The column's value: nothing for no particulars.
    pub fn to_column(&self) -> Option<String> {
        if *self == Self::default() { None } else { serde_json::to_string(self).ok() }
    }

    /// Reads the column. Unknown particulars of a later version are stepped over.
    pub fn from_column(text: Option<&str>) -> Self {
        text.and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default()
    }
}

/// An entry as it was read from the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// The room.
    pub room_id: RoomId,
    /// The place in the room's order.
    pub seq: u64,
    /// The kind's word.
    pub kind: String,
    /// Who acted.
    pub actor: UserId,
    /// Upon whom.
    pub subject: Option<UserId>,
    /// About which message.
    pub message_id: Option<MessageId>,
    /// Messages up to and including it.
    pub ordinal: u64,
    /// When.
    pub at: Timestamp,
    /// Particulars.
    pub details: Details,
}

/// The text that belongs to a message's entry, from messages' own tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The text as of this entry; `None` once it was erased.
    pub body: Option<String>,
    /// The idempotency key, where the reader is the author.
    pub key: Option<SendKey>,
}

impl StoredEntry {
    /// What clients see of it. `name` resolves users; `text` is asked for message entries alone. A kind that this
    /// version does not know becomes [`EntryBody::Unknown`], so that its seq is kept.
    pub fn into_entry(self, name: impl Fn(UserId) -> UserRef, text: Option<Text>) -> Entry {
        let text = text.unwrap_or_default();
        let subject = self.subject.map(&name);
        let body = body_of(&self, subject, text, &name).unwrap_or(EntryBody::Unknown);
        Entry { room_id: self.room_id, seq: self.seq, at: self.at, actor: name(self.actor), body }
    }
}

fn body_of(
    entry: &StoredEntry,
    subject: Option<UserRef>,
    text: Text,
    name: impl Fn(UserId) -> UserRef,
) -> Option<EntryBody> {
    let d = entry.details.clone();
    Some(match entry.kind.as_str() {
        "message.posted" => EntryBody::MessagePosted {
            message_id: entry.message_id?,
            ordinal: entry.ordinal,
            deleted: text.body.is_none(),
            body: text.body.unwrap_or_default(),
            reply_to: d.reply_to,
            key: text.key,
            mentions: d.mentions.into_iter().map(name).collect(),
        },
        "message.edited" => EntryBody::MessageEdited {
            message_id: entry.message_id?,
            target_seq: d.target_seq?,
            deleted: text.body.is_none(),
            body: text.body.unwrap_or_default(),
        },
        "message.deleted" => EntryBody::MessageDeleted { message_id: entry.message_id?, target_seq: d.target_seq? },
        "room.created" => EntryBody::RoomCreated { name: d.name?, visibility: d.visibility? },
        "room.renamed" => EntryBody::RoomRenamed { name: d.name? },
        "room.topic_changed" => EntryBody::RoomTopicChanged { topic: d.topic? },
        "room.visibility_changed" => EntryBody::RoomVisibilityChanged { visibility: d.visibility? },
        "room.history_changed" => EntryBody::RoomHistoryChanged { history: d.history? },
        "room.deleted" => EntryBody::RoomDeleted,
        "member.joined" => EntryBody::MemberJoined,
        "member.left" => EntryBody::MemberLeft,
        "member.added" => EntryBody::MemberAdded { subject: subject? },
        "member.removed" => EntryBody::MemberRemoved { subject: subject? },
        "member.blocked" => EntryBody::MemberBlocked { subject: subject?, until: d.until },
        "member.unblocked" => EntryBody::MemberUnblocked { subject: subject? },
        "member.role_changed" => EntryBody::MemberRoleChanged { subject: subject?, role: d.role? },
        _ => return None,
    })
}

impl NewEntry {
    /// The entry that says `body`. The texts within `body` (a message's) are left out: they are stored elsewhere.
    pub fn of(actor: UserId, at: Timestamp, body: &EntryBody) -> Self {
        let mut details = Details::default();
        let mut about = None;
        match body {
            EntryBody::MessagePosted { message_id, reply_to, mentions, .. } => {
                about = Some(*message_id);
                details.reply_to = *reply_to;
                details.mentions = mentions.iter().map(|m| m.id).collect();
            }
            EntryBody::MessageEdited { message_id, target_seq, .. }
            | EntryBody::MessageDeleted { message_id, target_seq } => {
                about = Some(*message_id);
                details.target_seq = Some(*target_seq);
            }
            EntryBody::RoomCreated { name, visibility } => {
                details.name = Some(name.clone());
                details.visibility = Some(*visibility);
            }
            EntryBody::RoomRenamed { name } => details.name = Some(name.clone()),
            EntryBody::RoomTopicChanged { topic } => details.topic = Some(topic.clone()),
            EntryBody::RoomVisibilityChanged { visibility } => details.visibility = Some(*visibility),
            EntryBody::RoomHistoryChanged { history } => details.history = Some(*history),
            EntryBody::MemberBlocked { until, .. } => details.until = *until,
            EntryBody::MemberRoleChanged { role, .. } => details.role = Some(*role),
            _ => {}
        }
        let subject = body.subject().map(|user| user.id);
        Self { kind: body.kind(), actor, subject, message_id: about, at, details }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn stored(new: &NewEntry) -> StoredEntry {
        StoredEntry {
            room_id: RoomId::new(),
            seq: 4,
            kind: new.kind.to_owned(),
            actor: new.actor,
            subject: new.subject,
            message_id: new.message_id,
            ordinal: 2,
            at: new.at,
            details: Details::from_column(new.details.to_column().as_deref()),
        }
    }

    #[test]
    fn what_is_stored_of_an_entry_gives_the_entry_back() {
        let user = UserRef { id: UserId::new(), username: "bob".into() };
        let bodies = [
            EntryBody::RoomCreated { name: "den".into(), visibility: Visibility::Private },
            EntryBody::MemberBlocked { subject: user.clone(), until: Some(Timestamp::from_millis(5)) },
            EntryBody::MemberRoleChanged { subject: user.clone(), role: Role::Admin },
            EntryBody::RoomHistoryChanged { history: History::SinceJoin },
            EntryBody::MessageDeleted { message_id: MessageId::new(), target_seq: 3 },
            EntryBody::MemberJoined,
        ];
        for body in bodies {
            let new = NewEntry::of(user.id, Timestamp::from_millis(1), &body);
            let entry = stored(&new).into_entry(|id| UserRef { id, username: "bob".into() }, None);
            assert_eq!(entry.body, body);
        }
    }

    #[test]
    fn a_message_whose_text_was_erased_reads_as_deleted() {
        let body = EntryBody::MessagePosted {
            message_id: MessageId::new(),
            ordinal: 2,
            body: "secret".into(),
            reply_to: None,
            key: None,
            mentions: vec![],
            deleted: false,
        };
        let new = NewEntry::of(UserId::new(), Timestamp::from_millis(1), &body);
        assert_eq!(new.details.to_column(), None, "no text in the log");
        let entry = stored(&new).into_entry(|id| UserRef { id, username: "x".into() }, Some(Text::default()));
        assert!(matches!(entry.body, EntryBody::MessagePosted { deleted: true, body, .. } if body.is_empty()));
    }

    #[test]
    fn a_kind_of_a_later_version_keeps_its_place() {
        let mut entry = stored(&NewEntry::of(UserId::new(), Timestamp::from_millis(1), &EntryBody::MemberLeft));
        entry.kind = "room.painted_blue".into();
        let entry = entry.into_entry(|id| UserRef { id, username: "x".into() }, None);
        assert_eq!((entry.seq, entry.body), (4, EntryBody::Unknown));
    }
}
