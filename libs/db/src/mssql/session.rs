//! A connection at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bb8_tiberius::rt::Client;
use futures::TryStreamExt as _;
use tiberius::QueryItem;

use super::error::Failure;
use super::noted::Noted;
use super::pool::{Manager, run};
use super::row::Row;
use super::statement::Sql;
use crate::DbError;

type Hook = Box<dyn FnOnce() + Send>;

/// A connection that one operation has for itself, in a transaction or not (see [`super::Mssql`]).
///
/// Every answer is read to its end before the next statement is sent, and the first that fails ends the transaction.
pub struct Session {
    connection: bb8::PooledConnection<'static, Manager>,
    hooks: Vec<Hook>,
    /// What the last failure means for the whole; the error that the caller sees says less.
    failure: Option<Kind>,
    /// Whether all statements are one transaction: the first that fails has ended it.
    in_transaction: bool,
    /// Set from the moment a commit is sent: from then on a lost connection leaves its fate open.
    committing: Arc<AtomicBool>,
    noted: Arc<Noted>,
}

/// What is to be done about a failed operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    TryAgain,
    Lost,
    Final,
}

impl Session {
    pub(super) fn new(
        connection: bb8::PooledConnection<'static, Manager>,
        in_transaction: bool,
        committing: Arc<AtomicBool>,
        noted: Arc<Noted>,
    ) -> Self {
        Self { connection, hooks: Vec::new(), failure: None, in_transaction, committing, noted }
    }

    /// Runs a batch and returns the rows of each of its results: one round trip. A statement without rows, such as an
    /// UPDATE, has no result.
    pub async fn query_sets(&mut self, sql: impl Into<Sql>) -> Result<Vec<Vec<Row>>, DbError> {
        self.check_open()?;
        let query = sql.into().into_query();
        match results(&mut self.connection.client, query).await {
            Ok(sets) => Ok(sets),
            Err(error) => Err(self.failed(Failure::of(&error))),
        }
    }

    /// Runs a batch and returns the rows of its first result.
    pub async fn query(&mut self, sql: impl Into<Sql>) -> Result<Vec<Row>, DbError> {
        Ok(self.query_sets(sql).await?.into_iter().next().unwrap_or_default())
    }

    /// Runs a batch and returns the first row of its first result.
    pub async fn query_opt(&mut self, sql: impl Into<Sql>) -> Result<Option<Row>, DbError> {
        Ok(self.query(sql).await?.into_iter().next())
    }

    /// Runs a batch that must answer with a row.
    pub async fn query_one(&mut self, sql: impl Into<Sql>) -> Result<Row, DbError> {
        let row = self.query_opt(sql).await?;
        row.ok_or_else(|| DbError::Internal("a statement that answers with a row answered with none".to_owned()))
    }

    /// Runs a batch and returns how many rows its statements wrote together.
    pub async fn execute(&mut self, sql: impl Into<Sql>) -> Result<u64, DbError> {
        self.check_open()?;
        let query = sql.into().into_query();
        match query.execute(&mut self.connection.client).await {
            Ok(result) => Ok(result.total()),
            Err(error) => Err(self.failed(Failure::of(&error))),
        }
    }

    /// Runs a batch that itself begins and commits a transaction; for [`super::Mssql::run`] alone. When the connection
    /// is lost in it, the outcome is unknown.
    pub async fn commit_batch(&mut self, sql: impl Into<Sql>) -> Result<Vec<Vec<Row>>, DbError> {
        self.committing.store(true, Ordering::Release);
        match self.query_sets(sql).await {
            Err(error) if self.failure == Some(Kind::Lost) => Err(DbError::OutcomeUnknown(error.to_string())),
            answered => {
                self.committing.store(false, Ordering::Release);
                answered
            }
        }
    }

    /// Runs statements that take no parameters and may begin or end a transaction.
    pub(crate) async fn control(&mut self, batch: &str) -> Result<(), DbError> {
        run(&mut self.connection.client, batch).await.map_err(|failure| self.failed(failure))
    }

    /// Runs `hook` once this operation is committed, before its caller is answered. Keep it short, and never block in
    /// it. Operations that fail run none. Hooks of operations that were committed at the same time may run in either
    /// order: whoever needs an order goes by what the hook carries, such as an entry's seq.
    pub fn after_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.hooks.push(Box::new(hook));
    }

    pub(super) fn failure(&self) -> Option<Kind> {
        self.failure
    }

    /// Ends in order: the connection may be used again.
    pub(super) fn finish(mut self) -> Vec<Hook> {
        self.connection.rest();
        std::mem::take(&mut self.hooks)
    }

    /// After a statement that failed there is no transaction any more: what follows would be committed by itself.
    fn check_open(&self) -> Result<(), DbError> {
        if self.in_transaction && self.failure.is_some() {
            return Err(DbError::Internal("a statement after one that had ended the transaction".to_owned()));
        }
        Ok(())
    }

    fn failed(&mut self, failure: Failure) -> DbError {
        self.failure = Some(match &failure {
            Failure::TryAgain(_) => Kind::TryAgain,
            Failure::Lost(_) => Kind::Lost,
            Failure::Final(_) => Kind::Final,
        });
        let error = failure.into();
        self.noted.saw(&error);
        error
    }
}

/// All results of a query, in their order. The driver's own way of gathering them loses an empty one among several.
async fn results(
    client: &mut Client,
    query: tiberius::Query<'static>,
) -> Result<Vec<Vec<Row>>, tiberius::error::Error> {
    let mut stream = query.query(client).await?;
    let mut sets: Vec<Vec<Row>> = Vec::new();
    while let Some(item) = stream.try_next().await? {
        match (item, sets.last_mut()) {
            (QueryItem::Row(row), Some(set)) => set.push(Row::new(row)),
            (QueryItem::Row(row), None) => sets.push(vec![Row::new(row)]),
            (QueryItem::Metadata(_), _) => sets.push(Vec::new()),
        }
    }
    Ok(sets)
}
