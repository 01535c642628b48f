//! Settings of the gateway.

use std::time::Duration;

use chatapp_types::limits::{REPLAY_MAX, SEND_QUEUE_BYTES};
use clap::{Args, Parser};

use crate::edge::{Network, Origin};

/// On or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    /// In force.
    #[default]
    On,
    /// Not in force.
    Off,
}

impl Switch {
    /// Whether it is on.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

/// What the gateway lets through, and how much of it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Gateway")]
pub struct GatewayConfig {
    /// Limits of requests, sockets and frames; `off` is for load tests on a closed machine.
    #[arg(long, env = "CHATAPP_RATE_LIMITS", value_enum, default_value = "on", value_name = "on|off")]
    pub rate_limits: Switch,
    /// The original interface (version 0); `off` turns all of it into 404.
    #[arg(long, env = "CHATAPP_V0_API", value_enum, default_value = "on", value_name = "on|off")]
    pub v0_api: Switch,
    /// Origins of web pages that may call, like `https://chat.example.com`, separated by commas.
    #[arg(long, env = "CHATAPP_ALLOWED_ORIGINS", value_delimiter = ',', value_name = "ORIGINS")]
    pub allowed_origins: Vec<Origin>,
    /// Proxies before the gateway whose `X-Forwarded-*` headers count: addresses or networks (`10.0.0.0/8`), separated
    /// by commas.
    #[arg(long, env = "CHATAPP_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORKS")]
    pub trusted_proxies: Vec<Network>,
    /// Requests a minute from one address without a log-in (IPv6: one /64).
    #[arg(long, env = "CHATAPP_ADDRESS_REQUESTS_PER_MINUTE", default_value_t = 300, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub address_requests_per_minute: u32,
    /// Requests at once from one address without a log-in.
    #[arg(long, env = "CHATAPP_ADDRESS_REQUEST_BURST", default_value_t = 100, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub address_request_burst: u32,
    /// Requests a minute of one user.
    #[arg(long, env = "CHATAPP_USER_REQUESTS_PER_MINUTE", default_value_t = 1_200, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub user_requests_per_minute: u32,
    /// Requests at once of one user.
    #[arg(long, env = "CHATAPP_USER_REQUEST_BURST", default_value_t = 300, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub user_request_burst: u32,
    /// Sockets of one user at once.
    #[arg(long, env = "CHATAPP_SOCKETS_PER_USER", default_value_t = 50, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub sockets_per_user: u32,
    /// Frames a minute from one socket.
    #[arg(long, env = "CHATAPP_FRAMES_PER_MINUTE", default_value_t = 300, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub frames_per_minute: u32,
    /// Frames at once from one socket.
    #[arg(long, env = "CHATAPP_FRAME_BURST", default_value_t = 60, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub frame_burst: u32,
    /// Bytes that may wait for one socket before it is closed as slow.
    #[arg(long, env = "CHATAPP_SEND_QUEUE_BYTES", default_value_t = SEND_QUEUE_BYTES, value_name = "BYTES")]
    pub send_queue_bytes: usize,
    /// Handshakes and replays at once; more wait a moment, then get 503.
    #[arg(long, env = "CHATAPP_MAX_HANDSHAKES", default_value_t = 64, value_name = "NUMBER")]
    pub max_handshakes: usize,
    /// Entries replayed to one subscription; the rest is a gap, to be read by REST.
    #[arg(long, env = "CHATAPP_REPLAY_MAX", default_value_t = REPLAY_MAX, value_name = "NUMBER")]
    pub replay_max: u32,
    /// Rooms that one socket may follow.
    #[arg(long, env = "CHATAPP_MAX_SUBSCRIPTIONS", default_value_t = 1_000, value_name = "NUMBER")]
    pub max_subscriptions: usize,
    /// Milliseconds over which sockets are closed at shutdown, so that not all come back at once.
    #[arg(long, env = "CHATAPP_SHUTDOWN_WINDOW_MS", default_value_t = 2_000, value_name = "MILLISECONDS")]
    pub shutdown_window_ms: u64,
}

impl Default for GatewayConfig {
    /// What the command line gives without any argument and without any environment.
    fn default() -> Self {
        Self {
            rate_limits: Switch::On,
            v0_api: Switch::On,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            address_requests_per_minute: 300,
            address_request_burst: 100,
            user_requests_per_minute: 1_200,
            user_request_burst: 300,
            sockets_per_user: 50,
            frames_per_minute: 300,
            frame_burst: 60,
            send_queue_bytes: SEND_QUEUE_BYTES,
            max_handshakes: 64,
            replay_max: REPLAY_MAX,
            max_subscriptions: 1_000,
            shutdown_window_ms: 2_000,
        }
    }
}

impl GatewayConfig {
    /// Over how long sockets are closed at shutdown.
    pub const fn shutdown_window(&self) -> Duration {
        Duration::from_millis(self.shutdown_window_ms)
    }

    /// Reads the environment alone, as when no argument is given.
    pub fn from_env() -> Result<Self, clap::Error> {
        #[derive(Parser)]
        struct Alone {
            #[command(flatten)]
            config: GatewayConfig,
        }
        Alone::try_parse_from(["chatapp-gateway"]).map(|alone| alone.config)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        config: GatewayConfig,
    }

    #[test]
    fn the_defaults_in_code_are_those_of_the_command_line() {
        let parsed = Cli::try_parse_from(["gateway"]).unwrap().config;
        assert_eq!(format!("{parsed:?}"), format!("{:?}", GatewayConfig::default()));
    }

    #[test]
    fn lists_are_separated_by_commas() {
        let args =
            ["gateway", "--trusted-proxies", "10.0.0.0/8,::1", "--allowed-origins", "https://a.example,http://b:81"];
        let config = Cli::try_parse_from(args).unwrap().config;
        assert_eq!(config.trusted_proxies.len(), 2);
        assert_eq!(config.allowed_origins.len(), 2);
    }

    #[test]
    fn a_limit_of_nothing_and_a_network_that_is_none_are_refused() {
        assert!(Cli::try_parse_from(["gateway", "--frames-per-minute", "0"]).is_err());
        assert!(Cli::try_parse_from(["gateway", "--trusted-proxies", "10.0.0.0/33"]).is_err());
        assert!(Cli::try_parse_from(["gateway", "--allowed-origins", "chat.example.com"]).is_err());
    }
}
