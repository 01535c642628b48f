//! What waits to be written to one socket.
//!
//! The writer is woken once for whatever waits, and takes all of it: the cost of a delivery is the wake-up and the
//! system call, not the copy. The queue is bounded in bytes. When it is full the ephemeral frames (typing, presence)
//! go first; if that is not enough the socket is closed as slow and the client resumes from its cursor: the log has
//! everything, so nothing is lost.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use axum::extract::ws::Utf8Bytes;
use chatapp_metrics::GATEWAY;
use chatapp_types::frame::CloseReason;
use tokio::sync::Notify;

use super::Closing;

/// What a frame costs besides its bytes: its place in the queue and its header on the wire.
const FRAME_OVERHEAD: usize = 64;
/// A queue that has grown beyond this is not kept when it is empty.
const KEPT_CAPACITY: usize = 32;

/// The queue between those who push (rooms, answers) and the one task that writes.
pub(crate) struct Outbox {
    limit: usize,
    queue: Mutex<Queue>,
    /// Told when the writer has taken what waited.
    drained: Notify,
}

#[derive(Default)]
struct Queue {
    frames: VecDeque<Waiting>,
    bytes: usize,
    ephemeral_bytes: usize,
    closing: Option<Closing>,
    writer: Option<Waker>,
}

struct Waiting {
    text: Utf8Bytes,
    ephemeral: bool,
}

/// What the writer is to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Write these, in order, then flush.
    Write,
    /// Close the socket. Frames that are still to be written have been given before.
    Close(Closing),
}

