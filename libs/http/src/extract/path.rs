//! The parameters of a path.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, RawPathParams};
use chatapp_types::ErrorCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::ApiError;

/// The path's parameters as `T`. A value that cannot be one (an id that is no UUID) names nothing: 404 `not_found`.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            // The route has no such parameters: a mistake in our routes, whatever the client sent.
            Err(PathRejection::MissingPathParams(err)) => Err(ApiError::internal(err)),
            Err(_)
                if RawPathParams::from_request_parts(parts, state).await.is_ok_and(|p| p.iter().next().is_none()) =>
            {
                Err(ApiError::internal("the route has no parameters"))
            }
            Err(_) => Err(ErrorCode::NotFound.into()),
        }
    }
}
