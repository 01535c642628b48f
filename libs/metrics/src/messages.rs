//! Messages.

use std::sync::LazyLock;

use crate::label::{Counters, label};
use crate::registry::Owner;

/// What the messages service counts.
pub static MESSAGES: LazyLock<Messages> = LazyLock::new(|| Messages {
    posted: Counters::registered(
        Owner::Service("messages"),
        "chatapp_messages_posted",
        "Messages that were sent, by what became of them",
    ),
});

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
}

impl Messages {
    /// Registers them, if nothing has done so yet.
    pub fn announce(&self) {}
}
