//! Deleting what has run out.

use async_trait::async_trait;
use rusqlite::params;

use super::SqliteAuthStore;
use crate::store::{AuthStore, StoreResult, SweepLimits};

#[async_trait]
impl AuthStore for SqliteAuthStore {
    async fn sweep(&self, limits: SweepLimits) -> StoreResult<u64> {
        self.write(move |tx| {
            let now = limits.now.millis();
            let mut rows = 0;
            let mut delete = |sql: &str, before: i64| -> StoreResult<()> {
                rows += tx.prepare_cached(sql)?.execute(params![before])?;
                Ok(())
            };
            delete("DELETE FROM auth_sessions WHERE expires_at <= ?1", now)?;
            delete("DELETE FROM auth_throttle WHERE forgotten_at <= ?1", now)?;
            delete("DELETE FROM auth_api_tokens WHERE expires_at <= ?1", limits.tokens_before.millis())?;
            delete("DELETE FROM auth_revoked WHERE at < ?1", limits.revoked_before.millis())?;
            delete(
                "DELETE FROM auth_signing_keys WHERE EXISTS (SELECT 1 FROM auth_signing_keys next
                     WHERE next.signs_from > auth_signing_keys.signs_from AND next.signs_from <= ?1)",
                limits.keys_before.millis(),
            )?;
            Ok(rows as u64)
        })
        .await
    }
}
