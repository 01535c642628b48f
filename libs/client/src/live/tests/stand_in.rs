//! The other side of a feed: sockets made of channels, a log in memory.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use chatapp_types::frame::{ClientFrame, ClientOp, FrameId, ServerEvent, ServerFrame};
use chatapp_types::messages::{Message, PostedMessage, TimelinePage};
use chatapp_types::{
    Clock, Entry, EntryBody, ErrorCode, Limits, MessageId, RoomId, Secret, SendKey, SessionId, SystemClock, Timestamp,
    UserId, UserRef,
};
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::{Sink, Stream, StreamExt as _};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use crate::ClientError;
use crate::bearer::AccessToken;
use crate::live::{
    Connect, ConnectError, Event, Events, FeedConfig, Handle, Incoming, Mode, Outgoing, Remote, SocketError, start,
};

pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A socket of channels.
pub(super) struct ChannelSocket {
    incoming: UnboundedReceiver<Incoming>,
    outgoing: UnboundedSender<String>,
}

impl Stream for ChannelSocket {
    type Item = Result<Incoming, SocketError>;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.incoming.poll_next_unpin(cx).map(|next| next.map(Ok))
    }
}

impl Sink<String> for ChannelSocket {
    type Error = SocketError;
    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Poll::Ready(Ok(()))
    }
    fn start_send(self: Pin<&mut Self>, text: String) -> Result<(), SocketError> {
        self.outgoing.unbounded_send(text).map_err(|_| SocketError("broken".to_owned()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Poll::Ready(Ok(()))
    }
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Poll::Ready(Ok(()))
    }
}

type Try = oneshot::Sender<Result<ChannelSocket, ConnectError>>;

/// Hands each try to connect to the test.
pub(super) struct ChannelConnect(mpsc::UnboundedSender<Try>);

