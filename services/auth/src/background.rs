//! What the running service does unasked, until it is shut down.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chatapp_bus::{Bus, spawn_beat};
use chatapp_types::Clock;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::keys::KeyRing;
use crate::store::{AuthStore, SweepLimits};

/// How often keys made elsewhere are looked for.
const KEYS_EVERY: Duration = Duration::from_secs(2);
/// How often what has run out is deleted.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// A token for scripts that has run out is shown to its owner for so long.
const TOKENS_KEPT: time::Duration = time::Duration::days(30);
/// Longer than any access token lives, and than any follower remembers.
const REVOKED_KEPT: time::Duration = time::Duration::minutes(45);
/// Longer than a superseded key is published.
const KEYS_KEPT: time::Duration = time::Duration::minutes(40);

/// Where the tasks run, and until when.
pub(crate) struct Background {
    pub(crate) tasks: TaskTracker,
    pub(crate) shutdown: CancellationToken,
}

impl Background {
    /// Gives the service's sign of life, by which others know that they would hear of ended sessions.
    pub(crate) fn beat(&self, bus: Arc<dyn Bus>) {
        let shutdown = self.shutdown.clone();
        let beat = spawn_beat(bus, "auth");
        self.tasks.spawn(async move {
            shutdown.cancelled().await;
            beat.abort();
        });
    }

    /// Takes in keys that were made elsewhere, as by `chatapp keys rotate`.
    pub(crate) fn follow_keys(&self, keys: Arc<KeyRing>) {
        let failing = Arc::new(AtomicBool::new(false));
        self.every(KEYS_EVERY, move || {
            let (keys, failing) = (keys.clone(), failing.clone());
            async move {
                match keys.reload().await {
                    Ok(changed) => {
                        failing.store(false, Ordering::Relaxed);
                        if changed {
                            tracing::info!("signing keys have changed");
                        }
                    }
                    // One line when it begins, not one every other second.
                    Err(error) if !failing.swap(true, Ordering::Relaxed) => {
                        tracing::error!(error = %error, "signing keys cannot be read, keeping the old ones");
                    }
                    Err(_) => {}
                }
            }
        });
    }

    /// Deletes what has run out.
    pub(crate) fn sweep(&self, store: Arc<dyn AuthStore>, clock: Arc<dyn Clock>) {
        self.every(SWEEP_EVERY, move || {
            let (store, now) = (store.clone(), clock.now());
            let limits = SweepLimits {
                now,
                tokens_before: now.plus(-TOKENS_KEPT),
                revoked_before: now.plus(-REVOKED_KEPT),
                keys_before: now.plus(-KEYS_KEPT),
            };
            async move {
                match store.sweep(limits).await {
                    Ok(0) => {}
                    Ok(rows) => tracing::debug!(rows, "deleted what has run out"),
                    Err(error) => tracing::warn!(error = %error, "what has run out could not be deleted"),
                }
            }
        });
    }

    fn every<F: Future<Output = ()> + Send>(&self, period: Duration, work: impl Fn() -> F + Send + 'static) {
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(shutdown.run_until_cancelled_owned(async move {
            let mut tick = tokio::time::interval(period);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                work().await;
            }
        }));
    }
}
