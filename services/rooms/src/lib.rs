//! Rooms: who made them, who is in them and with which role, who can see them, codes that open them, who is kept out,
//! and the audit of it all.
//!
//! - [`app`] holds the rules,
//! - [`store`] what is asked of a database, and the answers of SQLite and SQL Server,
//! - `routes` the interface; [`build`] puts them together for whoever hosts them,
//! - [`import`] takes rooms in from the original.
//!
//! Whatever changes a room is one transaction: domain rows, audit, and the entry of the room's timeline. A block is
//! therefore a point in the room's order, and nothing reaches the blocked user after it.

pub mod app;
mod background;
pub mod config;
pub mod error;
pub mod import;
mod routes;
mod state;
pub mod store;

use std::sync::Arc;

use chatapp_bus::Bus;
use chatapp_db::Database;
use chatapp_http::{LayerConfig, MasterSecret, ServiceGate, ServiceKeys, ServiceParts, TokenVerifier, standard};
use chatapp_metrics::{ROOMS, THROTTLED, TIMELINE};
use chatapp_timeline::Publisher;
use chatapp_types::Clock;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use config::RoomsConfig;

use app::codes::CodeKey;
use app::hashing::CodeHasher;
use app::set_code::Codes;
use state::AppState;
use store::{MssqlRoomStore, RoomStore, SqliteRoomStore, StoreLimits};

/// The service's name: on the bus, in logs, as the audience of service tokens.
pub const NAME: &str = "rooms";

/// What the service is built from.
pub struct Deps {
    /// Where the data is; migrated.
    pub db: Database,
    /// Where events go after their commit.
    pub bus: Arc<dyn Bus>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the keys of codes and of service tokens are derived from.
    pub secret: MasterSecret,
    /// Who callers are.
    pub verifier: Arc<TokenVerifier>,
    /// The settings.
    pub config: RoomsConfig,
    /// Ends the background tasks.
    pub shutdown: CancellationToken,
    /// Holds the background tasks; wait for it after a shutdown.
    pub tasks: TaskTracker,
}

/// Builds the service and starts its background tasks, which end on `deps.shutdown`.
#[expect(clippy::unused_async, reason = "every service is built alike")]
pub async fn build(deps: Deps) -> anyhow::Result<ServiceParts> {
    announce();
    let publisher = Publisher::new(Arc::clone(&deps.bus));
    let store = open_store(&deps, publisher.clone())?;
    let hasher = CodeHasher::for_this_machine()?;
    let codes = Codes { key: CodeKey::new(&deps.secret.derive("rooms.code")), hasher };
    let keys = Arc::new(ServiceKeys::new(&deps.secret));
    let state = AppState {
        store: Arc::clone(&store),
        codes: Arc::new(codes),
        clock: Arc::clone(&deps.clock),
        config: Arc::new(deps.config),
        verifier: deps.verifier,
        gate: Arc::new(ServiceGate::new(keys, NAME, deps.clock)),
    };
    background::spawn(&deps.tasks, &deps.shutdown, deps.bus, store, publisher);
    let (router, openapi) = routes::router(state);
    Ok(ServiceParts { router: standard(router, LayerConfig::new(NAME)), openapi })
}

/// Acts of moderation that are entries of the log and of the audit.
const MODERATION: [&str; 9] = [
    "room.renamed",
    "room.topic_changed",
    "room.visibility_changed",
    "room.history_changed",
    "member.added",
    "member.removed",
    "member.blocked",
    "member.unblocked",
    "member.role_changed",
];

/// What is counted here is there from the start.
fn announce() {
    ROOMS.announce(&MODERATION);
    ROOMS.announce(&["code.set", "code.removed"]);
    TIMELINE.announce(&MODERATION);
    TIMELINE.announce(&["room.created", "room.deleted", "member.joined", "member.left"]);
    THROTTLED.announce(NAME);
}

fn open_store(deps: &Deps, publisher: Publisher) -> anyhow::Result<Arc<dyn RoomStore>> {
    let limits = StoreLimits {
        per_owner: deps.config.per_owner,
        max_members: deps.config.max_members,
        tries: deps.config.try_limits(),
    };
    match &deps.db {
        Database::Sqlite(db) => {
            Ok(Arc::new(SqliteRoomStore::new(db.clone(), publisher, Arc::clone(&deps.clock), limits)))
        }
        Database::Mssql(db) => {
            Ok(Arc::new(MssqlRoomStore::new(db.clone(), publisher, Arc::clone(&deps.clock), limits)))
        }
        _ => anyhow::bail!("rooms cannot use this kind of database"),
    }
}
