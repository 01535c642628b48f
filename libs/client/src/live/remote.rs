//! What a feed needs of the REST side.

use std::future::Future;

use chatapp_types::messages::{PostMessageRequest, PostedMessage, TimelinePage};
use chatapp_types::{RoomId, Secret, UserRef};

use super::event::Outgoing;
use crate::bearer::AccessToken;
use crate::{Client, ClientError};

/// The REST side of a feed. [`Client`] is one; a test may bring another.
pub trait Remote: Clone + Send + Sync + 'static {
    /// Who one is.
    fn user(&self) -> impl Future<Output = Result<UserRef, ClientError>> + Send;

    /// Asks for next to nothing: `Ok` shows that the server answers this user.
    fn check(&self) -> impl Future<Output = Result<(), ClientError>> + Send;

    /// A token that is good now; with `refused`, another one than that.
    fn token(&self, refused: Option<&Secret>) -> impl Future<Output = Result<AccessToken, ClientError>> + Send;

    /// A page of a room's log.
    fn page(
        &self,
        room: RoomId,
        after: u64,
        limit: u32,
    ) -> impl Future<Output = Result<TimelinePage, ClientError>> + Send;

    /// Posts a message, once.
    fn post(&self, message: &Outgoing) -> impl Future<Output = Result<PostedMessage, ClientError>> + Send;

    /// Moves one's read marker.
    fn read(&self, room: RoomId, seq: u64) -> impl Future<Output = Result<(), ClientError>> + Send;
}

impl Remote for Client {
    async fn user(&self) -> Result<UserRef, ClientError> {
        self.me_ref().await
    }

    async fn check(&self) -> Result<(), ClientError> {
        self.me().await.map(drop)
    }

    async fn token(&self, refused: Option<&Secret>) -> Result<AccessToken, ClientError> {
        self.access_token(refused).await
    }

    async fn page(&self, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, ClientError> {
        self.read_timeline(room, after, limit).await
    }

    async fn post(&self, message: &Outgoing) -> Result<PostedMessage, ClientError> {
        let request = PostMessageRequest { body: message.body.clone(), reply_to: message.reply_to };
        self.post_message(message.room_id, message.key, &request).await
    }

    async fn read(&self, room: RoomId, seq: u64) -> Result<(), ClientError> {
        self.mark_read(room, seq).await
    }
}
