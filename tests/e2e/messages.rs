//! Messages: keys, history, edits, deletions, replies, unread counts, search.

use chatapp_testkit::{Platform, User};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn the_same_key_is_the_same_message_and_another_body_a_conflict() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let room = ann.public_room("lab").await;
    let key = Uuid::now_v7();
    let first = ann.post_message(&room, key, "once").await.expect(201);
    let second = ann.post_message(&room, key, "once").await.expect(200);
    assert_eq!((&first["id"], &first["seq"]), (&second["id"], &second["seq"]));
    assert_eq!((&first["duplicate"], &second["duplicate"]), (&json!(false), &json!(true)));
    ann.post_message(&room, key, "twice").await.expect_problem(409, "key_reused");
    assert_eq!(ann.texts(&room).await, ["once"]);
}

#[tokio::test]
async fn a_hundred_sends_of_one_key_at_once_are_one_message() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let room = ann.public_room("lab").await;
    let key = Uuid::now_v7();
    let sends = (0..100).map(|_| ann.post_message(&room, key, "only one"));
    let answers = futures::future::join_all(sends).await;
    let ids: std::collections::BTreeSet<String> = answers.iter().map(|a| a.json["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(answers.iter().filter(|a| a.status == 201).count(), 1);
    assert_eq!(ann.texts(&room).await, ["only one"]);
}

#[tokio::test]
async fn history_pages_before_after_and_around_a_place() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let room = ann.public_room("lab").await;
    let mut seqs = Vec::new();
    for n in 0..10 {
        seqs.push(ann.say(&room, &format!("m{n}")).await["seq"].as_u64().unwrap());
    }
    let page = |query: String| {
        let ann = &ann;
        let room = &room;
        async move {
            let page = ann.get(&format!("/v1/rooms/{room}/messages?{query}")).await.expect(200);
            let texts: Vec<String> =
                page["items"].as_array().unwrap().iter().map(|m| m["body"].as_str().unwrap().to_owned()).collect();
            (texts, page["has_before"].as_bool().unwrap(), page["has_after"].as_bool().unwrap())
        }
    };
    assert_eq!(page("limit=3".into()).await, (vec!["m7".into(), "m8".into(), "m9".into()], true, false));
    assert_eq!(page(format!("before={}&limit=2", seqs[2])).await, (vec!["m0".into(), "m1".into()], false, true));
    assert_eq!(page(format!("after={}&limit=2", seqs[4])).await, (vec!["m5".into(), "m6".into()], true, true));
    let (around, ..) = page(format!("around={}&limit=3", seqs[5])).await;
    assert!(around.contains(&"m5".to_owned()), "{around:?}");
    ann.get(&format!("/v1/rooms/{room}/messages?limit=201")).await.expect_problem(422, "invalid");
    ann.get(&format!("/v1/rooms/{room}/messages?limit=x")).await.expect_problem(400, "malformed");
}

