//! What accounts are kept in, in the words of accounts.
//!
//! Each method is one business operation and atomic in itself: it happens whole or not at all, and no transaction
//! outlives it. Where an operation decides something (is this refresh token good? is this try admitted?), the decision
//! is a pure function of [`crate::app`], called with the rows as they are under the operation's lock.
//!
//! Whatever ends a session also records it as revoked, in the same commit, and calls the store's [`Announce`]
//! afterwards. Methods are safe to cancel: a caller that goes away learns nothing, but what was begun is finished.

#[cfg(test)]
mod contract;
mod model;
pub mod mssql;
pub mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use chatapp_db::{Database, DbError};
use chatapp_http::RevokedSession;
use chatapp_types::{ErrorCode, SessionId, Timestamp, UserId};

pub use model::{
    ApiTokenInUse, Credential, Deletion, KeyRow, NewApiToken, NewSession, NewUser, Opening, Presented, RefreshRules,
    Refreshed, StoredApiToken, StoredSession, StoredUser, Try, UserSummary,
};

/// A SHA-256 or HMAC-SHA-256.
pub type Hash = [u8; 32];

/// Tells whoever listens that sessions have ended. Called after the commit, in the order of commits; it must not block.
pub type Announce = Arc<dyn Fn(&[RevokedSession]) + Send + Sync>;

/// Why a store did not do it. Nothing was written, but for [`DbError::OutcomeUnknown`].
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The rules refuse it.
    #[error("refused: {0}")]
    Refused(ErrorCode),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<ErrorCode> for StoreError {
    fn from(code: ErrorCode) -> Self {
        Self::Refused(code)
    }
}

/// What a store answers.
pub type StoreResult<T> = Result<T, StoreError>;

/// Accounts.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Makes an account and, when one is given, opens its first session.
    /// Refuses: `username_taken` when the name, or one that looks like it, is in use.
    async fn create_user(&self, user: NewUser, session: Option<NewSession>) -> StoreResult<()>;

    /// The account of that exact (normalised) name; deleted ones have none.
    async fn user_by_name(&self, username: &str) -> StoreResult<Option<StoredUser>>;

    /// The account of that id, unless it was deleted.
    async fn user_by_id(&self, id: UserId) -> StoreResult<Option<StoredUser>>;

    /// Sets another password and ends all sessions of the account but `keep`. With `tokens` its tokens for scripts end
    /// too. With `only_if` the account must have had that
    /// many passwords before ([`StoredUser::passwords`]).
    /// Refuses: `user_not_found`; `conflict` when the password is another one by now.
    async fn set_password(
        &self,
        user: UserId,
        password_hash: String,
        only_if: Option<u32>,
        keep: Option<SessionId>,
        tokens: bool,
        now: Timestamp,
    ) -> StoreResult<()>;

    /// Ends all sessions and tokens of the account and lets nobody log in to it. Doing it twice does no more.
    /// Refuses: `user_not_found`.
    async fn disable_user(&self, user: UserId, now: Timestamp) -> StoreResult<()>;

    /// Takes back [`UserStore::disable_user`]; what ended then stays ended. Refuses: `user_not_found`.
    async fn enable_user(&self, user: UserId) -> StoreResult<()>;

    /// Deletes the account: its sessions and tokens end, its name becomes free, its id stays.
    /// Refuses: `user_not_found`; with [`Deletion::ByOwner`] `owns_rooms`, and `conflict` when the password is another
    /// one by now.
    async fn delete_user(&self, user: UserId, deletion: Deletion, now: Timestamp) -> StoreResult<()>;

    /// Up to `limit` accounts whose names come after `after`, in the order of names.
    async fn list_users(&self, after: Option<String>, limit: u32) -> StoreResult<Vec<UserSummary>>;
}

