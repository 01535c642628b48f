//! What a line typed in a room means: a message, or a command after a colon. One language for both interactive clients,
//! so that whatever one of them can do, the other can.

mod change;
mod list;
mod read;

use chatapp_types::{RoomId, Timestamp, Username};

use crate::clock_text::local;

pub(crate) use change::Change;
pub(crate) use list::{COMMANDS, Described, Group, LITERAL, help};

/// A line typed in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// Nothing.
    Nothing,
    /// A message.
    Message(String),
    /// A command.
    Command(Command),
    /// A command that is not right, and why.
    Wrong(String),
}

/// Which message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The latest one that fits.
    Latest,
    /// The one with this seq.
    Seq(u64),
}

/// Which messages of a room call for attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// Every one.
    All,
    /// Those that name one.
    #[default]
    Mentions,
    /// None.
    None,
}

impl Level {
    /// Whether a message calls, which names one (`mention`) or does not.
    pub(crate) const fn calls(self, mention: bool) -> bool {
        match self {
            Self::All => true,
            Self::Mentions => mention,
            Self::None => false,
        }
    }

    /// What it means, for people.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::All => "Every message of this room calls for your attention.",
            Self::Mentions => "Messages of this room that name you call for your attention.",
            Self::None => "Nothing of this room calls for your attention.",
        }
    }
}

/// What can be asked in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Back,
    Quit,
    Clear,
    Help,
    Numbers,
    Rooms,
    Room(String),
    Find(String),
    Create {
        name: String,
        is_private: bool,
    },
    Enter(String),
    NextUnread,
    LastRoom,
    Unread,
    Goto(u64),
    History,
    Members,
    Who,
    Search {
        text: String,
        everywhere: bool,
    },
    Reply(Target, String),
    /// Change a message to this.
    Edit(Target, String),
    /// Bring a message to where one writes, to be changed there.
    BeginEdit(Target),
    Delete(Target),
    Copy(Target),
    Open(Target),
    Editor,
    Retry,
    Drop,
    Notify(Option<Level>),
    Blocks,
    Audit,
    Code(NewCode),
    Leave,
    DeleteRoom(String),
    Change(Change),
    Whoami,
    Status,
    LogOut,
    /// About the full-screen interface alone.
    Screen(ScreenCommand),
}

impl Command {
    /// Whether it may hold a secret code, so that the line is not to be brought back.
    pub(crate) const fn is_secret(&self) -> bool {
        matches!(self, Self::Enter(_) | Self::Code(_))
    }
}

/// What the full-screen interface alone has: how it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScreenCommand {
    Theme(String),
    Panes(Pane),
    Mouse,
    Vim,
}

/// What can be shown beside the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pane {
    Rooms,
    Members,
}

/// How a new secret code is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NewCode {
    pub(crate) lasts: Option<time::Duration>,
    pub(crate) uses: Option<u32>,
    pub(crate) code: Option<String>,
}

impl NewCode {
    /// How one enters with it, and how long that is possible, when it is made `now`; a line each.
    pub(crate) fn told(&self, room: RoomId, now: Timestamp) -> Vec<String> {
        let mut told = vec![match self.code {
            None => "To enter: :enter and the code.".to_owned(),
            // One that a person chose does not say which room it opens.
            Some(_) => format!("To enter: :enter {room} and the code."),
        }];
        let until = self.lasts.map(|length| format!("until {}", local(now.plus(length))));
        let uses = self.uses.map(|uses| format!("for {uses} who enter"));
        let bounds: Vec<_> = until.into_iter().chain(uses).collect();
        if !bounds.is_empty() {
            told.push(format!("It holds {}.", bounds.join(", ")));
        }
        told
    }
}

/// A user's name as it is typed, with or without the sign before it.
fn user(text: &str, usage: &str) -> Result<Username, String> {
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err(usage.to_owned());
    }
    Username::parse(text.strip_prefix('@').unwrap_or(text)).map_err(|e| format!("no user name: {}", e.message))
}
