//! Rooms in SQL Server.
//!
//! Replicas write at once. An operation on a room takes the room's lock and reads, in the same round trip, what it
//! decides by ([`Writing::lock`]); what it writes is gathered ([`act::Act`]) and sent in one more. What no room's lock
//! covers has a lock of its own ([`Writing::lock_user`]): how many rooms one owns, and how often one tries codes. Names
//! of public rooms are kept apart by an index alone.

mod act;
mod audit;
mod blocks;
mod codes;
mod departures;
mod entering;
mod import;
mod listing;
mod locked;
mod members;
mod membership;
mod rooms;
mod rows;
mod store;

use std::sync::Arc;

use chatapp_db::mssql::{Row, Session, Sql, Work};
use chatapp_db::{DbError, Mssql};
use chatapp_timeline::Publisher;
use chatapp_types::{Clock, RoomId, Timestamp, UserId};

use super::{StoreLimits, StoreResult};
use crate::app::Refusal;
use crate::error::RoomsError;
use crate::store::facts::RoomRow;

/// Rooms in a database on SQL Server. Cloning shares it.
#[derive(Clone)]
pub struct MssqlRoomStore {
    db: Mssql,
    setup: Arc<Setup>,
}

struct Setup {
    publisher: Publisher,
    clock: Arc<dyn Clock>,
    limits: StoreLimits,
}

/// A write in progress: the transaction, and what it needs besides.
struct Writing<'s> {
    session: &'s mut Session,
    setup: &'s Setup,
}

impl Writing<'_> {
    /// The present. Ask under the lock, so that entries are in the order of their times.
    fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    fn limits(&self) -> StoreLimits {
        self.setup.limits
    }
}

impl MssqlRoomStore {
    /// A store in `db`, which has been migrated.
    pub fn new(db: Mssql, publisher: Publisher, clock: Arc<dyn Clock>, limits: StoreLimits) -> Self {
        Self { db, setup: Arc::new(Setup { publisher, clock, limits }) }
    }

    /// One transaction. What meets a unique index is done once more: what it met has been committed by then, so that the
    /// rules see it, and say which refusal it is.
    async fn write<A, T, F>(&self, args: A, work: F) -> StoreResult<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Writing<'_>, &'a A) -> Work<'a, T, RoomsError> + Send + Sync + 'static,
    {
        let call = Arc::new((args, work));
        match self.write_once(Arc::clone(&call)).await {
            Err(RoomsError::Db(DbError::Conflict(_))) => self.write_once(call).await,
            done => done,
        }
    }

    async fn write_once<A, T, F>(&self, call: Arc<(A, F)>) -> StoreResult<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Writing<'_>, &'a A) -> Work<'a, T, RoomsError> + Send + Sync + 'static,
    {
        let setup = Arc::clone(&self.setup);
        self.db
            .write(move |session| {
                let (setup, call) = (Arc::clone(&setup), Arc::clone(&call));
                Box::pin(async move {
                    let (args, work) = &*call;
                    work(&mut Writing { session, setup: &setup }, args).await
                })
            })
            .await
    }

    fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    /// A room as the viewer stands to it, and rows of a list, as of one commit. The list is to be empty for whoever is not
    /// a member, so that a room one may not see takes no longer to be refused than one that is not there.
    async fn read_list(&self, room: RoomId, viewer: UserId, list: Sql) -> StoreResult<(RoomRow, Vec<Row>)> {
        let now = self.now();
        let mut sql = rows::by_id(room, viewer);
        sql.push("; ").append(list);
        let mut sets = self.db.snapshot(sql).await?.into_iter();
        let (rooms, list) = (sets.next().unwrap_or_default(), sets.next().unwrap_or_default());
        let row = rooms.first().map(|row| rows::room(row, now)).transpose()?;
        Ok((row.ok_or(Refusal::RoomNotFound)?, list))
    }
}
