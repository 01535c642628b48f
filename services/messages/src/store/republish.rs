//! What a crash kept from being sent is sent again.

use chatapp_metrics::MESSAGES;
use chatapp_types::{RoomId, Timestamp};

use super::MessageStore;
use crate::error::{Refusal, StoreError};

/// Rooms looked at in one go.
const ROOMS: u32 = 100;
/// Entries read in one go.
const ENTRIES: u32 = 200;

/// Stores how far events have been sent, since the last call. Marks that could not be stored are forgotten: that
/// costs a repeated event, nothing else.
pub async fn store_marks(store: &dyn MessageStore) -> Result<(), StoreError> {
    let mut marks = store.publisher().take_marks();
    if marks.is_empty() {
        return Ok(());
    }
    // One order for all who lock several rooms.
    marks.sort_unstable();
    store.advance_published(marks).await
}

/// Sends again the events of entries that were committed before `before` and are not known to have been sent.
/// Returns how many. An event may so be sent twice, and out of order with a live one; followers go by its seq.
pub async fn republish(store: &dyn MessageStore, before: Timestamp) -> Result<u64, StoreError> {
    let mut sent = 0;
    let mut found = None;
    loop {
        let rooms = store.unpublished(before, ROOMS).await?;
        // What the first look found stays told until the next sweep: a count of what is left would always end at none.
        found.get_or_insert_with(|| MESSAGES.unpublished.set(i64::try_from(rooms.len()).unwrap_or(i64::MAX)));
        for (room, mark) in &rooms {
            sent += republish_room(store, *room, *mark).await?;
        }
        store_marks(store).await?;
        if rooms.is_empty() {
            return Ok(sent);
        }
    }
}

async fn republish_room(store: &dyn MessageStore, room: RoomId, mark: u64) -> Result<u64, StoreError> {
    let mut after = mark;
    let mut sent = 0;
    loop {
        let entries = match store.log(room, after, ENTRIES).await {
            Ok(page) => page.items,
            Err(StoreError::Refused(Refusal::RoomNotFound)) => return Ok(sent),
            Err(error) => return Err(error),
        };
        let whole = u32::try_from(entries.len()).is_ok_and(|n| n == ENTRIES);
        for entry in entries {
            after = entry.seq;
            store.publisher().publish_again(entry);
            sent += 1;
        }
        // A page that is not full ends at the head; what comes after it is sent by whoever commits it.
        if !whole {
            return Ok(sent);
        }
    }
}
