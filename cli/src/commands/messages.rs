//! Changing and erasing messages.

use chatapp_client::api::HistoryPart;
use chatapp_client::{Client, ClientError};
use chatapp_types::{ErrorCode, MessageId, RoomId};

use super::room_id;
use crate::args::MessageName;
use crate::context::Context;
use crate::exit::Outcome;

pub(super) async fn edit(context: &Context, room: &str, message: MessageName, text: String) -> Outcome {
    let client = context.client()?;
    let room = room_id(context, &client, room).await?;
    let id = message_id(&client, room, message).await?;
    let edited = client.edit_message(room, id, text).await?;
    Ok(context.out.done(&edited, |m| format!("Edited #{}.", m.seq))?)
}

pub(super) async fn delete(context: &Context, room: &str, message: MessageName) -> Outcome {
    let client = context.client()?;
    let room = room_id(context, &client, room).await?;
    let id = message_id(&client, room, message).await?;
    client.delete_message(room, id).await?;
    Ok(context.out.remark("Deleted.")?)
}

/// The id of a message that is named by seq or id.
pub(crate) async fn message_id(client: &Client, room: RoomId, name: MessageName) -> Result<MessageId, ClientError> {
    let seq = match name {
        MessageName::Id(id) => return Ok(id),
        MessageName::Seq(seq) => seq,
    };
    let page = client.list_messages(room, HistoryPart::After(seq.saturating_sub(1)), 1).await?;
    let found = page.items.into_iter().find(|m| m.seq == seq);
    found.map(|m| m.id).ok_or_else(|| ErrorCode::MessageNotFound.into())
}
