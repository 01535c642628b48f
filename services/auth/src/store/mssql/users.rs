//! Accounts.

use async_trait::async_trait;
use chatapp_db::DbError;
use chatapp_db::mssql::{Row, Session, Sql};
use chatapp_types::{ErrorCode, SessionId, Timestamp, UserId, Username};

use super::{MssqlAuthStore, lock, number, revoked, sessions};
use crate::store::{
    Announce, Deletion, NewSession, NewUser, StoreError, StoreResult, StoredUser, UserStore, UserSummary,
};

/// Whether the name `@P1`, or one of the likeness `@P2`, is in use. Two questions, one an index.
const IS_TAKEN: &str = "(EXISTS (SELECT 1 FROM auth.users WHERE username = @P1)
     OR EXISTS (SELECT 1 FROM auth.users WHERE skeleton = @P2))";

#[async_trait]
impl UserStore for MssqlAuthStore {
    async fn create_user(&self, user: NewUser, session: Option<NewSession>) -> StoreResult<()> {
        let name = user.username.clone();
        let made = self
            .write((user, session), |session, _, (user, first)| {
                Box::pin(async move {
                    insert(session, &user).await?;
                    let Some(first) = first else { return Ok(()) };
                    session.execute(sessions::insertion(&first)).await?;
                    Ok(())
                })
            })
            .await;
        // An index objected: somebody got the name between the look and the insertion, unless it was another index.
        let objected = matches!(made, Err(StoreError::Db(DbError::Conflict(_))));
        if objected && self.is_taken(&name).await? {
            return Err(ErrorCode::UsernameTaken.into());
        }
        made
    }

    async fn user_by_name(&self, username: &str) -> StoreResult<Option<StoredUser>> {
        let sql = Sql::new(
            "SELECT id, username, password_hash, passwords, created_at, disabled_at FROM auth.users
             WHERE username = @P1 AND deleted_at IS NULL",
        );
        self.query(sql.bind(username)).await?.first().map(stored_user).transpose()
    }

    async fn user_by_id(&self, id: UserId) -> StoreResult<Option<StoredUser>> {
        let sql = Sql::new(
            "SELECT id, username, password_hash, passwords, created_at, disabled_at FROM auth.users
             WHERE id = @P1 AND deleted_at IS NULL",
        );
        self.query(sql.bind(id)).await?.first().map(stored_user).transpose()
    }

    async fn set_password(
        &self,
        user: UserId,
        password_hash: String,
        only_if: Option<u32>,
        keep: Option<SessionId>,
        tokens: bool,
        now: Timestamp,
    ) -> StoreResult<()> {
        let input = (user, password_hash, only_if, keep, tokens, now);
        self.write(input, |session, announce, (user, password_hash, only_if, keep, tokens, now)| {
            Box::pin(async move {
                let before = lock(session, user).await?;
                if only_if.is_some_and(|passwords| passwords != before.passwords) {
                    return Err(ErrorCode::Conflict.into());
                }
                let change = "UPDATE auth.users SET password_hash = @P2, passwords = passwords + 1 WHERE id = @P1;";
                let mut batch = Sql::new(change).bind(user).bind(password_hash);
                batch.append(revoked::all_of(user, keep, tokens));
                revoked::end(session, &announce, batch, now).await?;
                Ok(())
            })
        })
        .await
    }

    async fn disable_user(&self, user: UserId, now: Timestamp) -> StoreResult<()> {
        self.write((user, now), |session, announce, (user, now)| {
            Box::pin(async move {
                lock(session, user).await?;
                let change = "UPDATE auth.users SET disabled_at = COALESCE(disabled_at, @P2) WHERE id = @P1;";
                let mut batch = Sql::new(change).bind(user).bind(now);
                batch.append(revoked::all_of(user, None, true));
                revoked::end(session, &announce, batch, now).await?;
                Ok(())
            })
        })
        .await
    }

    async fn enable_user(&self, user: UserId) -> StoreResult<()> {
        self.write(user, |session, _, user| {
            Box::pin(async move {
                lock(session, user).await?;
                let sql = Sql::new("UPDATE auth.users SET disabled_at = NULL WHERE id = @P1");
                session.execute(sql.bind(user)).await?;
                Ok(())
            })
        })
        .await
    }

