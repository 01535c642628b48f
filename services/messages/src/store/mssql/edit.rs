//! Editing.

use chatapp_db::DbError;
use chatapp_db::mssql::{Session, Sql};
use chatapp_timeline::{NewEntry, mssql as log};
use chatapp_types::messages::Message;
use chatapp_types::{Clock, Entry, EntryBody, Timestamp};

use super::index;
use super::message::MessageRow;
use super::names::Names;
use crate::app::edit::{EditDecision, decide_edit};
use crate::error::{Refusal, StoreError};
use crate::store::NewEdit;

/// Decides and writes an edit. Returns the message as it is then and, if it changed, the entry to publish.
pub(super) async fn edit(
    session: &mut Session,
    edit: NewEdit,
    clock: &dyn Clock,
) -> Result<(Message, Option<Entry>), StoreError> {
    log::lock(session, edit.room).await?;
    let now = clock.now();
    let (standing, row) = MessageRow::find(session, edit.room, edit.message, edit.editor.id, now).await?;
    let decision = decide_edit(standing, row.as_ref().map(MessageRow::target), edit.editor.id, &edit.body)?;
    let mut row = row.ok_or(Refusal::MessageNotFound)?;
    let editor = edit.editor.id;
    let entry = match decision {
        EditDecision::Unchanged => None,
        EditDecision::Append => Some(append(session, &mut row, edit, now).await?),
    };
    let mut names = Names::default();
    names.look_up_in(session, row.named()).await?;
    Ok((row.into_message(&names, editor), entry))
}

async fn append(session: &mut Session, row: &mut MessageRow, edit: NewEdit, at: Timestamp) -> Result<Entry, DbError> {
    let new = edit.body.into_string();
    let said =
        EntryBody::MessageEdited { message_id: row.message_id, target_seq: row.seq, body: new.clone(), deleted: false };
    let appended = log::append(session, row.room_id, &NewEntry::of(edit.editor.id, at, &said)).await?;
    let old = row.body.replace(new.clone()).unwrap_or_default();
    let first = row.edited_at.replace(at).is_none();
    session.execute(change(row, appended.seq, at, new, first.then_some(old))).await?;
    Ok(Entry { room_id: row.room_id, seq: appended.seq, at, actor: edit.editor, body: said })
}

/// Keeps the text as of the entry `seq`, and before the first edit that of the post, so that the log reads the same at
/// any time.
fn change(row: &MessageRow, seq: u64, at: Timestamp, new: String, first_text: Option<String>) -> Sql {
    let mut sql = Sql::default();
    let (room, target) = (sql.hold(row.room_id), sql.hold(row.seq));
    let (seq, new) = (sql.hold(seq), sql.hold(new));
    sql.push(&format!(
        "INSERT INTO messages.revisions (room_id, seq, target_seq, body) VALUES ({room}, {seq}, {target}, {new})"
    ));
    if let Some(text) = first_text {
        sql.push(&format!(", ({room}, {target}, {target}, ")).arg(text).push(")");
    }
    sql.push(&format!("; UPDATE messages.messages SET body = {new}, edited_seq = {seq}, edited_at = ")).arg(at);
    sql.push(&format!(" WHERE room_id = {room} AND seq = {target}; "));
    let id = sql.hold(row.id);
    index::push_again(&mut sql, &id);
    sql
}
