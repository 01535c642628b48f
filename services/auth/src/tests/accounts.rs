//! Accounts: seen, deleted, described.

use axum::http::StatusCode;
use chatapp_db::{Database, DbError};
use serde_json::json;

use super::scene::{PASSWORD, Scene, claims};

#[tokio::test]
async fn who_is_logged_in_sees_others_by_name_disabled_ones_included() {
    let scene = Scene::new().await;
    let (alice, bob) = (scene.register("alice").await, scene.register("bob").await);
    scene.operator().disable_user("bob").await.unwrap();
    let shown = scene.get("/v1/users/bob").bearer(&alice.access).send().await.expect(StatusCode::OK).json;
    assert_eq!(shown["id"], claims(&bob.access)["sub"]);
    assert_eq!(shown["created_at"], scene.now().to_string());
    assert_eq!(shown.as_object().unwrap().len(), 3, "nothing else is told: {shown}");
    for name in ["nobody", "no%20name!", "%1b"] {
        let path = format!("/v1/users/{name}");
        scene.get(&path).bearer(&alice.access).send().await.refused(404, "user_not_found");
    }
    scene.get("/v1/users/bob").send().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_deleted_account_is_gone_its_name_is_free_and_its_id_stays_in_the_view() {
    let scene = Scene::new().await;
    let (alice, bob) = (scene.register("alice").await, scene.register("bob").await);
    let delete =
        |password: &str| scene.delete("/v1/users/me").json(&json!({ "password": password })).bearer(&bob.access);
    delete("not-the-password").send().await.refused(401, "invalid_credentials");
    delete(PASSWORD).send().await.expect(StatusCode::NO_CONTENT);
    scene.get("/v1/users/bob").bearer(&alice.access).send().await.refused(404, "user_not_found");
    let again = scene.register("bob").await;
    assert_ne!(claims(&again.access)["sub"], claims(&bob.access)["sub"]);
    let id: uuid::Uuid = claims(&bob.access)["sub"].as_str().unwrap().parse().unwrap();
    let Database::Sqlite(db) = &scene.db else { panic!("not SQLite") };
    let shown = db.read(move |conn| chatapp_db::views::sqlite::user(conn, id.into())).await.unwrap();
    assert_eq!(shown.username, chatapp_types::entry::DELETED_USER);
    let named = db.read(|conn| chatapp_db::views::sqlite::user_by_name(conn, "bob")).await.unwrap();
    assert_eq!(named.unwrap().id.to_string(), claims(&again.access)["sub"].as_str().unwrap());
}

#[tokio::test]
async fn an_owner_of_rooms_is_told_to_hand_them_on_first() {
    let scene = Scene::new().await;
    let alice = scene.register("alice").await;
    let Database::Sqlite(db) = &scene.db else { panic!("not SQLite") };
    let own = "DROP VIEW rooms_v_members;
               CREATE VIEW rooms_v_members AS SELECT id AS user_id, 'owner' AS role FROM auth_users";
    db.write(move |tx| Ok::<_, DbError>(tx.execute_batch(own)?)).await.unwrap();
    let call = scene.delete("/v1/users/me").json(&json!({ "password": PASSWORD })).bearer(&alice.access);
    call.send().await.refused(409, "owns_rooms");
    assert!(scene.admits(&alice.access).await);
}

#[tokio::test]
async fn every_operation_is_described_and_says_whether_it_needs_a_token() {
    let scene = Scene::new().await;
    let described = serde_json::to_value(&scene.openapi).unwrap();
    let mut operations = Vec::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        assert!(!path.starts_with("/internal"), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            let public = operation["security"] == json!([{}]) || operation["security"] == json!([]);
            operations.push((operation["operationId"].as_str().unwrap().to_owned(), method.clone(), public));
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{path}");
        }
    }
    operations.sort();
    let words: Vec<_> = operations.iter().map(|(id, method, public)| (id.as_str(), method.as_str(), *public)).collect();
    assert_eq!(
        words,
        [
            ("change_password", "put", false),
            ("create_token", "post", false),
            ("delete_me", "delete", false),
            ("get_me", "get", false),
            ("get_signing_keys", "get", true),
            ("get_user", "get", false),
            ("list_sessions", "get", false),
            ("list_tokens", "get", false),
            ("login_user", "post", true),
            ("logout_session", "post", false),
            ("refresh_session", "post", true),
            ("register_user", "post", true),
            ("revoke_session", "delete", false),
            ("revoke_token", "delete", false),
        ]
    );
}
