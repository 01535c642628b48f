//! The list of rooms as it is shown.

use std::collections::{HashMap, HashSet};

use chatapp_client::api::{RoomQuery, RoomScope};
use chatapp_client::sanitize;
use chatapp_types::messages::UnreadRoom;
use chatapp_types::rooms::Room;
use chatapp_types::{RoomId, Visibility};

use super::Leave;
use super::session::Session;
use crate::rooms_of_mine;

/// Public rooms that are shown beside one's own.
const PUBLIC_SHOWN: usize = 50;

const CHOICES: &str = "0. Create new chat room\n-1. Exit\n-2. Enter a private room by its code";

/// One's own rooms, then public ones to join; or what a search finds.
pub(super) async fn show(session: &mut Session<'_>, search: Option<String>) -> Result<Vec<Room>, Leave> {
    let client = session.client.clone();
    let text = search.clone();
    let listed = session.request(async {
        let mine =
            client.list_all_rooms(RoomQuery { text: text.clone(), ..RoomQuery::all(RoomScope::Mine) }, 1_000).await?;
        let public =
            rooms_of_mine::public(&client, text.as_deref().unwrap_or_default(), PUBLIC_SHOWN + mine.len()).await?;
        let unread = client.list_unread().await?;
        Ok((mine, public, unread))
    });
    let Some((mut rooms, public, unread)) = listed.await? else {
        return kept(session);
    };
    session.context.saw_rooms(&session.client, &rooms);
    let known: HashSet<RoomId> = rooms.iter().map(|r| r.id).collect();
    let unread: HashMap<RoomId, UnreadRoom> = unread.items.into_iter().map(|u| (u.room_id, u)).collect();
    if search.is_none() {
        session.keep_rooms(|kept| kept.listed(&rooms, &unread));
    }
    session.follow(rooms.iter().map(|room| (room, unread.get(&room.id)))).await;
    rooms.extend(public.into_iter().filter(|r| !known.contains(&r.id)).take(PUBLIC_SHOWN));
    let title = search
        .map_or_else(|| "Available chat rooms:".to_owned(), |s| format!("Chat rooms with {}:", sanitize::line(&s)));
    session.console.print(&title)?;
    for (at, room) in rooms.iter().enumerate() {
        session.console.print(&line(at + 1, room, unread.get(&room.id)))?;
    }
    session.console.print(CHOICES)?;
    Ok(rooms)
}

/// The rooms as they were the last time: the gateway could not be asked.
fn kept(session: &mut Session<'_>) -> Result<Vec<Room>, Leave> {
    let rooms: Vec<Room> = session.kept_rooms().rooms.into_iter().map(|r| r.room).collect();
    if !rooms.is_empty() {
        session.console.print("Chat rooms as they were the last time:")?;
    }
    for (at, room) in rooms.iter().enumerate() {
        session.console.print(&line(at + 1, room, None))?;
    }
    session.console.print(&format!("{CHOICES}\nThe rooms could not be listed; an empty line tries again."))?;
    Ok(rooms)
}

pub(super) fn line(number: usize, room: &Room, unread: Option<&UnreadRoom>) -> String {
    let mut notes = Vec::new();
    if room.visibility == Visibility::Private {
        notes.push("private".to_owned());
    }
    if room.role.is_none() {
        notes.push("not joined".to_owned());
    }
    if let Some(u) = unread.filter(|u| u.messages > 0) {
        notes.push(format!("{} unread", u.messages));
        if u.mentions > 0 {
            notes.push(format!("{} for you", u.mentions));
        }
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    format!("{number}. {}{notes}", sanitize::line(&room.name))
}

#[cfg(test)]
mod tests {
    use super::super::testing::room;
    use super::*;

    #[test]
    fn the_list_tells_what_is_unread_and_what_is_private() {
        let mut den = room("den");
        den.visibility = Visibility::Private;
        let unread = UnreadRoom { room_id: den.id, messages: 3, mentions: 1, read_seq: 2, head: 9 };
        assert_eq!(line(2, &den, Some(&unread)), "2. den (private, 3 unread, 1 for you)");
        assert_eq!(line(1, &room("general"), None), "1. general");
    }
}
