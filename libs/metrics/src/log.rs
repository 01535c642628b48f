//! The log of the process.

use std::sync::LazyLock;

use prometheus_client::metrics::counter::Counter;

use crate::registry::{Owner, registered};

/// What is counted of the log.
pub static LOG: LazyLock<Log> = LazyLock::new(|| {
    let counter = |name, help| registered(Owner::Process, name, help, None, Counter::default());
    Log {
        errors: counter("chatapp_errors", "Lines that were logged at level error"),
        dropped_lines: counter("chatapp_log_lines_dropped", "Lines of the log that its writer could not take"),
    }
});

/// What is counted of the log.
#[derive(Debug)]
pub struct Log {
    /// Lines at level error.
    pub errors: Counter,
    /// Lines that were dropped.
    pub dropped_lines: Counter,
}

impl Log {
    /// Registers them, if nothing has done so yet.
    pub fn announce(&self) {}
}
