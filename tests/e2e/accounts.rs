//! Accounts: log-ins, refreshes, the end of sessions, tokens for scripts.

use std::time::Duration;

use chatapp_testkit::{PASSWORD, Platform, Setup, Socket, User, unique_name, within};
use serde_json::json;

/// S6: how long an ended session may still be of use, with room for a slow machine.
const REVOKED_WITHIN: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_new_user_logs_in_and_is_known() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let again = ann.login_again().await;
    let me = again.get("/v1/users/me").await.expect(200);
    assert_eq!((me["username"].as_str(), me["id"].as_str()), (Some(ann.name.as_str()), Some(ann.id.as_str())));
    let answer = again.get("/v1/users/me").await;
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn unknown_user_and_wrong_password_are_one_answer() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let nobody = User::anonymous(&platform);
    let login = |name: String| json!({"username": name, "password": "not-the-password-1"});
    let wrong = nobody.post("/v1/auth/login", &login(ann.name.clone())).await;
    let unknown = nobody.post("/v1/auth/login", &login(unique_name("who"))).await;
    let (mut wrong, mut unknown) =
        (wrong.expect_problem(401, "invalid_credentials"), unknown.expect_problem(401, "invalid_credentials"));
    for body in [&mut wrong, &mut unknown] {
        body.as_object_mut().unwrap().remove("trace_id");
    }
    assert_eq!(wrong, unknown);
}

#[tokio::test]
async fn a_name_that_looks_like_a_taken_one_is_taken() {
    let platform = Platform::start().await;
    let nobody = User::anonymous(&platform);
    let register = |name: &str| json!({"username": name, "password": PASSWORD});
    nobody.post("/v1/auth/register", &register("paypal")).await.expect(201);
    nobody.post("/v1/auth/register", &register("PayPal")).await.expect_problem(409, "username_taken");
    nobody.post("/v1/auth/register", &register("раураӏ")).await.expect_problem(409, "username_taken");
    let weak = nobody.post("/v1/auth/register", &json!({"username": "bob", "password": "password1"})).await;
    assert_eq!(weak.expect_problem(422, "invalid")["errors"][0]["field"], "password");
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let refresh = |token: &str| json!({"refresh_token": token});
    let second = ann.post("/v1/auth/refresh", &refresh(&ann.refresh_token)).await.expect(200);
    let repeat = ann.post("/v1/auth/refresh", &refresh(&ann.refresh_token)).await.expect(200);
    assert_eq!(second["refresh_token"], repeat["refresh_token"], "a lost answer can be had again");
    let third = ann.post("/v1/auth/refresh", &refresh(second["refresh_token"].as_str().unwrap())).await.expect(200);
    let reuse = ann.post("/v1/auth/refresh", &refresh(&ann.refresh_token)).await;
    reuse.expect_problem(401, "invalid_refresh_token");
    let last = ann.post("/v1/auth/refresh", &refresh(third["refresh_token"].as_str().unwrap())).await;
    last.expect_problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_password_change_ends_every_other_session_and_its_sockets() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let other = ann.login_again().await;
    let mut socket = Socket::connect(&platform, &other).await;
    let change = json!({"current_password": PASSWORD, "new_password": "another-good-phrase-9"});
    let changed = ann.put("/v1/auth/password", &change).await;
    assert!(changed.status.is_success(), "{}", changed.text);
    let closed = within(REVOKED_WITHIN, "the other session's socket closes", socket.closed()).await;
    assert_eq!(closed.code, 4501);
    other.get("/v1/users/me").await.expect_problem(401, "session_revoked");
    ann.get("/v1/users/me").await.expect(200);
}

#[tokio::test]
async fn a_log_out_closes_the_sockets_of_its_session_alone() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let phone = ann.login_again().await;
    let mut kept = Socket::connect(&platform, &ann).await;
    let mut gone = Socket::connect(&platform, &phone).await;
    let out = phone.post("/v1/auth/logout", &json!({})).await;
    assert!(out.status.is_success(), "{}", out.text);
    assert_eq!(within(REVOKED_WITHIN, "the socket closes", gone.closed()).await.code, 4501);
    phone.get("/v1/rooms?scope=mine").await.expect_problem(401, "session_revoked");
    kept.send(&json!({"op": "ping"})).await;
    kept.expect("pong").await;
}

