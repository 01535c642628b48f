//! Frames that go into the queue together.

use chatapp_metrics::GATEWAY;
use chatapp_types::frame::CloseReason;

use super::super::{Closing, Frame};
use super::queue::{FRAME_OVERHEAD, Kind, News, Queue};
use crate::sync::MutexGuard;

/// Frames on their way into the queue; written when it is dropped.
pub(crate) struct Batch<'a> {
    pub(super) queue: MutexGuard<'a, Queue>,
    pub(super) limit: usize,
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
