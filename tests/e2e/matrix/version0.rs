//! The same for the original interface, which no description lists, and for the frames of a socket.

use chatapp_testkit::{PASSWORD, Platform, Socket, User};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::platform;
use crate::surface::{Cast, ROLES, Role, Scene, Visibility};

/// The calls that name a room, and what each role gets, in the order of [`ROLES`].
const TABLE: [(&str, &str, Visibility, [u16; 7]); 6] = [
    ("GET", "/chatrooms/", Visibility::Public, [200, 200, 200, 200, 404, 200, 401]),
    ("GET", "/chatrooms/", Visibility::Private, [200, 200, 200, 404, 404, 404, 401]),
    ("GET", "/messages/", Visibility::Public, [200, 200, 200, 404, 404, 200, 401]),
    ("GET", "/messages/", Visibility::Private, [200, 200, 200, 404, 404, 404, 401]),
    // Posting to a public room makes one its member, unless one was put out.
    ("POST", "/messages/", Visibility::Public, [200, 200, 200, 404, 404, 200, 401]),
    ("POST", "/messages/", Visibility::Private, [200, 200, 200, 404, 404, 404, 401]),
];

/// The role's user with a token of the original interface.
async fn original(platform: &Platform, cast: &Cast, role: Role) -> User {
    let user = cast.user(role);
    if role == Role::Anonymous {
        return user.clone();
    }
    let credentials = json!({"username": user.name, "password": PASSWORD});
    let session = User::anonymous(platform).post("/users/login", &credentials).await.expect(200);
    user.with_token(session["access_token"].as_str().unwrap())
}

async fn call(user: &User, method: &str, path: &str, name: &str) -> (u16, Value) {
    let request = user.request(method.parse::<Method>().unwrap(), &format!("{path}{name}"));
    let request = if method == "POST" { request.json(&json!({"content": "by version 0"})) } else { request };
    let answer = user.send(request).await;
    (answer.status.as_u16(), answer.json)
}

#[tokio::test]
async fn in_version_0_each_may_do_what_the_table_says_and_a_hidden_room_is_an_absent_one() {
    let platform = platform().await;
    let cast = Cast::new(&platform).await;
    for (column, role) in ROLES.into_iter().enumerate() {
        let user = original(&platform, &cast, role).await;
        for (method, path, room, expected) in TABLE {
            let scene = Scene::new(&cast, room, &[role]).await;
            let (status, body) = call(&user, method, path, &scene.name).await;
            assert_eq!(status, expected[column], "{method} {path} {} {role:?}: {body}", room.word());
            if status == 404 {
                let absent = call(&user, method, path, &scene.absent().name).await;
                assert_eq!(absent, (status, body), "{method} {path} {} {role:?}", room.word());
            }
        }
    }
}

/// What a socket of version 0 of each role is told about a room: whether it stays open.
#[tokio::test]
async fn in_version_0_a_socket_stays_open_for_those_alone_who_may_post() {
    let platform = platform().await;
    let cast = Cast::new(&platform).await;
    for role in ROLES {
        let user = original(&platform, &cast, role).await;
        for room in [Visibility::Public, Visibility::Private] {
            let scene = Scene::new(&cast, room, &[role]).await;
            let member = matches!(role, Role::Owner | Role::Admin | Role::Member);
            let may = member || (role == Role::Stranger && room == Visibility::Public);
            let url = platform.ws_url(&format!("/ws/{}?token={}", scene.name, user.token));
            let opened = Socket::open(&url, None).await;
            let Ok(mut socket) = opened else {
                assert!(!may, "{role:?} {room:?}");
                continue;
            };
            socket.send(&json!({"content": "by a socket", "username": "x"})).await;
            match socket.next().await {
                Ok(frame) => assert!(may && frame["content"] == "by a socket", "{role:?} {room:?}: {frame}"),
                Err(closed) => assert_eq!((may, closed.code), (false, 1008), "{role:?} {room:?}: {closed:?}"),
            }
        }
    }
}

/// What a frame that names a room leads to: the error's code, or nothing.
async fn refusal(socket: &mut Socket, mut frame: Value) -> Option<String> {
    frame["id"] = json!("asked");
    socket.send(&frame).await;
    socket.send(&json!({"op": "ping", "id": "then"})).await;
    let (mut refused, mut answered) = (None, false);
    while !answered {
        let reply = socket.next().await.expect("an open socket");
        if reply["ev"] == "error" {
            refused = reply["code"].as_str().map(str::to_owned);
        }
        // A ping may overtake what has to ask another service; the reply to the frame itself does not get lost.
        answered = reply["id"] == "asked" || (reply["id"] == "then" && frame["op"] == "typing");
    }
    refused
}

#[tokio::test]
async fn every_frame_is_authorised_for_its_room_and_a_hidden_room_is_an_absent_one() {
    let platform = platform().await;
    let cast = Cast::new(&platform).await;
    for room in [Visibility::Public, Visibility::Private] {
        for role in ROLES.into_iter().filter(|role| *role != Role::Anonymous) {
            let scene = Scene::new(&cast, room, &[role]).await;
            let mut socket = Socket::connect(&platform, cast.user(role)).await;
            let expected = match (role, room) {
                (Role::Owner | Role::Admin | Role::Member, _) => None,
                (_, Visibility::Private) => Some("room_not_found"),
                (Role::Blocked, _) => Some("blocked"),
                _ => Some("not_a_member"),
            };
            let key = uuid::Uuid::now_v7();
            for frame in [
                json!({"op": "subscribe", "room_id": scene.room}),
                json!({"op": "subscribe", "room_id": scene.room, "after": 0}),
                json!({"op": "send", "room_id": scene.room, "key": key, "body": "by frame"}),
            ] {
                let refused = refusal(&mut socket, frame.clone()).await;
                assert_eq!(refused.as_deref(), expected, "{role:?} {room:?} {frame}");
            }
            let before = cast.user(Role::Owner).texts(&scene.room).await;
            assert_eq!(before.contains(&"by frame".to_owned()), expected.is_none(), "{role:?} {room:?}");
        }
    }
}

#[tokio::test]
async fn nobody_outside_a_room_types_or_reads_in_it() {
    let platform = platform().await;
    let cast = Cast::new(&platform).await;
    let outsiders = [Role::Former, Role::Blocked, Role::Stranger];
    let scene = Scene::new(&cast, Visibility::Public, &outsiders).await;
    let mut inside = Socket::connect(&platform, &cast.subject).await;
    inside.subscribe(&scene.room, None).await;
    for role in outsiders {
        let mut socket = Socket::connect(&platform, cast.user(role)).await;
        for frame in
            [json!({"op": "typing", "room_id": scene.room}), json!({"op": "read", "room_id": scene.room, "seq": 1})]
        {
            socket.send_raw(Message::text(frame.to_string())).await;
        }
        socket.send(&json!({"op": "ping", "id": "done"})).await;
        socket.expect_that("the pong", |frame| frame["id"] == "done").await;
    }
    cast.user(Role::Owner).say(&scene.room, "the end").await;
    let last = inside.expect_that("the end, or a sign of an outsider", |frame| {
        frame["body"] == "the end" || frame["ev"] == "typing"
    });
    assert_eq!(last.await["body"], "the end", "an outsider was seen typing");
}
