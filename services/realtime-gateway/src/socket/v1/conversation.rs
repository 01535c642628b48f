//! The conversation as the socket's loop sees it.

use std::ops::ControlFlow;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use chatapp_types::frame::CloseReason;
use chatapp_types::{ErrorCode, Problem};
use tokio::time::Instant;

use super::expiry::ExpiryStep;
use super::ops::Op;
use super::{HEADS_EVERY, V1, malformed};
use crate::socket::pump::{Conversation, Flow};
use crate::socket::{Closing, Concern};

impl Conversation for V1 {
    fn on_text(&mut self, text: &str) -> Flow {
        match malformed::read(text) {
            Ok(frame) => self.on_frame(frame),
            Err(why) => self.refuse_malformed(malformed::concern(text), why),
        }
    }

    fn on_malformed(&mut self) -> Flow {
        self.refuse_malformed(Concern::default(), "a frame is one JSON object, as text".to_owned())
    }

    fn on_limited(&mut self, text: Option<&str>, wait: Duration) {
        // The client must know which of its frames was not taken.
        let concern = text.map(malformed::concern).unwrap_or_default();
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.refuse(concern, Problem::new(ErrorCode::RateLimited).with_retry_after(seconds));
    }

    fn closing(&self, reason: CloseReason) -> Closing {
        reason.into()
    }

    fn wants_input(&self) -> bool {
        self.lane.has_room()
    }

    fn on_news(&mut self) {
        self.news = true;
        self.heads_at.get_or_insert_with(|| Instant::now() + HEADS_EVERY);
    }

    fn next_time(&self) -> Option<Instant> {
        let Some(expiry) = &self.expiry else { return Some(self.auth_by) };
        [self.heads_at, expiry.next()].into_iter().flatten().min()
    }

    fn on_time(&mut self, now: Instant) -> Flow {
        let Some(expiry) = &mut self.expiry else {
            let late = self.auth_by <= now;
            return if late {
                ControlFlow::Break(CloseReason::Unauthenticated.into())
            } else {
                ControlFlow::Continue(())
            };
        };
        match expiry.step(now) {
            ExpiryStep::Wait => {}
            ExpiryStep::Renew => {
                if let Some(script) = self.identity.as_ref().and_then(|identity| identity.script.clone()) {
                    self.lane.ask((None, Op::Auth { token: script, renewal: true }));
                }
            }
            ExpiryStep::Warn => self.refuse(Concern::default(), ErrorCode::TokenExpired),
            ExpiryStep::Close => return ControlFlow::Break(CloseReason::TokenExpired.into()),
        }
        if self.heads_at.is_some_and(|at| at <= now) {
            self.tell_heads(now);
        }
        self.begin_next()
    }

    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<Flow> {
        let done = ready!(self.lane.poll_done(cx));
        Poll::Ready(match done {
            Ok(done) => self.on_done(done),
            Err(_) => ControlFlow::Break(Closing::TryAgain),
        })
    }
}
