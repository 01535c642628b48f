//! Settings of processes that listen.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use chatapp_http::{ServerConfig, TlsFiles};
use clap::Args;

use crate::bus::BusArgs;

/// Settings that every process that listens has. Flatten them into a program's arguments.
#[derive(Args, Clone, Debug)]
pub struct ProcessArgs {
    /// Where it listens, and within which limits.
    #[command(flatten)]
    pub server: ServerConfig,

    /// Address and port for operations (/livez, /readyz, /metrics, /errors, /log-level, /build-info); never give it to the public
    #[arg(long, env = "CHATAPP_OPS_LISTEN", value_name = "ADDRESS")]
    pub ops_listen: Option<SocketAddr>,

    /// Seconds between the signal to end, at which /readyz turns 503, and the end of taking connections: as long as those
    /// who send requests here need to notice
    #[arg(long, env = "CHATAPP_DRAIN_DELAY", default_value_t = 0, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(..=600))]
    pub drain_delay: u64,

    /// Where events go.
    #[command(flatten)]
    pub bus: BusArgs,
}

impl ProcessArgs {
    /// How long the process works on when it has been asked to end.
    pub const fn drain_delay(&self) -> Duration {
        Duration::from_secs(self.drain_delay)
    }

    /// Checks what can be checked before anything is done: a certificate that cannot be used is told at once.
    pub fn check(&self) -> anyhow::Result<()> {
        self.bus.check()?;
        self.server.tls.as_ref().map_or(Ok(()), TlsFiles::check).context("cannot use TLS")
    }
}

/// Where the other services are, for processes that host one.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Other services")]
pub struct PeerUrls {
    /// Base URL of the auth service
    #[arg(long, env = "CHATAPP_AUTH_URL", default_value = "http://127.0.0.1:8001", value_name = "URL")]
    pub auth_url: String,

    /// Base URL of the rooms service
    #[arg(long, env = "CHATAPP_ROOMS_URL", default_value = "http://127.0.0.1:8002", value_name = "URL")]
    pub rooms_url: String,

    /// Base URL of the messages service
    #[arg(long, env = "CHATAPP_MESSAGES_URL", default_value = "http://127.0.0.1:8003", value_name = "URL")]
    pub messages_url: String,
}
