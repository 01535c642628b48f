//! Rooms as they were elsewhere.

use std::collections::HashSet;

use async_trait::async_trait;
use chatapp_db::DbError;
use chatapp_db::mssql::{Param, Row, Sql};
use chatapp_timeline::{Appended, Head, NewEntry, mssql as timeline};
use chatapp_types::{EntryBody, History, Role, RoomId, Timestamp, UserId, Visibility};
use uuid::Uuid;

use super::rows::compared;
use super::{MssqlRoomStore, Writing};
use crate::app::Refusal;
use crate::app::settings::sort_key;
use crate::error::RoomsError;
use crate::import::{ImportedMember, ImportedRoom, KnownRoom, RoomImport};
use crate::store::StoreResult;

/// Members who come in one batch: a batch has a limit of parameters.
const AT_ONCE: usize = 100;

#[async_trait]
impl RoomImport for MssqlRoomStore {
    async fn known_rooms(&self, after: i64, limit: u32) -> StoreResult<Vec<KnownRoom>> {
        let sql = Sql::new(
            "SELECT TOP (@P2) id, number, name,
                    CASE WHEN visibility = N'public' AND deleted_at IS NULL THEN 1 ELSE 0 END,
                    CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END
             FROM rooms.rooms WHERE number > @P1 ORDER BY number",
        );
        let sets = self.db.snapshot(sql.bind(after).bind(limit)).await?;
        Ok(sets.iter().flatten().map(read_known).collect::<Result<_, DbError>>()?)
    }

    async fn import_rooms(&self, rooms: Vec<ImportedRoom>) -> StoreResult<()> {
        self.write(rooms, |w, rooms| {
            Box::pin(async move {
                for room in rooms {
                    make(w, room).await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn import_members(&self, room: RoomId, members: Vec<ImportedMember>) -> StoreResult<usize> {
        self.write((room, members), |w, (room, members)| Box::pin(join_new(w, *room, members))).await
    }
}

fn read_known(row: &Row) -> Result<KnownRoom, DbError> {
    Ok(KnownRoom {
        id: RoomId(row.id(0)?),
        number: row.int(1)?,
        name: row.text(2)?,
        holds_name: row.flag(3)?,
        deleted: row.flag(4)?,
    })
}

/// Someone's coming, and the entry that tells of it.
struct Coming {
    user: UserId,
    role: Role,
    at: Timestamp,
    entry: NewEntry,
}

impl Coming {
    fn of(user: UserId, role: Role, at: Timestamp, body: &EntryBody) -> Self {
        Self { user, role, at, entry: NewEntry::of(user, at, body) }
    }

    fn joined(member: ImportedMember) -> Self {
        Self::of(member.user, Role::Member, member.joined_at, &EntryBody::MemberJoined)
    }
}

async fn make(w: &mut Writing<'_>, room: &ImportedRoom) -> StoreResult<()> {
    timeline::create_log(w.session, room.id).await?;
    w.session.execute(insert(room)).await?;
    let made = EntryBody::RoomCreated { name: room.name.as_str().to_owned(), visibility: Visibility::Public };
    let mut coming = vec![Coming::of(room.owner, Role::Owner, room.created_at, &made)];
    let others = room.members.iter().filter(|member| member.user != room.owner);
    coming.extend(others.map(|member| Coming::joined(*member)));
    Ok(enter(w, room.id, Head { seq: 0, messages: 0 }, &coming).await?)
}

/// The room's row, with the number that it had, if it may keep it; numbers that are given go on after the greatest.
fn insert(room: &ImportedRoom) -> Sql {
    let (norm, name) = (room.name.norm(), room.name.as_str());
    let sql = match room.number {
        None => Sql::new(
            "INSERT INTO rooms.rooms (id, name, name_norm, sort_key, topic, visibility, history, member_count,
                                      audit_count, created_at)
             VALUES (@P1, @P2, @P3, @P4, N'', @P5, @P6, 0, 0, @P7)",
        ),
        Some(_) => Sql::new(
            "SET IDENTITY_INSERT rooms.rooms ON;
             INSERT INTO rooms.rooms (number, id, name, name_norm, sort_key, topic, visibility, history, member_count,
                                      audit_count, created_at)
             VALUES (@P8, @P1, @P2, @P3, @P4, N'', @P5, @P6, 0, 0, @P7);
             SET IDENTITY_INSERT rooms.rooms OFF",
        ),
    };
    let sql = sql.bind(room.id).bind(name).bind(&*compared(&norm)).bind(sort_key(&norm));
    let sql = sql.bind(Visibility::Public.as_str()).bind(History::Full.as_str()).bind(room.created_at);
    match room.number {
        None => sql,
        Some(number) => sql.bind(number),
    }
}

async fn join_new(w: &mut Writing<'_>, room: RoomId, members: &[ImportedMember]) -> StoreResult<usize> {
    let locked = match w.lock(room, UserId(Uuid::nil())).await {
        Err(RoomsError::Refused(Refusal::RoomNotFound)) => return Ok(0),
        locked => locked?,
    };
    let before = ever_joined(w, room).await?;
    let new: Vec<_> =
        members.iter().filter(|member| !before.contains(&member.user)).map(|member| Coming::joined(*member)).collect();
    enter(w, room, locked.head, &new).await?;
    Ok(new.len())
}

/// Writes members and entries, and notes that nobody waits for these entries, which are old.
async fn enter(w: &mut Writing<'_>, room: RoomId, from: Head, coming: &[Coming]) -> Result<(), DbError> {
    let mut head = from;
    for part in coming.chunks(AT_ONCE) {
        let numbered = || part.iter().zip(head.seq + 1..);
        let to = Head { seq: head.seq + part.len() as u64, messages: head.messages };
        let mut sql = Sql::default();
        timeline::advance(&mut sql, room, head, to);
        let appended = |seq| Appended { seq, ordinal: head.messages };
        timeline::insert_entries(&mut sql, numbered().map(|(come, seq)| (room, appended(seq), &come.entry)));
        sql.push("INSERT INTO rooms.members (room_id, user_id, role, joined_at, joined_seq, visible_after) VALUES ");
        sql.rows(numbered().map(|(come, seq)| -> [Param; 6] {
            [room.into(), come.user.into(), come.role.as_str().into(), come.at.into(), seq.into(), 0_i64.into()]
        }));
        sql.push("; UPDATE rooms.rooms SET member_count = member_count + ").arg(part.len() as u64);
        sql.push(" WHERE id = ").arg(room);
        w.session.execute(sql).await?;
        head = to;
    }
    timeline::advance_published(w.session, &[(room, head.seq)]).await
}

/// Whoever is or was in the room, or is kept out of it.
async fn ever_joined(w: &mut Writing<'_>, room: RoomId) -> Result<HashSet<UserId>, DbError> {
    let sql = Sql::new(
        "SELECT actor_id FROM timeline.entries WHERE room_id = @P1 AND kind IN (N'member.joined', N'room.created')
         UNION
         SELECT subject_id FROM timeline.entries
         WHERE room_id = @P1 AND kind IN (N'member.added', N'member.removed', N'member.blocked')
         UNION
         SELECT user_id FROM rooms.members WHERE room_id = @P1",
    );
    let rows = w.session.query(sql.bind(room)).await?;
    rows.iter().map(|row| Ok(UserId(row.id(0)?))).collect()
}
