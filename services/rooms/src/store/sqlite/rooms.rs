//! Rooms: made, seen, changed, ended.

use chatapp_db::DbError;
use chatapp_timeline::sqlite as timeline;
use chatapp_types::rooms::Room;
use chatapp_types::{EntryBody, Role, RoomId, RoomName, Timestamp, UserId, UserRef, Visibility};
use rusqlite::{Connection, params};

use super::act::Act;
use super::{Writing, codes, membership};
use crate::app::Refusal;
use crate::app::settings::{Changed, RoomChange, sort_key};
use crate::store::facts::RoomRow;
use crate::store::{NewRoom, StoreResult};

pub(super) fn create(w: &mut Writing<'_, '_>, actor: &UserRef, room: &NewRoom) -> StoreResult<Room> {
    let (now, limits) = (w.now, w.limits());
    membership::require_room_to_own(w.tx, actor.id, limits)?;
    let norm = room.name.norm();
    if room.visibility == Visibility::Public {
        require_free_name(w.tx, &norm, room.id)?;
    }
    w.tx.prepare_cached(
        "INSERT INTO rooms_rooms (id, name, name_norm, sort_key, topic, visibility, history, member_count, audit_count,
                                  created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8)",
    )?
    .execute(params![
        room.id.0,
        room.name.as_str(),
        norm,
        sort_key(&norm),
        room.topic.as_str(),
        room.visibility.as_str(),
        room.history.as_str(),
        now.millis()
    ])?;
    timeline::create_log(w.tx, room.id)?;
    let body = EntryBody::RoomCreated { name: room.name.as_str().to_owned(), visibility: room.visibility };
    let seq = w.act(actor, room.id).entry(body)?;
    membership::insert(w.tx, room.id, actor.id, Role::Owner, now, seq, room.history)?;
    if let Some(code) = &room.code {
        codes::write(w.tx, room.id, code, now)?;
    }
    get(w.tx, actor.id, room.id, now)
}

pub(super) fn get(conn: &Connection, viewer: UserId, room: RoomId, now: Timestamp) -> StoreResult<Room> {
    seen(RoomRow::by_id(conn, room, viewer, now)?, now)
}

pub(super) fn get_by_name(conn: &Connection, viewer: UserId, name_norm: &str, now: Timestamp) -> StoreResult<Room> {
    seen(RoomRow::by_name(conn, name_norm, viewer, now)?, now)
}

fn seen(row: Option<RoomRow>, now: Timestamp) -> StoreResult<Room> {
    let row = row.ok_or(Refusal::RoomNotFound)?;
    row.position().require_sight()?;
    Ok(row.into_room(now))
}

pub(super) fn update(w: &mut Writing<'_, '_>, actor: &UserRef, room: RoomId, change: RoomChange) -> StoreResult<Room> {
    let row = RoomRow::get(w.tx, room, actor.id, w.now)?;
    row.position().require_admin()?;
    let changed = row.settings.changed(change);
    let norm = RoomName::norm_of(&changed.settings.name);
    if changed.claims_name {
        require_free_name(w.tx, &norm, room)?;
    }
    if !changed.entries.is_empty() {
        store(w.tx, room, &norm, &changed)?;
        let mut act = w.act(actor, room);
        for (body, detail) in changed.entries {
            let detail = Some(detail.as_str()).filter(|text| !text.is_empty());
            act.moderation(body, detail)?;
        }
        if changed.drops_code {
            codes::drop_code(&mut act)?;
        }
    }
    get(w.tx, actor.id, room, w.now)
}

fn store(conn: &Connection, room: RoomId, norm: &str, changed: &Changed) -> Result<(), DbError> {
    let to = &changed.settings;
    conn.prepare_cached(
        "UPDATE rooms_rooms SET name = ?2, name_norm = ?3, sort_key = ?4, topic = ?5, visibility = ?6, history = ?7
         WHERE id = ?1",
    )?
    .execute(params![
        room.0,
        to.name,
        norm,
        sort_key(norm),
        to.topic,
        to.visibility.as_str(),
        to.history.as_str()
    ])?;
    Ok(())
}

pub(super) fn delete(w: &mut Writing<'_, '_>, actor: &UserRef, room: RoomId) -> StoreResult<()> {
    RoomRow::get(w.tx, room, actor.id, w.now)?.position().require_owner()?;
    end(&mut w.act(actor, room))
}

/// Ends the room: its last entry, and nothing is left of it but its row and its audit.
pub(super) fn end(act: &mut Act<'_, '_>) -> StoreResult<()> {
    act.moderation(EntryBody::RoomDeleted, None)?;
    let (tx, room) = (&*act.tx, act.room);
    tx.prepare_cached("UPDATE rooms_rooms SET deleted_at = ?2, member_count = 0 WHERE id = ?1")?
        .execute(params![room.0, act.at.millis()])?;
    for table in ["rooms_members", "rooms_blocks", "rooms_removals", "rooms_codes"] {
        tx.prepare_cached(&format!("DELETE FROM {table} WHERE room_id = ?1"))?.execute([room.0])?;
    }
    Ok(())
}

/// Refused when another public room has the name.
fn require_free_name(conn: &Connection, norm: &str, room: RoomId) -> StoreResult<()> {
    let taken: bool = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM rooms_rooms
             WHERE name_norm = ?1 AND visibility = 'public' AND deleted_at IS NULL AND id <> ?2)",
        )?
        .query_row(params![norm, room.0], |row| row.get(0))?;
    if taken { Err(Refusal::RoomNameTaken.into()) } else { Ok(()) }
}
