//! What goes into a store and what comes out.

use chatapp_http::Audience;
use chatapp_types::auth::Scope;
use chatapp_types::{SessionId, Timestamp, UserId, UserRef, Username};
use time::Duration;

use super::Hash;
use crate::app::throttle::Policy;

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// Its name; what it looks like must be free too.
    pub username: Username,
    /// The hash of its password, in its own words.
    pub password_hash: String,
    /// The present.
    pub now: Timestamp,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUser {
    /// Its id.
    pub id: UserId,
    /// Its name.
    pub username: String,
    /// The hash of its password, in its own words.
    pub password_hash: String,
    /// How many passwords it had before this one: by it a change is noticed.
    pub passwords: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether nobody may log in to it.
    pub disabled: bool,
}

impl StoredUser {
    /// Id and name, as others see them.
    pub fn user_ref(&self) -> UserRef {
        UserRef { id: self.id, username: self.username.clone() }
    }
}

/// An account, as its operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// Its id.
    pub id: UserId,
    /// Its name.
    pub username: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when nobody may log in to it.
    pub disabled_at: Option<Timestamp>,
    /// Sessions that it has, ones that have just run out included.
    pub sessions: u32,
    /// When one of them was last used.
    pub last_used_at: Option<Timestamp>,
}

/// Who deletes an account.
#[derive(Clone, Debug)]
pub enum Deletion {
    /// Its owner, who knew the password. Refused while rooms are owned.
    ByOwner {
        /// [`StoredUser::passwords`] when it was checked.
        passwords: u32,
    },
    /// An operator. Rooms that it owns pass to others.
    ByOperator,
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// Which interface it is for.
    pub audience: Audience,
    /// What the client calls itself.
    pub client: String,
    /// The present.
    pub now: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// The hash of its first refresh token; `None` for a session that cannot be refreshed.
    pub refresh_hash: Option<Hash>,
}

/// A log-in whose password was found right.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The session to be opened.
    pub session: NewSession,
    /// What was checked.
    pub credential: Credential,
    /// Sessions that the account may have; the ones used least recently make room.
    pub max_sessions: u32,
}

/// A password that was checked.
#[derive(Clone, Debug)]
pub struct Credential {
    /// [`StoredUser::passwords`] when it was checked; the account must not have got another one since.
    pub passwords: u32,
    /// What replaces it, when hashes are made in another way by now.
    pub rehashed: Option<String>,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// Its id.
    pub id: SessionId,
    /// What the client calls itself.
    pub client: String,
    /// Since when it is open.
    pub created_at: Timestamp,
    /// When it was opened or last refreshed.
    pub last_used_at: Timestamp,
}

/// A refresh token that was found to be of our making.
#[derive(Clone, Copy, Debug)]
pub struct Presented {
    /// The session that it names.
    pub session: SessionId,
    /// Its place in the session's chain.
    pub generation: u32,
    /// Its hash.
    pub hash: Hash,
    /// The hash of the token that follows it.
    pub successor: Hash,
}

/// By what a refresh goes.
#[derive(Clone, Copy, Debug)]
pub struct RefreshRules {
    /// For how long a superseded token gives its successor once more.
    pub grace: Duration,
    /// How long the session lasts from now on.
    pub idle: Duration,
}

/// What became of a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// The successor is the session's token now, or has been for a moment.
    Granted(UserRef),
    /// The token had been superseded longer ago: somebody else has it too. The session was ended.
    Reused(UserId),
    /// The session is gone, or the token is not one of its chain.
    Unknown,
}

/// A token for scripts to be kept.
#[derive(Clone, Debug)]
pub struct NewApiToken {
    /// Its id, also the session of what is issued for it.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// Its name.
    pub name: String,
    /// Its hash.
    pub hash: Hash,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The present.
    pub now: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A token for scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredApiToken {
    /// Its id.
    pub id: SessionId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A token for scripts that is good now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiTokenInUse {
    /// The token.
    pub token: StoredApiToken,
    /// Whose it is.
    pub user: UserRef,
}

/// A signing key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its id.
    pub kid: String,
    /// Its public half, 32 bytes.
    pub public_key: Vec<u8>,
    /// Its private half, sealed.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub signs_from: Timestamp,
}

/// One thing that a try is tried on.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    /// What, as a keyed hash.
    pub subject: Hash,
    /// How patient it is.
    pub policy: Policy,
    /// Whether the try counts as soon as it is admitted, or only when it is found to have failed.
    pub counted: bool,
}
