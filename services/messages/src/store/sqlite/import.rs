//! Messages as they were elsewhere.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use chatapp_db::{DbError, WriteTx};
use chatapp_timeline::sqlite as log;
use chatapp_types::{MessageId, RoomId};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteMessageStore, index};
use crate::app::post::BodyHash;
use crate::error::StoreError;
use crate::import::{ImportedMessage, KnownMessage, MessageImport};

/// Batches of the index in one transaction: nobody else waits for the writer.
const INDEX_BATCHES: u32 = 32;

#[async_trait]
impl MessageImport for SqliteMessageStore {
    async fn known_messages(&self, ids: Vec<MessageId>) -> Result<HashMap<MessageId, KnownMessage>, StoreError> {
        self.db.read(move |conn| Ok(known(conn, &ids)?)).await
    }

    async fn import_messages(&self, messages: Vec<ImportedMessage>) -> Result<Vec<u64>, StoreError> {
        self.db.write(move |tx| Ok(append(tx, &messages)?)).await
    }

    async fn take_as_read(&self, rooms: Vec<(RoomId, u64)>) -> Result<(), StoreError> {
        self.db
            .write(move |tx| {
                let mut statement = tx.prepare_cached(
                    "INSERT INTO messages_read_markers (room_id, user_id, seq)
                     SELECT m.room_id, m.user_id, ?2 FROM rooms_v_members m WHERE m.room_id = ?1
                     ON CONFLICT (room_id, user_id) DO NOTHING",
                )?;
                for (room, seq) in &rooms {
                    statement.execute(params![room.0, seq.cast_signed()])?;
                }
                Ok(())
            })
            .await
            .map_err(|error: DbError| error.into())
    }

    async fn index_texts(&self) -> Result<bool, StoreError> {
        self.db
            .write(|tx| {
                for _ in 0..INDEX_BATCHES {
                    if !index::add_batch(tx)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            })
            .await
            .map_err(|error: DbError| error.into())
    }
}

fn known(conn: &Connection, ids: &[MessageId]) -> Result<HashMap<MessageId, KnownMessage>, DbError> {
    let mut statement = conn.prepare_cached("SELECT seq, body_hash FROM messages_messages WHERE message_id = ?1")?;
    let mut known = HashMap::new();
    for id in ids {
        let found = statement.query_row([id.0], |row| {
            Ok(KnownMessage { seq: row.get::<_, i64>(0)?.unsigned_abs(), hash: BodyHash(row.get(1)?) })
        });
        if let Some(message) = found.optional()? {
            known.insert(*id, message);
        }
    }
    Ok(known)
}

fn append(tx: &WriteTx<'_>, messages: &[ImportedMessage]) -> Result<Vec<u64>, DbError> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO messages_messages (room_id, seq, message_id, author_id, key, body_hash, body, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let (mut seqs, mut heads) = (Vec::with_capacity(messages.len()), BTreeMap::new());
    for message in messages {
        let seq = log::append(tx, message.room, &message.entry())?.seq;
        statement.execute(params![
            message.room.0,
            seq.cast_signed(),
            message.id.0,
            message.author.0,
            message.key.0,
            BodyHash::of(&message.body, None).0,
            message.body.as_str(),
            message.at.millis()
        ])?;
        heads.insert(message.room, seq);
        seqs.push(seq);
    }
    // Nobody waits for them: they are old.
    log::advance_published(tx, &heads.into_iter().collect::<Vec<_>>())?;
    Ok(seqs)
}
