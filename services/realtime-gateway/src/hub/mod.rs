//! The hub: whoever follows a room here gets every entry of it, once, in order, and nothing after the end of their
//! membership.
//!
//! Each room with listeners has one task ([`room`]) with one subscription on the bus, shared by all of them. The order
//! of a subscription is what makes it whole: first the room is followed ([`Hub::follow`]), then its log is read with the
//! user's own token, then one joins with what one has read ([`FollowedRoom::join`]); whatever was committed after the
//! reading arrives after the following began, so there is no moment in which an entry could be missed. What a
//! newcomer lacks at that point is in the room's tail, or it reads the log further.
//!
//! The bus is a hint: a hole, a lag or a late last event is found by number and read from the log ([`LogSource`]), and
//! while the bus is away the heads are compared so often that delivery goes on by reading alone. Rejected: a buffer a
//! listener for what arrives while it reads — the room's tail serves all of them, and costs nothing when nobody joins.

mod delivery;
mod feed;
mod heads;
mod latency;
mod listeners;
mod live;
mod log;
mod presence;
mod registry;
mod rendition;
mod room;
mod sequence;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chatapp_bus::Bus;
use chatapp_metrics::GATEWAY;
use chatapp_types::RoomId;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use delivery::Delivery;
pub(crate) use log::{LogError, LogSource};
pub(crate) use registry::{Ear, FollowedRoom, JoinResult, Subscription};
pub(crate) use rendition::Dialect;

use crate::sync;
use registry::Rooms;
use room::{Room, Surroundings};

/// All rooms of one gateway. Clones share them.
#[derive(Clone)]
pub(crate) struct Hub {
    rooms: Arc<Rooms>,
    bus: Arc<dyn Bus>,
    log: Arc<dyn LogSource>,
    delivery: Delivery,
    gateway: uuid::Uuid,
    tasks: TaskTracker,
}

impl Hub {
    /// Starts the comparison of heads, until `shutdown`.
    pub(crate) fn start(
        bus: Arc<dyn Bus>,
        log: Arc<dyn LogSource>,
        shutdown: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let (rooms, delivery) = (Arc::new(Rooms::default()), Delivery::new());
        let watched = Arc::downgrade(&rooms);
        GATEWAY.rooms.watch(move || watched.upgrade().map(|rooms| rooms.count()));
        let comparing = heads::follow(rooms.clone(), bus.clone(), log.clone(), delivery.clone());
        sync::spawn(&tasks, async move {
            shutdown.run_until_cancelled_owned(comparing).await;
        });
        Self { rooms, bus, log, delivery, gateway: uuid::Uuid::now_v7(), tasks }
    }

    /// Follows a room, for as long as the result or a subscription made of it is held. Does not ask who may: that is
    /// decided by the reading of the log that comes next.
    pub(crate) async fn follow(&self, room: RoomId) -> FollowedRoom {
        let (handle, begun) = self.rooms.hold(room);
        if let Some(begun) = begun {
            let around = Surroundings {
                bus: self.bus.clone(),
                log: self.log.clone(),
                delivery: self.delivery.clone(),
                gateway: self.gateway,
            };
            sync::spawn(&self.tasks, Room::new(around, begun.shared, begun.commands).run());
        }
        FollowedRoom { handle, bus: self.bus.clone() }.ready().await
    }

    /// Whether entries flow.
    pub(crate) fn delivery(&self) -> &Delivery {
        &self.delivery
    }
}
