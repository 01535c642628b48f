//! Which rooms have listeners here, and what a socket holds of one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, Weak};

use chatapp_bus::{Bus, subject};
use chatapp_metrics::GATEWAY;
use chatapp_types::{RoomId, UserRef};
use tokio::sync::{mpsc, oneshot, watch};

use super::listeners::{Joined, Listener, ListenerId};
use super::live::LiveEvent;
use super::rendition::Dialect;
use super::room::Command;
use crate::socket::Outbox;
use crate::sync::{Mutex, MutexGuard};

/// What a room's task shows to those outside it.
pub(super) struct RoomShared {
    pub(super) room: RoomId,
    /// The last seq delivered here.
    pub(super) last: AtomicU64,
    ready: watch::Sender<bool>,
}

impl RoomShared {
    fn new(room: RoomId) -> Self {
        Self { room, last: AtomicU64::new(0), ready: watch::Sender::new(false) }
    }

    /// From now on nothing is missed that would not be noticed.
    pub(super) fn set_ready(&self) {
        self.ready.send_if_modified(|ready| !std::mem::replace(ready, true));
    }
}

/// One room's task, as long as somebody holds it.
pub(super) struct RoomHandle {
    pub(super) shared: Arc<RoomShared>,
    /// Not bounded by itself: each socket has at most one command under way in a room.
    commands: mpsc::UnboundedSender<Command>,
    rooms: Weak<Rooms>,
}

impl RoomHandle {
    pub(super) fn send(&self, command: Command) {
        // Without a task (it panicked) the listeners have been closed already, to resume.
        let _ = self.commands.send(command);
    }
}

impl Drop for RoomHandle {
    fn drop(&mut self) {
        if let Some(rooms) = self.rooms.upgrade() {
            let mut rooms = rooms.lock();
            // Meanwhile somebody may have begun the room anew.
            if rooms.get(&self.shared.room).is_some_and(|handle| handle.strong_count() == 0) {
                rooms.remove(&self.shared.room);
            }
        }
    }
}

/// The rooms with listeners here.
#[derive(Default)]
pub(super) struct Rooms(Mutex<HashMap<RoomId, Weak<RoomHandle>>>);

impl Rooms {
    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Weak<RoomHandle>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The room's handle, and what its task needs if it has to be begun.
    pub(super) fn hold(self: &Arc<Self>, room: RoomId) -> (Arc<RoomHandle>, Option<NewRoom>) {
        let mut rooms = self.lock();
        let held = rooms.get(&room).and_then(Weak::upgrade);
        match held {
            Some(handle) if !handle.commands.is_closed() => return (handle, None),
            // Its task died. Letting go of it takes the lock, so not here.
            Some(dead) => drop(tokio::spawn(async move { drop(dead) })),
            None => {}
        }
        let shared = Arc::new(RoomShared::new(room));
        let (commands, receiver) = mpsc::unbounded_channel();
        let handle = Arc::new(RoomHandle { shared: shared.clone(), commands, rooms: Arc::downgrade(self) });
        rooms.insert(room, Arc::downgrade(&handle));
        (handle, Some(NewRoom { shared, commands: receiver }))
    }

    /// How many are held.
    pub(super) fn count(&self) -> u64 {
        self.lock().len() as u64
    }

    /// Every room that is held.
    pub(super) fn all(&self) -> Vec<Arc<RoomHandle>> {
        self.lock().values().filter_map(Weak::upgrade).collect()
    }
}

/// What the task of a room begins with.
pub(super) struct NewRoom {
    pub(super) shared: Arc<RoomShared>,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
}

/// A room that is followed: whatever is committed from now on will get to those who join.
pub(crate) struct FollowedRoom {
    pub(super) handle: Arc<RoomHandle>,
    pub(super) bus: Arc<dyn Bus>,
}

/// Who wants to listen, and how.
#[derive(Clone)]
pub(crate) struct Ear {
    pub(crate) user: UserRef,
    pub(crate) dialect: Dialect,
    pub(crate) outbox: Arc<Outbox>,
    /// The lowest seq that they may read, less one: the text of an older post does not reach them by an edit either.
    pub(crate) floor: u64,
}

/// The answer to [`FollowedRoom::join`].
pub(crate) enum JoinResult {
    /// Live: the subscription lasts until it is dropped.
    Live(Subscription),
    /// Read the log further and join again.
    Behind,
    /// The membership ended meanwhile; the listener has been told.
    CutOff,
    /// The room's task is gone: begin anew.
    Lost,
}

impl FollowedRoom {
    /// Waits until nothing is missed that would not be noticed.
    pub(super) async fn ready(self) -> Self {
        let mut ready = self.handle.shared.ready.subscribe();
        // An error means that the task is gone; joining will say so.
        let _ = ready.wait_for(|ready| *ready).await;
        self
    }

    /// Listens from now on, having read the log up to `after` since the room was followed.
    pub(crate) async fn join(&self, ear: &Ear, after: u64) -> JoinResult {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = ListenerId(NEXT.fetch_add(1, Ordering::Relaxed));
        let live = Arc::new(AtomicBool::new(true));
        let listener = Listener {
            id,
            user: ear.user.clone(),
            dialect: ear.dialect,
            outbox: ear.outbox.clone(),
            live: live.clone(),
            after,
            floor: ear.floor,
        };
        // Made before the command is sent: if we are dropped while we wait, the listener leaves again.
        let subscription =
            Subscription { handle: self.handle.clone(), bus: self.bus.clone(), user: ear.user.clone(), id, live };
        GATEWAY.subscriptions.inc();
        let (reply, joined) = oneshot::channel();
        self.handle.send(Command::Join { listener, reply });
        match joined.await {
            Ok(Joined::Live) => JoinResult::Live(subscription),
            Ok(Joined::Behind) => JoinResult::Behind,
            Ok(Joined::CutOff) => JoinResult::CutOff,
            Err(_) => JoinResult::Lost,
        }
    }
}

/// A socket's place among a room's listeners; given up when dropped.
pub(crate) struct Subscription {
    handle: Arc<RoomHandle>,
    bus: Arc<dyn Bus>,
    user: UserRef,
    id: ListenerId,
    live: Arc<AtomicBool>,
}

impl Subscription {
    /// Whether entries still come: false once the membership, or the room, has ended.
    pub(crate) fn is_live(&self) -> bool {
        self.live.load(Ordering::Relaxed)
    }

    /// The last seq delivered in the room. The entry itself is in the outbox already.
    pub(crate) fn head(&self) -> u64 {
        self.handle.shared.last.load(Ordering::Acquire)
    }

    /// Tells the room that one types.
    pub(crate) fn say_typing(&self) {
        let event = LiveEvent::Typing { user: self.user.clone() };
        self.bus.publish(&subject::live(self.handle.shared.room), event.encode());
    }

    /// Ends it: nothing is put into the outbox once this returns.
    pub(crate) async fn leave(self) {
        let (done, left) = oneshot::channel();
        self.handle.send(Command::Leave { id: self.id, done: Some(done) });
        let _ = left.await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        GATEWAY.subscriptions.dec();
        self.handle.send(Command::Leave { id: self.id, done: None });
    }
}
