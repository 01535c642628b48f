//! From the log's entries to what clients see: names and texts are filled in.

use std::collections::HashMap;

use chatapp_db::DbError;
use chatapp_timeline::{StoredEntry, Text};
use chatapp_types::{Entry, RoomId, SendKey, UserId};
use rusqlite::{Connection, params};

use super::names::Names;

/// For whom entries are filled in.
#[derive(Clone, Copy)]
pub(super) enum Reader {
    /// A user, who gets the keys of the own posts.
    User(UserId),
    /// A service, which gets all keys and hands each to its author alone.
    Service,
}

impl Reader {
    fn gets_key_of(self, author: UserId) -> bool {
        match self {
            Self::User(user) => user == author,
            Self::Service => true,
        }
    }
}

/// Fills in entries of one room, in the order of its log. An edit of a message at or before `floor` comes without its
/// text, as if it had been erased: whoever may not read the message may not read it as it is now either.
pub(super) fn hydrate(
    conn: &Connection,
    room: RoomId,
    entries: Vec<StoredEntry>,
    reader: Reader,
    floor: u64,
) -> Result<Vec<Entry>, DbError> {
    let mut names = Names::new(conn);
    for entry in &entries {
        names.get(entry.actor)?;
        entry.subject.map(|subject| names.get(subject)).transpose()?;
        names.get_all(&entry.details.mentions)?;
    }
    let mut texts = texts(conn, room, &entries, reader)?;
    let filled_in = entries.into_iter().map(|mut entry| {
        let readable = entry.details.target_seq.is_none_or(|target| target > floor);
        let text = texts.remove(&entry.seq).filter(|_| readable);
        if text.as_ref().is_none_or(|text| text.body.is_none()) {
            // Whom an erased text named is erased with it.
            entry.details.mentions.clear();
        }
        entry.into_entry(|id| names.known(id), text)
    });
    Ok(filled_in.collect())
}

/// The texts as of the entries, by seq. That of a post that was never edited is the message's own; all others are
/// revisions, and an erased message has neither.
fn texts(
    conn: &Connection,
    room: RoomId,
    entries: &[StoredEntry],
    reader: Reader,
) -> Result<HashMap<u64, Text>, DbError> {
    let mut seqs = entries.iter().filter(|entry| entry.message_id.is_some()).map(|entry| entry.seq.cast_signed());
    let Some(first) = seqs.next() else { return Ok(HashMap::new()) };
    let last = seqs.next_back().unwrap_or(first);
    let mut texts: HashMap<u64, Text> = conn
        .prepare_cached(
            "SELECT seq, body, author_id, key FROM messages_messages WHERE room_id = ?1 AND seq BETWEEN ?2 AND ?3",
        )?
        .query_map(params![room.0, first, last], |row| {
            let key = reader.gets_key_of(UserId(row.get(2)?)).then(|| row.get(3).map(SendKey)).transpose()?;
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), Text { body: row.get(1)?, key }))
        })?
        .collect::<Result<_, _>>()?;
    let mut statement =
        conn.prepare_cached("SELECT seq, body FROM messages_revisions WHERE room_id = ?1 AND seq BETWEEN ?2 AND ?3")?;
    let mut revisions = statement.query(params![room.0, first, last])?;
    while let Some(row) = revisions.next()? {
        texts.entry(row.get::<_, i64>(0)?.unsigned_abs()).or_default().body = Some(row.get(1)?);
    }
    Ok(texts)
}
