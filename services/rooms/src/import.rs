//! Rooms that come from the original: what exists here, and what is put beside it.
//!
//! A room that is imported begins like any other: it is made, its members join, and all that is in its log. Names and
//! owners are decided by whoever imports, since that has to be told to people too.

use std::sync::Arc;

use async_trait::async_trait;
use chatapp_bus::LocalBus;
use chatapp_db::{Database, DbError};
use chatapp_timeline::Publisher;
use chatapp_types::{RoomId, RoomName, SystemClock, Timestamp, UserId};

use crate::config::RoomsConfig;
use crate::error::RoomsError;
use crate::store::{MssqlRoomStore, SqliteRoomStore, StoreLimits, StoreResult};

/// A room that is here, deleted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRoom {
    /// Its id.
    pub id: RoomId,
    /// Its integer id of version 0.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Whether no other public room may have its name.
    pub holds_name: bool,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// A public room to be made as it was elsewhere.
#[derive(Clone, Debug)]
pub struct ImportedRoom {
    /// Its id.
    pub id: RoomId,
    /// The integer id of version 0 that it had and that is free here; another one is given for `None`.
    pub number: Option<i64>,
    /// Its name, as no other public room has it.
    pub name: RoomName,
    /// Who owns it, an account that exists.
    pub owner: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who else is in it, in the order of their coming.
    pub members: Vec<ImportedMember>,
}

/// A member to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportedMember {
    /// An account that exists.
    pub user: UserId,
    /// When it came.
    pub joined_at: Timestamp,
}

/// What importing needs of the database.
#[async_trait]
pub trait RoomImport: Send + Sync {
    /// Up to `limit` rooms whose numbers come after `after`, in the order of numbers, deleted ones included.
    async fn known_rooms(&self, after: i64, limit: u32) -> StoreResult<Vec<KnownRoom>>;

    /// Makes all of these rooms with their members or none. Fails with a conflict when an id, a number or a public
    /// room's name is in use.
    async fn import_rooms(&self, rooms: Vec<ImportedRoom>) -> StoreResult<()>;

    /// Makes those members of the room who never were: whoever left or was put out is not brought back. A room that was
    /// deleted gets none. Returns how many.
    async fn import_members(&self, room: RoomId, members: Vec<ImportedMember>) -> StoreResult<usize>;
}

/// The importer for that database, which must have been migrated.
pub fn open(db: &Database) -> StoreResult<Arc<dyn RoomImport>> {
    // Nobody follows rooms while they are imported, and no limit is asked for.
    let publisher = Publisher::new(Arc::new(LocalBus::new()));
    let config = RoomsConfig::default();
    let limits = StoreLimits { per_owner: config.per_owner, max_members: config.max_members, tries: None };
    match db {
        Database::Sqlite(db) => {
            Ok(Arc::new(SqliteRoomStore::new(db.clone(), publisher, Arc::new(SystemClock), limits)))
        }
        Database::Mssql(db) => Ok(Arc::new(MssqlRoomStore::new(db.clone(), publisher, Arc::new(SystemClock), limits))),
        _ => Err(RoomsError::Db(DbError::Unavailable("rooms cannot be imported into this kind of database".into()))),
    }
}
