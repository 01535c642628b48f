//! The second pass: what the survey decided is written. Each step finds what an earlier run has done of it.

use std::collections::{BTreeMap, HashSet};

use chatapp_messages::import::{BodyHash, ImportedMessage};
use chatapp_types::{MessageId, RoomId, SendKey, UserId};

use super::ids;
use super::progress::Progress;
use super::source::{Original, OriginalMessage};
use super::summary::Tally;
use super::survey::{PAGE, Survey};
use super::target::Target;
use super::texts::Reader;
use super::trouble::{Kind, Report, Trouble};

/// Accounts and messages written in one transaction.
const BATCH: usize = 500;
/// Rooms made in one transaction: each may have many members.
const ROOMS_BATCH: usize = 20;

/// An import under way.
pub(super) struct Transfer<'a> {
    pub(super) original: &'a dyn Original,
    pub(super) target: &'a Target,
    pub(super) survey: &'a Survey,
    pub(super) progress: &'a mut Progress,
    pub(super) report: &'a mut Report,
    /// Whether anything is written.
    pub(super) writes: bool,
}

impl Transfer<'_> {
    /// Makes the accounts that are not here.
    pub(super) async fn accounts(&mut self) -> anyhow::Result<Tally> {
        let accounts = &self.survey.accounts;
        if self.writes {
            self.progress.begin("accounts", count(accounts.new.len()));
            for batch in accounts.new.chunks(BATCH) {
                self.target.accounts.import_accounts(batch.to_vec()).await?;
                self.progress.add(batch.len());
            }
        }
        Ok(Tally { new: count(accounts.new.len()), there: accounts.there })
    }

    /// Makes the rooms that are not here, and members of those that are.
    pub(super) async fn rooms(&mut self, owner: Option<UserId>) -> anyhow::Result<Tally> {
        let Survey { rooms, accounts, now, .. } = self.survey;
        let mut new = Vec::new();
        for room in &rooms.all {
            new.extend(room.to_make(accounts, owner, *now)?);
        }
        // First those with a number: another one must not be given theirs.
        new.sort_by_key(|room| room.number.is_none());
        let tally = Tally { new: count(new.len()), there: count(rooms.all.len() - new.len()) };
        if self.writes {
            self.progress.begin("rooms", count(rooms.all.len()));
            for batch in new.chunks(ROOMS_BATCH) {
                self.target.rooms.import_rooms(batch.to_vec()).await?;
                self.progress.add(batch.len());
            }
            for room in rooms.all.iter().filter(|room| !room.is_new()) {
                self.target.rooms.import_members(room.id, room.members()).await?;
                self.progress.add(1);
            }
        }
        Ok(tally)
    }

    /// Appends the messages that are not here, in the order of the original.
    pub(super) async fn messages(&mut self) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        let mut heads = BTreeMap::new();
        let mut reader = Reader::new(self.survey.now);
        let mut after = i64::MIN;
        self.progress.begin("messages", self.survey.rows);
        while after < self.survey.last {
            let mut page = self.original.messages(after, PAGE).await?;
            page.retain(|message| message.id <= self.survey.last);
            let Some(last) = page.last() else { break };
            after = last.id;
            let messages = page.iter().flat_map(|message| self.imported(message, &mut reader)).collect();
            self.page(messages, &mut tally, &mut heads).await?;
            self.progress.add(page.len());
        }
        if self.writes {
            self.target.messages.take_as_read(heads.into_iter().collect()).await?;
        }
        Ok(tally)
    }

    /// Brings the search index up to the last message.
    pub(super) async fn index(&mut self) -> anyhow::Result<()> {
        while self.writes && self.target.messages.index_texts().await? {}
        Ok(())
    }

    async fn page(
        &mut self,
        mut messages: Vec<(i64, ImportedMessage)>,
        tally: &mut Tally,
        heads: &mut BTreeMap<RoomId, u64>,
    ) -> anyhow::Result<()> {
        let ids: Vec<MessageId> = messages.iter().map(|(_, message)| message.id).collect();
        let known = self.target.messages.known_messages(ids).await?;
        let mut met = HashSet::new();
        for (original, message) in &messages {
            let Some(present) = known.get(&message.id) else { continue };
            met.insert(message.id);
            advance(heads, message.room, present.seq);
            if present.hash != BodyHash::of(&message.body, None) {
                self.report.add(Trouble::new(Kind::MessageChanged, *original, "another text"))?;
            }
        }
        messages.retain(|(_, message)| !met.contains(&message.id));
        tally.there += count(met.len());
        tally.new += count(messages.len());
        if !self.writes {
            return Ok(());
        }
        let messages: Vec<_> = messages.into_iter().map(|(_, message)| message).collect();
        for batch in messages.chunks(BATCH) {
            let seqs = self.target.messages.import_messages(batch.to_vec()).await?;
            for (message, seq) in batch.iter().zip(seqs) {
                advance(heads, message.room, seq);
            }
        }
        Ok(())
    }

    /// What becomes of a row: a message for each part of its text.
    fn imported(&self, row: &OriginalMessage, reader: &mut Reader) -> Vec<(i64, ImportedMessage)> {
        let read = reader.read(row);
        let room = row.chat_room_id.and_then(|room| self.survey.rooms.get(room)).filter(|room| !room.deleted);
        let (Some(room), Some(author)) = (room, self.survey.accounts.found(row.author_name())) else {
            return Vec::new();
        };
        let part = |(part, body)| {
            let id = ids::message(room.id, row.id, row.author_name(), part);
            let key = SendKey(id.0);
            (row.id, ImportedMessage { id, key, room: room.id, author: author.id, body, at: read.at })
        };
        read.bodies.into_iter().enumerate().map(part).collect()
    }
}

fn advance(heads: &mut BTreeMap<RoomId, u64>, room: RoomId, seq: u64) {
    let head = heads.entry(room).or_default();
    *head = seq.max(*head);
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