#[tokio::test]
async fn one_edits_and_deletes_ones_own_and_admins_delete_any() {
    let platform = Platform::start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    let message = bob.say(&room, "teh text").await;
    let path = format!("/v1/rooms/{room}/messages/{}", message["id"].as_str().unwrap());
    bob.patch(&path, &json!({"body": "the text"})).await.expect(200);
    ann.patch(&path, &json!({"body": "mine now"})).await.expect_problem(403, "forbidden");
    let page = ann.get(&format!("/v1/rooms/{room}/messages")).await.expect(200);
    assert_eq!(page["items"][0]["body"], "the text");
    assert!(page["items"][0]["edited_at"].is_string());
    let own = ann.say(&room, "hers").await;
    let own_path = format!("/v1/rooms/{room}/messages/{}", own["id"].as_str().unwrap());
    bob.delete(&own_path).await.expect_problem(403, "forbidden");
    assert!(ann.delete(&path).await.status.is_success());
    let log = ann.get(&format!("/v1/rooms/{room}/timeline?after=0")).await;
    assert!(!log.text.contains("the text") && !log.text.contains("teh text"), "erased in the log too: {}", log.text);
    bob.patch(&path, &json!({"body": "again"})).await.expect_problem(409, "message_deleted");
    assert_eq!(ann.get("/v1/search?q=text").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_reply_names_a_message_of_its_own_room() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let (room, other) = (ann.public_room("lab").await, ann.public_room("hall").await);
    let (here, there) = (ann.say(&room, "question").await, ann.say(&other, "elsewhere").await);
    let reply = |to: &serde_json::Value| {
        let request = ann
            .request(Method::POST, &format!("/v1/rooms/{room}/messages"))
            .header("Idempotency-Key", Uuid::now_v7().to_string())
            .json(&json!({"body": "answer", "reply_to": to["id"]}));
        ann.send(request)
    };
    assert_eq!(reply(&here).await.expect(201)["reply_to"], here["id"]);
    reply(&there).await.expect_problem(422, "invalid");
}

#[tokio::test]
async fn unread_counts_follow_the_marker_and_mentions_are_members() {
    let platform = Platform::start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let room = ann.public_room("lab").await;
    ann.say(&room, "before bob came").await;
    bob.join(&room).await;
    ann.say(&room, "hello").await;
    let last = ann.say(&room, &format!("look, @{} and @nobody-here", bob.name)).await;
    let unread = |user: User| {
        let room = room.clone();
        async move {
            let all = user.get("/v1/unread").await.expect(200);
            let mine = all["items"].as_array().unwrap().iter().find(|r| r["room_id"] == room.as_str()).unwrap().clone();
            (mine["messages"].as_u64().unwrap(), mine["mentions"].as_u64().unwrap())
        }
    };
    assert_eq!(unread(bob.clone()).await, (2, 1));
    assert_eq!(unread(ann.clone()).await, (0, 0), "one's own messages are read");
    let read = bob.put(&format!("/v1/rooms/{room}/read"), &json!({"seq": last["seq"]})).await;
    assert!(read.status.is_success(), "{}", read.text);
    assert_eq!(unread(bob.clone()).await, (0, 0));
    bob.put(&format!("/v1/rooms/{room}/read"), &json!({"seq": 1})).await;
    assert_eq!(unread(bob).await, (0, 0), "a marker only moves forward");
}

#[tokio::test]
async fn search_finds_words_where_one_may_read_and_no_query_breaks_it() {
    let platform = Platform::start().await;
    let (ann, eve) = (User::register(&platform, "ann").await, User::register(&platform, "eve").await);
    let (room, _) = ann.private_room("den").await;
    ann.say(&room, "The Déjà vu of a quick brown fox").await;
    let found = ann.get("/v1/search?q=deja%20fox").await.expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(eve.get("/v1/search?q=fox").await.expect(200)["items"], json!([]));
    eve.get(&format!("/v1/search?q=fox&room_id={room}")).await.expect_problem(404, "room_not_found");
    for query in ["%22", "AND", "a%20OR", "NEAR(", "*", "%2B-%5E", "%F0%9F%98%80", "'%3B--", "col%3Ax"] {
        let answer = ann.get(&format!("/v1/search?q={query}")).await;
        assert!(answer.status.is_success() || answer.status == 422, "{query}: {} {}", answer.status, answer.text);
    }
}

#[tokio::test]
async fn a_text_is_kept_as_it_was_written_within_its_limits() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let room = ann.public_room("lab").await;
    let long = "é".repeat(4000);
    for text in ["  two\n\tlines \u{1F600} \u{202e}ltr ", "'; DROP TABLE messages; --", long.as_str()] {
        let posted = ann.say(&room, text).await;
        assert_eq!(posted["body"], text);
    }
    for text in ["", " \n ", &"x".repeat(4001), &"\u{1F600}".repeat(4097)] {
        ann.post_message(&room, Uuid::now_v7(), text).await.expect_problem(422, "invalid");
    }
    let without_key = ann.post(&format!("/v1/rooms/{room}/messages"), &json!({"body": "x"})).await;
    without_key.expect_problem(400, "idempotency_key_required");
}
