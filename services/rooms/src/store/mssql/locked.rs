//! Locks, and what is read under them.

use chatapp_db::DbError;
use chatapp_db::mssql::{Row, Sql};
use chatapp_timeline::{Head, mssql as timeline};
use chatapp_types::{RoomId, Timestamp, UserId, UserRef};

use super::act::Act;
use super::rows;
use super::{StoreResult, Writing};
use crate::app::Refusal;
use crate::store::NamedUser;
use crate::store::facts::{RoomRow, Subject};

/// A room whose lock is held up to the end of the transaction.
pub(super) struct Locked {
    /// The room, as the caller stands to it.
    pub(super) row: RoomRow,
    /// A time after the lock was taken.
    pub(super) now: Timestamp,
    /// Where its log is.
    pub(super) head: Head,
    /// The number of its last act of moderation.
    audits: u64,
}

impl Locked {
    /// Begins to act as `actor` in the room.
    pub(super) fn act<'a>(&self, actor: &'a UserRef) -> Act<'a> {
        Act::new(actor, self.row.id, self.now, self.head, self.audits)
    }
}

/// What a lock is for that belongs to a user.
#[derive(Clone, Copy)]
pub(super) enum UserLock {
    /// Coming to own a room.
    Owning,
    /// Trying a code.
    Trying,
}

impl Writing<'_> {
    /// Locks a room; refused when there is none. A second room must not be locked in the same transaction, for two could
    /// then wait for one another.
    pub(super) async fn lock(&mut self, room: RoomId, caller: UserId) -> StoreResult<Locked> {
        let (locked, _) = self.lock_and_read(room, caller, Sql::default()).await?;
        Ok(locked)
    }

    /// Locks a room and looks up another user: judge the caller before asking whether there is one.
    pub(super) async fn lock_with(
        &mut self,
        room: RoomId,
        caller: UserId,
        name: &NamedUser,
    ) -> StoreResult<(Locked, Option<Subject>)> {
        let (locked, found) = self.lock_and_read(room, caller, rows::find_subject(room, name)).await?;
        let subject = rows::subject(&found, name, locked.now)?;
        Ok((locked, subject))
    }

    async fn lock_and_read(&mut self, room: RoomId, caller: UserId, more: Sql) -> StoreResult<(Locked, Vec<Row>)> {
        let mut sql = Sql::default();
        timeline::lock_first(&mut sql, room);
        sql.append(rows::by_id(room, caller)).push("; ").append(more);
        let mut sets = self.session.query_sets(sql).await?.into_iter();
        let mut next = || sets.next().unwrap_or_default();
        let (heads, rooms, more) = (next(), next(), next());
        let now = self.now();
        let (Some(head), Some(row)) = (heads.first(), rooms.first()) else { return Err(Refusal::RoomNotFound.into()) };
        let head = timeline::read_head(head, 0)?;
        let locked = Locked { row: rows::room(row, now)?, now, head, audits: rows::audits(row)? };
        Ok((locked, more))
    }

    /// Takes a user's lock up to the end of the transaction, and reads in the same round trip. Whoever needs a room's lock
    /// too takes that one first.
    pub(super) async fn lock_user(
        &mut self,
        lock: UserLock,
        user: UserId,
        read: Sql,
    ) -> Result<Vec<Vec<Row>>, DbError> {
        let lock = match lock {
            UserLock::Owning => "owning",
            UserLock::Trying => "trying",
        };
        let mut sql = Sql::new(
            "DECLARE @held INT;
             EXEC @held = sp_getapplock @Resource = @P1, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
                                        @LockTimeout = 5000;
             IF @held < 0 THROW 50011, N'others have held the user''s lock for too long', 1; ",
        )
        .bind(format!("rooms.{lock}.{}", user.0.simple()));
        sql.append(read);
        self.session.query_sets(sql).await
    }
}
