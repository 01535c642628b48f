//! Messages that could not be sent: kept, and sent once under their keys.

use chatapp_testkit::{Platform, eventually};
use serde_json::Value;

use crate::home::{Home, Run};

const NO_PATIENCE: [&str; 2] = ["--patience", "1s"];

async fn send(home: &Home, room: &str, text: &str) -> Run {
    home.run(&[&["send", room, text][..], &NO_PATIENCE].concat()).await
}

async fn bodies(home: &Home, room: &str) -> Vec<String> {
    let history: Vec<Value> = home.json(&["history", room]).await;
    history.iter().map(|m| m["body"].as_str().unwrap().to_owned()).collect()
}

async fn room_of(home: &Home) -> String {
    home.json(&["create", &chatapp_testkit::unique_name("hall")]).await[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_message_sent_while_the_server_is_down_is_kept_and_sent_once_when_it_is_up() {
    let mut platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let room = room_of(&home).await;
    send(&home, &room, "before").await.expect_code(0);
    platform.kill();
    let kept = send(&home, &room, "in the dark").await.expect_code(6);
    assert!(kept.stderr.contains("kept"), "{}", kept.stderr);
    platform.restart().await;
    let listed = home.json(&["outbox", "list"]).await;
    assert_eq!((listed.len(), listed[0]["body"].as_str()), (1, Some("in the dark")));
    home.run(&["outbox", "send"]).await.expect_code(0);
    assert_eq!(home.json(&["outbox", "list"]).await.len(), 0);
    home.run(&["outbox", "send"]).await.expect_code(0);
    assert_eq!(bodies(&home, &room).await, ["before", "in the dark"]);
}

#[tokio::test]
async fn every_message_sent_in_the_dark_is_kept_and_their_order_too() {
    let mut platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let room = room_of(&home).await;
    platform.kill();
    for text in ["first", "second", "third"] {
        send(&home, &room, text).await.expect_code(6);
    }
    platform.restart().await;
    send(&home, &room, "fourth").await.expect_code(0);
    assert_eq!(bodies(&home, &room).await, ["first", "second", "third", "fourth"]);
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_not_sent_twice() {
    let mut platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let room = room_of(&home).await;
    // Frozen: the request is taken by the machine, and its answer does not come in time.
    let frozen = platform.freeze();
    let waiting = home.command(&["send", &room, "exactly once", "--patience", "1s"]).spawn().unwrap();
    eventually("the message is on disk", || async {
        let folder = std::fs::read_dir(home.files()).ok()?;
        let kept =
            folder.flatten().any(|f| std::fs::read_to_string(f.path()).is_ok_and(|t| t.contains("exactly once")));
        kept.then_some(())
    })
    .await;
    // The client dies before it learns anything; the server may or may not have the request.
    drop(waiting);
    drop(frozen);
    eventually("the server answers again", || async { (home.run(&["whoami"]).await.code == Some(0)).then_some(()) })
        .await;
    send(&home, &room, "and another").await.expect_code(0);
    assert_eq!(bodies(&home, &room).await, ["exactly once", "and another"]);
    platform.restart().await;
    assert_eq!(bodies(&home, &room).await, ["exactly once", "and another"]);
}

#[tokio::test]
async fn an_unsent_message_can_be_dropped() {
    let mut platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let room = room_of(&home).await;
    platform.kill();
    send(&home, &room, "regretted").await.expect_code(6);
    platform.restart().await;
    let key = home.json(&["outbox", "list"]).await[0]["key"].as_str().unwrap().to_owned();
    home.run(&["outbox", "drop", &key]).await.expect_code(0);
    home.run(&["outbox", "drop", &key]).await.expect_code(4);
    home.run(&["outbox", "send"]).await.expect_code(0);
    assert_eq!(bodies(&home, &room).await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_room_that_is_named_by_its_name_keeps_what_is_sent_in_the_dark_too() {
    let mut platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let name = chatapp_testkit::unique_name("hall");
    home.run(&["create", &name]).await.expect_code(0);
    platform.kill();
    send(&home, &name, "first").await.expect_code(6);
    let args = [&["send", name.as_str(), "--lines"][..], &NO_PATIENCE].concat();
    let kept = home.run_with(&args, "second\nthird\n").await.expect_code(6);
    assert!(kept.stderr.contains("kept"), "{}", kept.stderr);
    let unknown = send(&home, "no-such-room", "lost").await.expect_code(6);
    assert!(unknown.stderr.contains("nothing was kept"), "{}", unknown.stderr);
    platform.restart().await;
    home.run_with(&["send", &name], "fourth\n\n").await.expect_code(0);
    assert_eq!(bodies(&home, &name).await, ["first", "second", "third", "fourth"]);
}
