//! What the original API does otherwise: it tells an unknown name from a wrong password, since its client branches on
//! that. It is throttled all the same.

use chatapp_types::ErrorCode;
use chatapp_types::auth::TokenResponse;

use super::login::counted;
use super::{Accounts, Entrant, lookup_name};
use crate::error::AuthResult;

impl Accounts {
    /// As [`Accounts::login`], but refuses with `user_not_found` when there is no such account.
    pub async fn login_v0(&self, entrant: Entrant) -> AuthResult<TokenResponse> {
        counted(self.try_login_v0(entrant).await)
    }

    async fn try_login_v0(&self, entrant: Entrant) -> AuthResult<TokenResponse> {
        let name = lookup_name(&entrant.username);
        let attempt = self.throttle.begin_login(&name, entrant.network).await?;
        let Some(user) = self.store.user_by_name(&name).await? else {
            attempt.failed().await?;
            return Err(ErrorCode::UserNotFound.into());
        };
        let (user, credential) = self.prove(attempt, Some(user), &entrant.password).await?;
        self.open_session(&user, &entrant, credential).await
    }
}
