//! Ending sessions: the row goes, what ended is recorded, and it is announced once that is committed.

use chatapp_db::WriteTx;
use chatapp_http::RevokedSession;
use chatapp_types::{SessionId, Timestamp, UserId};
use rusqlite::{Connection, params};

use crate::store::{Announce, StoreResult};

/// Records ended sessions (or tokens), and has them announced after the commit.
pub(super) fn record(tx: &mut WriteTx<'_>, announce: &Announce, ended: &[SessionId], at: Timestamp) -> StoreResult<()> {
    if ended.is_empty() {
        return Ok(());
    }
    let mut insert = tx.prepare_cached(
        "INSERT INTO auth_revoked (session_id, at) VALUES (?1, ?2) ON CONFLICT (session_id) DO NOTHING",
    )?;
    for session in ended {
        insert.execute(params![session.0, at.millis()])?;
    }
    drop(insert);
    let sessions: Vec<_> = ended.iter().map(|session| RevokedSession { session_id: *session, at }).collect();
    let announce = announce.clone();
    tx.after_commit(move || announce(&sessions));
    Ok(())
}

/// Ends all sessions of an account but `keep`, and with `tokens` its tokens for scripts.
pub(super) fn end_all(
    tx: &mut WriteTx<'_>,
    announce: &Announce,
    user: UserId,
    keep: Option<SessionId>,
    tokens: bool,
    at: Timestamp,
) -> StoreResult<()> {
    let keep = keep.map(|session| session.0);
    let mut ended = deleted(
        tx,
        "DELETE FROM auth_sessions WHERE user_id = ?1 AND (?2 IS NULL OR id <> ?2) RETURNING id",
        params![user.0, keep],
    )?;
    if tokens {
        ended.extend(deleted(tx, "DELETE FROM auth_api_tokens WHERE user_id = ?1 RETURNING id", params![user.0])?);
    }
    record(tx, announce, &ended, at)
}

/// Runs a deletion and returns the ids that it returns.
pub(super) fn deleted(conn: &Connection, sql: &str, params: impl rusqlite::Params) -> StoreResult<Vec<SessionId>> {
    let mut statement = conn.prepare_cached(sql)?;
    let ids = statement.query_map(params, |row| row.get(0).map(SessionId))?.collect::<Result<_, _>>()?;
    Ok(ids)
}

/// What was ended at or after `since`, oldest first.
pub(super) fn since(conn: &Connection, since: Timestamp) -> StoreResult<Vec<RevokedSession>> {
    let mut statement = conn.prepare_cached("SELECT session_id, at FROM auth_revoked WHERE at >= ?1 ORDER BY at")?;
    let rows = statement.query_map([since.millis()], |row| {
        Ok(RevokedSession { session_id: SessionId(row.get(0)?), at: Timestamp::from_millis(row.get(1)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
