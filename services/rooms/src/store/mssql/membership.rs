//! Who is in a room: the rows, and the count beside them.

use chatapp_db::mssql::Sql;
use chatapp_types::{EntryBody, History, Role, Timestamp, UserId};

use super::act::Act;
use super::locked::UserLock;
use super::{StoreLimits, Writing};
use crate::app::Refusal;
use crate::store::StoreResult;
use crate::store::facts::RoomRow;

/// Makes `user` a member by the entry `body`. What barred the user is forgotten. Refused when the room is full.
pub(super) fn begin(
    act: &mut Act<'_>,
    room: &RoomRow,
    user: UserId,
    role: Role,
    body: EntryBody,
    limits: StoreLimits,
) -> Result<(), Refusal> {
    if room.members >= u64::from(limits.max_members) {
        return Err(Refusal::Limit(format!("the room is full: it has {} members", room.members)));
    }
    let seq = match &body {
        EntryBody::MemberAdded { .. } => act.moderation(body, None),
        _ => act.entry(body),
    };
    act.add(
        Sql::new(
            "DELETE FROM rooms.blocks WHERE room_id = @P1 AND user_id = @P2;
             DELETE FROM rooms.removals WHERE room_id = @P1 AND user_id = @P2",
        )
        .bind(act.room)
        .bind(user),
    );
    insert(act, user, role, seq, room.settings.history);
    Ok(())
}

/// Writes a member's row, the room's first or another one.
pub(super) fn insert(act: &mut Act<'_>, user: UserId, role: Role, seq: u64, history: History) {
    let visible_after = match history {
        History::Full => 0,
        History::SinceJoin => seq.saturating_sub(1),
    };
    act.add(
        Sql::new(
            "INSERT INTO rooms.members (room_id, user_id, role, joined_at, joined_seq, visible_after)
             VALUES (@P1, @P2, @P3, @P4, @P5, @P6);
             UPDATE rooms.rooms SET member_count = member_count + 1 WHERE id = @P1",
        )
        .bind(act.room)
        .bind(user)
        .bind(role.as_str())
        .bind(act.at)
        .bind(seq)
        .bind(visible_after),
    );
}

/// Ends a membership. The caller writes the entry that says so.
pub(super) fn end(act: &mut Act<'_>, user: UserId) {
    act.add(
        Sql::new(
            "DELETE FROM rooms.members WHERE room_id = @P1 AND user_id = @P2;
             UPDATE rooms.rooms SET member_count = member_count - 1 WHERE id = @P1",
        )
        .bind(act.room)
        .bind(user),
    );
}

/// Remembers that a moderator ended the membership.
pub(super) fn note_removal(act: &mut Act<'_>, user: UserId, at: Timestamp) {
    act.add(
        Sql::new(
            "UPDATE rooms.removals SET at = @P3 WHERE room_id = @P1 AND user_id = @P2;
             IF @@ROWCOUNT = 0 INSERT INTO rooms.removals (room_id, user_id, at) VALUES (@P1, @P2, @P3)",
        )
        .bind(act.room)
        .bind(user)
        .bind(at),
    );
}

/// Gives a member another role.
pub(super) fn set_role(act: &mut Act<'_>, user: UserId, role: Role) {
    let sql = Sql::new("UPDATE rooms.members SET role = @P3 WHERE room_id = @P1 AND user_id = @P2");
    act.add(sql.bind(act.room).bind(user).bind(role.as_str()));
}

/// Refused when the user owns as many rooms as one may. Nobody else makes the user an owner before this transaction ends.
pub(super) async fn require_room_to_own(w: &mut Writing<'_>, user: UserId) -> StoreResult<()> {
    let count = Sql::new("SELECT COUNT(*) FROM rooms.members WHERE user_id = @P1 AND role = N'owner'").bind(user);
    let sets = w.lock_user(UserLock::Owning, user, count).await?;
    let owned = sets.first().and_then(|rows| rows.first()).map_or(Ok(0), |row| row.uint(0))?;
    let most = w.limits().per_owner;
    if owned < u64::from(most) {
        return Ok(());
    }
    Err(Refusal::Limit(format!("one may own {most} rooms at most")).into())
}
