//! What comes of all one's rooms: they are followed, and call for attention wherever one is.

use chatapp_types::messages::UnreadRoom;
use chatapp_types::rooms::Room;
use chatapp_types::{Entry, RoomId};
use tokio::time::Instant;

use super::Leave;
use super::session::Session;
use crate::attention::{self, Call, Paced};

impl Session<'_> {
    /// Follows rooms that are not followed yet, from what is known of them on.
    pub(super) async fn follow(&mut self, rooms: impl Iterator<Item = (&Room, Option<&UnreadRoom>)>) {
        for (room, unread) in rooms.filter(|(room, _)| room.role.is_some()) {
            if self.followed.add(room) {
                self.handle.subscribe(room.id, unread.map(|u| u.head)).await;
            }
        }
    }

    /// One is in this room from now on, of which everything up to `last` was shown.
    pub(super) async fn arrive(&mut self, room: &Room, last: u64) {
        self.followed.add(room);
        self.followed.arrive(room.id);
        self.is_in_room = true;
        // Anew, from what was shown on: what came of it meanwhile is not shown yet.
        self.handle.subscribe(room.id, Some(last).filter(|seq| *seq > 0)).await;
        let id = room.id;
        self.remember(|m| m.last_room = Some(id));
    }

    /// One goes out of a room; `text` was being written there.
    pub(super) fn depart(&mut self, room: RoomId, text: String) {
        self.is_in_room = false;
        self.remember(|m| m.rooms.entry(room).or_default().draft = text);
    }

    /// One is in a room no more.
    pub(super) async fn unfollow(&mut self, room: RoomId) {
        self.followed.remove(room);
        self.handle.unsubscribe(room).await;
    }

    /// Changes what is remembered for the next time. That it cannot be written does no harm now.
    fn remember(&self, change: impl FnOnce(&mut crate::settings::Remembered)) {
        if self.is_logged_out {
            return;
        }
        if let Err(e) = self.memory.update(change) {
            tracing::warn!(error = %e, "could not remember for the next time");
        }
    }

    /// An entry calls for attention if it is to.
    pub(super) fn heard(&mut self, entry: &Entry) -> Result<(), Leave> {
        let (level, now) = (self.level(entry.room_id), self.context.clock.now());
        match self.followed.call(entry, level, self.me.id, now) {
            Some(Paced::Now(call)) => self.raise(&call),
            Some(Paced::Later(after)) => {
                self.calls_at.get_or_insert_with(|| Instant::now() + after);
                Ok(())
            }
            Some(Paced::Joined) | None => Ok(()),
        }
    }

    /// What was missed of a room is told.
    pub(super) fn caught_up(&mut self, room: RoomId) -> Result<(), Leave> {
        match self.followed.caught_up(room, self.context.clock.now()) {
            Some(call) => self.raise(&call),
            None => Ok(()),
        }
    }

    /// The calls that waited are told.
    pub(super) fn tell_due(&mut self) -> Result<(), Leave> {
        self.calls_at = None;
        for call in self.followed.due(self.context.clock.now()) {
            self.raise(&call)?;
        }
        Ok(())
    }

    fn raise(&mut self, call: &Call) -> Result<(), Leave> {
        let sequence = attention::raise(&self.settings.notify, call);
        self.console.signal(&sequence)?;
        let line = self.followed.line(call, self.is_in_room).filter(|_| self.console.is_interactive());
        Ok(line.map_or(Ok(()), |line| self.console.print(&line))?)
    }
}
