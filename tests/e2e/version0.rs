//! The original API, as its own client calls it.

use std::time::Duration;

use chatapp_testkit::{DEADLINE, PASSWORD, Platform, Setup, Socket, User, unique_name, within};
use serde_json::{Value, json};

struct Original {
    user: User,
    name: String,
}

impl Original {
    async fn register(platform: &Platform, stem: &str) -> Self {
        let (nobody, name) = (User::anonymous(platform), unique_name(stem));
        let exists = nobody.get(&format!("/users/exists/{name}")).await.expect(200);
        assert_eq!(exists, json!({"exists": false}));
        let session =
            nobody.post("/users/register", &json!({"username": name, "password": PASSWORD})).await.expect(200);
        assert_eq!(session["token_type"], "bearer");
        Self { user: nobody.with_token(session["access_token"].as_str().unwrap()), name }
    }

    async fn room(&self) -> String {
        let name = unique_name("room");
        let made = self.user.post("/chatrooms/", &json!({"name": name})).await.expect(200);
        assert_eq!((&made["name"], &made["messages"]), (&json!(name), &json!([])));
        assert!(made["id"].is_i64());
        name
    }

    async fn socket(&self, platform: &Platform, room: &str) -> Socket {
        let url = platform.ws_url(&format!("/ws/{room}?token={}", self.user.token));
        Socket::open(&url, None).await.unwrap()
    }
}

/// The original's protocol does not say from when on a socket hears its room: one speaks until it does.
async fn until_heard(speaker: &mut Socket, listener: &mut Socket) {
    let mut heard = Box::pin(listener.expect_that("a knock", |m| m["content"] == "knock"));
    let knocking = async {
        loop {
            speaker.send(&json!({"username": "anybody", "content": "knock"})).await;
            if tokio::time::timeout(Duration::from_millis(500), &mut heard).await.is_ok() {
                return;
            }
        }
    };
    within(DEADLINE, "a knock is heard", knocking).await;
}

#[tokio::test]
async fn the_original_flow_works_from_registration_to_live_chat() {
    let platform = Platform::start().await;
    let (ann, bob) = (Original::register(&platform, "ann").await, Original::register(&platform, "bob").await);
    let room = ann.room().await;
    let rooms = bob.user.get("/chatrooms/").await.expect(200);
    assert!(rooms.as_array().unwrap().iter().any(|r| r["name"] == room.as_str() && r["messages"] == json!([])));
    let posted = ann.user.post(&format!("/messages/{room}"), &json!({"content": "by post"})).await.expect(200);
    assert_eq!((&posted["content"], &posted["username"]), (&json!("by post"), &json!(ann.name)));
    assert!(posted["id"].is_i64() && posted["timestamp"].is_string());
    let (mut a, mut b) = (ann.socket(&platform, &room).await, bob.socket(&platform, &room).await);
    until_heard(&mut a, &mut b).await;
    a.send(&json!({"username": "somebody else", "content": "live"})).await;
    for socket in [&mut a, &mut b] {
        let seen = socket.expect_that("the message", |m| m["content"] == "live").await;
        assert_eq!(seen["username"], ann.name.as_str(), "the author is the token's user");
    }
    let history = bob.user.get(&format!("/messages/{room}")).await.expect(200);
    let texts = history.as_array().unwrap().iter().filter_map(|m| m["content"].as_str());
    assert_eq!(texts.filter(|text| *text != "knock").collect::<Vec<_>>(), ["by post", "live"]);
}

#[tokio::test]
async fn the_texts_that_the_original_client_branches_on_are_its_own() {
    let platform = Platform::start().await;
    let ann = Original::register(&platform, "ann").await;
    let nobody = User::anonymous(&platform);
    let detail = |answer: Value| answer["detail"].as_str().unwrap_or_default().to_owned();
    let credentials = |name: &str, password: &str| json!({"username": name, "password": password});
    let taken = nobody.post("/users/register", &credentials(&ann.name, PASSWORD)).await.expect(400);
    assert_eq!(detail(taken), "Username already registered.");
    let unknown = nobody.post("/users/login", &credentials(&unique_name("who"), PASSWORD)).await.expect(400);
    assert_eq!(detail(unknown), "User not found. Please register.");
    let wrong = nobody.post("/users/login", &credentials(&ann.name, "wrong-password-9")).await.expect(401);
    assert_eq!(detail(wrong), "Incorrect password.");
    let room = ann.room().await;
    let again = ann.user.post("/chatrooms/", &json!({"name": room})).await.expect(400);
    assert_eq!(detail(again), "Chat room already exists");
    assert_eq!(detail(ann.user.get("/chatrooms/no-such-room").await.expect(404)), "Chat room not found");
    assert_eq!(detail(nobody.get("/chatrooms/").await.expect(401)), "Not authenticated");
    assert_eq!(detail(nobody.with_token("forged").get("/chatrooms/").await.expect(401)), "Invalid token");
    let moved = ann.user.get("/chatrooms").await;
    assert_eq!((moved.status.as_u16(), moved.headers["location"].to_str().unwrap()), (307, "/chatrooms/"));
    let weak = nobody.post("/users/register", &credentials(&unique_name("x"), "short")).await.expect(422);
    assert!(weak["detail"].is_array());
}

