//! Coming in and leaving.

use chatapp_db::mssql::Sql;
use chatapp_types::rooms::Room;
use chatapp_types::{EntryBody, Role, RoomId, RoomName, UserRef};

use super::act::Act;
use super::locked::Locked;
use super::rows;
use super::{Writing, codes, membership};
use crate::app::codes::CodeDigest;
use crate::app::entering::{self as rules, Entering, Proof};
use crate::app::{Refusal, members};
use crate::error::RoomsError;
use crate::store::StoreResult;

pub(super) async fn join(
    w: &mut Writing<'_>,
    actor: &UserRef,
    room: RoomId,
    proof: &Proof,
    ticket: Option<i64>,
) -> StoreResult<Room> {
    let locked = w.lock(room, actor.id).await?;
    let entering = rules::join(locked.row.position(), locked.row.code.as_ref(), proof, locked.now)?;
    let mut act = enter(w, actor, &locked, entering)?;
    codes::forget_try(&mut act, ticket);
    act.write_and_get(w).await
}

/// The room is looked for first, then locked: whether the code is still its own is seen under the lock.
pub(super) async fn join_by_code(
    w: &mut Writing<'_>,
    actor: &UserRef,
    digest: &CodeDigest,
    ticket: Option<i64>,
) -> StoreResult<Room> {
    let sql = Sql::new("SELECT room_id FROM rooms.codes WHERE digest = @P1").bind(&digest.as_bytes()[..]);
    let found = w.session.query_opt(sql).await?.ok_or(Refusal::InvalidCode)?;
    let locked = w.lock(RoomId(found.id(0)?), actor.id).await.map_err(|error| match error {
        RoomsError::Refused(_) => Refusal::InvalidCode.into(),
        failed @ RoomsError::Db(_) => failed,
    })?;
    let (code, proof) = (locked.row.code.as_ref(), Proof::Generated(digest.clone()));
    if !code.is_some_and(|code| code.is_proved_by(&proof)) {
        return Err(Refusal::InvalidCode.into());
    }
    let entering = rules::join(locked.row.position(), code, &proof, locked.now).map_err(|_| Refusal::InvalidCode)?;
    let mut act = enter(w, actor, &locked, entering)?;
    codes::forget_try(&mut act, ticket);
    act.write_and_get(w).await
}

/// Found by its name, then locked: whether it still has that name is seen under the lock.
pub(super) async fn enter_by_name(w: &mut Writing<'_>, actor: &UserRef, name_norm: &str) -> StoreResult<RoomId> {
    let found = w.session.query_opt(rows::by_name(name_norm, actor.id)).await?.ok_or(Refusal::RoomNotFound)?;
    let locked = w.lock(RoomId(found.id(0)?), actor.id).await?;
    if RoomName::norm_of(&locked.row.settings.name) != name_norm {
        return Err(Refusal::RoomNotFound.into());
    }
    let entering = rules::join_by_v0(locked.row.position(), locked.row.removed)?;
    enter(w, actor, &locked, entering)?.write(w).await?;
    Ok(locked.row.id)
}

fn enter<'a>(w: &Writing<'_>, actor: &'a UserRef, locked: &Locked, entering: Entering) -> Result<Act<'a>, Refusal> {
    let mut act = locked.act(actor);
    if entering == Entering::AlreadyIn {
        return Ok(act);
    }
    membership::begin(&mut act, &locked.row, actor.id, Role::Member, EntryBody::MemberJoined, w.limits())?;
    if entering == Entering::JoinByCode {
        codes::spend_use(&mut act);
    }
    Ok(act)
}

pub(super) async fn leave(w: &mut Writing<'_>, actor: &UserRef, room: RoomId) -> StoreResult<()> {
    let locked = w.lock(room, actor.id).await?;
    leave_locked(w, actor, &locked).await
}

pub(super) async fn leave_locked(w: &mut Writing<'_>, actor: &UserRef, locked: &Locked) -> StoreResult<()> {
    let role = locked.row.position().require_member()?;
    members::may_leave(role, locked.row.members)?;
    let mut act = locked.act(actor);
    act.entry(EntryBody::MemberLeft);
    membership::end(&mut act, actor.id);
    act.write(w).await
}
