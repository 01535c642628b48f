//! Puts committed entries on the bus, and remembers how far it came.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chatapp_bus::{Bus, subject};
use chatapp_metrics::{MESSAGES, TIMELINE};
use chatapp_telemetry::trace::{self, TraceContext};
use chatapp_types::{Clock as _, Entry, RoomId, SystemClock};
use tracing::Span;

use crate::RoomEvent;
use crate::event::Route;

/// The way from a commit to the bus. Cloning shares it.
///
/// Call [`Publisher::publish`] from an after-commit hook: hooks run in commit order, so a room's events leave in the
/// order of its log.
#[derive(Clone)]
pub struct Publisher {
    bus: Arc<dyn Bus>,
    published: Arc<Mutex<HashMap<RoomId, u64>>>,
}

impl Publisher {
    /// A publisher onto `bus`.
    pub fn new(bus: Arc<dyn Bus>) -> Self {
        Self { bus, published: Arc::default() }
    }

    /// Puts a committed entry on the bus. Never blocks, never fails; a lost event is found by its seq.
    ///
    /// The event belongs to the trace of whoever calls, where that is recorded: within an after-commit hook, of the write.
    /// It is not stored with the entry, so what is published again after a crash belongs to none.
    pub fn publish(&self, entry: Entry) {
        let kind = entry.body.kind();
        TIMELINE.committed(kind);
        let mut event = RoomEvent::of(entry);
        // The decision was some milliseconds ago. What is measured from here on is measured by the machine's clock.
        event.route.at = Some(SystemClock.now());
        let span = self.span(&event.route, kind);
        self.put(&event, trace::of(&span));
    }

    /// Puts an entry on the bus that was committed some time ago, and perhaps never published.
    pub fn publish_again(&self, entry: Entry) {
        MESSAGES.republished.inc();
        self.put(&RoomEvent::of(entry), None);
    }

    fn put(&self, event: &RoomEvent, trace: Option<TraceContext>) {
        let (room_id, seq) = (event.route.room_id, event.route.seq);
        let trace = trace.map(|context| context.to_string());
        self.bus.publish_traced(&subject::room(room_id), event.encode(), trace.as_deref());
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = published.entry(room_id).or_default();
        *mark = seq.max(*mark);
    }

    fn span(&self, route: &Route, kind: &'static str) -> Span {
        if trace::current_recorded().is_none() {
            return Span::none();
        }
        tracing::info_span!(
            target: trace::TARGET,
            "publish",
            otel.kind = "producer",
            otel.name = "send room",
            messaging.system = self.bus.system(),
            messaging.operation.name = "send",
            messaging.operation.r#type = "send",
            messaging.destination.template = "room.{room_id}",
            room.id = %route.room_id,
            entry.seq = route.seq,
            entry.kind = kind,
        )
    }

    /// Takes the marks gathered since the last call: rooms, and the last seq published in each. Whoever takes them
    /// stores them (see [`crate::sqlite::advance_published`]); losing them costs a repeated event, nothing else.
    pub fn take_marks(&self) -> Vec<(RoomId, u64)> {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *published).into_iter().collect()
    }
}
