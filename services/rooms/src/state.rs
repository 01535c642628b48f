//! What the handlers share.

use std::sync::Arc;

use axum::extract::FromRef;
use chatapp_http::{ServiceGate, TokenVerifier};
use chatapp_types::Clock;

use crate::app::set_code::Codes;
use crate::config::RoomsConfig;
use crate::store::RoomStore;

/// What the handlers share. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) store: Arc<dyn RoomStore>,
    pub(crate) codes: Arc<Codes>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Arc<RoomsConfig>,
    pub(crate) verifier: Arc<TokenVerifier>,
    pub(crate) gate: Arc<ServiceGate>,
}

impl FromRef<AppState> for Arc<TokenVerifier> {
    fn from_ref(state: &AppState) -> Self {
        Self::clone(&state.verifier)
    }
}

impl FromRef<AppState> for Arc<ServiceGate> {
    fn from_ref(state: &AppState) -> Self {
        Self::clone(&state.gate)
    }
}
