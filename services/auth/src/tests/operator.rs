//! What an operator does to accounts.

use axum::http::StatusCode;
use chatapp_types::{ErrorCode, Secret};

use super::scene::{PASSWORD, Scene};
use crate::error::{AuthError, AuthResult};
use crate::operator::generate_password;
use crate::store::SessionStore as _;

#[track_caller]
fn refused<T: std::fmt::Debug>(result: AuthResult<T>, code: ErrorCode) {
    assert!(matches!(&result, Err(AuthError::Refused(refusal)) if *refusal == code), "{result:?} is not {code}");
}

#[tokio::test]
async fn an_account_that_the_operator_made_is_logged_in_to() {
    let scene = Scene::new().await;
    let operator = scene.operator();
    let user = operator.create_user("Alice", Secret::new(PASSWORD)).await.unwrap();
    assert_eq!(user.username, "alice");
    scene.enter("alice").await;
    refused(operator.create_user("alice", Secret::new(PASSWORD)).await, ErrorCode::UsernameTaken);
    let weak = operator.create_user("bob", Secret::new("password")).await;
    assert!(matches!(weak, Err(AuthError::Invalid(_))));
}

#[tokio::test]
async fn a_reset_password_lets_nobody_in_who_was_in() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let generated = generate_password().unwrap();
    scene.operator().reset_password("alice", generated.clone()).await.unwrap();
    scene.refresh(&user.refresh).await.refused(401, "invalid_refresh_token");
    let ended = scene.store.revoked_since(scene.now()).await.unwrap();
    assert_eq!(ended[0].session_id, user.session());
    scene.login("alice", PASSWORD).send().await.refused(401, "invalid_credentials");
    scene.login("alice", generated.expose()).send().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_disabled_account_is_enabled_again() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    let operator = scene.operator();
    operator.disable_user("alice").await.unwrap();
    assert!(operator.list_users(None, 9).await.unwrap()[0].disabled_at.is_some());
    scene.login("alice", PASSWORD).send().await.refused(401, "invalid_credentials");
    operator.enable_user("alice").await.unwrap();
    scene.enter("alice").await;
}

#[tokio::test]
async fn a_deleted_account_is_listed_no_more() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    let operator = scene.operator();
    assert_eq!(operator.list_users(None, 9).await.unwrap()[0].sessions, 1);
    operator.delete_user("ALICE").await.unwrap();
    assert!(operator.list_users(None, 9).await.unwrap().is_empty());
    for result in [operator.delete_user("alice").await, operator.disable_user("alice").await] {
        refused(result, ErrorCode::UserNotFound);
    }
}

#[test]
fn generated_passwords_differ_and_meet_the_rules() {
    let (a, b) = (generate_password().unwrap(), generate_password().unwrap());
    assert_ne!(a, b);
    assert_eq!(a.expose().len(), 20);
}
