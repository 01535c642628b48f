//! Coming into rooms and leaving them.

use chatapp_types::rooms::{JoinByCodeRequest, JoinRoomRequest, Room};
use chatapp_types::{RoomId, Secret};
use reqwest::Method;

use super::Client;
use crate::ClientError;

impl Client {
    /// Joins a room; a private one with its code.
    pub async fn join_room(&self, id: RoomId, secret_code: Option<Secret>) -> Result<Room, ClientError> {
        let call = self.call(Method::POST, &["v1", "rooms", &id.to_string(), "join"]);
        self.send(call.json(&JoinRoomRequest { secret_code })).await?.json()
    }

    /// Joins the private room that a generated code names.
    pub async fn join_by_code(&self, secret_code: Secret) -> Result<Room, ClientError> {
        let call = self.call(Method::POST, &["v1", "join"]).json(&JoinByCodeRequest { secret_code });
        self.send(call).await?.json()
    }

    /// Leaves a room.
    pub async fn leave_room(&self, id: RoomId) -> Result<(), ClientError> {
        self.send(self.call(Method::POST, &["v1", "rooms", &id.to_string(), "leave"])).await.map(drop)
    }
}
