//! What is measured: the cases, each with its exact work.

use std::time::Duration;

/// A case.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Case {
    /// Messages from senders to receivers of one room.
    Traffic(Traffic),
    /// Connections that are silent.
    Idle(Idle),
    /// Messages in many rooms at once.
    Rooms(Rooms),
    /// Pages of a long history.
    History(History),
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
    /// Whether acknowledged sends are what counts, rather than deliveries.
    pub(crate) acked: bool,
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

/// Messages in many rooms at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rooms {
    /// The case's name.
    pub(crate) name: &'static str,
    /// How many.
    pub(crate) count: usize,
    /// Sockets that follow each; every socket follows as many rooms.
    pub(crate) members: usize,
    /// Messages a second in all rooms together.
    pub(crate) rate: u32,
    /// Messages in all.
    pub(crate) messages: usize,
}

/// Pages of a history of so many messages, built without the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    /// The case's name.
    pub(crate) name: &'static str,
    /// Messages in the room.
    pub(crate) messages: u32,
    /// Pages read at each place.
    pub(crate) pages: usize,
}

const fn fan(name: &'static str, receivers: usize, senders: usize, messages: usize, rate: Option<u32>) -> Case {
    Case::Traffic(Traffic { name, receivers, senders, messages, warm_up: 50, rate, acked: false })
}

const fn acked(name: &'static str, senders: usize, messages: usize) -> Case {
    Case::Traffic(Traffic { name, receivers: 16, senders, messages, warm_up: 50, rate: None, acked: true })
}

const fn idle(name: &'static str, connections: usize) -> Case {
    Case::Idle(Idle { name, connections, watch: Duration::from_secs(52) })
}

const fn rooms(name: &'static str, count: usize) -> Case {
    Case::Rooms(Rooms { name, count, members: 20, rate: 500, messages: 5_000 })
}

const fn history(name: &'static str, messages: u32) -> Case {
    Case::History(History { name, messages, pages: 200 })
}

/// All of them, by name.
pub(crate) const CASES: [(&str, Case); 18] = [
    ("fan10", fan("fan10", 10, 1, 2_000, None)),
    ("fan100", fan("fan100", 100, 1, 500, None)),
    ("fan200", fan("fan200", 200, 1, 500, None)),
    ("fan200x16", fan("fan200x16", 200, 16, 500, None)),
    ("fan1000", fan("fan1000", 1000, 1, 100, None)),
    ("rate100", fan("rate100", 100, 4, 1000, Some(50))),
    ("acked1", acked("acked1", 1, 500)),
    ("acked16", acked("acked16", 16, 2000)),
    ("acked64", acked("acked64", 64, 6400)),
    ("idle1000", idle("idle1000", 1000)),
    ("idle5000", idle("idle5000", 5000)),
    ("idle10000", idle("idle10000", 10_000)),
    ("rooms10", rooms("rooms10", 10)),
    ("rooms100", rooms("rooms100", 100)),
    ("rooms1000", rooms("rooms1000", 1000)),
    ("history1k", history("history1k", 1_000)),
    ("history1m", history("history1m", 1_000_000)),
    ("history10m", history("history10m", 10_000_000)),
];

impl Case {
    /// A tenth of the work.
    pub(crate) fn shortened(self) -> Self {
        match self {
            Self::Traffic(case) => Self::Traffic(Traffic { messages: case.messages / 10, warm_up: 5, ..case }),
            Self::Idle(case) => {
                Self::Idle(Idle { connections: case.connections / 10, watch: Duration::from_secs(2), ..case })
            }
            Self::Rooms(case) => Self::Rooms(Rooms { count: case.count / 10, messages: case.messages / 10, ..case }),
            Self::History(case) => Self::History(History { messages: case.messages.min(1_000), pages: 20, ..case }),
        }
    }
}
