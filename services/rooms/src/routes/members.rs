//! Members.

use axum::extract::State;
use axum::http::StatusCode;
use chatapp_http::{ApiResult, Caller, Json, PageQuery, Path, Query};
use chatapp_types::auth::Scope;
use chatapp_types::rooms::{Member, PutMemberRequest, Room, TransferRequest};
use chatapp_types::{Page, RoomId};

use super::page_of;
use crate::state::AppState;
use crate::store::NamedUser;

/// List members
///
/// For members, in the order of their coming.
#[utoipa::path(get, path = "/v1/rooms/{room_id}/members", tag = "rooms",
    params(("room_id" = RoomId, Path), PageQuery),
    responses((status = 200, description = "A page of members.", body = Page<Member>)))]
pub(super) async fn list_members(
    State(state): State<AppState>,
    caller: Caller,
    Path(room): Path<RoomId>,
    Query(query): Query<PageQuery>,
) -> ApiResult<Json<Page<Member>>> {
    caller.require(Scope::Read)?;
    Ok(Json(state.store.list_members(caller.user, room, page_of(&query)?).await?))
}

/// Add a user, or change a member's role
///
/// For owner and admins; only the owner makes and unmakes admins. Adding a member again changes nothing. A blocked user
/// is not added: lift the block first.
#[utoipa::path(put, path = "/v1/rooms/{room_id}/members/{username}", tag = "moderation",
    params(("room_id" = RoomId, Path), ("username" = String, Path)), request_body = Option<PutMemberRequest>,
    responses((status = 200, description = "The member.", body = Member)))]
pub(super) async fn put_member(
    State(state): State<AppState>,
    caller: Caller,
    Path((room, username)): Path<(RoomId, String)>,
    body: Option<Json<PutMemberRequest>>,
) -> ApiResult<Json<Member>> {
    caller.require(Scope::Moderate)?;
    let role = body.and_then(|Json(request)| request.role);
    let subject = NamedUser::read(&username);
    Ok(Json(state.store.put_member(&caller.user_ref(), room, subject, role).await?))
}

/// Remove a member
///
/// Admins remove members, the owner admins too. Who was removed may come back if the room allows it. Removing oneself is
/// leaving.
#[utoipa::path(delete, path = "/v1/rooms/{room_id}/members/{username}", tag = "moderation",
    params(("room_id" = RoomId, Path), ("username" = String, Path)),
    responses((status = 204, description = "The user is not a member any more.")))]
pub(super) async fn delete_member(
    State(state): State<AppState>,
    caller: Caller,
    Path((room, username)): Path<(RoomId, String)>,
) -> ApiResult<StatusCode> {
    caller.require(Scope::Moderate)?;
    state.store.remove_member(&caller.user_ref(), room, NamedUser::read(&username)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Transfer a room
///
/// For its owner, to another member. The owner until now stays as an admin. Needs the scope `account`, which no script's
/// token has.
#[utoipa::path(post, path = "/v1/rooms/{room_id}/transfer", tag = "moderation", params(("room_id" = RoomId, Path)),
    request_body = TransferRequest, responses((status = 200, description = "The room.", body = Room)))]
pub(super) async fn transfer_room(
    State(state): State<AppState>,
    caller: Caller,
    Path(room): Path<RoomId>,
    Json(request): Json<TransferRequest>,
) -> ApiResult<Json<Room>> {
    caller.require(Scope::Account)?;
    let subject = NamedUser::read(request.username.as_str());
    Ok(Json(state.store.transfer_room(&caller.user_ref(), room, subject).await?))
}
