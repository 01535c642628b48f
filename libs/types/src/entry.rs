//! An entry of a room's timeline, as clients see it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{MessageId, Role, RoomId, SendKey, Timestamp, UserId, Visibility};

/// The name shown for an account that is no more.
pub const DELETED_USER: &str = "deleted user";

/// A user, as others see one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct UserRef {
    /// The account's id.
    pub id: UserId,
    /// The account's name, or [`DELETED_USER`].
    pub username: String,
}

/// One entry of a room's log. `seq` is contiguous from 1 within the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// The room.
    pub room_id: RoomId,
    /// The place in the room's order.
    pub seq: u64,
    /// When it was committed, by the database's clock.
    pub at: Timestamp,
    /// Who did it.
    pub actor: UserRef,
    /// What happened.
    #[serde(flatten)]
    pub body: EntryBody,
}

/// What happened, tagged by `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind")]
pub enum EntryBody {
    /// A message was posted.
    #[serde(rename = "message.posted")]
    MessagePosted {
        /// The message.
        message_id: MessageId,
        /// Its ordinal among the room's messages, from 1: unread counts are subtractions of it.
        ordinal: u64,
        /// The text as it was posted; empty when the message has been deleted since.
        body: String,
        /// The message this one answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<MessageId>,
        /// The idempotency key; only its author gets it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<SendKey>,
        /// Members named by `@name` in the text.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<UserRef>,
        /// True when the text has been erased since.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        deleted: bool,
    },
    /// A message's text was replaced.
    #[serde(rename = "message.edited")]
    MessageEdited {
        /// The message.
        message_id: MessageId,
        /// The seq of its post.
        target_seq: u64,
        /// The new text; empty when the message has been deleted since.
        body: String,
        /// True when the text has been erased since.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        deleted: bool,
    },
    /// A message's text and all its edits were erased.
    #[serde(rename = "message.deleted")]
    MessageDeleted {
        /// The message.
        message_id: MessageId,
        /// The seq of its post.
        target_seq: u64,
    },
    /// The room was made; always seq 1. The actor is its owner and first member.
    #[serde(rename = "room.created")]
    RoomCreated {
        /// Its first name.
        name: String,
        /// Its first visibility.
        visibility: Visibility,
    },
    /// The room's name changed.
    #[serde(rename = "room.renamed")]
    RoomRenamed {
        /// The new name.
        name: String,
    },
    /// The room's topic changed.
    #[serde(rename = "room.topic_changed")]
    RoomTopicChanged {
        /// The new topic; empty for none.
        topic: String,
    },
    /// The room was made private or public.
    #[serde(rename = "room.visibility_changed")]
    RoomVisibilityChanged {
        /// The new visibility.
        visibility: Visibility,
    },
    /// What a newcomer may read changed.
    #[serde(rename = "room.history_changed")]
    RoomHistoryChanged {
        /// The new setting.
        history: crate::History,
    },
    /// The room is no more; always the last entry.
    #[serde(rename = "room.deleted")]
    RoomDeleted,
    /// A user joined (the actor).
    #[serde(rename = "member.joined")]
    MemberJoined,
    /// A member left (the actor).
    #[serde(rename = "member.left")]
    MemberLeft,
    /// An admin added a user.
    #[serde(rename = "member.added")]
    MemberAdded {
        /// Who was added.
        subject: UserRef,
    },
    /// An admin removed a member, who may come back if the room allows it.
    #[serde(rename = "member.removed")]
    MemberRemoved {
        /// Who was removed.
        subject: UserRef,
    },
    /// An admin blocked a user: from this entry on that user gets nothing of the room.
    #[serde(rename = "member.blocked")]
    MemberBlocked {
        /// Who was blocked.
        subject: UserRef,
        /// When the block ends by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// An admin lifted a block.
    #[serde(rename = "member.unblocked")]
    MemberUnblocked {
        /// Whose block was lifted.
        subject: UserRef,
    },
    /// A member's role changed.
    #[serde(rename = "member.role_changed")]
    MemberRoleChanged {
        /// Whose role.
        subject: UserRef,
        /// The new role.
        role: Role,
    },
    /// A kind that this version does not know; clients step over it and keep its seq.
    #[serde(other, rename = "unknown")]
    Unknown,
}

impl EntryBody {
    /// The `kind` of the wire and of the database.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::MessagePosted { .. } => "message.posted",
            Self::MessageEdited { .. } => "message.edited",
            Self::MessageDeleted { .. } => "message.deleted",
            Self::RoomCreated { .. } => "room.created",
            Self::RoomRenamed { .. } => "room.renamed",
            Self::RoomTopicChanged { .. } => "room.topic_changed",
            Self::RoomVisibilityChanged { .. } => "room.visibility_changed",
            Self::RoomHistoryChanged { .. } => "room.history_changed",
            Self::RoomDeleted => "room.deleted",
            Self::MemberJoined => "member.joined",
            Self::MemberLeft => "member.left",
            Self::MemberAdded { .. } => "member.added",
            Self::MemberRemoved { .. } => "member.removed",
            Self::MemberBlocked { .. } => "member.blocked",
            Self::MemberUnblocked { .. } => "member.unblocked",
            Self::MemberRoleChanged { .. } => "member.role_changed",
            Self::Unknown => "unknown",
        }
    }

    /// The user an admin acted upon, where there is one.
    pub const fn subject(&self) -> Option<&UserRef> {
        match self {
            Self::MemberAdded { subject }
            | Self::MemberRemoved { subject }
            | Self::MemberBlocked { subject, .. }
            | Self::MemberUnblocked { subject }
            | Self::MemberRoleChanged { subject, .. } => Some(subject),
            _ => None,
        }
    }
}

impl Entry {
    /// The user who gets nothing of the room after this entry, if it ends someone's membership.
    pub fn ends_membership_of(&self) -> Option<UserId> {
        match &self.body {
            EntryBody::MemberLeft => Some(self.actor.id),
            EntryBody::MemberRemoved { subject } | EntryBody::MemberBlocked { subject, .. } => Some(subject.id),
            _ => None,
        }
    }
}
