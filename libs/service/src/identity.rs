//! Where a process learns whose tokens are good: auth's keys, and the sessions that have ended.

use async_trait::async_trait;
use chatapp_db::{Database, views};
use chatapp_http::{BoxError, CallError, KeySource, RevocationSource, RevokedSession, ServiceClient};
use chatapp_types::Timestamp;
use jsonwebtoken::jwk::JwkSet;

/// Auth's public keys, asked of auth.
pub struct AuthKeys(
    /// A client of auth.
    pub ServiceClient,
);

#[async_trait]
impl KeySource for AuthKeys {
    async fn fetch(&self) -> Result<JwkSet, CallError> {
        self.0.get_json("/.well-known/jwks.json", None).await
    }
}

/// Ended sessions, read from the view that auth publishes: good for processes that have the database.
pub struct RevokedByView(
    /// The database.
    pub Database,
);

#[async_trait]
impl RevocationSource for RevokedByView {
    async fn since(&self, after: Timestamp) -> Result<Vec<RevokedSession>, BoxError> {
        let sessions = views::revoked_since(&self.0, after).await?;
        Ok(sessions.into_iter().map(|(session_id, at)| RevokedSession { session_id, at }).collect())
    }
}

/// Ended sessions, asked of auth: for the gateway, which has no database.
pub struct RevokedByCall(
    /// A client of auth.
    pub ServiceClient,
);

#[async_trait]
impl RevocationSource for RevokedByCall {
    async fn since(&self, after: Timestamp) -> Result<Vec<RevokedSession>, BoxError> {
        let path = format!("/internal/revocations?since={}", after.millis());
        Ok(self.0.get_json(&path, None).await?)
    }
}
