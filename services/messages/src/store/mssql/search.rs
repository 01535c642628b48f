//! Search. Newest first: people look for what was said lately, the order stands still while one pages, and the look
//! through the index can stop at the end of a page.

mod driver;

use std::collections::HashMap;

use chatapp_db::DbError;
use chatapp_db::mssql::{Row, Session, Sql};
use chatapp_types::messages::SearchHit;
use chatapp_types::{Cursor, Page, RoomId, Timestamp, UserId};

use self::driver::{Driver, Wanted};
use super::access;
use super::message::{COLUMNS, FROM, MessageRow};
use super::names::Names;
use super::words;
use crate::error::StoreError;
use crate::store::{NewSearch, SearchKey};

/// Candidates looked at for one page. Where nearly all of them lie in rooms of others, the page ends here, with what it
/// has found and where to go on.
const CANDIDATES_MAX: u32 = 5_000;
/// Candidates looked at by one statement.
const CHUNK: u32 = 500;

/// A room that the reader may search.
struct Searchable {
    name: String,
    visible_after: u64,
}

/// A page of finds, and the right to them; in a transaction that sees one snapshot.
pub(super) async fn search(
    session: &mut Session,
    search: &NewSearch,
    now: Timestamp,
) -> Result<Page<SearchHit>, StoreError> {
    let rooms = searchable(session, search.reader, search.room, now).await?;
    let wanted = Wanted::of(&search.query);
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let (found, stopped) = match wanted.filter(|_| !rooms.is_empty()) {
        Some(wanted) => finds(session, search, &wanted, &rooms, limit + 1).await?,
        None => Default::default(),
    };
    let mut names = Names::default();
    names.look_up_in(session, found.iter().flat_map(MessageRow::named)).await?;
    let hits = found.into_iter().map(|row| {
        let room_name = rooms.get(&row.room_id).map(|room| room.name.clone()).unwrap_or_default();
        (row.id, SearchHit { message: row.into_message(&names, search.reader), room_name })
    });
    let page = Page::from_surplus(hits.collect(), limit, |(id, _)| SearchKey { id: *id });
    let next_cursor = page.next_cursor.or_else(|| stopped.map(|key| Cursor::encode(&key)));
    Ok(Page { items: page.items.into_iter().map(|(_, hit)| hit).collect(), next_cursor })
}

/// The rooms to be searched, or the refusal for the one that was named.
async fn searchable(
    session: &mut Session,
    reader: UserId,
    room: Option<RoomId>,
    now: Timestamp,
) -> Result<HashMap<RoomId, Searchable>, StoreError> {
    let mut sql = Sql::default();
    let user = sql.hold(reader);
    let mut only = String::new();
    if let Some(room) = room {
        let room = sql.hold(room);
        sql.push(&access::select(&room, &user));
        only = format!(" AND m.room_id = {room}");
    }
    sql.push(&format!(
        "SELECT m.room_id, m.visible_after, r.name FROM rooms.v_members m JOIN rooms.v_rooms r ON r.id = m.room_id
         WHERE m.user_id = {user}{only}"
    ));
    let mut sets = session.query_sets(sql).await?;
    let rows = sets.pop().unwrap_or_default();
    if let Some(row) = sets.pop().and_then(|rows| rows.into_iter().next()) {
        access::standing(&row, 0, now)?.member()?;
    }
    let read = |row: &Row| {
        let room = Searchable { visible_after: row.uint(1)?, name: row.text(2)? };
        Ok::<_, DbError>((RoomId(row.id(0)?), room))
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// What the reader may see of the matches, up to `limit`; and the last candidate that was looked at, when there may be
/// more beyond it.
async fn finds(
    session: &mut Session,
    search: &NewSearch,
    wanted: &Wanted,
    rooms: &HashMap<RoomId, Searchable>,
    limit: usize,
) -> Result<(Vec<MessageRow>, Option<SearchKey>), DbError> {
    let mut before = search.after.map_or(i64::MAX, |key| key.id);
    let Some(driver) = Driver::choose(session, wanted, search.room, before).await? else {
        return Ok(Default::default());
    };
    let mut found = Vec::new();
    for _ in 0..CANDIDATES_MAX / CHUNK {
        let rows = session.query(driver.candidates(wanted, before, CHUNK)).await?;
        let mut matches = Vec::new();
        for row in &rows {
            before = row.int(0)?;
            // The index knows words, not rights: each match is held against what the reader may see now.
            let room = rooms.get(&RoomId(row.id(1)?));
            let seq = row.uint(2)?;
            if row.flag(3)? && room.is_some_and(|room| seq > room.visible_after) {
                matches.push(before);
            }
        }
        found.extend(messages(session, &matches, wanted, limit - found.len()).await?);
        let exhausted = u32::try_from(rows.len()).is_ok_and(|n| n < CHUNK);
        if found.len() >= limit || exhausted {
            return Ok((found, None));
        }
    }
    Ok((found, Some(SearchKey { id: before })))
}

/// The first `limit` of these messages in which the parts of a word stand together.
async fn messages(
    session: &mut Session,
    ids: &[i64],
    wanted: &Wanted,
    limit: usize,
) -> Result<Vec<MessageRow>, DbError> {
    let ids = if wanted.has_phrases() { ids } else { &ids[..ids.len().min(limit)] };
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(format!("SELECT {COLUMNS} {FROM} WHERE m.body IS NOT NULL AND m.id IN ("));
    sql.list(ids.iter().copied()).push(") ORDER BY m.id DESC");
    let rows = session.query(sql).await?;
    let mut found = rows.iter().map(MessageRow::read).collect::<Result<Vec<_>, _>>()?;
    if wanted.has_phrases() {
        found.retain(|row| wanted.phrases_are_in(&words::of(row.body.as_deref().unwrap_or_default())));
    }
    found.truncate(limit);
    Ok(found)
}
