//! What reaches the services, and what comes back.

use axum::body::Body;
use axum::extract::Request;
use axum::response::IntoResponse as _;
use chatapp_http::{ApiError, Audience};
use chatapp_types::{ErrorCode, Problem, SessionId, Timestamp, UserId};
use http::StatusCode;
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_request_arrives_as_it_was_sent_but_for_what_only_a_gateway_may_say() {
    let scene = gateway().await;
    let request = Request::post("/v1/rooms/x/messages?limit=5&q=a%20b")
        .header("host", "chat.example")
        .header("x-forwarded-for", "1.2.3.4")
        .header("x_real_ip", "1.2.3.4")
        .header("x-user-id", "somebody")
        .header("x-service-token", "forged")
        .header("connection", "x-hop")
        .header("x-hop", "1")
        .header("idempotency-key", "k")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .body(Body::from("the body"))
        .unwrap();
    assert_eq!(scene.send(request).await.status, 200);
    let seen = scene.seen().pop().unwrap();
    assert_eq!((seen.service, seen.line.as_str()), ("messages", "POST /v1/rooms/x/messages?limit=5&q=a%20b"));
    assert_eq!(seen.body, "the body");
    let header = |name: &str| seen.headers.get(name).map(|v| v.to_str().unwrap().to_owned());
    assert_eq!(header("x-forwarded-for").as_deref(), Some("192.0.2.1"));
    assert_eq!(header("x-forwarded-host").as_deref(), Some("chat.example"));
    assert_eq!(header("idempotency-key").as_deref(), Some("k"));
    assert!(header("x-request-id").is_some());
    let trace = header("traceparent").unwrap();
    assert!(trace.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{trace}");
    assert!(trace.ends_with("-00"), "whether it is recorded is not for a stranger to say: {trace}");
    assert_ne!(header("x-service-token").as_deref(), Some("forged"));
    for dropped in ["x_real_ip", "x-user-id", "x-hop", "connection"] {
        assert_eq!(header(dropped), None, "{dropped}");
    }
}

#[tokio::test]
async fn what_is_not_public_reaches_no_service() {
    let scene = gateway().await;
    for path in [
        "/internal/heads",
        "/internal/v0/users/login",
        "/v1/rooms/../../internal/heads",
        "/v1/rooms/%2e%2e/%2e%2e/internal/heads",
        "/v1//rooms",
        "/metrics",
        "/livez",
        "/readyz",
        "/errors",
        "/log-level",
        "/build-info",
        "/v1/auth",
        "/v1/rooms//",
        "/v2/rooms",
        "/docs/../internal/heads",
    ] {
        let answer = scene.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    assert!(scene.seen().is_empty(), "{:?}", scene.seen());
}

#[tokio::test]
async fn a_services_problem_comes_back_unchanged() {
    let scene = gateway_with(GatewayConfig::default(), |_, _| {
        ApiError::from(Problem::new(ErrorCode::Throttled).with_retry_after(7).with_detail("slowly")).into_response()
    })
    .await;
    let answer = scene.get("/v1/users/me").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("7")));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!((answer.json()["code"].as_str(), answer.json()["detail"].as_str()), (Some("throttled"), Some("slowly")));
}

/// A gateway whose services cannot be reached.
async fn deserted() -> Scene {
    let scene = gateway().await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keys = Arc::new(ServiceKeys::new(&MasterSecret::generate()));
    let away = |name| ServiceClient::remote(name, "http://127.0.0.1:1", keys.clone(), clock.clone()).unwrap();
    let parts = build(Deps {
        auth: away("auth"),
        rooms: away("rooms"),
        messages: away("messages"),
        verifier: Arc::new(TokenVerifier::new(scene.issuer.clone(), scene.revocations.clone(), clock.clone())),
        revocations: scene.revocations.clone(),
        bus: Arc::new(LocalBus::new()),
        clock,
        config: GatewayConfig::default(),
        shutdown: CancellationToken::new(),
        tasks: TaskTracker::new(),
    })
    .await
    .unwrap();
    Scene { router: parts.router, ..scene }
}

