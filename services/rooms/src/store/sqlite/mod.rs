//! Rooms in SQLite.
//!
//! A write transaction there excludes every other, so whatever is read in one is read under the lock.

mod act;
mod audit;
mod blocks;
mod codes;
mod departures;
mod entering;
mod import;
mod listing;
mod members;
mod membership;
mod rooms;
mod rows;
mod store;

use std::sync::Arc;

use chatapp_db::{Sqlite, WriteTx};
use chatapp_timeline::Publisher;
use chatapp_types::{Clock, RoomId, Timestamp, UserRef};
use rusqlite::Connection;

use super::{StoreLimits, StoreResult};
use crate::error::RoomsError;
use act::Act;

/// Rooms in a SQLite file. Cloning shares it.
#[derive(Clone)]
pub struct SqliteRoomStore {
    db: Sqlite,
    setup: Arc<Setup>,
}

struct Setup {
    publisher: Publisher,
    clock: Arc<dyn Clock>,
    limits: StoreLimits,
}

/// A write in progress: the transaction, and what it needs besides.
struct Writing<'t, 'c> {
    tx: &'t mut WriteTx<'c>,
    setup: &'t Setup,
    now: Timestamp,
}

impl<'c> Writing<'_, 'c> {
    /// Begins to act as `actor` in a room.
    fn act<'a>(&'a mut self, actor: &'a UserRef, room: RoomId) -> Act<'a, 'c> {
        Act { tx: self.tx, publisher: &self.setup.publisher, actor, room, at: self.now }
    }

    fn limits(&self) -> StoreLimits {
        self.setup.limits
    }
}

impl SqliteRoomStore {
    /// A store in `db`, which has been migrated.
    pub fn new(db: Sqlite, publisher: Publisher, clock: Arc<dyn Clock>, limits: StoreLimits) -> Self {
        Self { db, setup: Arc::new(Setup { publisher, clock, limits }) }
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writing<'_, '_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let setup = Arc::clone(&self.setup);
        self.db
            .write(move |tx| {
                let now = setup.clock.now();
                work(&mut Writing { tx, setup: &setup, now })
            })
            .await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Timestamp) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let now = self.setup.clock.now();
        self.db.read(move |conn| work(conn, now)).await
    }
}

impl From<rusqlite::Error> for RoomsError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Db(error.into())
    }
}

/// A count of ours as SQLite stores it.
fn column(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
