//! Coming in and leaving.

use chatapp_types::rooms::Room;
use chatapp_types::{EntryBody, Role, RoomId, UserRef};

use super::{Writing, codes, membership, rooms};
use crate::app::codes::CodeDigest;
use crate::app::entering::{self as rules, Entering, Proof};
use crate::app::{Refusal, members};
use crate::error::RoomsError;
use crate::store::StoreResult;
use crate::store::facts::RoomRow;

pub(super) fn join(
    w: &mut Writing<'_, '_>,
    actor: &UserRef,
    room: RoomId,
    proof: &Proof,
    ticket: Option<i64>,
) -> StoreResult<Room> {
    let row = RoomRow::get(w.tx, room, actor.id, w.now)?;
    let entering = rules::join(row.position(), row.code.as_ref(), proof, w.now)?;
    enter(w, actor, &row, entering)?;
    codes::forget_try(w.tx, ticket)?;
    rooms::get(w.tx, actor.id, room, w.now)
}

pub(super) fn join_by_code(
    w: &mut Writing<'_, '_>,
    actor: &UserRef,
    digest: CodeDigest,
    ticket: Option<i64>,
) -> StoreResult<Room> {
    let row = RoomRow::by_code(w.tx, &digest, actor.id, w.now)?.ok_or(Refusal::InvalidCode)?;
    let entering = rules::join(row.position(), row.code.as_ref(), &Proof::Generated(digest), w.now)
        .map_err(|_| Refusal::InvalidCode)?;
    enter(w, actor, &row, entering)?;
    codes::forget_try(w.tx, ticket)?;
    rooms::get(w.tx, actor.id, row.id, w.now)
}

pub(super) fn enter_by_name(w: &mut Writing<'_, '_>, actor: &UserRef, name_norm: &str) -> StoreResult<RoomId> {
    let row = RoomRow::by_name(w.tx, name_norm, actor.id, w.now)?.ok_or(Refusal::RoomNotFound)?;
    let entering = rules::join_by_v0(row.position(), row.removed)?;
    enter(w, actor, &row, entering)?;
    Ok(row.id)
}

fn enter(w: &mut Writing<'_, '_>, actor: &UserRef, row: &RoomRow, entering: Entering) -> StoreResult<()> {
    if entering == Entering::AlreadyIn {
        return Ok(());
    }
    let limits = w.limits();
    membership::begin(&mut w.act(actor, row.id), row, actor, Role::Member, EntryBody::MemberJoined, limits)?;
    if entering == Entering::JoinByCode {
        codes::spend_use(w.tx, row.id)?;
    }
    Ok(())
}

pub(super) fn leave(w: &mut Writing<'_, '_>, actor: &UserRef, room: RoomId) -> StoreResult<()> {
    let row = RoomRow::get(w.tx, room, actor.id, w.now)?;
    let role = row.position().require_member()?;
    members::may_leave(role, row.members)?;
    w.act(actor, room).entry(EntryBody::MemberLeft)?;
    membership::end(w.tx, room, actor.id).map_err(RoomsError::from)
}
