//! Errors as answers: RFC 9457 problem details.

use std::error::Error;
use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use chatapp_types::{ErrorCode, FieldError, Problem};
use http::{HeaderValue, StatusCode, header};

use crate::BoxError;

/// The media type of every error's body.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What a handler answers.
pub type ApiResult<T> = Result<T, ApiError>;

/// An error on its way to the client: a [`Problem`], boxed since it is large and rare.
///
/// The answer has the problem's status, and `Retry-After` where it says when to try again (a 503 always does).
/// `instance` and `trace_id` are filled in by [`crate::layers::standard`].
#[derive(Clone, Debug)]
pub struct ApiError(Box<Problem>);

impl ApiError {
    /// A bug of ours, or a dependency that failed in a way nobody foresaw: the whole chain is logged here, once, and
    /// the client learns nothing of it.
    pub fn internal(err: impl Into<BoxError>) -> Self {
        let err = err.into();
        tracing::error!(error = %chain(&*err), "request failed");
        Self::from(ErrorCode::Internal)
    }

    /// The problem.
    pub fn problem(&self) -> &Problem {
        &self.0
    }

    /// Takes the problem out.
    pub fn into_problem(self) -> Problem {
        *self.0
    }
}

/// An error and what caused it, outermost first, on one line.
pub(crate) fn chain(err: &(dyn Error + 'static)) -> String {
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

/// The bare problem of a status that somebody else chose (the router, a library, another service).
pub(crate) fn of_status(status: StatusCode) -> Problem {
    let code = match status.as_u16() {
        401 => ErrorCode::Unauthenticated,
        403 => ErrorCode::Forbidden,
        404 => ErrorCode::NotFound,
        405 => ErrorCode::MethodNotAllowed,
        409 => ErrorCode::Conflict,
        413 => ErrorCode::TooLarge,
        415 => ErrorCode::UnsupportedMediaType,
        422 => ErrorCode::Invalid,
        429 => ErrorCode::RateLimited,
        431 => ErrorCode::HeadersTooLarge,
        502..=504 => ErrorCode::Unavailable,
        400..500 => ErrorCode::Malformed,
        _ => ErrorCode::Internal,
    };
    let mut problem = Problem::new(code);
    problem.status = status.as_u16();
    problem
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<ErrorCode> for ApiError {
    fn from(code: ErrorCode) -> Self {
        Self::from(Problem::new(code))
    }
}

impl From<FieldError> for ApiError {
    fn from(error: FieldError) -> Self {
        Self::from(Problem::invalid(error))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut problem = *self.0;
        if problem.status == 503 && problem.retry_after_s.is_none() {
            problem = problem.with_retry_after(1);
        }
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        if let Some(seconds) = problem.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(problem);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_503_always_says_when_to_try_again() {
        let response = ApiError::from(ErrorCode::Unavailable).into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        let response = ApiError::from(Problem::new(ErrorCode::Throttled).with_retry_after(8)).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "8");
    }

    #[test]
    fn a_401_names_the_scheme_to_log_in_by() {
        let response = ApiError::from(ErrorCode::Unauthenticated).into_response();
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
        assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_JSON);
    }

    #[test]
    fn an_internal_error_shows_nothing_of_its_cause() {
        let err = ApiError::internal(std::io::Error::other("the disk at /var/secret is on fire"));
        let text = serde_json::to_string(err.problem()).expect("serialises");
        assert!(!text.contains("disk"), "{text}");
        assert_eq!(err.problem().status, 500);
    }
}
