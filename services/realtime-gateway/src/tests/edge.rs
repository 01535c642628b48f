//! Origins, proxies before the gateway, wrong methods.

use axum::body::Body;
use axum::extract::Request;
use http::{Method, StatusCode};

use super::*;

fn page_config() -> GatewayConfig {
    GatewayConfig { allowed_origins: vec!["https://chat.example".parse().unwrap()], ..GatewayConfig::default() }
}

async fn with_origin(scene: &Scene, method: Method, origin: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri("/v1/rooms")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .body(Body::empty())
        .unwrap();
    scene.send(request).await
}

#[tokio::test]
async fn a_page_of_a_listed_origin_may_read_answers() {
    let scene = gateway_with(page_config(), |_, _| StatusCode::OK.into_response()).await;
    let answer = with_origin(&scene, Method::GET, "https://chat.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://chat.example"));
    assert_eq!(answer.header("vary"), Some("origin"));
    assert!(answer.header("access-control-allow-credentials").is_none());
    scene.seen();
    let answer = with_origin(&scene, Method::OPTIONS, "https://chat.example").await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("access-control-allow-headers").unwrap().contains("idempotency-key"));
    assert!(scene.seen().is_empty(), "a preflight reaches no service");
}

#[tokio::test]
async fn a_page_of_any_other_origin_may_not() {
    let scene = gateway_with(page_config(), |_, _| StatusCode::OK.into_response()).await;
    for origin in ["https://evil.example", "null", "https://chat.example.evil.org"] {
        let answer = with_origin(&scene, Method::GET, origin).await;
        assert!(answer.header("access-control-allow-origin").is_none(), "{origin}");
    }
}

#[tokio::test]
async fn a_proxys_word_counts_if_the_proxy_is_trusted() {
    let config = GatewayConfig { trusted_proxies: vec!["192.0.2.0/24".parse().unwrap()], ..GatewayConfig::default() };
    for (config, expected) in [(config, "203.0.113.7"), (GatewayConfig::default(), "192.0.2.1")] {
        let scene = gateway_with(config, |_, _| StatusCode::OK.into_response()).await;
        let request = Request::get("/v1/rooms").header("x-forwarded-for", "203.0.113.7").body(Body::empty()).unwrap();
        scene.send(request).await;
        assert_eq!(scene.seen()[0].headers["x-forwarded-for"], expected);
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_405() {
    let scene = gateway().await;
    for path in ["/openapi.json", "/v1/ws", "/"] {
        let request = Request::delete(path).body(Body::empty()).unwrap();
        let answer = scene.send(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].as_str()),
            (405, Some("method_not_allowed")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_plain_request_to_the_socket_is_malformed() {
    let answer = gateway().await.get("/v1/ws").await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (400, Some("malformed")));
}
