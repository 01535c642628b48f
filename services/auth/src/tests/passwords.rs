//! S1: what passwords may be, and how they are kept.

use axum::http::{Method, StatusCode};
use futures::future::join_all;
use serde_json::json;

use super::scene::{PASSWORD, Scene, config};
use crate::config::{AuthConfig, PasswordConfig};
use crate::store::UserStore as _;

async fn stored_hash(scene: &Scene, username: &str) -> String {
    scene.store.user_by_name(username).await.unwrap().unwrap().password_hash
}

#[tokio::test]
async fn a_password_is_kept_as_argon2id_of_at_least_the_required_cost() {
    let scene = Scene::with(AuthConfig::default()).await;
    scene.register("alice").await;
    let hash = stored_hash(&scene, "alice").await;
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    scene.login("alice", PASSWORD).send().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_log_in_renews_a_hash_of_other_parameters() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    let stronger = AuthConfig { passwords: PasswordConfig { memory_kib: 128, ..config().passwords }, ..config() };
    let later = scene.beside(stronger).await;
    later.login("alice", "wrong-password").send().await.refused(401, "invalid_credentials");
    assert!(stored_hash(&scene, "alice").await.contains("m=64,"));
    later.enter("alice").await;
    assert!(stored_hash(&scene, "alice").await.contains("m=128,"));
    later.enter("alice").await;
}

#[tokio::test]
async fn a_password_of_other_lengths_or_a_common_one_is_refused() {
    let scene = Scene::new().await;
    for (password, code) in [
        ("sevens7".to_owned(), "too_short"),
        ("é".repeat(7), "too_short"),
        ("k9-".repeat(86), "too_long"),
        ("password".to_owned(), "too_common"),
        ("Alexandra.K".to_owned(), "too_common"),
    ] {
        let body = json!({ "username": "alexandra.k", "password": password });
        let answer = scene.post("/v1/auth/register", body).send().await.refused(422, "invalid");
        assert_eq!(answer.errors(), [("password".to_owned(), code.to_owned())]);
    }
    assert_eq!(scene.store.user_by_name("alexandra.k").await.unwrap(), None);
}

#[tokio::test]
async fn the_longest_password_counts_to_its_last_character() {
    let scene = Scene::new().await;
    let long: String = "früh am morgen, ".chars().cycle().take(256).collect();
    let body = json!({ "username": "alice", "password": long });
    scene.post("/v1/auth/register", body).send().await.expect(StatusCode::CREATED);
    let cut: String = long.chars().take(255).collect();
    scene.login("alice", &cut).send().await.refused(401, "invalid_credentials");
    scene.login("alice", &format!("{long}x")).send().await.refused(401, "invalid_credentials");
    scene.login("alice", &long).send().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_password_of_five_megabytes_is_refused_before_any_hashing() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let before = scene.accounts.hashes_computed();
    let huge = "x".repeat(5_000_000);
    for (method, path, body) in [
        (Method::POST, "/v1/auth/register", json!({ "username": "bob", "password": huge })),
        (Method::POST, "/v1/auth/login", json!({ "username": "alice", "password": huge })),
        (Method::PUT, "/v1/auth/password", json!({ "current_password": huge, "new_password": huge })),
        (Method::DELETE, "/v1/users/me", json!({ "password": huge })),
    ] {
        let call = scene.call(method, path).json(&body).bearer(&user.access);
        call.send().await.refused(413, "too_large");
    }
    assert_eq!(scene.accounts.hashes_computed(), before);
}

#[tokio::test]
async fn log_ins_without_a_verdict_do_not_count_as_failed() {
    let passwords = PasswordConfig { parallelism: 1, queue: 1, memory_kib: 19_456, ..config().passwords };
    let scene = Scene::with(AuthConfig { passwords, ..config() }).await;
    scene.register("alice").await;
    for _ in 0..3 {
        let answers = join_all((0..5).map(|_| scene.login("alice", PASSWORD).send())).await;
        for answer in answers.into_iter().filter(|answer| answer.status != StatusCode::OK) {
            assert!(answer.retry_after().is_some());
            answer.refused(503, "unavailable");
        }
    }
    // Had those without a verdict counted as failures, this one would be throttled.
    scene.enter("alice").await;
}

#[tokio::test]
async fn who_comes_when_the_line_is_full_is_told_when_to_try_again() {
    let passwords = PasswordConfig { parallelism: 1, queue: 0, memory_kib: 19_456, ..config().passwords };
    let scene = Scene::with(AuthConfig { passwords, ..config() }).await;
    let answers = join_all((0..8).map(|n| scene.login(&format!("nobody-{n}"), PASSWORD).send())).await;
    let busy: Vec<_> = answers.into_iter().filter(|answer| answer.status == 503).collect();
    assert!(!busy.is_empty());
    for answer in busy {
        assert!(answer.retry_after().is_some());
        answer.refused(503, "unavailable");
    }
}
