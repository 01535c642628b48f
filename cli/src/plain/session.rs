//! What lasts from the log-in to the goodbye: the client, the feed, the messages on their way.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chatapp_client::live::{Event, Events, FeedConfig, Handle, Mode, Outgoing, Transport, start_for};
use chatapp_client::sending::Sender;
use chatapp_client::{Client, ClientError};
use chatapp_types::messages::UnreadRoom;
use chatapp_types::rooms::Room;
use chatapp_types::{MessageId, RoomId, SendKey, UserRef};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::Leave;
use super::followed::Followed;
use super::login::is_yes;
use crate::command::Level;
use crate::console::{Console, Input, Style};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::rooms_of_mine;
use crate::screen::state::kept::Kept;
use crate::settings::{KeptRooms, Memory, Settings};

/// How long the last messages are waited for: a person wants to go, a script wants them sent.
const LAST_ACKS_WITHIN: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(15)];

/// One's rooms, with what is unread in each.
type Listed = Vec<(Room, Option<UnreadRoom>)>;

/// How often it is asked for rooms that somebody added one to.
const ROOMS_EVERY: Duration = Duration::from_mins(2);

pub(super) struct Session<'a> {
    pub(super) context: &'a Context,
    pub(super) console: &'a mut Console,
    pub(super) client: Client,
    pub(super) me: UserRef,
    pub(super) handle: Handle,
    events: Events,
    pub(super) sender: Sender,
    /// Messages without an answer so far.
    pub(super) unanswered: BTreeSet<SendKey>,
    /// Where the last answered message of each room stands.
    pub(super) answered: HashMap<RoomId, u64>,
    /// Lines entered while something else was awaited.
    early: VecDeque<String>,
    has_ended: bool,
    pub(super) is_connected: bool,
    pub(super) transport: Option<Transport>,
    /// Whether the server delivers.
    pub(super) delivers: bool,
    /// What was refused for good, until it is sent again or dropped.
    pub(super) refused: Vec<Outgoing>,
    pub(super) on_their_way: HashMap<SendKey, Outgoing>,
    pub(super) settings: Settings,
    pub(super) memory: Memory,
    kept: KeptRooms,
    pub(super) followed: Followed,
    /// Whether one is in a room, rather than at the list.
    pub(super) is_in_room: bool,
    /// When calls that waited are to be told.
    pub(super) calls_at: Option<Instant>,
    /// When the rooms are to be listed again.
    rooms_at: Instant,
    listing: Option<JoinHandle<Result<Listed, ClientError>>>,
    /// One has logged out: nothing is kept any more.
    pub(super) is_logged_out: bool,
    levels: HashMap<RoomId, Level>,
}

/// What comes next in a conversation.
pub(super) enum Next {
    Input(Input),
    Event(Event),
}

impl<'a> Session<'a> {
    pub(super) async fn start(
        context: &'a Context,
        console: &'a mut Console,
        client: Client,
        me: UserRef,
        poll: bool,
    ) -> Result<Self, Leave> {
        let mode = if poll { Mode::Polling } else { Mode::Auto };
        let (handle, events) =
            start_for(&client, FeedConfig { mode, ..FeedConfig::default() }, Arc::clone(&context.clock));
        let sender = context.sender(&client, &me, Duration::ZERO);
        let (memory, kept) = (context.memory(&client, &me), context.kept_rooms(&client, &me));
        let levels = memory.recall().rooms.into_iter().map(|(id, room)| (id, room.level)).collect();
        let mut session = Self {
            context,
            console,
            client,
            me,
            handle,
            events,
            sender,
            unanswered: BTreeSet::new(),
            answered: HashMap::new(),
            early: VecDeque::new(),
            has_ended: false,
            is_connected: true,
            transport: None,
            delivers: true,
            refused: Vec::new(),
            on_their_way: HashMap::new(),
            settings: context.settings()?,
            memory,
            kept,
            followed: Followed::default(),
            is_in_room: false,
            calls_at: None,
            rooms_at: Instant::now() + ROOMS_EVERY,
            listing: None,
            is_logged_out: false,
            levels,
        };
        session.resend().await?;
        Ok(session)
    }

    /// What an earlier run could not send goes out now.
    async fn resend(&mut self) -> Result<(), Leave> {
        let unsent = self.sender.orphans()?;
        if !unsent.is_empty() {
            self.console.print(&format!("Sending {} unsent message(s) of last time.", unsent.len()))?;
        }
        for m in unsent {
            self.send(Outgoing { key: m.key, room_id: m.room_id, body: m.body, reply_to: m.reply_to }).await;
        }
        Ok(())
    }

    /// Keeps a message and sends it; its answer comes as an event.
    pub(super) async fn post(
        &mut self,
        room_id: RoomId,
        body: String,
        reply_to: Option<MessageId>,
    ) -> Result<(), Leave> {
        let message = self.sender.keep(self.context.clock.as_ref(), room_id, SendKey::new(), body, reply_to)?;
        if !self.is_connected {
            self.console.print("(no connection; the message is kept and will be sent)")?;
        }
        self.send(Outgoing { key: message.key, room_id, body: message.body, reply_to }).await;
        Ok(())
    }

    async fn send(&mut self, message: Outgoing) {
        self.unanswered.insert(message.key);
        self.on_their_way.insert(message.key, message.clone());
        self.handle.send(message).await;
    }

    /// What of a room calls for attention.
    pub(super) fn level(&self, room: RoomId) -> Level {
        self.levels.get(&room).copied().unwrap_or_default()
    }

