//! Where the server is, and who we are to it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Auth, AuthError, ConnectOptions, ServerAddr};
use chatapp_types::Secret;

use super::news::News;
use crate::{BusError, SUBSCRIPTION_BUFFER};

/// A connection that is not made in this time is tried again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A server that is silent for about three times as long is left.
const PING_EVERY: Duration = Duration::from_secs(2);
/// The wait after the first failed try; it doubles up to the longest. What is waited is drawn from the upper half.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Commands on their way to the connection; events wait in the outlet's queue, which is bounded in bytes as well.
const COMMANDS: usize = 256;

/// The addresses of one server, or of the servers of a cluster: `nats://host:port`, `tls://host:port`, several
/// separated by commas. No user in it, for addresses are logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsServers(Vec<ServerAddr>);

impl NatsServers {
    pub(super) fn addresses(&self) -> &[ServerAddr] {
        &self.0
    }
}

impl FromStr for NatsServers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let servers: Result<Vec<_>, _> = text.split(',').map(|one| address(one.trim())).collect();
        servers.map(Self)
    }
}

fn address(text: &str) -> Result<ServerAddr, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    if !matches!(scheme, "nats" | "tls") || rest.is_empty() {
        return Err("expected `nats://host:port` or `tls://host:port`, several separated by commas".to_owned());
    }
    // Before anything is said of the text: it may hold a password.
    if rest.contains('@') {
        return Err("no user belongs in an address: give CHATAPP_BUS_USER and CHATAPP_BUS_PASSWORD_FILE".to_owned());
    }
    if rest.contains('/') {
        return Err(format!("`{text}` has a path; NATS has none"));
    }
    text.parse().map_err(|err| format!("`{text}`: {err}"))
}

impl fmt::Display for NatsServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<&str> = self.0.iter().map(ServerAddr::as_url_str).collect();
        f.write_str(&all.join(","))
    }
}

/// A user of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsUser {
    /// The name.
    pub name: String,
    /// The file with the password. Read at each connect, so that a new password needs no restart.
    pub password_file: PathBuf,
}

impl NatsUser {
    fn password(&self) -> Result<Secret, String> {
        let text = std::fs::read_to_string(&self.password_file);
        let text = text.map_err(|err| format!("{}: {err}", self.password_file.display()))?;
        match text.trim() {
            "" => Err(format!("{} is empty", self.password_file.display())),
            password => Ok(Secret::new(password)),
        }
    }
}

/// How to connect. Messages about it name the settings of [`crate::NatsBus`] as operators know them
/// (`CHATAPP_BUS_…`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsConfig {
    /// Where.
    pub servers: NatsServers,
    /// As whom; `None` for a server that asks nobody.
    pub user: Option<NatsUser>,
    /// The certificates (PEM) that the server's is checked against; `None` for those of the machine.
    pub ca_file: Option<PathBuf>,
    /// What the server calls this connection when it lists them.
    pub name: String,
}

impl NatsConfig {
    /// Reads what has to be read, so that a wrong setting is told by its name.
    pub(super) fn check(&self) -> Result<(), BusError> {
        if let Some(user) = &self.user {
            user.password().map_err(|err| BusError { reason: format!("CHATAPP_BUS_PASSWORD_FILE: {err}") })?;
        }
        if let Some(file) = &self.ca_file {
            std::fs::metadata(file)
                .map_err(|err| BusError { reason: format!("CHATAPP_BUS_CA_FILE: {}: {err}", file.display()) })?;
        }
        Ok(())
    }

    pub(super) fn options(&self, news: &Arc<News>) -> ConnectOptions {
        let options = match self.user.clone() {
            None => ConnectOptions::new(),
            Some(user) => ConnectOptions::with_auth_callback(move |_nonce| std::future::ready(identify(&user))),
        };
        let news = news.clone();
        let options = options
            .name(&self.name)
            .connection_timeout(CONNECT_TIMEOUT)
            .ping_interval(PING_EVERY)
            .client_capacity(COMMANDS)
            .subscription_capacity(SUBSCRIPTION_BUFFER)
            .custom_inbox_prefix(super::echo::INBOX)
            .reconnect_delay_callback(wait_before)
            .max_reconnects(None)
            .event_callback(move |event| {
                news.hear(&event);
                std::future::ready(())
            });
        match &self.ca_file {
            Some(file) => options.add_root_certificates(file.clone()),
            None => options,
        }
    }

    /// The server does not want this user: what to look at.
    pub(super) fn refused(&self) -> BusError {
        let servers = &self.servers;
        let reason = match &self.user {
            None => format!("{servers} asks for a user: set CHATAPP_BUS_USER and CHATAPP_BUS_PASSWORD_FILE"),
            Some(user) => format!(
                "{servers} refuses the user {}: CHATAPP_BUS_USER or the password in CHATAPP_BUS_PASSWORD_FILE ({}) is \
                 wrong",
                user.name,
                user.password_file.display()
            ),
        };
        BusError { reason }
    }
}

fn identify(user: &NatsUser) -> Result<Auth, AuthError> {
    let password = user.password().map_err(AuthError::new)?;
    let mut auth = Auth::new();
    auth.username = Some(user.name.clone());
    auth.password = Some(password.expose().to_owned());
    Ok(auth)
}

/// The wait before the try of this number, from 1. The first is made at once.
fn wait_before(attempt: usize) -> Duration {
    use std::hash::{BuildHasher as _, RandomState};
    let Some(doublings) = attempt.checked_sub(2) else { return Duration::ZERO };
    let doublings = u32::try_from(doublings).unwrap_or(u32::MAX).min(16);
    let longest = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
    // The standard library's random source is enough to keep processes apart that lost the server together.
    let [high, low, ..] = RandomState::new().hash_one(attempt).to_be_bytes();
    longest.mul_f64(0.5 + f64::from(u16::from_be_bytes([high, low])) / f64::from(u16::MAX) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_one_or_many() {
        let servers: NatsServers = "nats://one:4222, tls://two:4223".parse().unwrap();
        assert_eq!(servers.to_string(), "nats://one:4222,tls://two:4223");
    }

    #[test]
    fn what_is_no_address_is_refused_and_no_password_is_repeated() {
        for text in ["", "nats://", "http://host:1", "host:4222", "nats://host/path", "nats://a:1,,"] {
            assert!(text.parse::<NatsServers>().is_err(), "{text:?}");
        }
        let error = "nats://ann:hunter2@host:4222".parse::<NatsServers>().unwrap_err();
        assert!(error.contains("CHATAPP_BUS_USER") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn waits_grow_to_a_limit_and_differ() {
        assert_eq!(wait_before(1), Duration::ZERO);
        for attempt in 2..70 {
            let wait = wait_before(attempt);
            assert!(wait >= FIRST_WAIT / 2 && wait <= LONGEST_WAIT, "{attempt}: {wait:?}");
        }
        let drawn: std::collections::HashSet<_> = (0..20).map(|_| wait_before(20)).collect();
        assert!(drawn.len() > 10);
    }
}
