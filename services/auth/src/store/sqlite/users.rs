//! Accounts.

use async_trait::async_trait;
use chatapp_db::WriteTx;
use chatapp_types::{ErrorCode, SessionId, Timestamp, UserId, Username};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{SqliteAuthStore, revoked, sessions, standing};
use crate::store::{Deletion, NewSession, NewUser, StoreResult, StoredUser, UserStore, UserSummary};

#[async_trait]
impl UserStore for SqliteAuthStore {
    async fn create_user(&self, user: NewUser, session: Option<NewSession>) -> StoreResult<()> {
        self.write(move |tx| {
            insert(tx, &user)?;
            session.map_or(Ok(()), |session| sessions::insert(tx, &session))
        })
        .await
    }

    async fn user_by_name(&self, username: &str) -> StoreResult<Option<StoredUser>> {
        let username = username.to_owned();
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT id, username, password_hash, passwords, created_at, disabled_at FROM auth_users
                 WHERE username = ?1 AND deleted_at IS NULL",
            )?;
            Ok(statement.query_row([username], stored_user).optional()?)
        })
        .await
    }

    async fn user_by_id(&self, id: UserId) -> StoreResult<Option<StoredUser>> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT id, username, password_hash, passwords, created_at, disabled_at FROM auth_users
                 WHERE id = ?1 AND deleted_at IS NULL",
            )?;
            Ok(statement.query_row([id.0], stored_user).optional()?)
        })
        .await
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
        let announce = self.announce.clone();
        self.write(move |tx| {
            let before = standing(tx, user)?;
            if only_if.is_some_and(|passwords| passwords != before.passwords) {
                return Err(ErrorCode::Conflict.into());
            }
            tx.prepare_cached("UPDATE auth_users SET password_hash = ?2, passwords = passwords + 1 WHERE id = ?1")?
                .execute(params![user.0, password_hash])?;
            revoked::end_all(tx, &announce, user, keep, tokens, now)
        })
        .await
    }

    async fn disable_user(&self, user: UserId, now: Timestamp) -> StoreResult<()> {
        let announce = self.announce.clone();
        self.write(move |tx| {
            standing(tx, user)?;
            tx.prepare_cached("UPDATE auth_users SET disabled_at = coalesce(disabled_at, ?2) WHERE id = ?1")?
                .execute(params![user.0, now.millis()])?;
            revoked::end_all(tx, &announce, user, None, true, now)
        })
        .await
    }

    async fn enable_user(&self, user: UserId) -> StoreResult<()> {
        self.write(move |tx| {
            standing(tx, user)?;
            tx.prepare_cached("UPDATE auth_users SET disabled_at = NULL WHERE id = ?1")?.execute([user.0])?;
            Ok(())
        })
        .await
    }

    async fn delete_user(&self, user: UserId, deletion: Deletion, now: Timestamp) -> StoreResult<()> {
        let announce = self.announce.clone();
        self.write(move |tx| {
            let before = standing(tx, user)?;
            if let Deletion::ByOwner { passwords } = deletion {
                if passwords != before.passwords || before.disabled {
                    return Err(ErrorCode::Conflict.into());
                }
                if owns_rooms(tx, user)? {
                    return Err(ErrorCode::OwnsRooms.into());
                }
            }
            revoked::end_all(tx, &announce, user, None, true, now)?;
            tx.prepare_cached(
                "UPDATE auth_users SET deleted_at = ?2, username = NULL, skeleton = NULL, password_hash = NULL
                 WHERE id = ?1",
            )?
            .execute(params![user.0, now.millis()])?;
            Ok(())
        })
        .await
    }

    async fn list_users(&self, after: Option<String>, limit: u32) -> StoreResult<Vec<UserSummary>> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT u.id, u.username, u.created_at, u.disabled_at,
                        (SELECT count(*) FROM auth_sessions s WHERE s.user_id = u.id),
                        (SELECT max(s.last_used_at) FROM auth_sessions s WHERE s.user_id = u.id)
                 FROM auth_users u
                 WHERE u.deleted_at IS NULL AND (?1 IS NULL OR u.username > ?1) ORDER BY u.username LIMIT ?2",
            )?;
            let rows = statement.query_map(params![after, limit], summary)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

fn insert(tx: &WriteTx<'_>, user: &NewUser) -> StoreResult<()> {
    let NewUser { id, username, password_hash, now } = user;
    let skeleton = username.skeleton();
    if is_taken(tx, username, &skeleton)? {
        return Err(ErrorCode::UsernameTaken.into());
    }
    tx.prepare_cached(
        "INSERT INTO auth_users (id, username, skeleton, password_hash, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![id.0, username.as_str(), skeleton, password_hash, now.millis()])?;
    Ok(())
}

fn is_taken(conn: &Connection, username: &Username, skeleton: &str) -> StoreResult<bool> {
    let taken = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM auth_users WHERE username = ?1 OR skeleton = ?2)")?
        .query_row(params![username.as_str(), skeleton], |row| row.get(0))?;
    Ok(taken)
}

/// Asks the view that the rooms publish.
fn owns_rooms(conn: &Connection, user: UserId) -> StoreResult<bool> {
    let owns = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM rooms_v_members WHERE user_id = ?1 AND role = 'owner')")?
        .query_row([user.0], |row| row.get(0))?;
    Ok(owns)
}

fn stored_user(row: &Row<'_>) -> rusqlite::Result<StoredUser> {
    Ok(StoredUser {
        id: UserId(row.get(0)?),
        username: row.get(1)?,
        password_hash: row.get(2)?,
        passwords: row.get(3)?,
        created_at: Timestamp::from_millis(row.get(4)?),
        disabled: row.get::<_, Option<i64>>(5)?.is_some(),
    })
}

fn summary(row: &Row<'_>) -> rusqlite::Result<UserSummary> {
    Ok(UserSummary {
        id: UserId(row.get(0)?),
        username: row.get(1)?,
        created_at: Timestamp::from_millis(row.get(2)?),
        disabled_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
        sessions: row.get(4)?,
        last_used_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis),
    })
}
