//! Putting the outputs together.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, reload};

use crate::errors::ErrorLayer;
use crate::fields::{JsonFields, TextFields};
use crate::files::LogFiles;
use crate::format::{JsonFormat, TextFormat};
use crate::guard::{Carried, Control, Dropped, FilterControl, Guard};
use crate::trace::Ratio;
use crate::{Errors, FilterError, LogFormat, TelemetryConfig, panics};

/// Lines that may wait for a slow output; beyond them lines are dropped and counted. The queue is allocated whole, so
/// a larger one would cost memory in every process.
const QUEUED_LINES: usize = 8_192;

/// Why there is no log, or no other filter.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The process has a log already.
    #[error("logging is already set up in this process")]
    AlreadySet,
    /// A filter does not parse.
    #[error("the log filter is wrong: {0}")]
    Filter(#[source] FilterError),
    /// The log's subscriber is no more.
    #[error("the log has been shut down")]
    Gone,
    /// The directory for files cannot be made or written.
    #[error("cannot write log files in {}: {reason}", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file with the address of the error tracker cannot be used.
    #[error("{} has no address of an error tracker: {reason}", file.display())]
    DsnFile {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: String,
    },
    /// What carries errors and traces away cannot be started.
    #[error("errors and traces cannot be sent: {0}")]
    Courier(#[source] io::Error),
    /// Traces cannot be sent by these settings.
    #[error("traces cannot be sent: {0}")]
    Exporter(String),
}

/// A part of the whole. Each has a filter of its own: what is logged is not what is traced.
pub(crate) type Part = Box<dyn Layer<Registry> + Send + Sync>;
/// All parts.
pub(crate) type Subscriber = Layered<Vec<Part>, Registry>;

/// Sends the log of this process to standard error and, when `config.dir` is set, to files in it.
///
/// `service` names the program in JSON lines and file names (`2026-11-22.chatapp-rooms.log`). Panics are logged too.
/// Writers run on threads of their own: a slow disk or terminal never delays the caller. Nothing is written to
/// standard output, which belongs to what a command answers.
///
/// Errors: [`TelemetryError::AlreadySet`] on a second call in one process (the first log goes on),
/// [`TelemetryError::Directory`] when files cannot be written.
pub fn init(config: &TelemetryConfig, service: &str) -> Result<Guard, TelemetryError> {
    if tracing::dispatcher::has_been_set() {
        return Err(TelemetryError::AlreadySet);
    }
    start(assemble(config, service, Console::stderr())?)
}

/// As [`init`], but to files alone, for a program whose terminal belongs to what it shows there: the log goes to
/// `config.dir`, or to `dir` when that is not set.
pub fn init_files(config: &TelemetryConfig, dir: &Path, service: &str) -> Result<Guard, TelemetryError> {
    if tracing::dispatcher::has_been_set() {
        return Err(TelemetryError::AlreadySet);
    }
    let files = TelemetryConfig { dir: Some(config.dir.clone().unwrap_or_else(|| dir.to_owned())), ..config.clone() };
    start(assemble::<io::Sink>(&files, service, None)?)
}

/// For a client on somebody's terminal, which is silent unless it was asked to speak: lines to standard error by
/// `filter`, and traces where `CHATAPP_OTLP_ENDPOINT` (or OpenTelemetry's own variables) sends them. `None` when neither
/// was asked for, or what was asked for cannot be.
pub fn init_client(filter: Option<&str>, service: &str) -> Option<Guard> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let otlp_endpoint = set("CHATAPP_OTLP_ENDPOINT").and_then(|text| text.parse().ok());
    let trace_sample = set("CHATAPP_TRACE_SAMPLE").and_then(|text| text.parse().ok()).unwrap_or(Ratio::ALL);
    let filter = filter.and_then(|text| text.parse().ok());
    let config = TelemetryConfig { format: LogFormat::Text, otlp_endpoint, trace_sample, ..TelemetryConfig::default() };
    if (filter.is_none() && config.endpoint().is_none()) || tracing::dispatcher::has_been_set() {
        return None;
    }
    let console = filter.is_some().then(|| Console { colors: false, ..Console::stderr() });
    let config = TelemetryConfig { filter: filter.unwrap_or_default(), ..config };
    let (subscriber, guard) = assemble(&config, service, console).ok()?;
    subscriber.try_init().ok()?;
    Some(guard)
}

