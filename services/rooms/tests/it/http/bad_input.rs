use axum::body::Body;
use axum::http::{Method, Request};
use rstest::rstest;
use serde_json::{Value, json};

use super::service::Service;

#[rstest]
#[case::no_name("/v1/rooms", json!({ "visibility": "public" }), 400, "malformed")]
#[case::a_number_for_a_name("/v1/rooms", json!({ "name": 5, "visibility": "public" }), 400, "malformed")]
#[case::an_unknown_field("/v1/rooms", json!({ "name": "x", "visibility": "public", "owner": "me" }), 400, "malformed")]
#[case::an_unknown_visibility("/v1/rooms", json!({ "name": "x", "visibility": "secret" }), 400, "malformed")]
#[case::an_empty_name("/v1/rooms", json!({ "name": "  ", "visibility": "public" }), 422, "invalid")]
#[case::a_long_name("/v1/rooms", json!({ "name": "x".repeat(65), "visibility": "public" }), 422, "invalid")]
#[case::a_control_character("/v1/rooms", json!({ "name": "a\u{1b}[2Jb", "visibility": "public" }), 422, "invalid")]
#[case::a_long_topic("/v1/rooms", json!({ "name": "x", "topic": "x".repeat(251), "visibility": "public" }), 422, "invalid")]
#[case::a_short_code("/v1/rooms", json!({ "name": "x", "visibility": "private", "secret_code": "1234567" }), 422, "invalid")]
#[case::a_long_code("/v1/rooms", json!({ "name": "x", "visibility": "private", "secret_code": "x".repeat(129) }), 422, "invalid")]
#[case::a_long_code_to_join("/v1/join", json!({ "secret_code": "x".repeat(10_000) }), 422, "invalid")]
#[case::no_code_to_join("/v1/join", json!({}), 400, "malformed")]
#[case::an_array("/v1/rooms", json!([]), 400, "malformed")]
#[case::too_much("/v1/rooms", json!({ "name": "x".repeat(70_000), "visibility": "public" }), 413, "too_large")]
#[tokio::test]
async fn a_body_that_is_not_right_gets_its_problem(
    #[case] path: &str,
    #[case] body: Value,
    #[case] status: u16,
    #[case] code: &str,
) {
    let service = Service::start().await;
    let ann = service.user("ann").await;
    let answer = service.post(&ann, path, body).await;
    assert_eq!(answer.told(), (status, code), "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.body["instance"], path);
}

#[rstest]
#[case::a_role(Method::PUT, "members/bob", json!({ "role": "king" }), 400, "malformed")]
#[case::the_owners_role(Method::PUT, "members/bob", json!({ "role": "owner" }), 422, "invalid")]
#[case::a_block_in_the_past(Method::PUT, "blocks/bob", json!({ "until": "2026-11-22T11:59:59Z" }), 422, "invalid")]
#[case::no_time(Method::PUT, "blocks/bob", json!({ "until": "tomorrow" }), 400, "malformed")]
#[case::a_long_reason(Method::PUT, "blocks/bob", json!({ "reason": "x".repeat(251) }), 422, "invalid")]
#[case::a_code_in_the_past(Method::POST, "secret_code", json!({ "expires_at": "2020-01-01T00:00:00Z" }), 422, "invalid")]
#[case::no_uses(Method::POST, "secret_code", json!({ "max_uses": 0 }), 422, "invalid")]
#[case::fewer_than_no_uses(Method::POST, "secret_code", json!({ "max_uses": -1 }), 400, "malformed")]
#[case::nobody(Method::PUT, "members/nobody", json!({}), 404, "user_not_found")]
#[case::an_impossible_name(Method::PUT, "members/%00%1b%5b2J", json!({}), 404, "user_not_found")]
#[case::bytes_that_are_no_text(Method::PUT, "members/%ff%fe", json!({}), 404, "not_found")]
#[case::a_blocked_nobody(Method::DELETE, "blocks/nobody", json!(null), 404, "user_not_found")]
#[case::an_odd_new_owner(Method::POST, "transfer", json!({ "username": "a b" }), 422, "invalid")]
#[case::a_long_page(Method::GET, "members?limit=201", json!(null), 422, "invalid")]
#[case::no_page(Method::GET, "members?limit=0", json!(null), 422, "invalid")]
#[case::no_number(Method::GET, "audit?limit=ten", json!(null), 400, "malformed")]
#[case::a_foreign_cursor(Method::GET, "blocks?cursor=%5B%22x%22%5D", json!(null), 400, "bad_cursor")]
#[case::a_wrong_method(Method::PATCH, "members", json!({}), 405, "method_not_allowed")]
#[case::a_wrong_path(Method::GET, "doors", json!(null), 404, "not_found")]
#[tokio::test]
async fn a_call_about_a_room_that_is_not_right_gets_its_problem(
    #[case] method: Method,
    #[case] path: &str,
    #[case] body: Value,
    #[case] status: u16,
    #[case] code: &str,
) {
    let service = Service::start().await;
    let (ann, _bob) = (service.user("ann").await, service.user("bob").await);
    let (room, _) = service.private_room(&ann, "den").await;
    let answer = service.call(&ann, method, &format!("{room}/{path}"), body).await;
    assert_eq!(answer.told(), (status, code), "{}", answer.body);
    let log = service.database.log(room["/v1/rooms/".len()..].parse().unwrap()).await;
    assert_eq!(log.len(), 1, "nothing is half-written");
}

#[rstest]
#[case("/v1/rooms/no-uuid", 404, "not_found")]
#[case("/v1/rooms/by-name/%20", 404, "room_not_found")]
#[case("/v1/rooms?scope=all", 400, "malformed")]
#[case("/v1/rooms?limit=1000", 422, "invalid")]
#[case("/v1/rooms?cursor=abc", 400, "bad_cursor")]
#[tokio::test]
async fn a_query_that_is_not_right_gets_its_problem(#[case] path: &str, #[case] status: u16, #[case] code: &str) {
    let service = Service::start().await;
    let ann = service.user("ann").await;
    assert_eq!(service.get(&ann, path).await.told(), (status, code));
    let long = format!("/v1/rooms?q={}", "x".repeat(65));
    assert_eq!(service.get(&ann, &long).await.told(), (422, "invalid"));
    let longer = format!("/v1/rooms/by-name/{}", "x".repeat(10_000));
    assert_eq!(service.get(&ann, &longer).await.told(), (404, "room_not_found"));
}

#[tokio::test]
async fn what_is_not_json_is_refused_as_such() {
    let service = Service::start().await;
    let ann = service.user("ann").await;
    let send = |kind: &'static str, body: &'static str| {
        let request = Request::builder().method(Method::POST).uri("/v1/rooms").header("content-type", kind);
        service.send(request.header("authorization", format!("Bearer {}", ann.token)).body(Body::from(body)).unwrap())
    };
    assert_eq!(send("text/plain", "{}").await.told(), (415, "unsupported_media_type"));
    assert_eq!(send("application/json", "{").await.told(), (400, "malformed"));
    assert_eq!(send("application/json", "").await.told(), (400, "malformed"));
    assert_eq!(send("application/json", "\"\\ud800\"").await.told(), (400, "malformed"));
}
