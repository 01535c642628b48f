//! The first pass over the original: everything is decided and everything odd is told, before anything is written.

use chatapp_types::Timestamp;

use super::accounts::Accounts;
use super::progress::Progress;
use super::rooms::Rooms;
use super::source::{Original, OriginalMessage};
use super::target::Target;
use super::texts::Reader;
use super::trouble::{Kind, Report, Trouble};

/// Rows read at once.
pub(super) const PAGE: u32 = 1_000;

/// What there is to import.
pub(super) struct Survey {
    /// When it was made; what has no time of its own gets this one.
    pub(super) now: Timestamp,
    pub(super) accounts: Accounts,
    pub(super) rooms: Rooms,
    /// Rows of messages.
    pub(super) rows: u64,
    /// Those of which nothing is imported.
    pub(super) left_out: u64,
    /// The last row: what is written while the import runs is for the next one.
    pub(super) last: i64,
}

impl Survey {
    /// Reads the original and what is here.
    pub(super) async fn make(
        original: &dyn Original,
        target: &Target,
        now: Timestamp,
        progress: &mut Progress,
        report: &mut Report,
    ) -> anyhow::Result<Self> {
        let mut survey = Self {
            now,
            accounts: Accounts::new(target.known_accounts().await?, now),
            rooms: Rooms::new(target.known_rooms().await?),
            rows: 0,
            left_out: 0,
            last: i64::MIN,
        };
        survey.read_users(original, report).await?;
        survey.read_rooms(original, report).await?;
        progress.begin("reading messages", original.count_messages().await?);
        let mut reader = Reader::new(now);
        loop {
            let page = original.messages(survey.last, PAGE).await?;
            let Some(last) = page.last() else { return Ok(survey) };
            survey.last = last.id;
            for message in &page {
                survey.note(message, &mut reader, report)?;
            }
            progress.add(page.len());
        }
    }

    async fn read_users(&mut self, original: &dyn Original, report: &mut Report) -> anyhow::Result<()> {
        let mut after = i64::MIN;
        loop {
            let page = original.users(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            for user in &page {
                report.add_all(self.accounts.add_user(user)?)?;
            }
        }
    }

    async fn read_rooms(&mut self, original: &dyn Original, report: &mut Report) -> anyhow::Result<()> {
        let mut after = i64::MIN;
        loop {
            let page = original.rooms(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            for room in &page {
                report.add_all(self.rooms.add(room))?;
            }
        }
    }

    fn note(&mut self, message: &OriginalMessage, reader: &mut Reader, report: &mut Report) -> anyhow::Result<()> {
        self.rows += 1;
        let read = reader.read(message);
        let Some(room) = message.chat_room_id.and_then(|room| self.rooms.get_mut(room)) else {
            self.left_out += 1;
            let what = message.chat_room_id.map_or_else(|| "no room".to_owned(), |room| format!("room {room}"));
            return report.add(Trouble::new(Kind::MessageWithoutRoom, message.id, what));
        };
        if room.deleted {
            self.left_out += 1;
            return Ok(());
        }
        report.add_all(read.troubles)?;
        if read.bodies.is_empty() {
            self.left_out += 1;
            return Ok(());
        }
        let (author, troubles) = self.accounts.author(message.author_name())?;
        report.add_all(troubles)?;
        if room.note(author, read.at) {
            report.add(Trouble::new(Kind::TimeBackwards, message.id, read.at.to_string()))?;
        }
        Ok(())
    }
}
