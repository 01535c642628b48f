//! Who is let in.

use axum::http::Method;
use chatapp_http::Audience;
use chatapp_types::{History, MessageId, RoomId, SendKey, Visibility};
use serde_json::{Value, json};

use super::service::{ALL, Service};

/// Every call about a room and one of its messages.
fn calls(room: RoomId, message: MessageId) -> Vec<(Method, String)> {
    let messages = format!("/v1/rooms/{room}/messages");
    vec![
        (Method::POST, messages.clone()),
        (Method::PATCH, format!("{messages}/{message}")),
        (Method::DELETE, format!("{messages}/{message}")),
        (Method::GET, messages),
        (Method::GET, format!("/v1/rooms/{room}/timeline")),
        (Method::PUT, format!("/v1/rooms/{room}/read")),
        (Method::GET, format!("/v1/search?q=x&room_id={room}")),
    ]
}

/// A body that fits the call.
fn body(method: &Method) -> Value {
    if *method == Method::PUT { json!({ "seq": 1 }) } else { json!({ "body": "x" }) }
}

#[tokio::test]
async fn a_hidden_room_and_no_room_get_the_same_answer_from_every_call() {
    let service = Service::start().await;
    let (ann, eve) = (service.world.user("ann").await, service.world.user("eve").await);
    let hidden = service.world.room_with("vault", &ann, Visibility::Private, History::Full).await;
    let message = service.world.post(&hidden, &ann, "x").await;
    let nowhere = RoomId::new();
    let token = service.token(&eve, Audience::App, ALL);
    for ((method, path), (_, other)) in calls(hidden.id, message.id).into_iter().zip(calls(nowhere, MessageId::new())) {
        let ask = |path: String| {
            service.anonymous(method.clone(), &path).bearer(&token).key(SendKey::new()).json(&body(&method)).send()
        };
        let (mut a, mut b) = (ask(path.clone()).await, ask(other).await);
        assert_eq!(a.problem(), (404, "room_not_found"), "{method} {path}");
        for answer in [&mut a, &mut b] {
            answer.json.as_object_mut().unwrap().retain(|name, _| name != "trace_id" && name != "instance");
        }
        assert_eq!(a.json, b.json);
    }
    assert_eq!(service.world.head(&hidden).await, 2);
}

#[tokio::test]
async fn one_who_has_not_joined_or_is_blocked_is_told_so_in_a_public_room() {
    let service = Service::start().await;
    let (ann, eve) = (service.world.user("ann").await, service.world.user("eve").await);
    let room = service.world.room("den", &ann).await;
    let message = service.world.post(&room, &ann, "x").await;
    for expected in ["not_a_member", "blocked"] {
        if expected == "blocked" {
            service.world.block(&room, &eve).await;
        }
        for (method, path) in calls(room.id, message.id) {
            let call = service.call(&eve, method.clone(), &path).key(SendKey::new()).json(&body(&method));
            assert_eq!(call.send().await.problem(), (403, expected), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn nobody_gets_in_without_a_token_for_here() {
    let service = Service::start().await;
    let ann = service.world.user("ann").await;
    let room = service.world.room("den", &ann).await;
    let mut all = calls(room.id, MessageId::new());
    all.push((Method::GET, "/v1/unread".to_owned()));
    let v0 = service.token(&ann, Audience::V0, ALL);
    for (method, path) in all {
        let bare = || service.anonymous(method.clone(), &path).key(SendKey::new()).json(&body(&method));
        assert_eq!(bare().send().await.problem(), (401, "unauthenticated"), "{method} {path}");
        assert_eq!(bare().service_token().send().await.problem(), (401, "unauthenticated"));
        assert_eq!(bare().bearer(&v0).send().await.problem(), (401, "unauthenticated"));
        assert_eq!(bare().bearer("x.y.z").send().await.problem(), (401, "unauthenticated"));
    }
}
