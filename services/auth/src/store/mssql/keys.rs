//! Signing keys, sealed.

use async_trait::async_trait;
use chatapp_db::mssql::{Row, Sql};

use super::MssqlAuthStore;
use crate::store::{KeyRow, KeyStore, StoreResult};

/// Locks the keys as a whole until the commit: while there are none, there is no row to lock.
const LOCK: &str = "DECLARE @got INT;
    EXEC @got = sp_getapplock @Resource = N'auth.signing_keys', @LockMode = 'Exclusive', @LockOwner = 'Transaction',
                              @LockTimeout = 5000;
    IF @got < 0 THROW 50001, N'the signing keys are locked', 1;";

#[async_trait]
impl KeyStore for MssqlAuthStore {
    async fn signing_keys(&self) -> StoreResult<Vec<KeyRow>> {
        let sql = Sql::new(
            "SELECT kid, public_key, sealed, created_at, signs_from FROM auth.signing_keys ORDER BY signs_from, kid",
        );
        let read = |row: &Row| {
            Ok(KeyRow {
                kid: row.text(0)?,
                public_key: row.bytes(1)?,
                sealed: row.bytes(2)?,
                created_at: row.time(3)?,
                signs_from: row.time(4)?,
            })
        };
        self.query(sql).await?.iter().map(read).collect()
    }

    async fn add_signing_key(&self, key: KeyRow, only_first: bool) -> StoreResult<bool> {
        self.write((key, only_first), |session, _, (key, only_first)| {
            Box::pin(async move {
                session.execute(LOCK).await?;
                let condition = if only_first { "IF NOT EXISTS (SELECT 1 FROM auth.signing_keys) " } else { "" };
                let mut sql = Sql::new(condition);
                sql.push("INSERT INTO auth.signing_keys (kid, public_key, sealed, created_at, signs_from) VALUES (");
                sql.arg(key.kid).push(", ").list([key.public_key, key.sealed]).push(", ");
                sql.list([key.created_at, key.signs_from]).push(")");
                Ok(session.execute(sql).await? > 0)
            })
        })
        .await
    }
}
