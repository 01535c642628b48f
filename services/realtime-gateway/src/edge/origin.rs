//! Which web pages may call.

use std::str::FromStr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use chatapp_types::{ErrorCode, Problem};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::state::Gateway;

/// An origin (RFC 6454): scheme, host and, unless it is the scheme's own, port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// A text that is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an origin like https://chat.example.com")]
pub struct BadOrigin;

impl FromStr for Origin {
    type Err = BadOrigin;

    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        let text = text.trim().trim_end_matches('/').to_ascii_lowercase();
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(BadOrigin)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        if host.is_empty() || !host.chars().all(plain) {
            return Err(BadOrigin);
        }
        Ok(Self(text))
    }
}

/// Whether a socket may be opened: without an `Origin` (no browser), or with one that is on the list.
pub(crate) fn check_socket(headers: &HeaderMap, allowed: &[Origin]) -> Result<(), Problem> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => Ok(()),
        (Some(origin), None) if is_allowed(origin, allowed) => Ok(()),
        _ => Err(ErrorCode::OriginNotAllowed.into()),
    }
}

fn is_allowed(origin: &HeaderValue, allowed: &[Origin]) -> bool {
    origin.to_str().is_ok_and(|origin| allowed.iter().any(|a| a.0.eq_ignore_ascii_case(origin)))
}

/// Cross-origin resource sharing: pages of the listed origins may read answers and send tokens; for others a browser
/// keeps the answers to itself. Credentials in cookies are never asked for: there are none.
pub(crate) async fn share(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let Some(origin) = origin.filter(|origin| is_allowed(origin, &gateway.config.allowed_origins)) else {
        return next.run(request).await;
    };
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight { preflight_answer() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    headers
        .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after, x-request-id, location"));
    response
}

fn preflight_answer() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, idempotency-key, x-request-id"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(origins: &[&'static str]) -> bool {
        let allowed = [Origin::from_str("https://Chat.Example.com/").unwrap()];
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        check_socket(&headers, &allowed).is_ok()
    }

    #[test]
    fn a_socket_is_opened_without_an_origin_or_with_one_of_the_list() {
        assert!(check(&[]));
        assert!(check(&["https://chat.example.com"]));
    }

    #[test]
    fn any_other_origin_is_refused() {
        for origin in ["http://chat.example.com", "https://chat.example.com.evil.org", "https://evil.org", "null", ""] {
            assert!(!check(&[origin]), "{origin}");
        }
        assert!(!check(&["https://chat.example.com", "https://evil.org"]), "two");
    }
}
