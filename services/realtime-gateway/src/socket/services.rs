//! What sockets share.

use std::sync::Arc;
use std::time::Duration;

use chatapp_types::{Clock, ErrorCode, Limits, Problem};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::calls::MessageCalls;
use super::identity::Tokens;
use super::replays::Replays;
use super::seats::Seats;
use super::sockets::Sockets;
use super::{FrameBudget, Outbox};
use crate::config::GatewayConfig;
use crate::edge::RequestLimits;
use crate::hub::Hub;

/// A place is waited for so long before one is told to come back: that evens out the moment in which all do.
const PLACE_WITHIN: Duration = Duration::from_secs(2);

/// What every conversation works with.
pub(crate) struct SocketServices {
    pub(crate) hub: Hub,
    pub(crate) sockets: Sockets,
    pub(crate) seats: Seats,
    pub(crate) replays: Replays,
    pub(crate) messages: Arc<dyn MessageCalls>,
    pub(crate) tokens: Arc<dyn Tokens>,
    /// The allowance of each user, the same that requests are taken from.
    pub(crate) limits: Arc<RequestLimits>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Arc<GatewayConfig>,
    /// Handshakes and replays at once.
    pub(crate) places: Arc<Semaphore>,
}

impl SocketServices {
    /// A place for a handshake or one reading of a replay; 503 when there is none for a while.
    pub(crate) async fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        match tokio::time::timeout(PLACE_WITHIN, self.places.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Problem::new(ErrorCode::Unavailable)
                .with_detail("too many connect at once; come back in a moment")
                .with_retry_after(2)),
        }
    }

    /// An empty queue for one socket.
    pub(crate) fn outbox(&self) -> Arc<Outbox> {
        Arc::new(Outbox::new(self.config.send_queue_bytes))
    }

    /// What one socket may send.
    pub(crate) fn budget(&self) -> FrameBudget {
        if self.config.rate_limits.is_on() {
            FrameBudget::new(self.config.frames_per_minute, self.config.frame_burst)
        } else {
            FrameBudget::unlimited()
        }
    }

    /// The limits in force, as clients are told.
    pub(crate) fn limits(&self) -> Limits {
        Limits { frames_per_minute: self.config.frames_per_minute, replay: self.config.replay_max, ..Limits::default() }
    }
}
