//! Rooms.

use std::sync::LazyLock;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::label::Pair;
use crate::registry::{Owner, registered};

/// What the rooms service counts.
pub static ROOMS: LazyLock<Rooms> = LazyLock::new(|| Rooms {
    moderation: registered(
        Owner::Service("rooms"),
        "chatapp_moderation_actions",
        "Acts of moderation, as the audit names them",
        None,
        Family::default(),
    ),
});

/// What is counted of rooms.
#[derive(Debug)]
pub struct Rooms {
    moderation: Family<[Pair; 1], Counter>,
}

impl Rooms {
    /// Counts an act of moderation, by the audit's word for it.
    pub fn moderated(&self, action: &'static str) {
        self.moderation.get_or_create(&[("action", action)]).inc();
    }

    /// Registers them, if nothing has done so yet, and these acts at zero.
    pub fn announce(&self, actions: &[&'static str]) {
        for action in actions {
            let _ = self.moderation.get_or_create(&[("action", action)]);
        }
    }
}
