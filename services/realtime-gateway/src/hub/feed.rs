//! A room's two subjects on the bus, followed through the bus's absences.

use std::sync::Arc;
use std::time::Duration;

use chatapp_bus::{Bus, BusError, BusMessage, Subscription, subject};
use chatapp_types::RoomId;
use futures::future::BoxFuture;
use tokio::time::Instant;

/// A subscription that takes longer is given up and tried again.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(1);
/// The pause before that.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Events taken at once.
const BATCH: usize = 256;

/// What came.
#[derive(Debug)]
pub(super) enum Arrival {
    /// Entries of the log; they stand in the buffer.
    Entries,
    /// Something that is kept nowhere.
    Live(BusMessage),
    /// The bus is followed from here on: what was said before may have been missed.
    Connected,
    /// The bus cannot be followed at present; it is tried again.
    Disconnected,
}

type Subscriptions = (Subscription, Subscription);

enum State {
    Connecting(BoxFuture<'static, Result<Subscriptions, BusError>>),
    Connected(Subscriptions),
    Pausing(Instant),
}

/// The feed of one room.
pub(super) struct Feed {
    bus: Arc<dyn Bus>,
    room: RoomId,
    state: State,
}

impl Feed {
    pub(super) fn new(bus: Arc<dyn Bus>, room: RoomId) -> Self {
        let state = State::Connecting(subscribe(bus.clone(), room));
        Self { bus, room, state }
    }

    /// Waits for what comes next; entries are put into `into`. Cancel-safe.
    pub(super) async fn next(&mut self, into: &mut Vec<BusMessage>) -> Arrival {
        loop {
            match &mut self.state {
                State::Connecting(connecting) => match connecting.await {
                    Ok(subscriptions) => {
                        self.state = State::Connected(subscriptions);
                        return Arrival::Connected;
                    }
                    Err(err) => {
                        tracing::debug!(room.id = %self.room, error = %err, "room cannot be followed on the bus");
                        self.state = State::Pausing(Instant::now() + AGAIN_AFTER);
                        return Arrival::Disconnected;
                    }
                },
                State::Pausing(until) => {
                    tokio::time::sleep_until(*until).await;
                    self.state = State::Connecting(subscribe(self.bus.clone(), self.room));
                }
                State::Connected((entries, live)) => {
                    let arrival = tokio::select! {
                        biased;
                        taken = entries.recv_many(into, BATCH) => if taken == 0 { None } else { Some(Arrival::Entries) },
                        message = live.recv() => message.map(Arrival::Live),
                    };
                    if let Some(arrival) = arrival {
                        return arrival;
                    }
                    self.state = State::Pausing(Instant::now() + AGAIN_AFTER);
                    return Arrival::Disconnected;
                }
            }
        }
    }
}

fn subscribe(bus: Arc<dyn Bus>, room: RoomId) -> BoxFuture<'static, Result<Subscriptions, BusError>> {
    Box::pin(async move {
        let both = async {
            let entries = bus.subscribe(&subject::room(room)).await?;
            Ok((entries, bus.subscribe(&subject::live(room)).await?))
        };
        match tokio::time::timeout(SUBSCRIBE_TIMEOUT, both).await {
            Ok(result) => result,
            Err(_) => Err(BusError { reason: "it does not answer".to_owned() }),
        }
    })
}
