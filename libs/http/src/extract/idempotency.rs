//! The `Idempotency-Key` header.

use axum::extract::FromRequestParts;
use chatapp_types::{ErrorCode, SendKey};
use http::request::Parts;

use crate::ApiError;

/// The key a client made for one send. Missing, repeated or no UUID: 400 `idempotency_key_required`.
#[derive(Clone, Copy, Debug)]
pub struct IdempotencyKey(pub SendKey);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok().and_then(|text| text.trim().parse().ok()).map(Self),
            _ => None,
        }
        .ok_or_else(|| ErrorCode::IdempotencyKeyRequired.into())
    }
}
