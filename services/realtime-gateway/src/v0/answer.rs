//! Answers in the original's form: errors are `{"detail": …}`.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use chatapp_types::{ErrorCode, Problem};
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};

/// A problem of a service is short.
const PROBLEM_MAX_BYTES: usize = 64 * 1024;

/// A problem in the original's form.
pub(super) fn answer(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response =
        (status, [(header::CONTENT_TYPE, "application/json")], json!({ "detail": detail(problem) }).to_string())
            .into_response();
    let headers = response.headers_mut();
    let seconds = problem.retry_after_s.or((problem.status == 503).then_some(1));
    if let Some(seconds) = seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn detail(problem: &Problem) -> Value {
    if problem.errors.is_empty() {
        return match problem.code {
            ErrorCode::NotFound => "Not Found".into(),
            ErrorCode::MethodNotAllowed => "Method Not Allowed".into(),
            _ => problem.detail.as_deref().unwrap_or(&problem.title).into(),
        };
    }
    problem.errors.iter().map(|e| json!({ "loc": ["body", e.field], "msg": e.message, "type": e.code })).collect()
}

/// An answer of a service, with a problem in it put into the original's form.
pub(super) async fn translated(response: Response) -> Response {
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(chatapp_http::problem::PROBLEM_JSON.as_bytes()));
    if !is_problem {
        return response;
    }
    let status = response.status();
    let body = Limited::new(response.into_body(), PROBLEM_MAX_BYTES).collect().await;
    let problem = body.ok().and_then(|body| serde_json::from_slice::<Problem>(&body.to_bytes()).ok());
    problem.map_or_else(|| bare(status), |problem| answer(&problem))
}

fn bare(status: StatusCode) -> Response {
    let text = json!({ "detail": status.canonical_reason().unwrap_or("Error") }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(text)).into_response()
}

/// The refusal of a caller, in the original's words.
pub(super) fn not_believed(shown: bool) -> Problem {
    let text = if shown { "Invalid token" } else { "Not authenticated" };
    Problem::new(ErrorCode::Unauthenticated).with_detail(text)
}
