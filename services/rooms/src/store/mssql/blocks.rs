//! Blocks.

use chatapp_db::mssql::{Row, Sql};
use chatapp_db::{DbError, views};
use chatapp_types::rooms::Block;
use chatapp_types::{EntryBody, Page, RoomId, UserId, UserRef};

use super::act::Act;
use super::{MssqlRoomStore, Writing, membership};
use crate::app::Refusal;
use crate::app::blocking::NewBlock;
use crate::app::members::may_block;
use crate::store::{NamedUser, PageOf, StoreResult, numbered_page};

pub(super) async fn list(
    store: &MssqlRoomStore,
    viewer: UserId,
    room: RoomId,
    page: PageOf,
) -> StoreResult<Page<Block>> {
    let sql = Sql::new(
        "SELECT TOP (@P4) b.seq, b.reason, b.at, b.until, b.user_id, u.username, u.deleted,
                b.by_id, a.username, a.deleted
         FROM rooms.blocks AS b
         LEFT JOIN auth.v_users AS u ON u.id = b.user_id
         LEFT JOIN auth.v_users AS a ON a.id = b.by_id
         WHERE b.room_id = @P1 AND b.seq > @P2 AND (b.until IS NULL OR b.until > @P3)
           AND EXISTS (SELECT 1 FROM rooms.members WHERE room_id = @P1 AND user_id = @P5)
         ORDER BY b.seq",
    );
    let (after, limit) = (page.after.unwrap_or_default(), i64::from(page.limit) + 1);
    let sql = sql.bind(room).bind(after).bind(store.now()).bind(limit).bind(viewer);
    let (row, rows) = store.read_list(room, viewer, sql).await?;
    row.position().require_admin()?;
    let blocks = rows.iter().map(read).collect::<Result<_, DbError>>()?;
    Ok(numbered_page(blocks, page.limit))
}

fn read(row: &Row) -> Result<(i64, Block), DbError> {
    let block = Block {
        user: views::mssql::user_ref(row, 4)?,
        by: views::mssql::user_ref(row, 7)?,
        reason: row.opt_text(1)?,
        at: row.time(2)?,
        until: row.opt_time(3)?,
    };
    Ok((row.int(0)?, block))
}

/// The block of a user, run out or not.
async fn of_user(w: &mut Writing<'_>, room: RoomId, user: UserId) -> Result<Option<Block>, DbError> {
    let sql = Sql::new(
        "SELECT b.seq, b.reason, b.at, b.until, b.user_id, u.username, u.deleted, b.by_id, a.username, a.deleted
         FROM rooms.blocks AS b
         LEFT JOIN auth.v_users AS u ON u.id = b.user_id
         LEFT JOIN auth.v_users AS a ON a.id = b.by_id
         WHERE b.room_id = @P1 AND b.user_id = @P2",
    );
    let row = w.session.query_opt(sql.bind(room).bind(user)).await?;
    row.map(|row| read(&row).map(|(_, block)| block)).transpose()
}

pub(super) async fn put(
    w: &mut Writing<'_>,
    actor: &UserRef,
    room: RoomId,
    subject: &NamedUser,
    block: &NewBlock,
) -> StoreResult<Block> {
    let (locked, subject) = w.lock_with(room, actor.id, subject).await?;
    let role = locked.row.position().require_admin()?;
    let subject = subject.ok_or(Refusal::UserNotFound)?;
    may_block(role, subject.role)?;
    if subject.blocked
        && let Some(standing) = of_user(w, room, subject.user.id).await?.filter(|standing| block.is(standing))
    {
        return Ok(standing);
    }
    let mut act = locked.act(actor);
    if subject.role.is_some() {
        membership::end(&mut act, subject.user.id);
        membership::note_removal(&mut act, subject.user.id, locked.now);
    }
    let body = EntryBody::MemberBlocked { subject: subject.user.clone(), until: block.until };
    let seq = act.moderation(body, block.detail().as_deref());
    write(&mut act, subject.user.id, block, seq);
    act.write(w).await?;
    let NewBlock { reason, until } = block.clone();
    Ok(Block { user: subject.user, by: actor.clone(), reason, at: locked.now, until })
}

/// Writes a block in place of the one before.
fn write(act: &mut Act<'_>, user: UserId, block: &NewBlock, seq: u64) {
    act.add(
        Sql::new(
            "DELETE FROM rooms.blocks WHERE room_id = @P1 AND user_id = @P2;
             INSERT INTO rooms.blocks (room_id, user_id, by_id, reason, at, seq, until)
             VALUES (@P1, @P2, @P3, @P4, @P5, @P6, @P7)",
        )
        .bind(act.room)
        .bind(user)
        .bind(act.actor.id)
        .bind(block.reason.as_deref())
        .bind(act.at)
        .bind(seq)
        .bind(block.until),
    );
}

pub(super) async fn remove(w: &mut Writing<'_>, actor: &UserRef, room: RoomId, subject: &NamedUser) -> StoreResult<()> {
    let (locked, subject) = w.lock_with(room, actor.id, subject).await?;
    locked.row.position().require_admin()?;
    let subject = subject.ok_or(Refusal::UserNotFound)?;
    if !subject.blocked {
        return Err(Refusal::BlockNotFound.into());
    }
    let mut act = locked.act(actor);
    let sql = Sql::new("DELETE FROM rooms.blocks WHERE room_id = @P1 AND user_id = @P2");
    act.add(sql.bind(room).bind(subject.user.id));
    act.moderation(EntryBody::MemberUnblocked { subject: subject.user }, None);
    act.write(w).await
}
