//! Which commands there are: for the help, for completion, and for the manual.

use std::fmt::Write as _;

/// A command as the help shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Described {
    /// Without the colon.
    pub(crate) name: &'static str,
    /// What follows it.
    pub(crate) takes: &'static str,
    /// What it does.
    pub(crate) what: &'static str,
    /// For whom.
    pub(crate) group: Group,
}

/// For whom a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Everyone,
    Admins,
    Owner,
    Screen,
}

impl Group {
    pub(crate) const ALL: [Self; 4] = [Self::Everyone, Self::Admins, Self::Owner, Self::Screen];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Everyone => "For everyone",
            Self::Admins => "For admins",
            Self::Owner => "For the owner",
            Self::Screen => "For the full-screen interface",
        }
    }
}

const fn everyone(name: &'static str, takes: &'static str, what: &'static str) -> Described {
    Described { name, takes, what, group: Group::Everyone }
}

const fn admins(name: &'static str, takes: &'static str, what: &'static str) -> Described {
    Described { name, takes, what, group: Group::Admins }
}

const fn owner(name: &'static str, takes: &'static str, what: &'static str) -> Described {
    Described { name, takes, what, group: Group::Owner }
}

const fn screen(name: &'static str, takes: &'static str, what: &'static str) -> Described {
    Described { name, takes, what, group: Group::Screen }
}

/// Every command.
pub(crate) const COMMANDS: &[Described] = &[
    everyone("back", "", "back to the list of rooms"),
    everyone("clear", "", "clear the screen"),
    everyone("quit", "", "end"),
    everyone("help", "", "this list"),
    everyone("rooms", "", "your rooms, and what is unread in them"),
    everyone("room", "NAME", "go to a room; a public one is joined"),
    everyone("find", "[TEXT]", "public rooms whose name holds TEXT"),
    everyone("create", "NAME", "make a public room"),
    everyone("create-private", "NAME", "make a private room; its code is shown once"),
    everyone("enter", "[ROOM-ID] CODE", "enter a private room by its code"),
    everyone("next", "", "go to the next room with unread messages"),
    everyone("last", "", "back to the room before"),
    everyone("unread", "", "the first message that is unread"),
    everyone("goto", "#N", "message N and what is around it"),
    everyone("history", "", "earlier messages"),
    everyone("numbers", "", "show messages with their numbers, or without"),
    everyone("members", "", "who is in the room"),
    everyone("who", "", "who is online"),
    everyone("search", "TEXT", "search the room"),
    everyone("search-all", "TEXT", "search all your rooms"),
    everyone("reply", "[#N] TEXT", "answer message N, or the latest one of another"),
    everyone("edit", "[#N] [TEXT]", "change message N of yours, or your latest one; without TEXT: where you write"),
    everyone("delete", "[#N]", "erase message N, or your latest one"),
    everyone("copy", "[#N]", "copy message N, or the latest one, to the clipboard"),
    everyone("open", "[#N]", "open a link of message N, or the latest link"),
    everyone("editor", "", "write the message in your editor"),
    everyone("retry", "", "send what was refused once more"),
    everyone("drop", "", "forget what was refused"),
    everyone("notify", "[all|mentions|none]", "what of this room calls for your attention"),
    everyone("leave", "", "leave the room for good"),
    everyone("whoami", "", "who you are, and where"),
    everyone("status", "", "how the gateway is reached, what is not sent, who is typing"),
    everyone("logout", "", "end the session, and end"),
    admins("add", "USER", "add a user"),
    admins("remove", "USER", "remove a member, who may come back"),
    admins("block", "USER [TIME] [REASON]", "keep a user out, for a time like 10m or 7d, or until unblocked"),
    admins("unblock", "USER", "lift a block"),
    admins("blocks", "", "who is kept out"),
    admins("private", "", "make the room private"),
    admins("public", "", "make the room public"),
    admins("code", "[for TIME] [uses N] [is CODE]", "make a new secret code (shown once; the old one opens nothing)"),
    admins("code remove", "", "remove the secret code"),
    admins("topic", "[TEXT]", "set the topic, or remove it"),
    admins("rename", "NAME", "rename the room"),
    admins("newcomers", "full|since_join", "what newcomers may read"),
    admins("audit", "", "acts of moderation"),
    owner("role", "USER admin|member", "appoint or dismiss an admin"),
    owner("transfer", "USER", "give the room to another member"),
    owner("delete-room", "NAME", "delete the room; its name confirms it"),
    screen("theme", "dark|light|plain", "other colours"),
    screen("pane", "rooms|members", "show or hide what is beside the conversation"),
    screen("mouse", "", "use the mouse, or leave it to the terminal"),
    screen("vim", "", "vim's keys, or the usual ones"),
];

/// How text that begins with a colon is sent.
pub(crate) const LITERAL: &str = "A line that begins with two colons is sent as a message with one.";

/// The commands of both interactive clients, a line each.
pub(crate) fn help() -> String {
    let mut text = String::new();
    for group in Group::ALL.into_iter().filter(|g| *g != Group::Screen) {
        let _ = writeln!(text, "{}:", group.title());
        for c in COMMANDS.iter().filter(|c| c.group == group) {
            let _ = writeln!(text, "{:<32} {}", format!(":{} {}", c.name, c.takes).trim_end(), c.what);
        }
    }
    text.push_str(LITERAL);
    text
}
