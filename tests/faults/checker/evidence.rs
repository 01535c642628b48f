//! What a run leaves behind for the checker: what was asked and answered, what was seen, and what is in the log.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

/// A time since the run began. One process keeps the whole journal, so moments can be compared.
pub type Moment = Duration;

/// What an attempt to write came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, and stands there.
    Acked {
        /// Its place in the room's order.
        seq: u64,
        /// The message.
        message: String,
    },
    /// It is not done, and was not.
    Refused {
        /// The problem's code.
        code: String,
    },
    /// Nobody knows: no answer, or one that says so.
    Unknown {
        /// How that came.
        why: String,
    },
}

/// One try to send a message.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When it began.
    pub asked: Moment,
    /// When it was answered or given up.
    pub answered: Moment,
    /// What came of it.
    pub outcome: Outcome,
}

/// A message that somebody wanted to send, with every try. No two have the same body.
#[derive(Clone, Debug)]
pub struct Sending {
    /// The room.
    pub room: String,
    /// Who.
    pub author: String,
    /// The key, the same at each try.
    pub key: Uuid,
    /// The text.
    pub body: String,
    /// The tries, in order.
    pub attempts: Vec<Attempt>,
}

impl Sending {
    /// Where it was acknowledged, at whichever try.
    pub fn acked(&self) -> impl Iterator<Item = (u64, &str)> {
        self.attempts.iter().filter_map(|attempt| match &attempt.outcome {
            Outcome::Acked { seq, message } => Some((*seq, message.as_str())),
            _ => None,
        })
    }

    /// Whether it was never acknowledged, and some try may have written it.
    pub fn is_unknown(&self) -> bool {
        self.acked().next().is_none() && self.attempts.iter().any(|a| matches!(a.outcome, Outcome::Unknown { .. }))
    }

    /// Whether every try was refused.
    pub fn is_refused(&self) -> bool {
        !self.attempts.is_empty() && self.attempts.iter().all(|a| matches!(a.outcome, Outcome::Refused { .. }))
    }
}

/// A write without a key: a block, a join, an edit.
#[derive(Clone, Debug)]
pub struct Change {
    /// The room.
    pub room: String,
    /// The kind of entry that it makes.
    pub kind: &'static str,
    /// Whom it concerns: the subject, or else the actor.
    pub who: String,
    /// Whether it was answered as done (`Some(true)`), as refused (`Some(false)`), or not at all.
    pub done: Option<bool>,
}

/// An entry of a log, as a reader got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its place.
    pub seq: u64,
    /// What happened.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// To whom.
    pub subject: Option<String>,
    /// The message it is about.
    pub message: Option<String>,
    /// The text.
    pub body: Option<String>,
    /// Whether the text has been erased since.
    pub deleted: bool,
}

impl Seen {
    /// Reads an entry of the wire.
    pub fn of(entry: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self {
            seq: entry["seq"].as_u64().unwrap_or_default(),
            kind: text(&entry["kind"]).unwrap_or_default(),
            actor: text(&entry["actor"]["username"]).unwrap_or_default(),
            subject: text(&entry["subject"]["username"]),
            message: text(&entry["message_id"]),
            body: text(&entry["body"]),
            deleted: entry["deleted"] == true,
        }
    }

    /// Whether this is `other`, one of them perhaps seen before its text was erased.
    pub fn is(&self, other: &Self) -> bool {
        let erased = self.deleted || other.deleted;
        (self.seq, &self.kind, &self.actor, &self.subject, &self.message)
            == (other.seq, &other.kind, &other.actor, &other.subject, &other.message)
            && (erased || self.body == other.body)
    }

    /// Whom the entry lets into the room.
    pub fn lets_in(&self) -> Option<&str> {
        match self.kind.as_str() {
            "room.created" | "member.joined" => Some(&self.actor),
            "member.added" => self.subject.as_deref(),
            _ => None,
        }
    }

    /// Whom the entry puts out of the room.
    pub fn puts_out(&self) -> Option<&str> {
        match self.kind.as_str() {
            "member.left" => Some(&self.actor),
            "member.removed" | "member.blocked" => self.subject.as_deref(),
            _ => None,
        }
    }
}

