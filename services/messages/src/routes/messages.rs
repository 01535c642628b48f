//! Posting, editing, deleting.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chatapp_http::{ApiResult, Caller, IdempotencyKey, Json, Path};
use chatapp_types::RoomId;
use chatapp_types::auth::Scope;
use chatapp_types::messages::{EditMessageRequest, Message, PostMessageRequest, PostedMessage};

use super::{MessagePath, counted};
use crate::app::body::{BodyLimits, MessageBody};
use crate::app::delete::Deleter;
use crate::store::{MessageStore, NewDeletion, NewEdit, NewMessage};

/// Post a message.
///
/// The answer comes after the commit. Make a new `Idempotency-Key` for each message and, when an answer was lost or
/// says `outcome: unknown`, repeat the request unchanged: the message is stored once, and a repeat is answered by 200
/// with the original and `duplicate: true`, even if it was edited or deleted since. The same key with another body or
/// `reply_to` is 409 `key_reused`. `@name` of a member is a mention.
#[utoipa::path(
    post,
    path = "/v1/rooms/{room_id}/messages",
    tag = "messages",
    params(
        ("room_id" = RoomId, Path, description = "The room."),
        ("Idempotency-Key" = chatapp_types::SendKey, Header, description = "A UUID made for this message (version 7 advised).")
    ),
    request_body = PostMessageRequest,
    responses(
        (status = 201, description = "Stored.", body = PostedMessage),
        (status = 200, description = "The key had been used for the same message: the original.", body = PostedMessage)
    )
)]
pub(super) async fn post_message(
    State(store): State<Arc<dyn MessageStore>>,
    State(limits): State<BodyLimits>,
    caller: Caller,
    Path(room): Path<RoomId>,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<PostMessageRequest>,
) -> ApiResult<(StatusCode, Json<PostedMessage>)> {
    caller.require(Scope::Write)?;
    let body = MessageBody::parse("body", request.body, limits)?;
    let new = NewMessage { room, author: caller.user_ref(), key, body, reply_to: request.reply_to };
    let posted = counted(store.post(new).await)?;
    let status = if posted.duplicate { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(posted)))
}

/// Edit one's own message.
///
/// The new text takes the place of the old one; mentions stay those of the post. The same text again changes nothing.
#[utoipa::path(
    patch,
    path = "/v1/rooms/{room_id}/messages/{message_id}",
    tag = "messages",
    params(MessagePath),
    request_body = EditMessageRequest,
    responses((status = 200, description = "The message as it is now.", body = Message))
)]
pub(super) async fn edit_message(
    State(store): State<Arc<dyn MessageStore>>,
    State(limits): State<BodyLimits>,
    caller: Caller,
    Path(MessagePath { room_id: room, message_id: message }): Path<MessagePath>,
    Json(request): Json<EditMessageRequest>,
) -> ApiResult<Json<Message>> {
    caller.require(Scope::Write)?;
    let body = MessageBody::parse("body", request.body, limits)?;
    let edit = NewEdit { room, message, editor: caller.user_ref(), body };
    Ok(Json(store.edit(edit).await?))
}

/// Delete a message.
///
/// One's own, or as an admin or the owner anyone's (this needs the scope `moderate`). Its text and all its edits are
/// erased; its place in the log stays. Deleting it again changes nothing.
#[utoipa::path(
    delete,
    path = "/v1/rooms/{room_id}/messages/{message_id}",
    tag = "messages",
    params(MessagePath),
    responses((status = 204, description = "Erased."))
)]
pub(super) async fn delete_message(
    State(store): State<Arc<dyn MessageStore>>,
    caller: Caller,
    Path(MessagePath { room_id: room, message_id: message }): Path<MessagePath>,
) -> ApiResult<StatusCode> {
    caller.require(Scope::Write)?;
    let deleter = Deleter { user: caller.user, may_moderate: caller.scopes.contains(&Scope::Moderate) };
    store.delete(NewDeletion { room, message, username: caller.username, deleter }).await?;
    Ok(StatusCode::NO_CONTENT)
}
