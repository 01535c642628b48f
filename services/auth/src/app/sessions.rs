//! Keeping, showing and ending sessions.

use chatapp_http::{Audience, Caller, RevokedSession};
use chatapp_types::auth::{Session, TokenResponse};
use chatapp_types::{ErrorCode, Page, Secret, SessionId, Timestamp};

use super::Accounts;
use crate::error::{AuthError, AuthResult};
use crate::store::{RefreshRules, Refreshed};

impl Accounts {
    /// Gives another access token and the next refresh token. A token superseded a moment ago gives the same successor
    /// once more; the reuse of an older one ends the session.
    ///
    /// Refuses: `invalid_refresh_token`, whatever is wrong with it.
    pub async fn refresh(&self, presented: &Secret) -> AuthResult<TokenResponse> {
        let Some(token) = self.refresh_key.read(presented) else {
            return Err(ErrorCode::InvalidRefreshToken.into());
        };
        let tokens = &self.config.tokens;
        let rules = RefreshRules { grace: tokens.refresh_grace(), idle: tokens.session_idle() };
        let outcome = self.store.refresh_session(self.refresh_key.presented(&token), rules, self.clock.now()).await?;
        match outcome {
            Refreshed::Granted(user) => {
                let successor = self.refresh_key.write(&self.refresh_key.successor(&token));
                self.answer(user, token.session(), Audience::App, successor)
            }
            Refreshed::Reused(user) => {
                tracing::warn!(user.id = %user, session.id = %token.session(), "refresh token reused, session ended");
                Err(ErrorCode::InvalidRefreshToken.into())
            }
            Refreshed::Unknown => Err(ErrorCode::InvalidRefreshToken.into()),
        }
    }

    /// A page of the caller's sessions, newest first; the key of the next page is the last one's id.
    pub async fn sessions(&self, caller: &Caller, after: Option<SessionId>, limit: u32) -> AuthResult<Page<Session>> {
        let stored = self.store.list_sessions(caller.user, after, limit + 1, self.clock.now()).await?;
        let shown = stored.into_iter().map(|session| Session {
            id: session.id,
            client: session.client,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            current: session.id == caller.session,
        });
        Ok(Page::from_surplus(shown.collect(), limit as usize, |session| session.id))
    }

    /// Ends the session that asks. One that has ended a moment ago has ended: nothing is refused.
    pub async fn log_out(&self, caller: &Caller) -> AuthResult<()> {
        match self.end_session(caller, caller.session).await {
            Err(AuthError::Refused(ErrorCode::SessionNotFound)) => Ok(()),
            ended => ended,
        }
    }

    /// Ends one of the caller's sessions, be it the one that asks. Refuses: `session_not_found`.
    pub async fn end_session(&self, caller: &Caller, session: SessionId) -> AuthResult<()> {
        self.store.revoke_session(caller.user, session, self.clock.now()).await?;
        tracing::info!(user.id = %caller.user, session.id = %session, "session ended");
        Ok(())
    }

    /// Sessions and tokens that were ended at or after `since`, oldest first; for the other services.
    pub async fn revoked_since(&self, since: Timestamp) -> AuthResult<Vec<RevokedSession>> {
        Ok(self.store.revoked_since(since).await?)
    }
}
