//! What can go wrong in this service, and how it is answered.

use chatapp_db::DbError;
use chatapp_http::ApiError;
use chatapp_types::{ErrorCode, FieldError, Problem};

use crate::app::hashing::HashError;
use crate::app::signing::KeyError;
use crate::store::StoreError;

/// What the use cases answer.
pub type AuthResult<T> = Result<T, AuthError>;

/// Why a use case was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The rules refuse it.
    #[error("refused: {0}")]
    Refused(ErrorCode),
    /// Values that are not valid.
    #[error("not valid: {}", .0.first().map_or("", |e| &e.field))]
    Invalid(Vec<FieldError>),
    /// Too many failed tries.
    #[error("throttled for {retry_after_s} s")]
    Throttled {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// Too many log-ins at once.
    #[error("too many log-ins at once")]
    Busy,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A signing key cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A bug of ours, or a machine that fails us.
    #[error("{0}")]
    Internal(String),
}

impl From<ErrorCode> for AuthError {
    fn from(code: ErrorCode) -> Self {
        Self::Refused(code)
    }
}

impl From<FieldError> for AuthError {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(code) => Self::Refused(code),
            StoreError::Db(error) => Self::Db(error),
        }
    }
}

impl From<HashError> for AuthError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Refused(field) => field.into(),
            HashError::Failed(reason) => Self::Internal(format!("a password hash cannot be computed: {reason}")),
        }
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Refused(code) => code.into(),
            AuthError::Invalid(fields) => Problem::invalid_fields(fields).into(),
            AuthError::Throttled { retry_after_s } => {
                Problem::new(ErrorCode::Throttled).with_retry_after(retry_after_s).into()
            }
            AuthError::Busy => {
                let problem = Problem::new(ErrorCode::Unavailable).with_retry_after(2);
                problem.with_detail("too many log-ins at once; try again in a moment").into()
            }
            AuthError::Db(DbError::Unavailable(reason)) => {
                tracing::warn!(error = reason, "database is not available");
                Problem::new(ErrorCode::Unavailable).with_retry_after(1).into()
            }
            AuthError::Db(DbError::OutcomeUnknown(reason)) => {
                tracing::error!(error = reason, "database failed during a commit");
                Problem::new(ErrorCode::Unavailable).with_retry_after(1).with_unknown_outcome().into()
            }
            bug @ (AuthError::Db(_) | AuthError::Key(_) | AuthError::Internal(_)) => Self::internal(bug),
        }
    }
}
