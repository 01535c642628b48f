//! The part of a room's log that is loaded: a stretch without holes, of bounded length.

use std::collections::{BTreeSet, VecDeque};

use chatapp_types::{Entry, EntryBody, MessageId, UserId};
use serde::{Deserialize, Serialize};

pub(crate) use super::item::{Item, Said, What};
use super::quotes::Quotes;

/// Where a page goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// In place of what is loaded.
    Instead,
    /// Before it.
    Older,
    /// Behind it.
    Newer,
}

/// Entries `first..=last` of a log, as they were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) head: u64,
    pub(crate) floor: u64,
    pub(crate) items: Vec<Item>,
}

/// A change of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    target: u64,
    /// The new text; `None` when it was erased.
    text: Option<String>,
}

/// The loaded stretch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    items: VecDeque<Item>,
    /// Everything from here…
    first: u64,
    /// …up to here is loaded.
    last: u64,
    /// Nothing up to here may be read.
    floor: u64,
    is_loaded: bool,
    /// It is of the last time, and may have changed since.
    is_kept: bool,
    /// What is being read. Changes that are heard of meanwhile are kept, for the page may have been read before them.
    loading: Option<Side>,
    revisions: Vec<Revision>,
    /// Messages that are answered here and not loaded.
    quotes: Quotes,
    /// The head up to which a reading brought nothing more: it is not repeated until there is more.
    fruitless: u64,
}

impl Log {
    /// Items that a room keeps: what is beyond is dropped, and read again when one comes there.
    pub(crate) const KEPT: usize = 1_000;

    /// What was kept of the last time.
    pub(crate) fn kept(page: Stretch) -> Self {
        let Stretch { first, last, floor, items, .. } = page;
        Self { items: items.into(), first, last, floor, is_loaded: true, is_kept: true, ..Self::default() }
    }

    /// The last `count` items, to be kept for the next time; `None` when there is nothing.
    pub(crate) fn tail(&self, count: usize) -> Option<Stretch> {
        let items: Vec<Item> = self.items.iter().skip(self.items.len().saturating_sub(count)).cloned().collect();
        let first = if items.len() == self.items.len() { self.first } else { items.first()?.seq };
        let Self { last, floor, .. } = *self;
        self.is_loaded.then_some(Stretch { first, last, head: last, floor, items })
    }

    /// Whether it is of the last time, and is to be read anew once the gateway answers.
    pub(crate) const fn is_kept(&self) -> bool {
        self.is_kept
    }

    pub(crate) const fn items(&self) -> &VecDeque<Item> {
        &self.items
    }

    pub(crate) const fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    pub(crate) const fn loading(&self) -> Option<Side> {
        self.loading
    }

    pub(crate) const fn first(&self) -> u64 {
        self.first
    }

    /// Nothing up to here may be read.
    pub(crate) const fn floor(&self) -> u64 {
        self.floor
    }

    /// Whether reading on is worth while for a log of this head.
    pub(crate) const fn lacks(&self, head: u64) -> bool {
        !self.reaches(head) && head > self.fruitless
    }

    pub(crate) const fn last(&self) -> u64 {
        self.last
    }

    /// Whether there is something before what is loaded.
    pub(crate) const fn has_older(&self) -> bool {
        self.is_loaded && self.first > self.floor + 1
    }

    /// Whether the whole log up to `head` is loaded.
    pub(crate) const fn reaches(&self, head: u64) -> bool {
        self.is_loaded && self.last >= head
    }

    /// Where the item of `seq` is, or the one after it would be.
    pub(crate) fn position(&self, seq: u64) -> Result<usize, usize> {
        self.items.binary_search_by_key(&seq, |item| item.seq)
    }

    pub(crate) fn get(&self, seq: u64) -> Option<&Item> {
        self.position(seq).ok().map(|at| &self.items[at])
    }

    /// The message of this id, if it is loaded; answers are mostly near to what they answer.
    pub(crate) fn message(&self, id: MessageId) -> Option<&Item> {
        self.items.iter().rev().find(|item| item.said().is_some_and(|s| s.id == id))
    }

    /// What an answer to this message quotes: the message if it is loaded, else what was asked for.
    pub(crate) fn quoted(&self, id: MessageId) -> Option<&Item> {
        self.message(id).or_else(|| self.quotes.get(id))
    }

    /// Messages that are answered here and not loaded.
    pub(crate) const fn quotes(&mut self) -> &mut Quotes {
        &mut self.quotes
    }

    /// A page is being read.
    pub(crate) fn begin(&mut self, side: Side) {
        self.loading = Some(side);
    }

