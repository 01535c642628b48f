//! Making an account.

use chatapp_http::Audience;
use chatapp_metrics::{AUTH, Registration};
use chatapp_types::auth::TokenResponse;
use chatapp_types::{ErrorCode, FieldError, Secret, UserId, UserRef, Username};

use super::{Accounts, Entrant, passwords};
use crate::error::{AuthError, AuthResult};
use crate::store::NewUser;

/// The name and the password's length, or everything that is wrong with them.
pub(crate) fn check(username: &str, password: &Secret) -> AuthResult<Username> {
    let name = Username::parse(username);
    let length = passwords::check_length("password", password.expose());
    match (name, length) {
        (Ok(name), Ok(())) => Ok(name),
        (name, length) => {
            Err(AuthError::Invalid(name.err().into_iter().chain(length.err()).collect::<Vec<FieldError>>()))
        }
    }
}

impl Accounts {
    /// Makes an account and logs in to it.
    ///
    /// Refuses: 422 for a name or password against the rules, `username_taken` (a name that looks like another is taken
    /// too), 429 when the address has made too many.
    pub async fn register(&self, entrant: Entrant) -> AuthResult<TokenResponse> {
        let result = self.try_register(entrant).await;
        AUTH.registrations.count(match &result {
            Ok(_) => Registration::Succeeded,
            Err(AuthError::Refused(_) | AuthError::Invalid(_)) => Registration::Refused,
            Err(AuthError::Throttled { .. }) => Registration::Throttled,
            Err(_) => Registration::Undecided,
        });
        result
    }

    async fn try_register(&self, entrant: Entrant) -> AuthResult<TokenResponse> {
        let username = check(&entrant.username, &entrant.password)?;
        self.throttle.admit_registration(entrant.network).await?;
        // Also decided under the lock when it is made; here to spare the hashing.
        if self.store.user_by_name(username.as_str()).await?.is_some() {
            return Err(ErrorCode::UsernameTaken.into());
        }
        let hash = self.hasher.hash_new("password", entrant.password.clone(), username.as_str().to_owned()).await?;
        let user = UserRef { id: UserId::new(), username: username.as_str().to_owned() };
        let (session, refresh_token) = self.new_session(user.id, &entrant)?;
        let id = session.id;
        let new_user = NewUser { id: user.id, username, password_hash: hash, now: session.now };
        self.store.create_user(new_user, Some(session)).await?;
        tracing::info!(user.id = %user.id, "account made");
        self.answer(user, id, entrant.audience, refresh_token)
    }

    /// Whether there is an account of that name. For the original API alone, which tells it to anybody.
    pub async fn exists(&self, username: &str) -> AuthResult<bool> {
        Ok(self.store.user_by_name(&super::lookup_name(username)).await?.is_some())
    }
}

/// What a log-in may do by each interface: the original one offers neither moderation nor the account.
pub(crate) fn scopes_of(audience: Audience) -> &'static [chatapp_types::auth::Scope] {
    use chatapp_types::auth::Scope;
    match audience {
        Audience::App => &Scope::ALL,
        Audience::V0 => &[Scope::Read, Scope::Write],
    }
}