/// Log-ins.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Opens a session for a log-in whose password was found right.
    /// Refuses: `invalid_credentials` when the account was disabled or deleted, or has another password by now.
    async fn open_session(&self, opening: Opening) -> StoreResult<()>;

    /// Takes a refresh token in, by the rules of [`crate::app::refresh::decide`]; see [`Refreshed`].
    async fn refresh_session(
        &self,
        presented: Presented,
        rules: RefreshRules,
        now: Timestamp,
    ) -> StoreResult<Refreshed>;

    /// Up to `limit` sessions of the account that have not run out, newest first, older than the session `after`.
    async fn list_sessions(
        &self,
        user: UserId,
        after: Option<SessionId>,
        limit: u32,
        now: Timestamp,
    ) -> StoreResult<Vec<StoredSession>>;

    /// Ends a session of the account. Refuses: `session_not_found`.
    async fn revoke_session(&self, user: UserId, session: SessionId, now: Timestamp) -> StoreResult<()>;

    /// Sessions and tokens that were ended at or after `since`, oldest first.
    async fn revoked_since(&self, since: Timestamp) -> StoreResult<Vec<RevokedSession>>;
}

/// Tokens for scripts.
#[async_trait]
pub trait ApiTokenStore: Send + Sync {
    /// Keeps a token. One of the same name that has run out makes room for it.
    /// Refuses: `token_name_taken`; `conflict` when the account has `max` tokens; `user_not_found` when it is disabled.
    async fn create_api_token(&self, token: NewApiToken, max: u32) -> StoreResult<()>;

    /// Up to `limit` tokens of the account, newest first, older than the token `after`; ones that have run out included.
    async fn list_api_tokens(
        &self,
        user: UserId,
        after: Option<SessionId>,
        limit: u32,
    ) -> StoreResult<Vec<StoredApiToken>>;

    /// Ends a token by its name. Refuses: `token_not_found`.
    async fn revoke_api_token(&self, user: UserId, name: String, now: Timestamp) -> StoreResult<()>;

    /// The token of that hash and its user, if neither has ended; notes the use, to the minute.
    async fn use_api_token(&self, hash: Hash, now: Timestamp) -> StoreResult<Option<ApiTokenInUse>>;
}

/// Signing keys, sealed.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// All keys, in the order in which they begin to sign.
    async fn signing_keys(&self) -> StoreResult<Vec<KeyRow>>;

    /// Keeps a key, unless `only_first` and there is one already. Returns whether it was kept.
    async fn add_signing_key(&self, key: KeyRow, only_first: bool) -> StoreResult<bool>;
}

/// Counters of tries, shared by all who use the database.
#[async_trait]
pub trait ThrottleStore: Send + Sync {
    /// Admits a try if every subject does, by the rules of [`crate::app::throttle`], and counts it at once against those
    /// with [`Try::counted`]. Otherwise counts nothing and returns the milliseconds to wait.
    async fn admit(&self, tries: Vec<Try>, now: Timestamp) -> StoreResult<Result<(), i64>>;

    /// Counts a failure against each subject.
    async fn count_failures(&self, tries: Vec<Try>, now: Timestamp) -> StoreResult<()>;

    /// Takes back one counted failure, and the delay that came of it.
    async fn take_back(&self, taken: Try, now: Timestamp) -> StoreResult<()>;

    /// Forgets all failures of the subject.
    async fn forget(&self, subject: Hash) -> StoreResult<()>;
}

/// Everything that this service keeps.
#[async_trait]
pub trait AuthStore: UserStore + SessionStore + ApiTokenStore + KeyStore + ThrottleStore {
    /// Deletes what has run out, by [`SweepLimits`]. Returns how many rows.
    async fn sweep(&self, limits: SweepLimits) -> StoreResult<u64>;
}

/// What [`AuthStore::sweep`] deletes.
#[derive(Clone, Copy, Debug)]
pub struct SweepLimits {
    /// The present: sessions and failures that ended before it go.
    pub now: Timestamp,
    /// Tokens for scripts that ran out before this go.
    pub tokens_before: Timestamp,
    /// Revocations before this go.
    pub revoked_before: Timestamp,
    /// Keys whose successor began to sign before this go.
    pub keys_before: Timestamp,
}

/// The store on that database.
pub fn open(db: &Database, announce: Announce) -> Result<Arc<dyn AuthStore>, DbError> {
    match db {
        Database::Sqlite(db) => Ok(Arc::new(sqlite::SqliteAuthStore::new(db.clone(), announce))),
        Database::Mssql(db) => Ok(Arc::new(mssql::MssqlAuthStore::new(db.clone(), announce))),
        _ => Err(DbError::Unavailable("accounts cannot be kept in this kind of database".to_owned())),
    }
}
