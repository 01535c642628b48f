//! Accounts on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Secret, SessionId, Timestamp, UserRef, Username};

/// `POST /v1/auth/register` and `/v1/auth/login`.
///
/// The name is text here: a log-in with a name that could not be registered is a wrong log-in, not a malformed one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialsRequest {
    /// The account's name.
    #[schema(min_length = 2, max_length = 32)]
    pub username: String,
    /// The password, 8–256 characters.
    #[schema(min_length = 8, max_length = 256)]
    pub password: Secret,
}

/// `POST /v1/auth/refresh`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The refresh token of the last answer.
    pub refresh_token: Secret,
}

/// The answer to register, login and refresh.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenResponse {
    /// A JWT for the `Authorization: Bearer` header.
    pub access_token: Secret,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// For one refresh.
    pub refresh_token: Secret,
    /// Who one is.
    pub user: UserRef,
}

/// `PUT /v1/auth/password`. Every other session of the account ends.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The password until now.
    pub current_password: Secret,
    /// The password from now on, 8–256 characters.
    #[schema(min_length = 8, max_length = 256)]
    pub new_password: Secret,
}

/// `DELETE /v1/users/me`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteAccountRequest {
    /// The password, once more.
    pub password: Secret,
}

/// One of the caller's sessions.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The session's id.
    pub id: SessionId,
    /// The client as it named itself (`User-Agent`), cut at 200 characters.
    pub client: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A user, as any logged-in user may see one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Id and name.
    #[serde(flatten)]
    pub user: UserRef,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// What a script's token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read rooms and messages.
    Read,
    /// Post, edit, join, leave.
    Write,
    /// Moderate rooms of which the account is owner or admin.
    Moderate,
    /// Manage the account itself, give away and delete its rooms; only a log-in has it, a token never.
    Account,
}

impl Scope {
    /// What a log-in may do: everything.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Moderate, Self::Account];

    /// The word of the token's `scope` claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Moderate => "moderate",
            Self::Account => "account",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = crate::rooms::UnknownWord;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == s).ok_or(crate::rooms::UnknownWord)
    }
}

/// `POST /v1/users/me/tokens`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiTokenRequest {
    /// A name to know it by, 1–64 characters, unique among the account's tokens.
    #[schema(min_length = 1, max_length = 64)]
    pub name: String,
    /// What it may do; `read` and `write` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Scope>>,
    /// When it ends; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A script's token, without its value.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiToken {
    /// Its id; also the `sid` of what is issued for it.
    pub id: SessionId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

/// A token just made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CreatedApiToken {
    /// The token's particulars.
    #[serde(flatten)]
    pub info: ApiToken,
    /// Its value, `cat_…`; shown this once.
    pub token: Secret,
}

/// `DELETE /v1/users/me/tokens?name=`.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RevokeApiTokenQuery {
    /// The token's name.
    pub name: String,
}

/// What a user's name is looked up by.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
pub struct UsernamePath {
    /// The account's name.
    #[param(value_type = String)]
    pub username: Username,
}
