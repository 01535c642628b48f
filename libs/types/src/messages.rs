//! Messages on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Entry, MessageId, RoomId, SendKey, Timestamp, UserRef};

/// `POST /v1/rooms/{room_id}/messages`, with the header `Idempotency-Key: <uuid>`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostMessageRequest {
    /// The text: 1–4,000 characters, at most 16 KiB.
    #[schema(min_length = 1, max_length = 4000)]
    pub body: String,
    /// The message this one answers, of the same room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
}

/// `PATCH /v1/rooms/{room_id}/messages/{message_id}`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditMessageRequest {
    /// The new text: 1–4,000 characters, at most 16 KiB.
    #[schema(min_length = 1, max_length = 4000)]
    pub body: String,
}

/// A message as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its room.
    pub room_id: RoomId,
    /// Its place in the room's order.
    pub seq: u64,
    /// Who wrote it.
    pub author: UserRef,
    /// The text as it is now; empty when deleted.
    pub body: String,
    /// When it was posted.
    pub at: Timestamp,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// When it was last edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// Whether it was deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// Members named in it when it was posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserRef>,
    /// Its idempotency key; only its author gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SendKey>,
}

/// The answer to a post: 201, or 200 for a repeat of the same key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PostedMessage {
    /// The message, as it was first stored.
    #[serde(flatten)]
    pub message: Message,
    /// True when this key had been used for it before.
    pub duplicate: bool,
}

/// A page of history, in the order of the log. `next_cursor` is not used here: page by `before`/`after` a seq.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessagePage {
    /// The messages, oldest first.
    pub items: Vec<Message>,
    /// Whether there are older ones than the first.
    pub has_before: bool,
    /// Whether there are newer ones than the last.
    pub has_after: bool,
    /// The room's head when this was read.
    pub head: u64,
}

/// A page of the log, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelinePage {
    /// The entries, contiguous from `after + 1` (or from the first that the caller may read).
    pub items: Vec<Entry>,
    /// The room's head when this was read.
    pub head: u64,
    /// The lowest seq that the caller may read, less one: a cursor below it is moved up to it.
    pub floor: u64,
}

/// `PUT /v1/rooms/{room_id}/read`: a marker only moves forward.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadRequest {
    /// The last seq one has read.
    #[serde(deserialize_with = "crate::seq::required")]
    pub seq: u64,
}

/// The unread counts of one room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnreadRoom {
    /// The room.
    pub room_id: RoomId,
    /// Messages after one's marker.
    pub messages: u64,
    /// Those of them that name one.
    pub mentions: u64,
    /// The seq after which they count: one's marker, or where one came in when that is later.
    pub read_seq: u64,
    /// The room's head.
    pub head: u64,
}

/// `GET /v1/unread`: every room one is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnreadResponse {
    /// A row a room.
    pub items: Vec<UnreadRoom>,
}

/// One find of a search, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    /// The message.
    pub message: Message,
    /// The room's name.
    pub room_name: String,
}
