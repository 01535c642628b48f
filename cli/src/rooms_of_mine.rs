//! Coming into rooms, and knowing which there are: what both interactive clients do.

use std::collections::HashMap;

use chatapp_client::api::{RoomQuery, RoomScope};
use chatapp_client::{Client, ClientError};
use chatapp_types::messages::UnreadRoom;
use chatapp_types::rooms::{CreateRoomRequest, CreatedRoom, Room, SetSecretCodeRequest};
use chatapp_types::{Clock, RoomId, RoomName, Visibility};

use crate::command::NewCode;

/// More rooms than that are not asked for.
const MOST: usize = 1_000;

/// One's rooms, with what is unread in each.
pub(crate) async fn with_counts(client: &Client) -> Result<Vec<(Room, Option<UnreadRoom>)>, ClientError> {
    let (rooms, unread) = futures::future::try_join(mine(client), client.list_unread()).await?;
    let mut unread: HashMap<RoomId, UnreadRoom> = unread.items.into_iter().map(|u| (u.room_id, u)).collect();
    Ok(rooms
        .into_iter()
        .map(|room| {
            let counts = unread.remove(&room.id);
            (room, counts)
        })
        .collect())
}

async fn mine(client: &Client) -> Result<Vec<Room>, ClientError> {
    client.list_all_rooms(RoomQuery::all(RoomScope::Mine), MOST).await
}

/// Public rooms whose name holds a text, up to `at_most`.
pub(crate) async fn public(client: &Client, text: &str, at_most: usize) -> Result<Vec<Room>, ClientError> {
    let text = Some(text.trim().to_owned()).filter(|t| !t.is_empty());
    client.list_all_rooms(RoomQuery { text, ..RoomQuery::all(RoomScope::Public) }, at_most).await
}

/// The room of this name or id, joined if one is not in it yet.
pub(crate) async fn go_to(client: &Client, name: &str) -> Result<Room, ClientError> {
    let name = name.trim();
    let room = match client.find_room(name).await {
        // `#hall` is how people write of the room `hall`.
        Err(ClientError::Problem(p)) if p.status == 404 && name.starts_with('#') => {
            client.find_room(&name[1..]).await?
        }
        found => found?,
    };
    if room.role.is_some() { Ok(room) } else { client.join_room(room.id, None).await }
}

/// Makes a room; the code of a private one is in the answer alone.
pub(crate) async fn create(client: &Client, name: &str, is_private: bool) -> Result<CreatedRoom, ClientError> {
    let visibility = if is_private { Visibility::Private } else { Visibility::Public };
    let name = RoomName::parse(name)?;
    client.create_room(&CreateRoomRequest { name, topic: None, visibility, history: None, secret_code: None }).await
}

/// Enters by a code. One that the server made names its room; one that a person chose needs the room's id before it.
pub(crate) async fn enter_by_code(client: &Client, typed: &str) -> Result<Room, ClientError> {
    let typed = typed.trim();
    let with_id = typed.split_once(char::is_whitespace).and_then(|(id, code)| Some((id.parse().ok()?, code.trim())));
    match with_id {
        Some((id, code)) => client.join_room(id, Some(code.into())).await,
        None => client.join_by_code(typed.into()).await,
    }
}

/// Makes a new code for a private room, and gives it: it is shown nowhere else.
pub(crate) async fn new_code(
    client: &Client,
    clock: &dyn Clock,
    room: RoomId,
    wanted: NewCode,
) -> Result<String, ClientError> {
    let is_public = client.get_room(room).await?.visibility == Visibility::Public;
    if is_public {
        return Err(ClientError::Usage("a public room has no code".to_owned()));
    }
    let request = SetSecretCodeRequest {
        secret_code: wanted.code.map(Into::into),
        expires_at: wanted.lasts.map(|length| clock.now().plus(length)),
        max_uses: wanted.uses,
    };
    Ok(client.set_secret_code(room, &request).await?.secret_code.expose().to_owned())
}
