//! The log of rooms.

use std::sync::LazyLock;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::label::Pair;
use crate::registry::{Owner, registered};

/// What is counted of the log.
pub static TIMELINE: LazyLock<Timeline> = LazyLock::new(Timeline::registered);

/// What is counted of the log.
#[derive(Debug)]
pub struct Timeline {
    entries: Family<[Pair; 2], Counter>,
}

impl Timeline {
    fn registered() -> Self {
        Self {
            entries: registered(
                Owner::Each,
                "chatapp_timeline_entries",
                "Entries committed to the logs of rooms",
                None,
                Family::default(),
            ),
        }
    }

    /// Counts a committed entry of that kind (the log's word).
    pub fn committed(&self, kind: &'static str) {
        self.entries.get_or_create(&labels(kind)).inc();
    }

    /// Registers them, if nothing has done so yet, and these kinds at zero.
    pub fn announce(&self, kinds: &[&'static str]) {
        for kind in kinds {
            let _ = self.entries.get_or_create(&labels(kind));
        }
    }
}

/// What happens to messages is written by messages, all else by rooms.
fn labels(kind: &'static str) -> [Pair; 2] {
    let service = if kind.starts_with("message.") { "messages" } else { "rooms" };
    [("service", service), ("kind", kind)]
}
