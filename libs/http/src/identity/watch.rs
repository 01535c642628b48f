//! Keeps [`Revocations`] up to date: told by the bus at once, and by a poll for what the bus lost.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chatapp_bus::{Bus, Subscription, subject};
use chatapp_types::{Clock, Timestamp};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{REVOCATION_MEMORY, Revocations, RevokedSession};
use crate::BoxError;

/// How often auth is asked.
const POLL_EVERY: Duration = Duration::from_millis(500);
/// A poll that takes longer is given up.
const POLL_TIMEOUT: Duration = Duration::from_secs(1);
/// Each poll reaches back so far beyond the last good one: clocks differ, and a transaction commits after its time.
const OVERLAP: time::Duration = time::Duration::seconds(10);
/// How long to wait before the bus is asked again for a subscription it refused or dropped.
const RESUBSCRIBE_AFTER: Duration = Duration::from_millis(500);
/// How often old ones are forgotten.
const FORGET_EVERY: Duration = Duration::from_mins(1);

/// Where ended sessions are read: auth's published view.
#[async_trait]
pub trait RevocationSource: Send + Sync + 'static {
    /// All sessions ended at or after `after`. Called every 500 ms with an overlap of some seconds, so it should
    /// be an index look-up; it is dropped when it takes longer than a second, so it must be cancel-safe.
    async fn since(&self, after: Timestamp) -> Result<Vec<RevokedSession>, BoxError>;
}

impl Revocations {
    /// Starts to follow ended sessions until `shutdown`, in tasks of the current runtime. Stale until the first poll
    /// has succeeded.
    pub fn watch(
        bus: Arc<dyn Bus>,
        poll: Arc<dyn RevocationSource>,
        clock: Arc<dyn Clock>,
        shutdown: CancellationToken,
    ) -> Self {
        let revocations = Self::watched();
        let following = follow_bus(bus, revocations.clone());
        let polling = follow_source(poll, clock, revocations.clone());
        let forgetting = forget(revocations.clone());
        tokio::spawn(async move {
            // One task: all end together.
            shutdown.run_until_cancelled_owned(async { tokio::join!(following, polling, forgetting) }).await;
        });
        revocations
    }
}

/// Asks the source again and again.
async fn follow_source(source: Arc<dyn RevocationSource>, clock: Arc<dyn Clock>, revocations: Revocations) {
    let mut tick = tokio::time::interval(POLL_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last_good = clock.now().plus(-time::Duration::try_from(REVOCATION_MEMORY).unwrap_or(OVERLAP));
    let mut failing = false;
    loop {
        tick.tick().await;
        let asked_at = clock.now();
        // The smaller of the two, for a clock that has been set back.
        let after = last_good.min(asked_at).plus(-OVERLAP);
        match tokio::time::timeout(POLL_TIMEOUT, source.since(after)).await {
            Ok(Ok(sessions)) => {
                note_all(&revocations, &sessions);
                revocations.heard(true);
                last_good = asked_at;
                failing = false;
            }
            Ok(Err(err)) => report(&mut failing, &*err),
            Err(err) => report(&mut failing, &err),
        }
    }
}

/// One line when polls begin to fail, not two a second.
fn report(failing: &mut bool, err: &(dyn std::error::Error + 'static)) {
    if !std::mem::replace(failing, true) {
        tracing::warn!(error = %crate::problem::chain(err), "ended sessions could not be read");
    }
}

/// Listens for ended sessions and for auth's sign of life.
async fn follow_bus(bus: Arc<dyn Bus>, revocations: Revocations) {
    loop {
        if let Some((mut ended, mut beats)) = subscribe(&*bus).await {
            loop {
                tokio::select! {
                    message = ended.recv() => match message {
                        Some(message) => match serde_json::from_slice::<Vec<RevokedSession>>(&message.payload) {
                            Ok(sessions) => note_all(&revocations, &sessions),
                            Err(err) => tracing::warn!(error = %err, "event of ended sessions is malformed"),
                        },
                        None => break,
                    },
                    beat = beats.recv() => match beat {
                        Some(_) => revocations.heard(false),
                        None => break,
                    },
                }
            }
        }
        tokio::time::sleep(RESUBSCRIBE_AFTER).await;
    }
}

async fn forget(revocations: Revocations) {
    let mut tick = tokio::time::interval(FORGET_EVERY);
    loop {
        tick.tick().await;
        revocations.forget_old();
    }
}

async fn subscribe(bus: &dyn Bus) -> Option<(Subscription, Subscription)> {
    let ended = bus.subscribe(subject::SESSIONS_REVOKED).await.ok()?;
    let beats = bus.subscribe(&subject::beat("auth")).await.ok()?;
    Some((ended, beats))
}

fn note_all(revocations: &Revocations, sessions: &[RevokedSession]) {
    for session in sessions {
        revocations.note(session.session_id, session.at);
    }
}
