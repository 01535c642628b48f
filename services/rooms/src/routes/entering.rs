//! Coming in and leaving.

use axum::extract::State;
use axum::http::StatusCode;
use chatapp_http::{ApiResult, Caller, Json, Path};
use chatapp_types::RoomId;
use chatapp_types::auth::Scope;
use chatapp_types::rooms::{JoinByCodeRequest, JoinRoomRequest, Room};

use crate::app::join_room as entering;
use crate::state::AppState;

/// Join a room
///
/// A public room is joined in one step, a private one with its secret code. For a member it changes nothing. An unknown
/// room, a private room without a code or with a wrong one, and a private room that keeps one out are the same 404
/// `room_not_found`. Five wrong codes a minute for one room, or twenty an hour, are 429 `throttled`.
#[utoipa::path(post, path = "/v1/rooms/{room_id}/join", tag = "entering", params(("room_id" = RoomId, Path)),
    request_body = Option<JoinRoomRequest>, responses((status = 200, description = "The room.", body = Room)))]
pub(super) async fn join_room(
    State(state): State<AppState>,
    caller: Caller,
    Path(room): Path<RoomId>,
    body: Option<Json<JoinRoomRequest>>,
) -> ApiResult<Json<Room>> {
    caller.require(Scope::Write)?;
    let code = body.and_then(|Json(request)| request.secret_code);
    Ok(Json(entering::join_room(&*state.store, &state.codes, &caller.user_ref(), room, code).await?))
}

/// Join the room of a code
///
/// A code that the server made names its room; one that a person chose does not, and opens only a room that is named.
/// Whatever the reason why it opens nothing, the answer is 404 `invalid_code`.
#[utoipa::path(post, path = "/v1/join", tag = "entering", request_body = JoinByCodeRequest,
    responses((status = 200, description = "The room.", body = Room)))]
pub(super) async fn join_by_code(
    State(state): State<AppState>,
    caller: Caller,
    Json(request): Json<JoinByCodeRequest>,
) -> ApiResult<Json<Room>> {
    caller.require(Scope::Write)?;
    let room = entering::join_by_code(&*state.store, &state.codes, &caller.user_ref(), &request.secret_code).await?;
    Ok(Json(room))
}

/// Leave a room
///
/// The owner transfers the room first, or deletes it.
#[utoipa::path(post, path = "/v1/rooms/{room_id}/leave", tag = "entering", params(("room_id" = RoomId, Path)),
    responses((status = 204, description = "One is not a member any more.")))]
pub(super) async fn leave_room(
    State(state): State<AppState>,
    caller: Caller,
    Path(room): Path<RoomId>,
) -> ApiResult<StatusCode> {
    caller.require(Scope::Write)?;
    state.store.leave_room(&caller.user_ref(), room).await?;
    Ok(StatusCode::NO_CONTENT)
}
