//! Deleting.

use chatapp_db::mssql::{Session, Sql};
use chatapp_timeline::{NewEntry, mssql as log};
use chatapp_types::{Clock, Entry, EntryBody, RoomId, Timestamp, UserRef};

use super::index;
use super::message::MessageRow;
use crate::app::delete::{DeleteDecision, decide_delete};
use crate::error::{Refusal, StoreError};
use crate::store::NewDeletion;

/// Decides and writes a deletion. Returns the entry to publish, unless the message was deleted before.
pub(super) async fn delete(
    session: &mut Session,
    deletion: NewDeletion,
    clock: &dyn Clock,
) -> Result<Option<Entry>, StoreError> {
    log::lock(session, deletion.room).await?;
    let (now, deleter) = (clock.now(), deletion.deleter);
    let (standing, row) = MessageRow::find(session, deletion.room, deletion.message, deleter.user, now).await?;
    if decide_delete(standing, row.as_ref().map(MessageRow::target), deleter)? == DeleteDecision::Gone {
        return Ok(None);
    }
    let row = row.ok_or(Refusal::MessageNotFound)?;
    let said = EntryBody::MessageDeleted { message_id: row.message_id, target_seq: row.seq };
    let appended = log::append(session, row.room_id, &NewEntry::of(deleter.user, now, &said)).await?;
    session.execute(erasure(row.room_id, &[(row.id, row.seq)], now)).await?;
    let actor = UserRef { id: deleter.user, username: deletion.username };
    Ok(Some(Entry { room_id: row.room_id, seq: appended.seq, at: now, actor, body: said }))
}

/// Erases the texts of messages (id and seq) wherever they are: the rows, their edits, who is named in them, their words
/// in the index.
pub(super) fn erasure(room: RoomId, messages: &[(i64, u64)], now: Timestamp) -> Sql {
    let mut sql = Sql::default();
    let (room, now) = (sql.hold(room), sql.hold(now));
    let mut ids = Vec::with_capacity(messages.len());
    let mut seqs = Vec::with_capacity(messages.len());
    for (id, seq) in messages {
        ids.push(sql.hold(*id));
        seqs.push(sql.hold(*seq));
    }
    let seqs = seqs.join(", ");
    sql.push(&format!(
        "UPDATE messages.messages SET body = NULL, deleted_at = {now} WHERE room_id = {room} AND seq IN ({seqs});
         DELETE FROM messages.revisions WHERE room_id = {room} AND target_seq IN ({seqs});
         DELETE FROM messages.mentions WHERE room_id = {room} AND seq IN ({seqs}); "
    ));
    index::push_removal(&mut sql, &ids.join(", "));
    sql
}
