//! Settings.

use chatapp_types::limits::{BODY_MAX_BYTES, BODY_MAX_CHARS};

use crate::app::body::BodyLimits;

/// Settings of the messages service.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Messages")]
pub struct MessagesConfig {
    /// Characters that a message may have.
    #[arg(long, env = "CHATAPP_BODY_MAX_CHARS", default_value_t = BODY_MAX_CHARS, value_name = "NUMBER")]
    pub body_max_chars: usize,
    /// Bytes that a message may have.
    #[arg(long, env = "CHATAPP_BODY_MAX_BYTES", default_value_t = BODY_MAX_BYTES, value_name = "BYTES")]
    pub body_max_bytes: usize,
    /// Seconds between two looks for events that a crash kept from being sent, and for texts of deleted rooms.
    #[arg(long, env = "CHATAPP_SWEEP_EVERY_S", default_value_t = SWEEP_EVERY_S, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub sweep_every_s: u64,
}

const SWEEP_EVERY_S: u64 = 30;

impl Default for MessagesConfig {
    fn default() -> Self {
        Self { body_max_chars: BODY_MAX_CHARS, body_max_bytes: BODY_MAX_BYTES, sweep_every_s: SWEEP_EVERY_S }
    }
}

impl MessagesConfig {
    /// How long a text may be.
    pub const fn body_limits(&self) -> BodyLimits {
        BodyLimits { chars: self.body_max_chars, bytes: self.body_max_bytes }
    }
}
