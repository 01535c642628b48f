//! Messages in SQL Server.
//!
//! Posts go through [`post`] in groups. Every other write takes the lock of the room's head first; what it reads after
//! that stands still, as far as entries change it. Pages are read with the right to them in one batch that sees one
//! commit.

mod access;
mod delete;
mod edit;
mod erase;
mod history;
mod hydrate;
mod import;
mod index;
mod message;
mod names;
mod plain;
mod post;
mod search;
mod timeline;
mod unread;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chatapp_db::Mssql;
use chatapp_timeline::Publisher;
use chatapp_types::messages::{Message, MessagePage, PostedMessage, SearchHit, TimelinePage, UnreadRoom};
use chatapp_types::{Clock, MessageId, Page, RoomId, Timestamp, UserId};

use super::{MessageStore, NewDeletion, NewEdit, NewMessage, NewSearch, PlainMessage};
use crate::app::history::HistoryPart;
use crate::error::StoreError;
use post::lanes::{Committer, Lanes};

/// Texts that a search adds to the index at most before it gives up and asks to be repeated.
const CATCH_UP_MAX: u32 = 20_000;

/// [`MessageStore`] on SQL Server.
pub struct MssqlMessageStore {
    db: Mssql,
    publisher: Publisher,
    clock: Arc<dyn Clock>,
    lanes: Lanes,
    /// Whether texts may wait for the index, so that a service at rest leaves the database at rest. True at first:
    /// nobody knows how the last process ended.
    unindexed: Arc<AtomicBool>,
}

impl MssqlMessageStore {
    /// Groups of posts that this store commits at the same time by default.
    pub const LANES: usize = 4;

    /// A store on an open, migrated database; entries go to `publisher` once they are committed. Opens `lanes` lanes for
    /// posts, in the current runtime: posts of one room share one, and each commits one group at a time.
    pub fn new(db: Mssql, publisher: Publisher, clock: Arc<dyn Clock>, lanes: usize) -> Self {
        let unindexed = Arc::new(AtomicBool::new(true));
        let written = Arc::clone(&unindexed);
        let committer = Committer {
            db: db.clone(),
            clock: Arc::clone(&clock),
            publisher: publisher.clone(),
            written: Arc::new(move || written.store(true, Ordering::Release)),
        };
        let lanes = Lanes::open(lanes, &committer);
        Self { db, publisher, clock, lanes, unindexed }
    }

    /// Brings the index up to the last committed message, whichever process committed it.
    async fn catch_up(&self) -> Result<(), StoreError> {
        let mut left = CATCH_UP_MAX / index::BATCH;
        let mut more = index::is_behind(&self.db).await?;
        while more {
            left = left.checked_sub(1).ok_or(StoreError::IndexBehind)?;
            more = self.add_batch().await?;
        }
        Ok(())
    }

    async fn add_batch(&self) -> Result<bool, StoreError> {
        Ok(self.db.write(|session| Box::pin(index::add_batch(session))).await?)
    }
}

#[async_trait]
impl MessageStore for MssqlMessageStore {
    async fn post(&self, new: NewMessage) -> Result<PostedMessage, StoreError> {
        self.lanes.post(post::Post::prepare(new)).await
    }

    async fn edit(&self, edit: NewEdit) -> Result<Message, StoreError> {
        let (publisher, clock) = (self.publisher.clone(), Arc::clone(&self.clock));
        let unindexed = Arc::clone(&self.unindexed);
        self.db
            .write(move |session| {
                let (publisher, clock, edit) = (publisher.clone(), Arc::clone(&clock), edit.clone());
                let unindexed = Arc::clone(&unindexed);
                Box::pin(async move {
                    let (message, entry) = edit::edit(session, edit, &*clock).await?;
                    if let Some(entry) = entry {
                        session.after_commit(move || {
                            publisher.publish(entry);
                            unindexed.store(true, Ordering::Release);
                        });
                    }
                    Ok(message)
                })
            })
            .await
    }

