//! What of a room is on the screen: the latest messages, by which commands name them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chatapp_client::sanitize;
use chatapp_types::messages::Message;
use chatapp_types::rooms::Room;
use chatapp_types::{Entry, EntryBody, MessageId, UserId};

use super::typing::Typing;
use crate::command::Target;
use crate::screen::state::log::{Item, Log, What};
use crate::{lines, links};

/// Messages that are remembered.
const REMEMBERED: usize = 1_000;
/// What an answer quotes of a message that is not known.
const EARLIER: &str = "an earlier message";

pub(super) struct View {
    pub(super) room: Room,
    /// The last seq shown.
    pub(super) last: u64,
    /// The seq of the first message shown, before which `:history` goes on.
    pub(super) first: Option<u64>,
    /// After which seq messages were unread when one came in, if any were.
    pub(super) unread: Option<u64>,
    /// What is kept of it for the next time.
    pub(super) log: Log,
    pub(super) is_numbered: bool,
    /// Who is in the room.
    pub(super) members: BTreeSet<String>,
    pub(super) online: BTreeSet<String>,
    pub(super) typing: Typing,
    shown: VecDeque<Shown>,
    /// What answers quote of messages that are not on the screen.
    quotes: BTreeMap<MessageId, String>,
}

struct Shown {
    seq: u64,
    id: MessageId,
    author: UserId,
    name: String,
    snippet: String,
    links: Vec<String>,
}

impl View {
    pub(super) fn new(room: Room) -> Self {
        Self {
            room,
            last: 0,
            first: None,
            unread: None,
            log: Log::default(),
            is_numbered: false,
            members: BTreeSet::new(),
            online: BTreeSet::new(),
            typing: Typing::default(),
            shown: VecDeque::new(),
            quotes: BTreeMap::new(),
        }
    }

    /// The line of an item of the history.
    pub(super) fn item(&mut self, item: &Item) -> String {
        match (item.to_message(self.room.id), &item.what) {
            (Some(message), _) => self.message(&message),
            (None, What::Happened(text)) => lines::event(item.at, self.is_numbered.then_some(item.seq), text),
            (None, What::Said(_)) => String::new(),
        }
    }

    /// The line of a message of the history.
    fn message(&mut self, m: &Message) -> String {
        let answered = self.answered(m.reply_to);
        if !m.deleted {
            self.remember(m.seq, m.id, m.author.id, &m.author.username, &m.body);
        }
        match answered {
            Some(to) if !m.deleted => {
                let number = self.is_numbered.then_some(m.seq);
                lines::said(m.at, number, &m.author, &format!("{to}{}", m.body))
            }
            _ => lines::message(m, self.is_numbered),
        }
    }

    /// The line of an entry, if it needs one.
    pub(super) fn entry(&mut self, e: &Entry) -> Option<String> {
        self.last = self.last.max(e.seq);
        match &e.body {
            EntryBody::MessagePosted { message_id, body, reply_to, deleted: false, .. } => {
                let answered = self.answered(*reply_to).unwrap_or_default();
                self.remember(e.seq, *message_id, e.actor.id, &e.actor.username, body);
                let number = self.is_numbered.then_some(e.seq);
                Some(lines::said(e.at, number, &e.actor, &format!("{answered}{body}")))
            }
            EntryBody::RoomRenamed { name } => {
                self.room.name.clone_from(name);
                lines::entry(e, self.is_numbered)
            }
            EntryBody::RoomVisibilityChanged { visibility } => {
                self.room.visibility = *visibility;
                lines::entry(e, self.is_numbered)
            }
            EntryBody::MessageEdited { message_id, body, deleted: false, .. } => {
                if let Some(shown) = self.shown.iter_mut().find(|s| s.id == *message_id) {
                    (shown.snippet, shown.links) = (lines::snippet(body), links::of(body));
                }
                self.quotes.remove(message_id);
                lines::entry(e, self.is_numbered)
            }
            EntryBody::MessageDeleted { message_id, .. } => {
                self.shown.retain(|s| s.id != *message_id);
                self.quotes.remove(message_id);
                lines::entry(e, self.is_numbered)
            }
            body => {
                self.came_or_went(&e.actor.username, body);
                lines::entry(e, self.is_numbered)
            }
        }
    }

