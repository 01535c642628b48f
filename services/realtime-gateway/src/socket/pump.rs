//! The loop of one socket: what comes in is handed to the conversation, what could not be written at once is written.
//!
//! Generic over the socket, so that it is tested without one, and over the conversation, since version 1 and the
//! original interface differ in words alone. Most frames never come by here: who pushes them writes them (see
//! [`Outbox`]).

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use chatapp_metrics::{GATEWAY, Limit, THROTTLED};
use chatapp_types::frame::CloseReason;
use futures::{Sink, SinkExt as _, Stream, StreamExt as _};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::heartbeat::{Beat, Heartbeat};
use super::outbox::Next;
use super::{Admission, Closing, FrameBudget, Outbox};

/// A peer that takes no byte for so long is gone.
const WRITE_STALL: Duration = Duration::from_secs(30);
/// How long saying goodbye may take.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);
/// And to one who reads slowly: it must take what is on its way before it can be told why there is no more. Its queue
/// is empty by then, so waiting costs a connection and nothing else.
const SLOW_GOODBYE_WITHIN: Duration = Duration::from_secs(20);

/// A whole ping frame, without content (RFC 6455, section 5.5.2).
const PING: Bytes = Bytes::from_static(&[0x89, 0]);

/// What comes of a step: go on, or close.
pub(crate) type Flow = ControlFlow<Closing>;

/// What is said on a socket, without the socket. All methods but the last return at once.
pub(crate) trait Conversation: Send {
    /// Takes a text frame.
    fn on_text(&mut self, text: &str) -> Flow;

    /// Takes what is no frame of the interface at all (binary).
    fn on_malformed(&mut self) -> Flow;

    /// A frame is one too many; the next is taken after `wait`.
    fn on_limited(&mut self, text: Option<&str>, wait: Duration);

    /// How this interface closes for that reason.
    fn closing(&self, reason: CloseReason) -> Closing;

    /// Whether frames can be taken now; if not, the socket is not read until [`Conversation::poll_work`] has made progress.
    fn wants_input(&self) -> bool;

    /// Entries of a room have come, the first since [`Outbox::forget_news`].
    fn on_news(&mut self) {}

    /// When [`Conversation::on_time`] is to be called next.
    fn next_time(&self) -> Option<Instant>;

    /// Does what is due.
    fn on_time(&mut self, now: Instant) -> Flow;

    /// Goes on with what is under way.
    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<Flow>;
}

enum Event<E> {
    Out(Next),
    In(Option<Result<Message, E>>),
    Worked(Flow),
    Time,
}

/// Runs a socket until it is closed, and closes it. Returns why.
pub(crate) async fn run<S, E, C>(
    mut socket: S,
    outbox: &Outbox,
    mut budget: FrameBudget,
    conversation: &mut C,
) -> Closing
where
    S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin,
    Closing: From<E>,
    C: Conversation,
{
    let closing = converse(&mut socket, outbox, &mut budget, conversation).await;
    // From here on nothing is queued, and nobody waits for room.
    outbox.close(closing);
    let patience = if closing == Closing::Reason(CloseReason::Slow) { SLOW_GOODBYE_WITHIN } else { GOODBYE_WITHIN };
    let goodbye = async {
        say_goodbye(&mut socket, closing).await;
        // The answer to the peer's own closing frame may still wait there: under TLS nobody else writes it.
        let _ = poll_fn(|cx| outbox.poll_written(cx)).await;
    };
    let _ = tokio::time::timeout(patience, goodbye).await;
    closing
}

/// Closes a socket that was opened only to be told why not.
pub(crate) async fn turn_away<S, E>(mut socket: S, closing: Closing)
where
    S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin,
{
    let _ = tokio::time::timeout(GOODBYE_WITHIN, say_goodbye(&mut socket, closing)).await;
}

