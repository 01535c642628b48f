//! What a feed tells its owner, and what its owner asks of it.

use std::time::Duration;

use chatapp_types::{Entry, ErrorCode, MessageId, RoomId, SendKey, UserRef};

use crate::ClientError;
use crate::error::in_short;

/// How a feed gets its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Pushed over a WebSocket.
    Socket,
    /// Asked for every few seconds.
    Polling,
}

/// What happens. Texts within come from others: sanitise before showing them.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Entries flow, or flow again.
    Connected {
        /// As whom.
        user: UserRef,
        /// How.
        transport: Transport,
    },
    /// The next entry of a room: strictly the one after the entry before (or after what one may not read).
    Entry(Box<Entry>),
    /// Everything that was in the room when the subscription began, or the connection came back, has been given.
    CaughtUp {
        /// The room.
        room_id: RoomId,
        /// The last seq given.
        seq: u64,
    },
    /// Somebody is typing.
    Typing {
        /// The room.
        room_id: RoomId,
        /// Who.
        user: UserRef,
    },
    /// Members came or went.
    Presence {
        /// The room.
        room_id: RoomId,
        /// Who is online (all when `full`, else those who came).
        online: Vec<UserRef>,
        /// Who went.
        offline: Vec<UserRef>,
        /// Whether `online` is everyone.
        full: bool,
    },
    /// A send is committed.
    Ack {
        /// Its key.
        key: SendKey,
        /// The room.
        room_id: RoomId,
        /// Its place in the room's order.
        seq: u64,
        /// Its message.
        message_id: MessageId,
        /// Whether an earlier try had done it.
        duplicate: bool,
    },
    /// A send is refused for good, or there is no place for it now (`final: false`: keep it and send it later).
    Refused {
        /// Its key.
        key: SendKey,
        /// The room.
        room_id: RoomId,
        /// Why, for programs.
        code: ErrorCode,
        /// Why, for people.
        message: String,
        /// Whether the same send can never succeed.
        is_final: bool,
    },
    /// The subscription has ended: one may no longer read the room, or it is no more.
    RoomEnded {
        /// The room.
        room_id: RoomId,
        /// Why, where the server said so.
        code: Option<ErrorCode>,
    },
    /// The server's delivery is interrupted (`false`) or restored.
    Delivery {
        /// Whether entries flow.
        ok: bool,
    },
    /// No connection; the next try comes by itself.
    Disconnected {
        /// When.
        retry_in: Duration,
        /// What happened.
        reason: String,
    },
    /// The session has ended; the feed has ended with it.
    LoggedOut {
        /// What happened.
        reason: String,
    },
    /// The feed has ended for another reason that trying again would not change.
    Failed {
        /// What happened.
        reason: String,
    },
}

/// A message to send over a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its idempotency key.
    pub key: SendKey,
    /// Where it goes.
    pub room_id: RoomId,
    /// The text.
    pub body: String,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
}

/// What the owner asks.
#[derive(Clone, Debug)]
pub(super) enum Command {
    Subscribe { room_id: RoomId, after: Option<u64> },
    Unsubscribe { room_id: RoomId },
    Send(Outgoing),
    Typing { room_id: RoomId },
    Read { room_id: RoomId, seq: u64 },
}

/// Why a connection, or the feed, is over.
#[derive(Debug)]
pub(super) enum Ending {
    /// The owner has dropped its handle or its events.
    Stopped,
    /// Try again after a wait.
    Retry { reason: String, at_least: Duration },
    /// The server does not take the token: get another, then try again.
    TokenRefused { reason: String, session_over: bool },
    /// Polling has lasted long enough: try a socket again.
    PolledEnough,
    /// Sockets do not pass on the way to the gateway.
    NoSockets { reason: String },
    /// Trying again changes nothing.
    Failed { reason: String },
}

impl Ending {
    pub(super) fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), at_least: Duration::ZERO }
    }

    /// What an error of a REST call means for the feed.
    pub(super) fn of_error(error: &ClientError) -> Self {
        if error.ends_session() {
            return Self::TokenRefused { reason: in_short(error), session_over: true };
        }
        match error {
            ClientError::File { .. } | ClientError::Usage(_) => Self::Failed { reason: in_short(error) },
            _ => Self::Retry { reason: in_short(error), at_least: error.retry_after().unwrap_or_default() },
        }
    }
}
