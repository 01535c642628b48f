//! What waits to be written to one socket, and the writing.
//!
//! Whoever pushes writes, there and then, as long as the socket takes it: a delivery costs the system call and no
//! wake-up. When the socket takes no more, what is left waits and the socket's own task goes on with it as soon as it
//! can be; until that is done everything else waits behind it, so the order is that of pushing. What is pushed together,
//! and what has gathered, is written by one call.
//!
//! The queue is bounded in bytes. When it is full the ephemeral frames (typing, presence) go first; if that is not
//! enough the socket is closed as slow and the client resumes from its cursor: the log has everything, so nothing is
//! lost.

use std::collections::VecDeque;
use std::future::poll_fn;
#[cfg(test)]
use std::io::Cursor;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use chatapp_metrics::GATEWAY;
use chatapp_types::frame::CloseReason;
use tokio::sync::Notify;
#[cfg(test)]
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{Role, WebSocket},
};

use super::wire::Wire;
use super::{Closing, Frame};

/// What a frame costs besides its bytes: its place in the queue.
const FRAME_OVERHEAD: usize = 64;
/// A queue that has grown beyond this is not kept when it is empty.
const KEPT_CAPACITY: usize = 4;
/// Frames written by one call.
const TOGETHER: usize = 64;

/// The queue between those who push (rooms, answers) and the socket.
pub(crate) struct Outbox {
    limit: usize,
    queue: Mutex<Queue>,
    /// Told when something that waited has been written.
    drained: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Bytes of the first one that are written already: it cannot be taken back.
    begun: usize,
    bytes: usize,
    ephemeral_bytes: usize,
    closing: Option<Closing>,
    /// The socket's own task, where it waits for something to do.
    owner: Option<Waker>,
    wire: Option<Arc<dyn Wire>>,
    /// The socket took no more: its own task goes on, and nobody else writes until that is done.
    stuck: bool,
    news: News,
}

struct Waiting {
    bytes: Bytes,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A frame that arrives, or the socket is closed.
    Lasting,
    /// One that need not arrive.
    Ephemeral,
}

/// Whether entries of rooms have come since the owner last asked.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum News {
    #[default]
    None,
    /// And the owner does not know yet.
    Fresh,
    Told,
}

/// What the socket's own task is to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Have what waits [written](Outbox::written).
    Write,
    /// Entries of a room have come, the first since [`Outbox::forget_news`].
    News,
    /// Close the socket. What was still to be written has been.
    Close(Closing),
}

