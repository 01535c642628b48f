//! What is kept of one's rooms for the next time, so that they can be read before the gateway answers, or without it.

use chatapp_types::RoomId;
use chatapp_types::rooms::Room;
use serde::{Deserialize, Serialize};

use super::State;
use super::log::{Item, Log, Stretch, What};
use super::room::RoomState;

/// Rooms that are kept.
const ROOMS_MAX: usize = 1_000;
/// Rooms of which the last page is kept too.
const PAGES_MAX: usize = 30;
/// Items of a page.
const ITEMS_MAX: usize = 100;
/// Bytes of text of all pages together.
const BYTES_MAX: usize = 1024 * 1024;

/// The rooms, the ones looked at last first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) rooms: Vec<KeptRoom>,
}

/// A room as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptRoom {
    pub(crate) room: Room,
    pub(crate) head: u64,
    pub(crate) unread: u64,
    pub(crate) mentions: u64,
    pub(crate) read_seq: u64,
    /// The end of what was loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<Stretch>,
}

impl Kept {
    /// What is to be kept of a state. Its size is bounded, however much is loaded.
    pub(crate) fn of(state: &State) -> Self {
        let (mut pages, mut bytes) = (PAGES_MAX, BYTES_MAX);
        let rooms = state.rooms.by_visit().filter(|r| r.ended.is_none()).take(ROOMS_MAX);
        let keep = |r: &RoomState| {
            let page = if pages == 0 { None } else { r.log.tail(ITEMS_MAX) };
            let page = page.filter(|page| size(page) <= bytes);
            if let Some(page) = &page {
                (pages, bytes) = (pages - 1, bytes - size(page));
            }
            let RoomState { ref room, head, unread, mentions, read_seq, .. } = *r;
            KeptRoom { room: room.clone(), head, unread, mentions, read_seq, page }
        };
        Self { rooms: rooms.map(keep).collect() }
    }

    /// The room that was looked at last.
    pub(crate) fn latest(&self) -> Option<RoomId> {
        self.rooms.first().map(|r| r.room.id)
    }
}

impl KeptRoom {
    /// Puts what was kept into a room that is fresh.
    pub(crate) fn restore(self, fresh: &mut RoomState) {
        (fresh.unread, fresh.mentions, fresh.read_seq) = (self.unread, self.mentions, self.read_seq);
        fresh.is_kept = true;
        // What is beyond the page is not known to exist any more until the gateway says so.
        fresh.head = self.page.as_ref().map_or(self.head, |page| page.last);
        if let Some(page) = self.page {
            fresh.log = Log::kept(page);
        }
    }
}

fn size(page: &Stretch) -> usize {
    let text = |item: &Item| match &item.what {
        What::Said(said) => said.text.len(),
        What::Happened(text) => text.len(),
    };
    page.items.iter().map(text).sum()
}
