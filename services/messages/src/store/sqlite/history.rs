//! Pages of history.

use chatapp_db::DbError;
use chatapp_timeline::sqlite as log;
use chatapp_types::messages::{Message, MessagePage};
use chatapp_types::{MessageId, RoomId, Timestamp, UserId};
use rusqlite::{Connection, params};

use super::access;
use super::message::{MessageRow, select_messages};
use super::names::Names;
use crate::app::history::HistoryPart;
use crate::error::{Refusal, StoreError};

/// Messages on one side of a seq, oldest first, and whether there are more beyond.
struct Side {
    rows: Vec<MessageRow>,
    more: bool,
}

/// A page, and the reader's right to it, in one snapshot.
pub(super) fn page(
    conn: &Connection,
    reader: UserId,
    room: RoomId,
    part: HistoryPart,
    limit: u32,
    now: Timestamp,
) -> Result<MessagePage, StoreError> {
    let floor = access::member(conn, room, reader, now)?.visible_after;
    let window = Window { conn, room, floor };
    let (older, newer) = match part {
        HistoryPart::Latest => (window.before(u64::MAX, limit)?, window.from(u64::MAX, 0)?),
        HistoryPart::Before(seq) => (window.before(seq, limit)?, window.from(seq, 0)?),
        HistoryPart::After(seq) => {
            let next = seq.saturating_add(1);
            (window.before(next, 0)?, window.from(next, limit)?)
        }
        HistoryPart::Around(seq) => (window.before(seq, limit / 2)?, window.from(seq, limit - limit / 2)?),
    };
    let mut names = Names::new(conn);
    let items = older
        .rows
        .into_iter()
        .chain(newer.rows)
        .map(|row| row.into_message(&mut names, reader))
        .collect::<Result<_, _>>()?;
    let head = log::head(conn, room)?.map_or(0, |head| head.seq);
    Ok(MessagePage { items, has_before: older.more, has_after: newer.more, head })
}

/// A message, and the reader's right to it, in one snapshot. One from before the reader's sight is none.
pub(super) fn one(
    conn: &Connection,
    reader: UserId,
    room: RoomId,
    message: MessageId,
    now: Timestamp,
) -> Result<Message, StoreError> {
    let membership = access::member(conn, room, reader, now)?;
    let row = MessageRow::find(conn, room, message)?.filter(|row| membership.sees(row.seq));
    Ok(row.ok_or(Refusal::MessageNotFound)?.into_message(&mut Names::new(conn), reader)?)
}

struct Window<'c> {
    conn: &'c Connection,
    room: RoomId,
    floor: u64,
}

impl Window<'_> {
    /// The last `limit` visible messages before `seq`.
    fn before(&self, seq: u64, limit: u32) -> Result<Side, DbError> {
        let sql = select_messages!("WHERE m.room_id = ?1 AND m.seq > ?2 AND m.seq < ?3 ORDER BY m.seq DESC LIMIT ?4");
        let mut side = self.rows(sql, self.floor, seq, limit)?;
        side.rows.reverse();
        Ok(side)
    }

    /// The first `limit` visible messages from `seq` on. One lower bound, not two: SQLite seeks by one of them and
    /// would walk from there to the other.
    fn from(&self, seq: u64, limit: u32) -> Result<Side, DbError> {
        let sql = select_messages!("WHERE m.room_id = ?1 AND m.seq > ?2 AND m.seq <= ?3 ORDER BY m.seq LIMIT ?4");
        self.rows(sql, self.floor.max(seq.saturating_sub(1)), u64::MAX, limit)
    }

    /// Messages between two seqs. One row more than wanted tells whether there are more.
    fn rows(&self, sql: &str, after: u64, until: u64, limit: u32) -> Result<Side, DbError> {
        let bound = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut rows: Vec<MessageRow> = self
            .conn
            .prepare_cached(sql)?
            .query_map(params![self.room.0, bound(after), bound(until), limit + 1], MessageRow::read)?
            .collect::<Result<_, _>>()?;
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        Ok(Side { rows, more })
    }
}
