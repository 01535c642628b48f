//! What can go wrong, and how it is answered.

use chatapp_db::DbError;
use chatapp_http::ApiError;
use chatapp_types::{ErrorCode, FieldError, Problem};

/// A refusal of the rules. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The room does not exist, or the caller may not know of it.
    #[error("no such room")]
    RoomNotFound,
    /// A public room that the caller has not joined.
    #[error("not a member")]
    NotAMember,
    /// A public room in which the caller is blocked.
    #[error("blocked")]
    Blocked,
    /// No such message in this room, or one that the caller may not see.
    #[error("no such message")]
    MessageNotFound,
    /// The message to answer is not one of this room, or the caller may not see it.
    #[error("no such message to answer")]
    ReplyNotFound,
    /// The key was used for another text.
    #[error("key reused")]
    KeyReused,
    /// The message was deleted.
    #[error("message deleted")]
    MessageDeleted,
    /// Somebody else's message.
    #[error("somebody else's message")]
    NotYours,
    /// One may moderate, but the token in use may not.
    #[error("the token may not moderate")]
    ModerateScopeNeeded,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::RoomNotFound => Self::new(ErrorCode::RoomNotFound),
            Refusal::NotAMember => Self::new(ErrorCode::NotAMember),
            Refusal::Blocked => Self::new(ErrorCode::Blocked),
            Refusal::MessageNotFound => Self::new(ErrorCode::MessageNotFound),
            Refusal::ReplyNotFound => {
                Self::invalid(FieldError::new("reply_to", "not_found", "not a message of this room"))
            }
            Refusal::KeyReused => {
                Self::new(ErrorCode::KeyReused).with_detail("make a new key for each message, and repeat it unchanged")
            }
            Refusal::MessageDeleted => Self::new(ErrorCode::MessageDeleted),
            Refusal::NotYours => Self::new(ErrorCode::Forbidden).with_detail("this is somebody else's message"),
            Refusal::ModerateScopeNeeded => {
                Self::new(ErrorCode::InsufficientScope).with_detail("this needs the scope `moderate`")
            }
        }
    }
}

/// Why a store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The rules are against it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The index of texts is too far behind to be searched now; it is catching up.
    #[error("the search index is catching up")]
    IndexBehind,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => Problem::from(refusal).into(),
            StoreError::IndexBehind => {
                let problem = Problem::new(ErrorCode::Unavailable).with_retry_after(2);
                problem.with_detail("the search index is catching up").into()
            }
            StoreError::Db(DbError::Conflict(reason)) => {
                tracing::warn!(error = reason, "a constraint objected to what the rules allowed");
                ErrorCode::Conflict.into()
            }
            StoreError::Db(DbError::Unavailable(reason)) => {
                tracing::warn!(error = reason, "the database is not available");
                Problem::new(ErrorCode::Unavailable).with_retry_after(1).into()
            }
            StoreError::Db(DbError::OutcomeUnknown(reason)) => {
                tracing::error!(error = reason, "the database failed during a commit");
                Problem::new(ErrorCode::Unavailable).with_retry_after(1).with_unknown_outcome().into()
            }
            StoreError::Db(error @ DbError::Internal(_)) => Self::internal(error),
        }
    }
}
