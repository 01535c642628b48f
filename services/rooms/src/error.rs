//! What can go wrong, and what is answered then.

use chatapp_db::DbError;
use chatapp_http::ApiError;
use chatapp_types::{ErrorCode, Problem};

use crate::app::Refusal;

/// Why a call was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum RoomsError {
    /// It was understood and refused; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl RoomsError {
    /// The refusal, if it is one.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Db(_) => None,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let with = |code, detail: &str| Self::new(code).with_detail(detail);
        match refusal {
            Refusal::RoomNotFound => ErrorCode::RoomNotFound.into(),
            Refusal::InvalidCode => ErrorCode::InvalidCode.into(),
            Refusal::NotAMember => ErrorCode::NotAMember.into(),
            Refusal::Blocked => ErrorCode::Blocked.into(),
            Refusal::Forbidden(detail) => with(ErrorCode::Forbidden, detail),
            Refusal::Limit(detail) => with(ErrorCode::Forbidden, &detail),
            Refusal::UserNotFound => ErrorCode::UserNotFound.into(),
            Refusal::MemberNotFound => ErrorCode::MemberNotFound.into(),
            Refusal::BlockNotFound => ErrorCode::BlockNotFound.into(),
            Refusal::OwnerMustTransfer(detail) => with(ErrorCode::OwnerMustTransfer, detail),
            Refusal::UserBlocked => with(ErrorCode::UserBlocked, "lift the block first, then add the user"),
            Refusal::RoomNameTaken => ErrorCode::RoomNameTaken.into(),
            Refusal::Invalid(error) => Self::invalid(error),
            Refusal::Throttled { retry_after_s } => Self::new(ErrorCode::Throttled).with_retry_after(retry_after_s),
            Refusal::Busy => Self::new(ErrorCode::Unavailable).with_retry_after(1),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Problem::from(refusal).into()
    }
}

impl From<RoomsError> for ApiError {
    fn from(error: RoomsError) -> Self {
        match error {
            RoomsError::Refused(refusal) => refusal.into(),
            RoomsError::Db(DbError::Conflict(reason)) => {
                tracing::warn!(error = reason, "a change met another one");
                ErrorCode::Conflict.into()
            }
            RoomsError::Db(error @ DbError::Unavailable(_)) => {
                tracing::warn!(error = %error, "the database is away");
                ErrorCode::Unavailable.into()
            }
            RoomsError::Db(error @ DbError::OutcomeUnknown(_)) => {
                tracing::error!(error = %error, "the fate of a write is not known");
                Problem::new(ErrorCode::Unavailable).with_unknown_outcome().into()
            }
            RoomsError::Db(error @ DbError::Internal(_)) => Self::internal(error),
        }
    }
}