    fn came_or_went(&mut self, actor: &str, body: &EntryBody) {
        match body {
            EntryBody::MemberJoined => {
                self.members.insert(actor.to_owned());
            }
            EntryBody::MemberAdded { subject } => {
                self.members.insert(subject.username.clone());
            }
            EntryBody::MemberLeft => {
                self.members.remove(actor);
            }
            EntryBody::MemberRemoved { subject } | EntryBody::MemberBlocked { subject, .. } => {
                self.members.remove(&subject.username);
            }
            _ => {}
        }
    }

    /// What an answer begins with.
    fn answered(&self, reply_to: Option<MessageId>) -> Option<String> {
        let id = reply_to?;
        let shown = self.shown.iter().find(|s| s.id == id);
        let quoted = shown.map(|s| format!("{} \"{}\"", s.name, s.snippet));
        let quoted = quoted.as_ref().or_else(|| self.quotes.get(&id)).map_or(EARLIER, String::as_str);
        Some(format!("(to {quoted}) "))
    }

    /// Whether it is known what an answer to this message quotes.
    pub(super) fn knows(&self, id: MessageId) -> bool {
        self.quotes.contains_key(&id) || self.shown.iter().any(|s| s.id == id)
    }

    /// Learns what an answer to a message quotes that is not on the screen.
    pub(super) fn learn(&mut self, m: &Message) {
        let said = if m.deleted { "(deleted)".to_owned() } else { format!("\"{}\"", lines::snippet(&m.body)) };
        self.quote(m.id, format!("{} {said}", sanitize::line(&m.author.username)));
    }

    /// Learns that there is nothing to learn: the message is not for this user to read.
    pub(super) fn learn_that_it_cannot_be_read(&mut self, id: MessageId) {
        self.quote(id, EARLIER.to_owned());
    }

    fn quote(&mut self, id: MessageId, quote: String) {
        self.quotes.insert(id, quote);
        if self.quotes.len() > REMEMBERED {
            self.quotes.pop_first();
        }
    }

    fn remember(&mut self, seq: u64, id: MessageId, author: UserId, name: &str, body: &str) {
        let (snippet, links) = (lines::snippet(body), links::of(body));
        let shown = Shown { seq, id, author, name: name.to_owned(), snippet, links };
        let at = self.shown.partition_point(|s| s.seq < seq);
        if self.shown.get(at).is_some_and(|s| s.seq == seq) {
            // It is shown once more.
            self.shown[at] = shown;
            return;
        }
        self.shown.insert(at, shown);
        if self.shown.len() > REMEMBERED {
            self.shown.pop_front();
        }
    }

    /// The links of the latest message shown that has any.
    pub(super) fn latest_links(&self) -> Vec<String> {
        self.shown.iter().rev().map(|s| &s.links).find(|links| !links.is_empty()).cloned().unwrap_or_default()
    }

    /// The seq of the latest message that was shown.
    pub(super) fn latest(&self) -> Option<u64> {
        self.shown.back().map(|s| s.seq)
    }

    /// The message that is meant, if it was shown: one's own latest, or (`of_others`) the latest of somebody else.
    pub(super) fn find(&self, target: Target, me: UserId, of_others: bool) -> Option<MessageId> {
        let found = match target {
            Target::Seq(seq) => self.shown.iter().find(|s| s.seq == seq),
            Target::Latest => self.shown.iter().rev().find(|s| (s.author != me) == of_others),
        };
        found.map(|s| s.id)
    }
}

#[cfg(test)]
mod tests;
