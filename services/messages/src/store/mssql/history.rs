//! Pages of history.

use chatapp_db::mssql::{Row, Sql};
use chatapp_db::{DbError, Mssql};
use chatapp_types::messages::{Message, MessagePage};
use chatapp_types::{MessageId, RoomId, Timestamp, UserId};

use super::access;
use super::message::{COLUMNS, FROM, MessageRow, missing_answer};
use super::names::Names;
use crate::app::history::HistoryPart;
use crate::error::{Refusal, StoreError};

/// A page, and the reader's right to it, in one snapshot.
pub(super) async fn page(
    db: &Mssql,
    reader: UserId,
    room: RoomId,
    part: HistoryPart,
    limit: u32,
    now: Timestamp,
) -> Result<MessagePage, StoreError> {
    let window = Window::of(part, limit);
    let sets = db.snapshot(window.select(reader, room)).await?;
    let [standing, head, before, from] = sets.as_slice() else { return Err(missing_answer().into()) };
    access::standing(standing.first().ok_or_else(missing_answer)?, 0, now)?.member()?;
    let mut older = Side::read(before, window.older)?;
    older.rows.reverse();
    let newer = Side::read(from, window.newer)?;
    let rows: Vec<MessageRow> = older.rows.into_iter().chain(newer.rows).collect();
    let mut names = Names::default();
    names.look_up(db, rows.iter().flat_map(MessageRow::named)).await?;
    let head = head.first().map_or(Ok(0), |row| row.uint(0))?;
    let items = rows.into_iter().map(|row| row.into_message(&names, reader)).collect();
    Ok(MessagePage { items, has_before: older.more, has_after: newer.more, head })
}

/// A message, and the reader's right to it, in one snapshot. One from before the reader's sight is none.
pub(super) async fn one(
    db: &Mssql,
    reader: UserId,
    room: RoomId,
    message: MessageId,
    now: Timestamp,
) -> Result<Message, StoreError> {
    let sets = db.snapshot(MessageRow::finding(room, message, reader)).await?;
    let (standing, row) = MessageRow::found(&sets, now)?;
    let membership = standing.member()?;
    let row = row.filter(|row| membership.sees(row.seq)).ok_or(Refusal::MessageNotFound)?;
    let mut names = Names::default();
    names.look_up(db, row.named()).await?;
    Ok(row.into_message(&names, reader))
}

/// Messages on both sides of a seq.
struct Window {
    /// The first seq of the newer side.
    seq: u64,
    /// Messages before it.
    older: u32,
    /// Messages from it on.
    newer: u32,
}

impl Window {
    const fn of(part: HistoryPart, limit: u32) -> Self {
        match part {
            HistoryPart::Latest => Self { seq: u64::MAX, older: limit, newer: 0 },
            HistoryPart::Before(seq) => Self { seq, older: limit, newer: 0 },
            HistoryPart::After(seq) => Self { seq: seq.saturating_add(1), older: 0, newer: limit },
            HistoryPart::Around(seq) => Self { seq, older: limit / 2, newer: limit - limit / 2 },
        }
    }

    /// One row more than wanted on each side tells whether there are more. Who is no member has no floor, and is above
    /// none.
    fn select(&self, reader: UserId, room: RoomId) -> Sql {
        let standing = access::select("@P1", "@P2");
        Sql::new(format!(
            "DECLARE @floor BIGINT;
             SELECT @floor = visible_after FROM rooms.v_members WHERE room_id = @P1 AND user_id = @P2;
             {standing}
             SELECT seq FROM timeline.heads WHERE room_id = @P1;
             SELECT TOP (@P4) {COLUMNS} {FROM}
             WHERE m.room_id = @P1 AND m.seq > @floor AND m.seq < @P3 ORDER BY m.seq DESC;
             SELECT TOP (@P5) {COLUMNS} {FROM}
             WHERE m.room_id = @P1 AND m.seq > @floor AND m.seq >= @P3 ORDER BY m.seq"
        ))
        .bind(room)
        .bind(reader)
        .bind(self.seq)
        .bind(self.older + 1)
        .bind(self.newer + 1)
    }
}

/// Messages on one side, and whether there are more beyond.
struct Side {
    rows: Vec<MessageRow>,
    more: bool,
}

impl Side {
    fn read(rows: &[Row], limit: u32) -> Result<Self, DbError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        Ok(Self { rows: rows.iter().take(wanted).map(MessageRow::read).collect::<Result<_, _>>()?, more })
    }
}
