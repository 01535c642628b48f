//! S19: user names.

use axum::http::StatusCode;
use serde_json::json;

use super::scene::{PASSWORD, Scene};

#[tokio::test]
async fn names_that_differ_in_case_or_only_look_different_are_one() {
    let scene = Scene::new().await;
    scene.register("Paypal").await;
    for name in ["paypal", "PAYPAL", "ｐａｙｐａｌ", "раураӏ"] {
        let body = json!({ "username": name, "password": PASSWORD });
        scene.post("/v1/auth/register", body).send().await.refused(409, "username_taken");
    }
    let user = scene.enter("PayPal").await;
    let shown = scene.get("/v1/users/PAYPAL").bearer(&user.access).send().await.expect(StatusCode::OK);
    assert_eq!(shown.json["username"], "paypal");
}

#[tokio::test]
async fn a_name_against_the_rules_is_refused_with_what_is_wrong() {
    let scene = Scene::new().await;
    for (name, code) in [
        ("x", "too_short"),
        ("abcdefghijklmnopqrstuvwxyz0123456", "too_long"),
        ("a b", "bad_characters"),
        ("аlice", "bad_characters"),
        ("a\u{202e}b", "bad_characters"),
        ("a\u{1b}[2J", "bad_characters"),
        ("me", "reserved"),
    ] {
        let body = json!({ "username": name, "password": PASSWORD });
        let answer = scene.post("/v1/auth/register", body).send().await.refused(422, "invalid");
        assert_eq!(answer.errors(), [("username".to_owned(), code.to_owned())], "{name:?}");
    }
    let body = json!({ "username": "a b", "password": "short" });
    let answer = scene.post("/v1/auth/register", body).send().await.refused(422, "invalid");
    assert_eq!(answer.errors().len(), 2, "all that is wrong is said at once");
}
