//! Rooms: finding, making, changing, deleting.

use chatapp_types::rooms::{CreateRoomRequest, CreatedRoom, Room, UpdateRoomRequest};
use chatapp_types::{Cursor, ErrorCode, Page, RoomId, RoomName};
use reqwest::Method;

use super::Client;
use crate::ClientError;

/// Which rooms a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomScope {
    /// Those one is a member of.
    Mine,
    /// Every public room.
    Public,
}

impl RoomScope {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Public => "public",
        }
    }
}

/// What to list.
#[derive(Clone, Debug)]
pub struct RoomQuery {
    /// Which rooms.
    pub scope: RoomScope,
    /// Only rooms whose name holds this.
    pub text: Option<String>,
    /// Rooms a page, up to 200.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<Cursor>,
}

impl RoomQuery {
    /// Every room of `scope`, in pages of 200.
    pub const fn all(scope: RoomScope) -> Self {
        Self { scope, text: None, limit: chatapp_types::limits::PAGE_MAX, cursor: None }
    }
}

impl Client {
    /// A page of rooms.
    pub async fn list_rooms(&self, query: &RoomQuery) -> Result<Page<Room>, ClientError> {
        let call = self
            .call(Method::GET, &["v1", "rooms"])
            .query("scope", Some(query.scope.as_str()))
            .query("q", query.text.as_ref())
            .query("cursor", query.cursor.as_ref().map(Cursor::as_str))
            .query("limit", Some(query.limit));
        self.send(call).await?.json()
    }

    /// Every page of a list of rooms, up to `at_most` rooms.
    pub async fn list_all_rooms(&self, mut query: RoomQuery, at_most: usize) -> Result<Vec<Room>, ClientError> {
        let mut rooms = Vec::new();
        loop {
            let page = self.list_rooms(&query).await?;
            rooms.extend(page.items);
            query.cursor = page.next_cursor;
            if query.cursor.is_none() || rooms.len() >= at_most {
                rooms.truncate(at_most);
                return Ok(rooms);
            }
        }
    }

    /// Makes a room. The secret code of a private one is in this answer and in that of a rotation, and in no other.
    pub async fn create_room(&self, request: &CreateRoomRequest) -> Result<CreatedRoom, ClientError> {
        self.send(self.call(Method::POST, &["v1", "rooms"]).json(request)).await?.json()
    }

    /// A room by its id.
    pub async fn get_room(&self, id: RoomId) -> Result<Room, ClientError> {
        self.send(self.call(Method::GET, &["v1", "rooms", &id.to_string()])).await?.json()
    }

    /// A room by its name.
    pub async fn get_room_by_name(&self, name: &str) -> Result<Room, ClientError> {
        self.send(self.call(Method::GET, &["v1", "rooms", "by-name", name])).await?.json()
    }

    /// The room that a person means by `text`: an id, or a name. Of several rooms of that name one is a member of, none
    /// is chosen; a room one is a member of goes before a public one.
    pub async fn find_room(&self, text: &str) -> Result<Room, ClientError> {
        if let Ok(id) = text.parse::<RoomId>() {
            return self.get_room(id).await;
        }
        let wanted = RoomName::norm_of(text);
        let mut mine = self.list_all_rooms(RoomQuery::all(RoomScope::Mine), usize::MAX).await?;
        mine.retain(|room| RoomName::norm_of(&room.name) == wanted);
        match mine.len() {
            0 if wanted.is_empty() => Err(ErrorCode::RoomNotFound.into()),
            0 => self.get_room_by_name(text.trim()).await,
            1 => Ok(mine.remove(0)),
            _ => {
                let ids: Vec<String> = mine.iter().map(|room| format!("{} ({})", room.id, room.visibility)).collect();
                Err(ClientError::Usage(format!(
                    "you are in several rooms of this name; name one by its id: {}",
                    ids.join(", ")
                )))
            }
        }
    }

    /// Changes a room's settings; what is absent stays.
    pub async fn update_room(&self, id: RoomId, request: &UpdateRoomRequest) -> Result<Room, ClientError> {
        self.send(self.call(Method::PATCH, &["v1", "rooms", &id.to_string()]).json(request)).await?.json()
    }

    /// Deletes a room and everything in it.
    pub async fn delete_room(&self, id: RoomId) -> Result<(), ClientError> {
        self.send(self.call(Method::DELETE, &["v1", "rooms", &id.to_string()])).await.map(drop)
    }
}
