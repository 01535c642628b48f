//! The journal that all clients of a run write into.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use uuid::Uuid;

use crate::checker::{Attempt, Evidence, Happening, Moment, Outcome, Sending, View};

/// A journal; clones share it.
#[derive(Clone)]
pub(crate) struct Journal {
    begun: Instant,
    evidence: Arc<Mutex<Evidence>>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), evidence: Arc::default() }
    }

    /// The time since the run began.
    pub(crate) fn now(&self) -> Moment {
        self.begun.elapsed()
    }

    /// All that has been written; hold it shortly.
    pub(crate) fn write(&self) -> MutexGuard<'_, Evidence> {
        self.evidence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a message that is about to be sent, and gives its place in the journal.
    pub(crate) fn begin(&self, room: &str, author: &str, key: Uuid, body: &str) -> usize {
        let (room, author, body) = (room.to_owned(), author.to_owned(), body.to_owned());
        let mut evidence = self.write();
        evidence.sendings.push(Sending { room, author, key, body, attempts: Vec::new() });
        evidence.sendings.len() - 1
    }

    /// Notes what a try came to, begun at `asked`.
    pub(crate) fn attempt(&self, sending: usize, asked: Moment, outcome: Outcome) {
        let answered = self.now();
        self.write().sendings[sending].attempts.push(Attempt { asked, answered, outcome });
    }

    /// Notes what was seen live.
    pub(crate) fn saw(&self, user: &str, room: &str, what: Happening) {
        let now = self.now();
        let mut evidence = self.write();
        let view = evidence.views.iter().position(|view| view.user == user && view.room == room);
        let view = view.unwrap_or_else(|| {
            let (user, room) = (user.to_owned(), room.to_owned());
            evidence.views.push(View { user, room, events: Vec::new(), whole: false });
            evidence.views.len() - 1
        });
        evidence.views[view].events.push((now, what));
    }

    /// Notes a connection.
    pub(crate) fn connected(&self, user: &str) {
        let now = self.now();
        self.write().connections.entry(user.to_owned()).or_default().push(now);
    }
}
