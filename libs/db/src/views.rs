//! Reads of the views that one service publishes to all others, by name.
//!
//! `auth_v_users (id, username, deleted)` and `auth_v_revoked (session_id, at)` belong to auth; nothing else of auth
//! may be read from outside.

use chatapp_types::entry::DELETED_USER;
use chatapp_types::{SessionId, Timestamp, UserId, UserRef};

use crate::{Database, DbError};

/// Sessions ended at or after `since`, oldest first. Never waits behind other reads: a log-out must soon be known.
pub async fn revoked_since(db: &Database, since: Timestamp) -> Result<Vec<(SessionId, Timestamp)>, DbError> {
    match db {
        Database::Sqlite(db) => {
            db.read_apart(move |conn| {
                let mut statement =
                    conn.prepare_cached("SELECT session_id, at FROM auth_v_revoked WHERE at >= ?1 ORDER BY at")?;
                let rows = statement
                    .query_map([since.millis()], |row| {
                        Ok((SessionId(row.get(0)?), Timestamp::from_millis(row.get(1)?)))
                    })?
                    .collect::<Result<_, _>>()?;
                Ok(rows)
            })
            .await
        }
    }
}

/// What others call a user whose row reads (`id`, `username`, `deleted`).
pub fn shown(id: UserId, username: Option<String>, deleted: bool) -> UserRef {
    let username = username.filter(|_| !deleted).unwrap_or_else(|| DELETED_USER.to_owned());
    UserRef { id, username }
}

/// SQLite's side of the views, for stores that read them within a transaction of their own.
pub mod sqlite {
    use rusqlite::{Connection, OptionalExtension, Row};

    use super::{DbError, UserId, UserRef, shown};

    /// An existing, not deleted user by the exact (normalised) name.
    pub fn user_by_name(conn: &Connection, username: &str) -> Result<Option<UserRef>, DbError> {
        let mut statement =
            conn.prepare_cached("SELECT id, username, deleted FROM auth_v_users WHERE username = ?1 AND deleted = 0")?;
        Ok(statement.query_row([username], |row| user_ref(row, 0)).optional()?)
    }

    /// A user by id, deleted or not; an id that never was reads as a deleted user.
    pub fn user(conn: &Connection, id: UserId) -> Result<UserRef, DbError> {
        let mut statement = conn.prepare_cached("SELECT id, username, deleted FROM auth_v_users WHERE id = ?1")?;
        let found = statement.query_row([id.0], |row| user_ref(row, 0)).optional()?;
        Ok(found.unwrap_or_else(|| shown(id, None, true)))
    }

    /// Reads the columns `id, username, deleted` that begin at `first`.
    pub fn user_ref(row: &Row<'_>, first: usize) -> rusqlite::Result<UserRef> {
        Ok(shown(UserId(row.get(first)?), row.get(first + 1)?, row.get::<_, Option<bool>>(first + 2)?.unwrap_or(true)))
    }
}
