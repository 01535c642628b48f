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

mod batch;
mod queue;

use std::future::poll_fn;
use std::io;
#[cfg(test)]
use std::io::Cursor;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::sync::Notify;
#[cfg(test)]
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{Role, WebSocket},
};

pub(crate) use self::batch::Batch;
use self::queue::{Kind, News, Queue};
use super::wire::Wire;
use super::{Closing, Frame};
use crate::sync::{Mutex, MutexGuard};

/// The queue between those who push (rooms, answers) and the socket.
pub(crate) struct Outbox {
    limit: usize,
    queue: Mutex<Queue>,
    /// Told when something that waited has been written.
    drained: Notify,
}

/// What the socket's own task is to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Go on [writing](Outbox::progress) what waits.
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

    /// The socket has ended: its connection is let go, whoever still holds this.
    pub(crate) fn detach(&self) {
        self.close(Closing::Gone);
        *self.lock() = Queue { closing: Some(Closing::Gone), ..Queue::default() };
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

    /// From now on entries of a room are news again; those that the owner has not been told of still are.
    pub(crate) fn forget_news(&self) {
        let mut queue = self.lock();
        if queue.news == News::Told {
            queue.news = News::None;
        }
    }

    /// Writes some of what waits: as much as the socket takes in one go, as soon as it takes any. Returns at once when
    /// nothing waits. Cancel-safe. For the socket's own task alone.
    pub(crate) async fn progress(&self) -> io::Result<()> {
        poll_fn(|cx| self.poll_progress(cx).map_ok(drop)).await
    }

    /// Writes all that waits. For the socket's own task, which is woken.
    pub(crate) fn poll_written(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while ready!(self.poll_progress(cx))?.is_continue() {}
        Poll::Ready(Ok(()))
    }

    /// As [`Outbox::progress`]; breaks when nothing is left.
    fn poll_progress(&self, cx: &mut Context<'_>) -> Poll<io::Result<ControlFlow<()>>> {
        let mut queue = self.lock();
        if queue.waiting.is_empty() && !queue.stuck {
            return Poll::Ready(Ok(ControlFlow::Break(())));
        }
        let Some(wire) = queue.wire.clone() else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        // Set until all is written, so that what is pushed meanwhile waits behind.
        queue.stuck = true;
        if !queue.waiting.is_empty() {
            let taken = ready!(queue.gathered(|bytes| wire.poll_write(cx, bytes)))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            queue.take(taken);
            self.drained.notify_waiters();
            if !queue.waiting.is_empty() {
                return Poll::Ready(Ok(ControlFlow::Continue(())));
            }
        }
        ready!(wire.poll_flush(cx))?;
        queue.stuck = false;
        Poll::Ready(Ok(ControlFlow::Break(())))
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

#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tests;
