//! A line of input being edited: no terminal in it, keys come in and a picture goes out.

use crossterm::event::{KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::Style;
use crate::command::Typed;
use crate::completion::Known;
use crate::screen::keymap::{Action, Chord, Keymap, Meaning, Place};
use crate::screen::state::composer::Composer;

/// Lines that can be brought back.
const REMEMBERED: usize = 200;

/// What a key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// The line looks different, for something was typed.
    Typed,
    /// The line looks different otherwise.
    Changed,
    /// Nothing.
    Nothing,
    /// The line was entered.
    Entered(String),
    /// A command was given by a key; what was being written stays.
    Command(&'static str),
    /// It is to end.
    Interrupted,
    /// The input ends: Ctrl+D on an empty line.
    Ended,
    /// The screen is to be cleared.
    Clear,
    /// The shell is to have the terminal for a while.
    Suspend,
}

/// The line, and the lines before it.
#[derive(Debug)]
pub(super) struct Editor {
    composer: Composer,
    keymap: Keymap,
    begun: Vec<Chord>,
    remembered: Vec<String>,
    known: Known,
}

impl Editor {
    pub(super) const fn new(keymap: Keymap) -> Self {
        let known = Known { users: Vec::new(), rooms: Vec::new() };
        Self { composer: Composer::new(), keymap, begun: Vec::new(), remembered: Vec::new(), known }
    }

    /// Takes a key, on a line that is for this.
    pub(super) fn key(&mut self, key: KeyEvent, style: Style) -> Edit {
        match self.keymap.meaning(Place::Plain, &mut self.begun, key) {
            Meaning::Begun => Edit::Nothing,
            Meaning::Action(Action::DeleteNext) if self.composer.is_empty() => {
                // Not the key that removes a character.
                if key.modifiers.contains(KeyModifiers::CONTROL) { Edit::Ended } else { Edit::Nothing }
            }
            Meaning::Action(action) => self.act(action, style),
            Meaning::Unbound => match Chord::of(key).typed() {
                Some(c) => self.insert(c.encode_utf8(&mut [0; 4])),
                None => Edit::Nothing,
            },
        }
    }

    fn act(&mut self, action: Action, style: Style) -> Edit {
        let is_told = style != Style::Secret;
        match action {
            Action::Send => self.enter(is_told),
            // A command that was begun by a key is given up first.
            Action::Cancel if self.composer.resume() => Edit::Changed,
            Action::Cancel | Action::Quit => Edit::Interrupted,
            Action::Redraw => Edit::Clear,
            Action::Suspend => Edit::Suspend,
            Action::Complete | Action::CompleteBack if is_told => self.changes(|editor| {
                editor.composer.complete(&editor.known, action == Action::CompleteBack);
            }),
            Action::HistoryBack | Action::HistoryForward if is_told => self.changes(|editor| {
                editor.composer.recall(&editor.remembered, action == Action::HistoryBack);
            }),
            _ if style == Style::Conversation && (beginning(action).is_some() || command(action).is_some()) => {
                if let Some(line) = command(action) {
                    return Edit::Command(line);
                }
                self.composer.begin_command(beginning(action).unwrap_or(":"));
                Edit::Changed
            }
            _ => self.changes(|editor| {
                editor.composer.edit(action);
            }),
        }
    }

    fn changes(&mut self, change: impl FnOnce(&mut Self)) -> Edit {
        let before = (self.composer.text().to_owned(), self.composer.cursor());
        change(self);
        let is_same = before.0 == self.composer.text() && before.1 == self.composer.cursor();
        if is_same { Edit::Nothing } else { Edit::Changed }
    }

    /// Puts a text in at the cursor: a paste keeps its lines, and is entered only by a key.
    pub(super) fn insert(&mut self, text: &str) -> Edit {
        match self.changes(|editor| editor.composer.insert(text)) {
            Edit::Changed => Edit::Typed,
            other => other,
        }
    }

    /// What the tab key completes from now on.
    pub(super) fn knows(&mut self, known: Known) {
        self.known = known;
    }

    /// What is being written, when it is a message and not a command.
    pub(super) fn message(&self) -> Option<&str> {
        // What begins with a colon may become a command.
        Some(self.composer.text()).filter(|text| !text.starts_with(':') && !text.trim().is_empty())
    }

    /// Replaces what is written.
    pub(super) fn set(&mut self, text: &str) {
        self.composer.set(text);
    }

    /// Empties the line, and gives what was being written.
    pub(super) fn reset(&mut self) -> String {
        self.composer.resume();
        self.composer.take()
    }

    fn enter(&mut self, remember: bool) -> Edit {
        let line = self.composer.take();
        let is_secret = matches!(Typed::read(&line), Typed::Command(command) if command.is_secret());
        if remember && !is_secret && !line.trim().is_empty() && self.remembered.last() != Some(&line) {
            self.remembered.push(line.clone());
            if self.remembered.len() > REMEMBERED {
                self.remembered.remove(0);
            }
        }
        Edit::Entered(line)
    }

    /// The part of the line that fits in `columns`, with the cursor in it, and the cursor's column. A line's end within
    /// the text is shown by a sign.
    pub(super) fn view(&self, columns: usize) -> (String, usize) {
        let show = |text: &str| chatapp_client::sanitize::line(text).into_owned();
        let (text, cursor) = (self.composer.text(), self.composer.cursor());
        let before: Vec<String> = text[..cursor].graphemes(true).map(show).collect();
        let mut width = 0;
        let room = columns.saturating_sub(1);
        let kept = before.iter().rev().take_while(|g| {
            width += g.width();
            width <= room
        });
        let kept = kept.count();
        let mut visible: String = before[before.len() - kept..].concat();
        let column = visible.width();
        for grapheme in text[cursor..].graphemes(true).map(show) {
            if visible.width() + grapheme.width() > room {
                break;
            }
            visible.push_str(&grapheme);
        }
        (visible, column)
    }
}

/// The command that a key stands for.
const fn command(action: Action) -> Option<&'static str> {
    Some(match action {
        Action::NextUnread => ":next",
        Action::LastRoom => ":last",
        Action::FirstUnread => ":unread",
        Action::ToggleRooms => ":rooms",
        Action::ToggleMembers => ":members",
        Action::Help => ":help",
        Action::Retry => ":retry",
        Action::Editor => ":editor",
        Action::Edit => ":edit",
        Action::Copy => ":copy",
        Action::Open => ":open",
        Action::PageUp | Action::HalfPageUp | Action::LineUp | Action::Oldest => ":history",
        _ => return None,
    })
}

/// The beginning of the command that a key begins.
const fn beginning(action: Action) -> Option<&'static str> {
    Some(match action {
        Action::SwitchRoom => ":room ",
        Action::Search => ":search ",
        Action::Reply => ":reply ",
        Action::Delete => ":delete ",
        Action::Command => ":",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
