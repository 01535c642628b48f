//! Two gateways that can be killed and started again.

use std::sync::{Arc, Mutex};

use chatapp_http::Revocations;
use chatapp_types::clock::ManualClock;
use chatapp_types::{Timestamp, UserRef};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bus::Port;
use super::chance::Chance;
use super::world::World;
use crate::config::{GatewayConfig, Switch};
use crate::edge::{Client, RequestLimits};
use crate::hub::Hub;
use crate::socket::pump;
use crate::socket::replays::Replays;
use crate::socket::seats::Seats;
use crate::socket::services::SocketServices;
use crate::socket::sockets::Sockets;
use crate::socket::testing::{Peer, socket};
use crate::socket::v1::V1;

struct Gateway {
    services: Arc<SocketServices>,
    shutdown: CancellationToken,
    sockets: Vec<AbortHandle>,
}

/// Both of them.
pub(super) struct Gateways {
    world: Arc<World>,
    replay_max: u32,
    both: [Mutex<Gateway>; 2],
}

impl Gateways {
    /// Starts them; in some runs a replay is cut short early, so that gaps are read.
    pub(super) fn start(world: &Arc<World>, chance: &mut Chance) -> Self {
        let replay_max = if chance.one_in(3) { 20 } else { 1_000 };
        let both = [0, 1].map(|number| Mutex::new(gateway(world, number, replay_max)));
        Self { world: world.clone(), replay_max, both }
    }

    /// Kills one, with all its sockets, and starts it anew.
    pub(super) fn restart(&self, first: bool) {
        let number = usize::from(!first);
        let mut place = self.both[number].lock().unwrap();
        let old = std::mem::replace(&mut *place, gateway(&self.world, number, self.replay_max));
        old.end();
    }

    /// Opens a socket that is logged in.
    pub(super) fn open(&self, number: usize, user: &UserRef) -> Option<Peer> {
        let mut gateway = self.both[number].lock().unwrap();
        let services = gateway.services.clone();
        let (outbox, budget) = (services.outbox(), services.budget());
        let (server, peer) = socket(&outbox);
        let identity = World::identity(user);
        let seat = services.seats.take(user.id).ok()?;
        let task = tokio::spawn(async move {
            let client = Client { address: "192.0.2.1".parse().unwrap(), scheme: "http", host: None };
            let mut conversation = V1::begin(services, client, outbox.clone(), Some((seat, identity)));
            pump::run(server, &outbox, budget, &mut conversation).await
        });
        gateway.sockets.retain(|socket| !socket.is_finished());
        gateway.sockets.push(task.abort_handle());
        Some(peer)
    }

    /// Ends both.
    pub(super) fn end(&self) {
        self.both.iter().for_each(|gateway| gateway.lock().unwrap().end());
    }
}

impl Gateway {
    fn end(&self) {
        self.shutdown.cancel();
        self.sockets.iter().for_each(AbortHandle::abort);
    }
}

fn gateway(world: &Arc<World>, number: usize, replay_max: u32) -> Gateway {
    let config = GatewayConfig {
        rate_limits: Switch::Off,
        replay_max,
        // Little enough that a client that does not read is closed.
        send_queue_bytes: 16 * 1024,
        ..GatewayConfig::default()
    };
    let shutdown = CancellationToken::new();
    let bus = Arc::new(Port { bus: world.bus().clone(), port: number });
    let services = SocketServices {
        hub: Hub::start(bus, world.clone(), shutdown.clone(), TaskTracker::new()),
        sockets: Sockets::new(Revocations::fixed()),
        seats: Seats::new(&config),
        replays: Replays::default(),
        limits: Arc::new(RequestLimits::new(&config)),
        messages: world.clone(),
        tokens: world.clone(),
        clock: Arc::new(ManualClock::new(Timestamp::from_millis(1_000_000))),
        places: Arc::new(Semaphore::new(config.max_handshakes)),
        config: Arc::new(config),
    };
    Gateway { services: Arc::new(services), shutdown, sockets: Vec::new() }
}
