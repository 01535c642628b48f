//! S6: whatever ends a session ends it everywhere, at once.

use axum::http::StatusCode;
use chatapp_types::SessionId;
use serde_json::json;

use super::scene::{LoggedIn, PASSWORD, Scene};

/// The sessions that listeners have been told of, in no order.
fn told(listener: &mut tokio::sync::broadcast::Receiver<SessionId>) -> Vec<SessionId> {
    let mut told: Vec<_> = std::iter::from_fn(|| listener.try_recv().ok()).collect();
    told.sort();
    told
}

fn sorted(sessions: &[&LoggedIn]) -> Vec<SessionId> {
    let mut ids: Vec<_> = sessions.iter().map(|session| session.session()).collect();
    ids.sort();
    ids
}

async fn assert_ended(scene: &Scene, session: &LoggedIn) {
    scene.get("/v1/users/me").bearer(&session.access).send().await.refused(401, "session_revoked");
    scene.refresh(&session.refresh).await.refused(401, "invalid_refresh_token");
}

#[tokio::test]
async fn logging_out_ends_the_session_that_asks_and_no_other() {
    let scene = Scene::new().await;
    let (here, there) = (scene.register("alice").await, scene.enter("alice").await);
    let mut listener = scene.revocations.subscribe();
    let answer = scene.post("/v1/auth/logout", json!(null)).bearer(&here.access).send().await;
    answer.expect(StatusCode::NO_CONTENT);
    assert_eq!(told(&mut listener), sorted(&[&here]));
    assert_ended(&scene, &here).await;
    assert!(scene.admits(&there.access).await);
}

#[tokio::test]
async fn logging_out_needs_no_body() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let call = scene.call(axum::http::Method::POST, "/v1/auth/logout").bearer(&user.access);
    call.send().await.expect(StatusCode::NO_CONTENT);
    assert_ended(&scene, &user).await;
    scene.call(axum::http::Method::POST, "/v1/auth/logout").send().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn one_lists_ones_sessions_and_ends_one_of_them() {
    let scene = Scene::new().await;
    let here = scene.register("alice").await;
    scene.wait(60);
    let login = scene.login("alice", PASSWORD).header("user-agent", "chat/0.1 (\u{9}laptop)");
    let there = login.send().await.expect(StatusCode::OK).logged_in();
    let list = scene.get("/v1/auth/sessions").bearer(&here.access).send().await.expect(StatusCode::OK);
    let items = list.json["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["id"], there.session().to_string());
    assert_eq!(items[0]["client"], "chat/0.1 (laptop)");
    assert_eq!(items[0]["created_at"], scene.now().to_string());
    assert_eq!((&items[0]["current"], &items[1]["current"]), (&json!(false), &json!(true)));
    let path = format!("/v1/auth/sessions/{}", there.session());
    scene.delete(&path).bearer(&here.access).send().await.expect(StatusCode::NO_CONTENT);
    assert_ended(&scene, &there).await;
    scene.delete(&path).bearer(&here.access).send().await.refused(404, "session_not_found");
}

#[tokio::test]
async fn sessions_are_listed_in_pages() {
    let scene = Scene::new().await;
    let mut all = vec![scene.register("alice").await.session().to_string()];
    for _ in 0..4 {
        all.insert(0, scene.enter("alice").await.session().to_string());
    }
    let access = scene.enter("alice").await.access;
    let (mut seen, mut path) = (Vec::new(), "/v1/auth/sessions?limit=2".to_owned());
    loop {
        let page = scene.get(&path).bearer(&access).send().await.expect(StatusCode::OK).json;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/auth/sessions?limit=2&cursor={cursor}");
    }
    assert_eq!(seen[1..], all);
    for (query, code, status) in
        [("cursor=x", "bad_cursor", 400), ("limit=0", "invalid", 422), ("limit=x", "malformed", 400)]
    {
        let path = format!("/v1/auth/sessions?{query}");
        scene.get(&path).bearer(&access).send().await.refused(status, code);
    }
}

#[tokio::test]
async fn nobody_ends_the_session_of_another() {
    let scene = Scene::new().await;
    let (alice, bob) = (scene.register("alice").await, scene.register("bob").await);
    let path = format!("/v1/auth/sessions/{}", alice.session());
    scene.delete(&path).bearer(&bob.access).send().await.refused(404, "session_not_found");
    assert!(scene.admits(&alice.access).await);
    scene.delete("/v1/auth/sessions/no-uuid").bearer(&bob.access).send().await.refused(404, "not_found");
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    let scene = Scene::new().await;
    let (here, there) = (scene.register("alice").await, scene.enter("alice").await);
    let mut listener = scene.revocations.subscribe();
    let body = json!({ "current_password": PASSWORD, "new_password": "coffee-at-nine-oclock" });
    scene.put("/v1/auth/password", body).bearer(&here.access).send().await.expect(StatusCode::NO_CONTENT);
    assert_eq!(told(&mut listener), sorted(&[&there]));
    assert_ended(&scene, &there).await;
    assert!(scene.admits(&here.access).await);
    scene.login("alice", PASSWORD).send().await.refused(401, "invalid_credentials");
    scene.login("alice", "coffee-at-nine-oclock").send().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_new_password_meets_the_rules_and_a_refused_change_ends_nothing() {
    let scene = Scene::new().await;
    let (here, there) = (scene.register("alice").await, scene.enter("alice").await);
    for (new, code) in [("short", "too_short"), ("password", "too_common")] {
        let body = json!({ "current_password": PASSWORD, "new_password": new });
        let answer = scene.put("/v1/auth/password", body).bearer(&here.access).send().await.refused(422, "invalid");
        assert_eq!(answer.errors(), [("new_password".to_owned(), code.to_owned())]);
    }
    assert!(scene.admits(&there.access).await);
    scene.enter("alice").await;
}

#[tokio::test]
async fn a_disabled_or_deleted_account_is_out_at_once() {
    let scene = Scene::new().await;
    let (alice, bob) = (scene.register("alice").await, scene.register("bob").await);
    let body = json!({ "password": PASSWORD });
    scene.delete("/v1/users/me").json(&body).bearer(&bob.access).send().await.expect(StatusCode::NO_CONTENT);
    assert_ended(&scene, &bob).await;
    scene.login("bob", PASSWORD).send().await.refused(401, "invalid_credentials");
    // An operator works beside the service: what ended is in the table, which services poll.
    scene.operator().disable_user("alice").await.unwrap();
    scene.refresh(&alice.refresh).await.refused(401, "invalid_refresh_token");
    let path = format!("/internal/revocations?since={}", scene.now().millis());
    let rows = scene.get(&path).by_service().send().await.expect(StatusCode::OK).json;
    let ended: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["session_id"].as_str().unwrap()).collect();
    assert!(ended.contains(&alice.session().to_string().as_str()));
}
