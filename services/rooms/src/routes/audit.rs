//! The audit.

use axum::extract::State;
use chatapp_http::{ApiResult, Caller, Json, PageQuery, Path, Query};
use chatapp_types::auth::Scope;
use chatapp_types::rooms::AuditEvent;
use chatapp_types::{Page, RoomId};

use super::page_of;
use crate::state::AppState;

/// List acts of moderation
///
/// For owner and admins, newest first.
#[utoipa::path(get, path = "/v1/rooms/{room_id}/audit", tag = "moderation",
    params(("room_id" = RoomId, Path), PageQuery),
    responses((status = 200, description = "A page of acts.", body = Page<AuditEvent>)))]
pub(super) async fn list_audit(
    State(state): State<AppState>,
    caller: Caller,
    Path(room): Path<RoomId>,
    Query(query): Query<PageQuery>,
) -> ApiResult<Json<Page<AuditEvent>>> {
    caller.require(Scope::Read)?;
    Ok(Json(state.store.list_audit(caller.user, room, page_of(&query)?).await?))
}
