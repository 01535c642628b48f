//! The task of one room with listeners at this gateway: it owns the room's order and hands every entry to all of them.
//!
//! One task a room, so that the order needs no lock; it ends when nobody holds the room any more.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chatapp_bus::{Bus, BusMessage, subject};
use chatapp_metrics::GATEWAY;
use chatapp_telemetry::trace::{self, TraceContext};
use chatapp_timeline::RoomEvent;
use chatapp_types::frame::ServerEvent;
use chatapp_types::limits::PAGE_MAX;
use chatapp_types::messages::TimelinePage;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::Span;

use super::delivery::Delivery;
use super::feed::{Arrival, Feed};
use super::latency::{UnderWay, note_arrival};
use super::listeners::{Joined, Listener, ListenerId, Listeners};
use super::live::LiveEvent;
use super::log::{LogError, LogSource};
use super::presence::{Presence, REPEAT_EVERY, TELL_EVERY};
use super::registry::RoomShared;
use super::rendition::Rendition;
use super::sequence::Sequence;
use crate::socket::text_of;

/// An event that seems missing is waited for so long before the log is read: the bus may have changed the order.
const REORDER_WINDOW: Duration = Duration::from_millis(50);
/// After a reading that failed or brought nothing, the pause doubles from the window up to this.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// What sockets and the follower of heads ask of a room.
pub(super) enum Command {
    /// Lets a listener in.
    Join { listener: Listener, reply: oneshot::Sender<Joined> },
    /// Lets one go; nothing is handed to it once `done` is told.
    Leave { id: ListenerId, done: Option<oneshot::Sender<()>> },
    /// The log has (at least) this entry.
    Head(u64),
    /// Look at the log, whatever is known.
    Look,
}

type Reading = BoxFuture<'static, Result<TimelinePage, LogError>>;

/// What the task owns.
pub(super) struct Room {
    shared: Arc<RoomShared>,
    commands: mpsc::UnboundedReceiver<Command>,
    bus: Arc<dyn Bus>,
    log: Arc<dyn LogSource>,
    delivery: Delivery,
    feed: Feed,
    sequence: Sequence,
    listeners: Listeners,
    presence: Presence,
    arrived: Vec<BusMessage>,
    under_way: UnderWay,
    reading: Option<Reading>,
    /// The log is to be read although nothing is known to be missing.
    look: bool,
    read_at: Option<Instant>,
    pause: Duration,
    tell_at: Option<Instant>,
    repeat_at: Instant,
}

/// What a room needs from its hub.
pub(super) struct Surroundings {
    pub(super) bus: Arc<dyn Bus>,
    pub(super) log: Arc<dyn LogSource>,
    pub(super) delivery: Delivery,
    pub(super) gateway: uuid::Uuid,
}

enum Happening {
    Command(Option<Command>),
    Arrival(Arrival),
    Page(Result<TimelinePage, LogError>),
    Time,
}

impl Room {
    pub(super) fn new(
        around: Surroundings,
        shared: Arc<RoomShared>,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        let id = shared.room;
        Self {
            feed: Feed::new(around.bus.clone(), id),
            sequence: Sequence::default(),
            listeners: Listeners::new(id),
            presence: Presence::new(id, around.gateway),
            arrived: Vec::new(),
            under_way: UnderWay::default(),
            reading: None,
            look: false,
            read_at: None,
            pause: REORDER_WINDOW,
            tell_at: None,
            repeat_at: Instant::now() + REPEAT_EVERY,
            shared,
            commands,
            bus: around.bus,
            log: around.log,
            delivery: around.delivery,
        }
    }

    /// Runs until nobody holds the room.
    pub(super) async fn run(mut self) {
        loop {
            let time = self.next_time();
            let happening = tokio::select! {
                command = self.commands.recv() => Happening::Command(command),
                arrival = self.feed.next(&mut self.arrived) => Happening::Arrival(arrival),
                page = read(&mut self.reading) => Happening::Page(page),
                () = tokio::time::sleep_until(time) => Happening::Time,
            };
            match happening {
                Happening::Command(None) => return,
                Happening::Command(Some(command)) => self.on_command(command),
                Happening::Arrival(arrival) => self.on_arrival(arrival),
                Happening::Page(page) => self.on_page(page),
                Happening::Time => {}
            }
            self.settle();
        }
    }

