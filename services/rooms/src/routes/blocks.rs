//! Blocks.

use axum::extract::State;
use axum::http::StatusCode;
use chatapp_http::{ApiResult, Caller, Json, PageQuery, Path, Query};
use chatapp_types::auth::Scope;
use chatapp_types::rooms::{Block, BlockRequest};
use chatapp_types::{Page, RoomId};

use super::page_of;
use crate::app::blocking::NewBlock;
use crate::state::AppState;
use crate::store::NamedUser;

/// List blocks
///
/// For owner and admins: those that hold now, in the order of their making.
#[utoipa::path(get, path = "/v1/rooms/{room_id}/blocks", tag = "moderation",
    params(("room_id" = RoomId, Path), PageQuery),
    responses((status = 200, description = "A page of blocks.", body = Page<Block>)))]
pub(super) async fn list_blocks(
    State(state): State<AppState>,
    caller: Caller,
    Path(room): Path<RoomId>,
    Query(query): Query<PageQuery>,
) -> ApiResult<Json<Page<Block>>> {
    caller.require(Scope::Read)?;
    Ok(Json(state.store.list_blocks(caller.user, room, page_of(&query)?).await?))
}

/// Block a user
///
/// For owner and admins, upon those below them and upon users who are no members. It is answered once it is committed,
/// and from its place in the timeline on the user gets nothing of the room. A block made anew replaces reason and end;
/// one that has run out permits joining again.
#[utoipa::path(put, path = "/v1/rooms/{room_id}/blocks/{username}", tag = "moderation",
    params(("room_id" = RoomId, Path), ("username" = String, Path)), request_body = Option<BlockRequest>,
    responses((status = 200, description = "The block.", body = Block)))]
pub(super) async fn put_block(
    State(state): State<AppState>,
    caller: Caller,
    Path((room, username)): Path<(RoomId, String)>,
    body: Option<Json<BlockRequest>>,
) -> ApiResult<Json<Block>> {
    caller.require(Scope::Moderate)?;
    let request = body.map(|Json(request)| request).unwrap_or_default();
    let block = NewBlock::parse(&request, state.clock.now())?;
    let subject = NamedUser::read(&username);
    Ok(Json(state.store.block_user(&caller.user_ref(), room, subject, block).await?))
}

/// Lift a block
///
/// For owner and admins. The user may join again.
#[utoipa::path(delete, path = "/v1/rooms/{room_id}/blocks/{username}", tag = "moderation",
    params(("room_id" = RoomId, Path), ("username" = String, Path)),
    responses((status = 204, description = "The user is not blocked any more.")))]
pub(super) async fn delete_block(
    State(state): State<AppState>,
    caller: Caller,
    Path((room, username)): Path<(RoomId, String)>,
) -> ApiResult<StatusCode> {
    caller.require(Scope::Moderate)?;
    state.store.unblock_user(&caller.user_ref(), room, NamedUser::read(&username)).await?;
    Ok(StatusCode::NO_CONTENT)
}
