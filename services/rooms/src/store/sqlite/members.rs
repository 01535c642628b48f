//! Members: listed, added, appointed, removed; and the room's transfer.

use chatapp_db::{DbError, views};
use chatapp_types::rooms::{Member, Room};
use chatapp_types::{EntryBody, Page, Role, RoomId, Timestamp, UserId, UserRef};
use rusqlite::{Connection, params};

use super::rows::{user_named, word};
use super::{Writing, entering, membership, rooms};
use crate::app::Refusal;
use crate::app::members::{self as rules, PutMember};
use crate::store::facts::{RoomRow, Subject};
use crate::store::{NamedUser, PageOf, StoreResult, numbered_page};

pub(super) fn list(
    conn: &Connection,
    viewer: UserId,
    room: RoomId,
    page: PageOf,
    now: Timestamp,
) -> StoreResult<Page<Member>> {
    RoomRow::get(conn, room, viewer, now)?.position().require_member()?;
    let mut statement = conn.prepare_cached(
        "SELECT m.joined_seq, m.role, m.joined_at, m.user_id, u.username, u.deleted
         FROM rooms_members m LEFT JOIN auth_v_users u ON u.id = m.user_id
         WHERE m.room_id = ?1 AND m.joined_seq > ?2 ORDER BY m.joined_seq LIMIT ?3",
    )?;
    let rows = statement
        .query_map(params![room.0, page.after.unwrap_or_default(), i64::from(page.limit) + 1], |row| {
            let joined_at = Timestamp::from_millis(row.get(2)?);
            Ok((row.get(0)?, Member { user: views::sqlite::user_ref(row, 3)?, role: word(row, 1)?, joined_at }))
        })?
        .collect::<Result<_, _>>()?;
    Ok(numbered_page(rows, page.limit))
}

pub(super) fn put(
    w: &mut Writing<'_, '_>,
    actor: &UserRef,
    room: RoomId,
    subject: &NamedUser,
    wanted: Option<Role>,
) -> StoreResult<Member> {
    let row = RoomRow::get(w.tx, room, actor.id, w.now)?;
    let role = row.position().require_admin()?;
    let subject = Subject::find(w.tx, room, subject, w.now)?;
    match rules::put_member(role, subject.standing(), wanted)? {
        PutMember::Unchanged => {}
        PutMember::Change(role) => {
            membership::set_role(w.tx, room, subject.user.id, role)?;
            appoint(w, actor, room, &subject.user, role)?;
        }
        PutMember::Add(role) => {
            let limits = w.limits();
            let body = EntryBody::MemberAdded { subject: subject.user.clone() };
            membership::begin(&mut w.act(actor, room), &row, &subject.user, role, body, limits)?;
            if role != Role::Member {
                appoint(w, actor, room, &subject.user, role)?;
            }
        }
    }
    member(w.tx, room, subject.user)
}

/// Says in the log and in the audit that a member has another role.
pub(super) fn appoint(
    w: &mut Writing<'_, '_>,
    actor: &UserRef,
    room: RoomId,
    subject: &UserRef,
    role: Role,
) -> Result<(), DbError> {
    let body = EntryBody::MemberRoleChanged { subject: subject.clone(), role };
    w.act(actor, room).moderation(body, Some(role.as_str())).map(drop)
}

fn member(conn: &Connection, room: RoomId, user: UserRef) -> StoreResult<Member> {
    let (role, joined_at) = conn
        .prepare_cached("SELECT role, joined_at FROM rooms_members WHERE room_id = ?1 AND user_id = ?2")?
        .query_row(params![room.0, user.id.0], |row| Ok((word(row, 0)?, Timestamp::from_millis(row.get(1)?))))?;
    Ok(Member { user, role, joined_at })
}

pub(super) fn remove(w: &mut Writing<'_, '_>, actor: &UserRef, room: RoomId, subject: &NamedUser) -> StoreResult<()> {
    let row = RoomRow::get(w.tx, room, actor.id, w.now)?;
    let position = row.position();
    position.require_member()?;
    // One may name oneself without being an admin: who it is, is looked up before the role is asked for, and a name
    // that is nobody's is told to admins alone.
    if user_named(w.tx, subject)?.is_some_and(|user| user.id == actor.id) {
        return entering::leave(w, actor, room);
    }
    let role = position.require_admin()?;
    let subject = Subject::find(w.tx, room, subject, w.now)?;
    rules::may_remove(role, subject.role.ok_or(Refusal::MemberNotFound)?)?;
    membership::end(w.tx, room, subject.user.id)?;
    membership::note_removal(w.tx, room, subject.user.id, w.now)?;
    w.act(actor, room).moderation(EntryBody::MemberRemoved { subject: subject.user }, None)?;
    Ok(())
}

pub(super) fn transfer(
    w: &mut Writing<'_, '_>,
    actor: &UserRef,
    room: RoomId,
    subject: &NamedUser,
) -> StoreResult<Room> {
    let limits = w.limits();
    RoomRow::get(w.tx, room, actor.id, w.now)?.position().require_owner()?;
    let subject = Subject::find(w.tx, room, subject, w.now)?;
    rules::may_transfer(subject.role)?;
    membership::require_room_to_own(w.tx, subject.user.id, limits)?;
    // In this order, for no room ever has two owners.
    membership::set_role(w.tx, room, actor.id, Role::Admin)?;
    membership::set_role(w.tx, room, subject.user.id, Role::Owner)?;
    appoint(w, actor, room, &subject.user, Role::Owner)?;
    appoint(w, actor, room, actor, Role::Admin)?;
    rooms::get(w.tx, actor.id, room, w.now)
}
