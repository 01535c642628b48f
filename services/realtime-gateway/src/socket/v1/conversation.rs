//! The conversation as the socket's loop sees it.

use std::ops::ControlFlow;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use chatapp_types::frame::{ClientFrame, ClientOp, CloseReason, FrameId};
use chatapp_types::{ErrorCode, Problem};
use tokio::time::Instant;

use super::expiry::ExpiryStep;
use super::ops::Op;
use super::{FRAME_ID_MAX_BYTES, HEADS_EVERY, MALFORMED_MAX, V1};
use crate::socket::pump::{Conversation, Flow};
use crate::socket::{Closing, Concern};

impl Conversation for V1 {
    fn on_text(&mut self, text: &str) -> Flow {
        match serde_json::from_str::<ClientFrame>(text) {
            Ok(frame) if !is_overlong(frame.id.as_ref()) => self.on_frame(frame),
            _ => self.on_malformed(),
        }
    }

    fn on_malformed(&mut self) -> Flow {
        self.malformed += 1;
        self.refuse(Concern::default(), ErrorCode::Malformed);
        if self.malformed >= MALFORMED_MAX {
            return ControlFlow::Break(CloseReason::BadProtocol.into());
        }
        ControlFlow::Continue(())
    }

    fn on_limited(&mut self, text: Option<&str>, wait: Duration) {
        // The client must know which of its frames was not taken.
        let frame = text.and_then(|text| serde_json::from_str::<ClientFrame>(text).ok());
        let concern = frame.filter(|f| !is_overlong(f.id.as_ref())).map(concern_of).unwrap_or_default();
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.refuse(concern, Problem::new(ErrorCode::RateLimited).with_retry_after(seconds));
    }

    fn closing(&self, reason: CloseReason) -> Closing {
        reason.into()
    }

    fn wants_input(&self) -> bool {
        self.lane.has_room()
    }

    fn next_time(&self) -> Option<Instant> {
        let Some(expiry) = &self.expiry else { return Some(self.auth_by) };
        let heads = (!self.rooms.is_empty()).then_some(self.heads_at);
        [heads, expiry.next()].into_iter().flatten().min()
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
        if self.heads_at <= now {
            self.heads_at = now + HEADS_EVERY;
            self.tell_heads();
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

fn is_overlong(id: Option<&FrameId>) -> bool {
    matches!(id, Some(FrameId::Text(text)) if text.len() > FRAME_ID_MAX_BYTES)
}

fn concern_of(frame: ClientFrame) -> Concern {
    let (room_id, key) = match frame.op {
        ClientOp::Send { room_id, key, .. } => (Some(room_id), Some(key)),
        ClientOp::Subscribe { room_id, .. }
        | ClientOp::Unsubscribe { room_id }
        | ClientOp::Typing { room_id }
        | ClientOp::Read { room_id, .. } => (Some(room_id), None),
        ClientOp::Auth { .. } | ClientOp::Ping => (None, None),
    };
    Concern { id: frame.id, room_id, key }
}
