//! What a program holds while its log runs.

use std::sync::{Arc, Mutex, PoisonError};

use tracing_appender::non_blocking::{ErrorCounter, WorkerGuard};
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::init::TelemetryError;
use crate::{FilterError, LogFilter};

/// Keeps the log's writers alive; when it is dropped, all that was logged before is written.
///
/// Hold it in `main` to the end. `std::process::exit` runs no destructors: drop it first.
#[must_use = "without its guard the log loses its last lines"]
#[derive(Debug)]
pub struct Guard {
    control: FilterControl,
    dropped: Vec<ErrorCounter>,
    _workers: Vec<WorkerGuard>,
}

impl Guard {
    pub(crate) fn new(control: FilterControl, workers: Vec<WorkerGuard>, dropped: Vec<ErrorCounter>) -> Self {
        Self { control, dropped, _workers: workers }
    }

    /// Replaces the filter from now on, in every output; on an error the old one stays.
    pub fn set_filter(&self, filter: &str) -> Result<(), TelemetryError> {
        self.control.set(filter)
    }

    /// The filter in force.
    pub fn filter(&self) -> LogFilter {
        self.control.get()
    }

    /// A handle for whoever changes the filter at run time, such as an operations port.
    pub fn filter_control(&self) -> FilterControl {
        self.control.clone()
    }

    /// How many lines were not written because an output could not keep up. The program never waits for its log.
    pub fn dropped_lines(&self) -> usize {
        self.dropped.iter().map(ErrorCounter::dropped_lines).sum()
    }
}

/// Reads and replaces the log's filter at run time. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FilterControl {
    handle: reload::Handle<EnvFilter, Registry>,
    current: Arc<Mutex<LogFilter>>,
}

impl FilterControl {
    pub(crate) fn new(handle: reload::Handle<EnvFilter, Registry>, current: LogFilter) -> Self {
        Self { handle, current: Arc::new(Mutex::new(current)) }
    }

    /// Replaces the filter from now on; on an error the old one stays.
    pub fn set(&self, filter: &str) -> Result<(), TelemetryError> {
        let filter: LogFilter = filter.parse().map_err(|error: FilterError| TelemetryError::Filter(error))?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        self.handle.reload(filter.to_env_filter()).map_err(|_| TelemetryError::Gone)?;
        *current = filter;
        Ok(())
    }

    /// The filter in force.
    pub fn get(&self) -> LogFilter {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
