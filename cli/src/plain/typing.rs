//! Typing, line by line: who is, and that one is oneself.

use std::time::Duration;

use chatapp_client::sanitize;
use chatapp_types::{UserId, UserRef};
use tokio::time::Instant;

use crate::lines;

/// How long somebody who said so is believed to be typing.
const BELIEVED: Duration = Duration::from_secs(6);
/// How often it is said that one is typing.
const SAID_EVERY: Duration = Duration::from_secs(4);
/// Whoever goes on after a message is told of again, though not at once.
const SAID_AFTER_SENDING: Duration = Duration::from_secs(1);

/// The typing in a room.
#[derive(Debug, Default)]
pub(super) struct Typing {
    others: Vec<(UserRef, Instant)>,
    /// When it may be said again that one is typing.
    next: Option<Instant>,
}

impl Typing {
    /// Somebody said so.
    pub(super) fn heard(&mut self, user: UserRef, now: Instant) {
        self.ended(user.id);
        self.others.push((user, now + BELIEVED));
    }

    /// Somebody has sent it, or went.
    pub(super) fn ended(&mut self, user: UserId) {
        self.others.retain(|(u, _)| u.id != user);
    }

    /// It is not known any more who is typing.
    pub(super) fn forget(&mut self) {
        self.others.clear();
    }

    /// Those who did not say so again are believed no longer.
    pub(super) fn expire(&mut self, now: Instant) {
        self.others.retain(|(_, until)| *until > now);
    }

    /// When somebody is believed no longer.
    pub(super) fn expires(&self) -> Option<Instant> {
        self.others.iter().map(|(_, until)| *until).min()
    }

    /// Who is typing, for people.
    pub(super) fn told(&self) -> Option<String> {
        let names: Vec<String> = self.others.iter().map(|(u, _)| sanitize::line(&u.username).into_owned()).collect();
        lines::typing(&names)
    }

    /// Whether it is to be said now that one is typing.
    pub(super) fn is_to_be_said(&mut self, now: Instant) -> bool {
        let is_due = self.next.is_none_or(|next| next <= now);
        if is_due {
            self.next = Some(now + SAID_EVERY);
        }
        is_due
    }

    /// One has sent what one was typing.
    pub(super) fn sent(&mut self, now: Instant) {
        self.next = self.next.map(|_| now + SAID_AFTER_SENDING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserRef {
        UserRef { id: UserId::new(), username: name.to_owned() }
    }

    #[test]
    fn whoever_said_so_is_typing_until_the_message_comes_or_the_time_is_over() {
        let (mut typing, now) = (Typing::default(), Instant::now());
        let (ann, bob) = (user("ann"), user("bob\u{1b}[31m"));
        typing.heard(ann.clone(), now);
        typing.heard(bob, now + Duration::from_secs(3));
        typing.heard(ann.clone(), now + Duration::from_secs(3));
        assert_eq!(typing.told().as_deref(), Some("bob␛[31m and ann are typing"));
        typing.ended(ann.id);
        assert_eq!(typing.told().as_deref(), Some("bob␛[31m is typing"));
        assert_eq!(typing.expires(), Some(now + Duration::from_secs(9)));
        typing.expire(now + Duration::from_secs(9));
        assert_eq!(typing.told(), None);
    }

    #[test]
    fn it_is_not_said_at_every_key_that_one_is_typing() {
        let (mut typing, now) = (Typing::default(), Instant::now());
        let said = |typing: &mut Typing, at: u64| typing.is_to_be_said(now + Duration::from_millis(at));
        assert!(said(&mut typing, 0));
        assert!(!said(&mut typing, 3_999));
        assert!(said(&mut typing, 4_000));
        typing.sent(now + Duration::from_millis(4_100));
        assert!(!said(&mut typing, 4_200) && said(&mut typing, 5_100));
    }
}
