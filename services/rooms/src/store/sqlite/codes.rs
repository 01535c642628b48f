//! Secret codes, and the tries of them.

use chatapp_db::DbError;
use chatapp_types::{RoomId, Timestamp, UserId, UserRef};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::Writing;
use super::act::Act;
use crate::app::Refusal;
use crate::app::codes::{CodeBounds, CodeVersion, NewCode, StoredCode, require_private};
use crate::app::throttle::{HOUR_MS, PastTry, TryLimits, seconds_to_wait};
use crate::store::facts::RoomRow;
use crate::store::{CodeTry, StoreResult};

/// Stands for "no room named" among the tries.
const NO_ROOM: Uuid = Uuid::nil();

pub(super) fn check_may_set(conn: &Connection, actor: UserId, room: RoomId, now: Timestamp) -> StoreResult<RoomRow> {
    let row = RoomRow::get(conn, room, actor, now)?;
    row.position().require_admin()?;
    require_private(row.settings.visibility)?;
    Ok(row)
}

pub(super) fn set(w: &mut Writing<'_, '_>, actor: &UserRef, room: RoomId, code: &NewCode) -> StoreResult<()> {
    check_may_set(w.tx, actor.id, room, w.now)?;
    write(w.tx, room, code, w.now)?;
    let bounds = CodeBounds { expires_at: code.expires_at, max_uses: code.max_uses };
    Ok(w.act(actor, room).audit("code.set", None, bounds.detail().as_deref())?)
}

pub(super) fn write(conn: &Connection, room: RoomId, code: &NewCode, now: Timestamp) -> Result<(), DbError> {
    let (digest, hash) = match &code.stored {
        StoredCode::Digest(digest) => (Some(digest.as_bytes()), None),
        StoredCode::Hash(hash) => (None, Some(hash)),
    };
    conn.prepare_cached(
        "INSERT OR REPLACE INTO rooms_codes (room_id, version, digest, hash, set_at, expires_at, uses_left)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        room.0,
        CodeVersion::new().0,
        digest,
        hash,
        now.millis(),
        code.expires_at.map(Timestamp::millis),
        code.max_uses
    ])?;
    Ok(())
}

pub(super) fn remove(w: &mut Writing<'_, '_>, actor: &UserRef, room: RoomId) -> StoreResult<()> {
    RoomRow::get(w.tx, room, actor.id, w.now)?.position().require_admin()?;
    Ok(drop_code(&mut w.act(actor, room))?)
}

/// Removes the code, if there is one.
pub(super) fn drop_code(act: &mut Act<'_, '_>) -> Result<(), DbError> {
    let removed = act.tx.prepare_cached("DELETE FROM rooms_codes WHERE room_id = ?1")?.execute([act.room.0])?;
    if removed > 0 { act.audit("code.removed", None, None) } else { Ok(()) }
}

/// Spends one use of the room's code, where they are counted.
pub(super) fn spend_use(conn: &Connection, room: RoomId) -> Result<(), DbError> {
    conn.prepare_cached(
        "UPDATE rooms_codes SET uses_left = uses_left - 1 WHERE room_id = ?1 AND uses_left IS NOT NULL",
    )?
    .execute([room.0])?;
    Ok(())
}

/// The same statements whether the room exists or not.
pub(super) fn begin_try(w: &mut Writing<'_, '_>, user: UserId, room: Option<RoomId>) -> StoreResult<CodeTry> {
    let target = room.map_or(NO_ROOM, |room| room.0);
    let ticket = match w.limits().tries {
        Some(limits) => Some(count_try(w.tx, user, target, limits, w.now)?),
        None => None,
    };
    let chosen =
        w.tx.prepare_cached("SELECT version, hash FROM rooms_codes WHERE room_id = ?1 AND hash IS NOT NULL")?
            .query_row([target], |row| Ok((CodeVersion(row.get(0)?), row.get(1)?)))
            .optional()?;
    Ok(CodeTry { ticket, chosen })
}

fn count_try(conn: &Connection, user: UserId, target: Uuid, limits: TryLimits, now: Timestamp) -> StoreResult<i64> {
    let tries = past_tries(conn, user, target, now)?;
    if let Some(retry_after_s) = seconds_to_wait(&tries, now, limits) {
        return Err(Refusal::Throttled { retry_after_s }.into());
    }
    Ok(conn
        .prepare_cached("INSERT INTO rooms_code_tries (user_id, room_id, at) VALUES (?1, ?2, ?3) RETURNING id")?
        .query_row(params![user.0, target, now.millis()], |row| row.get(0))?)
}

fn past_tries(conn: &Connection, user: UserId, target: Uuid, now: Timestamp) -> Result<Vec<PastTry>, DbError> {
    let mut statement = conn
        .prepare_cached("SELECT at, room_id = ?2 FROM rooms_code_tries WHERE user_id = ?1 AND at > ?3 ORDER BY at")?;
    let rows = statement
        .query_map(params![user.0, target, now.millis() - HOUR_MS], |row| {
            Ok(PastTry { at: Timestamp::from_millis(row.get(0)?), same_room: row.get(1)? })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// A try that succeeded does not count.
pub(super) fn forget_try(conn: &Connection, ticket: Option<i64>) -> Result<(), DbError> {
    if let Some(id) = ticket {
        conn.prepare_cached("DELETE FROM rooms_code_tries WHERE id = ?1")?.execute([id])?;
    }
    Ok(())
}

pub(super) fn forget_old_tries(conn: &Connection, now: Timestamp) -> StoreResult<()> {
    conn.prepare_cached("DELETE FROM rooms_code_tries WHERE at <= ?1")?.execute([now.millis() - HOUR_MS])?;
    Ok(())
}
