//! The feed's task: what it keeps across connections, and what follows the end of one.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chatapp_types::frame::{ClientFrame, ClientOp, FrameId};
use chatapp_types::{Clock, RoomId, Secret, UserRef};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::event::{Command, Ending, Event, Transport};
use super::outgoing::OutgoingQueue;
use super::remote::Remote;
use super::rooms::Rooms;
use super::socket::Connect;
use super::{FeedConfig, Mode};
use crate::backoff::Backoff;

/// After so many tries in a row without a working socket, polling is tried.
const SOCKET_TRIES: u32 = 2;
/// How long polling lasts when sockets only failed, rather than being refused.
const SHORT_POLLING: Duration = Duration::from_secs(10);

pub(super) struct Feed<R, C> {
    pub(super) remote: R,
    pub(super) connect: Arc<C>,
    pub(super) config: FeedConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    pub(super) rooms: Rooms,
    pub(super) queue: OutgoingQueue,
    /// Read markers to be moved.
    pub(super) marks: BTreeMap<RoomId, u64>,
    /// Frames to be written, while a socket is ready for them.
    pub(super) frames: VecDeque<ClientFrame>,
    pub(super) is_ready: bool,
    /// Something was asked that a poll should not wait for.
    pub(super) nudged: bool,
    /// The token that the server did not take last.
    pub(super) refused: Option<Secret>,
    backoff: Backoff,
    /// Refusals of a token in a row.
    refusals: u32,
    /// Tries in a row without a working socket.
    socket_failures: u32,
    /// What the owner was last told of the connection; nothing since it was told of a break.
    told: Option<Transport>,
}

enum Next {
    Socket,
    Polling(Option<Duration>),
}

impl<R: Remote, C: Connect> Feed<R, C> {
    pub(super) fn new(
        remote: R,
        connect: C,
        config: FeedConfig,
        clock: Arc<dyn Clock>,
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<Event>,
    ) -> Self {
        let backoff = Backoff::new(config.reconnect.0, config.reconnect.1);
        Self {
            remote,
            connect: Arc::new(connect),
            config,
            clock,
            commands,
            events,
            rooms: Rooms::default(),
            queue: OutgoingQueue::default(),
            marks: BTreeMap::new(),
            frames: VecDeque::new(),
            is_ready: false,
            nudged: false,
            refused: None,
            backoff,
            refusals: 0,
            socket_failures: 0,
            told: None,
        }
    }

    pub(super) async fn run(mut self) {
        let mut next = if self.config.mode == Mode::Polling { Next::Polling(None) } else { Next::Socket };
        loop {
            let (ending, was_polling) = match next {
                Next::Socket => (self.socket_session().await, false),
                Next::Polling(how_long) => (self.poll_session(how_long).await, true),
            };
            self.is_ready = false;
            self.frames.clear();
            tracing::debug!(?ending, "a connection of the feed has ended");
            next = match self.after(ending, was_polling).await {
                Ok(next) => next,
                Err(Some(last)) => {
                    let _ = self.emit(last).await;
                    return;
                }
                Err(None) => return,
            };
        }
    }

    /// What follows an ending: the next connection, perhaps after a wait, or the feed's last word.
    async fn after(&mut self, ending: Ending, was_polling: bool) -> Result<Next, Option<Event>> {
        match ending {
            Ending::Stopped => Err(None),
            Ending::Failed { reason } => Err(Some(Event::Failed { reason })),
            Ending::TokenRefused { reason, session_over } => {
                // One other token is tried; a second refusal in a row is an answer.
                self.refusals += 1;
                if session_over || self.refusals > 1 {
                    return Err(Some(Event::LoggedOut { reason }));
                }
                Ok(self.next_try())
            }
            Ending::PolledEnough => Ok(Next::Socket),
            Ending::NoSockets { .. } if self.config.mode == Mode::Auto => {
                Ok(Next::Polling(Some(self.config.retry_sockets_after)))
            }
            Ending::NoSockets { reason } => {
                self.wait_before_retry(reason, Duration::ZERO).await?;
                Ok(Next::Socket)
            }
            Ending::Retry { reason, at_least } => {
                self.socket_failures += u32::from(!was_polling);
                let polling_next =
                    self.config.mode == Mode::Auto && !was_polling && self.socket_failures >= SOCKET_TRIES;
                if polling_next && at_least.is_zero() {
                    return Ok(Next::Polling(Some(self.polling_after_failures())));
                }
                self.wait_before_retry(reason, at_least).await?;
                Ok(self.next_try())
            }
        }
    }

    const fn next_try(&self) -> Next {
        if matches!(self.config.mode, Mode::Polling) { Next::Polling(None) } else { Next::Socket }
    }

