//! A text that is being written, and the keys' work on it.

use chatapp_client::sanitize;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::completion::{Known, complete};
use crate::screen::text;

/// Steps that can be taken back.
const UNDO_MAX: usize = 100;
/// More is not taken: a message has at most 4,000 characters.
const LONGEST_BYTES: usize = 64 * 1024;

/// A text and the place of the cursor in it, always between two characters as people see them. The text is clean: what
/// a terminal would obey is replaced when it comes in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    text: String,
    cursor: usize,
    undo: Vec<(String, usize)>,
    killed: String,
    /// What the tab key offers, which of it stands in the text, and where.
    offered: Option<(Vec<String>, usize, std::ops::Range<usize>)>,
}

impl Written {
    pub(crate) const fn new() -> Self {
        Self { text: String::new(), cursor: 0, undo: Vec::new(), killed: String::new(), offered: None }
    }

    #[cfg(test)]
    pub(crate) fn with(text: &str) -> Self {
        let mut written = Self::default();
        written.set(text);
        written.undo.clear();
        written
    }

    /// Gives the text, and has `next` in its place, with nothing to take back; what was cut can still be put in.
    pub(crate) fn take(&mut self, next: String) -> String {
        let cursor = next.len();
        let killed = std::mem::take(&mut self.killed);
        std::mem::replace(self, Self { text: next, cursor, killed, ..Self::default() }).text
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) const fn cursor(&self) -> usize {
        self.cursor
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// What the tab key offers, and which of it is taken.
    pub(crate) fn offered(&self) -> Option<(&[String], usize)> {
        self.offered.as_ref().map(|(all, at, _)| (all.as_slice(), *at))
    }

    /// Replaces everything; it can be taken back.
    pub(crate) fn set(&mut self, text: &str) {
        self.step();
        self.text = cleaned(text);
        self.cursor = self.text.len();
    }

    /// Gives up what is written; it can be put back.
    pub(crate) fn give_up(&mut self) {
        if !self.text.is_empty() {
            self.step();
            self.killed = std::mem::take(&mut self.text);
            self.cursor = 0;
        }
    }

    pub(crate) fn insert(&mut self, text: &str) {
        if self.text.len() + text.len() > LONGEST_BYTES {
            return;
        }
        // Letters typed one after the other are one step.
        if text.chars().count() > 1 || text.trim().is_empty() || self.undo.is_empty() || self.offered.is_some() {
            self.step();
        }
        self.offered = None;
        let text = if sanitize::joins(&self.text[..self.cursor], text) { text.to_owned() } else { cleaned(text) };
        self.text.insert_str(self.cursor, &text);
        self.cursor += text.len();
        // A mark that joined the character before it is part of it now.
        if !self.is_boundary(self.cursor) {
            self.cursor = self.next_boundary();
        }
    }

    pub(crate) fn left(&mut self) {
        self.go(self.before());
    }

    pub(crate) fn right(&mut self) {
        self.go(self.after());
    }

    pub(crate) fn word_left(&mut self) {
        self.go(self.word_start());
    }

    pub(crate) fn word_right(&mut self) {
        self.go(self.word_end());
    }

    pub(crate) fn line_start(&mut self) {
        self.go(self.start_of_line());
    }

    pub(crate) fn line_end(&mut self) {
        self.go(self.end_of_line());
    }

    pub(crate) fn backspace(&mut self) {
        self.remove(self.before()..self.cursor);
    }

    pub(crate) fn delete(&mut self) {
        self.remove(self.cursor..self.after());
    }

    pub(crate) fn delete_word_back(&mut self) {
        self.kill(self.word_start()..self.cursor);
    }

    pub(crate) fn delete_word(&mut self) {
        self.kill(self.cursor..self.word_end());
    }

    pub(crate) fn delete_to_start(&mut self) {
        self.kill(self.start_of_line()..self.cursor);
    }

    pub(crate) fn delete_to_end(&mut self) {
        self.kill(self.cursor..self.end_of_line());
    }

    pub(crate) fn delete_line(&mut self) {
        self.kill(self.start_of_line()..self.end_of_line());
    }

    pub(crate) fn yank(&mut self) {
        let killed = self.killed.clone();
        if !killed.is_empty() {
            self.insert(&killed);
        }
    }

    pub(crate) fn undo(&mut self) {
        if let Some((text, cursor)) = self.undo.pop() {
            (self.text, self.cursor, self.offered) = (text, cursor, None);
        }
    }

    /// A line up or down in what is seen as lines of `columns`; `false` at the first or last one.
    pub(crate) fn vertically(&mut self, down: bool, columns: usize) -> bool {
        let lines = text::wrap(&self.text, columns);
        let (at, column) = self.place_in(&lines);
        let to = if down { at + 1 } else { at.wrapping_sub(1) };
        let Some(line) = lines.get(to) else { return false };
        let mut used = 0;
        let mut cursor = line.start;
        for grapheme in self.text[line.clone()].graphemes(true) {
            used += text::width_of(grapheme);
            if used > column {
                break;
            }
            cursor += grapheme.len();
        }
        self.go(cursor);
        true
    }

    /// The line and the column of the cursor among lines that [`text::wrap`] made.
    pub(crate) fn place_in(&self, lines: &[std::ops::Range<usize>]) -> (usize, usize) {
        let at = lines.iter().rposition(|line| line.start <= self.cursor).unwrap_or(0);
        let start = lines.get(at).map_or(0, |line| line.start);
        (at, text::width(&self.text[start..self.cursor]))
    }

    /// Completes the word before the cursor; again: the next that fits, or the one before.
    pub(crate) fn complete(&mut self, known: &Known, back: bool) {
        let (candidates, at, range) = match self.offered.take() {
            Some((candidates, at, range)) => {
                let count = candidates.len();
                let next = if back { at + count - 1 } else { at + 1 } % count;
                (candidates, next, range)
            }
            None => match complete(&self.text, self.cursor, known) {
                Some(found) => {
                    self.step();
                    (found.candidates, 0, found.range)
                }
                None => return,
            },
        };
        let chosen = cleaned(&candidates[at]);
        self.text.replace_range(range.clone(), &chosen);
        self.cursor = range.start + chosen.len();
        self.offered = Some((candidates, at, range.start..self.cursor));
    }

    fn step(&mut self) {
        if self.undo.last().is_some_and(|(text, _)| *text == self.text) {
            return;
        }
        self.undo.push((self.text.clone(), self.cursor));
        if self.undo.len() > UNDO_MAX {
            self.undo.remove(0);
        }
    }

    fn remove(&mut self, range: std::ops::Range<usize>) {
        self.offered = None;
        if !range.is_empty() {
            self.step();
            self.cursor = range.start;
            self.text.replace_range(range, "");
        }
    }

    fn kill(&mut self, range: std::ops::Range<usize>) {
        if !range.is_empty() {
            self.killed = self.text[range.clone()].to_owned();
            self.remove(range);
        }
    }

    fn go(&mut self, to: usize) {
        self.offered = None;
        self.cursor = to;
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.cursor + self.text[self.cursor..].graphemes(true).next().map_or(0, str::len)
    }

    fn is_boundary(&self, at: usize) -> bool {
        at == self.text.len() || self.text.grapheme_indices(true).any(|(i, _)| i == at)
    }

    fn next_boundary(&self) -> usize {
        self.text.grapheme_indices(true).map(|(at, _)| at).find(|at| *at > self.cursor).unwrap_or(self.text.len())
    }

    fn word_start(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        before.rfind(char::is_whitespace).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8))
    }

    fn word_end(&self) -> usize {
        let rest = &self.text[self.cursor..];
        let blanks = rest.len() - rest.trim_start().len();
        let word = rest[blanks..].find(char::is_whitespace).unwrap_or(rest.len() - blanks);
        self.cursor + blanks + word
    }

    fn start_of_line(&self) -> usize {
        self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1)
    }

    fn end_of_line(&self) -> usize {
        self.text[self.cursor..].find('\n').map_or(self.text.len(), |at| self.cursor + at)
    }
}

fn cleaned(text: &str) -> String {
    text::clean(&text.replace("\r\n", "\n").replace('\r', "\n"))
}
