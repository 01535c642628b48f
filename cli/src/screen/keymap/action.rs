//! What keys can do.

macro_rules! actions {
    ($($variant:ident => $name:literal, $what:literal;)+) => {
        /// What a key does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Action { $($variant),+ }

        impl Action {
            /// Every action.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in the settings.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it does, for the help.
            pub(crate) const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what),+ }
            }

            /// The action of this name.
            pub(crate) fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

actions! {
    SwitchRoom => "switch-room", "go to a room, by a part of its name";
    NextUnread => "next-unread", "next room with unread messages";
    NextRoom => "next-room", "the room below";
    PreviousRoom => "previous-room", "the room above";
    LastRoom => "last-room", "back to the room before";
    FirstUnread => "first-unread", "first unread message";
    Search => "search", "search this room";
    ToggleRooms => "toggle-rooms", "show or hide the rooms";
    ToggleMembers => "toggle-members", "show or hide the members";
    Help => "help", "this list of keys";
    Redraw => "redraw", "draw the screen anew";
    Quit => "quit", "leave chat";
    Suspend => "suspend", "put chat to sleep";
    Cancel => "cancel", "give up what was begun; twice on an empty line: leave chat";
    PageUp => "page-up", "earlier messages, a page";
    PageDown => "page-down", "later messages, a page";
    HalfPageUp => "half-page-up", "earlier messages, half a page";
    HalfPageDown => "half-page-down", "later messages, half a page";
    LineUp => "line-up", "earlier messages, a line";
    LineDown => "line-down", "later messages, a line";
    Oldest => "oldest", "the oldest message that is loaded";
    Latest => "latest", "the latest message";
    Read => "read", "from writing to choosing messages";
    Write => "write", "from choosing messages to writing";
    Up => "up", "the one above; in an empty line: edit your last message";
    Down => "down", "the one below";
    Choose => "choose", "take it";
    Reply => "reply", "answer the message";
    Edit => "edit", "change the message";
    Delete => "delete", "erase the message";
    Copy => "copy", "copy the message";
    Open => "open-link", "open a link of the message";
    Retry => "retry", "send what was refused once more";
    Command => "command", "type a command";
    Send => "send", "send the message, or do the command";
    NewLine => "new-line", "begin another line";
    Complete => "complete", "complete the word; again: the next that fits";
    CompleteBack => "complete-back", "the one before among those that fit";
    Editor => "editor", "write in your editor";
    HistoryBack => "history-back", "what you sent before";
    HistoryForward => "history-forward", "what you sent after that";
    Left => "left", "a character to the left";
    Right => "right", "a character to the right";
    WordLeft => "word-left", "a word to the left";
    WordRight => "word-right", "a word to the right";
    LineStart => "line-start", "the line's beginning";
    LineEnd => "line-end", "the line's end";
    Backspace => "backspace", "remove the character before";
    DeleteNext => "delete-next", "remove the character under the cursor";
    DeleteWordBack => "delete-word-back", "remove the word before";
    DeleteWord => "delete-word", "remove the word after";
    DeleteToStart => "delete-to-start", "remove up to the line's beginning";
    DeleteToEnd => "delete-to-end", "remove up to the line's end";
    DeleteLine => "delete-line", "remove the line, or erase the chosen message";
    ChangeLine => "change-line", "write the line anew";
    ChangeToEnd => "change-to-end", "write the rest of the line anew";
    Yank => "yank", "put back what was removed";
    Undo => "undo", "take back the last change of the text";
    WriteAfter => "write-after", "write behind the cursor";
    WriteAtStart => "write-at-start", "write at the line's beginning";
    WriteAtEnd => "write-at-end", "write at the line's end";
    WriteBelow => "write-below", "write in a new line below";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_found_by_its_name() {
        assert!(Action::ALL.iter().all(|a| Action::named(a.name()) == Some(*a)));
    }
}
