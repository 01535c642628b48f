//! The usual keys, and vim's.

use super::Action as A;
use super::{Action, Binding, Chord, Place};

const EVERYWHERE: &[(&str, Action)] = &[
    ("ctrl+k", A::SwitchRoom),
    ("alt+a", A::NextUnread),
    ("ctrl+n", A::NextUnread),
    ("alt+down", A::NextRoom),
    ("alt+up", A::PreviousRoom),
    ("ctrl+p", A::LastRoom),
    ("alt+u", A::FirstUnread),
    ("ctrl+f", A::Search),
    ("alt+r", A::ToggleRooms),
    ("alt+m", A::ToggleMembers),
    ("f1", A::Help),
    ("ctrl+l", A::Redraw),
    ("ctrl+q", A::Quit),
    ("ctrl+z", A::Suspend),
    ("ctrl+c", A::Cancel),
    ("pageup", A::PageUp),
    ("pagedown", A::PageDown),
    ("shift+up", A::LineUp),
    ("shift+down", A::LineDown),
    ("ctrl+home", A::Oldest),
    ("ctrl+end", A::Latest),
];

const WRITING: &[(&str, Action)] = &[
    ("enter", A::Send),
    ("alt+enter", A::NewLine),
    ("shift+enter", A::NewLine),
    ("ctrl+j", A::NewLine),
    ("tab", A::Complete),
    ("shift+tab", A::CompleteBack),
    ("esc", A::Read),
    ("up", A::Up),
    ("down", A::Down),
    ("ctrl+o", A::Editor),
    ("ctrl+up", A::HistoryBack),
    ("alt+p", A::HistoryBack),
    ("ctrl+down", A::HistoryForward),
    ("alt+n", A::HistoryForward),
    ("left", A::Left),
    ("ctrl+b", A::Left),
    ("right", A::Right),
    ("ctrl+left", A::WordLeft),
    ("alt+b", A::WordLeft),
    ("ctrl+right", A::WordRight),
    ("alt+f", A::WordRight),
    ("home", A::LineStart),
    ("ctrl+a", A::LineStart),
    ("end", A::LineEnd),
    ("ctrl+e", A::LineEnd),
    ("backspace", A::Backspace),
    ("ctrl+h", A::Backspace),
    ("delete", A::DeleteNext),
    ("ctrl+d", A::DeleteNext),
    ("ctrl+w", A::DeleteWordBack),
    ("alt+backspace", A::DeleteWordBack),
    ("alt+d", A::DeleteWord),
    ("ctrl+u", A::DeleteToStart),
    ("alt+k", A::DeleteToEnd),
    ("ctrl+y", A::Yank),
    ("ctrl+7", A::Undo),
    ("ctrl+_", A::Undo),
];

/// Keys for choosing messages that both sets have.
const READING: &[(&str, Action)] = &[
    ("up", A::Up),
    ("k", A::Up),
    ("down", A::Down),
    ("j", A::Down),
    ("i", A::Write),
    ("enter", A::Choose),
    ("r", A::Reply),
    ("R", A::Retry),
    ("G", A::Latest),
    ("end", A::Latest),
    ("home", A::Oldest),
    ("ctrl+u", A::HalfPageUp),
    ("ctrl+d", A::HalfPageDown),
    ("ctrl+b", A::PageUp),
    ("/", A::Search),
    (":", A::Command),
    ("?", A::Help),
];

const USUAL_READING: &[(&str, Action)] = &[
    ("esc", A::Write),
    ("e", A::Edit),
    ("d", A::Delete),
    ("delete", A::Delete),
    ("y", A::Copy),
    ("o", A::Open),
    ("g", A::Oldest),
    ("n", A::NextUnread),
    ("u", A::FirstUnread),
];

const VIM_READING: &[(&str, Action)] = &[
    ("g g", A::Oldest),
    ("y y", A::Copy),
    ("d d", A::DeleteLine),
    ("c c", A::ChangeLine),
    ("g x", A::Open),
    ("g t", A::NextRoom),
    ("g T", A::PreviousRoom),
    ("g e", A::Edit),
    ("g u", A::FirstUnread),
    ("g n", A::NextUnread),
    ("a", A::WriteAfter),
    ("A", A::WriteAtEnd),
    ("I", A::WriteAtStart),
    ("o", A::WriteBelow),
    ("h", A::Left),
    ("left", A::Left),
    ("l", A::Right),
    ("right", A::Right),
    ("b", A::WordLeft),
    ("w", A::WordRight),
    ("0", A::LineStart),
    ("$", A::LineEnd),
    ("x", A::DeleteNext),
    ("X", A::Backspace),
    ("D", A::DeleteToEnd),
    ("C", A::ChangeToEnd),
    ("p", A::Yank),
    ("u", A::Undo),
];

