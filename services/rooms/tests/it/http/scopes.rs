use axum::http::Method;
use serde_json::json;

use super::hiding::calls_about;
use super::service::Service;

/// The scope that a call needs.
fn needed(method: &Method, path: &str) -> &'static str {
    match *method {
        Method::GET => "read",
        Method::POST if path.ends_with("/join") || path.ends_with("/leave") || path == "/v1/rooms" => "write",
        // Giving a room away or deleting it cannot be taken back: not for a script's token.
        Method::POST if path.ends_with("/transfer") => "account",
        Method::DELETE if path.split('/').count() == 4 => "account",
        _ => "moderate",
    }
}

#[tokio::test]
async fn each_call_needs_its_scope_and_no_other() {
    let service = Service::start().await;
    let ann = service.user("ann").await;
    let room = service.public_room(&ann, "den").await;
    let mut calls = calls_about(&room);
    calls.push((Method::GET, "/v1/rooms".into(), json!(null)));
    calls.push((Method::GET, "/v1/rooms/by-name/den".into(), json!(null)));
    calls.push((Method::POST, "/v1/rooms".into(), json!({ "name": "x", "visibility": "private" })));
    calls.push((Method::POST, "/v1/join".into(), json!({ "secret_code": "wrong-code" })));
    for (method, path, body) in calls {
        let needed = needed(&method, &path);
        let others: Vec<_> = ["read", "write", "moderate", "account"].into_iter().filter(|s| *s != needed).collect();
        let token = service.token(&ann.account, "chatapp", &others.join(" "));
        let refused = service.call_as(&token, method.clone(), &path, body).await;
        assert_eq!(refused.told(), (403, "insufficient_scope"), "{method} {path}");
    }
    let read_only = service.token(&ann.account, "chatapp", "read");
    service.call_as(&read_only, Method::GET, &room, json!(null)).await.expect(200);
}

#[tokio::test]
async fn a_token_of_version_0_reaches_nothing_here() {
    let service = Service::start().await;
    let ann = service.user("ann").await;
    let answer = service.call_as(&ann.v0_token, Method::GET, "/v1/rooms", json!(null)).await;
    assert_eq!(answer.told(), (401, "unauthenticated"));
    let own = service.v0(Some(&ann.token), Method::GET, "/internal/v0/chatrooms/", json!(null)).await;
    assert_eq!(own.expect(401), json!({ "detail": "Invalid token" }));
}
