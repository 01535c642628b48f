//! Messages.

use std::sync::LazyLock;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use crate::label::{Counters, label};
use crate::registry::{Owner, registered};

/// What the messages service counts.
pub static MESSAGES: LazyLock<Messages> = LazyLock::new(Messages::registered);

const OWNER: Owner = Owner::Service("messages");

label! {
    /// What became of a message that was sent.
    pub enum Post("outcome") {
        /// It was stored.
        Accepted = "accepted",
        /// It was there already, under the same key.
        Repeated = "repeated",
        /// The rules refused it.
        Refused = "refused",
        /// The database failed; whether it is there the key will tell.
        Failed = "failed",
    }
}

/// What is counted of messages.
#[derive(Debug)]
pub struct Messages {
    /// Messages that were sent.
    pub posted: Counters<Post>,
    /// Rooms with entries that nobody has published, as of the sweeper's last look.
    pub unpublished: Gauge,
    /// Entries that were left behind and have been published since.
    pub republished: Counter,
}

impl Messages {
    fn registered() -> Self {
        let posted = "Messages that were sent, by what became of them";
        Self {
            posted: Counters::registered(OWNER, "chatapp_messages_posted", posted),
            unpublished: registered(
                OWNER,
                "chatapp_timeline_unpublished",
                "Rooms whose entries the sweeper had still to publish at its last look",
                None,
                Gauge::default(),
            ),
            republished: registered(
                OWNER,
                "chatapp_timeline_republished",
                "Entries that were left behind, as by a crash, and have been published by the sweeper",
                None,
                Counter::default(),
            ),
        }
    }

    /// Registers them, if nothing has done so yet.
    pub fn announce(&self) {}
}
