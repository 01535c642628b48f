//! The frames that wait, and their way to the socket.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use chatapp_metrics::GATEWAY;

use super::super::Closing;
use super::super::wire::Wire;

/// What a frame costs besides its bytes: its place in the queue.
pub(super) const FRAME_OVERHEAD: usize = 64;
/// A queue that has grown beyond this is not kept when it is empty.
const KEPT_CAPACITY: usize = 4;
/// Frames written by one call.
const TOGETHER: usize = 64;

#[derive(Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<Waiting>,
    /// Bytes of the first one that are written already: it cannot be taken back.
    pub(super) begun: usize,
    pub(super) bytes: usize,
    pub(super) ephemeral_bytes: usize,
    pub(super) closing: Option<Closing>,
    /// The socket's own task, where it waits for something to do.
    pub(super) owner: Option<Waker>,
    pub(super) wire: Option<Arc<dyn Wire>>,
    /// The socket took no more: its own task goes on, and nobody else writes until that is done.
    pub(super) stuck: bool,
    pub(super) news: News,
}

pub(super) struct Waiting {
    pub(super) bytes: Bytes,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A frame that arrives, or the socket is closed.
    Lasting,
    /// One that need not arrive.
    Ephemeral,
}

/// Whether entries of rooms have come since the owner last asked.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum News {
    #[default]
    None,
    /// And the owner does not know yet.
    Fresh,
    Told,
}

impl Queue {
    pub(super) fn add(&mut self, bytes: Bytes, kind: Kind) {
        let size = bytes.len() + FRAME_OVERHEAD;
        self.bytes += size;
        if kind == Kind::Ephemeral {
            self.ephemeral_bytes += size;
        }
        self.waiting.push_back(Waiting { bytes, kind });
    }

    /// Writes what waits as far as the socket takes it at once. Says whether the owner has to be told to go on; while
    /// the socket is stuck it knows.
    pub(super) fn write_out(&mut self) -> bool {
        while !self.waiting.is_empty() && !self.stuck {
            let Some(wire) = self.wire.as_deref() else { return true };
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
    pub(super) fn gathered<T>(&self, write: impl FnOnce(&[IoSlice<'_>]) -> T) -> T {
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
    pub(super) fn take(&mut self, written: usize) {
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

    pub(super) fn forget(&mut self, gone: &Waiting) {
        let size = gone.bytes.len() + FRAME_OVERHEAD;
        self.bytes -= size;
        if gone.kind == Kind::Ephemeral {
            self.ephemeral_bytes -= size;
        }
    }

    /// Takes back what has not been begun, and is not to be kept.
    pub(super) fn retain(&mut self, keep: impl Fn(Kind) -> bool) {
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
