//! For the other services alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use chatapp_http::{ApiResult, Json, Path, Query, ServiceCaller};
use chatapp_types::limits::REPLAY_MAX;
use chatapp_types::messages::TimelinePage;
use chatapp_types::{FieldError, RoomId};
use serde::{Deserialize, Serialize};
use utoipa::openapi::OpenApi;

use super::AppState;
use super::history::TimelineQuery;
use crate::app::history::limit_up_to;
use crate::store::MessageStore;

/// Rooms of one question about heads.
const HEADS_MAX: usize = 1_000;

/// The internal routes. `openapi` is the public description.
pub(super) fn router(openapi: OpenApi) -> Router<AppState> {
    let openapi = Arc::new(openapi);
    let describe = move |_: ServiceCaller| async move { Json(OpenApi::clone(&openapi)) };
    Router::new()
        .route("/internal/rooms/{room_id}/timeline", get(read_log))
        .route("/internal/heads", post(list_heads))
        .route("/internal/openapi.json", get(describe))
}

/// `POST /internal/heads`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadsRequest {
    rooms: Vec<RoomId>,
}

/// The heads of those of the rooms that have a log.
#[derive(Serialize)]
struct HeadsResponse {
    rooms: BTreeMap<RoomId, u64>,
}

/// The log with everything in it: the keys of all posts, and also of a deleted room. Whoever asks decides who gets
/// what.
async fn read_log(
    _: ServiceCaller,
    State(store): State<Arc<dyn MessageStore>>,
    Path(room): Path<RoomId>,
    Query(query): Query<TimelineQuery>,
) -> ApiResult<Json<TimelinePage>> {
    let limit = limit_up_to(REPLAY_MAX, query.limit)?;
    Ok(Json(store.log(room, query.after.unwrap_or_default(), limit).await?))
}

async fn list_heads(
    _: ServiceCaller,
    State(store): State<Arc<dyn MessageStore>>,
    Json(request): Json<HeadsRequest>,
) -> ApiResult<Json<HeadsResponse>> {
    if request.rooms.len() > HEADS_MAX {
        return Err(FieldError::new("rooms", "too_long", format!("at most {HEADS_MAX} rooms")).into());
    }
    Ok(Json(HeadsResponse { rooms: store.heads(request.rooms).await? }))
}
