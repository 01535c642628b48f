//! Read markers and unread counts.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chatapp_http::{ApiResult, Caller, Json, Path};
use chatapp_types::RoomId;
use chatapp_types::auth::Scope;
use chatapp_types::messages::{ReadRequest, UnreadResponse};

use crate::store::MessageStore;

/// Move one's read marker.
///
/// It only moves forward, to the room's head at most. Posting moves it to one's own message.
#[utoipa::path(
    put,
    path = "/v1/rooms/{room_id}/read",
    tag = "messages",
    params(("room_id" = RoomId, Path, description = "The room.")),
    request_body = ReadRequest,
    responses((status = 204, description = "The marker is there, or was further already."))
)]
pub(super) async fn put_read_marker(
    State(store): State<Arc<dyn MessageStore>>,
    caller: Caller,
    Path(room): Path<RoomId>,
    Json(request): Json<ReadRequest>,
) -> ApiResult<StatusCode> {
    caller.require(Scope::Write)?;
    store.mark_read(caller.user, room, request.seq).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unread messages and mentions of every room one is in.
///
/// Counted from one's marker, or from where one came in. A message counts until the marker passes it, also when it is
/// deleted meanwhile; a mention counts while its text exists.
#[utoipa::path(
    get,
    path = "/v1/unread",
    tag = "messages",
    responses((status = 200, description = "A row a room.", body = UnreadResponse))
)]
pub(super) async fn list_unread(
    State(store): State<Arc<dyn MessageStore>>,
    caller: Caller,
) -> ApiResult<Json<UnreadResponse>> {
    caller.require(Scope::Read)?;
    Ok(Json(UnreadResponse { items: store.unread(caller.user).await? }))
}
