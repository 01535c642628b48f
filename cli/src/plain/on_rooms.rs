//! What the commands about rooms do.

use chatapp_client::sanitize;
use chatapp_types::Visibility;

use super::act::Then;
use super::session::Session;
use super::view::View;
use super::{Leave, menu};
use crate::rooms_of_mine;

/// Public rooms that a search shows.
const FOUND: usize = 50;

pub(super) async fn list(session: &mut Session<'_>) -> Result<(), Leave> {
    let client = session.client.clone();
    let Some(rooms) = session.request(rooms_of_mine::with_counts(&client)).await? else { return Ok(()) };
    for (at, (room, unread)) in rooms.iter().enumerate() {
        let line = menu::line(at + 1, room, unread.as_ref());
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

pub(super) async fn go_to(session: &mut Session<'_>, name: &str) -> Result<Then, Leave> {
    let client = session.client.clone();
    Ok(Then::to(session.request(rooms_of_mine::go_to(&client, name)).await?))
}

pub(super) async fn enter(session: &mut Session<'_>, code: &str) -> Result<Then, Leave> {
    let client = session.client.clone();
    Ok(Then::to(session.request(rooms_of_mine::enter_by_code(&client, code)).await?))
}

/// To the room with unread messages, one that names the person first.
pub(super) async fn next_unread(session: &mut Session<'_>, view: &View) -> Result<Then, Leave> {
    let client = session.client.clone();
    let Some(rooms) = session.request(rooms_of_mine::with_counts(&client)).await? else { return Ok(Then::Stay) };
    let unread = rooms
        .into_iter()
        .filter(|(room, unread)| room.id != view.room.id && unread.as_ref().is_some_and(|u| u.messages > 0));
    let next = unread.max_by_key(|(_, unread)| unread.as_ref().map_or((0, 0), |u| (u.mentions, u.messages)));
    if next.is_none() {
        session.console.print("Nothing is unread in other rooms.")?;
    }
    Ok(Then::to(next.map(|(room, _)| room)))
}

pub(super) async fn leave(session: &mut Session<'_>, view: &View) -> Result<Then, Leave> {
    let client = session.client.clone();
    match session.request(client.leave_room(view.room.id)).await? {
        Some(()) => {
            let back =
                if view.room.visibility == Visibility::Private { "; it takes its code to come back" } else { "" };
            session.console.print(&format!("You have left {}{back}.", sanitize::line(&view.room.name)))?;
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
            session.console.print("The room is deleted.")?;
            Ok(Then::GoBack)
        }
        None => Ok(Then::Stay),
    }
}
