//! What a crash kept from being sent is sent again.

use chatapp_db::{DbError, Sqlite};
use chatapp_timeline::{Publisher, sqlite as log};
use chatapp_types::{Entry, RoomId, Timestamp};

use super::hydrate::{Reader, hydrate};
use crate::error::StoreError;

/// Rooms looked at in one go.
const ROOMS: u32 = 100;
/// Entries read in one go.
const ENTRIES: u32 = 200;

/// Stores the publisher's marks.
pub(super) async fn store_marks(db: &Sqlite, publisher: &Publisher) -> Result<(), StoreError> {
    let marks = publisher.take_marks();
    if marks.is_empty() {
        return Ok(());
    }
    db.write(move |tx| Ok(log::advance_published(tx, &marks)?)).await
}

/// Sends what was committed before `before` and is not marked. An event may so be sent twice, and out of order with
/// a live one; followers go by its seq.
pub(super) async fn republish(db: &Sqlite, publisher: &Publisher, before: Timestamp) -> Result<u64, StoreError> {
    let mut sent = 0;
    loop {
        let rooms = db.read(move |conn| log::unpublished(conn, before, ROOMS)).await?;
        for (room, mark) in &rooms {
            sent += republish_room(db, publisher, *room, *mark).await?;
        }
        store_marks(db, publisher).await?;
        if rooms.is_empty() {
            return Ok(sent);
        }
    }
}

async fn republish_room(db: &Sqlite, publisher: &Publisher, room: RoomId, mark: u64) -> Result<u64, StoreError> {
    let mut after = mark;
    let mut sent = 0;
    loop {
        let entries = db.read(move |conn| read(conn, room, after)).await?;
        let whole = u32::try_from(entries.len()).is_ok_and(|n| n == ENTRIES);
        for entry in entries {
            after = entry.seq;
            publisher.publish(entry);
            sent += 1;
        }
        // A page that is not full ends at the head; what comes after it is sent by whoever commits it.
        if !whole {
            return Ok(sent);
        }
    }
}

fn read(conn: &rusqlite::Connection, room: RoomId, after: u64) -> Result<Vec<Entry>, DbError> {
    let entries = log::entries(conn, room, after, ENTRIES)?;
    hydrate(conn, room, entries, Reader::Service, 0)
}
