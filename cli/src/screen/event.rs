//! What happens to the screen.

use chatapp_client::live;
use chatapp_client::outbox::Unsent;
use chatapp_types::messages::{SearchHit, UnreadRoom};
use chatapp_types::rooms::{AuditEvent, Block, Member, Room};
use chatapp_types::{RoomId, UserRef};
use crossterm::event::{KeyEvent, MouseEvent};

use super::effect::{Alarm, Request};
use super::state::Size;
use super::state::kept::Kept;
use super::state::log::{Item, Stretch};
use crate::settings::Remembered;

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Key(KeyEvent),
    Paste(String),
    Mouse(MouseEvent),
    Resized(Size),
    /// The terminal came to the front, or went behind.
    InFront(bool),
    /// One is logged in.
    Began(Box<Beginning>),
    /// Nobody is logged in: the questions begin. With the gateway, where it is known.
    Newcomer {
        url: Option<String>,
        why: Option<String>,
    },
    Feed(Box<live::Event>),
    Answer {
        to: Request,
        got: Result<Given, Trouble>,
    },
    Alarm(Alarm),
    /// A message is kept on disk and goes out.
    Kept(Box<Unsent>),
    /// A message could not be kept.
    NotKept {
        room: RoomId,
        text: String,
        why: String,
    },
    /// The editor has ended.
    Edited(Result<String, String>),
    /// The process is asked to end.
    Ended,
}

/// Who one is, and what is remembered of the last time.
#[derive(Clone, Debug)]
pub(crate) struct Beginning {
    pub(crate) me: UserRef,
    pub(crate) url: String,
    pub(crate) remembered: Remembered,
    pub(crate) kept: Kept,
}

/// An answer of the gateway.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    /// It is done.
    Done,
    /// It is done, and this is to be said.
    Said(String),
    /// The gateway, as it is written in full.
    Gateway(String),
    /// Whether the account exists; nothing where the gateway does not say.
    Known(Option<bool>),
    Rooms(Vec<(Room, Option<UnreadRoom>)>),
    Public(Vec<Room>),
    Page(Stretch),
    /// A message as it is now.
    Message(Box<Item>),
    Members(Vec<Member>),
    Room(Room),
    /// A room was made; its code is in this answer alone.
    Created(Room, Option<String>),
    /// A new code, shown this once.
    Code(String),
    Hits(Vec<SearchHit>),
    Blocks(Vec<Block>),
    Audit(Vec<AuditEvent>),
}

/// Why a question was not answered as wished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// For people, safe to show.
    pub(crate) text: String,
    /// The same question may be answered later.
    pub(crate) is_transient: bool,
    /// The log-in is over.
    pub(crate) ends_session: bool,
    /// Name and password do not go together.
    pub(crate) is_wrong_password: bool,
}
