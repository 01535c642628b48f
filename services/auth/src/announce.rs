//! Telling everybody that sessions have ended.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use chatapp_bus::{Bus, subject};
use chatapp_http::{Revocations, RevokedSession};

use crate::store::Announce;

/// Puts ended sessions on the bus. The bus may lose it: the table is what counts, and everybody polls it.
pub(crate) struct Announcement(Arc<Inner>);

struct Inner {
    bus: Arc<dyn Bus>,
    own: OnceLock<Revocations>,
}

impl Announcement {
    pub(crate) fn new(bus: Arc<dyn Bus>) -> Self {
        Self(Arc::new(Inner { bus, own: OnceLock::new() }))
    }

    /// Also tells this service itself, without the detour: a session that was just ended must not be good for another
    /// call here.
    pub(crate) fn also_tell(&self, revocations: Revocations) {
        let _ = self.0.own.set(revocations);
    }

    /// What a store calls after its commits.
    pub(crate) fn hook(&self) -> Announce {
        let inner = self.0.clone();
        Arc::new(move |ended| inner.announce(ended))
    }
}

impl Inner {
    fn announce(&self, ended: &[RevokedSession]) {
        if let Some(own) = self.own.get() {
            for session in ended {
                own.note(session.session_id, session.at);
            }
        }
        match serde_json::to_vec(ended) {
            Ok(payload) => self.bus.publish(subject::SESSIONS_REVOKED, Bytes::from(payload)),
            Err(error) => tracing::error!(error = %error, "ended sessions cannot be announced"),
        }
    }
}

/// For whoever works on the database beside the running service, which reads the table by itself.
pub(crate) fn nobody() -> Announce {
    Arc::new(|_| {})
}
