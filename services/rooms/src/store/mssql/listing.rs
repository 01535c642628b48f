//! Lists of rooms.

use chatapp_db::DbError;
use chatapp_db::mssql::Sql;
use chatapp_types::rooms::Room;
use chatapp_types::{Page, UserId};

use super::MssqlRoomStore;
use super::rows::{self, room_sql};
use crate::store::{ListScope, RoomsQuery, StoreResult, page};

// One's own rooms are walked by the index of members, public ones by that of their order. `CHARINDEX` takes the text as
// it is, so that no character in it is a pattern.

const MINE: &str =
    room_sql!("m.user_id IS NOT NULL AND r.id IN (SELECT room_id FROM rooms.members WHERE user_id = @P1)");
const PUBLIC: &str = room_sql!("r.visibility = N'public' AND (b.user_id IS NULL OR b.until <= @P2)");
const VISIBLE: &str =
    room_sql!("(r.visibility = N'public' OR m.user_id IS NOT NULL) AND (b.user_id IS NULL OR b.until <= @P2)");

pub(super) async fn list(store: &MssqlRoomStore, viewer: UserId, query: &RoomsQuery) -> StoreResult<Page<Room>> {
    let now = store.now();
    let mut sql = Sql::new(match query.scope {
        ListScope::Mine => MINE,
        ListScope::Public => PUBLIC,
        ListScope::Visible => VISIBLE,
    })
    .bind(viewer)
    .bind(now);
    if !query.text.is_empty() {
        sql.push(" AND CHARINDEX(").arg(query.text.as_str()).push(", r.name_norm) > 0");
    }
    if let Some((key, number)) = &query.after {
        let (key, number) = (sql.hold(key.as_str()), sql.hold(*number));
        sql.push(&format!(" AND r.sort_key >= {key} AND (r.sort_key > {key} OR r.number > {number})"));
    }
    sql.push(" ORDER BY r.sort_key, r.number OFFSET 0 ROWS FETCH NEXT ").arg(i64::from(query.limit) + 1);
    sql.push(" ROWS ONLY");
    let sets = store.db.snapshot(sql).await?;
    let rows = sets.iter().flatten().map(|row| rows::room(row, now)).collect::<Result<Vec<_>, DbError>>()?;
    let Page { items, next_cursor } = page(rows, query.limit, |row| (row.sort_key.clone(), row.number));
    Ok(Page { items: items.into_iter().map(|row| row.into_room(now)).collect(), next_cursor })
}
