//! A room as this terminal knows it.

use std::collections::BTreeSet;

use chatapp_types::rooms::{Member, Room};
use chatapp_types::{MessageId, SendKey, Timestamp, UserId, UserRef};

use super::composer::Composer;
use super::log::Log;
use crate::attention::Pace;
use crate::command::Level;

/// Where one looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// At the end, which is followed.
    #[default]
    End,
    /// The item of this seq is the last one that is seen; so many of its lines are below the edge.
    At { seq: u64, below: usize },
}

/// How one looks at a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) anchor: Anchor,
    /// The message that is chosen.
    pub(crate) chosen: Option<u64>,
    /// Nothing up to here is shown at the end: it was cleared.
    pub(crate) cleared: u64,
    /// Where to go when it is loaded.
    pub(crate) wanted: Option<u64>,
}

/// How far a message of one's own has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// On its way, and kept until it is acknowledged.
    Sending,
    /// Committed as this seq; its entry comes.
    Sent(u64),
    /// Refused, and why.
    Failed(String),
}

/// A message of one's own that the log does not show yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) key: SendKey,
    pub(crate) at: Timestamp,
    pub(crate) text: String,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) fate: Fate,
}

/// A room, what is loaded of it, and what the person does in it.
#[derive(Clone, Debug)]
pub(crate) struct RoomState {
    pub(crate) room: Room,
    pub(crate) log: Log,
    pub(crate) view: View,
    pub(crate) composer: Composer,
    pub(crate) pending: Vec<Pending>,
    pub(crate) head: u64,
    pub(crate) unread: u64,
    pub(crate) mentions: u64,
    /// One's marker.
    pub(crate) read_seq: u64,
    /// Where the line between read and unread stands.
    pub(crate) line: Option<u64>,
    /// Whether a marker is about to be moved.
    pub(crate) is_marking: bool,
    pub(crate) members: Option<Vec<Member>>,
    pub(crate) members_stale: bool,
    pub(crate) members_asked: bool,
    pub(crate) online: BTreeSet<UserId>,
    /// Who is typing, and until when that is believed.
    pub(crate) typing: Vec<(UserRef, Timestamp)>,
    /// When it was last said that one is typing.
    pub(crate) said_typing: Option<Timestamp>,
    pub(crate) level: Level,
    /// Whether what comes is live, rather than what was missed.
    pub(crate) is_live: bool,
    /// What calls for attention, and how often.
    pub(crate) pace: Pace,
    /// Since when it is known here.
    pub(crate) since: Timestamp,
    /// It is known from the last time alone: the gateway has not listed it yet, and it is not followed.
    pub(crate) is_kept: bool,
    /// Why one is no longer in it.
    pub(crate) ended: Option<String>,
}

impl RoomState {
    pub(crate) fn new(room: Room, since: Timestamp) -> Self {
        Self {
            room,
            log: Log::default(),
            view: View::default(),
            composer: Composer::default(),
            pending: Vec::new(),
            head: 0,
            unread: 0,
            mentions: 0,
            read_seq: 0,
            line: None,
            is_marking: false,
            members: None,
            members_stale: true,
            members_asked: false,
            online: BTreeSet::new(),
            typing: Vec::new(),
            said_typing: None,
            level: Level::default(),
            is_live: false,
            pace: Pace::default(),
            since,
            is_kept: false,
            ended: None,
        }
    }

    /// Whether the end of the log is loaded, so that what is pending stands behind it.
    pub(crate) const fn shows_end(&self) -> bool {
        self.log.reaches(self.head)
    }

    /// Whether the log shows the entry of this seq, at the end that is seen.
    pub(crate) const fn shows(&self, seq: u64) -> bool {
        self.log.last() >= seq && self.shows_end()
    }

    /// Whether what is pending is shown: at the end, or alone while nothing is loaded.
    pub(crate) const fn shows_pending(&self) -> bool {
        self.shows_end() || !self.log.is_loaded()
    }

    /// Whether one sees the end.
    pub(crate) fn is_at_end(&self) -> bool {
        self.view.anchor == Anchor::End && self.shows_end()
    }

    /// Messages that are not acknowledged yet.
    pub(crate) fn unsent(&self) -> usize {
        self.pending.iter().filter(|p| !matches!(p.fate, Fate::Sent(_))).count()
    }

    /// The names that can be completed here: members, else who has written.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match &self.members {
            Some(members) => members.iter().map(|m| m.user.username.clone()).collect(),
            None => self.log.items().iter().map(|i| i.author.username.clone()).collect(),
        };
        names.sort();
        names.dedup();
        names
    }
}
