//! A message's row.

use chatapp_db::DbError;
use chatapp_timeline::Details;
use chatapp_types::messages::Message;
use chatapp_types::{MessageId, RoomId, SendKey, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::names::Names;
use crate::app::edit::Target;

/// A message and the particulars of its entry.
pub(super) struct MessageRow {
    /// What the index of words knows it by.
    pub(super) id: i64,
    pub(super) room_id: RoomId,
    pub(super) seq: u64,
    pub(super) message_id: MessageId,
    pub(super) author: UserId,
    pub(super) key: SendKey,
    /// `None` once it was erased.
    pub(super) body: Option<String>,
    pub(super) reply_to: Option<MessageId>,
    pub(super) at: Timestamp,
    pub(super) edited_at: Option<Timestamp>,
    pub(super) mentions: Vec<UserId>,
}

/// `SELECT` of the columns that [`MessageRow::read`] reads, and the rest of the statement.
macro_rules! select_messages {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.room_id, m.seq, m.message_id, m.author_id, m.key, m.body, m.reply_to, m.at, m.edited_at,
                    e.details
             FROM messages_messages m
             JOIN timeline_entries e ON e.room_id = m.room_id AND e.seq = m.seq ",
            $rest
        )
    };
}
pub(super) use select_messages;

impl MessageRow {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let details = Details::from_column(row.get_ref(10)?.as_str_or_null()?);
        Ok(Self {
            id: row.get(0)?,
            room_id: RoomId(row.get(1)?),
            seq: row.get::<_, i64>(2)?.unsigned_abs(),
            message_id: MessageId(row.get(3)?),
            author: UserId(row.get(4)?),
            key: SendKey(row.get(5)?),
            body: row.get(6)?,
            reply_to: row.get::<_, Option<_>>(7)?.map(MessageId),
            at: Timestamp::from_millis(row.get(8)?),
            edited_at: row.get::<_, Option<_>>(9)?.map(Timestamp::from_millis),
            mentions: details.mentions,
        })
    }

    /// The message of that id in that room.
    pub(super) fn find(conn: &Connection, room: RoomId, message: MessageId) -> Result<Option<Self>, DbError> {
        Ok(conn
            .prepare_cached(select_messages!("WHERE m.message_id = ?1 AND m.room_id = ?2"))?
            .query_row(params![message.0, room.0], Self::read)
            .optional()?)
    }

    /// What the rules look at.
    pub(super) fn target(&self) -> Target<'_> {
        Target { seq: self.seq, author: self.author, body: self.body.as_deref() }
    }

    /// The message as `reader` sees it: without text, edits and mentions once it was erased.
    pub(super) fn into_message(self, names: &mut Names<'_>, reader: UserId) -> Result<Message, DbError> {
        let deleted = self.body.is_none();
        Ok(Message {
            id: self.message_id,
            room_id: self.room_id,
            seq: self.seq,
            author: names.get(self.author)?,
            body: self.body.unwrap_or_default(),
            at: self.at,
            reply_to: self.reply_to,
            edited_at: self.edited_at.filter(|_| !deleted),
            deleted,
            mentions: if deleted { Vec::new() } else { names.get_all(&self.mentions)? },
            key: (self.author == reader).then_some(self.key),
        })
    }
}
