//! What an act in a room leaves behind: entries, audit rows, and events once they are committed.

use chatapp_db::{DbError, WriteTx};
use chatapp_metrics::ROOMS;
use chatapp_timeline::{NewEntry, Publisher, sqlite as timeline};
use chatapp_types::{Entry, EntryBody, RoomId, Timestamp, UserId, UserRef};
use rusqlite::params;

/// Someone acting in a room, within a transaction.
pub(super) struct Act<'a, 'c> {
    pub(super) tx: &'a mut WriteTx<'c>,
    pub(super) publisher: &'a Publisher,
    pub(super) actor: &'a UserRef,
    pub(super) room: RoomId,
    pub(super) at: Timestamp,
}

impl Act<'_, '_> {
    /// Appends an entry, and has it published once it is committed. Returns its seq.
    pub(super) fn entry(&mut self, body: EntryBody) -> Result<u64, DbError> {
        let appended = timeline::append(self.tx, self.room, &NewEntry::of(self.actor.id, self.at, &body))?;
        let entry = Entry { room_id: self.room, seq: appended.seq, at: self.at, actor: self.actor.clone(), body };
        let publisher = self.publisher.clone();
        self.tx.after_commit(move || publisher.publish(entry));
        Ok(appended.seq)
    }

    /// Writes an audit row.
    pub(super) fn audit(
        &mut self,
        action: &'static str,
        subject: Option<UserId>,
        detail: Option<&str>,
    ) -> Result<(), DbError> {
        let number: i64 = self
            .tx
            .prepare_cached("UPDATE rooms_rooms SET audit_count = audit_count + 1 WHERE id = ?1 RETURNING audit_count")?
            .query_row([self.room.0], |row| row.get(0))?;
        self.tx
            .prepare_cached(
                "INSERT INTO rooms_audit (room_id, number, at, actor_id, action, subject_id, detail)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                self.room.0,
                number,
                self.at.millis(),
                self.actor.id.0,
                action,
                subject.map(|id| id.0),
                detail
            ])?;
        self.tx.after_commit(move || ROOMS.moderated(action));
        Ok(())
    }

    /// An entry that is an act of moderation: both of the above. Returns its seq.
    pub(super) fn moderation(&mut self, body: EntryBody, detail: Option<&str>) -> Result<u64, DbError> {
        self.audit(body.kind(), body.subject().map(|user| user.id), detail)?;
        self.entry(body)
    }
}
