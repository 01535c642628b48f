//! Reads of the views that one service publishes to all others, by name.
//!
//! `auth_v_users (id, username, deleted)` and `auth_v_revoked (session_id, at)` belong to auth; nothing else of auth
//! may be read from outside. On SQL Server they are `auth.v_users` and `auth.v_revoked`.

use chatapp_types::entry::DELETED_USER;
use chatapp_types::{SessionId, Timestamp, UserId, UserRef};

use crate::mssql::Sql;
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
        Database::Mssql(db) => {
            let sql = Sql::new("SELECT session_id, at FROM auth.v_revoked WHERE at >= @P1 ORDER BY at").bind(since);
            let rows = db.query_apart(sql).await?;
            rows.iter().map(|row| Ok((SessionId(row.id(0)?), row.time(1)?))).collect()
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

/// SQL Server's side of the views, for stores that read them within an operation of their own.
pub mod mssql {
    use super::{DbError, UserId, UserRef, shown};
    use crate::mssql::{Row, Session, Sql};

    /// An existing, not deleted user by the exact (normalised) name.
    pub async fn user_by_name(session: &mut Session, username: &str) -> Result<Option<UserRef>, DbError> {
        let sql = Sql::new("SELECT id, username, deleted FROM auth.v_users WHERE username = @P1 AND deleted = 0");
        session.query_opt(sql.bind(username)).await?.map(|row| user_ref(&row, 0)).transpose()
    }

    /// Users by id, in the order of `ids`, deleted or not; an id that never was reads as a deleted user. One round trip
    /// for up to 1,000.
    pub async fn users(session: &mut Session, ids: &[UserId]) -> Result<Vec<UserRef>, DbError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new("SELECT id, username, deleted FROM auth.v_users WHERE id IN (");
        sql.list(ids.iter().copied()).push(")");
        let found = session.query(sql).await?;
        let found = found.iter().map(|row| user_ref(row, 0)).collect::<Result<Vec<_>, _>>()?;
        let name = |id: &UserId| found.iter().find(|user| user.id == *id).cloned();
        Ok(ids.iter().map(|id| name(id).unwrap_or_else(|| shown(*id, None, true))).collect())
    }

    /// A user by id, deleted or not; an id that never was reads as a deleted user.
    pub async fn user(session: &mut Session, id: UserId) -> Result<UserRef, DbError> {
        Ok(users(session, &[id]).await?.into_iter().next().unwrap_or_else(|| shown(id, None, true)))
    }

    /// Reads the columns `id, username, deleted` that begin at `first`.
    pub fn user_ref(row: &Row, first: usize) -> Result<UserRef, DbError> {
        let deleted = row.opt_int(first + 2)?.is_none_or(|deleted| deleted != 0);
        Ok(shown(UserId(row.id(first)?), row.opt_text(first + 1)?, deleted))
    }
}
