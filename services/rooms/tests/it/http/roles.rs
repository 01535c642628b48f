//! Every call, by everyone: owner, admin, member, former member, blocked, stranger, nobody.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use super::service::{Service, User};

/// Who calls, in the order of the columns below.
const WHO: [&str; 6] = ["owner", "admin", "member", "former", "blocked", "stranger"];

struct Row {
    method: Method,
    path: &'static str,
    body: Value,
    public: [u16; 6],
    private: [u16; 6],
}

fn row(method: Method, path: &'static str, body: Value, public: [u16; 6], private: [u16; 6]) -> Row {
    Row { method, path, body, public, private }
}

/// What each is answered. `subject` is a member whom nobody else has to do with.
fn matrix() -> Vec<Row> {
    const HIDDEN: [u16; 6] = [0, 0, 0, 404, 404, 404];
    let private = |own: [u16; 3]| [own[0], own[1], own[2], HIDDEN[3], HIDDEN[4], HIDDEN[5]];
    let none = || Value::Null;
    let moderation = |ok: u16| [ok, ok, 403, 403, 403, 403];
    vec![
        row(Method::GET, "", none(), [200, 200, 200, 200, 403, 200], private([200, 200, 200])),
        row(Method::GET, "/members", none(), [200, 200, 200, 403, 403, 403], private([200, 200, 200])),
        row(Method::GET, "/blocks", none(), moderation(200), private([200, 200, 403])),
        row(Method::GET, "/audit", none(), moderation(200), private([200, 200, 403])),
        row(Method::PATCH, "", json!({ "topic": "x" }), moderation(200), private([200, 200, 403])),
        row(Method::POST, "/secret_code", json!({}), [422, 422, 403, 403, 403, 403], private([200, 200, 403])),
        row(Method::DELETE, "/secret_code", none(), moderation(204), private([204, 204, 403])),
        row(Method::PUT, "/members/subject", json!({}), moderation(200), private([200, 200, 403])),
        row(
            Method::PUT,
            "/members/subject",
            json!({ "role": "admin" }),
            [200, 403, 403, 403, 403, 403],
            private([200, 403, 403]),
        ),
        row(Method::DELETE, "/members/subject", none(), moderation(204), private([204, 204, 403])),
        row(Method::PUT, "/blocks/subject", json!({}), moderation(200), private([200, 200, 403])),
        row(Method::DELETE, "/blocks/subject", none(), moderation(404), private([404, 404, 403])),
        row(
            Method::POST,
            "/transfer",
            json!({ "username": "subject" }),
            [200, 403, 403, 403, 403, 403],
            private([200, 403, 403]),
        ),
        row(Method::POST, "/join", none(), [200, 200, 200, 200, 403, 200], private([200, 200, 200])),
        row(Method::POST, "/leave", none(), [409, 204, 204, 403, 403, 403], private([409, 204, 204])),
        row(Method::DELETE, "", none(), [204, 403, 403, 403, 403, 403], private([204, 403, 403])),
    ]
}

struct Cast {
    users: Vec<User>,
}

/// A room as it is before each call.
async fn scene(service: &Service, cast: &Cast, visibility: &str, name: &str) -> String {
    let owner = &cast.users[0];
    let made = service.post(owner, "/v1/rooms", json!({ "name": name, "visibility": visibility })).await;
    let room = format!("/v1/rooms/{}", made.expect(201)["id"].as_str().unwrap());
    for name in ["admin", "member", "former", "blocked", "subject"] {
        let role = if name == "admin" { "admin" } else { "member" };
        service.put(owner, &format!("{room}/members/{name}"), json!({ "role": role })).await.expect(200);
    }
    service.delete(owner, &format!("{room}/members/former")).await.expect(204);
    service.put(owner, &format!("{room}/blocks/blocked"), Value::Null).await.expect(200);
    room
}

async fn check(visibility: &str, statuses: fn(&Row) -> [u16; 6]) {
    let service = Service::start().await;
    let mut users = Vec::new();
    for name in WHO.iter().chain(&["subject"]) {
        users.push(service.user(name).await);
    }
    let cast = Cast { users };
    for (n, row) in matrix().iter().enumerate() {
        for (who, (user, expected)) in WHO.iter().zip(cast.users.iter().zip(statuses(row))) {
            let room = scene(&service, &cast, visibility, &format!("{n} {who}")).await;
            let answer = service.call(user, row.method.clone(), &format!("{room}{}", row.path), row.body.clone()).await;
            assert_eq!(answer.status.as_u16(), expected, "{who} {} {} {}", row.method, row.path, answer.body);
        }
        let nobody = Request::builder().method(row.method.clone()).uri(format!("/v1/rooms/{n}{}", row.path));
        let answer = service.send(nobody.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.told(), (401, "unauthenticated"), "{} {}", row.method, row.path);
    }
}

#[tokio::test]
async fn in_a_public_room_each_may_what_the_role_allows() {
    check("public", |row| row.public).await;
}

#[tokio::test]
async fn in_a_private_room_each_may_what_the_role_allows() {
    check("private", |row| row.private).await;
}
