//! The text that is being written in a room, and what it will become.

mod keys;
mod written;

use std::ops::{Deref, DerefMut};

use chatapp_types::MessageId;

pub(crate) use written::Written;

/// What the text will become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A message.
    #[default]
    Message,
    /// An answer.
    Reply { id: MessageId, to: String, snippet: String },
    /// Another text of a message; `draft` is what was being written before.
    Edit { id: MessageId, seq: u64, draft: String },
}

/// A text that is being written for a purpose. It is edited as the text that it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Composer {
    written: Written,
    pub(crate) purpose: Purpose,
    /// What was being written, and for what, when a command was begun.
    aside: Option<(String, Purpose)>,
    /// How far back in what was sent one is, and what was being written before.
    pub(crate) recalled: Option<(usize, String)>,
}

impl Deref for Composer {
    type Target = Written;

    fn deref(&self) -> &Written {
        &self.written
    }
}

impl DerefMut for Composer {
    fn deref_mut(&mut self) -> &mut Written {
        &mut self.written
    }
}

impl Composer {
    /// Nothing, to become a message.
    pub(crate) const fn new() -> Self {
        Self { written: Written::new(), purpose: Purpose::Message, aside: None, recalled: None }
    }

    #[cfg(test)]
    pub(crate) fn with(text: &str) -> Self {
        Self { written: Written::with(text), ..Self::default() }
    }

    /// Gives what was written, with nothing to take back then; what was put aside for it is there again.
    pub(crate) fn take(&mut self) -> String {
        let (next, purpose) = self.aside.take().unwrap_or_default();
        (self.purpose, self.recalled) = (purpose, None);
        self.written.take(next)
    }

    /// Begins a command; what was being written is put aside until it is done.
    pub(crate) fn begin_command(&mut self, beginning: &str) {
        if self.aside.is_none() && (!self.is_empty() || self.purpose != Purpose::Message) {
            self.aside = Some((self.text().to_owned(), std::mem::take(&mut self.purpose)));
        }
        self.set(beginning);
    }

    /// Takes up again what was put aside; `false` when there is nothing.
    pub(crate) fn resume(&mut self) -> bool {
        let Some((text, purpose)) = self.aside.take() else { return false };
        self.set(&text);
        self.purpose = purpose;
        true
    }

    /// The message that is being written, to be remembered.
    pub(crate) fn draft(&self) -> &str {
        let (text, purpose) =
            self.aside.as_ref().map_or((self.text(), &self.purpose), |(text, purpose)| (text.as_str(), purpose));
        if *purpose == Purpose::Message { text } else { "" }
    }

    /// Goes back (or forward) in what was `sent`.
    pub(crate) fn recall(&mut self, sent: &[String], back: bool) {
        let at = self.recalled.as_ref().map_or(0, |(at, _)| *at);
        let to = if back { at + 1 } else { at.wrapping_sub(1) };
        if to > sent.len() {
            return;
        }
        let written = self.recalled.take().map_or_else(|| self.text().to_owned(), |(_, written)| written);
        if to == 0 {
            self.set(&written);
        } else {
            self.set(&sent[sent.len() - to]);
            self.recalled = Some((to, written));
        }
    }
}

#[cfg(test)]
mod tests;
