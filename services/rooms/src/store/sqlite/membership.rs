//! Who is in a room: the rows, and the count beside them.

use chatapp_db::DbError;
use chatapp_types::rooms::Member;
use chatapp_types::{EntryBody, History, Role, RoomId, Timestamp, UserId, UserRef};
use rusqlite::{Connection, params};

use super::act::Act;
use super::{StoreLimits, column};
use crate::app::Refusal;
use crate::store::StoreResult;
use crate::store::facts::RoomRow;

/// Makes `user` a member by the entry `body`. What barred the user is forgotten. Refused when the room is full.
pub(super) fn begin(
    act: &mut Act<'_, '_>,
    room: &RoomRow,
    user: &UserRef,
    role: Role,
    body: EntryBody,
    limits: StoreLimits,
) -> StoreResult<Member> {
    if room.members >= u64::from(limits.max_members) {
        return Err(Refusal::Limit(format!("the room is full: it has {} members", room.members)).into());
    }
    let seq = match &body {
        EntryBody::MemberAdded { .. } => act.moderation(body, None)?,
        _ => act.entry(body)?,
    };
    for table in ["rooms_blocks", "rooms_removals"] {
        act.tx
            .prepare_cached(&format!("DELETE FROM {table} WHERE room_id = ?1 AND user_id = ?2"))?
            .execute(params![room.id.0, user.id.0])?;
    }
    insert(act.tx, room.id, user.id, role, act.at, seq, room.settings.history)?;
    Ok(Member { user: user.clone(), role, joined_at: act.at })
}

/// Writes a member's row, the room's first or another one.
pub(super) fn insert(
    conn: &Connection,
    room: RoomId,
    user: UserId,
    role: Role,
    at: Timestamp,
    seq: u64,
    history: History,
) -> Result<(), DbError> {
    let visible_after = match history {
        History::Full => 0,
        History::SinceJoin => seq.saturating_sub(1),
    };
    conn.prepare_cached(
        "INSERT INTO rooms_members (room_id, user_id, role, joined_at, joined_seq, visible_after)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![room.0, user.0, role.as_str(), at.millis(), column(seq), column(visible_after)])?;
    count(conn, room, 1)
}

/// Ends a membership. The caller has written the entry that says so.
pub(super) fn end(conn: &Connection, room: RoomId, user: UserId) -> Result<(), DbError> {
    conn.prepare_cached("DELETE FROM rooms_members WHERE room_id = ?1 AND user_id = ?2")?
        .execute(params![room.0, user.0])?;
    count(conn, room, -1)
}

/// Remembers that a moderator ended the membership.
pub(super) fn note_removal(conn: &Connection, room: RoomId, user: UserId, at: Timestamp) -> Result<(), DbError> {
    conn.prepare_cached("INSERT OR REPLACE INTO rooms_removals (room_id, user_id, at) VALUES (?1, ?2, ?3)")?
        .execute(params![room.0, user.0, at.millis()])?;
    Ok(())
}

/// Gives a member another role.
pub(super) fn set_role(conn: &Connection, room: RoomId, user: UserId, role: Role) -> Result<(), DbError> {
    conn.prepare_cached("UPDATE rooms_members SET role = ?3 WHERE room_id = ?1 AND user_id = ?2")?.execute(params![
        room.0,
        user.0,
        role.as_str()
    ])?;
    Ok(())
}

/// Refused when the user owns as many rooms as one may.
pub(super) fn require_room_to_own(conn: &Connection, user: UserId, limits: StoreLimits) -> StoreResult<()> {
    let owned: u32 = conn
        .prepare_cached("SELECT count(*) FROM rooms_members WHERE user_id = ?1 AND role = 'owner'")?
        .query_row([user.0], |row| row.get(0))?;
    if owned < limits.per_owner {
        return Ok(());
    }
    Err(Refusal::Limit(format!("one may own {} rooms at most", limits.per_owner)).into())
}

fn count(conn: &Connection, room: RoomId, by: i64) -> Result<(), DbError> {
    conn.prepare_cached("UPDATE rooms_rooms SET member_count = member_count + ?2 WHERE id = ?1")?
        .execute(params![room.0, by])?;
    Ok(())
}
