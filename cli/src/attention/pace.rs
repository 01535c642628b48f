//! How often a room calls: a busy one must not ring without end.

use std::time::Duration;

use chatapp_types::Timestamp;

use super::Call;

/// The shortest time between two calls of a room.
const APART: Duration = Duration::from_secs(1);

/// The calls of one room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    /// When it called last.
    called: Option<Timestamp>,
    /// What was missed, or came too fast: to be told at once.
    missed: Option<Call>,
}

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Paced {
    /// It is raised.
    Now(Box<Call>),
    /// It is told with what comes until then, by [`Pace::due`].
    Later(Duration),
    /// It is told with others that wait already, or once the room is live.
    Joined,
}

impl Pace {
    /// Takes a call. What was missed (`is_live` is not yet true) waits until all of it is here.
    pub(crate) fn take(&mut self, call: Call, is_live: bool, now: Timestamp) -> Paced {
        let is_first = self.missed.is_none();
        let is_soon = self.called.is_some_and(|at| at.plus(APART.try_into().unwrap_or_default()) > now);
        if is_live && is_first && !is_soon {
            self.called = Some(now);
            return Paced::Now(Box::new(call));
        }
        let count = self.missed.as_ref().map_or(0, |m| m.count) + 1;
        let named = self.missed.as_ref().is_some_and(|m| m.mention);
        self.missed = Some(Call { count, mention: call.mention || named, ..call });
        if is_live && is_first { Paced::Later(APART) } else { Paced::Joined }
    }

    /// What waits to be told, as one call.
    pub(crate) fn due(&mut self, now: Timestamp) -> Option<Call> {
        let call = self.missed.take()?;
        self.called = Some(now);
        Some(call)
    }

    /// What waits was seen meanwhile.
    pub(crate) fn forget(&mut self) {
        self.missed = None;
    }
}
