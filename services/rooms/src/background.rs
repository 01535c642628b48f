//! What rooms does without being asked.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chatapp_bus::{Bus, spawn_beat};
use chatapp_timeline::Publisher;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::NAME;
use crate::error::RoomsError;
use crate::store::RoomStore;

/// How often deleted accounts are looked for, and the marks of the publisher stored.
const EVERY: Duration = Duration::from_secs(5);
/// How often old tries of codes are forgotten.
const TRIES_EVERY: Duration = Duration::from_mins(10);
/// Memberships ended in one transaction.
const DEPARTURES: u32 = 100;

/// Starts the tasks; they end on `shutdown`.
pub(crate) fn spawn(
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
    bus: Arc<dyn Bus>,
    store: Arc<dyn RoomStore>,
    publisher: Publisher,
) {
    let beat = spawn_beat(bus, NAME);
    let ended = shutdown.clone();
    tasks.spawn(async move {
        ended.cancelled().await;
        beat.abort();
    });
    let of = Arc::clone(&store);
    tasks.spawn(repeat(shutdown.clone(), EVERY, "memberships of deleted accounts", move || follow(Arc::clone(&of))));
    let of = Arc::clone(&store);
    let tries = move || {
        let store = Arc::clone(&of);
        async move { store.forget_old_tries().await }
    };
    tasks.spawn(repeat(shutdown.clone(), TRIES_EVERY, "old tries of codes", tries));
    tasks.spawn(keep_marks(shutdown.clone(), store, publisher));
}

/// Ends what there is to end, a batch at a time.
async fn follow(store: Arc<dyn RoomStore>) -> Result<(), RoomsError> {
    loop {
        let ended = store.end_memberships_of_deleted(DEPARTURES).await?;
        if ended == 0 {
            return Ok(());
        }
        tracing::info!(members.ended = ended, "memberships of deleted accounts ended");
    }
}

/// Runs `work` now and every `period`. A failure is logged and tried again at the next turn.
async fn repeat<F, R>(shutdown: CancellationToken, period: Duration, what: &'static str, work: F)
where
    F: Fn() -> R,
    R: Future<Output = Result<(), RoomsError>>,
{
    let mut tick = interval(period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = work().await {
            tracing::warn!(error = %error, task = what, "background task failed, it will be tried again");
        }
    }
}

/// Stores how far rooms have been published, and once more at the end.
async fn keep_marks(shutdown: CancellationToken, store: Arc<dyn RoomStore>, publisher: Publisher) {
    let flush = || {
        let (store, marks) = (Arc::clone(&store), publisher.take_marks());
        async move { if marks.is_empty() { Ok(()) } else { store.store_marks(marks).await } }
    };
    repeat(shutdown, EVERY, "marks of published entries", flush).await;
    if let Err(error) = flush().await {
        tracing::warn!(error = %error, "marks of published entries were not stored; some events will be repeated");
    }
}
