//! Who is in a room: joining, leaving, adding, removing, roles.

use chatapp_client::{Client, ClientError};
use chatapp_types::rooms::Member;
use chatapp_types::{ErrorCode, Role, RoomId, Username};

use super::asking::secret_option;
use super::room_id;
use crate::clock_text::local;
use crate::context::Context;
use crate::exit::Outcome;

pub(super) async fn join(context: &Context, room: Option<&str>, code: Option<String>) -> Outcome {
    let code = secret_option(code, "Secret code: ").await?;
    let client = context.client()?;
    let joined = match (room, code) {
        (None, Some(code)) => client.join_by_code(code).await?,
        (None, None) => return Err(crate::exit::Failure::usage("name a room, or give a code")),
        (Some(room), code) => match (room_id(context, &client, room).await, code) {
            (Ok(id), code) => client.join_room(id, code).await?,
            // A private room's name is known to its members alone; a code that the server made names its room.
            (Err(e), Some(code)) if e.code() == Some(ErrorCode::RoomNotFound) => client.join_by_code(code).await?,
            (Err(e), _) => return Err(e.into()),
        },
    };
    context.saw_rooms(&client, std::slice::from_ref(&joined));
    Ok(context.out.done(&joined, |r| format!("Joined {}.", r.name))?)
}

pub(super) async fn leave(context: &Context, room: &str) -> Outcome {
    let client = context.client()?;
    client.leave_room(room_id(context, &client, room).await?).await?;
    Ok(context.out.remark("Left the room.")?)
}

pub(super) async fn list(context: &Context, room: &str) -> Outcome {
    let client = context.client()?;
    let members = all(&client, room_id(context, &client, room).await?).await?;
    Ok(context.out.list(["NAME", "ROLE", "SINCE"], &members, |m| {
        [m.user.username.clone(), m.role.to_string(), local(m.joined_at)]
    })?)
}

/// Every member of a room.
pub(crate) async fn all(client: &Client, room: RoomId) -> Result<Vec<Member>, ClientError> {
    let mut members = Vec::new();
    let mut cursor = None;
    loop {
        let page = client.list_members(room, cursor.as_ref()).await?;
        members.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(members);
        }
    }
}

pub(super) async fn put(context: &Context, room: &str, user: &str, role: Option<Role>, done: &str) -> Outcome {
    let user = Username::parse(user)?;
    let client = context.client()?;
    client.put_member(room_id(context, &client, room).await?, &user, role).await?;
    Ok(context.out.remark(&format!("{user}: {done}."))?)
}

pub(super) async fn remove(context: &Context, room: &str, user: &str) -> Outcome {
    let user = Username::parse(user)?;
    let client = context.client()?;
    client.remove_member(room_id(context, &client, room).await?, &user).await?;
    Ok(context.out.remark(&format!("{user}: removed."))?)
}

pub(super) async fn transfer(context: &Context, room: &str, user: &str) -> Outcome {
    let user = Username::parse(user)?;
    let client = context.client()?;
    client.transfer_room(room_id(context, &client, room).await?, user.clone()).await?;
    Ok(context.out.remark(&format!("The room is {user}'s now."))?)
}
