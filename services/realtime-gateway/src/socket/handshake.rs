//! The handshake of RFC 6455, as every socket begins.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chatapp_http::{RawConnection, Upgrade};
use chatapp_types::{ErrorCode, Problem};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The one version there is.
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// A handshake that can be accepted.
pub(crate) struct Handshake {
    upgrade: Upgrade,
    accept: HeaderValue,
}

impl Handshake {
    /// Reads it; a problem for a request that is none. The answer to that is [`told_the_version`].
    pub(crate) fn of(request: &mut Request) -> Result<Self, Problem> {
        let accept = accept_of(request).ok_or_else(not_one)?;
        let upgrade = Upgrade::of(request).ok_or_else(not_one)?;
        Ok(Self { upgrade, accept })
    }

    /// The answer that accepts it. Once that is written, `then` runs in a task of its own, with the connection and
    /// what has been read of it already.
    pub(crate) fn accept<T>(self, then: impl FnOnce(RawConnection, Bytes) -> T + Send + 'static) -> Response
    where
        T: Future<Output = ()> + Send + 'static,
    {
        let upgrade = self.upgrade;
        tokio::spawn(async move {
            match upgrade.connection().await {
                Ok((connection, unread)) => then(connection, unread).await,
                Err(err) => tracing::debug!(error = %err, "socket was not opened"),
            }
        });
        let headers = [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, self.accept),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
    }
}

fn accept_of(request: &Request) -> Option<HeaderValue> {
    let headers = request.headers();
    let asked = request.method() == Method::GET
        && request.version() >= Version::HTTP_11
        && has_token(headers, &header::CONNECTION, "upgrade")
        && has_token(headers, &header::UPGRADE, "websocket")
        && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == VERSION);
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| asked && is_nonce(key.as_bytes()))?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}

/// Whether a list in a header has that word, in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lists = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|token| token.trim().eq_ignore_ascii_case(word))
}

/// Whether a key is 16 bytes in base64, as it must be: nothing shorter, and no text that somebody else reads.
fn is_nonce(key: &[u8]) -> bool {
    STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16)
}

/// The answer to a handshake that was refused, which names the version that would do (RFC 6455, section 4.2.2).
pub(crate) fn told_the_version(mut refusal: Response) -> Response {
    if refusal.status() == StatusCode::BAD_REQUEST {
        refusal.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, VERSION);
    }
    refusal
}

fn not_one() -> Problem {
    Problem::new(ErrorCode::Malformed).with_detail("this path opens a WebSocket; send the handshake of RFC 6455")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn request(change: impl FnOnce(&mut Request)) -> Request {
        let mut request = Request::builder()
            .uri("/v1/ws")
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "WebSocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .body(Body::empty())
            .unwrap();
        change(&mut request);
        request
    }

    #[test]
    fn the_accepting_word_is_that_of_the_standard() {
        assert_eq!(accept_of(&request(|_| ())).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_request_that_lacks_a_part_of_it_is_no_handshake() {
        for name in ["connection", "upgrade", "sec-websocket-version", "sec-websocket-key"] {
            let lacking = request(|request| drop(request.headers_mut().remove(name)));
            assert!(accept_of(&lacking).is_none(), "{name}");
        }
        assert!(accept_of(&request(|request| *request.method_mut() = Method::POST)).is_none());
        assert!(accept_of(&request(|request| *request.version_mut() = Version::HTTP_10)).is_none());
        let old = |request: &mut Request| {
            request.headers_mut().insert("sec-websocket-version", HeaderValue::from_static("8"));
        };
        assert!(accept_of(&request(old)).is_none());
        for key in ["", "c2hvcnQ=", "dGhlIHNhbXBsZSBub25jZSE=", "not base64 at all, sir!!"] {
            let other = |request: &mut Request| {
                request.headers_mut().insert("sec-websocket-key", HeaderValue::from_static(key));
            };
            assert!(accept_of(&request(other)).is_none(), "{key}");
        }
    }

    #[test]
    fn who_speaks_another_version_is_told_which_one_is_spoken_here() {
        let refused = told_the_version(StatusCode::BAD_REQUEST.into_response());
        assert_eq!(refused.headers()["sec-websocket-version"], "13");
        let busy = told_the_version(StatusCode::TOO_MANY_REQUESTS.into_response());
        assert!(!busy.headers().contains_key("sec-websocket-version"));
    }

    #[test]
    fn a_connection_that_cannot_be_upgraded_is_refused() {
        assert!(Handshake::of(&mut request(|_| ())).is_err());
    }
}
