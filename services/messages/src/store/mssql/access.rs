//! How a user stands to a room, by the views that rooms publishes.

use chatapp_db::DbError;
use chatapp_db::mssql::Row;
use chatapp_types::Timestamp;

use crate::app::access::{Bar, Membership, Standing};

/// The columns that [`standing`] reads, from [`JOINS`].
pub(super) const STANDING: &str = "v.role, v.visible_after, r.visibility, b.blocked, b.until";

/// Joins that find out how the user of `p (room_id, user_id)` stands to the room: one row, whatever is there. A hidden
/// room costs the same as none.
pub(super) const JOINS: &str = "
    LEFT JOIN rooms.v_members v ON v.room_id = p.room_id AND v.user_id = p.user_id
    LEFT JOIN rooms.v_rooms r ON r.id = p.room_id
    OUTER APPLY (SELECT TOP (1) x.blocked, x.until FROM rooms.v_barred x
                 WHERE x.room_id = p.room_id AND x.user_id = p.user_id ORDER BY x.blocked DESC) b";

/// A statement that answers with one row of [`STANDING`]; `room` and `user` are names of parameters.
pub(super) fn select(room: &str, user: &str) -> String {
    format!("SELECT {STANDING} FROM (SELECT {room} AS room_id, {user} AS user_id) p {JOINS}; ")
}

/// Reads the columns [`STANDING`] that begin at `first`.
pub(super) fn standing(row: &Row, first: usize, now: Timestamp) -> Result<Standing, DbError> {
    if let Some(role) = opt_word(row, first)? {
        return Ok(Standing::Member(Membership { role, visible_after: row.uint(first + 1)? }));
    }
    let bar = bar(row.opt_int(first + 3)?.map(|blocked| blocked != 0), row.opt_time(first + 4)?, now);
    Ok(opt_word(row, first + 2)?.map_or(Standing::NoRoom, |visibility| Standing::Outsider { visibility, bar }))
}

/// What keeps a user out of a room. A timed block that has run out keeps nobody out.
fn bar(blocked: Option<bool>, until: Option<Timestamp>, now: Timestamp) -> Bar {
    match (blocked, until) {
        (None, _) => Bar::None,
        (Some(false), _) => Bar::Removed,
        (Some(true), Some(until)) if until <= now => Bar::None,
        (Some(true), _) => Bar::Blocked,
    }
}

/// A column that holds one of the product's words.
pub(super) fn word<T: std::str::FromStr>(row: &Row, column: usize) -> Result<T, DbError> {
    opt_word(row, column)?.ok_or_else(|| DbError::Internal(format!("there is no word in column {column}")))
}

/// A column that holds one of the product's words, or NULL.
fn opt_word<T: std::str::FromStr>(row: &Row, column: usize) -> Result<Option<T>, DbError> {
    let unknown = |_| DbError::Internal(format!("unknown word in column {column}"));
    row.opt_text(column)?.map(|text| text.parse().map_err(unknown)).transpose()
}
