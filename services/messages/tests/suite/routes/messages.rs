//! Messages over HTTP.

use axum::http::Method;
use chatapp_http::Audience;
use chatapp_types::SendKey;
use serde_json::json;

use super::service::Service;

#[tokio::test]
async fn a_message_is_posted_repeated_edited_read_and_deleted() {
    let service = Service::start().await;
    let ann = service.world.user("ann").await;
    let room = service.world.room("den", &ann).await;
    let path = format!("/v1/rooms/{}/messages", room.id);
    let key = SendKey::new();
    let post = || service.call(&ann, Method::POST, &path).key(key).json(&json!({ "body": "hello" })).send();
    let first = post().await;
    assert_eq!((first.status.as_u16(), &first.json["duplicate"]), (201, &json!(false)));
    assert_eq!(first.headers["cache-control"], "no-store");
    let mut again = post().await;
    assert_eq!((again.status.as_u16(), &again.json["duplicate"]), (200, &json!(true)));
    again.json["duplicate"] = json!(false);
    assert_eq!(again.json, first.json);
    let other = service.call(&ann, Method::POST, &path).key(key).json(&json!({ "body": "other" })).send().await;
    assert_eq!(other.problem(), (409, "key_reused"));

    let one = format!("{path}/{}", first.json["id"].as_str().unwrap());
    let edited = service.call(&ann, Method::PATCH, &one).json(&json!({ "body": "bye" })).send().await;
    assert_eq!((edited.status.as_u16(), &edited.json["body"]), (200, &json!("bye")));
    let page = service.call(&ann, Method::GET, &format!("{path}?limit=1")).send().await;
    assert_eq!((&page.json["items"][0], &page.json["head"]), (&edited.json, &json!(3)));
    let gone = service.call(&ann, Method::DELETE, &one).send().await;
    assert_eq!((gone.status.as_u16(), gone.json.is_null()), (204, true));
    let late = service.call(&ann, Method::PATCH, &one).json(&json!({ "body": "?" })).send().await;
    assert_eq!(late.problem(), (409, "message_deleted"));
    let log = service.call(&ann, Method::GET, &format!("/v1/rooms/{}/timeline?after=1", room.id)).send().await;
    let kinds: Vec<_> = log.json["items"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message.posted", "message.edited", "message.deleted"]);
    assert!(!log.json.to_string().contains("bye"));
}

#[tokio::test]
async fn markers_counts_and_finds_are_answered() {
    let service = Service::start().await;
    let (ann, bob) = (service.world.user("ann").await, service.world.user("bob").await);
    let room = service.world.room("den", &ann).await;
    service.world.join(&room, &bob).await;
    for n in 0..3 {
        service.world.post(&room, &ann, &format!("straw {n} @bob")).await;
    }
    let read = format!("/v1/rooms/{}/read", room.id);
    let marked = service.call(&bob, Method::PUT, &read).json(&json!({ "seq": 4 })).send().await;
    assert_eq!(marked.status, 204);
    let unread = service.call(&bob, Method::GET, "/v1/unread").send().await;
    let row = json!({ "room_id": room.id, "messages": 1, "mentions": 1, "read_seq": 4, "head": 5 });
    assert_eq!(unread.json["items"], json!([row]));
    let found = service.call(&bob, Method::GET, "/v1/search?q=straw%20@bo&limit=2").send().await;
    assert_eq!(found.json["items"].as_array().unwrap().len(), 2);
    let cursor = found.json["next_cursor"].as_str().unwrap();
    let rest = service.call(&bob, Method::GET, &format!("/v1/search?q=straw&cursor={cursor}")).send().await;
    assert_eq!(rest.json["items"][0]["message"]["body"], "straw 0 @bob");
    assert_eq!((&rest.json["items"][0]["room_name"], rest.json.get("next_cursor")), (&json!("den"), None));
}

#[tokio::test]
async fn a_token_reaches_as_far_as_its_scopes() {
    let service = Service::start().await;
    let (ann, bob) = (service.world.user("ann").await, service.world.user("bob").await);
    let room = service.world.room("den", &ann).await;
    service.world.join(&room, &bob).await;
    let message = service.world.post(&room, &bob, "hello").await;
    let messages = format!("/v1/rooms/{}/messages", room.id);
    let one = format!("{messages}/{}", message.id);
    let narrow = |method, path: &str, scope| {
        let token = service.token(&ann, Audience::App, scope);
        service.anonymous(method, path).bearer(&token).key(SendKey::new()).json(&json!({ "body": "x" })).send()
    };
    for (method, path, scope) in [
        (Method::GET, messages.as_str(), "write moderate account"),
        (Method::GET, "/v1/unread", "write"),
        (Method::GET, "/v1/search?q=x", ""),
        (Method::POST, messages.as_str(), "read"),
        (Method::PATCH, one.as_str(), "read moderate"),
        (Method::DELETE, one.as_str(), "read write"),
        (Method::DELETE, one.as_str(), "read moderate"),
    ] {
        let answer = narrow(method.clone(), path, scope).await;
        assert_eq!(answer.problem(), (403, "insufficient_scope"), "{method} {path} {scope}");
    }
    assert_eq!(narrow(Method::POST, &messages, "write").await.status, 201);
    assert_eq!(narrow(Method::DELETE, &one, "write moderate").await.status, 204);
}
