use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::Value;

use super::service::Service;

/// Every public call, and the name of its handler.
const OPERATIONS: [(&str, &str, &str); 19] = [
    ("get", "/v1/rooms", "list_rooms"),
    ("post", "/v1/rooms", "create_room"),
    ("get", "/v1/rooms/{room_id}", "get_room"),
    ("patch", "/v1/rooms/{room_id}", "update_room"),
    ("delete", "/v1/rooms/{room_id}", "delete_room"),
    ("get", "/v1/rooms/by-name/{name}", "get_room_by_name"),
    ("post", "/v1/rooms/{room_id}/join", "join_room"),
    ("post", "/v1/join", "join_by_code"),
    ("post", "/v1/rooms/{room_id}/leave", "leave_room"),
    ("post", "/v1/rooms/{room_id}/secret_code", "set_secret_code"),
    ("delete", "/v1/rooms/{room_id}/secret_code", "delete_secret_code"),
    ("get", "/v1/rooms/{room_id}/members", "list_members"),
    ("put", "/v1/rooms/{room_id}/members/{username}", "put_member"),
    ("delete", "/v1/rooms/{room_id}/members/{username}", "delete_member"),
    ("get", "/v1/rooms/{room_id}/blocks", "list_blocks"),
    ("put", "/v1/rooms/{room_id}/blocks/{username}", "put_block"),
    ("delete", "/v1/rooms/{room_id}/blocks/{username}", "delete_block"),
    ("post", "/v1/rooms/{room_id}/transfer", "transfer_room"),
    ("get", "/v1/rooms/{room_id}/audit", "list_audit"),
];

#[tokio::test]
async fn the_description_lists_every_public_call_and_nothing_else() {
    let service = Service::start().await;
    let told = service.v0(None, Method::GET, "/internal/openapi.json", Value::Null).await.expect(200);
    assert_eq!(told, serde_json::to_value(&service.openapi).unwrap());
    let mut described = BTreeSet::new();
    for (path, item) in told["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(operation["responses"]["default"].is_object() && operation["security"].is_array(), "{id}");
            assert!(operation["summary"].is_string(), "{id}");
            described.insert((method.clone(), path.clone(), id.to_owned()));
        }
    }
    let expected = OPERATIONS.map(|(method, path, id)| (method.to_owned(), path.to_owned(), id.to_owned()));
    assert_eq!(described, BTreeSet::from(expected));
    let list = &told["paths"]["/v1/rooms"]["get"]["parameters"];
    let names: BTreeSet<_> = list.as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(names, BTreeSet::from(["scope", "q", "cursor", "limit"]));
}
