//! What a program holds while its log runs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chatapp_metrics::LOG;
use tracing_appender::non_blocking::{ErrorCounter, WorkerGuard};
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::courier::Courier;
use crate::errors::{Reporter, Sender};
use crate::init::{Part, TelemetryError};
use crate::trace::{self, Exporter, OtlpEndpoint, Ratio};
use crate::{Dsn, Errors, FilterError, LogFilter};

/// How long the end of the program waits for the spans that are on their way, and then for the errors.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

/// Keeps the log's writers alive; when it is dropped, all that was logged before is written, and what is to be sent
/// elsewhere has been sent, or has had two seconds for it.
///
/// Hold it in `main` to the end, and drop it outside of any runtime. `std::process::exit` runs no destructors: drop it
/// first.
#[must_use = "without its guard the log loses its last lines"]
#[derive(Debug)]
pub struct Guard {
    control: Control,
    // Before the workers: what cannot be sent is still logged.
    _carried: Option<Carried>,
    _workers: Vec<WorkerGuard>,
}

impl Guard {
    pub(crate) fn new(control: Control, workers: Vec<WorkerGuard>, carried: Option<Carried>) -> Self {
        Self { control, _carried: carried, _workers: workers }
    }

    /// Replaces the filter from now on, in every output; on an error the old one stays.
    pub fn set_filter(&self, filter: &str) -> Result<(), TelemetryError> {
        let filter = filter.parse().map_err(|error: FilterError| TelemetryError::Filter(error))?;
        self.control.filter.set(filter).map(drop)
    }

    /// The filter in force.
    pub fn filter(&self) -> LogFilter {
        self.control.filter.get()
    }

    /// A handle for whoever changes the filter at run time.
    pub fn filter_control(&self) -> FilterControl {
        self.control.filter.clone()
    }

    /// What an operations port shows and changes.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// How many lines were not written because an output could not keep up. The program never waits for its log.
    pub fn dropped_lines(&self) -> usize {
        self.control.dropped.total()
    }
}

/// What is sent elsewhere, and what carries it.
#[derive(Debug)]
pub(crate) struct Carried {
    sender: Option<Sender>,
    exporter: Option<Exporter>,
    courier: Courier,
}

impl Carried {
    pub(crate) fn start() -> Result<Self, TelemetryError> {
        Ok(Self { sender: None, exporter: None, courier: Courier::start().map_err(TelemetryError::Courier)? })
    }

    pub(crate) fn report_errors(&mut self, dsn: Dsn, service: &str) -> Reporter {
        let (sender, reporter) = Sender::start(&self.courier, dsn, service, env!("CARGO_PKG_VERSION"));
        self.sender = Some(sender);
        reporter
    }

    pub(crate) fn send_traces(
        &mut self,
        endpoint: &OtlpEndpoint,
        sample: Ratio,
        service: &str,
    ) -> Result<Part, TelemetryError> {
        let (exporter, part) = trace::start(&self.courier, endpoint, sample, service)
            .map_err(|error| TelemetryError::Exporter(error.to_string()))?;
        self.exporter = Some(exporter);
        Ok(part)
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        if let Some(exporter) = &self.exporter {
            exporter.shut_down(FLUSH_WITHIN);
        }
        if let Some(sender) = self.sender.take() {
            self.courier.finish(async move { sender.flush().await }, FLUSH_WITHIN);
        }
    }
}

/// What an operations port shows and changes of a program's telemetry. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Control {
    /// The filter of the log.
    pub filter: FilterControl,
    /// What went wrong.
    pub errors: Errors,
    /// Lines that were dropped.
    pub(crate) dropped: Dropped,
}

/// Lines that were not written because an output could not keep up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dropped(Arc<(Vec<ErrorCounter>, AtomicUsize)>);

impl Dropped {
    pub(crate) fn of(outputs: Vec<ErrorCounter>) -> Self {
        Self(Arc::new((outputs, AtomicUsize::new(0))))
    }

    fn total(&self) -> usize {
        self.0.0.iter().map(ErrorCounter::dropped_lines).sum()
    }

    fn count(&self) {
        let total = self.total();
        let counted = self.0.1.swap(total, Ordering::Relaxed);
        LOG.dropped_lines.inc_by(u64::try_from(total.saturating_sub(counted)).unwrap_or_default());
    }
}

impl Control {
    /// One of a log that nothing is written to, for a program without [`crate::init`]: a test.
    pub fn detached() -> Self {
        let filter = FilterControl::with(None, LogFilter::default());
        Self { filter, errors: Errors::default(), dropped: Dropped::default() }
    }

    /// Brings the metrics up to date that are not counted as things happen; to be called before they are read.
    pub fn count(&self) {
        self.dropped.count();
    }
}

/// One change of the filter, so that its end does not undo a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterChange(u64);

/// Reads and replaces the log's filter at run time. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FilterControl {
    handle: Option<reload::Handle<EnvFilter, Registry>>,
    state: Arc<Mutex<FilterState>>,
}

#[derive(Debug)]
struct FilterState {
    configured: LogFilter,
    current: LogFilter,
    changes: u64,
}

impl FilterControl {
    pub(crate) fn new(handle: reload::Handle<EnvFilter, Registry>, configured: LogFilter) -> Self {
        Self::with(Some(handle), configured)
    }

    fn with(handle: Option<reload::Handle<EnvFilter, Registry>>, configured: LogFilter) -> Self {
        let state = FilterState { current: configured.clone(), configured, changes: 0 };
        Self { handle, state: Arc::new(Mutex::new(state)) }
    }

    /// Replaces the filter from now on; on an error the old one stays.
    pub fn set(&self, filter: LogFilter) -> Result<FilterChange, TelemetryError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.put(&mut state, filter)
    }

    /// Puts the configured filter back, unless the filter was changed again after `change`. Says whether it did.
    pub fn end(&self, change: FilterChange) -> Result<bool, TelemetryError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.changes != change.0 {
            return Ok(false);
        }
        let configured = state.configured.clone();
        self.put(&mut state, configured).map(|_| true)
    }

    /// The filter in force.
    pub fn get(&self) -> LogFilter {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).current.clone()
    }

    /// The filter that the program was started with.
    pub fn configured(&self) -> LogFilter {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).configured.clone()
    }

    fn put(&self, state: &mut FilterState, filter: LogFilter) -> Result<FilterChange, TelemetryError> {
        if let Some(handle) = &self.handle {
            handle.reload(filter.to_env_filter()).map_err(|_| TelemetryError::Gone)?;
        }
        state.current = filter;
        state.changes += 1;
        Ok(FilterChange(state.changes))
    }
}
