//! What is odd in the original, and what becomes of it.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::screen::{Screen, Style, harmless};

/// Examples that are shown of each kind.
const EXAMPLES: usize = 5;

/// The kinds of trouble, each with the rule by which it is dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    UsernameKept,
    UsernameChanged,
    UsernameAlike,
    PasswordUnusable,
    AuthorWithoutAccount,
    AccountDeleted,
    RoomNameKept,
    RoomNameChanged,
    RoomNumberChanged,
    RoomDeleted,
    MessageEmpty,
    MessageDivided,
    MessageNul,
    MessageWithoutRoom,
    MessageChanged,
    TimeUnreadable,
    TimeInFuture,
    TimeBackwards,
}

impl Kind {
    /// The kind's word, for programs.
    const fn word(self) -> &'static str {
        match self {
            Self::UsernameKept => "username_kept",
            Self::UsernameChanged => "username_changed",
            Self::UsernameAlike => "username_alike",
            Self::PasswordUnusable => "password_unusable",
            Self::AuthorWithoutAccount => "author_without_account",
            Self::AccountDeleted => "account_deleted",
            Self::RoomNameKept => "room_name_kept",
            Self::RoomNameChanged => "room_name_changed",
            Self::RoomNumberChanged => "room_number_changed",
            Self::RoomDeleted => "room_deleted",
            Self::MessageEmpty => "message_empty",
            Self::MessageDivided => "message_divided",
            Self::MessageNul => "message_nul",
            Self::MessageWithoutRoom => "message_without_room",
            Self::MessageChanged => "message_changed",
            Self::TimeUnreadable => "time_unreadable",
            Self::TimeInFuture => "time_in_future",
            Self::TimeBackwards => "time_backwards",
        }
    }

    /// What it is and what becomes of it.
    const fn rule(self) -> &'static str {
        match self {
            Self::UsernameKept => "names that could not be registered today: kept as they are",
            Self::UsernameChanged => {
                "names that are taken or cannot be kept: the account gets another one, tell its owner"
            }
            Self::UsernameAlike => "names that look like another account's: kept",
            Self::PasswordUnusable => {
                "passwords that cannot be checked: the account waits for `chatapp users reset-password`"
            }
            Self::AuthorWithoutAccount => "authors that have no account: one is made that nobody can log in to",
            Self::AccountDeleted => "accounts that were deleted here since: not made again",
            Self::RoomNameKept => "room names that could not be chosen today: kept as they are",
            Self::RoomNameChanged => "room names that are taken or cannot be kept: the room gets another one",
            Self::RoomNumberChanged => "room numbers that are taken here: the room gets another one",
            Self::RoomDeleted => "rooms that were deleted here since: not made again, their messages are not imported",
            Self::MessageEmpty => "messages without anything to read: not imported",
            Self::MessageDivided => "messages longer than is allowed: divided into several",
            Self::MessageNul => "messages with NUL characters: shown as U+FFFD",
            Self::MessageWithoutRoom => "messages of rooms that do not exist: not imported",
            Self::MessageChanged => "messages that differ from what was imported before: left as they were",
            Self::TimeUnreadable => "times that are missing or unreadable: that of the message before is taken",
            Self::TimeInFuture => "times in the future: that of the import is taken",
            Self::TimeBackwards => "messages older than the one before them: their time is kept, and their place",
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.word())
    }
}

/// One thing that is odd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Trouble {
    /// Of which kind.
    #[serde(rename = "trouble")]
    pub(super) kind: Kind,
    /// The original's id of the user, room or message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<i64>,
    /// What is odd about it.
    pub(super) what: String,
}

impl Trouble {
    pub(super) fn new(kind: Kind, id: impl Into<Option<i64>>, what: impl Into<String>) -> Self {
        Self { kind, id: id.into(), what: what.into() }
    }
}

/// All that is odd: counted, and with JSON told one by one as it is found.
pub(super) struct Report {
    told_to: Option<Screen>,
    kinds: BTreeMap<Kind, Tally>,
}

#[derive(Default)]
struct Tally {
    count: u64,
    examples: Vec<Trouble>,
}

impl Report {
    /// An empty one. With a screen each trouble is told there, as JSON.
    pub(super) fn new(told_to: Option<Screen>) -> Self {
        Self { told_to, kinds: BTreeMap::new() }
    }

    /// Takes a trouble down.
    pub(super) fn add(&mut self, trouble: Trouble) -> anyhow::Result<()> {
        if let Some(screen) = self.told_to {
            screen.json(&trouble)?;
        }
        let tally = self.kinds.entry(trouble.kind).or_default();
        tally.count += 1;
        if tally.examples.len() < EXAMPLES {
            tally.examples.push(trouble);
        }
        Ok(())
    }

    /// Takes some down.
    pub(super) fn add_all(&mut self, troubles: impl IntoIterator<Item = Trouble>) -> anyhow::Result<()> {
        troubles.into_iter().try_for_each(|trouble| self.add(trouble))
    }

    /// How many of each kind.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.kinds.iter().map(|(kind, tally)| (kind.word(), tally.count)).collect()
    }

    /// The report for people.
    pub(super) fn lines(&self, screen: Screen) -> Vec<String> {
        let mut lines = Vec::new();
        for (kind, tally) in &self.kinds {
            lines.push(screen.styled(Style::Warning, format!("{} {}", tally.count, kind.rule())));
            lines.extend(tally.examples.iter().map(|trouble| match trouble.id {
                Some(id) => format!("    {id}: {}", harmless(&trouble.what)),
                None => format!("    {}", harmless(&trouble.what)),
            }));
            let more = tally.count - u64::try_from(tally.examples.len()).unwrap_or_default();
            if more > 0 {
                lines.push(format!("    … and {more} more; --json lists them all"));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_report_has_some_of_each_kind_and_says_how_many_there_are() {
        let mut report = Report::new(None);
        for id in 1..=7 {
            report.add(Trouble::new(Kind::MessageEmpty, id, "nothing\x1b[2J")).unwrap();
        }
        let lines = report.lines(Screen::plain());
        assert_eq!(lines.len(), 1 + EXAMPLES + 1);
        assert!(lines[0].starts_with("7 messages without"), "{lines:?}");
        assert!(lines[6].contains("2 more"), "{lines:?}");
        assert!(!lines.concat().contains('\x1b'), "{lines:?}");
        assert_eq!(report.counts(), BTreeMap::from([("message_empty", 7)]));
    }
}
