//! How a service learns of ended sessions.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use chatapp_bus::{Bus, LocalBus, subject};
use chatapp_http::{BoxError, RevocationSource, Revocations, RevokedSession, Stale};
use chatapp_types::{Clock, SessionId, SystemClock, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::wire::DEADLINE;

/// Auth's view: what it holds, what it was asked for, and whether it is away.
#[derive(Default)]
struct View {
    ended: Mutex<Vec<RevokedSession>>,
    asked: Mutex<Vec<Timestamp>>,
    away: Mutex<bool>,
}

#[async_trait]
impl RevocationSource for View {
    async fn since(&self, after: Timestamp) -> Result<Vec<RevokedSession>, BoxError> {
        self.asked.lock().unwrap().push(after);
        if *self.away.lock().unwrap() {
            return Err("away".into());
        }
        Ok(self.ended.lock().unwrap().iter().filter(|s| s.at >= after).copied().collect())
    }
}

struct Watched {
    view: Arc<View>,
    bus: Arc<LocalBus>,
    revocations: Revocations,
    shutdown: CancellationToken,
}

impl Watched {
    fn new(view: View) -> Self {
        let (view, bus, shutdown) = (Arc::new(view), Arc::new(LocalBus::new()), CancellationToken::new());
        let clock = Arc::new(SystemClock);
        let revocations = Revocations::watch(bus.clone(), view.clone(), clock, shutdown.clone());
        Self { view, bus, revocations, shutdown }
    }

    async fn until(&self, what: &str, condition: impl Fn(&Revocations) -> bool) -> Duration {
        let begun = Instant::now();
        while !condition(&self.revocations) {
            assert!(begun.elapsed() < DEADLINE, "{what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        begun.elapsed()
    }

    fn end_on_bus(&self, session: SessionId) {
        let payload = serde_json::to_vec(&[RevokedSession { session_id: session, at: SystemClock.now() }]).unwrap();
        self.bus.publish(subject::SESSIONS_REVOKED, Bytes::from(payload));
    }
}

#[tokio::test]
async fn a_session_that_ended_before_the_start_is_known_before_anybody_is_believed() {
    let session = SessionId::new();
    let view = View::default();
    let at = SystemClock.now().plus(-time::Duration::minutes(34));
    view.ended.lock().unwrap().push(RevokedSession { session_id: session, at });
    let watched = Watched::new(view);
    assert_eq!(watched.revocations.is_revoked(session), Err(Stale));
    watched.until("fresh", Revocations::is_fresh).await;
    assert_eq!(watched.revocations.is_revoked(session), Ok(true));
    assert_eq!(watched.revocations.is_revoked(SessionId::new()), Ok(false));
}

#[tokio::test]
async fn a_session_that_ends_is_known_within_a_second_by_the_bus_or_without_it() {
    let watched = Watched::new(View::default());
    watched.until("fresh", Revocations::is_fresh).await;
    let mut listener = watched.revocations.subscribe();

    let (told, silent) = (SessionId::new(), SessionId::new());
    watched.end_on_bus(told);
    let took = watched.until("told by the bus", |r| r.is_revoked(told) == Ok(true)).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(listener.recv().await, Ok(told));

    watched.view.ended.lock().unwrap().push(RevokedSession { session_id: silent, at: SystemClock.now() });
    let took = watched.until("found by the poll", |r| r.is_revoked(silent) == Ok(true)).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(listener.recv().await, Ok(silent));
}

#[tokio::test]
async fn without_poll_and_beat_nobody_is_believed_after_two_seconds() {
    let watched = Watched::new(View::default());
    watched.until("fresh", Revocations::is_fresh).await;
    *watched.view.away.lock().unwrap() = true;
    let took = watched.until("stale", |r| r.is_revoked(SessionId::new()) == Err(Stale)).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    *watched.view.away.lock().unwrap() = false;
    watched.until("fresh again", Revocations::is_fresh).await;
}

#[tokio::test]
async fn the_beat_alone_keeps_it_fresh() {
    let watched = Watched::new(View::default());
    watched.until("fresh", Revocations::is_fresh).await;
    *watched.view.away.lock().unwrap() = true;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(2_600) {
        watched.bus.publish(&subject::beat("auth"), Bytes::new());
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(watched.revocations.is_fresh(), "after {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn each_poll_reaches_back_beyond_the_last_good_one() {
    let watched = Watched::new(View::default());
    watched.until("three polls", |_| watched.view.asked.lock().unwrap().len() >= 3).await;
    let asked = watched.view.asked.lock().unwrap().clone();
    let now = SystemClock.now();
    assert!(asked[0] <= now.plus(-time::Duration::minutes(35)), "the first reads a token's whole life");
    assert!(asked[2] > now.plus(-time::Duration::seconds(20)) && asked[2] <= now.plus(-time::Duration::seconds(9)));
}

#[tokio::test]
async fn malformed_events_are_passed_over_and_shutdown_ends_the_watch() {
    let watched = Watched::new(View::default());
    watched.until("fresh", Revocations::is_fresh).await;
    for payload in ["", "{}", "[{\"session_id\":1}]", "\u{0}"] {
        watched.bus.publish(subject::SESSIONS_REVOKED, Bytes::from(payload));
    }
    let session = SessionId::new();
    watched.end_on_bus(session);
    watched.until("the next good one", |r| r.is_revoked(session) == Ok(true)).await;
    watched.shutdown.cancel();
    watched.until("stale", |r| !r.is_fresh()).await;
}