#[tokio::test]
async fn private_rooms_do_not_exist_for_strangers_of_version_0() {
    let platform = Platform::start().await;
    let owner = User::register(&platform, "owner").await;
    let name = unique_name("den");
    let room = owner.post("/v1/rooms", &json!({"name": name, "visibility": "private"})).await.expect(201);
    owner.say(room["id"].as_str().unwrap(), "secret").await;
    let eve = Original::register(&platform, "eve").await;
    let rooms = eve.user.get("/chatrooms/").await;
    assert!(!rooms.text.contains(&name));
    eve.user.get(&format!("/chatrooms/{name}")).await.expect(404);
    eve.user.get(&format!("/messages/{name}")).await.expect(404);
    eve.user.post(&format!("/messages/{name}"), &json!({"content": "x"})).await.expect(404);
    let url = platform.ws_url(&format!("/ws/{name}?token={}", eve.user.token));
    if let Ok(mut socket) = Socket::open(&url, None).await {
        assert_eq!(socket.closed().await.code, 1008);
    }
}

#[tokio::test]
async fn tokens_of_the_two_versions_do_not_open_each_other() {
    let platform = Platform::start().await;
    let old = Original::register(&platform, "old").await;
    old.user.get("/v1/users/me").await.expect_problem(401, "unauthenticated");
    let new = User::register(&platform, "new").await;
    new.get("/chatrooms/").await.expect(401);
    let mut socket = Socket::open(&platform.ws_url(&format!("/ws/x?token={}", new.token)), None).await.unwrap();
    assert_eq!(socket.closed().await.code, 1008);
}

#[tokio::test]
async fn a_removed_member_comes_back_by_version_1_only() {
    let platform = Platform::start().await;
    let owner = User::register(&platform, "owner").await;
    let name = unique_name("hall");
    let room = owner.post("/v1/rooms", &json!({"name": name, "visibility": "public"})).await.expect(201);
    let room_id = room["id"].as_str().unwrap();
    let eve = Original::register(&platform, "eve").await;
    eve.user.post(&format!("/messages/{name}"), &json!({"content": "hi"})).await.expect(200);
    assert!(owner.delete(&format!("/v1/rooms/{room_id}/members/{}", eve.name)).await.status.is_success());
    eve.user.post(&format!("/messages/{name}"), &json!({"content": "hi again"})).await.expect(404);
    eve.user.get(&format!("/messages/{name}")).await.expect(404);
    let login = json!({"username": eve.name, "password": PASSWORD});
    let session = owner.post("/v1/auth/login", &login).await.expect(200);
    owner.with_session(&session).join(room_id).await;
    eve.user.post(&format!("/messages/{name}"), &json!({"content": "back"})).await.expect(200);
}

#[tokio::test]
async fn version_0_can_be_turned_off() {
    let platform = Setup::default().env("CHATAPP_V0_API", "off").start().await;
    let nobody = User::anonymous(&platform);
    for path in ["/users/exists/ann", "/chatrooms/", "/chatrooms", "/messages/x"] {
        assert_eq!(nobody.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_token_in_a_query_is_in_no_log() {
    let platform = Setup::default().env("CHATAPP_LOG", "debug").start().await;
    let ann = Original::register(&platform, "ann").await;
    let room = ann.room().await;
    let mut socket = ann.socket(&platform, &room).await;
    socket.send(&json!({"content": "hello", "username": "x"})).await;
    socket.expect_that("the message", |m| m["content"] == "hello").await;
    let output = platform.output();
    assert!(!output.contains(&ann.user.token), "the token was logged");
    assert!(!output.contains(PASSWORD), "the password was logged");
}
