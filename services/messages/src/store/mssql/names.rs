//! What users are called, looked up all at once.

use std::collections::HashMap;

use chatapp_db::mssql::{Row, Session, Sql};
use chatapp_db::views::{self, shown};
use chatapp_db::{DbError, Mssql};
use chatapp_types::{UserId, UserRef};

/// The names that one operation has looked up.
#[derive(Default)]
pub(super) struct Names(HashMap<UserId, UserRef>);

impl Names {
    /// Looks up those of the users that are not known yet; no round trip when there are none.
    pub(super) async fn look_up(&mut self, db: &Mssql, ids: impl IntoIterator<Item = UserId>) -> Result<(), DbError> {
        if let Some(sql) = self.select(ids) {
            let sets = db.snapshot(sql).await?;
            self.learn(sets.first().map_or(&[], Vec::as_slice))?;
        }
        Ok(())
    }

    /// As [`Self::look_up`], within an operation.
    pub(super) async fn look_up_in(
        &mut self,
        session: &mut Session,
        ids: impl IntoIterator<Item = UserId>,
    ) -> Result<(), DbError> {
        if let Some(sql) = self.select(ids) {
            let rows = session.query(sql).await?;
            self.learn(&rows)?;
        }
        Ok(())
    }

    fn select(&self, ids: impl IntoIterator<Item = UserId>) -> Option<Sql> {
        let unknown: Vec<UserId> = ids.into_iter().filter(|id| !self.0.contains_key(id)).collect();
        let mut sql = Sql::default();
        push_select(&mut sql, &unknown);
        (!unknown.is_empty()).then_some(sql)
    }

    /// Takes in rows of `id, username, deleted`.
    pub(super) fn learn(&mut self, rows: &[Row]) -> Result<(), DbError> {
        for row in rows {
            self.put(views::mssql::user_ref(row, 0)?);
        }
        Ok(())
    }

    /// Takes in a user who was read together with something else.
    pub(super) fn put(&mut self, user: UserRef) {
        self.0.insert(user.id, user);
    }

    /// A user looked up before; an id that never was reads as a deleted user.
    pub(super) fn known(&self, id: UserId) -> UserRef {
        self.0.get(&id).cloned().unwrap_or_else(|| shown(id, None, true))
    }

    /// Several users.
    pub(super) fn all(&self, ids: &[UserId]) -> Vec<UserRef> {
        ids.iter().map(|id| self.known(*id)).collect()
    }
}

/// Adds a statement that selects `id, username, deleted` of those users, however many: one parameter.
pub(super) fn push_select(sql: &mut Sql, ids: &[UserId]) {
    sql.push("SELECT u.id, u.username, u.deleted FROM STRING_SPLIT(").arg(id_list(ids));
    sql.push(", N' ') s JOIN auth.v_users u ON u.id = CAST(s.value AS UNIQUEIDENTIFIER); ");
}

/// Ids as one text, to be split by the server; each once.
pub(super) fn id_list(ids: &[UserId]) -> String {
    let mut ids: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.join(" ")
}
