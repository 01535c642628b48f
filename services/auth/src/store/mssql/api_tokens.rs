//! Tokens for scripts.

use async_trait::async_trait;
use chatapp_db::mssql::{Row, Session, Sql};
use chatapp_types::{ErrorCode, SessionId, Timestamp, UserId, UserRef};

use super::{ID_IN_ORDER, MssqlAuthStore, lock, number, revoked};
use crate::app::access::words;
use crate::store::{Announce, ApiTokenInUse, ApiTokenStore, Hash, NewApiToken, StoreResult, StoredApiToken};

/// How finely the last use is kept, in milliseconds: a script that calls all the time must not write all the time.
const USE_PRECISION_MS: i64 = 60_000;

#[async_trait]
impl ApiTokenStore for MssqlAuthStore {
    async fn create_api_token(&self, token: NewApiToken, max: u32) -> StoreResult<()> {
        self.write((token, max), |session, announce, (token, max)| Box::pin(create(session, announce, token, max)))
            .await
    }

    async fn list_api_tokens(
        &self,
        user: UserId,
        after: Option<SessionId>,
        limit: u32,
    ) -> StoreResult<Vec<StoredApiToken>> {
        let mut sql = Sql::new("SELECT TOP (");
        sql.arg(limit).push(") id, name, scopes, created_at, expires_at, last_used_at FROM auth.api_tokens");
        sql.push(" WHERE user_id = ").arg(user);
        if let Some(after) = after {
            sql.push(" AND ").push(ID_IN_ORDER).push(" < CAST(").arg(after).push(" AS CHAR(36))");
        }
        sql.push(" ORDER BY ").push(ID_IN_ORDER).push(" DESC");
        self.query(sql).await?.iter().map(stored_token).collect()
    }

    async fn revoke_api_token(&self, user: UserId, name: String, now: Timestamp) -> StoreResult<()> {
        self.write((user, name, now), |session, announce, (user, name, now)| {
            Box::pin(async move {
                let deletion = Sql::new(
                    "DELETE FROM auth.api_tokens OUTPUT deleted.id INTO @ended WHERE user_id = @P1 AND name = @P2;",
                );
                let ended = revoked::end(session, &announce, deletion.bind(user).bind(name), now).await?;
                if ended.is_empty() { Err(ErrorCode::TokenNotFound.into()) } else { Ok(()) }
            })
        })
        .await
    }

    async fn use_api_token(&self, hash: Hash, now: Timestamp) -> StoreResult<Option<ApiTokenInUse>> {
        let found = self.query(find(hash, now)).await?.first().map(token_in_use).transpose()?;
        let minute = Timestamp::from_millis(now.millis() - now.millis().rem_euclid(USE_PRECISION_MS));
        if let Some(found) = &found
            && found.token.last_used_at.is_none_or(|last| last < minute)
        {
            // Another replica may have noted a later use since.
            let note = Sql::new(
                "UPDATE auth.api_tokens SET last_used_at = @P2
                 WHERE id = @P1 AND (last_used_at IS NULL OR last_used_at < @P2)",
            );
            self.execute(note.bind(found.token.id).bind(minute)).await?;
        }
        Ok(found)
    }
}

async fn create(session: &mut Session, announce: Announce, token: NewApiToken, max: u32) -> StoreResult<()> {
    if lock(session, token.user).await?.disabled {
        return Err(ErrorCode::UserNotFound.into());
    }
    let run_out = Sql::new(
        "DELETE FROM auth.api_tokens OUTPUT deleted.id INTO @ended
         WHERE user_id = @P1 AND name = @P2 AND expires_at <= @P3;",
    );
    let run_out = run_out.bind(token.user).bind(token.name.as_str()).bind(token.now);
    revoked::end(session, &announce, run_out, token.now).await?;
    let count =
        Sql::new("SELECT COUNT(*), COUNT(CASE WHEN name = @P2 THEN 1 END) FROM auth.api_tokens WHERE user_id = @P1");
    let count = session.query_one(count.bind(token.user).bind(token.name.as_str())).await?;
    if number(&count, 1)? > 0 {
        return Err(ErrorCode::TokenNameTaken.into());
    }
    if number(&count, 0)? >= max {
        return Err(ErrorCode::Conflict.into());
    }
    insert(session, &token).await
}

async fn insert(session: &mut Session, token: &NewApiToken) -> StoreResult<()> {
    let sql = Sql::new(
        "INSERT INTO auth.api_tokens (id, user_id, name, hash, scopes, created_at, expires_at)
         VALUES (@P1, @P2, @P3, @P4, @P5, @P6, @P7)",
    );
    let sql = sql
        .bind(token.id)
        .bind(token.user)
        .bind(token.name.as_str())
        .bind(token.hash)
        .bind(words(&token.scopes))
        .bind(token.now)
        .bind(token.expires_at);
    session.execute(sql).await?;
    Ok(())
}

fn find(hash: Hash, now: Timestamp) -> Sql {
    let sql = Sql::new(
        "SELECT t.id, t.name, t.scopes, t.created_at, t.expires_at, t.last_used_at, u.id, u.username
         FROM auth.api_tokens t JOIN auth.users u ON u.id = t.user_id
         WHERE t.hash = @P1 AND (t.expires_at IS NULL OR t.expires_at > @P2)
           AND u.deleted_at IS NULL AND u.disabled_at IS NULL",
    );
    sql.bind(hash).bind(now)
}

fn token_in_use(row: &Row) -> StoreResult<ApiTokenInUse> {
    let user = UserRef { id: UserId(row.id(6)?), username: row.text(7)? };
    Ok(ApiTokenInUse { token: stored_token(row)?, user })
}

fn stored_token(row: &Row) -> StoreResult<StoredApiToken> {
    Ok(StoredApiToken {
        id: SessionId(row.id(0)?),
        name: row.text(1)?,
        scopes: row.text(2)?.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect(),
        created_at: row.time(3)?,
        expires_at: row.opt_time(4)?,
        last_used_at: row.opt_time(5)?,
    })
}
