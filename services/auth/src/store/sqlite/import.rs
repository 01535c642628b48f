//! Accounts as they were elsewhere.

use async_trait::async_trait;
use chatapp_types::UserId;
use rusqlite::params;

use super::SqliteAuthStore;
use crate::import::{AccountImport, ImportedAccount, KnownAccount};
use crate::store::StoreResult;

#[async_trait]
impl AccountImport for SqliteAuthStore {
    async fn known_accounts(&self, after: Option<UserId>, limit: u32) -> StoreResult<Vec<KnownAccount>> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT id, username, skeleton FROM auth_users WHERE ?1 IS NULL OR id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let rows = statement.query_map(params![after.map(|user| user.0), limit], |row| {
                Ok(KnownAccount { id: UserId(row.get(0)?), username: row.get(1)?, skeleton: row.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn import_accounts(&self, accounts: Vec<ImportedAccount>) -> StoreResult<()> {
        self.write(move |tx| {
            let mut statement = tx.prepare_cached(
                "INSERT INTO auth_users (id, username, skeleton, password_hash, created_at, disabled_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for account in &accounts {
                let created_at = account.created_at.millis();
                statement.execute(params![
                    account.id.0,
                    account.username,
                    account.skeleton,
                    account.password_hash,
                    created_at,
                    account.disabled.then_some(created_at)
                ])?;
            }
            Ok(())
        })
        .await
    }
}