impl Outbox {
    /// An empty queue for up to `limit` bytes. Nothing is written before there is something to [write to](Self::attach).
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, queue: Mutex::default(), drained: Notify::new() }
    }

    /// From now on what is pushed is written there; what waits already goes first.
    pub(crate) fn attach(&self, wire: Arc<dyn Wire>) {
        self.batch().queue.wire = Some(wire);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a batch: frames pushed through it go out together when it is dropped. Holds a lock: short, and no await.
    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch { queue: self.lock(), limit: self.limit }
    }

    /// Queues one frame.
    pub(crate) fn push(&self, frame: Frame) {
        self.batch().push(frame);
    }

    /// Queues a frame that may be dropped when there is no room.
    pub(crate) fn push_ephemeral(&self, frame: Frame) {
        self.batch().push_ephemeral(frame);
    }

    /// Queues frames of the WebSocket protocol itself, also while closing: the closing one is among them. Not bounded
    /// here; they answer frames of the client's, which are counted.
    pub(crate) fn push_control(&self, bytes: Bytes) {
        self.batch().queue.add(bytes, Kind::Lasting);
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

    /// The texts that wait, taken out, where nothing is attached that they could be written to.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> Vec<String> {
        let mut queue = self.lock();
        let mut texts = Vec::new();
        while let Some(first) = queue.waiting.pop_front() {
            queue.forget(&first);
            let read = WebSocket::from_raw_socket(Cursor::new(first.bytes.to_vec()), Role::Client, None).read();
            texts.push(read.and_then(Message::into_text).expect("a text frame").as_str().to_owned());
        }
        self.drained.notify_waiters();
        texts
    }

    /// Waits until something is to be done by the socket's own task. Cancel-safe. For that task alone.
    pub(crate) async fn next(&self) -> Next {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Next> {
        let mut queue = self.lock();
        if !queue.waiting.is_empty() || queue.stuck {
            return Poll::Ready(Next::Write);
        }
        if let Some(closing) = queue.closing {
            drop(queue);
            self.drained.notify_waiters();
            return Poll::Ready(Next::Close(closing));
        }
        if queue.news == News::Fresh {
            queue.news = News::Told;
            return Poll::Ready(Next::News);
        }
        if !queue.owner.as_ref().is_some_and(|owner| owner.will_wake(cx.waker())) {
            queue.owner = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// From now on entries of a room are news again.
    pub(crate) fn forget_news(&self) {
        self.lock().news = News::None;
    }

    /// Writes all that waits. Cancel-safe. For the socket's own task alone.
    pub(crate) async fn written(&self) -> io::Result<()> {
        poll_fn(|cx| self.poll_written(cx)).await
    }

    /// As [`Outbox::written`].
    pub(crate) fn poll_written(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut queue = self.lock();
        if queue.waiting.is_empty() && !queue.stuck {
            return Poll::Ready(Ok(()));
        }
        let Some(wire) = queue.wire.clone() else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        // Set until all is written, so that what is pushed meanwhile waits behind.
        queue.stuck = true;
        while !queue.waiting.is_empty() {
            let taken = ready!(queue.gathered(|bytes| wire.poll_write(cx, bytes)))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            queue.take(taken);
            self.drained.notify_waiters();
        }
        ready!(wire.poll_flush(cx))?;
        queue.stuck = false;
        Poll::Ready(Ok(()))
    }

    /// Waits until the socket is to be closed without regard to what waits: the queue was full, the session ended.
    /// Used while a write is stuck. Cancel-safe. For the socket's own task alone.
    pub(crate) async fn cut(&self) -> Closing {
        poll_fn(|cx| {
            let mut queue = self.lock();
            match queue.closing {
                Some(closing) if !closing.says_goodbye() => Poll::Ready(closing),
                _ => {
                    queue.owner = Some(cx.waker().clone());
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

impl Queue {
    fn add(&mut self, bytes: Bytes, kind: Kind) {
        let size = bytes.len() + FRAME_OVERHEAD;
        self.bytes += size;
        if kind == Kind::Ephemeral {
            self.ephemeral_bytes += size;
        }
        self.waiting.push_back(Waiting { bytes, kind });
    }

    /// Writes what waits as far as the socket takes it at once. Says whether the owner has to go on.
    fn write_out(&mut self) -> bool {
        while !self.waiting.is_empty() {
            let Some(wire) = self.wire.as_deref().filter(|_| !self.stuck) else { return true };
            match self.gathered(|bytes| wire.try_write(bytes)) {
                Ok(taken) if taken > 0 => self.take(taken),
                // What is wrong with it, if anything is, the owner will find.
                _ => {
                    self.stuck = true;
                    return true;
                }
            }
        }
        false
    }

    /// Shows the bytes that are next, for one call.
    fn gathered<T>(&self, write: impl FnOnce(&[IoSlice<'_>]) -> T) -> T {
        if let (1, Some(only)) = (self.waiting.len(), self.waiting.front()) {
            return write(&[IoSlice::new(&only.bytes[self.begun..])]);
        }
        let mut slices = [IoSlice::new(&[]); TOGETHER];
        let mut begun = self.begun;
        let count = self.waiting.len().min(TOGETHER);
        for (slice, waiting) in slices.iter_mut().zip(&self.waiting) {
            *slice = IoSlice::new(&waiting.bytes[std::mem::take(&mut begun)..]);
        }
        write(&slices[..count])
    }

    /// Takes out what has been written, so many bytes.
    fn take(&mut self, written: usize) {
        let before = self.waiting.len();
        self.begun += written;
        while let Some(first) = self.waiting.front()
            && self.begun >= first.bytes.len()
        {
            self.begun -= first.bytes.len();
            if let Some(done) = self.waiting.pop_front() {
                self.forget(&done);
            }
        }
        GATEWAY.writes.inc();
        GATEWAY.frames.inc_by((before - self.waiting.len()) as u64);
        if self.waiting.is_empty() && self.waiting.capacity() > KEPT_CAPACITY {
            self.waiting = VecDeque::new();
        }
    }

    fn forget(&mut self, gone: &Waiting) {
        let size = gone.bytes.len() + FRAME_OVERHEAD;
        self.bytes -= size;
        if gone.kind == Kind::Ephemeral {
            self.ephemeral_bytes -= size;
        }
    }

    /// Takes back what has not been begun, and is not to be kept.
    fn retain(&mut self, keep: impl Fn(Kind) -> bool) {
        let begun = usize::from(self.begun > 0);
        let mut left = VecDeque::with_capacity(begun);
        for (place, waiting) in std::mem::take(&mut self.waiting).into_iter().enumerate() {
            if place < begun || keep(waiting.kind) {
                left.push_back(waiting);
            } else {
                self.forget(&waiting);
            }
        }
        self.waiting = left;
    }
}

/// Frames on their way into the queue; written when it is dropped.
pub(crate) struct Batch<'a> {
    queue: MutexGuard<'a, Queue>,
    limit: usize,
}

impl Batch<'_> {
    /// Queues a frame. When there is no room for it even without the ephemeral ones, the socket is closed as slow.
    pub(crate) fn push(&mut self, frame: Frame) {
        let size = frame.bytes().len() + FRAME_OVERHEAD;
        if self.queue.closing.is_some() {
            return;
        }
        if self.queue.bytes + size > self.limit && self.queue.ephemeral_bytes > 0 {
            let before = self.queue.waiting.len();
            self.queue.retain(|kind| kind != Kind::Ephemeral);
            GATEWAY.shed.inc_by((before - self.queue.waiting.len()) as u64);
        }
        if self.queue.bytes + size > self.limit {
            self.close(CloseReason::Slow.into());
            return;
        }
        self.queue.add(frame.into_bytes(), Kind::Lasting);
    }

    /// Queues a frame if there is ample room, else drops it.
    pub(crate) fn push_ephemeral(&mut self, frame: Frame) {
        if self.queue.closing.is_some() {
            return;
        }
        if self.queue.bytes + frame.bytes().len() + FRAME_OVERHEAD > self.limit / 2 {
            GATEWAY.shed.inc();
            return;
        }
        self.queue.add(frame.into_bytes(), Kind::Ephemeral);
    }

    /// Takes note that there is news of a room: the owner hears of it once.
    pub(crate) fn note_news(&mut self) {
        if self.queue.news == News::None {
            self.queue.news = News::Fresh;
        }
    }

    /// As [`Outbox::close`].
    pub(crate) fn close(&mut self, closing: Closing) {
        if self.queue.closing.is_none() {
            self.queue.closing = Some(closing);
            if !closing.says_goodbye() {
                self.queue.retain(|_| false);
            }
        }
    }

    /// Whether nothing is taken any more.
    pub(crate) fn is_closing(&self) -> bool {
        self.queue.closing.is_some()
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let left = self.queue.write_out();
        if (left || self.queue.closing.is_some() || self.queue.news == News::Fresh)
            && let Some(owner) = self.queue.owner.take()
        {
            owner.wake();
        }
    }
}

#[cfg(test)]
mod tests;
