//! Answers to messages that are far away.

use chatapp_testkit::{Platform, User};
use serde_json::{Value, json};
use uuid::Uuid;

use super::full::{enters, opened};
use super::{ROOMS, at_the_rooms, screen::Terminal};
use crate::home::Home;

/// Answers a message.
async fn answers(user: &User, room: &str, to: &Value, text: &str) {
    let body = json!({"body": text, "reply_to": to["id"]});
    let path = format!("/v1/rooms/{room}/messages");
    let request = user.request(reqwest::Method::POST, &path).header("Idempotency-Key", Uuid::now_v7().to_string());
    user.send(request.json(&body)).await.expect(201);
}

/// A room in which the first two messages are far away, and answered; the second is erased.
async fn answered_late(bob: &User) -> (String, String) {
    let room = bob.public_room("hall").await;
    let name = bob.get(&format!("/v1/rooms/{room}")).await.expect(200)["name"].as_str().unwrap().to_owned();
    let first = bob.say(&room, "the question of the day").await;
    let second = bob.say(&room, "a slip of the tongue").await;
    for n in 0..150 {
        bob.say(&room, &format!("meanwhile {n}")).await;
    }
    answers(bob, &room, &first, "the answer at last").await;
    answers(bob, &room, &second, "what was that?").await;
    let path = format!("/v1/rooms/{room}/messages/{}", second["id"].as_str().unwrap());
    bob.send(bob.request(reqwest::Method::DELETE, &path)).await.expect(204);
    (room, name)
}

#[tokio::test]
async fn an_answer_shows_what_it_answers_however_far_away_that_is() {
    let platform = Platform::start().await;
    let bob = User::register(&platform, "bob").await;
    let (_, name) = answered_late(&bob).await;
    let home = Home::registered(&platform, "ann").await;
    let mut ann: Terminal = opened(&home).await;
    enters(&mut ann, &name).await;
    ann.shows(&format!("↳ {}: the question of the day", bob.name)).await;
    ann.shows(&format!("↳ {}: (deleted)", bob.name)).await;
    ann.keys("\u{11}").await;
    assert_eq!(ann.ends().await, 0);
    let mut ann = at_the_rooms(&home, &["--plain"]).await;
    ann.answers(ROOMS, &name).await;
    ann.shows(&format!("(to {} \"the question of the day\") the answer at last", bob.name)).await;
    ann.shows(&format!("(to {} (deleted)) what was that?", bob.name)).await;
}
