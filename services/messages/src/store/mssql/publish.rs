//! What a crash kept from being sent is sent again.

use chatapp_db::Mssql;
use chatapp_timeline::{Publisher, mssql as log};
use chatapp_types::{RoomId, Timestamp};

use super::timeline;
use crate::error::{Refusal, StoreError};

/// Rooms looked at in one go.
const ROOMS: u32 = 100;
/// Entries read in one go.
const ENTRIES: u32 = 200;

/// Stores the publisher's marks.
pub(super) async fn store_marks(db: &Mssql, publisher: &Publisher) -> Result<(), StoreError> {
    let mut marks = publisher.take_marks();
    if marks.is_empty() {
        return Ok(());
    }
    marks.sort_unstable();
    db.run(move |session| {
        let marks = marks.clone();
        Box::pin(async move { Ok(log::advance_published(session, &marks).await?) })
    })
    .await
}

/// Sends what was committed before `before` and is not marked. An event may so be sent twice, and out of order with
/// a live one; followers go by its seq.
pub(super) async fn republish(db: &Mssql, publisher: &Publisher, before: Timestamp) -> Result<u64, StoreError> {
    let mut sent = 0;
    loop {
        let rooms = db.run(move |session| Box::pin(log::unpublished(session, before, ROOMS))).await?;
        for (room, mark) in &rooms {
            sent += republish_room(db, publisher, *room, *mark).await?;
        }
        store_marks(db, publisher).await?;
        if rooms.is_empty() {
            return Ok(sent);
        }
    }
}

async fn republish_room(db: &Mssql, publisher: &Publisher, room: RoomId, mark: u64) -> Result<u64, StoreError> {
    let mut after = mark;
    let mut sent = 0;
    loop {
        let entries = match timeline::log(db, room, after, ENTRIES).await {
            Ok(page) => page.items,
            Err(StoreError::Refused(Refusal::RoomNotFound)) => return Ok(sent),
            Err(error) => return Err(error),
        };
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
