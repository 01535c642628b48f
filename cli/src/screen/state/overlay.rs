//! What stands over the conversation.

use chatapp_types::RoomId;

use super::composer::Composer;
use crate::screen::effect::{Effect, Request};

/// A list, a question, a text.
#[derive(Clone, Debug)]
pub(crate) enum Overlay {
    /// Something to choose from; what is typed narrows it.
    List(List),
    /// The keys in force.
    Help { scroll: usize },
    /// A text to be read.
    Paper { title: String, lines: Vec<String>, scroll: usize },
    /// A question that is answered by yes or no.
    Confirm { question: String, then: Box<Effect> },
    /// A question that is answered by a line.
    Ask { question: String, answer: Composer, then: Asked },
}

/// What follows the answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Search,
    Command,
    Create { is_private: bool },
    Code,
}

/// Something to choose from.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) title: String,
    pub(crate) kind: ListKind,
    pub(crate) filter: Composer,
    /// Everything.
    pub(crate) rows: Vec<Row>,
    /// Which rows fit the filter, best first.
    pub(crate) shown: Vec<usize>,
    /// Which of those shown is chosen.
    pub(crate) at: usize,
    /// Whether more is being asked for.
    pub(crate) is_waiting: bool,
}

/// What a list is of, so that what comes for it finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    Switcher,
    Members(RoomId),
    Links,
    Other(Request),
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// What is seen and searched.
    pub(crate) text: String,
    /// What stands at the right edge.
    pub(crate) note: String,
    /// What choosing it does; nothing for a row that is only read.
    pub(crate) pick: Pick,
}

/// What choosing a row does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    Nothing,
    GoTo(RoomId),
    /// To a public room by its name: one is not in it yet.
    Join(RoomId),
    Message(RoomId, u64),
    Link(String),
    /// Begins a command about somebody.
    Mention(String),
    Create,
    CreatePrivate,
    Code,
}

impl List {
    pub(crate) fn new(title: &str, kind: ListKind, rows: Vec<Row>) -> Self {
        let shown = (0..rows.len()).collect();
        Self { title: title.to_owned(), kind, filter: Composer::default(), rows, shown, at: 0, is_waiting: false }
    }

    /// The row that is chosen.
    pub(crate) fn chosen(&self) -> Option<&Row> {
        self.shown.get(self.at).and_then(|at| self.rows.get(*at))
    }
}
