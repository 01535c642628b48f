//! Pages of the log, and heads.

use std::collections::BTreeMap;

use chatapp_timeline::sqlite as log;
use chatapp_types::messages::TimelinePage;
use chatapp_types::{RoomId, Timestamp, UserId};
use rusqlite::Connection;

use super::access;
use super::hydrate::{Reader, hydrate};
use crate::error::{Refusal, StoreError};

/// A page as a member may see it, and the right to it, in one snapshot.
pub(super) fn page(
    conn: &Connection,
    reader: UserId,
    room: RoomId,
    after: u64,
    limit: u32,
    now: Timestamp,
) -> Result<TimelinePage, StoreError> {
    let floor = access::member(conn, room, reader, now)?.visible_after;
    read(conn, room, after, floor, limit, Reader::User(reader))
}

/// A page as services get it.
pub(super) fn log(conn: &Connection, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, StoreError> {
    read(conn, room, after, 0, limit, Reader::Service)
}

fn read(
    conn: &Connection,
    room: RoomId,
    after: u64,
    floor: u64,
    limit: u32,
    reader: Reader,
) -> Result<TimelinePage, StoreError> {
    let head = log::head(conn, room)?.ok_or(Refusal::RoomNotFound)?.seq;
    let entries = log::entries(conn, room, after.max(floor), limit)?;
    Ok(TimelinePage { items: hydrate(conn, room, entries, reader, floor)?, head, floor })
}

/// The heads of those rooms that have a log.
pub(super) fn heads(conn: &Connection, rooms: &[RoomId]) -> Result<BTreeMap<RoomId, u64>, StoreError> {
    let mut heads = BTreeMap::new();
    for room in rooms {
        if let Some(head) = log::head(conn, *room)? {
            heads.insert(*room, head.seq);
        }
    }
    Ok(heads)
}
