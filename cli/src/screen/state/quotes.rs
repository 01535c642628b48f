//! What answers quote of messages that are not loaded.

use std::collections::{BTreeMap, BTreeSet};

use chatapp_types::MessageId;

use super::log::{Item, What};
use crate::lines;

/// Quotes of one room; bounded by what is loaded, for only quotes of loaded answers are kept in the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quotes {
    known: BTreeMap<MessageId, Quote>,
    /// What is to be asked for, the latest last.
    wanted: Vec<MessageId>,
}

#[derive(Clone, Debug)]
enum Quote {
    Awaited,
    /// The message, with the beginning of its text alone.
    Of(Box<Item>),
    /// It may not be read.
    Hidden,
}

impl Quotes {
    /// More than that are looked through for those that are of no more use.
    const ENOUGH: usize = 200;

    pub(crate) fn get(&self, id: MessageId) -> Option<&Item> {
        match self.known.get(&id)? {
            Quote::Of(item) => Some(item),
            Quote::Awaited | Quote::Hidden => None,
        }
    }

    /// Whether it is known already what is to be quoted of this message, or that nothing is.
    pub(crate) fn has(&self, id: MessageId) -> bool {
        self.known.contains_key(&id)
    }

    /// This message is answered and not loaded.
    pub(crate) fn want(&mut self, id: MessageId) {
        if !self.has(id) {
            self.known.insert(id, Quote::Awaited);
            self.wanted.push(id);
        }
    }

    /// Up to `count` messages to be asked for; they are given once.
    pub(crate) fn take_wanted(&mut self, count: usize) -> Vec<MessageId> {
        let first = self.wanted.len().saturating_sub(count);
        self.wanted.split_off(first)
    }

    /// What was asked for and has not come is to be asked for again.
    pub(crate) fn want_again(&mut self) {
        let awaited = self.known.iter().filter(|(_, quote)| matches!(quote, Quote::Awaited));
        self.wanted = awaited.map(|(id, _)| *id).collect();
    }

    /// A message as it is now; `None` for one that may not be read.
    pub(crate) fn came(&mut self, id: MessageId, item: Option<Item>) {
        let quote = item.map_or(Quote::Hidden, |item| Quote::Of(Box::new(short(item))));
        self.known.insert(id, quote);
    }

    /// A message has got another text, or none.
    pub(crate) fn revise(&mut self, seq: u64, text: Option<&str>) {
        for quote in self.known.values_mut() {
            let Quote::Of(item) = quote else { continue };
            if let (true, What::Said(said)) = (item.seq == seq, &mut item.what) {
                said.is_deleted |= text.is_none();
                said.text = text.filter(|_| !said.is_deleted).map(lines::snippet).unwrap_or_default();
            }
        }
    }

    /// Forgets what nothing loaded answers, when there is much.
    pub(crate) fn prune(&mut self, answered: impl FnOnce() -> BTreeSet<MessageId>) {
        if self.known.len() > Self::ENOUGH {
            let answered = answered();
            self.known.retain(|id, _| answered.contains(id));
            self.wanted.retain(|id| answered.contains(id));
        }
    }
}

fn short(mut item: Item) -> Item {
    if let What::Said(said) = &mut item.what {
        said.text = lines::snippet(&said.text);
    }
    item
}
