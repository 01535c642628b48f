//! Read markers and what is unread.

use chatapp_db::mssql::Sql;
use chatapp_db::{DbError, Mssql};
use chatapp_types::messages::UnreadRoom;
use chatapp_types::{RoomId, Timestamp, UserId};

use super::access;
use super::message::missing_answer;
use crate::error::{Refusal, StoreError};

/// Moves a member's marker forward, to the head at most. A post by the same user may make the marker at the same moment:
/// then it is there to be moved.
pub(super) async fn mark_read(
    db: &Mssql,
    reader: UserId,
    room: RoomId,
    seq: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let look = format!("{} SELECT seq FROM timeline.heads WHERE room_id = @P1", access::select("@P1", "@P2"));
    let sets = db.snapshot(Sql::new(look).bind(room).bind(reader)).await?;
    let [standing, head] = sets.as_slice() else { return Err(missing_answer().into()) };
    access::standing(standing.first().ok_or_else(missing_answer)?, 0, now)?.member()?;
    let head = head.first().ok_or(Refusal::RoomNotFound)?.uint(0)?;
    let seq = seq.min(head);
    match advance_marker(db, reader, room, seq).await {
        Err(DbError::Conflict(_)) => Ok(advance_marker(db, reader, room, seq).await?),
        advanced => Ok(advanced?),
    }
}

async fn advance_marker(db: &Mssql, user: UserId, room: RoomId, seq: u64) -> Result<(), DbError> {
    db.run(move |session| {
        let mut sql = Sql::default();
        let row = [sql.hold(room), sql.hold(user), sql.hold(seq)];
        push_markers(&mut sql, &format!("({})", row.join(", ")));
        Box::pin(async move { session.execute(sql).await.map(drop) })
    })
    .await
}

/// Adds statements that move markers forward; one that is there already is left alone. `rows` are the rows of VALUES
/// (room, user, seq), each marker once.
pub(super) fn push_markers(sql: &mut Sql, rows: &str) {
    sql.push(&format!(
        "UPDATE r SET seq = n.seq FROM messages.read_markers r
         JOIN (VALUES {rows}) AS n (room_id, user_id, seq) ON r.room_id = n.room_id AND r.user_id = n.user_id
         WHERE r.seq < n.seq;
         INSERT INTO messages.read_markers (room_id, user_id, seq)
         SELECT n.room_id, n.user_id, n.seq FROM (VALUES {rows}) AS n (room_id, user_id, seq)
         WHERE NOT EXISTS (SELECT 1 FROM messages.read_markers r WHERE r.room_id = n.room_id AND r.user_id = n.user_id); "
    ));
}

/// The counts of all rooms in one statement. Unread begins after the marker, or where one came in, or where one's
/// sight begins, whichever is last; `ordinal` makes the count of messages a subtraction.
pub(super) async fn unread(db: &Mssql, user: UserId) -> Result<Vec<UnreadRoom>, DbError> {
    let sql = Sql::new(
        "WITH begun AS (
             SELECT m.room_id, h.seq AS head, h.messages, COALESCE(r.seq, 0) AS marker,
                    CASE WHEN m.joined_seq > m.visible_after THEN m.joined_seq ELSE m.visible_after END AS came_in
             FROM rooms.v_members m
             JOIN timeline.heads h ON h.room_id = m.room_id
             LEFT JOIN messages.read_markers r ON r.user_id = m.user_id AND r.room_id = m.room_id
             WHERE m.user_id = @P1
         ), mine AS (
             SELECT room_id, head, messages,
                    CASE WHEN marker >= head OR came_in >= head THEN head
                         WHEN marker > came_in THEN marker ELSE came_in END AS read_seq
             FROM begun
         )
         SELECT room_id, read_seq, head,
             messages - COALESCE((SELECT e.ordinal FROM timeline.entries e
                                  WHERE e.room_id = mine.room_id AND e.seq = mine.read_seq), 0),
             (SELECT COUNT(*) FROM messages.mentions n
              WHERE n.user_id = @P1 AND n.room_id = mine.room_id AND n.seq > mine.read_seq)
         FROM mine",
    );
    let rows = db.snapshot(sql.bind(user)).await?.into_iter().flatten();
    let mut rooms = rows
        .map(|row| {
            Ok(UnreadRoom {
                room_id: RoomId(row.id(0)?),
                read_seq: row.uint(1)?,
                head: row.uint(2)?,
                messages: row.uint(3)?,
                mentions: row.uint(4)?,
            })
        })
        .collect::<Result<Vec<_>, DbError>>()?;
    // The server orders ids in a way of its own.
    rooms.sort_unstable_by_key(|room| room.room_id);
    Ok(rooms)
}
