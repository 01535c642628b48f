//! What keys do to a text that is being written.

use super::Composer;
use crate::screen::keymap::Action;

impl Composer {
    /// Does what an action does to a text; tells whether one writes on then.
    pub(crate) fn edit(&mut self, action: Action) -> bool {
        match action {
            Action::NewLine => self.insert("\n"),
            Action::Left => self.left(),
            Action::Right | Action::WriteAfter => self.right(),
            Action::WordLeft => self.word_left(),
            Action::WordRight => self.word_right(),
            Action::LineStart | Action::WriteAtStart => self.line_start(),
            Action::LineEnd | Action::WriteAtEnd => self.line_end(),
            Action::Backspace => self.backspace(),
            Action::DeleteNext => self.delete(),
            Action::DeleteWordBack => self.delete_word_back(),
            Action::DeleteWord => self.delete_word(),
            Action::DeleteToStart => self.delete_to_start(),
            Action::DeleteToEnd | Action::ChangeToEnd => self.delete_to_end(),
            Action::DeleteLine | Action::ChangeLine => self.delete_line(),
            Action::Yank => self.yank(),
            Action::Undo => self.undo(),
            Action::WriteBelow => {
                self.line_end();
                self.insert("\n");
            }
            _ => {}
        }
        matches!(
            action,
            Action::ChangeLine
                | Action::ChangeToEnd
                | Action::WriteAfter
                | Action::WriteAtStart
                | Action::WriteAtEnd
                | Action::WriteBelow
        )
    }
}
