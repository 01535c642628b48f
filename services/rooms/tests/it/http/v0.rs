use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use super::service::Service;

const ROOMS: &str = "/internal/v0/chatrooms/";

#[tokio::test]
async fn the_originals_calls_have_the_originals_answers() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    let (ann_token, bob_token) = (Some(ann.v0_token.as_str()), Some(bob.v0_token.as_str()));
    assert_eq!(service.v0(ann_token, Method::GET, ROOMS, Value::Null).await.expect(200), json!([]));
    let made = service.v0(ann_token, Method::POST, ROOMS, json!({ "name": "General chat" })).await.expect(200);
    assert_eq!(made, json!({ "name": "General chat", "id": 1, "messages": [] }));
    let taken = service.v0(bob_token, Method::POST, ROOMS, json!({ "name": "general chat" })).await;
    assert_eq!(taken.expect(400), json!({ "detail": "Chat room already exists" }));
    assert_eq!(service.v0(bob_token, Method::GET, ROOMS, Value::Null).await.expect(200), json!([made]));
    let one = format!("{ROOMS}General%20chat");
    assert_eq!(service.v0(bob_token, Method::GET, &one, Value::Null).await.expect(200), made);
    let missing = service.v0(bob_token, Method::GET, &format!("{ROOMS}nowhere"), Value::Null).await;
    assert_eq!(missing.expect(404), json!({ "detail": "Chat room not found" }));
    let joined = service.v0(bob_token, Method::POST, &format!("{one}/join"), Value::Null).await.expect(200);
    let room = format!("/v1/rooms/{}", joined["room_id"].as_str().unwrap());
    assert_eq!(service.get(&bob, &room).await.expect(200)["role"], "member");
    assert_eq!(service.get(&ann, &room).await.expect(200)["role"], "owner");
}

#[tokio::test]
async fn a_private_room_is_invisible_to_version_0_from_outside() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    service.private_room(&ann, "den").await;
    let den = format!("{ROOMS}den");
    for (method, path) in [(Method::GET, den.clone()), (Method::POST, format!("{den}/join"))] {
        let hidden = service.v0(Some(&bob.v0_token), method.clone(), &path, Value::Null).await;
        assert_eq!(hidden.expect(404), json!({ "detail": "Chat room not found" }));
        service.v0(Some(&ann.v0_token), method, &path, Value::Null).await.expect(200);
    }
    assert_eq!(service.v0(Some(&bob.v0_token), Method::GET, ROOMS, Value::Null).await.expect(200), json!([]));
    // A name stands for one room there: the public one goes before a private one of one's own.
    let public = service.public_room(&ann, "DEN").await;
    let listed = service.v0(Some(&ann.v0_token), Method::GET, ROOMS, Value::Null).await.expect(200);
    assert_eq!(listed, json!([{ "name": "DEN", "id": 2, "messages": [] }]));
    let entered = service.v0(Some(&ann.v0_token), Method::POST, &format!("{den}/join"), Value::Null).await.expect(200);
    assert!(public.ends_with(entered["room_id"].as_str().unwrap()));
}

#[tokio::test]
async fn who_was_removed_or_blocked_does_not_come_back_by_version_0() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    let room = service.public_room(&ann, "den").await;
    let join = format!("{ROOMS}den/join");
    service.v0(Some(&bob.v0_token), Method::POST, &join, Value::Null).await.expect(200);
    service.delete(&ann, &format!("{room}/members/bob")).await.expect(204);
    service.v0(Some(&bob.v0_token), Method::POST, &join, Value::Null).await.expect(404);
    service.v0(Some(&bob.v0_token), Method::GET, &format!("{ROOMS}den"), Value::Null).await.expect(200);
    service.put(&ann, &format!("{room}/blocks/bob"), Value::Null).await.expect(200);
    service.v0(Some(&bob.v0_token), Method::GET, &format!("{ROOMS}den"), Value::Null).await.expect(404);
    assert_eq!(service.v0(Some(&bob.v0_token), Method::GET, ROOMS, Value::Null).await.expect(200), json!([]));
}

#[tokio::test]
async fn its_errors_are_the_originals() {
    let service = Service::start().await;
    let ann = service.user("ann").await;
    let token = Some(ann.v0_token.as_str());
    let missing = service.v0(None, Method::GET, ROOMS, Value::Null).await;
    assert_eq!(missing.expect(401), json!({ "detail": "Not authenticated" }));
    let wrong = service.v0(Some("no-token"), Method::GET, ROOMS, Value::Null).await;
    assert_eq!(wrong.expect(401), json!({ "detail": "Invalid token" }));
    let long = service.v0(token, Method::POST, ROOMS, json!({ "name": "x".repeat(65) })).await.expect(422);
    assert_eq!(long["detail"][0]["loc"], json!(["body", "name"]));
    for body in [json!({}), json!([]), json!({ "name": 5 })] {
        assert!(service.v0(token, Method::POST, ROOMS, body).await.expect(422)["detail"].is_array());
    }
}

#[tokio::test]
async fn nothing_internal_is_there_without_a_service_token() {
    let service = Service::start().await;
    let ann = service.user("ann").await;
    let foreign = service.keys.mint("messages", &*service.clock);
    for (method, path) in [
        (Method::GET, ROOMS),
        (Method::POST, ROOMS),
        (Method::GET, "/internal/v0/chatrooms/den"),
        (Method::POST, "/internal/v0/chatrooms/den/join"),
        (Method::GET, "/internal/openapi.json"),
    ] {
        for token in [None, Some("forged"), Some(foreign.as_str())] {
            let mut request = Request::builder().method(method.clone()).uri(path);
            request = request.header("authorization", format!("Bearer {}", ann.v0_token));
            if let Some(token) = token {
                request = request.header("x-service-token", token);
            }
            let answer = service.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.told(), (404, "not_found"), "{method} {path}");
        }
    }
}
