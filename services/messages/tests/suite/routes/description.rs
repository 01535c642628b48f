//! The description that is generated from the routes.

use axum::http::Method;
use serde_json::Value;

use super::service::Service;

#[tokio::test]
async fn every_public_call_is_described_and_no_internal_one() {
    let service = Service::start().await;
    let description = serde_json::to_value(&service.openapi).unwrap();
    let mut operations = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["responses"]["default"].is_object(), "{method} {path} says nothing of problems");
            assert!(operation["summary"].is_string() && operation["security"].is_array());
            operations.push(format!("{} {method} {path}", operation["operationId"].as_str().unwrap()));
        }
    }
    operations.sort();
    assert_eq!(
        operations,
        [
            "delete_message delete /v1/rooms/{room_id}/messages/{message_id}",
            "edit_message patch /v1/rooms/{room_id}/messages/{message_id}",
            "get_message get /v1/rooms/{room_id}/messages/{message_id}",
            "get_timeline get /v1/rooms/{room_id}/timeline",
            "list_messages get /v1/rooms/{room_id}/messages",
            "list_unread get /v1/unread",
            "post_message post /v1/rooms/{room_id}/messages",
            "put_read_marker put /v1/rooms/{room_id}/read",
            "search_messages get /v1/search",
        ]
    );
    let served = service.anonymous(Method::GET, "/internal/openapi.json").service_token().send().await;
    assert_eq!(served.json, description);
}

#[tokio::test]
async fn every_reference_of_the_description_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|v| references(v, found));
            }
            Value::Array(items) => items.iter().for_each(|v| references(v, found)),
            _ => {}
        }
    }
    let service = Service::start().await;
    let description = serde_json::to_value(&service.openapi).unwrap();
    let mut found = Vec::new();
    references(&description, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}
