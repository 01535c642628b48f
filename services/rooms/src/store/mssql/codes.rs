//! Secret codes, and the tries of them.

use chatapp_db::DbError;
use chatapp_db::mssql::{Row, Sql};
use chatapp_types::{RoomId, Timestamp, UserId, UserRef};
use uuid::Uuid;

use super::act::Act;
use super::locked::UserLock;
use super::rows;
use super::{MssqlRoomStore, Writing};
use crate::app::Refusal;
use crate::app::codes::{CodeBounds, CodeVersion, NewCode, StoredCode, require_private};
use crate::app::throttle::{HOUR_MS, PastTry, seconds_to_wait};
use crate::store::facts::RoomRow;
use crate::store::{CodeTry, StoreResult};

/// Stands for "no room named" among the tries.
const NO_ROOM: Uuid = Uuid::nil();

pub(super) async fn check_may_set(store: &MssqlRoomStore, actor: UserId, room: RoomId) -> StoreResult<()> {
    let sets = store.db.snapshot(rows::by_id(room, actor)).await?;
    let row = sets.first().and_then(|rows| rows.first()).ok_or(Refusal::RoomNotFound)?;
    Ok(may_set(&rows::room(row, store.now())?)?)
}

fn may_set(row: &RoomRow) -> Result<(), Refusal> {
    row.position().require_admin()?;
    require_private(row.settings.visibility)
}

pub(super) async fn set(w: &mut Writing<'_>, actor: &UserRef, room: RoomId, code: &NewCode) -> StoreResult<()> {
    let locked = w.lock(room, actor.id).await?;
    may_set(&locked.row)?;
    let mut act = locked.act(actor);
    write(&mut act, code);
    let bounds = CodeBounds { expires_at: code.expires_at, max_uses: code.max_uses };
    act.audit("code.set", None, bounds.detail().as_deref());
    act.write(w).await
}

/// Writes the room's code in place of the one before.
pub(super) fn write(act: &mut Act<'_>, code: &NewCode) {
    let (digest, hash) = match &code.stored {
        StoredCode::Digest(digest) => (Some(digest.as_bytes().to_vec()), None),
        StoredCode::Hash(hash) => (None, Some(hash.clone())),
    };
    act.add(
        Sql::new(
            "DELETE FROM rooms.codes WHERE room_id = @P1;
             INSERT INTO rooms.codes (room_id, version, digest, hash, set_at, expires_at, uses_left)
             VALUES (@P1, @P2, @P3, @P4, @P5, @P6, @P7)",
        )
        .bind(act.room)
        .bind(CodeVersion::new().0)
        .bind(digest)
        .bind(hash)
        .bind(act.at)
        .bind(code.expires_at)
        .bind(code.max_uses),
    );
}

pub(super) async fn remove(w: &mut Writing<'_>, actor: &UserRef, room: RoomId) -> StoreResult<()> {
    let locked = w.lock(room, actor.id).await?;
    locked.row.position().require_admin()?;
    let mut act = locked.act(actor);
    drop_code(&mut act, &locked.row);
    act.write(w).await
}

/// Removes the code, if there is one.
pub(super) fn drop_code(act: &mut Act<'_>, room: &RoomRow) {
    if room.code.is_some() {
        act.add(Sql::new("DELETE FROM rooms.codes WHERE room_id = @P1").bind(act.room));
        act.audit("code.removed", None, None);
    }
}

/// Spends one use of the room's code, where they are counted.
pub(super) fn spend_use(act: &mut Act<'_>) {
    let sql =
        Sql::new("UPDATE rooms.codes SET uses_left = uses_left - 1 WHERE room_id = @P1 AND uses_left IS NOT NULL");
    act.add(sql.bind(act.room));
}

/// The same statements whether the room exists or not. Tries of one user wait for one another.
pub(super) async fn begin_try(w: &mut Writing<'_>, user: UserId, room: Option<RoomId>) -> StoreResult<CodeTry> {
    let target = room.map_or(NO_ROOM, |room| room.0);
    let chosen =
        Sql::new("SELECT version, hash FROM rooms.codes WHERE room_id = @P1 AND hash IS NOT NULL").bind(target);
    let Some(limits) = w.limits().tries else {
        let chosen = w.session.query_opt(chosen).await?;
        return Ok(CodeTry { ticket: None, chosen: chosen.as_ref().map(read_chosen).transpose()? });
    };
    let mut read = past_tries(user, target, w.now());
    read.push("; ").append(chosen);
    let sets = w.lock_user(UserLock::Trying, user, read).await?;
    let [tries, chosen] = &sets[..] else {
        return Err(DbError::Internal("two answers were expected".to_owned()).into());
    };
    let (tries, now) = (tries.iter().map(read_try).collect::<Result<Vec<_>, _>>()?, w.now());
    if let Some(retry_after_s) = seconds_to_wait(&tries, now, limits) {
        return Err(Refusal::Throttled { retry_after_s }.into());
    }
    let insert = Sql::new(
        "INSERT INTO rooms.code_tries (user_id, room_id, at) VALUES (@P1, @P2, @P3);
         SELECT CAST(SCOPE_IDENTITY() AS BIGINT)",
    );
    let ticket = w.session.query_one(insert.bind(user).bind(target).bind(now)).await?.int(0)?;
    Ok(CodeTry { ticket: Some(ticket), chosen: chosen.first().map(read_chosen).transpose()? })
}

fn past_tries(user: UserId, target: Uuid, now: Timestamp) -> Sql {
    Sql::new(
        "SELECT at, CASE WHEN room_id = @P2 THEN 1 ELSE 0 END FROM rooms.code_tries
         WHERE user_id = @P1 AND at > @P3 ORDER BY at",
    )
    .bind(user)
    .bind(target)
    .bind(now.millis() - HOUR_MS)
}

fn read_try(row: &Row) -> Result<PastTry, DbError> {
    Ok(PastTry { at: row.time(0)?, same_room: row.flag(1)? })
}

fn read_chosen(row: &Row) -> Result<(CodeVersion, String), DbError> {
    Ok((CodeVersion(row.id(0)?), row.text(1)?))
}

/// A try that succeeded does not count.
pub(super) fn forget_try(act: &mut Act<'_>, ticket: Option<i64>) {
    if let Some(id) = ticket {
        act.add(Sql::new("DELETE FROM rooms.code_tries WHERE id = @P1").bind(id));
    }
}

pub(super) async fn forget_old_tries(w: &mut Writing<'_>) -> StoreResult<()> {
    let sql = Sql::new("DELETE FROM rooms.code_tries WHERE at <= @P1").bind(w.now().millis() - HOUR_MS);
    w.session.execute(sql).await?;
    Ok(())
}
