//! The original's paths, bodies and texts.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use chatapp_http::{ApiError, Audience};
use chatapp_types::{ErrorCode, FieldError, Problem, UserId};
use http::{Method, StatusCode};
use serde_json::json;

use crate::tests::{Answer, Scene, gateway, gateway_with};
use crate::{GatewayConfig, Switch};

fn ok(_: &'static str, _: &str) -> Response {
    axum::Json(json!({"ok": true})).into_response()
}

async fn call(scene: &Scene, method: Method, path: &str, token: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    scene.send(request.body(Body::from(r#"{"content":"hi"}"#)).unwrap()).await
}

#[tokio::test]
async fn each_path_reaches_the_service_that_answers_it() {
    let scene = gateway_with(GatewayConfig::default(), ok).await;
    let token = scene.issuer.token(UserId::new(), "ann", Audience::V0);
    for (method, path, expected) in [
        (Method::GET, "/users/exists/ann", "auth GET /internal/v0/users/exists/ann"),
        (Method::POST, "/users/register", "auth POST /internal/v0/users/register"),
        (Method::POST, "/users/login", "auth POST /internal/v0/users/login"),
        (Method::GET, "/chatrooms/", "rooms GET /internal/v0/chatrooms/"),
        (Method::POST, "/chatrooms/", "rooms POST /internal/v0/chatrooms/"),
        (Method::GET, "/chatrooms/the%20den", "rooms GET /internal/v0/chatrooms/the%20den"),
        (Method::GET, "/messages/den?x=1", "messages GET /internal/v0/messages/den"),
    ] {
        assert_eq!(call(&scene, method, path, Some(&token)).await.status, 200, "{path}");
        let seen = scene.seen();
        assert_eq!(seen.len(), 1, "{path}");
        assert_eq!(format!("{} {}", seen[0].service, seen[0].line), expected);
        assert_eq!(seen[0].headers["authorization"], format!("Bearer {token}"));
    }
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, axum::Json(json!({"detail": "Chat room not found"}))).into_response()
}

#[tokio::test]
async fn a_member_posts_and_reading_joins_nothing() {
    let scene = gateway_with(GatewayConfig::default(), ok).await;
    let token = scene.issuer.token(UserId::new(), "ann", Audience::V0);
    for method in [Method::POST, Method::GET] {
        let line = format!("{method} /internal/v0/messages/den");
        call(&scene, method, "/messages/den", Some(&token)).await;
        let lines: Vec<String> = scene.seen().into_iter().map(|s| s.line).collect();
        assert_eq!(lines, [line]);
    }
}

#[tokio::test]
async fn one_who_is_not_in_the_room_joins_it_and_posts_again() {
    static JOINED: AtomicBool = AtomicBool::new(false);
    let scene = gateway_with(GatewayConfig::default(), |service, line| match service {
        "messages" if !JOINED.load(Ordering::Relaxed) => not_found(),
        "rooms" => {
            JOINED.store(true, Ordering::Relaxed);
            ok(service, line)
        }
        _ => ok(service, line),
    })
    .await;
    let token = scene.issuer.token(UserId::new(), "ann", Audience::V0);
    let answer = call(&scene, Method::POST, "/messages/den", Some(&token)).await;
    assert_eq!(answer.status, 200);
    let seen = scene.seen();
    let lines: Vec<&str> = seen.iter().map(|s| s.line.as_str()).collect();
    let post = "POST /internal/v0/messages/den";
    assert_eq!(lines, [post, "POST /internal/v0/chatrooms/den/join", post]);
    for at in [0, 2] {
        assert_eq!(seen[at].body, r#"{"content":"hi"}"#);
        assert_eq!(seen[at].headers["authorization"], format!("Bearer {token}"));
    }
}

#[tokio::test]
async fn a_message_that_is_refused_makes_nobody_a_member_and_who_may_not_join_does_not_post() {
    let refuses = gateway_with(GatewayConfig::default(), |_, _| {
        ApiError::from(Problem::invalid(FieldError::new("content", "too_short", "at least 1 character")))
            .into_response()
    })
    .await;
    let token = refuses.issuer.token(UserId::new(), "ann", Audience::V0);
    assert_eq!(call(&refuses, Method::POST, "/messages/den", Some(&token)).await.status, 422);
    assert_eq!(refuses.seen().len(), 1);

    let hidden = gateway_with(GatewayConfig::default(), |_, _| not_found()).await;
    let token = hidden.issuer.token(UserId::new(), "ann", Audience::V0);
    let answer = call(&hidden, Method::POST, "/messages/den", Some(&token)).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (404, json!({"detail": "Chat room not found"})));
    assert_eq!(hidden.seen().len(), 2, "it asked to post and to join, and no more");
}

#[tokio::test]
async fn a_caller_without_a_good_token_is_told_in_the_originals_words() {
    let scene = gateway_with(GatewayConfig::default(), ok).await;
    let v1 = scene.issuer.token(UserId::new(), "ann", Audience::App);
    for path in ["/chatrooms/", "/chatrooms/den", "/messages/den"] {
        let answer = call(&scene, Method::GET, path, None).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (401, json!({"detail": "Not authenticated"})), "{path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        for bad in ["nonsense", "cat_abc", v1.as_str()] {
            let answer = call(&scene, Method::GET, path, Some(bad)).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (401, json!({"detail": "Invalid token"})), "{path}");
        }
    }
    assert!(scene.seen().is_empty());
}

