//! The calls of other services.

use axum::http::Method;
use chatapp_types::RoomId;
use serde_json::json;

use super::service::Service;

#[tokio::test]
async fn internal_routes_are_not_there_for_anybody_else() {
    let service = Service::start().await;
    let ann = service.world.user("ann").await;
    let room = service.world.room("den", &ann).await;
    for (method, path) in [
        (Method::GET, format!("/internal/rooms/{}/timeline", room.id)),
        (Method::POST, "/internal/heads".to_owned()),
        (Method::GET, "/internal/openapi.json".to_owned()),
        (Method::GET, "/internal/v0/messages/den".to_owned()),
        (Method::POST, "/internal/v0/messages/den".to_owned()),
    ] {
        let by_user = service.call(&ann, method.clone(), &path).json(&json!({})).send().await;
        assert_eq!(by_user.problem(), (404, "not_found"), "{method} {path}");
        let forged = service.anonymous(method, &path).header("x-service-token", "x.y.z").send().await;
        assert_eq!(forged.problem(), (404, "not_found"));
    }
}

#[tokio::test]
async fn a_service_reads_the_log_and_heads() {
    let service = Service::start().await;
    let ann = service.world.user("ann").await;
    let room = service.world.room("den", &ann).await;
    let message = service.world.post(&room, &ann, "hello").await;
    let path = format!("/internal/rooms/{}/timeline?after=1&limit=1000", room.id);
    let log = service.anonymous(Method::GET, &path).service_token().send().await;
    assert_eq!(log.json["items"][0]["key"], json!(message.key));
    assert_eq!((&log.json["head"], &log.json["floor"]), (&json!(2), &json!(0)));
    let nowhere = RoomId::new();
    let heads = service.anonymous(Method::POST, "/internal/heads").service_token();
    let heads = heads.json(&json!({ "rooms": [room.id, nowhere] })).send().await;
    assert_eq!(heads.json, json!({ "rooms": { room.id.to_string(): 2 } }));
    let missing = format!("/internal/rooms/{nowhere}/timeline");
    let missing = service.anonymous(Method::GET, &missing).service_token().send().await;
    assert_eq!(missing.problem(), (404, "room_not_found"));
    let too_many: Vec<RoomId> = (0..1_001).map(|_| RoomId::new()).collect();
    let call = service.anonymous(Method::POST, "/internal/heads").service_token();
    assert_eq!(call.json(&json!({ "rooms": too_many })).send().await.problem(), (422, "invalid"));
}
