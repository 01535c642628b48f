//! Signing keys, sealed.

use async_trait::async_trait;
use chatapp_types::Timestamp;
use rusqlite::params;

use super::SqliteAuthStore;
use crate::store::{KeyRow, KeyStore, StoreResult};

#[async_trait]
impl KeyStore for SqliteAuthStore {
    async fn signing_keys(&self) -> StoreResult<Vec<KeyRow>> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT kid, public_key, sealed, created_at, signs_from FROM auth_signing_keys ORDER BY signs_from, kid",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(KeyRow {
                    kid: row.get(0)?,
                    public_key: row.get(1)?,
                    sealed: row.get(2)?,
                    created_at: Timestamp::from_millis(row.get(3)?),
                    signs_from: Timestamp::from_millis(row.get(4)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn add_signing_key(&self, key: KeyRow, only_first: bool) -> StoreResult<bool> {
        self.write(move |tx| {
            let added = tx
                .prepare_cached(
                    "INSERT INTO auth_signing_keys (kid, public_key, sealed, created_at, signs_from)
                     SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT (?6 AND EXISTS (SELECT 1 FROM auth_signing_keys))",
                )?
                .execute(params![
                    key.kid,
                    key.public_key,
                    key.sealed,
                    key.created_at.millis(),
                    key.signs_from.millis(),
                    only_first,
                ])?;
            Ok(added > 0)
        })
        .await
    }
}