#[tokio::test]
async fn a_problem_of_a_service_is_put_into_the_originals_form() {
    let scene = gateway_with(GatewayConfig::default(), |_, line| {
        let problem = if line.contains("register") {
            Problem::invalid(FieldError::new("username", "too_short", "at least 2 characters"))
        } else {
            Problem::new(ErrorCode::Throttled).with_retry_after(4)
        };
        ApiError::from(problem).into_response()
    })
    .await;
    let answer = call(&scene, Method::POST, "/users/register", None).await;
    let list = json!([{"loc": ["body", "username"], "msg": "at least 2 characters", "type": "too_short"}]);
    assert_eq!((answer.status.as_u16(), answer.json()), (422, json!({"detail": list})));
    let answer = call(&scene, Method::POST, "/users/login", None).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("4")));
    assert_eq!(answer.json(), json!({"detail": "Too many tries; wait a little"}));
}

#[tokio::test]
async fn the_list_without_its_slash_is_the_way_to_it() {
    let scene = gateway().await;
    for method in [Method::GET, Method::POST] {
        let answer = call(&scene, method, "/chatrooms", None).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (307, Some("/chatrooms/")));
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_in_the_originals_words() {
    let answer = call(&gateway().await, Method::DELETE, "/chatrooms/", None).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (405, json!({"detail": "Method Not Allowed"})));
}

#[tokio::test]
async fn a_name_cannot_lead_elsewhere() {
    let scene = gateway_with(GatewayConfig::default(), ok).await;
    let token = scene.issuer.token(UserId::new(), "ann", Audience::V0);
    for path in ["/messages/%2e%2e", "/chatrooms/..", "/messages/..%5c", "/users/exists/.."] {
        call(&scene, Method::GET, path, Some(&token)).await;
    }
    let lines: Vec<String> = scene.seen().into_iter().map(|s| s.line).collect();
    assert_eq!(lines, ["GET /internal/v0/messages/..%5c"], "a name, odd as it is");
}

#[tokio::test]
async fn switched_off_none_of_it_is_there() {
    let config = GatewayConfig { v0_api: Switch::Off, ..GatewayConfig::default() };
    let scene = gateway_with(config, ok).await;
    for path in ["/users/exists/ann", "/chatrooms", "/chatrooms/", "/chatrooms/den", "/messages/den", "/ws/den"] {
        let answer = call(&scene, Method::GET, path, None).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (404, Some("not_found")), "{path}");
    }
    assert!(scene.seen().is_empty());
}
