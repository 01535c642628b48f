//! Who one is, who others are, and ceasing to be.

use std::net::IpAddr;

use chatapp_http::Caller;
use chatapp_types::auth::User;
use chatapp_types::{ErrorCode, Secret};

use super::{Accounts, lookup_name};
use crate::error::AuthResult;
use crate::store::{Deletion, StoredUser};

impl Accounts {
    /// The caller's account. Refuses: `unauthenticated` when it was deleted a moment ago.
    pub async fn me(&self, caller: &Caller) -> AuthResult<User> {
        let user = self.store.user_by_id(caller.user).await?;
        user.as_ref().map(shown).ok_or_else(|| ErrorCode::Unauthenticated.into())
    }

    /// An account by name, disabled ones included. Refuses: `user_not_found`.
    pub async fn user(&self, username: &str) -> AuthResult<User> {
        let user = self.store.user_by_name(&lookup_name(username)).await?;
        user.as_ref().map(shown).ok_or_else(|| ErrorCode::UserNotFound.into())
    }

    /// Deletes the caller's account: its sessions and tokens end, its name becomes free, its messages stay.
    ///
    /// Refuses: `invalid_credentials` for a wrong password, `owns_rooms`, 429.
    pub async fn delete_account(&self, caller: &Caller, network: IpAddr, password: &Secret) -> AuthResult<()> {
        let (user, credential) = self.confirm(caller, network, password).await?;
        let deletion = Deletion::ByOwner { passwords: credential.passwords };
        self.store.delete_user(user.id, deletion, self.clock.now()).await?;
        tracing::info!(user.id = %user.id, "account deleted");
        Ok(())
    }
}

fn shown(user: &StoredUser) -> User {
    User { created_at: user.created_at, user: user.user_ref() }
}
