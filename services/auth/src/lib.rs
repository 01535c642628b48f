//! Accounts: users, passwords, sessions, tokens, and the keys that sign them.
//!
//! [`build`] makes the service for whoever hosts it: its own program, or the standalone one. [`operator`] has what an
//! operator does to accounts from outside the running service, [`import`] takes accounts in from the original, and
//! [`rotate_keys`] changes the signing key.

mod announce;
pub mod app;
mod background;
mod config;
pub mod error;
pub mod import;
pub mod operator;
mod routes;
pub mod store;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use chatapp_bus::Bus;
use chatapp_db::Database;
use chatapp_http::{
    BoxError, LayerConfig, MasterSecret, RevocationSource, Revocations, RevokedSession, ServiceGate, ServiceKeys,
    ServiceParts, TokenVerifier, standard,
};
use chatapp_metrics::{AUTH, THROTTLED};
use chatapp_types::{Clock, Timestamp};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use app::Accounts;
use background::Background;
pub use config::{AuthConfig, PasswordConfig, ThrottleConfig, TokenConfig};
use error::AuthError;
use routes::AppState;
use store::AuthStore;

/// The service's name: the audience of service tokens for it, and its word in logs.
pub const SERVICE: &str = "auth";

/// What the service stands on.
pub struct Deps {
    /// The database, migrated.
    pub db: Database,
    /// Where ended sessions are announced.
    pub bus: Arc<dyn Bus>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What seals the signing keys and derives refresh tokens.
    pub secret: MasterSecret,
    /// The settings.
    pub config: AuthConfig,
    /// Ends the background tasks.
    pub shutdown: CancellationToken,
    /// Where they run.
    pub tasks: TaskTracker,
}

/// Makes the service: its routes, with its background tasks running. Makes the first signing key when there is none.
///
/// Fails when the database does not answer, or when its signing keys were sealed under another secret.
pub async fn build(deps: Deps) -> anyhow::Result<ServiceParts> {
    let Deps { db, bus, clock, secret, config, shutdown, tasks } = deps;
    AUTH.announce();
    THROTTLED.announce(SERVICE);
    let announcement = announce::Announcement::new(bus.clone());
    let store = store::open(&db, announcement.hook()).context("cannot use the database")?;
    let poll = Arc::new(StoredRevocations(store.clone()));
    let revocations = Revocations::watch(bus.clone(), poll, clock.clone(), shutdown.clone());
    announcement.also_tell(revocations.clone());
    let accounts = Accounts::open(store.clone(), clock.clone(), &secret, config).await;
    let accounts = Arc::new(accounts.context("cannot prepare the signing keys")?);

    let background = Background { tasks, shutdown };
    background.beat(bus);
    background.follow_keys(accounts.keys().clone());
    background.sweep(store, clock.clone());

    let verifier = TokenVerifier::new(accounts.keys().clone(), revocations, clock.clone());
    let gate = ServiceGate::new(Arc::new(ServiceKeys::new(&secret)), SERVICE, clock);
    let state = AppState { accounts, verifier: Arc::new(verifier), gate: Arc::new(gate) };
    let (router, openapi) = routes::router(state);
    Ok(ServiceParts { router: standard(router, LayerConfig::new(SERVICE)), openapi })
}

/// Makes a signing key and publishes it at once; it signs after `lead` ([`TokenConfig::key_lead`]), and the one before
/// stays published until its last token has ended. A running service takes it in within seconds.
///
/// Returns the new key's id. Fails when the keys in the database were sealed under another secret.
pub async fn rotate_keys(
    db: &Database,
    secret: &MasterSecret,
    clock: &dyn Clock,
    lead: time::Duration,
) -> Result<RotatedKey, AuthError> {
    let store = store::open(db, announce::nobody())?;
    let key = app::keys::rotate(&*store, secret, clock, lead).await?;
    Ok(RotatedKey { kid: key.kid, signs_from: key.signs_from })
}

/// A key that [`rotate_keys`] made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotatedKey {
    /// Its id.
    pub kid: String,
    /// From when on it signs.
    pub signs_from: Timestamp,
}

/// This service reads ended sessions in its own tables.
struct StoredRevocations(Arc<dyn AuthStore>);

#[async_trait]
impl RevocationSource for StoredRevocations {
    async fn since(&self, after: Timestamp) -> Result<Vec<RevokedSession>, BoxError> {
        Ok(self.0.revoked_since(after).await?)
    }
}
