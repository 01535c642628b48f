//! A socket of the original interface: one room, `{"username","content"}` both ways.
//!
//! The author is the token's user, whatever the frame says; a message is stored first and shown then, by the same hub as
//! version 1's. There is no word for an error but closing.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use chatapp_http::Caller;
use chatapp_types::frame::CloseReason;
use chatapp_types::{Clock, Problem, Secret};
use futures::FutureExt as _;
use serde::Deserialize;
use tokio::time::Instant;

use super::calls::OriginalCalls;
use crate::edge::RequestLimits;
use crate::hub::{Dialect, Ear, Hub, JoinResult, Subscription};
use crate::socket::lane::Lane;
use crate::socket::pump::{Conversation, Flow};
use crate::socket::{Closing, Outbox};

/// Frames that are none of the interface's, after which the socket is closed.
const MALFORMED_MAX: u32 = 10;
/// Times that a newcomer may find itself behind before it is told to come back.
const TRIES: u32 = 5;

/// What a client sends. The name is not looked at.
#[derive(Deserialize)]
struct Said {
    content: String,
}

/// Who speaks, where, by which token.
pub(super) struct Speaker {
    pub(super) calls: Arc<dyn OriginalCalls>,
    pub(super) caller: Caller,
    pub(super) token: Secret,
    /// The room's name, as it stands in the URL.
    pub(super) room_name: String,
}

/// Enters the room and listens from its head on. An error is how the socket is to be closed.
pub(super) async fn listen(hub: &Hub, speaker: &Speaker, outbox: &Arc<Outbox>) -> Result<Subscription, Closing> {
    let enter = || speaker.calls.enter(&speaker.token, &speaker.room_name);
    let room = enter().await.map_err(|problem| closing_of(&problem))?;
    let followed = hub.follow(room).await;
    // The original has no word for an edit, so there is nothing older to be kept from anyone.
    let ear = Ear { user: speaker.caller.user_ref(), dialect: Dialect::V0, outbox: outbox.clone(), floor: 0 };
    for _ in 0..TRIES {
        let head = speaker.calls.head(room).await.map_err(|problem| closing_of(&problem))?;
        // Once more, now that the head is known: whatever ends this membership has a later number, and cuts the socket.
        if enter().await.map_err(|problem| closing_of(&problem))? != room {
            return Err(Closing::Policy);
        }
        match followed.join(&ear, head).await {
            JoinResult::Live(subscription) => return Ok(subscription),
            JoinResult::CutOff => return Err(Closing::Policy),
            JoinResult::Behind => {}
            JoinResult::Lost => break,
        }
    }
    Err(Closing::TryAgain)
}

fn closing_of(problem: &Problem) -> Closing {
    if matches!(problem.status, 429 | 500..) { Closing::TryAgain } else { Closing::Policy }
}

/// The conversation.
pub(super) struct V0 {
    speaker: Arc<Speaker>,
    limits: Arc<RequestLimits>,
    lane: Lane<Post, Result<(), Problem>>,
    expires_at: Instant,
    malformed: u32,
    _subscription: Subscription,
}

struct Post {
    content: String,
    /// Not sooner than after this pause.
    pause: Duration,
}

impl V0 {
    /// Posts are taken from the allowance that `limits` has for the speaker, as those by REST.
    pub(super) fn new(
        speaker: Speaker,
        subscription: Subscription,
        limits: Arc<RequestLimits>,
        clock: &dyn Clock,
    ) -> Self {
        let left = speaker.caller.expires_at.millis().saturating_sub(clock.now().millis());
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        Self {
            speaker: Arc::new(speaker),
            limits,
            lane: Lane::new(),
            expires_at: Instant::now() + left,
            malformed: 0,
            _subscription: subscription,
        }
    }

    fn say(&mut self, text: &str, pause: Duration) -> Flow {
        let Ok(said) = serde_json::from_str::<Said>(text) else { return self.on_malformed() };
        // The original client sends an empty line as a message; there is nothing to store.
        if !said.content.trim().is_empty() {
            self.lane.ask(Post { content: said.content, pause });
        }
        self.begin_next();
        ControlFlow::Continue(())
    }

    fn begin_next(&mut self) {
        let Some(post) = self.lane.take_next() else { return };
        let (speaker, limits) = (self.speaker.clone(), self.limits.clone());
        self.lane.begin(
            async move {
                tokio::time::sleep(post.pause).await;
                limits.wait_for_user(speaker.caller.user).await;
                speaker.calls.post(&speaker.token, &speaker.room_name, &post.content).await
            }
            .boxed(),
        );
    }
}

impl Conversation for V0 {
    fn on_text(&mut self, text: &str) -> Flow {
        self.say(text, Duration::ZERO)
    }

    fn on_malformed(&mut self) -> Flow {
        self.malformed += 1;
        if self.malformed >= MALFORMED_MAX { ControlFlow::Break(Closing::Policy) } else { ControlFlow::Continue(()) }
    }

    /// There is no word for "too fast", and a message must not be lost: it waits, and the socket is read no faster.
    fn on_limited(&mut self, text: Option<&str>, wait: Duration) {
        if let Some(text) = text {
            let _ = self.say(text, wait);
        }
    }

    fn closing(&self, reason: CloseReason) -> Closing {
        match reason {
            CloseReason::ShuttingDown => Closing::GoingAway,
            CloseReason::Slow | CloseReason::Gap | CloseReason::NoHeartbeat => Closing::TryAgain,
            _ => Closing::Policy,
        }
    }

    fn wants_input(&self) -> bool {
        self.lane.has_room()
    }

    fn next_time(&self) -> Option<Instant> {
        Some(self.expires_at)
    }

    fn on_time(&mut self, now: Instant) -> Flow {
        if self.expires_at <= now { ControlFlow::Break(Closing::Policy) } else { ControlFlow::Continue(()) }
    }

    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<Flow> {
        let flow = match ready!(self.lane.poll_done(cx)) {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(problem)) => ControlFlow::Break(closing_of(&problem)),
            Err(_) => ControlFlow::Break(Closing::TryAgain),
        };
        self.begin_next();
        Poll::Ready(flow)
    }
}

#[cfg(test)]
mod tests;
