//! Members: listed, added, appointed, removed; and the room's transfer.

use chatapp_db::mssql::{Row, Sql};
use chatapp_db::{DbError, views};
use chatapp_types::rooms::{Member, Room};
use chatapp_types::{EntryBody, Page, Role, RoomId, UserId, UserRef};

use super::act::Act;
use super::locked::Locked;
use super::rows::word;
use super::{MssqlRoomStore, Writing, entering, membership};
use crate::app::Refusal;
use crate::app::members::{self as rules, PutMember};
use crate::store::facts::Subject;
use crate::store::{NamedUser, PageOf, StoreResult, numbered_page};

pub(super) async fn list(
    store: &MssqlRoomStore,
    viewer: UserId,
    room: RoomId,
    page: PageOf,
) -> StoreResult<Page<Member>> {
    let sql = Sql::new(
        "SELECT TOP (@P3) m.joined_seq, m.role, m.joined_at, m.user_id, u.username, u.deleted
         FROM rooms.members AS m LEFT JOIN auth.v_users AS u ON u.id = m.user_id
         WHERE m.room_id = @P1 AND m.joined_seq > @P2
           AND EXISTS (SELECT 1 FROM rooms.members WHERE room_id = @P1 AND user_id = @P4)
         ORDER BY m.joined_seq",
    );
    let sql = sql.bind(room).bind(page.after.unwrap_or_default()).bind(i64::from(page.limit) + 1).bind(viewer);
    let (row, rows) = store.read_list(room, viewer, sql).await?;
    row.position().require_member()?;
    let members = rows.iter().map(read).collect::<Result<_, DbError>>()?;
    Ok(numbered_page(members, page.limit))
}

fn read(row: &Row) -> Result<(i64, Member), DbError> {
    let member = Member { user: views::mssql::user_ref(row, 3)?, role: word(row, 1)?, joined_at: row.time(2)? };
    Ok((row.int(0)?, member))
}

pub(super) async fn put(
    w: &mut Writing<'_>,
    actor: &UserRef,
    room: RoomId,
    subject: &NamedUser,
    wanted: Option<Role>,
) -> StoreResult<Member> {
    let (locked, subject) = w.lock_with(room, actor.id, subject).await?;
    let role = locked.row.position().require_admin()?;
    let subject = subject.ok_or(Refusal::UserNotFound)?;
    let mut act = locked.act(actor);
    match rules::put_member(role, subject.standing(), wanted)? {
        PutMember::Unchanged => {}
        PutMember::Change(role) => {
            membership::set_role(&mut act, subject.user.id, role);
            appoint(&mut act, &subject.user, role);
        }
        PutMember::Add(role) => {
            let body = EntryBody::MemberAdded { subject: subject.user.clone() };
            membership::begin(&mut act, &locked.row, subject.user.id, role, body, w.limits())?;
            if role != Role::Member {
                appoint(&mut act, &subject.user, role);
            }
        }
    }
    member(w, act, subject.user).await
}

/// Says in the log and in the audit that a member has another role.
pub(super) fn appoint(act: &mut Act<'_>, subject: &UserRef, role: Role) {
    let body = EntryBody::MemberRoleChanged { subject: subject.clone(), role };
    act.moderation(body, Some(role.as_str()));
}

/// Writes what there is to write, and returns the member.
async fn member(w: &mut Writing<'_>, act: Act<'_>, user: UserRef) -> StoreResult<Member> {
    let sql = Sql::new("SELECT role, joined_at FROM rooms.members WHERE room_id = @P1 AND user_id = @P2");
    let read = sql.bind(act.room).bind(user.id);
    let row = act.write_and_read(w, read).await?.ok_or(Refusal::MemberNotFound)?;
    Ok(Member { user, role: word(&row, 0)?, joined_at: row.time(1)? })
}

pub(super) async fn remove(w: &mut Writing<'_>, actor: &UserRef, room: RoomId, subject: &NamedUser) -> StoreResult<()> {
    let (locked, subject) = w.lock_with(room, actor.id, subject).await?;
    let position = locked.row.position();
    position.require_member()?;
    // One may name oneself without being an admin: a name that is nobody's is told to admins alone.
    if subject.as_ref().is_some_and(|subject| subject.user.id == actor.id) {
        return entering::leave_locked(w, actor, &locked).await;
    }
    let role = position.require_admin()?;
    let subject = subject.ok_or(Refusal::UserNotFound)?;
    rules::may_remove(role, subject.role.ok_or(Refusal::MemberNotFound)?)?;
    let mut act = locked.act(actor);
    membership::end(&mut act, subject.user.id);
    membership::note_removal(&mut act, subject.user.id, locked.now);
    act.moderation(EntryBody::MemberRemoved { subject: subject.user }, None);
    act.write(w).await
}

pub(super) async fn transfer(
    w: &mut Writing<'_>,
    actor: &UserRef,
    room: RoomId,
    subject: &NamedUser,
) -> StoreResult<Room> {
    let (locked, subject) = w.lock_with(room, actor.id, subject).await?;
    locked.row.position().require_owner()?;
    let subject = subject.ok_or(Refusal::UserNotFound)?;
    rules::may_transfer(subject.role)?;
    membership::require_room_to_own(w, subject.user.id).await?;
    give(w, actor, &locked, &subject).await
}

async fn give(w: &mut Writing<'_>, actor: &UserRef, locked: &Locked, subject: &Subject) -> StoreResult<Room> {
    let mut act = locked.act(actor);
    // In this order, for no room ever has two owners.
    membership::set_role(&mut act, actor.id, Role::Admin);
    membership::set_role(&mut act, subject.user.id, Role::Owner);
    appoint(&mut act, &subject.user, Role::Owner);
    appoint(&mut act, actor, Role::Admin);
    act.write_and_get(w).await
}
