//! The signing keys as the running service holds them.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use chatapp_http::{CallError, KeySource, MasterSecret};
use chatapp_types::Clock;
use jsonwebtoken::jwk::JwkSet;
use time::Duration;

use super::signing::{KeySet, Sealer};
use crate::error::AuthResult;
use crate::store::{AuthStore, KeyRow};

/// The keys in memory, and where they are kept.
pub struct KeyRing {
    store: Arc<dyn AuthStore>,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
    keys: RwLock<Arc<KeySet>>,
}

impl KeyRing {
    /// Reads the keys; makes the first one when there is none. Of two processes that do so at once one makes it.
    pub async fn open(store: Arc<dyn AuthStore>, secret: &MasterSecret, clock: Arc<dyn Clock>) -> AuthResult<Self> {
        let sealer = Sealer::new(secret)?;
        if store.signing_keys().await?.is_empty() {
            let now = clock.now();
            store.add_signing_key(sealer.make_key(now, now)?, true).await?;
        }
        let ring = Self { store, sealer, clock, keys: RwLock::default() };
        ring.reload().await?;
        Ok(ring)
    }

    /// Takes in keys that were made or deleted elsewhere. Returns whether there was a change.
    pub async fn reload(&self) -> AuthResult<bool> {
        let rows = self.store.signing_keys().await?;
        if self.current().is_of(&rows) {
            return Ok(false);
        }
        let keys = Arc::new(KeySet::open(&self.sealer, rows)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(true)
    }

    /// The keys as they were read last.
    pub fn current(&self) -> Arc<KeySet> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is published now.
    pub fn published(&self) -> JwkSet {
        self.current().published(self.clock.now())
    }
}

/// This service verifies tokens by its own keys, without a call to itself.
#[async_trait]
impl KeySource for KeyRing {
    async fn fetch(&self) -> Result<JwkSet, CallError> {
        Ok(self.published())
    }
}

/// Makes a key that is published at once and signs after `lead`. Returns it as it is kept.
pub(crate) async fn rotate(
    store: &dyn AuthStore,
    secret: &MasterSecret,
    clock: &dyn Clock,
    lead: Duration,
) -> AuthResult<KeyRow> {
    let sealer = Sealer::new(secret)?;
    // A key under another secret could not be opened by the running service: refuse before it is stored.
    let rows = store.signing_keys().await?;
    let nothing_signs = rows.is_empty();
    KeySet::open(&sealer, rows)?;
    let now = clock.now();
    let key = sealer.make_key(now, if nothing_signs { now } else { now.plus(lead) })?;
    store.add_signing_key(key.clone(), false).await?;
    Ok(key)
}
