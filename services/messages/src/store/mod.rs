//! What the service asks of a database, in its own words.
//!
//! Each method is one business operation and atomic in itself: it decides by the rules in [`crate::app`] with what it
//! reads under the lock of the room's head, writes, commits, and hands the committed entry to the publisher in the
//! order of the log. A future that is dropped does not undo what was begun.

pub mod mssql;
pub mod republish;
pub mod sqlite;

use std::collections::BTreeMap;

use async_trait::async_trait;
use chatapp_timeline::Publisher;
use chatapp_types::messages::{Message, MessagePage, PostedMessage, SearchHit, TimelinePage, UnreadRoom};
use chatapp_types::{Cursor, MessageId, Page, RoomId, SendKey, Timestamp, UserId, UserRef};

use crate::app::body::MessageBody;
use crate::app::delete::Deleter;
use crate::app::history::HistoryPart;
use crate::app::search::SearchQuery;
use crate::error::StoreError;

pub use mssql::MssqlMessageStore;
pub use sqlite::SqliteMessageStore;

/// A message to post.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Where.
    pub room: RoomId,
    /// By whom.
    pub author: UserRef,
    /// The idempotency key.
    pub key: SendKey,
    /// The text.
    pub body: MessageBody,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
}

impl NewMessage {
    /// The message as it was first stored, whatever happened to it since.
    pub(crate) fn first_form(self, id: MessageId, seq: u64, at: Timestamp, mentions: Vec<UserRef>) -> Message {
        Message {
            id,
            room_id: self.room,
            seq,
            author: self.author,
            body: self.body.into_string(),
            at,
            reply_to: self.reply_to,
            edited_at: None,
            deleted: false,
            mentions,
            key: Some(self.key),
        }
    }
}

/// An edit of a message.
#[derive(Clone, Debug)]
pub struct NewEdit {
    /// Where.
    pub room: RoomId,
    /// Which message.
    pub message: MessageId,
    /// By whom.
    pub editor: UserRef,
    /// The new text.
    pub body: MessageBody,
}

/// A deletion of a message.
#[derive(Clone, Debug)]
pub struct NewDeletion {
    /// Where.
    pub room: RoomId,
    /// Which message.
    pub message: MessageId,
    /// What the deleter is called.
    pub username: String,
    /// By whom.
    pub deleter: Deleter,
}

/// A search.
#[derive(Clone, Debug)]
pub struct NewSearch {
    /// Who searches.
    pub reader: UserId,
    /// For what.
    pub query: SearchQuery,
    /// In this room alone.
    pub room: Option<RoomId>,
    /// Where the page before ended.
    pub after: Option<SearchKey>,
    /// Finds of the page at most.
    pub limit: u32,
}

/// Where a page of finds ended. Opaque to all but the store that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SearchKey {
    /// The last find's place in the order of all messages.
    pub id: i64,
}

impl SearchKey {
    /// Reads a cursor.
    pub fn decode(cursor: &Cursor) -> Result<Self, chatapp_types::page::BadCursor> {
        cursor.decode()
    }
}

/// A message as version 0 shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainMessage {
    /// The entry of its post.
    pub seq: u64,
    /// What its author is called.
    pub username: String,
    /// The text.
    pub body: String,
    /// When.
    pub at: Timestamp,
}

/// Messages, their texts, markers and the index of words.
#[async_trait]
pub trait MessageStore: Send + Sync + 'static {
    /// Posts a message, or gives the original answer to a repeat of its key. The author's marker moves to it.
    async fn post(&self, new: NewMessage) -> Result<PostedMessage, StoreError>;

    /// Replaces the text of a message. The same text again changes nothing and appends nothing.
    async fn edit(&self, edit: NewEdit) -> Result<Message, StoreError>;

    /// Erases a message's text, its edits, its mentions and its words in the index; key and hash stay. A repeat
    /// changes nothing.
    async fn delete(&self, deletion: NewDeletion) -> Result<(), StoreError>;

    /// A page of messages as they are now, oldest first, deleted ones without their text.
    async fn history(
        &self,
        reader: UserId,
        room: RoomId,
        part: HistoryPart,
        limit: u32,
    ) -> Result<MessagePage, StoreError>;

    /// A message as it is now, unless `reader` may not see it.
    async fn message(&self, reader: UserId, room: RoomId, message: MessageId) -> Result<Message, StoreError>;

    /// A page of the log as `reader` may see it: contiguous from `after`, or from where the reader's sight begins.
    async fn timeline(&self, reader: UserId, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, StoreError>;

    /// A page of the log for services, which check for themselves whom they show it: with the keys of all posts, and
    /// also of a room that was deleted.
    async fn log(&self, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, StoreError>;

    /// The heads of those of the rooms that have a log.
    async fn heads(&self, rooms: Vec<RoomId>) -> Result<BTreeMap<RoomId, u64>, StoreError>;

    /// Moves a reader's marker forward to `seq`, or to the head when that is beyond it. Never moves it back.
    async fn mark_read(&self, reader: UserId, room: RoomId, seq: u64) -> Result<(), StoreError>;

    /// The unread counts of every room the user is in. A message counts until the marker passes it, deleted or not;
    /// a mention counts while its text exists.
    async fn unread(&self, user: UserId) -> Result<Vec<UnreadRoom>, StoreError>;

    /// Messages that have all the words, newest first, in rooms that the reader may read now. Finds every message
    /// that was acknowledged before the call. A page may hold fewer than asked for, or none, and yet have a cursor: the
    /// work for one page is bounded.
    async fn search(&self, search: NewSearch) -> Result<Page<SearchHit>, StoreError>;

    /// The latest `limit` messages that were not deleted of the room that version 0 means by `name`, oldest first. A
    /// public room shows them to whoever could join it and see them then.
    async fn plain_history(&self, reader: UserId, name: String, limit: u32) -> Result<Vec<PlainMessage>, StoreError>;

    /// The room that version 0 means by `name` for this user: one of that name that the user is in, else the public
    /// one.
    async fn room_named(&self, user: UserId, name: String) -> Result<RoomId, StoreError>;

    /// Puts committed entries on the bus.
    fn publisher(&self) -> &Publisher;

    /// Remembers how far the events of each room have been sent. A mark never goes back.
    async fn advance_published(&self, marks: Vec<(RoomId, u64)>) -> Result<(), StoreError>;

    /// At most `limit` rooms that have entries committed before `before` whose events are not known to have been
    /// sent, and how far they are known to have been.
    async fn unpublished(&self, before: Timestamp, limit: u32) -> Result<Vec<(RoomId, u64)>, StoreError>;

    /// Adds a batch of texts to the index. Returns whether more wait; costs nothing when none do.
    async fn index_batch(&self) -> Result<bool, StoreError>;

    /// Erases a batch of what is left of deleted rooms: texts, edits, mentions, words, markers. Returns whether more
    /// waits.
    async fn erase_batch(&self) -> Result<bool, StoreError>;
}
