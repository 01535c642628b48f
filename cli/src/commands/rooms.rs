//! Finding, making, changing and deleting rooms.

use std::collections::HashMap;

use chatapp_client::api::{RoomQuery, RoomScope};
use chatapp_types::messages::UnreadRoom;
use chatapp_types::rooms::{CreateRoomRequest, Room, UpdateRoomRequest};
use chatapp_types::{History, Role, RoomId, RoomName, Topic, Visibility};
use serde::Serialize;

use super::asking::{ask, secret_option};
use super::room_id;
use crate::args::{CreateArgs, RoomsArgs};
use crate::console::{Console, Style};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    room: Room,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mentions: Option<u64>,
}

pub(super) async fn list(context: &Context, args: RoomsArgs) -> Outcome {
    let client = context.client()?;
    let scope = if args.public { RoomScope::Public } else { RoomScope::Mine };
    let query = RoomQuery { text: args.search, ..RoomQuery::all(scope) };
    let rooms = client.list_all_rooms(query, args.limit).await?;
    context.saw_rooms(&client, &rooms);
    let unread: HashMap<RoomId, UnreadRoom> = if args.public {
        HashMap::new()
    } else {
        client.list_unread().await?.items.into_iter().map(|u| (u.room_id, u)).collect()
    };
    let listed: Vec<Listed> = rooms
        .into_iter()
        .map(|room| {
            let counts = unread.get(&room.id);
            Listed { unread: counts.map(|u| u.messages), mentions: counts.map(|u| u.mentions), room }
        })
        .collect();
    Ok(context.out.list(["NAME", "VISIBILITY", "ROLE", "UNREAD", "MEMBERS", "ID", "TOPIC"], &listed, row)?)
}

fn row(listed: &Listed) -> [String; 7] {
    let room = &listed.room;
    [
        room.name.clone(),
        room.visibility.to_string(),
        room.role.map_or("-", Role::as_str).to_owned(),
        listed.unread.map_or_else(|| "-".to_owned(), |n| n.to_string()),
        room.member_count.to_string(),
        room.id.to_string(),
        room.topic.clone(),
    ]
}

pub(super) async fn create(context: &Context, args: CreateArgs) -> Outcome {
    let request = CreateRoomRequest {
        name: RoomName::parse(&args.name)?,
        topic: args.topic.as_deref().map(Topic::parse).transpose()?,
        visibility: if args.private { Visibility::Private } else { Visibility::Public },
        history: args.since_join.then_some(History::SinceJoin),
        secret_code: secret_option(args.code, "Secret code: ").await?,
    };
    let client = context.client()?;
    let created = client.create_room(&request).await?;
    context.saw_rooms(&client, std::slice::from_ref(&created.room));
    if context.out.is_json() {
        return Ok(context.out.json(&created)?);
    }
    context.out.remark(&format!("Made the {} room {}.", created.room.visibility, created.room.name))?;
    context.out.text(&created.room.id.to_string())?;
    if let Some(code) = &created.secret_code {
        context.out.remark("Its secret code, shown this once:")?;
        context.out.text(code.expose())?;
    }
    Ok(())
}

pub(super) async fn rename(context: &Context, room: &str, name: &str) -> Outcome {
    update(context, room, UpdateRoomRequest { name: Some(RoomName::parse(name)?), ..Default::default() }).await
}

pub(super) async fn set_topic(context: &Context, room: &str, topic: &str) -> Outcome {
    update(context, room, UpdateRoomRequest { topic: Some(Topic::parse(topic)?), ..Default::default() }).await
}

pub(super) async fn set_visibility(context: &Context, room: &str, visibility: Visibility) -> Outcome {
    update(context, room, UpdateRoomRequest { visibility: Some(visibility), ..Default::default() }).await
}

async fn update(context: &Context, room: &str, request: UpdateRoomRequest) -> Outcome {
    let client = context.client()?;
    let id = room_id(context, &client, room).await?;
    let room = client.update_room(id, &request).await?;
    Ok(context.out.done(&room, |r| format!("Changed the room {}.", r.name))?)
}

pub(super) async fn delete(context: &Context, room: &str, is_sure: bool) -> Outcome {
    let client = context.client()?;
    let room = client.find_room(room).await?;
    if !is_sure {
        let mut console = Console::for_command()?;
        if !console.is_interactive() {
            return Err(Failure::usage("deleting a room needs --yes"));
        }
        let prompt = format!("Everything in it is lost. Type the room's name to delete {}: ", room.name);
        if ask(&mut console, &prompt, Style::Question).await?.trim() != room.name {
            return Err(Failure::new(Exit::Interrupted, "not deleted"));
        }
    }
    client.delete_room(room.id).await?;
    Ok(context.out.remark(&format!("Deleted the room {}.", room.name))?)
}