fn start((subscriber, guard): (Subscriber, Guard)) -> Result<Guard, TelemetryError> {
    subscriber.try_init().map_err(|_| TelemetryError::AlreadySet)?;
    panics::log_panics(guard.filter_control());
    Ok(guard)
}

/// Where lines for people go.
pub(crate) struct Console<W> {
    writer: W,
    terminal: bool,
    colors: bool,
}

impl Console<io::Stderr> {
    fn stderr() -> Self {
        let terminal = io::stderr().is_terminal();
        let colors = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { writer: io::stderr(), terminal, colors }
    }
}

pub(crate) fn assemble<W: Write + Send + 'static>(
    config: &TelemetryConfig,
    service: &str,
    console: impl Into<Option<Console<W>>>,
) -> Result<(Subscriber, Guard), TelemetryError> {
    let mut writers = vec![];
    let mut outputs: Vec<Part> = vec![];
    if let Some(console) = console.into() {
        let json = config.format.is_json(console.terminal);
        let (writer, worker) = queue(console.writer);
        outputs.push(output(writer.clone(), json, console.colors, service));
        writers.push((writer, worker));
    }

    if let Some(dir) = &config.dir {
        let (writer, worker) = queue(files(dir, config, service)?);
        outputs.push(output(writer.clone(), config.format.is_json(false), false, service));
        writers.push((writer, worker));
    }

    let (filter, handle) = reload::Layer::new(config.filter.to_env_filter());
    let dropped = Dropped::of(writers.iter().map(|(writer, _)| writer.error_counter()).collect());
    let filter_control = FilterControl::new(handle, config.filter.clone());
    let control = Control { filter: filter_control, errors: Errors::default(), dropped };
    let (carried, mut parts) = carried(config, service, &control.errors)?;
    parts.push(outputs.with_filter(filter).boxed());
    let guard = Guard::new(control, writers.into_iter().map(|(_, worker)| worker).collect(), carried);
    Ok((tracing_subscriber::registry().with(parts), guard))
}

/// What is noticed besides the log, and what carries it elsewhere where there is such a place.
fn carried(
    config: &TelemetryConfig,
    service: &str,
    errors: &Errors,
) -> Result<(Option<Carried>, Vec<Part>), TelemetryError> {
    let (dsn, endpoint) = (config.dsn()?, config.endpoint());
    let mut parts = vec![];
    let (mut carried, mut reporter) = (None, None);
    if dsn.is_some() || endpoint.is_some() {
        let mut carrying = Carried::start()?;
        if let Some(dsn) = dsn {
            reporter = Some(carrying.report_errors(dsn, service));
        }
        if let Some(endpoint) = endpoint {
            parts.push(carrying.send_traces(&endpoint, config.trace_sample, service)?);
        }
        carried = Some(carrying);
    }
    parts.push(ErrorLayer::new(errors.clone(), reporter).with_filter(ErrorLayer::interest()).boxed());
    Ok((carried, parts))
}

fn queue<W: Write + Send + 'static>(writer: W) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().buffered_lines_limit(QUEUED_LINES).thread_name("log").finish(writer)
}

fn output(writer: NonBlocking, json: bool, colors: bool, service: &str) -> Part {
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(colors);
    if json {
        layer.fmt_fields(JsonFields).event_format(JsonFormat { service: service.to_owned() }).boxed()
    } else {
        layer.fmt_fields(TextFields).event_format(TextFormat).boxed()
    }
}

fn files(dir: &Path, config: &TelemetryConfig, service: &str) -> Result<LogFiles, TelemetryError> {
    let max_bytes = config.max_mb.saturating_mul(1_000_000);
    create_private_dir(dir)
        .and_then(|()| LogFiles::open(dir, service, config.keep, max_bytes))
        .map_err(|error| TelemetryError::Directory { dir: dir.to_owned(), reason: error.to_string() })
}

/// A log holds names and addresses: a directory made here is its owner's alone.
fn create_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests;
