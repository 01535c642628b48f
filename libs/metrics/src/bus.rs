//! The event bus.

use std::sync::{Arc, LazyLock};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use crate::LATENCY_BOUNDS;
use crate::label::{Counters, label};
use crate::probe::{LookedUp, Probe};
use crate::registry::{Owner, register, registered};

/// The bus of this process.
pub static BUS: LazyLock<Bus> = LazyLock::new(Bus::registered);

label! {
    /// Which way an event went.
    pub enum Direction("direction") {
        /// Onto the bus.
        Published = "published",
        /// From the bus to one who follows.
        Received = "received",
    }
}

/// What is counted of the bus.
#[derive(Debug)]
pub struct Bus {
    /// Whether it is connected.
    pub connected: Arc<Probe<bool>>,
    /// Events, each way.
    pub messages: Counters<Direction>,
    /// Events that were dropped.
    pub dropped: Counter,
    /// Seconds from the commit of an entry to its arrival here.
    pub lag: Histogram,
}

impl Bus {
    fn registered() -> Self {
        let owner = Owner::Process;
        let connected = Arc::<Probe<bool>>::default();
        let of = Arc::clone(&connected);
        let all = LookedUp::gauge(move || {
            let values = of.values();
            if values.is_empty() { None } else { Some(f64::from(values.into_iter().all(|connected| connected))) }
        });
        register(
            owner,
            "chatapp_bus_connected",
            "1 while the event bus is connected; within a process always",
            None,
            all,
        );
        Self {
            connected,
            messages: Counters::registered(owner, "chatapp_bus_messages", "Events put on the bus and taken from it"),
            dropped: registered(
                owner,
                "chatapp_bus_dropped",
                "Events dropped: too many waited for the bus or for a subscriber, or one was too large",
                None,
                Counter::default(),
            ),
            lag: registered(
                owner,
                "chatapp_bus_lag",
                "From the commit of an entry, by the clock there, to its arrival over the bus, by the clock here, at least 0",
                Some(Unit::Seconds),
                Histogram::new(LATENCY_BOUNDS),
            ),
        }
    }

    /// Registers them, if nothing has done so yet.
    pub fn announce(&self) {}
}
