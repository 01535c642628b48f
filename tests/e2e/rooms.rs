//! Rooms: who gets in, who is kept out, who may do what.

use chatapp_testkit::{Platform, Setup, User};
use serde_json::{Value, json};

fn without_request_id(mut problem: Value) -> Value {
    let map = problem.as_object_mut().unwrap();
    map.remove("trace_id");
    map.remove("instance");
    problem
}

#[tokio::test]
async fn a_private_room_is_entered_with_its_code_and_hidden_from_all_others() {
    let platform = Platform::start().await;
    let (ann, bob, eve) = (
        User::register(&platform, "ann").await,
        User::register(&platform, "bob").await,
        User::register(&platform, "eve").await,
    );
    let (room, code) = ann.private_room("den").await;
    let joined = bob.post("/v1/join", &json!({"secret_code": code})).await.expect(200);
    assert_eq!(joined["id"], room.as_str());
    assert!(joined.get("secret_code").is_none(), "the code is shown to its maker alone");
    let unknown = uuid::Uuid::now_v7().to_string();
    for (method, path) in
        [("GET", ""), ("GET", "/members"), ("GET", "/messages"), ("GET", "/timeline"), ("POST", "/leave")]
    {
        let ask = |id: &str| {
            let method = method.parse().unwrap();
            eve.send(eve.request(method, &format!("/v1/rooms/{id}{path}")))
        };
        let hidden = ask(&room).await.expect_problem(404, "room_not_found");
        let absent = ask(&unknown).await.expect_problem(404, "room_not_found");
        assert_eq!(without_request_id(hidden), without_request_id(absent), "{method} {path}");
    }
    let wrong = json!({"secret_code": "wrong-code-123"});
    let hidden = eve.post(&format!("/v1/rooms/{room}/join"), &wrong).await;
    let absent = eve.post(&format!("/v1/rooms/{unknown}/join"), &wrong).await;
    assert_eq!(hidden.status, absent.status);
    assert_eq!(without_request_id(hidden.json), without_request_id(absent.json));
}

#[tokio::test]
async fn a_rotated_code_opens_nothing_and_a_used_up_one_neither() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let (room, first) = ann.private_room("den").await;
    let rotated = ann.post(&format!("/v1/rooms/{room}/secret_code"), &json!({"max_uses": 1})).await.expect(200);
    let second = rotated["secret_code"].as_str().unwrap();
    let (bob, eve) = (User::register(&platform, "bob").await, User::register(&platform, "eve").await);
    bob.post("/v1/join", &json!({"secret_code": first})).await.expect_problem(404, "invalid_code");
    bob.post("/v1/join", &json!({"secret_code": second})).await.expect(200);
    eve.post("/v1/join", &json!({"secret_code": second})).await.expect_problem(404, "invalid_code");
    let removed = ann.delete(&format!("/v1/rooms/{room}/secret_code")).await;
    assert!(removed.status.is_success());
}

