//! The messages of a feed on their way: one at a time, so that they arrive in the order of writing.

use std::collections::VecDeque;
use std::time::Duration;

use chatapp_types::frame::ServerEvent;
use chatapp_types::{ErrorCode, SendKey};
use tokio::time::Instant;

use super::event::{Event, Outgoing};
use crate::backoff::Backoff;

/// Beyond it a send is refused for now.
const WAITING_MAX: usize = 1_000;
/// Without an answer for this long, the send is repeated under its key.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The queue. The front one may be in flight.
#[derive(Debug)]
pub(super) struct OutgoingQueue {
    waiting: VecDeque<Outgoing>,
    /// When the front one is to be sent (again): at once when `None`.
    due: Option<Instant>,
    backoff: Backoff,
}

impl Default for OutgoingQueue {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), due: None, backoff: Backoff::for_requests() }
    }
}

impl OutgoingQueue {
    /// Takes a message, or says why not. One whose key is waiting already is not taken twice.
    pub(super) fn push(&mut self, message: Outgoing) -> Option<Event> {
        if self.waiting.iter().any(|m| m.key == message.key) {
            return None;
        }
        if self.waiting.len() >= WAITING_MAX {
            let text = "too many messages are waiting to be sent";
            return Some(refused(&message, ErrorCode::Unavailable, text.to_owned(), false));
        }
        self.waiting.push_back(message);
        None
    }

    /// The message to send now, if one is due; it counts as sent until it is answered or too long has passed.
    pub(super) fn next_due(&mut self, now: Instant) -> Option<&Outgoing> {
        if self.due.is_some_and(|due| due > now) {
            return None;
        }
        let front = self.waiting.front()?;
        self.due = Some(now + ANSWER_WITHIN);
        Some(front)
    }

    /// When [`OutgoingQueue::next_due`] will have something.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        self.waiting.front().and(self.due)
    }

    /// A new connection: what was in flight is sent again under its key.
    pub(super) const fn restart(&mut self) {
        self.due = None;
        self.backoff.reset();
    }

    /// Takes an answer of the server to a send. Others are of no concern here.
    pub(super) fn on_event(&mut self, event: &ServerEvent, now: Instant) -> Option<Event> {
        match event {
            ServerEvent::Ack { key, room_id, seq, message_id, duplicate } => {
                self.settle(*key);
                let (key, room_id, seq, message_id, duplicate) = (*key, *room_id, *seq, *message_id, *duplicate);
                Some(Event::Ack { key, room_id, seq, message_id, duplicate })
            }
            ServerEvent::Error { key: Some(key), code, message, retryable, retry_after_s, outcome, .. } => {
                if *retryable || outcome.is_some() {
                    self.try_again_after(*key, retry_after_s.map(Duration::from_secs), now);
                    return None;
                }
                let at = self.waiting.iter().position(|m| m.key == *key)?;
                let event = refused(&self.waiting[at], *code, message.clone(), true);
                self.settle(*key);
                Some(event)
            }
            _ => None,
        }
    }

    /// The front one was refused for the moment.
    pub(super) fn try_again_after(&mut self, key: SendKey, wait: Option<Duration>, now: Instant) {
        if self.waiting.front().is_some_and(|m| m.key == key) {
            self.due = Some(now + wait.unwrap_or_default().max(self.backoff.next_wait()));
        }
    }

    /// A send's fate is known.
    pub(super) fn settle(&mut self, key: SendKey) {
        if self.waiting.front().is_some_and(|m| m.key == key) {
            self.waiting.pop_front();
            self.restart();
        } else {
            self.waiting.retain(|m| m.key != key);
        }
    }
}

/// What the owner is told of a send that was not taken.
pub(super) fn refused(message: &Outgoing, code: ErrorCode, text: String, is_final: bool) -> Event {
    Event::Refused { key: message.key, room_id: message.room_id, code, message: text, is_final }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use chatapp_types::{MessageId, RoomId};

    use super::*;

    fn message() -> Outgoing {
        Outgoing { key: SendKey::new(), room_id: RoomId::new(), body: "hi".to_owned(), reply_to: None }
    }

    fn ack(m: &Outgoing) -> ServerEvent {
        ServerEvent::Ack { key: m.key, room_id: m.room_id, seq: 1, message_id: MessageId::new(), duplicate: false }
    }

    fn error(m: &Outgoing, retryable: bool, retry_after_s: Option<u64>) -> ServerEvent {
        ServerEvent::Error {
            code: ErrorCode::RateLimited,
            message: "slowly".to_owned(),
            retryable,
            key: Some(m.key),
            room_id: None,
            retry_after_s,
            outcome: None,
        }
    }

    #[test]
    fn one_message_is_on_its_way_at_a_time_in_the_order_of_writing() {
        let (mut queue, now) = (OutgoingQueue::default(), Instant::now());
        let (a, b) = (message(), message());
        queue.push(a.clone());
        queue.push(b.clone());
        assert_eq!(queue.next_due(now), Some(&a));
        assert_eq!(queue.next_due(now), None);
        assert!(matches!(queue.on_event(&ack(&a), now), Some(Event::Ack { .. })));
        assert_eq!(queue.next_due(now), Some(&b));
    }

    #[test]
    fn an_unanswered_message_is_sent_again_under_its_key() {
        let (mut queue, now) = (OutgoingQueue::default(), Instant::now());
        let a = message();
        queue.push(a.clone());
        queue.next_due(now);
        assert_eq!(queue.next_due(now + ANSWER_WITHIN), Some(&a));
        queue.restart();
        assert_eq!(queue.next_due(now + ANSWER_WITHIN), Some(&a), "a new connection does not wait");
    }

    #[test]
    fn a_message_that_came_too_fast_waits_as_long_as_the_server_asks() {
        let (mut queue, now) = (OutgoingQueue::default(), Instant::now());
        let a = message();
        queue.push(a.clone());
        queue.next_due(now);
        assert_eq!(queue.on_event(&error(&a, true, Some(60)), now), None);
        assert_eq!(queue.next_due(now + Duration::from_secs(59)), None);
        assert_eq!(queue.next_due(now + Duration::from_secs(61)), Some(&a));
    }

    #[test]
    fn a_message_refused_for_good_does_not_hold_up_the_next() {
        let (mut queue, now) = (OutgoingQueue::default(), Instant::now());
        let (a, b) = (message(), message());
        queue.push(a.clone());
        queue.push(b.clone());
        queue.next_due(now);
        let told = queue.on_event(&error(&a, false, None), now);
        assert!(matches!(told, Some(Event::Refused { is_final: true, key, .. }) if key == a.key));
        assert_eq!(queue.next_due(now), Some(&b));
    }

    #[test]
    fn the_queue_is_bounded_and_says_so() {
        let mut queue = OutgoingQueue::default();
        for _ in 0..WAITING_MAX {
            assert_eq!(queue.push(message()), None);
        }
        assert!(matches!(queue.push(message()), Some(Event::Refused { is_final: false, .. })));
    }
}
