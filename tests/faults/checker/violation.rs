//! A promise that was broken, and where.

use std::fmt::{self, Display, Write as _};

use uuid::Uuid;

use super::{Evidence, Happening};

/// What must hold, whatever fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Invariant {
    /// I1: what was acknowledged is in the history exactly once, with the number and body that were acknowledged.
    AckedOnce,
    /// I2: nothing is in the history that was refused; what is unknown is there at most once.
    NoPhantom,
    /// I3: numbers are contiguous from 1, and all readers see one order.
    OneOrder,
    /// I4: soon after being connected again, the live view is the history: no hole, no duplicate.
    WholeView,
    /// I5: who is blocked or removed gets nothing later, on any path, and does nothing.
    Barred,
    /// I6: outsiders learn nothing of a private room.
    Hidden,
    /// I7: after the fault sends are quick again, and clients do not reconnect over and over.
    Recovers,
    /// I8: memory, descriptors and queues are bounded; nothing panics.
    Bounded,
    /// I9: no success is answered without a commit.
    Committed,
    /// I10: an ended session can do nothing.
    Revoked,
}

/// A promise that was broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// How.
    pub what: String,
    /// In which room.
    pub room: Option<String>,
    /// Around which number.
    pub seq: Option<u64>,
    /// With which key.
    pub key: Option<Uuid>,
    /// Whose.
    pub user: Option<String>,
}

impl Violation {
    pub(crate) fn new(invariant: Invariant, what: impl Into<String>) -> Self {
        Self { invariant, what: what.into(), room: None, seq: None, key: None, user: None }
    }

    pub(super) fn room(mut self, room: &str) -> Self {
        self.room = Some(room.to_owned());
        self
    }

    pub(super) fn seq(mut self, seq: u64) -> Self {
        self.seq = Some(seq);
        self
    }

    pub(super) fn key(mut self, key: Uuid) -> Self {
        self.key = Some(key);
        self
    }

    pub(super) fn user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// The part of the journal that it is about: the tries of its key, the log and the views around its number.
    pub fn slice(&self, evidence: &Evidence) -> String {
        let mut text = String::new();
        for sending in evidence.sendings.iter().filter(|s| Some(s.key) == self.key) {
            let _ = writeln!(text, "  sent by {} to {}: {:?}", sending.author, sending.room, sending.body);
            for attempt in &sending.attempts {
                let _ = writeln!(text, "    {:>9.3?} … {:.3?}  {:?}", attempt.asked, attempt.answered, attempt.outcome);
            }
        }
        let (Some(room), Some(seq)) = (&self.room, self.seq) else { return text };
        let near = |n: u64| n.abs_diff(seq) <= 3;
        for entry in evidence.log(room).unwrap_or_default().iter().filter(|e| near(e.seq)) {
            let _ = writeln!(
                text,
                "  log {} {} by {} {} {:?}",
                entry.seq,
                entry.kind,
                entry.actor,
                entry.subject.as_deref().unwrap_or_default(),
                entry.body.as_deref().unwrap_or_default()
            );
        }
        for view in evidence.views.iter().filter(|v| &v.room == room && self.user.as_ref().is_none_or(|u| *u == v.user))
        {
            self.slice_of_view(&view.user, &view.events, &mut text);
        }
        for bar in evidence.bars.iter().filter(|b| &b.room == room && self.user.as_ref() == Some(&b.user)) {
            let _ = writeln!(text, "  barred {}: {:?}", bar.user, (bar.seq, bar.told, bar.lifted));
        }
        text
    }

    fn slice_of_view(&self, user: &str, events: &[(super::Moment, Happening)], text: &mut String) {
        let at = events.iter().position(|(_, event)| matches!(event, Happening::Entry(e) if Some(e.seq) >= self.seq));
        let at = at.unwrap_or(events.len());
        for (moment, event) in &events[at.saturating_sub(4)..events.len().min(at + 4)] {
            let event = match event {
                Happening::Entry(entry) => format!("{} {} {:?}", entry.seq, entry.kind, entry.body),
                other => format!("{other:?}"),
            };
            let _ = writeln!(text, "  {user} saw at {moment:.3?}: {event}");
        }
    }
}

impl Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "I{} {:?}: {}", self.invariant as u8 + 1, self.invariant, self.what)
    }
}
