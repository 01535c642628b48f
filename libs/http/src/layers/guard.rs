//! The limits of size and time.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use chatapp_types::{ErrorCode, Problem};
use http::{HeaderValue, header};
use http_body::Body as _;

use super::LayerConfig;
use super::body::{discard, limited, too_large};
use crate::ApiError;

pub(super) async fn guard(State(config): State<LayerConfig>, request: Request, next: Next) -> Response {
    // What says how long it is need not be read to be refused.
    if request.body().size_hint().lower() > config.body_limit as u64 {
        discard(request.into_body()).await;
        return ApiError::from(too_large(config.body_limit)).into_response();
    }
    let read = request.method().is_safe();
    let (parts, body) = request.into_parts();
    let (body, received) = limited(body, config.body_limit);
    let answer = next.run(Request::from_parts(parts, body));
    if let Ok(mut response) = tokio::time::timeout(config.timeout, answer).await {
        // Whoever passed the body on could not know that it never came whole; what has not arrived was not acted upon.
        if let Some(problem) = response.extensions_mut().get_mut::<Problem>().filter(|_| !received.whole()) {
            problem.outcome = None;
        }
        return response;
    }
    let problem = Problem::new(ErrorCode::Timeout).with_retry_after(1);
    if !received.whole() {
        let problem = problem.with_detail("the body came too slowly");
        let mut response = ApiError::from(problem).into_response();
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        return response;
    }
    let problem = if read { problem } else { problem.with_unknown_outcome() };
    ApiError::from(problem).into_response()
}
