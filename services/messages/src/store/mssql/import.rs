//! Messages as they were elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use chatapp_db::DbError;
use chatapp_db::mssql::{Param, Session, Sql};
use chatapp_timeline::{Appended, Head, mssql as log};
use chatapp_types::{MessageId, RoomId};

use super::MssqlMessageStore;
use crate::app::post::BodyHash;
use crate::error::StoreError;
use crate::import::{ImportedMessage, KnownMessage, MessageImport};

/// Messages written by one batch: with their entries, and a room of its own each, they take 1,680 of the 2,100 parameters
/// that a batch may have.
const AT_ONCE: usize = 80;
/// Ids looked for by one statement.
const LOOKED_FOR: usize = 1_000;

type Heads = BTreeMap<RoomId, Head>;

#[async_trait]
impl MessageImport for MssqlMessageStore {
    async fn known_messages(&self, ids: Vec<MessageId>) -> Result<HashMap<MessageId, KnownMessage>, StoreError> {
        let mut known = HashMap::new();
        for part in ids.chunks(LOOKED_FOR) {
            let mut sql = Sql::new("SELECT message_id, seq, body_hash FROM messages.messages WHERE message_id IN (");
            sql.list(part.iter().copied()).push(")");
            for row in self.db.snapshot(sql).await?.iter().flatten() {
                let message = KnownMessage { seq: row.uint(1)?, hash: BodyHash(row.hash(2)?) };
                known.insert(MessageId(row.id(0)?), message);
            }
        }
        Ok(known)
    }

    async fn import_messages(&self, messages: Vec<ImportedMessage>) -> Result<Vec<u64>, StoreError> {
        let messages = Arc::new(messages);
        self.db
            .write(move |session| {
                let messages = Arc::clone(&messages);
                Box::pin(async move { Ok(append(session, &messages).await?) })
            })
            .await
    }

    async fn take_as_read(&self, rooms: Vec<(RoomId, u64)>) -> Result<(), StoreError> {
        let rooms = Arc::new(rooms);
        self.db
            .write(move |session| {
                let rooms = Arc::clone(&rooms);
                Box::pin(async move {
                    for (room, seq) in rooms.iter() {
                        session.execute(unread_nothing(*room, *seq)).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn index_texts(&self) -> Result<bool, StoreError> {
        self.add_batch().await
    }
}

fn unread_nothing(room: RoomId, seq: u64) -> Sql {
    Sql::new(
        "INSERT INTO messages.read_markers (room_id, user_id, seq)
         SELECT m.room_id, m.user_id, @P2 FROM rooms.v_members m WHERE m.room_id = @P1 AND NOT EXISTS (
             SELECT 1 FROM messages.read_markers r WHERE r.room_id = m.room_id AND r.user_id = m.user_id)",
    )
    .bind(room)
    .bind(seq)
}

/// The heads are not locked while this is prepared: one that was moved meanwhile is seen when it is to be moved on, and
/// the whole is tried again.
async fn append(session: &mut Session, messages: &[ImportedMessage]) -> Result<Vec<u64>, DbError> {
    let mut heads = heads(session, messages).await?;
    let mut seqs = Vec::with_capacity(messages.len());
    for part in messages.chunks(AT_ONCE) {
        let before = heads.clone();
        let appended = number(part, &mut heads)?;
        let mut sql = Sql::default();
        for (room, to) in &heads {
            match before.get(room) {
                Some(from) if from != to => log::advance(&mut sql, *room, *from, *to),
                _ => {}
            }
        }
        let entries: Vec<_> = part.iter().map(ImportedMessage::entry).collect();
        log::insert_entries(&mut sql, each(part, &appended).zip(&entries).map(|((m, a), entry)| (m.room, *a, entry)));
        push_messages(&mut sql, part, &appended);
        session.execute(sql).await?;
        seqs.extend(appended.iter().map(|appended| appended.seq));
    }
    // Nobody waits for them: they are old.
    let marks: Vec<_> = heads.iter().map(|(room, head)| (*room, head.seq)).collect();
    log::advance_published(session, &marks).await?;
    Ok(seqs)
}

async fn heads(session: &mut Session, messages: &[ImportedMessage]) -> Result<Heads, DbError> {
    let mut rooms: Vec<RoomId> = messages.iter().map(|message| message.room).collect();
    rooms.sort_unstable();
    rooms.dedup();
    let mut heads = Heads::new();
    for part in rooms.chunks(LOOKED_FOR) {
        let mut sql = Sql::new("SELECT room_id, seq, messages FROM timeline.heads WHERE room_id IN (");
        sql.list(part.iter().copied()).push(")");
        for row in session.query(sql).await? {
            heads.insert(RoomId(row.id(0)?), log::read_head(&row, 1)?);
        }
    }
    Ok(heads)
}

/// Gives each message its place, and moves the heads on.
fn number(messages: &[ImportedMessage], heads: &mut Heads) -> Result<Vec<Appended>, DbError> {
    let place = |message: &ImportedMessage| {
        let head = heads.get_mut(&message.room).ok_or_else(|| DbError::Internal("a room without a log".to_owned()))?;
        head.seq += 1;
        head.messages += 1;
        Ok(Appended { seq: head.seq, ordinal: head.messages })
    };
    messages.iter().map(place).collect()
}

fn each<'a>(
    messages: &'a [ImportedMessage],
    appended: &'a [Appended],
) -> impl Iterator<Item = (&'a ImportedMessage, &'a Appended)> {
    messages.iter().zip(appended)
}

/// With each message, its id is noted for the index of words.
fn push_messages(sql: &mut Sql, messages: &[ImportedMessage], appended: &[Appended]) {
    sql.push(
        "INSERT INTO messages.messages (room_id, seq, message_id, author_id, [key], body_hash, body, at)
         OUTPUT inserted.id INTO messages.unindexed (id) VALUES ",
    );
    sql.rows(each(messages, appended).map(|(message, appended)| -> [Param; 8] {
        [
            message.room.into(),
            appended.seq.into(),
            message.id.into(),
            message.author.into(),
            message.key.into(),
            BodyHash::of(&message.body, None).0.into(),
            message.body.as_str().into(),
            message.at.into(),
        ]
    }));
}
