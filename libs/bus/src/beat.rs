//! The sign of life that publishers put on the bus, so that a follower can tell silence from a dead bus.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;

use crate::{Bus, subject};

/// How often a publisher gives its sign of life. Hearing none for four times as long means that the bus is away.
pub const BEAT_EVERY: Duration = Duration::from_millis(500);

/// Beats for `service` until the task is aborted.
pub fn spawn_beat(bus: Arc<dyn Bus>, service: &'static str) -> JoinHandle<()> {
    tokio::spawn(async move {
        let subject = subject::beat(service);
        let mut tick = tokio::time::interval(BEAT_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tick.tick().await;
            bus.publish(&subject, Bytes::new());
        }
    })
}