#[tokio::test]
async fn a_scripts_token_does_what_its_scopes_say_until_it_is_revoked() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let room = ann.public_room("lab").await;
    let made = ann.post("/v1/users/me/tokens", &json!({"name": "ci", "scopes": ["read"]})).await.expect(201);
    let script = ann.with_token(made["token"].as_str().unwrap());
    assert_eq!(script.texts(&room).await, [] as [&str; 0]);
    let refused = script.post_message(&room, uuid::Uuid::now_v7(), "hi").await;
    refused.expect_problem(403, "insufficient_scope");
    script.get("/v1/users/me/tokens").await.expect_problem(403, "insufficient_scope");
    let listed = ann.get("/v1/users/me/tokens").await.expect(200);
    assert!(listed["items"][0].get("token").is_none(), "a token is shown once");
    let gone = ann.delete("/v1/users/me/tokens?name=ci").await;
    assert!(gone.status.is_success(), "{}", gone.text);
    let answer = within(
        REVOKED_WITHIN,
        "the token stops working",
        chatapp_testkit::eventually("a refusal", || async {
            let answer = script.get("/v1/rooms?scope=mine").await;
            (answer.status == 401).then_some(answer)
        }),
    )
    .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_deleted_account_leaves_its_messages_behind() {
    let platform = Platform::start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    bob.say(&room, "I was here").await;
    ann.send(ann.request(reqwest::Method::DELETE, "/v1/users/me").json(&json!({"password": PASSWORD})))
        .await
        .expect_problem(409, "owns_rooms");
    let gone =
        bob.send(bob.request(reqwest::Method::DELETE, "/v1/users/me").json(&json!({"password": PASSWORD}))).await;
    assert!(gone.status.is_success(), "{}", gone.text);
    let page = ann.get(&format!("/v1/rooms/{room}/messages")).await.expect(200);
    assert_eq!(page["items"][0]["body"], "I was here");
    assert_eq!(page["items"][0]["author"]["username"], "deleted user");
    ann.get(&format!("/v1/users/{}", bob.name)).await.expect_problem(404, "user_not_found");
    chatapp_testkit::eventually("the membership ends", || async {
        let members = ann.get(&format!("/v1/rooms/{room}/members")).await.expect(200);
        (members["items"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn failed_log_ins_are_slowed_down_and_never_locked_for_good() {
    let platform = Setup::default().throttled().start().await;
    let ann = User::register(&platform, "ann").await;
    let wrong = json!({"username": ann.name, "password": "wrong-password-1"});
    let mut throttled = None;
    for _ in 0..12 {
        let answer = ann.post("/v1/auth/login", &wrong).await;
        if answer.status == 429 {
            throttled = Some(answer);
            break;
        }
    }
    let answer = throttled.expect("a throttle within twelve tries");
    let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait));
    answer.expect_problem(429, "throttled");
}

#[tokio::test]
async fn keys_rotate_while_tokens_of_the_old_one_still_hold() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let nobody = User::anonymous(&platform);
    let keys = |answer: serde_json::Value| answer["keys"].as_array().unwrap().len();
    let before = keys(nobody.get("/.well-known/jwks.json").await.expect(200));
    let rotated = platform.operate(&["keys", "rotate"]);
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    chatapp_testkit::eventually("the new key is published", || async {
        (keys(nobody.get("/.well-known/jwks.json").await.expect(200)) > before).then_some(())
    })
    .await;
    ann.get("/v1/users/me").await.expect(200);
    ann.login_again().await.get("/v1/users/me").await.expect(200);
}

#[tokio::test]
async fn an_operator_manages_accounts_while_the_server_runs() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let listed = platform.operate(&["users", "list", "--json"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains(&ann.name));
    assert!(platform.operate(&["users", "disable", &ann.name]).status.success());
    chatapp_testkit::eventually("the session ends", || async {
        (ann.get("/v1/users/me").await.status == 401).then_some(())
    })
    .await;
    let login = json!({"username": ann.name, "password": PASSWORD});
    assert_eq!(User::anonymous(&platform).post("/v1/auth/login", &login).await.status, 401);
    assert!(platform.operate(&["users", "enable", &ann.name]).status.success());
    ann.login_again().await.get("/v1/users/me").await.expect(200);
    assert!(!platform.operate(&["users", "disable", "nobody-of-that-name"]).status.success());
}
