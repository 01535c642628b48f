//! Log-ins.

use async_trait::async_trait;
use chatapp_db::WriteTx;
use chatapp_http::RevokedSession;
use chatapp_types::{ErrorCode, SessionId, Timestamp, UserId, UserRef};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{SqliteAuthStore, hash, revoked, standing};
use crate::app::refresh::{Chain, Decision, decide};
use crate::store::{
    Announce, NewSession, Opening, Presented, RefreshRules, Refreshed, SessionStore, StoreResult, StoredSession,
};

#[async_trait]
impl SessionStore for SqliteAuthStore {
    async fn open_session(&self, opening: Opening) -> StoreResult<()> {
        let announce = self.announce.clone();
        self.write(move |tx| {
            let Opening { session, credential, max_sessions } = opening;
            let allowed =
                standing(tx, session.user).is_ok_and(|user| !user.disabled && user.passwords == credential.passwords);
            if !allowed {
                return Err(ErrorCode::InvalidCredentials.into());
            }
            if let Some(hash) = credential.rehashed {
                tx.prepare_cached("UPDATE auth_users SET password_hash = ?2 WHERE id = ?1")?
                    .execute(params![session.user.0, hash])?;
            }
            make_room(tx, &announce, &session, max_sessions)?;
            insert(tx, &session)
        })
        .await
    }

    async fn refresh_session(
        &self,
        presented: Presented,
        rules: RefreshRules,
        now: Timestamp,
    ) -> StoreResult<Refreshed> {
        let announce = self.announce.clone();
        self.write(move |tx| {
            let Some((user, chain)) = chain(tx, presented.session)? else { return Ok(Refreshed::Unknown) };
            match decide(&chain, &presented, rules.grace, now) {
                Decision::Rotate => {
                    rotate(tx, &presented, rules, now)?;
                    Ok(Refreshed::Granted(user))
                }
                Decision::Repeat => Ok(Refreshed::Granted(user)),
                Decision::Revoke => {
                    end(tx, &announce, user.id, presented.session, now)?;
                    Ok(Refreshed::Reused(user.id))
                }
                Decision::Refuse => Ok(Refreshed::Unknown),
            }
        })
        .await
    }

    async fn list_sessions(
        &self,
        user: UserId,
        after: Option<SessionId>,
        limit: u32,
        now: Timestamp,
    ) -> StoreResult<Vec<StoredSession>> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT id, client, created_at, last_used_at FROM auth_sessions
                 WHERE user_id = ?1 AND expires_at > ?2 AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4",
            )?;
            let after = after.map(|session| session.0);
            let rows = statement.query_map(params![user.0, now.millis(), after, limit], stored_session)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn revoke_session(&self, user: UserId, session: SessionId, now: Timestamp) -> StoreResult<()> {
        let announce = self.announce.clone();
        self.write(move |tx| {
            if end(tx, &announce, user, session, now)? { Ok(()) } else { Err(ErrorCode::SessionNotFound.into()) }
        })
        .await
    }

    async fn revoked_since(&self, since: Timestamp) -> StoreResult<Vec<RevokedSession>> {
        // Apart, so that a log-out is known in time however busy the readers are.
        self.db.read_apart(move |conn| revoked::since(conn, since)).await
    }
}

pub(super) fn insert(tx: &WriteTx<'_>, session: &NewSession) -> StoreResult<()> {
    tx.prepare_cached(
        "INSERT INTO auth_sessions (id, user_id, audience, client, created_at, last_used_at, expires_at, generation,
                                    refresh_hash, rotated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, 0, ?7, ?5)",
    )?
    .execute(params![
        session.id.0,
        session.user.0,
        session.audience.as_str(),
        session.client,
        session.now.millis(),
        session.expires_at.millis(),
        session.refresh_hash,
    ])?;
    Ok(())
}

/// Ends the sessions used least recently, so that with the new one there are `max` at most.
fn make_room(tx: &mut WriteTx<'_>, announce: &Announce, session: &NewSession, max: u32) -> StoreResult<()> {
    let surplus = revoked::deleted(
        tx,
        "DELETE FROM auth_sessions WHERE id IN (SELECT id FROM auth_sessions WHERE user_id = ?1
             ORDER BY last_used_at DESC, id DESC LIMIT -1 OFFSET ?2) RETURNING id",
        params![session.user.0, max.saturating_sub(1)],
    )?;
    revoked::record(tx, announce, &surplus, session.now)
}

fn end(
    tx: &mut WriteTx<'_>,
    announce: &Announce,
    user: UserId,
    session: SessionId,
    now: Timestamp,
) -> StoreResult<bool> {
    let ended = revoked::deleted(
        tx,
        "DELETE FROM auth_sessions WHERE id = ?1 AND user_id = ?2 RETURNING id",
        params![session.0, user.0],
    )?;
    revoked::record(tx, announce, &ended, now)?;
    Ok(!ended.is_empty())
}

fn rotate(tx: &WriteTx<'_>, presented: &Presented, rules: RefreshRules, now: Timestamp) -> StoreResult<()> {
    tx.prepare_cached(
        "UPDATE auth_sessions SET generation = generation + 1, previous_hash = refresh_hash, refresh_hash = ?2,
                                  rotated_at = ?3, last_used_at = ?3, expires_at = ?4
         WHERE id = ?1",
    )?
    .execute(params![presented.session.0, presented.successor, now.millis(), now.plus(rules.idle).millis()])?;
    Ok(())
}

/// The chain of a session, and whose it is; `None` when the session is gone.
fn chain(conn: &Connection, session: SessionId) -> StoreResult<Option<(UserRef, Chain)>> {
    let mut statement = conn.prepare_cached(
        "SELECT u.id, u.username, s.generation, s.refresh_hash, s.previous_hash, s.rotated_at, s.expires_at
         FROM auth_sessions s JOIN auth_users u ON u.id = s.user_id
         WHERE s.id = ?1 AND u.deleted_at IS NULL AND u.disabled_at IS NULL",
    )?;
    let read = |row: &Row<'_>| {
        let user = UserRef { id: UserId(row.get(0)?), username: row.get(1)? };
        let chain = Chain {
            generation: row.get(2)?,
            last: hash(row, 3)?,
            previous: hash(row, 4)?,
            rotated_at: Timestamp::from_millis(row.get(5)?),
            expires_at: Timestamp::from_millis(row.get(6)?),
        };
        Ok((user, chain))
    };
    Ok(statement.query_row([session.0], read).optional()?)
}

fn stored_session(row: &Row<'_>) -> rusqlite::Result<StoredSession> {
    Ok(StoredSession {
        id: SessionId(row.get(0)?),
        client: row.get(1)?,
        created_at: Timestamp::from_millis(row.get(2)?),
        last_used_at: Timestamp::from_millis(row.get(3)?),
    })
}
