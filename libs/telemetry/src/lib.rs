//! What a program of the platform says about itself: log lines for people on a terminal, JSON for machines, files
//! that rotate; what went wrong in it, each kind once; and where its requests spend their time.
//!
//! ```no_run
//! # fn main() -> Result<(), chatapp_telemetry::TelemetryError> {
//! let config = chatapp_telemetry::TelemetryConfig::default();
//! let _guard = chatapp_telemetry::init(&config, "chatapp-rooms")?;
//! tracing::info!(room.id = "0192…", duration_ms = 3, "room created");
//! # Ok(())
//! # }
//! ```
//!
//! The formats are our own, and not those of `tracing-subscriber`, because a line must not be forgeable: whatever a
//! stranger puts into a name, a header or a message reaches the log as *one* value on *one* line. The library's text
//! format escapes ESC but lets line breaks through, and prints values unquoted, so that `x level=ERROR` in a user name
//! would read as a field. Here control characters are escaped in both formats (`escape`), and a value that has a
//! space, a quote or an equals sign is quoted.
//!
//! Secrets are typed so that they cannot be formatted (`chatapp_types::Secret`); as a second net, a field with a name
//! such as `password` or `authorization` is never written (`redact`).

mod config;
mod courier;
mod errors;
mod escape;
mod fields;
mod files;
mod filter;
mod format;
mod guard;
mod init;
mod panics;
mod present;
mod redact;
pub mod trace;

pub use config::{LogFormat, TelemetryConfig};
pub use errors::{BadDsn, Dsn, ErrorRecord, Errors};
pub use filter::{FilterError, LogFilter};
pub use guard::{Control, FilterChange, FilterControl, Guard};
pub use init::{TelemetryError, init, init_client, init_files};
