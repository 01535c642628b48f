//! The settings of the log.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::trace::{OtlpEndpoint, Ratio};
use crate::{Dsn, LogFilter, TelemetryError};

/// How many files are kept when nothing else is said.
const DEFAULT_KEEP: usize = 14;
/// Megabytes of one file when nothing else is said.
const DEFAULT_MAX_MB: u64 = 100;

/// What is logged, how and where. Flatten it into a program's arguments; every setting has an environment variable.
#[derive(Args, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Logging")]
pub struct TelemetryConfig {
    /// What is logged: a level (error, warn, info, debug, trace, off), or directives such as `info,chatapp_auth=debug`
    #[arg(
        id = "log_filter",
        long = "log",
        env = "CHATAPP_LOG",
        default_value = "info",
        global = true,
        value_name = "FILTER"
    )]
    pub filter: LogFilter,

    /// How lines look: text for people, json for machines, auto chooses text on a terminal
    #[arg(
        id = "log_format",
        long = "log-format",
        env = "CHATAPP_LOG_FORMAT",
        default_value = "auto",
        global = true,
        value_name = "FORMAT"
    )]
    pub format: LogFormat,

    /// Also write the log to files in this directory, a new one each day (UTC) and whenever one is full
    #[arg(id = "log_dir", long = "log-dir", env = "CHATAPP_LOG_DIR", global = true, value_name = "DIR")]
    pub dir: Option<PathBuf>,

    /// How many files are kept; 0 keeps all
    #[arg(
        id = "log_keep",
        long = "log-keep",
        env = "CHATAPP_LOG_KEEP",
        default_value_t = DEFAULT_KEEP,
        global = true,
        value_name = "FILES"
    )]
    pub keep: usize,

    /// Megabytes of one file, beyond which the next one begins; 0 means no limit
    #[arg(
        id = "log_max_mb",
        long = "log-max-mb",
        env = "CHATAPP_LOG_MAX_MB",
        default_value_t = DEFAULT_MAX_MB,
        global = true,
        value_name = "MEGABYTES"
    )]
    pub max_mb: u64,

    /// Send traces to a collector that speaks OTLP over HTTP, like `http://collector:4318`; `OTEL_EXPORTER_OTLP_ENDPOINT` counts
    /// too. Without one nothing is traced
    #[arg(id = "otlp_endpoint", long, env = "CHATAPP_OTLP_ENDPOINT", global = true, value_name = "URL")]
    #[serde(skip)]
    pub otlp_endpoint: Option<OtlpEndpoint>,

    /// The part of all traces that is recorded, from 0 to 1
    #[arg(
        id = "trace_sample",
        long,
        env = "CHATAPP_TRACE_SAMPLE",
        default_value_t = Ratio::ALL,
        global = true,
        value_name = "RATIO"
    )]
    #[serde(skip, default = "all")]
    pub trace_sample: Ratio,

    /// Report errors to a tracker that understands Sentry's protocol: `https://KEY@host/PROJECT`
    #[arg(
        id = "sentry_dsn",
        long,
        env = "CHATAPP_SENTRY_DSN",
        hide_env_values = true,
        global = true,
        value_name = "DSN"
    )]
    #[serde(skip)]
    pub sentry_dsn: Option<Dsn>,

    /// File with that address
    #[arg(id = "sentry_dsn_file", long, env = "CHATAPP_SENTRY_DSN_FILE", global = true, value_name = "FILE")]
    #[serde(skip)]
    pub sentry_dsn_file: Option<PathBuf>,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            filter: LogFilter::default(),
            format: LogFormat::Auto,
            dir: None,
            keep: DEFAULT_KEEP,
            max_mb: DEFAULT_MAX_MB,
            otlp_endpoint: None,
            trace_sample: Ratio::ALL,
            sentry_dsn: None,
            sentry_dsn_file: None,
        }
    }
}

fn all() -> Ratio {
    Ratio::ALL
}

impl TelemetryConfig {
    /// Where traces are sent to, if anywhere.
    pub(crate) fn endpoint(&self) -> Option<OtlpEndpoint> {
        self.otlp_endpoint.clone().or_else(OtlpEndpoint::from_standard_variables)
    }

    /// Where errors are reported to, if anywhere.
    pub(crate) fn dsn(&self) -> Result<Option<Dsn>, TelemetryError> {
        let (Some(file), None) = (&self.sentry_dsn_file, &self.sentry_dsn) else { return Ok(self.sentry_dsn.clone()) };
        let refused = |reason: String| TelemetryError::DsnFile { file: file.clone(), reason };
        let text = std::fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
        text.parse().map(Some).map_err(|error: crate::BadDsn| refused(error.to_string()))
    }
}

/// How a log line looks.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise (files are not terminals).
    #[default]
    Auto,
    /// One readable line an event.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// Whether lines are JSON on an output that is, or is not, a terminal.
    pub(crate) fn is_json(self, terminal: bool) -> bool {
        match self {
            Self::Auto => !terminal,
            Self::Text => false,
            Self::Json => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        telemetry: TelemetryConfig,
        #[command(subcommand)]
        command: Option<Command>,
    }

    #[derive(clap::Subcommand, Debug)]
    enum Command {
        Up,
    }

    #[test]
    fn a_program_without_arguments_gets_the_defaults() {
        let program = Program::try_parse_from(["p"]).unwrap();
        assert_eq!(program.telemetry, TelemetryConfig::default());
    }

    #[test]
    fn settings_may_follow_the_subcommand() {
        let program =
            Program::try_parse_from(["p", "up", "--log", "debug", "--log-dir", "logs", "--log-format", "json"])
                .unwrap();
        assert!(matches!(program.command, Some(Command::Up)));
        assert_eq!(program.telemetry.filter.as_str(), "debug");
        assert_eq!(program.telemetry.dir, Some(PathBuf::from("logs")));
        assert_eq!(program.telemetry.format, LogFormat::Json);
    }

    #[test]
    fn a_wrong_level_is_refused_with_what_would_be_right() {
        let error = Program::try_parse_from(["p", "--log", "infoo"]).err().unwrap().to_string();
        assert!(error.contains("infoo") && error.contains("infoo=info") && error.contains("debug"), "{error}");
    }

    #[test]
    fn a_settings_file_may_name_only_what_differs() {
        let config: TelemetryConfig = serde_json::from_str(r#"{"filter":"warn","keep":3}"#).unwrap();
        assert_eq!(config.filter.as_str(), "warn");
        assert_eq!((config.keep, config.format, config.dir), (3, LogFormat::Auto, None));
        assert!(serde_json::from_str::<TelemetryConfig>(r#"{"filter":"loud"}"#).is_err());
        assert!(serde_json::from_str::<TelemetryConfig>(r#"{"level":"info"}"#).is_err());
    }
}
