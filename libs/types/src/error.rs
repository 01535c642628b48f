//! Errors on the wire: RFC 9457 problem details with a stable code.

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $status:literal, $title:literal;)+) => {
        /// What went wrong, for programs. The words are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
            /// A code that this version does not know.
            #[serde(other, rename = "unknown")]
            Unknown,
        }

        impl ErrorCode {
            /// Every code that a server sends.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word of the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ Self::Unknown => "unknown" }
            }

            /// The HTTP status it goes with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ Self::Unknown => 500 }
            }

            /// A short sentence for people, the same at each occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ Self::Unknown => "Unknown error" }
            }
        }
    };
}

codes! {
    /// Not JSON, or not of the expected form.
    Malformed = "malformed", 400, "The request is malformed";
    /// A cursor that this list did not give.
    BadCursor = "bad_cursor", 400, "The cursor is not one of this list";
    /// `Idempotency-Key` is missing or not a UUID.
    IdempotencyKeyRequired = "idempotency_key_required", 400, "An Idempotency-Key header with a UUID is required";
    /// No credentials, or none that hold.
    Unauthenticated = "unauthenticated", 401, "Log in first";
    /// The access token has expired: refresh it.
    TokenExpired = "token_expired", 401, "The access token has expired";
    /// The session was ended.
    SessionRevoked = "session_revoked", 401, "The session has ended";
    /// Wrong name or wrong password; which one is not said.
    InvalidCredentials = "invalid_credentials", 401, "Wrong user name or password";
    /// The refresh token is not (or no longer) good.
    InvalidRefreshToken = "invalid_refresh_token", 401, "The refresh token is not valid";
    /// One may see it but not do this.
    Forbidden = "forbidden", 403, "You may not do this";
    /// The token's scopes do not cover this call.
    InsufficientScope = "insufficient_scope", 403, "The token's scopes do not cover this";
    /// One is not a member of this (public) room: join it first.
    NotAMember = "not_a_member", 403, "Join the room first";
    /// One is blocked in this (public) room.
    Blocked = "blocked", 403, "You are blocked in this room";
    /// An `Origin` that is not on the list.
    OriginNotAllowed = "origin_not_allowed", 403, "This origin is not allowed";
    /// No such path.
    NotFound = "not_found", 404, "There is nothing here";
    /// No such room, or one that the caller may not see.
    RoomNotFound = "room_not_found", 404, "There is no such room";
    /// No such user.
    UserNotFound = "user_not_found", 404, "There is no such user";
    /// No such message, or not in this room.
    MessageNotFound = "message_not_found", 404, "There is no such message";
    /// No such session.
    SessionNotFound = "session_not_found", 404, "There is no such session";
    /// No such token.
    TokenNotFound = "token_not_found", 404, "There is no such token";
    /// The user is not a member of the room.
    MemberNotFound = "member_not_found", 404, "The user is not a member of this room";
    /// The user is not blocked in the room.
    BlockNotFound = "block_not_found", 404, "The user is not blocked in this room";
    /// The code opens no room (or not this one), or the room cannot be seen.
    InvalidCode = "invalid_code", 404, "The code opens no room";
    /// The method is not one of this path's.
    MethodNotAllowed = "method_not_allowed", 405, "This method is not allowed here";
    /// The name is taken, or too like one that is.
    UsernameTaken = "username_taken", 409, "This user name is taken";
    /// A public room has this name.
    RoomNameTaken = "room_name_taken", 409, "A public room has this name";
    /// The key was used for another body.
    KeyReused = "key_reused", 409, "This key was used for another message";
    /// A token of that name exists.
    TokenNameTaken = "token_name_taken", 409, "You have a token of this name";
    /// The owner cannot leave, be removed, blocked or demoted: transfer the room first.
    OwnerMustTransfer = "owner_must_transfer", 409, "Transfer the room to another member first";
    /// The account still owns rooms.
    OwnsRooms = "owns_rooms", 409, "Transfer or delete the rooms you own first";
    /// A blocked user cannot be added: unblock first.
    UserBlocked = "user_blocked", 409, "The user is blocked in this room";
    /// A deleted message cannot be edited.
    MessageDeleted = "message_deleted", 409, "The message was deleted";
    /// Something else changed meanwhile: read again.
    Conflict = "conflict", 409, "It has changed meanwhile";
    /// The body is too large.
    TooLarge = "too_large", 413, "The request is too large";
    /// Not `application/json`.
    UnsupportedMediaType = "unsupported_media_type", 415, "Send application/json";
    /// Well-formed but not valid; `errors` says what.
    Invalid = "invalid", 422, "Some values are not valid";
    /// Too many requests: wait for `Retry-After`.
    RateLimited = "rate_limited", 429, "Too many requests";
    /// Too many failed tries: wait for `Retry-After`.
    Throttled = "throttled", 429, "Too many tries; wait a little";
    /// The headers are too large.
    HeadersTooLarge = "headers_too_large", 431, "The request's headers are too large";
    /// A bug of ours.
    Internal = "internal", 500, "Something went wrong on our side";
    /// A dependency is away, or the server is full: try again after `Retry-After`.
    Unavailable = "unavailable", 503, "The service is not available right now";
    /// It took too long.
    Timeout = "timeout", 503, "It took too long";
}