#[tokio::test]
async fn a_service_that_is_away_is_a_503_in_each_interfaces_form() {
    let scene = deserted().await;
    let answer = scene.get("/v1/rooms").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("1")));
    assert_eq!(answer.json()["code"], "unavailable");
    let answer = scene.get("/users/exists/ann").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("1")));
    assert_eq!(answer.json(), json!({"detail": "The service is not available right now"}));
    assert_eq!(scene.get("/openapi.json").await.status, 503);
}

#[tokio::test]
async fn a_scripts_token_is_exchanged_and_what_was_taken_back_is_not_used() {
    let scene = gateway_with(GatewayConfig::default(), |service, line| match (service, line) {
        ("auth", "POST /internal/tokens/exchange") => {
            axum::Json(json!({"access_token": "not-verified-here", "expires_in": 600, "session_id": SESSION}))
                .into_response()
        }
        _ => "ok".into_response(),
    })
    .await;
    for _ in 0..2 {
        assert_eq!(scene.get_as("/v1/rooms", "cat_abc").await.status, 200);
    }
    let seen = scene.seen();
    let exchanges = |seen: &[Seen]| seen.iter().filter(|s| s.line.contains("exchange")).count();
    assert_eq!(exchanges(&seen), 1, "remembered");
    assert_eq!(seen[0].body, r#"{"token":"cat_abc"}"#);
    for passed in seen.iter().filter(|s| s.service == "rooms") {
        assert_eq!(passed.headers["authorization"], "Bearer not-verified-here");
    }
    let session: SessionId = SESSION.parse().unwrap();
    scene.revocations.note(session, Timestamp::from_millis(0));
    scene.get_as("/v1/rooms", "cat_abc").await;
    assert_eq!(exchanges(&scene.seen()), 1, "auth was asked again");
}

const SESSION: &str = "0193a5b0-0000-7000-8000-000000000009";

#[tokio::test]
async fn a_scripts_token_that_is_not_good_is_refused_by_auth() {
    let scene =
        gateway_with(GatewayConfig::default(), |_, _| ApiError::from(ErrorCode::Unauthenticated).into_response()).await;
    let answer = scene.get_as("/v1/rooms", "cat_abc").await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (401, Some("unauthenticated")));
    assert!(scene.seen().iter().all(|s| s.service == "auth"));
}

#[tokio::test]
async fn an_address_and_a_user_have_allowances_of_their_own() {
    let config = GatewayConfig { address_request_burst: 2, user_request_burst: 3, ..GatewayConfig::default() };
    let scene = gateway_with(config, |_, _| StatusCode::OK.into_response()).await;
    let token = scene.issuer.token(UserId::new(), "ann", Audience::App);
    for _ in 0..3 {
        assert_eq!(scene.get_as("/v1/rooms", &token).await.status, 200);
    }
    let answer = scene.get_as("/v1/rooms", &token).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("1")));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.json()["code"], "rate_limited");
    for _ in 0..2 {
        assert_eq!(scene.get_as("/v1/rooms", "nobodys").await.status, 200, "the service refuses in its own words");
    }
    assert_eq!(scene.get_as("/v1/rooms", "nobodys").await.status, 429);
    let other = scene.issuer.token(UserId::new(), "bob", Audience::App);
    assert_eq!(scene.get_as("/v1/rooms", &other).await.status, 200, "another user at the same address");
    let answer = scene.get("/users/exists/ann").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (429, json!({"detail": "Too many requests"})));
}

#[tokio::test]
async fn the_description_is_whole_or_not_there() {
    let scene = gateway_with(GatewayConfig::default(), |service, line| {
        if line != "GET /internal/openapi.json" {
            return StatusCode::NOT_FOUND.into_response();
        }
        let path = format!("/v1/{service}");
        axum::Json(json!({"openapi": "3.1.0", "paths": {path: {"get": {"operationId": service}}}})).into_response()
    })
    .await;
    let answer = scene.get("/openapi.json").await;
    assert_eq!(answer.status, 200);
    let paths = answer.json()["paths"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths, ["/", "/openapi.json", "/v1/auth", "/v1/messages", "/v1/rooms", "/v1/ws"]);
    scene.seen();
    scene.get("/openapi.json").await;
    assert!(scene.seen().is_empty(), "kept");
}
