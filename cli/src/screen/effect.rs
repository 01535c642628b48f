//! What an update asks of the world.

use std::time::Duration;

use chatapp_types::{MessageId, RoomId, Secret, SendKey};

use super::state::kept::Kept;
use super::state::log::Side;
use crate::attention::Call;
use crate::command::{Change, Level, NewCode};
pub(crate) use crate::stretches::Span;

/// Something to be done outside the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Ask the gateway; the answer comes as an event.
    Ask(Request),
    /// Follow a room's log from here on.
    Follow { room: RoomId, after: u64 },
    /// Follow it no more.
    Unfollow(RoomId),
    /// Keep a message and send it; that it is kept comes as an event.
    Post { room: RoomId, text: String, reply_to: Option<MessageId> },
    /// A message's fate is known: it need not be kept.
    Settle(SendKey),
    /// Move one's read marker.
    MarkRead { room: RoomId, seq: u64 },
    /// Say that one is typing.
    Typing(RoomId),
    /// Come back after a while.
    Wake { alarm: Alarm, after: Duration },
    /// Call for attention.
    Call(Box<Call>),
    /// Put a text on the clipboard.
    Copy(String),
    /// Open a link.
    Open(String),
    /// Let the text be edited in the person's editor; what became of it comes as an event.
    Edit(String),
    /// Draw everything anew.
    Redraw,
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Remember what of a room calls for attention.
    RememberLevel { room: RoomId, level: Level },
    /// Remember in which room one is, and what is being written.
    Remember { last_room: Option<RoomId>, drafts: Vec<(RoomId, String)> },
    /// Keep what was loaded, for a start without the gateway.
    Keep(Box<Kept>),
    /// Give the shell the terminal until one comes back.
    Suspend,
    /// End.
    Quit,
}

/// Why to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// Somebody's typing is believed no longer.
    Typing(RoomId),
    /// The read marker may be moved.
    Mark(RoomId),
    /// What has come in a busy room since the last call is to be told.
    Calls(RoomId),
    /// The rooms are to be listed again.
    Rooms,
}

/// A question to the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Whether a gateway answers there.
    Gateway(String),
    /// Whether there is an account of this name.
    LookUp(String),
    LogIn {
        name: String,
        password: Secret,
    },
    Register {
        name: String,
        password: Secret,
    },
    LogOut,
    /// One's rooms with what is unread.
    Rooms,
    /// Public rooms.
    Public(String),
    /// A stretch of a room's log.
    Page {
        room: RoomId,
        side: Side,
        span: Span,
    },
    /// A message that is answered and not loaded.
    Quote {
        room: RoomId,
        id: MessageId,
    },
    Members(RoomId),
    /// To a room, by its name; a public one is joined.
    GoTo(String),
    Join(RoomId),
    EnterByCode(String),
    Create {
        name: String,
        is_private: bool,
    },
    Leave(RoomId),
    DeleteRoom(RoomId),
    Change(RoomId, Change),
    NewCode(RoomId, NewCode),
    EditMessage {
        room: RoomId,
        id: MessageId,
        text: String,
    },
    EraseMessage {
        room: RoomId,
        id: MessageId,
    },
    Search {
        text: String,
        room: Option<RoomId>,
    },
    Blocks(RoomId),
    Audit(RoomId),
}
