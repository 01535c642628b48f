//! Memberships of accounts that are no more.

use chatapp_db::{DbError, views};
use chatapp_types::{EntryBody, Role, RoomId, UserId, UserRef};
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{optional_word, word};
use super::{Writing, members, membership, rooms};
use crate::app::succession::{Heir, successor};
use crate::store::StoreResult;

/// Memberships of deleted accounts, up to `limit`.
pub(super) fn memberships_of_deleted(conn: &Connection, limit: u32) -> StoreResult<Vec<(RoomId, UserId)>> {
    let mut statement = conn.prepare_cached(
        "SELECT m.room_id, m.user_id FROM rooms_members m JOIN auth_v_users u ON u.id = m.user_id
         WHERE u.deleted = 1 LIMIT ?1",
    )?;
    let rows = statement
        .query_map([limit], |row| Ok((RoomId(row.get(0)?), UserId(row.get(1)?))))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Ends those that are memberships still. Returns how many were.
pub(super) fn end(w: &mut Writing<'_, '_>, gone: &[(RoomId, UserId)]) -> StoreResult<usize> {
    let mut ended = 0;
    for (room, user) in gone {
        let Some(role) = role_of(w.tx, *room, *user)? else { continue };
        let user = views::sqlite::user(w.tx, *user)?;
        depart(w, *room, &user, role)?;
        ended += 1;
    }
    Ok(ended)
}

fn depart(w: &mut Writing<'_, '_>, room: RoomId, user: &UserRef, role: Role) -> StoreResult<()> {
    let heir = if role == Role::Owner {
        match successor(heirs(w.tx, room)?) {
            Some(heir) => Some(views::sqlite::user(w.tx, heir)?),
            None => return rooms::end(&mut w.act(user, room)),
        }
    } else {
        None
    };
    membership::end(w.tx, room, user.id)?;
    if let Some(heir) = heir {
        membership::set_role(w.tx, room, heir.id, Role::Owner)?;
        members::appoint(w, user, room, &heir, Role::Owner)?;
    }
    w.act(user, room).entry(EntryBody::MemberLeft)?;
    Ok(())
}

fn role_of(conn: &Connection, room: RoomId, user: UserId) -> Result<Option<Role>, DbError> {
    let role = conn
        .prepare_cached("SELECT role FROM rooms_members WHERE room_id = ?1 AND user_id = ?2")?
        .query_row(params![room.0, user.0], |row| optional_word(row, 0))
        .optional()?;
    Ok(role.flatten())
}

/// Members whose accounts exist.
fn heirs(conn: &Connection, room: RoomId) -> Result<Vec<Heir>, DbError> {
    let mut statement = conn.prepare_cached(
        "SELECT m.user_id, m.role, m.joined_seq FROM rooms_members m JOIN auth_v_users u ON u.id = m.user_id
         WHERE m.room_id = ?1 AND u.deleted = 0",
    )?;
    let rows = statement
        .query_map([room.0], |row| {
            Ok(Heir {
                user: UserId(row.get(0)?),
                role: word(row, 1)?,
                joined_seq: row.get::<_, i64>(2)?.unsigned_abs(),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}
