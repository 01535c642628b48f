//! Search. Newest first rather than by rank: people look for what was said lately, the order stands still while one
//! pages, and the index can stop at the end of a page instead of ranking every message that matches.

use std::collections::HashMap;

use chatapp_db::DbError;
use chatapp_types::messages::SearchHit;
use chatapp_types::{Cursor, Page, RoomId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use super::access;
use super::index::room_word;
use super::message::{MessageRow, select_messages};
use super::names::Names;
use crate::app::search::SearchQuery;
use crate::error::StoreError;
use crate::store::{NewSearch, SearchKey};

/// Rooms named to the index at most. With more, matches are looked at one by one: one who is in so many rooms may
/// read most of them.
const ROOMS_NAMED_MAX: usize = 200;

/// Matches looked at for one page. Where nearly all of them lie in rooms of others, the page ends here, with what it has
/// found and where to go on.
const CANDIDATES_MAX: u32 = 5_000;

/// A room that the reader may search.
struct Searchable {
    name: String,
    visible_after: u64,
}

/// A page of finds, and the right to them, in one snapshot.
pub(super) fn search(conn: &Connection, search: &NewSearch, now: Timestamp) -> Result<Page<SearchHit>, StoreError> {
    if let Some(room) = search.room {
        access::member(conn, room, search.reader, now)?;
    }
    let mut rooms = searchable(conn, search.reader)?;
    if let Some(room) = search.room {
        rooms.retain(|id, _| *id == room);
    }
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let (found, stopped) =
        if rooms.is_empty() { Default::default() } else { matches(conn, search, &rooms, limit + 1)? };
    let mut names = Names::new(conn);
    let mut hits = Vec::with_capacity(found.len());
    for row in found {
        let room_name = rooms.get(&row.room_id).map(|room| room.name.clone()).unwrap_or_default();
        hits.push((row.id, SearchHit { message: row.into_message(&mut names, search.reader)?, room_name }));
    }
    let page = Page::from_surplus(hits, limit, |(id, _)| SearchKey { id: *id });
    let next_cursor = page.next_cursor.or_else(|| stopped.map(|key| Cursor::encode(&key)));
    Ok(Page { items: page.items.into_iter().map(|(_, hit)| hit).collect(), next_cursor })
}

fn searchable(conn: &Connection, reader: UserId) -> Result<HashMap<RoomId, Searchable>, DbError> {
    let mut statement = conn.prepare_cached(
        "SELECT m.room_id, m.visible_after, r.name FROM rooms_v_members m JOIN rooms_v_rooms r ON r.id = m.room_id
         WHERE m.user_id = ?1",
    )?;
    let rooms = statement
        .query_map([reader.0], |row| {
            let room = Searchable { visible_after: row.get::<_, i64>(1)?.unsigned_abs(), name: row.get(2)? };
            Ok((RoomId(row.get(0)?), room))
        })?
        .collect::<Result<_, _>>()?;
    Ok(rooms)
}

/// What the reader may see of the matches, up to `limit`; and the last match that was looked at, when there may be more
/// beyond it.
fn matches(
    conn: &Connection,
    search: &NewSearch,
    rooms: &HashMap<RoomId, Searchable>,
    limit: usize,
) -> Result<(Vec<MessageRow>, Option<SearchKey>), DbError> {
    let mut statement = conn.prepare_cached(
        "SELECT rowid FROM messages_words WHERE messages_words MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC",
    )?;
    let before = search.after.map_or(i64::MAX, |key| key.id);
    let mut ids = statement.query(params![expression(&search.query, rooms), before])?;
    let mut found = Vec::new();
    let mut last = None;
    for _ in 0..CANDIDATES_MAX {
        let Some(row) = ids.next()?.filter(|_| found.len() < limit) else { return Ok((found, None)) };
        let id = row.get(0)?;
        last = Some(SearchKey { id });
        let message = conn
            .prepare_cached(select_messages!("WHERE m.id = ?1 AND m.body IS NOT NULL"))?
            .query_row([id], MessageRow::read)
            .optional()?;
        // The index knows words, not rights: each match is held against what the reader may see now.
        let visible = |m: &MessageRow| rooms.get(&m.room_id).is_some_and(|room| m.seq > room.visible_after);
        found.extend(message.filter(visible));
    }
    Ok((found, last))
}

/// The query in the index's own language, with every word of the reader's in quotes, where nothing is syntax.
fn expression(query: &SearchQuery, rooms: &HashMap<RoomId, Searchable>) -> String {
    let quoted = |word: &str| format!("\"{}\"", word.replace('"', "\"\""));
    let words: Vec<String> = query.words().iter().map(|word| quoted(word)).collect();
    let body = format!("body : ({} *)", words.join(" "));
    if rooms.len() > ROOMS_NAMED_MAX {
        return body;
    }
    let named: Vec<String> = rooms.keys().map(|room| quoted(&room_word(*room))).collect();
    format!("room : ({}) AND {body}", named.join(" OR "))
}
