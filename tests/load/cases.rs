//! What is measured: the cases, each with its exact work.

use std::time::Duration;

/// A case.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Case {
    /// Messages from senders to receivers of one room.
    Traffic(Traffic),
    /// Connections that are silent.
    Idle(Idle),
}

/// Messages from senders to receivers of one room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    /// The case's name.
    pub(crate) name: &'static str,
    /// Sockets subscribed to the room.
    pub(crate) receivers: usize,
    /// Sockets that send, each waiting for its ack before the next send.
    pub(crate) senders: usize,
    /// Messages of all senders together, after the warm-up.
    pub(crate) messages: usize,
    /// Messages before the measurement.
    pub(crate) warm_up: usize,
    /// Messages a second of all senders together; as fast as the acks come when absent.
    pub(crate) rate: Option<u32>,
}

/// Connections that are silent, in rooms of a hundred.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Idle {
    /// The case's name.
    pub(crate) name: &'static str,
    /// How many.
    pub(crate) connections: usize,
    /// How long their CPU is watched: longer than two heartbeats.
    pub(crate) watch: Duration,
}

const fn traffic(name: &'static str, receivers: usize, senders: usize, messages: usize, rate: Option<u32>) -> Case {
    Case::Traffic(Traffic { name, receivers, senders, messages, warm_up: 50, rate })
}

const fn idle(name: &'static str, connections: usize) -> Case {
    Case::Idle(Idle { name, connections, watch: Duration::from_secs(52) })
}

/// All of them, by name.
pub(crate) const CASES: [(&str, Case); 9] = [
    ("fan200", traffic("fan200", 200, 1, 500, None)),
    ("fan200x16", traffic("fan200x16", 200, 16, 500, None)),
    ("fan1000", traffic("fan1000", 1000, 1, 100, None)),
    ("rate100", traffic("rate100", 100, 4, 1000, Some(50))),
    ("acked1", traffic("acked1", 1, 1, 500, None)),
    ("acked16", traffic("acked16", 16, 16, 2000, None)),
    ("acked64", traffic("acked64", 16, 64, 6400, None)),
    ("idle1000", idle("idle1000", 1000)),
    ("idle5000", idle("idle5000", 5000)),
];

impl Case {
    /// A tenth of the work.
    pub(crate) fn shortened(self) -> Self {
        match self {
            Self::Traffic(case) => Self::Traffic(Traffic { messages: case.messages / 10, warm_up: 5, ..case }),
            Self::Idle(case) => {
                Self::Idle(Idle { connections: case.connections / 10, watch: Duration::from_secs(2), ..case })
            }
        }
    }
}
