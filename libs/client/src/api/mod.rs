//! Every REST call, typed.
//!
//! A [`Client`] is cheap to clone. Its calls are one request each, except that an expired access token is refreshed and
//! the request repeated once. A call whose future is dropped may still have happened at the server.

mod accounts;
mod entering;
mod messages;
mod moderation;
mod rooms;
mod transport;

use std::sync::Arc;

use chatapp_types::{Clock, Secret, UserRef};
use reqwest::Method;

pub use messages::HistoryPart;
pub use rooms::{RoomQuery, RoomScope};
pub(crate) use transport::{Call, Transport};

use crate::bearer::{AccessToken, Bearer};
use crate::credentials::{CredentialStore, ProfileName};
use crate::{ClientError, GatewayUrl};

/// A client of one gateway, as one user or as nobody.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Transport,
    bearer: Arc<Bearer>,
}

impl Client {
    /// A client without a log-in: it can register, log in and look whether a name exists.
    pub fn anonymous(url: &GatewayUrl) -> Result<Self, ClientError> {
        Self::new(url, Bearer::None)
    }

    /// A client with a script's token, or any token that is never refreshed.
    pub fn with_token(url: &GatewayUrl, token: Secret) -> Result<Self, ClientError> {
        Self::new(url, Bearer::Fixed(token))
    }

    /// A client with the log-in that `store` keeps for `profile`. It refreshes the access token before it expires and
    /// keeps the new one in `store`, where other processes of the same profile find it.
    ///
    /// Fails with [`ClientError::NotLoggedIn`] when the profile has no session at `url`.
    pub fn with_session(
        url: &GatewayUrl,
        store: CredentialStore,
        profile: ProfileName,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ClientError> {
        let transport = Transport::new(url)?;
        let bearer = Bearer::session(store, profile, transport.clone(), clock)?;
        Ok(Self { transport, bearer: Arc::new(bearer) })
    }

    fn new(url: &GatewayUrl, bearer: Bearer) -> Result<Self, ClientError> {
        Ok(Self { transport: Transport::new(url)?, bearer: Arc::new(bearer) })
    }

    /// The gateway's address.
    pub fn url(&self) -> &GatewayUrl {
        self.transport.url()
    }

    /// Who a stored log-in is, without asking the server; `None` for a fixed token or nobody.
    pub fn known_user(&self) -> Option<UserRef> {
        self.bearer.known_user()
    }

    /// A token that is good now, refreshed if need be. With `refused`, one that differs from it.
    pub async fn access_token(&self, refused: Option<&Secret>) -> Result<AccessToken, ClientError> {
        self.bearer.access_token(refused).await
    }

    fn call(&self, method: Method, segments: &[&str]) -> Call {
        Call::new(method, self.transport.url().at(segments))
    }

    /// Makes a call as the user: with a token, and once more with a fresh one if the first has expired.
    async fn send(&self, call: Call) -> Result<transport::Answer, ClientError> {
        let token = self.bearer.access_token(None).await?;
        match self.transport.send(&call, Some(&token.token)).await {
            Err(e) if self.bearer.may_refresh_after(&e) => {
                let fresh = self.bearer.access_token(Some(&token.token)).await?;
                self.transport.send(&call, Some(&fresh.token)).await
            }
            other => other,
        }
    }

    /// Makes a call as nobody.
    async fn send_anonymously(&self, call: Call) -> Result<transport::Answer, ClientError> {
        self.transport.send(&call, None).await
    }
}
