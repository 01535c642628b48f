//! Accounts in SQL Server.
//!
//! Any number of replicas write at once. So each method that decides first locks the row that its decision is about, by
//! an UPDATE that changes nothing: the account's, for what an account has; the session's, for its refresh tokens; the
//! counters', in their order, for a try. What it reads after that is what was committed last, and stays so until its own
//! commit. Whoever locks an account and sessions of it locks the account first. Where there is no row to lock yet, a
//! unique index decides, and what it objects to ends the transaction: it is looked at outside.

mod api_tokens;
mod import;
mod keys;
mod revoked;
mod sessions;
mod sweep;
mod throttle;
mod users;

use chatapp_db::mssql::{Row, Session, Sql, Work};
use chatapp_db::{DbError, Mssql};
use chatapp_types::{ErrorCode, UserId};

use super::{Announce, StoreError, StoreResult};

/// An id as text: sorted so, ids stand in the order of their bytes, and with it of their making. The server sorts the
/// ids themselves in an order of its own.
const ID_IN_ORDER: &str = "CAST(id AS CHAR(36)) COLLATE Latin1_General_100_BIN2";

/// Accounts in a database on SQL Server.
pub struct MssqlAuthStore {
    db: Mssql,
    announce: Announce,
}

impl MssqlAuthStore {
    /// The store in that database, which must have been migrated.
    pub fn new(db: Mssql, announce: Announce) -> Self {
        Self { db, announce }
    }

    /// Runs `work` on `input` in a transaction; it may be called again when it lost a deadlock.
    async fn write<I, T>(
        &self,
        input: I,
        work: for<'a> fn(&'a mut Session, Announce, I) -> Work<'a, T, StoreError>,
    ) -> StoreResult<T>
    where
        I: Clone + Send + Sync + 'static,
        T: Send + 'static,
    {
        let announce = self.announce.clone();
        self.db.write(move |session| work(session, announce.clone(), input.clone())).await
    }

    /// The answer to one SELECT, which sees one commit by itself.
    async fn query(&self, sql: Sql) -> StoreResult<Vec<Row>> {
        let rows = self.db.run(move |session| {
            let sql = sql.clone();
            Box::pin(async move { session.query(sql).await })
        });
        Ok(rows.await?)
    }

    /// Runs one statement, which is a transaction by itself and may be run again. Returns how many rows it wrote.
    async fn execute(&self, sql: Sql) -> StoreResult<u64> {
        let rows = self.db.run(move |session| {
            let sql = sql.clone();
            Box::pin(async move { session.execute(sql).await })
        });
        Ok(rows.await?)
    }
}

/// What of an account an operation is decided by.
struct Standing {
    passwords: u32,
    disabled: bool,
}

/// Locks an account that was not deleted: until the commit nobody else changes it, opens or ends sessions of it, or
/// makes tokens for it. Refuses: `user_not_found`.
async fn lock(session: &mut Session, user: UserId) -> StoreResult<Standing> {
    let sql = Sql::new(
        "UPDATE auth.users SET passwords = passwords WHERE id = @P1;
         SELECT passwords, CASE WHEN disabled_at IS NULL THEN 0 ELSE 1 END FROM auth.users
         WHERE id = @P1 AND deleted_at IS NULL",
    );
    match session.query_opt(sql.bind(user)).await? {
        Some(row) => Ok(Standing { passwords: number(&row, 0)?, disabled: row.flag(1)? }),
        None => Err(ErrorCode::UserNotFound.into()),
    }
}

/// A count.
fn number(row: &Row, column: usize) -> Result<u32, DbError> {
    Ok(u32::try_from(row.uint(column)?).unwrap_or(u32::MAX))
}
