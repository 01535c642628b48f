//! The feed of rooms: subscribed once, then kept up whatever the network does.
//!
//! [`start`] spawns a task and returns two ends: a [`Handle`] to ask, and [`Events`] to read. Entries of a room arrive
//! strictly in order, each once, from its cursor on; after a break they go on where they ended. Over a WebSocket where
//! one passes, else by polling, with the same events ([`Mode`]).
//!
//! Both queues are bounded. An owner that reads slowly slows the feed down, and in the end the server closes the socket
//! as slow and the feed resumes; nothing is lost, for the log is durable. A full command queue makes the handle wait.

mod event;
mod feed;
mod outgoing;
mod poll;
mod remote;
mod rooms;
mod socket;
mod socket_session;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use chatapp_types::{Clock, RoomId};
use tokio::sync::mpsc;

use event::Command;
pub use event::{Event, Outgoing, Transport};
use feed::Feed;
pub use remote::Remote;
pub use socket::{AuthStyle, Connect, ConnectError, Incoming, Socket, SocketError, WebSocket, WebSocketConnect};

use crate::Client;

/// Which way entries come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Over a WebSocket; by polling while none passes.
    #[default]
    Auto,
    /// Over a WebSocket alone.
    Socket,
    /// By polling alone.
    Polling,
}

/// A feed's settings.
#[derive(Clone, Debug)]
pub struct FeedConfig {
    /// Which way entries come.
    pub mode: Mode,
    /// How often to poll.
    pub poll_every: Duration,
    /// How long to poll, where sockets do not pass, before trying one again.
    pub retry_sockets_after: Duration,
    /// The shortest and longest wait before a reconnect.
    pub reconnect: (Duration, Duration),
    /// The shortest time between two refreshes of a live socket's token.
    pub refresh_pause: Duration,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self {
            mode: Mode::Auto,
            poll_every: Duration::from_secs(5),
            retry_sockets_after: Duration::from_mins(1),
            reconnect: (Duration::from_millis(500), Duration::from_secs(30)),
            refresh_pause: Duration::from_secs(5),
        }
    }
}

/// Asks things of a feed. The feed ends when its last handle is dropped.
#[derive(Clone, Debug)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
}

impl Handle {
    /// Asks for a room's entries after `after`; from now on when `None`. A room that is subscribed already starts anew.
    pub async fn subscribe(&self, room_id: RoomId, after: Option<u64>) {
        self.ask(Command::Subscribe { room_id, after }).await;
    }

    /// Ends a subscription.
    pub async fn unsubscribe(&self, room_id: RoomId) {
        self.ask(Command::Unsubscribe { room_id }).await;
    }

    /// Sends a message, after those sent before it. `Ack` or `Refused` will tell its fate; until then it is repeated
    /// under its key. It is kept in memory alone: for more than that put it into an outbox first.
    pub async fn send(&self, message: Outgoing) {
        self.ask(Command::Send(message)).await;
    }

    /// Says that one is typing. Dropped while there is no socket.
    pub async fn typing(&self, room_id: RoomId) {
        self.ask(Command::Typing { room_id }).await;
    }

    /// Moves one's read marker.
    pub async fn mark_read(&self, room_id: RoomId, seq: u64) {
        self.ask(Command::Read { room_id, seq }).await;
    }

    /// A feed that has ended says so by its events; what is asked of it then is void.
    async fn ask(&self, command: Command) {
        let _ = self.commands.send(command).await;
    }
}

/// What a feed tells. Dropping it ends the feed.
#[derive(Debug)]
pub struct Events {
    receiver: mpsc::Receiver<Event>,
}

impl Events {
    /// The next event; `None` when the feed has ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.receiver.recv().await
    }

    /// The next event if there is one already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.receiver.try_recv().ok()
    }
}

/// Starts a feed, as a task of the running tokio runtime.
pub fn start<R: Remote, C: Connect>(
    remote: R,
    connect: C,
    config: FeedConfig,
    clock: Arc<dyn Clock>,
) -> (Handle, Events) {
    let (commands, asked) = mpsc::channel(64);
    let (told, receiver) = mpsc::channel(256);
    tokio::spawn(Feed::new(remote, connect, config, clock, asked, told).run());
    (Handle { commands }, Events { receiver })
}

/// Starts a feed of `client`'s user.
pub fn start_for(client: &Client, config: FeedConfig, clock: Arc<dyn Clock>) -> (Handle, Events) {
    let connect = WebSocketConnect::new(client.url().clone(), AuthStyle::default());
    start(client.clone(), connect, config, clock)
}
