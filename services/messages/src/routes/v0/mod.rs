//! Messages as the original client knows them.

mod answer;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::get;
use chatapp_http::{ApiError, Json, Path, ServiceCaller, V0Caller};
use chatapp_types::SendKey;
use chatapp_types::auth::Scope;
use chatapp_types::limits::PAGE_MAX;
use serde::Deserialize;

use super::{AppState, counted};
use crate::app::body::{BodyLimits, MessageBody};
use crate::store::{MessageStore, NewMessage, PlainMessage};
use answer::{V0Error, V0Message};

/// The calls of version 0, reached through the gateway alone.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/internal/v0/messages/{room_name}", get(list_v0_messages).post(post_v0_message))
}

/// What the original client sends. Further fields are ignored, as they always were: the author is the token's user
/// and nobody else.
#[derive(Deserialize)]
struct V0NewMessage {
    content: String,
}

/// The latest messages of a room, oldest first. Deleted ones are left out.
async fn list_v0_messages(
    _: ServiceCaller,
    State(store): State<Arc<dyn MessageStore>>,
    headers: HeaderMap,
    caller: Result<V0Caller, ApiError>,
    name: Result<Path<String>, ApiError>,
) -> Result<Json<Vec<V0Message>>, V0Error> {
    let V0Caller(caller) = caller.map_err(|err| V0Error::of_caller(err, &headers))?;
    caller.require(Scope::Read).map_err(ApiError::from)?;
    let Path(name) = name?;
    let messages = store.plain_history(caller.user, name, PAGE_MAX).await?;
    Ok(Json(messages.into_iter().map(V0Message::from).collect()))
}

/// Posts a message. The original client sends no key, so the server makes one: a repeat of this call is a second
/// message.
async fn post_v0_message(
    _: ServiceCaller,
    State(store): State<Arc<dyn MessageStore>>,
    State(limits): State<BodyLimits>,
    headers: HeaderMap,
    caller: Result<V0Caller, ApiError>,
    name: Result<Path<String>, ApiError>,
    request: Result<Json<V0NewMessage>, ApiError>,
) -> Result<Json<V0Message>, V0Error> {
    let V0Caller(caller) = caller.map_err(|err| V0Error::of_caller(err, &headers))?;
    caller.require(Scope::Write).map_err(ApiError::from)?;
    let (Path(name), Json(request)) = (name?, request?);
    let body = MessageBody::parse("content", request.content, limits).map_err(ApiError::from)?;
    let room = store.room_named(caller.user, name).await?;
    let new = NewMessage { room, author: caller.user_ref(), key: SendKey::new(), body, reply_to: None };
    let message = counted(store.post(new).await)?.message;
    Ok(Json(V0Message::from(PlainMessage {
        seq: message.seq,
        username: message.author.username,
        body: message.body,
        at: message.at,
    })))
}