    async fn delete(&self, deletion: NewDeletion) -> Result<(), StoreError> {
        let (publisher, clock) = (self.publisher.clone(), Arc::clone(&self.clock));
        self.db
            .write(move |session| {
                let (publisher, clock, deletion) = (publisher.clone(), Arc::clone(&clock), deletion.clone());
                Box::pin(async move {
                    if let Some(entry) = delete::delete(session, deletion, &*clock).await? {
                        session.after_commit(move || publisher.publish(entry));
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn history(
        &self,
        reader: UserId,
        room: RoomId,
        part: HistoryPart,
        limit: u32,
    ) -> Result<MessagePage, StoreError> {
        history::page(&self.db, reader, room, part, limit, self.clock.now()).await
    }

    async fn message(&self, reader: UserId, room: RoomId, message: MessageId) -> Result<Message, StoreError> {
        history::one(&self.db, reader, room, message, self.clock.now()).await
    }

    async fn timeline(&self, reader: UserId, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, StoreError> {
        timeline::page(&self.db, reader, room, after, limit, self.clock.now()).await
    }

    async fn log(&self, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, StoreError> {
        timeline::log(&self.db, room, after, limit).await
    }

    async fn heads(&self, rooms: Vec<RoomId>) -> Result<BTreeMap<RoomId, u64>, StoreError> {
        timeline::heads(&self.db, &rooms).await
    }

    async fn mark_read(&self, reader: UserId, room: RoomId, seq: u64) -> Result<(), StoreError> {
        unread::mark_read(&self.db, reader, room, seq, self.clock.now()).await
    }

    async fn unread(&self, user: UserId) -> Result<Vec<UnreadRoom>, StoreError> {
        Ok(unread::unread(&self.db, user).await?)
    }

    async fn search(&self, search: NewSearch) -> Result<Page<SearchHit>, StoreError> {
        self.catch_up().await?;
        let now = self.clock.now();
        self.db
            .read(move |session| {
                let search = search.clone();
                Box::pin(async move { search::search(session, &search, now).await })
            })
            .await
    }

    async fn plain_history(&self, reader: UserId, name: String, limit: u32) -> Result<Vec<PlainMessage>, StoreError> {
        let now = self.clock.now();
        self.db
            .read(move |session| {
                let name = name.clone();
                Box::pin(async move { plain::history(session, reader, &name, limit, now).await })
            })
            .await
    }

    async fn room_named(&self, user: UserId, name: String) -> Result<RoomId, StoreError> {
        self.db
            .run(move |session| {
                let name = name.clone();
                Box::pin(async move { plain::room_named(session, user, &name).await })
            })
            .await
    }

    fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    async fn advance_published(&self, marks: Vec<(RoomId, u64)>) -> Result<(), StoreError> {
        self.db
            .run(move |session| {
                let marks = marks.clone();
                Box::pin(async move { Ok(chatapp_timeline::mssql::advance_published(session, &marks).await?) })
            })
            .await
    }

    async fn unpublished(&self, before: Timestamp, limit: u32) -> Result<Vec<(RoomId, u64)>, StoreError> {
        let log = chatapp_timeline::mssql::unpublished;
        Ok(self.db.run(move |session| Box::pin(log(session, before, limit))).await?)
    }

    async fn index_batch(&self) -> Result<bool, StoreError> {
        // Taken before the look: a post that is committed meanwhile sets it again.
        if !self.unindexed.swap(false, Ordering::AcqRel) {
            return Ok(false);
        }
        let result = self.add_batch().await;
        if !matches!(result, Ok(false)) {
            self.unindexed.store(true, Ordering::Release);
        }
        result
    }

    async fn erase_batch(&self) -> Result<bool, StoreError> {
        let Some(room) = erase::deleted_room(&self.db).await? else { return Ok(false) };
        let now = self.clock.now();
        self.db
            .write(move |session| Box::pin(async move { Ok(erase::erase_batch(session, room, now).await?) }))
            .await
            .map(|()| true)
    }
}
