//! The bus between processes, on NATS.
//!
//! Subjects are those of [`crate::subject`] after `chatapp.`, so that the platform can share a server with others. A
//! process has one connection and, however many of its parts follow a subject, one subscription to it.
//!
//! # Core NATS, and no JetStream
//! A stream would keep events for a consumer that is away. Nobody here needs them kept: a room's log in the database
//! already is that stream, ordered, complete and behind the same access checks as everything else. Gateways resume
//! from it by cursor, ended sessions are polled from auth's view, and rooms follows deleted accounts by a view too. A
//! second copy would cost a write to disk for each event and could disagree with the first. Should a service ever
//! follow events for good (a search index, a bridge), its consumer would keep its cursor beside its own data and read
//! the log for what it missed; a stream would then be a buffer that spares it polling.
//!
//! # When the server is away
//! The connection is made again for ever, with growing, jittered waits. Events that are published meanwhile wait in
//! a bounded queue; beyond it they are dropped and counted. Existing subscriptions live on and continue when the
//! connection is back; what was said in between is found missing by its followers, who read the log. New
//! subscriptions are refused until then, so that nobody believes to follow what he does not.

mod config;
mod echo;
mod news;
mod outlet;
mod topics;

use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectErrorKind};
use async_trait::async_trait;
use bytes::Bytes;

use crate::{Bus, BusError, Subscription};
pub use config::{NatsConfig, NatsServers, NatsUser};
use echo::Echo;
use news::News;
use outlet::Outlet;
use topics::Topics;

/// What every subject of the platform begins with on the server.
pub(crate) const PREFIX: &str = "chatapp.";
/// The largest event; the server's default, which it need not be told.
const MAX_PAYLOAD: usize = 1024 * 1024;
/// How long the end of the process waits for what has been published to leave.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// The header that carries the trace of an event.
const TRACEPARENT: &str = "traceparent";

/// A bus whose publishers and subscribers share a NATS server.
pub struct NatsBus {
    client: Client,
    topics: Topics,
    outlet: Outlet,
    echo: Echo,
}

impl NatsBus {
    /// Connects. A server that is not there is no error: the bus says so in the log and goes on trying, and until it
    /// succeeds nothing can be subscribed to.
    ///
    /// Errors are what does not mend itself: a server that refuses the user, and files that cannot be used. Must be
    /// called within a runtime.
    pub async fn connect(config: &NatsConfig) -> Result<Self, BusError> {
        config.check()?;
        let news = Arc::new(News::new(config));
        let client = match config.options(&news).connect(config.servers.addresses()).await {
            Ok(client) => client,
            Err(err) => match err.kind() {
                ConnectErrorKind::AuthorizationViolation => return Err(config.refused()),
                ConnectErrorKind::Authentication | ConnectErrorKind::Tls | ConnectErrorKind::ServerParse => {
                    return Err(BusError { reason: format!("{}: {}", config.servers, chain(&err)) });
                }
                _ => {
                    news.absent(&chain(&err));
                    let patient = config.options(&news).retry_on_initial_connect();
                    let client = patient.connect(config.servers.addresses()).await;
                    client.map_err(|err| BusError { reason: chain(&err) })?
                }
            },
        };
        let echo = Echo::start(&client).await?;
        Ok(Self { topics: Topics::new(client.clone()), outlet: Outlet::start(client.clone()), echo, client })
    }

    /// How many events have been dropped so far because the server took none, or because they were too large.
    pub fn dropped(&self) -> u64 {
        self.outlet.dropped()
    }

    /// Whether the server is connected at this moment.
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }
}

#[async_trait]
impl Bus for NatsBus {
    fn publish_traced(&self, subject: &str, payload: Bytes, traceparent: Option<&str>) {
        self.outlet.publish(subject, payload, traceparent);
    }

    /// Returns when the server has taken note of the subscription: what is published from then on arrives.
    async fn subscribe(&self, subject: &str) -> Result<Subscription, BusError> {
        if !self.is_connected() {
            return Err(BusError { reason: "the server is not connected".to_owned() });
        }
        let subscription = self.topics.follow(subject).await?;
        self.echo.round_trip().await?;
        Ok(subscription)
    }

    fn system(&self) -> &'static str {
        "nats"
    }

    async fn close(&self) {
        let closing = async {
            self.outlet.close().await;
            let _ = self.client.flush().await;
            let _ = self.client.drain().await;
        };
        if tokio::time::timeout(CLOSE_WITHIN, closing).await.is_err() {
            tracing::debug!("the event bus took its last events too slowly");
        }
    }
}

/// An error and what caused it, in one line.
fn chain(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
