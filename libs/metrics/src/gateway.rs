//! Sockets and delivery.

use std::sync::{Arc, LazyLock};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use crate::LATENCY_BOUNDS;
use crate::label::{Counters, Gauges, label};
use crate::probe::{LookedUp, Probe};
use crate::registry::{Owner, register, registered};

/// What the gateway counts.
pub static GATEWAY: LazyLock<Gateway> = LazyLock::new(Gateway::registered);

const OWNER: Owner = Owner::Service("gateway");

label! {
    /// The interface that a socket speaks.
    pub enum Protocol("protocol") {
        /// Version 1.
        V1 = "v1",
        /// The original's.
        V0 = "v0",
    }
}

label! {
    /// Why a socket was closed.
    pub enum SocketEnd("reason") {
        /// Its client closed it, or vanished.
        Client = "client",
        /// Its client read too slowly.
        Slow = "slow",
        /// The gateway lost track of what it had sent.
        Gap = "gap",
        /// Pings were not answered.
        NoHeartbeat = "no_heartbeat",
        /// Its token expired.
        TokenExpired = "token_expired",
        /// Its session was ended.
        SessionRevoked = "session_revoked",
        /// It did not log in, or by no good token.
        Unauthenticated = "unauthenticated",
        /// Frames that are none of ours, or limits ignored.
        BadProtocol = "bad_protocol",
        /// A frame beyond the limit.
        FrameTooLarge = "frame_too_large",
        /// The original's word for a token or a room that is not good.
        Refused = "refused",
        /// Too much at once; it is to come back.
        TryAgain = "try_again",
        /// The gateway goes away.
        GoingAway = "going_away",
    }
}

label! {
    /// What became of a subscription with a cursor.
    pub enum Resume("outcome") {
        /// It was given what it had missed.
        Resumed = "resumed",
        /// It had missed more than is replayed, and was told so.
        TooFar = "too_far",
    }
}

/// What is counted of sockets and delivery.
#[derive(Debug)]
pub struct Gateway {
    /// Sockets that are logged in.
    pub connections: Gauges<Protocol>,
    /// Sockets that were closed.
    pub closes: Counters<SocketEnd>,
    /// Bytes that wait for sockets.
    pub queue_bytes: Arc<Probe<u64>>,
    /// Frames written.
    pub frames: Counter,
    /// Writes: each takes all frames that wait for a socket.
    pub writes: Counter,
    /// Frames received.
    pub received: Counter,
    /// Ephemeral frames dropped for slow sockets.
    pub shed: Counter,
    /// Seconds from an entry's commit until it is in the queue of every socket here.
    pub latency: Histogram,
    /// Readings of the log for entries that had not come over the bus.
    pub gaps: Counter,
    /// Subscriptions with a cursor.
    pub resumes: Counters<Resume>,
    /// Rooms with listeners.
    pub rooms: Arc<Probe<u64>>,
    /// Pairs of a socket and a room.
    pub subscriptions: Gauge,
    /// Since the last sign of life over the bus, in seconds.
    pub beat_age: Arc<Probe<f64>>,
}

impl Gateway {
    fn registered() -> Self {
        Self {
            connections: Gauges::registered(OWNER, "chatapp_websocket_connections", "Sockets that are logged in"),
            closes: Counters::registered(OWNER, "chatapp_websocket_closes", "Sockets that were closed"),
            queue_bytes: sum("chatapp_websocket_queue", "Bytes that wait to be written to sockets", Some(Unit::Bytes)),
            frames: counter("chatapp_websocket_frames", "Frames written to sockets"),
            writes: counter("chatapp_websocket_writes", "Writes to sockets; each takes all frames that wait"),
            received: counter("chatapp_websocket_received_frames", "Frames that came from sockets"),
            shed: counter("chatapp_websocket_frames_shed", "Ephemeral frames dropped for slow sockets"),
            latency: registered(
                OWNER,
                "chatapp_delivery_latency",
                "From the commit of an entry, by the clock there, until it was in the queues of its sockets, by the clock here, at least 0; once an entry",
                Some(Unit::Seconds),
                Histogram::new(LATENCY_BOUNDS),
            ),
            gaps: counter("chatapp_delivery_gaps", "Readings of the log for entries that did not come over the bus"),
            resumes: Counters::registered(OWNER, "chatapp_delivery_resumes", "Subscriptions with a cursor"),
            rooms: sum("chatapp_hub_rooms", "Rooms with listeners here", None),
            subscriptions: gauge("chatapp_hub_subscriptions", "Rooms that are listened to, by each socket"),
            beat_age: beat_age(),
        }
    }

    /// Registers them, if nothing has done so yet.
    pub fn announce(&self) {}
}

fn counter(name: &str, help: &str) -> Counter {
    registered(OWNER, name, help, None, Counter::default())
}

fn gauge(name: &str, help: &str) -> Gauge {
    registered(OWNER, name, help, None, Gauge::default())
}

fn beat_age() -> Arc<Probe<f64>> {
    let probe = Arc::<Probe<f64>>::default();
    let of = Arc::clone(&probe);
    let oldest = LookedUp::gauge(move || of.values().into_iter().reduce(f64::max));
    let help = "Since a publisher's last sign of life came over the bus, of the one that has been silent longest";
    register(OWNER, "chatapp_bus_beat_age", help, Some(Unit::Seconds), oldest);
    probe
}

/// The sum of what is looked up.
fn sum(name: &str, help: &str, unit: Option<Unit>) -> Arc<Probe<u64>> {
    let probe = Arc::<Probe<u64>>::default();
    let of = Arc::clone(&probe);
    #[expect(clippy::cast_precision_loss, reason = "a gauge is read by people")]
    let all = LookedUp::gauge(move || Some(of.values().into_iter().sum::<u64>() as f64));
    register(OWNER, name, help, unit, all);
    probe
}
