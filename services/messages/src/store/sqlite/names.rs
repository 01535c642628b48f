//! What users are called, looked up once a user.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chatapp_db::DbError;
use chatapp_db::views::{self, shown};
use chatapp_types::{UserId, UserRef};
use rusqlite::Connection;

/// The names that one operation has looked up.
pub(super) struct Names<'c> {
    conn: &'c Connection,
    known: HashMap<UserId, UserRef>,
}

impl<'c> Names<'c> {
    pub(super) fn new(conn: &'c Connection) -> Self {
        Self { conn, known: HashMap::new() }
    }

    /// A user, looked up unless known.
    pub(super) fn get(&mut self, id: UserId) -> Result<UserRef, DbError> {
        Ok(match self.known.entry(id) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(unknown) => unknown.insert(views::sqlite::user(self.conn, id)?).clone(),
        })
    }

    /// Several users.
    pub(super) fn get_all(&mut self, ids: &[UserId]) -> Result<Vec<UserRef>, DbError> {
        ids.iter().map(|id| self.get(*id)).collect()
    }

    /// A user looked up before.
    pub(super) fn known(&self, id: UserId) -> UserRef {
        self.known.get(&id).cloned().unwrap_or_else(|| shown(id, None, true))
    }
}
