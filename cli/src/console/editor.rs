//! A line of input being edited: no terminal in it, keys come in and a picture goes out.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::completion::{Known, complete};

/// Lines that the up key brings back.
const REMEMBERED: usize = 200;
/// More is not taken: a message has at most 4,000 characters.
const LONGEST_BYTES: usize = 64 * 1024;

/// What a key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// The line looks different.
    Changed,
    /// Nothing.
    Nothing,
    /// The line was entered.
    Entered(String),
    /// Ctrl+C.
    Interrupted,
    /// Ctrl+D on an empty line.
    Ended,
    /// Ctrl+L.
    Clear,
}

/// A line and the place of the cursor in it, which is always between two characters as people see them.
#[derive(Debug, Default)]
pub(super) struct Editor {
    text: String,
    cursor: usize,
    remembered: Vec<String>,
    /// Which remembered line is shown, counted from the end, and what was typed before.
    recalled: Option<(usize, String)>,
    known: Known,
    /// What the tab key offers, which of it stands in the line, and where.
    offered: Option<(Vec<String>, usize, std::ops::Range<usize>)>,
}

impl Editor {
    /// Takes a key. `remember` says whether an entered line may be brought back.
    pub(super) fn key(&mut self, key: KeyEvent, remember: bool) -> Edit {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        if key.code == KeyCode::Tab {
            return if remember { self.complete() } else { Edit::Nothing };
        }
        self.offered = None;
        match key.code {
            KeyCode::Char(c) if ctrl => self.control(c.to_ascii_lowercase(), remember),
            KeyCode::Enter if alt => self.insert("\n"),
            KeyCode::Enter => self.enter(remember),
            KeyCode::Char(c) if !alt => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace => self.remove(self.before()..self.cursor),
            KeyCode::Delete => self.remove(self.cursor..self.after()),
            KeyCode::Left => self.go(self.before()),
            KeyCode::Right => self.go(self.after()),
            KeyCode::Home => self.go(0),
            KeyCode::End => self.go(self.text.len()),
            KeyCode::Up => self.recall(1),
            KeyCode::Down => self.recall(-1),
            _ => Edit::Nothing,
        }
    }

    fn control(&mut self, c: char, remember: bool) -> Edit {
        match c {
            'c' => Edit::Interrupted,
            'd' if self.text.is_empty() => Edit::Ended,
            'd' => self.remove(self.cursor..self.after()),
            'l' => Edit::Clear,
            'j' | 'm' => self.enter(remember),
            'h' => self.remove(self.before()..self.cursor),
            'a' => self.go(0),
            'e' => self.go(self.text.len()),
            'b' => self.go(self.before()),
            'f' => self.go(self.after()),
            'u' => self.remove(0..self.cursor),
            'k' => self.remove(self.cursor..self.text.len()),
            'w' => self.remove(self.word_start()..self.cursor),
            'p' => self.recall(1),
            'n' => self.recall(-1),
            _ => Edit::Nothing,
        }
    }

    /// Puts a text in at the cursor: a paste keeps its lines, and is entered only by a key.
    pub(super) fn insert(&mut self, text: &str) -> Edit {
        if self.text.len() + text.len() > LONGEST_BYTES {
            return Edit::Nothing;
        }
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
        Edit::Changed
    }

    /// What the tab key completes from now on.
    pub(super) fn knows(&mut self, known: Known) {
        self.known = known;
    }

    /// Completes the word before the cursor; again: the next that fits.
    fn complete(&mut self) -> Edit {
        let (candidates, at, range) = match self.offered.take() {
            Some((candidates, at, range)) => {
                let next = (at + 1) % candidates.len();
                (candidates, next, range)
            }
            None => match complete(&self.text, self.cursor, &self.known) {
                Some(found) => (found.candidates, 0, found.range),
                None => return Edit::Nothing,
            },
        };
        let chosen = candidates[at].clone();
        self.text.replace_range(range.clone(), &chosen);
        self.cursor = range.start + chosen.len();
        self.offered = Some((candidates, at, range.start..self.cursor));
        Edit::Changed
    }

