use serde_json::{Value, json};

use super::service::Service;

#[tokio::test]
async fn a_room_is_made_seen_changed_and_deleted() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    let made =
        service.post(&ann, "/v1/rooms", json!({ "name": " Den ", "topic": "bears", "visibility": "public" })).await;
    assert_eq!(made.headers["cache-control"], "no-store");
    let made = made.expect(201);
    assert_eq!((&made["name"], &made["topic"], &made["role"]), (&json!("Den"), &json!("bears"), &json!("owner")));
    assert_eq!(made.get("secret_code"), None);
    let room = format!("/v1/rooms/{}", made["id"].as_str().unwrap());
    let seen = service.get(&bob, "/v1/rooms/by-name/DEN").await.expect(200);
    assert_eq!((&seen["id"], seen.get("role"), seen.get("has_secret_code")), (&made["id"], None, None));
    let changed = service.patch(&ann, &room, json!({ "topic": "", "history": "since_join" })).await.expect(200);
    assert_eq!(
        (&changed["topic"], &changed["history"], &changed["name"]),
        (&json!(""), &json!("since_join"), &json!("Den"))
    );
    assert_eq!(service.delete(&bob, &room).await.told(), (403, "not_a_member"));
    service.delete(&ann, &room).await.expect(204);
    assert_eq!(service.get(&ann, &room).await.told(), (404, "room_not_found"));
}

#[tokio::test]
async fn a_taken_name_is_a_conflict() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    service.public_room(&ann, "den").await;
    let body = json!({ "name": "DEN", "visibility": "public" });
    assert_eq!(service.post(&bob, "/v1/rooms", body).await.told(), (409, "room_name_taken"));
    let (private, _) = service.private_room(&bob, "den").await;
    let public = service.patch(&bob, &private, json!({ "visibility": "public" })).await;
    assert_eq!(public.told(), (409, "room_name_taken"));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    for name in ["c", "a", "b"] {
        service.public_room(&ann, name).await;
    }
    let mut path = "/v1/rooms?scope=public&limit=2".to_owned();
    let mut names = Vec::new();
    loop {
        let page = service.get(&bob, &path).await.expect(200);
        names.extend(page["items"].as_array().unwrap().iter().map(|room| room["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/rooms?scope=public&limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(service.get(&bob, "/v1/rooms").await.expect(200), json!({ "items": [] }), "one's own by default");
    let found = service.get(&ann, "/v1/rooms?q=B").await.expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn members_are_added_appointed_and_removed() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    let (room, _) = service.private_room(&ann, "den").await;
    let member = format!("{room}/members/bob");
    assert_eq!(service.put(&ann, &member, Value::Null).await.expect(200)["role"], "member");
    assert_eq!(service.put(&ann, &member, json!({ "role": "admin" })).await.expect(200)["role"], "admin");
    assert_eq!(service.get(&bob, &room).await.expect(200)["has_secret_code"], true);
    let listed = service.get(&bob, &format!("{room}/members")).await.expect(200);
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|m| m["user"]["username"].clone()).collect();
    assert_eq!(names, ["ann", "bob"]);
    assert_eq!(service.delete(&ann, &format!("{room}/members/ann")).await.told(), (409, "owner_must_transfer"));
    service.delete(&ann, &member).await.expect(204);
    assert_eq!(service.delete(&ann, &member).await.told(), (404, "member_not_found"));
    assert_eq!(service.get(&bob, &room).await.told(), (404, "room_not_found"));
}

#[tokio::test]
async fn a_user_is_blocked_and_let_in_again() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    let room = service.public_room(&ann, "den").await;
    service.post(&bob, &format!("{room}/join"), Value::Null).await.expect(200);
    let block = format!("{room}/blocks/bob");
    let body = json!({ "reason": "spam", "until": "2026-11-22T13:00:00Z" });
    let made = service.put(&ann, &block, body).await.expect(200);
    assert_eq!((&made["user"]["username"], &made["by"]["username"]), (&json!("bob"), &json!("ann")));
    assert_eq!(made["until"], "2026-11-22T13:00:00.000Z");
    for path in [room.clone(), "/v1/rooms/by-name/den".into(), format!("{room}/members"), format!("{room}/audit")] {
        assert_eq!(service.get(&bob, &path).await.told(), (403, "blocked"), "{path}");
    }
    assert_eq!(service.post(&bob, &format!("{room}/join"), json!({})).await.told(), (403, "blocked"));
    assert_eq!(service.put(&ann, &format!("{room}/members/bob"), Value::Null).await.told(), (409, "user_blocked"));
    let listed = service.get(&ann, &format!("{room}/blocks")).await.expect(200);
    assert_eq!(listed["items"], json!([made]));
    service.delete(&ann, &block).await.expect(204);
    assert_eq!(service.delete(&ann, &block).await.told(), (404, "block_not_found"));
    service.post(&bob, &format!("{room}/join"), Value::Null).await.expect(200);
    let audit = service.get(&ann, &format!("{room}/audit")).await.expect(200);
    assert_eq!(audit["items"][1]["detail"], "until 2026-11-22T13:00:00.000Z: spam");
}

#[tokio::test]
async fn a_room_is_transferred_and_left() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    let room = service.public_room(&ann, "den").await;
    let (leave, transfer) = (format!("{room}/leave"), format!("{room}/transfer"));
    let alone = service.post(&ann, &leave, Value::Null).await;
    assert_eq!(alone.told(), (409, "owner_must_transfer"));
    assert!(alone.text("detail").contains("delete"), "{alone:?}");
    assert_eq!(service.post(&ann, &transfer, json!({ "username": "bob" })).await.told(), (404, "member_not_found"));
    service.post(&bob, &format!("{room}/join"), Value::Null).await.expect(200);
    assert_eq!(service.post(&bob, &transfer, json!({ "username": "bob" })).await.told(), (403, "forbidden"));
    let transferred = service.post(&ann, &transfer, json!({ "username": "Bob" })).await.expect(200);
    assert_eq!(transferred["role"], "admin");
    service.post(&ann, &leave, Value::Null).await.expect(204);
    assert_eq!(service.post(&ann, &leave, Value::Null).await.told(), (403, "not_a_member"));
}