impl Connect for ChannelConnect {
    type Socket = ChannelSocket;
    async fn connect(&self, _: &Secret) -> Result<ChannelSocket, ConnectError> {
        let gone = || ConnectError::Network("the test is over".to_owned());
        let (answer, answered) = oneshot::channel();
        self.0.send(answer).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

#[derive(Default)]
struct State {
    heads: HashMap<RoomId, u64>,
    posted: Vec<SendKey>,
    tokens: u32,
    refused: u32,
    token_life: Option<Duration>,
    /// How often it is asked whether the server answers before it does.
    silent_checks: u32,
    checks: u32,
}

/// The REST side, in memory.
#[derive(Clone, Default)]
pub(super) struct MemoryRemote(Arc<Mutex<State>>);

fn ann() -> UserRef {
    UserRef { id: UserId(uuid::Uuid::nil()), username: "ann".to_owned() }
}

fn entry(room_id: RoomId, seq: u64) -> Entry {
    Entry { room_id, seq, at: Timestamp::from_millis(0), actor: ann(), body: EntryBody::MemberJoined }
}

impl Remote for MemoryRemote {
    async fn user(&self) -> Result<UserRef, ClientError> {
        Ok(ann())
    }

    async fn check(&self) -> Result<(), ClientError> {
        let mut state = self.0.lock().unwrap();
        state.checks += 1;
        if state.checks > state.silent_checks { Ok(()) } else { Err(ClientError::Network("no answer".into())) }
    }

    async fn token(&self, refused: Option<&Secret>) -> Result<AccessToken, ClientError> {
        let mut state = self.0.lock().unwrap();
        state.tokens += 1;
        state.refused += u32::from(refused.is_some());
        let life = state.token_life.map(|d| time::Duration::try_from(d).unwrap());
        Ok(AccessToken {
            token: Secret::new(format!("token {}", state.tokens)),
            expires_at: life.map(|d| SystemClock.now().plus(d)),
        })
    }

    async fn page(&self, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, ClientError> {
        let head = *self.0.lock().unwrap().heads.get(&room).ok_or(ErrorCode::RoomNotFound)?;
        let items = (after + 1..=head.min(after + u64::from(limit))).map(|seq| entry(room, seq)).collect();
        Ok(TimelinePage { items, head, floor: 0 })
    }

    async fn post(&self, m: &Outgoing) -> Result<PostedMessage, ClientError> {
        self.0.lock().unwrap().posted.push(m.key);
        let message = Message {
            id: MessageId::new(),
            room_id: m.room_id,
            seq: 1,
            author: ann(),
            body: m.body.clone(),
            at: Timestamp::from_millis(0),
            reply_to: None,
            edited_at: None,
            deleted: false,
            mentions: Vec::new(),
            key: Some(m.key),
        };
        Ok(PostedMessage { message, duplicate: false })
    }

    async fn read(&self, _: RoomId, _: u64) -> Result<(), ClientError> {
        Ok(())
    }
}

/// What the test holds of it all.
pub(super) struct Stage {
    remote: MemoryRemote,
    tries: AsyncMutex<mpsc::UnboundedReceiver<Try>>,
}

impl Stage {
    pub(super) fn start(mode: Mode) -> (Self, Handle, Events) {
        let (tries, attempts) = mpsc::unbounded_channel();
        let remote = MemoryRemote::default();
        let short = Duration::from_millis(5);
        let config = FeedConfig {
            mode,
            poll_every: Duration::from_millis(20),
            retry_sockets_after: Duration::from_millis(100),
            reconnect: (short, short * 4),
            refresh_pause: short,
        };
        let (handle, events) = start(remote.clone(), ChannelConnect(tries), config, Arc::new(SystemClock));
        (Self { remote, tries: AsyncMutex::new(attempts) }, handle, events)
    }

    /// The room's log now reaches to `head`.
    pub(super) fn log(&self, room: RoomId, head: u64) {
        self.remote.0.lock().unwrap().heads.insert(room, head);
    }

    /// The server does not answer the first `checks` questions whether it is there.
    pub(super) fn is_silent_for(&self, checks: u32) {
        self.remote.0.lock().unwrap().silent_checks = checks;
    }

    pub(super) fn checks(&self) -> u32 {
        self.remote.0.lock().unwrap().checks
    }

    pub(super) fn tokens_last(&self, life: Duration) {
        self.remote.0.lock().unwrap().token_life = Some(life);
    }

    pub(super) fn tokens_asked(&self) -> u32 {
        self.remote.0.lock().unwrap().tokens
    }

    pub(super) fn refused_tokens(&self) -> u32 {
        self.remote.0.lock().unwrap().refused
    }

    pub(super) fn posted(&self) -> Vec<SendKey> {
        self.remote.0.lock().unwrap().posted.clone()
    }

    async fn next_try(&self) -> Try {
        tokio::time::timeout(PATIENCE, async { self.tries.lock().await.recv().await }).await.unwrap().unwrap()
    }

    pub(super) async fn refuse(&self, error: ConnectError) {
        assert!(self.next_try().await.send(Err(error)).is_ok(), "the feed waits for the answer");
    }

    /// Lets the next try through, as a server that knows the token.
    pub(super) async fn accept(&self) -> ServerEnd {
        let answer = self.next_try().await;
        let (to_feed, incoming) = unbounded();
        let (outgoing, from_feed) = unbounded();
        assert!(answer.send(Ok(ChannelSocket { incoming, outgoing })).is_ok(), "the feed waits for the answer");
        let end = ServerEnd { to_feed, from_feed };
        end.say(ServerEvent::Ready {
            user: ann(),
            session_id: SessionId::new(),
            heartbeat_s: 25,
            limits: Limits::default(),
        });
        end
    }
}

/// The server's end of one socket.
pub(super) struct ServerEnd {
    to_feed: UnboundedSender<Incoming>,
    from_feed: UnboundedReceiver<String>,
}

impl ServerEnd {
    pub(super) fn say(&self, event: ServerEvent) {
        self.say_frame(&event.into());
    }

    fn say_frame(&self, frame: &ServerFrame) {
        let _ = self.to_feed.unbounded_send(Incoming::Text(serde_json::to_string(frame).unwrap()));
    }

    pub(super) fn push_entry(&self, room: RoomId, seq: u64) {
        self.say(ServerEvent::Entry(Box::new(entry(room, seq))));
    }

    pub(super) fn refuse_subscription(&self, room_id: RoomId, code: ErrorCode) {
        self.refuse_frame(None, room_id, code);
    }

    fn refuse_frame(&self, id: Option<FrameId>, room_id: RoomId, code: ErrorCode) {
        let message = code.title().to_owned();
        let event = ServerEvent::Error {
            code,
            message,
            retryable: false,
            key: None,
            room_id: Some(room_id),
            retry_after_s: None,
            outcome: None,
        };
        self.say_frame(&ServerFrame { id, event });
    }

    pub(super) fn close(&self, code: u16) {
        let _ = self.to_feed.unbounded_send(Incoming::Closed { code, reason: String::new() });
    }

    /// Waits until the feed says that one is typing, and refuses it, with the frame's own id.
    pub(super) async fn refuse_typing(&mut self, code: ErrorCode) {
        let frame = self.expect_frame(|op| matches!(op, ClientOp::Typing { .. })).await;
        let ClientOp::Typing { room_id } = frame.op else { panic!("not typing: {frame:?}") };
        self.refuse_frame(frame.id, room_id, code);
    }

    /// Waits for a frame that `wanted` accepts.
    pub(super) async fn expect(&mut self, wanted: impl Fn(&ClientOp) -> bool) -> ClientOp {
        self.expect_frame(wanted).await.op
    }

    async fn expect_frame(&mut self, wanted: impl Fn(&ClientOp) -> bool) -> ClientFrame {
        let found = async {
            loop {
                let text = self.from_feed.next().await.expect("the feed writes");
                let frame: ClientFrame = serde_json::from_str(&text).unwrap();
                if wanted(&frame.op) {
                    return frame;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("the frame comes")
    }

    pub(super) async fn subscription(&mut self) -> (RoomId, Option<u64>) {
        match self.expect(|op| matches!(op, ClientOp::Subscribe { .. })).await {
            ClientOp::Subscribe { room_id, after } => (room_id, after),
            other => panic!("not a subscription: {other:?}"),
        }
    }
}

/// Waits for an event that `wanted` accepts; others are passed over.
pub(super) async fn next(events: &mut Events, wanted: impl Fn(&Event) -> bool) -> Event {
    let found = async {
        loop {
            let event = events.next().await.expect("the feed goes on");
            if wanted(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the event comes")
}

/// The seqs given until `last`, that one included.
pub(super) async fn given_up_to(events: &mut Events, last: u64) -> Vec<u64> {
    let mut given = Vec::new();
    while given.last() != Some(&last) {
        if let Event::Entry(e) = next(events, |e| matches!(e, Event::Entry(_))).await {
            given.push(e.seq);
        }
    }
    given
}
