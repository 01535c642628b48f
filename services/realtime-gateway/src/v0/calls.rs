//! What a socket of the original interface asks of the services.

use async_trait::async_trait;
use chatapp_http::ServiceClient;
use chatapp_types::{ErrorCode, Problem, RoomId, Secret};
use serde::{Deserialize, Serialize};

use crate::hub::{LogError, LogSource};

/// The calls, in the user's name.
#[async_trait]
pub(crate) trait OriginalCalls: Send + Sync + 'static {
    /// Enters a room by its name, as it stands in the URL: joins a public one, passes for a member of any.
    async fn enter(&self, token: &Secret, room_name: &str) -> Result<RoomId, Problem>;

    /// The room's head.
    async fn head(&self, room: RoomId) -> Result<u64, Problem>;

    /// Posts a message.
    async fn post(&self, token: &Secret, room_name: &str, content: &str) -> Result<(), Problem>;
}

/// The calls, made to the services.
pub(crate) struct Services {
    pub(crate) rooms: ServiceClient,
    pub(crate) messages: ServiceClient,
}

#[derive(Deserialize)]
struct Entered {
    room_id: RoomId,
}

#[derive(Serialize)]
struct NewMessage<'a> {
    content: &'a str,
}

#[async_trait]
impl OriginalCalls for Services {
    async fn enter(&self, token: &Secret, room_name: &str) -> Result<RoomId, Problem> {
        let path = format!("/internal/v0/chatrooms/{room_name}/join");
        let entered: Entered = self.rooms.post_json(&path, &(), Some(token.expose())).await?;
        Ok(entered.room_id)
    }

    async fn head(&self, room: RoomId) -> Result<u64, Problem> {
        match LogSource::heads(&self.messages, &[room]).await {
            Ok(heads) => heads.get(&room).copied().ok_or_else(|| ErrorCode::RoomNotFound.into()),
            Err(LogError::Gone) => Err(ErrorCode::RoomNotFound.into()),
            Err(LogError::Unavailable(_)) => Err(ErrorCode::Unavailable.into()),
        }
    }

    async fn post(&self, token: &Secret, room_name: &str, content: &str) -> Result<(), Problem> {
        let path = format!("/internal/v0/messages/{room_name}");
        let _: serde_json::Value =
            self.messages.post_json(&path, &NewMessage { content }, Some(token.expose())).await?;
        Ok(())
    }
}
