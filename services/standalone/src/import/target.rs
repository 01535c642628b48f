//! What is imported into: the platform's database, as the services' stores present it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use chatapp_auth::import::{AccountImport, KnownAccount};
use chatapp_db::{Database, DatabaseConfig, DatabaseUrl};
use chatapp_messages::import::MessageImport;
use chatapp_rooms::import::{KnownRoom, RoomImport};
use chatapp_service::{InstanceLock, Storage};
use tempfile::TempDir;

/// Rows read at once.
const PAGE: u32 = 1_000;

/// An open database, and what importing needs of it.
pub(super) struct Target {
    pub(super) accounts: Arc<dyn AccountImport>,
    pub(super) rooms: Arc<dyn RoomImport>,
    pub(super) messages: Arc<dyn MessageImport>,
    /// Held to the end: nobody else may use the database meanwhile.
    _alone: Option<InstanceLock>,
    /// In the place of a database that is not there yet.
    _empty: Option<TempDir>,
}

impl Target {
    /// Opens the platform's database for an import, made or migrated where needed. Fails while the platform runs.
    pub(super) async fn open(storage: &Storage) -> anyhow::Result<Self> {
        storage.prepare()?;
        let alone = InstanceLock::exclusive(&storage.lock_file()).context("the platform must not run meanwhile")?;
        let config = storage.database_config();
        Database::create_if_missing(&config).await?;
        let db = Database::open(&config).await?;
        db.migrate().await?;
        Self::of(&db, Some(alone), None)
    }

    /// Opens the platform's database to see what an import would do. The platform may run; nothing is made.
    pub(super) async fn look(storage: &Storage) -> anyhow::Result<Self> {
        if storage.database_file().is_none_or(Path::is_file) {
            let db = Database::open(&storage.database_config()).await?;
            db.check_migrated().await?;
            return Self::of(&db, None, None);
        }
        let empty = tempfile::tempdir().context("cannot make a temporary directory")?;
        let url = DatabaseUrl::sqlite(empty.path().join("empty.db"));
        let db = Database::open(&DatabaseConfig::new(url)).await?;
        db.migrate().await?;
        Self::of(&db, None, Some(empty))
    }

    fn of(db: &Database, alone: Option<InstanceLock>, empty: Option<TempDir>) -> anyhow::Result<Self> {
        Ok(Self {
            accounts: chatapp_auth::import::open(db)?,
            rooms: chatapp_rooms::import::open(db)?,
            messages: chatapp_messages::import::open(db)?,
            _alone: alone,
            _empty: empty,
        })
    }

    /// All accounts that are here.
    pub(super) async fn known_accounts(&self) -> anyhow::Result<Vec<KnownAccount>> {
        let mut all: Vec<KnownAccount> = Vec::new();
        loop {
            let page = self.accounts.known_accounts(all.last().map(|account| account.id), PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// All rooms that are here.
    pub(super) async fn known_rooms(&self) -> anyhow::Result<Vec<KnownRoom>> {
        let mut all: Vec<KnownRoom> = Vec::new();
        loop {
            let page = self.rooms.known_rooms(all.last().map_or(i64::MIN, |room| room.number), PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }
}