/// By hand: a derived one would list the names of the code, since it does not see through the macro.
impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        let words = Self::ALL.iter().map(|code| code.as_str());
        let about = "What went wrong, for programs. The words are stable; further ones may come.";
        let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).description(Some(about));
        schema.build().into()
    }
}

impl ToSchema for ErrorCode {}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a write may have happened although it was not answered with success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It may have happened; repeat it with the same key to learn.
    Unknown,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The field, as it is named in the request.
    pub field: String,
    /// What is wrong, for programs: `too_short`, `too_long`, `bad_characters`, `too_common`, `out_of_range`, `required`.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
}

impl FieldError {
    /// Makes one.
    pub fn new(field: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), code: code.into(), message: message.into() }
    }
}

/// An `application/problem+json` body (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:chatapp:error:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's title.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time and what to do, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The request's path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What went wrong, for programs.
    pub code: ErrorCode,
    /// The request's id, as it stands in the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The fields that are not valid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Present where a write may have happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Seconds to wait, as in the header `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

impl Problem {
    /// The bare problem of a code.
    pub fn new(code: ErrorCode) -> Self {
        Self {
            kind: format!("urn:chatapp:error:{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            detail: None,
            instance: None,
            code,
            trace_id: None,
            errors: Vec::new(),
            outcome: None,
            retry_after_s: None,
        }
    }

    /// Says what went wrong this time and what to do.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// A 422 for one field.
    pub fn invalid(error: FieldError) -> Self {
        Self::invalid_fields(vec![error])
    }

    /// A 422 for several fields.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(ErrorCode::Invalid);
        problem.detail = errors.first().map(|e| format!("{}: {}", e.field, e.message));
        problem.errors = errors;
        problem
    }

    /// Says when to try again.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds.max(1));
        self
    }

    /// Says that the write may have happened.
    #[must_use]
    pub fn with_unknown_outcome(mut self) -> Self {
        self.outcome = Some(Outcome::Unknown);
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{}: {detail}", self.title),
            None => f.write_str(&self.title),
        }
    }
}

impl std::error::Error for Problem {}

impl From<ErrorCode> for Problem {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_lists_the_words_of_the_wire() {
        let schema = serde_json::to_value(ErrorCode::schema()).expect("JSON");
        for code in ErrorCode::ALL {
            let word = serde_json::to_value(code).expect("JSON");
            assert_eq!(word, code.as_str());
            assert!(schema["enum"].as_array().expect("words").contains(&word), "{word} is not in {schema}");
        }
        assert_eq!(ErrorCode::name(), "ErrorCode");
    }
}
