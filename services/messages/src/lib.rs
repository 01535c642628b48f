//! The messages service: texts, edits, deletions, history, search, read markers.
//!
//! Rules are pure functions in [`app`]; [`store`] has one trait in the words of the domain and an implementation for
//! each database; routes speak HTTP and nothing else. Standalone and tests host the service by [`build`]; [`import`] takes
//! messages in from the original.

pub mod app;
mod background;
pub mod config;
pub mod error;
pub mod import;
mod routes;
pub mod store;

use std::sync::Arc;
use std::time::Duration;

use chatapp_bus::Bus;
use chatapp_db::Database;
use chatapp_http::{LayerConfig, MasterSecret, ServiceGate, ServiceKeys, ServiceParts, TokenVerifier};
use chatapp_metrics::{MESSAGES, TIMELINE};
use chatapp_timeline::Publisher;
use chatapp_types::Clock;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use config::MessagesConfig;
use store::{MessageStore, MssqlMessageStore, SqliteMessageStore};

/// The service's name: in logs, in service tokens and on the bus.
pub const SERVICE: &str = "messages";

/// What the service needs of whoever hosts it.
pub struct Deps {
    /// An open, migrated database.
    pub db: Database,
    /// Where events go.
    pub bus: Arc<dyn Bus>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What keys for service calls are derived from.
    pub secret: MasterSecret,
    /// Settings.
    pub config: MessagesConfig,
    /// Who verifies access tokens.
    pub verifier: Arc<TokenVerifier>,
    /// Ends the background tasks.
    pub shutdown: CancellationToken,
    /// Where background tasks are spawned.
    pub tasks: TaskTracker,
}

/// Builds the service and starts its background tasks in the current runtime.
#[expect(clippy::unused_async, reason = "all services are built alike, and some have to wait for something")]
pub async fn build(deps: Deps) -> anyhow::Result<ServiceParts> {
    announce();
    let publisher = Publisher::new(Arc::clone(&deps.bus));
    let store = open_store(deps.db, publisher, Arc::clone(&deps.clock))?;
    let sweep_every = Duration::from_secs(deps.config.sweep_every_s);
    background::spawn(&store, deps.bus, Arc::clone(&deps.clock), sweep_every, &deps.shutdown, &deps.tasks);
    let keys = Arc::new(ServiceKeys::new(&deps.secret));
    let (router, openapi) = routes::router(routes::AppState {
        store,
        verifier: deps.verifier,
        gate: Arc::new(ServiceGate::new(keys, SERVICE, deps.clock)),
        limits: deps.config.body_limits(),
    });
    Ok(ServiceParts { router: chatapp_http::standard(router, LayerConfig::new(SERVICE)), openapi })
}

/// What is counted here is there from the start.
fn announce() {
    MESSAGES.announce();
    TIMELINE.announce(&["message.posted", "message.edited", "message.deleted"]);
}

/// The store for the database in use.
fn open_store(db: Database, publisher: Publisher, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<dyn MessageStore>> {
    match db {
        Database::Sqlite(db) => Ok(Arc::new(SqliteMessageStore::new(db, publisher, clock))),
        Database::Mssql(db) => Ok(Arc::new(MssqlMessageStore::new(db, publisher, clock, MssqlMessageStore::LANES))),
        _ => anyhow::bail!("messages has no store for this database"),
    }
}
