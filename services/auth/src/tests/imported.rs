//! Accounts that came from the original, with its names and its passwords.

use axum::http::StatusCode;
use chatapp_types::UserId;
use serde_json::json;

use super::scene::Scene;
use crate::import::{self, AccountImport as _, ImportedAccount, KnownAccount};
use crate::store::{StoreError, UserStore as _};

/// Short and common: nobody could choose it today.
const OLD_PASSWORD: &str = "123456";

fn account(scene: &Scene, username: &str) -> ImportedAccount {
    ImportedAccount {
        id: UserId::new(),
        username: username.to_owned(),
        skeleton: None,
        password_hash: bcrypt::hash(OLD_PASSWORD, 4).unwrap(),
        created_at: scene.now(),
        disabled: false,
    }
}

async fn with(username: &str) -> Scene {
    let scene = Scene::new().await;
    scene.store.import_accounts(vec![account(&scene, username)]).await.unwrap();
    scene
}

async fn stored_hash(scene: &Scene, username: &str) -> String {
    scene.store.user_by_name(username).await.unwrap().unwrap().password_hash
}

#[tokio::test]
async fn the_first_log_in_by_version_one_turns_bcrypt_into_argon2id() {
    let scene = with("ann").await;
    scene.login("ann", "1234567").send().await.refused(401, "invalid_credentials");
    assert!(stored_hash(&scene, "ann").await.starts_with("$2b$"));
    scene.login("ann", OLD_PASSWORD).send().await.expect(StatusCode::OK);
    assert!(stored_hash(&scene, "ann").await.starts_with("$argon2id$"));
    scene.login("ann", OLD_PASSWORD).send().await.expect(StatusCode::OK);
    scene.login("ann", "1234567").send().await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn the_first_log_in_by_version_zero_does_so_too_under_a_name_that_could_not_be_registered() {
    let scene = with("Ann Lee").await;
    let body = |password| json!({ "username": "Ann Lee", "password": password });
    let path = "/internal/v0/users/login";
    scene.post(path, body("1234567")).by_service().send().await.expect(StatusCode::UNAUTHORIZED);
    scene.post(path, body(OLD_PASSWORD)).by_service().send().await.expect(StatusCode::OK);
    assert!(stored_hash(&scene, "Ann Lee").await.starts_with("$argon2id$"));
    scene.post(path, body(OLD_PASSWORD)).by_service().send().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn once_one_was_met_an_unknown_name_costs_what_a_wrong_password_does() {
    let scene = with("ann").await;
    scene.register("bob").await;
    scene.login("ann", "wrong-password").send().await.refused(401, "invalid_credentials");
    let mut costs = Vec::new();
    for username in ["ann", "bob", "nobody"] {
        let before = (scene.accounts.hashes_computed(), scene.store.operations());
        scene.login(username, "wrong-password").send().await.refused(401, "invalid_credentials");
        costs.push((scene.accounts.hashes_computed() - before.0, scene.store.operations() - before.1));
    }
    assert!(costs[0].0 == 2 && costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
}

#[tokio::test]
async fn tries_on_an_imported_account_are_slowed_down_like_others() {
    let scene = with("ann").await;
    for _ in 0..6 {
        scene.login("ann", "wrong-password").send().await.refused(401, "invalid_credentials");
    }
    scene.login("ann", OLD_PASSWORD).send().await.refused(429, "throttled");
}

#[tokio::test]
async fn an_account_whose_password_is_unknown_waits_for_one() {
    let scene = Scene::new().await;
    let password_hash = import::unknown_password().unwrap();
    scene.store.import_accounts(vec![ImportedAccount { password_hash, ..account(&scene, "ann") }]).await.unwrap();
    scene.login("ann", OLD_PASSWORD).send().await.refused(401, "invalid_credentials");
    scene.operator().reset_password("ann", "tea-at-four-oclock".into()).await.unwrap();
    scene.enter("ann").await;
}

#[tokio::test]
async fn accounts_are_imported_all_or_none_and_known_afterwards() {
    let scene = with("ann").await;
    let (bob, ann) = (account(&scene, "bob"), account(&scene, "ann"));
    let refused = scene.store.import_accounts(vec![bob.clone(), ann]).await;
    assert!(matches!(refused, Err(StoreError::Db(chatapp_db::DbError::Conflict(_)))), "{refused:?}");
    assert_eq!(scene.store.user_by_name("bob").await.unwrap(), None);
    let hidden = ImportedAccount { disabled: true, skeleton: Some("bob".into()), ..bob };
    scene.store.import_accounts(vec![hidden.clone()]).await.unwrap();
    let first = scene.store.known_accounts(None, 1).await.unwrap();
    let rest = scene.store.known_accounts(Some(first[0].id), 10).await.unwrap();
    let known = KnownAccount { id: hidden.id, username: Some("bob".into()), skeleton: Some("bob".into()) };
    assert_eq!(rest.len(), 1);
    assert!(first.contains(&known) || rest.contains(&known));
    scene.login("bob", OLD_PASSWORD).send().await.refused(401, "invalid_credentials");
}
