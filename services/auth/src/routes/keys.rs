//! The public halves of the signing keys.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::CACHE_CONTROL;
use chatapp_http::Json;
use jsonwebtoken::jwk::JwkSet;

use crate::app::Accounts;

/// Shorter than the time for which a new key is published before it signs.
const CACHED: &str = "public, max-age=15";

/// Shows the keys by which access tokens are verified (RFC 7517)
///
/// A new key is here for a minute before it signs; an old one stays until its last token has ended.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "auth", security(()),
    responses((status = 200, description = "The keys.", body = serde_json::Value))
)]
pub(super) async fn get_signing_keys(
    State(accounts): State<Arc<Accounts>>,
) -> ([(HeaderName, &'static str); 1], Json<JwkSet>) {
    ([(CACHE_CONTROL, CACHED)], Json(accounts.keys().published()))
}
