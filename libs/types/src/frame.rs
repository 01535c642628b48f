//! WebSocket frames and close codes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Entry, ErrorCode, Limits, MessageId, RoomId, Secret, SendKey, SessionId, UserRef};

/// A frame from a client. `id`, when given, is echoed by the reply.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientFrame {
    /// Any text of up to 64 bytes, or a number; echoed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<FrameId>,
    /// What is asked.
    #[serde(flatten)]
    pub op: ClientOp,
}

/// A client's name for one of its frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FrameId {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

/// What a client asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum ClientOp {
    /// Logs the socket in, or refreshes its token.
    Auth {
        /// An access token.
        access_token: Secret,
    },
    /// Asks for a room's entries after `after` (from the head on when absent), and all to come.
    Subscribe {
        /// The room.
        room_id: RoomId,
        /// The last seq one has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
    },
    /// Ends a subscription.
    Unsubscribe {
        /// The room.
        room_id: RoomId,
    },
    /// Posts a message.
    Send {
        /// The room.
        room_id: RoomId,
        /// The idempotency key.
        key: SendKey,
        /// The text.
        body: String,
        /// The message it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<MessageId>,
        /// The trace that it belongs to (W3C trace context), from a client that sends its own part of it somewhere. One
        /// that cannot be read is passed over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        traceparent: Option<String>,
    },
    /// Says that one is typing.
    Typing {
        /// The room.
        room_id: RoomId,
    },
    /// Moves one's read marker.
    Read {
        /// The room.
        room_id: RoomId,
        /// The last seq one has read.
        seq: u64,
    },
    /// Asks for a `pong`.
    Ping,
}

/// A frame from the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerFrame {
    /// The `id` of the frame it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<FrameId>,
    /// What it says.
    #[serde(flatten)]
    pub event: ServerEvent,
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ev", rename_all = "snake_case")]
pub enum ServerEvent {
    /// The socket is logged in.
    Ready {
        /// As whom.
        user: UserRef,
        /// In which session.
        session_id: SessionId,
        /// How often the server pings, in seconds.
        heartbeat_s: u64,
        /// The limits in force.
        limits: Limits,
    },
    /// A subscription stands; the entries after the cursor follow, then `caught_up`.
    Subscribed {
        /// The room.
        room_id: RoomId,
        /// The room's head.
        head: u64,
    },
    /// What follows is live.
    CaughtUp {
        /// The room.
        room_id: RoomId,
        /// The last seq sent.
        seq: u64,
    },
    /// Entries `from..=to` are not sent here: read them by REST.
    Gap {
        /// The room.
        room_id: RoomId,
        /// The first one missing.
        from: u64,
        /// The last one missing.
        to: u64,
    },
    /// A subscription has ended: by request, or because one may no longer read the room.
    Unsubscribed {
        /// The room.
        room_id: RoomId,
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
        /// Whether the key had been used for it before.
        duplicate: bool,
    },
    /// The answer to `ping`.
    Pong,
    /// An entry of a room.
    Entry(Box<Entry>),
    /// Somebody is typing.
    Typing {
        /// The room.
        room_id: RoomId,
        /// Who.
        user: UserRef,
    },
    /// Members came or went. The first one after a subscription has `full: true` and names all who are online.
    Presence {
        /// The room.
        room_id: RoomId,
        /// Who is online (all, or those who came).
        online: Vec<UserRef>,
        /// Who went.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        offline: Vec<UserRef>,
        /// Whether `online` is everyone.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        full: bool,
    },
    /// The heads of rooms that moved, so that a quiet client notices a loss.
    Heads {
        /// Head by room.
        rooms: BTreeMap<RoomId, u64>,
    },
    /// Delivery is interrupted (`ok: false`: the log cannot be read) or restored.
    Delivery {
        /// Whether entries flow.
        ok: bool,
    },
    /// A frame was refused.
    Error {
        /// Why, for programs.
        code: ErrorCode,
        /// Why, for people.
        message: String,
        /// Whether the same frame may succeed later.
        retryable: bool,
        /// The key of the send it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<SendKey>,
        /// The room it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room_id: Option<RoomId>,
        /// Seconds to wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_s: Option<u64>,
        /// Present where the write may have happened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<crate::Outcome>,
    },
    /// An event that this version does not know.
    #[serde(other)]
    Unknown,
}

impl From<ServerEvent> for ServerFrame {
    fn from(event: ServerEvent) -> Self {
        Self { id: None, event }
    }
}

/// Why the server closes a socket. 4000–4499: reconnect; 4500–4999: do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum CloseReason {
    /// The server is going away.
    ShuttingDown = 4000,
    /// The client reads too slowly: resume.
    Slow = 4001,
    /// The server lost track of what it sent: resume.
    Gap = 4002,
    /// The heartbeat was not answered.
    NoHeartbeat = 4003,
    /// The access token expired and was not refreshed in time.
    TokenExpired = 4500,
    /// The session was ended.
    SessionRevoked = 4501,
    /// A frame that is not of this protocol, or rate limits ignored.
    BadProtocol = 4502,
    /// A frame larger than the limit.
    FrameTooLarge = 4503,
    /// No valid token within the time allowed.
    Unauthenticated = 4504,
}

impl CloseReason {
    /// The number of the close frame.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// Whether a client should reconnect after the close code `code` (1000–1015 included: all but a normal end and
    /// a policy violation).
    pub const fn reconnects(code: u16) -> bool {
        matches!(code, 1001..=1007 | 1009..=1999 | 4000..=4499)
    }

    /// The close frame's text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::ShuttingDown => "shutting down, reconnect",
            Self::Slow => "slow, resume",
            Self::Gap => "gap, resume",
            Self::NoHeartbeat => "no heartbeat, reconnect",
            Self::TokenExpired => "token expired",
            Self::SessionRevoked => "session revoked",
            Self::BadProtocol => "bad protocol",
            Self::FrameTooLarge => "frame too large",
            Self::Unauthenticated => "unauthenticated",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_send_is_read_as_the_protocol_writes_it() {
        let text = r#"{"op":"send","id":7,"room_id":"0193a5b0-0000-7000-8000-000000000001",
            "key":"0193a5b0-0000-7000-8000-000000000002","body":"hi"}"#;
        let frame: ClientFrame = serde_json::from_str(text).expect("parses");
        assert_eq!(frame.id, Some(FrameId::Number(7)));
        assert!(matches!(frame.op, ClientOp::Send { body, reply_to: None, .. } if body == "hi"));
    }

    #[test]
    fn an_entry_frame_is_flat() {
        let entry: ServerFrame = serde_json::from_str(
            r#"{"ev":"entry","room_id":"0193a5b0-0000-7000-8000-000000000001","seq":3,"kind":"member.joined",
               "actor":{"id":"0193a5b0-0000-7000-8000-000000000003","username":"ann"},"at":"2026-11-22T18:00:00Z"}"#,
        )
        .expect("parses");
        assert!(matches!(entry.event, ServerEvent::Entry(e) if e.seq == 3 && e.body == crate::EntryBody::MemberJoined));
    }

    #[test]
    fn an_unknown_event_or_kind_is_no_error() {
        let frame: ServerFrame = serde_json::from_str(r#"{"ev":"from_the_future","x":1}"#).expect("parses");
        assert_eq!(frame.event, ServerEvent::Unknown);
    }

    proptest! {
        #[test]
        fn any_text_is_a_frame_or_an_error(text in any::<String>()) {
            let _ = serde_json::from_str::<ClientFrame>(&text);
            let _ = serde_json::from_str::<ServerFrame>(&text);
        }
    }
}
