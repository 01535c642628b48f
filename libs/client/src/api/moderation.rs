//! What owners and admins do: members, roles, blocks, codes.

use chatapp_types::rooms::{
    AuditEvent, Block, BlockRequest, Member, PutMemberRequest, SecretCodeResponse, SetSecretCodeRequest,
    TransferRequest,
};
use chatapp_types::{Cursor, Page, Role, RoomId, Username};
use reqwest::Method;
use serde::de::DeserializeOwned;

use super::Client;
use crate::ClientError;

impl Client {
    /// A page of a room's members.
    pub async fn list_members(&self, room: RoomId, cursor: Option<&Cursor>) -> Result<Page<Member>, ClientError> {
        self.list_of_room(room, "members", cursor).await
    }

    /// A page of a room's blocks.
    pub async fn list_blocks(&self, room: RoomId, cursor: Option<&Cursor>) -> Result<Page<Block>, ClientError> {
        self.list_of_room(room, "blocks", cursor).await
    }

    /// A page of a room's acts of moderation, newest first.
    pub async fn list_audit(&self, room: RoomId, cursor: Option<&Cursor>) -> Result<Page<AuditEvent>, ClientError> {
        self.list_of_room(room, "audit", cursor).await
    }

    async fn list_of_room<T: DeserializeOwned>(
        &self,
        room: RoomId,
        what: &str,
        cursor: Option<&Cursor>,
    ) -> Result<Page<T>, ClientError> {
        let call = self
            .call(Method::GET, &["v1", "rooms", &room.to_string(), what])
            .query("cursor", cursor.map(Cursor::as_str))
            .query("limit", Some(chatapp_types::limits::PAGE_MAX));
        self.send(call).await?.json()
    }

    /// Adds a user to a room, or changes a member's role.
    pub async fn put_member(&self, room: RoomId, user: &Username, role: Option<Role>) -> Result<(), ClientError> {
        self.send(self.on_user(Method::PUT, room, "members", user).json(&PutMemberRequest { role })).await.map(drop)
    }

    /// Removes a member, who may come back if the room allows it.
    pub async fn remove_member(&self, room: RoomId, user: &Username) -> Result<(), ClientError> {
        self.send(self.on_user(Method::DELETE, room, "members", user)).await.map(drop)
    }

    /// Keeps a user out. Returned means committed: the user gets nothing of the room any more.
    pub async fn block_user(&self, room: RoomId, user: &Username, request: &BlockRequest) -> Result<(), ClientError> {
        self.send(self.on_user(Method::PUT, room, "blocks", user).json(request)).await.map(drop)
    }

    /// Lifts a block; the user may join again.
    pub async fn unblock_user(&self, room: RoomId, user: &Username) -> Result<(), ClientError> {
        self.send(self.on_user(Method::DELETE, room, "blocks", user)).await.map(drop)
    }

    /// Gives the room to another member; the caller stays as an admin.
    pub async fn transfer_room(&self, room: RoomId, username: Username) -> Result<(), ClientError> {
        let call = self.call(Method::POST, &["v1", "rooms", &room.to_string(), "transfer"]);
        self.send(call.json(&TransferRequest { username })).await.map(drop)
    }

    /// Sets or rotates the room's code: the old one opens nothing any more. The new one is in this answer alone.
    pub async fn set_secret_code(
        &self,
        room: RoomId,
        request: &SetSecretCodeRequest,
    ) -> Result<SecretCodeResponse, ClientError> {
        let call = self.call(Method::POST, &["v1", "rooms", &room.to_string(), "secret_code"]);
        self.send(call.json(request)).await?.json()
    }

    /// Removes the room's code: one comes in only by being added.
    pub async fn remove_secret_code(&self, room: RoomId) -> Result<(), ClientError> {
        self.send(self.call(Method::DELETE, &["v1", "rooms", &room.to_string(), "secret_code"])).await.map(drop)
    }

    fn on_user(&self, method: Method, room: RoomId, what: &str, user: &Username) -> super::Call {
        self.call(method, &["v1", "rooms", &room.to_string(), what, user.as_str()])
    }
}
