//! JSON bodies.

use axum::body::Body;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chatapp_types::{ErrorCode, Problem};
use http::{HeaderMap, HeaderValue, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::rejection::problem_of;
use crate::ApiError;
use crate::layers::body_fault;

/// A JSON body: an object in a request, anything in an answer.
///
/// Refusals: 415 when the request does not say `application/json` (or `…+json`), 413 beyond the route's limit, 503
/// `timeout` when the body comes too slowly, 400 with line and column when it is not the expected JSON, 422 when a
/// value is not valid. `Option<Json<T>>` is `None` for a request that has neither a body nor a content type, and for a
/// body of `null`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(req: Request, _state: &S) -> Result<Self, Self::Rejection> {
        parse(&body_of(req).await?).map(Self)
    }
}

impl<T: DeserializeOwned, S: Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(req: Request, _state: &S) -> Result<Option<Self>, Self::Rejection> {
        if !req.headers().contains_key(header::CONTENT_TYPE) && req.body().size_hint().exact() == Some(0) {
            return Ok(None);
        }
        let bytes = body_of(req).await?;
        if bytes.trim_ascii() == b"null" {
            return Ok(None);
        }
        parse(&bytes).map(|value| Some(Self(value)))
    }
}

/// The whole body of a request that says that it is JSON.
async fn body_of(req: Request) -> Result<Bytes, ApiError> {
    if !is_json(req.headers()) {
        return Err(ErrorCode::UnsupportedMediaType.into());
    }
    read(req.into_body()).await
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // serde also reads a struct from the list of its fields, in the order of our source: that is no interface.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::new(ErrorCode::Malformed).with_detail("expected an object, not a list").into());
    }
    serde_json::from_slice(bytes).map_err(|err| problem_of(&err.to_string()).into())
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response(),
            Err(err) => ApiError::internal(err).into_response(),
        }
    }
}

/// The whole body. The standard layers have put their limits around it.
async fn read(body: Body) -> Result<Bytes, ApiError> {
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(err) => Err(body_fault(&err).map_or_else(
            || Problem::new(ErrorCode::Malformed).with_detail("the body ended too early").into(),
            ApiError::from,
        )),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    let Some((kind, subtype)) = essence.split_once('/') else {
        return false;
    };
    let subtype = subtype.to_ascii_lowercase();
    kind.eq_ignore_ascii_case("application") && (subtype == "json" || subtype.ends_with("+json"))
}
