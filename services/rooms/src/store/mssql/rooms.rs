//! Rooms: made, seen, changed, ended.

use chatapp_db::mssql::Sql;
use chatapp_timeline::{Head, mssql as timeline};
use chatapp_types::rooms::Room;
use chatapp_types::{EntryBody, Role, RoomId, RoomName, UserId, UserRef, Visibility};

use super::act::Act;
use super::rows::{self, compared};
use super::{MssqlRoomStore, Writing, codes, membership};
use crate::app::Refusal;
use crate::app::settings::{Changed, RoomChange, sort_key};
use crate::store::{NewRoom, StoreResult};

pub(super) async fn create(w: &mut Writing<'_>, actor: &UserRef, room: &NewRoom) -> StoreResult<Room> {
    membership::require_room_to_own(w, actor.id).await?;
    let norm = room.name.norm();
    if room.visibility == Visibility::Public {
        require_free_name(w, &norm, room.id).await?;
    }
    timeline::create_log(w.session, room.id).await?;
    let mut act = Act::new(actor, room.id, w.now(), Head { seq: 0, messages: 0 }, 0);
    act.add(
        Sql::new(
            "INSERT INTO rooms.rooms (id, name, name_norm, sort_key, topic, visibility, history, member_count,
                                      audit_count, created_at)
             VALUES (@P1, @P2, @P3, @P4, @P5, @P6, @P7, 0, 0, @P8)",
        )
        .bind(room.id)
        .bind(room.name.as_str())
        .bind(&*compared(&norm))
        .bind(sort_key(&norm))
        .bind(room.topic.as_str())
        .bind(room.visibility.as_str())
        .bind(room.history.as_str())
        .bind(act.at),
    );
    let body = EntryBody::RoomCreated { name: room.name.as_str().to_owned(), visibility: room.visibility };
    let seq = act.entry(body);
    membership::insert(&mut act, actor.id, Role::Owner, seq, room.history);
    if let Some(code) = &room.code {
        codes::write(&mut act, code);
    }
    act.write_and_get(w).await
}

pub(super) async fn get(store: &MssqlRoomStore, viewer: UserId, room: RoomId) -> StoreResult<Room> {
    seen(store, rows::by_id(room, viewer)).await
}

pub(super) async fn get_by_name(store: &MssqlRoomStore, viewer: UserId, name_norm: &str) -> StoreResult<Room> {
    seen(store, rows::by_name(name_norm, viewer)).await
}

async fn seen(store: &MssqlRoomStore, sql: Sql) -> StoreResult<Room> {
    let now = store.now();
    let sets = store.db.snapshot(sql).await?;
    let row = sets.first().and_then(|rows| rows.first()).ok_or(Refusal::RoomNotFound)?;
    let row = rows::room(row, now)?;
    row.position().require_sight()?;
    Ok(row.into_room(now))
}

pub(super) async fn update(
    w: &mut Writing<'_>,
    actor: &UserRef,
    room: RoomId,
    change: &RoomChange,
) -> StoreResult<Room> {
    let locked = w.lock(room, actor.id).await?;
    locked.row.position().require_admin()?;
    let changed = locked.row.settings.changed(change.clone());
    let norm = RoomName::norm_of(&changed.settings.name);
    if changed.claims_name {
        require_free_name(w, &norm, room).await?;
    }
    let mut act = locked.act(actor);
    if !changed.entries.is_empty() {
        store(&mut act, &norm, &changed);
        for (body, detail) in changed.entries {
            act.moderation(body, Some(detail.as_str()).filter(|text| !text.is_empty()));
        }
        if changed.drops_code {
            codes::drop_code(&mut act, &locked.row);
        }
    }
    act.write_and_get(w).await
}

fn store(act: &mut Act<'_>, norm: &str, changed: &Changed) {
    let to = &changed.settings;
    act.add(
        Sql::new(
            "UPDATE rooms.rooms SET name = @P2, name_norm = @P3, sort_key = @P4, topic = @P5, visibility = @P6,
                                    history = @P7
             WHERE id = @P1",
        )
        .bind(act.room)
        .bind(to.name.as_str())
        .bind(&*compared(norm))
        .bind(sort_key(norm))
        .bind(to.topic.as_str())
        .bind(to.visibility.as_str())
        .bind(to.history.as_str()),
    );
}

pub(super) async fn delete(w: &mut Writing<'_>, actor: &UserRef, room: RoomId) -> StoreResult<()> {
    let locked = w.lock(room, actor.id).await?;
    locked.row.position().require_owner()?;
    let mut act = locked.act(actor);
    end(&mut act);
    act.write(w).await
}

/// Ends the room: its last entry, and nothing is left of it but its row and its audit.
pub(super) fn end(act: &mut Act<'_>) {
    act.moderation(EntryBody::RoomDeleted, None);
    act.add(
        Sql::new(
            "UPDATE rooms.rooms SET deleted_at = @P2, member_count = 0 WHERE id = @P1;
             DELETE FROM rooms.members WHERE room_id = @P1;
             DELETE FROM rooms.blocks WHERE room_id = @P1;
             DELETE FROM rooms.removals WHERE room_id = @P1;
             DELETE FROM rooms.codes WHERE room_id = @P1",
        )
        .bind(act.room)
        .bind(act.at),
    );
}

/// Refused when another public room has the name. One that gets it at this moment is met at the index.
async fn require_free_name(w: &mut Writing<'_>, norm: &str, room: RoomId) -> StoreResult<()> {
    let sql = Sql::new(
        "SELECT 1 FROM rooms.rooms
         WHERE name_norm = @P1 AND visibility = N'public' AND deleted_at IS NULL AND id <> @P2",
    );
    match w.session.query_opt(sql.bind(&*compared(norm)).bind(room)).await? {
        Some(_) => Err(Refusal::RoomNameTaken.into()),
        None => Ok(()),
    }
}
