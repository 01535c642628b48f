//! The interface: what comes in is parsed, what goes out is formed, and nothing is decided here.

mod audit;
mod blocks;
mod codes;
mod entering;
mod internal;
mod members;
mod rooms;
mod v0;

use chatapp_http::openapi::Conventions;
use utoipa::{Modify as _, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// What the description says besides the operations.
#[derive(OpenApi)]
#[openapi(
    info(title = "ChatApp rooms", description = "Rooms, members, codes, blocks."),
    tags(
        (name = "rooms", description = "Finding, making, changing and deleting rooms"),
        (name = "entering", description = "Coming in and leaving"),
        (name = "moderation", description = "What owners and admins do"),
    )
)]
struct Description;

/// All routes, and the description of the public ones.
pub(crate) fn router(state: AppState) -> (axum::Router, utoipa::openapi::OpenApi) {
    let (public, mut openapi) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(rooms::list_rooms, rooms::create_room))
        .routes(routes!(rooms::get_room, rooms::update_room, rooms::delete_room))
        .routes(routes!(rooms::get_room_by_name))
        .routes(routes!(entering::join_room))
        .routes(routes!(entering::join_by_code))
        .routes(routes!(entering::leave_room))
        .routes(routes!(codes::set_secret_code, codes::delete_secret_code))
        .routes(routes!(members::list_members))
        .routes(routes!(members::put_member, members::delete_member))
        .routes(routes!(members::transfer_room))
        .routes(routes!(blocks::list_blocks))
        .routes(routes!(blocks::put_block, blocks::delete_block))
        .routes(routes!(audit::list_audit))
        .split_for_parts();
    Conventions.modify(&mut openapi);
    let internal = internal::router(openapi.clone());
    let router = public.merge(internal).merge(v0::router()).with_state(state);
    (router, openapi)
}

/// The page that a query asks for, of a list whose cursors are numbers.
fn page_of(query: &chatapp_http::PageQuery) -> chatapp_http::ApiResult<crate::store::PageOf> {
    Ok(crate::store::PageOf { after: query.after()?, limit: query.limit() })
}
