//! Rooms.

use axum::extract::State;
use axum::http::StatusCode;
use chatapp_http::{ApiResult, Caller, Json, PageQuery, Path, Query};
use chatapp_types::auth::Scope;
use chatapp_types::limits::ROOM_NAME_CHARS;
use chatapp_types::rooms::{CreateRoomRequest, CreatedRoom, Room, UpdateRoomRequest};
use chatapp_types::{FieldError, Page, RoomId, RoomName};
use serde::Deserialize;

use crate::app;
use crate::state::AppState;
use crate::store::{ListScope, RoomsCursor, RoomsQuery};

/// Which rooms a list holds.
#[derive(Clone, Copy, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Which {
    /// Those one is a member of.
    #[default]
    Mine,
    /// Every public room that does not keep one out, one's own among them.
    Public,
}

/// The query of the list of rooms.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListRoomsQuery {
    /// Which rooms; one's own when it is not said.
    #[serde(default)]
    #[param(inline, required = false, default = "mine")]
    scope: Which,
    /// Only rooms whose name holds this text, in whatever case. No character is a wildcard.
    #[serde(default)]
    #[param(required = false, max_length = 64)]
    q: String,
    #[serde(flatten)]
    #[param(ignore)]
    page: PageQuery,
}

/// List rooms
///
/// Ordered by name. Rooms that keep the caller out are not in it.
#[utoipa::path(get, path = "/v1/rooms", tag = "rooms", params(ListRoomsQuery, PageQuery),
    responses((status = 200, description = "A page of rooms.", body = Page<Room>)))]
pub(super) async fn list_rooms(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<ListRoomsQuery>,
) -> ApiResult<Json<Page<Room>>> {
    caller.require(Scope::Read)?;
    if query.q.chars().count() > *ROOM_NAME_CHARS.end() {
        return Err(FieldError::new("q", "too_long", "at most 64 characters").into());
    }
    let scope = match query.scope {
        Which::Mine => ListScope::Mine,
        Which::Public => ListScope::Public,
    };
    let after = query.page.after::<RoomsCursor>()?;
    let query = RoomsQuery { scope, text: RoomName::norm_of(&query.q), after, limit: query.page.limit() };
    Ok(Json(state.store.list_rooms(caller.user, query).await?))
}

/// Create a room
///
/// The caller is its owner and first member. A private room has a secret code from the beginning, the chosen one or one
/// that is made; it is in this answer and in no other. Public rooms have unique names; a private room's name is unique
/// to nobody.
#[utoipa::path(post, path = "/v1/rooms", tag = "rooms", request_body = CreateRoomRequest,
    responses((status = 201, description = "The room.", body = CreatedRoom)))]
pub(super) async fn create_room(
    State(state): State<AppState>,
    caller: Caller,
    Json(request): Json<CreateRoomRequest>,
) -> ApiResult<(StatusCode, Json<CreatedRoom>)> {
    caller.require(Scope::Write)?;
    let made = app::create_room::create_room(&*state.store, &state.codes, &caller.user_ref(), request).await?;
    tracing::info!(room.id = %made.room.id, room.visibility = %made.room.visibility, "room created");
    Ok((StatusCode::CREATED, Json(made)))
}

/// Get a room
///
/// Members see it, and of a public room everyone who is not blocked in it. A private room of which one is not a member
/// and a room that does not exist are the same 404.
#[utoipa::path(get, path = "/v1/rooms/{room_id}", tag = "rooms", params(("room_id" = RoomId, Path)),
    responses((status = 200, description = "The room.", body = Room)))]
pub(super) async fn get_room(
    State(state): State<AppState>,
    caller: Caller,
    Path(room): Path<RoomId>,
) -> ApiResult<Json<Room>> {
    caller.require(Scope::Read)?;
    Ok(Json(state.store.get_room(caller.user, room).await?))
}

/// Get a room by its name
///
/// Names are compared as people read them (case and form do not count). Rooms one is a member of go before others;
/// among them the public one goes first, then the oldest private one.
#[utoipa::path(get, path = "/v1/rooms/by-name/{name}", tag = "rooms",
    params(("name" = String, Path, max_length = 64)),
    responses((status = 200, description = "The room.", body = Room)))]
pub(super) async fn get_room_by_name(
    State(state): State<AppState>,
    caller: Caller,
    Path(name): Path<String>,
) -> ApiResult<Json<Room>> {
    caller.require(Scope::Read)?;
    Ok(Json(state.store.get_room_by_name(caller.user, &compared(&name)).await?))
}

/// The compared form of a name in a path. A text too long to be a name is cut, and finds nothing.
pub(super) fn compared(name: &str) -> String {
    let name: String = name.chars().take(ROOM_NAME_CHARS.end() * 4).collect();
    RoomName::norm_of(&name)
}

/// Change a room
///
/// For owner and admins. What is absent stays. A room that becomes public needs a name that no public room has, and
/// loses its secret code; one that becomes private leaves the lists and has no code until one is set.
#[utoipa::path(patch, path = "/v1/rooms/{room_id}", tag = "rooms", params(("room_id" = RoomId, Path)),
    request_body = UpdateRoomRequest, responses((status = 200, description = "The room.", body = Room)))]
pub(super) async fn update_room(
    State(state): State<AppState>,
    caller: Caller,
    Path(room): Path<RoomId>,
    Json(request): Json<UpdateRoomRequest>,
) -> ApiResult<Json<Room>> {
    caller.require(Scope::Moderate)?;
    Ok(Json(state.store.update_room(&caller.user_ref(), room, request.into()).await?))
}

/// Delete a room
///
/// For its owner. Everything in it is gone; its name is free. Needs the scope `account`, which no script's token has.
#[utoipa::path(delete, path = "/v1/rooms/{room_id}", tag = "rooms", params(("room_id" = RoomId, Path)),
    responses((status = 204, description = "It is gone.")))]
pub(super) async fn delete_room(
    State(state): State<AppState>,
    caller: Caller,
    Path(room): Path<RoomId>,
) -> ApiResult<StatusCode> {
    caller.require(Scope::Account)?;
    state.store.delete_room(&caller.user_ref(), room).await?;
    tracing::info!(room.id = %room, "room deleted");
    Ok(StatusCode::NO_CONTENT)
}