#[tokio::test]
async fn a_blocked_member_cannot_rejoin_with_a_valid_code_until_unblocked() {
    let platform = Platform::start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let (room, code) = ann.private_room("den").await;
    let join = json!({"secret_code": code});
    bob.post("/v1/join", &join).await.expect(200);
    let block = ann.put(&format!("/v1/rooms/{room}/blocks/{}", bob.name), &json!({"reason": "spam"})).await;
    assert!(block.status.is_success(), "{}", block.text);
    for path in ["", "/messages", "/timeline", "/members"] {
        bob.get(&format!("/v1/rooms/{room}{path}")).await.expect_problem(404, "room_not_found");
    }
    bob.post("/v1/join", &join).await.expect_problem(404, "invalid_code");
    bob.post(&format!("/v1/rooms/{room}/join"), &join).await.expect_problem(404, "room_not_found");
    let put = ann.put(&format!("/v1/rooms/{room}/members/{}", bob.name), &json!({})).await;
    put.expect_problem(409, "user_blocked");
    let listed = ann.get(&format!("/v1/rooms/{room}/blocks")).await.expect(200);
    assert_eq!(listed["items"][0]["reason"], "spam");
    let unblock = ann.delete(&format!("/v1/rooms/{room}/blocks/{}", bob.name)).await;
    assert!(unblock.status.is_success());
    bob.post("/v1/join", &join).await.expect(200);
    let audit = ann.get(&format!("/v1/rooms/{room}/audit")).await.expect(200);
    let actions: Vec<&str> = audit["items"].as_array().unwrap().iter().filter_map(|e| e["action"].as_str()).collect();
    assert!(actions.contains(&"member.blocked") && actions.contains(&"member.unblocked"), "{actions:?}");
    bob.get(&format!("/v1/rooms/{room}/audit")).await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn roles_are_given_by_those_above_and_the_owner_can_only_transfer() {
    let platform = Platform::start().await;
    let (ann, bob, eve) = (
        User::register(&platform, "ann").await,
        User::register(&platform, "bob").await,
        User::register(&platform, "eve").await,
    );
    let room = ann.public_room("hall").await;
    bob.join(&room).await;
    eve.join(&room).await;
    let member = |name: &str| format!("/v1/rooms/{room}/members/{name}");
    bob.put(&member(&bob.name), &json!({"role": "admin"})).await.expect_problem(403, "forbidden");
    let made = ann.put(&member(&bob.name), &json!({"role": "admin"})).await;
    assert!(made.status.is_success(), "{}", made.text);
    bob.put(&member(&eve.name), &json!({"role": "admin"})).await.expect_problem(403, "forbidden");
    bob.delete(&member(&ann.name)).await.expect_problem(409, "owner_must_transfer");
    ann.post(&format!("/v1/rooms/{room}/leave"), &json!({})).await.expect_problem(409, "owner_must_transfer");
    let given = ann.post(&format!("/v1/rooms/{room}/transfer"), &json!({"username": bob.name})).await;
    assert!(given.status.is_success(), "{}", given.text);
    let removed = bob.delete(&member(&ann.name)).await;
    assert!(removed.status.is_success(), "{}", removed.text);
    ann.get(&format!("/v1/rooms/{room}/messages")).await.expect_problem(403, "not_a_member");
}

#[tokio::test]
async fn a_room_made_private_leaves_the_public_list_and_its_name_is_free() {
    let platform = Platform::start().await;
    let (ann, eve) = (User::register(&platform, "ann").await, User::register(&platform, "eve").await);
    let room = ann.public_room("square").await;
    let name = ann.get(&format!("/v1/rooms/{room}")).await.expect(200)["name"].as_str().unwrap().to_owned();
    let listed = |list: Value| list["items"].as_array().unwrap().iter().any(|r| r["id"] == room.as_str());
    let path = format!("/v1/rooms?scope=public&q={name}");
    assert!(listed(eve.get(&path).await.expect(200)));
    eve.post("/v1/rooms", &json!({"name": name.to_uppercase(), "visibility": "public"}))
        .await
        .expect_problem(409, "room_name_taken");
    ann.patch(&format!("/v1/rooms/{room}"), &json!({"visibility": "private"})).await.expect(200);
    assert!(!listed(eve.get(&path).await.expect(200)));
    eve.get(&format!("/v1/rooms/by-name/{name}")).await.expect_problem(404, "room_not_found");
    eve.post("/v1/rooms", &json!({"name": name, "visibility": "public"})).await.expect(201);
    let clash = ann.patch(&format!("/v1/rooms/{room}"), &json!({"visibility": "public"})).await;
    clash.expect_problem(409, "room_name_taken");
}

#[tokio::test]
async fn a_newcomer_reads_what_the_room_gives_newcomers() {
    let platform = Platform::start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let room = ann.public_room("hall").await;
    ann.say(&room, "before").await;
    ann.patch(&format!("/v1/rooms/{room}"), &json!({"history": "since_join"})).await.expect(200);
    bob.join(&room).await;
    ann.say(&room, "after").await;
    assert_eq!(bob.texts(&room).await, ["after"]);
    assert_eq!(ann.texts(&room).await, ["before", "after"]);
    let found = bob.get("/v1/search?q=before").await.expect(200);
    assert_eq!(found["items"], json!([]));
}

#[tokio::test]
async fn guessing_codes_is_throttled() {
    let platform = Setup::default().throttled().start().await;
    let ann = User::register(&platform, "ann").await;
    let (room, _) = ann.private_room("den").await;
    let eve = User::register(&platform, "eve").await;
    let guess = json!({"secret_code": "guess-guess-guess"});
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(eve.post(&format!("/v1/rooms/{room}/join"), &guess).await.status.as_u16());
    }
    assert_eq!(statuses.iter().filter(|s| **s == 404).count(), 5, "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
}

#[tokio::test]
async fn a_deleted_room_is_gone_for_everyone() {
    let platform = Platform::start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let room = ann.public_room("hall").await;
    bob.join(&room).await;
    bob.say(&room, "hello there").await;
    bob.delete(&format!("/v1/rooms/{room}")).await.expect_problem(403, "forbidden");
    assert!(ann.delete(&format!("/v1/rooms/{room}")).await.status.is_success());
    for user in [&ann, &bob] {
        user.get(&format!("/v1/rooms/{room}")).await.expect_problem(404, "room_not_found");
        user.get(&format!("/v1/rooms/{room}/messages")).await.expect_problem(404, "room_not_found");
        assert_eq!(user.get("/v1/search?q=hello").await.expect(200)["items"], json!([]));
    }
}
