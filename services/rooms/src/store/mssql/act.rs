//! What an act in a room leaves behind: rows, entries, audit rows, and events once they are committed.

use chatapp_db::DbError;
use chatapp_db::mssql::{Row, Sql};
use chatapp_metrics::ROOMS;
use chatapp_timeline::{Appended, Head, NewEntry, mssql as timeline};
use chatapp_types::rooms::Room;
use chatapp_types::{Entry, EntryBody, RoomId, Timestamp, UserId, UserRef};

use super::rows;
use super::{StoreResult, Writing};
use crate::app::Refusal;

/// Someone acting in a room whose lock is held. What is written is gathered in its order, and sent in one round trip by
/// [`Act::write`]: since the lock is held, the numbers of entries and audit rows are known before.
pub(super) struct Act<'a> {
    pub(super) actor: &'a UserRef,
    pub(super) room: RoomId,
    pub(super) at: Timestamp,
    head: Head,
    audits: u64,
    entries: Vec<Entry>,
    actions: Vec<&'static str>,
    batch: Sql,
}

impl<'a> Act<'a> {
    /// An act in a room with that head, and so many acts of moderation before.
    pub(super) fn new(actor: &'a UserRef, room: RoomId, at: Timestamp, head: Head, audits: u64) -> Self {
        Self { actor, room, at, head, audits, entries: Vec::new(), actions: Vec::new(), batch: Sql::default() }
    }

    /// Adds a statement.
    pub(super) fn add(&mut self, statement: Sql) {
        self.batch.append(statement).push("; ");
    }

    /// Appends an entry, and has it published once it is committed. Returns its seq.
    pub(super) fn entry(&mut self, body: EntryBody) -> u64 {
        let (seq, messages) = (self.head.seq + 1, self.head.messages);
        let to = Head { seq, messages };
        timeline::advance(&mut self.batch, self.room, self.head, to);
        let entry = NewEntry::of(self.actor.id, self.at, &body);
        timeline::insert_entries(&mut self.batch, [(self.room, Appended { seq, ordinal: messages }, &entry)]);
        self.head = to;
        self.entries.push(Entry { room_id: self.room, seq, at: self.at, actor: self.actor.clone(), body });
        seq
    }

    /// Writes an audit row.
    pub(super) fn audit(&mut self, action: &'static str, subject: Option<UserId>, detail: Option<&str>) {
        self.audits += 1;
        self.actions.push(action);
        self.add(
            Sql::new(
                "UPDATE rooms.rooms SET audit_count = @P2 WHERE id = @P1;
                 INSERT INTO rooms.audit (room_id, number, at, actor_id, action, subject_id, detail)
                 VALUES (@P1, @P2, @P3, @P4, @P5, @P6, @P7)",
            )
            .bind(self.room)
            .bind(self.audits)
            .bind(self.at)
            .bind(self.actor.id)
            .bind(action)
            .bind(subject)
            .bind(detail),
        );
    }

    /// An entry that is an act of moderation: both of the above. Returns its seq.
    pub(super) fn moderation(&mut self, body: EntryBody, detail: Option<&str>) -> u64 {
        self.audit(body.kind(), body.subject().map(|user| user.id), detail);
        self.entry(body)
    }

    /// Writes it all.
    pub(super) async fn write(self, w: &mut Writing<'_>) -> StoreResult<()> {
        self.send(w).await?;
        Ok(())
    }

    /// Writes it all, and returns the first row of what is read then, in the same round trip.
    pub(super) async fn write_and_read(mut self, w: &mut Writing<'_>, read: Sql) -> Result<Option<Row>, DbError> {
        self.add(read);
        let rows = self.send(w).await?.pop().unwrap_or_default();
        Ok(rows.into_iter().next())
    }

    /// Writes it all, and returns the room's card as the actor sees it then.
    pub(super) async fn write_and_get(self, w: &mut Writing<'_>) -> StoreResult<Room> {
        let (at, card) = (self.at, rows::by_id(self.room, self.actor.id));
        let row = self.write_and_read(w, card).await?.ok_or(Refusal::RoomNotFound)?;
        Ok(rows::room(&row, at)?.into_room(at))
    }

    async fn send(self, w: &mut Writing<'_>) -> Result<Vec<Vec<Row>>, DbError> {
        if self.batch.params() == 0 {
            return Ok(Vec::new());
        }
        let sets = w.session.query_sets(self.batch).await?;
        for action in self.actions {
            w.session.after_commit(move || ROOMS.moderated(action));
        }
        for entry in self.entries {
            let publisher = w.setup.publisher.clone();
            w.session.after_commit(move || publisher.publish(entry));
        }
        Ok(sets)
    }
}
