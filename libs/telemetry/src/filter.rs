//! The filter of the log, checked where it enters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// A valid filter: a level, or directives `target=level` separated by commas.
///
/// Stricter than [`EnvFilter`], for which the typing error `infoo` is a module of that name, all of whose events are
/// logged and nobody else's: a name alone is refused here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogFilter(String);

/// Why a text is no filter.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FilterError {
    /// A name without a level.
    #[error("'{0}' is not a level (error, warn, info, debug, trace, off); for a module write '{0}=info'")]
    NameAlone(String),
    /// A directive that does not parse.
    #[error("'{0}' is not a directive: expected a level (error, warn, info, debug, trace, off) or module=level")]
    Directive(String),
}

impl LogFilter {
    const DEFAULT: &'static str = "info";
    /// The clients of the event bus and of the database have a line for each of their tries; ours are fewer, and name the
    /// settings. And what is part of traces alone ([`crate::trace::TARGET`]) is not the log's.
    const QUIET: &'static str = "async_nats=off,tiberius=off,chatapp_trace=off";

    /// The filter as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing at all is logged.
    pub(crate) fn is_off(&self) -> bool {
        self.0.eq_ignore_ascii_case("off")
    }

    /// The filter as the log's machinery wants it: quiet about what the platform tells in its own words, unless it was
    /// asked for by name.
    pub(crate) fn to_env_filter(&self) -> EnvFilter {
        EnvFilter::new(format!("{},{}", Self::QUIET, self.0))
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = FilterError;

    /// Parses a filter. An empty text is the default, so that an empty environment variable means "not set".
    fn from_str(text: &str) -> Result<Self, FilterError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(str::trim).try_for_each(check_directive)?;
        match EnvFilter::builder().parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(FilterError::Directive(text.to_owned())),
        }
    }
}

fn check_directive(directive: &str) -> Result<(), FilterError> {
    if directive.contains(['=', '[', ']', '{', '}']) {
        return EnvFilter::builder()
            .parse(directive)
            .map(drop)
            .map_err(|_| FilterError::Directive(directive.to_owned()));
    }
    match directive.parse::<LevelFilter>() {
        Ok(_) if !directive.is_empty() => Ok(()),
        _ if directive.is_empty() => Err(FilterError::Directive(String::new())),
        _ => Err(FilterError::NameAlone(directive.to_owned())),
    }
}

impl TryFrom<String> for LogFilter {
    type Error = FilterError;

    fn try_from(text: String) -> Result<Self, FilterError> {
        text.parse()
    }
}

impl From<LogFilter> for String {
    fn from(filter: LogFilter) -> Self {
        filter.0
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_directives_are_filters() {
        for text in ["info", "OFF", "warn,chatapp_auth=debug", "chatapp_rooms::store=trace, error", "[request]=debug"] {
            assert!(text.parse::<LogFilter>().is_ok(), "{text}");
        }
        assert_eq!("  ".parse::<LogFilter>(), Ok(LogFilter::default()));
    }

    #[test]
    fn a_name_alone_is_not_a_filter() {
        assert_eq!("infoo".parse::<LogFilter>(), Err(FilterError::NameAlone("infoo".to_owned())));
    }

    #[test]
    fn the_error_names_the_directive_that_is_wrong() {
        let error = "info,chatapp_auth=loud".parse::<LogFilter>().unwrap_err().to_string();
        assert!(error.contains("'chatapp_auth=loud'") && error.contains("debug"), "{error}");
        assert!("info,".parse::<LogFilter>().is_err());
    }
}
