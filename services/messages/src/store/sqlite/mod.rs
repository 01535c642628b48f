//! Messages in SQLite. A write transaction there excludes every other, so what is read in one is read under the lock.

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

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chatapp_db::Sqlite;
use chatapp_timeline::Publisher;
use chatapp_types::messages::{Message, MessagePage, PostedMessage, SearchHit, TimelinePage, UnreadRoom};
use chatapp_types::{Clock, MessageId, Page, RoomId, Timestamp, UserId};

use super::{MessageStore, NewDeletion, NewEdit, NewMessage, NewSearch, PlainMessage};
use crate::app::history::HistoryPart;
use crate::error::StoreError;

/// Texts that a search adds to the index at most before it gives up and asks to be repeated.
const CATCH_UP_MAX: u32 = 20_000;

/// [`MessageStore`] on SQLite.
pub struct SqliteMessageStore {
    db: Sqlite,
    publisher: Publisher,
    clock: Arc<dyn Clock>,
    /// Whether texts may wait for the index, so that a service at rest leaves the database at rest. True at first:
    /// nobody knows how the last process ended.
    unindexed: Arc<AtomicBool>,
}

impl SqliteMessageStore {
    /// A store on an open, migrated database; entries go to `publisher` once they are committed.
    pub fn new(db: Sqlite, publisher: Publisher, clock: Arc<dyn Clock>) -> Self {
        Self { db, publisher, clock, unindexed: Arc::new(AtomicBool::new(true)) }
    }

    /// Brings the index up to the last committed message, whichever process committed it.
    async fn catch_up(&self) -> Result<(), StoreError> {
        let mut left = CATCH_UP_MAX / index::BATCH;
        let mut more = self.db.read(index::is_behind).await?;
        while more {
            left = left.checked_sub(1).ok_or(StoreError::IndexBehind)?;
            more = self.add_batch().await?;
        }
        Ok(())
    }

    async fn add_batch(&self) -> Result<bool, StoreError> {
        Ok(self.db.write(|tx| index::add_batch(tx)).await?)
    }
}

#[async_trait]
impl MessageStore for SqliteMessageStore {
    async fn post(&self, new: NewMessage) -> Result<PostedMessage, StoreError> {
        let (publisher, clock) = (self.publisher.clone(), Arc::clone(&self.clock));
        let unindexed = Arc::clone(&self.unindexed);
        // Hashing and parsing are done here: the writer's thread is the narrow place.
        let post = post::Post::prepare(new);
        self.db
            .write(move |tx| {
                let (posted, entry) = post.run(tx, clock.now())?;
                if let Some(entry) = entry {
                    tx.after_commit(move || {
                        publisher.publish(entry);
                        unindexed.store(true, Ordering::Release);
                    });
                }
                Ok(posted)
            })
            .await
    }

    async fn edit(&self, edit: NewEdit) -> Result<Message, StoreError> {
        let (publisher, clock) = (self.publisher.clone(), Arc::clone(&self.clock));
        self.db
            .write(move |tx| {
                let (message, entry) = edit::edit(tx, edit, clock.now())?;
                if let Some(entry) = entry {
                    tx.after_commit(move || publisher.publish(entry));
                }
                Ok(message)
            })
            .await
    }

    async fn delete(&self, deletion: NewDeletion) -> Result<(), StoreError> {
        let (publisher, clock) = (self.publisher.clone(), Arc::clone(&self.clock));
        self.db
            .write(move |tx| {
                if let Some(entry) = delete::delete(tx, deletion, clock.now())? {
                    tx.after_commit(move || publisher.publish(entry));
                }
                Ok(())
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
        let now = self.clock.now();
        self.db.read(move |conn| history::page(conn, reader, room, part, limit, now)).await
    }

    async fn message(&self, reader: UserId, room: RoomId, message: MessageId) -> Result<Message, StoreError> {
        let now = self.clock.now();
        self.db.read(move |conn| history::one(conn, reader, room, message, now)).await
    }

    async fn timeline(&self, reader: UserId, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, StoreError> {
        let now = self.clock.now();
        self.db.read(move |conn| timeline::page(conn, reader, room, after, limit, now)).await
    }

    async fn log(&self, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, StoreError> {
        self.db.read(move |conn| timeline::log(conn, room, after, limit)).await
    }

    async fn heads(&self, rooms: Vec<RoomId>) -> Result<BTreeMap<RoomId, u64>, StoreError> {
        self.db.read(move |conn| timeline::heads(conn, &rooms)).await
    }

    async fn mark_read(&self, reader: UserId, room: RoomId, seq: u64) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.db.write(move |tx| unread::mark_read(tx, reader, room, seq, now)).await
    }

    async fn unread(&self, user: UserId) -> Result<Vec<UnreadRoom>, StoreError> {
        Ok(self.db.read(move |conn| unread::unread(conn, user)).await?)
    }

    async fn search(&self, search: NewSearch) -> Result<Page<SearchHit>, StoreError> {
        self.catch_up().await?;
        let now = self.clock.now();
        self.db.read(move |conn| search::search(conn, &search, now)).await
    }

    async fn plain_history(&self, reader: UserId, name: String, limit: u32) -> Result<Vec<PlainMessage>, StoreError> {
        let now = self.clock.now();
        self.db.read(move |conn| plain::history(conn, reader, &name, limit, now)).await
    }

    async fn room_named(&self, user: UserId, name: String) -> Result<RoomId, StoreError> {
        self.db.read(move |conn| plain::room_named(conn, user, &name).map(|room| room.id)).await
    }

    fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    async fn advance_published(&self, marks: Vec<(RoomId, u64)>) -> Result<(), StoreError> {
        self.db.write(move |tx| Ok(chatapp_timeline::sqlite::advance_published(tx, &marks)?)).await
    }

    async fn unpublished(&self, before: Timestamp, limit: u32) -> Result<Vec<(RoomId, u64)>, StoreError> {
        Ok(self.db.read(move |conn| chatapp_timeline::sqlite::unpublished(conn, before, limit)).await?)
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
        // Looked for on a reader: nearly always there is nothing to do, and the writer has better things to do.
        let Some(room) = self.db.read(erase::deleted_room).await? else { return Ok(false) };
        let now = self.clock.now();
        self.db.write(move |tx| erase::erase_batch(tx, room, now)).await?;
        Ok(true)
    }
}
