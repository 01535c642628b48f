//! Logging in.

use chatapp_http::Audience;
use chatapp_metrics::{AUTH, Login};
use chatapp_types::auth::TokenResponse;
use chatapp_types::{ErrorCode, Secret, SessionId, UserId, UserRef};
use time::Duration;

use super::access::Grant;
use super::hashing::Verdict;
use super::registration::scopes_of;
use super::throttle::LoginTry;
use super::{Accounts, Entrant, lookup_name};
use crate::error::{AuthError, AuthResult};
use crate::store::{Credential, NewSession, Opening, StoredUser};

impl Accounts {
    /// Opens a session for who knows the password.
    ///
    /// Refuses: `invalid_credentials`, whether the name, the password or the account's state is at fault, for the same
    /// work; 429 when the account or the address has failed too often, whatever the password; 503 when too many wait.
    pub async fn login(&self, entrant: Entrant) -> AuthResult<TokenResponse> {
        counted(self.try_login(entrant).await)
    }

    async fn try_login(&self, entrant: Entrant) -> AuthResult<TokenResponse> {
        let name = lookup_name(&entrant.username);
        let attempt = self.throttle.begin_login(&name, entrant.network).await?;
        let user = self.store.user_by_name(&name).await?;
        let (user, credential) = self.prove(attempt, user, &entrant.password).await?;
        self.open_session(&user, &entrant, credential).await
    }

    /// Checks a password that was tried, and settles the try. What is wrong is not said.
    pub(super) async fn prove(
        &self,
        attempt: LoginTry<'_>,
        user: Option<StoredUser>,
        password: &Secret,
    ) -> AuthResult<(StoredUser, Credential)> {
        // A disabled account is checked like nobody's, and therefore costs the same.
        let user = user.filter(|user| !user.disabled);
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let verdict = match self.hasher.verify(password.clone(), hash).await {
            Ok(verdict) => verdict,
            Err(error) => {
                attempt.undecided().await?;
                return Err(error.into());
            }
        };
        match (user, verdict) {
            (Some(user), Verdict::Right { rehashed }) => {
                attempt.succeeded().await?;
                let credential = Credential { passwords: user.passwords, rehashed };
                Ok((user, credential))
            }
            (user, _) => {
                attempt.failed().await?;
                tracing::info!(user.id = user.map(|u| tracing::field::display(u.id)), "log-in failed");
                Err(ErrorCode::InvalidCredentials.into())
            }
        }
    }

    /// Opens a session of an account whose password was found right.
    pub(super) async fn open_session(
        &self,
        user: &StoredUser,
        entrant: &Entrant,
        credential: Credential,
    ) -> AuthResult<TokenResponse> {
        let (session, refresh_token) = self.new_session(user.id, entrant)?;
        let id = session.id;
        let opening = Opening { session, credential, max_sessions: self.config.tokens.sessions_max };
        self.store.open_session(opening).await?;
        tracing::info!(user.id = %user.id, session.id = %id, "logged in");
        self.answer(user.user_ref(), id, entrant.audience, refresh_token)
    }

    /// A session to be opened, and its refresh token as the client gets it (empty for the original API, whose sessions
    /// end with their one access token).
    pub(super) fn new_session(&self, user: UserId, entrant: &Entrant) -> AuthResult<(NewSession, Secret)> {
        let now = self.clock.now();
        let id = SessionId::new();
        let mut session = NewSession {
            id,
            user,
            audience: entrant.audience,
            client: entrant.client.clone(),
            now,
            expires_at: now.plus(Duration::seconds(i64::from(self.config.tokens.v0_s))),
            refresh_hash: None,
        };
        if entrant.audience == Audience::V0 {
            return Ok((session, Secret::new("")));
        }
        let first = self.refresh_key.first(id);
        let first = first.ok_or_else(|| AuthError::Internal("the operating system gives no random bytes".into()))?;
        session.expires_at = now.plus(self.config.tokens.session_idle());
        session.refresh_hash = Some(first.hash());
        Ok((session, self.refresh_key.write(&first)))
    }

    /// The answer to whoever got in.
    pub(super) fn answer(
        &self,
        user: UserRef,
        session: SessionId,
        audience: Audience,
        refresh_token: Secret,
    ) -> AuthResult<TokenResponse> {
        let life_s = match audience {
            Audience::App => self.config.tokens.access_s,
            Audience::V0 => self.config.tokens.v0_s,
        };
        let grant = Grant { user: &user, session, audience, scopes: scopes_of(audience), life_s };
        let access_token = self.issuer.issue(&grant)?;
        Ok(TokenResponse {
            access_token,
            token_type: "Bearer".to_owned(),
            expires_in: u64::from(life_s),
            refresh_token,
            user,
        })
    }
}

/// Counts a log-in by what became of it.
pub(super) fn counted(result: AuthResult<TokenResponse>) -> AuthResult<TokenResponse> {
    AUTH.logins.count(match &result {
        Ok(_) => Login::Succeeded,
        Err(AuthError::Refused(_) | AuthError::Invalid(_)) => Login::Failed,
        Err(AuthError::Throttled { .. }) => Login::Throttled,
        Err(AuthError::Busy | AuthError::Db(_) | AuthError::Key(_) | AuthError::Internal(_)) => Login::Undecided,
    });
    result
}
