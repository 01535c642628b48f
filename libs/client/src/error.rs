//! What can go wrong on the client's side.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chatapp_types::{ErrorCode, Outcome, Problem};

/// Why a call did not succeed. Texts within come from outside in part: sanitise before showing them.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server refused, and says why.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// No answer: the gateway cannot be reached, or the connection broke. A write may have happened.
    #[error("the gateway cannot be reached")]
    Network(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An answer that is not of this protocol: something else listens at that address.
    #[error("the answer is not of this protocol: {0}")]
    Protocol(String),
    /// The profile has no session (any more).
    #[error("not logged in")]
    NotLoggedIn,
    /// A file of the client cannot be read or written.
    #[error("{}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A value that the server would refuse anyway, found before it was sent.
    #[error("{0}")]
    Usage(String),
}

impl ClientError {
    /// The server's code, when the server spoke.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Problem(problem) => Some(problem.code),
            _ => None,
        }
    }

    /// Whether the same request may succeed later without anyone doing anything. For a write, repeat it with the same
    /// key only: it may have happened.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Network(_) => true,
            Self::Problem(problem) => {
                matches!(problem.status, 429 | 502..=504) || problem.outcome == Some(Outcome::Unknown)
            }
            _ => false,
        }
    }

    /// Whether what was stored of the log-in is of no more use.
    pub fn ends_session(&self) -> bool {
        match self {
            Self::NotLoggedIn => true,
            Self::Problem(problem) => matches!(
                problem.code,
                ErrorCode::Unauthenticated | ErrorCode::SessionRevoked | ErrorCode::InvalidRefreshToken
            ),
            _ => false,
        }
    }

    /// How long the server asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Problem(problem) => problem.retry_after_s.map(Duration::from_secs),
            _ => None,
        }
    }

    /// Wraps an error of the file system.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), source }
    }
}

impl From<Problem> for ClientError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<ErrorCode> for ClientError {
    fn from(code: ErrorCode) -> Self {
        Problem::new(code).into()
    }
}

impl From<chatapp_types::FieldError> for ClientError {
    fn from(error: chatapp_types::FieldError) -> Self {
        Problem::invalid(error).into()
    }
}

/// An error and the cause behind it, in one line. What lies between the two (which part of which library failed) helps
/// nobody who reads it.
pub fn in_short(error: &dyn std::error::Error) -> String {
    let first = std::iter::successors(error.source(), |cause| cause.source()).last();
    first.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
