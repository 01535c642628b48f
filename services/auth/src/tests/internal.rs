//! What other services ask, and nobody else may.

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::scene::Scene;

#[tokio::test]
async fn internal_routes_are_not_there_for_anybody_but_services() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    for (method, path) in [
        (Method::POST, "/internal/tokens/exchange"),
        (Method::GET, "/internal/revocations?since=0"),
        (Method::GET, "/internal/openapi.json"),
        (Method::GET, "/internal/v0/users/exists/alice"),
        (Method::POST, "/internal/v0/users/register"),
        (Method::POST, "/internal/v0/users/login"),
    ] {
        let body = json!({ "token": "cat_x", "username": "x", "password": "x" });
        let call = || scene.call(method.clone(), path).json(&body);
        call().bearer(&user.access).send().await.refused(404, "not_found");
        call().header("x-service-token", &user.access).send().await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn revocations_are_told_from_a_time_on() {
    let scene = Scene::new().await;
    let (first, second) = (scene.register("alice").await, scene.enter("alice").await);
    for session in [&first, &second] {
        scene.wait(10);
        scene.post("/v1/auth/logout", json!(null)).bearer(&session.access).send().await.expect(StatusCode::NO_CONTENT);
    }
    let since = |ms: i64| scene.get(&format!("/internal/revocations?since={ms}")).by_service().send();
    let now = scene.now().millis();
    let both = since(0).await.expect(StatusCode::OK).json;
    assert_eq!(
        both,
        json!([
            { "session_id": first.session().to_string(), "at": now - 10_000 },
            { "session_id": second.session().to_string(), "at": now },
        ])
    );
    assert_eq!(since(now).await.json.as_array().unwrap().len(), 1);
    assert_eq!(since(now + 1).await.json, json!([]));
    scene.get("/internal/revocations?since=x").by_service().send().await.refused(400, "malformed");
}

#[tokio::test]
async fn the_description_is_served_to_services() {
    let scene = Scene::new().await;
    let answer = scene.get("/internal/openapi.json").by_service().send().await.expect(StatusCode::OK);
    assert_eq!(answer.json, serde_json::to_value(&scene.openapi).unwrap());
}
