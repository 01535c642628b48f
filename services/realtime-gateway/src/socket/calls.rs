//! What a socket asks of the services, in its user's name.

use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use chatapp_http::{CallError, ServiceClient};
use chatapp_types::messages::{PostMessageRequest, PostedMessage, ReadRequest, TimelinePage};
use chatapp_types::{ErrorCode, Problem, RoomId, Secret, SendKey};
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::edge::authorization;

/// A seq beyond every head, exact in any JSON implementation: who reads after it learns the head and nothing else.
pub(crate) const BEYOND_EVERY_HEAD: u64 = (1 << 53) - 1;
/// The longest answer to a write is a message.
const ANSWER_MAX_BYTES: usize = 256 * 1024;

/// The calls, each with the user's access token. The services decide; a refusal is passed on in their words.
#[async_trait]
pub(crate) trait MessageCalls: Send + Sync + 'static {
    /// A page of a room's log as the user may see it: membership and rows from one reading.
    async fn timeline(&self, token: &Secret, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, Problem>;

    /// Posts a message. A problem with `outcome: unknown` means that it may have been posted; the key settles it.
    async fn post(
        &self,
        token: &Secret,
        room: RoomId,
        key: SendKey,
        message: &PostMessageRequest,
    ) -> Result<PostedMessage, Problem>;

    /// Moves the user's read marker.
    async fn mark_read(&self, token: &Secret, room: RoomId, seq: u64) -> Result<(), Problem>;
}

/// The calls, made to the service that owns the messages.
#[async_trait]
impl MessageCalls for ServiceClient {
    async fn timeline(&self, token: &Secret, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, Problem> {
        let path = format!("/v1/rooms/{room}/timeline?after={after}&limit={limit}");
        Ok(self.get_json(&path, Some(token.expose())).await?)
    }

    async fn post(
        &self,
        token: &Secret,
        room: RoomId,
        key: SendKey,
        message: &PostMessageRequest,
    ) -> Result<PostedMessage, Problem> {
        let mut request = json_request(Method::POST, &format!("/v1/rooms/{room}/messages"), token, message)?;
        let key = HeaderValue::from_str(&key.to_string()).map_err(|_| Problem::new(ErrorCode::Internal))?;
        request.headers_mut().insert("idempotency-key", key);
        let answer = write(self, request).await?;
        read_json(&answer)
    }

    async fn mark_read(&self, token: &Secret, room: RoomId, seq: u64) -> Result<(), Problem> {
        let request = json_request(Method::PUT, &format!("/v1/rooms/{room}/read"), token, &ReadRequest { seq })?;
        write(self, request).await.map(drop)
    }
}

fn json_request(method: Method, path: &str, token: &Secret, body: &impl Serialize) -> Result<Request<Body>, Problem> {
    let internal = |_| Problem::new(ErrorCode::Internal);
    let body = serde_json::to_vec(body).map_err(|_| Problem::new(ErrorCode::Internal))?;
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, authorization(token)?)
        .body(Body::from(body))
        .map_err(internal)
}

/// Makes a call that writes; the body of a success. An answer that breaks off leaves the outcome unknown.
async fn write(service: &ServiceClient, request: Request<Body>) -> Result<Bytes, Problem> {
    let lost = || Problem::from(CallError::Unavailable { sent: true });
    let response = service.send(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await.map_err(|_| lost())?.to_bytes();
    if status.is_success() {
        return Ok(body);
    }
    Err(serde_json::from_slice(&body).unwrap_or_else(|_| bare(status)))
}

fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|err| {
        tracing::error!(error = %err, "answer of the messages service is malformed");
        Problem::from(CallError::Unavailable { sent: true })
    })
}

/// An answer without a problem in it.
fn bare(status: StatusCode) -> Problem {
    let known = ErrorCode::ALL.iter().find(|code| code.status() == status.as_u16());
    Problem::new(known.copied().unwrap_or(ErrorCode::Internal))
}
