//! How operations fail, for the metrics: a store's own error says less than the database's.

use std::cell::Cell;
use std::time::Instant;

use chatapp_metrics::{DB, DbFailure, DbOperation, DbSystem};

use crate::DbError;

thread_local! {
    /// The failure that was last seen on this thread. SQLite's work runs on one thread from its beginning to its end.
    static SEEN: Cell<Option<DbFailure>> = const { Cell::new(None) };
}

/// The kind of a failure.
pub(crate) const fn kind(error: &DbError) -> DbFailure {
    match error {
        DbError::Conflict(_) => DbFailure::Conflict,
        DbError::Unavailable(_) => DbFailure::Unavailable,
        DbError::OutcomeUnknown(_) => DbFailure::OutcomeUnknown,
        DbError::Internal(_) => DbFailure::Internal,
    }
}

/// Takes note of a failure on this thread.
pub(crate) fn saw(error: &DbError) {
    SEEN.set(Some(kind(error)));
}

/// An error of a store, and the failure of the database behind it, if there was one.
pub(crate) struct Noted<E> {
    error: E,
    failure: Option<DbFailure>,
}

impl<E: From<DbError>> From<DbError> for Noted<E> {
    fn from(error: DbError) -> Self {
        let failure = Some(kind(&error));
        Self { error: error.into(), failure }
    }
}

/// Runs `work` on this thread. Of an error it is known afterwards whether the database had failed.
pub(crate) fn noting<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<T, Noted<E>> {
    SEEN.set(None);
    work().map_err(|error| Noted { error, failure: SEEN.take() })
}

/// Counts an operation that ended.
pub(crate) fn measured<T, E>(operation: DbOperation, begun: Instant, result: Result<T, Noted<E>>) -> Result<T, E> {
    let failure = result.as_ref().err().and_then(|noted| noted.failure);
    DB.operated(DbSystem::Sqlite, operation, failure, begun.elapsed());
    result.map_err(|noted| noted.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_by_the_rules_is_no_failure_and_a_failure_is_one_whatever_the_store_makes_of_it() {
        let refused = noting(|| Err::<(), _>("not a member")).err();
        assert_eq!(refused.and_then(|noted| noted.failure), None);
        let failed = noting(|| {
            let error = DbError::from(rusqlite::Error::QueryReturnedNoRows);
            Err::<(), _>(if matches!(error, DbError::Internal(_)) { "it broke" } else { "?" })
        });
        assert_eq!(
            failed.err().map(|noted| (noted.error, noted.failure)),
            Some(("it broke", Some(DbFailure::Internal)))
        );
        let late = noting(|| Err::<(), _>("refused")).err();
        assert_eq!(late.and_then(|noted| noted.failure), None, "what was seen before is forgotten");
    }
}
