//! What takes a service to do.

use std::sync::Arc;

use chatapp_telemetry::trace::{self, TraceContext};
use chatapp_types::frame::{FrameId, ServerEvent};
use chatapp_types::messages::PostMessageRequest;
use chatapp_types::{MessageId, Problem, RoomId, Secret, SendKey};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tracing::{Instrument as _, Span};

use super::subscribe;
use crate::edge::Client;
use crate::hub::Subscription;
use crate::socket::identity::Identity;
use crate::socket::services::SocketServices;
use crate::socket::{Concern, Outbox, reply};

/// One thing that is asked.
pub(super) enum Op {
    /// Log in, or go on with another token; a `renewal` is our own doing and not answered.
    Auth {
        token: Secret,
        renewal: bool,
    },
    Subscribe {
        room: RoomId,
        after: Option<u64>,
    },
    Unsubscribe(RoomId),
    Send {
        room: RoomId,
        key: SendKey,
        body: String,
        reply_to: Option<MessageId>,
        /// From its arrival to its answer, waiting included.
        span: Span,
    },
    Read {
        room: RoomId,
        seq: u64,
    },
}

impl Op {
    /// Whether it counts as a request of its user: it costs a service what the same call by REST would.
    pub(super) fn counts(&self) -> bool {
        matches!(self, Self::Subscribe { .. } | Self::Send { .. } | Self::Read { .. })
    }

    /// What an error about it is about.
    pub(super) fn concern(&self, id: Option<FrameId>) -> Concern {
        let key = if let Self::Send { key, .. } = self { Some(*key) } else { None };
        Concern { id, room_id: self.room(), key }
    }

    fn room(&self) -> Option<RoomId> {
        match self {
            Self::Auth { .. } => None,
            Self::Subscribe { room, .. }
            | Self::Unsubscribe(room)
            | Self::Send { room, .. }
            | Self::Read { room, .. } => Some(*room),
        }
    }
}

/// What came of it, for the conversation to keep. What the client is told is in the outbox already.
pub(super) enum Done {
    Nothing,
    Subscribed(RoomId, Subscription),
    Identified { id: Option<FrameId>, renewal: bool, result: Result<Identity, Problem> },
}

/// Does one thing, in a task of its own.
pub(super) struct Worker {
    pub(super) services: Arc<SocketServices>,
    pub(super) outbox: Arc<Outbox>,
    /// The client's name for the frame that asked.
    pub(super) id: Option<FrameId>,
}

impl Worker {
    /// Finds out whose token it is.
    pub(super) fn identify(self, client: Client, token: Secret, renewal: bool) -> BoxFuture<'static, Done> {
        async move {
            let result = self.services.tokens.identify(&client, token).await;
            Done::Identified { id: self.id, renewal, result }
        }
        .boxed()
    }

    /// Does anything else, for `identity`. `held` is the subscription that the socket has in the room until now.
    pub(super) fn work(self, identity: Arc<Identity>, op: Op, held: Option<Subscription>) -> BoxFuture<'static, Done> {
        async move {
            match op {
                Op::Auth { .. } => Done::Nothing,
                Op::Subscribe { room, after } => {
                    // What the old one would still hand out must not stand among what is replayed.
                    if let Some(held) = held {
                        held.leave().await;
                    }
                    match subscribe::subscribe(&self, &identity, room, after).await {
                        Some(subscription) => Done::Subscribed(room, subscription),
                        None => Done::Nothing,
                    }
                }
                Op::Unsubscribe(room_id) => {
                    if let Some(held) = held {
                        held.leave().await;
                    }
                    self.outbox.push(reply(self.id, ServerEvent::Unsubscribed { room_id }));
                    Done::Nothing
                }
                Op::Send { room, key, body, reply_to, span } => {
                    let message = PostMessageRequest { body, reply_to };
                    self.send(&identity, room, key, message).instrument(span).await;
                    Done::Nothing
                }
                Op::Read { room, seq } => {
                    if let Err(problem) = self.services.messages.mark_read(&identity.token, room, seq).await {
                        let concern = Concern { id: self.id, room_id: Some(room), key: None };
                        self.outbox.push(concern.error(problem));
                    }
                    Done::Nothing
                }
            }
        }
        .boxed()
    }

    async fn send(self, identity: &Identity, room_id: RoomId, key: SendKey, message: PostMessageRequest) {
        let frame = match self.services.messages.post(&identity.token, room_id, key, &message).await {
            Ok(posted) => {
                let (seq, message_id) = (posted.message.seq, posted.message.id);
                reply(self.id, ServerEvent::Ack { key, room_id, seq, message_id, duplicate: posted.duplicate })
            }
            Err(problem) => Concern { id: self.id, room_id: Some(room_id), key: Some(key) }.error(problem),
        };
        self.outbox.push(frame);
    }
}

/// The span of one message that comes over a socket, in the trace that its frame names or in one of its own.
pub(super) fn send_span(room: RoomId, traceparent: Option<&str>) -> Span {
    if !trace::is_on() {
        return Span::none();
    }
    let span = tracing::info_span!(
        target: trace::TARGET,
        parent: None,
        "frame",
        otel.kind = "server",
        otel.name = "send",
        network.protocol.name = "websocket",
        room.id = %room,
    );
    if let Some(named) = traceparent.and_then(|text| text.parse::<TraceContext>().ok()) {
        trace::adopt(&span, trace::from_outside(named), None);
    }
    span
}
