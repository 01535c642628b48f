//! Malformed, oversized, wrongly typed and hostile requests: each gets its problem, and nothing is half-written.

use axum::http::Method;
use chatapp_types::{MessageId, SendKey};
use serde_json::{Value, json};

use super::service::{Answer, Service};

struct Post<'s> {
    service: &'s Service,
    user: chatapp_types::UserRef,
    path: String,
}

impl Post<'_> {
    async fn json(&self, body: &Value) -> Answer {
        self.service.call(&self.user, Method::POST, &self.path).key(SendKey::new()).json(body).send().await
    }

    async fn bytes(&self, content_type: &str, body: &[u8]) -> Answer {
        let call = self.service.call(&self.user, Method::POST, &self.path).key(SendKey::new());
        call.bytes(content_type, body.to_vec()).send().await
    }

    async fn with_key(&self, key: &str) -> Answer {
        let call = self.service.call(&self.user, Method::POST, &self.path).header("idempotency-key", key);
        call.json(&json!({ "body": "x" })).send().await
    }
}

#[tokio::test]
async fn a_bad_post_is_refused_and_leaves_nothing() {
    let service = Service::start().await;
    let ann = service.world.user("ann").await;
    let room = service.world.room("den", &ann).await;
    let post = Post { service: &service, user: ann.clone(), path: format!("/v1/rooms/{}/messages", room.id) };
    let long = "x".repeat(4_001);
    let heavy = "x".repeat(70_000);
    for (body, expected) in [
        (json!({ "body": "" }), (422, "invalid")),
        (json!({ "body": " \n\t" }), (422, "invalid")),
        (json!({ "body": "a\u{0}b" }), (422, "invalid")),
        (json!({ "body": long }), (422, "invalid")),
        (json!({ "body": heavy }), (413, "too_large")),
        (json!({ "body": "x", "reply_to": MessageId::new() }), (422, "invalid")),
        (json!({ "body": "x", "reply_to": "7" }), (400, "malformed")),
        (json!({ "body": "x", "author": "eve" }), (400, "malformed")),
        (json!({ "body": 5 }), (400, "malformed")),
        (json!({ "body": null }), (400, "malformed")),
        (json!({}), (400, "malformed")),
        (json!([]), (400, "malformed")),
        (json!(null), (400, "malformed")),
    ] {
        assert_eq!(post.json(&body).await.problem(), expected, "{body:.60}");
    }
    for (content_type, body, expected) in [
        ("text/plain", &b"{\"body\":\"x\"}"[..], (415, "unsupported_media_type")),
        ("application/x-www-form-urlencoded", b"body=x", (415, "unsupported_media_type")),
        ("application/json", b"{\"body\":\"x\"", (400, "malformed")),
        ("application/json", b"{\"body\":\"\xff\xfe\"}", (400, "malformed")),
        ("application/json", b"{\"body\":\"\\ud800\"}", (400, "malformed")),
        ("application/json", b"{\"body\":\"x\",\"body\":\"y\"}", (400, "malformed")),
        ("application/json", b"", (400, "malformed")),
        ("application/json", &b"[".repeat(60_000), (400, "malformed")),
    ] {
        let answer = post.bytes(content_type, body).await;
        assert_eq!(answer.problem(), expected, "{content_type} {:?}", body.get(..20));
    }
    for key in ["", "7", "not-a-uuid", &"a".repeat(5_000)] {
        assert_eq!(post.with_key(key).await.problem(), (400, "idempotency_key_required"), "{key:.20}");
    }
    let keyless = service.call(&ann, Method::POST, &post.path).json(&json!({ "body": "x" })).send().await;
    assert_eq!(keyless.problem(), (400, "idempotency_key_required"));
    let two = service.call(&ann, Method::POST, &post.path).key(SendKey::new()).key(SendKey::new());
    assert_eq!(two.json(&json!({ "body": "x" })).send().await.problem(), (400, "idempotency_key_required"));
    assert_eq!(service.world.head(&room).await, 1);
}

