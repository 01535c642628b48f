//! The original API, word for word.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::scene::{Answer, PASSWORD, Scene, claims};

const REGISTER: &str = "/internal/v0/users/register";
const LOGIN: &str = "/internal/v0/users/login";

async fn send(scene: &Scene, path: &str, username: &str, password: &str) -> Answer {
    let body = json!({ "username": username, "password": password });
    scene.post(path, body).by_service().header("user-agent", "python-requests/2.31").send().await
}

async fn exists(scene: &Scene, username: &str) -> Value {
    scene.get(&format!("/internal/v0/users/exists/{username}")).by_service().send().await.expect(StatusCode::OK).json
}

#[tokio::test]
async fn the_original_flow_of_names_and_passwords_is_answered_as_it_was() {
    let scene = Scene::new().await;
    assert_eq!(exists(&scene, "alice").await, json!({ "exists": false }));
    let unknown = send(&scene, LOGIN, "alice", PASSWORD).await.expect(StatusCode::BAD_REQUEST);
    assert_eq!(unknown.json, json!({ "detail": "User not found. Please register." }));
    let made = send(&scene, REGISTER, "alice", PASSWORD).await.expect(StatusCode::OK).json;
    assert_eq!(made["token_type"], "bearer");
    assert_eq!(made.as_object().unwrap().len(), 2);
    assert_eq!(exists(&scene, "Alice").await, json!({ "exists": true }));
    let taken = send(&scene, REGISTER, "alice", PASSWORD).await.expect(StatusCode::BAD_REQUEST);
    assert_eq!(taken.json, json!({ "detail": "Username already registered." }));
    let wrong = send(&scene, LOGIN, "alice", "not-the-password").await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.json, json!({ "detail": "Incorrect password." }));
    let entered = send(&scene, LOGIN, "alice", PASSWORD).await.expect(StatusCode::OK).json;
    assert_eq!(entered["token_type"], "bearer");
}

#[tokio::test]
async fn its_token_lives_half_an_hour_and_reaches_nothing_of_version_one() {
    let scene = Scene::new().await;
    let made = send(&scene, REGISTER, "alice", PASSWORD).await.json;
    let token = made["access_token"].as_str().unwrap();
    let said = claims(token);
    assert_eq!((&said["aud"], &said["scope"]), (&json!("v0"), &json!("read write")));
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 1_800);
    scene.get("/v1/users/me").bearer(token).send().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn its_sessions_are_listed_and_can_be_ended() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let token = send(&scene, LOGIN, "alice", PASSWORD).await.json["access_token"].clone();
    let session = claims(token.as_str().unwrap())["sid"].clone();
    let list = scene.get("/v1/auth/sessions").bearer(&user.access).send().await.json;
    assert_eq!((&list["items"][0]["id"], &list["items"][0]["client"]), (&session, &json!("python-requests/2.31")));
    let mut listener = scene.revocations.subscribe();
    let path = format!("/v1/auth/sessions/{}", session.as_str().unwrap());
    scene.delete(&path).bearer(&user.access).send().await.expect(StatusCode::NO_CONTENT);
    assert_eq!(listener.try_recv().unwrap().to_string(), session.as_str().unwrap());
}

#[tokio::test]
async fn new_names_and_passwords_meet_the_rules_of_version_one() {
    let scene = Scene::new().await;
    let refused = send(&scene, REGISTER, "a b", "short").await.expect(StatusCode::UNPROCESSABLE_ENTITY).json;
    let detail = refused["detail"].as_array().unwrap();
    assert_eq!(detail[0]["loc"], json!(["body", "username"]));
    assert_eq!(detail[1]["loc"], json!(["body", "password"]));
    for error in detail {
        assert!(error["msg"].is_string() && error["type"].is_string());
    }
    let common = send(&scene, REGISTER, "alice", "password").await.expect(StatusCode::UNPROCESSABLE_ENTITY).json;
    assert_eq!(common["detail"][0]["loc"], json!(["body", "password"]));
}

#[tokio::test]
async fn a_body_that_is_none_of_it_is_a_list_of_errors() {
    let scene = Scene::new().await;
    for body in ["", "{", "[]", r#"{"username":"alice"}"#, r#"{"username":1,"password":"x"}"#] {
        let call = scene.call(Method::POST, LOGIN).by_service().header("content-type", "application/json").body(body);
        let answer = call.send().await.expect(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.json["detail"].as_array().is_some_and(|list| !list.is_empty()), "{body}: {}", answer.json);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_an_error_it_can_read() {
    let scene = Scene::new().await;
    let chunks = futures::stream::iter((0..100).map(|_| Ok::<_, std::io::Error>("x".repeat(1_000))));
    let call = scene.call(Method::POST, LOGIN).by_service().body(axum::body::Body::from_stream(chunks));
    let answer = call.send().await.expect(StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.json["detail"].is_string(), "{}", answer.json);
}

#[tokio::test]
async fn it_is_throttled_together_with_version_one() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    for _ in 0..3 {
        send(&scene, LOGIN, "alice", "not-the-password").await.expect(StatusCode::UNAUTHORIZED);
        scene.login("alice", "not-the-password").send().await.refused(401, "invalid_credentials");
    }
    let answer = send(&scene, LOGIN, "alice", PASSWORD).await.expect(StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.retry_after(), Some(1));
    assert!(answer.json["detail"].is_string());
    scene.login("alice", PASSWORD).send().await.refused(429, "throttled");
}

#[tokio::test]
async fn a_disabled_account_reads_as_a_wrong_password() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    scene.operator().disable_user("alice").await.unwrap();
    let answer = send(&scene, LOGIN, "alice", PASSWORD).await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json, json!({ "detail": "Incorrect password." }));
}
