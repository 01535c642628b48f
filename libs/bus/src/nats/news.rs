//! What becomes of the connection, told in the log: one line a change, not one a try.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_nats::{ClientError, Event, ServerError};

use super::config::NatsConfig;

/// What goes on and on is told again after this time.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// The connection's story.
pub(super) struct News {
    servers: String,
    refused: String,
    told: Mutex<Told>,
}

/// When each of the lasting conditions was last told.
#[derive(Default)]
struct Told {
    absent: Option<Instant>,
    refused: Option<Instant>,
    denied: Option<Instant>,
    slow: Option<Instant>,
}

impl News {
    pub(super) fn new(config: &NatsConfig) -> Self {
        Self { servers: config.servers.to_string(), refused: config.refused().reason, told: Mutex::default() }
    }

    /// The server could not be reached.
    pub(super) fn absent(&self, reason: &str) {
        if self.is_due(|told| &mut told.absent) {
            tracing::warn!(bus.servers = self.servers, reason, "the event bus is not there, waiting for it");
        }
    }

    /// Something happened to the connection.
    pub(super) fn hear(&self, event: &Event) {
        match event {
            Event::Connected => {
                *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Told::default();
                tracing::info!(bus.servers = self.servers, "the event bus is connected");
            }
            Event::Disconnected => {
                tracing::warn!(bus.servers = self.servers, "the event bus is lost, connecting again");
            }
            Event::ClientError(ClientError::Other(reason)) if is_refusal(reason) => self.refused(),
            Event::ServerError(ServerError::AuthorizationViolation) => self.refused(),
            Event::ClientError(err) => self.absent(&err.to_string()),
            Event::ServerError(err) => {
                if self.is_due(|told| &mut told.denied) {
                    tracing::error!(bus.servers = self.servers, error = %err, "the event bus denied something");
                }
            }
            Event::SlowConsumer(_) => {
                if self.is_due(|told| &mut told.slow) {
                    tracing::warn!("events come faster than they are taken, some are dropped");
                }
            }
            Event::LameDuckMode => tracing::info!(bus.servers = self.servers, "the event bus is about to go away"),
            Event::Draining | Event::Closed => tracing::debug!("the event bus is let go"),
        }
    }

    fn refused(&self) {
        if self.is_due(|told| &mut told.refused) {
            tracing::error!(reason = self.refused, "the event bus lets nobody in by these settings, trying again");
        }
    }

    fn is_due(&self, of: impl FnOnce(&mut Told) -> &mut Option<Instant>) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let last = of(&mut told);
        let due = last.is_none_or(|at| at.elapsed() >= AGAIN_AFTER);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

/// Both kinds: the server's refusal, and a password that could not be read.
fn is_refusal(reason: &str) -> bool {
    reason.contains("authorization violation") || reason.contains("signing nonce")
}
