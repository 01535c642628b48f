//! What is kept of one's rooms for the next time, so that they can be read before the gateway answers, or without it.

use std::collections::HashMap;

use chatapp_types::RoomId;
use chatapp_types::messages::UnreadRoom;
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

    /// The gateway has listed these rooms: others are gone, and of these what was loaded stays.
    pub(crate) fn listed(&mut self, rooms: &[Room], counts: &HashMap<RoomId, UnreadRoom>) {
        let mut before: HashMap<RoomId, (usize, Option<Stretch>)> =
            self.rooms.drain(..).enumerate().map(|(at, r)| (r.room.id, (at, r.page))).collect();
        let keep = |room: &Room| {
            let (at, page) = before.remove(&room.id).unwrap_or((usize::MAX, None));
            let (head, unread, mentions, read_seq) =
                counts.get(&room.id).map_or((0, 0, 0, 0), |u| (u.head, u.messages, u.mentions, u.read_seq));
            (at, KeptRoom { room: room.clone(), head, unread, mentions, read_seq, page })
        };
        let mut rooms: Vec<_> = rooms.iter().take(ROOMS_MAX).map(keep).collect();
        rooms.sort_by_key(|(at, _)| *at);
        self.rooms = rooms.into_iter().map(|(_, room)| room).collect();
    }

    /// This is the end of what was loaded of a room, which is the one looked at last then.
    pub(crate) fn saw(&mut self, room: &Room, log: &Log) {
        if !log.is_loaded() {
            return;
        }
        self.rooms.retain(|r| r.room.id != room.id);
        let (head, page) = (log.last(), log.tail(ITEMS_MAX));
        let seen = KeptRoom { room: room.clone(), head, unread: 0, mentions: 0, read_seq: head, page };
        self.rooms.insert(0, seen);
        self.rooms.truncate(ROOMS_MAX);
        let (mut pages, mut bytes) = (PAGES_MAX, BYTES_MAX);
        for room in &mut self.rooms {
            room.page = room.page.take().filter(|page| pages > 0 && size(page) <= bytes);
            if let Some(page) = &room.page {
                (pages, bytes) = (pages - 1, bytes - size(page));
            }
        }
    }

    /// What is kept of a room.
    pub(crate) fn take(&mut self, id: RoomId) -> Option<KeptRoom> {
        let at = self.rooms.iter().position(|r| r.room.id == id)?;
        Some(self.rooms.swap_remove(at))
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
