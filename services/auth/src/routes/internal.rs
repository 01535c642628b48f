//! What other services ask, with a service token; to anybody else these routes are not there.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use chatapp_http::{ApiResult, Json, Query, RevokedSession, ServiceCaller};
use chatapp_types::{Secret, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::openapi::OpenApi;

use super::AppState;
use crate::app::Accounts;

/// `POST /internal/tokens/exchange`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExchangeRequest {
    token: Secret,
}

/// An access token for a script's token.
#[derive(Debug, Serialize)]
struct ExchangeResponse {
    access_token: Secret,
    expires_in: u64,
    session_id: SessionId,
}

#[derive(Debug, Deserialize)]
struct SinceQuery {
    /// Milliseconds since the epoch.
    #[serde(default)]
    since: i64,
}

pub(super) fn router(openapi: OpenApi) -> Router<AppState> {
    let openapi = Arc::new(openapi);
    let describe = move |_: ServiceCaller| async move { Json(openapi) };
    Router::new()
        .route("/internal/tokens/exchange", post(exchange_token))
        .route("/internal/revocations", get(list_revocations))
        .route("/internal/openapi.json", get(describe))
}

async fn exchange_token(
    _: ServiceCaller,
    State(accounts): State<Arc<Accounts>>,
    Json(request): Json<ExchangeRequest>,
) -> ApiResult<Json<ExchangeResponse>> {
    let exchanged = accounts.exchange_api_token(&request.token).await?;
    Ok(Json(ExchangeResponse {
        access_token: exchanged.access_token,
        expires_in: exchanged.expires_in,
        session_id: exchanged.session_id,
    }))
}

async fn list_revocations(
    _: ServiceCaller,
    State(accounts): State<Arc<Accounts>>,
    Query(query): Query<SinceQuery>,
) -> ApiResult<Json<Vec<RevokedSession>>> {
    Ok(Json(accounts.revoked_since(Timestamp::from_millis(query.since)).await?))
}