async fn converse<S, E, C>(socket: &mut S, outbox: &Outbox, budget: &mut FrameBudget, conversation: &mut C) -> Closing
where
    S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin,
    Closing: From<E>,
    C: Conversation,
{
    let mut heart = Heartbeat::new(Instant::now());
    let mut timer = pin!(tokio::time::sleep_until(heart.next()));
    loop {
        let time = conversation.next_time().map_or(heart.next(), |time| time.min(heart.next()));
        if timer.deadline() != time {
            timer.as_mut().reset(time);
        }
        let event = tokio::select! {
            next = outbox.next() => Event::Out(next),
            worked = poll_fn(|cx| conversation.poll_work(cx)) => Event::Worked(worked),
            message = socket.next(), if conversation.wants_input() => Event::In(message),
            () = timer.as_mut() => Event::Time,
        };
        let flow = match event {
            Event::Out(Next::Write) => {
                let written = write(outbox).await;
                // It had been full, so what it takes now a peer has taken: a ping may be far behind.
                heart.heard();
                written
            }
            Event::Out(Next::News) => {
                conversation.on_news();
                ControlFlow::Continue(())
            }
            Event::Out(Next::Close(closing)) => ControlFlow::Break(closing),
            Event::Worked(flow) => flow,
            Event::In(None) => ControlFlow::Break(Closing::Gone),
            Event::In(Some(Err(err))) => ControlFlow::Break(err.into()),
            Event::In(Some(Ok(message))) => {
                heart.heard();
                take(&message, budget, conversation)
            }
            Event::Time => on_time(outbox, &mut heart, conversation),
        };
        if let ControlFlow::Break(closing) = flow {
            return last_words(outbox, closing).await;
        }
    }
}

/// What waits is still written, where the reason allows it, before the close frame says why.
async fn last_words(outbox: &Outbox, closing: Closing) -> Closing {
    outbox.close(closing);
    if closing.says_goodbye() {
        let writing = async {
            while let Next::Write = outbox.next().await {
                if write(outbox).await.is_break() {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(GOODBYE_WITHIN, writing).await;
    }
    closing
}

fn take<C: Conversation>(message: &Message, budget: &mut FrameBudget, conversation: &mut C) -> Flow {
    let (text, size) = match message {
        Message::Close(_) => return ControlFlow::Break(Closing::Gone),
        // Answers to our own pings; and what reading makes none of.
        Message::Pong(_) | Message::Frame(_) => return ControlFlow::Continue(()),
        Message::Text(text) => (Some(text.as_str()), text.len()),
        Message::Binary(bytes) | Message::Ping(bytes) => (None, bytes.len()),
    };
    if size > budget.largest() {
        return ControlFlow::Break(conversation.closing(CloseReason::FrameTooLarge));
    }
    GATEWAY.received.inc();
    match budget.admit(Instant::now()) {
        Admission::Taken => {}
        Admission::Limited(wait) => {
            THROTTLED.count(Limit::Frames);
            conversation.on_limited(text, wait);
            return ControlFlow::Continue(());
        }
        Admission::Ignored => return ControlFlow::Break(conversation.closing(CloseReason::BadProtocol)),
    }
    match (text, message) {
        (Some(text), _) => conversation.on_text(text),
        // Answered by the socket itself.
        (None, Message::Ping(_)) => ControlFlow::Continue(()),
        (None, _) => conversation.on_malformed(),
    }
}

fn on_time<C: Conversation>(outbox: &Outbox, heart: &mut Heartbeat, conversation: &mut C) -> Flow {
    let now = Instant::now();
    match heart.beat(now) {
        Beat::Wait => {}
        Beat::Dead if !conversation.wants_input() => heart.heard(),
        Beat::Dead => return ControlFlow::Break(conversation.closing(CloseReason::NoHeartbeat)),
        Beat::Ping => outbox.push_control(PING),
    }
    conversation.on_time(now)
}

/// Goes on with what could not be written at once. A reader that is too slow is cut when its outbox overflows meanwhile.
async fn write(outbox: &Outbox) -> Flow {
    tokio::select! {
        biased;
        written = outbox.progress() => match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(Closing::Gone),
        },
        closing = outbox.cut() => ControlFlow::Break(closing),
        () = stalled() => ControlFlow::Break(CloseReason::Slow.into()),
    }
}

/// A timer that costs nothing unless a write has to wait.
async fn stalled() {
    tokio::time::sleep(WRITE_STALL).await;
}

/// Sends the close frame and waits for the peer's: closed with bytes unread, a connection is reset, and the frame lost.
async fn say_goodbye<S, E>(socket: &mut S, closing: Closing)
where
    S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin,
{
    if let Some(message) = closing.message()
        && socket.send(message).await.is_ok()
    {
        while let Some(Ok(_)) = socket.next().await {}
    }
    let _ = socket.close().await;
}