    /// Empties the line.
    pub(super) fn reset(&mut self) {
        self.text.clear();
        self.cursor = 0;
        self.recalled = None;
    }

    fn enter(&mut self, remember: bool) -> Edit {
        let line = std::mem::take(&mut self.text);
        self.reset();
        if remember && !line.trim().is_empty() && self.remembered.last() != Some(&line) {
            self.remembered.push(line.clone());
            if self.remembered.len() > REMEMBERED {
                self.remembered.remove(0);
            }
        }
        Edit::Entered(line)
    }

    fn remove(&mut self, range: std::ops::Range<usize>) -> Edit {
        if range.is_empty() {
            return Edit::Nothing;
        }
        self.cursor = range.start;
        self.text.replace_range(range, "");
        Edit::Changed
    }

    const fn go(&mut self, to: usize) -> Edit {
        if self.cursor == to {
            return Edit::Nothing;
        }
        self.cursor = to;
        Edit::Changed
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.cursor + self.text[self.cursor..].graphemes(true).next().map_or(0, str::len)
    }

    fn word_start(&self) -> usize {
        let word = self.text[..self.cursor].trim_end();
        word.rfind(char::is_whitespace).map_or(0, |at| at + word[at..].chars().next().map_or(0, char::len_utf8))
    }

    /// Goes `by` lines back in what was entered.
    fn recall(&mut self, by: isize) -> Edit {
        let at = self.recalled.as_ref().map_or(0, |(at, _)| *at);
        let Some(to) = at.checked_add_signed(by).filter(|to| *to <= self.remembered.len() && *to != at) else {
            return Edit::Nothing;
        };
        let typed = self.recalled.take().map_or_else(|| std::mem::take(&mut self.text), |(_, typed)| typed);
        if to == 0 {
            self.text = typed;
        } else {
            self.text = self.remembered[self.remembered.len() - to].clone();
            self.recalled = Some((to, typed));
        }
        self.cursor = self.text.len();
        Edit::Changed
    }