const LISTS: &[(&str, Action)] = &[
    ("enter", A::Choose),
    ("esc", A::Cancel),
    ("up", A::Up),
    ("ctrl+p", A::Up),
    ("down", A::Down),
    ("ctrl+n", A::Down),
    ("tab", A::Down),
    ("shift+tab", A::Up),
    ("pageup", A::PageUp),
    ("pagedown", A::PageDown),
    ("ctrl+home", A::Oldest),
    ("ctrl+end", A::Latest),
    ("left", A::Left),
    ("right", A::Right),
    ("home", A::LineStart),
    ("ctrl+a", A::LineStart),
    ("end", A::LineEnd),
    ("ctrl+e", A::LineEnd),
    ("backspace", A::Backspace),
    ("ctrl+h", A::Backspace),
    ("delete", A::DeleteNext),
    ("ctrl+w", A::DeleteWordBack),
    ("ctrl+u", A::DeleteToStart),
    ("ctrl+y", A::Yank),
];

/// Keys of the line-by-line client: those of a shell, and some that stand for a command.
const PLAIN: &[(&str, Action)] = &[
    ("enter", A::Send),
    ("ctrl+j", A::Send),
    ("ctrl+m", A::Send),
    ("alt+enter", A::NewLine),
    ("shift+enter", A::NewLine),
    ("tab", A::Complete),
    ("shift+tab", A::CompleteBack),
    ("up", A::HistoryBack),
    ("ctrl+p", A::HistoryBack),
    ("down", A::HistoryForward),
    ("ctrl+n", A::HistoryForward),
    ("alt+e", A::Edit),
    ("alt+g", A::SwitchRoom),
    ("alt+l", A::LastRoom),
    ("alt+s", A::Search),
    ("ctrl+o", A::Editor),
    ("left", A::Left),
    ("ctrl+b", A::Left),
    ("right", A::Right),
    ("ctrl+f", A::Right),
    ("ctrl+left", A::WordLeft),
    ("alt+b", A::WordLeft),
    ("ctrl+right", A::WordRight),
    ("alt+f", A::WordRight),
    ("home", A::LineStart),
    ("ctrl+a", A::LineStart),
    ("end", A::LineEnd),
    ("ctrl+e", A::LineEnd),
    ("backspace", A::Backspace),
    ("ctrl+h", A::Backspace),
    ("delete", A::DeleteNext),
    ("ctrl+d", A::DeleteNext),
    ("ctrl+w", A::DeleteWordBack),
    ("alt+backspace", A::DeleteWordBack),
    ("alt+d", A::DeleteWord),
    ("ctrl+u", A::DeleteToStart),
    ("ctrl+k", A::DeleteToEnd),
    ("ctrl+y", A::Yank),
    ("ctrl+7", A::Undo),
    ("ctrl+_", A::Undo),
];

/// The keys that hold when nothing is chosen.
pub(super) fn bindings(vim: bool) -> Vec<Binding> {
    let reading: &[&[(&str, Action)]] = if vim { &[READING, VIM_READING] } else { &[READING, USUAL_READING] };
    let places = [
        (Place::Everywhere, &[EVERYWHERE][..]),
        (Place::Writing, &[WRITING]),
        (Place::Reading, reading),
        (Place::Lists, &[LISTS]),
        (Place::Plain, &[PLAIN]),
    ];
    let mut bindings = Vec::new();
    for (place, tables) in places {
        for (keys, action) in tables.iter().copied().flatten() {
            let keys = keys.split(' ').filter_map(|key| Chord::parse(key).ok()).collect();
            bindings.push(Binding { place, keys, action: *action });
        }
    }
    bindings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_tables_is_a_key() {
        let tables = [EVERYWHERE, WRITING, READING, USUAL_READING, VIM_READING, LISTS, PLAIN];
        for (keys, _) in tables.iter().copied().flatten() {
            assert!(keys.split(' ').all(|key| Chord::parse(key).is_ok()), "{keys}");
        }
    }
}
