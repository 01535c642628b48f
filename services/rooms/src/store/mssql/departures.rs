//! Memberships of accounts that are no more.

use chatapp_db::mssql::{Row, Sql};
use chatapp_db::{DbError, views};
use chatapp_types::{EntryBody, Role, RoomId, UserId, UserRef};

use super::locked::Locked;
use super::rows::word;
use super::{MssqlRoomStore, Writing, members, membership, rooms};
use crate::app::Refusal;
use crate::app::succession::{Heir, successor};
use crate::error::RoomsError;
use crate::store::StoreResult;

/// Memberships of deleted accounts, up to `limit`.
pub(super) async fn memberships_of_deleted(store: &MssqlRoomStore, limit: u32) -> StoreResult<Vec<(RoomId, UserId)>> {
    let sql = Sql::new(
        "SELECT TOP (@P1) m.room_id, m.user_id FROM rooms.members AS m
         JOIN auth.v_users AS u ON u.id = m.user_id WHERE u.deleted = 1",
    );
    let sets = store.db.snapshot(sql.bind(limit)).await?;
    let read = |row: &Row| Ok((RoomId(row.id(0)?), UserId(row.id(1)?)));
    Ok(sets.iter().flatten().map(read).collect::<Result<_, DbError>>()?)
}

/// Ends the membership, if it is one still. Returns whether it was.
pub(super) async fn end(w: &mut Writing<'_>, room: RoomId, user: UserId) -> StoreResult<bool> {
    let locked = match w.lock(room, user).await {
        Err(RoomsError::Refused(Refusal::RoomNotFound)) => return Ok(false),
        locked => locked?,
    };
    let Some(role) = locked.row.role else { return Ok(false) };
    let user = views::mssql::user(w.session, user).await?;
    depart(w, &locked, &user, role).await?;
    Ok(true)
}

async fn depart(w: &mut Writing<'_>, locked: &Locked, user: &UserRef, role: Role) -> StoreResult<()> {
    let heir = if role == Role::Owner { heir(w, locked.row.id).await? } else { None };
    let mut act = locked.act(user);
    if role == Role::Owner && heir.is_none() {
        rooms::end(&mut act);
        return act.write(w).await;
    }
    membership::end(&mut act, user.id);
    if let Some(heir) = heir {
        membership::set_role(&mut act, heir.id, Role::Owner);
        members::appoint(&mut act, &heir, Role::Owner);
    }
    act.entry(EntryBody::MemberLeft);
    act.write(w).await
}

/// Who follows, of the members whose accounts exist.
async fn heir(w: &mut Writing<'_>, room: RoomId) -> StoreResult<Option<UserRef>> {
    let sql = Sql::new(
        "SELECT u.id, u.username, u.deleted, m.role, m.joined_seq FROM rooms.members AS m
         JOIN auth.v_users AS u ON u.id = m.user_id WHERE m.room_id = @P1 AND u.deleted = 0",
    );
    let rows = w.session.query(sql.bind(room)).await?;
    let read = |row: &Row| Ok(Heir { user: UserId(row.id(0)?), role: word(row, 3)?, joined_seq: row.uint(4)? });
    let heirs = rows.iter().map(read).collect::<Result<Vec<_>, DbError>>()?;
    let users = rows.iter().map(|row| views::mssql::user_ref(row, 0)).collect::<Result<Vec<_>, _>>()?;
    Ok(successor(heirs).and_then(|heir| users.into_iter().find(|user| user.id == heir)))
}