    /// The reading failed.
    pub(crate) fn give_up(&mut self) {
        self.loading = None;
        self.fruitless = 0;
        self.revisions.clear();
        self.quotes.want_again();
    }

    /// Forgets what is loaded.
    pub(crate) fn drop_all(&mut self) {
        *self = Self { floor: self.floor, ..Self::default() };
    }

    /// Takes what was read. A stretch that does not join what is loaded is of no use and is dropped.
    pub(crate) fn take(&mut self, side: Side, stretch: Stretch) {
        self.loading = None;
        self.floor = self.floor.max(stretch.floor);
        match side {
            Side::Instead => {
                self.items = stretch.items.into();
                (self.first, self.last, self.is_loaded) = (stretch.first, stretch.last, true);
                self.is_kept = false;
            }
            Side::Older if stretch.last + 1 == self.first => {
                for item in stretch.items.into_iter().rev() {
                    self.items.push_front(item);
                }
                self.first = stretch.first;
                self.trim_back();
            }
            Side::Newer => {
                if stretch.last <= self.last {
                    self.fruitless = stretch.head;
                }
                for item in stretch.items.into_iter().filter(|i| i.seq > self.last).collect::<Vec<_>>() {
                    self.items.push_back(item);
                }
                if stretch.first <= self.last + 1 {
                    self.last = self.last.max(stretch.last);
                }
                self.trim_front();
            }
            // Nothing was there to be read: the floor is where the log begins.
            Side::Older if stretch.items.is_empty() && stretch.last < stretch.first => self.floor = self.first - 1,
            Side::Older => {}
        }
        for revision in std::mem::take(&mut self.revisions) {
            self.revise(&revision);
        }
        let answers = self.items.iter().filter_map(Item::answers).collect::<BTreeSet<_>>();
        let loaded: BTreeSet<_> = self.items.iter().filter_map(Item::said).map(|s| s.id).collect();
        answers.difference(&loaded).for_each(|id| self.quotes.want(*id));
        self.quotes.prune(|| answers);
    }

    /// Takes an entry of the live feed. It joins what is loaded if it is the next one, and (`follows`) either the
    /// person sees the end or there is room for it.
    pub(crate) fn live(&mut self, entry: &Entry, me: UserId, follows: bool) {
        let revision = match &entry.body {
            EntryBody::MessageEdited { target_seq, body, deleted: false, .. } => {
                Some(Revision { target: *target_seq, text: Some(body.clone()) })
            }
            EntryBody::MessageDeleted { target_seq, .. } => Some(Revision { target: *target_seq, text: None }),
            _ => None,
        };
        if let Some(revision) = revision {
            self.revise(&revision);
            if self.loading.is_some() {
                self.revisions.push(revision);
            }
        }
        if !self.is_loaded || entry.seq != self.last + 1 || (!follows && self.items.len() >= Self::KEPT) {
            return;
        }
        self.last = entry.seq;
        let item = Item::of_entry(entry, me);
        if let Some(id) = item.as_ref().and_then(Item::answers).filter(|id| self.message(*id).is_none()) {
            self.quotes.want(id);
        }
        self.items.extend(item);
        if follows {
            self.trim_front();
        }
    }

    fn revise(&mut self, revision: &Revision) {
        self.quotes.revise(revision.target, revision.text.as_deref());
        let Ok(at) = self.position(revision.target) else { return };
        if let What::Said(said) = &mut self.items[at].what {
            match &revision.text {
                Some(text) if !said.is_deleted => {
                    said.text.clone_from(text);
                    said.is_edited = true;
                }
                Some(_) => {}
                None => {
                    said.text.clear();
                    said.is_deleted = true;
                }
            }
        }
    }

    fn trim_front(&mut self) {
        while self.items.len() > Self::KEPT {
            if let Some(item) = self.items.pop_front() {
                self.first = item.seq + 1;
                self.quote(item);
            }
        }
    }

    /// What is dropped is quoted on by the answers to it that stay.
    fn quote(&mut self, item: Item) {
        let Some(id) = item.said().map(|said| said.id) else { return };
        if self.items.iter().any(|i| i.answers() == Some(id)) {
            self.quotes.came(id, Some(item));
            self.quotes.prune(|| self.items.iter().filter_map(Item::answers).collect());
        }
    }

    fn trim_back(&mut self) {
        while self.items.len() > Self::KEPT {
            if let Some(item) = self.items.pop_back() {
                self.last = item.seq - 1;
                self.quote(item);
            }
        }
    }
}

#[cfg(test)]
mod tests;
