//! Tokens for scripts.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::scene::{Answer, PASSWORD, Scene, claims};

async fn exchange(scene: &Scene, token: &str) -> Answer {
    scene.post("/internal/tokens/exchange", json!({ "token": token })).by_service().send().await
}

async fn create(scene: &Scene, access: &str, body: Value) -> Answer {
    scene.post("/v1/users/me/tokens", body).bearer(access).send().await
}

fn text(json: &Value, name: &str) -> String {
    json[name].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_is_shown_once_and_exchanged_for_what_it_may_do() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let body = json!({ "name": "backup", "scopes": ["moderate", "read", "read"] });
    let made = create(&scene, &user.access, body).await.expect(StatusCode::CREATED).json;
    let token = text(&made, "token");
    assert!(token.starts_with("cat_") && token.len() > 40);
    let exchanged = exchange(&scene, &token).await.expect(StatusCode::OK).json;
    assert_eq!((&exchanged["session_id"], &exchanged["expires_in"]), (&made["id"], &json!(300)));
    let access = text(&exchanged, "access_token");
    let said = claims(&access);
    assert_eq!((&said["sid"], &said["scope"], &said["aud"]), (&made["id"], &json!("read moderate"), &json!("chatapp")));
    assert!(scene.admits(&access).await);
    let list = scene.get("/v1/users/me/tokens").bearer(&user.access).send().await.expect(StatusCode::OK);
    assert_eq!(list.json["items"][0]["name"], "backup");
    assert_eq!(list.json["items"][0]["last_used_at"], "2026-11-22T12:00:00.000Z");
    assert!(!list.json.to_string().contains(&token[4..]), "its value is shown once");
}

#[tokio::test]
async fn a_token_cannot_touch_the_account() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let body = json!({ "name": "all", "scopes": ["read", "write", "moderate"] });
    let token = text(&create(&scene, &user.access, body).await.expect(StatusCode::CREATED).json, "token");
    let access = text(&exchange(&scene, &token).await.expect(StatusCode::OK).json, "access_token");
    let session = format!("/v1/auth/sessions/{}", user.session());
    let change = json!({ "current_password": PASSWORD, "new_password": "another-fine-day" });
    for (method, path, body) in [
        (Method::POST, "/v1/auth/logout", json!(null)),
        (Method::PUT, "/v1/auth/password", change),
        (Method::GET, "/v1/auth/sessions", json!(null)),
        (Method::DELETE, session.as_str(), json!(null)),
        (Method::DELETE, "/v1/users/me", json!({ "password": PASSWORD })),
        (Method::GET, "/v1/users/me/tokens", json!(null)),
        (Method::POST, "/v1/users/me/tokens", json!({ "name": "more" })),
        (Method::DELETE, "/v1/users/me/tokens?name=all", json!(null)),
    ] {
        let call = scene.call(method, path).json(&body).bearer(&access);
        call.send().await.refused(403, "insufficient_scope");
    }
    let write = create(&scene, &user.access, json!({ "name": "write", "scopes": ["write"] })).await.json;
    let access = text(&exchange(&scene, &text(&write, "token")).await.json, "access_token");
    scene.get("/v1/users/alice").bearer(&access).send().await.refused(403, "insufficient_scope");
    scene.get("/v1/users/me").bearer(&access).send().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn an_ended_token_is_out_at_once() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let made = create(&scene, &user.access, json!({ "name": "my backup" })).await.json;
    let token = text(&made, "token");
    let access = text(&exchange(&scene, &token).await.json, "access_token");
    let mut listener = scene.revocations.subscribe();
    let end = || scene.delete("/v1/users/me/tokens?name=my%20backup").bearer(&user.access);
    end().send().await.expect(StatusCode::NO_CONTENT);
    assert_eq!(listener.try_recv().unwrap().to_string(), text(&made, "id"));
    scene.get("/v1/users/me").bearer(&access).send().await.refused(401, "session_revoked");
    exchange(&scene, &token).await.refused(401, "unauthenticated");
    end().send().await.refused(404, "token_not_found");
}

#[tokio::test]
async fn what_is_issued_for_a_token_ends_with_it() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let end = scene.now().plus(time::Duration::seconds(100)).to_string();
    let made = create(&scene, &user.access, json!({ "name": "brief", "expires_at": end })).await;
    let token = text(&made.expect(StatusCode::CREATED).json, "token");
    scene.wait(60);
    assert_eq!(exchange(&scene, &token).await.expect(StatusCode::OK).json["expires_in"], 40);
    scene.wait(40);
    exchange(&scene, &token).await.refused(401, "unauthenticated");
    create(&scene, &user.access, json!({ "name": "brief" })).await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn a_token_against_the_rules_is_refused() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    create(&scene, &user.access, json!({ "name": "backup" })).await.expect(StatusCode::CREATED);
    create(&scene, &user.access, json!({ "name": " backup " })).await.refused(409, "token_name_taken");
    for (body, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x".repeat(65) }), "name"),
        (json!({ "name": "a\nb" }), "name"),
        (json!({ "name": "x", "scopes": [] }), "scopes"),
        (json!({ "name": "x", "scopes": ["read", "account"] }), "scopes"),
        (json!({ "name": "x", "expires_at": "2026-11-22T12:00:00Z" }), "expires_at"),
    ] {
        let answer = create(&scene, &user.access, body.clone()).await.refused(422, "invalid");
        assert_eq!(answer.errors()[0].0, field, "{body}");
    }
    create(&scene, &user.access, json!({ "name": "x", "scopes": ["root"] })).await.refused(400, "malformed");
    create(&scene, &user.access, json!({ "name": "x", "expires_at": "tomorrow" })).await.refused(400, "malformed");
}

#[tokio::test]
async fn what_is_no_token_is_exchanged_for_nothing() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    for token in ["", "cat_", "cat_AAAA", &user.access, &user.refresh, &format!("cat_{}", "A".repeat(60_000))] {
        exchange(&scene, token).await.refused(401, "unauthenticated");
    }
}
