//! S2: one answer for an unknown name and a wrong password, for the same work.

use axum::http::StatusCode;

use super::scene::{Answer, PASSWORD, Scene};

/// The answer, and what it cost: hashes and operations of the store.
async fn cost(scene: &Scene, username: &str, password: &str) -> (Answer, u64, u64) {
    let (hashes, operations) = (scene.accounts.hashes_computed(), scene.store.operations());
    let answer = scene.login(username, password).send().await;
    (answer, scene.accounts.hashes_computed() - hashes, scene.store.operations() - operations)
}

#[tokio::test]
async fn an_unknown_name_a_wrong_password_and_a_disabled_account_are_one_answer_for_the_same_work() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    scene.register("carol").await;
    scene.operator().disable_user("carol").await.unwrap();
    let (wrong, hashes, operations) = cost(&scene, "alice", "not-the-password").await;
    assert!(hashes > 0 && operations > 0);
    let mut wrong = wrong.refused(401, "invalid_credentials");
    for (username, password) in [("nobody", PASSWORD), ("carol", PASSWORD), ("no such name!", PASSWORD), ("", "")] {
        let (answer, its_hashes, its_operations) = cost(&scene, username, password).await;
        let mut answer = answer.refused(401, "invalid_credentials");
        assert_eq!((its_hashes, its_operations), (hashes, operations), "{username:?}");
        for body in [&mut wrong.json, &mut answer.json] {
            body.as_object_mut().unwrap().remove("trace_id");
        }
        assert_eq!(answer.json, wrong.json);
        let names = |answer: &Answer| answer.headers.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&answer), names(&wrong));
    }
}

#[tokio::test]
async fn a_log_in_answers_with_tokens_and_who_one_is() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    let answer = scene.login("ALICE", PASSWORD).send().await.expect(StatusCode::OK);
    assert_eq!(answer.json["token_type"], "Bearer");
    assert_eq!(answer.json["expires_in"], 600);
    assert_eq!(answer.json["user"]["username"], "alice");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let tokens = answer.logged_in();
    let me = scene.get("/v1/users/me").bearer(&tokens.access).send().await.expect(StatusCode::OK);
    assert_eq!(me.json["id"], answer.json["user"]["id"]);
    assert_eq!(me.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_malformed_log_in_is_refused_as_such_and_counts_no_try() {
    let scene = Scene::new().await;
    scene.register("alice").await;
    for body in ["", "{", "[]", r#"{"username":"alice"}"#, r#"{"username":"alice","password":"x","admin":true}"#] {
        for _ in 0..3 {
            let call =
                scene.call(axum::http::Method::POST, "/v1/auth/login").header("content-type", "application/json");
            call.body(body).send().await.refused(400, "malformed");
        }
    }
    let call = scene.call(axum::http::Method::POST, "/v1/auth/login");
    call.body("username=alice").send().await.refused(415, "unsupported_media_type");
    scene.enter("alice").await;
}
