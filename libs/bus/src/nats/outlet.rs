//! The way out: a bounded queue, and one task that hands its events to the connection in their order.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use chatapp_metrics::{BUS, Direction};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::{MAX_PAYLOAD, PREFIX, TRACEPARENT};

/// Events that wait for the connection, at most.
const QUEUE: usize = 4096;
/// Bytes of them, at most.
const QUEUE_BYTES: usize = 8 * 1024 * 1024;
/// Events taken at once.
const BATCH: usize = 64;

struct Outgoing {
    subject: String,
    payload: Bytes,
    headers: Option<HeaderMap>,
}

#[derive(Default)]
struct Counts {
    /// Bytes in the queue.
    waiting: AtomicUsize,
    /// Events dropped since the queue last moved.
    dropped_now: AtomicU64,
    /// Events dropped ever.
    dropped: AtomicU64,
}

impl Counts {
    /// Counts an event that is dropped for itself, and not because the server takes none.
    fn drop_apart(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        BUS.dropped.inc();
    }

    fn drop_one(&self) {
        self.drop_apart();
        if self.dropped_now.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!("the event bus takes no events, they are dropped until it does");
        }
    }

    fn moved(&self) {
        let dropped = self.dropped_now.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(bus.dropped = dropped, "the event bus takes events again, some were dropped");
        }
    }
}

/// Where events are published.
pub(super) struct Outlet {
    queue: mpsc::Sender<Outgoing>,
    counts: Arc<Counts>,
    closing: Arc<Notify>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Outlet {
    pub(super) fn start(client: Client) -> Self {
        let (queue, outgoing) = mpsc::channel(QUEUE);
        let (counts, closing) = (Arc::<Counts>::default(), Arc::<Notify>::default());
        let task = tokio::spawn(hand_over(client, outgoing, counts.clone(), closing.clone()));
        Self { queue, counts, closing, task: Mutex::new(Some(task)) }
    }

    /// Queues an event, or drops it. Never blocks.
    pub(super) fn publish(&self, subject: &str, payload: Bytes, traceparent: Option<&str>) {
        let size = payload.len();
        if size > MAX_PAYLOAD {
            self.counts.drop_apart();
            tracing::warn!(bus.subject = subject, event.bytes = size, "event is too large for the bus, dropped");
            return;
        }
        let event = Outgoing { subject: format!("{PREFIX}{subject}"), payload, headers: traceparent.and_then(headers) };
        if self.counts.waiting.fetch_add(size, Ordering::Relaxed) + size > QUEUE_BYTES {
            self.counts.waiting.fetch_sub(size, Ordering::Relaxed);
            self.counts.drop_one();
            return;
        }
        match self.queue.try_send(event) {
            Ok(()) => BUS.messages.count(Direction::Published),
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.counts.waiting.fetch_sub(size, Ordering::Relaxed);
                self.counts.drop_one();
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                self.counts.waiting.fetch_sub(size, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.counts.dropped.load(Ordering::Relaxed)
    }

    /// Takes no more events, and returns when those that wait have been handed to the connection.
    pub(super) async fn close(&self) {
        self.closing.notify_one();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

/// The header of a trace; `None` for one that no header can carry.
fn headers(traceparent: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(TRACEPARENT, traceparent.parse::<async_nats::HeaderValue>().ok()?);
    Some(headers)
}

async fn hand_over(client: Client, mut queue: mpsc::Receiver<Outgoing>, counts: Arc<Counts>, closing: Arc<Notify>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            taken = queue.recv_many(&mut batch, BATCH) => if taken == 0 { return },
            () = closing.notified() => queue.close(),
        }
        for Outgoing { subject, payload, headers } in batch.drain(..) {
            counts.waiting.fetch_sub(payload.len(), Ordering::Relaxed);
            let handed = match headers {
                None => client.publish(subject, payload).await,
                Some(headers) => client.publish_with_headers(subject, headers, payload).await,
            };
            match handed {
                Ok(()) => counts.moved(),
                Err(err) => {
                    counts.drop_apart();
                    tracing::debug!(error = %err, "event could not be handed to the bus, dropped");
                }
            }
        }
    }
}
