//! What the gateway's handlers share.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use chatapp_http::{ServiceClient, TokenVerifier};
use tokio_util::task::TaskTracker;

use crate::config::GatewayConfig;
use crate::edge::{RequestLimits, ScriptTokens};
use crate::rest::Description;
use crate::socket::services::SocketServices;

/// The gateway. Clones share it.
#[derive(Clone)]
pub(crate) struct Gateway(Arc<Shared>);

/// What there is of it.
pub(crate) struct Shared {
    pub(crate) config: Arc<GatewayConfig>,
    pub(crate) auth: ServiceClient,
    pub(crate) rooms: ServiceClient,
    pub(crate) messages: ServiceClient,
    pub(crate) verifier: Arc<TokenVerifier>,
    pub(crate) scripts: Arc<ScriptTokens>,
    pub(crate) limits: Arc<RequestLimits>,
    pub(crate) description: Description,
    pub(crate) sockets: Arc<SocketServices>,
    pub(crate) tasks: TaskTracker,
}

impl Gateway {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for Gateway {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<Gateway> for Arc<TokenVerifier> {
    fn from_ref(gateway: &Gateway) -> Self {
        gateway.verifier.clone()
    }
}