#[tokio::test]
async fn a_refused_field_is_named() {
    let service = Service::start().await;
    let ann = service.world.user("ann").await;
    let room = service.world.room("den", &ann).await;
    let post = Post { service: &service, user: ann, path: format!("/v1/rooms/{}/messages", room.id) };
    let blank = post.json(&json!({ "body": " " })).await;
    assert_eq!(
        (&blank.json["errors"][0]["field"], &blank.json["errors"][0]["code"]),
        (&json!("body"), &json!("too_short"))
    );
    let unknown = post.json(&json!({ "body": "x", "reply_to": MessageId::new() })).await;
    assert_eq!(unknown.json["errors"][0]["field"], "reply_to");
}

#[tokio::test]
async fn a_bad_path_or_query_is_refused() {
    let service = Service::start().await;
    let ann = service.world.user("ann").await;
    let room = service.world.room("den", &ann).await;
    let base = format!("/v1/rooms/{}", room.id);
    let long = "x".repeat(201);
    let cases: Vec<(Method, String, (u16, &str))> = vec![
        (Method::GET, format!("{base}/messages?limit=0"), (422, "invalid")),
        (Method::GET, format!("{base}/messages?limit=201"), (422, "invalid")),
        (Method::GET, format!("{base}/messages?limit=-1"), (422, "invalid")),
        (Method::GET, format!("{base}/messages?limit=ten"), (400, "malformed")),
        (Method::GET, format!("{base}/messages?before=-1"), (400, "malformed")),
        (Method::GET, format!("{base}/messages?before=1&after=1"), (400, "malformed")),
        (Method::GET, format!("{base}/messages?before=1&before=2"), (400, "malformed")),
        (Method::GET, format!("{base}/messages?offset=1"), (400, "malformed")),
        (Method::GET, format!("{base}/timeline?after=18446744073709551616"), (400, "malformed")),
        (Method::GET, format!("{base}/timeline?limit=1000"), (422, "invalid")),
        (Method::GET, "/v1/rooms/den/messages".to_owned(), (404, "not_found")),
        (Method::GET, "/v1/rooms/%00/messages".to_owned(), (404, "not_found")),
        (Method::DELETE, format!("{base}/messages/1"), (404, "not_found")),
        (Method::DELETE, format!("{base}/messages/{}", MessageId::new()), (404, "message_not_found")),
        (Method::PUT, format!("{base}/messages"), (405, "method_not_allowed")),
        (Method::GET, "/v1/search".to_owned(), (400, "malformed")),
        (Method::GET, "/v1/search?q=".to_owned(), (422, "invalid")),
        (Method::GET, "/v1/search?q=%20%00".to_owned(), (422, "invalid")),
        (Method::GET, format!("/v1/search?q={long}"), (422, "invalid")),
        (Method::GET, "/v1/search?q=x&room_id=den".to_owned(), (400, "malformed")),
        (Method::GET, "/v1/search?q=x&cursor=e30".to_owned(), (400, "bad_cursor")),
        (Method::GET, format!("/v1/search?q=x&cursor={}", "A".repeat(2_000)), (400, "bad_cursor")),
        (Method::GET, "/v1/nothing".to_owned(), (404, "not_found")),
    ];
    for (method, path, expected) in cases {
        let answer = service.call(&ann, method.clone(), &path).send().await;
        assert_eq!(answer.problem(), expected, "{method} {path}: {}", answer.json);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    for seq in [json!(-1), json!("1"), json!(1.5), json!(null), json!(1e30)] {
        let answer = service.call(&ann, Method::PUT, &format!("{base}/read")).json(&json!({ "seq": seq })).send().await;
        assert_eq!(answer.problem(), (400, "malformed"), "{seq}");
    }
    let far = service.call(&ann, Method::PUT, &format!("{base}/read")).json(&json!({ "seq": u64::MAX })).send().await;
    assert_eq!(far.problem(), (422, "invalid"), "more than any entry can have");
    let highest = json!({ "seq": i64::MAX });
    let end = service.call(&ann, Method::PUT, &format!("{base}/read")).json(&highest).send().await;
    assert_eq!(end.status, 204, "beyond the head is the head");
}
