//! The audit.

use chatapp_db::mssql::{Row, Sql};
use chatapp_db::{DbError, views};
use chatapp_types::rooms::AuditEvent;
use chatapp_types::{Page, RoomId, UserId};

use super::MssqlRoomStore;
use crate::store::{PageOf, StoreResult, page as page_of};

pub(super) async fn list(
    store: &MssqlRoomStore,
    viewer: UserId,
    room: RoomId,
    page: PageOf,
) -> StoreResult<Page<AuditEvent>> {
    let sql = Sql::new(
        "SELECT TOP (@P3) e.number, e.at, e.action, e.detail, e.actor_id, a.username, a.deleted,
                e.subject_id, s.username, s.deleted
         FROM rooms.audit AS e
         LEFT JOIN auth.v_users AS a ON a.id = e.actor_id
         LEFT JOIN auth.v_users AS s ON s.id = e.subject_id
         WHERE e.room_id = @P1 AND e.number < @P2
           AND EXISTS (SELECT 1 FROM rooms.members WHERE room_id = @P1 AND user_id = @P4)
         ORDER BY e.number DESC",
    );
    let (before, limit) = (page.after.unwrap_or(i64::MAX), i64::from(page.limit) + 1);
    let (row, rows) = store.read_list(room, viewer, sql.bind(room).bind(before).bind(limit).bind(viewer)).await?;
    row.position().require_admin()?;
    let events = rows.iter().map(read).collect::<Result<_, DbError>>()?;
    Ok(page_of(events, page.limit, |event: &AuditEvent| event.id))
}

fn read(row: &Row) -> Result<AuditEvent, DbError> {
    let subject = row.opt_id(7)?;
    Ok(AuditEvent {
        id: row.int(0)?,
        at: row.time(1)?,
        actor: views::mssql::user_ref(row, 4)?,
        action: row.text(2)?,
        subject: subject.map(|_| views::mssql::user_ref(row, 7)).transpose()?,
        detail: row.opt_text(3)?,
    })
}
