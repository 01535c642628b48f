//! The original client's calls.

use axum::http::Method;
use chatapp_http::Audience;
use serde_json::json;

use super::service::{ALL, Service};

const DEN: &str = "/internal/v0/messages/den";

#[tokio::test]
async fn a_member_posts_and_reads_in_the_originals_form() {
    let service = Service::start().await;
    let ann = service.world.user("ann").await;
    let room = service.world.room("Den", &ann).await;
    let posted =
        service.v0(&ann, Method::POST, DEN).json(&json!({ "content": "hello", "username": "eve" })).send().await;
    assert_eq!(posted.status, 200);
    let expected = json!({ "content": "hello", "id": 2, "username": "ann", "timestamp": "2027-01-15T08:00:00.000000" });
    assert_eq!(posted.json, expected);
    let read = service.v0(&ann, Method::GET, DEN).send().await;
    assert_eq!((read.status.as_u16(), read.json), (200, json!([expected])));
    let again = service.v0(&ann, Method::POST, DEN).json(&json!({ "content": "hello" })).send().await;
    assert_eq!(again.json["id"], 3, "without a key a repeat is a second message");
    assert_eq!(service.world.head(&room).await, 3);
}

#[tokio::test]
async fn refusals_have_the_originals_words() {
    let service = Service::start().await;
    let (ann, eve) = (service.world.user("ann").await, service.world.user("eve").await);
    service.world.room("den", &ann).await;
    let hello = json!({ "content": "hello" });
    let bare = |path: &str| service.anonymous(Method::POST, path).service_token().json(&hello);
    let v1 = service.token(&ann, Audience::App, ALL);
    let stranger = service.v0(&eve, Method::POST, DEN).json(&hello);
    let nowhere = service.v0(&ann, Method::POST, "/internal/v0/messages/nowhere").json(&hello);
    let long_name = service.v0(&ann, Method::GET, &format!("/internal/v0/messages/{}", "x".repeat(9_000)));
    for (call, status, detail) in [
        (bare(DEN), 401, "Not authenticated"),
        (bare(DEN).bearer("x"), 401, "Invalid token"),
        (bare(DEN).bearer(&v1), 401, "Invalid token"),
        (stranger, 404, "Chat room not found"),
        (nowhere, 404, "Chat room not found"),
        (long_name, 404, "Chat room not found"),
    ] {
        let answer = call.send().await;
        assert_eq!((answer.status.as_u16(), answer.json), (status, json!({ "detail": detail })));
    }
    for bad in [json!({}), json!({ "content": 5 }), json!({ "content": "" }), json!("x")] {
        let answer = service.v0(&ann, Method::POST, DEN).json(&bad).send().await;
        assert_eq!((answer.status.as_u16(), answer.json["detail"].is_array()), (422, true), "{bad}");
    }
}
