//! Pages of the log, and heads.

use std::collections::BTreeMap;

use chatapp_db::Mssql;
use chatapp_db::mssql::Sql;
use chatapp_types::messages::TimelinePage;
use chatapp_types::{RoomId, Timestamp, UserId};

use super::access;
use super::hydrate::{self, Reader};
use super::message::missing_answer;
use crate::error::{Refusal, StoreError};

/// Rooms asked for by one statement.
const ROOMS: usize = 1_000;

/// A page as a member may see it, and the right to it, in one snapshot.
pub(super) async fn page(
    db: &Mssql,
    reader: UserId,
    room: RoomId,
    after: u64,
    limit: u32,
    now: Timestamp,
) -> Result<TimelinePage, StoreError> {
    let mut sql = Sql::new("DECLARE @floor BIGINT; ");
    let (in_room, of) = (sql.hold(room), sql.hold(reader));
    sql.push(&format!(
        "SELECT @floor = visible_after FROM rooms.v_members WHERE room_id = {in_room} AND user_id = {of}; "
    ));
    sql.push(&access::select(&in_room, &of));
    hydrate::push_page(&mut sql, room, after, limit);
    let mut sets = db.snapshot(sql).await?.into_iter();
    let standing = sets.next().ok_or_else(missing_answer)?;
    let membership = access::standing(standing.first().ok_or_else(missing_answer)?, 0, now)?.member()?;
    hydrate::page(db, sets, Reader::User(reader), membership.visible_after).await?.ok_or_else(|| no_room().into())
}

/// A page as services get it.
pub(super) async fn log(db: &Mssql, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, StoreError> {
    let mut sql = Sql::new("DECLARE @floor BIGINT; SET @floor = 0; ");
    hydrate::push_page(&mut sql, room, after, limit);
    let sets = db.snapshot(sql).await?.into_iter();
    hydrate::page(db, sets, Reader::Service, 0).await?.ok_or_else(|| no_room().into())
}

const fn no_room() -> Refusal {
    Refusal::RoomNotFound
}

/// The heads of those rooms that have a log.
pub(super) async fn heads(db: &Mssql, rooms: &[RoomId]) -> Result<BTreeMap<RoomId, u64>, StoreError> {
    let mut heads = BTreeMap::new();
    for part in rooms.chunks(ROOMS) {
        let mut sql = Sql::new("SELECT room_id, seq FROM timeline.heads WHERE room_id IN (");
        sql.list(part.iter().copied()).push(")");
        for row in db.snapshot(sql).await?.into_iter().flatten() {
            heads.insert(RoomId(row.id(0)?), row.uint(1)?);
        }
    }
    Ok(heads)
}
