//! What is left of deleted rooms.

use chatapp_db::mssql::{Session, Sql};
use chatapp_db::{DbError, Mssql};
use chatapp_timeline::mssql as log;
use chatapp_types::{RoomId, Timestamp};

use super::delete::erasure;

/// Texts erased in one transaction.
const BATCH: usize = 200;

/// Erases a batch of a deleted room's texts. Under the lock of its head, for others may be at it.
pub(super) async fn erase_batch(session: &mut Session, room: RoomId, now: Timestamp) -> Result<(), DbError> {
    log::lock(session, room).await?;
    let texts = texts_of(session, room).await?;
    if !texts.is_empty() {
        session.execute(erasure(room, &texts, now)).await?;
    }
    if texts.len() < BATCH {
        finish(session, room, now).await?;
    }
    Ok(())
}

/// A room that is no more and still has texts. That it is not among the rooms is not enough: its log must end with
/// its deletion, for what is erased by mistake is gone.
pub(super) async fn deleted_room(db: &Mssql) -> Result<Option<RoomId>, DbError> {
    let sql = "SELECT TOP (1) h.room_id FROM timeline.heads h
         JOIN timeline.entries e ON e.room_id = h.room_id AND e.seq = h.seq AND e.kind = N'room.deleted'
         WHERE NOT EXISTS (SELECT 1 FROM messages.erased_rooms d WHERE d.room_id = h.room_id)
           AND NOT EXISTS (SELECT 1 FROM rooms.v_rooms r WHERE r.id = h.room_id)";
    let row = db.run(move |session| Box::pin(session.query_opt(sql))).await?;
    row.map(|row| Ok(RoomId(row.id(0)?))).transpose()
}

async fn texts_of(session: &mut Session, room: RoomId) -> Result<Vec<(i64, u64)>, DbError> {
    let sql = Sql::new(format!(
        "SELECT TOP ({BATCH}) id, seq FROM messages.messages WHERE room_id = @P1 AND body IS NOT NULL ORDER BY seq"
    ));
    let rows = session.query(sql.bind(room)).await?;
    rows.iter().map(|row| Ok((row.int(0)?, row.uint(1)?))).collect()
}

async fn finish(session: &mut Session, room: RoomId, now: Timestamp) -> Result<(), DbError> {
    let sql = Sql::new(
        "DELETE FROM messages.read_markers WHERE room_id = @P1;
         INSERT INTO messages.erased_rooms (room_id, at) SELECT @P1, @P2
         WHERE NOT EXISTS (SELECT 1 FROM messages.erased_rooms WHERE room_id = @P1)",
    );
    session.execute(sql.bind(room).bind(now)).await.map(drop)
}
