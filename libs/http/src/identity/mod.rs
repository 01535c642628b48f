//! Who is calling: access tokens are verified here, by each service for itself.
//!
//! A token is believed for its signature (`EdDSA`, by a key that auth published), its claims and, last, for its
//! session not having been ended. The last is known by [`Revocations`]; when that knowledge is older than two
//! seconds nobody is believed, since a revoked session must be dead within one.

mod caller;
mod client_addr;
mod keys;
mod revocations;
mod verified;
mod verifier;
mod watch;

use chatapp_types::{ErrorCode, Problem};

use crate::ApiError;

pub use caller::{Caller, V0Caller};
pub use client_addr::ClientAddr;
pub use keys::KeySource;
pub use revocations::{REVOCATION_MEMORY, Revocations, RevokedSession, Stale};
pub use verifier::TokenVerifier;
pub use watch::RevocationSource;

/// Why a caller is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthFailure {
    /// No token at all.
    #[error("no access token")]
    Missing,
    /// Not a token of ours, or not for here.
    #[error("the access token is not valid")]
    Invalid,
    /// It was good once; a refresh gives another.
    #[error("the access token has expired")]
    Expired,
    /// Its session was ended.
    #[error("the session has ended")]
    Revoked,
    /// It cannot be checked at the moment: auth is away, or what is known of revocations is too old.
    #[error("the access token cannot be checked right now")]
    Unavailable,
}

impl From<AuthFailure> for Problem {
    fn from(failure: AuthFailure) -> Self {
        match failure {
            AuthFailure::Missing | AuthFailure::Invalid => Self::new(ErrorCode::Unauthenticated),
            AuthFailure::Expired => Self::new(ErrorCode::TokenExpired),
            AuthFailure::Revoked => Self::new(ErrorCode::SessionRevoked),
            AuthFailure::Unavailable => Self::new(ErrorCode::Unavailable).with_retry_after(1),
        }
    }
}

impl From<AuthFailure> for ApiError {
    fn from(failure: AuthFailure) -> Self {
        Problem::from(failure).into()
    }
}
