//! Which sessions have been ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chatapp_types::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

/// How long an ended session is remembered: longer than any access token lives (30 minutes, and some for clocks).
pub const REVOCATION_MEMORY: Duration = Duration::from_mins(35);
/// Without news for so long nobody is believed.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// Ended sessions that wait for one slow listener.
const LISTENER_BUFFER: usize = 1_024;

/// One ended session, as it stands on the bus (a JSON array of these) and in auth's answer to the poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedSession {
    /// The session.
    pub session_id: SessionId,
    /// When it was ended; milliseconds since the epoch on the wire.
    #[serde(with = "millis")]
    pub at: Timestamp,
}

mod millis {
    use chatapp_types::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    pub(super) fn serialize<S: Serializer>(at: &Timestamp, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_i64(at.millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(d).map(Timestamp::from_millis)
    }
}

/// What is known of revocations is too old to go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing has been heard of ended sessions for two seconds")]
pub struct Stale;

/// The sessions ended within a token's life. Clones share one state.
#[derive(Clone)]
pub struct Revocations(Arc<Shared>);

struct Shared {
    ended: RwLock<HashMap<SessionId, Instant>>,
    health: Mutex<Health>,
    fresh_for: Duration,
    listeners: broadcast::Sender<SessionId>,
}

/// Times here are the machine's monotonic ones, so that setting the clock neither silences nor fakes a sign of life.
struct Health {
    /// Never stale; for tests.
    fixed: bool,
    /// Whether all that was ended before has been read once.
    complete: bool,
    last_news: Option<Instant>,
}

impl Revocations {
    /// Knows nothing and is never stale: for unit tests, which tell it by [`Revocations::note`].
    pub fn fixed() -> Self {
        Self::with(Health { fixed: true, complete: true, last_news: None }, FRESH_FOR)
    }

    pub(super) fn watched() -> Self {
        Self::with(Health { fixed: false, complete: false, last_news: None }, FRESH_FOR)
    }

    fn with(health: Health, fresh_for: Duration) -> Self {
        let (listeners, _) = broadcast::channel(LISTENER_BUFFER);
        Self(Arc::new(Shared { ended: RwLock::default(), health: Mutex::new(health), fresh_for, listeners }))
    }

    /// Whether the session was ended; [`Stale`] when that is not known well enough.
    pub fn is_revoked(&self, session: SessionId) -> Result<bool, Stale> {
        if self.0.ended.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session) {
            return Ok(true);
        }
        if self.is_fresh() { Ok(false) } else { Err(Stale) }
    }

    /// Whether what is known is recent enough to go by.
    pub fn is_fresh(&self) -> bool {
        let health = self.0.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.fixed || (health.complete && health.last_news.is_some_and(|heard| heard.elapsed() < self.0.fresh_for))
    }

    /// Takes note of an ended session and tells the listeners, the first time it is heard of. What ended longer ago
    /// than [`REVOCATION_MEMORY`] before now may be noted too; it is kept as long as any other.
    pub fn note(&self, session: SessionId, at: Timestamp) {
        let first = {
            let mut ended = self.0.ended.write().unwrap_or_else(PoisonError::into_inner);
            !ended.contains_key(&session) && ended.insert(session, Instant::now()).is_none()
        };
        if first {
            tracing::debug!(session.id = %session, session.ended_at = %at, "session ended");
            let _ = self.0.listeners.send(session);
        }
    }

    /// Follows the sessions that end from now on. A listener that lags must treat every session as ended until it
    /// has asked [`Revocations::is_revoked`] for each it cares for.
    pub fn subscribe(&self) -> broadcast::Receiver<SessionId> {
        self.0.listeners.subscribe()
    }

    /// A sign of life: what is known is known as of now. `complete` when all that was ended before is known too.
    pub(super) fn heard(&self, complete: bool) {
        let mut health = self.0.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.complete |= complete;
        health.last_news = Some(Instant::now());
    }

    /// Forgets what no living token can belong to.
    pub(super) fn forget_old(&self) {
        let mut ended = self.0.ended.write().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|_, noted| noted.elapsed() < REVOCATION_MEMORY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        Timestamp::from_millis(1_000)
    }

    #[test]
    fn an_ended_session_is_told_to_listeners_once() {
        let revocations = Revocations::fixed();
        let mut listener = revocations.subscribe();
        let session = SessionId::new();
        revocations.note(session, at());
        revocations.clone().note(session, at());
        assert_eq!(revocations.is_revoked(session), Ok(true));
        assert_eq!(revocations.is_revoked(SessionId::new()), Ok(false));
        assert_eq!(listener.try_recv(), Ok(session));
        assert!(listener.try_recv().is_err());
    }

    #[test]
    fn nobody_is_believed_before_the_first_full_answer() {
        let revocations = Revocations::watched();
        assert_eq!(revocations.is_revoked(SessionId::new()), Err(Stale));
        revocations.heard(false);
        assert_eq!(revocations.is_revoked(SessionId::new()), Err(Stale));
        revocations.heard(true);
        assert_eq!(revocations.is_revoked(SessionId::new()), Ok(false));
    }

    #[test]
    fn silence_makes_it_stale_yet_what_is_known_stays_known() {
        let revocations = Revocations::with(Health { fixed: false, complete: false, last_news: None }, Duration::ZERO);
        let session = SessionId::new();
        revocations.note(session, at());
        revocations.heard(true);
        assert_eq!(revocations.is_revoked(SessionId::new()), Err(Stale));
        assert_eq!(revocations.is_revoked(session), Ok(true));
    }

    #[test]
    fn the_wire_has_milliseconds() {
        let session = SessionId::new();
        let json = serde_json::to_value([RevokedSession { session_id: session, at: at() }]).expect("serialises");
        assert_eq!(json, serde_json::json!([{ "session_id": session.to_string(), "at": 1_000 }]));
    }
}
