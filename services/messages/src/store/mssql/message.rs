//! A message's row.

use chatapp_db::DbError;
use chatapp_db::mssql::{Row, Session, Sql};
use chatapp_db::views::shown;
use chatapp_timeline::Details;
use chatapp_types::messages::Message;
use chatapp_types::{MessageId, RoomId, SendKey, Timestamp, UserId, UserRef};

use super::access;
use super::names::Names;
use crate::app::access::Standing;
use crate::app::edit::Target;

/// A message, its author's name, and the particulars of its entry.
pub(super) struct MessageRow {
    /// What the index of words knows it by.
    pub(super) id: i64,
    pub(super) room_id: RoomId,
    pub(super) seq: u64,
    pub(super) message_id: MessageId,
    pub(super) author: UserRef,
    pub(super) key: SendKey,
    /// `None` once it was erased.
    pub(super) body: Option<String>,
    pub(super) reply_to: Option<MessageId>,
    pub(super) at: Timestamp,
    pub(super) edited_at: Option<Timestamp>,
    pub(super) mentions: Vec<UserId>,
}

/// The columns that [`MessageRow::read`] reads.
pub(super) const COLUMNS: &str = "m.id, m.room_id, m.seq, m.message_id, m.author_id, u.username, u.deleted, m.[key], \
                                  m.body, m.reply_to, m.at, m.edited_at, e.details";

/// Where they come from.
pub(super) const FROM: &str = "FROM messages.messages m
    JOIN timeline.entries e ON e.room_id = m.room_id AND e.seq = m.seq
    LEFT JOIN auth.v_users u ON u.id = m.author_id";

impl MessageRow {
    pub(super) fn read(row: &Row) -> Result<Self, DbError> {
        let deleted = row.opt_int(6)?.is_none_or(|deleted| deleted != 0);
        Ok(Self {
            id: row.int(0)?,
            room_id: RoomId(row.id(1)?),
            seq: row.uint(2)?,
            message_id: MessageId(row.id(3)?),
            author: shown(UserId(row.id(4)?), row.opt_text(5)?, deleted),
            key: SendKey(row.id(7)?),
            body: row.opt_text(8)?,
            reply_to: row.opt_id(9)?.map(MessageId),
            at: row.time(10)?,
            edited_at: row.opt_time(11)?,
            mentions: Details::from_column(row.opt_text(12)?.as_deref()).mentions,
        })
    }

    /// The message of that id in that room, and how the user stands to the room.
    pub(super) async fn find(
        session: &mut Session,
        room: RoomId,
        message: MessageId,
        user: UserId,
        now: Timestamp,
    ) -> Result<(Standing, Option<Self>), DbError> {
        Self::found(&session.query_sets(Self::finding(room, message, user)).await?, now)
    }

    /// What asks for them.
    pub(super) fn finding(room: RoomId, message: MessageId, user: UserId) -> Sql {
        let standing = access::select("@P1", "@P2");
        let sql = format!("{standing} SELECT {COLUMNS} {FROM} WHERE m.message_id = @P3 AND m.room_id = @P1");
        Sql::new(sql).bind(room).bind(user).bind(message)
    }

    /// Reads the answer to [`Self::finding`].
    pub(super) fn found(sets: &[Vec<Row>], now: Timestamp) -> Result<(Standing, Option<Self>), DbError> {
        let [standing, rows] = sets else { return Err(missing_answer()) };
        let standing = access::standing(standing.first().ok_or_else(missing_answer)?, 0, now)?;
        Ok((standing, rows.first().map(Self::read).transpose()?))
    }

    /// What the rules look at.
    pub(super) fn target(&self) -> Target<'_> {
        Target { seq: self.seq, author: self.author.id, body: self.body.as_deref() }
    }

    /// Whom the message shows: to be looked up before [`Self::into_message`].
    pub(super) fn named(&self) -> impl Iterator<Item = UserId> {
        self.mentions.iter().copied().filter(|_| self.body.is_some())
    }

    /// The message as `reader` sees it: without text, edits and mentions once it was erased.
    pub(super) fn into_message(self, names: &Names, reader: UserId) -> Message {
        let deleted = self.body.is_none();
        Message {
            id: self.message_id,
            room_id: self.room_id,
            seq: self.seq,
            key: (self.author.id == reader).then_some(self.key),
            author: self.author,
            body: self.body.unwrap_or_default(),
            at: self.at,
            reply_to: self.reply_to,
            edited_at: self.edited_at.filter(|_| !deleted),
            deleted,
            mentions: if deleted { Vec::new() } else { names.all(&self.mentions) },
        }
    }
}

/// A batch answered with fewer results than it has statements that give one.
pub(super) fn missing_answer() -> DbError {
    DbError::Internal("the answer to a batch is not complete".to_owned())
}