impl Outbox {
    /// An empty queue for up to `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, queue: Mutex::default(), drained: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a batch: frames pushed through it go out together, and wake the writer once. Holds a lock: short, and
    /// no await.
    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch { queue: self.lock(), limit: self.limit }
    }

    /// Queues one frame.
    pub(crate) fn push(&self, text: Utf8Bytes) {
        self.batch().push(text);
    }

    /// Queues a frame that may be dropped when there is no room.
    pub(crate) fn push_ephemeral(&self, text: Utf8Bytes) {
        self.batch().push_ephemeral(text);
    }

    /// Has the socket closed after what waits has been written (or, for some reasons, at once). The first reason
    /// stands. Nothing is queued any more, and nobody waits for room any more.
    pub(crate) fn close(&self, closing: Closing) {
        self.batch().close(closing);
        self.drained.notify_waiters();
    }

    /// Bytes that wait to be written.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Whether it is being closed.
    #[cfg(test)]
    pub(crate) fn is_closing(&self) -> bool {
        self.lock().closing.is_some()
    }

    /// Waits until something is to be done, and takes it: all the frames that wait into `into` (which must be empty).
    /// Cancel-safe. For one task alone.
    pub(crate) async fn next(&self, into: &mut Vec<Utf8Bytes>) -> Next {
        poll_fn(|cx| self.poll_next(cx, into)).await
    }

    fn poll_next(&self, cx: &mut Context<'_>, into: &mut Vec<Utf8Bytes>) -> Poll<Next> {
        let mut queue = self.lock();
        if !queue.frames.is_empty() {
            into.extend(queue.frames.drain(..).map(|waiting| waiting.text));
            queue.bytes = 0;
            queue.ephemeral_bytes = 0;
            if queue.frames.capacity() > KEPT_CAPACITY {
                queue.frames = VecDeque::new();
            }
            drop(queue);
            self.drained.notify_waiters();
            return Poll::Ready(Next::Write);
        }
        if let Some(closing) = queue.closing {
            drop(queue);
            self.drained.notify_waiters();
            return Poll::Ready(Next::Close(closing));
        }
        if !queue.writer.as_ref().is_some_and(|writer| writer.will_wake(cx.waker())) {
            queue.writer = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Waits until the socket is to be closed without regard to what waits: the queue was full, the session ended.
    /// Used while a write is stuck. Cancel-safe. For the writer's task alone.
    pub(crate) async fn cut(&self) -> Closing {
        poll_fn(|cx| {
            let mut queue = self.lock();
            match queue.closing {
                Some(closing) if !closing.says_goodbye() => Poll::Ready(closing),
                _ => {
                    queue.writer = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Waits until at most half of the room is taken, so that a long replay is no faster than its reader. Returns
    /// whether the socket is still open. Cancel-safe.
    pub(crate) async fn has_room(&self) -> bool {
        loop {
            let drained = self.drained.notified();
            {
                let queue = self.lock();
                if queue.closing.is_some() {
                    return false;
                }
                if queue.bytes <= self.limit / 2 {
                    return true;
                }
            }
            drained.await;
        }
    }
}

/// Frames on their way into the queue; the writer is woken when it is dropped.
pub(crate) struct Batch<'a> {
    queue: MutexGuard<'a, Queue>,
    limit: usize,
}

impl Batch<'_> {
    /// Queues a frame. When there is no room for it even without the ephemeral ones, the socket is closed as slow.
    pub(crate) fn push(&mut self, text: Utf8Bytes) {
        let size = text.as_str().len() + FRAME_OVERHEAD;
        if self.queue.closing.is_some() {
            return;
        }
        if self.queue.bytes + size > self.limit {
            self.shed();
        }
        if self.queue.bytes + size > self.limit {
            self.close(CloseReason::Slow.into());
            return;
        }
        self.queue.bytes += size;
        self.queue.frames.push_back(Waiting { text, ephemeral: false });
    }

    /// Queues a frame if there is ample room, else drops it.
    pub(crate) fn push_ephemeral(&mut self, text: Utf8Bytes) {
        let size = text.as_str().len() + FRAME_OVERHEAD;
        if self.queue.closing.is_some() {
            return;
        }
        if self.queue.bytes + size > self.limit / 2 {
            GATEWAY.shed.inc();
            return;
        }
        self.queue.bytes += size;
        self.queue.ephemeral_bytes += size;
        self.queue.frames.push_back(Waiting { text, ephemeral: true });
    }

    /// As [`Outbox::close`].
    pub(crate) fn close(&mut self, closing: Closing) {
        if self.queue.closing.is_none() {
            self.queue.closing = Some(closing);
            if !closing.says_goodbye() {
                self.queue.frames = VecDeque::new();
                self.queue.bytes = 0;
                self.queue.ephemeral_bytes = 0;
            }
        }
    }

    /// Whether nothing is taken any more.
    pub(crate) fn is_closing(&self) -> bool {
        self.queue.closing.is_some()
    }

    fn shed(&mut self) {
        if self.queue.ephemeral_bytes > 0 {
            let before = self.queue.frames.len();
            self.queue.frames.retain(|waiting| !waiting.ephemeral);
            GATEWAY.shed.inc_by((before - self.queue.frames.len()) as u64);
            self.queue.bytes -= self.queue.ephemeral_bytes;
            self.queue.ephemeral_bytes = 0;
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if let Some(writer) = self.queue.writer.take() {
            writer.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures::FutureExt as _;

    use super::*;

    fn text(n: usize) -> Utf8Bytes {
        "x".repeat(n).into()
    }

    fn taken(outbox: &Outbox) -> Vec<usize> {
        let mut frames = Vec::new();
        let _ = outbox.next(&mut frames).now_or_never();
        frames.iter().map(|f| f.as_str().len()).collect()
    }

    #[tokio::test]
    async fn all_that_waits_is_taken_at_once_and_in_order() {
        let outbox = Outbox::new(10_000);
        for n in 1..=3 {
            outbox.push(text(n));
        }
        assert_eq!(taken(&outbox), [1, 2, 3]);
        assert!(taken(&outbox).is_empty());
    }

    #[tokio::test]
    async fn the_writer_is_woken_by_a_push() {
        let outbox = std::sync::Arc::new(Outbox::new(10_000));
        let reader = outbox.clone();
        let writer = tokio::spawn(async move {
            let mut frames = Vec::new();
            reader.next(&mut frames).await;
            frames.len()
        });
        tokio::task::yield_now().await;
        outbox.push(text(1));
        assert_eq!(writer.await.unwrap(), 1);
    }

    #[tokio::test]
    async fn when_it_is_full_ephemeral_frames_go_first() {
        let outbox = Outbox::new(1_000);
        outbox.push(text(100));
        outbox.push_ephemeral(text(200));
        outbox.push(text(600));
        assert!(!outbox.is_closing());
        assert_eq!(taken(&outbox), [100, 600]);
    }

    #[tokio::test]
    async fn an_ephemeral_frame_without_ample_room_is_dropped() {
        let outbox = Outbox::new(1_000);
        outbox.push(text(500));
        outbox.push_ephemeral(text(10));
        assert_eq!(taken(&outbox), [500]);
    }

    #[tokio::test]
    async fn a_queue_that_would_overflow_closes_its_socket_as_slow_and_keeps_nothing() {
        let outbox = Outbox::new(1_000);
        outbox.push(text(600));
        outbox.push(text(600));
        let mut frames = Vec::new();
        let next = outbox.next(&mut frames).await;
        assert!(matches!(next, Next::Close(Closing::Reason(CloseReason::Slow))), "{next:?}");
        assert!(frames.is_empty());
        outbox.push(text(1));
        assert!(outbox.next(&mut frames).await_is_close(), "nothing is queued any more");
    }

    #[tokio::test]
    async fn a_polite_close_comes_after_what_waits() {
        let outbox = Outbox::new(1_000);
        outbox.push(text(5));
        outbox.close(CloseReason::ShuttingDown.into());
        assert_eq!(taken(&outbox), [5]);
        let mut frames = Vec::new();
        assert!(outbox.next(&mut frames).await_is_close());
    }

    #[tokio::test]
    async fn the_end_of_a_session_does_not_wait_for_what_waits() {
        let outbox = Outbox::new(1_000);
        outbox.push(text(5));
        outbox.close(CloseReason::SessionRevoked.into());
        let mut frames = Vec::new();
        assert!(outbox.next(&mut frames).await_is_close());
        assert!(frames.is_empty());
    }

    #[tokio::test]
    async fn a_replay_waits_until_its_reader_has_caught_up() {
        let outbox = Outbox::new(1_000);
        outbox.push(text(600));
        let mut room = Box::pin(outbox.has_room());
        assert!(room.as_mut().now_or_never().is_none());
        taken(&outbox);
        assert_eq!(room.now_or_never(), Some(true));
    }

    trait IsClose {
        fn await_is_close(self) -> bool;
    }

    impl<F: Future<Output = Next>> IsClose for F {
        fn await_is_close(self) -> bool {
            matches!(self.now_or_never(), Some(Next::Close(_)))
        }
    }
}
