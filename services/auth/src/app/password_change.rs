//! Changing one's password.

use std::net::IpAddr;

use chatapp_http::Caller;
use chatapp_types::{ErrorCode, Secret};

use super::{Accounts, lookup_name, passwords};
use crate::error::AuthResult;
use crate::store::{Credential, StoredUser};

impl Accounts {
    /// Sets another password; every other session of the account ends. Tokens for scripts stay: each has a name and
    /// can be ended by itself.
    ///
    /// Refuses: `invalid_credentials` when the present password is wrong, 422 for a new one against the rules, 429.
    pub async fn change_password(
        &self,
        caller: &Caller,
        network: IpAddr,
        current: &Secret,
        new: Secret,
    ) -> AuthResult<()> {
        passwords::check_length("new_password", new.expose())?;
        let (user, credential) = self.confirm(caller, network, current).await?;
        let hash = self.hasher.hash_new("new_password", new, user.username.clone()).await?;
        let only_if = Some(credential.passwords);
        let now = self.clock.now();
        self.store.set_password(user.id, hash, only_if, Some(caller.session), false, now).await?;
        tracing::info!(user.id = %user.id, "password changed");
        Ok(())
    }

    /// Checks the password of somebody who is logged in already. Tries count as those of log-ins do, or a stolen
    /// session would be a way to guess.
    pub(super) async fn confirm(
        &self,
        caller: &Caller,
        network: IpAddr,
        password: &Secret,
    ) -> AuthResult<(StoredUser, Credential)> {
        let user = self.store.user_by_id(caller.user).await?.ok_or(ErrorCode::Unauthenticated)?;
        let attempt = self.throttle.begin_login(&lookup_name(&user.username), network).await?;
        self.prove(attempt, Some(user), password).await
    }
}
