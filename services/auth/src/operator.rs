//! What an operator does to accounts, beside the running service and with the database alone.
//!
//! Sessions that end here are recorded; the services poll that record twice a second and refuse them.

use std::sync::Arc;

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chatapp_db::Database;
use chatapp_types::{Clock, ErrorCode, Secret, UserId, UserRef};

use crate::announce;
use crate::app::hashing::Hasher;
use crate::app::{lookup_name, passwords, registration};
use crate::config::AuthConfig;
use crate::error::{AuthError, AuthResult};
pub use crate::store::UserSummary;
use crate::store::{self, AuthStore, Deletion, NewUser, StoredUser};

/// Bytes of a generated password that nobody can guess.
const GENERATED_BYTES: usize = 15;

/// An operator at work on a database, which must have been migrated.
pub struct Operator {
    store: Arc<dyn AuthStore>,
    clock: Arc<dyn Clock>,
    hasher: Hasher,
}

impl Operator {
    /// An operator who hashes passwords by these settings.
    pub fn new(db: &Database, clock: Arc<dyn Clock>, config: &AuthConfig) -> AuthResult<Self> {
        let store = store::open(db, announce::nobody())?;
        Ok(Self { store, clock, hasher: Hasher::new(&config.passwords)? })
    }

    /// Up to `limit` accounts whose names come after `after`, in the order of names. Deleted ones have no name and are
    /// not listed.
    pub async fn list_users(&self, after: Option<&str>, limit: u32) -> AuthResult<Vec<UserSummary>> {
        Ok(self.store.list_users(after.map(str::to_owned), limit).await?)
    }

    /// Makes an account, by the same rules of names and passwords as a registration.
    pub async fn create_user(&self, username: &str, password: Secret) -> AuthResult<UserRef> {
        let username = registration::check(username, &password)?;
        let user = UserRef { id: UserId::new(), username: username.as_str().to_owned() };
        let password_hash = self.hasher.hash_new("password", password, user.username.clone()).await?;
        let now = self.clock.now();
        self.store.create_user(NewUser { id: user.id, username, password_hash, now }, None).await?;
        Ok(user)
    }

    /// Sets another password, and ends all sessions and tokens of the account: whoever knew the old one is out.
    pub async fn reset_password(&self, username: &str, password: Secret) -> AuthResult<UserRef> {
        passwords::check_length("password", password.expose())?;
        let user = self.find(username).await?;
        let hash = self.hasher.hash_new("password", password, user.username.clone()).await?;
        self.store.set_password(user.id, hash, None, None, true, self.clock.now()).await?;
        Ok(user.user_ref())
    }

    /// Ends all sessions and tokens of the account and lets nobody log in to it.
    pub async fn disable_user(&self, username: &str) -> AuthResult<UserRef> {
        let user = self.find(username).await?;
        self.store.disable_user(user.id, self.clock.now()).await?;
        Ok(user.user_ref())
    }

    /// Lets the account's owner log in again. What ended when it was disabled stays ended.
    pub async fn enable_user(&self, username: &str) -> AuthResult<UserRef> {
        let user = self.find(username).await?;
        self.store.enable_user(user.id).await?;
        Ok(user.user_ref())
    }

    /// Deletes the account, for good: its sessions and tokens end, its name becomes free, its messages stay without a
    /// name. Rooms that it owns pass to others.
    pub async fn delete_user(&self, username: &str) -> AuthResult<UserRef> {
        let user = self.find(username).await?;
        self.store.delete_user(user.id, Deletion::ByOperator, self.clock.now()).await?;
        Ok(user.user_ref())
    }

    async fn find(&self, username: &str) -> AuthResult<StoredUser> {
        let user = self.store.user_by_name(&lookup_name(username)).await?;
        user.ok_or_else(|| ErrorCode::UserNotFound.into())
    }
}

/// A password that nobody can guess, 20 letters and digits long, for an operator to hand on.
pub fn generate_password() -> AuthResult<Secret> {
    let mut bytes = [0; GENERATED_BYTES];
    rand::fill(&mut bytes).map_err(|_| AuthError::Internal("the operating system gives no random bytes".into()))?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}
