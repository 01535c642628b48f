//! Editing.

use chatapp_db::{DbError, WriteTx};
use chatapp_timeline::{NewEntry, sqlite as log};
use chatapp_types::messages::Message;
use chatapp_types::{Entry, EntryBody, RoomId, Timestamp};
use rusqlite::params;

use super::message::MessageRow;
use super::names::Names;
use super::{access, index};
use crate::app::edit::{EditDecision, decide_edit};
use crate::error::{Refusal, StoreError};
use crate::store::NewEdit;

/// Decides and writes an edit. Returns the message as it is then and, if it changed, the entry to publish.
pub(super) fn edit(tx: &WriteTx<'_>, edit: NewEdit, now: Timestamp) -> Result<(Message, Option<Entry>), StoreError> {
    let standing = access::standing(tx, edit.room, edit.editor.id, now)?;
    let row = MessageRow::find(tx, edit.room, edit.message)?;
    let decision = decide_edit(standing, row.as_ref().map(MessageRow::target), edit.editor.id, &edit.body)?;
    let mut row = row.ok_or(Refusal::MessageNotFound)?;
    let editor = edit.editor.id;
    let entry = match decision {
        EditDecision::Unchanged => None,
        EditDecision::Append => Some(append(tx, &mut row, edit, now)?),
    };
    Ok((row.into_message(&mut Names::new(tx), editor)?, entry))
}

fn append(tx: &WriteTx<'_>, row: &mut MessageRow, edit: NewEdit, at: Timestamp) -> Result<Entry, DbError> {
    let new = edit.body.into_string();
    let said =
        EntryBody::MessageEdited { message_id: row.message_id, target_seq: row.seq, body: new.clone(), deleted: false };
    let appended = log::append(tx, row.room_id, &NewEntry::of(edit.editor.id, at, &said))?;
    let old = row.body.replace(new.clone()).unwrap_or_default();
    if row.edited_at.replace(at).is_none() {
        keep_revision(tx, row.room_id, row.seq, row.seq, &old)?;
    }
    keep_revision(tx, row.room_id, appended.seq, row.seq, &new)?;
    tx.prepare_cached("UPDATE messages_messages SET body = ?2, edited_seq = ?3, edited_at = ?4 WHERE id = ?1")?
        .execute(params![row.id, new, appended.seq.cast_signed(), at.millis()])?;
    index::replace(tx, row.id, row.room_id, &old, Some(&new))?;
    Ok(Entry { room_id: row.room_id, seq: appended.seq, at, actor: edit.editor, body: said })
}

/// Keeps the text as of the entry `seq`, so that the log reads the same at any time.
fn keep_revision(tx: &WriteTx<'_>, room: RoomId, seq: u64, target_seq: u64, body: &str) -> Result<(), DbError> {
    tx.prepare_cached("INSERT INTO messages_revisions (room_id, seq, target_seq, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![room.0, seq.cast_signed(), target_seq.cast_signed(), body])?;
    Ok(())
}
