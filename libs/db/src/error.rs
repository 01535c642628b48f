//! What can go wrong at the database, in words that every backend shares.

use rusqlite::ErrorCode;

/// A database failure. Domain refusals are not failures; stores have errors of their own for them.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A unique or foreign key objected; nothing was written.
    #[error("a constraint objected: {0}")]
    Conflict(String),
    /// The database is away, full, locked or asked for too long, or too many wait for it; nothing was written.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The connection or the disk failed while committing: it may have been written.
    #[error("the database failed during the commit: {0}")]
    OutcomeUnknown(String),
    /// A bug of ours (a wrong statement, a value of a wrong type) or a damaged database.
    #[error("database error: {0}")]
    Internal(String),
}

impl DbError {
    /// Whether the write may have happened.
    pub const fn outcome_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown(_))
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        let error = match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Self::Conflict(text),
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::OperationInterrupted
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::PermissionDenied,
            ) => Self::Unavailable(text),
            _ => Self::Internal(text),
        };
        crate::failure::saw(&error);
        error
    }
}