    fn next_time(&self) -> Instant {
        [self.read_at, self.tell_at].into_iter().flatten().fold(self.repeat_at, Instant::min)
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Join { listener, reply } => {
                let joined = self.join(listener);
                let _ = reply.send(joined);
            }
            Command::Leave { id, done } => {
                self.listeners.leave(id);
                self.news_in_a_moment();
                if let Some(done) = done {
                    let _ = done.send(());
                }
            }
            Command::Head(seq) => self.sequence.know_head(seq),
            Command::Look => self.look = true,
        }
    }

    fn join(&mut self, listener: Listener) -> Joined {
        self.sequence.begin(listener.after);
        self.sequence.know_head(listener.after);
        self.deliver_ready();
        let (outbox, last) = (listener.outbox.clone(), self.sequence.last().unwrap_or(listener.after));
        self.shared.last.store(last, Ordering::Release);
        let joined = self.listeners.join(listener, last);
        if joined == Joined::Live {
            if let Some(full) = self.presence.for_newcomer() {
                outbox.push_ephemeral(full);
            }
            self.news_in_a_moment();
        }
        joined
    }

    fn on_arrival(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Entries => {
                for message in self.arrived.drain(..) {
                    match RoomEvent::decode(&message.payload) {
                        Ok(event) if event.route.room_id == self.shared.room => {
                            note_arrival(&event);
                            self.sequence.offer(RoomEvent { trace: message.traceparent, ..event });
                        }
                        _ => tracing::warn!(room.id = %self.shared.room, "event of the bus is malformed"),
                    }
                }
            }
            Arrival::Live(message) => self.on_live(&message),
            Arrival::Connected => {
                // Before anybody has begun there is nothing to have missed.
                self.look = self.sequence.last().is_some();
                self.ask_others();
                self.shared.set_ready();
            }
            // Those who wait need not wait for the bus: heads are compared more often while it is away.
            Arrival::Disconnected => self.shared.set_ready(),
        }
    }

    fn on_live(&mut self, message: &BusMessage) {
        let Some(event) = LiveEvent::decode(&message.payload) else { return };
        if let LiveEvent::Typing { user } = &event {
            let frame = text_of(ServerEvent::Typing { room_id: self.shared.room, user: user.clone() });
            self.listeners.whisper(&frame, |listener| listener.user.id == user.id);
        } else if self.presence.hear(event, Instant::now()) {
            self.news_in_a_moment();
        }
    }

    fn on_page(&mut self, page: Result<TimelinePage, LogError>) {
        self.reading = None;
        self.delivery.note(&page);
        let before = self.sequence.last();
        match page {
            Ok(page) => {
                for entry in page.items {
                    self.sequence.offer(RoomEvent::of(entry));
                }
                self.sequence.log_ends_at(page.head);
                self.deliver_ready();
            }
            Err(LogError::Gone) => self.listeners.end_all(),
            Err(LogError::Unavailable(reason)) => {
                tracing::debug!(room.id = %self.shared.room, error = reason, "log could not be read");
                self.look = true;
            }
        }
        if self.sequence.last() == before {
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        } else {
            self.pause = REORDER_WINDOW;
            GATEWAY.gaps.inc();
            // What is still missing is known to be in the log: no need to wait for the bus.
            self.read_at = self.sequence.missing_after().map(|_| Instant::now());
        }
    }

    /// Delivers what may be delivered, reads what is missing, tells what is news.
    fn settle(&mut self) {
        self.deliver_ready();
        let now = Instant::now();
        self.plan_reading(now);
        if self.tell_at.is_some_and(|at| at <= now) || self.repeat_at <= now {
            self.tell(now);
        }
    }

    fn deliver_ready(&mut self) {
        let mut ready = Vec::new();
        self.sequence.take_ready(&mut ready);
        if ready.is_empty() {
            return;
        }
        if self.listeners.len() > 0 {
            self.under_way.begin(&ready);
        }
        let spans: Vec<Span> = ready.iter().filter_map(|event| delivery_span(event, self.listeners.len())).collect();
        let gone = self.listeners.deliver(ready.into_iter().map(Rendition::new).collect());
        self.under_way.end();
        // Each ends here: its frame stands in the queue of every socket.
        drop(spans);
        if let Some(last) = self.sequence.last() {
            // After the outboxes: whoever reads this seq and tells it, tells it after the entry.
            self.shared.last.store(last, Ordering::Release);
        }
        if gone > 0 {
            self.news_in_a_moment();
        }
    }

    fn plan_reading(&mut self, now: Instant) {
        let Some(last) = self.sequence.last() else { return };
        if self.sequence.missing_after().is_none() && !self.look {
            self.read_at = None;
            self.pause = REORDER_WINDOW;
            return;
        }
        if self.reading.is_some() {
            return;
        }
        if *self.read_at.get_or_insert(now + self.pause) <= now {
            self.read_at = None;
            self.look = false;
            let (log, room) = (self.log.clone(), self.shared.room);
            self.reading = Some(Box::pin(async move { log.entries(room, last, PAGE_MAX).await }));
        }
    }

    fn news_in_a_moment(&mut self) {
        self.tell_at.get_or_insert_with(|| Instant::now() + TELL_EVERY);
    }

    fn tell(&mut self, now: Instant) {
        if self.repeat_at <= now {
            self.repeat_at = now + REPEAT_EVERY;
            self.ask_others();
        }
        self.tell_at = None;
        let here = self.listeners.iter().map(|listener| listener.user.clone());
        let news = self.presence.news(here, self.listeners.len(), now);
        if let Some(frame) = news.tell {
            self.listeners.whisper(&frame, |_| false);
        }
        if let Some(event) = news.publish {
            self.bus.publish(&subject::live(self.shared.room), event.encode());
        }
    }

    fn ask_others(&self) {
        self.bus.publish(&subject::live(self.shared.room), self.presence.question().encode());
    }
}

async fn read(reading: &mut Option<Reading>) -> Result<TimelinePage, LogError> {
    match reading {
        Some(reading) => reading.await,
        None => std::future::pending().await,
    }
}

/// The span of an entry's delivery here, one for all sockets, when it belongs to a trace that is recorded. The frame says
/// nothing of it: its bytes are the same for all, and whom a sender's trace is about is no concern of the others.
fn delivery_span(event: &RoomEvent, sockets: usize) -> Option<Span> {
    let origin: TraceContext = event.trace.as_ref().filter(|_| trace::is_on())?.parse().ok()?;
    if !origin.sampled {
        return None;
    }
    let span = tracing::info_span!(
        target: trace::TARGET,
        parent: None,
        "deliver",
        otel.kind = "consumer",
        otel.name = "deliver room",
        messaging.operation.name = "deliver",
        messaging.operation.r#type = "process",
        messaging.destination.template = "room.{room_id}",
        room.id = %event.route.room_id,
        entry.seq = event.route.seq,
        sockets,
    );
    trace::adopt(&span, origin, None);
    Some(span)
}
