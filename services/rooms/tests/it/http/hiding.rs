//! A private room, to everyone outside it, is not there.

use axum::http::Method;
use chatapp_types::RoomId;
use serde_json::{Value, json};

use super::service::Service;

/// Every call about one room, with a body that is valid.
pub(crate) fn calls_about(room: &str) -> Vec<(Method, String, Value)> {
    vec![
        (Method::GET, room.to_owned(), Value::Null),
        (Method::PATCH, room.to_owned(), json!({ "topic": "x" })),
        (Method::DELETE, room.to_owned(), Value::Null),
        (Method::POST, format!("{room}/join"), Value::Null),
        (Method::POST, format!("{room}/join"), json!({ "secret_code": "wrong-code" })),
        (Method::POST, format!("{room}/leave"), Value::Null),
        (Method::POST, format!("{room}/secret_code"), json!({})),
        (Method::DELETE, format!("{room}/secret_code"), Value::Null),
        (Method::GET, format!("{room}/members"), Value::Null),
        (Method::PUT, format!("{room}/members/ann"), json!({})),
        (Method::PUT, format!("{room}/members/nobody"), json!({ "role": "owner" })),
        (Method::DELETE, format!("{room}/members/ann"), Value::Null),
        (Method::DELETE, format!("{room}/members/eve"), Value::Null),
        (Method::GET, format!("{room}/blocks"), Value::Null),
        (Method::PUT, format!("{room}/blocks/nobody"), json!({ "reason": "x" })),
        (Method::DELETE, format!("{room}/blocks/ann"), Value::Null),
        (Method::POST, format!("{room}/transfer"), json!({ "username": "nobody" })),
        (Method::GET, format!("{room}/audit"), Value::Null),
    ]
}

#[tokio::test]
async fn strangers_and_former_members_and_blocked_ones_cannot_tell_it_from_no_room() {
    let service = Service::start().await;
    let ann = service.user("ann").await;
    let (room, code) = service.private_room(&ann, "den").await;
    let (stranger, left, removed, blocked, never) = (
        service.user("stranger").await,
        service.user("left").await,
        service.user("eve").await,
        service.user("blocked").await,
        service.user("never").await,
    );
    for user in [&left, &removed, &blocked] {
        service.post(user, &format!("{room}/join"), json!({ "secret_code": code })).await.expect(200);
    }
    service.post(&left, &format!("{room}/leave"), Value::Null).await.expect(204);
    service.delete(&ann, &format!("{room}/members/eve")).await.expect(204);
    for name in ["blocked", "never"] {
        service.put(&ann, &format!("{room}/blocks/{name}"), Value::Null).await.expect(200);
    }
    service.patch(&ann, &room, json!({ "name": "lair" })).await.expect(200);
    let missing = format!("/v1/rooms/{}", RoomId::new());
    for user in [&stranger, &left, &removed, &blocked, &never] {
        for ((method, path, body), (_, nowhere, _)) in calls_about(&room).into_iter().zip(calls_about(&missing)) {
            let hidden = service.call(user, method.clone(), &path, body.clone()).await;
            assert_eq!(hidden.told(), (404, "room_not_found"), "{method} {path}");
            let absent = service.call(user, method.clone(), &nowhere, body).await;
            assert_eq!(hidden.comparable(), absent.comparable(), "{method} {path}");
        }
        for name in ["den", "lair", "nowhere"] {
            let by_name = service.get(user, &format!("/v1/rooms/by-name/{name}")).await;
            assert_eq!(by_name.told(), (404, "room_not_found"));
        }
        for list in ["/v1/rooms?scope=public", "/v1/rooms?scope=mine", "/v1/rooms?scope=public&q=lair"] {
            assert_eq!(service.get(user, list).await.expect(200), json!({ "items": [] }));
        }
    }
}
