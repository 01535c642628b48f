//! Messages that come from the original.
//!
//! They keep their authors, times and order. They have keys like any other, made from where they come from, so that
//! one that is here is known again. They name nobody: what people wrote before there were mentions is no call now.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use chatapp_bus::LocalBus;
use chatapp_db::{Database, DbError};
use chatapp_timeline::{NewEntry, Publisher};
use chatapp_types::{EntryBody, MessageId, RoomId, SendKey, SystemClock, Timestamp, UserId};

pub use crate::app::body::{BodyLimits, MessageBody};
pub use crate::app::post::BodyHash;
use crate::error::StoreError;
use crate::store::{MssqlMessageStore, SqliteMessageStore};

/// A message that is here, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownMessage {
    /// The entry of its post.
    pub seq: u64,
    /// The hash of its first text.
    pub hash: BodyHash,
}

/// A message to be put at the end of a room's log.
#[derive(Clone, Debug)]
pub struct ImportedMessage {
    /// Its id.
    pub id: MessageId,
    /// Its key.
    pub key: SendKey,
    /// Where.
    pub room: RoomId,
    /// By whom, an account that exists or did.
    pub author: UserId,
    /// The text.
    pub body: MessageBody,
    /// When it was written.
    pub at: Timestamp,
}

impl ImportedMessage {
    /// The entry of its post.
    pub(crate) fn entry(&self) -> NewEntry {
        let said = EntryBody::MessagePosted {
            message_id: self.id,
            ordinal: 0,
            body: String::new(),
            reply_to: None,
            key: None,
            mentions: Vec::new(),
            deleted: false,
        };
        NewEntry::of(self.author, self.at, &said)
    }
}

/// What importing needs of the database.
#[async_trait]
pub trait MessageImport: Send + Sync {
    /// Those of the messages that are here, erased ones included.
    async fn known_messages(&self, ids: Vec<MessageId>) -> Result<HashMap<MessageId, KnownMessage>, StoreError>;

    /// Appends all of these messages in their order, or none. Returns their entries. Fails with a conflict when one is
    /// here already.
    async fn import_messages(&self, messages: Vec<ImportedMessage>) -> Result<Vec<u64>, StoreError>;

    /// Takes each room as read up to an entry, for those of its members who have read nothing there yet.
    async fn take_as_read(&self, rooms: Vec<(RoomId, u64)>) -> Result<(), StoreError>;

    /// Adds some thousand texts to the index of words. Returns whether more wait.
    async fn index_texts(&self) -> Result<bool, StoreError>;
}

/// The importer for that database, which must have been migrated.
pub fn open(db: &Database) -> Result<Arc<dyn MessageImport>, StoreError> {
    // Nobody follows rooms while messages are imported.
    let publisher = Publisher::new(Arc::new(LocalBus::new()));
    let clock = Arc::new(SystemClock);
    match db {
        Database::Sqlite(db) => Ok(Arc::new(SqliteMessageStore::new(db.clone(), publisher, clock))),
        Database::Mssql(db) => Ok(Arc::new(MssqlMessageStore::new(db.clone(), publisher, clock, 1))),
        _ => Err(StoreError::Db(DbError::Unavailable(
            "messages cannot be imported into this kind of database".to_owned(),
        ))),
    }
}
