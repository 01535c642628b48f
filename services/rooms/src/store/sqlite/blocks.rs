//! Blocks.

use chatapp_db::{DbError, views};
use chatapp_types::rooms::Block;
use chatapp_types::{EntryBody, Page, RoomId, Timestamp, UserId, UserRef};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Writing, column, membership};
use crate::app::Refusal;
use crate::app::blocking::NewBlock;
use crate::app::members::may_block;
use crate::store::facts::{RoomRow, Subject};
use crate::store::{NamedUser, PageOf, StoreResult, numbered_page};

pub(super) fn list(
    conn: &Connection,
    viewer: UserId,
    room: RoomId,
    page: PageOf,
    now: Timestamp,
) -> StoreResult<Page<Block>> {
    RoomRow::get(conn, room, viewer, now)?.position().require_admin()?;
    let mut statement = conn.prepare_cached(
        "SELECT b.seq, b.reason, b.at, b.until, b.user_id, u.username, u.deleted, b.by_id, a.username, a.deleted
         FROM rooms_blocks b
         LEFT JOIN auth_v_users u ON u.id = b.user_id
         LEFT JOIN auth_v_users a ON a.id = b.by_id
         WHERE b.room_id = ?1 AND b.seq > ?2 AND (b.until IS NULL OR b.until > ?3) ORDER BY b.seq LIMIT ?4",
    )?;
    let values = params![room.0, page.after.unwrap_or_default(), now.millis(), i64::from(page.limit) + 1];
    let rows = statement.query_map(values, read)?.collect::<Result<_, _>>()?;
    Ok(numbered_page(rows, page.limit))
}

fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Block)> {
    let block = Block {
        user: views::sqlite::user_ref(row, 4)?,
        by: views::sqlite::user_ref(row, 7)?,
        reason: row.get(1)?,
        at: Timestamp::from_millis(row.get(2)?),
        until: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
    };
    Ok((row.get(0)?, block))
}

/// The block of a user, run out or not.
fn of_user(conn: &Connection, room: RoomId, user: UserId) -> Result<Option<Block>, DbError> {
    let mut statement = conn.prepare_cached(
        "SELECT b.seq, b.reason, b.at, b.until, b.user_id, u.username, u.deleted, b.by_id, a.username, a.deleted
         FROM rooms_blocks b
         LEFT JOIN auth_v_users u ON u.id = b.user_id
         LEFT JOIN auth_v_users a ON a.id = b.by_id
         WHERE b.room_id = ?1 AND b.user_id = ?2",
    )?;
    Ok(statement.query_row(params![room.0, user.0], read).optional()?.map(|(_, block)| block))
}

pub(super) fn put(
    w: &mut Writing<'_, '_>,
    actor: &UserRef,
    room: RoomId,
    subject: &NamedUser,
    block: NewBlock,
) -> StoreResult<Block> {
    let role = RoomRow::get(w.tx, room, actor.id, w.now)?.position().require_admin()?;
    let subject = Subject::find(w.tx, room, subject, w.now)?;
    may_block(role, subject.role)?;
    if subject.blocked
        && let Some(standing) = of_user(w.tx, room, subject.user.id)?.filter(|standing| block.is(standing))
    {
        return Ok(standing);
    }
    if subject.role.is_some() {
        membership::end(w.tx, room, subject.user.id)?;
        membership::note_removal(w.tx, room, subject.user.id, w.now)?;
    }
    let body = EntryBody::MemberBlocked { subject: subject.user.clone(), until: block.until };
    let seq = w.act(actor, room).moderation(body, block.detail().as_deref())?;
    write(w.tx, room, &subject.user, actor, &block, w.now, seq)?;
    let NewBlock { reason, until } = block;
    Ok(Block { user: subject.user, by: actor.clone(), reason, at: w.now, until })
}

fn write(
    conn: &Connection,
    room: RoomId,
    user: &UserRef,
    by: &UserRef,
    block: &NewBlock,
    at: Timestamp,
    seq: u64,
) -> Result<(), DbError> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO rooms_blocks (room_id, user_id, by_id, reason, at, seq, until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        room.0,
        user.id.0,
        by.id.0,
        block.reason,
        at.millis(),
        column(seq),
        block.until.map(Timestamp::millis)
    ])?;
    Ok(())
}

pub(super) fn remove(w: &mut Writing<'_, '_>, actor: &UserRef, room: RoomId, subject: &NamedUser) -> StoreResult<()> {
    RoomRow::get(w.tx, room, actor.id, w.now)?.position().require_admin()?;
    let subject = Subject::find(w.tx, room, subject, w.now)?;
    if !subject.blocked {
        return Err(Refusal::BlockNotFound.into());
    }
    w.tx.prepare_cached("DELETE FROM rooms_blocks WHERE room_id = ?1 AND user_id = ?2")?
        .execute(params![room.0, subject.user.id.0])?;
    w.act(actor, room).moderation(EntryBody::MemberUnblocked { subject: subject.user }, None)?;
    Ok(())
}
