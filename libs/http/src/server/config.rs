//! Settings of a server.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

const MAX_CONNECTIONS_PER_CLIENT: usize = 1_000;

/// Where and within which limits a server listens.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct ServerConfig {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "CHATAPP_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Certificate and key; without them plain HTTP.
    #[command(flatten)]
    pub tls: Option<TlsFiles>,
    /// Seconds until the head of a request must have come. Also how long a kept connection may do nothing.
    #[arg(long, env = "CHATAPP_HEADER_TIMEOUT", default_value = "5", value_parser = seconds, value_name = "SECONDS")]
    pub header_timeout: Duration,
    /// Seconds that a peer may take no byte of an answer; then it is gone, or wants to hold our memory.
    #[arg(long, env = "CHATAPP_WRITE_TIMEOUT", default_value = "30", value_parser = seconds, value_name = "SECONDS")]
    pub write_timeout: Duration,
    /// Bytes of a request's head; a longer one is answered 431.
    #[arg(long, env = "CHATAPP_MAX_HEADER_BYTES", default_value_t = 32 * 1024, value_name = "BYTES")]
    pub max_header_bytes: usize,
    /// Connections at once; more wait to be accepted.
    #[arg(long, env = "CHATAPP_MAX_CONNECTIONS", default_value_t = 20_000, value_name = "NUMBER")]
    pub max_connections: usize,
    /// Connections at once from one client (an IPv4 address, or an IPv6 network of 64 bits); more are closed at once.
    /// 0 sets no limit, and this machine's own connections have none: behind a proxy elsewhere, which is one client,
    /// say 0.
    #[arg(
        long,
        env = "CHATAPP_MAX_CONNECTIONS_PER_CLIENT",
        default_value_t = MAX_CONNECTIONS_PER_CLIENT,
        value_name = "NUMBER"
    )]
    pub max_connections_per_client: usize,
    /// Seconds that requests under way have to finish at shutdown.
    #[arg(long, env = "CHATAPP_DRAIN", default_value = "10", value_parser = seconds, value_name = "SECONDS")]
    pub drain: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
            tls: None,
            header_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(30),
            max_header_bytes: 32 * 1024,
            max_connections: 20_000,
            max_connections_per_client: MAX_CONNECTIONS_PER_CLIENT,
            drain: Duration::from_secs(10),
        }
    }
}

/// A certificate and its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct TlsFiles {
    /// File with the certificate and what leads from it to a root (PEM).
    #[arg(long = "tls-cert", env = "CHATAPP_TLS_CERT", required = false, requires = "key", value_name = "FILE")]
    pub cert: PathBuf,
    /// File with the certificate's private key (PEM).
    #[arg(long = "tls-key", env = "CHATAPP_TLS_KEY", required = false, requires = "cert", value_name = "FILE")]
    pub key: PathBuf,
}

impl TlsFiles {
    /// Whether a server could use them: both can be read, and the key is the certificate's. An error names the file.
    pub fn check(&self) -> std::io::Result<()> {
        super::tls::acceptor(self).map(|_| ())
    }
}

/// A span of time in seconds, with a fraction if need be; more than nothing and at most an hour.
fn seconds(text: &str) -> Result<Duration, String> {
    let span: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if span > 0.0 && span <= 3600.0 { Ok(Duration::from_secs_f64(span)) } else { Err("from 0 to 3600".to_owned()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// A program.
    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        server: ServerConfig,
    }

    fn parse(args: &[&str]) -> Result<ServerConfig, clap::Error> {
        Program::try_parse_from([&["program"], args].concat()).map(|program| program.server)
    }

    #[test]
    fn without_arguments_the_defaults_hold() {
        let (parsed, default) = (parse(&[]).unwrap(), ServerConfig::default());
        assert_eq!(format!("{parsed:?}"), format!("{default:?}"));
    }

    #[test]
    fn a_certificate_needs_its_key() {
        let tls = parse(&["--tls-cert", "c.pem", "--tls-key", "k.pem"]).unwrap().tls;
        assert_eq!(tls, Some(TlsFiles { cert: "c.pem".into(), key: "k.pem".into() }));
        assert!(parse(&["--tls-cert", "c.pem"]).is_err());
        assert!(parse(&["--tls-key", "k.pem"]).is_err());
    }

    #[test]
    fn spans_are_seconds_within_an_hour() {
        assert_eq!(parse(&["--drain", "0.5"]).unwrap().drain, Duration::from_millis(500));
        for bad in ["0", "-1", "3601", "NaN", "inf", "soon", ""] {
            assert!(parse(&["--header-timeout", bad]).is_err(), "{bad}");
        }
    }
}
