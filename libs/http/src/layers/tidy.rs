//! The last touches of an answer.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use chatapp_types::Problem;
use http::{HeaderName, HeaderValue, header};
use http_body::Body as _;

use super::request_id::{REQUEST_ID_HEADER, RequestId};
use crate::ApiError;
use crate::problem::of_status;

/// Fills in what a problem says of its request, makes a problem of an error that is none, and sets the headers that
/// every answer has.
pub(super) fn tidy(mut response: Response, path: &str, id: &RequestId) -> Response {
    if response.status().is_client_error() || response.status().is_server_error() {
        response = with_problem(response, path, id);
    }
    let headers = response.headers_mut();
    let or_insert = |headers: &mut http::HeaderMap, name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    or_insert(headers, header::CACHE_CONTROL, "no-store");
    or_insert(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    headers.insert(REQUEST_ID_HEADER, id.header());
    response
}

fn with_problem(mut response: Response, path: &str, id: &RequestId) -> Response {
    let status = response.status();
    let Some(mut problem) = response.extensions_mut().remove::<Problem>() else {
        return if speaks_for_itself(&response) { response } else { replaced(&response, path, id) };
    };
    let known = problem.instance.is_some() && problem.trace_id.is_some();
    if known || status.as_u16() != problem.status {
        return response;
    }
    complete(&mut problem, path, id);
    *response.body_mut() = Body::from(serde_json::to_vec(&problem).unwrap_or_default());
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
}

/// Whether a handler gave the error a body; what axum itself says is empty or plain text.
fn speaks_for_itself(response: &Response) -> bool {
    let plain = response.headers().get(header::CONTENT_TYPE).is_none_or(|t| t.as_bytes().starts_with(b"text/plain"));
    !(plain || response.body().size_hint().exact() == Some(0))
}

/// The bare problem of the answer's status, with the answer's other headers (`Allow`, for one).
fn replaced(response: &Response, path: &str, id: &RequestId) -> Response {
    let mut problem = of_status(response.status());
    complete(&mut problem, path, id);
    let mut made = ApiError::from(problem).into_response();
    made.extensions_mut().remove::<Problem>();
    for (name, value) in response.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH | header::RETRY_AFTER) {
            made.headers_mut().insert(name, value.clone());
        }
    }
    made
}

fn complete(problem: &mut Problem, path: &str, id: &RequestId) {
    problem.instance.get_or_insert_with(|| path.to_owned());
    problem.trace_id.get_or_insert_with(|| id.as_str().to_owned());
}
