//! Answers in the original's form.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chatapp_http::{ApiError, Json};
use chatapp_types::{ErrorCode, Problem, Timestamp};
use serde::Serialize;
use serde_json::json;

use crate::error::StoreError;
use crate::store::PlainMessage;

/// A message.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct V0Message {
    content: String,
    id: u64,
    username: String,
    timestamp: String,
}

impl From<PlainMessage> for V0Message {
    fn from(message: PlainMessage) -> Self {
        Self {
            content: message.body,
            id: message.seq,
            username: message.username,
            timestamp: original_time(message.at),
        }
    }
}

/// UTC without an offset and with six digits, as Python writes such a time; older Pythons read no other form.
fn original_time(at: Timestamp) -> String {
    format!("{}000", at.to_string().trim_end_matches('Z'))
}

/// An error: `{"detail": …}`.
#[derive(Debug)]
pub(super) struct V0Error(Problem);

impl V0Error {
    /// Why a caller is not believed. The original tells a missing token from a bad one.
    pub(super) fn of_caller(err: ApiError, headers: &HeaderMap) -> Self {
        let mut problem = err.into_problem();
        if problem.status == StatusCode::UNAUTHORIZED.as_u16() {
            let missing = !headers.contains_key(header::AUTHORIZATION);
            problem.detail = Some(if missing { "Not authenticated" } else { "Invalid token" }.to_owned());
        }
        Self(problem)
    }

    fn detail(&self) -> serde_json::Value {
        if !self.0.errors.is_empty() {
            let fields = self.0.errors.iter();
            return fields.map(|e| json!({ "loc": ["body", e.field], "msg": e.message, "type": e.code })).collect();
        }
        let hidden = matches!(self.0.code, ErrorCode::RoomNotFound | ErrorCode::NotAMember | ErrorCode::Blocked);
        let text = if hidden { "Chat room not found" } else { self.0.detail.as_deref().unwrap_or(&self.0.title) };
        if self.0.code == ErrorCode::Malformed {
            return json!([{ "loc": ["body"], "msg": text, "type": "value_error" }]);
        }
        json!(text)
    }

    fn status(&self) -> StatusCode {
        match self.0.code {
            ErrorCode::NotAMember | ErrorCode::Blocked => StatusCode::NOT_FOUND,
            // What is not the expected JSON was always a validation error there.
            ErrorCode::Malformed | ErrorCode::UnsupportedMediaType => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

impl From<ApiError> for V0Error {
    fn from(err: ApiError) -> Self {
        Self(err.into_problem())
    }
}

impl From<StoreError> for V0Error {
    fn from(err: StoreError) -> Self {
        ApiError::from(err).into()
    }
}

impl IntoResponse for V0Error {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(json!({ "detail": self.detail() }))).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.status == StatusCode::UNAUTHORIZED.as_u16() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_as_python_writes_it() {
        assert_eq!(original_time(Timestamp::from_millis(1_000)), "1970-01-01T00:00:01.000000");
    }

    #[test]
    fn a_room_one_may_not_read_is_not_found() {
        for code in [ErrorCode::RoomNotFound, ErrorCode::NotAMember, ErrorCode::Blocked] {
            let error = V0Error(Problem::new(code));
            assert_eq!((error.status(), error.detail()), (StatusCode::NOT_FOUND, json!("Chat room not found")));
        }
    }
}
