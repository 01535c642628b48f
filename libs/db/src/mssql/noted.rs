//! How an operation fails, for the metrics: a store's own error says less than the database's.

use std::sync::{Mutex, PoisonError};

use chatapp_metrics::DbFailure;

use crate::DbError;
use crate::failure::kind;

/// The failure that an operation saw last.
#[derive(Debug, Default)]
pub(super) struct Noted(Mutex<Option<DbFailure>>);

impl Noted {
    /// Takes note of a failure.
    pub(super) fn saw(&self, error: &DbError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kind(error));
    }

    /// The failure behind the operation's result.
    pub(super) fn failure<T, E>(&self, result: &Result<T, E>) -> Option<DbFailure> {
        result.as_ref().err()?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
