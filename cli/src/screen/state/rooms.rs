//! Every room one is in.

use chatapp_types::RoomId;

use super::room::RoomState;

/// Items that all rooms together keep; beyond, the room that was not looked at for the longest time is unloaded.
const ITEMS_MAX: usize = 100_000;

/// The rooms, by name, and which of them one is in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rooms {
    all: Vec<RoomState>,
    current: Option<RoomId>,
    /// Rooms in the order they were looked at, the present one last.
    visited: Vec<RoomId>,
}

impl Rooms {
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &RoomState> + ExactSizeIterator {
        self.all.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut RoomState> {
        self.all.iter_mut()
    }

    pub(crate) fn get(&self, id: RoomId) -> Option<&RoomState> {
        self.all.iter().find(|r| r.room.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: RoomId) -> Option<&mut RoomState> {
        self.all.iter_mut().find(|r| r.room.id == id)
    }

    /// The room one is in.
    pub(crate) fn current(&self) -> Option<&RoomState> {
        self.get(self.current?)
    }

    pub(crate) fn current_mut(&mut self) -> Option<&mut RoomState> {
        self.get_mut(self.current?)
    }

    pub(crate) const fn current_id(&self) -> Option<RoomId> {
        self.current
    }

    pub(crate) fn is_current(&self, id: RoomId) -> bool {
        self.current == Some(id)
    }

    /// The room one was in before.
    pub(crate) fn before(&self) -> Option<RoomId> {
        self.visited.iter().rev().copied().find(|id| Some(*id) != self.current && self.get(*id).is_some())
    }

    /// The rooms in the order they were looked at, the latest first; then those that were not.
    pub(crate) fn by_visit(&self) -> impl Iterator<Item = &RoomState> {
        let is_visited = |r: &&RoomState| self.visited.contains(&r.room.id);
        let visited = self.visited.iter().rev().filter_map(|id| self.get(*id));
        visited.chain(self.all.iter().filter(move |r| !is_visited(r)))
    }

    /// Goes to a room, which must be among them.
    pub(crate) fn go_to(&mut self, id: RoomId) {
        self.visited.retain(|v| *v != id);
        self.visited.push(id);
        self.current = Some(id);
    }

    /// Adds a room.
    pub(crate) fn add(&mut self, room: RoomState) -> &mut RoomState {
        let id = room.room.id;
        let key = |r: &RoomState| (r.room.name.to_lowercase(), r.room.id);
        let at = self.all.partition_point(|r| key(r) < key(&room));
        self.all.insert(at, room);
        let at = self.all.iter().position(|r| r.room.id == id).unwrap_or(at);
        &mut self.all[at]
    }

    /// Puts the rooms in order again, after one got another name.
    pub(crate) fn sort(&mut self) {
        self.all.sort_by_key(|r| (r.room.name.to_lowercase(), r.room.id));
    }

    /// Takes a room away.
    pub(crate) fn remove(&mut self, id: RoomId) {
        self.all.retain(|r| r.room.id != id);
        self.visited.retain(|v| *v != id);
        if self.current == Some(id) {
            self.current = self.visited.last().copied().or_else(|| self.all.first().map(|r| r.room.id));
        }
    }

    /// The room `by` places below the present one, or above it; around the end.
    pub(crate) fn beside(&self, by: isize) -> Option<RoomId> {
        let count = self.all.len();
        let at = self.all.iter().position(|r| Some(r.room.id) == self.current)?;
        let to = (at + count).checked_add_signed(by)? % count;
        Some(self.all[to].room.id)
    }

    /// The next room with something unread: one that names the person first, else the next below.
    pub(crate) fn next_unread(&self) -> Option<RoomId> {
        let at = self.all.iter().position(|r| Some(r.room.id) == self.current).map_or(0, |at| at + 1);
        let others = || self.all[at..].iter().chain(&self.all[..at]).filter(|r| Some(r.room.id) != self.current);
        let named = others().find(|r| r.mentions > 0);
        named.or_else(|| others().find(|r| r.unread > 0)).map(|r| r.room.id)
    }

    /// Messages that are not acknowledged yet, in all rooms.
    pub(crate) fn unsent(&self) -> usize {
        self.all.iter().map(RoomState::unsent).sum()
    }

    /// Keeps memory bounded: unloads what was not looked at for the longest time.
    pub(crate) fn trim(&mut self) {
        let mut total: usize = self.all.iter().map(|r| r.log.items().len()).sum();
        while total > ITEMS_MAX {
            let age = |r: &RoomState| self.visited.iter().position(|v| *v == r.room.id).map_or(0, |at| at + 1);
            let oldest = self.all.iter().filter(|r| Some(r.room.id) != self.current && !r.log.items().is_empty());
            let Some(id) = oldest.min_by_key(|r| age(r)).map(|r| r.room.id) else { return };
            if let Some(room) = self.get_mut(id) {
                total -= room.log.items().len();
                room.log.drop_all();
                room.view = super::room::View { cleared: room.view.cleared, ..Default::default() };
            }
        }
    }
}
