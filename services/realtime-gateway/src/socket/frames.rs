//! What version 1 says, as frames.

use chatapp_types::frame::{FrameId, ServerEvent, ServerFrame};
use chatapp_types::{ErrorCode, Problem, RoomId, SendKey};

use super::Frame;

/// The text of a push.
pub(crate) fn text_of(event: ServerEvent) -> Frame {
    reply(None, event)
}

/// The text of an answer to the frame `id`.
pub(crate) fn reply(id: Option<FrameId>, event: ServerEvent) -> Frame {
    Frame::json(&ServerFrame { id, event })
}

/// What an error is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Concern {
    /// The frame.
    pub(crate) id: Option<FrameId>,
    /// The room.
    pub(crate) room_id: Option<RoomId>,
    /// The send.
    pub(crate) key: Option<SendKey>,
}

impl Concern {
    /// The text of the error frame for a problem.
    pub(crate) fn error(self, problem: Problem) -> Frame {
        let retryable = is_retryable(&problem);
        let event = ServerEvent::Error {
            code: problem.code,
            message: problem.detail.unwrap_or(problem.title),
            retryable,
            key: self.key,
            room_id: self.room_id,
            retry_after_s: problem.retry_after_s,
            outcome: problem.outcome,
        };
        reply(self.id, event)
    }
}

/// Whether the same frame may succeed later: after a wait, or with a fresh token.
fn is_retryable(problem: &Problem) -> bool {
    matches!(problem.status, 429 | 503) || problem.code == ErrorCode::TokenExpired
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_error_frame_says_what_it_is_about_and_whether_to_try_again() {
        let key = SendKey::new();
        let concern = Concern { id: Some(FrameId::Number(7)), room_id: None, key: Some(key) };
        let problem = Problem::new(ErrorCode::Unavailable).with_retry_after(2).with_unknown_outcome();
        let json: serde_json::Value = serde_json::from_str(concern.error(problem).as_str()).unwrap();
        let expected = serde_json::json!({
            "ev": "error", "id": 7, "code": "unavailable", "message": "The service is not available right now",
            "retryable": true, "key": key.to_string(), "retry_after_s": 2, "outcome": "unknown",
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn a_refusal_for_good_is_not_retryable() {
        assert!(!is_retryable(&ErrorCode::RoomNotFound.into()));
        assert!(is_retryable(&ErrorCode::RateLimited.into()));
        assert!(is_retryable(&ErrorCode::TokenExpired.into()));
    }
}
