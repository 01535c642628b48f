//! The event bus: how services tell each other what has been committed.
//!
//! The bus is a hint, the database is the truth. An event may be lost, doubled, late or out of order; whoever
//! follows a room notices by the sequence number and reads the log. Nothing may depend on the bus delivering.
//!
//! [`LocalBus`] is for services that share a process, [`NatsBus`] for processes that share a NATS server.

mod beat;
mod local;
mod nats;
pub mod permissions;

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

pub use beat::{BEAT_EVERY, spawn_beat};
pub use local::LocalBus;
pub use nats::{NatsBus, NatsConfig, NatsServers, NatsUser};

/// Events that wait for one subscriber; what comes beyond is dropped, and found missing by its sequence number.
pub const SUBSCRIPTION_BUFFER: usize = 4096;

/// One event.
#[derive(Clone, Debug)]
pub struct BusMessage {
    /// Its content. Cloning shares the bytes.
    pub payload: Bytes,
    /// The trace that it belongs to (W3C trace context), where its publisher gave one.
    pub traceparent: Option<Arc<str>>,
}

/// The bus cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("the event bus is not available: {reason}")]
pub struct BusError {
    /// Why, for the log.
    pub reason: String,
}

/// A bus. Implementations differ in reach (one process, many machines), not in what they promise.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Puts an event on the bus. Never blocks and never fails: an event that cannot be taken is dropped.
    ///
    /// Events that one thread publishes on one subject keep their order on the way to each subscriber.
    fn publish(&self, subject: &str, payload: Bytes) {
        self.publish_traced(subject, payload, None);
    }

    /// [`Bus::publish`] of an event that belongs to a trace: `traceparent` is the W3C header of that name.
    fn publish_traced(&self, subject: &str, payload: Bytes, traceparent: Option<&str>);

    /// Follows a subject (exact, no wildcards) from now on. Cancel-safe: a subscription that was not returned is
    /// given up.
    async fn subscribe(&self, subject: &str) -> Result<Subscription, BusError>;

    /// What carries it, as OpenTelemetry names such systems.
    fn system(&self) -> &'static str {
        "in_process"
    }

    /// Lets go of the bus at the end of the process: what has been published leaves first, for as long as that takes
    /// seconds and no longer. What is published later is dropped.
    async fn close(&self) {}
}

/// A subscription; it ends when dropped.
pub struct Subscription {
    messages: mpsc::Receiver<BusMessage>,
    /// Dropped with the subscription; the bus prunes by it.
    _guard: Arc<dyn Any + Send + Sync>,
}

impl Subscription {
    /// Wraps the receiving end of an implementation's buffer.
    pub fn new(messages: mpsc::Receiver<BusMessage>, guard: Arc<dyn Any + Send + Sync>) -> Self {
        Self { messages, _guard: guard }
    }

    /// The next event, or `None` when the bus has been shut down. Cancel-safe.
    pub async fn recv(&mut self) -> Option<BusMessage> {
        self.messages.recv().await
    }

    /// Takes up to `limit` events that wait, or waits for one. Returns how many; 0 when the bus has been shut down.
    /// Cancel-safe.
    pub async fn recv_many(&mut self, into: &mut Vec<BusMessage>, limit: usize) -> usize {
        self.messages.recv_many(into, limit).await
    }

    /// An event that waits already.
    pub fn try_recv(&mut self) -> Option<BusMessage> {
        self.messages.try_recv().ok()
    }
}

/// The subjects in use.
pub mod subject {
    /// Entries of a room's log, published after their commit.
    pub fn room(room: impl std::fmt::Display) -> String {
        format!("room.{room}")
    }

    /// A room's typing and presence: not kept anywhere.
    pub fn live(room: impl std::fmt::Display) -> String {
        format!("live.{room}")
    }

    /// The sign of life of a service that publishes.
    pub fn beat(service: &str) -> String {
        format!("beat.{service}")
    }

    /// Sessions that have been ended.
    pub const SESSIONS_REVOKED: &str = "sessions.revoked";
}