    async fn delete_user(&self, user: UserId, deletion: Deletion, now: Timestamp) -> StoreResult<()> {
        self.write((user, deletion, now), |session, announce, (user, deletion, now)| {
            Box::pin(delete(session, announce, user, deletion, now))
        })
        .await
    }

    async fn list_users(&self, after: Option<String>, limit: u32) -> StoreResult<Vec<UserSummary>> {
        let mut sql = Sql::new("SELECT TOP (");
        sql.arg(limit).push(
            ") u.id, u.username, u.created_at, u.disabled_at,
               (SELECT COUNT(*) FROM auth.sessions s WHERE s.user_id = u.id),
               (SELECT MAX(s.last_used_at) FROM auth.sessions s WHERE s.user_id = u.id)
             FROM auth.users u WHERE u.deleted_at IS NULL",
        );
        if let Some(after) = after {
            sql.push(" AND u.username > ").arg(after);
        }
        sql.push(" ORDER BY u.username");
        self.query(sql).await?.iter().map(summary).collect()
    }
}

impl MssqlAuthStore {
    async fn is_taken(&self, name: &Username) -> StoreResult<bool> {
        let sql = Sql::new(format!("SELECT 1 WHERE {IS_TAKEN}")).bind(name.as_str()).bind(name.skeleton());
        Ok(!self.query(sql).await?.is_empty())
    }
}

async fn insert(session: &mut Session, user: &NewUser) -> StoreResult<()> {
    let NewUser { id, username, password_hash, now } = user;
    let sql = Sql::new(format!(
        "IF NOT {IS_TAKEN}
         INSERT INTO auth.users (id, username, skeleton, password_hash, passwords, created_at)
         VALUES (@P3, @P1, @P2, @P4, 0, @P5)"
    ));
    let sql = sql.bind(username.as_str()).bind(username.skeleton()).bind(*id).bind(password_hash.as_str()).bind(*now);
    if session.execute(sql).await? == 0 { Err(ErrorCode::UsernameTaken.into()) } else { Ok(()) }
}

async fn delete(
    session: &mut Session,
    announce: Announce,
    user: UserId,
    deletion: Deletion,
    now: Timestamp,
) -> StoreResult<()> {
    let before = lock(session, user).await?;
    if let Deletion::ByOwner { passwords } = deletion {
        if passwords != before.passwords || before.disabled {
            return Err(ErrorCode::Conflict.into());
        }
        if owns_rooms(session, user).await? {
            return Err(ErrorCode::OwnsRooms.into());
        }
    }
    let change = Sql::new(
        "UPDATE auth.users SET deleted_at = @P2, username = NULL, skeleton = NULL, password_hash = NULL WHERE id = @P1;",
    );
    let mut batch = revoked::all_of(user, None, true);
    batch.append(change.bind(user).bind(now));
    revoked::end(session, &announce, batch, now).await?;
    Ok(())
}

/// Asks the view that the rooms publish.
async fn owns_rooms(session: &mut Session, user: UserId) -> StoreResult<bool> {
    let sql = Sql::new("SELECT TOP (1) 1 FROM rooms.v_members WHERE user_id = @P1 AND role = N'owner'");
    Ok(session.query_opt(sql.bind(user)).await?.is_some())
}

fn stored_user(row: &Row) -> StoreResult<StoredUser> {
    Ok(StoredUser {
        id: UserId(row.id(0)?),
        username: row.text(1)?,
        password_hash: row.text(2)?,
        passwords: number(row, 3)?,
        created_at: row.time(4)?,
        disabled: row.opt_time(5)?.is_some(),
    })
}

fn summary(row: &Row) -> StoreResult<UserSummary> {
    Ok(UserSummary {
        id: UserId(row.id(0)?),
        username: row.text(1)?,
        created_at: row.time(2)?,
        disabled_at: row.opt_time(3)?,
        sessions: number(row, 4)?,
        last_used_at: row.opt_time(5)?,
    })
}
