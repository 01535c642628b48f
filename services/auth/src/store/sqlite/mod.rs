//! Accounts in SQLite.
//!
//! All writes go through the one writer, so each method's transaction sees all that was committed before and excludes
//! every other: what is read in it is read under the lock.

mod api_tokens;
mod import;
mod keys;
mod revoked;
mod sessions;
mod sweep;
mod throttle;
mod users;

use chatapp_db::{DbError, Sqlite, WriteTx};
use chatapp_types::{ErrorCode, UserId};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{Announce, Hash, StoreError, StoreResult};

/// Accounts in a SQLite file.
pub struct SqliteAuthStore {
    db: Sqlite,
    announce: Announce,
    /// Statements' worth of work done, so that a test can compare the work of two answers.
    #[cfg(test)]
    operations: std::sync::atomic::AtomicU64,
}

impl SqliteAuthStore {
    /// The store on that file, which must have been migrated.
    pub fn new(db: Sqlite, announce: Announce) -> Self {
        Self {
            db,
            announce,
            #[cfg(test)]
            operations: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// How many operations have been carried out.
    #[cfg(test)]
    pub(crate) fn operations(&self) -> u64 {
        self.operations.load(std::sync::atomic::Ordering::SeqCst)
    }

    async fn write<T, F>(&self, work: F) -> StoreResult<T>
    where
        F: FnOnce(&mut WriteTx<'_>) -> StoreResult<T> + Send + 'static,
        T: Send + 'static,
    {
        #[cfg(test)]
        self.operations.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.db.write(work).await
    }

    async fn read<T, F>(&self, work: F) -> StoreResult<T>
    where
        F: FnOnce(&Connection) -> StoreResult<T> + Send + 'static,
        T: Send + 'static,
    {
        #[cfg(test)]
        self.operations.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.db.read(work).await
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Db(DbError::from(error))
    }
}

/// What of an account an operation is decided by.
struct Standing {
    passwords: u32,
    disabled: bool,
}

/// The standing of an account that was not deleted. Refuses: `user_not_found`.
fn standing(conn: &Connection, user: UserId) -> StoreResult<Standing> {
    let found = conn
        .prepare_cached(
            "SELECT passwords, disabled_at IS NOT NULL FROM auth_users WHERE id = ?1 AND deleted_at IS NULL",
        )?
        .query_row([user.0], |row| Ok(Standing { passwords: row.get(0)?, disabled: row.get(1)? }))
        .optional()?;
    found.ok_or(StoreError::Refused(ErrorCode::UserNotFound))
}

/// Reads a hash of 32 bytes.
fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Hash>> {
    row.get(column)
}
