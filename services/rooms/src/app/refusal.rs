//! Why something is not done.

use chatapp_types::FieldError;

/// A refusal: the request was understood and nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such room, or one that the caller may not see, or whose code was wrong. One answer for all of them.
    #[error("no such room")]
    RoomNotFound,
    /// The code opens no room that the caller may enter.
    #[error("the code opens no room")]
    InvalidCode,
    /// A public room of which the caller is not a member.
    #[error("not a member")]
    NotAMember,
    /// A public room that keeps the caller out.
    #[error("blocked")]
    Blocked,
    /// The caller's role does not allow it; the text says what would.
    #[error("not allowed: {0}")]
    Forbidden(&'static str),
    /// A limit is reached; the text says which.
    #[error("limit reached: {0}")]
    Limit(String),
    /// No user has this name.
    #[error("no such user")]
    UserNotFound,
    /// The user is not a member.
    #[error("the user is not a member")]
    MemberNotFound,
    /// The user is not blocked.
    #[error("the user is not blocked")]
    BlockNotFound,
    /// The owner stays the owner until the room is transferred; the text says what to do.
    #[error("the owner must transfer the room: {0}")]
    OwnerMustTransfer(&'static str),
    /// A blocked user cannot be added.
    #[error("the user is blocked")]
    UserBlocked,
    /// A public room has this name.
    #[error("the name is taken")]
    RoomNameTaken,
    /// A value is not valid.
    #[error("{}: {}", .0.field, .0.message)]
    Invalid(FieldError),
    /// Too many failed tries of codes.
    #[error("throttled for {retry_after_s} s")]
    Throttled {
        /// Seconds until the next try is heard.
        retry_after_s: u64,
    },
    /// Too much waits already; try again soon.
    #[error("busy")]
    Busy,
}

impl Refusal {
    /// A value that is not valid.
    pub fn invalid(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self::Invalid(FieldError::new(field, code, message))
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self::Invalid(error)
    }
}
