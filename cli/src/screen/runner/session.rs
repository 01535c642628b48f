//! A log-in at work: the client, the live feed, the messages on their way.

use std::sync::Arc;
use std::time::Duration;

use chatapp_client::live::{Events, FeedConfig, Handle, Mode, Outgoing, start_for};
use chatapp_client::outbox::Unsent;
use chatapp_client::sending::Sender;
use chatapp_client::{Client, ClientError};
use chatapp_types::{Clock, MessageId, RoomId, SendKey, UserRef};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use super::Back;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::screen::event::Event;
use crate::settings::{KeptRooms, Memory};

/// What waits to be done in order; a person does not get near it.
const WAITING_MAX: usize = 4_096;

/// What is done one after the other, so that messages keep their order.
#[derive(Debug)]
pub(super) enum Errand {
    Follow { room: RoomId, after: u64 },
    Unfollow(RoomId),
    Post { room: RoomId, text: String, reply_to: Option<MessageId> },
    Resume(Outgoing),
    Settle(SendKey),
    MarkRead { room: RoomId, seq: u64 },
    Typing(RoomId),
}

pub(super) struct Session {
    pub(super) client: Client,
    pub(super) events: Events,
    /// The feed has said its last word.
    pub(super) is_mute: bool,
    pub(super) memory: Memory,
    pub(super) kept: KeptRooms,
    sender: Sender,
    errands: mpsc::Sender<Errand>,
    runner: JoinHandle<()>,
}

impl Session {
    pub(super) fn start(context: &Context, client: Client, me: &UserRef, poll: bool, back: mpsc::Sender<Back>) -> Self {
        let mode = if poll { Mode::Polling } else { Mode::Auto };
        let config = FeedConfig { mode, ..FeedConfig::default() };
        let (handle, events) = start_for(&client, config, Arc::clone(&context.clock));
        let sender = context.sender(&client, me, Duration::ZERO);
        let (memory, kept) = (context.memory(&client, me), context.kept_rooms(&client, me));
        let (errands, waiting) = mpsc::channel(WAITING_MAX);
        let work = Work { handle, sender: sender.clone(), clock: Arc::clone(&context.clock), back };
        Self { client, events, is_mute: false, memory, kept, sender, errands, runner: tokio::spawn(work.run(waiting)) }
    }

    /// What was kept and not sent goes out, and is shown.
    pub(super) async fn resume(&self) -> Outcome<Vec<Unsent>> {
        let sender = self.sender.clone();
        let unsent = spawn_blocking(move || sender.resumable()).await.map_err(std::io::Error::other)??;
        for m in &unsent {
            let message = Outgoing { key: m.key, room_id: m.room_id, body: m.body.clone(), reply_to: m.reply_to };
            self.send(Errand::Resume(message))?;
        }
        Ok(unsent)
    }

    /// Puts something behind what waits.
    pub(super) fn send(&self, errand: Errand) -> Outcome {
        let sent = self.errands.try_send(errand);
        sent.map_err(|_| Failure::new(Exit::Failure, "too much waits to be done; try again in a moment"))
    }

    /// Waits until what waits is done and the feed has said goodbye.
    pub(super) async fn finish(mut self) {
        drop(self.errands);
        let _ = (&mut self.runner).await;
        while self.events.next().await.is_some() {}
    }
}

/// Does what waits.
struct Work {
    handle: Handle,
    sender: Sender,
    clock: Arc<dyn Clock>,
    back: mpsc::Sender<Back>,
}

impl Work {
    async fn run(self, mut waiting: mpsc::Receiver<Errand>) {
        while let Some(errand) = waiting.recv().await {
            match errand {
                Errand::Follow { room, after } => self.handle.subscribe(room, Some(after)).await,
                Errand::Unfollow(room) => self.handle.unsubscribe(room).await,
                Errand::Resume(message) => self.handle.send(message).await,
                Errand::MarkRead { room, seq } => self.handle.mark_read(room, seq).await,
                Errand::Typing(room) => self.handle.typing(room).await,
                Errand::Settle(key) => {
                    let sender = self.sender.clone();
                    // What cannot be struck out is sent once more later, under its key: no harm.
                    let _ = spawn_blocking(move || sender.forget(key)).await;
                }
                Errand::Post { room, text, reply_to } => self.post(room, text, reply_to).await,
            }
        }
    }

    /// Keeps a message, shows it, sends it.
    async fn post(&self, room: RoomId, text: String, reply_to: Option<MessageId>) {
        let (sender, clock, body) = (self.sender.clone(), Arc::clone(&self.clock), text.clone());
        let kept = spawn_blocking(move || sender.keep(clock.as_ref(), room, SendKey::new(), body, reply_to)).await;
        let kept = match kept {
            Ok(Ok(kept)) => kept,
            Ok(Err(e)) => return self.tell(not_kept(room, text, &Failure::from(e))).await,
            Err(e) => return self.tell(not_kept(room, text, &std::io::Error::other(e).into())).await,
        };
        let message = Outgoing { key: kept.key, room_id: room, body: text, reply_to };
        self.tell(Event::Kept(Box::new(kept))).await;
        self.handle.send(message).await;
    }

    async fn tell(&self, event: Event) {
        let _ = self.back.send(Back::Event(Box::new(event))).await;
    }
}

fn not_kept(room: RoomId, text: String, failure: &Failure) -> Event {
    Event::NotKept { room, text, why: failure.to_string() }
}

/// The log-in that is known already. It is believed without asking, so that one can read and write while the gateway is
/// away; a script's token does not say whose it is.
pub(super) async fn known(context: &Context) -> Outcome<Option<(Client, UserRef)>> {
    let client = match context.client() {
        Ok(client) => client,
        Err(failure) if failure.exit() == Exit::NotLoggedIn => return Ok(None),
        Err(failure) => return Err(failure),
    };
    match client.me_ref().await {
        Ok(me) => Ok(Some((client, me))),
        Err(e @ ClientError::Network(_)) => Err(crate::gateway::unreachable(client.url(), e)),
        Err(e) => Err(e.into()),
    }
}
