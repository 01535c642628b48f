//! What the commands about rooms do.

use chatapp_client::{ClientError, sanitize};
use chatapp_types::messages::UnreadRoom;
use chatapp_types::rooms::Room;
use chatapp_types::{RoomId, Visibility};

use super::act::Then;
use super::session::Session;
use super::view::View;
use super::{Leave, listing, menu};
use crate::rooms_of_mine;

/// Public rooms that a search shows.
const FOUND: usize = 50;
/// Rooms that are named where a part of a name may mean several.
const OFFERED: usize = 10;

pub(super) async fn list(session: &mut Session<'_>) -> Result<(), Leave> {
    let client = session.client.clone();
    let Some(rooms) = session.request(rooms_of_mine::with_counts(&client)).await? else { return Ok(()) };
    session.follow(rooms.iter().map(|(room, unread)| (room, unread.as_ref()))).await;
    for (at, (room, unread)) in rooms.iter().enumerate() {
        let line = listing::line(at + 1, room, unread.as_ref());
        session.console.print(&line)?;
    }
    Ok(())
}

pub(super) async fn find(session: &mut Session<'_>, text: &str) -> Result<(), Leave> {
    let client = session.client.clone();
    let Some(rooms) = session.request(rooms_of_mine::public(&client, text, FOUND)).await? else { return Ok(()) };
    if rooms.is_empty() {
        session.console.print("No public room is called so.")?;
    }
    for room in rooms {
        let topic = if room.topic.is_empty() { String::new() } else { format!(": {}", sanitize::line(&room.topic)) };
        session.console.print(&format!("{} ({} members){topic}", sanitize::line(&room.name), room.member_count))?;
    }
    Ok(())
}

/// To the room of this name; where there is none, to the one room of one's own that is meant by a part of its name.
pub(super) async fn go_to(session: &mut Session<'_>, name: &str) -> Result<Then, Leave> {
    let client = session.client.clone();
    let asked = async {
        match rooms_of_mine::go_to(&client, name).await {
            Err(e @ ClientError::Problem(_)) => match fitting(rooms_of_mine::with_counts(&client).await?, name) {
                rooms if rooms.is_empty() => Err(e),
                rooms => Ok(rooms),
            },
            found => found.map(|room| vec![room]),
        }
    };
    let Some(mut rooms) = session.request(asked).await? else { return Ok(Then::Stay) };
    if rooms.len() == 1 {
        return Ok(Then::to(rooms.pop()));
    }
    let names: Vec<_> = rooms.iter().map(|room| sanitize::line(&room.name).into_owned()).collect();
    session.console.print(&format!("Which one: {}?", names.join(", ")))?;
    Ok(Then::Stay)
}

/// Rooms that are meant by a part of their name, the best first.
fn fitting(rooms: Vec<(Room, Option<UnreadRoom>)>, typed: &str) -> Vec<Room> {
    let typed = typed.trim().trim_start_matches('#').to_lowercase();
    let rooms = rooms.into_iter().map(|(room, _)| room);
    rooms.filter(|room| room.name.to_lowercase().contains(&typed)).take(OFFERED).collect()
}

/// Back to a room one was in.
pub(super) async fn last(session: &mut Session<'_>, room: Option<RoomId>) -> Result<Then, Leave> {
    let Some(id) = room else {
        session.console.print("You were in no other room yet.")?;
        return Ok(Then::Stay);
    };
    let client = session.client.clone();
    Ok(Then::to(session.request(client.get_room(id)).await?))
}

pub(super) async fn log_out(session: &mut Session<'_>) -> Result<Then, Leave> {
    if !session.confirms("End the session, and chat?").await? {
        return Ok(Then::Stay);
    }
    menu::log_out(session).await?;
    Ok(Then::Quit)
}

pub(super) async fn enter(session: &mut Session<'_>, code: &str) -> Result<Then, Leave> {
    let client = session.client.clone();
    Ok(Then::to(session.request(rooms_of_mine::enter_by_code(&client, code)).await?))
}

/// To the room with unread messages, one that names the person first.
pub(super) async fn next_unread(session: &mut Session<'_>, here: Option<RoomId>) -> Result<Then, Leave> {
    let client = session.client.clone();
    let Some(rooms) = session.request(rooms_of_mine::with_counts(&client)).await? else { return Ok(Then::Stay) };
    let unread = rooms
        .into_iter()
        .filter(|(room, unread)| Some(room.id) != here && unread.as_ref().is_some_and(|u| u.messages > 0));
    let next = unread.max_by_key(|(_, unread)| unread.as_ref().map_or((0, 0), |u| (u.mentions, u.messages)));
    if next.is_none() {
        session.console.print("Nothing is unread in other rooms.")?;
    }
    Ok(Then::to(next.map(|(room, _)| room)))
}

pub(super) async fn leave(session: &mut Session<'_>, view: &View) -> Result<Then, Leave> {
    let back = if view.room.visibility == Visibility::Private { "; it takes its code to come back" } else { "" };
    let name = sanitize::line(&view.room.name).into_owned();
    if !session.confirms(&format!("Leave {name} for good{back}?")).await? {
        return Ok(Then::Stay);
    }
    let client = session.client.clone();
    match session.request(client.leave_room(view.room.id)).await? {
        Some(()) => {
            session.unfollow(view.room.id).await;
            session.console.print(&format!("You have left {name}{back}."))?;
            Ok(Then::GoBack)
        }
        None => Ok(Then::Stay),
    }
}

pub(super) async fn delete(session: &mut Session<'_>, view: &View, name: &str) -> Result<Then, Leave> {
    if name != view.room.name {
        session.console.print("That is not this room's name; nothing is deleted.")?;
        return Ok(Then::Stay);
    }
    let client = session.client.clone();
    match session.request(client.delete_room(view.room.id)).await? {
        Some(()) => {
            session.unfollow(view.room.id).await;
            session.console.print("The room is deleted.")?;
            Ok(Then::GoBack)
        }
        None => Ok(Then::Stay),
    }
}
