//! Messages, history, search, read markers, the log.

use chatapp_types::messages::{
    EditMessageRequest, Message, MessagePage, PostMessageRequest, PostedMessage, ReadRequest, SearchHit, TimelinePage,
    UnreadResponse,
};
use chatapp_types::{Cursor, MessageId, Page, RoomId, SendKey};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};

use super::{Call, Client};
use crate::ClientError;

/// Which part of a room's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryPart {
    /// The latest messages.
    Latest,
    /// Those before a seq.
    Before(u64),
    /// Those after a seq.
    After(u64),
    /// Those on both sides of a seq.
    Around(u64),
}

impl Client {
    /// Posts a message, once. A repeat with the same key and body is answered with the original; after an error that
    /// [`ClientError::is_transient`], repeat it with the same key to learn what happened.
    pub async fn post_message(
        &self,
        room: RoomId,
        key: SendKey,
        request: &PostMessageRequest,
    ) -> Result<PostedMessage, ClientError> {
        let value = HeaderValue::try_from(key.to_string()).map_err(|e| ClientError::Usage(e.to_string()))?;
        let call = self.on_room(Method::POST, room, &["messages"]).json(request);
        self.send(call.header(HeaderName::from_static("idempotency-key"), value)).await?.json()
    }

    /// A page of messages as they are now, oldest first.
    pub async fn list_messages(&self, room: RoomId, part: HistoryPart, limit: u32) -> Result<MessagePage, ClientError> {
        let call = self.on_room(Method::GET, room, &["messages"]).query("limit", Some(limit));
        let call = match part {
            HistoryPart::Latest => call,
            HistoryPart::Before(seq) => call.query("before", Some(seq)),
            HistoryPart::After(seq) => call.query("after", Some(seq)),
            HistoryPart::Around(seq) => call.query("around", Some(seq)),
        };
        self.send(call).await?.json()
    }

    /// A message as it is now.
    pub async fn get_message(&self, room: RoomId, id: MessageId) -> Result<Message, ClientError> {
        self.send(self.on_room(Method::GET, room, &["messages", &id.to_string()])).await?.json()
    }

    /// Replaces the text of one's own message.
    pub async fn edit_message(&self, room: RoomId, id: MessageId, body: String) -> Result<Message, ClientError> {
        let call = self.on_room(Method::PATCH, room, &["messages", &id.to_string()]);
        self.send(call.json(&EditMessageRequest { body })).await?.json()
    }

    /// Erases a message's text and all its edits.
    pub async fn delete_message(&self, room: RoomId, id: MessageId) -> Result<(), ClientError> {
        self.send(self.on_room(Method::DELETE, room, &["messages", &id.to_string()])).await.map(drop)
    }

    /// A page of the room's log after `after`.
    pub async fn read_timeline(&self, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, ClientError> {
        let call =
            self.on_room(Method::GET, room, &["timeline"]).query("after", Some(after)).query("limit", Some(limit));
        self.send(call).await?.json()
    }

    /// Moves one's read marker forward.
    pub async fn mark_read(&self, room: RoomId, seq: u64) -> Result<(), ClientError> {
        self.send(self.on_room(Method::PUT, room, &["read"]).json(&ReadRequest { seq })).await.map(drop)
    }

    /// Unread messages and mentions of every room one is in.
    pub async fn list_unread(&self) -> Result<UnreadResponse, ClientError> {
        self.send(self.call(Method::GET, &["v1", "unread"])).await?.json()
    }

    /// A page of what a search finds, best match first, in one room or in all one may read.
    pub async fn search(
        &self,
        text: &str,
        room: Option<RoomId>,
        cursor: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<SearchHit>, ClientError> {
        let call = self
            .call(Method::GET, &["v1", "search"])
            .query("q", Some(text))
            .query("room_id", room)
            .query("cursor", cursor.map(Cursor::as_str))
            .query("limit", Some(limit));
        self.send(call).await?.json()
    }

    fn on_room(&self, method: Method, room: RoomId, rest: &[&str]) -> Call {
        let id = room.to_string();
        let segments: Vec<&str> = ["v1", "rooms", id.as_str()].into_iter().chain(rest.iter().copied()).collect();
        self.call(method, &segments)
    }
}
