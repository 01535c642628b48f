//! Deleting what has run out.

use async_trait::async_trait;
use chatapp_db::mssql::Sql;
use chatapp_types::Timestamp;

use super::MssqlAuthStore;
use crate::store::{AuthStore, StoreResult, SweepLimits};

/// Rows that one statement deletes. Several thousand locks would become one on the whole table.
const AT_ONCE: u64 = 1_000;

#[async_trait]
impl AuthStore for MssqlAuthStore {
    async fn sweep(&self, limits: SweepLimits) -> StoreResult<u64> {
        Ok(self.delete("DELETE TOP (@P2) FROM auth.sessions WHERE expires_at <= @P1", limits.now).await?
            + self.delete("DELETE TOP (@P2) FROM auth.throttle WHERE forgotten_at <= @P1", limits.now).await?
            + self
                .delete("DELETE TOP (@P2) FROM auth.api_tokens WHERE expires_at <= @P1", limits.tokens_before)
                .await?
            + self.delete("DELETE TOP (@P2) FROM auth.revoked WHERE at < @P1", limits.revoked_before).await?
            + self
                .delete(
                    "DELETE TOP (@P2) k FROM auth.signing_keys k WHERE EXISTS (SELECT 1 FROM auth.signing_keys n
                         WHERE n.signs_from > k.signs_from AND n.signs_from <= @P1)",
                    limits.keys_before,
                )
                .await?)
    }
}

impl MssqlAuthStore {
    async fn delete(&self, sql: &str, before: Timestamp) -> StoreResult<u64> {
        let mut rows = 0;
        loop {
            let deleted = self.execute(Sql::new(sql).bind(before).bind(AT_ONCE)).await?;
            rows += deleted;
            if deleted < AT_ONCE {
                return Ok(rows);
            }
        }
    }
}
