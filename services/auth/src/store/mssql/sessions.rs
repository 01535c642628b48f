//! Log-ins.

use async_trait::async_trait;
use chatapp_db::mssql::{Row, Session, Sql};
use chatapp_http::RevokedSession;
use chatapp_types::{ErrorCode, SessionId, Timestamp, UserId, UserRef};

use super::{ID_IN_ORDER, MssqlAuthStore, lock, number, revoked};
use crate::app::refresh::{Chain, Decision, decide};
use crate::store::{
    Announce, NewSession, Opening, Presented, RefreshRules, Refreshed, SessionStore, StoreError, StoreResult,
    StoredSession,
};

#[async_trait]
impl SessionStore for MssqlAuthStore {
    async fn open_session(&self, opening: Opening) -> StoreResult<()> {
        self.write(opening, |session, announce, opening| Box::pin(open(session, announce, opening))).await
    }

    async fn refresh_session(
        &self,
        presented: Presented,
        rules: RefreshRules,
        now: Timestamp,
    ) -> StoreResult<Refreshed> {
        self.write((presented, rules, now), |session, announce, (presented, rules, now)| {
            Box::pin(refresh(session, announce, presented, rules, now))
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
        let mut sql = Sql::new("SELECT TOP (");
        sql.arg(limit).push(") id, client, created_at, last_used_at FROM auth.sessions WHERE user_id = ").arg(user);
        sql.push(" AND expires_at > ").arg(now);
        if let Some(after) = after {
            sql.push(" AND ").push(ID_IN_ORDER).push(" < CAST(").arg(after).push(" AS CHAR(36))");
        }
        sql.push(" ORDER BY ").push(ID_IN_ORDER).push(" DESC");
        self.query(sql).await?.iter().map(stored_session).collect()
    }

    async fn revoke_session(&self, user: UserId, session: SessionId, now: Timestamp) -> StoreResult<()> {
        self.write((user, session, now), |session, announce, (user, ended, now)| {
            Box::pin(async move {
                let there = end(session, &announce, user, ended, now).await?;
                if there { Ok(()) } else { Err(ErrorCode::SessionNotFound.into()) }
            })
        })
        .await
    }

    async fn revoked_since(&self, since: Timestamp) -> StoreResult<Vec<RevokedSession>> {
        // Apart, so that a log-out is known in time however busy the other connections are.
        let rows = self.db.query_apart(revoked::since(since)).await?;
        rows.iter().map(revoked::revoked_session).collect()
    }
}

async fn open(session: &mut Session, announce: Announce, opening: Opening) -> StoreResult<()> {
    let Opening { session: new, credential, max_sessions } = opening;
    match lock(session, new.user).await {
        Ok(user) if !user.disabled && user.passwords == credential.passwords => {}
        Ok(_) | Err(StoreError::Refused(_)) => return Err(ErrorCode::InvalidCredentials.into()),
        Err(failed) => return Err(failed),
    }
    let mut batch = make_room(&new, max_sessions);
    batch.append(insertion(&new));
    if let Some(hash) = credential.rehashed {
        let rehash = Sql::new("UPDATE auth.users SET password_hash = @P2 WHERE id = @P1;");
        batch.append(rehash.bind(new.user).bind(hash));
    }
    revoked::end(session, &announce, batch, new.now).await?;
    Ok(())
}

async fn refresh(
    session: &mut Session,
    announce: Announce,
    presented: Presented,
    rules: RefreshRules,
    now: Timestamp,
) -> StoreResult<Refreshed> {
    let Some((user, chain)) = locked_chain(session, presented.session).await? else { return Ok(Refreshed::Unknown) };
    match decide(&chain, &presented, rules.grace, now) {
        Decision::Rotate => {
            rotate(session, &presented, rules, now).await?;
            Ok(Refreshed::Granted(user))
        }
        Decision::Repeat => Ok(Refreshed::Granted(user)),
        Decision::Revoke => {
            end(session, &announce, user.id, presented.session, now).await?;
            Ok(Refreshed::Reused(user.id))
        }
        Decision::Refuse => Ok(Refreshed::Unknown),
    }
}

/// What keeps a new session.
pub(super) fn insertion(session: &NewSession) -> Sql {
    let sql = Sql::new(
        "INSERT INTO auth.sessions (id, user_id, audience, client, created_at, last_used_at, expires_at, generation,
                                    refresh_hash, rotated_at)
         VALUES (@P1, @P2, @P3, @P4, @P5, @P5, @P6, 0, @P7, @P5);",
    );
    sql.bind(session.id)
        .bind(session.user)
        .bind(session.audience.as_str())
        .bind(session.client.as_str())
        .bind(session.now)
        .bind(session.expires_at)
        .bind(session.refresh_hash)
}

/// What ends the sessions used least recently, so that with the new one there are `max` at most.
fn make_room(session: &NewSession, max: u32) -> Sql {
    let sql = Sql::new(format!(
        "DELETE FROM auth.sessions OUTPUT deleted.id INTO @ended WHERE id IN (
             SELECT id FROM auth.sessions WHERE user_id = @P1
             ORDER BY last_used_at DESC, {ID_IN_ORDER} DESC OFFSET @P2 ROWS);"
    ));
    sql.bind(session.user).bind(max.saturating_sub(1))
}

async fn end(
    session: &mut Session,
    announce: &Announce,
    user: UserId,
    ended: SessionId,
    now: Timestamp,
) -> StoreResult<bool> {
    let deletion =
        Sql::new("DELETE FROM auth.sessions OUTPUT deleted.id INTO @ended WHERE id = @P1 AND user_id = @P2;");
    let ended = revoked::end(session, announce, deletion.bind(ended).bind(user), now).await?;
    Ok(!ended.is_empty())
}

async fn rotate(session: &mut Session, presented: &Presented, rules: RefreshRules, now: Timestamp) -> StoreResult<()> {
    let sql = Sql::new(
        "UPDATE auth.sessions SET generation = generation + 1, previous_hash = refresh_hash, refresh_hash = @P2,
                                  rotated_at = @P3, last_used_at = @P3, expires_at = @P4
         WHERE id = @P1",
    );
    let sql = sql.bind(presented.session).bind(presented.successor).bind(now).bind(now.plus(rules.idle));
    session.execute(sql).await?;
    Ok(())
}

/// Locks a session and reads its chain, and whose it is; `None` when the session is gone.
async fn locked_chain(session: &mut Session, id: SessionId) -> StoreResult<Option<(UserRef, Chain)>> {
    let sql = Sql::new(
        "UPDATE auth.sessions SET generation = generation WHERE id = @P1;
         SELECT u.id, u.username, s.generation, s.refresh_hash, s.previous_hash, s.rotated_at, s.expires_at
         FROM auth.sessions s JOIN auth.users u ON u.id = s.user_id
         WHERE s.id = @P1 AND u.deleted_at IS NULL AND u.disabled_at IS NULL",
    );
    let Some(row) = session.query_opt(sql.bind(id)).await? else { return Ok(None) };
    let user = UserRef { id: UserId(row.id(0)?), username: row.text(1)? };
    let chain = Chain {
        generation: number(&row, 2)?,
        last: row.opt_hash(3)?,
        previous: row.opt_hash(4)?,
        rotated_at: row.time(5)?,
        expires_at: row.time(6)?,
    };
    Ok(Some((user, chain)))
}

fn stored_session(row: &Row) -> StoreResult<StoredSession> {
    Ok(StoredSession {
        id: SessionId(row.id(0)?),
        client: row.text(1)?,
        created_at: row.time(2)?,
        last_used_at: row.time(3)?,
    })
}
