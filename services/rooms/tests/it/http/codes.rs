use chatapp_rooms::RoomsConfig;
use chatapp_rooms::config::Switch;
use chatapp_types::RoomId;
use serde_json::{Value, json};

use super::service::{Answer, Service, User};
use crate::database::TestDatabase;

async fn try_code(service: &Service, user: &User, room: &str, code: &str) -> Answer {
    service.post(user, &format!("{room}/join"), json!({ "secret_code": code })).await
}

#[tokio::test]
async fn a_made_code_is_shown_once_and_names_its_room() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    let (room, code) = service.private_room(&ann, "den").await;
    for path in [room.clone(), "/v1/rooms".into(), format!("{room}/audit"), format!("{room}/members")] {
        let answer = service.get(&ann, &path).await.expect(200).to_string();
        assert!(!answer.contains(&code) && !answer.contains("\"secret_code\""), "{answer}");
    }
    let sloppy = code.to_lowercase().replace('-', " ");
    let joined = service.post(&bob, "/v1/join", json!({ "secret_code": sloppy })).await.expect(200);
    assert_eq!((&joined["name"], &joined["role"]), (&json!("den"), &json!("member")));
    assert_eq!(service.post(&bob, "/v1/join", json!({ "secret_code": code })).await.expect(200), joined);
}

#[tokio::test]
async fn a_chosen_code_opens_the_room_that_is_named() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    let body = json!({ "name": "den", "visibility": "private", "secret_code": " open cafe\u{301} " });
    let made = service.post(&ann, "/v1/rooms", body).await;
    assert_eq!(made.text("secret_code"), "open café");
    let room = format!("/v1/rooms/{}", made.text("id"));
    assert_eq!(try_code(&service, &bob, &room, "open cafe").await.told(), (404, "room_not_found"));
    let by_code = service.post(&bob, "/v1/join", json!({ "secret_code": "open café" })).await;
    assert_eq!(by_code.told(), (404, "invalid_code"), "what a person chose names no room");
    try_code(&service, &bob, &room, "open café").await.expect(200);
}

#[tokio::test]
async fn whoever_may_not_come_in_gets_the_same_answer() {
    let service = Service::start().await;
    let (ann, bob, eve) = (service.user("ann").await, service.user("bob").await, service.user("eve").await);
    let (made, made_code) = service.private_room(&ann, "made").await;
    let (other, other_code) = service.private_room(&ann, "other").await;
    let chosen = json!({ "name": "chosen", "visibility": "private", "secret_code": "open sesame" });
    let chosen = format!("/v1/rooms/{}", service.post(&ann, "/v1/rooms", chosen).await.text("id"));
    for room in [&made, &chosen] {
        service.put(&ann, &format!("{room}/blocks/eve"), Value::Null).await.expect(200);
    }
    service.delete(&ann, &format!("{other}/secret_code")).await.expect(204);
    let missing = format!("/v1/rooms/{}", RoomId::new());
    let without = service.post(&bob, &format!("{missing}/join"), Value::Null).await.comparable();
    assert!(without.1.contains("room_not_found"));
    for (user, room, code) in [
        (&bob, &made, "wrong-code"),
        (&bob, &made, other_code.as_str()),
        (&bob, &made, "open sesame"),
        (&bob, &chosen, "open sesam"),
        (&bob, &chosen, made_code.as_str()),
        (&bob, &other, other_code.as_str()),
        (&bob, &missing, "wrong-code"),
        (&bob, &missing, made_code.as_str()),
        (&eve, &made, made_code.as_str()),
        (&eve, &chosen, "open sesame"),
    ] {
        assert_eq!(try_code(&service, user, room, code).await.comparable(), without, "{room} {code}");
    }
    let invalid = service.post(&bob, "/v1/join", json!({ "secret_code": "wrong-code" })).await;
    assert_eq!(invalid.told(), (404, "invalid_code"));
    let blocked = service.post(&eve, "/v1/join", json!({ "secret_code": made_code })).await;
    assert_eq!(blocked.comparable(), invalid.comparable());
}

#[tokio::test]
async fn too_many_wrong_codes_are_throttled_alike_for_rooms_that_are_there_and_not() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    let (room, code) = service.private_room(&ann, "den").await;
    let missing = format!("/v1/rooms/{}", RoomId::new());
    let mut sixths = Vec::new();
    for target in [&room, &missing] {
        for _ in 0..5 {
            assert_eq!(try_code(&service, &bob, target, "wrong-code").await.told(), (404, "room_not_found"));
        }
        // Not even the right code is heard now.
        let sixth = try_code(&service, &bob, target, &code).await;
        assert_eq!(sixth.told(), (429, "throttled"));
        assert_eq!(sixth.headers["retry-after"], "60");
        sixths.push(sixth.comparable());
    }
    assert_eq!(sixths[0], sixths[1]);
    for _ in 0..5 {
        service.post(&bob, "/v1/join", json!({ "secret_code": "wrong-code" })).await.expect(404);
    }
    assert_eq!(service.post(&bob, "/v1/join", json!({ "secret_code": code })).await.told(), (429, "throttled"));
    service.advance_seconds(60);
    try_code(&service, &bob, &room, &code).await.expect(200);
}

#[tokio::test]
async fn nobody_counts_when_the_limits_are_off() {
    let config = RoomsConfig { rate_limits: Switch::Off, ..RoomsConfig::default() };
    let service = Service::on(TestDatabase::open().await, config).await;
    let bob = service.user("bob").await;
    for _ in 0..30 {
        service.post(&bob, "/v1/join", json!({ "secret_code": "wrong-code" })).await.expect(404);
    }
}

#[tokio::test]
async fn a_rotation_kills_the_old_code_at_once() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    let (room, old) = service.private_room(&ann, "den").await;
    let body = json!({ "max_uses": 1, "expires_at": "2026-11-22T12:10:00Z" });
    let rotated = service.post(&ann, &format!("{room}/secret_code"), body).await;
    let new = rotated.text("secret_code");
    assert_eq!(rotated.expect(200)["max_uses"], 1);
    try_code(&service, &bob, &room, &old).await.expect(404);
    try_code(&service, &bob, &room, &new).await.expect(200);
    assert_eq!(service.get(&ann, &room).await.expect(200)["has_secret_code"], false, "its one use is spent");
    let again = service.post(&ann, &format!("{room}/secret_code"), Value::Null).await.expect(200);
    assert_eq!((again.get("expires_at"), again.get("max_uses")), (None, None));
}

#[tokio::test]
async fn a_public_room_takes_no_code() {
    let service = Service::start().await;
    let ann = service.user("ann").await;
    let room = service.public_room(&ann, "den").await;
    let body = json!({ "name": "x", "visibility": "public", "secret_code": "open sesame" });
    for answer in [
        service.post(&ann, "/v1/rooms", body).await,
        service.post(&ann, &format!("{room}/secret_code"), Value::Null).await,
    ] {
        assert_eq!(answer.told(), (422, "invalid"));
        assert_eq!(answer.body["errors"][0]["field"], "secret_code");
    }
}