/// What one reader read of a room's log at the end, from its beginning.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The room.
    pub room: String,
    /// Who read it, and where.
    pub reader: String,
    /// The log.
    pub entries: Vec<Seen>,
}

/// Something that happened on a live connection.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A subscription stands.
    Subscribed {
        /// The cursor that was asked with.
        after: u64,
        /// When it was asked.
        asked: Moment,
    },
    /// An entry came, live or read to fill a gap that the server named.
    Entry(Seen),
    /// The subscription ended.
    Unsubscribed,
    /// The connection broke.
    Lost,
}

/// What one user saw of a room, live.
#[derive(Clone, Debug)]
pub struct View {
    /// Who.
    pub user: String,
    /// The room.
    pub room: String,
    /// What came, in the order in which it came.
    pub events: Vec<(Moment, Happening)>,
    /// Whether it must be whole at the end: the user is a member, and was connected again.
    pub whole: bool,
}

/// A time during which a user may see nothing of a room.
#[derive(Clone, Debug)]
pub struct Bar {
    /// The room.
    pub room: String,
    /// Who is kept out.
    pub user: String,
    /// The entry that ends the membership; filled from the log by its order among the user's.
    pub seq: Option<u64>,
    /// When the answer came that it is so.
    pub told: Moment,
    /// When the first call was made that could let the user in again.
    pub lifted: Option<Moment>,
}

/// What one request showed of a room.
#[derive(Clone, Debug)]
pub struct Glimpse {
    /// Who asked.
    pub user: String,
    /// The room.
    pub room: String,
    /// The path of it: history, search, counts.
    pub path: &'static str,
    /// When it was asked.
    pub asked: Moment,
    /// When it was answered.
    pub answered: Moment,
    /// The highest seq that the answer showed; `None` when it showed nothing of the room.
    pub showed: Option<u64>,
}

/// One question about a room that is hidden, and the same about a room that never was.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The question.
    pub question: String,
    /// The answer about the hidden room, without what names the request.
    pub hidden: String,
    /// The answer about the absent one.
    pub absent: String,
}

/// The end of a session, and what its token could do then.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// Whose.
    pub user: String,
    /// When the answer came that it has ended.
    pub told: Moment,
    /// Uses that succeeded: when they were asked.
    pub uses: Vec<Moment>,
}

/// The end of the fault.
#[derive(Clone, Copy, Debug)]
pub struct Healing {
    /// When nothing was broken any more.
    pub at: Moment,
    /// Sends from here on must be quick.
    pub calm: Moment,
}

/// What a server process looked like at the end.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Its name.
    pub process: String,
    /// Lines of its log that speak of a panic.
    pub panics: Vec<String>,
    /// Open descriptors.
    pub descriptors: usize,
    /// Resident memory.
    pub memory_mib: u64,
}

/// Everything that is known of a run.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Messages.
    pub sendings: Vec<Sending>,
    /// Other writes.
    pub changes: Vec<Change>,
    /// The logs, each as several readers read it.
    pub readings: Vec<Reading>,
    /// What was seen live.
    pub views: Vec<View>,
    /// Who was kept out when.
    pub bars: Vec<Bar>,
    /// What was seen by request.
    pub glimpses: Vec<Glimpse>,
    /// What outsiders asked.
    pub probes: Vec<Probe>,
    /// Sessions that were ended.
    pub revocations: Vec<Revocation>,
    /// When the fault ended.
    pub healing: Option<Healing>,
    /// The moments at which each client connected.
    pub connections: BTreeMap<String, Vec<Moment>>,
    /// The processes.
    pub health: Vec<Health>,
}

impl Evidence {
    /// The log of a room, by its first reader.
    pub fn log(&self, room: &str) -> Option<&[Seen]> {
        self.readings.iter().find(|reading| reading.room == room).map(|reading| reading.entries.as_slice())
    }

    /// The rooms whose log was read, each once.
    pub fn rooms(&self) -> Vec<&str> {
        let mut rooms: Vec<&str> = self.readings.iter().map(|reading| reading.room.as_str()).collect();
        rooms.sort_unstable();
        rooms.dedup();
        rooms
    }
}
