//! Putting the outputs together.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{self, RollingFileAppender, Rotation};
use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use crate::fields::{JsonFields, TextFields};
use crate::format::{JsonFormat, TextFormat};
use crate::guard::{FilterControl, Guard};
use crate::{FilterError, TelemetryConfig, panics};

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
}

type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;
type Output = Box<dyn Layer<Filtered> + Send + Sync>;

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

fn start((subscriber, guard): (Layered<Vec<Output>, Filtered>, Guard)) -> Result<Guard, TelemetryError> {
    subscriber.try_init().map_err(|_| TelemetryError::AlreadySet)?;
    panics::log_panics();
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
) -> Result<(Layered<Vec<Output>, Filtered>, Guard), TelemetryError> {
    let mut writers = vec![];
    let mut outputs = vec![];
    if let Some(console) = console.into() {
        let json = config.format.is_json(console.terminal);
        let (writer, worker) = queue(console.writer);
        outputs.push(output(writer.clone(), json, console.colors, service));
        writers.push((writer, worker));
    }

    if let Some(dir) = &config.dir {
        let (writer, worker) = queue(files(dir, config.keep, service)?);
        outputs.push(output(writer.clone(), config.format.is_json(false), false, service));
        writers.push((writer, worker));
    }

    let (filter, handle) = reload::Layer::new(config.filter.to_env_filter());
    let control = FilterControl::new(handle, config.filter.clone());
    let dropped = writers.iter().map(|(writer, _)| writer.error_counter()).collect();
    let guard = Guard::new(control, writers.into_iter().map(|(_, worker)| worker).collect(), dropped);
    Ok((tracing_subscriber::registry().with(filter).with(outputs), guard))
}

fn queue<W: Write + Send + 'static>(writer: W) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().buffered_lines_limit(QUEUED_LINES).thread_name("log").finish(writer)
}

fn output(writer: NonBlocking, json: bool, colors: bool, service: &str) -> Output {
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(colors);
    if json {
        layer.fmt_fields(JsonFields).event_format(JsonFormat { service: service.to_owned() }).boxed()
    } else {
        layer.fmt_fields(TextFields).event_format(TextFormat).boxed()
    }
}

fn files(dir: &Path, keep: usize, service: &str) -> Result<RollingFileAppender, TelemetryError> {
    let refused = |reason: String| TelemetryError::Directory { dir: dir.to_owned(), reason };
    create_private_dir(dir).map_err(|error| refused(error.to_string()))?;
    // The day comes first: old files are found by the end of their name, and `chatapp.log` must not match the files of
    // `chatapp-rooms`.
    rolling::Builder::new()
        .rotation(Rotation::DAILY)
        .filename_suffix(format!("{service}.log"))
        .max_log_files(keep)
        .build(dir)
        .map_err(|error| {
            refused(std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string))
        })
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
