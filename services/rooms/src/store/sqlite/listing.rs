//! Lists of rooms.

use chatapp_types::rooms::Room;
use chatapp_types::{Page, Timestamp, UserId};
use rusqlite::{Connection, params};

use super::rows::room_sql;
use crate::store::facts::RoomRow;
use crate::store::{ListScope, RoomsQuery, StoreResult, page};

// One's own rooms are walked by the index of members, public ones by that of their order. `instr` takes the text as it
// is, so that no character in it is a pattern.

const MINE: &str = room_sql!(
    "m.user_id IS NOT NULL AND r.id IN (SELECT room_id FROM rooms_members WHERE user_id = ?1)
     AND (?3 = '' OR instr(r.name_norm, ?3) > 0) AND (r.sort_key, r.number) > (?4, ?5)
     ORDER BY r.sort_key, r.number LIMIT ?6"
);
const PUBLIC: &str = room_sql!(
    "r.visibility = 'public' AND b.user_id IS NULL
     AND (?3 = '' OR instr(r.name_norm, ?3) > 0) AND (r.sort_key, r.number) > (?4, ?5)
     ORDER BY r.sort_key, r.number LIMIT ?6"
);
const VISIBLE: &str = room_sql!(
    "(r.visibility = 'public' OR m.user_id IS NOT NULL) AND b.user_id IS NULL
     AND (?3 = '' OR instr(r.name_norm, ?3) > 0) AND (r.sort_key, r.number) > (?4, ?5)
     ORDER BY r.sort_key, r.number LIMIT ?6"
);

pub(super) fn list(conn: &Connection, viewer: UserId, query: &RoomsQuery, now: Timestamp) -> StoreResult<Page<Room>> {
    let sql = match query.scope {
        ListScope::Mine => MINE,
        ListScope::Public => PUBLIC,
        ListScope::Visible => VISIBLE,
    };
    let (key, number) = query.after.clone().unwrap_or((String::new(), i64::MIN));
    let values = params![viewer.0, now.millis(), query.text, key, number, i64::from(query.limit) + 1];
    let mut statement = conn.prepare_cached(sql)?;
    let rows: Vec<RoomRow> = statement.query_map(values, RoomRow::read)?.collect::<Result<_, _>>()?;
    let Page { items, next_cursor } = page(rows, query.limit, |row| (row.sort_key.clone(), row.number));
    Ok(Page { items: items.into_iter().map(|row| row.into_room(now)).collect(), next_cursor })
}
