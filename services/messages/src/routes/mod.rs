//! The service's routes: HTTP, and nothing but HTTP.

mod history;
mod internal;
mod messages;
mod search;
mod unread;
mod v0;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use chatapp_http::openapi::Conventions;
use chatapp_http::{ServiceGate, TokenVerifier};
use chatapp_metrics::{MESSAGES, Post};
use chatapp_types::messages::PostedMessage;
use chatapp_types::{MessageId, RoomId};
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::body::BodyLimits;
use crate::error::StoreError;
use crate::store::MessageStore;

/// What handlers work with.
#[derive(Clone, FromRef)]
pub(crate) struct AppState {
    pub(crate) store: Arc<dyn MessageStore>,
    pub(crate) verifier: Arc<TokenVerifier>,
    pub(crate) gate: Arc<ServiceGate>,
    pub(crate) limits: BodyLimits,
}

/// The path of one message.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct MessagePath {
    /// The room.
    room_id: RoomId,
    /// The message.
    message_id: MessageId,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "ChatApp messages", description = "Messages: texts, edits, deletions, history, search, read markers."),
    tags((name = "messages", description = "Messages of a room, its log, what is unread, and search."))
)]
struct Description;

/// All routes, and the description of the public ones.
pub(crate) fn router(state: AppState) -> (Router, utoipa::openapi::OpenApi) {
    let (public, mut openapi) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(messages::post_message, history::list_messages))
        .routes(routes!(history::get_message, messages::edit_message, messages::delete_message))
        .routes(routes!(history::get_timeline))
        .routes(routes!(unread::put_read_marker))
        .routes(routes!(unread::list_unread))
        .routes(routes!(search::search_messages))
        .split_for_parts();
    utoipa::Modify::modify(&Conventions, &mut openapi);
    let router = public.merge(internal::router(openapi.clone())).merge(v0::router()).with_state(state);
    (router, openapi)
}

/// Counts a message that was sent by what became of it.
fn counted(posted: Result<PostedMessage, StoreError>) -> Result<PostedMessage, StoreError> {
    MESSAGES.posted.count(match &posted {
        Ok(posted) if posted.duplicate => Post::Repeated,
        Ok(_) => Post::Accepted,
        Err(StoreError::Refused(_)) => Post::Refused,
        Err(_) => Post::Failed,
    });
    posted
}
