//! From the log's entries to what clients see: names and texts are filled in.

use std::collections::HashMap;

use chatapp_db::mssql::{Row, Sql};
use chatapp_db::views::shown;
use chatapp_db::{DbError, Mssql};
use chatapp_timeline::{StoredEntry, Text, mssql as log};
use chatapp_types::messages::TimelinePage;
use chatapp_types::{Entry, RoomId, SendKey, UserId};

use super::message::missing_answer;
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

/// Adds what [`page`] reads: the head, and up to `limit` entries after `after` and after the variable `@floor`, with their
/// texts; none while that is NULL. Entries are numbered without a gap, so that a number tells where the page ends.
pub(super) fn push_page(sql: &mut Sql, room: RoomId, after: u64, limit: u32) {
    let room = sql.hold(room);
    // Far beyond any head, and not so far that the page's end could not be told.
    let after = sql.hold(after.min(u64::MAX >> 2));
    let limit = sql.hold(limit);
    sql.push(&format!(
        "DECLARE @from BIGINT, @to BIGINT;
         SET @from = CASE WHEN @floor IS NULL THEN NULL WHEN @floor > {after} THEN @floor ELSE {after} END;
         SET @to = @from + {limit};
         SELECT seq FROM timeline.heads WHERE room_id = {room};
         SELECT {columns}, a.username, a.deleted, s.username, s.deleted FROM timeline.entries
         LEFT JOIN auth.v_users a ON a.id = actor_id LEFT JOIN auth.v_users s ON s.id = subject_id
         WHERE room_id = {room} AND seq > @from AND seq <= @to ORDER BY seq;
         SELECT seq, body, author_id, [key] FROM messages.messages
         WHERE room_id = {room} AND seq > @from AND seq <= @to;
         SELECT seq, body FROM messages.revisions WHERE room_id = {room} AND seq > @from AND seq <= @to",
        columns = log::COLUMNS,
    ));
}

/// Fills in the entries of one room, in the order of its log; `None` for a room without a log. An edit of a message at or
/// before `floor` comes without its text, as if it had been erased: whoever may not read the message may not read it as it
/// is now either.
pub(super) async fn page(
    db: &Mssql,
    sets: impl Iterator<Item = Vec<Row>>,
    reader: Reader,
    floor: u64,
) -> Result<Option<TimelinePage>, DbError> {
    let sets: Vec<Vec<Row>> = sets.collect();
    let [head, entries, posts, revisions] = sets.as_slice() else { return Err(missing_answer()) };
    let Some(head) = head.first() else { return Ok(None) };
    let mut names = Names::default();
    let entries = entries.iter().map(|row| entry(row, &mut names)).collect::<Result<Vec<_>, _>>()?;
    names.look_up(db, entries.iter().flat_map(|entry| entry.details.mentions.iter().copied())).await?;
    let mut texts = texts(posts, revisions, reader)?;
    let filled_in = entries.into_iter().map(|entry| fill_in(entry, &names, &mut texts, floor));
    Ok(Some(TimelinePage { items: filled_in.collect(), head: head.uint(0)?, floor }))
}

fn fill_in(mut entry: StoredEntry, names: &Names, texts: &mut HashMap<u64, Text>, floor: u64) -> Entry {
    let readable = entry.details.target_seq.is_none_or(|target| target > floor);
    let text = texts.remove(&entry.seq).filter(|_| readable);
    if text.as_ref().is_none_or(|text| text.body.is_none()) {
        // Whom an erased text named is erased with it.
        entry.details.mentions.clear();
    }
    entry.into_entry(|id| names.known(id), text)
}

/// An entry; the names that were read with it are learnt.
fn entry(row: &Row, names: &mut Names) -> Result<StoredEntry, DbError> {
    let entry = log::stored_entry(row)?;
    for (user, first) in [(Some(entry.actor), 9), (entry.subject, 11)] {
        let Some(user) = user else { continue };
        let deleted = row.opt_int(first + 1)?.is_none_or(|deleted| deleted != 0);
        names.put(shown(user, row.opt_text(first)?, deleted));
    }
    Ok(entry)
}

/// The texts as of the entries, by seq. That of a post that was never edited is the message's own; all others are
/// revisions, and an erased message has neither.
fn texts(posts: &[Row], revisions: &[Row], reader: Reader) -> Result<HashMap<u64, Text>, DbError> {
    let mut texts: HashMap<u64, Text> = HashMap::new();
    for row in posts {
        let key = reader.gets_key_of(UserId(row.id(2)?)).then(|| row.id(3).map(SendKey)).transpose()?;
        texts.insert(row.uint(0)?, Text { body: row.opt_text(1)?, key });
    }
    for row in revisions {
        texts.entry(row.uint(0)?).or_default().body = Some(row.text(1)?);
    }
    Ok(texts)
}
