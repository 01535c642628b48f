//! The audit.

use chatapp_db::views;
use chatapp_types::rooms::AuditEvent;
use chatapp_types::{Page, RoomId, Timestamp, UserId};
use rusqlite::{Connection, Row, params};

use crate::store::facts::RoomRow;
use crate::store::{PageOf, StoreResult, page as page_of};

pub(super) fn list(
    conn: &Connection,
    viewer: UserId,
    room: RoomId,
    page: PageOf,
    now: Timestamp,
) -> StoreResult<Page<AuditEvent>> {
    RoomRow::get(conn, room, viewer, now)?.position().require_admin()?;
    let mut statement = conn.prepare_cached(
        "SELECT e.number, e.at, e.action, e.detail, e.actor_id, a.username, a.deleted,
                e.subject_id, s.username, s.deleted
         FROM rooms_audit e
         LEFT JOIN auth_v_users a ON a.id = e.actor_id
         LEFT JOIN auth_v_users s ON s.id = e.subject_id
         WHERE e.room_id = ?1 AND e.number < ?2 ORDER BY e.number DESC LIMIT ?3",
    )?;
    let values = params![room.0, page.after.unwrap_or(i64::MAX), i64::from(page.limit) + 1];
    let rows = statement.query_map(values, read)?.collect::<Result<_, _>>()?;
    Ok(page_of(rows, page.limit, |event: &AuditEvent| event.id))
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditEvent> {
    let subject: Option<uuid::Uuid> = row.get(7)?;
    Ok(AuditEvent {
        id: row.get(0)?,
        at: Timestamp::from_millis(row.get(1)?),
        actor: views::sqlite::user_ref(row, 4)?,
        action: row.get(2)?,
        subject: subject.map(|_| views::sqlite::user_ref(row, 7)).transpose()?,
        detail: row.get(3)?,
    })
}
