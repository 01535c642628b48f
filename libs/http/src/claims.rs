//! What an access token says.

use chatapp_types::{SessionId, UserId};
use serde::{Deserialize, Serialize};

/// The `iss` of every access token; a token of another issuer is refused.
pub const ISSUER: &str = "chatapp";

/// Whom a token is for. A token of one audience is refused by the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Audience {
    /// The interface of version 1.
    #[serde(rename = "chatapp")]
    App,
    /// The original interface alone.
    #[serde(rename = "v0")]
    V0,
}

impl Audience {
    /// The word of the `aud` claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "chatapp",
            Self::V0 => "v0",
        }
    }

    /// Seconds between `iat` and `exp` at most; a token that claims a longer life is refused.
    pub const fn max_life_s(self) -> i64 {
        match self {
            Self::App => 10 * 60,
            Self::V0 => 30 * 60,
        }
    }
}

/// The claims of an access token. All of them are required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it: [`ISSUER`].
    pub iss: String,
    /// For whom.
    pub aud: Audience,
    /// The user.
    pub sub: UserId,
    /// The user's name when the token was issued.
    pub name: String,
    /// The session.
    pub sid: SessionId,
    /// What it may do: [`chatapp_types::auth::Scope`] words, separated by blanks. Unknown words grant nothing.
    pub scope: String,
    /// When it was issued, seconds since the epoch.
    pub iat: i64,
    /// When it ends, seconds since the epoch.
    pub exp: i64,
}
