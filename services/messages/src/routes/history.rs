//! Reading: messages as they are now, and the log as it was written.

use std::sync::Arc;

use axum::extract::State;
use chatapp_http::{ApiResult, Caller, Json, Path, Query};
use chatapp_types::auth::Scope;
use chatapp_types::messages::{Message, MessagePage, TimelinePage};
use chatapp_types::{RoomId, seq};
use serde::Deserialize;
use utoipa::IntoParams;

use super::MessagePath;
use crate::app::history::{HistoryPart, page_limit};
use crate::store::MessageStore;

/// The query of a page of messages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryQuery {
    /// Messages before this seq.
    #[serde(default, deserialize_with = "seq::optional")]
    before: Option<u64>,
    /// Messages after this seq.
    #[serde(default, deserialize_with = "seq::optional")]
    after: Option<u64>,
    /// Messages on both sides of this seq; one at it is among them.
    #[serde(default, deserialize_with = "seq::optional")]
    around: Option<u64>,
    /// Messages of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
}

/// Read messages.
///
/// The latest, or those before, after or around a seq, which need not be a message's. Oldest first, as they are now;
/// a deleted message keeps its place without its text. Give one of `before`, `after` and `around` at most.
#[utoipa::path(
    get,
    path = "/v1/rooms/{room_id}/messages",
    tag = "messages",
    params(("room_id" = RoomId, Path, description = "The room."), HistoryQuery),
    responses((status = 200, description = "A page of messages.", body = MessagePage))
)]
pub(super) async fn list_messages(
    State(store): State<Arc<dyn MessageStore>>,
    caller: Caller,
    Path(room): Path<RoomId>,
    Query(query): Query<HistoryQuery>,
) -> ApiResult<Json<MessagePage>> {
    caller.require(Scope::Read)?;
    let part = HistoryPart::parse(query.before, query.after, query.around)?;
    let limit = page_limit(query.limit)?;
    Ok(Json(store.history(caller.user, room, part, limit).await?))
}

/// Read a message.
///
/// As it is now; a deleted one without its text. One from before the caller's sight begins is 404, like one that never
/// was.
#[utoipa::path(
    get,
    path = "/v1/rooms/{room_id}/messages/{message_id}",
    tag = "messages",
    params(MessagePath),
    responses((status = 200, description = "The message.", body = Message))
)]
pub(super) async fn get_message(
    State(store): State<Arc<dyn MessageStore>>,
    caller: Caller,
    Path(MessagePath { room_id: room, message_id: message }): Path<MessagePath>,
) -> ApiResult<Json<Message>> {
    caller.require(Scope::Read)?;
    Ok(Json(store.message(caller.user, room, message).await?))
}

/// The query of a page of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TimelineQuery {
    /// The last seq that one has; 0 or absent for the beginning.
    #[serde(default, deserialize_with = "seq::optional")]
    pub(super) after: Option<u64>,
    /// Entries of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(super) limit: Option<i64>,
}

/// Read the room's log.
///
/// Entries after `after`, oldest first and without a gap: what a client that missed events reads to catch up. A
/// cursor below `floor` is moved up to it. Texts are those of the time of the entry; those of deleted messages are
/// erased.
#[utoipa::path(
    get,
    path = "/v1/rooms/{room_id}/timeline",
    tag = "messages",
    params(("room_id" = RoomId, Path, description = "The room."), TimelineQuery),
    responses((status = 200, description = "A page of the log.", body = TimelinePage))
)]
pub(super) async fn get_timeline(
    State(store): State<Arc<dyn MessageStore>>,
    caller: Caller,
    Path(room): Path<RoomId>,
    Query(query): Query<TimelineQuery>,
) -> ApiResult<Json<TimelinePage>> {
    caller.require(Scope::Read)?;
    let limit = page_limit(query.limit)?;
    Ok(Json(store.timeline(caller.user, room, query.after.unwrap_or_default(), limit).await?))
}
