//! What a socket's client has asked for, done one after the other.
//!
//! The order of a client's frames is the order of their effects, so a socket has one lane. What is under way runs in a
//! task of its own: it goes on while the socket waits for a slow reader, and to its end when the client has hung up,
//! so no write is left half-way. An idle socket's lane costs two words.

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::task::JoinHandle;

/// What may wait; beyond it the socket is not read.
const WAITING_MAX: usize = 32;

/// Requests that wait (`Op`), and the one that is being done (with a result `Done`).
pub(crate) struct Lane<Op, Done> {
    waiting: VecDeque<Op>,
    running: Option<JoinHandle<Done>>,
}

/// The task that was under way panicked.
#[derive(Debug)]
pub(crate) struct Panicked;

impl<Op, Done: Send + 'static> Lane<Op, Done> {
    pub(crate) fn new() -> Self {
        Self { waiting: VecDeque::new(), running: None }
    }

    /// Whether more may be asked.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < WAITING_MAX
    }

    /// Whether nothing waits and nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_none() && self.waiting.is_empty()
    }

    /// Asks for something more, after all that was asked before.
    pub(crate) fn ask(&mut self, op: Op) {
        self.waiting.push_back(op);
    }

    /// The last thing that waits.
    pub(crate) fn last_waiting(&mut self) -> Option<&mut Op> {
        self.waiting.back_mut()
    }

    /// The next thing to do, if nothing is under way. To be given to [`Lane::begin`].
    pub(crate) fn take_next(&mut self) -> Option<Op> {
        if self.running.is_some() {
            return None;
        }
        let op = self.waiting.pop_front();
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
        op
    }

    /// Does it, in a task of its own.
    pub(crate) fn begin(&mut self, work: BoxFuture<'static, Done>) {
        self.running = Some(tokio::spawn(work));
    }

    /// The result of what is under way; pending while nothing is.
    pub(crate) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<Result<Done, Panicked>> {
        let Some(running) = &mut self.running else { return Poll::Pending };
        let done = ready!(running.poll_unpin(cx));
        self.running = None;
        Poll::Ready(done.map_err(|_| Panicked))
    }
}
