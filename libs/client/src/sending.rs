//! Sending that survives: keep, send, repeat under the same key, strike out.

use std::time::Duration;

use chatapp_telemetry::trace;
use chatapp_types::messages::{PostMessageRequest, PostedMessage};
use chatapp_types::{Clock, MessageId, RoomId, SendKey, UserId};
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use crate::backoff::Backoff;
use crate::outbox::{Outbox, Unsent};
use crate::{Client, ClientError};

/// Sends messages by REST, one after the other, each kept in the outbox until its fate is known.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    outbox: Outbox,
    author: UserId,
    patience: Duration,
}

/// Why a message was not acknowledged.
#[derive(Debug)]
pub struct NotSent {
    /// The last answer.
    pub error: ClientError,
    /// Whether it is kept and will be sent later under the same key; else it was refused for good.
    pub kept: bool,
}

impl From<ClientError> for NotSent {
    fn from(error: ClientError) -> Self {
        Self { error, kept: false }
    }
}

impl Sender {
    /// A sender for `author`, whose log-in `client` has. It repeats a send for up to `patience`.
    pub const fn new(client: Client, outbox: Outbox, author: UserId, patience: Duration) -> Self {
        Self { client, outbox, author, patience }
    }

    /// What this author left unsent at this gateway in processes that have ended: to be sent before anything else.
    pub fn orphans(&self) -> Result<Vec<Unsent>, ClientError> {
        self.outbox.orphans(self.author, self.client.url())
    }

    /// What this process is to send after a new log-in: what it kept itself, and what ended processes did.
    pub fn resumable(&self) -> Result<Vec<Unsent>, ClientError> {
        self.outbox.resumable(self.author, self.client.url())
    }

    /// What this author has not yet sent at this gateway, in any process.
    pub fn unsent(&self) -> Result<Vec<Unsent>, ClientError> {
        self.outbox.of(self.author, self.client.url())
    }

    /// Makes a message and keeps it; it is on disk when this returns.
    pub fn keep(
        &self,
        clock: &dyn Clock,
        room_id: RoomId,
        key: SendKey,
        body: String,
        reply_to: Option<MessageId>,
    ) -> Result<Unsent, ClientError> {
        let message = Unsent {
            key,
            room_id,
            body,
            reply_to,
            author: self.author,
            url: self.client.url().clone(),
            queued_at: clock.now(),
            sender: self.outbox.sender_id()?,
        };
        self.outbox.add(&message)?;
        Ok(message)
    }

    /// Sends a kept message until it is acknowledged, refused for good, or patience runs out. Dropping the future leaves
    /// the message kept.
    pub async fn send(&self, message: &Unsent) -> Result<PostedMessage, NotSent> {
        match post_patiently(&self.client, message, self.patience).instrument(span(message.room_id)).await {
            Ok(posted) => {
                self.strike_out(message.key);
                Ok(posted)
            }
            Err(error) if is_final(&error) => {
                self.strike_out(message.key);
                Err(NotSent { error, kept: false })
            }
            Err(error) => Err(NotSent { error, kept: true }),
        }
    }

    /// A message that cannot be struck out is sent once more later, under its key: no harm.
    fn strike_out(&self, key: SendKey) {
        if let Err(e) = self.outbox.done(key) {
            tracing::warn!(error = %e, "could not strike a message out of the outbox");
        }
    }

    /// Strikes a message out whose fate was learnt elsewhere (an ack of the live feed), or that is no longer wanted.
    pub fn forget(&self, key: SendKey) -> Result<(), ClientError> {
        self.outbox.done(key)
    }
}

/// A message's way from here to its acknowledgement, repetitions included, as the beginning of its trace.
fn span(room: RoomId) -> Span {
    tracing::info_span!(target: trace::TARGET, "send", otel.kind = "internal", otel.name = "send message", room.id = %room)
}

/// Whether repeating the message can never help: refused for what it is, not for when it came or for the log-in.
pub(crate) fn is_final(error: &ClientError) -> bool {
    match error {
        ClientError::Problem(problem) => !error.is_transient() && !matches!(problem.status, 401 | 500..),
        ClientError::Usage(_) => true,
        _ => false,
    }
}

/// Posts, and on a passing failure repeats under the same key, for up to `patience`; honours `Retry-After`.
async fn post_patiently(client: &Client, message: &Unsent, patience: Duration) -> Result<PostedMessage, ClientError> {
    let give_up = Instant::now() + patience;
    let request = PostMessageRequest { body: message.body.clone(), reply_to: message.reply_to };
    let mut backoff = Backoff::for_requests();
    loop {
        let error = match client.post_message(message.room_id, message.key, &request).await {
            Ok(posted) => return Ok(posted),
            Err(e) => e,
        };
        let wait = error.retry_after().unwrap_or_default().max(backoff.next_wait());
        if !error.is_transient() || Instant::now() + wait > give_up {
            return Err(error);
        }
        tracing::debug!(key = %message.key, wait_ms = wait.as_millis(), "repeating a send under its key");
        tokio::time::sleep(wait).await;
    }
}
