//! Stretches of a room's log, as both interactive clients show them.

use std::collections::HashMap;

use chatapp_client::api::HistoryPart;
use chatapp_client::{Client, ClientError};
use chatapp_types::messages::Message;
use chatapp_types::{EntryBody, RoomId, UserId};

use crate::screen::state::log::{Item, Stretch};

/// Entries at the end of a log that are read first.
const LATEST: u32 = 100;

/// Which stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// The end.
    Latest,
    /// So many entries after a seq.
    After { seq: u64, count: u32 },
}

/// A stretch of a log, its messages as they are now. The log tells what happened and in which order; the messages tell
/// what has become of their texts since.
pub(crate) async fn read(client: &Client, me: UserId, room: RoomId, span: Span) -> Result<Stretch, ClientError> {
    let (after, count) = match span {
        Span::After { seq, count } => (seq, count),
        Span::Latest => {
            let head = client.read_timeline(room, 0, 1).await?.head;
            (head.saturating_sub(LATEST.into()), LATEST)
        }
    };
    let log = client.read_timeline(room, after, count).await?;
    let from = after.max(log.floor);
    let last = log.items.last().map_or(from, |e| e.seq);
    let has_messages = log.items.iter().any(|e| matches!(e.body, EntryBody::MessagePosted { .. }));
    let mut now: HashMap<u64, Message> = HashMap::new();
    if has_messages {
        let messages = client.list_messages(room, HistoryPart::After(from), count).await?;
        now = messages.items.into_iter().map(|m| (m.seq, m)).collect();
    }
    let item = |e: &chatapp_types::Entry| match now.remove(&e.seq) {
        Some(message) => Some(Item::of_message(message, me)),
        None => Item::of_entry(e, me),
    };
    let items = log.items.iter().filter_map(item).collect();
    Ok(Stretch { first: from + 1, last, head: log.head, floor: log.floor, items })
}
