//! S3: tries are slowed down, by account and by address.

use axum::http::StatusCode;
use futures::future::join_all;
use serde_json::json;

use super::scene::{PASSWORD, Scene, config};
use crate::config::{AuthConfig, ThrottleConfig};

/// Fails once, from an address of its own.
async fn fail(scene: &Scene, username: &str, n: usize) {
    let call = scene.login(username, "not-the-password").from(&format!("198.51.100.{n}"));
    call.send().await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn after_five_free_failures_each_further_try_waits_twice_as_long() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    for n in 0..6 {
        fail(&scene, "alice", n).await;
    }
    for (n, wait) in [1, 2, 4, 8].into_iter().enumerate() {
        let answer = scene.login("alice", PASSWORD).from("203.0.113.1").send().await.refused(429, "throttled");
        assert_eq!(answer.retry_after(), Some(wait));
        assert_eq!(answer.json["retry_after_s"], wait);
        scene.wait(i64::try_from(wait).unwrap());
        fail(&scene, "alice", 10 + n).await;
    }
}

#[tokio::test]
async fn the_right_password_waits_too_and_then_forgets_the_failures() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    for n in 0..6 {
        fail(&scene, "alice", n).await;
    }
    scene.login("alice", PASSWORD).send().await.refused(429, "throttled");
    scene.wait(1);
    scene.enter("alice").await;
    for n in 0..6 {
        fail(&scene, "alice", n).await;
    }
}

#[tokio::test]
async fn a_name_that_nobody_has_is_throttled_as_one_that_somebody_has() {
    let scene = Scene::new().await;
    for n in 0..6 {
        fail(&scene, "Nobody", n).await;
    }
    let answer = scene.login("nobody", PASSWORD).from("203.0.113.1").send().await.refused(429, "throttled");
    assert_eq!(answer.retry_after(), Some(1));
}

#[tokio::test]
async fn refused_tries_prolong_nothing() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    for n in 0..6 {
        fail(&scene, "alice", n).await;
    }
    for _ in 0..50 {
        scene.login("alice", "not-the-password").from("203.0.113.1").send().await.refused(429, "throttled");
    }
    scene.wait(1);
    scene.enter("alice").await;
}

#[tokio::test]
async fn guesses_at_once_are_no_way_around() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    let guesses = (0..40).map(|n| scene.login("alice", "not-the-password").from(&format!("198.51.100.{n}")).send());
    let answers = join_all(guesses).await;
    let tried = answers.iter().filter(|answer| answer.status == StatusCode::UNAUTHORIZED).count();
    assert_eq!(tried, 6, "five free ones, and the one that begins the delay");
}

#[tokio::test]
async fn an_address_that_fails_on_many_accounts_is_delayed_and_others_are_not() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    for n in 0..51 {
        let call = scene.login(&format!("nobody-{n}"), "not-the-password").from("198.51.100.9");
        call.send().await.refused(401, "invalid_credentials");
    }
    let answer = scene.login("alice", PASSWORD).from("198.51.100.9").send().await.refused(429, "throttled");
    assert_eq!(answer.retry_after(), Some(1));
    scene.login("alice", PASSWORD).from("198.51.100.10").send().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn behind_the_gateway_the_clients_address_counts_and_nobody_else_can_name_one() {
    let throttle = ThrottleConfig { address_failures: 2, ..ThrottleConfig::default() };
    let scene = Scene::with(AuthConfig { throttle, ..config() }).await;
    let fail = |n: usize, client: &'static str| {
        let call = scene.login(&format!("nobody-{n}"), "not-the-password").from("10.0.0.1");
        call.header("x-forwarded-for", client)
    };
    for n in 0..3 {
        fail(n, "203.0.113.7").by_service().send().await.refused(401, "invalid_credentials");
    }
    fail(4, "203.0.113.7").by_service().send().await.refused(429, "throttled");
    fail(5, "203.0.113.8").by_service().send().await.refused(401, "invalid_credentials");
    // Without a service token the header is the client's invention: these are all from 10.0.0.1.
    for n in 6..9 {
        fail(n, if n == 6 { "203.0.113.1" } else { "203.0.113.2" }).send().await.refused(401, "invalid_credentials");
    }
    fail(9, "203.0.113.3").send().await.refused(429, "throttled");
}

#[tokio::test]
async fn counters_are_shared_by_replicas() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    let other = scene.beside(config()).await;
    for n in 0..6 {
        fail(if n % 2 == 0 { &scene } else { &other }, "alice", n).await;
    }
    scene.login("alice", PASSWORD).send().await.refused(429, "throttled");
    other.login("alice", PASSWORD).send().await.refused(429, "throttled");
}

#[tokio::test]
async fn a_stolen_session_is_no_way_to_guess_the_password() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    for _ in 0..3 {
        let body = json!({ "current_password": "not-the-password", "new_password": "another-fine-day" });
        scene.put("/v1/auth/password", body).bearer(&user.access).send().await.refused(401, "invalid_credentials");
        let body = json!({ "password": "not-the-password" });
        let call = scene.delete("/v1/users/me").json(&body).bearer(&user.access);
        call.send().await.refused(401, "invalid_credentials");
    }
    let body = json!({ "password": PASSWORD });
    scene.delete("/v1/users/me").json(&body).bearer(&user.access).send().await.refused(429, "throttled");
    scene.login("alice", PASSWORD).send().await.refused(429, "throttled");
}

#[tokio::test]
async fn an_address_makes_so_many_accounts_and_then_slowly() {
    let throttle = ThrottleConfig { address_registrations: 2, ..ThrottleConfig::default() };
    let scene = Scene::with(AuthConfig { throttle, ..config() }).await;
    let register = |n: usize, address: &str| {
        let body = json!({ "username": format!("user-{n}"), "password": PASSWORD });
        scene.post("/v1/auth/register", body).from(address)
    };
    for n in 0..3 {
        register(n, "2001:db8:1:2::1").send().await.expect(StatusCode::CREATED);
    }
    // Another address of the same network is the same subscriber.
    let answer = register(3, "2001:db8:1:2:ffff::9").send().await.refused(429, "throttled");
    assert_eq!(answer.retry_after(), Some(1));
    register(4, "2001:db8:1:3::1").send().await.expect(StatusCode::CREATED);
    scene.wait(1);
    register(3, "2001:db8:1:2::1").send().await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn limits_can_be_switched_off() {
    let scene = Scene::with(AuthConfig { rate_limits: false, ..config() }).await;
    scene.register("alice").await;
    for _ in 0..20 {
        fail(&scene, "alice", 1).await;
    }
    scene.enter("alice").await;
}
