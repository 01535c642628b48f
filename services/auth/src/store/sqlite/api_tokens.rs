//! Tokens for scripts.

use async_trait::async_trait;
use chatapp_db::WriteTx;
use chatapp_types::{ErrorCode, SessionId, Timestamp, UserId, UserRef};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{SqliteAuthStore, revoked, standing};
use crate::app::access::words;
use crate::store::{ApiTokenInUse, ApiTokenStore, Hash, NewApiToken, StoreResult, StoredApiToken};

/// How finely the last use is kept, in milliseconds: a script that calls all the time must not write all the time.
const USE_PRECISION_MS: i64 = 60_000;

#[async_trait]
impl ApiTokenStore for SqliteAuthStore {
    async fn create_api_token(&self, token: NewApiToken, max: u32) -> StoreResult<()> {
        let announce = self.announce.clone();
        self.write(move |tx| {
            if standing(tx, token.user)?.disabled {
                return Err(ErrorCode::UserNotFound.into());
            }
            let run_out = revoked::deleted(
                tx,
                "DELETE FROM auth_api_tokens WHERE user_id = ?1 AND name = ?2 AND expires_at <= ?3 RETURNING id",
                params![token.user.0, token.name, token.now.millis()],
            )?;
            revoked::record(tx, &announce, &run_out, token.now)?;
            if count(tx, token.user, Some(&token.name))? > 0 {
                return Err(ErrorCode::TokenNameTaken.into());
            }
            if count(tx, token.user, None)? >= max {
                return Err(ErrorCode::Conflict.into());
            }
            insert(tx, &token)
        })
        .await
    }

    async fn list_api_tokens(
        &self,
        user: UserId,
        after: Option<SessionId>,
        limit: u32,
    ) -> StoreResult<Vec<StoredApiToken>> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT id, name, scopes, created_at, expires_at, last_used_at FROM auth_api_tokens
                 WHERE user_id = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3",
            )?;
            let rows = statement.query_map(params![user.0, after.map(|token| token.0), limit], stored_token)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn revoke_api_token(&self, user: UserId, name: String, now: Timestamp) -> StoreResult<()> {
        let announce = self.announce.clone();
        self.write(move |tx| {
            let ended = revoked::deleted(
                tx,
                "DELETE FROM auth_api_tokens WHERE user_id = ?1 AND name = ?2 RETURNING id",
                params![user.0, name],
            )?;
            if ended.is_empty() {
                return Err(ErrorCode::TokenNotFound.into());
            }
            revoked::record(tx, &announce, &ended, now)
        })
        .await
    }

    async fn use_api_token(&self, hash: Hash, now: Timestamp) -> StoreResult<Option<ApiTokenInUse>> {
        let found = self.read(move |conn| find(conn, hash, now)).await?;
        let minute = Timestamp::from_millis(now.millis() - now.millis().rem_euclid(USE_PRECISION_MS));
        if let Some(found) = &found
            && found.token.last_used_at.is_none_or(|last| last < minute)
        {
            let id = found.token.id;
            self.write(move |tx| {
                tx.prepare_cached("UPDATE auth_api_tokens SET last_used_at = ?2 WHERE id = ?1")?
                    .execute(params![id.0, minute.millis()])?;
                Ok(())
            })
            .await?;
        }
        Ok(found)
    }
}

fn insert(tx: &WriteTx<'_>, token: &NewApiToken) -> StoreResult<()> {
    tx.prepare_cached(
        "INSERT INTO auth_api_tokens (id, user_id, name, hash, scopes, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        token.id.0,
        token.user.0,
        token.name,
        token.hash,
        words(&token.scopes),
        token.now.millis(),
        token.expires_at.map(Timestamp::millis),
    ])?;
    Ok(())
}

/// Tokens of the account, of that name or of any.
fn count(conn: &Connection, user: UserId, name: Option<&str>) -> StoreResult<u32> {
    let count = conn
        .prepare_cached("SELECT count(*) FROM auth_api_tokens WHERE user_id = ?1 AND (?2 IS NULL OR name = ?2)")?
        .query_row(params![user.0, name], |row| row.get(0))?;
    Ok(count)
}

fn find(conn: &Connection, hash: Hash, now: Timestamp) -> StoreResult<Option<ApiTokenInUse>> {
    let mut statement = conn.prepare_cached(
        "SELECT t.id, t.name, t.scopes, t.created_at, t.expires_at, t.last_used_at, u.id, u.username
         FROM auth_api_tokens t JOIN auth_users u ON u.id = t.user_id
         WHERE t.hash = ?1 AND (t.expires_at IS NULL OR t.expires_at > ?2)
           AND u.deleted_at IS NULL AND u.disabled_at IS NULL",
    )?;
    let read = |row: &Row<'_>| {
        let user = UserRef { id: UserId(row.get(6)?), username: row.get(7)? };
        Ok(ApiTokenInUse { token: stored_token(row)?, user })
    };
    Ok(statement.query_row(params![hash, now.millis()], read).optional()?)
}

fn stored_token(row: &Row<'_>) -> rusqlite::Result<StoredApiToken> {
    let scopes: String = row.get(2)?;
    Ok(StoredApiToken {
        id: SessionId(row.get(0)?),
        name: row.get(1)?,
        scopes: scopes.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect(),
        created_at: Timestamp::from_millis(row.get(3)?),
        expires_at: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
        last_used_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis),
    })
}
