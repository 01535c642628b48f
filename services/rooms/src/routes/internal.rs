//! What other services alone may call.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use chatapp_http::{Json, ServiceCaller};
use utoipa::openapi::OpenApi;

use crate::state::AppState;

/// The description of the public routes, for the gateway to merge.
pub(super) fn router(openapi: OpenApi) -> Router<AppState> {
    let openapi = Arc::new(openapi);
    let describe = move |_: ServiceCaller| {
        let openapi = Arc::clone(&openapi);
        async move { Json(openapi) }
    };
    Router::new().route("/internal/openapi.json", get(describe))
}
