//! What version 0 reads: rooms by name, messages as plain lines.

use chatapp_db::DbError;
use chatapp_db::mssql::{Row, Session, Sql};
use chatapp_types::{History, RoomId, RoomName, Timestamp, UserId, Visibility};

use super::access::{self, JOINS, STANDING, word};
use super::message::{COLUMNS, FROM, MessageRow};
use crate::app::access::{Bar, Standing};
use crate::error::{Refusal, StoreError};
use crate::store::PlainMessage;

/// A room found by its name.
struct NamedRoom {
    id: RoomId,
    history: History,
    standing: Standing,
}

/// The room of that name that the user is in, else the public one; the order in which rooms finds them too.
async fn find(session: &mut Session, user: UserId, name: &str, now: Timestamp) -> Result<NamedRoom, StoreError> {
    let sql = Sql::new(format!(
        "SELECT p.room_id, p.history, {STANDING} FROM (
             SELECT TOP (1) r.id AS room_id, r.history, @P2 AS user_id FROM rooms.v_rooms r
             LEFT JOIN rooms.v_members m ON m.room_id = r.id AND m.user_id = @P2
             WHERE r.name_norm = @P1 AND (r.visibility = N'public' OR m.role IS NOT NULL)
             ORDER BY CASE WHEN m.role IS NULL THEN 1 ELSE 0 END,
                      CASE WHEN r.visibility <> N'public' THEN 1 ELSE 0 END, r.number
         ) AS p {JOINS}"
    ));
    let read = |row: Row| -> Result<NamedRoom, DbError> {
        let standing = access::standing(&row, 2, now)?;
        Ok(NamedRoom { id: RoomId(row.id(0)?), history: word(&row, 1)?, standing })
    };
    let found = session.query_opt(sql.bind(RoomName::norm_of(name)).bind(user)).await?.map(read).transpose()?;
    found.ok_or_else(|| Refusal::RoomNotFound.into())
}

/// The id of that room.
pub(super) async fn room_named(session: &mut Session, user: UserId, name: &str) -> Result<RoomId, StoreError> {
    Ok(find(session, user, name, Timestamp::from_millis(0)).await?.id)
}

/// The latest messages, oldest first, and the right to them; in a transaction that sees one snapshot.
pub(super) async fn history(
    session: &mut Session,
    reader: UserId,
    name: &str,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<PlainMessage>, StoreError> {
    let room = find(session, reader, name, now).await?;
    let floor = match room.standing {
        Standing::Member(membership) => membership.visible_after,
        Standing::Outsider { visibility: Visibility::Public, bar: Bar::None } => match room.history {
            History::Full => 0,
            // One who joined now would see nothing of what is there.
            History::SinceJoin => return Ok(Vec::new()),
        },
        Standing::Outsider { .. } | Standing::NoRoom => return Err(Refusal::RoomNotFound.into()),
    };
    Ok(latest(session, room.id, floor, limit).await?)
}

async fn latest(session: &mut Session, room: RoomId, floor: u64, limit: u32) -> Result<Vec<PlainMessage>, DbError> {
    let sql = Sql::new(format!(
        "SELECT TOP (@P3) {COLUMNS} {FROM} WHERE m.room_id = @P1 AND m.seq > @P2 AND m.body IS NOT NULL
         ORDER BY m.seq DESC"
    ));
    let rows = session.query(sql.bind(room).bind(floor).bind(limit)).await?;
    let line = |row: &Row| -> Result<PlainMessage, DbError> {
        let row = MessageRow::read(row)?;
        let body = row.body.unwrap_or_default();
        Ok(PlainMessage { seq: row.seq, username: row.author.username, body, at: row.at })
    };
    rows.iter().rev().map(line).collect()
}
