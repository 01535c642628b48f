//! The interactive page, with all its assets within the binary.

use std::io::Read as _;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use chatapp_http::ApiError;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use http_body_util::BodyExt as _;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::state::Gateway;

/// Nothing from outside, no frames, no forms. The page's own script sets styles, hence the one exception.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// `/docs` and what it loads.
pub(crate) fn router() -> Router<Gateway> {
    let config = Config::new(["/openapi.json"])
        // Else the page asks a validator on the internet.
        .validator_url("none")
        .display_operation_id(true)
        .try_it_out_enabled(true)
        .persist_authorization(false);
    Router::from(SwaggerUi::new("/docs").config(config))
        .layer(middleware::from_fn(encode))
        .layer(middleware::from_fn(protect))
}

/// The assets lie in the binary packed, and are sent so to whoever takes that; to others unpacked.
async fn encode(request: Request, next: Next) -> Response {
    let takes_packed = takes_gzip(request.headers());
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::VARY, HeaderValue::from_name(header::ACCEPT_ENCODING));
    if takes_packed || response.headers_mut().remove(header::CONTENT_ENCODING).is_none() {
        return response;
    }
    response.headers_mut().remove(header::CONTENT_LENGTH);
    let (parts, body) = response.into_parts();
    match unpacked(body).await {
        Ok(body) => Response::from_parts(parts, body),
        Err(err) => ApiError::internal(err).into_response(),
    }
}

async fn unpacked(body: Body) -> anyhow::Result<Body> {
    let packed = body.collect().await?.to_bytes();
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.as_ref()).read_to_end(&mut unpacked)?;
    Ok(unpacked.into())
}

/// Whether `Accept-Encoding` names gzip (RFC 9110, section 12.5.3), and not only to refuse it.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 6] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Read as _;

    use axum::body::Body;
    use flate2::read::GzDecoder;
    use http::{Request, StatusCode};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use crate::tests::gateway;

    async fn get(path: &str) -> (StatusCode, http::HeaderMap, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = gateway().await.router.oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, headers, String::from_utf8_lossy(&body).into_owned())
    }

    /// What stands in `src="…"` and `href="…"`.
    fn loaded(html: &str) -> Vec<&str> {
        ["src=\"", "href=\""]
            .into_iter()
            .flat_map(|mark| html.split(mark).skip(1))
            .filter_map(|rest| rest.split('"').next())
            .collect()
    }

    #[tokio::test]
    async fn the_page_and_all_that_it_loads_come_from_here() {
        let (status, _, html) = get("/docs/").await;
        assert_eq!(status, 200);
        let assets = loaded(&html);
        assert!(assets.len() >= 4, "{assets:?}");
        for asset in assets {
            assert!(!asset.contains("//"), "{asset}");
            let (status, ..) = get(&format!("/docs/{}", asset.trim_start_matches("./"))).await;
            assert_eq!(status, 200, "{asset}");
        }
    }

    #[tokio::test]
    async fn the_page_asks_for_our_description_and_for_no_validator() {
        let (_, _, script) = get("/docs/swagger-initializer.js").await;
        assert!(script.contains("/openapi.json"), "{script}");
        assert!(script.contains(r#""validatorUrl": "none""#), "{script}");
        assert!(!script.contains("http://") && !script.contains("https://"), "{script}");
    }

    #[tokio::test]
    async fn the_page_may_load_nothing_from_outside_and_be_framed_by_nobody() {
        let (_, headers, _) = get("/docs/").await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"));
        assert!(!policy.contains("http") && !policy.contains('*'), "{policy}");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
    }

    #[tokio::test]
    async fn who_takes_gzip_gets_the_same_assets_packed() {
        const ASSET: &str = "/docs/swagger-ui-bundle.js";
        let (_, headers, plain) = get(ASSET).await;
        assert!(!headers.contains_key("content-encoding"));
        for (takes, packed) in [("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false)] {
            let request = Request::get(ASSET).header("accept-encoding", takes).body(Body::empty()).unwrap();
            let response = gateway().await.router.oneshot(request).await.unwrap();
            assert_eq!(response.headers().contains_key("content-encoding"), packed, "{takes}");
            assert_eq!(response.headers()["vary"], "accept-encoding");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let mut text = String::new();
            let _ = if packed {
                GzDecoder::new(body.as_ref()).read_to_string(&mut text).unwrap()
            } else {
                body.as_ref().read_to_string(&mut text).unwrap()
            };
            assert!(text == plain, "{takes}: another text of {} bytes", text.len());
        }
    }

    #[tokio::test]
    async fn the_front_door_points_to_the_page() {
        let (status, headers, body) = get("/").await;
        assert_eq!(status, 200);
        assert!(headers["content-type"].to_str().unwrap().starts_with("text/plain"));
        assert!(body.contains("/docs"));
    }
}