    /// The part of the line that fits in `columns`, with the cursor in it, and the cursor's column. Control characters
    /// (a pasted text may hold them) are shown, not obeyed.
    pub(super) fn view(&self, columns: usize) -> (String, usize) {
        let show = |text: &str| chatapp_client::sanitize::line(text).into_owned();
        let before: Vec<String> = self.text[..self.cursor].graphemes(true).map(show).collect();
        let mut width = 0;
        let room = columns.saturating_sub(1);
        let kept = before.iter().rev().take_while(|g| {
            width += g.width();
            width <= room
        });
        let kept = kept.count();
        let mut visible: String = before[before.len() - kept..].concat();
        let column = visible.width();
        for grapheme in self.text[self.cursor..].graphemes(true).map(show) {
            if visible.width() + grapheme.width() > room {
                break;
            }
            visible.push_str(&grapheme);
        }
        (visible, column)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn press(editor: &mut Editor, code: KeyCode, modifiers: KeyModifiers) -> Edit {
        editor.key(KeyEvent::new(code, modifiers), true)
    }

    fn ctrl(editor: &mut Editor, c: char) -> Edit {
        press(editor, KeyCode::Char(c), KeyModifiers::CONTROL)
    }

    #[test]
    fn the_tab_key_completes_and_goes_on_to_the_next_that_fits() {
        let mut editor = with("hi @an");
        editor.knows(Known { users: vec!["ann".to_owned(), "anton".to_owned()], rooms: Vec::new() });
        for expected in ["hi @ann ", "hi @anton ", "hi @ann "] {
            press(&mut editor, KeyCode::Tab, KeyModifiers::NONE);
            assert_eq!(editor.text, expected);
        }
        press(&mut editor, KeyCode::Char('x'), KeyModifiers::NONE);
        assert_eq!(editor.text, "hi @ann x");
    }

    fn with(text: &str) -> Editor {
        let mut editor = Editor::default();
        editor.insert(text);
        editor
    }

    #[test]
    fn a_line_is_edited_in_its_middle() {
        let mut editor = with("helo");
        press(&mut editor, KeyCode::Left, KeyModifiers::NONE);
        press(&mut editor, KeyCode::Char('l'), KeyModifiers::NONE);
        assert_eq!(press(&mut editor, KeyCode::Enter, KeyModifiers::NONE), Edit::Entered("hello".to_owned()));
        assert_eq!(editor.view(80), (String::new(), 0));
    }

    #[test]
    fn a_character_of_several_parts_is_one_to_the_keys() {
        let mut editor = with("a👨‍👩‍👧e\u{301}");
        press(&mut editor, KeyCode::Backspace, KeyModifiers::NONE);
        assert_eq!(editor.text, "a👨‍👩‍👧");
        press(&mut editor, KeyCode::Backspace, KeyModifiers::NONE);
        assert_eq!(editor.text, "a");
    }

    #[test]
    fn words_and_ends_are_cut_as_in_a_shell() {
        let mut editor = with("one two three");
        ctrl(&mut editor, 'w');
        assert_eq!(editor.text, "one two ");
        ctrl(&mut editor, 'u');
        assert_eq!(editor.text, "");
        assert_eq!(ctrl(&mut editor, 'd'), Edit::Ended);
        assert_eq!(ctrl(&mut editor, 'c'), Edit::Interrupted);
    }

    #[test]
    fn earlier_lines_come_back_and_the_unfinished_one_too() {
        let mut editor = with("first");
        press(&mut editor, KeyCode::Enter, KeyModifiers::NONE);
        editor.insert("unfin");
        press(&mut editor, KeyCode::Up, KeyModifiers::NONE);
        assert_eq!(editor.text, "first");
        assert_eq!(press(&mut editor, KeyCode::Up, KeyModifiers::NONE), Edit::Nothing);
        press(&mut editor, KeyCode::Down, KeyModifiers::NONE);
        assert_eq!(editor.text, "unfin");
    }

    #[test]
    fn a_hidden_line_is_not_remembered() {
        let mut editor = with("password");
        editor.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE), false);
        assert_eq!(press(&mut editor, KeyCode::Up, KeyModifiers::NONE), Edit::Nothing);
    }

    #[test]
    fn a_long_line_is_shown_around_its_cursor() {
        let mut editor = with("0123456789");
        assert_eq!(editor.view(5), ("6789".to_owned(), 4));
        ctrl(&mut editor, 'a');
        assert_eq!(editor.view(5), ("0123".to_owned(), 0));
    }

    #[test]
    fn a_pasted_escape_is_shown_and_sent_as_it_is() {
        let mut editor = with("a\x1b[31m\nb");
        assert_eq!(editor.view(80).0, "a␛[31m␊b");
        assert_eq!(press(&mut editor, KeyCode::Enter, KeyModifiers::NONE), Edit::Entered("a\x1b[31m\nb".to_owned()));
    }

    proptest! {
        #[test]
        fn no_keys_break_the_editor(keys in proptest::collection::vec((any::<char>(), 0_u8..14), 0..80), columns in 0_usize..40) {
            let mut editor = Editor::default();
            for (c, kind) in keys {
                let code = [
                    KeyCode::Backspace, KeyCode::Delete, KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::End,
                    KeyCode::Up, KeyCode::Down, KeyCode::Enter,
                ];
                match code.get(usize::from(kind)) {
                    Some(code) => press(&mut editor, *code, KeyModifiers::NONE),
                    None if kind == 9 => ctrl(&mut editor, 'w'),
                    None => press(&mut editor, KeyCode::Char(c), KeyModifiers::NONE),
                };
                let (visible, column) = editor.view(columns);
                prop_assert!(visible.width() <= columns.max(1));
                prop_assert!(column <= visible.width());
            }
        }
    }
}
