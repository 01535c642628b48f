//! What goes on without being asked: the sign of life, marks, the sweeper, the index, the eraser.

use std::sync::Arc;
use std::time::Duration;

use chatapp_bus::Bus;
use chatapp_types::{Clock, Timestamp};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::StoreError;
use crate::store::{MessageStore, republish};

/// How often marks are stored. A crash repeats the events of so much time.
const MARKS_EVERY: Duration = Duration::from_secs(5);
/// Entries without a mark that are this old were left behind by a crash: three times the time of the marks.
const LEFT_BEHIND: time::Duration = time::Duration::seconds(15);
/// How often the index looks for new texts.
const INDEX_EVERY: Duration = Duration::from_millis(500);
/// The pause after a failure, which is not over in a moment.
const INDEX_AFTER_FAILURE: Duration = Duration::from_secs(10);
/// The pause between two batches of the index or of the eraser, so that posts pass between them.
const PAUSE: Duration = Duration::from_millis(10);

/// Starts all of it; it ends on `shutdown`.
pub(crate) fn spawn(
    store: &Arc<dyn MessageStore>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    sweep_every: Duration,
    shutdown: &CancellationToken,
    tasks: &TaskTracker,
) {
    tasks.spawn(beat(bus, shutdown.clone()));
    tasks.spawn(keep_marks(Arc::clone(store), shutdown.clone()));
    tasks.spawn(shutdown.clone().run_until_cancelled_owned(sweep(Arc::clone(store), clock, sweep_every)));
    tasks.spawn(shutdown.clone().run_until_cancelled_owned(index(Arc::clone(store))));
}

async fn beat(bus: Arc<dyn Bus>, shutdown: CancellationToken) {
    let beat = chatapp_bus::spawn_beat(bus, "messages");
    shutdown.cancelled().await;
    beat.abort();
}

/// Stores marks now and then, and at the end, so that an orderly restart repeats nothing.
async fn keep_marks(store: Arc<dyn MessageStore>, shutdown: CancellationToken) {
    while shutdown.run_until_cancelled(tokio::time::sleep(MARKS_EVERY)).await.is_some() {
        report("marks of sent events could not be stored", republish::store_marks(&*store).await);
    }
    report("marks of sent events could not be stored", republish::store_marks(&*store).await);
}

/// At start everything without a mark is taken as left behind: whoever could have sent it is gone. Later only what
/// is older than the marks.
async fn sweep(store: Arc<dyn MessageStore>, clock: Arc<dyn Clock>, every: Duration) {
    let mut before: Timestamp = clock.now();
    let mut tick = tokio::time::interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Some(sent @ 1..) = report("events could not be sent again", republish::republish(&*store, before).await)
        {
            tracing::info!(events.count = sent, "events that were left behind have been sent");
        }
        while report("texts of deleted rooms could not be erased", store.erase_batch().await) == Some(true) {
            tokio::time::sleep(PAUSE).await;
        }
        before = clock.now().plus(-LEFT_BEHIND);
    }
}

async fn index(store: Arc<dyn MessageStore>) {
    loop {
        let pause = match report("texts could not be indexed", store.index_batch().await) {
            Some(true) => PAUSE,
            Some(false) => INDEX_EVERY,
            None => INDEX_AFTER_FAILURE,
        };
        tokio::time::sleep(pause).await;
    }
}

fn report<T>(what: &'static str, result: Result<T, StoreError>) -> Option<T> {
    result.inspect_err(|err| tracing::warn!(error = %err, "{what}")).ok()
}
