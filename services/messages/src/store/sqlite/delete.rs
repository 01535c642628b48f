//! Deleting.

use chatapp_db::{DbError, WriteTx};
use chatapp_timeline::{NewEntry, sqlite as log};
use chatapp_types::{Entry, EntryBody, RoomId, Timestamp, UserRef};
use rusqlite::params;

use super::message::MessageRow;
use super::{access, index};
use crate::app::delete::{DeleteDecision, decide_delete};
use crate::error::{Refusal, StoreError};
use crate::store::NewDeletion;

/// Decides and writes a deletion. Returns the entry to publish, unless the message was deleted before.
pub(super) fn delete(tx: &WriteTx<'_>, deletion: NewDeletion, now: Timestamp) -> Result<Option<Entry>, StoreError> {
    let deleter = deletion.deleter;
    let standing = access::standing(tx, deletion.room, deleter.user, now)?;
    let row = MessageRow::find(tx, deletion.room, deletion.message)?;
    if decide_delete(standing, row.as_ref().map(MessageRow::target), deleter)? == DeleteDecision::Gone {
        return Ok(None);
    }
    let row = row.ok_or(Refusal::MessageNotFound)?;
    let said = EntryBody::MessageDeleted { message_id: row.message_id, target_seq: row.seq };
    let appended = log::append(tx, row.room_id, &NewEntry::of(deleter.user, now, &said))?;
    erase_text(tx, row.room_id, row.id, row.seq, row.body.as_deref().unwrap_or_default(), now)?;
    let actor = UserRef { id: deleter.user, username: deletion.username };
    Ok(Some(Entry { room_id: row.room_id, seq: appended.seq, at: now, actor, body: said }))
}

/// Erases a message's text wherever it is: the row, its edits, who is named in it, its words in the index.
pub(super) fn erase_text(
    tx: &WriteTx<'_>,
    room: RoomId,
    id: i64,
    seq: u64,
    body: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    index::replace(tx, id, room, body, None)?;
    tx.prepare_cached("DELETE FROM messages_revisions WHERE room_id = ?1 AND target_seq = ?2")?
        .execute(params![room.0, seq.cast_signed()])?;
    tx.prepare_cached("DELETE FROM messages_mentions WHERE room_id = ?1 AND seq = ?2")?
        .execute(params![room.0, seq.cast_signed()])?;
    tx.prepare_cached("UPDATE messages_messages SET body = NULL, deleted_at = ?2 WHERE id = ?1")?
        .execute(params![id, now.millis()])?;
    Ok(())
}
