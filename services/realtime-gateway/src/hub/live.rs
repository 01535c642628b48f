//! What passes between gateways and is kept nowhere: typing and presence.

use bytes::Bytes;
use chatapp_types::UserRef;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An event of the subject `live.<room>`. Any of them may be lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "live", rename_all = "snake_case")]
pub(super) enum LiveEvent {
    /// Somebody types.
    Typing {
        /// Who.
        user: UserRef,
    },
    /// Who listens at one gateway.
    Presence {
        /// The gateway.
        gateway: Uuid,
        /// How many sockets listen.
        sockets: usize,
        /// Who they are; nobody is named where there are too many.
        online: Vec<UserRef>,
    },
    /// A gateway asks the others for their [`LiveEvent::Presence`].
    Ask {
        /// The gateway.
        gateway: Uuid,
    },
}

impl LiveEvent {
    pub(super) fn encode(&self) -> Bytes {
        // Plain data serialises; an empty payload would be stepped over by its reader.
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// `None` for bytes that are no event of ours.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