    /// Sockets that fail may be a gateway that is restarting, or a way that lets none pass: at first a short stretch.
    fn polling_after_failures(&self) -> Duration {
        let long = self.config.retry_sockets_after;
        if self.socket_failures == SOCKET_TRIES { SHORT_POLLING.min(long) } else { long }
    }

    async fn wait_before_retry(&mut self, reason: String, at_least: Duration) -> Result<(), Option<Event>> {
        let retry_in = self.backoff.next_wait().max(at_least);
        self.told = None;
        self.emit(Event::Disconnected { retry_in, reason }).await.map_err(|_| None)?;
        self.meanwhile(tokio::time::sleep(retry_in)).await.map_err(|_| None)
    }

    /// A connection works: the owner is told if it does not know.
    pub(super) async fn succeeded(&mut self, user: UserRef, transport: Transport) -> Result<(), Ending> {
        self.refusals = 0;
        self.refused = None;
        self.backoff.reset();
        if transport == Transport::Socket {
            self.socket_failures = 0;
        }
        if self.told.replace(transport) == Some(transport) {
            return Ok(());
        }
        self.emit(Event::Connected { user, transport }).await
    }

    /// Tells the owner; while it does not listen, what it asks is still taken, so that the two cannot wait for each
    /// other.
    pub(super) async fn emit(&mut self, event: Event) -> Result<(), Ending> {
        let mut untold = VecDeque::from([event]);
        while let Some(event) = untold.front() {
            let command = tokio::select! {
                biased;
                permit = self.events.reserve() => {
                    permit.map_err(|_| Ending::Stopped)?.send(event.clone());
                    untold.pop_front();
                    continue;
                }
                command = self.commands.recv() => command,
            };
            untold.extend(self.apply(command.ok_or(Ending::Stopped)?));
        }
        Ok(())
    }

    /// Awaits something while taking what the owner asks.
    pub(super) async fn meanwhile<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Ending> {
        let mut future = pin!(future);
        loop {
            tokio::select! {
                biased;
                output = &mut future => return Ok(output),
                command = self.commands.recv() => self.take(command).await?,
            }
        }
    }

    /// Takes a command that was received.
    pub(super) async fn take(&mut self, command: Option<Command>) -> Result<(), Ending> {
        match self.apply(command.ok_or(Ending::Stopped)?) {
            Some(event) => self.emit(event).await,
            None => Ok(()),
        }
    }

    fn apply(&mut self, command: Command) -> Option<Event> {
        match command {
            Command::Subscribe { room_id, after } => {
                self.rooms.subscribe(room_id, after);
                self.nudged = true;
                self.write(subscribe_frame(room_id, after));
            }
            Command::Unsubscribe { room_id } => {
                self.rooms.unsubscribe(room_id);
                self.write(ClientFrame { id: None, op: ClientOp::Unsubscribe { room_id } });
            }
            Command::Send(message) => {
                self.nudged = true;
                return self.queue.push(message);
            }
            Command::Typing { room_id } => self.write(aside(ClientOp::Typing { room_id })),
            Command::Read { room_id, seq } => {
                let mark = self.marks.entry(room_id).or_default();
                *mark = seq.max(*mark);
            }
        }
        None
    }

    /// Queues a frame if there is a socket to take it: a new one begins with all that stands then.
    pub(super) fn write(&mut self, frame: ClientFrame) {
        if self.is_ready {
            self.frames.push_back(frame);
        }
    }

    /// How long until a token that expires at `at` should be replaced.
    pub(super) fn refresh_at(&self, at: Option<chatapp_types::Timestamp>) -> Option<Instant> {
        let left = u64::try_from(at?.millis() - self.clock.now().millis()).unwrap_or(0);
        Some(
            Instant::now()
                + Duration::from_millis(left).saturating_sub(REFRESH_BEFORE_END).max(self.config.refresh_pause),
        )
    }
}

const REFRESH_BEFORE_END: Duration = Duration::from_secs(55);

/// A frame that may be refused without harm. Its `id` tells its refusal from one that says that a room has ended.
pub(super) fn aside(op: ClientOp) -> ClientFrame {
    ClientFrame { id: Some(FrameId::Text(ASIDE.to_owned())), op }
}

const ASIDE: &str = "aside";

/// A subscription. Its `id` names the room, so that a refusal can be told from that of another frame.
pub(super) fn subscribe_frame(room_id: RoomId, after: Option<u64>) -> ClientFrame {
    let id = Some(FrameId::Text(format!("{SUBSCRIPTION}{room_id}")));
    ClientFrame { id, op: ClientOp::Subscribe { room_id, after } }
}

/// The room of a subscription frame's `id`.
pub(super) fn subscription_of(id: Option<&FrameId>) -> Option<RoomId> {
    match id? {
        FrameId::Text(text) => text.strip_prefix(SUBSCRIPTION)?.parse().ok(),
        FrameId::Number(_) => None,
    }
}

const SUBSCRIPTION: &str = "subscribe:";
