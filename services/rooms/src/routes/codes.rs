//! Secret codes.

use axum::extract::State;
use axum::http::StatusCode;
use chatapp_http::{ApiResult, Caller, Json, Path};
use chatapp_types::RoomId;
use chatapp_types::auth::Scope;
use chatapp_types::rooms::{SecretCodeResponse, SetSecretCodeRequest};

use crate::app;
use crate::state::AppState;

/// Set or rotate the secret code
///
/// For owner and admins of a private room. The code before opens nothing any more. The new one is in this answer and in
/// no other.
#[utoipa::path(post, path = "/v1/rooms/{room_id}/secret_code", tag = "moderation", params(("room_id" = RoomId, Path)),
    request_body = Option<SetSecretCodeRequest>,
    responses((status = 200, description = "The code.", body = SecretCodeResponse)))]
pub(super) async fn set_secret_code(
    State(state): State<AppState>,
    caller: Caller,
    Path(room): Path<RoomId>,
    body: Option<Json<SetSecretCodeRequest>>,
) -> ApiResult<Json<SecretCodeResponse>> {
    caller.require(Scope::Moderate)?;
    let request = body.map(|Json(request)| request).unwrap_or_default();
    let (actor, now) = (caller.user_ref(), state.clock.now());
    Ok(Json(app::set_code::set_code(&*state.store, &state.codes, &actor, room, request, now).await?))
}

/// Remove the secret code
///
/// For owner and admins. From then on one comes in by being added alone.
#[utoipa::path(delete, path = "/v1/rooms/{room_id}/secret_code", tag = "moderation",
    params(("room_id" = RoomId, Path)), responses((status = 204, description = "No code opens the room.")))]
pub(super) async fn delete_secret_code(
    State(state): State<AppState>,
    caller: Caller,
    Path(room): Path<RoomId>,
) -> ApiResult<StatusCode> {
    caller.require(Scope::Moderate)?;
    state.store.remove_code(&caller.user_ref(), room).await?;
    Ok(StatusCode::NO_CONTENT)
}
