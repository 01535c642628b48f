//! Rooms as they were elsewhere.

use std::collections::HashSet;

use async_trait::async_trait;
use chatapp_db::{DbError, WriteTx};
use chatapp_timeline::{NewEntry, sqlite as timeline};
use chatapp_types::{EntryBody, History, Role, RoomId, Timestamp, UserId, Visibility};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteRoomStore, membership};
use crate::app::settings::sort_key;
use crate::import::{ImportedMember, ImportedRoom, KnownRoom, RoomImport};
use crate::store::StoreResult;

#[async_trait]
impl RoomImport for SqliteRoomStore {
    async fn known_rooms(&self, after: i64, limit: u32) -> StoreResult<Vec<KnownRoom>> {
        self.read(move |conn, _| {
            let mut statement = conn.prepare_cached(
                "SELECT id, number, name, visibility = 'public' AND deleted_at IS NULL, deleted_at IS NOT NULL
                 FROM rooms_rooms WHERE number > ?1 ORDER BY number LIMIT ?2",
            )?;
            let rows = statement.query_map(params![after, limit], |row| {
                Ok(KnownRoom {
                    id: RoomId(row.get(0)?),
                    number: row.get(1)?,
                    name: row.get(2)?,
                    holds_name: row.get(3)?,
                    deleted: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn import_rooms(&self, rooms: Vec<ImportedRoom>) -> StoreResult<()> {
        self.write(move |w| rooms.iter().try_for_each(|room| Ok(make(w.tx, room)?))).await
    }

    async fn import_members(&self, room: RoomId, members: Vec<ImportedMember>) -> StoreResult<usize> {
        self.write(move |w| {
            if is_deleted(w.tx, room)? {
                return Ok(0);
            }
            let before = ever_joined(w.tx, room)?;
            let new: Vec<_> = members.into_iter().filter(|member| !before.contains(&member.user)).collect();
            for member in &new {
                join(w.tx, room, *member)?;
            }
            published(w.tx, room)?;
            Ok(new.len())
        })
        .await
    }
}

fn make(tx: &WriteTx<'_>, room: &ImportedRoom) -> Result<(), DbError> {
    let norm = room.name.norm();
    tx.prepare_cached(
        "INSERT INTO rooms_rooms (number, id, name, name_norm, sort_key, topic, visibility, history, member_count,
                                  audit_count, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, ?7, 0, 0, ?8)",
    )?
    .execute(params![
        room.number,
        room.id.0,
        room.name.as_str(),
        norm,
        sort_key(&norm),
        Visibility::Public.as_str(),
        History::Full.as_str(),
        room.created_at.millis()
    ])?;
    timeline::create_log(tx, room.id)?;
    let made = EntryBody::RoomCreated { name: room.name.as_str().to_owned(), visibility: Visibility::Public };
    enter(tx, room.id, room.owner, Role::Owner, room.created_at, &made)?;
    for member in room.members.iter().filter(|member| member.user != room.owner) {
        join(tx, room.id, *member)?;
    }
    published(tx, room.id)
}

fn join(tx: &WriteTx<'_>, room: RoomId, member: ImportedMember) -> Result<(), DbError> {
    enter(tx, room, member.user, Role::Member, member.joined_at, &EntryBody::MemberJoined)
}

/// Makes `user` a member by the entry `body`.
fn enter(
    tx: &WriteTx<'_>,
    room: RoomId,
    user: UserId,
    role: Role,
    at: Timestamp,
    body: &EntryBody,
) -> Result<(), DbError> {
    let appended = timeline::append(tx, room, &NewEntry::of(user, at, body))?;
    membership::insert(tx, room, user, role, at, appended.seq, History::Full)
}

/// Notes that nobody waits for the room's entries, which are old.
fn published(tx: &WriteTx<'_>, room: RoomId) -> Result<(), DbError> {
    let head = timeline::head(tx, room)?;
    head.map_or(Ok(()), |head| timeline::advance_published(tx, &[(room, head.seq)]))
}

fn is_deleted(conn: &Connection, room: RoomId) -> Result<bool, DbError> {
    let exists = conn
        .prepare_cached("SELECT 1 FROM rooms_rooms WHERE id = ?1 AND deleted_at IS NULL")?
        .query_row([room.0], |_| Ok(()))
        .optional()?;
    Ok(exists.is_none())
}

/// Whoever is or was in the room, or is kept out of it.
fn ever_joined(conn: &Connection, room: RoomId) -> Result<HashSet<UserId>, DbError> {
    let mut statement = conn.prepare_cached(
        "SELECT actor_id FROM timeline_entries WHERE room_id = ?1 AND kind IN ('member.joined', 'room.created')
         UNION SELECT subject_id FROM timeline_entries
               WHERE room_id = ?1 AND kind IN ('member.added', 'member.removed', 'member.blocked')
         UNION SELECT user_id FROM rooms_members WHERE room_id = ?1",
    )?;
    let rows = statement.query_map([room.0], |row| Ok(UserId(row.get(0)?)))?.collect::<Result<_, _>>()?;
    Ok(rows)
}
