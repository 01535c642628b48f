//! Whose requests they are: a token that is good when it is used.
//!
//! A session's refresh token changes at each use, and several windows of one profile share it. So a refresh is made
//! under the lock of the credentials file: whoever holds it first reads whether another process has refreshed already.
//! It runs in a task of its own, for a caller that goes away must not leave a rotated token unwritten.

use std::sync::Arc;
use std::time::Duration;

use chatapp_types::auth::{RefreshRequest, TokenResponse};
use chatapp_types::{Clock, ErrorCode, Secret, Timestamp, UserRef};
use reqwest::Method;
use tokio::sync::Mutex;

use crate::api::{Call, Transport};
use crate::backoff::Backoff;
use crate::credentials::{CredentialStore, LockedCredentials, Profile, ProfileName, StoredSession};
use crate::{ClientError, GatewayUrl};

/// A token this much before its end is refreshed, so that no request meets the end on its way.
const REFRESH_BEFORE_END: time::Duration = time::Duration::seconds(60);

/// The superseded refresh token gets the same answer for 30 s, so that a lost answer can be asked for again.
const REFRESH_TRIES: u32 = 3;
/// Between the tries, for others wait for the file's lock meanwhile.
const REFRESH_WAIT_MAX: Duration = Duration::from_secs(5);

/// An access token, and when it must be replaced.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token.
    pub token: Secret,
    /// When it expires, by this machine's clock; `None` where that is not known.
    pub expires_at: Option<Timestamp>,
}

/// Where the token of a request comes from.
#[derive(Debug)]
pub(crate) enum Bearer {
    None,
    Fixed(Secret),
    Session(Arc<SessionBearer>),
}

#[derive(Debug)]
pub(crate) struct SessionBearer {
    store: CredentialStore,
    profile: ProfileName,
    transport: Transport,
    clock: ClockOf,
    user: UserRef,
    current: Mutex<StoredSession>,
}

struct ClockOf(Arc<dyn Clock>);

impl std::fmt::Debug for ClockOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl Bearer {
    pub(crate) fn session(
        store: CredentialStore,
        profile: ProfileName,
        transport: Transport,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ClientError> {
        let session = session_at(store.profile(&profile)?, transport.url()).ok_or(ClientError::NotLoggedIn)?;
        let user = session.user.clone();
        let current = Mutex::new(session);
        Ok(Self::Session(Arc::new(SessionBearer { store, profile, transport, clock: ClockOf(clock), user, current })))
    }

    pub(crate) fn known_user(&self) -> Option<UserRef> {
        match self {
            Self::Session(session) => Some(session.user.clone()),
            _ => None,
        }
    }

    /// Whether another token may do what this error refused.
    pub(crate) fn may_refresh_after(&self, error: &ClientError) -> bool {
        matches!(self, Self::Session(_)) && error.code() == Some(ErrorCode::TokenExpired)
    }

    pub(crate) async fn access_token(&self, refused: Option<&Secret>) -> Result<AccessToken, ClientError> {
        match self {
            Self::None => Err(ClientError::NotLoggedIn),
            Self::Fixed(token) => Ok(AccessToken { token: token.clone(), expires_at: None }),
            Self::Session(session) => session.access_token(refused).await,
        }
    }
}

impl SessionBearer {
    async fn access_token(self: &Arc<Self>, refused: Option<&Secret>) -> Result<AccessToken, ClientError> {
        let this = Arc::clone(self);
        let refused = refused.cloned();
        if let Ok(current) = self.current.try_lock()
            && self.is_good(&current, refused.as_ref())
        {
            return Ok(token_of(&current));
        }
        tokio::spawn(async move { this.refresh(refused.as_ref()).await })
            .await
            .map_err(|e| ClientError::Network(e.into()))?
    }

    fn is_good(&self, session: &StoredSession, refused: Option<&Secret>) -> bool {
        let ends = self.clock.0.now().plus(REFRESH_BEFORE_END) >= session.expires_at;
        !ends && refused != Some(&session.access_token)
    }

    /// One refresh at a time in this process (the mutex) and among processes (the file's lock).
    async fn refresh(&self, refused: Option<&Secret>) -> Result<AccessToken, ClientError> {
        let mut current = self.current.lock().await;
        if self.is_good(&current, refused) {
            return Ok(token_of(&current));
        }
        let store = self.store.clone();
        let held = tokio::task::spawn_blocking(move || store.lock()).await;
        let held = held.map_err(|e| ClientError::Network(e.into()))??;
        let on_disk = session_at(held.profile(&self.profile)?, self.transport.url())
            .filter(|session| session.user.id == self.user.id)
            .ok_or(ClientError::NotLoggedIn)?;
        if on_disk != *current && self.is_good(&on_disk, refused) {
            *current = on_disk;
            return Ok(token_of(&current));
        }
        match self.ask(&on_disk.refresh_token).await {
            Ok(answer) => {
                let session = StoredSession::from_answer(answer, self.clock.0.now());
                self.keep(&held, Some(session.clone()))?;
                *current = session;
                Ok(token_of(&current))
            }
            Err(e) if e.ends_session() => {
                self.keep(&held, None)?;
                Err(e)
            }
            Err(e) => Err(e),
        }
    }

    fn keep(&self, held: &LockedCredentials, session: Option<StoredSession>) -> Result<(), ClientError> {
        let url = self.transport.url().clone();
        held.update(&self.profile, |_| Some(Profile { url, session }))
    }

    async fn ask(&self, refresh_token: &Secret) -> Result<TokenResponse, ClientError> {
        let request = RefreshRequest { refresh_token: refresh_token.clone() };
        let call = Call::new(Method::POST, self.transport.url().at(&["v1", "auth", "refresh"])).json(&request);
        let mut backoff = Backoff::for_requests();
        for _ in 1..REFRESH_TRIES {
            match self.transport.send(&call, None).await {
                Err(e) if e.is_transient() => {
                    let wait = e.retry_after().unwrap_or_default().max(backoff.next_wait()).min(REFRESH_WAIT_MAX);
                    tokio::time::sleep(wait).await;
                }
                answer => return answer?.json(),
            }
        }
        self.transport.send(&call, None).await?.json()
    }
}

fn session_at(profile: Option<Profile>, url: &GatewayUrl) -> Option<StoredSession> {
    profile.filter(|p| p.url == *url).and_then(|p| p.session)
}

fn token_of(session: &StoredSession) -> AccessToken {
    AccessToken { token: session.access_token.clone(), expires_at: Some(session.expires_at) }
}
