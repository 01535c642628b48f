//! Where the hub reads the log when the bus is not enough.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use chatapp_http::{CallError, ServiceClient};
use chatapp_types::messages::TimelinePage;
use chatapp_types::{ErrorCode, RoomId};
use serde::{Deserialize, Serialize};

/// A reading that takes longer has failed; another one follows.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// A comparison of heads that takes longer has failed.
const HEADS_TIMEOUT: Duration = Duration::from_secs(2);

/// Why the log was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LogError {
    /// It cannot be read at the moment.
    #[error("the log cannot be read: {0}")]
    Unavailable(String),
    /// The room is no more.
    #[error("the room is no more")]
    Gone,
}

/// The truth about rooms, with everything in it: for the hub alone, which decides who gets what.
///
/// Both methods are cancel-safe: a reading that is dropped changes nothing.
#[async_trait]
pub(crate) trait LogSource: Send + Sync + 'static {
    /// Entries after `after`, contiguous from `after + 1`, at most `limit` (within 1..=200).
    async fn entries(&self, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, LogError>;

    /// The heads of the rooms, in one reading; rooms that are no more are left out. At most 500 rooms a call.
    async fn heads(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, u64>, LogError>;
}

#[derive(Serialize)]
struct HeadsRequest<'a> {
    rooms: &'a [RoomId],
}

#[derive(Deserialize)]
struct HeadsResponse {
    rooms: HashMap<RoomId, u64>,
}

/// The log, read through the service that owns the messages.
#[async_trait]
impl LogSource for ServiceClient {
    async fn entries(&self, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, LogError> {
        let path = format!("/internal/rooms/{room}/timeline?after={after}&limit={limit}");
        within(READ_TIMEOUT, self.get_json(&path, None)).await
    }

    async fn heads(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, u64>, LogError> {
        let asked = HeadsRequest { rooms };
        let response: HeadsResponse = within(HEADS_TIMEOUT, self.post_json("/internal/heads", &asked, None)).await?;
        Ok(response.rooms)
    }
}

async fn within<T>(limit: Duration, call: impl Future<Output = Result<T, CallError>>) -> Result<T, LogError> {
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(CallError::Problem(problem))) if problem.code == ErrorCode::RoomNotFound => Err(LogError::Gone),
        Ok(Err(err)) => Err(LogError::Unavailable(err.to_string())),
        Err(_) => Err(LogError::Unavailable("it takes too long".to_owned())),
    }
}
