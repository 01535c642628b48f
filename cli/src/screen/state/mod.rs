//! Everything that the screen shows, and nothing else: no socket, no file, no clock.

pub(crate) mod composer;
pub(crate) mod entrance;
pub(crate) mod item;
pub(crate) mod kept;
pub(crate) mod log;
pub(crate) mod overlay;
pub(crate) mod quotes;
pub(crate) mod room;
pub(crate) mod rooms;

use std::collections::VecDeque;
use std::time::Duration;

use chatapp_client::live::Transport;
use chatapp_types::{RoomId, SendKey, Timestamp, UserRef};
use jiff::tz::TimeZone;

use super::keymap::{Chord, Keymap};
use super::theme::Theme;
use crate::lines;
use crate::settings::{Remembered, Settings};
use entrance::Entrance;
use overlay::Overlay;
use room::{Fate, Pending};
use rooms::Rooms;

/// Columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: u16,
    pub(crate) rows: u16,
}

/// What keys are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    Writing,
    Reading,
}

/// How the gateway is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    Connecting,
    Connected(Transport),
    Broken {
        reason: String,
        retry_in: Duration,
    },
    /// Connected, but the server cannot deliver for the moment.
    Stalled(Transport),
}

/// A word to the person, until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_error: bool,
}

/// What the person has chosen, as it is now.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) settings: Settings,
    pub(crate) theme: Theme,
    pub(crate) keymap: Keymap,
    pub(crate) is_vim: bool,
    pub(crate) has_mouse: bool,
    pub(crate) is_numbered: bool,
    /// Whether rooms and members are shown; by the width when not chosen.
    pub(crate) rooms: Option<bool>,
    pub(crate) members: Option<bool>,
}

/// The whole.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) size: Size,
    /// The time of the event that is being taken.
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    /// Whether the terminal is in front; believed until it says otherwise.
    pub(crate) is_in_front: bool,
    pub(crate) look: Look,
    /// The questions before the log-in, while they are asked.
    pub(crate) entrance: Option<Entrance>,
    pub(crate) me: UserRef,
    pub(crate) url: String,
    /// What is known of the last time.
    pub(crate) remembered: Remembered,
    pub(crate) connection: Connection,
    pub(crate) rooms: Rooms,
    /// Messages of one's own in rooms that are not listed yet.
    pub(crate) unplaced: Vec<(RoomId, Pending)>,
    /// What became of messages of which it is not yet known here that they are kept: an answer may come first.
    pub(crate) answered: VecDeque<(SendKey, Fate)>,
    /// One has logged out.
    pub(crate) is_logged_out: bool,
    /// Whether the rooms were listed since the start.
    pub(crate) is_listed: bool,
    pub(crate) focus: Focus,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) notice: Option<Notice>,
    /// Where one goes back to when a command is done.
    pub(crate) came_from: Option<Focus>,
    /// Keys that begin a binding.
    pub(crate) begun: Vec<Chord>,
    /// What was sent, for the history of the composer.
    pub(crate) sent: Vec<String>,
    /// Ctrl+C was pressed once on an empty line.
    pub(crate) is_leaving: bool,
}

impl State {
    /// The state before anything has happened.
    pub(crate) fn new(look: Look, size: Size, zone: TimeZone, now: Timestamp) -> Self {
        Self {
            size,
            now,
            zone,
            is_in_front: true,
            look,
            entrance: None,
            me: UserRef { id: chatapp_types::UserId(uuid::Uuid::nil()), username: String::new() },
            url: String::new(),
            remembered: Remembered::default(),
            connection: Connection::Connecting,
            rooms: Rooms::default(),
            unplaced: Vec::new(),
            answered: VecDeque::new(),
            is_logged_out: false,
            is_listed: false,
            focus: Focus::Writing,
            overlay: None,
            notice: None,
            came_from: None,
            begun: Vec::new(),
            sent: Vec::new(),
            is_leaving: false,
        }
    }

    /// Says something to the person.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_error: false });
    }

    /// Says that something went wrong.
    pub(crate) fn complain(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: lines::sentence(&text.into()), is_error: true });
    }

    /// Messages that are not acknowledged yet.
    pub(crate) fn unsent(&self) -> usize {
        self.rooms.unsent() + self.unplaced.len()
    }

    /// Whether what is sent goes out at once.
    pub(crate) const fn is_connected(&self) -> bool {
        matches!(self.connection, Connection::Connected(_) | Connection::Stalled(_))
    }
}