    /// Changes what of a room calls for attention, also for the next time.
    pub(super) fn set_level(&mut self, room: RoomId, level: Level) -> Result<(), Leave> {
        self.levels.insert(room, level);
        Ok(self.memory.update(|m| m.rooms.entry(room).or_default().level = level)?)
    }

    /// What is kept of the rooms of the last time.
    pub(super) fn kept_rooms(&self) -> Kept {
        if self.settings.offline { self.kept.recall() } else { Kept::default() }
    }

    /// Changes what is kept of the rooms for the next time. A cache: that it cannot be written does no harm now.
    pub(super) fn keep_rooms(&self, change: impl FnOnce(&mut Kept)) {
        if !self.settings.offline || self.is_logged_out {
            return;
        }
        let mut kept = self.kept.recall();
        change(&mut kept);
        if let Err(e) = self.kept.keep(&kept) {
            tracing::warn!(error = %e, "could not keep the rooms for the next time");
        }
    }

    /// The next line or event.
    pub(super) async fn next(&mut self) -> Result<Next, Leave> {
        if let Some(line) = self.early.pop_front() {
            return Ok(Next::Input(Input::Line(line)));
        }
        if self.has_ended {
            return Ok(Next::Input(Input::Ended));
        }
        loop {
            let calls_at = self.calls_at;
            tokio::select! {
                input = self.console.next() => return Ok(Next::Input(input?)),
                event = self.events.next() => {
                    let event = event.ok_or_else(|| Failure::new(Exit::Unavailable, "the feed has ended"))?;
                    return Ok(Next::Event(event));
                }
                () = sleep_until(calls_at.unwrap_or_else(Instant::now)), if calls_at.is_some() => self.tell_due()?,
                () = sleep_until(self.rooms_at) => {
                    self.rooms_at = Instant::now() + ROOMS_EVERY;
                    let client = self.client.clone();
                    self.listing = Some(tokio::spawn(async move { rooms_of_mine::with_counts(&client).await }));
                }
                listed = async {
                    match &mut self.listing {
                        Some(listing) => listing.await,
                        None => std::future::pending().await,
                    }
                } => {
                    self.listing = None;
                    // That the gateway does not answer is told elsewhere.
                    if let Ok(Ok(rooms)) = listed {
                        self.follow(rooms.iter().map(|(room, unread)| (room, unread.as_ref()))).await;
                    }
                }
            }
        }
    }

    /// Asks a question; what happens meanwhile is taken care of.
    pub(super) async fn ask(&mut self, prompt: &str, style: Style) -> Result<String, Leave> {
        // A message that is being written is no answer.
        let written = self.console.take_text();
        self.console.prompt(prompt, style)?;
        loop {
            match self.next().await? {
                Next::Input(Input::Line(line)) => {
                    self.console.write(&written)?;
                    return Ok(line);
                }
                Next::Input(Input::Interrupted | Input::Ended) => return Err(Leave::Goodbye),
                Next::Input(Input::Typing) => {}
                Next::Event(event) => {
                    self.settle(event)?;
                }
            }
        }
    }

    /// Asks whether something is really meant. A script means what it says.
    pub(super) async fn confirms(&mut self, question: &str) -> Result<bool, Leave> {
        Ok(!self.console.is_interactive() || is_yes(&self.ask(&format!("{question} [y/N]: "), Style::Question).await?))
    }

    /// Makes a request; what goes wrong is told, and `None`. Ctrl+C leaves, and lines entered meanwhile come later.
    pub(super) async fn request<T>(
        &mut self,
        request: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<Option<T>, Leave> {
        let mut request = pin!(request);
        loop {
            let input = tokio::select! {
                answer = &mut request => return self.told(answer),
                input = self.console.next(), if !self.has_ended => input?,
            };
            match input {
                Input::Line(line) => self.early.push_back(line),
                Input::Typing => {}
                Input::Ended => self.has_ended = true,
                Input::Interrupted => return Err(Leave::Goodbye),
            }
        }
    }

    fn told<T>(&mut self, answer: Result<T, ClientError>) -> Result<Option<T>, Leave> {
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(e) if e.ends_session() => Err(e.into()),
            Err(e) => {
                self.console.print(&crate::lines::sentence(&Failure::from(e).to_string()))?;
                Ok(None)
            }
        }
    }

    /// What comes after the input's end in a room of which `last` was shown: events, until every message is answered and
    /// has come back; `None` then, or when it takes too long.
    pub(super) async fn next_after_end(
        &mut self,
        room: RoomId,
        last: u64,
        until: Instant,
    ) -> Result<Option<Event>, Leave> {
        let is_shown = self.answered.get(&room).is_none_or(|seq| *seq <= last);
        if self.unanswered.is_empty() && is_shown {
            return Ok(None);
        }
        Ok(tokio::time::timeout_at(until, self.events.next()).await.ok().flatten())
    }

    /// How long the last messages are waited for.
    pub(super) fn last_moment(&self) -> Instant {
        Instant::now() + LAST_ACKS_WITHIN[usize::from(!self.console.is_interactive())]
    }

    /// Ends: the last messages get a moment to be acknowledged; what is not stays kept.
    pub(super) async fn finish(&mut self, has_failed: bool) -> Result<(), Leave> {
        let until = self.last_moment();
        while !self.unanswered.is_empty() && self.is_connected && !has_failed {
            match tokio::time::timeout_at(until, self.events.next()).await {
                Ok(Some(event)) => {
                    self.settle(event)?;
                }
                _ => break,
            }
        }
        if !self.unanswered.is_empty() {
            let text =
                format!("{} message(s) are not sent yet; they are kept and sent next time.", self.unanswered.len());
            self.console.print(&text)?;
        }
        Ok(())
    }
}
